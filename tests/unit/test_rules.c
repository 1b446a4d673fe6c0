/* Every rule: from a plan of exchanges to exactly the findings that must come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "xcases.h"

static void run_case(const xcase_t *c, finding_list_t *list, char *ids, size_t cap)
{
    xlab_t x;
    size_t len = 0;
    xlab_healthy(&x);
    c->edit(&x);
    xlab_build(&x);
    finding_list_init(list);
    assert_true(diagnose(x.m, &x.set, NULL, list));
    ids[0] = '\0';
    for (size_t i = 0; i < list->count && len < cap; i++)
        len += (size_t)snprintf(ids + len, cap - len, "%s%s", i > 0 ? " " : "",
                                finding_desc(list->item[i].id)->id);
    xlab_free(&x);
}

static bool has_id(const finding_list_t *list, finding_id_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].id == id)
            return true;
    return false;
}

static void check_cases(const xcase_t *cases)
{
    char ids[1024];
    for (const xcase_t *c = cases; c->name != NULL; c++) {
        finding_list_t list;
        run_case(c, &list, ids, sizeof ids);
        if (strcmp(ids, c->expected) != 0 || has_id(&list, c->about) != c->present) {
            print_error("%s, %s: found \"%s\", expected \"%s\"\n", finding_desc(c->about)->id,
                        c->name, ids, c->expected);
            for (size_t i = 0; i < list.count; i++)
                print_error("  %s: %s\n", finding_desc(list.item[i].id)->id, list.item[i].text);
        }
        assert_string_equal(ids, c->expected);
        assert_int_equal(has_id(&list, c->about), c->present);
        finding_list_free(&list);
    }
}

static void test_zone(void **state)
{
    (void)state;
    check_cases(xcases_zone);
}

static void test_reach(void **state)
{
    (void)state;
    check_cases(xcases_reach);
}

static void test_address(void **state)
{
    (void)state;
    check_cases(xcases_address);
}

/* Every line of the table has a case in which it appears, and one in which it must not. What stands
 * behind the last one of check (findings_*.def) has tests of its own. */
static void test_every_finding_has_cases(void **state)
{
    (void)state;
    static const xcase_t *const groups[] = {xcases_zone, xcases_reach, xcases_address};
    for (unsigned id = 0; id <= FINDING_CUT_SHORT; id++) {
        unsigned seen[2] = {0, 0};
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
            for (const xcase_t *c = groups[g]; c->name != NULL; c++)
                if ((unsigned)c->about == id)
                    seen[c->present]++;
        if (seen[0] == 0 || seen[1] == 0)
            print_error("%s lacks a case\n", finding_desc((finding_id_t)id)->id);
        assert_true(seen[0] > 0 && seen[1] > 0);
    }
}

/* What is said about an address: subject, evidence, sentence and fix. */
static void test_subject_and_evidence(void **state)
{
    (void)state;
    static const xcase_t *const groups[] = {xcases_zone, xcases_reach, xcases_address};
    char ids[1024];
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (const xcase_t *c = groups[g]; c->name != NULL; c++) {
            finding_list_t list;
            run_case(c, &list, ids, sizeof ids);
            for (size_t i = 0; i < list.count; i++) {
                const finding_t *f = &list.item[i];
                assert_in_range(strlen(f->text), 10, 1000);
                assert_int_equal(f->text[strlen(f->text) - 1], '.');
                for (size_t k = 0; k < i; k++) {
                    const finding_t *o = &list.item[k];
                    assert_false(o->id == f->id && f->has_addr && o->has_addr &&
                                 addr_equal(&o->addr, &f->addr));
                }
                if (groups[g] != xcases_zone && f->has_addr) {
                    assert_true(f->has_server);
                    assert_in_range(f->evidence_count, 1, FINDING_EVIDENCE_MAX);
                }
            }
            finding_list_free(&list);
        }
}

static const xcase_t *find_case(const xcase_t *cases, finding_id_t about, const char *name)
{
    for (const xcase_t *c = cases; c->name != NULL; c++)
        if (c->about == about && strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* Severities that depend on the case. */
static void test_severities(void **state)
{
    (void)state;
    static const struct {
        const xcase_t *group;
        finding_id_t id;
        const char *name;
        severity_t severity;
    } cases[] = {
        {xcases_zone, FINDING_PARENT_UNRESPONSIVE, "one of two is silent", SEVERITY_WARNING},
        {xcases_zone, FINDING_PARENT_UNRESPONSIVE, "all are silent", SEVERITY_ERROR},
        {xcases_zone, FINDING_PARENT_LAME, "REFUSED", SEVERITY_WARNING},
        {xcases_zone, FINDING_PARENT_LAME, "NXDOMAIN", SEVERITY_ERROR},
        {xcases_zone, FINDING_GLUE_MISMATCH, "an address in the parent only", SEVERITY_WARNING},
        {xcases_zone, FINDING_GLUE_MISMATCH, "an address in the zone only", SEVERITY_NOTICE},
        {xcases_zone, FINDING_NS_ADDRESS_PRIVATE, "RFC 1918, and silent", SEVERITY_ERROR},
        {xcases_zone, FINDING_NS_ADDRESS_PRIVATE, "a laboratory", SEVERITY_INFO},
        {xcases_zone, FINDING_PRIMARIES_DIFFER, "two", SEVERITY_NOTICE},
        {xcases_reach, FINDING_WRONG_SOURCE_ADDRESS, "all replies", SEVERITY_ERROR},
        {xcases_reach, FINDING_WRONG_SOURCE_ADDRESS, "beside the right one", SEVERITY_WARNING},
        {xcases_reach, FINDING_EDNS_BROKEN, "FORMERR", SEVERITY_WARNING},
        {xcases_reach, FINDING_EDNS_BROKEN, "BADVERS", SEVERITY_ERROR},
        {xcases_reach, FINDING_FLAPPING, "three lost", SEVERITY_WARNING},
        {xcases_reach, FINDING_FLAPPING, "one lost", SEVERITY_NOTICE},
    };
    char ids[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        finding_list_t list;
        const xcase_t *c = find_case(cases[i].group, cases[i].id, cases[i].name);
        assert_non_null(c);
        run_case(c, &list, ids, sizeof ids);
        assert_int_equal(finding_list_worst(&list), cases[i].severity);
        finding_list_free(&list);
    }
}

/* Sentences and fixes name what they are about. */
static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const xcase_t *group;
        finding_id_t id;
        const char *name;
        const char *text;
        const char *fix; /* part of it; NULL for the table's */
    } cases[] = {
        {xcases_reach, FINDING_UNRESPONSIVE, "UDP and TCP silent",
         "UDP: 24 queries, no answer; TCP: the handshake is not answered; the same server answers "
         "over IPv6.",
         "ns2.example.net (8.0.2.1)"},
        {xcases_reach, FINDING_ICMP_UNREACHABLE, "port unreachable",
         "ICMP \"port unreachable\" from 8.0.0.254 for UDP, and TCP is refused.",
         "nothing listens on the port"},
        {xcases_reach, FINDING_ICMP_UNREACHABLE, "TCP prohibited",
         "ICMP \"communication administratively prohibited\" from 8.0.0.254 for TCP (UDP is "
         "answered).",
         "8.0.0.254"},
        {xcases_reach, FINDING_WRONG_SOURCE_ADDRESS, "all replies", "The reply comes from 8.0.8.8.",
         "8.0.8.8"},
        {xcases_reach, FINDING_WRONG_SOURCE_PORT, "all replies",
         "The reply comes from port 5353, not 53.", NULL},
        {xcases_address, FINDING_LAME_UPWARD_REFERRAL, "to the root",
         "The SOA query is answered with a referral to the root.",
         "Let ns2.example.net serve the zone at 8.0.2.1 as it does at"},
        {xcases_address, FINDING_LAME_OTHER_ZONE, "NXDOMAIN of another zone",
         "The server says that the zone's name does not exist, out of zone other.example.",
         "Let ns2.example.net serve the zone at 8.0.2.1 as it does at"},
        {xcases_address, FINDING_CNAME_AT_APEX, "in place of the SOA",
         "The SOA query is answered with a CNAME record: example.net is an alias of "
         "www.example.com.",
         NULL},
        {xcases_reach, FINDING_BIG_ANSWER_LOST, "1233 octets",
         "TXT has 1233 octets over TCP; over UDP with EDNS size 4096 it does not arrive, answers "
         "of "
         "up to 106 octets do.",
         "ns2.example.net (8.0.2.1)"},
        {xcases_reach, FINDING_BIG_ANSWER_LOST, "rejected",
         "TXT has 1861 octets over TCP; over UDP with EDNS size 4096 it does not arrive, answers "
         "of "
         "up to 106 octets do. It is rejected by ICMP \"communication administratively "
         "prohibited\" from 8.0.0.254.",
         "ns2.example.net (8.0.2.1)"},
        {xcases_address, FINDING_LAME_REFUSED, "by an access list",
         "The SOA query is answered with REFUSED. It gives the reason \"Prohibited\" (EDE 18).",
         "allow-query"},
        {xcases_address, FINDING_LAME_SERVFAIL, "not ready",
         "The SOA query is answered with SERVFAIL. It gives the reason \"Not Ready\" (EDE 14).",
         "Look at the log of ns2.example.net"},
        {xcases_reach, FINDING_TCP_UNRESPONSIVE, "handshake alone",
         "UDP is answered; over TCP connections are made, but no answer comes.",
         "Make ns2.example.net (8.0.2.1) answer over TCP"},
        {xcases_reach, FINDING_LATE_REPLY, "one late",
         "1 of 8 replies came after their attempt was over, up to 1.30 s after the query.", NULL},
        {xcases_reach, FINDING_SLOW, "501 ms", "The median of 8 replies is 501 ms, above 500 ms.",
         NULL},
        {xcases_reach, FINDING_FLAPPING, "three lost",
         "3 of 11 UDP queries got no answer; the others did.", NULL},
        {xcases_zone, FINDING_NS_MISMATCH, "a name in the zone only",
         "Only the zone itself names ns3.example.org.", "ns3.example.org"},
        {xcases_zone, FINDING_GLUE_MISMATCH, "an address in the zone only",
         "ns2.example.net: only its own records have 8.0.2.1.", "Add 8.0.2.1 to the glue"},
        {xcases_address, FINDING_SOA_MISSING, "of another class",
         "The reply has AA, and an SOA record of class CH, not IN: resolvers drop it.",
         "serve the zone at 8.0.2.1"},
        {xcases_zone, FINDING_SERIAL_DIFFERS, "one behind",
         "Serial 2024010100 here; 2024010101 at ns2.example.net (2a00:2::1). Both are addresses of "
         "one server.",
         "ns2.example.net (8.0.2.1)"},
        {xcases_zone, FINDING_PRIMARIES_DIFFER, "two",
         "The servers' copies name 2 primaries. ns1.example.net (serial 2024010101): "
         "ns1.example.net; ns.example.org (serial 17): ns2.example.net.",
         NULL},
        {xcases_zone, FINDING_ANSWERS_DIFFER, "TXT",
         "The TXT records are not those of ns1.example.net (8.0.1.1), with the same serial "
         "2024010101.",
         NULL},
    };
    char ids[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        finding_list_t list;
        const xcase_t *c = find_case(cases[i].group, cases[i].id, cases[i].name);
        assert_non_null(c);
        run_case(c, &list, ids, sizeof ids);
        assert_int_equal(list.count, 1);
        assert_string_equal(list.item[0].text, cases[i].text);
        if (cases[i].fix == NULL)
            assert_null(list.item[0].fix);
        else
            assert_non_null(strstr(list.item[0].fix, cases[i].fix));
        finding_list_free(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_every_finding_has_cases),
        cmocka_unit_test(test_subject_and_evidence),
        cmocka_unit_test(test_severities),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
