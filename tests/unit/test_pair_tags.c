/* The table of hashes against a list that is searched from end to end. */
#include "capture/pair_tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HASHES 6000u

static uint32_t chance(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* What a table must say: known[i] is the number of hash_of(i). spread is in lines. */
typedef struct model {
    uint32_t known[HASHES];
    uint32_t spread; /* hashes lie so far apart; 0: as in a good hash */
    uint32_t base;
} model_t;

static uint32_t hash_of(const model_t *m, uint32_t i)
{
    return pair_tags_hash(m->spread != 0 ? m->base + 2 * i * m->spread
                                         : (i * UINT32_C(2654435761)) << 1);
}

static void check_all(const pair_tags_t *t, const model_t *m, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(pair_tags_get(t, hash_of(m, i)), m->known[i]);
}

static void put(pair_tags_t *t, model_t *m, uint32_t i, uint32_t number)
{
    assert_int_equal(pair_tags_put(t, hash_of(m, i), number), m->known[i]);
    m->known[i] = number;
}

static void set(pair_tags_t *t, model_t *m, uint32_t i, uint32_t number)
{
    pair_tags_set(t, hash_of(m, i), number);
    if (m->known[i] != PAIR_NONE)
        m->known[i] = number;
}

/* count hashes come, go and come again; the table grows under them. */
static void run(uint32_t count, uint32_t spread, uint32_t base)
{
    static model_t m;
    pair_tags_t t;
    uint64_t seed = count + spread;
    memset(m.known, 0xff, sizeof m.known);
    m.spread = spread;
    m.base = base;
    assert_true(pair_tags_new(&t, count));
    check_all(&t, &m, count);
    for (uint32_t i = 0; i < count; i++) {
        put(&t, &m, i, i);
        if (i % 97 == 0 || i + 1 == count)
            check_all(&t, &m, i + 1);
    }
    for (uint32_t i = 0; i < 4 * count; i++) {
        uint32_t which = chance(&seed) % count;
        if (chance(&seed) % 2 == 0)
            put(&t, &m, which, chance(&seed) % 1000);
        else
            set(&t, &m, which, chance(&seed) % 3 == 0 ? i : PAIR_NONE);
        if (i % 997 == 0)
            check_all(&t, &m, count);
    }
    for (uint32_t i = 0; i < count; i++)
        set(&t, &m, i, PAIR_NONE);
    check_all(&t, &m, count);
    assert_int_equal(t.used, 0);
    pair_tags_free(&t);
}

static void test_good_hashes(void **state)
{
    (void)state;
    run(1, 0, 0);
    run(640, 0, 0);
    run(HASHES, 0, 0);
}

/* Lines that run over, into the next and over the end of the table, before and after it grows. */
static void test_runs(void **state)
{
    (void)state;
    run(1500, 1, UINT32_MAX - 700);
    run(3000, 1, 2 * (16 - 5));
    run(3000, 1, 2 * (128 - 40));
    run(100, 16, 2 * 15);     /* all of the last line, then of two */
    run(700, 128, 2 * 127);   /* all of the last line, then of two */
    run(900, 65536, 2 * 127); /* all of one line, whatever the size */
    run(PAIR_TAGS_LINE * 128, 65536, 0);
}

/* The hash that is the same as another but for the bit that is left out, and numbers at the edge.
 */
static void test_limits(void **state)
{
    pair_tags_t t;
    (void)state;
    assert_true(pair_tags_new(&t, 10));
    uint32_t hash = pair_tags_hash(0);
    assert_int_equal(pair_tags_hash(1), hash);
    assert_int_equal(pair_tags_get(&t, hash), PAIR_NONE);
    assert_int_equal(pair_tags_put(&t, hash, PAIR_NONE - 1), PAIR_NONE);
    assert_int_equal(pair_tags_get(&t, hash), PAIR_NONE - 1);
    pair_tags_set(&t, pair_tags_hash(2), 5); /* not there: nothing happens */
    assert_int_equal(pair_tags_get(&t, pair_tags_hash(2)), PAIR_NONE);
    pair_tags_set(&t, hash, 0);
    assert_int_equal(pair_tags_get(&t, hash), 0);
    pair_tags_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_hashes),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("pair_tags", tests, NULL, NULL);
}
