/* What a check asks and how long it takes: the battery, dead addresses, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "checkrun.h"
#include "diagnose/form.h"
#include "probe/battery.h"

static void battery_asked_of_each_address(bool thorough)
{
    checkrun_t r;
    form_set_t forms;
    checkrun_begin(&r, NORMAL, "example.com.");
    r.options.thorough = thorough;
    checkrun_expect(&r, "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS);
    assert_int_equal(r.m->address_count, 3);
    form_set_init(&forms, &r.m->zone);
    for (uint16_t i = 0; i < r.m->address_count; i++) {
        unsigned seen[PROBE_NODATA + 1] = {0};
        unsigned formed[FORM_COUNT + 1] = {0};
        for (uint32_t k = 0; k < r.set.count; k++)
            if (addr_equal(&r.set.item[k]->server, &r.m->address[i].addr)) {
                form_id_t form = form_of(&forms, r.set.item[k]);
                formed[form]++;
                if (form == FORM_COUNT)
                    seen[probe_kind_of(r.set.item[k], &r.m->zone)]++;
            }
        for (unsigned kind = PROBE_SOA; kind <= PROBE_NODATA; kind++)
            assert_int_equal(seen[kind], kind == PROBE_BIG || kind == PROBE_BIG_TCP ? 2 : 1);
        assert_int_equal(seen[PROBE_NONE], 4); /* A and AAAA of the two names */
        for (unsigned form = 0; form < FORM_COUNT; form++)
            assert_int_equal(formed[form], thorough || !form_is_thorough((form_id_t)form));
    }
    checkrun_end(&r);
}

static void test_battery_asked_of_each_address(void **state)
{
    (void)state;
    battery_asked_of_each_address(false);
    battery_asked_of_each_address(true);
}

/* One dead address of several costs what one alone costs: a schedule of tries. */
static void test_dead_addresses_cost_one_schedule(void **state)
{
    (void)state;
    int64_t elapsed[3];
    const char *scenarios[3] = {
        ROOT COM(TWO_GLUED)
            COM_ADDRESSES EXAMPLE(TWO_ZONE) "address 192.0.2.1 {\nserves example.com\n}\n"
                                            "address 2001:db8::1 {\nserves example.com\n}\naddress "
                                            "192.0.2.2 {\nbehave drop\n}\n",
        ROOT COM(TWO_GLUED) COM_ADDRESSES,
        ROOT COM(TWO_GLUED) COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES_NO_UDP};
    for (int i = 0; i < 3; i++) {
        checkrun_t r;
        checkrun_begin(&r, scenarios[i], "example.com.");
        assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
        elapsed[i] = fakezone_elapsed(r.world);
        checkrun_end(&r);
    }
    assert_true(elapsed[0] < INT64_C(9000000000)); /* 1 + 2 + 4 + 1 seconds, and the walk */
    assert_true(elapsed[1] < INT64_C(9000000000));
    assert_true(elapsed[2] < INT64_C(9000000000));
}

/* Addresses that are silent on the way to the zone cost a moment for each two, and not their
 * schedules one after the other. */
static void test_silent_addresses_above_cost_a_moment(void **state)
{
    (void)state;
    checkrun_t r;
    char scenario[8192];
    size_t n = 0;
    for (int i = 91; i < 94; i++)
        n += (size_t)snprintf(
            scenario + n, sizeof scenario - n,
            "root 198.41.0.%d 2001:db8::%d\naddress 198.41.0.%d {\nbehave drop\n}\n"
            "address 2001:db8::%d {\nbehave drop\n}\n",
            i, i, i, i);
    snprintf(scenario + n, sizeof scenario - n, "%s", NORMAL);
    checkrun_begin(&r, scenario, "example.com.");
    checkrun_expect(&r, "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS);
    assert_int_equal(checkrun_count_to(&r, "198.41.0.93"), 1);
    assert_true(fakezone_elapsed(r.world) < INT64_C(10000000000)); /* 8, and 3 times 0.4 */
    checkrun_end(&r);
}

static void test_interrupted(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, ROOT COM(TWO_GLUED) COM_ADDRESSES, "example.com.");
    fakezone_interrupt_at(r.world, INT64_C(500000000));
    assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m),
                     NET_E_INTERRUPTED);
    assert_false(r.m->finished);
    assert_true(r.m->zone_found);
    assert_int_equal(r.m->server_count, 2);
    checkrun_end(&r);
}

static void test_budget(void **state)
{
    (void)state;
    for (unsigned max = 0; max < 40; max += 13) {
        checkrun_t r;
        checkrun_begin(&r, NORMAL, "example.com.");
        r.options.exchanges_max = max;
        assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
        assert_true(r.set.count <= max);
        checkrun_end(&r);
    }
}

/* A referral with more servers and addresses than the model holds. */
static void test_huge_referral(void **state)
{
    (void)state;
    size_t cap = 65536;
    char *lines = malloc(cap);
    char *scenario = malloc(cap);
    size_t n = 0;
    assert_true(lines != NULL && scenario != NULL);
    for (int i = 0; i < MODEL_SERVERS_MAX + 20; i++)
        n += (size_t)snprintf(lines + n, cap - n,
                              "example 60 NS n%d.example\nn%d.example 60 A 10.0.%d.1\n"
                              "n%d.example 60 A 10.0.%d.2\nn%d.example 60 A 10.0.%d.3\n",
                              i, i, i, i, i, i, i);
    snprintf(scenario, cap, "%s%s%s}\n%s", ROOT,
             "zone com {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A 192.5.6.30\n",
             lines, COM_ADDRESSES);
    checkrun_t r;
    checkrun_begin(&r, scenario, "example.com.");
    assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
    assert_true(r.m->finished);
    assert_int_equal(r.m->server_count, MODEL_SERVERS_MAX);
    assert_int_equal(r.m->address_count, MODEL_ADDRESSES_MAX);
    assert_true(r.m->dropped > 0);
    checkrun_hold(&r);
    checkrun_end(&r);
    free(lines);
    free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_battery_asked_of_each_address),
        cmocka_unit_test(test_dead_addresses_cost_one_schedule),
        cmocka_unit_test(test_silent_addresses_above_cost_a_moment),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_huge_referral),
    };
    return cmocka_run_group_tests_name("check_cost", tests, NULL, NULL);
}
