/* The bounded memory: what it keeps, how long, and what it forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "bulk/cache.h"

static bool put(cache_t *c, const char *key, const char *value, int64_t now, int64_t expires)
{
    return cache_put(c, key, strlen(key), value, strlen(value) + 1, now, expires);
}

static void expect(cache_t *c, const char *key, int64_t now, const char *wanted)
{
    size_t size = 0;
    char *got = cache_get(c, key, strlen(key), now, &size);
    if (wanted == NULL) {
        assert_null(got);
        return;
    }
    assert_non_null(got);
    assert_int_equal(size, strlen(wanted) + 1);
    assert_string_equal(got, wanted);
    free(got);
}

static void test_keeps(void **state)
{
    (void)state;
    cache_t *c = cache_new(1 << 20, 1);
    assert_true(put(c, "a", "one", 0, 10));
    assert_true(put(c, "b", "two", 0, 20));
    assert_true(put(c, "", "empty key", 0, 20));
    expect(c, "a", 9, "one");
    expect(c, "a", 10, NULL); /* its time is over, and it is gone */
    expect(c, "a", 5, NULL);
    expect(c, "b", 19, "two");
    expect(c, "", 19, "empty key");
    expect(c, "ab", 0, NULL);
    assert_true(put(c, "b", "three", 19, 40));
    expect(c, "b", 30, "three");
    cache_drop(c, "b", 1);
    cache_drop(c, "none", 4);
    expect(c, "b", 30, NULL);
    assert_false(put(c, "x", "late", 10, 10));
    assert_int_equal(cache_stats(c).entries, 1);
    assert_int_equal(cache_stats(c).hits, 4);
    assert_int_equal(cache_stats(c).misses, 4);
    cache_free(c);
}

/* Memory stays within its bound, what was used last stays, and all is accounted for. */
static void test_forgets(void **state)
{
    (void)state;
    char key[32];
    char value[200];
    cache_t *c = cache_new(64 << 10, 7);
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    assert_true(put(c, "dear", "kept", 0, 1000000));
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "key %d", i);
        assert_true(put(c, key, value, 0, 1000000));
        expect(c, "dear", 1, "kept");
        assert_true(cache_stats(c).octets <= 64 << 10);
    }
    expect(c, "key 0", 1, NULL);
    expect(c, "key 19999", 1, value);
    cache_stats_t s = cache_stats(c);
    assert_int_equal(s.entries + s.evictions, 20001);
    assert_true(s.entries > 100);
    cache_free(c);
}

static void test_limits(void **state)
{
    (void)state;
    static uint8_t large[64 << 10];
    size_t size = 0;
    cache_t *c = cache_new(64 << 10, 7);
    assert_false(cache_put(c, "k", 1, large, sizeof large, 0, 1));
    assert_false(cache_put(c, large, CACHE_KEY_MAX + 1, "", 0, 0, 1));
    assert_true(cache_put(c, large, CACHE_KEY_MAX, "", 0, 0, 1));
    void *got = cache_get(c, large, CACHE_KEY_MAX, 0, &size);
    assert_non_null(got); /* nothing is a value too */
    assert_int_equal(size, 0);
    free(got);
    cache_free(c);
    c = cache_new(0, 7);
    assert_false(put(c, "k", "v", 0, 1));
    expect(c, "k", 0, NULL);
    cache_free(c);
    cache_free(NULL);
}

/* A plain model beside it, with entries of all sizes: what is found is what was put there last, and
 * whatever the model has not forgotten either is found, or was evicted. */
static void test_model(void **state)
{
    (void)state;
    enum { KEYS = 300 };
    static uint8_t value[KEYS][6000];
    size_t size[KEYS] = {0};
    int64_t expires[KEYS] = {0};
    uint64_t random = 1;
    uint64_t found = 0;
    cache_t *c = cache_new(16 * 9000, 5);
    for (int64_t now = 0; now < 200000; now++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint16_t k = (uint16_t)((random >> 33) % KEYS);
        unsigned what = (unsigned)(random >> 60);
        size_t got = 0;
        uint8_t *p = cache_get(c, &k, sizeof k, now, &got);
        found += p != NULL;
        if (p != NULL) {
            assert_true(expires[k] > now);
            assert_int_equal(got, size[k]);
            assert_memory_equal(p, value[k], got);
        }
        free(p);
        if (what < 8) {
            size[k] = (random >> 40) % (what == 0 ? sizeof value[k] : 300);
            expires[k] = now + 1 + (int64_t)(random >> 50 & 8191);
            memset(value[k], (int)(now & 0xff), size[k]);
            assert_true(cache_put(c, &k, sizeof k, value[k], size[k], now, expires[k]));
        } else if (what == 8) {
            cache_drop(c, &k, sizeof k);
            expires[k] = 0;
        }
        assert_true(cache_stats(c).octets <= 16 * 9000);
    }
    assert_true(found > 20000 && cache_stats(c).evictions > 1000);
    cache_free(c);
}

static void *churn(void *user)
{
    cache_t *c = user;
    char key[32];
    for (unsigned i = 0; i < 20000; i++) {
        size_t size = 0;
        snprintf(key, sizeof key, "%u", i * 2654435761u % 500);
        char *got = cache_get(c, key, strlen(key), 1, &size);
        if (got != NULL)
            assert_string_equal(got, key);
        free(got);
        assert_true(put(c, key, key, 1, 2));
        if (i % 7 == 0)
            cache_drop(c, key, strlen(key));
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t thread[4];
    cache_t *c = cache_new(32 << 10, 3);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, churn, c), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(cache_stats(c).hits + cache_stats(c).misses, 80000);
    assert_true(cache_stats(c).octets <= 32 << 10);
    cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps), cmocka_unit_test(test_forgets), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_model), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
