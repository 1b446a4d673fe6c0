/* Jobs in hand: order, room, what is delivered again, and many of them beside an array. */
#include "queue/hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 64

static hand_put_t put(hand_t *h, uint64_t sequence, hand_state_t state, void *message)
{
    void *old = NULL;
    hand_job_t job = {.sequence = sequence, .deliveries = 1, .message = message, .state = state};
    return hand_put(h, &job, &old);
}

static void order_and_room(void **state)
{
    (void)state;
    hand_job_t out;
    hand_t *h = hand_new(3);
    assert_int_equal(hand_room(h), 3);
    assert_null(hand_next(h));
    assert_int_equal(put(h, 7, HAND_WAITING, NULL), HAND_NEW);
    assert_int_equal(put(h, 5, HAND_WAITING, NULL), HAND_NEW);
    assert_int_equal(put(h, 6, HAND_DEAD, NULL), HAND_NEW);
    assert_int_equal(put(h, 8, HAND_WAITING, NULL), HAND_FULL);
    assert_int_equal(put(h, 0, HAND_WAITING, NULL), HAND_FULL);
    assert_int_equal(hand_waiting(h), 2);
    assert_int_equal(hand_next(h)->sequence, 7);
    assert_int_equal(hand_next(h)->sequence, 5);
    assert_null(hand_next(h));
    assert_int_equal(hand_waiting(h), 0);
    assert_int_equal(hand_find(h, 7)->state, HAND_WORKING);
    assert_null(hand_find(h, 0));
    assert_null(hand_find(h, 8));
    assert_true(hand_remove(h, 7, &out));
    assert_int_equal(out.sequence, 7);
    assert_false(hand_remove(h, 7, &out));
    assert_false(hand_remove(h, 0, &out));
    assert_int_equal(put(h, 8, HAND_WAITING, NULL), HAND_NEW);
    assert_int_equal(hand_count(h), 3);
    assert_int_equal(hand_next(h)->sequence, 8);
    hand_free(h);
    hand_free(NULL);
}

static void delivered_again(void **state)
{
    (void)state;
    int first = 0;
    int second = 0;
    void *old = NULL;
    hand_t *h = hand_new(1);
    assert_int_equal(put(h, 1, HAND_WAITING, &first), HAND_NEW);
    assert_ptr_equal(hand_next(h)->message, &first);
    hand_job_t again = {.sequence = 1, .deliveries = 2, .message = &second, .told = 9};
    assert_int_equal(hand_put(h, &again, &old), HAND_AGAIN);
    assert_ptr_equal(old, &first);
    /* it is still at work, and not given to a second thread */
    assert_null(hand_next(h));
    const hand_job_t *j = hand_find(h, 1);
    assert_int_equal(j->state, HAND_WORKING);
    assert_ptr_equal(j->message, &second);
    assert_int_equal(j->deliveries, 2);
    assert_int_equal(j->told, 9);
    hand_free(h);
}

/* Removed while it waited, taken up again, many times: the ring of those that wait stays whole. */
static void given_back(void **state)
{
    (void)state;
    hand_job_t out;
    hand_t *h = hand_new(2);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(put(h, 1, HAND_WAITING, NULL), HAND_NEW);
        assert_int_equal(put(h, (uint64_t)i + 2, HAND_WAITING, NULL), HAND_NEW);
        assert_true(hand_remove(h, (uint64_t)i + 2, &out));
        assert_true(hand_remove(h, 1, &out));
    }
    assert_null(hand_next(h));
    assert_int_equal(put(h, 99, HAND_WAITING, NULL), HAND_NEW);
    assert_int_equal(hand_next(h)->sequence, 99);
    hand_free(h);
}

/* Random puts and removals beside an array of flags. */
static void beside_a_list(void **state)
{
    (void)state;
    bool in[256] = {false};
    size_t count = 0;
    uint32_t seed = 1;
    hand_t *h = hand_new(ROOM);
    for (int i = 0; i < 20000; i++) {
        hand_job_t out;
        seed = seed * 1664525u + 1013904223u;
        uint64_t s = 1 + (seed >> 16) % 255;
        if ((seed >> 8 & 1u) != 0) {
            hand_put_t want = in[s] ? HAND_AGAIN : count == ROOM ? HAND_FULL : HAND_NEW;
            assert_int_equal(put(h, s, HAND_ENDED, NULL), want);
            count += want == HAND_NEW;
            in[s] = want != HAND_FULL;
        } else {
            assert_int_equal(hand_remove(h, s, &out), in[s]);
            count -= in[s];
            in[s] = false;
        }
        assert_int_equal(hand_count(h), count);
    }
    size_t place = 0;
    size_t seen = 0;
    for (hand_job_t *j = hand_each(h, &place); j != NULL; j = hand_each(h, &place)) {
        assert_true(in[j->sequence]);
        seen++;
    }
    assert_int_equal(seen, count);
    for (uint64_t s = 1; s < 256; s++)
        assert_int_equal(hand_find(h, s) != NULL, in[s]);
    hand_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_room),
        cmocka_unit_test(delivered_again),
        cmocka_unit_test(given_back),
        cmocka_unit_test(beside_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
