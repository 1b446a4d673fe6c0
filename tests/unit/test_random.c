/* Random octets, each given away once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bulk/random.h"

/* Every value comes, about as often as any other. 65536 draws of 16 values each on average: the
 * chance that one of the 256 groups is off by a quarter is far below one in a million. */
static void even(void **state)
{
    random_pool_t *r = calloc(1, sizeof *r);
    unsigned high[256] = {0};
    unsigned low[256] = {0};
    (void)state;
    assert_non_null(r);
    for (unsigned i = 0; i < 256 * 4096; i++) {
        uint16_t v = random_u16(r);
        high[v >> 8]++;
        low[v & 255]++;
    }
    for (unsigned i = 0; i < 256; i++) {
        assert_true(high[i] > 3072 && high[i] < 5120);
        assert_true(low[i] > 3072 && low[i] < 5120);
    }
    free(r);
}

/* What was given away is wiped, across the end of the buffer too; two pools differ. */
static void once(void **state)
{
    random_pool_t *r = calloc(1, sizeof *r);
    random_pool_t *other = calloc(1, sizeof *other);
    unsigned same = 0;
    (void)state;
    assert_non_null(r);
    assert_non_null(other);
    for (unsigned i = 0; i < 3 * RANDOM_POOL / 4; i++) {
        if (i % 3 == 0)
            (void)random_u16(r);
        else
            (void)random_u32(r);
        assert_true(r->left <= RANDOM_POOL);
        for (size_t k = 0; k < RANDOM_POOL - r->left; k++)
            if (r->buf[k] != 0)
                fail_msg("octet %zu was given away and is still there", k);
    }
    (void)random_u32(other);
    for (size_t k = 4; k < RANDOM_POOL; k++)
        same += r->buf[k] == other->buf[k] && r->buf[k] != 0;
    assert_true(same < RANDOM_POOL / 32);
    free(r);
    free(other);
}

/* Each port as likely as any other: a remainder would give the lowest thousand twice as often. */
static void port_numbers(void **state)
{
    static random_pool_t pool;
    const unsigned rounds = 400000;
    unsigned low = 0;
    unsigned high = 0;
    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        uint16_t port = random_port(&pool);
        assert_true(port >= 1024);
        low += port < 2048;
        high += port >= 65536 - 1024;
    }
    /* 6350 expected; a sixth more or less is 13 standard deviations */
    assert_in_range(low, 5300, 7400);
    assert_in_range(high, 5300, 7400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(port_numbers), cmocka_unit_test(even),
                                       cmocka_unit_test(once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
