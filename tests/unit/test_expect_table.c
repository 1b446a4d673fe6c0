/* CSV of many domains: what its first line may be, whose a row is, and what rows expect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dkim/expect_table.h"

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        bool headless;
        bool records;
        char delimiter;
        size_t domain;
        size_t tokens;
    } cases[] = {
        {"Domain,Token\n", true, false, false, ',', 0, 1},
        {"\xef\xbb\xbf\"Domain\";\"Token 1\";\"Token 2\";\"DKIM token 3\"\r\n", true, false, false,
         ';', 0, 3},
        {"Name\tType\tValue\tdomain\n", true, false, true, '\t', 3, 0},
        {"Domain,Type,Value\n", true, false, true, ',', 0, 0},
        {"Identity,Selector,Name,Type,Value\n", true, false, true, ',', 0, 1},
        {"sep=;\nDomain;Token\n", true, false, false, ';', 0, 1},
        {"domain\n", true, false, false, ',', 0, 0},
        {"example.com,abc,def\n", true, true, false, ',', 0, EXPECT_TABLE_TOKENS_MAX},
        {"example.com;abc;def\n", true, true, false, ';', 0, EXPECT_TABLE_TOKENS_MAX},
        {"example.com\n", true, true, false, ',', 0, EXPECT_TABLE_TOKENS_MAX},
        {"Name,Type,Value\n", false, false, false, 0, 0, 0},
        {"example,abc\n", false, false, false, 0, 0, 0},
        {"\"Domain,Token\n", false, false, false, 0, 0, 0},
        {"", false, false, false, 0, 0, 0},
        {"\xff\xfe", false, false, false, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_table_t t;
        char err[EXPECT_ERROR_MAX] = "";
        bool good = expect_table_begin(&t, cases[i].text, strlen(cases[i].text), "list.csv", err);
        if (good != cases[i].good)
            fail_msg("case %zu: %s", i, err);
        if (!good) {
            assert_non_null(strstr(err, "list.csv"));
            continue;
        }
        assert_int_equal(t.headless, cases[i].headless);
        assert_int_equal(t.records, cases[i].records);
        assert_int_equal(t.delimiter, cases[i].delimiter);
        assert_int_equal(t.domain, cases[i].domain);
        assert_int_equal(t.token_count, cases[i].tokens);
    }
    assert_true(expect_table_wants_more("SEP=;\r\n", 7));
    assert_false(expect_table_wants_more("sep=", 4));
    assert_false(expect_table_wants_more("Domain", 6));
}

static expect_table_t table_of(const char *header)
{
    expect_table_t t;
    char err[EXPECT_ERROR_MAX] = "";
    if (!expect_table_begin(&t, header, strlen(header), "list.csv", err))
        fail_msg("%s", err);
    return t;
}

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        expect_row_t kind;
        const char *domain;
    } cases[] = {
        {"example.com,abc\n", EXPECT_ROW_GOOD, "example.com"},
        {" \"Example.com\" ,abc", EXPECT_ROW_GOOD, "Example.com"},
        {",abc\n", EXPECT_ROW_GOOD, ""},
        {"\n", EXPECT_ROW_EMPTY, ""},
        {" , \r\n", EXPECT_ROW_EMPTY, ""},
        {"example.com,\"abc\n", EXPECT_ROW_OPEN, ""},
        {"example.com,\"abc\ndef\"\n", EXPECT_ROW_GOOD, "example.com"},
        {"example.com,\"abc\"x\n", EXPECT_ROW_BAD, ""},
    };
    expect_table_t t = table_of("Domain,Token\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char domain[EXPECT_TABLE_DOMAIN_MAX];
        if (expect_table_row(&t, cases[i].text, strlen(cases[i].text), domain) != cases[i].kind)
            fail_msg("case %zu", i);
        assert_string_equal(domain, cases[i].domain);
    }
    char domain[EXPECT_TABLE_DOMAIN_MAX];
    static char wide[EXPECT_TABLE_DOMAIN_MAX + 10];
    memset(wide, 'a', sizeof wide);
    assert_int_equal(expect_table_row(&t, wide, sizeof wide, domain), EXPECT_ROW_BAD);
    assert_int_equal(expect_table_row(&t, "a\0b,c", 5, domain), EXPECT_ROW_BAD);
}

/* Expectations as "owner type" words, in order. */
static void add(const char *header, const char *rows, const char *provider, const char *wanted)
{
    expect_table_t t = table_of(header);
    providers_t *all = providers_new();
    expect_table_for_t how = {.where = "list.csv"};
    char got[5000] = "";
    char err[EXPECT_ERROR_MAX] = "";
    nsp_name_t domain;
    expectations_t e;
    how.provider = provider_find(all, provider, &how.parameter);
    assert_non_null(how.provider);
    expectations_init(&e);
    assert_int_equal(nsp_name_from_text("example.com", 11, NULL, &domain, NULL), NSP_OK);
    bool good = expect_table_add(&t, &how, rows, strlen(rows), 7, &domain, &e, err);
    for (size_t i = 0; i < e.count; i++) {
        char name[NSP_NAME_TEXT_MAX];
        char type[16];
        nsp_name_to_text(&e.item[i].owner, name, sizeof name);
        strcat(strcat(strcat(strcat(got, name), " "), nsp_type_text(e.item[i].type, type)), "\n");
    }
    if (!good)
        snprintf(got, sizeof got, "%s", err);
    if (strncmp(wanted, got, strlen(wanted)) != 0 || (good && strlen(got) != strlen(wanted)))
        fail_msg("wanted %s, got %s", wanted, got);
    expectations_free(&e);
    providers_free(all);
}

static void test_expectations(void **state)
{
    (void)state;
    static const char three[] = "a1._domainkey.example.com. CNAME\n"
                                "b2._domainkey.example.com. CNAME\n"
                                "c3._domainkey.example.com. CNAME\n";
    add("Domain,Token\n", "example.com,a1\nexample.com,b2\n,c3\n", "ses", three);
    add("Domain,T,Token1,Token2,Token3\n", "example.com,x,a1,b2,c3\n", "ses", three);
    add("Domain;Token\n", "example.com;a1 b2, c3\n", "ses", three);
    add("Domain;Token\n", "example.com;\"a1;\nb2\"\n\n;c3", "ses", three);
    add("example.com,a1\n", "example.com,a1,b2,c3\n", "ses", three);
    add("Domain,Name,Type,Value\n",
        "example.com,example.com,TXT,\"v=spf1 -all\"\n,www,A,192.0.2.1\n", "ses",
        "example.com. TXT\nwww.example.com. A\n");
    add("Domain,Type,Value\n", "example.com,TXT,x\n", "ses", "example.com. TXT\n");
    add("Domain,Token,Name,Type,Value\n", "example.com,a1,,,\n,,www,A,192.0.2.1\n", "ses",
        "a1._domainkey.example.com. CNAME\nwww.example.com. A\n");
    /* what is wrong is told with its line in the list */
    add("Domain,Token\n", "example.com,\n", "ses", "list.csv:7:1: neither a token nor a record");
    add("Domain,Token\n", "example.com,a1,b2\n", "ses", "list.csv:7:16: more fields than columns");
    add("Domain,Name,Type,Value\n", "example.com,www,A,192.0.2.1\n\n,www,A,192.0.2\n", "ses",
        "list.csv:9:");
    add("Domain,Name,Type,Value\n", "example.com,www,A,\"192\n", "ses", "list.csv:7:19: quoted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_expectations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
