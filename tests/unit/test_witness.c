/* What an interface saw, joined to exchanges: only what no socket was told of, and only while one
 * was waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "capture/witness.h"
#include "exchange/packet.h"

#define MS    INT64_C(1000000)
#define BEGAN (INT64_C(1764063000) * 1000 * MS)

static addr_t address(const char *text)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), 53, &a));
    return a;
}

/* example. SOA, ID 0x0101 or as given */
static size_t message(uint8_t id, bool response, uint8_t type, uint8_t out[64])
{
    static const uint8_t query[] = {0,   0,   0,   0,   0,   1,   0,   0, 0, 0, 0, 0, 7,
                                    'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 6, 0, 1};
    memcpy(out, query, sizeof query);
    out[0] = id;
    out[1] = id;
    out[2] = response ? 0x84 : 0;
    out[22] = type;
    return sizeof query;
}

typedef struct scene {
    exchange_set_t set;
    exchange_t *x;
    witness_t *witness;
    packet_t *packet;
    packet_t *quoted;
    addr_t client;
    addr_t server;
} scene_t;

static void append(exchange_t *x, event_kind_t kind, uint8_t attempt, int64_t at,
                   const uint8_t *bytes, size_t size)
{
    event_t e = {.kind = kind, .attempt = attempt, .at = at, .bytes = bytes};
    e.size = (uint32_t)size;
    assert_true(exchange_append(x, &e));
}

/* Two tries of a question, sent at 0 and 400 ms, over at 1000 ms. */
static void scene_make(scene_t *s, transport_t transport)
{
    uint8_t wire[64];
    s->client = address("192.0.2.9#40000");
    s->server = address("192.0.2.1");
    s->packet = malloc(sizeof *s->packet);
    s->quoted = malloc(sizeof *s->quoted);
    s->witness = witness_new(53);
    assert_non_null(s->packet);
    assert_non_null(s->quoted);
    assert_non_null(s->witness);
    exchange_set_init(&s->set, BEGAN);
    size_t n = message(1, false, 6, wire);
    s->x = exchange_add(&s->set, transport, &s->server, wire, n);
    assert_non_null(s->x);
    s->x->local = s->client;
    append(s->x, EVENT_SENT, 1, 0, wire, n);
    if (transport == TRANSPORT_TCP) {
        append(s->x, EVENT_TCP_NO_SYNACK, 1, 1000 * MS, NULL, 0);
    } else {
        append(s->x, EVENT_TIMEOUT, 1, 400 * MS, NULL, 0);
        n = message(2, false, 6, wire);
        append(s->x, EVENT_SENT, 2, 400 * MS, wire, n);
        append(s->x, EVENT_TIMEOUT, 2, 1000 * MS, NULL, 0);
    }
    s->x->finished = true;
}

static void feed(scene_t *s, int64_t at)
{
    cap_packet_t p = {.bytes = s->packet->octets, .at = BEGAN + at, .link = CAP_LINK_RAW};
    p.number = 1;
    p.size = s->packet->size;
    p.original = p.size;
    witness_feed(s->witness, &p);
}

static void feed_udp(scene_t *s, const char *from, const char *to, uint8_t id, uint8_t type,
                     int64_t at)
{
    uint8_t wire[64];
    addr_t a = address(from);
    addr_t b = address(to);
    size_t n = message(id, true, type, wire);
    packet_udp(s->packet, NULL, &a, &b, wire, (uint32_t)n);
    feed(s, at);
}

static void scene_end(scene_t *s)
{
    witness_free(s->witness);
    exchange_set_free(&s->set);
    free(s->packet);
    free(s->quoted);
}

static void replies(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        uint8_t id;
        uint8_t type;
        int64_t at;
        int mismatch; /* -1: nothing is added */
        uint8_t attempt;
    } cases[] = {
        {"192.0.2.1", "192.0.2.9#40000", 1, 6, 20 * MS, 0, 1},
        {"192.0.2.1", "192.0.2.9#40000", 2, 6, 420 * MS, 0, 2},
        {"192.0.2.1", "192.0.2.9#40000", 1, 6, -MS, 0, 1}, /* sooner than the clock was read */
        {"192.0.2.1", "192.0.2.9#40000", 1, 6, 999 * MS, 0, 1},
        {"192.0.2.1", "192.0.2.9#40000", 1, 6, 1001 * MS, -1, 0}, /* the socket is closed */
        {"192.0.2.1", "192.0.2.9#40000", 1, 6, -50 * MS, -1, 0},
        {"192.0.2.1", "192.0.2.9#40001", 1, 6, 20 * MS, -1, 0},
        {"192.0.2.1", "192.0.2.9#40000", 7, 6, 20 * MS, MISMATCH_ID, 0},
        {"192.0.2.1", "192.0.2.9#40000", 1, 2, 20 * MS, MISMATCH_QUESTION, 1},
        {"192.0.2.77", "192.0.2.9#40000", 1, 6, 20 * MS, MISMATCH_ADDRESS, 1},
        {"192.0.2.77", "192.0.2.9#40000", 7, 6, 20 * MS, -1, 0}, /* somebody else's */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene_t s;
        scene_make(&s, TRANSPORT_UDP);
        feed_udp(&s, cases[i].from, cases[i].to, cases[i].id, cases[i].type, cases[i].at);
        assert_true(witness_join(s.witness, &s.set));
        const event_t *e = exchange_find(s.x, EVENT_NOT_DELIVERED);
        if ((e == NULL) != (cases[i].mismatch < 0))
            print_message("case %zu\n", i);
        assert_int_equal(e == NULL, cases[i].mismatch < 0);
        if (e != NULL) {
            assert_int_equal(e->mismatch, cases[i].mismatch);
            assert_int_equal(e->attempt, cases[i].attempt);
            assert_int_equal(e->at, cases[i].at);
            assert_int_equal(e->size, 25);
        }
        /* what was joined is forgotten */
        uint32_t before = s.x->event_count;
        assert_true(witness_join(s.witness, &s.set));
        assert_int_equal(s.x->event_count, before);
        scene_end(&s);
    }
}

/* What the socket got is no news, and an answered exchange needs no witness. */
static void delivered(void **state)
{
    (void)state;
    uint8_t wire[64];
    for (int kind = 0; kind < 2; kind++) {
        scene_t s;
        scene_make(&s, TRANSPORT_UDP);
        size_t n = message(1, true, kind == 0 ? 6 : 2, wire);
        append(s.x, kind == 0 ? EVENT_REPLY : EVENT_MISMATCH, 1, 20 * MS, wire, n);
        feed_udp(&s, "192.0.2.1", "192.0.2.9#40000", 1, kind == 0 ? 6 : 2, 20 * MS);
        if (kind == 0)
            feed_udp(&s, "192.0.2.1", "192.0.2.9#40000", 2, 6, 30 * MS);
        assert_true(witness_join(s.witness, &s.set));
        assert_null(exchange_find(s.x, EVENT_NOT_DELIVERED));
        scene_end(&s);
    }
}

static void handshake(void **state)
{
    (void)state;
    for (int port = 40000; port < 40002; port++) {
        scene_t s;
        scene_make(&s, TRANSPORT_TCP);
        addr_t to = s.client;
        to.port = (uint16_t)port;
        packet_tcp(s.packet, &to, &s.server, 1, 0, TCP_SYN, NULL, 0);
        feed(&s, 0);
        packet_tcp(s.packet, &s.server, &to, 5, 2, TCP_SYN | TCP_ACK, NULL, 0);
        feed(&s, MS);
        assert_true(witness_join(s.witness, &s.set));
        assert_int_equal(exchange_find(s.x, EVENT_TCP_NOT_DELIVERED) != NULL, port == 40000);
        scene_end(&s);
    }
}

static void icmp(void **state)
{
    (void)state;
    scene_t s;
    uint8_t wire[64];
    addr_t router = address("192.0.2.254");
    scene_make(&s, TRANSPORT_UDP);
    size_t n = message(2, false, 6, wire);
    packet_udp(s.quoted, NULL, &s.client, &s.server, wire, (uint32_t)n);
    packet_icmp(s.packet, &router, &s.client, 3, 13, 0, s.quoted);
    feed(&s, 500 * MS);
    assert_true(witness_join(s.witness, &s.set));
    const event_t *e = exchange_find(s.x, EVENT_ICMP);
    assert_non_null(e);
    assert_int_equal(e->icmp_type, 3);
    assert_int_equal(e->icmp_code, 13);
    assert_int_equal(e->attempt, 2);
    assert_true(addr_same_host(&e->peer, &router));
    scene_end(&s);
}

/* The first 24 octets behind the IP header, or the rest, as a fragment. */
static void fragments(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        scene_t s;
        uint8_t wire[64];
        scene_make(&s, TRANSPORT_UDP);
        size_t n = message(1, true, 6, wire);
        packet_udp(s.packet, NULL, &s.server, &s.client, wire, (uint32_t)n);
        uint8_t *ip = s.packet->octets;
        if (first != 0) {
            s.packet->size = 20 + 24;
        } else {
            memmove(ip + 20, ip + 20 + 24, s.packet->size - 44);
            s.packet->size -= 24;
        }
        ip[2] = 0;
        ip[3] = (uint8_t)s.packet->size;
        ip[6] = first != 0 ? 0x20 : 0;
        ip[7] = first != 0 ? 0 : 3;
        ip[10] = 0;
        ip[11] = 0;
        uint32_t sum = 0;
        for (unsigned i = 0; i < 20; i += 2)
            sum += (uint32_t)ip[i] << 8 | ip[i + 1];
        sum = (sum & 0xffff) + (sum >> 16);
        sum = ~((sum & 0xffff) + (sum >> 16));
        ip[10] = (uint8_t)(sum >> 8);
        ip[11] = (uint8_t)sum;
        feed(&s, 30 * MS);
        assert_true(witness_join(s.witness, &s.set));
        const event_t *e = exchange_find(s.x, EVENT_FRAGMENTS_LOST);
        assert_non_null(e);
        assert_int_equal(e->size > 0, first);
        assert_null(exchange_find(s.x, EVENT_NOT_DELIVERED));
        scene_end(&s);
    }
}

/* Any number of packets takes bounded memory, and what there is no room for is counted. */
static void bounded(void **state)
{
    (void)state;
    scene_t s;
    scene_make(&s, TRANSPORT_UDP);
    for (unsigned i = 0; i < 70000; i++)
        feed_udp(&s, "192.0.2.1", "192.0.2.9#41000", 1, 6, 20 * MS);
    witness_stats_t stats = witness_stats(s.witness);
    assert_int_equal(stats.packets, 70000);
    assert_int_equal(stats.forgotten, 70000 - 65536);
    assert_true(witness_join(s.witness, &s.set));
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies), cmocka_unit_test(delivered), cmocka_unit_test(handshake),
        cmocka_unit_test(icmp),    cmocka_unit_test(fragments), cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
