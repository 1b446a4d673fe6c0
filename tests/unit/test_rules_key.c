/* Findings about keys: for each kind of text at the end of a right record the finding, its severity
 * and words, and for a right one nothing severe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "dkimcase.h"

#define P1024                                                                                      \
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXAXrmxn0sMe/OP7awLpJrY3H9edPXqBtDfX9Unsl9/"          \
    "gMKf4cLgLf7EbaoGtN+vTvhr2x7y8+alo+xnUvrHpZghJk3V860gnyz/"                                     \
    "C4YBeRwLiBKuquVBs96epUYbkxkSyKxSMiRQ7WUi7j0rr6oVRF3dZlY3C/P74r0QdiaKpGqVwIDAQAB"
#define P2048A                                                                                     \
    "p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAj/"                                             \
    "BU2krqrLQCZ7dfLz95Nl6LwKzsDERyni6ev3/6DTDqxx2H+FP/"                                           \
    "arpjM/tKdz3lJugzrlPRsslya5CijqgIJwbQDuKAkcomI/hl8lMvw/"
#define P2048B                                                                                     \
    "8wGmktsX5Yt66xgAnrAmGqSRS3h3dcRb2GBZBcfVg4udqMqYn9iolsZNGpw+"                                 \
    "82NBJ4neDHHT/MwYWziIOFkpUkBzCCX6tcNRc5CE0iMWZmwlbOR3ObF52nQiiwtIub/6vqnNUP+"                  \
    "nuhjm6AZlihs8SUU2nVxnM8OAs1GLwR2H+qB1YXsgW+"                                                  \
    "9dkjMy4Hm21r74+DHNUcmQpruzkdUimnMEalZB4pntxmF33XSd7ld58DnwIDAQAB"
#define P512                                                                                       \
    "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAOWouAWw5Z4gMC0UCbr+"                                       \
    "XwCSSFEVNy51NGYa5viWWZURyBjPkpwl0+AUP/dbgOxEejpy2yqwi71lrVer9bFZOuECAwEAAQ=="
#define ED "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* The world with these records of a.dkim.provider.net and of the example.com zone. */
static void begin(dkimcase_t *c, const char *at_provider, const char *at_domain,
                  const char *expected, const char *second)
{
    char scenario[12000];
    snprintf(scenario, sizeof scenario,
             "%s%s%szone example.com {\n%s%s}\n%s"
             "zone net {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A 192.5.6.31\n"
             "provider 60 NS ns.provider\nns.provider 60 A 203.0.113.1\n}\n"
             "address 192.5.6.31 {\nserves net\n}\n"
             "zone provider.net {\n@ 60 SOA ns h 1 1 1 1 60\n@ 60 NS ns\nns 60 A 203.0.113.1\n%s}\n"
             "address 203.0.113.1 {\nserves provider.net\n}\n",
             DC_ROOT, DC_COM(DC_TWO_NS), "", DC_APEX, at_domain, DC_BOTH, at_provider);
    dkimcase_begin(c, scenario, "example.com.", expected, second, NULL);
}

typedef struct key_case {
    const char *texts; /* TXT records' data, "|" between */
    const char *id;
    severity_t severity;
    const char *text;
    const char *fix;
} key_case_t;

static void run(const key_case_t *k)
{
    dkimcase_t c;
    char records[6000] = "";
    char one[3000];
    const char *at = k->texts;
    while (*at != '\0') {
        size_t n = strcspn(at, "|");
        snprintf(one, sizeof one, "a.dkim 60 TXT %.*s\n", (int)n, at);
        strcat(records, one);
        at += n + (at[n] == '|');
    }
    begin(&c, records, "a._domainkey 600 CNAME a.dkim.provider.net.\n", DC_A, NULL);
    dkimcase_want(&c, k->id, k->text, k->fix);
    const finding_t *f = dkimcase_finding(&c, k->id);
    assert_int_equal(f->severity, k->severity);
    if (strcmp(k->id, "key-missing") != 0)
        assert_true(f->evidence_count > 0);
    /* nothing else is severe */
    if (dkimcase_count(&c, SEVERITY_WARNING) != (k->severity >= SEVERITY_WARNING ? 1 : 0)) {
        dkimcase_show(&c);
        fail_msg("%s: other findings", k->texts);
    }
    dkimcase_free(&c);
}

static void kinds_of_keys(void **state)
{
    (void)state;
    static const key_case_t cases[] = {
        {"\"v=DKIM1; k=ed25519; " ED "\"", "key-good", SEVERITY_INFO,
         "Ed25519: a._domainkey.example.com", NULL},
        {"\"v=DKIM1; k=rsa; \" \"" P2048A "\" \"" P2048B "\"", "key-good", SEVERITY_INFO,
         "RSA, 2048 bits: a._domainkey.example.com", NULL},
        {"\"v=DKIM1; " P1024 "\"", "key-weak", SEVERITY_NOTICE, "RSA, 1024 bits", NULL},
        {"\"v=DKIM1; " P512 "\"", "key-broken", SEVERITY_ERROR, "less than 1024 bits",
         "The mail service must mend a.dkim.provider.net: Make a new key"},
        {"\"v=DKIM1; p=\"", "key-revoked", SEVERITY_ERROR,
         "a._domainkey.example.com leads to a.dkim.provider.net, where p= is empty", NULL},
        {"\"v=DKIM1; k=ed25519; t=y; " ED "\"", "key-testing", SEVERITY_NOTICE, "t=y", NULL},
        {"\"v=DKIM1; k=rsa; \" \"" P2048A "\"", "key-broken", SEVERITY_ERROR, "ends too early",
         NULL},
        {"\"v=spf1 -all\"", "key-broken", SEVERITY_ERROR, "no DKIM key", NULL},
        {"\"\\\"v=DKIM1; k=ed25519; " ED "\\\"\"", "key-broken", SEVERITY_ERROR,
         "quotation marks are a part of the text (\"\"v=DKIM1", "without quotation marks"},
        {"\"v=DKIM1; k=ed25519; k=ed25519; " ED "\"", "key-broken", SEVERITY_ERROR, "twice", NULL},
        {"\"v=DKIM1;; k=ed25519; " ED "\"", "key-flawed", SEVERITY_WARNING, "two semicolons",
         "Remove the semicolon"},
        {"\"v=DKIM1; k=ed25519; " ED "\"|\"v=DKIM1; p=\"", "key-several", SEVERITY_WARNING,
         "2 TXT records, 2 of them keys", NULL},
        {"\"v=spf1 -all\"|\"v=DKIM1; k=ed25519; " ED "\"", "key-several", SEVERITY_WARNING,
         "2 TXT records, 1 of them a key", NULL},
        {"", "key-missing", SEVERITY_WARNING, "leads to a.dkim.provider.net, where there is no TXT",
         NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run(&cases[i]);
}

#define TWO_TOKENS                                                                                 \
    "a._domainkey 600 CNAME a.dkim.provider.net.\nb._domainkey 600 CNAME b.dkim.provider.net.\n"

/* A service that changes keys keeps a selector back: no warning beside a good key. */
static void a_selector_kept_back(void **state)
{
    (void)state;
    dkimcase_t c;
    static const struct {
        const char *records;
        const char *id;
    } cases[] = {
        {"a.dkim 60 TXT " DC_KEY "\n", "key-missing"},
        {"a.dkim 60 TXT " DC_KEY "\nb.dkim 60 TXT \"v=DKIM1; p=\"\n", "key-revoked"},
    };
    for (size_t i = 0; i < 2; i++) {
        begin(&c, cases[i].records, TWO_TOKENS, DC_A, DC_B);
        dkimcase_want(&c, cases[i].id, "keep one back", NULL);
        assert_int_equal(dkimcase_finding(&c, cases[i].id)->severity, SEVERITY_NOTICE);
        assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 0);
        dkimcase_free(&c);
    }
    /* both without one: a warning for each */
    begin(&c, "", TWO_TOKENS, DC_A, DC_B);
    assert_int_equal(dkimcase_finding(&c, "key-missing")->severity, SEVERITY_WARNING);
    assert_int_equal(dkimcase_count(&c, SEVERITY_WARNING), 2);
    dkimcase_free(&c);
    /* keys of one kind share a finding */
    begin(&c, DC_KEYS, TWO_TOKENS, DC_A, DC_B);
    dkimcase_want(&c, "key-good", "Ed25519: a._domainkey.example.com, b._domainkey.example.com.",
                  NULL);
    dkimcase_free(&c);
}

/* TXT records in the domain's own zone. */
static void keys_of_ones_own(void **state)
{
    (void)state;
    dkimcase_t c;
    begin(&c, "", "s._domainkey 600 TXT \"v=DKIM1; p=\"\n",
          "s._domainkey.example.com. TXT \"v=DKIM1; p=\"", NULL);
    dkimcase_want(&c, "key-revoked", "s._domainkey.example.com: p= is empty", NULL);
    assert_int_equal(dkimcase_finding(&c, "key-revoked")->severity, SEVERITY_ERROR);
    dkimcase_free(&c);
    begin(&c, "", "s._domainkey 600 TXT \"v=DKIM1; k=rsa; p=AAAA\"\n",
          "s._domainkey.example.com. TXT \"v=DKIM1; k=rsa; p=AAAA\"", NULL);
    dkimcase_want(&c, "key-broken", "s._domainkey.example.com: ", "At s._domainkey.example.com: ");
    dkimcase_free(&c);
    /* a text that is no key, at a name that is for none */
    begin(&c, "", "_dmarc 600 TXT \"v=DMARC1; p=none\"\n",
          "_dmarc.example.com. TXT \"v=DMARC1; p=none\"", NULL);
    assert_int_equal(dkimcase_count(&c, SEVERITY_NOTICE), 0);
    assert_null(dkimcase_finding(&c, "key-good"));
    dkimcase_free(&c);
}

/* Only the key of a right record is looked at; and nothing is said of what was not followed. */
static void keys_that_are_not_meant(void **state)
{
    (void)state;
    dkimcase_t c;
    begin(&c, "c.dkim 60 TXT \"v=DKIM1; p=\"\n", "a._domainkey 600 CNAME c.dkim.provider.net.\n",
          DC_A, NULL);
    for (size_t i = 0; i < c.r.findings.count; i++)
        assert_int_not_equal(strncmp(finding_desc(c.r.findings.item[i].id)->id, "key-", 4), 0);
    dkimcase_free(&c);

    dkimcase_init(&c, DC_RIGHT, "example.com.");
    c.options.follow = false;
    dkimcase_expect(&c, DC_A);
    dkimcase_run(&c);
    assert_int_equal(c.err, NET_OK);
    assert_null(dkimcase_finding(&c, "key-good"));
    assert_null(dkimcase_finding(&c, "key-unknown"));
    assert_int_equal(dkimcase_count(&c, SEVERITY_NOTICE), 0);
    dkimcase_free(&c);

    /* the service's servers are out of reach: said, and not held against the records */
    dkimcase_begin(&c,
                   DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE(DC_TOKENS) DC_BOTH
                   "zone net {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A "
                   "192.5.6.31\nprovider 60 NS ns.provider\nns.provider 60 A 203.0.113.9\n}\n"
                   "address 192.5.6.31 {\nserves net\n}\n",
                   "example.com.", DC_A, DC_B, NULL);
    dkimcase_want(&c, "key-unknown", "a._domainkey.example.com, b._domainkey.example.com", NULL);
    assert_int_equal(dkimcase_count(&c, SEVERITY_NOTICE), 0);
    dkimcase_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_keys),
        cmocka_unit_test(a_selector_kept_back),
        cmocka_unit_test(keys_of_ones_own),
        cmocka_unit_test(keys_that_are_not_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
