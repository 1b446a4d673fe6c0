/* The provider table: every entry of the compiled-in file expands, users' files add and replace,
 * and faults of a file are told where they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/expect.h"
#include "dkim/expect_text.h"

/* The records of one token, "|" between, or "ERROR ...". */
static void expand(const providers_t *p, const char *provider, const char *domain,
                   const char *token, char *out, size_t cap)
{
    expectations_t e;
    nsp_name_t d;
    nsp_text_t t;
    char type[16];
    char err[EXPECT_ERROR_MAX] = "";
    const char *parameter = NULL;
    const provider_t *found = provider_find(p, provider, &parameter);
    nsp_text_begin(&t, out, cap);
    assert_non_null(found);
    assert_int_equal(nsp_name_from_text(domain, strlen(domain), NULL, &d, NULL), NSP_OK);
    expectations_init(&e);
    if (!expect_add_token(&e, found, parameter, &d, token, err)) {
        assert_int_equal(e.count, 0);
        nsp_text_printf(&t, "ERROR %s", err);
    }
    for (size_t i = 0; i < e.count; i++) {
        nsp_text_str(&t, i > 0 ? "|" : "");
        nsp_text_name(&t, &e.item[i].owner);
        nsp_text_printf(&t, " %s ", nsp_type_text(e.item[i].type, type));
        expectation_rdata_text(&e.item[i], &t);
        if (e.item[i].odd != 0)
            nsp_text_printf(&t, " !%u", e.item[i].odd);
    }
    expectations_free(&e);
}

typedef struct expand_case {
    const char *provider;
    const char *token;
    const char *expected;
} expand_case_t;

static void run(const providers_t *p, const expand_case_t *cases, size_t n)
{
    char got[2048];
    for (size_t i = 0; i < n; i++) {
        expand(p, cases[i].provider, "example.com.", cases[i].token, got, sizeof got);
        bool prefix = strncmp(cases[i].expected, "ERROR", 5) == 0;
        if (prefix ? strncmp(got, cases[i].expected, strlen(cases[i].expected)) != 0
                   : strcmp(got, cases[i].expected) != 0)
            fail_msg("%s %s\ngives    %s\nexpected %s", cases[i].provider, cases[i].token, got,
                     cases[i].expected);
    }
}

#define RUN(p, cases) run(p, cases, sizeof(cases) / sizeof(cases)[0])
#define SES           "t1._domainkey.example.com. CNAME t1.dkim.amazonses.com."

static void tokens_of_ses(void **state)
{
    (void)state;
    static const expand_case_t cases[] = {
        {"ses", "t1", SES},
        {"SES", "t1", SES},
        {"ses:eu-west-1", "t1", SES},
        {"ses:US-EAST-1", "t1", SES},
        {"ses:eu-south-1", "t1",
         "t1._domainkey.example.com. CNAME t1.dkim.eu-south-1.amazonses.com."},
        {"ses:il-central-1", "t1",
         "t1._domainkey.example.com. CNAME t1.dkim.il-central-1.amazonses.com."},
        {"ses:dkim.amazonses.com", "t1", SES},
        {"ses:dkim.xx-new-1.amazonses.com", "t1",
         "t1._domainkey.example.com. CNAME t1.dkim.xx-new-1.amazonses.com."},
        /* whole names where a token was expected */
        {"ses", "t1._domainkey.example.com", SES " !16"},
        {"ses", "t1._DomainKey.Example.com.", SES " !16"},
        {"ses", "t1._domainkey", SES " !16"},
        {"ses", "t1.dkim.amazonses.com", SES " !16"},
        {"ses", "t1.dkim.amazonses.com.", SES " !16"},
        {"ses:eu-south-1", "t1.dkim.eu-south-1.amazonses.com",
         "t1._domainkey.example.com. CNAME t1.dkim.eu-south-1.amazonses.com. !16"},
        {"ses", " t1\n", SES " !4"},
        {"ses", "\xe2\x80\x8bt1", SES " !2"},
        {"ses", "\xe2\x80\x9ct1\xe2\x80\x9d", SES " !1"},
        {"ses", "'t1'", SES " !1"},
        {"ses", "\"t1", "ERROR token \"t1: the token has a character"},
        {"ses", "t1 t2", "ERROR token t1 t2: the token has a character"},
        {"ses", "t1=x", "ERROR token t1: this provider gives no text"},
        {"ses", "", "ERROR token : a token is empty"},
        {"ses", NULL, "ERROR provider ses: a token is missing"},
        {"ses:eu-wst-1", "t1", "ERROR provider ses does not know eu-wst-1; it takes: the region"},
        {"ses-mail-from:eu-west-1", "bounce",
         "bounce.example.com. MX 10 feedback-smtp.eu-west-1.amazonses.com.|"
         "bounce.example.com. TXT \"v=spf1 include:amazonses.com ~all\""},
        {"ses-mail-from:eu-west-1", "bounce.example.com",
         "bounce.example.com. MX 10 feedback-smtp.eu-west-1.amazonses.com. !16|"
         "bounce.example.com. TXT \"v=spf1 include:amazonses.com ~all\" !16"},
        {"ses-mail-from", "bounce", "ERROR provider ses-mail-from needs a parameter"},
    };
    providers_t *p = providers_new();
    assert_non_null(p);
    RUN(p, cases);
    providers_free(p);
}

static void other_shapes(void **state)
{
    (void)state;
    static const expand_case_t cases[] = {
        {"fastmail", NULL,
         "fm1._domainkey.example.com. CNAME fm1.example.com.dkim.fmhosted.com.|"
         "fm2._domainkey.example.com. CNAME fm2.example.com.dkim.fmhosted.com.|"
         "fm3._domainkey.example.com. CNAME fm3.example.com.dkim.fmhosted.com."},
        {"fastmail", "x", "ERROR token x: this provider takes no token"},
        {"fastmail:x", NULL, "ERROR provider fastmail takes nothing behind a colon"},
        {"brevo", NULL,
         "brevo1._domainkey.example.com. CNAME b1.example-com.dkim.brevo.com.|"
         "brevo2._domainkey.example.com. CNAME b2.example-com.dkim.brevo.com."},
        {"microsoft365:contoso", NULL,
         "selector1._domainkey.example.com. CNAME "
         "selector1-example-com._domainkey.contoso.onmicrosoft.com.|"
         "selector2._domainkey.example.com. CNAME "
         "selector2-example-com._domainkey.contoso.onmicrosoft.com."},
        {"microsoft365:contoso.onmicrosoft.com", NULL,
         "selector1._domainkey.example.com. CNAME "
         "selector1-example-com._domainkey.contoso.onmicrosoft.com.|"
         "selector2._domainkey.example.com. CNAME "
         "selector2-example-com._domainkey.contoso.onmicrosoft.com."},
        {"microsoft365:contoso.r", NULL,
         "selector1._domainkey.example.com. CNAME "
         "selector1-example-com._domainkey.contoso.r-v1.dkim.mail.microsoft.|"
         "selector2._domainkey.example.com. CNAME "
         "selector2-example-com._domainkey.contoso.r-v1.dkim.mail.microsoft."},
        {"microsoft365", NULL, "ERROR provider microsoft365 needs a parameter"},
        {"google", "google=v=DKIM1; k=rsa; p=AB",
         "google._domainkey.example.com. TXT \"v=DKIM1; k=rsa; p=AB\""},
        {"google", "google=\"v=DKIM1; k=rsa; \" \"p=AB\"",
         "google._domainkey.example.com. TXT \"v=DKIM1; k=rsa; \" \"p=AB\""},
        {"google", "\"google=v=DKIM1; p=AB\"",
         "google._domainkey.example.com. TXT \"v=DKIM1; p=AB\" !1"},
        {"google", "google=\"v=DKIM1; p=AB\"",
         "google._domainkey.example.com. TXT \"v=DKIM1; p=AB\""},
        {"google", "google", "google._domainkey.example.com. TXT (any DKIM key)"},
        {"google", "google._domainkey.example.com=p=AB",
         "google._domainkey.example.com. TXT \"p=AB\" !16"},
        {"google", "google=", "ERROR token google=: character 1: the value is missing"},
        {"cname:s1", "key.example.net", "s1._domainkey.example.com. CNAME key.example.net."},
        {"mailgun", "9d876.dkim1.mailgun.com",
         "pdk1._domainkey.example.com. CNAME pdk1._domainkey.9d876.dkim1.mailgun.com.|"
         "pdk2._domainkey.example.com. CNAME pdk2._domainkey.9d876.dkim1.mailgun.com."},
        {"hubspot:123", "hs07",
         "hs1-123._domainkey.example.com. CNAME example-com.hs07a.dkim.hubspotemail.net.|"
         "hs2-123._domainkey.example.com. CNAME example-com.hs07b.dkim.hubspotemail.net."},
    };
    providers_t *p = providers_new();
    assert_non_null(p);
    RUN(p, cases);
    providers_free(p);
}

/* Every entry of the table expands with something, for a long domain too. */
static void every_entry(void **state)
{
    (void)state;
    providers_t *p = providers_new();
    assert_non_null(p);
    size_t n = 0;
    for (; provider_name(p, n) != NULL; n++) {
        char word[100];
        char got[4096];
        const char *parameter;
        const provider_t *x = provider_find(p, provider_name(p, n), &parameter);
        assert_non_null(x);
        assert_string_equal(provider_name_of(x), provider_name(p, n));
        assert_true(strlen(provider_title(p, n)) > 0);
        assert_int_equal(provider_takes_token(x), provider_token_text(x) != NULL);
        snprintf(word, sizeof word, "%s%s", provider_name(p, n),
                 provider_parameter_text(x) == NULL        ? ""
                 : strcmp(provider_name(p, n), "ses") == 0 ? ":eu-west-1"
                                                           : ":abc");
        expand(p, word, "a.b.c.d.e.f.g.h.example.co.uk.", provider_takes_token(x) ? "tok" : NULL,
               got, sizeof got);
        if (strncmp(got, "ERROR", 5) == 0)
            fail_msg("%s: %s", word, got);
        assert_non_null(strstr(got, ".example.co.uk."));
    }
    assert_true(n >= 20);
    assert_null(provider_title(p, n));
    const char *parameter;
    assert_null(provider_find(p, "", &parameter));
    assert_null(provider_find(p, "se", &parameter));
    assert_null(provider_find(p, "sess:x", &parameter));
    providers_free(p);
}

static void users_own(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf# mine\r\n"
                               "provider  acme  Acme Mail\r\n"
                               "  parameter what\n"
                               "  token t\n"
                               "  record {token}._domainkey.{domain} CNAME {token}.acme.example\n"
                               "  for a* *z\n"
                               "  for exact\n"
                               "  record {token}.{domain} TXT {parameter} of {domain-dashes}\n"
                               "  record {domain} MX 5 mx.{parameter}.example\n"
                               "provider ses Replaced\n"
                               "  token t\n"
                               "  record x.{domain} A 192.0.2.1\n";
    static const expand_case_t cases[] = {
        {"acme", "t", "t._domainkey.example.com. CNAME t.acme.example."},
        {"acme:abc", "t",
         "t.example.com. TXT \"abc of example-com\"|example.com. MX 5 mx.abc.example."},
        {"acme:EXACT", "t",
         "t.example.com. TXT \"EXACT of example-com\"|example.com. MX 5 mx.exact.example."},
        {"acme:xyz", "t",
         "t.example.com. TXT \"xyz of example-com\"|example.com. MX 5 mx.xyz.example."},
        {"acme:xyzy", "t", "ERROR provider acme does not know xyzy"},
        {"ses", "t", "x.example.com. A 192.0.2.1"},
    };
    char err[PROVIDER_ERROR_MAX] = "";
    providers_t *p = providers_new();
    assert_non_null(p);
    size_t before = 0;
    while (provider_name(p, before) != NULL)
        before++;
    if (!providers_add(p, text, sizeof text - 1, "mine", err))
        fail_msg("%s", err);
    assert_string_equal(provider_name(p, before), "acme");
    assert_null(provider_name(p, before + 1));
    RUN(p, cases);
    providers_free(p);
}

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"record a CNAME b\n", "f:1:1: a line \"provider NAME TITLE\" must come first"},
        {"provider\n", "f:1:9: provider takes a name"},
        {"provider Acme x\n", "f:1:10: provider takes a name"},
        {"provider acme\n", "f:1:10: a title is missing"},
        {"provider a x\nrecord b CNAME c\n\nprovider a y\n",
         "f:4:10: provider a stands there twice"},
        {"provider a x\n", "f:1:1: provider a has no record"},
        {"provider a x\nrecord\n", "f:2:7: record takes an owner, a type and RDATA"},
        {"provider a x\nrecord b CNAME\n", "f:2:8: record takes an owner"},
        {"provider a x\n  record b QNAME c\n", "f:2:12: QNAME is not an RR type"},
        {"provider a x\nrecord {b} CNAME c\n", "f:2:8: braces take one of"},
        {"provider a x\nrecord b CNAME c{domain\n", "f:2:17: braces take one of"},
        {"provider a x\nrecord b CNAME c}\n", "f:2:17: braces take one of"},
        {"provider a x\nrecord {token} CNAME c\n",
         "f:2:8: a line above it must say what the token"},
        {"provider a x\nrecord b CNAME {parameter}\n",
         "f:2:8: a line above it must say what the p"},
        {"provider a x\ntoken t\nrecord b CNAME {text}\n", "f:3:16: {text} may only be the whole"},
        {"provider a x\ntoken t\nrecord b TXT x{text}\n", "f:3:14: {text} may only be the whole"},
        {"provider a x\ntoken t\nrecord {text} TXT x\n", "f:3:8: {text} may only be the RDATA"},
        {"provider a x\ntoken\n", "f:2:1: token takes a text"},
        {"provider a x\ntoken t\ntoken t\n", "f:3:1: token stands there twice"},
        {"provider a x\nfor y\n", "f:2:1: for needs a line above it"},
        {"provider a x\nparameter p\nfor\n", "f:3:1: for takes parameters"},
        {"provider a x\nparameter p\nfor y\n", "f:3:1: provider a: no record follows the last for"},
        {"provider a x\nrecords b\n", "f:2:1: records is not known; a line begins with"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char err[PROVIDER_ERROR_MAX] = "";
        providers_t *p = providers_new();
        assert_non_null(p);
        assert_false(providers_add(p, cases[i].text, strlen(cases[i].text), "f", err));
        if (strncmp(err, cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("%s\ngives    %s\nexpected %s", cases[i].text, err, cases[i].error);
        const char *parameter;
        assert_null(provider_find(p, "a", &parameter));
        providers_free(p);
    }
    char err[PROVIDER_ERROR_MAX] = "";
    static char line[1100] = "provider a x\n";
    memset(line + 13, ' ', sizeof line - 13);
    line[sizeof line - 1] = 'x';
    providers_t *p = providers_new();
    assert_false(providers_add(p, line, sizeof line, "f", err));
    assert_non_null(strstr(err, "f:2:1000: a line is longer"));
    assert_false(providers_add(p, "provider a x\nsource \0\n", 22, "f", err));
    assert_non_null(strstr(err, "NUL"));
    assert_true(providers_add(p, "", 0, "f", err));
    providers_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_ses), cmocka_unit_test(other_shapes),
        cmocka_unit_test(every_entry),   cmocka_unit_test(users_own),
        cmocka_unit_test(faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
