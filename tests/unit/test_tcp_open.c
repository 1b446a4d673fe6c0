/* How TCP connections begin and end: what was not captured, what does not belong to them, ports
 * that are used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

static void test_refused(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 0);
    talk_segment(&t, true, 1000, 0, TCP_SYN, NULL, 0);
    talk_segment(&t, false, 0, 1001, TCP_RST | TCP_ACK, NULL, 0);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_RESET);
    pdecode_end(&p);
}

static void test_syn_repeated(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 0);
    for (int i = 0; i < 3; i++)
        talk_segment(&t, true, 1000, 0, TCP_SYN, NULL, 0);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_SYN);
    assert_int_equal(p.item[0].notes, 0);
    assert_int_equal(p.item[1].notes, CAP_NOTE_RETRANSMIT);
    assert_int_equal(p.item[0].connection, p.item[2].connection);
    pdecode_end(&p);
}

/* SYN and ACK were not captured: the client's ACK shows that they came, as data from either side
 * does. What a server says alone with ACK shows nothing. */
static void test_no_syn_ack(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_reply(q, 9);
    (void)state;
    for (int how = 0; how < 3; how++) {
        pdecode_begin(&p, NULL);
        talk_t t = talk_begin(&p, 1000, 5000);
        talk_segment(&t, true, t.c++, 0, TCP_SYN, NULL, 0);
        talk_segment(&t, false, 77, 88, TCP_ACK, NULL, 0); /* of an old connection (RFC 5961 4) */
        EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN);
        if (how == 0)
            talk_segment(&t, true, t.c, t.s, TCP_ACK, NULL, 0);
        else if (how == 1)
            talk_server(&t, q, n);
        else
            talk_client(&t, q, n);
        assert_true(p.count >= 2);
        assert_int_equal(p.item[1].kind, CAP_ITEM_TCP_OPEN);
        assert_int_equal(p.item[1].from.port, 53);
        assert_int_equal(p.item[1].notes, how == 1 ? 0 : CAP_NOTE_ASSUMED);
        pdecode_end(&p);
    }
}

/* SYN and ACK that answer another SYN do not open anything. */
static void test_wrong_syn_ack(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_segment(&t, true, t.c++, 0, TCP_SYN, NULL, 0);
    talk_segment(&t, false, 5000, 900000, TCP_SYN | TCP_ACK, NULL, 0);
    talk_segment(&t, false, 5000, t.c + 1, TCP_SYN | TCP_ACK, NULL, 0);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN);
    talk_segment(&t, false, 5000, t.c, TCP_SYN | TCP_ACK, NULL, 0);
    talk_segment(&t, false, 5000, t.c, TCP_SYN | TCP_ACK, NULL, 0); /* again */
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN);
    pdecode_end(&p);
}

/* The capture began between SYN and SYN with ACK: both streams are in step all the same. */
static void test_syn_ack_first(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_segment(&t, false, t.s++, t.c, TCP_SYN | TCP_ACK, NULL, 0);
    for (uint32_t i = 0; i < n; i++)
        talk_client(&t, q + i, 1);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE);
    assert_int_equal(p.item[0].notes, CAP_NOTE_MIDSTREAM);
    assert_int_equal(p.item[0].from.port, 53);
    pdecode_end(&p);
}

/* Data in the SYN (RFC 7413), taken by the server, or sent again because it was not. */
static void test_fast_open(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        pdecode_begin(&p, NULL);
        talk_t t = talk_begin(&p, 0xffffffff, 5000);
        talk_segment(&t, true, t.c++, 0, TCP_SYN, q, n);
        talk_segment(&t, false, t.s++, taken == 1 ? t.c + n : t.c, TCP_SYN | TCP_ACK, NULL, 0);
        if (taken == 0)
            talk_client(&t, q, n);
        EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_OPEN);
        assert_int_equal(p.item[1].size, n - 2);
        pdecode_end(&p);
    }
}

/* Both ends open at once (RFC 9293 figure 7), and close at once. */
static void test_simultaneous(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_segment(&t, true, 1000, 0, TCP_SYN, NULL, 0);
    talk_segment(&t, false, 5000, 0, TCP_SYN, NULL, 0);
    talk_segment(&t, true, 1000, 5001, TCP_SYN | TCP_ACK, NULL, 0);
    talk_segment(&t, false, 5000, 1001, TCP_SYN | TCP_ACK, NULL, 0);
    t.c = 1001;
    t.s = 5001;
    talk_client(&t, q, n);
    talk_segment(&t, true, t.c, t.s, TCP_FIN | TCP_ACK, NULL, 0);
    talk_segment(&t, false, t.s, t.c, TCP_FIN | TCP_ACK, NULL, 0);
    talk_segment(&t, true, t.c + 1, t.s + 1, TCP_ACK, NULL, 0);
    talk_segment(&t, false, t.s + 1, t.c + 1, TCP_ACK, NULL, 0);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_FIN,
                 CAP_ITEM_TCP_FIN);
    pdecode_end(&p);
}

/* Resets that no end would believe change nothing; one that fits ends it, once. */
static void test_resets(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_segment(&t, true, t.c++, 0, TCP_SYN, NULL, 0);
    talk_segment(&t, false, 0, 0, TCP_RST, NULL, 0);                    /* acknowledges nothing */
    talk_segment(&t, false, 0, t.c + 7000, TCP_RST | TCP_ACK, NULL, 0); /* or another SYN */
    talk_segment(&t, false, t.s++, t.c, TCP_SYN | TCP_ACK, NULL, 0);
    talk_segment(&t, false, t.s + 0x40000000, t.c, TCP_RST, NULL, 0);
    talk_client(&t, q, n);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE);
    talk_client(&t, q, 9);
    talk_segment(&t, false, t.s, t.c, TCP_RST, NULL, 0);
    talk_segment(&t, false, t.s, t.c, TCP_RST, NULL, 0);
    talk_client(&t, q, n);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE,
                 CAP_ITEM_TCP_PARTIAL, CAP_ITEM_TCP_RESET);
    assert_int_equal(p.item[4].from.port, 53);
    assert_int_equal(p.item[3].number, p.number - 3);
    pdecode_end(&p);
    /* a reset and nothing else: somebody ended something */
    pdecode_begin(&p, NULL);
    t = talk_begin(&p, 1000, 5000);
    talk_segment(&t, false, t.s, t.c, TCP_RST, NULL, 0);
    talk_segment(&t, true, t.c, t.s, TCP_ACK, NULL, 0);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_RESET);
    assert_int_equal(p.item[0].notes, CAP_NOTE_MIDSTREAM);
    pdecode_end(&p);
}

/* The same ports again, after an end and without one: another connection each time. */
static void test_port_reuse(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = talk_query(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = talk_begin(&p, 1000, 5000);
    talk_handshake(&t);
    talk_client(&t, q, 10);
    t = talk_begin(&p, 900000, 800000);
    talk_handshake(&t);
    talk_client(&t, q, n);
    talk_segment(&t, true, t.c, t.s, TCP_RST, NULL, 0);
    t = talk_begin(&p, t.c + 20, t.s + 20);
    talk_handshake(&t);
    talk_client(&t, q, n);
    EXPECT_ITEMS(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_PARTIAL, CAP_ITEM_TCP_SYN,
                 CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_RESET, CAP_ITEM_TCP_SYN,
                 CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE);
    assert_int_equal(p.item[2].connection, 1);
    assert_int_equal(p.item[5].connection, 2);
    assert_int_equal(p.item[9].connection, 3);
    pdecode_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_syn_repeated),
        cmocka_unit_test(test_no_syn_ack),    cmocka_unit_test(test_wrong_syn_ack),
        cmocka_unit_test(test_syn_ack_first), cmocka_unit_test(test_fast_open),
        cmocka_unit_test(test_simultaneous),  cmocka_unit_test(test_resets),
        cmocka_unit_test(test_port_reuse),
    };
    return cmocka_run_group_tests_name("tcp_open", tests, NULL, NULL);
}
