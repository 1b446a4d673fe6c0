/* Templates: which variables there are, and what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dkim/template.h"

static void filled(void **state)
{
    (void)state;
    static const struct {
        const char *template;
        unsigned used;
        const char *text;
    } cases[] = {
        {"", 0, ""},
        {"plain", 0, "plain"},
        {"{token}", TEMPLATE_TOKEN, "t.u"},
        {"{token}.{domain}.", TEMPLATE_TOKEN | TEMPLATE_DOMAIN, "t.u.a-b.example.com."},
        {"x{domain-dashes}y", TEMPLATE_DOMAIN_DASHES, "xa-b-example-comy"},
        {"{parameter}{parameter}", TEMPLATE_PARAMETER, "p.qp.q"},
        {"{text}", TEMPLATE_TEXT, "{token}"},
    };
    template_values_t values = {"t.u", "a-b.example.com", "p.q", "{token}"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned used = 99;
        size_t bad = 99;
        assert_true(template_check(cases[i].template, &used, &bad));
        assert_int_equal(used, cases[i].used);
        char *text = template_fill(cases[i].template, &values);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *template;
        size_t bad;
    } cases[] = {
        {"{", 0},         {"a}", 1},       {"{token", 0}, {"x{tokens}", 1}, {"{token}{to}", 7},
        {"{{token}}", 0}, {"{token}}", 7}, {"{}", 0},     {"{domain-}", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned used = 0;
        size_t bad = 99;
        assert_false(template_check(cases[i].template, &used, &bad));
        assert_int_equal(bad, cases[i].bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(filled), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
