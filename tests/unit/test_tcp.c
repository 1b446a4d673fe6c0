/* TCP streams cut into messages: orders, repetition, loss, beginnings and ends, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

static void test_usual(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 7);
    (void)state;
    /* also where sequence numbers wrap around */
    for (uint32_t base = 0xffffffe0u; base != 2; base++) {
        pdecode_begin(&p, NULL);
        talk_t t = talk_begin(&p, base, base + 77);
        talk_handshake(&t);
        talk_client(&t, q, n);
        talk_server(&t, q, n);
        talk_segment(&t, true, t.c++, t.s, TCP_FIN | TCP_ACK, NULL, 0);
        talk_segment(&t, false, t.s++, t.c, TCP_FIN | TCP_ACK, NULL, 0);
        EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE,
                     CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_FIN, CAP_ITEM_TCP_FIN);
        assert_int_equal(p.item[2].size, n - 2);
        assert_memory_equal(p.item[2].bytes, q + 2, n - 2);
        assert_int_equal(p.item[2].from.port, 40000);
        assert_int_equal(p.item[3].from.port, 53);
        assert_int_equal(p.item[2].connection, p.item[3].connection);
        assert_int_equal(p.item[2].notes, 0);
        assert_int_equal(p.item[1].from.port, 53);
        pdecode_end(&p);
    }
}

/* Three messages in one segment, and in segments of every size. */
static void test_sizes(void **state)
{
    static pdecode_t p;
    uint8_t q[256];
    uint32_t n = 0;
    (void)state;
    for (uint16_t id = 1; id <= 3; id++)
        n += talk_query(q + n, id);
    for (uint32_t step = 1; step <= n; step++) {
        pdecode_begin(&p, NULL);
        talk_t t = talk_begin(&p, 1000, 5000);
        talk_handshake(&t);
        for (uint32_t at = 0; at < n; at += step)
            talk_client(&t, q + at, n - at < step ? n - at : step);
        EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE,
                     CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_MESSAGE);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(p.item[2 + i].bytes[1], i + 1);
        pdecode_end(&p);
    }
}

/* Every order of five segments, each of them twice. */
static void test_orders(void **state)
{
    static pdecode_t p;
    uint8_t q[128];
    uint32_t n = talk_query(q, 1);
    (void)state;
    n += talk_query(q + n, 2);
    uint32_t step = (n + 4) / 5;
    for (unsigned code = 0; code < 120; code++) {
        unsigned left[5] = {0, 1, 2, 3, 4};
        unsigned c = code;
        pdecode_begin(&p, NULL);
        talk_t t = talk_begin(&p, 1000, 5000);
        talk_handshake(&t);
        for (unsigned k = 5; k > 0; k--) {
            unsigned pick = c % k;
            c /= k;
            uint32_t at = left[pick] * step;
            uint32_t size = n - at < step ? n - at : step;
            talk_segment(&t, true, t.c + at, t.s, TCP_ACK, q + at, size);
            talk_segment(&t, true, t.c + at, t.s, TCP_ACK, q + at, size);
            memmove(left + pick, left + pick + 1, (k - 1 - pick) * sizeof left[0]);
        }
        EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE,
                     CAP_ITEM_TCP_MESSAGE);
        assert_memory_equal(p.item[2].bytes, q + 2, p.item[2].size);
        assert_int_equal(p.item[3].bytes[1], 2);
        pdecode_end(&p);
    }
}

/* Retransmission with other octets: the first stay, and it is noted. */
static void test_overlap(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint8_t evil[64];
    uint32_t n = talk_query(q, 1);
    (void)state;
    memset(evil, 0xee, sizeof evil);
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_handshake(&t);
    talk_segment(&t, true, t.c + 10, t.s, TCP_ACK, q + 10, n - 10);
    talk_segment(&t, true, t.c + 10, t.s, TCP_ACK, evil, n - 10);
    talk_segment(&t, true, t.c, t.s, TCP_ACK, q, 10);
    assert_int_equal(p.count, 3);
    assert_memory_equal(p.item[2].bytes, q + 2, n - 2);
    assert_true((p.item[2].notes & CAP_NOTE_OVERLAP) != 0);
    assert_true(decoder_stats(p.d)->overlaps > 0);
    pdecode_end(&p);
}

/* The stream ends within a message: by FIN, by RST, with the capture. */
static void test_partial(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    (void)state;
    for (int how = 0; how < 3; how++) {
        for (uint32_t cut = 1; cut < n; cut++) {
            pdecode_begin(&p, NULL);
            talk_t t = talk_begin(&p, 1000, 5000);
            talk_handshake(&t);
            talk_server(&t, q, cut);
            if (how == 0)
                talk_segment(&t, false, t.s, t.c, TCP_FIN | TCP_ACK, NULL, 0);
            else if (how == 1)
                talk_segment(&t, false, t.s, t.c, TCP_RST | TCP_ACK, NULL, 0);
            else
                decoder_finish(p.d);
            assert_true(p.count >= 3);
            assert_int_equal(p.item[2].kind, CAP_ITEM_TCP_PARTIAL);
            assert_int_equal(p.item[2].size, cut < 2 ? 0 : cut - 2);
            assert_int_equal(p.item[2].original, cut < 2 ? 0 : n - 2);
            if (how < 2)
                assert_int_equal(p.item[3].kind, how == 0 ? CAP_ITEM_TCP_FIN : CAP_ITEM_TCP_RESET);
            pdecode_end(&p);
        }
    }
}

/* The capture began late: whole messages are found all the same, and noted. */
static void test_midstream(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 123456, 654321);
    talk_client(&t, q, n);
    n = talk_reply(q, 9);
    talk_server(&t, q, n);
    for (size_t i = 0; i < p.count; i++)
        if (p.item[i].kind == CAP_ITEM_TCP_MESSAGE)
            assert_true((p.item[i].notes & CAP_NOTE_MIDSTREAM) != 0);
    assert_int_equal(talk_messages(&p), 2);
    pdecode_end(&p);
}

/* A segment that was never captured, acknowledged by the other side: the stream goes on. */
static void test_gap(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_reply(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_handshake(&t);
    t.s += n; /* a whole message is missing */
    talk_server(&t, q, n);
    talk_segment(&t, true, t.c, t.s, TCP_ACK, NULL, 0);
    talk_server(&t, q, n);
    assert_int_equal(talk_messages(&p), 2);
    pdecode_end(&p);
}

/* Headers that make no sense, and every prefix of a segment. */
static void test_headers(void **state)
{
    static pdecode_t p;
    static packet_t packet;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    addr_t a = paddr("192.0.2.1#4000");
    addr_t b = paddr("192.0.2.53");
    (void)state;
    for (uint32_t words = 0; words < 16; words++) {
        pdecode_begin(&p, NULL);
        packet_tcp(&packet, &a, &b, 1, 0, TCP_SYN, q, n);
        packet.octets[32] = (uint8_t)(words << 4);
        pdecode_raw(&p, &packet);
        bool fits = words >= 5 && words * 4 <= 20 + n;
        assert_int_equal(p.count >= 1, fits);
        assert_int_equal(decoder_stats(p.d)->malformed, !fits);
        pdecode_end(&p);
    }
    packet_tcp(&packet, &a, &b, 1, 0, TCP_SYN, q, n);
    for (uint32_t size = 0; size < packet.size; size++) {
        pdecode_begin(&p, NULL);
        pdecode_feed(&p, CAP_LINK_RAW, packet.octets, size, packet.size);
        decoder_finish(p.d);
        /* data that was captured in part is a partial message */
        assert_int_equal(p.count, size < 40 ? 0 : size == 40 ? 1 : 2);
        if (p.count == 2) {
            assert_int_equal(p.item[1].kind, CAP_ITEM_TCP_PARTIAL);
            assert_int_equal(p.item[1].notes, CAP_NOTE_CUT);
        }
        pdecode_end(&p);
    }
}

/* A segment whose checksum is wrong is dropped, as its end drops it, when others of its sender are
 * right; when none is, the capture came before they were filled in, and it counts. */
static void test_damaged(void **state)
{
    static pdecode_t p;
    static packet_t packet;
    static const unsigned spoilt[2][4] = {{0, 0, 0, 1}, {1, 0, 1, 1}};
    (void)state;
    for (int all = 0; all < 2; all++) {
        pdecode_begin(&p, NULL);
        talk_t t = talk_begin(&p, 100, 500);
        uint8_t q[64];
        uint32_t n = talk_query(q, 7);
        const struct {
            bool client;
            uint32_t seq, ack;
            unsigned flags;
            uint32_t size;
        } segments[4] = {{true, 100, 0, TCP_SYN, 0},
                         {false, 500, 101, TCP_SYN | TCP_ACK, 0},
                         {true, 101, 501, TCP_ACK, 0},
                         {true, 101, 501, TCP_ACK | TCP_PSH, n}};
        for (int i = 0; i < 4; i++) {
            const addr_t *from = segments[i].client ? &t.client : &t.server;
            const addr_t *to = segments[i].client ? &t.server : &t.client;
            packet_tcp(&packet, from, to, segments[i].seq, segments[i].ack, segments[i].flags, q,
                       segments[i].size);
            packet.octets[36] ^= spoilt[all][i] ? 0x5a : 0;
            pdecode_raw(&p, &packet);
        }
        assert_int_equal(talk_messages(&p), all);
        pdecode_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),   cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_orders),  cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_partial), cmocka_unit_test(test_midstream),
        cmocka_unit_test(test_gap),     cmocka_unit_test(test_headers),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
