#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cmd/expect_options.h"

static void test_is_record(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool record;
    } cases[] = {
        {"a._domainkey CNAME b.example.", true},
        {"a cname b", true},
        {"  a\tTXT\t\"x y\"", true},
        {"a 300 CNAME b", true},
        {"a IN CNAME b", true},
        {"a 300 IN CNAME b", true},
        {"a IN 300 CNAME b", true},
        {"a TYPE65280 \\# 0", true},
        {"a CNAME", true}, /* for an error about the value */
        {"", false},
        {"   ", false},
        {"-", false},
        {"records.csv", false},
        {"/home/me/my records.csv", false},
        {"a b c", false},
        {"a 300 400 500 CNAME b", false},
        {"a b CNAME c", false},
        {"CNAME x b", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (expect_options_is_record(cases[i].text) != cases[i].record)
            print_error("'%s'\n", cases[i].text);
        assert_int_equal(expect_options_is_record(cases[i].text), cases[i].record);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_is_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
