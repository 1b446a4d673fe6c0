/* What is asked: every question once, bounded whatever the zones are, of the zone that really holds
 * each name; and that the verdict is a function of the exchanges alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dkim/judge.h"
#include "dkim/plan.h"
#include "dkimcase.h"

static const char *const worlds[] = {
    DC_RIGHT,
    DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE("") DC_BOTH DC_PROVIDER(""),
    DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE("* 60 CNAME x\n") DC_BOTH DC_PROVIDER(""),
    DC_ROOT DC_COM(DC_TWO_NS)
        DC_EXAMPLE(DC_TOKENS) "address 192.0.2.1 {\nserves example.com\n}\n" DC_PROVIDER(DC_KEYS),
    DC_ROOT DC_COM("") DC_PROVIDER(DC_KEYS),
};

static const event_t *query_of(const exchange_t *x)
{
    const event_t *q = exchange_query(x);
    return q != NULL && q->size > 2 ? q : NULL;
}

static void test_once(void **state)
{
    (void)state;
    for (size_t w = 0; w < sizeof worlds / sizeof worlds[0]; w++) {
        dkimcase_t c;
        dkimcase_begin(&c, worlds[w], "example.com.", DC_A, DC_B, DC_C, NULL);
        for (uint32_t i = 0; i < c.set.count; i++) {
            const exchange_t *x = c.set.item[i];
            for (uint32_t k = 0; k < i; k++) {
                const exchange_t *y = c.set.item[k];
                const event_t *p = query_of(x);
                const event_t *q = query_of(y);
                if (p != NULL && q != NULL && x->transport == y->transport &&
                    addr_equal(&x->server, &y->server) && p->size == q->size)
                    assert_memory_not_equal(p->bytes + 2, q->bytes + 2, p->size - 2);
            }
        }
        dkimcase_free(&c);
    }
}

/* From the exchanges alone, in one look, comes what the run came to step by step. */
static void test_replay(void **state)
{
    (void)state;
    for (size_t w = 0; w < sizeof worlds / sizeof worlds[0]; w++) {
        dkimcase_t c;
        dkim_result_t again;
        dkimcase_begin(&c, worlds[w], "example.com.", DC_A, DC_B, DC_C, NULL);
        verify_options_t options = {.tries = c.options.verifier_tries, .follow = true};
        /* the name that should not exist, as it was chosen then */
        for (uint32_t i = 0; i < c.set.count; i++) {
            const nsp_name_t *n = &c.set.item[i]->qname;
            char hex[13] = "";
            if (n->octets[0] == 20 && memcmp(n->octets + 1, PROBE_NXDOMAIN_PREFIX, 8) == 0)
                memcpy(hex, n->octets + 9, 12);
            if (hex[0] != '\0')
                options.random = strtoull(hex, NULL, 16);
        }
        c.in.set = &c.set;
        facts_t *f = dkim_facts_new(&c.in, &c.e, &options, &c.set);
        assert_non_null(f);
        assert_true(plan_look(f, INT64_MAX / 2, NULL));
        net_t *net = fakezone_net(c.world);
        assert_true(judge(f, net->ops->wall(net) / 1000000000, &again));
        assert_int_equal(again.outcome, c.r.outcome);
        assert_int_equal(again.status, c.r.status);
        assert_int_equal(again.address_count, c.r.address_count);
        assert_int_equal(again.findings.count, c.r.findings.count);
        for (size_t i = 0; i < again.findings.count; i++) {
            assert_int_equal(again.findings.item[i].id, c.r.findings.item[i].id);
            assert_string_equal(again.findings.item[i].text, c.r.findings.item[i].text);
        }
        for (size_t i = 0; i < again.address_count * again.expectation_count; i++) {
            assert_int_equal(again.cell[i].udp, c.r.cell[i].udp);
            assert_int_equal(again.cell[i].tcp, c.r.cell[i].tcp);
        }
        dkim_result_free(&again);
        dkim_facts_free(f);
        dkimcase_free(&c);
    }
}

static void test_budget(void **state)
{
    (void)state;
    for (unsigned max = 1; max < 60; max += 3) {
        dkimcase_t c;
        dkimcase_init(&c, worlds[1], "example.com.");
        c.options.check.exchanges_max = max;
        dkimcase_expect(&c, DC_A);
        dkimcase_expect(&c, DC_B);
        dkimcase_run(&c);
        assert_int_equal(c.err, NET_OK);
        assert_true(c.set.count <= max);
        dkimcase_free(&c);
    }
}

/* --- the zone that holds a name --- */

#define SUB_SOA "@ 60 SOA ns h 3 1 1 1 60\n"

/* _domainkey is delegated to another server. */
static void test_delegated_away(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                       DC_EXAMPLE("_domainkey 60 NS ns._domainkey\nns._domainkey 60 A "
                                  "192.0.2.9\n") "zone _domainkey.example.com {\n" SUB_SOA
                                                 "@ 60 NS ns\nns 60 A 192.0.2.9\na 60 CNAME "
                                                 "a.dkim.provider.net.\n}\n"
                                                 "address 192.0.2.9 {\nserves "
                                                 "_domainkey.example.com\n}\n" DC_BOTH,
                   "example.com.", DC_A, DC_B, NULL);
    assert_int_equal(c.r.address_count, 1);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.9")->udp, MARK_MATCH);
    assert_int_equal(dkimcase_cell(&c, 1, "192.0.2.9")->udp, MARK_NXDOMAIN);
    dkimcase_want(&c, "record-own-zone", "_domainkey.example.com is delegated away", NULL);
    dkimcase_want(&c, "record-missing", "b._domainkey.example.com", "_domainkey.example.com: b");
    dkimcase_free(&c);
}

/* One token alone is a zone, the other is not: two zones, each with its own addresses. */
static void test_token_is_a_zone(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(
        &c,
        DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS) DC_EXAMPLE(
            "b._domainkey 60 CNAME b.dkim.provider.net.\n"
            "a._domainkey 60 NS ns.provider.net.\n") "zone a._domainkey.example.com {\n" SUB_SOA
                                                     "@ 60 NS ns.provider.net.\n@ 60 TXT " DC_KEY
                                                     "\n}\n" DC_BOTH,
        "example.com.", "a._domainkey.example.com. TXT " DC_KEY, DC_B, NULL);
    /* the provider's server was not told of the zone */
    assert_int_equal(c.r.address_count, 3);
    assert_int_equal(dkimcase_cell(&c, 0, "203.0.113.1")->udp, MARK_REFUSED);
    assert_true(dkimcase_cell(&c, 0, "203.0.113.1")->holds);
    assert_false(dkimcase_cell(&c, 1, "203.0.113.1")->holds);
    assert_int_equal(dkimcase_cell(&c, 1, "192.0.2.1")->udp, MARK_MATCH);
    dkimcase_free(&c);
}

/* The child zone is on one server of the parent zone, and on another one: both are asked. */
static void test_zone_on_shared_server(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                       DC_EXAMPLE("_domainkey 60 NS ns1\n_domainkey 60 NS ns9\nns9 60 A "
                                  "192.0.2.9\n") "zone _domainkey.example.com {\n" SUB_SOA
                                                 "@ 60 NS ns1.example.com.\n@ 60 NS "
                                                 "ns9.example.com.\n"
                                                 "a 60 CNAME a.dkim.provider.net.\n}\n"
                                                 "address 192.0.2.1 {\nserves example.com\nserves "
                                                 "_domainkey.example.com\n}\n"
                                                 "address 192.0.2.2 {\nserves example.com\n}\n"
                                                 "address 192.0.2.9 {\nserves "
                                                 "_domainkey.example.com\n}\n",
                   "example.com.", DC_A, NULL);
    assert_int_equal(c.r.outcome, ROUND_VERIFIED);
    assert_int_equal(c.r.address_count, 2);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.1")->udp, MARK_MATCH);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.9")->udp, MARK_MATCH);
    dkimcase_free(&c);
}

/* An expectation in another domain altogether. */
static void test_other_domain(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c, DC_RIGHT, "example.com.", DC_A, "b.dkim.provider.net. TXT " DC_KEY, NULL);
    assert_int_equal(c.r.outcome, ROUND_VERIFIED);
    assert_int_equal(c.r.address_count, 3);
    assert_int_equal(dkimcase_cell(&c, 1, "203.0.113.1")->udp, MARK_MATCH);
    dkimcase_free(&c);
}

/* A name of the domain's own zone for a domain that is none: mail.example.com. */
static void test_domain_inside_zone(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                       DC_EXAMPLE("a._domainkey.mail 60 CNAME a.dkim.provider.net.\n") DC_BOTH,
                   "mail.example.com.", "a._domainkey.mail.example.com. CNAME a.dkim.provider.net.",
                   "b._domainkey.mail.example.com. CNAME b.dkim.provider.net.", NULL);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.1")->udp, MARK_MATCH);
    assert_int_equal(dkimcase_cell(&c, 1, "192.0.2.2")->udp, MARK_NXDOMAIN);
    assert_non_null(dkimcase_finding(&c, "record-missing"));
    dkimcase_free(&c);
    dkimcase_begin(&c, worlds[1], "sub.example.com.",
                   "a._domainkey.sub.example.com. CNAME a.dkim.provider.net.", NULL);
    dkimcase_want(&c, "record-missing", "NXDOMAIN", "Enter in the zone example.com");
    dkimcase_free(&c);
}

static void test_domain_missing(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c, worlds[4], "example.com.", DC_A, DC_B, NULL);
    dkimcase_want(&c, "record-domain-missing", "the servers of com say so", NULL);
    assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 1);
    assert_int_equal(c.r.outcome, ROUND_NEGATIVE);
    dkimcase_free(&c);
    dkimcase_begin(&c, worlds[4], "example.nope.", "a._domainkey.example.nope. CNAME x.net.", NULL);
    assert_non_null(dkimcase_finding(&c, "record-domain-missing"));
    assert_int_equal(c.r.outcome, ROUND_NEGATIVE);
    dkimcase_free(&c);
}

/* --- servers that are not delegated --- */

#define OLD_AND_NEW                                                                                \
    "zone example.com@other {\n" DC_APEX DC_TOKENS "}\n"                                           \
    "address 192.0.2.7 {\nserves example.com@other\n}\n"

static void test_also(void **state)
{
    (void)state;
    dkimcase_t c;
    addr_t also;
    dkimcase_init(&c, DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE("") DC_PROVIDER("") OLD_AND_NEW DC_BOTH,
                  "example.com.");
    assert_true(addr_from_text("192.0.2.7", 9, 53, &also));
    c.options.also = &also;
    c.options.also_count = 1;
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_NEGATIVE);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.7")->udp, MARK_MATCH);
    assert_false(c.r.address[dkimcase_column(&c, "192.0.2.7")].delegated);
    dkimcase_want(&c, "record-undelegated", "192.0.2.7", "ns1.example.com, ns2.example.com");
    assert_null(dkimcase_finding(&c, "record-missing"));
    dkimcase_free(&c);
}

/* The zone of the delegated servers names the other provider's server beside its own. */
static void test_named_by_child(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER("")
                       DC_EXAMPLE("@ 600 NS ns7\nns7 600 A 192.0.2.7\n") OLD_AND_NEW DC_BOTH,
                   "example.com.", DC_A, NULL);
    dkimcase_want(&c, "record-undelegated", "the zone's own NS records", NULL);
    dkimcase_free(&c);
}

static void test_hidden_primary(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(
                       "") "zone example.com {\n@ 600 SOA hidden h 7 7200 900 1209600 300\n"
                           "@ 600 NS ns1\n@ 600 NS ns2\nns1 600 A 192.0.2.1\nns2 600 A 192.0.2.2\n"
                           "hidden 600 A 192.0.2.7\n}\n"
                           "zone example.com@new {\n@ 600 SOA hidden h 9 7200 900 1209600 300\n"
                           "@ 600 NS ns1\n@ 600 NS ns2\n" DC_TOKENS "}\n"
                           "address 192.0.2.7 {\nserves example.com@new\n}\n" DC_BOTH,
                   "example.com.", DC_A, NULL);
    dkimcase_want(&c, "record-undelegated", "which the SOA names as the primary", "NOTIFY");
    dkimcase_want(&c, "record-undelegated", "Its serial is 9", NULL);
    dkimcase_free(&c);
}

/* A primary that cannot be reached from here is nobody's fault, and not shown. */
static void test_hidden_primary_silent(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(
                       "") "zone example.com {\n@ 600 SOA hidden h 7 7200 900 1209600 300\n"
                           "@ 600 NS ns1\n@ 600 NS ns2\nns1 600 A 192.0.2.1\nns2 600 A 192.0.2.2\n"
                           "hidden 600 A 192.0.2.7\n}\n" DC_BOTH,
                   "example.com.", DC_A, NULL);
    assert_int_equal(c.r.address_count, 2);
    assert_non_null(dkimcase_finding(&c, "record-missing"));
    assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 1);
    dkimcase_free(&c);
}

/* Who hears from no root asks each of them once, and once without EDNS, and not for each name. */
static void test_nobody_answers(void **state)
{
    (void)state;
    dkimcase_t c;
    char world[2000];
    size_t n = 0;
    for (int i = 1; i <= 5; i++)
        n += (size_t)snprintf(world + n, sizeof world - n,
                              "root 198.41.0.%d\naddress 198.41.0.%d {\nbehave drop\n}\n", i, i);
    dkimcase_begin(&c, world, "example.com.", DC_A, DC_B, NULL);
    assert_int_equal(c.set.count, 10);
    assert_non_null(dkimcase_finding(&c, "untested"));
    dkimcase_free(&c);
}

/* --- hostile zones --- */

static void test_endless_chain(void **state)
{
    (void)state;
    dkimcase_t c;
    char world[8000];
    size_t n = (size_t)snprintf(world, sizeof world, "%s",
                                DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE(DC_TOKENS) DC_BOTH
                                "zone net {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\n"
                                "a.nic 60 A 192.5.6.31\na.dkim.provider 60 CNAME x0\n");
    for (int i = 0; i < 60; i++)
        n += (size_t)snprintf(world + n, sizeof world - n, "x%d 60 CNAME x%d\n", i, i + 1);
    snprintf(world + n, sizeof world - n, "}\naddress 192.5.6.31 {\nserves net\n}\n");
    dkimcase_begin(&c, world, "example.com.", DC_A, NULL);
    assert_true(c.set.count < 150);
    assert_non_null(dkimcase_finding(&c, "record-cname-chain"));
    dkimcase_free(&c);
}

static void test_many_servers(void **state)
{
    (void)state;
    dkimcase_t c;
    static char world[40000];
    size_t n = (size_t)snprintf(
        world, sizeof world, "%s",
        DC_ROOT DC_PROVIDER(DC_KEYS) "zone com {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\n"
                                     "a.nic 60 A 192.5.6.30\n");
    for (int i = 0; i < 60; i++)
        n += (size_t)snprintf(world + n, sizeof world - n,
                              "example 60 NS n%d.nowhere%d.net.\nexample 60 NS m%d.example\n", i, i,
                              i);
    snprintf(world + n, sizeof world - n, "}\naddress 192.5.6.30 {\nserves com\n}\n");
    dkimcase_begin(&c, world, "example.com.", DC_A, NULL);
    assert_true(c.set.count < c.options.check.exchanges_max);
    assert_int_not_equal(c.r.outcome, ROUND_VERIFIED);
    assert_true(dkimcase_count(&c, SEVERITY_ERROR) > 0);
    dkimcase_free(&c);
}

/* Two domains whose servers lie in each other, and a zone that delegates to itself below. */
static void test_circles(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(
        &c, DC_ROOT DC_COM("example 60 NS ns.other\nother 60 NS ns.example\n") DC_PROVIDER(DC_KEYS),
        "example.com.", DC_A, NULL);
    assert_int_not_equal(c.r.outcome, ROUND_VERIFIED);
    assert_non_null(dkimcase_finding(&c, "record-zone-unreachable"));
    dkimcase_free(&c);
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                       DC_EXAMPLE("_domainkey 60 NS ns1\na._domainkey 60 NS ns2\n") DC_BOTH,
                   "example.com.", DC_A, NULL);
    assert_true(c.set.count < 200);
    assert_int_not_equal(c.r.outcome, ROUND_VERIFIED);
    assert_true(dkimcase_count(&c, SEVERITY_ERROR) > 0);
    dkimcase_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_delegated_away),
        cmocka_unit_test(test_token_is_a_zone),
        cmocka_unit_test(test_zone_on_shared_server),
        cmocka_unit_test(test_other_domain),
        cmocka_unit_test(test_domain_inside_zone),
        cmocka_unit_test(test_domain_missing),
        cmocka_unit_test(test_also),
        cmocka_unit_test(test_named_by_child),
        cmocka_unit_test(test_hidden_primary),
        cmocka_unit_test(test_hidden_primary_silent),
        cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_endless_chain),
        cmocka_unit_test(test_many_servers),
        cmocka_unit_test(test_circles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
