/* Classic pcap and snoop: byte orders, variants, limits, every prefix, and what is no capture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capseen.h"

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
            capfile_t *f = capfile_new(little != 0);
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
            capseen_read(f->octets, f->size, &seen);
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
        capfile_t *f = capfile_new(true);
        capfile_pcap(f, MICRO, cases[i].minor, 1);
        capfile_u32(f, 1);
        capfile_u32(f, 2);
        capfile_u32(f, cases[i].first);
        capfile_u32(f, cases[i].second);
        capfile_bytes(f, "aaaaaaaaa", cases[i].size);
        capseen_read(f->octets, f->size, &seen);
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
    capfile_t *f = capfile_new(false);
    capfile_pcap(f, MICRO, 4, 0xf4000000u | 276);
    capfile_record(f, 1, 2, 5, 5, 'x');
    capseen_read(f->octets, f->size, &seen);
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
        capfile_t *f = capfile_new(true);
        capfile_pcap(f, MICRO, 4, 1);
        capfile_u32(f, 1);
        capfile_u32(f, 2);
        capfile_u32(f, cases[i].size);
        capfile_u32(f, cases[i].size);
        for (uint32_t n = 0; n < CAP_PACKET_MAX && n < cases[i].size; n++)
            capfile_bytes(f, "p", 1);
        if (cases[i].packets > 0)
            capfile_record(f, 2, 2, 3, 3, 'q');
        capseen_read(f->octets, f->size, &seen);
        assert_int_equal(seen.packets, cases[i].packets);
        assert_int_equal(seen.faults, cases[i].packets == 0);
        if (cases[i].packets == 0) {
            assert_int_equal(seen.last_fault, CAP_ERROR);
            assert_non_null(strstr(seen.error, "memory: offset 32: a packet of "));
        }
        free(f);
    }
}

static void prefixes_of_pcap(void **state)
{
    (void)state;
    size_t ends[4];
    size_t whole[5];
    capfile_t *f = capfile_new(false);
    capfile_pcap(f, NANO, 4, 1);
    whole[0] = f->size;
    for (unsigned i = 0; i < 4; i++) {
        capfile_record(f, i, i, i * 20, i * 20, 'z');
        ends[i] = f->size;
        whole[i + 1] = f->size;
    }
    capseen_prefixes(f, ends, 4, whole, 5);
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
    capseen_read(octets, sizeof octets, &seen);
    assert_int_equal(seen.packets, 2);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.packet[0].at, 7000009000);
    assert_int_equal(seen.packet[0].size, 4);
    assert_int_equal(seen.packet[0].original, 6);
    assert_int_equal(seen.packet[0].link, CAP_LINK_ETHERNET);
    assert_int_equal(seen.packet[1].number, 2);
    assert_int_equal(seen.first[1], 'y');
    capfile_t *f = capfile_new(false);
    capfile_bytes(f, octets, sizeof octets);
    capseen_prefixes(f, ends, 2, whole, 3);
    memcpy(f->octets + 16 + 8, "\0\0\0\33", 4); /* record shorter than its packet */
    capseen_read(f->octets, f->size, &seen);
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
        capseen_read((const uint8_t *)cases[i].octets, cases[i].size, &seen);
        assert_int_equal(seen.packets, 0);
        assert_int_equal(seen.faults, 1);
        assert_int_equal(seen.last_fault, cases[i].how);
        assert_non_null(strstr(seen.error, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pcap),       cmocka_unit_test(old_lengths),
        cmocka_unit_test(link_of_pcap),     cmocka_unit_test(lengths_at_the_limit),
        cmocka_unit_test(prefixes_of_pcap), cmocka_unit_test(snoop),
        cmocka_unit_test(no_captures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
