/* Capture files in every format, order and state of decay: which packets come out, and what is said
 * about the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capfile.h"
#include "capture/source.h"

#define MICRO    0xa1b2c3d4u
#define NANO     0xa1b23c4du
#define MODIFIED 0xa1b2cd34u

/* What came out of a source until its end. */
typedef struct seen {
    unsigned packets;
    unsigned faults;
    cap_read_t last_fault;
    char error[CAP_ERROR_MAX]; /* the first */
    char comment[256];
    cap_packet_t packet[64]; /* bytes: NULL */
    uint8_t first[64];       /* first octet of each; 0 when empty */
    cap_stats_t stats;
} seen_t;

static void note(seen_t *out, const cap_packet_t *p)
{
    if (out->packets < 64) {
        out->packet[out->packets] = *p;
        out->first[out->packets] = p->size > 0 ? p->bytes[0] : 0;
        out->packet[out->packets].bytes = NULL;
        for (uint32_t i = 1; i < p->size; i++)
            assert_int_equal(p->bytes[i], p->bytes[0]);
    }
    out->packets++;
}

static void note_fault(seen_t *out, const cap_source_t *s, cap_read_t how)
{
    out->last_fault = how;
    if (out->faults++ == 0)
        snprintf(out->error, sizeof out->error, "%s", s->error);
    assert_true(s->error[0] != '\0');
}

/* Reads all, one packet or a batch at a time, and closes. */
static void drain(cap_source_t *s, size_t batch, seen_t *out)
{
    memset(out, 0, sizeof *out);
    cap_packet_t p[8];
    for (cap_read_t how = CAP_PACKET; how != CAP_END;) {
        size_t n = 0;
        if (batch == 0) {
            how = cap_source_read(s, p);
            n = how == CAP_PACKET;
        } else {
            n = cap_source_batch(s, p, batch, &how);
        }
        for (size_t i = 0; i < n; i++)
            note(out, &p[i]);
        if (how == CAP_TRUNCATED || how == CAP_ERROR)
            note_fault(out, s, how);
    }
    assert_int_equal(cap_source_read(s, p), CAP_END);
    if (cap_source_comment(s) != NULL)
        snprintf(out->comment, sizeof out->comment, "%s", cap_source_comment(s));
    cap_source_stats(s, &out->stats);
    assert_int_equal(out->stats.packets, out->packets);
    cap_source_close(s);
}

/* Reads from a copy of exactly this size, in every way, which must agree. */
static void read_octets(const uint8_t *octets, size_t size, seen_t *out)
{
    static const size_t batches[] = {1, 3, 8};
    char error[CAP_ERROR_MAX];
    uint8_t *exact = malloc(size > 0 ? size : 1);
    seen_t *other = malloc(sizeof *other);
    assert_non_null(exact);
    assert_non_null(other);
    memcpy(exact, octets, size);
    cap_source_t *s = cap_source_memory(exact, size, error);
    assert_non_null(s);
    drain(s, 0, out);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        s = cap_source_memory(exact, size, error);
        assert_non_null(s);
        drain(s, batches[i], other);
        assert_memory_equal(out, other, sizeof *out);
    }
    free(other);
    free(exact);
}

static capfile_t *file_new(bool little)
{
    capfile_t *f = malloc(sizeof *f);
    assert_non_null(f);
    capfile_init(f, little);
    return f;
}

static void every_pcap(void **state)
{
    (void)state;
    static const struct {
        uint32_t magic;
        int64_t at;
    } cases[] = {
        {MICRO, 1700000000000999000},
        {NANO, 1700000000000000999},
        {MODIFIED, 1700000000000999000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int little = 0; little < 2; little++) {
            seen_t seen;
            capfile_t *f = file_new(little != 0);
            capfile_pcap(f, cases[i].magic, 4, 113);
            for (uint8_t k = 0; k < 3; k++) {
                uint32_t size = k * 60u;
                capfile_u32(f, 1700000000);
                capfile_u32(f, 999);
                capfile_u32(f, size);
                capfile_u32(f, size + k);
                if (cases[i].magic == MODIFIED)
                    capfile_bytes(f, "\1\2\3\4\5\6\7\10", 8);
                for (uint32_t n = 0; n < size; n++)
                    capfile_bytes(f, &k, 1);
            }
            read_octets(f->octets, f->size, &seen);
            assert_int_equal(seen.packets, 3);
            assert_int_equal(seen.faults, 0);
            assert_int_equal(seen.stats.octets, 180);
            for (unsigned k = 0; k < 3; k++) {
                assert_int_equal(seen.packet[k].at, cases[i].at);
                assert_int_equal(seen.packet[k].number, k + 1);
                assert_int_equal(seen.packet[k].link, 113);
                assert_int_equal(seen.packet[k].size, k * 60);
                assert_int_equal(seen.packet[k].original, k * 61);
                assert_int_equal(seen.first[k], k);
            }
            free(f);
        }
    }
}

/* Writers before pcap 2.3 had the lengths the other way round, those of 2.3 some. */
static void old_lengths(void **state)
{
    (void)state;
    static const struct {
        uint16_t minor;
        uint32_t first;
        uint32_t second;
        uint32_t size;
        uint32_t original;
    } cases[] = {
        {4, 4, 9, 4, 9}, {3, 4, 9, 4, 9}, {3, 9, 4, 4, 9}, {2, 9, 4, 4, 9}, {4, 9, 4, 9, 9}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        capfile_t *f = file_new(true);
        capfile_pcap(f, MICRO, cases[i].minor, 1);
        capfile_u32(f, 1);
        capfile_u32(f, 2);
        capfile_u32(f, cases[i].first);
        capfile_u32(f, cases[i].second);
        capfile_bytes(f, "aaaaaaaaa", cases[i].size);
        read_octets(f->octets, f->size, &seen);
        assert_int_equal(seen.packets, 1);
        assert_int_equal(seen.faults, 0);
        assert_int_equal(seen.packet[0].size, cases[i].size);
        assert_int_equal(seen.packet[0].original, cases[i].original);
        free(f);
    }
}

/* The word above the link type tells of frame check sequences. */
static void link_of_pcap(void **state)
{
    (void)state;
    seen_t seen;
    capfile_t *f = file_new(false);
    capfile_pcap(f, MICRO, 4, 0xf4000000u | 276);
    capfile_record(f, 1, 2, 5, 5, 'x');
    read_octets(f->octets, f->size, &seen);
    assert_int_equal(seen.packet[0].link, 276);
    free(f);
}

static void lengths_at_the_limit(void **state)
{
    (void)state;
    static const struct {
        uint32_t size;
        unsigned packets;
    } cases[] = {{CAP_PACKET_MAX - 1, 2},
                 {CAP_PACKET_MAX, 2},
                 {CAP_PACKET_MAX + 1, 0},
                 {0x7fffffff, 0},
                 {UINT32_MAX, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        capfile_t *f = file_new(true);
        capfile_pcap(f, MICRO, 4, 1);
        capfile_u32(f, 1);
        capfile_u32(f, 2);
        capfile_u32(f, cases[i].size);
        capfile_u32(f, cases[i].size);
        for (uint32_t n = 0; n < CAP_PACKET_MAX && n < cases[i].size; n++)
            capfile_bytes(f, "p", 1);
        if (cases[i].packets > 0)
            capfile_record(f, 2, 2, 3, 3, 'q');
        read_octets(f->octets, f->size, &seen);
        assert_int_equal(seen.packets, cases[i].packets);
        assert_int_equal(seen.faults, cases[i].packets == 0);
        if (cases[i].packets == 0) {
            assert_int_equal(seen.last_fault, CAP_ERROR);
            assert_non_null(strstr(seen.error, "memory: offset 32: a packet of "));
        }
        free(f);
    }
}

/* Two sections in two orders, three interfaces, blocks without packets between. */
static capfile_t *mixed_pcapng(size_t ends[8], unsigned *count)
{
    capfile_t *f = file_new(true);
    capfile_t *options = file_new(true);
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
    read_octets(f->octets, f->size, &seen);
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

/* A file cut anywhere gives every packet that is whole, and says where it ends. */
static void check_prefixes(const capfile_t *f, const size_t *ends, unsigned count,
                           const size_t *whole, size_t whole_count)
{
    char place[40];
    for (size_t n = 0; n <= f->size; n++) {
        unsigned packets = 0;
        bool is_whole = false;
        seen_t seen;
        while (packets < count && ends[packets] <= n)
            packets++;
        for (size_t i = 0; i < whole_count; i++)
            is_whole = is_whole || whole[i] == n;
        read_octets(f->octets, n, &seen);
        assert_int_equal(seen.packets, packets);
        assert_int_equal(seen.faults, !is_whole);
        if (is_whole)
            continue;
        assert_int_equal(seen.last_fault, CAP_TRUNCATED);
        snprintf(place, sizeof place, "offset %zu: ", n);
        assert_non_null(strstr(seen.error, place));
    }
}

static void prefixes_of_pcap(void **state)
{
    (void)state;
    size_t ends[4];
    size_t whole[5];
    capfile_t *f = file_new(false);
    capfile_pcap(f, NANO, 4, 1);
    whole[0] = f->size;
    for (unsigned i = 0; i < 4; i++) {
        capfile_record(f, i, i, i * 20, i * 20, 'z');
        ends[i] = f->size;
        whole[i + 1] = f->size;
    }
    check_prefixes(f, ends, 4, whole, 5);
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
    check_prefixes(f, ends, count, whole, whole_count);
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
        {6, 0, UINT64_MAX, INT64_MAX},
        {0, 0, UINT64_MAX, INT64_MAX},
        {0, INT64_MAX, UINT64_MAX, INT64_MAX},
        {0, INT64_MAX, 1, INT64_MAX},
        {0, INT64_MIN, 0, INT64_MIN},
        {6, INT64_MIN, 0, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        uint8_t offset[8];
        capfile_t *f = file_new(false);
        capfile_t *options = file_new(false);
        for (unsigned k = 0; k < 8; k++)
            offset[k] = (uint8_t)((uint64_t)cases[i].offset >> (56 - 8 * k));
        capfile_option(options, 9, &cases[i].tsresol, 1);
        capfile_option(options, 14, offset, 8);
        capfile_section(f, NULL);
        capfile_interface(f, 1, 0, options);
        capfile_enhanced(f, 0, cases[i].units, 4, 4, 'x');
        read_octets(f->octets, f->size, &seen);
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
        capfile_t *f = file_new(false);
        capfile_section(f, NULL);
        capfile_interface(f, 1, 0, NULL);
        capfile_enhanced(f, 0, 1, 4, 4, 'x');
        size_t at = f->size + cases[i].at;
        capfile_bytes(f, cases[i].block, cases[i].size);
        read_octets(f->octets, f->size, &seen);
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
    capfile_t *f = file_new(true);
    capfile_t *options = file_new(true);
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
    read_octets(f->octets, f->size, &seen);
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
    capfile_t *f = file_new(true);
    capfile_section(f, NULL);
    capfile_interface(f, 1, 0, NULL);
    capfile_block(f, 10, body, sizeof body);
    capfile_enhanced(f, 0, 5, 4, 4, 'x');
    capfile_t *options = file_new(true);
    for (unsigned i = 0; i < 20; i++)
        capfile_option(options, 1, body, 12000);
    capfile_section(f, options);
    capfile_interface(f, 1, 0, NULL);
    capfile_enhanced(f, 0, 6, 4, 4, 'y');
    read_octets(f->octets, f->size, &seen);
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
    capfile_t *f = file_new(true);
    capfile_section(f, NULL);
    for (unsigned i = 0; i < 1024; i++)
        capfile_interface(f, 1, 0, NULL);
    capfile_enhanced(f, 1023, 5, 4, 4, 'x');
    read_octets(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, 1);
    assert_int_equal(seen.faults, 0);
    capfile_interface(f, 1, 0, NULL);
    read_octets(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, 1);
    assert_int_equal(seen.faults, 1);
    free(f);
}

static void drops_in_pcapng(void **state)
{
    (void)state;
    seen_t seen;
    capfile_t *f = file_new(true);
    capfile_t *body = file_new(true);
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
    read_octets(f->octets, f->size, &seen);
    assert_int_equal(seen.stats.if_dropped, 6);
    assert_int_equal(seen.stats.dropped, UINT64_C(0x100000005));
    free(body);
    free(f);
}

static void snoop(void **state)
{
    (void)state;
    static const uint8_t octets[] = "snoop\0\0\0\0\0\0\2\0\0\0\4"
                                    "\0\0\0\6\0\0\0\4\0\0\0\34\0\0\0\0\0\0\0\7\0\0\0\11xxxx"
                                    "\0\0\0\2\0\0\0\2\0\0\0\34\0\0\0\0\0\0\0\10\0\0\0\0yy\0";
    size_t ends[] = {16 + 28, 16 + 56};
    size_t whole[] = {16, 16 + 28, 16 + 56};
    seen_t seen;
    read_octets(octets, sizeof octets, &seen);
    assert_int_equal(seen.packets, 2);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.packet[0].at, 7000009000);
    assert_int_equal(seen.packet[0].size, 4);
    assert_int_equal(seen.packet[0].original, 6);
    assert_int_equal(seen.packet[0].link, CAP_LINK_ETHERNET);
    assert_int_equal(seen.packet[1].number, 2);
    assert_int_equal(seen.first[1], 'y');
    capfile_t *f = file_new(false);
    capfile_bytes(f, octets, sizeof octets);
    check_prefixes(f, ends, 2, whole, 3);
    memcpy(f->octets + 16 + 8, "\0\0\0\33", 4); /* record shorter than its packet */
    read_octets(f->octets, f->size, &seen);
    assert_int_equal(seen.packets, 0);
    assert_non_null(strstr(seen.error, "offset 24: a record of 27 octets for a packet of 4"));
    free(f);
}

static void no_captures(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t size;
        cap_read_t how;
        const char *says;
    } cases[] = {
        {"", 0, CAP_TRUNCATED, "the file is empty"},
        {"\xd4\xc3", 2, CAP_TRUNCATED, "ends within the first four octets"},
        {"BZh91AY&SY", 10, CAP_ERROR, "425a6839 (bzip2; decompress it first)"},
        {"\x1c\0\1\xac....", 8, CAP_ERROR, "1c0001ac (pcap of IXIA hardware)"},
        {"hello world", 11, CAP_ERROR, "begins with 68656c6c"},
        {"snoopy dog.......", 16, CAP_ERROR, "begins with 736e6f6f70792064"},
        {"\xa1\xb2\xc3\xd4\0\1\0\4aaaabbbbccccdddd", 24, CAP_ERROR, "pcap version 1.4"},
        {"\xa1\xb2\xc3\xd4\0\3\0\0aaaabbbbccccdddd", 24, CAP_ERROR, "pcap version 3.0"},
        {"snoop\0\0\0\0\0\0\1\0\0\0\4", 16, CAP_ERROR, "snoop version 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        read_octets((const uint8_t *)cases[i].octets, cases[i].size, &seen);
        assert_int_equal(seen.packets, 0);
        assert_int_equal(seen.faults, 1);
        assert_int_equal(seen.last_fault, cases[i].how);
        assert_non_null(strstr(seen.error, cases[i].says));
    }
}

/* ---- Files ---- */

#define FILES 6

typedef struct folder {
    char name[64];
    char path[FILES][96];
    const char *paths[FILES];
} folder_t;

static void folder_make(folder_t *d)
{
    snprintf(d->name, sizeof d->name, "/tmp/nsprobe-source-XXXXXX");
    assert_non_null(mkdtemp(d->name));
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(d->path[i], sizeof d->path[i], "%s/%u", d->name, i);
        d->paths[i] = d->path[i];
    }
}

static void folder_write(const folder_t *d, unsigned i, const capfile_t *f, size_t size)
{
    FILE *out = fopen(d->path[i], "wb");
    assert_non_null(out);
    assert_true(size == 0 || fwrite(f->octets, size, 1, out) == 1);
    assert_int_equal(fclose(out), 0);
}

static void folder_remove(const folder_t *d)
{
    for (unsigned i = 0; i < FILES; i++)
        unlink(d->path[i]);
    rmdir(d->name);
}

/* A rotated set in any order: later, empty, cut, earliest, no capture, as early as the cut one. */
static void rotated(void **state)
{
    (void)state;
    static const struct {
        unsigned path;
        uint64_t number;
        char fill;
    } expected[] = {{3, 1, 'd'}, {2, 1, 'c'}, {5, 1, 'f'}, {0, 1, 'a'}, {0, 2, 'a'}};
    char error[CAP_ERROR_MAX];
    folder_t d;
    folder_make(&d);
    capfile_t *f = file_new(true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 300, 0, 4, 4, 'a');
    capfile_record(f, 299, 0, 4, 4, 'a');
    folder_write(&d, 0, f, f->size);
    folder_write(&d, 1, f, 0);
    capfile_init(f, true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 200, 0, 4, 4, 'c');
    capfile_record(f, 201, 0, 40, 40, 'c');
    folder_write(&d, 2, f, f->size - 1);
    capfile_init(f, true);
    capfile_section(f, NULL);
    capfile_interface(f, 1, 0, NULL);
    capfile_enhanced(f, 0, 100000000, 5, 5, 'd');
    folder_write(&d, 3, f, f->size);
    capfile_init(f, false);
    capfile_bytes(f, "no capture at all", 17);
    folder_write(&d, 4, f, f->size);
    capfile_init(f, false);
    capfile_pcap(f, NANO, 4, 1);
    capfile_record(f, 200, 0, 4, 4, 'f');
    folder_write(&d, 5, f, f->size);
    cap_source_t *s = cap_source_files(d.paths, FILES, NULL, error);
    assert_non_null(s);
    unsigned packets = 0;
    unsigned faults = 0;
    cap_packet_t p;
    for (cap_read_t how = cap_source_read(s, &p); how != CAP_END; how = cap_source_read(s, &p)) {
        if (how != CAP_PACKET) {
            const char *broken[] = {d.path[2], d.path[1], d.path[4]};
            assert_int_equal(how, faults == 2 ? CAP_ERROR : CAP_TRUNCATED);
            assert_memory_equal(s->error, broken[faults], strlen(broken[faults]));
            faults++;
            continue;
        }
        assert_string_equal(cap_source_file_name(s, p.file), d.path[expected[packets].path]);
        assert_int_equal(p.number, expected[packets].number);
        assert_int_equal(p.bytes[0], expected[packets].fill);
        packets++;
    }
    assert_int_equal(packets, 5);
    assert_int_equal(faults, 3);
    assert_string_equal(cap_source_file_name(s, FILES), "");
    cap_source_close(s);
    folder_remove(&d);
    free(f);
}

/* A pipe among files: what was read to find its place is not lost. */
static void pipe_among_files(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX];
    char name[32];
    folder_t d;
    int fds[2];
    seen_t seen;
    folder_make(&d);
    capfile_t *f = file_new(true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 20, 0, 4, 4, 'a');
    folder_write(&d, 0, f, f->size);
    capfile_init(f, true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 10, 0, 4, 4, 'b');
    capfile_record(f, 11, 0, 4, 4, 'c');
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], f->octets, f->size), (ssize_t)f->size);
    close(fds[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", fds[0]);
    const char *paths[] = {d.path[0], name};
    cap_source_t *s = cap_source_files(paths, 2, NULL, error);
    assert_non_null(s);
    drain(s, 8, &seen);
    assert_int_equal(seen.packets, 3);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.first[0], 'b');
    assert_int_equal(seen.first[1], 'c');
    assert_int_equal(seen.first[2], 'a');
    close(fds[0]);
    folder_remove(&d);
    free(f);
}

static void cannot_be_opened(void **state)
{
    (void)state;
    static const struct {
        const char *paths[2];
        size_t count;
        const char *filter;
        const char *says;
    } cases[] = {
        {{"/nonexistent/x.pcap", NULL}, 1, NULL, "/nonexistent/x.pcap: No such file"},
        {{"/tmp", NULL}, 1, NULL, "/tmp: is a directory"},
        {{"-", "-"}, 2, NULL, "only once"},
        {{NULL, NULL}, 0, NULL, "no file"},
        {{"/dev/null", NULL}, 1, "port port", "filter 'port port': "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[CAP_ERROR_MAX] = "";
        assert_null(cap_source_files(cases[i].paths, cases[i].count, cases[i].filter, error));
        assert_non_null(strstr(error, cases[i].says));
    }
}

/* A filter leaves packets out, which keep their numbers; one that cannot be is an error. */
static void filtered(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX];
    folder_t d;
    seen_t seen;
    folder_make(&d);
    capfile_t *f = file_new(false);
    capfile_pcap(f, MICRO, 4, CAP_LINK_RAW);
    for (unsigned i = 0; i < 40; i++)
        capfile_record(f, i, 0, 20 + i, 20 + i, 'E'); /* 0x45: IPv4 */
    folder_write(&d, 0, f, f->size);
    for (size_t batch = 0; batch < 8; batch += 7) {
        cap_source_t *s = cap_source_files(d.paths, 1, "ip and less 29", error);
        assert_non_null(s);
        drain(s, batch, &seen);
        assert_int_equal(seen.packets, 10);
        assert_int_equal(seen.stats.filtered, 30);
        assert_int_equal(seen.packet[9].number, 10);
        s = cap_source_files(d.paths, 1, "greater 50", error);
        assert_non_null(s);
        drain(s, batch, &seen);
        assert_int_equal(seen.packets, 10);
        assert_int_equal(seen.packet[0].number, 31);
        s = cap_source_files(d.paths, 1, "ether host 1:2:3:4:5:6", error);
        assert_non_null(s);
        drain(s, batch, &seen);
        assert_int_equal(seen.packets, 0);
        assert_int_equal(seen.faults, 1);
        assert_non_null(strstr(seen.error, "link type 101"));
    }
    folder_remove(&d);
    free(f);
}

/* A file of many megabytes is read through the same buffer as a small one. */
static void long_file(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX];
    struct rusage before;
    struct rusage after;
    folder_t d;
    cap_packet_t p[64];
    cap_read_t how = CAP_PACKET;
    uint64_t n = 0;
    folder_make(&d);
    capfile_t *f = file_new(true);
    FILE *out = fopen(d.path[0], "wb");
    assert_non_null(out);
    capfile_pcap(f, MICRO, 4, 1);
    for (uint32_t i = 0; i < 700; i++)
        capfile_record(f, 1000 + i, i, i * 2, i * 2, 'x');
    assert_int_equal(fwrite(f->octets, f->size, 1, out), 1);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(fwrite(f->octets + 24, f->size - 24, 1, out), 1);
    assert_int_equal(fclose(out), 0);
    getrusage(RUSAGE_SELF, &before);
    cap_source_t *s = cap_source_files(d.paths, 1, NULL, error);
    assert_non_null(s);
    while (how == CAP_PACKET) {
        size_t got = cap_source_batch(s, p, 64, &how);
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(p[i].number, ++n);
            assert_int_equal(p[i].size, (n - 1) % 700 * 2);
        }
    }
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(how, CAP_END);
    assert_int_equal(n, 101 * 700);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096); /* KiB; the file has 48 MiB */
    cap_source_close(s);
    folder_remove(&d);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pcap),
        cmocka_unit_test(old_lengths),
        cmocka_unit_test(link_of_pcap),
        cmocka_unit_test(lengths_at_the_limit),
        cmocka_unit_test(pcapng),
        cmocka_unit_test(comments),
        cmocka_unit_test(prefixes_of_pcap),
        cmocka_unit_test(prefixes_of_pcapng),
        cmocka_unit_test(resolutions),
        cmocka_unit_test(broken_pcapng),
        cmocka_unit_test(options_in_bounds),
        cmocka_unit_test(long_blocks),
        cmocka_unit_test(interface_limit),
        cmocka_unit_test(drops_in_pcapng),
        cmocka_unit_test(snoop),
        cmocka_unit_test(no_captures),
        cmocka_unit_test(rotated),
        cmocka_unit_test(pipe_among_files),
        cmocka_unit_test(cannot_be_opened),
        cmocka_unit_test(filtered),
        cmocka_unit_test(long_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
