/* Parts in any order and over each other, against a plain array. */
#include "capture/spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH 200u

/* What the spans must say: each octet, and whether it is there; captured or only sent. */
typedef struct model {
    uint8_t octet[LENGTH];
    bool covered[LENGTH];
    bool captured[LENGTH];
} model_t;

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void check_same(const spans_t *s, const budget_t *budget, const model_t *m)
{
    size_t used = 0;
    uint32_t count = 0;
    uint64_t end = 0;
    bool covered[LENGTH] = {false};
    for (const span_t *c = s->first; c != NULL; c = c->next) {
        assert_true(c->at >= end && c->length > 0 && c->size <= c->length);
        end = c->at + c->length;
        used += sizeof *c + c->size;
        count++;
        for (uint32_t i = 0; i < c->length; i++) {
            covered[c->at + i] = true;
            assert_int_equal(m->captured[c->at + i], i < c->size);
            if (i < c->size)
                assert_int_equal(c->data[i], m->octet[c->at + i]);
        }
        assert_true(c->next != NULL || c == s->last);
    }
    assert_memory_equal(covered, m->covered, sizeof covered);
    assert_int_equal(budget->used, used);
    assert_int_equal(s->count, count);
}

static void test_random(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t seed = round;
        spans_t s = {0};
        budget_t budget = {0, SIZE_MAX};
        model_t m = {0};
        for (int step = 0; step < 12; step++) {
            uint8_t bytes[LENGTH];
            span_t part = {.at = next_random(&seed) % LENGTH};
            part.length = 1 + next_random(&seed) % (LENGTH - (uint32_t)part.at);
            part.size = next_random(&seed) % 4 == 0 ? part.length / 2 : part.length;
            uint32_t added = 0;
            uint32_t fresh = 0;
            bool differs = false;
            bool covers = false;
            for (uint32_t i = 0; i < part.length; i++) {
                uint64_t at = part.at + i;
                bytes[i] = (uint8_t)(next_random(&seed) % 8 == 0 ? step : 77);
                covers = covers || m.covered[at];
                differs = differs || (m.captured[at] && i < part.size && m.octet[at] != bytes[i]);
                if (m.covered[at])
                    continue;
                fresh++;
                m.covered[at] = true;
                m.captured[at] = i < part.size;
                m.octet[at] = bytes[i];
            }
            assert_int_equal(spans_cover(&s, part.at, part.length), covers);
            assert_int_equal(spans_place(&s, &budget, &part, bytes, &added),
                             differs ? SPANS_DIFFER : SPANS_NEW);
            assert_int_equal(added, fresh);
            check_same(&s, &budget, &m);
        }
        spans_clear(&s, &budget);
        assert_int_equal(budget.used, 0);
    }
}

/* Prints stay with parts that were taken whole, also without their octets. */
static void test_strip(void **state)
{
    static const uint8_t bytes[16] = {1, 2, 3};
    spans_t s = {0};
    budget_t budget = {0, SIZE_MAX};
    uint32_t added = 0;
    span_t a = {.at = 0, .length = 16, .size = 16, .print = 11};
    span_t b = {.at = 8, .length = 16, .size = 16, .print = 22};
    (void)state;
    spans_place(&s, &budget, &a, bytes, &added);
    spans_place(&s, &budget, &b, bytes, &added);
    assert_int_equal(added, 8);
    spans_strip(&s, &budget);
    assert_int_equal(budget.used, 2 * sizeof(span_t));
    assert_int_equal(s.first->print, 11);
    assert_int_equal(s.last->print, 0); /* only half of it was taken */
    assert_ptr_equal(s.first->next, s.last);
    span_free(spans_shift(&s), &budget);
    span_free(spans_shift(&s), &budget);
    assert_null(s.first);
    assert_null(s.last);
    assert_int_equal(budget.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_strip),
    };
    return cmocka_run_group_tests_name("spans", tests, NULL, NULL);
}
