/* Politeness: rates, numbers at once, backoff; for addresses, prefixes and all. */
#include "bulk/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static addr_t address(uint8_t c, uint8_t d)
{
    addr_t a = {.family = 4, .octets = {192, 0, c, d}, .port = 53};
    return a;
}

/* Asks again and again as it is told; when it went. */
static int64_t go(limits_t *l, const addr_t *a, int64_t now)
{
    limits_turn_t turn = {0};
    for (int64_t at = limits_take(l, a, now, &turn); at != 0; at = limits_take(l, a, now, &turn)) {
        assert_true(at > now);
        now = at;
    }
    return now;
}

static void address_rate(void **state)
{
    limits_options_t o = {.address_rate = 10, .backoff_max = 1, .addresses = 100};
    limits_t *l = limits_new(&o);
    addr_t a = address(2, 1);
    addr_t b = address(2, 2);
    (void)state;
    assert_non_null(l);
    for (int i = 0; i < 20; i++)
        assert_true(go(l, &a, SECOND) == SECOND + i * SECOND / 10);
    assert_true(go(l, &b, SECOND) == SECOND); /* not held up by the other */
    limits_free(l);
}

static void prefix_and_total(void **state)
{
    limits_options_t o = {
        .prefix_rate = 10, .total_rate = 100, .backoff_max = 1, .addresses = 4096};
    limits_t *l = limits_new(&o);
    (void)state;
    assert_non_null(l);
    addr_t a = address(2, 1);
    addr_t b = address(2, 2);
    addr_t c = address(3, 1);
    assert_true(go(l, &a, SECOND) == SECOND);
    assert_true(go(l, &b, SECOND) == SECOND + SECOND / 10); /* the same /24 */
    assert_true(go(l, &c, SECOND + SECOND / 10) == SECOND + SECOND / 10 + SECOND / 100);
    limits_free(l);
}

static void at_once(void **state)
{
    limits_options_t o = {
        .address_at_once = 2, .prefix_at_once = 3, .backoff_max = 1, .addresses = 100};
    limits_t *l = limits_new(&o);
    addr_t a = address(2, 1);
    addr_t b = address(2, 2);
    (void)state;
    assert_non_null(l);
    limits_turn_t turn[5] = {{0}};
    assert_true(limits_take(l, &a, 1, &turn[0]) == 0);
    assert_true(limits_take(l, &a, 1, &turn[1]) == 0);
    assert_true(limits_take(l, &a, 1, &turn[2]) > 1);
    assert_true(limits_take(l, &b, 1, &turn[3]) == 0);
    assert_true(limits_take(l, &b, 1, &turn[4]) > 1); /* the prefix has its three */
    limits_give(l, &a, true, 1000, 2);
    assert_true(limits_take(l, &a, 2, &turn[2]) == 0);
    limits_free(l);
}

/* Each loss doubles the time between messages, each answer halves it. */
static void backoff(void **state)
{
    limits_options_t o = {.address_rate = 10, .backoff_max = 8, .addresses = 100};
    limits_t *l = limits_new(&o);
    addr_t a = address(2, 1);
    (void)state;
    assert_non_null(l);
    int64_t now = go(l, &a, SECOND);
    for (int i = 0; i < 5; i++)
        limits_retry(l, &a, now);
    now = go(l, &a, now + 100 * SECOND);
    assert_true(go(l, &a, now) == now + 8 * SECOND / 10);
    for (int i = 0; i < 5; i++)
        limits_give(l, &a, true, 1000, now);
    now = go(l, &a, now + 100 * SECOND);
    assert_true(go(l, &a, now) == now + SECOND / 10);
    limits_free(l);
}

/* More addresses than are remembered: no limit is lost for one that is busy. */
static void full(void **state)
{
    limits_options_t o = {.address_at_once = 1, .backoff_max = 1, .addresses = 1};
    limits_t *l = limits_new(&o);
    addr_t a = address(2, 0);
    int went = 0;
    (void)state;
    assert_non_null(l);
    for (unsigned i = 0; i < 256; i++) {
        limits_turn_t turn = {0};
        a.octets[3] = (uint8_t)i;
        went += limits_take(l, &a, 1, &turn) == 0;
    }
    assert_true(went > 0 && went < 256);
    a.octets[3] = 0;
    limits_turn_t turn = {0};
    assert_true(limits_take(l, &a, 1, &turn) > 1);
    limits_free(l);
}

/* Which addresses find no place in a table that is too small depends on the key alone. */
static void keyed(void **state)
{
    uint8_t refused[3][256];
    (void)state;
    for (uint64_t k = 0; k < 3; k++) {
        limits_options_t o = {.address_at_once = 1, .backoff_max = 1, .addresses = 1};
        o.seed = k == 2 ? 6 : 5;
        limits_t *l = limits_new(&o);
        assert_non_null(l);
        for (unsigned i = 0; i < 256; i++) {
            limits_turn_t turn = {0};
            addr_t a = address((uint8_t)i, 1);
            refused[k][i] = limits_take(l, &a, 1, &turn) != 0;
        }
        limits_free(l);
    }
    assert_non_null(memchr(refused[0], 1, 256));
    assert_memory_equal(refused[0], refused[1], 256);
    assert_memory_not_equal(refused[0], refused[2], 256);
}

/* What leaves the queue leaves no hole in it, and is no longer counted as waiting. */
static void leave(void **state)
{
    limits_options_t o = {.address_rate = 10, .prefix_rate = 5, .backoff_max = 1, .addresses = 1};
    limits_t *l = limits_new(&o);
    addr_t a = address(2, 1);
    (void)state;
    assert_non_null(l);
    assert_true(go(l, &a, SECOND) == SECOND);
    limits_give(l, &a, true, 1000, SECOND);
    for (int i = 0; i < 100; i++) {
        limits_turn_t turn = {0};
        assert_true(limits_take(l, &a, SECOND, &turn) == SECOND + SECOND / 5);
        limits_leave(l, &a, SECOND, &turn);
        limits_turn_t none = {0};
        limits_leave(l, &a, SECOND, &none);
    }
    assert_true(go(l, &a, SECOND) == SECOND + SECOND / 5);
    limits_give(l, &a, true, 1000, 2 * SECOND);
    /* nobody waits: the table's only places are free for others */
    for (uint8_t i = 10; i < 200; i++) {
        limits_turn_t turn = {0};
        addr_t other = address(i, 1);
        assert_true(limits_take(l, &other, i * SECOND, &turn) == 0);
        limits_give(l, &other, true, 1000, i * SECOND);
    }
    limits_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_rate), cmocka_unit_test(prefix_and_total),
        cmocka_unit_test(at_once),      cmocka_unit_test(backoff),
        cmocka_unit_test(leave),        cmocka_unit_test(full),
        cmocka_unit_test(keyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
