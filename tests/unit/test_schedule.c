/* Rounds on a grid: order, spread, jitter, no drift, what is done after a sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watch/schedule.h"

#define MINUTE INT64_C(60000)

static void test_order(void **state)
{
    (void)state;
    watch_schedule_t s;
    schedule_init(&s);
    assert_true(schedule_next(&s) == SCHEDULE_NEVER);
    uint32_t r = 1;
    for (size_t i = 0; i < 1000; i++) {
        r = r * 1103515245u + 12345u;
        assert_true(schedule_add(&s, i, (int64_t)(r >> 16) % 50));
    }
    int64_t last_due = -1;
    size_t last_item = 0;
    for (size_t i = 0; i < 1000; i++) {
        size_t item = 0;
        int64_t due = schedule_next(&s);
        assert_false(schedule_take(&s, due - 1, &item));
        assert_true(schedule_take(&s, due, &item));
        assert_true(due > last_due || (due == last_due && item > last_item));
        last_due = due;
        last_item = item;
    }
    size_t item = 0;
    assert_false(schedule_take(&s, SCHEDULE_NEVER, &item));
    schedule_free(&s);
}

static void test_spread(void **state)
{
    (void)state;
    for (size_t n = 1; n < 200; n += 7) {
        int64_t last = -1;
        for (size_t i = 0; i < n; i++) {
            int64_t a = schedule_anchor(1000, 15 * MINUTE, i, n);
            assert_true(a >= 1000 && a < 1000 + 15 * MINUTE && a > last);
            assert_true(i == 0 || a - last <= 15 * MINUTE / (int64_t)n + 1);
            last = a;
        }
    }
    assert_true(schedule_anchor(5, INT64_C(86400000) * 365, 999999, 1000000) > 5);
}

/* A thousand rounds, each of a length and a lateness of its own, end where they should. */
static void test_no_drift(void **state)
{
    (void)state;
    int64_t anchor = 123;
    int64_t now = 123;
    int64_t due = 123;
    uint32_t r = 7;
    for (int i = 0; i < 1000; i++) {
        r = r * 1103515245u + 12345u;
        int64_t began = due + (r >> 20) % 100;
        now = began + (r >> 18) % 5000;
        due = schedule_after(anchor, MINUTE, 100, began, now, r);
        assert_true(due > now);
        assert_true((due - anchor) / MINUTE == i + 1);
        assert_true((due - anchor) % MINUTE < 6000);
    }
}

static void test_late(void **state)
{
    (void)state;
    /* the machine slept for five hours: one round, then the grid again */
    int64_t due = schedule_after(0, MINUTE, 0, 300 * MINUTE + 17, 300 * MINUTE + 900, 0);
    assert_true(due == 301 * MINUTE);
    /* a round that began shortly before a slot leaves that slot out */
    assert_true(schedule_after(0, MINUTE, 0, 59000, 59500, 0) == 2 * MINUTE);
    /* a round longer than its interval */
    assert_true(schedule_after(0, 1000, 0, 0, 5500, 0) == 6000);
    assert_true(schedule_after(0, 1000, 0, 0, 6000, 0) == 7000);
    /* the anchor of the last of many domains is still ahead of its first round */
    assert_true(schedule_after(50000, MINUTE, 0, 0, 900, 0) == 50000);
    assert_true(schedule_after(20000, MINUTE, 0, 0, 900, 0) == 80000);
    /* jitter stays below its share, and below the half */
    for (uint32_t r = 0; r < 100000; r += 97) {
        int64_t at = schedule_after(0, 1000, 900, 0, 1, r);
        assert_true(at >= 1000 && at < 1500);
    }
    assert_true(schedule_after(0, 1, 500, 0, 5, 77) == 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
