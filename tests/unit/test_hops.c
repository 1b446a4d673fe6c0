/* Asking for the way to silent addresses, in a small Internet without routers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/way.h"
#include "fakezone.h"
#include "probe/check.h"
#include "probe/hops.h"

#define ZONE(behaviour)                                                                            \
    "zone . {\n@ 60 SOA a.root. h 1 1 1 1 60\n@ 60 NS a.root.\na.root. 60 A 198.41.0.4\n"          \
    "example 60 NS ns.example\nns.example 60 A 192.0.2.1\n"                                        \
    "example 60 NS ns2.example\nns2.example 60 A 192.0.2.2\n}\n"                                   \
    "address 198.41.0.4 {\nserves .\n}\n"                                                          \
    "zone example {\n@ 60 SOA ns h 1 1 1 1 60\n@ 60 NS ns\n@ 60 NS ns2\nns 60 A 192.0.2.1\n"       \
    "ns2 60 A 192.0.2.2\n}\naddress 192.0.2.1 {\nserves example\n" behaviour "}\n"                 \
    "address 192.0.2.2 {\nserves example\n}\n"

typedef struct run {
    fakezone_t *world;
    exchange_set_t set;
    model_t *m;
    unsigned hops;     /* queries for hops */
    unsigned attempts; /* of them, packets */
    unsigned most;     /* hops of one of them */
} run_t;

static addr_t address(const char *text)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), 53, &a));
    return a;
}

static void run(run_t *r, const char *scenario, const check_options_t *o)
{
    memset(r, 0, sizeof *r);
    given_ns_t root = {.has_addr = true, .addr = address("198.41.0.4")};
    nsp_name_root(&root.name);
    model_input_t in = {.kind = START_HINTS,
                        .start = &root,
                        .start_count = 1,
                        .port = 53,
                        .use_ipv4 = true,
                        .use_ipv6 = true,
                        .parents_max = 32};
    assert_int_equal(nsp_name_from_text("example.", 8, NULL, &in.domain, NULL), NSP_OK);
    r->world = fakezone_new(scenario);
    r->m = calloc(1, sizeof *r->m);
    assert_non_null(r->m);
    exchange_set_init(&r->set, 0);
    assert_int_equal(check_run(fakezone_net(r->world), &in, o, &r->set, r->m), NET_OK);
    for (uint32_t i = 0; i < r->set.count; i++) {
        const exchange_t *x = r->set.item[i];
        unsigned hops = way_hops_of(x, &r->m->zone);
        assert_int_equal(hops, x->ttl);
        assert_true(hops == 0 || x->server.octets[3] == 1);
        r->hops += hops != 0;
        r->attempts += hops != 0 ? exchange_attempts(x) : 0;
        r->most = hops > r->most ? hops : r->most;
    }
}

static void run_free(run_t *r)
{
    exchange_set_free(&r->set);
    fakezone_free(r->world);
    free(r->m);
}

/* The silent address is asked for a few hops, twice each, and the check takes no longer. */
static void test_silent(void **state)
{
    (void)state;
    static const char *const scenarios[] = {ZONE("behave drop\n"), ZONE("behave drop when udp\n")};
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        run_t with;
        run_t without;
        check_options_t o = check_options_default();
        run(&without, scenarios[i], &o);
        o.hops = true;
        run(&with, scenarios[i], &o);
        assert_int_equal(with.hops, HOPS_AHEAD);
        assert_int_equal(with.attempts, 2 * HOPS_AHEAD);
        assert_int_equal(with.most, HOPS_AHEAD);
        assert_int_equal(without.hops, 0);
        assert_true(fakezone_elapsed(with.world) <= fakezone_elapsed(without.world));
        run_free(&with);
        run_free(&without);
    }
}

/* Who answers anything over UDP is not asked for hops. */
static void test_answered(void **state)
{
    (void)state;
    static const char *const scenarios[] = {ZONE(""), ZONE("behave refuse\n"),
                                            ZONE("behave drop when tcp\n"),
                                            ZONE("behave drop when edns\n")};
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        run_t r;
        check_options_t o = check_options_default();
        o.hops = true;
        run(&r, scenarios[i], &o);
        assert_int_equal(r.hops, 0);
        run_free(&r);
    }
}

/* Any schedule: asking ends with it, or is left out. */
static void test_schedules(void **state)
{
    (void)state;
    static const struct {
        schedule_t schedule;
        unsigned tries;
    } cases[] = {
        {{.tries = 1, .wait = {1000000000}}, 0},
        {{.tries = 2, .wait = {100000000, 100000000}}, 0},
        {{.tries = 1, .wait = {1000000000}, .late = 1000000000}, 2},
        {{.tries = 3, .wait = {1000000000, 2000000000, 4000000000}, .late = 1000000000}, 2},
        {{.tries = 2, .wait = {5000000000, 60000000000}}, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_t with;
        run_t without;
        check_options_t o = check_options_default();
        o.schedule = cases[i].schedule;
        assert_int_equal(hops_schedule(&o.schedule).tries, cases[i].tries);
        run(&without, ZONE("behave drop\n"), &o);
        o.hops = true;
        run(&with, ZONE("behave drop\n"), &o);
        assert_int_equal(with.hops, cases[i].tries > 0 ? HOPS_AHEAD : 0);
        assert_true(fakezone_elapsed(with.world) <= fakezone_elapsed(without.world));
        run_free(&with);
        run_free(&without);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_silent),
                                       cmocka_unit_test(test_answered),
                                       cmocka_unit_test(test_schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
