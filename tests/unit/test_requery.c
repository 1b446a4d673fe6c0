/* Recorded questions asked again of a small Internet: what differs, when each is sent, what is not
 * sent at all. */
#include "probe/requery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fakezone.h"

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)
#define WALL   (INT64_C(1700000000) * SECOND)

static const char scenario[] = "zone example {\n"
                               "@ SOA ns host 1 2 3 4 5\n"
                               "@ NS ns\n"
                               "ns A 192.0.2.1\n"
                               "www A 192.0.2.80\n"
                               "two A 192.0.2.80\n"
                               "two A 192.0.2.81\n"
                               "}\n"
                               "address 192.0.2.1 {\n serves example\n}\n"
                               "address 192.0.2.2 {\n serves example\n behave drop\n}\n"
                               "address 192.0.2.3 {\n serves example\n behave slow 900\n}\n";

/* A recorded question: what was asked, and what the answer was. */
typedef struct recorded {
    const char *name;
    uint16_t type;
    const char *answer; /* zone text; NULL: no reply; "NXDOMAIN" */
    int64_t at;
    transport_t transport;
    unsigned notes;
    unsigned differs; /* expected */
} recorded_t;

typedef struct run {
    requery_t *q;
    const recorded_t *list;
    size_t count;
    size_t fed;
    size_t told;
    uint64_t number[64]; /* in the order in which they ended */
    unsigned differs[64];
    bool compared[64];
} run_t;

static nsp_name_t name_of(const char *text)
{
    nsp_name_t n;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &n, NULL), NSP_OK);
    return n;
}

static size_t write_reply(uint8_t *buf, size_t cap, const recorded_t *r)
{
    static nsp_zone_rr_t rr;
    nsp_builder_t b;
    size_t size = 0;
    nsp_name_t name = name_of(r->name);
    bool gone = strcmp(r->answer, "NXDOMAIN") == 0;
    nsp_build_begin(&b, buf, cap, 77,
                    (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA | (gone ? NSP_RCODE_NXDOMAIN : 0)));
    nsp_build_question(&b, &name, r->type, NSP_CLASS_IN);
    nsp_zone_reader_t z;
    nsp_zone_begin(&z, r->answer, gone ? 0 : strlen(r->answer), NULL);
    while (nsp_zone_next(&z, &rr))
        assert_true(nsp_build_rr(&b, NSP_ANSWER, &rr.owner, rr.type, rr.rclass, rr.ttl, rr.rdata,
                                 rr.rdlength));
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    return size;
}

static bool feed_next(void *user)
{
    run_t *run = user;
    uint8_t query[300];
    uint8_t reply[600];
    size_t size = 0;
    if (run->fed == run->count)
        return false;
    const recorded_t *r = &run->list[run->fed++];
    nsp_name_t name = name_of(r->name);
    assert_int_equal(
        nsp_build_query(query, sizeof query, 77, 0, &name, r->type, NSP_CLASS_IN, NULL, &size),
        NSP_OK);
    flow_t f = {.number = run->fed, .transport = r->transport, .notes = r->notes, .attempts = 1};
    f.began = f.asked = WALL + r->at;
    f.query = (flow_message_t){
        .bytes = query, .size = (uint32_t)size, .original = (uint32_t)size, .at = f.asked};
    if (r->answer != NULL) {
        size = write_reply(reply, sizeof reply, r);
        f.reply =
            (flow_message_t){.bytes = reply,
                             .size = (uint32_t)size,
                             .original = (uint32_t)size,
                             .at = f.asked + ((r->notes & FLOW_REPLY_FIRST) != 0 ? 0 : 12 * MS)};
        if ((r->notes & FLOW_CUT) != 0)
            f.reply.original += 10;
    }
    requery_feed(run->q, &f);
    return true;
}

static void told(void *user, const requery_result_t *r)
{
    run_t *run = user;
    assert_true(run->told < 64);
    run->number[run->told] = r->number;
    run->differs[run->told] = r->diff.differs;
    run->compared[run->told] = r->compared;
    run->told++;
    assert_int_equal(r->at, WALL + run->list[r->number - 1].at);
    assert_int_equal(r->transport, run->list[r->number - 1].transport);
    if (r->reply[1] != NULL && r->transport == TRANSPORT_UDP)
        assert_true(r->rtt[1] >= 10 * MS); /* 5 ms each way */
}

static requery_options_t options_to(const char *to)
{
    requery_options_t o = requery_options_default();
    assert_true(addr_from_text(to, strlen(to), 53, &o.to));
    o.speed = 0;
    return o;
}

/* Runs the list; the caller reads run and frees run->q. */
static net_err_t run_list(fakezone_t *z, const requery_options_t *o, const recorded_t *list,
                          size_t count, run_t *run)
{
    memset(run, 0, sizeof *run);
    run->list = list;
    run->count = count;
    run->q = requery_new(fakezone_net(z), o, told, run);
    assert_non_null(run->q);
    return requery_run(run->q, feed_next, run);
}

#define WWW    "www.example. 60 IN A 192.0.2.80\n"
#define BEFORE "www.example. 60 IN A 192.0.2.79\n"

static void answers(void **state)
{
    static const recorded_t list[] = {
        {"www.example.", NSP_TYPE_A, WWW, 0, TRANSPORT_UDP, 0, 0},
        {"WWW.example.", NSP_TYPE_A, WWW, 0, TRANSPORT_TCP, 0, 0},
        {"www.example.", NSP_TYPE_A, BEFORE, 0, TRANSPORT_UDP, 0, COMPARE_ANSWER},
        {"www.example.", NSP_TYPE_A, "NXDOMAIN", 0, TRANSPORT_UDP, 0,
         COMPARE_ANSWER | COMPARE_RCODE},
        {"two.example.", NSP_TYPE_A,
         "two.example. 60 IN A 192.0.2.81\ntwo.example. 60 IN A 192.0.2.80\n", 0, TRANSPORT_UDP, 0,
         0},
        {"www.example.", NSP_TYPE_A, NULL, 0, TRANSPORT_UDP, 0, COMPARE_NEW},
        {"www.example.", NSP_TYPE_A, NULL, 0, TRANSPORT_UDP, FLOW_PENDING, 0},
        {"www.example.", NSP_TYPE_A, BEFORE, 0, TRANSPORT_UDP, FLOW_CUT, 0},
    };
    enum { COUNT = sizeof list / sizeof list[0] };
    fakezone_t *z = fakezone_new(scenario);
    requery_options_t o = options_to("192.0.2.1");
    run_t run;
    (void)state;
    o.what = COMPARE_ALL & ~(COMPARE_TTL | COMPARE_AUTHORITY | COMPARE_ADDITIONAL);
    assert_int_equal(run_list(z, &o, list, COUNT, &run), NET_OK);
    assert_int_equal(run.told, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        size_t n = run.number[i] - 1;
        bool known = (list[n].notes & (FLOW_PENDING | FLOW_CUT)) == 0;
        assert_int_equal(run.compared[i], known);
        if (run.differs[i] != list[n].differs)
            fail_msg("%zu: %u", n, run.differs[i]);
    }
    const requery_stats_t *s = requery_stats(run.q);
    assert_int_equal(s->asked, COUNT);
    assert_int_equal(s->answered, COUNT);
    assert_int_equal(s->same, 3);
    assert_int_equal(s->differ, 3);
    assert_int_equal(s->uncompared, 2);
    assert_int_equal(s->bit[1], 1);    /* new */
    assert_int_equal(s->bit[3], 1);    /* rcode */
    assert_int_equal(s->bit[7], 2);    /* answer */
    assert_int_equal(s->was.count, 6); /* with a recorded reply */
    assert_int_equal(s->now.count, COUNT);
    requery_free(run.q);
    fakezone_free(z);
}

static void dead_and_slow(void **state)
{
    static const recorded_t list[] = {
        {"www.example.", NSP_TYPE_A, WWW, 0, TRANSPORT_UDP, 0, COMPARE_MISSING},
        {"www.example.", NSP_TYPE_A, NULL, 0, TRANSPORT_UDP, 0, 0},
    };
    fakezone_t *z = fakezone_new(scenario);
    requery_options_t o = options_to("192.0.2.2");
    run_t run;
    (void)state;
    assert_int_equal(run_list(z, &o, list, 2, &run), NET_OK);
    assert_int_equal(run.told, 2);
    assert_int_equal(run.differs[0], COMPARE_MISSING);
    assert_int_equal(run.differs[1], 0);
    assert_int_equal(requery_stats(run.q)->silent, 1);
    assert_int_equal(requery_stats(run.q)->answered, 0);
    requery_free(run.q);
    o = options_to("192.0.2.3");
    assert_int_equal(run_list(z, &o, list, 1, &run), NET_OK);
    assert_int_equal(requery_stats(run.q)->slower, 1);
    assert_int_equal(requery_stats(run.q)->was.count, 1);
    requery_free(run.q);
    recorded_t early = list[0]; /* recorded before its question: nobody knows how long it took */
    early.notes = FLOW_REPLY_FIRST;
    assert_int_equal(run_list(z, &o, &early, 1, &run), NET_OK);
    assert_int_equal(requery_stats(run.q)->slower, 0);
    assert_int_equal(requery_stats(run.q)->was.count, 0);
    requery_free(run.q);
    fakezone_free(z);
}

/* Fed in another order than they were recorded; times as recorded, twice as fast, at once. */
static void times(void **state)
{
    static const recorded_t list[] = {
        {"www.example.", NSP_TYPE_A, WWW, 4 * SECOND, TRANSPORT_UDP, 0, 0},
        {"www.example.", NSP_TYPE_A, WWW, 0, TRANSPORT_UDP, 0, 0},
        {"www.example.", NSP_TYPE_A, WWW, 2 * SECOND, TRANSPORT_UDP, 0, 0},
    };
    static const struct {
        double speed;
        int64_t least;
        int64_t most;
    } cases[] = {{1, 4 * SECOND, 4 * SECOND + 50 * MS},
                 {2, 2 * SECOND, 2 * SECOND + 50 * MS},
                 {0, 10 * MS, 100 * MS}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fakezone_t *z = fakezone_new(scenario);
        requery_options_t o = options_to("192.0.2.1");
        run_t run;
        o.speed = cases[i].speed;
        o.outstanding = 1;
        assert_int_equal(run_list(z, &o, list, 3, &run), NET_OK);
        int64_t took = requery_stats(run.q)->took;
        if (took < cases[i].least || took > cases[i].most)
            fail_msg("speed %g: %lld ns", cases[i].speed, (long long)took);
        assert_int_equal(run.number[0], 2);
        assert_int_equal(run.number[1], 3);
        assert_int_equal(run.number[2], 1);
        requery_free(run.q);
        fakezone_free(z);
    }
}

/* With a window, or memory, for less than all flows they are sent all the same. */
static void bounded(void **state)
{
    static recorded_t list[60];
    (void)state;
    for (unsigned i = 0; i < 60; i++)
        list[i] = (recorded_t){"www.example.", NSP_TYPE_A, WWW, i * MS, TRANSPORT_UDP, 0, 0};
    for (unsigned i = 0; i < 2; i++) {
        fakezone_t *z = fakezone_new(scenario);
        requery_options_t o = options_to("192.0.2.1");
        run_t run;
        o.window = i == 0 ? 5 * MS : 60 * SECOND;
        o.memory = i == 0 ? o.memory : 1;
        o.outstanding = 3;
        o.what &= ~(COMPARE_AUTHORITY | COMPARE_ADDITIONAL);
        assert_int_equal(run_list(z, &o, list, 60, &run), NET_OK);
        assert_int_equal(run.told, 60);
        assert_int_equal(requery_stats(run.q)->same, 60);
        requery_free(run.q);
        fakezone_free(z);
    }
}

static void not_asked_again(void **state)
{
    static const uint8_t update[] = {0, 1, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1};
    static const uint8_t axfr[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 252, 0, 1};
    static const uint8_t tsig[] = {0, 1, 0, 0, 0, 1,   0, 0,   0, 0, 0, 1, 0, 0,
                                   1, 0, 1, 0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0};
    static const uint8_t tiny[] = {0, 1, 0, 0};
    static const struct {
        const uint8_t *bytes;
        uint32_t size;
        uint32_t original;
    } cases[] = {{update, sizeof update, sizeof update}, {axfr, sizeof axfr, sizeof axfr},
                 {tsig, sizeof tsig, sizeof tsig},       {tiny, sizeof tiny, sizeof tiny},
                 {axfr, sizeof axfr, sizeof axfr + 1},   {NULL, 0, 0}};
    fakezone_t *z = fakezone_new(scenario);
    requery_options_t o = options_to("192.0.2.1");
    run_t run;
    (void)state;
    memset(&run, 0, sizeof run);
    run.q = requery_new(fakezone_net(z), &o, told, &run);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flow_t f = {.number = i + 1};
        f.query = (flow_message_t){
            .bytes = cases[i].bytes, .size = cases[i].size, .original = cases[i].original};
        requery_feed(run.q, &f);
    }
    assert_int_equal(requery_run(run.q, feed_next, &run), NET_OK);
    const requery_stats_t *s = requery_stats(run.q);
    assert_int_equal(s->asked, 0);
    assert_int_equal(s->opcodes, 1);
    assert_int_equal(s->transfers, 1);
    assert_int_equal(s->signed_, 1);
    assert_int_equal(s->no_query, 3);
    assert_int_equal(run.told, 0);
    requery_free(run.q);
    fakezone_free(z);
}

/* Stopped while questions are outstanding and others wait: nothing is lost (ASan looks). */
static void interrupted(void **state)
{
    static const recorded_t list[] = {
        {"www.example.", NSP_TYPE_A, WWW, 0, TRANSPORT_UDP, 0, 0},
        {"www.example.", NSP_TYPE_A, WWW, 0, TRANSPORT_TCP, 0, 0},
        {"www.example.", NSP_TYPE_A, WWW, 0, TRANSPORT_UDP, 0, 0},
        {"www.example.", NSP_TYPE_A, WWW, 60 * SECOND, TRANSPORT_UDP, 0, 0},
    };
    fakezone_t *z = fakezone_new(scenario);
    requery_options_t o = options_to("192.0.2.2");
    run_t run;
    (void)state;
    o.speed = 1;
    fakezone_interrupt_at(z, 500 * MS);
    assert_int_equal(run_list(z, &o, list, 4, &run), NET_E_INTERRUPTED);
    assert_int_equal(requery_stats(run.q)->asked, 3);
    requery_free(run.q);
    fakezone_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers), cmocka_unit_test(dead_and_slow),   cmocka_unit_test(times),
        cmocka_unit_test(bounded), cmocka_unit_test(not_asked_again), cmocka_unit_test(interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
