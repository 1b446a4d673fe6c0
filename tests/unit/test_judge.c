/* Verification from end to end over a simulated Internet: marks, outcome, chance and status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>

#include "dkim/judge.h"
#include "dkimcase.h"

#define MS INT64_C(1000000)

static void near(double a, double b)
{
    if (fabs(a - b) > 1e-9)
        fail_msg("%.12f is not %.12f", a, b);
}

static void test_chance(void **state)
{
    (void)state;
    static const struct {
        size_t n, good, unusable;
        unsigned tries;
        double chance;
    } cases[] = {
        {0, 0, 0, 2, 0},
        {1, 1, 0, 1, 1},
        {4, 4, 0, 2, 1},
        {4, 3, 1, 1, 0.75},
        {4, 3, 1, 2, 1},
        {6, 4, 2, 1, 4.0 / 6},
        {6, 4, 2, 2, 1 - 2.0 / 6 * 1 / 5},
        {6, 4, 2, 3, 1},
        {4, 3, 0, 3, 0.75},               /* one denies: the first usable answer counts */
        {4, 2, 1, 2, 0.5 + 0.25 * 2 / 3}, /* one denies, one is dead */
        {4, 0, 4, 3, 0},
        {2, 1, 1, 100, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        near(lookup_chance(cases[i].n, cases[i].good, cases[i].unusable, cases[i].tries),
             cases[i].chance);
    char buf[24];
    assert_string_equal(chance_label(0, buf), "0 of 100");
    assert_string_equal(chance_label(0.001, buf), "less than 1 of 100");
    assert_string_equal(chance_label(0.5, buf), "50 of 100");
    assert_string_equal(chance_label(0.999, buf), "99 of 100");
    assert_string_equal(chance_label(1, buf), "100 of 100");
}

static void test_status(void **state)
{
    (void)state;
    const int64_t now = 1700000000;
    static const struct {
        round_outcome_t outcome;
        double chance;
        bool none;
        int64_t hours; /* since it began; -1: now */
        verifier_status_t status;
    } cases[] = {
        {ROUND_VERIFIED, 1, true, -1, VERIFIER_NOT_STARTED},
        {ROUND_UNTESTED, 0, false, -1, VERIFIER_NOT_STARTED},
        {ROUND_VERIFIED, 1, false, -1, VERIFIER_SUCCESS},
        {ROUND_VERIFIED, 1, false, 100, VERIFIER_SUCCESS},
        {ROUND_NEGATIVE, 0, false, -1, VERIFIER_PENDING},
        {ROUND_NEGATIVE, 0.5, false, 71, VERIFIER_PENDING},
        {ROUND_NEGATIVE, 0.5, false, 72, VERIFIER_FAILED},
        {ROUND_TEMPORARY, 0.9, false, -1, VERIFIER_PENDING},
        {ROUND_TEMPORARY, 0, false, -1, VERIFIER_TEMPORARY_FAILURE},
        {ROUND_TEMPORARY, 0, false, 72, VERIFIER_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(judge_status(cases[i].outcome, cases[i].chance, cases[i].none,
                                      cases[i].hours < 0 ? 0 : now - cases[i].hours * 3600, now),
                         cases[i].status);
}

static void assert_all(const dkimcase_t *c, mark_t udp, mark_t tcp)
{
    for (size_t i = 0; i < c->r.address_count; i++) {
        for (size_t k = 0; k < c->r.expectation_count; k++) {
            const dkim_cell_t *cell = &c->r.cell[k * c->r.address_count + i];
            assert_true(cell->holds);
            assert_int_equal(cell->udp, udp);
            assert_int_equal(cell->tcp, tcp);
        }
    }
}

static void assert_verified(const dkimcase_t *c)
{
    if (c->r.outcome != ROUND_VERIFIED || dkimcase_count(c, SEVERITY_NOTICE) > 0)
        dkimcase_show(c);
    assert_int_equal(c->r.outcome, ROUND_VERIFIED);
    assert_int_equal(c->r.status, VERIFIER_SUCCESS);
    near(c->r.chance, 1);
    assert_int_equal(dkimcase_count(c, SEVERITY_NOTICE), 0);
}

static void test_right(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c, DC_RIGHT, "example.com.", DC_A, DC_B, DC_C, NULL);
    assert_verified(&c);
    assert_int_equal(c.r.address_count, 2);
    assert_all(&c, MARK_MATCH, MARK_MATCH);
    for (size_t i = 0; i < 2; i++) {
        const dkim_address_t *a = &c.r.address[i];
        assert_true(a->delegated && a->has_serial);
        assert_int_equal(a->serial, 7);
        assert_int_equal(a->rtt, 10 * MS);
        assert_true(a->asked > 0 && a->asked == a->answered);
    }
    dkimcase_want(&c, "record-matches", "3 of 3 records", NULL);
    dkimcase_want(&c, "record-negative-cached", "5 minutes", NULL);
    dkimcase_free(&c);
}

/* With everything that check asks and finds. */
static void test_battery(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_init(&c, DC_RIGHT, "example.com.");
    c.options.battery = true;
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.err, NET_OK);
    assert_int_equal(c.r.outcome, ROUND_VERIFIED);
    assert_null(dkimcase_finding(&c, "record-missing"));
    /* check's own word about this world: its addresses are for documentation */
    assert_non_null(dkimcase_finding(&c, "record-matches"));
    assert_true(c.r.findings.count > 2);
    for (size_t i = 1; i < c.r.findings.count; i++)
        assert_true(c.r.findings.item[i - 1].severity >= c.r.findings.item[i].severity);
    dkimcase_free(&c);
}

/* --- servers --- */

#define THREE_NS                                                                                   \
    "example 60 NS ns1.example\nexample 60 NS ns2.example\nexample 60 NS ns3.example\n"            \
    "ns1.example 60 A 192.0.2.1\nns1.example 60 AAAA 2001:db8::1\n"                                \
    "ns2.example 60 A 192.0.2.2\nns2.example 60 AAAA 2001:db8::2\n"                                \
    "ns3.example 60 A 192.0.2.3\nns3.example 60 AAAA 2001:db8::3\n"

#define THREE_ZONE                                                                                 \
    "zone example.com {\n@ 600 SOA ns1 hostmaster 7 7200 900 1209600 300\n"                        \
    "@ 600 NS ns1\n@ 600 NS ns2\n@ 600 NS ns3\n"                                                   \
    "ns1 600 A 192.0.2.1\nns1 600 AAAA 2001:db8::1\nns2 600 A 192.0.2.2\n"                         \
    "ns2 600 AAAA 2001:db8::2\nns3 600 A 192.0.2.3\nns3 600 AAAA 2001:db8::3\n" DC_TOKENS "}\n"    \
    "address 192.0.2.1 {\nserves example.com\n}\naddress 2001:db8::1 {\nserves example.com\n}\n"   \
    "address 192.0.2.2 {\nserves example.com\n}\naddress 2001:db8::2 {\nserves example.com\n}\n"

#define THREE_WORLD(third)                                                                         \
    DC_ROOT DC_COM(THREE_NS) DC_PROVIDER(DC_KEYS) THREE_ZONE                                       \
        "address 192.0.2.3 {\n" third "}\naddress 2001:db8::3 {\n" third "}\n"

/* Three name servers with both families, one of them silent: two tries may both meet it. */
static void test_one_silent_server(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c, THREE_WORLD("serves example.com\nbehave drop\n"), "example.com.", DC_A,
                   NULL);
    assert_int_equal(c.r.outcome, ROUND_TEMPORARY);
    assert_int_equal(c.r.status, VERIFIER_PENDING);
    near(c.r.chance, 1 - 2.0 / 6 * 1 / 5);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.3")->udp, MARK_SILENT);
    assert_int_equal(dkimcase_cell(&c, 0, "2001:db8::3")->tcp, MARK_SILENT);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.1")->udp, MARK_MATCH);
    dkimcase_want(&c, "record-server-silent", "2 of the 6 addresses", NULL);
    dkimcase_want(&c, "record-server-silent", "33 of 100 lookups begin there", NULL);
    dkimcase_want(&c, "record-luck", "93 of 100", NULL);
    dkimcase_free(&c);
    dkimcase_init(&c, THREE_WORLD("serves example.com\nbehave drop\n"), "example.com.");
    c.options.verifier_tries = 3;
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_VERIFIED);
    assert_null(dkimcase_finding(&c, "record-luck"));
    assert_non_null(dkimcase_finding(&c, "record-server-silent"));
    dkimcase_free(&c);
    dkimcase_begin(&c, THREE_WORLD("serves example.com\n"), "example.com.", DC_A, DC_B, NULL);
    assert_verified(&c);
    dkimcase_free(&c);
}

static void test_all_silent(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c, DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS), "example.com.", DC_A, NULL);
    assert_int_equal(c.r.outcome, ROUND_TEMPORARY);
    assert_int_equal(c.r.status, VERIFIER_TEMPORARY_FAILURE);
    near(c.r.chance, 0);
    assert_non_null(dkimcase_finding(&c, "record-zone-unreachable"));
    dkimcase_free(&c);
}

/* Each way of a server to serve badly, at one of two addresses. */
static void test_marks(void **state)
{
    (void)state;
    static const struct {
        const char *second;
        mark_t udp;
        mark_t tcp;
        const char *finding;
    } cases[] = {
        {"serves example.com\n", MARK_MATCH, MARK_MATCH, NULL},
        {"serves example.com\nbehave truncate when udp\n", MARK_MATCH, MARK_MATCH, NULL},
        {"serves example.com\nbehave formerr when edns\n", MARK_MATCH, MARK_MATCH, NULL},
        {"serves example.com\nbehave drop when edns\n", MARK_MATCH, MARK_MATCH, NULL},
        {"serves example.com\nbehave lowercase\n", MARK_MATCH, MARK_MATCH, NULL},
        {"serves example.com\nbehave no-soa\n", MARK_MATCH, MARK_MATCH, NULL},
        {"serves example.com\nbehave drop when tcp\n", MARK_MATCH, MARK_SILENT,
         "record-not-over-tcp"},
        {"serves example.com\nbehave drop when udp\n", MARK_SILENT, MARK_MATCH,
         "record-server-silent"},
        {"behave closed\n", MARK_SILENT, MARK_SILENT, "record-server-silent"},
        {"serves com\n", MARK_REFUSED, MARK_REFUSED, "record-server-lame"},
        {"serves example.com\nbehave refuse\n", MARK_REFUSED, MARK_REFUSED, "record-server-lame"},
        {"serves example.com\nbehave servfail\n", MARK_REFUSED, MARK_REFUSED, "record-server-lame"},
        {"serves example.com\nbehave not-aa\n", MARK_REFUSED, MARK_REFUSED, "record-server-lame"},
        {"serves example.com\nbehave upward-referral\n", MARK_REFUSED, MARK_REFUSED,
         "record-server-lame"},
        {"serves example.com\nbehave wrong-id\n", MARK_BROKEN, MARK_BROKEN, "record-server-silent"},
        {"serves example.com\nbehave nxdomain\n", MARK_NXDOMAIN, MARK_NXDOMAIN, "record-partial"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dkimcase_t c;
        char world[8000];
        snprintf(world, sizeof world, "%saddress 192.0.2.2 {\n%s}\n",
                 DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                     DC_EXAMPLE(DC_TOKENS) "address 192.0.2.1 {\nserves example.com\n}\n",
                 cases[i].second);
        dkimcase_begin(&c, world, "example.com.", DC_A, DC_B, NULL);
        const dkim_cell_t *cell = dkimcase_cell(&c, 1, "192.0.2.2");
        const char *id = cases[i].finding;
        bool silent = dkimcase_count(&c, SEVERITY_NOTICE) == 0;
        if (cell->udp != cases[i].udp || cell->tcp != cases[i].tcp ||
            (id == NULL ? !silent : dkimcase_finding(&c, id) == NULL)) {
            dkimcase_show(&c);
            fail_msg("%s", cases[i].second);
        }
        assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.1")->udp, MARK_MATCH);
        dkimcase_free(&c);
    }
}

/* What happens over TCP is said to be over TCP, in whatever words. */
static void test_words_of_tcp(void **state)
{
    static const struct {
        const char *second;
        const char *text;
    } cases[] = {
        {"behave drop when tcp\n", "Over UDP it answers, but over TCP nothing comes back."},
        {"behave wrong-id when tcp\n", "but over TCP only replies come back that do not belong"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dkimcase_t c;
        char world[8000];
        snprintf(world, sizeof world, "%saddress 192.0.2.2 {\nserves example.com\n%s}\n",
                 DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                     DC_EXAMPLE(DC_TOKENS) "address 192.0.2.1 {\nserves example.com\n}\n",
                 cases[i].second);
        dkimcase_begin(&c, world, "example.com.", DC_A, DC_B, NULL);
        dkimcase_want(&c, "record-not-over-tcp", cases[i].text, NULL);
        dkimcase_free(&c);
    }
}

static void assert_coverage(const dkimcase_t *c, size_t addresses, size_t asked, size_t excluded,
                            size_t unsent)
{
    assert_int_equal(c->r.coverage.addresses, addresses);
    assert_int_equal(c->r.coverage.asked, asked);
    assert_int_equal(c->r.coverage.excluded, excluded);
    assert_int_equal(c->r.coverage.unsent, unsent);
}

/* The user wants one family only: the verdict is about that one, and says so. */
static void test_family_left_out(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_init(&c, THREE_WORLD("serves example.com\n"), "example.com.");
    c.in.use_ipv6 = false;
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_VERIFIED);
    assert_int_equal(c.r.status, VERIFIER_SUCCESS);
    assert_coverage(&c, 6, 3, 3, 0);
    dkimcase_want(&c, "record-unasked", "-4 leaves out 3 of the 6 addresses of example.com",
                  "without -4");
    assert_int_equal(dkimcase_finding(&c, "record-unasked")->severity, SEVERITY_NOTICE);
    assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 0);
    dkimcase_free(&c);
}

/* One address lacks the record, and others cannot be asked: what is known counts. */
static void test_no_family_and_missing(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_init(&c, THREE_WORLD("serves example.com\nbehave nxdomain\n"), "example.com.");
    fakezone_cut_family(c.world, 6);
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_NEGATIVE);
    assert_int_equal(c.r.status, VERIFIER_PENDING);
    assert_coverage(&c, 6, 3, 0, 3);
    dkimcase_free(&c);
}

/* The root can be asked, and nothing can be sent to anybody behind it. */
static void test_no_way_on(void **state)
{
    (void)state;
    static const char world[] =
        "root 198.41.0.4\nzone . {\n@ 60 SOA a.root. h. 1 1 1 1 60\n@ 60 NS a.root.\n"
        "a.root. 60 A 198.41.0.4\ncom. 60 NS a.nic.com.\na.nic.com. 60 AAAA 2001:db8::9\n}\n"
        "address 198.41.0.4 {\nserves .\n}\n";
    dkimcase_t c;
    dkimcase_init(&c, world, "example.com.");
    fakezone_cut_family(c.world, 6);
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_UNTESTED);
    assert_int_equal(c.r.status, VERIFIER_NOT_STARTED);
    assert_null(dkimcase_finding(&c, "record-zone-unreachable"));
    dkimcase_want(&c, "record-unasked", "nothing could be sent to the servers on the way", NULL);
    dkimcase_free(&c);
}

/* Nobody on the way to the zone answers: what came of it at each address is said, and that the
 * network is to blame when that are many. */
static void nobody(const char *of_them, uint8_t cut, const char *words, const char *more)
{
    char world[4000];
    int n = snprintf(world, sizeof world, "root");
    for (int i = 1; i <= 4; i++)
        n += snprintf(world + n, sizeof world - (size_t)n, " 192.0.2.%d", i);
    n += snprintf(world + n, sizeof world - (size_t)n,
                  " 2001:db8::1\nzone . {\n"
                  "@ 60 SOA a.root. h. 1 1 1 1 60\n@ 60 NS a.root.\na.root. 60 A 192.0.2.1\n}\n");
    for (int i = 1; i <= 4; i++)
        n += snprintf(world + n, sizeof world - (size_t)n,
                      "address 192.0.2.%d {\nserves .\nbehave %s\n}\n", i, of_them);
    snprintf(world + n, sizeof world - (size_t)n,
             "address 2001:db8::1 {\nserves .\nbehave drop\n}\n");
    dkimcase_t c;
    dkimcase_init(&c, world, "example.com.");
    fakezone_cut_family(c.world, cut);
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_UNTESTED);
    assert_int_equal(c.r.status, VERIFIER_NOT_STARTED);
    assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 0);
    dkimcase_want(&c, "untested", words, NULL);
    dkimcase_want(&c, "untested", more, NULL);
    dkimcase_free(&c);
}

static void test_nobody(void **state)
{
    (void)state;
    nobody("drop", 6,
           "192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4: no answer; 2001:db8::1: "
           "nothing could be sent (",
           "DNS does not get out from here");
    nobody("closed", 6, "192.0.2.4: ICMP \"port unreachable\" from the host itself; 2001:",
           "Nothing listens there");
    nobody("drop", 4,
           "192.0.2.4: nothing could be sent (Network is unreachable); 2001:db8::1: no answer.",
           "\"nsprobe trace @2001:db8::1 . NS\" shows where the way ends");
}

/* The root answers, and nobody behind it. */
static void test_nobody_behind(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_init(
        &c,
        "root 198.41.0.4\nzone . {\n@ 60 SOA a.root. h. 1 1 1 1 60\n@ 60 NS a.root.\n"
        "a.root. 60 A 198.41.0.4\ncom. 60 NS a.nic.com.\ncom. 60 NS b.nic.com.\n"
        "a.nic.com. 60 A 192.0.2.9\nb.nic.com. 60 A 192.0.2.8\n}\n"
        "zone com {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\n@ 60 NS b.nic\n}\n"
        "address 198.41.0.4 {\nserves .\n}\naddress 192.0.2.9 {\nserves com\nbehave drop\n}\n"
        "address 192.0.2.8 {\nserves com\nbehave closed\n}\n",
        "example.com.");
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_TEMPORARY);
    dkimcase_want(&c, "record-zone-unreachable", "192.0.2.9: no answer", NULL);
    dkimcase_want(&c, "record-zone-unreachable",
                  "192.0.2.8: ICMP \"port unreachable\" from the host itself", NULL);
    dkimcase_free(&c);
}

/* This machine has no way to IPv6: that says nothing about the servers. */
static void test_no_family(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_init(&c, THREE_WORLD("serves example.com\n"), "example.com.");
    fakezone_cut_family(c.world, 6);
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.err, NET_OK);
    assert_int_equal(dkimcase_cell(&c, 0, "2001:db8::1")->udp, MARK_UNASKED);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.1")->udp, MARK_MATCH);
    /* nor that the records are there, too */
    assert_int_equal(c.r.outcome, ROUND_UNTESTED);
    assert_int_equal(c.r.status, VERIFIER_NOT_STARTED);
    assert_coverage(&c, 6, 3, 0, 3);
    dkimcase_want(&c, "record-unasked", "nothing could be sent to 3 addresses of example.com",
                  "leave IPv6 out with -4");
    dkimcase_want(&c, "record-unasked", "2001:db8::1, 2001:db8::2, 2001:db8::3", NULL);
    assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 1);
    dkimcase_free(&c);
    dkimcase_init(&c, DC_RIGHT, "example.com.");
    fakezone_cut_family(c.world, 4);
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_UNTESTED);
    assert_int_equal(c.r.status, VERIFIER_NOT_STARTED);
    assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 0);
    dkimcase_free(&c);
}

static void test_began(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_init(&c, DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS) DC_EXAMPLE("") DC_BOTH,
                  "example.com.");
    net_t *net = fakezone_net(c.world);
    c.options.began = net->ops->wall(net) / 1000000000 - INT64_C(73) * 3600;
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.r.outcome, ROUND_NEGATIVE);
    assert_int_equal(c.r.status, VERIFIER_FAILED);
    near(c.r.chance, 0);
    dkimcase_want(&c, "record-negative-cached", "goes on saying that a record is missing", NULL);
    dkimcase_free(&c);
}

static void test_no_expectation(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c, DC_RIGHT, "example.com.", NULL);
    assert_int_equal(c.r.status, VERIFIER_NOT_STARTED);
    assert_int_equal(c.r.address_count, 0);
    assert_int_equal(dkimcase_count(&c, SEVERITY_NOTICE), 0);
    dkimcase_free(&c);
}

/* One lookup gives both MX records, so that the chance is not squared. */
static void test_one_lookup_for_two(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS)
                       DC_EXAMPLE("m 60 MX 10 a.provider.net.\nm 60 MX 20 b.provider.net.\n")
                           DC_PROVIDER(DC_KEYS) "zone example.com@old {\n" DC_APEX
                                                "m 60 MX 10 a.provider.net.\n}\n"
                                                "address 192.0.2.1 {\nserves example.com\n}\n"
                                                "address 192.0.2.2 {\nserves example.com@old\n}\n",
                   "example.com.", "m.example.com. MX 10 a.provider.net.",
                   "m.example.com. MX 20 b.provider.net.", NULL);
    near(c.r.chance, 0.5);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.2")->udp, MARK_MATCH);
    assert_int_equal(dkimcase_cell(&c, 1, "192.0.2.2")->udp, MARK_WRONG);
    dkimcase_free(&c);
}

/* --- aliases --- */

/* A CNAME in place of TXT that leads to the same text: resolvers follow it. */
static void test_alias_leads_there(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c, DC_RIGHT, "example.com.", "a._domainkey.example.com. TXT " DC_KEY, NULL);
    assert_verified(&c);
    dkimcase_free(&c);
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                       DC_EXAMPLE("a._domainkey 60 CNAME key\nkey 60 TXT " DC_KEY "\n") DC_BOTH,
                   "example.com.", "a._domainkey.example.com. TXT " DC_KEY, NULL);
    assert_verified(&c);
    dkimcase_free(&c);
    dkimcase_begin(&c, DC_RIGHT, "example.com.", "a._domainkey.example.com. TXT \"another\"", NULL);
    assert_int_equal(c.r.outcome, ROUND_NEGATIVE);
    dkimcase_want(&c, "record-wrong-type", "is a CNAME for a.dkim.provider.net", NULL);
    dkimcase_free(&c);
}

/* --- other starts --- */

static void give(dkimcase_t *c, const char *name, const char *addr)
{
    c->in.start_count = 1;
    memset(&c->start[0], 0, sizeof c->start[0]);
    assert_int_equal(nsp_name_from_text(name, strlen(name), NULL, &c->start[0].name, NULL), NSP_OK);
    c->start[0].has_addr = addr_from_text(addr, strlen(addr), 53, &c->start[0].addr);
    assert_true(c->start[0].has_addr);
}

static void test_given_servers(void **state)
{
    (void)state;
    static const start_kind_t kinds[] = {START_GIVEN, START_UNDELEGATED};
    for (size_t i = 0; i < 2; i++) {
        dkimcase_t c;
        given_ns_t roots[8];
        dkimcase_init(&c, DC_RIGHT, "example.com.");
        memcpy(roots, c.start, sizeof roots);
        c.in.roots = roots;
        c.in.roots_count = c.in.start_count;
        c.in.kind = kinds[i];
        give(&c, "ns2.example.com.", "192.0.2.2");
        dkimcase_expect(&c, DC_A);
        dkimcase_run(&c);
        assert_int_equal(c.r.outcome, ROUND_VERIFIED);
        assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 0);
        assert_true(c.r.address[dkimcase_column(&c, "192.0.2.2")].delegated);
        assert_false(c.r.address[dkimcase_column(&c, "192.0.2.1")].delegated);
        dkimcase_free(&c);
    }
}

static void test_by_resolver(void **state)
{
    (void)state;
    dkimcase_t c;
    addr_t a;
    dkimcase_init(&c, DC_RIGHT, "example.com.");
    assert_true(addr_from_text("10.9.9.9", 8, 53, &a));
    fakezone_set_resolver(c.world, &a);
    c.in.kind = START_RESOLVER;
    give(&c, "resolver.", "10.9.9.9");
    dkimcase_expect(&c, DC_A);
    dkimcase_expect(&c, DC_B);
    dkimcase_run(&c);
    assert_verified(&c);
    assert_int_equal(c.r.address_count, 2);
    dkimcase_free(&c);
}

/* --- interruption, and threads side by side --- */

static void test_interrupted(void **state)
{
    (void)state;
    unsigned last = 0;
    for (int64_t at = 0; at <= 200 * MS; at += 5 * MS) {
        dkimcase_t c;
        dkimcase_init(&c, DC_RIGHT, "example.com.");
        fakezone_interrupt_at(c.world, at > 0 ? at : 1);
        dkimcase_expect(&c, DC_A);
        dkimcase_expect(&c, DC_B);
        dkimcase_run(&c);
        assert_true(c.err == NET_OK || c.err == NET_E_INTERRUPTED);
        /* nothing bad is known of a right zone, however little is known */
        assert_true(c.r.outcome == ROUND_UNTESTED || c.r.outcome == ROUND_VERIFIED);
        assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 0);
        assert_true(c.set.count >= last);
        last = c.set.count;
        if (c.err == NET_OK)
            assert_int_equal(c.r.outcome, ROUND_VERIFIED);
        if (c.r.outcome == ROUND_UNTESTED)
            assert_non_null(dkimcase_finding(&c, "cut-short"));
        dkimcase_free(&c);
    }
}

/* What was learnt before the end stays: a record that is missing is missing. */
static void test_interrupted_keeps(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_init(&c,
                  DC_ROOT DC_COM(DC_TWO_NS) DC_PROVIDER(DC_KEYS)
                      DC_EXAMPLE("") "address 192.0.2.1 {\nserves example.com\n}\n"
                                     "address 192.0.2.2 {\nserves example.com\nbehave drop\n}\n",
                  "example.com.");
    fakezone_interrupt_at(c.world, 2000 * MS);
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.err, NET_E_INTERRUPTED);
    assert_int_equal(c.r.outcome, ROUND_NEGATIVE);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.1")->udp, MARK_NXDOMAIN);
    assert_int_equal(dkimcase_cell(&c, 0, "192.0.2.2")->udp, MARK_UNASKED);
    assert_non_null(dkimcase_finding(&c, "record-missing"));
    assert_non_null(dkimcase_finding(&c, "cut-short"));
    dkimcase_free(&c);
}

typedef struct job {
    dkimcase_t c;
    pthread_t thread;
} job_t;

static void *run_job(void *arg)
{
    job_t *j = arg;
    for (int i = 0; i < 20; i++) {
        dkim_result_free(&j->c.r);
        exchange_set_free(&j->c.set);
        net_t *net = fakezone_net(j->c.world);
        exchange_set_init(&j->c.set, net->ops->wall(net));
        j->c.err = dkim_run(net, &j->c.in, &j->c.e, &j->c.options, &j->c.set, &j->c.r);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static job_t job[4];
    for (size_t i = 0; i < 4; i++) {
        dkimcase_init(&job[i].c,
                      i % 2 == 0 ? DC_RIGHT : DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE("") DC_BOTH,
                      "example.com.");
        dkimcase_expect(&job[i].c, DC_A);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&job[i].thread, NULL, run_job, &job[i]), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(job[i].thread, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(job[i].c.err, NET_OK);
        assert_int_equal(job[i].c.r.outcome, i % 2 == 0 ? ROUND_VERIFIED : ROUND_NEGATIVE);
        dkimcase_free(&job[i].c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_battery),
        cmocka_unit_test(test_one_silent_server),
        cmocka_unit_test(test_all_silent),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_words_of_tcp),
        cmocka_unit_test(test_no_family),
        cmocka_unit_test(test_family_left_out),
        cmocka_unit_test(test_no_family_and_missing),
        cmocka_unit_test(test_no_way_on),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_nobody_behind),
        cmocka_unit_test(test_began),
        cmocka_unit_test(test_no_expectation),
        cmocka_unit_test(test_one_lookup_for_two),
        cmocka_unit_test(test_alias_leads_there),
        cmocka_unit_test(test_given_servers),
        cmocka_unit_test(test_by_resolver),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_interrupted_keeps),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
