/* What replies say that are recorded long before their questions, or long after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/pair.h"
#include "proto/nsproto.h"

#define MS INT64_C(1000000)

/* A packet that is still to be fed. */
typedef struct todo {
    int64_t at;
    uint32_t number; /* of its question */
    bool reply;
} todo_t;

/* Traffic of which each direction was recorded with a clock of its own. */
typedef struct traffic_case {
    const char *title;
    unsigned count;
    int64_t every;     /* nanoseconds between questions */
    int64_t ahead;     /* of the clock of replies */
    int ms;            /* that the fastest of them take; the slowest 15 longer */
    unsigned answered; /* each nth has a reply; 0: all */
    unsigned asked;    /* each nth reply had a question that was captured; 0: all */
    unsigned again;    /* each nth question is asked again; 0: none */
    unsigned ids;      /* IDs and ports come again after so many; 0: never */
    char order;        /* t: of times; q: all questions first; r: all replies */
    bool one_file;
    int64_t least; /* of apart, in ms */
    int64_t most;
    bool misorder;
} traffic_case_t;

static const traffic_case_t cases[] = {
    {"clocks agree", 300, 5 * MS, 0, 5, 0, 0, 0, 0, 't', false, 0, 0, false},
    {"by less than replies take", 300, 5 * MS, -4 * MS, 5, 0, 0, 0, 0, 't', false, 0, 0, false},
    {"by a little more", 300, 5 * MS, -15 * MS, 5, 0, 0, 0, 0, 't', false, 0, 0, false},
    {"50 ms behind", 300, 5 * MS, -50 * MS, 5, 0, 0, 0, 0, 't', false, 30, 50, false},
    {"3 s behind", 300, 5 * MS, -3000 * MS, 5, 0, 0, 0, 0, 't', false, 2900, 3000, false},
    {"3 s behind, some not answered", 300, 5 * MS, -3000 * MS, 5, 3, 0, 0, 0, 't', false, 2900,
     3000, false},
    {"3 s behind, in one file", 300, 5 * MS, -3000 * MS, 5, 0, 0, 0, 0, 't', true, 2900, 3000,
     false},
    {"an hour behind", 300, 5 * MS, -3600000 * MS, 5, 0, 0, 0, 0, 't', false, 3599900, 3600000,
     false},
    {"10 s behind, 200000 on their way", 300000, MS / 20, -10000 * MS, 5, 0, 0, 0, 0, 't', false,
     9900, 10000, false},
    {"100 ms ahead: who knows", 300, 5 * MS, 100 * MS, 5, 0, 0, 0, 0, 't', false, 0, 0, false},
    {"3 s ahead", 300, 5 * MS, 3000 * MS, 5, 0, 0, 0, 0, 't', false, -3100, -3000, false},
    {"3 s ahead, in one file: who knows", 300, 5 * MS, 3000 * MS, 5, 0, 0, 0, 0, 't', true, 0, 0,
     false},
    {"30 s ahead: when questions are given up", 300, 5 * MS, 30000 * MS, 5, 0, 0, 0, 0, 't', false,
     -30100, -30000, false},
    {"replies take long, and clients ask again", 300, 5 * MS, 0, 900, 0, 0, 3, 0, 't', false, 0, 0,
     false},
    {"questions that the capture lost", 300, 5 * MS, 0, 5, 0, 3, 0, 0, 't', false, 0, 0, false},
    {"the same, and the client has one port and few IDs", 300, 5 * MS, 0, 5, 0, 3, 0, 7, 't', false,
     0, 0, false},
    {"replies alone", 3000, 5 * MS, 0, 5, 0, 3000, 0, 0, 't', false, 0, 0, false},
    {"silence alone", 3000, 50 * MS, 0, 5, 3000, 0, 0, 0, 't', false, 0, 0, false},
    {"questions behind all replies", 300, 50 * MS, 0, 5, 0, 0, 0, 0, 'r', true, 0, 0, true},
    {"replies behind all questions", 2000, 50 * MS, 0, 5, 0, 0, 0, 0, 'q', true, 0, 0, true},
};

static int by_time(const void *va, const void *vb)
{
    const todo_t *a = va;
    const todo_t *b = vb;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->reply != b->reply ? (a->reply ? 1 : -1) : a->number < b->number ? -1 : 1;
}

static int by_side(const void *va, const void *vb)
{
    const todo_t *a = va;
    const todo_t *b = vb;
    return a->reply != b->reply ? (a->reply ? 1 : -1) : by_time(va, vb);
}

static int by_other_side(const void *va, const void *vb)
{
    const todo_t *a = va;
    const todo_t *b = vb;
    return a->reply != b->reply ? (a->reply ? -1 : 1) : by_time(va, vb);
}

static todo_t *plan(const traffic_case_t *c, size_t *count)
{
    todo_t *todo = calloc(c->count * (size_t)3, sizeof *todo);
    size_t n = 0;
    assert_non_null(todo);
    for (uint32_t i = 0; i < c->count; i++) {
        int64_t at = 1000000 * MS + i * c->every;
        int64_t took = (c->ms + (int64_t)(i * 7 % 16)) * MS;
        if (c->asked == 0 || (c->asked < c->count && i % c->asked != 0))
            todo[n++] = (todo_t){at, i, false};
        if (c->again != 0 && i % c->again == 0)
            todo[n++] = (todo_t){at + 400 * MS, i, false};
        if (c->answered == 0 || (c->answered < c->count && i % c->answered != 0))
            todo[n++] = (todo_t){at + took + c->ahead, i, true};
    }
    qsort(todo, n, sizeof *todo,
          c->order == 't'   ? by_time
          : c->order == 'q' ? by_side
                            : by_other_side);
    *count = n;
    return todo;
}

static void feed(pairer_t *p, const traffic_case_t *c, const todo_t *todo, uint64_t number)
{
    static const uint8_t hosts[2][4] = {{192, 0, 2, 10}, {192, 0, 2, 53}};
    uint32_t of = c->ids != 0 ? todo->number % c->ids : todo->number;
    addr_t client = addr_from_octets(hosts[0], 4, (uint16_t)(1024 + of % 60000));
    addr_t server = addr_from_octets(hosts[1], 4, 53);
    uint8_t octets[64];
    size_t size = 0;
    nsp_name_t name;
    char text[24];
    int n = snprintf(text, sizeof text, "n%u.test.", of);
    assert_int_equal(nsp_name_from_text(text, (size_t)n, NULL, &name, NULL), NSP_OK);
    assert_int_equal(nsp_build_query(octets, sizeof octets, (uint16_t)(of * 40503u >> 3),
                                     todo->reply ? NSP_FLAG_QR : 0, &name, NSP_TYPE_A, NSP_CLASS_IN,
                                     NULL, &size),
                     NSP_OK);
    pairer_feed(p, &(cap_item_t){.kind = CAP_ITEM_UDP,
                                 .at = todo->at,
                                 .number = number,
                                 .file = todo->reply && !c->one_file,
                                 .from = todo->reply ? server : client,
                                 .to = todo->reply ? client : server,
                                 .bytes = octets,
                                 .size = (uint32_t)size,
                                 .original = (uint32_t)size});
}

static void ignore(void *user, const flow_t *f)
{
    (void)user;
    (void)f;
}

static pair_stats_t stats_of(const traffic_case_t *c, uint64_t seed)
{
    size_t count = 0;
    todo_t *todo = plan(c, &count);
    pair_options_t o = pair_options_default();
    o.seed = seed;
    o.outstanding_max = 1 << 20;
    pairer_t *p = pairer_new(&o, ignore, NULL);
    assert_non_null(p);
    for (size_t i = 0; i < count; i++)
        feed(p, c, &todo[i], i + 1);
    pairer_finish(p, todo[count - 1].at + 30000 * MS);
    pair_stats_t stats = *pairer_stats(p);
    pairer_free(p);
    free(todo);
    return stats;
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const traffic_case_t *c = &cases[i];
        pair_stats_t s = stats_of(c, 1);
        if (s.apart < c->least * MS || s.apart > c->most * MS || s.misorder != c->misorder)
            fail_msg("%s: %lld ms, misorder %d", c->title, (long long)(s.apart / MS), s.misorder);
        pair_stats_t other = stats_of(c, UINT64_C(0x123456789abcdef));
        assert_int_equal(s.apart, other.apart);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
