/* The set of numbers: new once, and limits. */
#include "queue/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void each_once(void **state)
{
    (void)state;
    const uint64_t number[] = {0, 1, 2, 7, 8, 1048575, 1048576, 1048577, SEEN_MAX - 1};
    seen_t *s = seen_new();
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
        assert_int_equal(seen_add(s, number[i]), SEEN_NEW);
        assert_int_equal(seen_add(s, number[i]), SEEN_AGAIN);
    }
    assert_int_equal(seen_add(s, 3), SEEN_NEW);
    assert_int_equal(seen_add(s, 1), SEEN_AGAIN);
    assert_int_equal(seen_add(s, SEEN_MAX), SEEN_ERROR);
    assert_int_equal(seen_add(s, UINT64_MAX), SEEN_ERROR);
    seen_free(s);
    seen_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
