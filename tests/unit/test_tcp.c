/* TCP connections cut into messages: orders, repetition, loss, beginnings and ends, floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packets.h"

static packet_t packet;

/* Both ends of a connection, and where their sequence numbers stand. */
typedef struct talk {
    pdecode_t *p;
    addr_t client;
    addr_t server;
    uint32_t c;
    uint32_t s;
} talk_t;

static talk_t begin(pdecode_t *p, uint32_t c, uint32_t s)
{
    talk_t t = {
        .p = p, .client = paddr("192.0.2.1#40000"), .server = paddr("192.0.2.53"), .c = c, .s = s};
    return t;
}

static void segment(talk_t *t, bool from_client, uint32_t seq, uint32_t ack, unsigned flags,
                    const uint8_t *data, uint32_t size)
{
    const addr_t *from = from_client ? &t->client : &t->server;
    const addr_t *to = from_client ? &t->server : &t->client;
    packet_tcp(&packet, from, to, seq, ack, flags, data, size);
    pdecode_raw(t->p, &packet);
}

static void handshake(talk_t *t)
{
    segment(t, true, t->c++, 0, TCP_SYN, NULL, 0);
    segment(t, false, t->s++, t->c, TCP_SYN | TCP_ACK, NULL, 0);
    segment(t, true, t->c, t->s, TCP_ACK, NULL, 0);
}

static void client_says(talk_t *t, const uint8_t *data, uint32_t size)
{
    segment(t, true, t->c, t->s, TCP_ACK | TCP_PSH, data, size);
    t->c += size;
}

static void server_says(talk_t *t, const uint8_t *data, uint32_t size)
{
    segment(t, false, t->s, t->c, TCP_ACK | TCP_PSH, data, size);
    t->s += size;
}

/* A framed query; its octets. */
static uint32_t framed(uint8_t *out, uint16_t id)
{
    uint32_t n = pquery(out + 2, id);
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    return n + 2;
}

/* The same as a reply. */
static uint32_t framed_reply(uint8_t *out, uint16_t id)
{
    uint32_t n = framed(out, id);
    out[4] |= 0x80;
    return n;
}

static void expect(const pdecode_t *p, const cap_item_kind_t *kinds, size_t n)
{
    for (size_t i = 0; i < n && i < p->count; i++)
        if (p->item[i].kind != kinds[i])
            fail_msg("item %zu is %d instead of %d", i, (int)p->item[i].kind, (int)kinds[i]);
    assert_int_equal(p->count, n);
}

#define EXPECT(p, ...)                                                                             \
    do {                                                                                           \
        const cap_item_kind_t kinds_[] = {__VA_ARGS__};                                            \
        expect(p, kinds_, sizeof kinds_ / sizeof kinds_[0]);                                       \
    } while (0)

static void test_usual(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 7);
    (void)state;
    /* also where sequence numbers wrap around */
    for (uint32_t base = 0xffffffe0u; base != 2; base++) {
        pdecode_begin(&p, NULL);
        talk_t t = begin(&p, base, base + 77);
        handshake(&t);
        client_says(&t, q, n);
        server_says(&t, q, n);
        segment(&t, true, t.c++, t.s, TCP_FIN | TCP_ACK, NULL, 0);
        segment(&t, false, t.s++, t.c, TCP_FIN | TCP_ACK, NULL, 0);
        EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_MESSAGE,
               CAP_ITEM_TCP_FIN, CAP_ITEM_TCP_FIN);
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
        n += framed(q + n, id);
    for (uint32_t step = 1; step <= n; step++) {
        pdecode_begin(&p, NULL);
        talk_t t = begin(&p, 1000, 5000);
        handshake(&t);
        for (uint32_t at = 0; at < n; at += step)
            client_says(&t, q + at, n - at < step ? n - at : step);
        EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_MESSAGE,
               CAP_ITEM_TCP_MESSAGE);
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
    uint32_t n = framed(q, 1);
    (void)state;
    n += framed(q + n, 2);
    uint32_t step = (n + 4) / 5;
    for (unsigned code = 0; code < 120; code++) {
        unsigned left[5] = {0, 1, 2, 3, 4};
        unsigned c = code;
        pdecode_begin(&p, NULL);
        talk_t t = begin(&p, 1000, 5000);
        handshake(&t);
        for (unsigned k = 5; k > 0; k--) {
            unsigned pick = c % k;
            c /= k;
            uint32_t at = left[pick] * step;
            uint32_t size = n - at < step ? n - at : step;
            segment(&t, true, t.c + at, t.s, TCP_ACK, q + at, size);
            segment(&t, true, t.c + at, t.s, TCP_ACK, q + at, size);
            memmove(left + pick, left + pick + 1, (k - 1 - pick) * sizeof left[0]);
        }
        EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_MESSAGE);
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
    uint32_t n = framed(q, 1);
    (void)state;
    memset(evil, 0xee, sizeof evil);
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 5000);
    handshake(&t);
    segment(&t, true, t.c + 10, t.s, TCP_ACK, q + 10, n - 10);
    segment(&t, true, t.c + 10, t.s, TCP_ACK, evil, n - 10);
    segment(&t, true, t.c, t.s, TCP_ACK, q, 10);
    assert_int_equal(p.count, 3);
    assert_memory_equal(p.item[2].bytes, q + 2, n - 2);
    assert_true((p.item[2].notes & CAP_NOTE_OVERLAP) != 0);
    assert_true(decoder_stats(p.d)->overlaps > 0);
    pdecode_end(&p);
}

static void test_refused(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 0);
    segment(&t, true, 1000, 0, TCP_SYN, NULL, 0);
    segment(&t, false, 0, 1001, TCP_RST | TCP_ACK, NULL, 0);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_RESET);
    pdecode_end(&p);
}

static void test_syn_repeated(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 0);
    for (int i = 0; i < 3; i++)
        segment(&t, true, 1000, 0, TCP_SYN, NULL, 0);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_SYN);
    assert_int_equal(p.item[0].notes, 0);
    assert_int_equal(p.item[1].notes, CAP_NOTE_RETRANSMIT);
    assert_int_equal(p.item[0].connection, p.item[2].connection);
    pdecode_end(&p);
}

/* The stream ends within a message: by FIN, by RST, with the capture. */
static void test_partial(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 9);
    (void)state;
    for (int how = 0; how < 3; how++) {
        for (uint32_t cut = 1; cut < n; cut++) {
            pdecode_begin(&p, NULL);
            talk_t t = begin(&p, 1000, 5000);
            handshake(&t);
            server_says(&t, q, cut);
            if (how == 0)
                segment(&t, false, t.s, t.c, TCP_FIN | TCP_ACK, NULL, 0);
            else if (how == 1)
                segment(&t, false, t.s, t.c, TCP_RST | TCP_ACK, NULL, 0);
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
    uint32_t n = framed(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 123456, 654321);
    client_says(&t, q, n);
    n = framed_reply(q, 9);
    server_says(&t, q, n);
    size_t messages = 0;
    for (size_t i = 0; i < p.count; i++) {
        messages += p.item[i].kind == CAP_ITEM_TCP_MESSAGE;
        if (p.item[i].kind == CAP_ITEM_TCP_MESSAGE)
            assert_true((p.item[i].notes & CAP_NOTE_MIDSTREAM) != 0);
    }
    assert_int_equal(messages, 2);
    pdecode_end(&p);
}

/* A segment that was never captured, acknowledged by the other side: the stream goes on. */
static void test_gap(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed_reply(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 5000);
    handshake(&t);
    t.s += n; /* a whole message is missing */
    server_says(&t, q, n);
    segment(&t, true, t.c, t.s, TCP_ACK, NULL, 0);
    server_says(&t, q, n);
    size_t messages = 0;
    for (size_t i = 0; i < p.count; i++)
        messages += p.item[i].kind == CAP_ITEM_TCP_MESSAGE;
    assert_int_equal(messages, 2);
    pdecode_end(&p);
}

static void test_flood(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    uint8_t q[64];
    uint32_t n = framed(q, 3);
    (void)state;
    o.connections_max = 1000;
    o.memory = 1 << 20;
    pdecode_begin(&p, &o);
    talk_t good = begin(&p, 1, 2);
    good.client = paddr("192.0.2.99#999");
    handshake(&good);
    client_says(&good, q, n);
    for (uint32_t i = 0; i < 50000; i++) {
        talk_t t = begin(&p, i, 0);
        t.client.octets[1] = (uint8_t)(i >> 16);
        t.client.octets[2] = (uint8_t)(i >> 8);
        t.client.octets[3] = (uint8_t)i;
        segment(&t, true, i, 0, TCP_SYN, NULL, 0);
    }
    assert_true(decoder_stats(p.d)->connections_evicted >= 48000);
    assert_in_range(decoder_stats(p.d)->memory_most, 0, (1 << 20) + 1000 * 1024);
    /* the one that did something is still known: half-open ones go first */
    pdecode_forget(&p);
    n = framed_reply(q, 3);
    server_says(&good, q, n);
    EXPECT(&p, CAP_ITEM_TCP_MESSAGE);
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
        talk_t t = begin(&p, 1000, 5000);
        t.client.port = (uint16_t)(10000 + c);
        handshake(&t);
        for (uint32_t i = 1; i < 60; i++)
            segment(&t, true, t.c + i * 1500, t.s, TCP_ACK, data, sizeof data);
        assert_in_range(decoder_stats(p.d)->memory, 0, (1 << 20) + 200000);
    }
    pdecode_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),   cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_orders),  cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_syn_repeated),
        cmocka_unit_test(test_partial), cmocka_unit_test(test_midstream),
        cmocka_unit_test(test_gap),     cmocka_unit_test(test_flood),
        cmocka_unit_test(test_buffers),
    };
    return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
