/* Mistakes: where a record is when its name was entered wrongly, why a value is not the expected
 * one, and the difference at a glance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/mistake.h"
#include "dkim/view.h"

static nsp_name_t name_of(const char *text)
{
    nsp_name_t n;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &n, NULL), NSP_OK);
    return n;
}

static size_t names_of(const char *owner, const char *domain, const char *zone,
                       mistake_name_t out[MISTAKE_NAMES_MAX])
{
    nsp_name_t o = name_of(owner);
    nsp_name_t d = name_of(domain);
    nsp_name_t z = name_of(zone);
    size_t n = mistake_names(&o, &d, &z, out);
    assert_true(n <= MISTAKE_NAMES_MAX);
    for (size_t i = 0; i < n; i++) {
        nsp_name_t again;
        char text[NSP_NAME_TEXT_MAX];
        /* each is a valid name of the zone, is not the owner, and is there once */
        nsp_name_to_text(&out[i].name, text, sizeof text);
        assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &again, NULL), NSP_OK);
        assert_true(nsp_name_equal_case(&again, &out[i].name));
        assert_true(nsp_name_is_subdomain(&out[i].name, &z));
        assert_false(nsp_name_equal(&out[i].name, &o));
        for (size_t k = 0; k < i; k++)
            assert_false(nsp_name_equal(&out[i].name, &out[k].name));
    }
    return n;
}

typedef struct name_case {
    const char *kind;
    const char *name;
} name_case_t;

/* Whether the list holds each of these, with that kind. */
static void holds(const mistake_name_t *out, size_t n, const name_case_t *cases, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        nsp_name_t want = name_of(cases[c].name);
        size_t i = 0;
        while (i < n && !nsp_name_equal_case(&out[i].name, &want))
            i++;
        if (i == n)
            fail_msg("%s is not in the list", cases[c].name);
        assert_string_equal(mistake_name_name(out[i].kind), cases[c].kind);
    }
}

#define HOLDS(out, n, cases) holds(out, n, cases, sizeof(cases) / sizeof(cases)[0])

static void names_in_the_domains_zone(void **state)
{
    (void)state;
    static const name_case_t cases[] = {
        {"doubled", "t._domainkey.example.com.example.com."},
        {"doubled", "t._domainkey.example.com._domainkey.example.com."},
        {"doubled", "t._domainkey.example.example.com."},
        {"cut-short", "t.example.com."},
        {"cut-short", "_domainkey.example.com."},
        {"cut-short", "example.com."},
        {"no-underscore", "t.domainkey.example.com."},
        {"hyphen", "t.-domainkey.example.com."},
        {"doubled-label", "t._domainkey._domainkey.example.com."},
        {"escaped", "t\\._domainkey.example.com."},
        {"escaped", "t\\._domainkey\\.example\\.com.example.com."},
        {"escaped", "t.\\\\_domainkey.example.com."},
        {"quotes", "\\\"t._domainkey\\\".example.com."},
        {"quotes", "\\\"t._domainkey.example.com\\\".example.com."},
        {"smart-quotes", "\\226\\128\\156t._domainkey\\226\\128\\157.example.com."},
        {"invisible", "\\226\\128\\139t._domainkey.example.com."},
        {"invisible", "t._domainkey\\226\\128\\139.example.com."},
        {"invisible", "\\239\\187\\191t._domainkey.example.com."},
        {"invisible", "t._domainkey\\194\\160.example.com."},
        {"blank", "t._domainkey\\032.example.com."},
        {"blank", "\\032t._domainkey.example.com."},
        {"blank", "t._domainkey\\009.example.com."},
    };
    mistake_name_t out[MISTAKE_NAMES_MAX];
    size_t n = names_of("t._domainkey.example.com.", "example.com.", "example.com.", out);
    HOLDS(out, n, cases);
    /* the likeliest come first: callers ask only for some */
    assert_int_equal(out[0].kind, MISTAKE_NAME_DOUBLED);
    assert_int_equal(out[2].kind, MISTAKE_NAME_CUT_SHORT);
    bool seen[MISTAKE_NAME_COUNT] = {false};
    for (size_t i = 0; i < n && i < 24; i++)
        seen[out[i].kind] = true;
    for (size_t k = 0; k < MISTAKE_NAME_COUNT; k++)
        if (!seen[k])
            fail_msg("%s is not among the first", mistake_name_name((mistake_name_kind_t)k));
}

static void names_in_a_zone_above(void **state)
{
    (void)state;
    static const name_case_t cases[] = {
        {"doubled", "t._domainkey.mail.example.com.example.com."},
        {"doubled", "t._domainkey.mail.example.com.mail.example.com."},
        {"doubled", "t._domainkey.mail.mail.example.com."},
        {"cut-short", "t._domainkey.example.com."},
        {"cut-short", "t.mail.example.com."},
        {"cut-short", "t.example.com."},
        {"cut-short", "_domainkey.mail.example.com."},
        {"cut-short", "mail.example.com."},
        {"no-underscore", "t.domainkey.mail.example.com."},
        {"escaped", "t\\._domainkey.mail.example.com."},
        {"escaped", "t\\._domainkey\\.mail.example.com."},
        {"quotes", "\\\"t._domainkey.mail\\\".example.com."},
    };
    mistake_name_t out[MISTAKE_NAMES_MAX];
    size_t n = names_of("t._domainkey.mail.example.com.", "mail.example.com.", "example.com.", out);
    HOLDS(out, n, cases);
}

static void names_in_a_zone_below(void **state)
{
    (void)state;
    static const name_case_t cases[] = {
        {"doubled", "t._domainkey.example.com._domainkey.example.com."},
        {"doubled", "t._domainkey._domainkey.example.com."},
        {"cut-short", "_domainkey.example.com."},
        {"invisible", "\\226\\128\\139t._domainkey.example.com."},
    };
    mistake_name_t out[MISTAKE_NAMES_MAX];
    size_t n =
        names_of("t._domainkey.example.com.", "example.com.", "_domainkey.example.com.", out);
    HOLDS(out, n, cases);
}

static void names_of_other_records(void **state)
{
    (void)state;
    static const name_case_t dmarc[] = {
        {"doubled", "_dmarc.example.com.example.com."},
        {"cut-short", "example.com."},
        {"no-underscore", "dmarc.example.com."},
        {"hyphen", "-dmarc.example.com."},
    };
    static const name_case_t srv[] = {
        {"no-underscore", "imap.tcp.example.com."},
        {"no-underscore", "_imap.tcp.example.com."},
        {"hyphen", "_imap.-tcp.example.com."},
        {"doubled-label", "_imap._imap._tcp.example.com."},
    };
    mistake_name_t out[MISTAKE_NAMES_MAX];
    size_t n = names_of("_dmarc.example.com.", "example.com.", "example.com.", out);
    HOLDS(out, n, dmarc);
    n = names_of("_imap._tcp.example.com.", "example.com.", "example.com.", out);
    HOLDS(out, n, srv);
    /* nothing with an underscore: the domain has records of its own, which may be the same */
    n = names_of("bounce.mail.example.com.", "mail.example.com.", "example.com.", out);
    static const name_case_t bounce[] = {{"cut-short", "bounce.example.com."}};
    HOLDS(out, n, bounce);
    nsp_name_t domain = name_of("mail.example.com.");
    for (size_t i = 0; i < n; i++)
        assert_false(nsp_name_equal(&out[i].name, &domain));
    n = names_of("example.com.", "example.com.", "example.com.", out);
    static const name_case_t apex[] = {{"doubled", "example.com.example.com."}};
    HOLDS(out, n, apex);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(out[i].kind, MISTAKE_NAME_CUT_SHORT);
    /* a domain that has nothing to do with the owner, the root, and a zone that does not hold it */
    assert_true(names_of("t._domainkey.example.com.", "example.net.", "example.com.", out) > 10);
    assert_true(names_of("t._domainkey.example.", ".", ".", out) > 0);
    assert_int_equal(names_of(".", ".", ".", out), 0);
    assert_int_equal(names_of("t.example.com.", "example.com.", "example.net.", out), 0);
}

/* The longest names and labels: what does not fit is left out. */
static void names_that_hardly_fit(void **state)
{
    (void)state;
    char label[NSP_LABEL_MAX + 1];
    char owner[300];
    mistake_name_t out[MISTAKE_NAMES_MAX];
    for (int len = 40; len <= NSP_LABEL_MAX; len++) {
        memset(label, 'a', sizeof label);
        label[len] = '\0';
        for (int labels = 1; labels <= 3; labels++) {
            owner[0] = '\0';
            for (int i = 0; i < labels; i++)
                snprintf(owner + strlen(owner), sizeof owner - strlen(owner), "%s.", label);
            snprintf(owner + strlen(owner), sizeof owner - strlen(owner), "_domainkey.e.com.");
            assert_true(names_of(owner, "e.com.", "e.com.", out) > 0);
        }
    }
    owner[0] = '\0';
    for (int i = 0; i < 125; i++)
        strcat(owner, "a.");
    strcat(owner, "bb.");
    names_of(owner, "a.bb.", "a.bb.", out);
    names_of(owner, "bb.", ".", out);
}

static void every_kind_has_its_words(void **state)
{
    (void)state;
    for (int k = 0; k < MISTAKE_NAME_COUNT; k++) {
        assert_true(strlen(mistake_name_name((mistake_name_kind_t)k)) > 0);
        assert_true(strlen(mistake_name_text((mistake_name_kind_t)k)) > 0);
        assert_true(strlen(mistake_name_fix((mistake_name_kind_t)k)) > 0);
    }
    for (int k = 0; k < MISTAKE_VALUE_COUNT; k++) {
        assert_true(strlen(mistake_value_name((mistake_value_kind_t)k)) > 0);
        assert_true(strlen(mistake_value_text((mistake_value_kind_t)k)) > 0);
        assert_true(strlen(mistake_value_fix((mistake_value_kind_t)k)) > 0);
    }
}

/* A record as zone text in memory, and one that was found. */
typedef struct pair {
    expectations_t e;
    record_view_t found;
} pair_t;

static void open_pair(pair_t *p, const char *wanted, const char *found)
{
    static const nsp_name_t root = {1, {0}};
    char err[EXPECT_ERROR_MAX] = "";
    nsp_zone_reader_t z;
    nsp_zone_rr_t *rr = malloc(sizeof *rr);
    assert_non_null(rr);
    expectations_init(&p->e);
    if (!expect_add_text(&p->e, wanted, strlen(wanted), NULL, "w", err))
        fail_msg("%s", err);
    nsp_zone_begin(&z, found, strlen(found), &root);
    if (!nsp_zone_next(&z, rr))
        fail_msg("%s: %s", found, nsp_err_text(z.err));
    assert_true(record_view(&p->found, rr->type, rr->rdata, rr->rdlength));
    free(rr);
}

static void close_pair(pair_t *p)
{
    expectations_free(&p->e);
    record_view_free(&p->found);
}

#define O      "t._domainkey.example.com. "
#define WANTED O "CNAME t.dkim.amazonses.com."
#define KEY2   "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC"
#define TEXT   O "TXT \"v=DKIM1; k=rsa; " KEY2 "\""

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        const char *found;
        const char *kind;
    } cases[] = {
        {WANTED, "x CNAME t.dkim.amazonses.com.example.com.", "zone-appended"},
        {WANTED, "x CNAME t.dkim.amazonses.com._domainkey.example.com.", "zone-appended"},
        {WANTED, "x CNAME t.dkim.amazonses.com.com.", "zone-appended"},
        {WANTED, "x CNAME t.dkim.amazonses.com.example.net.", "longer"},
        {WANTED, "x CNAME t.dkim.amazonses.comm.", "longer"},
        {WANTED, "x CNAME t.dkim.amazonses.co.", "cut"},
        {WANTED, "x CNAME t.dkim.", "cut"},
        {WANTED, "x CNAME t.example.com.", "cut"},
        {WANTED, "x CNAME t.dkim.example.com.", "cut"},
        {WANTED, "x CNAME dkim.amazonses.com.", "cut"},
        {WANTED, "x CNAME t.", "cut"},
        {WANTED, "x CNAME com.", "other"},
        {WANTED, "x CNAME u.dkim.amazonses.com.", "other"},
        {WANTED, "x CNAME .", "other"},
        {WANTED, "x CNAME \\\"t.dkim.amazonses.com\\\".", "quotes"},
        {WANTED, "x CNAME \\\"t.dkim.amazonses.com\\\".example.com.", "quotes"},
        {WANTED, "x CNAME t\\\\.dkim\\\\.amazonses\\\\.com.", "quotes"},
        {WANTED, "x CNAME t\\.dkim\\.amazonses\\.com.", "quotes"},
        {WANTED, "x CNAME \\226\\128\\156t.dkim.amazonses.com\\226\\128\\157.", "smart-quotes"},
        {WANTED, "x CNAME \\226\\128\\139t.dkim.amazonses.com.", "invisible"},
        {WANTED, "x CNAME t.dkim.amazonses.com\\194\\160.example.com.", "invisible"},
        {WANTED, "x CNAME \\032t.dkim.amazonses.com.", "blanks"},
        {WANTED, "x CNAME t.dkim.amazonses.com\\032.", "blanks"},
        {WANTED, "x CNAME http://t.dkim.amazonses.com.", "url"},
        {WANTED, "x CNAME https://t.dkim.amazonses.com/.example.com.", "url"},
        {WANTED "\nu._domainkey.example.com. CNAME u.dkim.amazonses.com.",
         "x CNAME U.DKIM.amazonses.com.", "swapped"},
        {"example.com. MX 10 mail.example.com.", "x MX 20 mail.example.com.", "number"},
        {"example.com. MX 10 mail.example.com.", "x MX 10 other.example.com.", "other"},
        {"example.com. MX 10 mx.e.net.", "x MX 10 mx.e.net.example.com.", "zone-appended"},
        {"example.com. MX 10 mx.e.net.", "x MX 20 http://mx.e.net.", "url"},
        {"example.com. SRV 0 0 25 mx.e.net.", "x SRV 0 0 25 mx.e.", "cut"},
        {"example.com. A 192.0.2.1", "x A 192.0.2.2", "other"},
        {TEXT, "x TXT \"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3\"", "cut"},
        {TEXT, "x TXT \"v=DKIM1;\"", "cut"},
        {TEXT, "x TXT \"v=DKIM1; k=rsa; " KEY2 "AA\"", "longer"},
        {TEXT, "x TXT \"v=DKIM1; k=rsa; p=MIGFMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC\"", "case"},
        {TEXT, "x TXT \"\\\"v=DKIM1; k=rsa; " KEY2 "\\\"\"", "quotes"},
        {TEXT, "x TXT \"v=DKIM1\\\\; k=rsa\\\\; " KEY2 "\"", "quotes"},
        {TEXT, "x TXT \"\\226\\128\\156v=DKIM1; k=rsa; " KEY2 "\\226\\128\\157\"", "smart-quotes"},
        {TEXT, "x TXT \"v=DKIM1; k=rsa; " KEY2 "\\226\\128\\139\"", "longer"},
        {TEXT, "x TXT \"\\239\\187\\191v=DKIM1; k=rsa; " KEY2 "\"", "invisible"},
        {TEXT, "x TXT \"v=DKIM1;\\194\\160k=rsa; " KEY2 "\"", "invisible"},
        {TEXT, "x TXT \" v=DKIM1; k=rsa; " KEY2 "\"", "blanks"},
        {TEXT, "x TXT \"v=DKIM1;k=rsa;" KEY2 "\"", "blanks"},
        {TEXT, "x TXT \"\\\"v=DKIM1; k=rsa; p=MIGfMA0\"", "quotes"},
        {TEXT, "x TXT \"v=DKIM1; k=rsa; p=AAAA\"", "key"},
        {TEXT, "x TXT \"hello\"", "other"},
        {TEXT, "x TXT \"\"", "other"},
        {TEXT "\nu.example.com. TXT \"other text\"", "x TXT \"other \" \"text\"", "swapped"},
    };
    nsp_name_t zone = name_of("example.com.");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pair_t p;
        size_t other = 99;
        open_pair(&p, cases[i].wanted, cases[i].found);
        if (p.e.count > 1)
            nsp_name_root(&p.e.item[0].owner); /* of what was found, in its view */
        mistake_value_kind_t kind =
            mistake_value(&p.e.item[0], &p.found.m, &p.found.rr, &zone, &p.e, &other);
        assert_int_equal(other, kind == MISTAKE_VALUE_SWAPPED ? 1 : 99);
        close_pair(&p);
        if (strcmp(mistake_value_name(kind), cases[i].kind) != 0)
            fail_msg("%s\n%s\nis called %s, not %s", cases[i].wanted, cases[i].found,
                     mistake_value_name(kind), cases[i].kind);
    }
}

static void differences(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        const char *found;
        unsigned width;
        const char *lines; /* expected, found, mark */
    } cases[] = {
        {WANTED, "x CNAME t.dkim.amazonses.com.example.com.", 80,
         "t.dkim.amazonses.com.\n"
         "t.dkim.amazonses.com.example.com.\n"
         "                     ^^^^^^^^^^^^"},
        {WANTED, "x CNAME T.dkin.amazonses.com.", 80,
         "t.dkim.amazonses.com.\n"
         "T.dkin.amazonses.com.\n"
         "     ^"},
        {WANTED, "x CNAME t\\226\\128\\139.dkim.amazonses.com.", 80,
         "t.dkim.amazonses.com.\n"
         "t\\226\\128\\139.dkim.amazonses.com.\n"
         " ^^^^^^^^^^^^"},
        {WANTED, "x CNAME t.dkim.amazonses.co.", 80,
         "t.dkim.amazonses.com.\n"
         "t.dkim.amazonses.co.\n"
         "                   ^"},
        {WANTED, "x CNAME .", 80,
         "t.dkim.amazonses.com.\n"
         ".\n"
         "^^^^^^^^^^^^^^^^^^^^"},
        {"x. TXT \"abc\"", "x TXT \" abd \"", 80,
         "abc\n"
         "\\032abd\\032\n"
         "^^^^^^^^^^^"},
        {"x. TXT \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee\"",
         "x TXT \"aaaaaaaaaabbbbbbbbbbccccccccccdddddXddddeeeeeeeeee\"", 30,
         "...cccccddddddddddeeeeeeeeee\n"
         "...cccccdddddXddddeeeeeeeeee\n"
         "             ^"},
        {WANTED, "x CNAME t\\.dkim.amazonses.com.", 80,
         "t.dkim.amazonses.com.\n"
         "t\\.dkim.amazonses.com.\n"
         " ^"},
        {"x. MX 10 a.", "x MX 20 a.", 80, "10 a.\n20 a.\n^"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pair_t p;
        mistake_diff_t d;
        char got[400];
        open_pair(&p, cases[i].wanted, cases[i].found);
        mistake_diff(&p.e.item[0], &p.found.m, &p.found.rr, cases[i].width, &d);
        close_pair(&p);
        snprintf(got, sizeof got, "%s\n%s\n%s", d.expected, d.found, d.mark);
        if (strcmp(got, cases[i].lines) != 0)
            fail_msg("gives\n%s\nexpected\n%s", got, cases[i].lines);
    }
}

/* Whatever the values and the width: three lines of printable ASCII within the width, and a mark
 * below something. */
static void differences_fit(void **state)
{
    (void)state;
    char wanted[1200];
    char found[1200];
    for (unsigned at = 0; at < 240; at += 7) {
        for (unsigned width = 0; width <= 100; width += 9) {
            pair_t p;
            mistake_diff_t d;
            unsigned limit = width < 20 ? 20 : width > 80 ? 80 : width;
            memset(wanted, 0, sizeof wanted);
            strcpy(wanted, "x. TXT \"");
            memset(wanted + 8, 'a', 240);
            strcat(wanted, "\"");
            strcpy(found, wanted);
            snprintf(found + 8 + at, sizeof found - 8 - at, "\\00%u%s\"", at % 10,
                     at % 2 != 0 ? "" : "bbb\\200\\201cc");
            open_pair(&p, wanted, found);
            mistake_diff(&p.e.item[0], &p.found.m, &p.found.rr, width, &d);
            close_pair(&p);
            const char *lines[] = {d.expected, d.found, d.mark};
            for (int i = 0; i < 3; i++) {
                assert_true(strlen(lines[i]) <= limit);
                for (const char *c = lines[i]; *c != '\0'; c++)
                    assert_in_range((unsigned char)*c, ' ', '~');
            }
            size_t first = strcspn(d.mark, "^");
            assert_true(first < strlen(d.found) || first < strlen(d.expected));
            assert_int_equal(strncmp(d.expected, d.found, first), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_the_domains_zone),
        cmocka_unit_test(names_in_a_zone_above),
        cmocka_unit_test(names_in_a_zone_below),
        cmocka_unit_test(names_of_other_records),
        cmocka_unit_test(names_that_hardly_fit),
        cmocka_unit_test(every_kind_has_its_words),
        cmocka_unit_test(values),
        cmocka_unit_test(differences),
        cmocka_unit_test(differences_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
