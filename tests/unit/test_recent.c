/* Keys that were met lately: the last RECENT_MAX of them, however they hash. */
#include "diagnose/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static recent_t *make(void)
{
    recent_t *r = calloc(1, sizeof *r);
    assert_non_null(r);
    return r;
}

static void remembers_the_last(void **state)
{
    (void)state;
    recent_t *r = make();
    int64_t at = 0;
    assert_false(recent_get(r, 0, &at));
    recent_put(r, 0, 5);
    assert_true(recent_get(r, 0, &at));
    assert_int_equal(at, 5);
    recent_put(r, 0, 7);
    assert_true(recent_get(r, 0, &at));
    assert_int_equal(at, 7);
    free(r);
}

/* step is the distance of keys: with 1 all of them are in one chain. */
static void oldest_makes_room(uint64_t step)
{
    recent_t *r = make();
    for (uint64_t i = 0; i < 5 * RECENT_MAX; i++) {
        int64_t at = 0;
        recent_put(r, i * step, (int64_t)i);
        recent_put(r, i * step, (int64_t)i + 1);
        assert_true(recent_get(r, i * step, &at));
        assert_int_equal(at, i + 1);
        assert_false(recent_get(r, i * step + 1 + step * 5 * RECENT_MAX, &at));
        if (i + 1 < RECENT_MAX)
            continue;
        assert_true(recent_get(r, (i + 1 - RECENT_MAX) * step, &at));
        assert_int_equal(at, i + 2 - RECENT_MAX);
        if (i >= RECENT_MAX)
            assert_false(recent_get(r, (i - RECENT_MAX) * step, &at));
    }
    free(r);
}

static void which_are_forgotten_is_a_matter_of_order(void **state)
{
    (void)state;
    oldest_makes_room(1);
    oldest_makes_room(UINT64_C(0x9e3779b97f4a7c15));
    oldest_makes_room(UINT64_C(1) << 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_the_last),
        cmocka_unit_test(which_are_forgotten_is_a_matter_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
