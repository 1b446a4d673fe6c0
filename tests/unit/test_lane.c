/* How many questions an address may have at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bulk/lane.h"

static addr_t address(uint32_t n, uint16_t port)
{
    addr_t a = {.family = 4, .port = port};
    memcpy(a.octets, &n, sizeof n);
    return a;
}

static void full(void **state)
{
    lanes_t l;
    addr_t a = address(1, 53);
    (void)state;
    assert_true(lanes_init(&l, 3, 7));
    uint32_t i = lanes_find(&l, &a, 1);
    assert_int_not_equal(i, LANE_NONE);
    for (int n = 0; n < 3; n++)
        assert_true(lanes_take(&l, i));
    assert_false(lanes_take(&l, i));
    assert_int_equal(l.busy, 1);
    lanes_give(&l, i, false);
    assert_true(lanes_take(&l, i));
    assert_false(lanes_take(&l, i));
    for (int n = 0; n < 3; n++)
        lanes_give(&l, i, true);
    assert_int_equal(l.busy, 0);
    lanes_free(&l);
}

/* Lost messages of one moment halve the window once, never below the least; answers let it grow
 * slowly, never above what it was. An address that never answered has nothing to be learnt from. */
static void losses(void **state)
{
    lanes_t l;
    addr_t a = address(1, 53);
    (void)state;
    assert_true(lanes_init(&l, LANE_MOST, 7));
    uint32_t i = lanes_find(&l, &a, 1);
    lanes_lost(&l, i, 10, 20);
    assert_int_equal(l.lane[i].window, LANE_MOST);
    assert_true(lanes_take(&l, i));
    lanes_give(&l, i, true);
    for (int n = 0; n < 100; n++)
        lanes_lost(&l, i, 10 + n, 1000);
    assert_int_equal(l.lane[i].window, LANE_MOST / 2);
    lanes_lost(&l, i, 1001, 2000);
    assert_int_equal(l.lane[i].window, LANE_MOST / 4);
    for (int n = 2; n < 20; n++)
        lanes_lost(&l, i, n * 1000 + 1, n * 1000 + 1000);
    assert_int_equal(l.lane[i].window, LANE_LEAST);
    unsigned answers = 0;
    while (l.lane[i].window == LANE_LEAST) {
        assert_true(lanes_take(&l, i));
        lanes_give(&l, i, true);
        answers++;
    }
    assert_int_equal(l.lane[i].window, LANE_LEAST + 1);
    assert_true(answers >= LANE_LEAST);
    for (int n = 0; n < 1000000; n++) {
        assert_true(lanes_take(&l, i));
        lanes_give(&l, i, true);
    }
    assert_int_equal(l.lane[i].window, LANE_MOST);
    lanes_free(&l);
}

/* Each address has its own, ports told apart; one with something on its way keeps it, whatever
 * number of others comes, and what is idle makes room. */
static void addresses(void **state)
{
    lanes_t l;
    addr_t a = address(1, 53);
    addr_t b = address(1, 54);
    (void)state;
    assert_true(lanes_init(&l, 5, 7));
    uint32_t i = lanes_find(&l, &a, 1);
    uint32_t k = lanes_find(&l, &b, 1);
    assert_int_not_equal(i, k);
    assert_int_equal(lanes_find(&l, &a, 1), i);
    assert_true(lanes_take(&l, i));
    for (uint32_t n = 2; n < 100000; n++) {
        addr_t other = address(n, 53);
        uint32_t at = lanes_find(&l, &other, n);
        assert_int_not_equal(at, LANE_NONE);
        assert_int_not_equal(at, i);
        assert_true(addr_equal(&l.lane[at].addr, &other));
    }
    assert_int_equal(lanes_find(&l, &a, 1), i);
    assert_int_equal(l.lane[i].flying, 1);
    lanes_free(&l);
}

/* When every place is in use, a new address has no lane. */
static void crowded(void **state)
{
    lanes_t l;
    unsigned none = 0;
    (void)state;
    assert_true(lanes_init(&l, 5, 7));
    for (uint32_t n = 1; n < 50000; n++) {
        addr_t a = address(n, 53);
        uint32_t i = lanes_find(&l, &a, n);
        if (i == LANE_NONE)
            none++;
        else
            assert_true(lanes_take(&l, i));
    }
    assert_true(none > 0);
    assert_int_equal(l.busy + none, 49999);
    lanes_free(&l);
}

/* Addresses that have no place under one key have one under another: nobody who does not know the
 * key can choose such. */
static void keyed(void **state)
{
    lanes_t l;
    addr_t crowd[LANE_LEAST];
    size_t count = 0;
    (void)state;
    assert_true(lanes_init(&l, 5, 7));
    addr_t first = address(1, 53);
    uint32_t set = lanes_find(&l, &first, 1) / 8;
    for (uint32_t n = 2; count < LANE_LEAST; n++) {
        addr_t a = address(n, 53);
        uint32_t i = lanes_find(&l, &a, n);
        if (i != LANE_NONE && i / 8 == set)
            crowd[count++] = a;
    }
    lanes_free(&l);
    for (uint64_t seed = 7; seed < 10; seed++) {
        unsigned none = 0;
        assert_true(lanes_init(&l, 5, seed));
        for (size_t i = 0; i < count; i++) {
            uint32_t at = lanes_find(&l, &crowd[i], 1);
            none += at == LANE_NONE || !lanes_take(&l, at);
        }
        assert_int_equal(none, seed == 7 ? LANE_LEAST - 8 : 0);
        lanes_free(&l);
    }
}

static void off(void **state)
{
    lanes_t l;
    addr_t a = address(1, 53);
    (void)state;
    assert_true(lanes_init(&l, 0, 7));
    assert_int_equal(lanes_find(&l, &a, 1), LANE_NONE);
    lanes_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(full),      cmocka_unit_test(losses),
                                       cmocka_unit_test(addresses), cmocka_unit_test(crowded),
                                       cmocka_unit_test(keyed),     cmocka_unit_test(off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
