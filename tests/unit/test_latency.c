/* The histogram of reply times: exact ends, percentiles within 3 %, merged as if added. */
#include "diagnose/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static latency_t *make(void)
{
    latency_t *l = calloc(1, sizeof *l);
    assert_non_null(l);
    return l;
}

static void empty(void **state)
{
    latency_t *l = make();
    (void)state;
    assert_int_equal(latency_percentile(l, 0.5), -1);
    free(l);
}

/* One value of any size comes back as itself: the ends are exact. */
static void single(void **state)
{
    (void)state;
    for (int64_t ns = 1; ns > 0 && ns < INT64_MAX / 3; ns *= 3) {
        latency_t *l = make();
        latency_add(l, ns);
        assert_true(latency_percentile(l, 0.5) == ns);
        assert_true(l->min == ns && l->max == ns);
        free(l);
    }
}

/* Between a smaller and a larger one, a value is told within 3 % (or one microsecond). */
static void close_enough(void **state)
{
    (void)state;
    for (int64_t ns = 1000; ns < INT64_C(130000000000); ns += ns / 7 + 1) {
        latency_t *l = make();
        latency_add(l, 0);
        latency_add(l, ns);
        latency_add(l, INT64_C(10000000000000));
        int64_t told = latency_percentile(l, 0.5);
        int64_t off = told > ns ? told - ns : ns - told;
        assert_true(off <= ns / 33 || off <= 1000);
        free(l);
    }
}

static void percentiles(void **state)
{
    latency_t *l = make();
    latency_t *half[2] = {make(), make()};
    (void)state;
    for (int64_t i = 1; i <= 1000; i++) {
        latency_add(l, i * 1000000);
        latency_add(half[i % 2], i * 1000000);
    }
    static const struct {
        double share;
        int64_t ms;
    } cases[] = {{0.5, 500}, {0.9, 900}, {0.99, 990}, {1, 1000}};
    for (size_t i = 0; i < 4; i++) {
        int64_t ms = latency_percentile(l, cases[i].share) / 1000000;
        assert_in_range(ms, cases[i].ms * 97 / 100, cases[i].ms * 103 / 100);
    }
    assert_true(latency_percentile(l, 0) >= l->min);
    latency_merge(half[0], half[1]);
    assert_memory_equal(half[0], l, sizeof *l);
    latency_t *none = make();
    latency_merge(half[0], none);
    assert_memory_equal(half[0], l, sizeof *l);
    free(none);
    free(l);
    free(half[0]);
    free(half[1]);
}

static void negative_and_huge(void **state)
{
    latency_t *l = make();
    (void)state;
    latency_add(l, -5);
    assert_true(l->min == 0 && l->max == 0);
    latency_add(l, INT64_MAX);
    assert_true(latency_percentile(l, 1) > 0);
    assert_true(latency_percentile(l, 1) <= INT64_MAX);
    assert_int_equal(l->count, 2);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(single),
        cmocka_unit_test(close_enough),
        cmocka_unit_test(percentiles),
        cmocka_unit_test(negative_and_huge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
