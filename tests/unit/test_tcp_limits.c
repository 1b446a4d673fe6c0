/* What is kept of TCP connections: floods, buffers, idle ones, and which are given up first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

static void test_flood(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    uint8_t q[64];
    uint32_t n = talk_query(q, 3);
    (void)state;
    o.connections_max = 1000;
    o.memory = 1 << 20;
    pdecode_begin(&p, &o);
    talk_t good = talk_begin(&p, 1, 2);
    good.client = paddr("192.0.2.99#999");
    talk_handshake(&good);
    talk_client(&good, q, n);
    for (uint32_t i = 0; i < 50000; i++) {
        talk_t t = talk_begin(&p, i, 0);
        t.client.octets[1] = (uint8_t)(i >> 16);
        t.client.octets[2] = (uint8_t)(i >> 8);
        t.client.octets[3] = (uint8_t)i;
        talk_segment(&t, true, i, 0, TCP_SYN, NULL, 0);
    }
    assert_true(decoder_stats(p.d)->connections_evicted >= 48000);
    assert_in_range(decoder_stats(p.d)->memory_most, 0, (1 << 20) + 1000 * 1024);
    /* the one that did something is still known: half-open ones go first */
    pdecode_forget(&p);
    n = talk_reply(q, 3);
    talk_server(&good, q, n);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_MESSAGE);
    assert_int_equal(p.item[0].notes, 0);
    pdecode_end(&p);
}

/* Segments that never join anything cannot grow memory either. */
static void test_buffers(void **state)
{
    static pdecode_t p;
    static uint8_t data[1400];
    decode_options_t o = decode_options_default();
    (void)state;
    o.memory = 1 << 20;
    pdecode_begin(&p, &o);
    for (uint32_t c = 0; c < 100; c++) {
        talk_t t = talk_begin(&p, 1000, 5000);
        t.client.port = (uint16_t)(10000 + c);
        talk_handshake(&t);
        for (uint32_t i = 1; i < 60; i++)
            talk_segment(&t, true, t.c + i * 1500, t.s, TCP_ACK, data, sizeof data);
        assert_in_range(decoder_stats(p.d)->memory, 0, (1 << 20) + 200000);
    }
    pdecode_end(&p);
}

/* Idle for as long as is allowed, and a nanosecond less. */
static void test_idle(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    uint8_t q[64];
    talk_query(q, 9);
    (void)state;
    pdecode_begin(&p, &o);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_handshake(&t);
    talk_client(&t, q, 10);
    int64_t last = p.at;
    talk_t other = talk_begin(&p, 1, 2);
    other.client.port = 999;
    p.at = last + o.tcp_timeout - 1;
    talk_segment(&other, true, 1, 0, TCP_SYN, NULL, 0);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_SYN);
    p.at++;
    talk_segment(&other, true, 1, 0, TCP_SYN, NULL, 0);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_PARTIAL,
                 CAP_ITEM_TCP_SYN);
    assert_int_equal(p.item[3].at, last);
    pdecode_end(&p);
}

/* Connections that are over are given up first, then half-open ones; those that are open last.
 * What they still hold is given out, and only what was not over is counted. */
static void test_eviction(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    uint8_t q[64];
    talk_query(q, 9);
    (void)state;
    o.connections_max = 3;
    pdecode_begin(&p, &o);
    talk_t t[6];
    for (unsigned i = 0; i < 6; i++) {
        t[i] = talk_begin(&p, 1000, 5000);
        t[i].client.port = (uint16_t)(1000 + i);
    }
    talk_handshake(&t[0]);
    talk_client(&t[0], q, 10);
    talk_segment(&t[1], true, t[1].c, 0, TCP_SYN, NULL, 0);
    talk_handshake(&t[2]);
    talk_segment(&t[2], true, t[2].c, t[2].s, TCP_RST, NULL, 0);
    talk_handshake(&t[3]); /* at the cost of t[2], which is over */
    assert_int_equal(decoder_stats(p.d)->connections_evicted, 0);
    talk_handshake(&t[4]); /* t[1] */
    assert_int_equal(decoder_stats(p.d)->connections_evicted, 1);
    pdecode_forget(&p);
    talk_segment(&t[5], true, t[5].c, 0, TCP_SYN, NULL, 0); /* t[0], with what it holds */
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_PARTIAL, CAP_ITEM_TCP_SYN);
    assert_int_equal(p.item[0].from.port, 1000);
    assert_int_equal(decoder_stats(p.d)->connections_evicted, 2);
    pdecode_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_eviction),
    };
    return cmocka_run_group_tests_name("tcp_limits", tests, NULL, NULL);
}
