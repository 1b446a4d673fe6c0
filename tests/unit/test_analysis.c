/* From a capture file to its report, whatever the file: cut at every octet, with every bit turned
 * over, compressed or not. What was readable is counted, and a fault is told where there is one. */
#include "cmd/analysis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "capseen.h"
#include "exchange/packet.h"
#include "packets.h"

#define PACKED_MAX 8192u
#define PACKETS    4u /* two questions and their replies */

/* What a file came to. */
typedef struct came {
    uint64_t packets;
    uint64_t messages;
    unsigned faults;
    char error[CAP_ERROR_MAX]; /* the last */
} came_t;

/* Reads octets in an allocation of just their size through everything that replay has. */
static came_t report_of(const uint8_t *octets, size_t size, bool printed)
{
    char error[CAP_ERROR_MAX];
    came_t came = {0};
    analysis_options_t o = analysis_options_default();
    analysis_options_memory(&o, 16);
    o.threads = 0;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, octets, size);
    cap_source_t *source = cap_source_memory(copy, size, error);
    analysis_t *a = analysis_new(&o, NULL, NULL);
    assert_non_null(source);
    assert_non_null(a);
    for (cap_read_t how = CAP_PACKET; how != CAP_END;) {
        cap_packet_t p;
        how = cap_source_read(source, &p);
        if (how == CAP_PACKET)
            analysis_feed(a, &p);
        if (how == CAP_TRUNCATED || how == CAP_ERROR) {
            came.faults++;
            memcpy(came.error, source->error, sizeof came.error);
        }
    }
    assert_true(analysis_finish(a, came.faults > 0));
    replay_report_t r = {.broken = came.faults > 0};
    const char *name = "memory";
    analysis_report(a, NULL, &r);
    r.sources = &name;
    r.source_count = 1;
    came.packets = r.packets;
    came.messages = r.queries + r.replies;
    if (printed) {
        FILE *out = fopen("/dev/null", "w");
        assert_non_null(out);
        assert_true(replay_report_text(out, &r));
        assert_true(replay_report_json(out, &r));
        fclose(out);
    }
    analysis_free(a);
    cap_source_close(source);
    free(copy);
    return came;
}

/* A question from port, or its reply. */
static void packet_of(unsigned i, packet_t *out)
{
    uint8_t message[64];
    addr_t client = paddr("192.0.2.1#40000");
    addr_t server = paddr("192.0.2.53#53");
    uint32_t n = pquery(message, (uint16_t)(i / 2));
    client.port = (uint16_t)(40000 + i / 2);
    message[2] = (uint8_t)(message[2] | (i % 2 != 0 ? 0x80 : 0));
    packet_udp(out, NULL, i % 2 == 0 ? &client : &server, i % 2 == 0 ? &server : &client, message,
               n);
}

static void put_octets(capfile_t *f, size_t at, const packet_t *p)
{
    memcpy(f->octets + at, p->octets, p->size);
}

/* The capture as pcap, pcapng or snoop; ends[i]: where packet i does, ends[PACKETS] the size. */
static void make_plain(unsigned format, capfile_t *f, size_t ends[PACKETS + 1])
{
    static packet_t p;
    capfile_init(f, format != 2);
    if (format == 0)
        capfile_pcap(f, MICRO, 4, 101);
    else if (format == 1)
        capfile_section(f, NULL), capfile_interface(f, 101, 0, NULL);
    else
        capfile_bytes(f, "snoop\0\0\0\0\0\0\2\0\0\0\4", 16);
    for (unsigned i = 0; i < PACKETS; i++) {
        packet_of(i, &p);
        size_t head = f->size + (format == 0 ? 16 : 28);
        if (format == 0) {
            capfile_record(f, 1700000000 + i, 0, p.size, p.size, 0);
        } else if (format == 1) {
            capfile_enhanced(f, 0, (1700000000 + i) * UINT64_C(1000000), p.size, p.size, 0);
        } else { /* Ethernet before IP, which snoop has no type for */
            capfile_u32(f, p.size + 14);
            capfile_u32(f, p.size + 14);
            capfile_u32(f, p.size + 14 + 24);
            capfile_u32(f, 0);
            capfile_u32(f, 1700000000 + i);
            capfile_u32(f, 0);
            capfile_bytes(f, "\1\2\3\4\5\6\1\2\3\4\5\7\x08\0", 14);
            head = f->size;
            capfile_bytes(f, p.octets, p.size);
        }
        put_octets(f, head, &p);
        ends[i] = f->size;
    }
    ends[PACKETS] = f->size;
}

/* Cut at every octet: the packets before it are reported, and unless it is between packets, a
 * fault with its offset. */
static void test_cut_plain(void **state)
{
    static capfile_t f;
    size_t ends[PACKETS + 1];
    (void)state;
    for (unsigned format = 0; format < 3; format++) {
        make_plain(format, &f, ends);
        size_t first = format == 0 ? 24 : format == 1 ? 48 : 16; /* behind the file's header */
        for (size_t n = 0; n <= f.size; n++) {
            char place[40];
            unsigned whole = 0;
            while (whole < PACKETS && ends[whole] <= n)
                whole++;
            bool between = n == first || (whole > 0 && ends[whole - 1] == n) ||
                           (format == 1 && n == 28); /* between its first two blocks */
            came_t came = report_of(f.octets, n, n % 16 == 0);
            if (came.packets != whole || came.messages != whole || came.faults != !between)
                fail_msg("format %u, %zu octets: %d packets, %d messages, %u faults", format, n,
                         (int)came.packets, (int)came.messages, came.faults);
            snprintf(place, sizeof place, "offset %zu: ", n);
            assert_true(between || strstr(came.error, place) != NULL);
            snprintf(place, sizeof place, "after packet %u,", whole);
            assert_true(between || whole == 0 || strstr(came.error, place) != NULL);
        }
    }
}

static size_t pack(unsigned kind, const capfile_t *f, uint8_t *to)
{
    size_t n = 0;
    if (kind == 0) {
        z_stream z;
        memset(&z, 0, sizeof z);
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = (z_const Bytef *)f->octets;
        z.avail_in = (uInt)f->size;
        z.next_out = to;
        z.avail_out = PACKED_MAX;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        n = z.total_out;
        deflateEnd(&z);
    } else if (kind == 1) {
        assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, f->octets, f->size, to,
                                                 &n, PACKED_MAX),
                         LZMA_OK);
    } else {
        n = ZSTD_compress(to, PACKED_MAX, f->octets, f->size, 1);
        assert_false(ZSTD_isError(n));
    }
    return n;
}

/* Compressed files cut at every octet: never more than there is, never without a fault, and more
 * octets never give fewer packets. */
static void test_cut_packed(void **state)
{
    static capfile_t f;
    static uint8_t packed[PACKED_MAX];
    size_t ends[PACKETS + 1];
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        uint64_t before = 0;
        make_plain(kind % 2, &f, ends);
        size_t size = pack(kind, &f, packed);
        for (size_t n = 0; n < size; n++) {
            came_t came = report_of(packed, n, false);
            if (came.faults != 1 || came.packets < before || came.packets > PACKETS)
                fail_msg("kind %u, %zu of %zu octets: %d packets, %u faults", kind, n, size,
                         (int)came.packets, came.faults);
            assert_non_null(strstr(came.error, "offset "));
            before = came.packets;
        }
        came_t came = report_of(packed, size, true);
        assert_int_equal(came.faults, 0);
        assert_int_equal(came.packets, PACKETS);
    }
}

/* Every bit turned over, one at a time: what comes of it is bounded, and printed. */
static void test_bits(void **state)
{
    static capfile_t f;
    static uint8_t packed[PACKED_MAX];
    size_t ends[PACKETS + 1];
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        make_plain(kind % 3, &f, ends);
        size_t size = kind < 3 ? f.size : pack(kind - 3, &f, packed);
        uint8_t *octets = kind < 3 ? f.octets : packed;
        for (size_t bit = 0; bit < size * 8; bit++) {
            octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
            came_t came = report_of(octets, size, bit % 8 == 7);
            octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
            /* a length in compressed data may turn one packet into several */
            if (came.packets > (kind < 3 ? PACKETS : 100) || came.messages > came.packets ||
                came.faults > 1)
                fail_msg("kind %u, bit %zu: %d packets, %d messages, %u faults", kind, bit,
                         (int)came.packets, (int)came.messages, came.faults);
        }
    }
}

/* Nothing, zeros, ones, and each beginning of a file followed by them. */
static void test_nothing(void **state)
{
    static capfile_t f;
    static uint8_t octets[4096];
    size_t ends[PACKETS + 1];
    (void)state;
    assert_int_equal(report_of(octets, 0, true).faults, 1);
    for (unsigned fill = 0; fill < 2; fill++) {
        memset(octets, fill == 0 ? 0 : 0xff, sizeof octets);
        came_t came = report_of(octets, sizeof octets, true);
        assert_int_equal(came.faults, 1);
        assert_int_equal(came.packets, 0);
        for (unsigned format = 0; format < 3; format++) {
            make_plain(format, &f, ends);
            for (size_t n = 0; n < ends[1]; n += 4) {
                memset(octets, fill == 0 ? 0 : 0xff, sizeof octets);
                memcpy(octets, f.octets, n);
                came = report_of(octets, sizeof octets, false);
                assert_true(came.messages <= 2);
                assert_true(came.faults <= 1);
            }
        }
    }
}

/* Packets at the ends of time, in any order: no difference of two times is too large for its type,
 * which a build with sanitizers tells. */
static void test_times(void **state)
{
    static const int64_t offset[] = {INT64_MIN, 0, INT64_MAX};
    static packet_t p;
    static capfile_t f;
    (void)state;
    for (unsigned order = 0; order < 3 * 3 * 3 * 3 * 3; order++) {
        capfile_init(&f, true);
        capfile_section(&f, NULL);
        for (unsigned k = 0; k < 3; k++) {
            capfile_t *options = capfile_new(true);
            uint64_t bits = (uint64_t)offset[k];
            uint8_t octets[8];
            for (unsigned n = 0; n < 8; n++)
                octets[n] = (uint8_t)(bits >> 8 * n);
            capfile_option(options, 14, octets, 8);
            capfile_interface(&f, 101, 0, options);
            free(options);
        }
        /* the first question, again, its reply, and so on */
        for (unsigned i = 0, which = order; i < 5; i++, which /= 3) {
            packet_of(i == 1 ? 0 : i == 4 ? 1 : i - i / 2, &p);
            size_t head = f.size + 28;
            capfile_enhanced(&f, which % 3, UINT64_C(1700000000000000), p.size, p.size, 0);
            put_octets(&f, head, &p);
        }
        came_t came = report_of(f.octets, f.size, order % 27 == 0);
        assert_int_equal(came.faults, 0);
        assert_int_equal(came.packets, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_plain), cmocka_unit_test(test_cut_packed),
        cmocka_unit_test(test_bits),      cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests_name("analysis", tests, NULL, NULL);
}
