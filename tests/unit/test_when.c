#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "cmd/when.h"

#define NOW INT64_C(1800000000)

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2001-09-09T01:46:40Z", 1000000000},
        {"2001-09-09T01:46:40.999Z", 1000000000},
        {"2001-09-09t03:46:40+02:00", 1000000000},
        {"2001-09-08 20:16:40-05:30", 1000000000},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2024-03-01T00:00:00z", 1709251200},
        {"2016-12-31T23:59:60Z", 1483228799},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
        {"-0", NOW},
        {"-1", NOW - 3600},
        {"-36", NOW - 36 * 3600},
        {"-0.5", NOW - 1800},
        {"-1.25", NOW - 4500},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t got = -1;
        assert_true(when_parse(cases[i].text, NOW, &got));
        assert_int_equal(got, cases[i].seconds);
    }
}

/* Every day of 140 years is as the C library says. */
static void test_days(void **state)
{
    (void)state;
    for (time_t t = 0; t < INT64_C(86400) * 365 * 140; t += 86400) {
        char text[40];
        struct tm tm;
        int64_t got = -1;
        assert_non_null(gmtime_r(&t, &tm));
        assert_true(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
        assert_true(when_parse(text, NOW, &got));
        assert_int_equal(got, t);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "-",
                                        "now",
                                        "5",
                                        "-5h",
                                        "-.5",
                                        "-5.",
                                        "--5",
                                        "-1000001",
                                        "-99999999999999999999",
                                        "2026-11-25",
                                        "2026-11-25T09:30:00",
                                        "2026-11-25T09:30Z",
                                        "2026-13-25T09:30:00Z",
                                        "2026-00-25T09:30:00Z",
                                        "2026-02-29T09:30:00Z",
                                        "2026-11-31T09:30:00Z",
                                        "2026-11-25T24:00:00Z",
                                        "2026-11-25T09:60:00Z",
                                        "2026-11-25T09:30:61Z",
                                        "2026-11-25T09:30:00.Z",
                                        "2026-11-25T09:30:00+24:00",
                                        "2026-11-25T09:30:00+0100",
                                        "2026-11-25T09:30:00Z ",
                                        "1969-12-31T23:59:59Z",
                                        "1970-01-01T00:00:00+01:00",
                                        "26-11-25T09:30:00Z"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t got = -1;
        assert_false(when_parse(cases[i], NOW, &got));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_days),
                                       cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
