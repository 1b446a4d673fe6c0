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

/* SYN and ACK were not captured: the client's ACK shows that they came, as data from either side
 * does. What a server says alone with ACK shows nothing. */
static void test_no_syn_ack(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed_reply(q, 9);
    (void)state;
    for (int how = 0; how < 3; how++) {
        pdecode_begin(&p, NULL);
        talk_t t = begin(&p, 1000, 5000);
        segment(&t, true, t.c++, 0, TCP_SYN, NULL, 0);
        segment(&t, false, 77, 88, TCP_ACK, NULL, 0); /* of an old connection (RFC 5961 4) */
        EXPECT(&p, CAP_ITEM_TCP_SYN);
        if (how == 0)
            segment(&t, true, t.c, t.s, TCP_ACK, NULL, 0);
        else if (how == 1)
            server_says(&t, q, n);
        else
            client_says(&t, q, n);
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
    talk_t t = begin(&p, 1000, 5000);
    segment(&t, true, t.c++, 0, TCP_SYN, NULL, 0);
    segment(&t, false, 5000, 900000, TCP_SYN | TCP_ACK, NULL, 0);
    segment(&t, false, 5000, t.c + 1, TCP_SYN | TCP_ACK, NULL, 0);
    EXPECT(&p, CAP_ITEM_TCP_SYN);
    segment(&t, false, 5000, t.c, TCP_SYN | TCP_ACK, NULL, 0);
    segment(&t, false, 5000, t.c, TCP_SYN | TCP_ACK, NULL, 0); /* again */
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN);
    pdecode_end(&p);
}

/* The capture began between SYN and SYN with ACK: both streams are in step all the same. */
static void test_syn_ack_first(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 5000);
    segment(&t, false, t.s++, t.c, TCP_SYN | TCP_ACK, NULL, 0);
    for (uint32_t i = 0; i < n; i++)
        client_says(&t, q + i, 1);
    EXPECT(&p, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE);
    assert_int_equal(p.item[0].notes, CAP_NOTE_MIDSTREAM);
    assert_int_equal(p.item[0].from.port, 53);
    pdecode_end(&p);
}

/* Data in the SYN (RFC 7413), taken by the server, or sent again because it was not. */
static void test_fast_open(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 9);
    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        pdecode_begin(&p, NULL);
        talk_t t = begin(&p, 0xffffffff, 5000);
        segment(&t, true, t.c++, 0, TCP_SYN, q, n);
        segment(&t, false, t.s++, taken == 1 ? t.c + n : t.c, TCP_SYN | TCP_ACK, NULL, 0);
        if (taken == 0)
            client_says(&t, q, n);
        EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_OPEN);
        assert_int_equal(p.item[1].size, n - 2);
        pdecode_end(&p);
    }
}

/* Both ends open at once (RFC 9293 figure 7), and close at once. */
static void test_simultaneous(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 5000);
    segment(&t, true, 1000, 0, TCP_SYN, NULL, 0);
    segment(&t, false, 5000, 0, TCP_SYN, NULL, 0);
    segment(&t, true, 1000, 5001, TCP_SYN | TCP_ACK, NULL, 0);
    segment(&t, false, 5000, 1001, TCP_SYN | TCP_ACK, NULL, 0);
    t.c = 1001;
    t.s = 5001;
    client_says(&t, q, n);
    segment(&t, true, t.c, t.s, TCP_FIN | TCP_ACK, NULL, 0);
    segment(&t, false, t.s, t.c, TCP_FIN | TCP_ACK, NULL, 0);
    segment(&t, true, t.c + 1, t.s + 1, TCP_ACK, NULL, 0);
    segment(&t, false, t.s + 1, t.c + 1, TCP_ACK, NULL, 0);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_FIN,
           CAP_ITEM_TCP_FIN);
    pdecode_end(&p);
}

/* Resets that no end would believe change nothing; one that fits ends it, once. */
static void test_resets(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 5000);
    segment(&t, true, t.c++, 0, TCP_SYN, NULL, 0);
    segment(&t, false, 0, 0, TCP_RST, NULL, 0);                    /* acknowledges nothing */
    segment(&t, false, 0, t.c + 7000, TCP_RST | TCP_ACK, NULL, 0); /* or another SYN */
    segment(&t, false, t.s++, t.c, TCP_SYN | TCP_ACK, NULL, 0);
    segment(&t, false, t.s + 0x40000000, t.c, TCP_RST, NULL, 0);
    client_says(&t, q, n);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE);
    client_says(&t, q, 9);
    segment(&t, false, t.s, t.c, TCP_RST, NULL, 0);
    segment(&t, false, t.s, t.c, TCP_RST, NULL, 0);
    client_says(&t, q, n);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_PARTIAL,
           CAP_ITEM_TCP_RESET);
    assert_int_equal(p.item[4].from.port, 53);
    assert_int_equal(p.item[3].number, p.number - 3);
    pdecode_end(&p);
    /* a reset and nothing else: somebody ended something */
    pdecode_begin(&p, NULL);
    t = begin(&p, 1000, 5000);
    segment(&t, false, t.s, t.c, TCP_RST, NULL, 0);
    segment(&t, true, t.c, t.s, TCP_ACK, NULL, 0);
    EXPECT(&p, CAP_ITEM_TCP_RESET);
    assert_int_equal(p.item[0].notes, CAP_NOTE_MIDSTREAM);
    pdecode_end(&p);
}

/* The same ports again, after an end and without one: another connection each time. */
static void test_port_reuse(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 9);
    (void)state;
    pdecode_begin(&p, NULL);
    talk_t t = begin(&p, 1000, 5000);
    handshake(&t);
    client_says(&t, q, 10);
    t = begin(&p, 900000, 800000);
    handshake(&t);
    client_says(&t, q, n);
    segment(&t, true, t.c, t.s, TCP_RST, NULL, 0);
    t = begin(&p, t.c + 20, t.s + 20);
    handshake(&t);
    client_says(&t, q, n);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_PARTIAL, CAP_ITEM_TCP_SYN,
           CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE, CAP_ITEM_TCP_RESET, CAP_ITEM_TCP_SYN,
           CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_MESSAGE);
    assert_int_equal(p.item[2].connection, 1);
    assert_int_equal(p.item[5].connection, 2);
    assert_int_equal(p.item[9].connection, 3);
    pdecode_end(&p);
}

/* Idle for as long as is allowed, and a nanosecond less. */
static void test_idle(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    uint8_t q[64];
    framed(q, 9);
    (void)state;
    pdecode_begin(&p, &o);
    talk_t t = begin(&p, 1000, 5000);
    handshake(&t);
    client_says(&t, q, 10);
    int64_t last = p.at;
    talk_t other = begin(&p, 1, 2);
    other.client.port = 999;
    p.at = last + o.tcp_timeout - 1;
    segment(&other, true, 1, 0, TCP_SYN, NULL, 0);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_SYN);
    p.at++;
    segment(&other, true, 1, 0, TCP_SYN, NULL, 0);
    EXPECT(&p, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_OPEN, CAP_ITEM_TCP_SYN, CAP_ITEM_TCP_PARTIAL,
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
    framed(q, 9);
    (void)state;
    o.connections_max = 3;
    pdecode_begin(&p, &o);
    talk_t t[6];
    for (unsigned i = 0; i < 6; i++) {
        t[i] = begin(&p, 1000, 5000);
        t[i].client.port = (uint16_t)(1000 + i);
    }
    handshake(&t[0]);
    client_says(&t[0], q, 10);
    segment(&t[1], true, t[1].c, 0, TCP_SYN, NULL, 0);
    handshake(&t[2]);
    segment(&t[2], true, t[2].c, t[2].s, TCP_RST, NULL, 0);
    handshake(&t[3]); /* at the cost of t[2], which is over */
    assert_int_equal(decoder_stats(p.d)->connections_evicted, 0);
    handshake(&t[4]); /* t[1] */
    assert_int_equal(decoder_stats(p.d)->connections_evicted, 1);
    pdecode_forget(&p);
    segment(&t[5], true, t[5].c, 0, TCP_SYN, NULL, 0); /* t[0], with what it holds */
    EXPECT(&p, CAP_ITEM_TCP_PARTIAL, CAP_ITEM_TCP_SYN);
    assert_int_equal(p.item[0].from.port, 1000);
    assert_int_equal(decoder_stats(p.d)->connections_evicted, 2);
    pdecode_end(&p);
}

/* Headers that make no sense, and every prefix of a segment. */
static void test_headers(void **state)
{
    static pdecode_t p;
    uint8_t q[64];
    uint32_t n = framed(q, 9);
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
    static const unsigned spoilt[2][4] = {{0, 0, 0, 1}, {1, 0, 1, 1}};
    (void)state;
    for (int all = 0; all < 2; all++) {
        pdecode_begin(&p, NULL);
        talk_t t = begin(&p, 100, 500);
        uint8_t framed[64] = {0, 33};
        (void)pquery(framed + 2, 7);
        framed[1] = (uint8_t)pquery(framed + 2, 7);
        const struct {
            bool client;
            uint32_t seq, ack;
            unsigned flags;
            uint32_t size;
        } segments[4] = {{true, 100, 0, TCP_SYN, 0},
                         {false, 500, 101, TCP_SYN | TCP_ACK, 0},
                         {true, 101, 501, TCP_ACK, 0},
                         {true, 101, 501, TCP_ACK | TCP_PSH, framed[1] + 2u}};
        for (int i = 0; i < 4; i++) {
            const addr_t *from = segments[i].client ? &t.client : &t.server;
            const addr_t *to = segments[i].client ? &t.server : &t.client;
            packet_tcp(&packet, from, to, segments[i].seq, segments[i].ack, segments[i].flags,
                       framed, segments[i].size);
            packet.octets[36] ^= spoilt[all][i] ? 0x5a : 0;
            pdecode_raw(&p, &packet);
        }
        size_t messages = 0;
        for (size_t i = 0; i < p.count; i++)
            messages += p.item[i].kind == CAP_ITEM_TCP_MESSAGE;
        assert_int_equal(messages, all);
        pdecode_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged),       cmocka_unit_test(test_usual),
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_orders),
        cmocka_unit_test(test_overlap),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_syn_repeated),  cmocka_unit_test(test_partial),
        cmocka_unit_test(test_midstream),     cmocka_unit_test(test_gap),
        cmocka_unit_test(test_flood),         cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_no_syn_ack),    cmocka_unit_test(test_wrong_syn_ack),
        cmocka_unit_test(test_syn_ack_first), cmocka_unit_test(test_fast_open),
        cmocka_unit_test(test_simultaneous),  cmocka_unit_test(test_resets),
        cmocka_unit_test(test_port_reuse),    cmocka_unit_test(test_idle),
        cmocka_unit_test(test_eviction),      cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
