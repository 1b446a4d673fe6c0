/* Flows through blocks, with a thread and without: nothing is lost, changed or out of order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cmd/flow_pipe.h"

#define LARGE 200000u /* more than a block holds */

typedef struct seen {
    uint64_t next;
    uint64_t prepared;
    bool good;
} seen_t;

/* All of a flow follows from its number. */
static uint32_t size_of(uint64_t number)
{
    return number % 1000 == 999 ? LARGE : (uint32_t)(number * 37 % 700);
}

static uint32_t events_of(uint64_t number)
{
    return number % 50 == 7 ? (uint32_t)(number % FLOW_EVENTS_MAX) : 0;
}

static uint8_t octet_of(uint64_t number, uint32_t i)
{
    return (uint8_t)(number * 7 + i);
}

static bool is_filled(const uint8_t *bytes, uint32_t size, uint64_t number)
{
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] != octet_of(number, i))
            return false;
    return true;
}

static void prepare(void *user, const flow_t *flow)
{
    seen_t *s = user;
    s->good = s->good && flow->number == s->prepared++;
}

static void take(void *user, const flow_t *flow, int64_t mark)
{
    seen_t *s = user;
    uint64_t n = s->next++;
    bool good = flow->number == n && mark == (int64_t)n * 3 && flow->query.size == 4 &&
                is_filled(flow->query.bytes, 4, n) && flow->event_count == events_of(n);
    if (n % 5 == 0)
        good = good && flow->reply.bytes == NULL;
    else
        good = good && flow->reply.size == size_of(n) &&
               is_filled(flow->reply.bytes, flow->reply.size, n);
    for (uint32_t i = 0; good && i < flow->event_count; i++) {
        const flow_message_t *m = &flow->event[i].message;
        good = flow->event[i].attempt == (uint8_t)i &&
               (i % 2 == 0 ? m->bytes == NULL : m->size == i && is_filled(m->bytes, i, n + i));
    }
    s->good = s->good && good;
}

static void fill(uint8_t *bytes, uint32_t size, uint64_t number)
{
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = octet_of(number, i);
}

/* Feeds one flow, and then spoils all that it borrows. */
static void feed(flow_pipe_t *p, uint64_t n, uint8_t *octets)
{
    uint8_t query[4];
    uint8_t parts[FLOW_EVENTS_MAX][FLOW_EVENTS_MAX];
    flow_event_t event[FLOW_EVENTS_MAX];
    flow_t f = {.number = n, .event_count = events_of(n), .event = event};
    memset(event, 0, sizeof event);
    fill(query, sizeof query, n);
    f.query = (flow_message_t){.bytes = query, .size = sizeof query};
    f.reply = (flow_message_t){.bytes = n % 5 == 0 ? NULL : octets, .size = size_of(n)};
    fill(octets, size_of(n), n);
    for (uint32_t i = 0; i < f.event_count; i++) {
        event[i].attempt = (uint8_t)i;
        fill(parts[i], i, n + i);
        if (i % 2 != 0)
            event[i].message = (flow_message_t){.bytes = parts[i], .size = i};
    }
    flow_pipe_feed(p, &f, (int64_t)n * 3);
    memset(octets, 0xee, size_of(n));
    memset(query, 0xee, sizeof query);
    memset(parts, 0xee, sizeof parts);
    memset(event, 0xee, sizeof event);
}

static void run(bool thread, bool prepares, uint64_t flows, uint64_t flush)
{
    seen_t seen = {.good = true};
    flow_taker_t taker = {prepares ? prepare : NULL, take, &seen};
    flow_pipe_t *p = flow_pipe_new(&taker, thread);
    uint8_t *octets = malloc(LARGE);
    assert_non_null(p);
    assert_non_null(octets);
    for (uint64_t n = 0; n < flows; n++) {
        feed(p, n, octets);
        if (n % flush == flush - 1)
            flow_pipe_flush(p);
        if (n % flush == flush - 1 && !thread)
            assert_int_equal(seen.next, n + 1);
    }
    assert_true(flow_pipe_finish(p));
    assert_int_equal(seen.next, flows);
    assert_int_equal(seen.prepared, prepares ? flows : 0);
    assert_true(seen.good);
    flow_pipe_free(p);
    free(octets);
}

static void in_this_thread(void **state)
{
    (void)state;
    run(false, true, 10000, 250);
    run(false, false, 10000, 1000000);
}

static void in_another_thread(void **state)
{
    (void)state;
    run(true, true, 10000, 250);
    run(true, false, 10000, 1000000);
}

static void few_and_none(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 10; n++) {
        run(false, true, n, 3);
        run(true, true, n, 3);
    }
}

/* Freed in the middle: nothing hangs, nothing leaks. */
static void freed_early(void **state)
{
    (void)state;
    uint8_t *octets = malloc(LARGE);
    assert_non_null(octets);
    for (int thread = 0; thread < 2; thread++) {
        seen_t seen = {.good = true};
        flow_taker_t taker = {prepare, take, &seen};
        flow_pipe_t *p = flow_pipe_new(&taker, thread != 0);
        assert_non_null(p);
        for (uint64_t n = 0; n < 1500; n++)
            feed(p, n, octets);
        flow_pipe_free(p);
        assert_true(seen.good);
    }
    free(octets);
    flow_pipe_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_this_thread),
        cmocka_unit_test(in_another_thread),
        cmocka_unit_test(few_and_none),
        cmocka_unit_test(freed_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
