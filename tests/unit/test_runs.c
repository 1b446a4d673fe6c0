/* Runs of check among flows: the form of its questions, bounds, connections that failed, cuts. What
 * a whole run comes to is held against check itself by tests/scenarios and tests/cli. */
#include "diagnose/runs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/runs_fold.h"

#define SECOND INT64_C(1000000000)

static nsp_name_t name_of(const char *text)
{
    nsp_name_t n;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &n, NULL), NSP_OK);
    return n;
}

static addr_t addr_of(const char *text, uint16_t port)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), port, &a));
    return a;
}

/* A question as check makes it, with octets of its own. */
typedef struct question {
    uint8_t wire[320];
    size_t size;
    flow_t flow;
} question_t;

static flow_t *ask(question_t *q, const char *qname, uint16_t type, uint16_t flags, int opt)
{
    nsp_name_t n = name_of(qname);
    nsp_edns_t e = {.udp_size = (uint16_t)opt, .flags = opt == PROBE_BIG_SIZE ? NSP_EDNS_DO : 0};
    static uint64_t number;
    assert_int_equal(nsp_build_query(q->wire, sizeof q->wire, 7, flags, &n, type, NSP_CLASS_IN,
                                     opt > 0 ? &e : NULL, &q->size),
                     NSP_OK);
    number++;
    q->flow = (flow_t){
        .number = number,
        .client = addr_of("192.0.2.1", 40000),
        .server = addr_of("192.0.2.53", 53),
        .attempts = 1,
        .began = (int64_t)number * SECOND / 100,
        .query = {.bytes = q->wire, .size = (uint32_t)q->size, .original = (uint32_t)q->size}};
    q->flow.asked = q->flow.ended = q->flow.query.at = q->flow.began;
    return &q->flow;
}

/* Its reply: the question with QR and an rcode, and no records. */
static void answer(question_t *q, uint8_t *wire, uint8_t rcode)
{
    memcpy(wire, q->wire, q->size);
    wire[2] |= 0x80;
    wire[3] = rcode;
    q->flow.reply = q->flow.query;
    q->flow.reply.bytes = wire;
    q->flow.reply.at = q->flow.ended = q->flow.began + SECOND / 1000;
    q->flow.reply_attempt = 1;
    q->flow.notes |= FLOW_ANSWERED;
}

static void form(void **state)
{
    static const struct {
        const char *name;
        uint16_t type;
        uint16_t flags;
        int opt;
        bool in_form, marked, begins;
    } cases[] = {
        {"zone.test", NSP_TYPE_NS, 0, 1232, true, false, true},
        {"zone.test", NSP_TYPE_NS, 0, 0, true, false, false},
        {"zone.test", NSP_TYPE_SOA, 0, 0, true, false, true},
        {".", NSP_TYPE_SOA, 0, 0, true, false, true},
        {"zone.test", NSP_TYPE_SOA, NSP_FLAG_RD, 1232, true, false, false},
        {"zone.test", NSP_TYPE_TXT, 0, 1232, true, false, true},
        {"zone.test", NSP_TYPE_AAAA, 0, 1232, true, false, false},
        {"zone.test", NSP_TYPE_NS, NSP_FLAG_RD, 1232, true, false, true},
        {"zone.test", NSP_TYPE_A, NSP_FLAG_RD, 1232, true, false, false},
        {"zone.test", PROBE_NODATA_TYPE, 0, 1232, true, true, true},
        {"zone.test", PROBE_NODATA_TYPE, 0, 0, true, false, false},
        {"nsprobe-1.zone.test", NSP_TYPE_A, 0, 1232, true, true, true},
        {"NSPROBE-1.zone.test", NSP_TYPE_A, 0, 1232, true, false, false},
        {"zone.test", NSP_TYPE_DNSKEY, 0, 4096, true, false, true},
        {"zone.test", NSP_TYPE_TXT, 0, 4096, true, false, false},
        {"1.2.0.192.in-addr.arpa", NSP_TYPE_PTR, 0, 1232, true, false, false},
        {"zone.test", NSP_TYPE_DNSKEY, NSP_FLAG_RD, 4096, false, false, false},
        {"zone.test", NSP_TYPE_MX, 0, 1232, true, false, true},
        {"zone.test", NSP_TYPE_CAA, 0, 1232, false, false, true},
        {"zone.test", NSP_TYPE_SOA, NSP_FLAG_AD, 0, true, false, true},
        {"zone.test", NSP_TYPE_SOA, NSP_FLAG_AD, 1232, false, false, true},
        {"zone.test", NSP_TYPE_SOA, NSP_FLAG_AD | NSP_FLAG_CD, 0, false, false, true},
        {".", NSP_TYPE_NS, NSP_FLAG_RD, 0, true, false, false},
        {"zone.test", NSP_TYPE_NS, 0, 1400, false, false, false},
        {"zone.test", NSP_TYPE_NS, NSP_FLAG_CD, 1232, false, false, true},
        {"zone.test", NSP_TYPE_NS, NSP_FLAG_AD, 1232, false, false, true},
        {".", NSP_TYPE_NS, 0, 1232, true, false, true},
    };
    question_t q;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool marked = false;
        flow_t *f = ask(&q, cases[i].name, cases[i].type, cases[i].flags, cases[i].opt);
        bool good = runs_in_form(f, &marked);
        if (good != cases[i].in_form || marked != cases[i].marked ||
            runs_may_begin(f) != cases[i].begins)
            fail_msg("case %zu: %d %d %d", i, good, marked, runs_may_begin(f));
        /* whatever is cut off, or put behind it, is another form */
        f->query.size--;
        f->query.original--;
        assert_false(runs_in_form(f, &marked));
        f->query.size += 2;
        f->query.original += 2;
        assert_false(runs_in_form(f, &marked));
        f->query.size--;
        assert_false(runs_in_form(f, &marked)); /* cut by the capture */
        f->query.original--;
        q.wire[2] |= 0x80;
        assert_false(runs_in_form(f, &marked));
    }
}

/* Feeds a run with --ns against one server, which refuses everything. told: the servers were given,
 * since the SOA is asked for before any reply; else the walk began there, and what it asks the
 * server of the zone is asked at an address that nobody told of. */
static void feed_run_of(runs_t *r, question_t q[6], bool told)
{
    static uint8_t reply[6][320];
    static const struct {
        const char *name;
        uint16_t type;
        int opt;
    } asked[] = {{"zone.test", NSP_TYPE_NS, 1232},
                 {"zone.test", NSP_TYPE_SOA, 0},
                 {"zone.test", NSP_TYPE_SOA, 1232},
                 {"zone.test", PROBE_NODATA_TYPE, 1232},
                 {"nsprobe-0.zone.test", NSP_TYPE_A, 1232}};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        ask(&q[i], asked[i].name, asked[i].type, 0, asked[i].opt);
        answer(&q[i], reply[i], NSP_RCODE_REFUSED);
        if (i == 0 && told)
            q[i].flow.reply.at = q[i].flow.ended = q[i].flow.began + SECOND / 10;
        runs_feed(r, &q[i].flow);
    }
}

static void feed_run(runs_t *r, question_t q[6])
{
    feed_run_of(r, q, true);
}

static runs_t *runs_with(runs_options_t o)
{
    runs_t *r = runs_new(&o);
    assert_non_null(r);
    return r;
}

static void recognised(void **state)
{
    question_t q[6];
    runs_t *r = runs_with(runs_options_default());
    (void)state;
    feed_run(r, q);
    assert_true(runs_finish(r, false));
    assert_int_equal(runs_count(r), 1);
    nsp_name_t zone = name_of("zone.test");
    assert_true(nsp_name_equal(&runs_item(r, 0)->model->domain, &zone));
    assert_int_equal(runs_item(r, 0)->set.count, 5);
    assert_int_equal(runs_item(r, 0)->set.item[0]->number, q[0].flow.number);
    addr_t other = addr_of("192.0.2.54", 53);
    assert_int_equal(runs_questions(r, &q[0].flow.server), 5);
    assert_int_equal(runs_questions(r, &other), 0);
    runs_free(r);
}

/* Between check and the packets addresses were changed (--map, --lab): nothing is said of the run,
 * and its questions are those of any client. */
static void mapped(void **state)
{
    question_t q[6];
    runs_t *r = runs_with(runs_options_default());
    (void)state;
    feed_run_of(r, q, false);
    assert_true(runs_finish(r, false));
    assert_int_equal(runs_count(r), 0);
    assert_int_equal(runs_questions(r, &q[0].flow.server), 0);
    runs_free(r);
}

/* The same in any order of ending. */
static void order(void **state)
{
    question_t q[6];
    runs_t *r = runs_with(runs_options_default());
    runs_t *back = runs_with(runs_options_default());
    (void)state;
    feed_run(r, q);
    for (size_t i = 5; i > 0; i--)
        runs_feed(back, &q[i - 1].flow);
    assert_true(runs_finish(r, false) && runs_finish(back, false));
    assert_int_equal(runs_count(back), 1);
    assert_int_equal(runs_item(back, 0)->findings.count, runs_item(r, 0)->findings.count);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(runs_item(back, 0)->set.item[i]->number,
                         runs_item(r, 0)->set.item[i]->number);
    runs_free(r);
    runs_free(back);
}

/* What the client had asked by other means before the run began is none of it. */
static void before(void **state)
{
    question_t q[6];
    question_t earlier;
    uint8_t reply[320];
    runs_t *r = runs_with(runs_options_default());
    (void)state;
    ask(&earlier, "zone.test", NSP_TYPE_SOA, 0, 0);
    answer(&earlier, reply, NSP_RCODE_NOERROR);
    runs_feed(r, &earlier.flow);
    feed_run(r, q);
    assert_true(runs_finish(r, false));
    assert_int_equal(runs_count(r), 1);
    assert_int_equal(runs_item(r, 0)->set.count, 5);
    assert_int_equal(runs_questions(r, &q[0].flow.server), 5);
    runs_free(r);
}

/* A stranger with many questions is given up. */
static void strangers(void **state)
{
    runs_options_t o = runs_options_default();
    question_t q;
    (void)state;
    o.strangers = 10;
    runs_t *r = runs_with(o);
    for (int i = 0; i < 11; i++)
        runs_feed(r, ask(&q, "zone.test", NSP_TYPE_NS, 0, 1232));
    assert_int_equal(r->memory, 0);
    assert_int_equal(r->group[0].count, 0);
    assert_true(r->group[0].given_up);
    assert_true(runs_finish(r, false));
    assert_int_equal(runs_count(r), 0);
    runs_free(r);
}

/* With more clients than there is room for, who has been quiet for longest goes. */
static void crowd(void **state)
{
    runs_options_t o = runs_options_default();
    question_t q[6];
    char text[32];
    (void)state;
    o.clients_max = 4;
    runs_t *r = runs_with(o);
    feed_run(r, q);
    for (unsigned i = 0; i < 100; i++) {
        flow_t *f = ask(&q[5], "zone.test", NSP_TYPE_NS, 0, 1232);
        snprintf(text, sizeof text, "10.0.0.%u", i);
        f->client = addr_of(text, 4000);
        runs_feed(r, f);
    }
    assert_int_equal(r->group_count, 4);
    assert_int_equal(runs_dropped(r), 97);
    assert_true(runs_finish(r, false));
    assert_int_equal(runs_count(r), 1);
    runs_free(r);
}

/* Without memory for its questions nothing is found, nothing breaks, and it is counted. */
static void narrow(void **state)
{
    (void)state;
    for (size_t memory = 0; memory < 6000; memory += 97) {
        runs_options_t o = runs_options_default();
        question_t q[6];
        o.memory = memory;
        runs_t *r = runs_with(o);
        feed_run(r, q);
        assert_true(r->memory <= memory);
        assert_true(runs_finish(r, false));
        assert_true(runs_dropped(r) > 0 || runs_count(r) == 1);
        runs_free(r);
    }
}

static void make_connection(flow_t *f)
{
    f->transport = TRANSPORT_TCP;
    f->query = (flow_message_t){NULL, 0, 0, 0, 0, 0};
    assert_true(runs_is_connection(f));
}

/* Connections get the questions that were not asked over TCP, the likeliest first. */
static void connections(void **state)
{
    static const uint16_t types[] = {NSP_TYPE_A, NSP_TYPE_NS, NSP_TYPE_SOA, NSP_TYPE_TXT};
    question_t q[7];
    flow_t *list[7];
    uint32_t count = 7;
    (void)state;
    for (size_t i = 0; i < 4; i++)
        list[i] = ask(&q[i], "zone.test", types[i], 0, 1232);
    list[4] = ask(&q[4], "zone.test", NSP_TYPE_NS, 0, 1232);
    list[4]->transport = TRANSPORT_TCP;
    for (size_t i = 5; i < 7; i++)
        make_connection(list[i] = ask(&q[i], "zone.test", NSP_TYPE_NS, 0, 1232));
    assert_true(runs_name_connections(list, &count));
    assert_int_equal(count, 7);
    assert_int_equal(runs_type(list[5]), NSP_TYPE_SOA);
    assert_int_equal(runs_type(list[6]), NSP_TYPE_TXT);
    /* one to a server that was asked nothing, and one more than there are questions */
    make_connection(list[0]);
    list[0]->server = addr_of("192.0.2.99", 53);
    make_connection(list[5]);
    make_connection(list[6]);
    make_connection(list[3]); /* takes TXT away */
    assert_true(runs_name_connections(list, &count));
    assert_int_equal(count, 4);
}

/* What is open at the end of a whole capture has timed out; of a broken one nobody knows. */
static void open_end(void **state)
{
    (void)state;
    for (int broken = 0; broken < 2; broken++) {
        question_t q[6];
        runs_t *r = runs_with(runs_options_default());
        feed_run(r, q);
        flow_t *f = ask(&q[5], "zone.test", NSP_TYPE_TXT, 0, 4096);
        f->notes = FLOW_PENDING;
        runs_feed(r, f);
        assert_true(runs_finish(r, broken != 0));
        assert_int_equal(runs_count(r), 1);
        assert_int_equal(runs_item(r, 0)->cut, broken);
        assert_int_equal(runs_item(r, 0)->set.item[5]->finished, !broken);
        runs_free(r);
    }
}

/* A walk that nobody answers is told although the capture ends before it does, as far as there are
 * enough servers who were waited for until the end. late: seconds from the last attempt of each to
 * the end of the capture; check waits two for the second. */
static size_t runs_unheard(size_t servers, int late, bool answer_one)
{
    question_t q[8];
    flow_event_t again[8];
    uint8_t wire[320];
    char text[32];
    runs_t *r = runs_with(runs_options_default());
    for (size_t i = 0; i <= servers; i++) {
        bool last = i == servers; /* only just asked: it would be asked again */
        flow_t *f = ask(&q[i], "zone.test", NSP_TYPE_NS, 0, 1232);
        snprintf(text, sizeof text, "198.51.%zu.1", i);
        f->server = addr_of(text, 53);
        f->attempts = last ? 1 : 2;
        f->notes = FLOW_PENDING;
        again[i] =
            (flow_event_t){.kind = FLOW_EVENT_RETRY, .attempt = 2, .message.at = f->began + SECOND};
        f->event = &again[i];
        f->event_count = last ? 0 : 1;
        f->asked = last ? f->began : f->began + SECOND;
        f->ended = f->asked + (last ? 0 : late * SECOND);
        if (i == 0 && answer_one) {
            f->notes = 0;
            answer(&q[i], wire, NSP_RCODE_REFUSED);
        }
        runs_feed(r, f);
    }
    assert_true(runs_finish(r, false));
    size_t count = runs_count(r);
    for (size_t i = 0; i < count; i++) {
        assert_true(runs_item(r, i)->cut && runs_item(r, i)->untested);
        assert_int_equal(runs_item(r, i)->set.count, servers + 1);
    }
    runs_free(r);
    return count;
}

static void nobody(void **state)
{
    (void)state;
    assert_int_equal(runs_unheard(4, 2, false), 1);
    assert_int_equal(runs_unheard(7, 9, false), 1);
    assert_int_equal(runs_unheard(3, 2, false), 0);
    assert_int_equal(runs_unheard(4, 1, false), 0);
    assert_int_equal(runs_unheard(5, 2, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form),   cmocka_unit_test(recognised),  cmocka_unit_test(mapped),
        cmocka_unit_test(order),  cmocka_unit_test(strangers),   cmocka_unit_test(crowd),
        cmocka_unit_test(narrow), cmocka_unit_test(connections), cmocka_unit_test(open_end),
        cmocka_unit_test(before), cmocka_unit_test(nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
