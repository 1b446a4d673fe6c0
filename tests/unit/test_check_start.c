/* Where a check starts, and over what it may go: given servers, a resolver, one family, another
 * port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkrun.h"

static void test_given(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, NORMAL, "example.com.");
    r.in.kind = START_GIVEN;
    checkrun_give(&r, 0, "ns1.example.com.", "192.0.2.1");
    checkrun_give(&r, 1, "ns2.example.com.", NULL);
    checkrun_expect(&r, "zone example.com. found\n"
                        "ns1.example.com. pcz found 192.0.2.1/zu 2001:db8::1/z\n"
                        "ns2.example.com. pcz found 192.0.2.2/z\n");
    assert_int_equal(checkrun_count_to(&r, "192.5.6.30"), 0);
    checkrun_end(&r);
}

static void test_undelegated(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r,
                   ROOT COM("") COM_ADDRESSES NET("ns.other 60 A 192.0.2.2\n")
                       EXAMPLE("@ 60 NS ns1\n@ 60 NS ns.other.net.\nns1 60 A 192.0.2.1\n")
                           TWO_ADDRESSES,
                   "example.com.");
    r.in.roots = r.roots;
    r.in.roots_count = checkrun_roots(r.world, r.roots, 53);
    r.in.kind = START_UNDELEGATED;
    checkrun_give(&r, 0, "ns1.example.com.", "192.0.2.1");
    checkrun_give(&r, 1, "ns.other.net.", NULL);
    checkrun_expect(&r, "zone example.com. found\nparent com.\n"
                        "ns1.example.com. pcz found 192.0.2.1/gzu\n"
                        "ns.other.net. pc found 192.0.2.2/e\n");
    checkrun_end(&r);
}

static void test_resolver(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r,
                   ROOT COM("example 60 NS ns1.example\nexample 60 NS ns.other.net.\n"
                            "ns1.example 60 A 192.0.2.1\n")
                       COM_ADDRESSES NET("ns.other 60 A 192.0.2.2\n")
                           EXAMPLE("@ 60 NS ns1\n@ 60 NS ns.other.net.\nns1 60 A 192.0.2.1\n"
                                   "www 60 A 192.0.2.80\n") TWO_ADDRESSES,
                   "example.com.");
    r.in.kind = START_RESOLVER;
    checkrun_give(&r, 0, "resolver.", "10.9.9.9");
    fakezone_set_resolver(r.world, &r.start[0].addr);
    checkrun_expect(&r, "zone example.com. found\n" NORMAL_PARENT
                        "ns1.example.com. pcz found 192.0.2.1/gz\n"
                        "ns.other.net. pc found 192.0.2.2/r\n");
    assert_int_equal(checkrun_count_to(&r, "198.41.0.4"), 0);
    checkrun_end(&r);
}

static void test_resolver_below_the_cut(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, NORMAL, "ns1.example.com.");
    r.in.kind = START_RESOLVER;
    checkrun_give(&r, 0, "resolver.", "10.9.9.9");
    fakezone_set_resolver(r.world, &r.start[0].addr);
    checkrun_expect(&r, "zone example.com. found no-delegation\n" NORMAL_PARENT
                        "ns1.example.com. pcz found 192.0.2.1/gzr 2001:db8::1/gzr\n"
                        "ns2.example.com. pcz found 192.0.2.2/gzr\n");
    checkrun_end(&r);
}

static void test_ipv6_only(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, NORMAL, "example.com.");
    r.in.use_ipv4 = false;
    checkrun_expect(&r, "zone example.com. found\nparent com.\n 192.5.6.30 unasked\n"
                        " 2001:db8::30 referral\n" NORMAL_SERVERS);
    assert_int_equal(checkrun_count_to(&r, "192.0.2.1"), 0);
    assert_true(checkrun_count_to(&r, "2001:db8::1") > 0);
    checkrun_end(&r);
}

static void test_no_route_for_ipv6(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, NORMAL, "example.com.");
    fakezone_cut_family(r.world, 6);
    assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
    assert_true(r.m->finished);
    assert_true(r.m->zone_found);
    assert_int_equal(r.m->server_count, 2);
    checkrun_hold(&r);
    checkrun_end(&r);
}

static void test_other_port(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, NORMAL, "example.com.");
    fakezone_set_port(r.world, 5353);
    r.in.port = 5353;
    r.in.start_count = checkrun_roots(r.world, r.start, 5353);
    checkrun_expect(&r, "zone example.com. found\nparent com.\n 192.5.6.30#5353 referral\n"
                        " 2001:db8::30#5353 referral\n"
                        "ns1.example.com. pcz found 192.0.2.1#5353/gz 2001:db8::1#5353/gz\n"
                        "ns2.example.com. pcz found 192.0.2.2#5353/gz\n");
    checkrun_end(&r);
}

static void test_root_zone(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, NORMAL, ".");
    checkrun_expect(&r, "zone . found\na.root. pcz found 198.41.0.4/zu 2001:db8::4/u\n");
    checkrun_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given),      cmocka_unit_test(test_undelegated),
        cmocka_unit_test(test_resolver),   cmocka_unit_test(test_resolver_below_the_cut),
        cmocka_unit_test(test_ipv6_only),  cmocka_unit_test(test_no_route_for_ipv6),
        cmocka_unit_test(test_other_port), cmocka_unit_test(test_root_zone),
    };
    return cmocka_run_group_tests_name("check_start", tests, NULL, NULL);
}
