/* pcapng: sections, interfaces, times, options, blocks that cannot be, every prefix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capseen.h"

/* Two sections in two orders, three interfaces, blocks without packets between. */
static capfile_t *mixed_pcapng(size_t ends[8], unsigned *count)
{
    capfile_t *f = capfile_new(true);
    capfile_t *options = capfile_new(true);
    *count = 0;
    capfile_option(options, 1, "first", 5);
    capfile_option(options, 4, "somebody", 8);
    capfile_option(options, 1, "sec\0nd", 6);
    capfile_option(options, 0, "", 0);
    capfile_section(f, options);
    capfile_interface(f, 1, 0, NULL);
    capfile_init(options, true);
    capfile_option(options, 9, "\x09", 1);
    capfile_interface(f, 101, 96, options);
    capfile_block(f, 0x80001234, "private", 7);
    capfile_enhanced(f, 0, 1700000000000001, 61, 61, 'a');
    ends[(*count)++] = f->size;
    capfile_enhanced(f, 1, 1700000000000000001, 96, 1500, 'b');
    ends[(*count)++] = f->size;
    capfile_block(f, 3, "\3\0\0\0ccc", 7); /* simple: of interface 0 */
    ends[(*count)++] = f->size;
    capfile_block(f, 4, "\0\0\0\0", 4);
    f->little = false;
    capfile_init(options, false);
    capfile_section(f, NULL);
    capfile_option(options, 9, "\x8a", 1); /* 1/1024 s */
    capfile_option(options, 14, "\0\0\0\0\0\0\0\x64", 8);
    capfile_interface(f, 276, 0, options);
    capfile_enhanced(f, 0, 1700000000 * UINT64_C(1024) + 512, 2, 2, 'd');
    ends[(*count)++] = f->size;
    capfile_block(f, 2, "\0\0\0\7\0\0\0\0\0\0\4\0\0\0\0\4\0\0\0\11eeee", 24); /* old packet */
    ends[(*count)++] = f->size;
    free(options);
    return f;
}

static void pcapng(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        int64_t at;
        uint32_t link;
        uint32_t size;
        uint32_t original;
        char fill;
    } expected[] = {
        {1, 1700000000000001000, 1, 61, 61, 'a'},   {2, 1700000000000000001, 101, 96, 1500, 'b'},
        {3, 1700000000000000001, 1, 3, 3, 'c'},     {4, 1700000100500000000, 276, 2, 2, 'd'},
        {5, INT64_C(101000000000), 276, 4, 9, 'e'},
    };
    size_t ends[8];
    unsigned count = 0;
    seen_t seen;
    capfile_t *f = mixed_pcapng(ends, &count);
    capseen_read(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, count);
    assert_int_equal(seen.faults, 0);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(seen.packet[i].number, expected[i].number);
        assert_int_equal(seen.packet[i].at, expected[i].at);
        assert_int_equal(seen.packet[i].link, expected[i].link);
        assert_int_equal(seen.packet[i].size, expected[i].size);
        assert_int_equal(seen.packet[i].original, expected[i].original);
        assert_int_equal(seen.first[i], expected[i].fill);
    }
    free(f);
}

static void comments(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX];
    size_t ends[8];
    unsigned count = 0;
    cap_packet_t p;
    capfile_t *f = mixed_pcapng(ends, &count);
    cap_source_t *s = cap_source_memory(f->octets, f->size, error);
    assert_non_null(s);
    assert_null(cap_source_comment(s));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(cap_source_read(s, &p), CAP_PACKET);
        assert_string_equal(cap_source_comment(s), "first\nsec nd");
    }
    assert_int_equal(cap_source_read(s, &p), CAP_PACKET);
    assert_null(cap_source_comment(s)); /* the second section has none */
    cap_source_close(s);
    free(f);
}

static void prefixes_of_pcapng(void **state)
{
    (void)state;
    size_t ends[8];
    unsigned count = 0;
    size_t whole[16];
    size_t whole_count = 0;
    capfile_t *f = mixed_pcapng(ends, &count);
    /* a file may end behind any block */
    for (size_t at = 0; at < f->size;) {
        const uint8_t *p = f->octets + at;
        bool little = at < ends[2] + 16;
        at += little ? p[4] + 256u * p[5] : p[7] + 256u * p[6];
        whole[whole_count++] = at;
    }
    assert_int_equal(whole[whole_count - 1], f->size);
    capseen_prefixes(f, ends, count, whole, whole_count);
    free(f);
}

static void resolutions(void **state)
{
    (void)state;
    static const struct {
        uint8_t tsresol;
        int64_t offset;
        uint64_t units;
        int64_t at;
    } cases[] = {
        {0, 0, 1700000000, 1700000000000000000},
        {3, 0, 1700000000123, 1700000000123000000},
        {6, 0, 1700000000123456, 1700000000123456000},
        {6, 5, 1700000000123456, 1700000005123456000},
        {6, -5, 1700000000123456, 1699999995123456000},
        {9, 0, 1700000000123456789, 1700000000123456789},
        {10, 0, UINT64_C(17000000001234567899), 1700000000123456789},
        {12, 1700000000, 123456789012, 1700000000123456789},
        {19, 0, UINT64_C(12345678901234567890), 1234567890},
        {20, 0, UINT64_C(12345678901234567890), 123456789},
        {28, 0, UINT64_C(12345678901234567890), 1},
        {29, 0, UINT64_MAX, 0},
        {127, 7, UINT64_MAX, 7000000000},
        {0x80, 0, 1700000000, 1700000000000000000},
        {0x81, 0, 3, 1500000000},
        {0x9e, 0, (UINT64_C(1700000000) << 30) + (1 << 29), 1700000000500000000},
        {0xa0, 0, (UINT64_C(1700000000) << 32) + (UINT64_C(1) << 31), 1700000000500000000},
        {0xa3, 1, UINT64_C(1) << 34, 1500000000},
        {0xbf, 0, UINT64_C(1) << 63, 1000000000},
        {0xc0, 0, UINT64_C(1) << 63, 500000000},
        {0xff, 2, UINT64_MAX, 2000000000},
        {6, 0, UINT64_MAX, CAP_TIME_MAX},
        {6, 0, INT64_MAX / 1000, CAP_TIME_MAX},
        {6, 0, CAP_TIME_MAX / 1000, CAP_TIME_MAX / 1000 * 1000},
        {0, 0, UINT64_MAX, CAP_TIME_MAX},
        {0, INT64_MAX, UINT64_MAX, CAP_TIME_MAX},
        {0, INT64_MAX, 1, CAP_TIME_MAX},
        {0, INT64_MIN, 0, -CAP_TIME_MAX},
        {6, INT64_MIN, 0, -CAP_TIME_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        uint8_t offset[8];
        capfile_t *f = capfile_new(false);
        capfile_t *options = capfile_new(false);
        for (unsigned k = 0; k < 8; k++)
            offset[k] = (uint8_t)((uint64_t)cases[i].offset >> (56 - 8 * k));
        capfile_option(options, 9, &cases[i].tsresol, 1);
        capfile_option(options, 14, offset, 8);
        capfile_section(f, NULL);
        capfile_interface(f, 1, 0, options);
        capfile_enhanced(f, 0, cases[i].units, 4, 4, 'x');
        capseen_read(f->octets, f->size, &seen);
        assert_int_equal(seen.packets, 1);
        assert_int_equal(seen.packet[0].at, cases[i].at);
        free(options);
        free(f);
    }
}

/* Files of one section and one interface, then a block that cannot be. */
static void broken_pcapng(void **state)
{
    (void)state;
    static const struct {
        const char *block;
        size_t size;
        size_t at; /* of the fault, behind the beginning of the block */
        const char *says;
    } cases[] = {
        {"\0\0\0\6\0\0\0\13aaaaaaaaaaaaaaaa", 24, 4, "a block of 11 octets cannot be"},
        {"\0\0\0\6\0\0\0\0aaaaaaaaaaaaaaaa", 24, 4, "a block of 0 octets cannot be"},
        {"\0\0\0\7\0\0\0\25aaaaaaaaaaaaaaaa", 24, 4, "a block of 21 octets cannot be"},
        {"\0\0\0\6\0\0\0\30aaaaaaaaaaaa\0\0\0\30", 24, 4, "a packet of 0 octets in a block of 24"},
        {"\0\0\0\6\0\0\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\40", 32, 4,
         "a packet of 1 octets in a block of 32"},
        {"\0\0\0\6\0\0\0\40\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\40", 32, 8,
         "interface 1 is not described"},
        {"\0\0\0\6\0\0\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\44", 32, 28,
         "does not end with its length, 32"},
        {"\0\0\0\6\x7f\xff\xff\xfc\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\40", 32, 4,
         "a packet block of 2147483644 octets cannot be"},
        {"\0\0\0\3\0\0\0\20\0\0\0\1\0\0\0\20", 16, 8, "a packet of 1 octets in a block of 16"},
        {"\0\0\0\3\0\0\0\14\0\0\0\14", 12, 4, "a packet block of 12 octets cannot be"},
        {"\0\0\0\1\0\0\0\20\0\0\0\0\0\0\0\20", 16, 4, "an interface block of 16 octets cannot be"},
        {"\x0a\x0d\x0d\x0a\0\0\0\34\1\2\3\4\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\34", 28,
         8, "01020304 is no byte order"},
        {"\x0a\x0d\x0d\x0a\0\0\0\34\x1a\x2b\x3c\x4d\0\2\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0"
         "\34",
         28, 12, "pcapng version 2.0 is not known"},
        {"\x0a\x0d\x0d\x0a\0\0\0\24\x1a\x2b\x3c\x4d\0\1\0\0\0\0\0\24", 20, 4,
         "a section header of 20 octets cannot be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        char place[300];
        capfile_t *f = capfile_new(false);
        capfile_section(f, NULL);
        capfile_interface(f, 1, 0, NULL);
        capfile_enhanced(f, 0, 1, 4, 4, 'x');
        size_t at = f->size + cases[i].at;
        capfile_bytes(f, cases[i].block, cases[i].size);
        capseen_read(f->octets, f->size, &seen);
        assert_int_equal(seen.packets, 1);
        assert_int_equal(seen.faults, 1);
        assert_int_equal(seen.last_fault, CAP_ERROR);
        snprintf(place, sizeof place, "memory: after packet 1, offset %zu: %s", at, cases[i].says);
        if (strncmp(seen.error, place, strlen(place)) != 0 &&
            strstr(seen.error, cases[i].says) == NULL)
            print_message("case %zu: %s\n", i, seen.error);
        assert_non_null(strstr(seen.error, cases[i].says));
        snprintf(place, sizeof place, "memory: after packet 1, offset %zu: ", at);
        assert_memory_equal(seen.error, place, strlen(place));
        free(f);
    }
}

/* Options that run over the end of their block, or are endless, do no harm. */
static void options_in_bounds(void **state)
{
    (void)state;
    seen_t seen;
    capfile_t *f = capfile_new(true);
    capfile_t *options = capfile_new(true);
    capfile_u16(options, 1);
    capfile_u16(options, 5000);
    capfile_bytes(options, "short..", 8);
    capfile_section(f, options);
    capfile_init(options, true);
    capfile_u16(options, 9);
    capfile_u16(options, 0); /* a resolution without a value: the default stays */
    capfile_u16(options, 14);
    capfile_u16(options, 4);
    capfile_u32(options, 7);
    capfile_interface(f, 1, 0, options);
    capfile_enhanced(f, 0, 5, 4, 4, 'x');
    capseen_read(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, 1);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.packet[0].at, 5000);
    assert_string_equal(seen.comment, "");
    free(options);
    free(f);
}

/* Blocks far longer than any buffer are stepped over. */
static void long_blocks(void **state)
{
    (void)state;
    static uint8_t body[700000];
    seen_t seen;
    capfile_t *f = capfile_new(true);
    capfile_section(f, NULL);
    capfile_interface(f, 1, 0, NULL);
    capfile_block(f, 10, body, sizeof body);
    capfile_enhanced(f, 0, 5, 4, 4, 'x');
    capfile_t *options = capfile_new(true);
    for (unsigned i = 0; i < 20; i++)
        capfile_option(options, 1, body, 12000);
    capfile_section(f, options);
    capfile_interface(f, 1, 0, NULL);
    capfile_enhanced(f, 0, 6, 4, 4, 'y');
    capseen_read(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, 2);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(strlen(seen.comment), sizeof seen.comment - 1);
    free(options);
    free(f);
}

static void interface_limit(void **state)
{
    (void)state;
    seen_t seen;
    capfile_t *f = capfile_new(true);
    capfile_section(f, NULL);
    for (unsigned i = 0; i < 1024; i++)
        capfile_interface(f, 1, 0, NULL);
    capfile_enhanced(f, 1023, 5, 4, 4, 'x');
    capseen_read(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, 1);
    assert_int_equal(seen.faults, 0);
    capfile_interface(f, 1, 0, NULL);
    capseen_read(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, 1);
    assert_int_equal(seen.faults, 1);
    free(f);
}

static void drops_in_pcapng(void **state)
{
    (void)state;
    seen_t seen;
    capfile_t *f = capfile_new(true);
    capfile_t *body = capfile_new(true);
    capfile_section(f, NULL);
    capfile_interface(f, 1, 0, NULL);
    for (unsigned i = 1; i < 3; i++) { /* the last word counts */
        capfile_init(body, true);
        capfile_bytes(body, "\0\0\0\0tttttttt", 12);
        capfile_option(body, 5, i == 2 ? "\4\0\0\0\0\0\0\0" : "\1\0\0\0\0\0\0\0", 8);
        capfile_option(body, 7, i == 2 ? "\5\0\0\0\1\0\0\0" : "\1\0\0\0\0\0\0\0", 8);
        capfile_block(f, 5, body->octets, body->size);
    }
    capfile_section(f, NULL);
    capfile_interface(f, 1, 0, NULL);
    capfile_init(body, true);
    capfile_bytes(body, "\0\0\0\0tttttttt", 12);
    capfile_option(body, 5, "\2\0\0\0\0\0\0\0", 8);
    capfile_block(f, 5, body->octets, body->size);
    capseen_read(f->octets, f->size, &seen);
    assert_int_equal(seen.stats.if_dropped, 6);
    assert_int_equal(seen.stats.dropped, UINT64_C(0x100000005));
    free(body);
    free(f);
}

/* What Wireshark shows as a frame has a number, packet or not. */
static void numbers_of_pcapng(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        unsigned counts;
    } cases[] = {{9, 1}, {0xbad, 1}, {0x40000bad, 1}, {10, 0}, {4, 0}, {5, 0}, {77, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        capfile_t *f = capfile_new(true);
        capfile_section(f, NULL);
        capfile_interface(f, 1, 0, NULL);
        capfile_enhanced(f, 0, 5, 4, 4, 'x');
        capfile_block(f, cases[i].type, "\0\0\0\0data", 8);
        capfile_enhanced(f, 0, 6, 4, 4, 'y');
        capseen_read(f->octets, f->size, &seen);
        assert_int_equal(seen.packets, 2);
        assert_int_equal(seen.packet[1].number, 2 + cases[i].counts);
        free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcapng),
        cmocka_unit_test(comments),
        cmocka_unit_test(prefixes_of_pcapng),
        cmocka_unit_test(resolutions),
        cmocka_unit_test(broken_pcapng),
        cmocka_unit_test(options_in_bounds),
        cmocka_unit_test(long_blocks),
        cmocka_unit_test(interface_limit),
        cmocka_unit_test(drops_in_pcapng),
        cmocka_unit_test(numbers_of_pcapng),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
