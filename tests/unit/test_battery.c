#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probe/battery.h"

static nsp_name_t name_of(const char *text)
{
    nsp_name_t n;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &n, NULL), NSP_OK);
    return n;
}

static exchange_t *exchange_of(exchange_set_t *set, transport_t transport, const uint8_t *wire,
                               size_t size)
{
    addr_t server;
    assert_true(addr_from_text("192.0.2.1", 9, 53, &server));
    exchange_t *x = exchange_add(set, transport, &server, wire, size);
    assert_non_null(x);
    event_t e = {.kind = EVENT_SENT, .attempt = 1, .bytes = wire, .size = (uint32_t)size};
    assert_true(exchange_append(x, &e));
    return x;
}

/* Whatever the random value, each probe is recognised as what it is, and has RD clear. */
static void test_round_trip(void **state)
{
    (void)state;
    nsp_name_t zone = name_of("Example.COM.");
    for (uint64_t random = 0; random < 64; random++) {
        battery_query_t q[BATTERY_MAX];
        exchange_set_t set;
        exchange_set_init(&set, 0);
        assert_int_equal(battery_build(&zone, random, NULL, q), BATTERY_MAX);
        for (size_t i = 0; i < BATTERY_MAX; i++) {
            exchange_t *x = exchange_of(&set, q[i].transport, q[i].wire, q[i].size);
            assert_int_equal(probe_kind_of(x, &zone), q[i].kind);
            assert_int_equal(q[i].wire[2], 0);
            for (size_t k = 0; k < i; k++)
                assert_false(q[i].transport == q[k].transport && q[i].size == q[k].size &&
                             memcmp(q[i].wire, q[k].wire, q[i].size) == 0);
        }
        exchange_set_free(&set);
    }
}

static void test_deterministic(void **state)
{
    (void)state;
    nsp_name_t zone = name_of("example.com.");
    battery_query_t a[BATTERY_MAX];
    battery_query_t b[BATTERY_MAX];
    assert_int_equal(battery_build(&zone, 7, NULL, a), BATTERY_MAX);
    assert_int_equal(battery_build(&zone, 7, NULL, b), BATTERY_MAX);
    for (size_t i = 0; i < BATTERY_MAX; i++)
        assert_memory_equal(a[i].wire, b[i].wire, a[i].size);
}

static size_t count_kind(const char *zone_text, probe_kind_t kind)
{
    battery_query_t q[BATTERY_MAX];
    nsp_name_t zone = name_of(zone_text);
    size_t total = battery_build(&zone, 1, NULL, q);
    size_t n = 0;
    for (size_t i = 0; i < total; i++)
        n += q[i].kind == kind;
    return n;
}

/* "nsprobe-" and 12 digits are 21 octets with their length: a zone of 234 octets has room. */
static void test_room(void **state)
{
    (void)state;
    char text[256];
    static const struct {
        unsigned last; /* octets of the fourth label */
        size_t expected;
    } rooms[] = {{39, 1}, {40, 1}, {41, 0}};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        size_t n = 0;
        for (unsigned label = 0; label < 4; label++) {
            unsigned len = label < 3 ? 63 : rooms[i].last;
            memset(text + n, 'a', len);
            n += len;
            text[n++] = '.';
        }
        text[n] = '\0';
        assert_int_equal(count_kind(text, PROBE_NXDOMAIN), rooms[i].expected);
        assert_int_equal(count_kind(text, PROBE_SOA), 1);
    }
    assert_int_equal(count_kind(".", PROBE_CASE), 0);
    assert_int_equal(count_kind("1.2.", PROBE_CASE), 0);
    assert_int_equal(count_kind("x.", PROBE_CASE), 1);
}

/* A mark is in the name where there is room, and left out where there is none. */
static void test_marked(void **state)
{
    (void)state;
    const run_mark_t mark = {.waits = 2, .wait = {300000000, 500000000}, .undelegated = true};
    static const struct {
        unsigned last; /* octets of the fourth label */
        bool marked;
    } rooms[] = {{10, true}, {30, true}, {31, false}, {40, false}};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        battery_query_t q[BATTERY_MAX];
        char text[256];
        run_mark_t got;
        snprintf(text, sizeof text, "%063d.%063d.%063d.%0*d.", 1, 1, 1, (int)rooms[i].last, 1);
        nsp_name_t zone = name_of(text);
        size_t n = battery_build(&zone, 5, &mark, q);
        bool found = false;
        for (size_t k = 0; k < n; k++) {
            nsp_name_t name;
            uint16_t type = 0;
            uint16_t qclass = 0;
            if (q[k].kind != PROBE_NXDOMAIN)
                continue;
            found = true;
            assert_true(question_read(q[k].wire, q[k].size, &name, &type, &qclass));
            assert_int_equal(run_mark_read(&name, &got), rooms[i].marked);
            assert_true(!rooms[i].marked ||
                        (got.waits == 2 && got.wait[1] == 500000000 && got.undelegated));
        }
        assert_true(found);
    }
}

typedef struct kind_case {
    const char *name;
    const char *qname;
    uint16_t type;
    uint16_t flags;
    int size; /* of the OPT; -1 for none */
    uint16_t edns_flags;
    transport_t transport;
    probe_kind_t kind;
} kind_case_t;

static const kind_case_t kinds[] = {
    {"recursion desired", "a.test.", NSP_TYPE_SOA, NSP_FLAG_RD, -1, 0, TRANSPORT_UDP, PROBE_NONE},
    {"a reply", "a.test.", NSP_TYPE_SOA, NSP_FLAG_QR, -1, 0, TRANSPORT_UDP, PROBE_NONE},
    {"notify", "a.test.", NSP_TYPE_SOA, 4 << 11, -1, 0, TRANSPORT_UDP, PROBE_NONE},
    {"another zone", "b.test.", NSP_TYPE_SOA, 0, -1, 0, TRANSPORT_UDP, PROBE_NONE},
    {"below", "www.a.test.", NSP_TYPE_SOA, 0, -1, 0, TRANSPORT_UDP, PROBE_NONE},
    {"soa", "a.test.", NSP_TYPE_SOA, 0, -1, 0, TRANSPORT_UDP, PROBE_SOA},
    {"soa edns", "a.test.", NSP_TYPE_SOA, 0, 512, 0, TRANSPORT_UDP, PROBE_SOA_EDNS},
    {"soa case", "A.test.", NSP_TYPE_SOA, 0, 1232, 0, TRANSPORT_UDP, PROBE_CASE},
    {"soa tcp", "a.test.", NSP_TYPE_SOA, 0, -1, 0, TRANSPORT_TCP, PROBE_SOA_TCP},
    {"ns plain", "a.test.", NSP_TYPE_NS, 0, -1, 0, TRANSPORT_UDP, PROBE_NONE},
    {"ns", "a.test.", NSP_TYPE_NS, 0, 1232, 0, TRANSPORT_UDP, PROBE_NS},
    {"big of another size", "a.test.", NSP_TYPE_TXT, 0, 4095, NSP_EDNS_DO, TRANSPORT_UDP,
     PROBE_NONE},
    {"big", "a.test.", NSP_TYPE_TXT, 0, 4096, NSP_EDNS_DO, TRANSPORT_UDP, PROBE_BIG},
    {"big without DO", "a.test.", NSP_TYPE_TXT, 0, 4096, 0, TRANSPORT_UDP, PROBE_NONE},
    {"big tcp", "a.test.", NSP_TYPE_DNSKEY, 0, 4096, NSP_EDNS_DO, TRANSPORT_TCP, PROBE_BIG_TCP},
    {"nodata", "a.test.", PROBE_NODATA_TYPE, 0, 1232, 0, TRANSPORT_UDP, PROBE_NODATA},
    {"nxdomain", "nsprobe-0.a.test.", NSP_TYPE_A, 0, 1232, 0, TRANSPORT_UDP, PROBE_NXDOMAIN},
    {"two labels below", "nsprobe-0.b.a.test.", NSP_TYPE_A, 0, 1232, 0, TRANSPORT_UDP, PROBE_NONE},
    {"another label", "nsprobe.a.test.", NSP_TYPE_A, 0, 1232, 0, TRANSPORT_UDP, PROBE_NONE},
};

static void test_kinds(void **state)
{
    (void)state;
    nsp_name_t zone = name_of("a.test.");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const kind_case_t *c = &kinds[i];
        exchange_set_t set;
        uint8_t buf[512];
        size_t size = 0;
        nsp_name_t name = name_of(c->qname);
        nsp_edns_t edns = {.udp_size = (uint16_t)c->size, .flags = c->edns_flags};
        print_message("  %s\n", c->name);
        assert_int_equal(nsp_build_query(buf, sizeof buf, 9, c->flags, &name, c->type, NSP_CLASS_IN,
                                         c->size < 0 ? NULL : &edns, &size),
                         NSP_OK);
        exchange_set_init(&set, 0);
        assert_int_equal(probe_kind_of(exchange_of(&set, c->transport, buf, size), &zone), c->kind);
        exchange_set_free(&set);
    }
}

static void test_kind_of_no_query(void **state)
{
    (void)state;
    nsp_name_t zone = name_of("a.test.");
    exchange_set_t set;
    exchange_set_init(&set, 0);
    exchange_t *x = exchange_of(&set, TRANSPORT_UDP, (const uint8_t *)"abc", 3);
    assert_int_equal(probe_kind_of(x, &zone), PROBE_NONE);
    exchange_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_room),       cmocka_unit_test(test_marked),
        cmocka_unit_test(test_kinds),      cmocka_unit_test(test_kind_of_no_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
