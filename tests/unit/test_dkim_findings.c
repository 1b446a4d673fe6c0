/* Findings about expected records, over a simulated Internet: what real servers would not serve,
 * and every mistake once more beside a right zone. The list of severe findings is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "dkimcase.h"

#define A_RIGHT "a._domainkey 600 CNAME a.dkim.provider.net.\n"

typedef struct zone_case {
    const char *name;
    const char *zone;     /* records of example.com at both servers */
    const char *expected; /* one record; NULL: DC_A */
    const char *severe;   /* IDs of errors and warnings, in order */
    const char *id;       /* a finding that must be there: with these words */
    const char *text;
    const char *fix;
} zone_case_t;

static void list_severe(const dkimcase_t *c, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < c->r.findings.count && n < cap; i++) {
        const finding_t *f = &c->r.findings.item[i];
        if (f->severity >= SEVERITY_WARNING)
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? " " : "",
                                  finding_desc(f->id)->id);
    }
}

static void judge_case(const dkimcase_t *c, const zone_case_t *k)
{
    char severe[600];
    list_severe(c, severe, sizeof severe);
    if (strcmp(severe, k->severe) != 0) {
        dkimcase_show(c);
        fail_msg("%s: severe are [%s], not [%s]", k->name, severe, k->severe);
    }
    if (k->id != NULL)
        dkimcase_want(c, k->id, k->text, k->fix);
    /* what is severe has a text, and a fix of its own or of the table */
    for (size_t i = 0; i < c->r.findings.count; i++) {
        const finding_t *f = &c->r.findings.item[i];
        assert_true(strlen(f->text) > 0);
        assert_true(f->fix == NULL || strlen(f->fix) > 0);
    }
}

static void run(const zone_case_t *k)
{
    dkimcase_t c;
    char scenario[8000];
    snprintf(scenario, sizeof scenario, "%s%szone example.com {\n%s%s}\n%s%s", DC_ROOT,
             DC_COM(DC_TWO_NS), DC_APEX, k->zone, DC_BOTH, DC_PROVIDER(DC_KEYS));
    dkimcase_begin(&c, scenario, "example.com.", k->expected != NULL ? k->expected : DC_A, NULL);
    judge_case(&c, k);
    dkimcase_free(&c);
}

static void one_zone(void **state)
{
    (void)state;
    static const zone_case_t cases[] = {
        {"right", A_RIGHT, NULL, "", "record-matches", "2 of 2 addresses", NULL},
        {"right, wildcards beside", A_RIGHT "* 60 A 192.0.2.80\n*._domainkey 60 CNAME x.\n", NULL,
         "", NULL, NULL, NULL},
        {"right, other case", "A._DOMAINKEY 600 CNAME A.DKIM.Provider.Net.\n", NULL, "", NULL, NULL,
         NULL},
        {"CNAME beside TXT", A_RIGHT "a._domainkey 60 TXT \"x\"\n", NULL,
         "record-cname-beside-data", "record-cname-beside-data",
         "a._domainkey.example.com has the expected CNAME, and TXT records beside it",
         "Remove the TXT records"},
        {"CNAME beside A", A_RIGHT "a._domainkey 60 A 192.0.2.1\n", NULL,
         "record-cname-beside-data", "record-cname-beside-data", "A records beside", NULL},
        {"TXT beside CNAME", "s 60 TXT \"x\"\ns 60 CNAME y.example.net.\n",
         "s.example.com. TXT \"x\"", "record-cname-beside-data", "record-cname-beside-data",
         "CNAME records beside", NULL},
        {"several CNAMEs", A_RIGHT "a._domainkey 600 CNAME old.provider.net.\n", NULL,
         "record-several-cnames", "record-several-cnames", "old.provider.net", NULL},
        {"missing", "", NULL, "record-missing", "record-missing", "NXDOMAIN",
         "Enter in the zone example.com: a._domainkey.example.com CNAME a.dkim.provider.net."},
        {"NODATA by a name below", "x.a._domainkey 60 A 192.0.2.1\n", NULL, "record-missing",
         "record-missing", "NODATA", NULL},
        {"zone appended", "a._domainkey 60 CNAME a.dkim.provider.net\n", NULL,
         "record-zone-appended", "record-zone-appended", "a.dkim.provider.net.example.com", NULL},
        {"doubled", "a._domainkey.example.com 60 CNAME a.dkim.provider.net.\n", NULL,
         "record-wrong-owner", "record-wrong-owner", "a._domainkey.example.com.example.com",
         "Remove the record at a._domainkey.example.com.example.com"},
        {"doubled with its target", "a._domainkey.example.com 60 CNAME a.dkim.provider.net\n", NULL,
         "record-wrong-owner", NULL, NULL, NULL},
        {"a form for selectors",
         "a._domainkey.example.com._domainkey 60 CNAME a.dkim.provider.net.\n", NULL,
         "record-wrong-owner", NULL, NULL, NULL},
        {"cut short", "a 60 CNAME a.dkim.provider.net.\n", NULL, "record-wrong-owner",
         "record-wrong-owner", "is at a.example.com", NULL},
        {"dot escaped", "a\\._domainkey 60 CNAME a.dkim.provider.net.\n", NULL,
         "record-wrong-owner", "record-wrong-owner", "backslash", NULL},
        {"no-break space", "a._domainkey\\194\\160 60 CNAME a.dkim.provider.net.\n", NULL,
         "record-wrong-owner", "record-wrong-owner", "invisible", NULL},
        {"blank", "a._domainkey\\032 60 CNAME a.dkim.provider.net.\n", NULL, "record-wrong-owner",
         "record-wrong-owner", "blank", NULL},
        {"smart quotes",
         "\\226\\128\\156a._domainkey\\226\\128\\157 60 CNAME a.dkim.provider.net.\n", NULL,
         "record-wrong-owner", "record-wrong-owner", "typographic", NULL},
        {"doubled beside a wildcard",
         "*._domainkey 60 CNAME x.provider.net.\n"
         "a._domainkey.example.com 60 CNAME a.dkim.provider.net.\n",
         NULL, "record-wrong-owner", NULL, NULL, NULL},
        {"wildcard", "* 60 CNAME parked.provider.net.\n", NULL, "record-from-wildcard",
         "record-from-wildcard", "parked.provider.net", NULL},
        {"delegated to a name that is not there", "_domainkey 60 NS ns.nowhere.net.\n", NULL,
         "record-zone-unreachable", "record-zone-unreachable",
         "it is delegated to ns.nowhere.net (does not exist)",
         "remove the NS records of _domainkey.example.com from the zone example.com, and enter the "
         "records there"},
        {"delegated to a name that is not there, told beside", "_domainkey 60 NS ns.nowhere.net.\n",
         NULL, "record-zone-unreachable", "record-own-zone",
         "delegated away from example.com, to ns.nowhere.net (does not exist)", NULL},
        {"delegated to servers without the zone", "_domainkey 60 NS ns1\n_domainkey 60 NS ns2\n",
         NULL, "record-zone-unreachable record-server-lame record-server-lame",
         "record-zone-unreachable", "None of the 2 addresses",
         "Where no zone of its own is meant: remove the NS records"},
        {"a CNAME to itself", "a._domainkey 60 CNAME a._domainkey\n", NULL, "record-wrong-value",
         "record-wrong-value", "the name leads to itself", "enter the name that was given"},
        {"DNAME above", "@ 60 DNAME old.provider.net.\n", NULL, "record-under-dname",
         "record-under-dname",
         "example.com has a DNAME record, which leads every name below it elsewhere, this one to "
         "a._domainkey.old.provider.net",
         "Remove the DNAME record from example.com"},
        {"DNAME that leads to what is expected", "_domainkey 60 DNAME dkim.provider.net.\n", NULL,
         "", "record-matches", NULL, NULL},
        {"wrong target", "a._domainkey 60 CNAME b.dkim.provider.net.\n", NULL, "record-wrong-value",
         "record-wrong-value", "b.dkim.provider.net", "a.dkim.provider.net"},
        {"invisible in the target", "a._domainkey 60 CNAME a.dkim.provider.net\\226\\128\\139.\n",
         NULL, "record-wrong-value", "record-wrong-value", "invisible", NULL},
        {"wrong type", "a._domainkey 60 TXT \"a.dkim.provider.net\"\n", NULL, "record-wrong-type",
         "record-wrong-type", "TXT", NULL},
        {"circle", "a._domainkey 60 CNAME b._domainkey\nb._domainkey 60 CNAME a._domainkey\n",
         "a._domainkey.example.com. CNAME b._domainkey.example.com.", "record-cname-loop",
         "record-cname-loop", "a circle", NULL},
        {"another SPF text", "@ 60 TXT \"v=spf1 -all\"\n@ 60 TXT \"other\"\n",
         "example.com. TXT \"v=spf1 include:provider.net -all\"", "record-wrong-value", NULL, NULL,
         NULL},
        {"a second SPF policy",
         "@ 60 TXT \"v=spf1 include:provider.net -all\"\n@ 60 TXT \"v=spf1 -all\"\n",
         "example.com. TXT \"v=spf1 include:provider.net -all\"", "record-several-policies",
         "record-several-policies", "1 other TXT record that begins with", "Join them"},
        {"a second DMARC policy",
         "_dmarc 60 TXT \"v=DMARC1; p=none\"\n_dmarc 60 TXT \"v=DMARC1; p=reject\"\n",
         "_dmarc.example.com. TXT \"v=DMARC1; p=none\"", "record-several-policies",
         "record-several-policies", "v=DMARC1", NULL},
        {"a domain that does not exist", "", "www.other.test. A 192.0.2.9", "record-domain-missing",
         "record-domain-missing", "the servers of the root say so", NULL},
        {"the domain's own text", "@ 60 TXT \"v=spf1 include:provider.net -all\"\n",
         "bounce.example.com. TXT \"v=spf1 include:provider.net -all\"", "record-missing", NULL,
         NULL, NULL},
        {"MX with the zone appended", "m 60 MX 10 mx.provider.net\n",
         "m.example.com. MX 10 mx.provider.net.", "record-zone-appended", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run(&cases[i]);
}

/* The servers differ. */
static void two_zones(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE(A_RIGHT)
                       DC_PROVIDER(DC_KEYS) "zone example.com@old {\n"
                                            "@ 600 SOA ns1 hostmaster 5 7200 900 1209600 300\n"
                                            "@ 600 NS ns1\n@ 600 NS ns2\nns1 600 A 192.0.2.1\n"
                                            "ns2 600 A 192.0.2.2\n}\n"
                                            "address 192.0.2.1 {\nserves example.com\n}\n"
                                            "address 192.0.2.2 {\nserves example.com@old\n}\n",
                   "example.com.", DC_A, NULL);
    zone_case_t k = {"no transfer",    NULL,       NULL,      "record-partial record-luck",
                     "record-partial", "serial 5", "transfer"};
    judge_case(&c, &k);
    dkimcase_want(&c, "record-partial", "2 steps behind", NULL);
    dkimcase_want(&c, "record-partial", "refresh of 2 hours", NULL);
    assert_int_equal(c.r.status, VERIFIER_PENDING);
    dkimcase_free(&c);
}

/* The newest version of the zone has the record, with another value. */
static void newest_is_wrong(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS)
                       DC_EXAMPLE("a._domainkey 60 CNAME a0.dkim.provider.net.\n")
                           DC_PROVIDER(DC_KEYS) "zone example.com@old {\n"
                                                "@ 600 SOA ns1 hostmaster 5 7200 900 1209600 300\n"
                                                "@ 600 NS ns1\n@ 600 NS ns2\nns1 600 A 192.0.2.1\n"
                                                "ns2 600 A 192.0.2.2\n" DC_TOKENS "}\n"
                                                "address 192.0.2.1 {\nserves example.com\n}\n"
                                                "address 192.0.2.2 {\nserves example.com@old\n}\n",
                   "example.com.", DC_A, NULL);
    dkimcase_want(&c, "record-partial", "found     a0.dkim.provider.net", "has a wrong value");
    dkimcase_want(&c, "record-partial", "expected  a.dkim.provider.net",
                  "correct it there to a._domainkey.example.com CNAME a.dkim.provider.net");
    assert_null(strstr(dkimcase_finding(&c, "record-partial")->fix, "lacks"));
    dkimcase_free(&c);
}

/* Half of a move: the new provider's copy is not made of the old one's, whatever the serials. */
static void two_providers(void **state)
{
    (void)state;
    dkimcase_t c;
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE(A_RIGHT)
                       DC_PROVIDER(DC_KEYS) "zone example.com@new {\n"
                                            "@ 600 SOA ns2 hostmaster 1 7200 900 1209600 300\n"
                                            "@ 600 NS ns1\n@ 600 NS ns2\nns1 600 A 192.0.2.1\n"
                                            "ns2 600 A 192.0.2.2\n}\n"
                                            "address 192.0.2.1 {\nserves example.com\n}\n"
                                            "address 192.0.2.2 {\nserves example.com@new\n}\n",
                   "example.com.", DC_A, NULL);
    dkimcase_want(&c, "record-partial", "Its SOA names ns2.example.com as the primary (serial 1)",
                  "belongs to another DNS provider: enter the records there as well");
    assert_null(strstr(dkimcase_finding(&c, "record-partial")->text, "behind"));
    assert_null(strstr(dkimcase_finding(&c, "record-partial")->fix, "transfer"));
    dkimcase_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_zone),
        cmocka_unit_test(two_zones),
        cmocka_unit_test(newest_is_wrong),
        cmocka_unit_test(two_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
