/* The timer wheel beside a plain array of times. */
#include "bulk/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 500
#define MS    INT64_C(1000000)

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Sets, moves and cancels at random: everything fires once, not early and at most a tick late. */
static void as_an_array(void **state)
{
    wheel_t *w = malloc(sizeof *w);
    int64_t at[COUNT];
    int64_t now = 5 * MS;
    uint32_t seed = 1;
    (void)state;
    assert_non_null(w);
    assert_true(wheel_init(w, COUNT, now));
    for (size_t i = 0; i < COUNT; i++)
        at[i] = -1;
    for (int turn = 0; turn < 20000; turn++) {
        uint32_t i = next_random(&seed) % COUNT;
        if (next_random(&seed) % 4 == 0) {
            wheel_cancel(w, i);
            at[i] = -1;
        } else { /* some beyond a whole turn of the wheel */
            at[i] = now + (int64_t)(next_random(&seed) % 20000000) * 1000;
            wheel_set(w, i, at[i]);
        }
        now += (int64_t)(next_random(&seed) % 30000) * 1000;
        for (i = wheel_expired(w, now); i != WHEEL_NONE; i = wheel_expired(w, now)) {
            assert_true(at[i] >= 0 && at[i] <= now);
            at[i] = -1;
        }
        for (size_t k = 0; k < COUNT; k++) {
            assert_true(at[k] < 0 || at[k] > now - 2 * MS);
            assert_true(at[k] < 0 || wheel_next(w) <= at[k] + 2 * MS);
        }
    }
    wheel_free(w);
    free(w);
}

static void empty(void **state)
{
    wheel_t *w = malloc(sizeof *w);
    (void)state;
    assert_non_null(w);
    assert_true(wheel_init(w, 1, 0));
    assert_true(wheel_next(w) == INT64_MAX);
    assert_int_equal(wheel_expired(w, 1000 * MS), WHEEL_NONE);
    wheel_set(w, 0, 0); /* a time that is over */
    assert_int_equal(wheel_expired(w, 1002 * MS), 0);
    assert_int_equal(wheel_expired(w, 1002 * MS), WHEEL_NONE);
    wheel_free(w);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_an_array), cmocka_unit_test(empty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
