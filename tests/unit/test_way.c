/* The way to an address: what reports come to, what is said of them, and the causes they tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/way.h"
#include "xbuild.h"

#define HOPS 11

/* Who answers at each hop, from hop 1 on. */
typedef struct report {
    const char *from; /* NULL: nobody */
    uint8_t type;     /* of ICMP; 0: the server's reply */
    uint8_t code;
} report_t;

/* A query for so many hops in the set of an exchange, and what came of it. */
static void ask(exchange_set_t *set, const addr_t *server, const nsp_name_t *zone, unsigned hops,
                const report_t *r)
{
    uint8_t wire[512];
    size_t size = 0;
    nsp_name_t name;
    nsp_edns_t edns = {.udp_size = 1232};
    assert_true(way_name(zone, hops, UINT64_C(0xfeedabcdef), &name));
    assert_int_equal(
        nsp_build_query(wire, sizeof wire, 7, 0, &name, NSP_TYPE_A, NSP_CLASS_IN, &edns, &size),
        NSP_OK);
    exchange_t *x = exchange_add(set, TRANSPORT_UDP, server, wire, size);
    assert_non_null(x);
    event_t sent = {
        .kind = EVENT_SENT, .attempt = 1, .at = X_SEC, .bytes = wire, .size = (uint32_t)size};
    assert_true(exchange_append(x, &sent));
    x->finished = true;
    if (r->from == NULL)
        return;
    event_t e = {.kind = r->type != 0 ? EVENT_ICMP : EVENT_REPLY,
                 .attempt = 1,
                 .at = X_SEC + X_MS,
                 .icmp_type = r->type,
                 .icmp_code = r->code,
                 .peer = xaddr(r->from)};
    if (r->type == 0) {
        wire[2] |= 0x80;
        e.bytes = wire;
        e.size = (uint32_t)size;
    }
    assert_true(exchange_append(x, &e));
}

typedef struct way_case {
    const char *name;
    report_t report[HOPS];
    const char *text; /* how it begins */
    unsigned shown;
} way_case_t;

#define TTL4 11, 0

static const way_case_t cases[] = {
    {"nobody", {{0}}, " No router on the path answers", 1},
    {"in the middle",
     {{"198.51.100.1", TTL4}, {"198.51.100.2", TTL4}},
     " The path answers as far as hop 2 (198.51.100.2); nothing behind it does.",
     3},
    {"routers that are silent between",
     {{NULL, TTL4}, {NULL, TTL4}, {"198.51.100.3", TTL4}},
     " The path answers as far as hop 3 (198.51.100.3); nothing behind it does.",
     4},
    {"a router rejects what would go on",
     {{"198.51.100.1", TTL4}, {"198.51.100.2", TTL4}, {"198.51.100.2", 3, 13}},
     " The path ends at hop 2: 198.51.100.2 says there \"communication administratively "
     "prohibited\" (ICMP).",
     3},
    {"somebody unknown rejects",
     {{"198.51.100.1", TTL4}, {NULL, 0, 0}, {"198.51.100.9", 3, 1}},
     " The path ends between hops 2 and 3: 198.51.100.9 says \"host unreachable\" (ICMP).",
     3},
    {"packets go round",
     {{"198.51.100.1", TTL4},
      {"198.51.100.2", TTL4},
      {"198.51.100.3", TTL4},
      {"198.51.100.2", TTL4},
      {"198.51.100.3", TTL4}},
     " Packets go round: hops 2 and 4 are the same router (198.51.100.2).",
     6},
    {"one router twice in a row is no loop",
     {{"198.51.100.1", TTL4}, {"198.51.100.1", TTL4}, {"198.51.100.1", TTL4}},
     " The path answers as far as hop 3 (198.51.100.1); nothing behind it does.",
     4},
    {"the server after all",
     {{"198.51.100.1", TTL4}, {"8.0.0.1", 0, 0}},
     " A later query was answered, from 2 hops away.",
     2},
};

static void test_text(void **state)
{
    (void)state;
    addr_t server = xaddr("8.0.0.1");
    nsp_name_t zone = xname("example.net.");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exchange_set_t set;
        way_t w;
        char text[WAY_TEXT_MAX];
        exchange_set_init(&set, 1);
        way_of(&set, &server, &zone, &w);
        assert_string_equal(way_text(&w, &server, text), "");
        for (unsigned hop = 1; hop <= HOPS; hop++)
            ask(&set, &server, &zone, hop, &cases[i].report[hop - 1]);
        way_of(&set, &server, &zone, &w);
        way_text(&w, &server, text);
        if (strncmp(text, cases[i].text, strlen(cases[i].text)) != 0)
            print_error("%s:%s\n", cases[i].name, text);
        assert_int_equal(strncmp(text, cases[i].text, strlen(cases[i].text)), 0);
        assert_int_equal(way_shown(&w), cases[i].shown);
        assert_int_equal(w.asked, HOPS);
        exchange_set_free(&set);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const not_hops[] = {
        "nsprobe-hop-00-00000001.example.net.",  "nsprobe-hop-31-00000001.example.net.",
        "nsprobe-hop-99-00000001.example.net.",  "nsprobe-hop-1a-00000001.example.net.",
        "nsprobe-hop-01.00000001.example.net.",  "nsprobe-hop-01-0000001.example.net.",
        "nsprobe-hop-01_00000001.example.net.",  "nsprobe-3f5a90c1d27e-1000.example.net.",
        "nsprobe-hop-01-000000011.example.net.", "."};
    nsp_name_t zone = xname("example.net.");
    nsp_name_t name;
    for (unsigned hops = 1; hops <= WAY_HOPS_ASKED; hops++) {
        assert_true(way_name(&zone, hops, UINT64_MAX, &name));
        assert_int_equal(way_hops_of_name(&name), hops);
    }
    assert_false(way_name(&zone, 0, 1, &name));
    assert_false(way_name(&zone, WAY_HOPS_ASKED + 1, 1, &name));
    for (size_t i = 0; i < sizeof not_hops / sizeof not_hops[0]; i++) {
        name = xname(not_hops[i]);
        assert_int_equal(way_hops_of_name(&name), 0);
    }
    char text[NSP_NAME_TEXT_MAX] = "";
    for (unsigned i = 0; i < 3; i++)
        strcat(text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.");
    strcat(text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.");
    nsp_name_t longest = xname(text);
    assert_false(way_name(&longest, 1, 1, &name));
}

/* Nobody's packets bring the figures out of their bounds. */
static void test_bounds(void **state)
{
    (void)state;
    exchange_set_t set;
    way_t w;
    memset(&w, 0, sizeof w);
    addr_t server = xaddr("8.0.0.1");
    nsp_name_t zone = xname("example.net.");
    exchange_set_init(&set, 1);
    ask(&set, &server, &zone, 1, &(report_t){"198.51.100.1", TTL4});
    way_add(&w, 0, set.item[0]);
    way_add(&w, WAY_HOPS_MAX + 1, set.item[0]);
    assert_int_equal(w.asked, 0);
    way_add(&w, WAY_HOPS_MAX, set.item[0]);
    assert_int_equal(way_shown(&w), WAY_HOPS_MAX);
    assert_true(addr_same_host(way_last(&w), &set.item[0]->event[1].peer));
    exchange_set_free(&set);
}

/* What comes of silent addresses: the way to each, and how the first one's cause begins. */
typedef struct cause_case {
    const char *name;
    unsigned silent; /* bits of addresses */
    report_t report[HOPS];
    const char *cause;
    const char *said;
    const char *fix;
} cause_case_t;

static const cause_case_t causes[] = {
    {"dropped behind the second router",
     1,
     {{"198.51.100.1", TTL4}, {"198.51.100.2", TTL4}},
     "The server does not listen on this address",
     "as far as hop 2 (198.51.100.2)",
     "behind 198.51.100.2 (hop 2)"},
    {"a loop",
     1,
     {{"198.51.100.1", TTL4}, {"198.51.100.2", TTL4}, {"198.51.100.1", TTL4}},
     "A routing loop",
     "Packets go round",
     NULL},
    {"a filter that spoke once",
     1,
     {{"198.51.100.1", TTL4}, {"198.51.100.1", 3, 10}},
     "A firewall on the way",
     "198.51.100.1 says there",
     NULL},
    {"no route",
     1,
     {{"198.51.100.1", 3, 0}},
     "The route to the server's network",
     "198.51.100.1",
     NULL},
    {"no such host",
     1,
     {{"198.51.100.1", TTL4}, {"198.51.100.1", 3, 1}},
     "The host is switched off",
     "198.51.100.1 says there",
     NULL},
    {"all servers, one router",
     15,
     {{"198.51.100.1", TTL4}},
     "The way is broken in the middle",
     "as far as hop 1 (198.51.100.1)",
     NULL},
    {"nobody reports",
     1,
     {{0}},
     "The server does not listen on this address",
     "No router on the path answers",
     "nsprobe trace @"},
};

static void run_cause(const cause_case_t *c)
{
    xlab_t x;
    finding_list_t list;
    xlab_healthy(&x);
    for (unsigned i = 0; i < x.count; i++)
        if ((c->silent & 1u << i) != 0)
            xlab_act(&x, i, XA_SILENT);
    xlab_build(&x);
    for (unsigned i = 0; i < x.count; i++)
        for (unsigned hop = 1; hop <= HOPS && (c->silent & 1u << i) != 0; hop++)
            ask(&x.set, &x.m->address[i].addr, &x.m->zone, hop, &c->report[hop - 1]);
    finding_list_init(&list);
    assert_true(diagnose(x.m, &x.set, NULL, &list));
    const finding_t *f = NULL;
    for (size_t k = 0; k < list.count; k++) {
        if (list.item[k].id == FINDING_UNRESPONSIVE && f == NULL)
            f = &list.item[k];
        /* reports about the way are no answers of the address */
        assert_int_not_equal(list.item[k].id, FINDING_ICMP_UNREACHABLE);
    }
    assert_non_null(f);
    if (strncmp(finding_cause(f), c->cause, strlen(c->cause)) != 0 ||
        strstr(f->text, c->said) == NULL || (c->fix != NULL && strstr(f->fix, c->fix) == NULL))
        print_error("%s: %s / %s / %s\n", c->name, finding_cause(f), f->text, f->fix);
    assert_int_equal(strncmp(finding_cause(f), c->cause, strlen(c->cause)), 0);
    assert_non_null(strstr(f->text, c->said));
    assert_true(c->fix == NULL || strstr(f->fix, c->fix) != NULL);
    unsigned shown = 0;
    for (uint16_t i = 0; i < f->evidence_count; i++)
        shown += way_hops_of(x.set.item[f->evidence[i] - 1], &x.m->zone) != 0;
    assert_true(shown >= 1);
    finding_list_free(&list);
    xlab_free(&x);
}

static void test_causes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        run_cause(&causes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_causes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
