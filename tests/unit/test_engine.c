/* The engine over a scripted transport whose clock the test moves: schedule, matching, evidence,
 * TCP, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/flow.h"
#include "probe/engine.h"
#include "proto/nsproto.h"

#define MS         INT64_C(1000000)
#define SCRIPT_MAX 160

/* What the script does when something is sent: one event after a delay. */
typedef struct step {
    unsigned send; /* with the nth send of all, from 1 */
    int64_t after;
    net_event_kind_t kind;
    uint8_t spoil; /* MISMATCH_ bits that the reply shall have */
    bool formerr;  /* reply without a question */
    uint32_t cut;  /* TCP: only that many octets of the frame */
} step_t;

typedef struct planned {
    int64_t at;
    net_event_t event;
    uint8_t bytes[600];
} planned_t;

/* A transport that plays a script; its clock jumps to the next event. */
typedef struct script_net {
    net_t base;
    const step_t *step;
    size_t steps;
    int64_t now;
    unsigned opened;
    unsigned closed;
    unsigned sends;
    uint32_t random;
    addr_t dest[SCRIPT_MAX];
    bool tcp[SCRIPT_MAX];
    planned_t plan[SCRIPT_MAX];
    size_t plans;
    uint16_t ids[SCRIPT_MAX];
    int64_t sent_at[SCRIPT_MAX];
    uint8_t out[600];
} script_net_t;

static int64_t script_now(net_t *net)
{
    return ((script_net_t *)net)->now;
}

static int64_t script_wall(net_t *net)
{
    return ((script_net_t *)net)->now + INT64_C(1700000000000000000);
}

static net_err_t script_random(net_t *net, void *buf, size_t n)
{
    script_net_t *s = (script_net_t *)net;
    for (size_t i = 0; i < n; i++) {
        s->random = s->random * 1103515245 + 12345;
        ((uint8_t *)buf)[i] = (uint8_t)(s->random >> 16);
    }
    return NET_OK;
}

static void plan(script_net_t *s, const net_event_t *e, int64_t at, const uint8_t *bytes)
{
    assert_true(s->plans < SCRIPT_MAX);
    planned_t *p = &s->plan[s->plans++];
    p->at = at;
    p->event = *e;
    memcpy(p->bytes, bytes, e->size);
}

static net_err_t script_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                             int *os_error)
{
    script_net_t *s = (script_net_t *)net;
    if (how->dest.port == 1) {
        *os_error = ENETUNREACH;
        return NET_E_SYSTEM;
    }
    assert_true(s->opened < SCRIPT_MAX);
    s->dest[s->opened] = how->dest;
    s->tcp[s->opened] = how->kind == NET_TCP;
    *handle = s->opened++;
    memset(local, 0, sizeof *local);
    local->family = how->dest.family;
    local->port = (uint16_t)(40000 + *handle);
    return NET_OK;
}

/* The reply to a query, spoilt as the step says. */
static uint32_t make_reply(const step_t *st, const uint8_t *query, size_t n, uint8_t *out)
{
    memcpy(out, query, n);
    out[2] |= 0x80;
    if ((st->spoil & MISMATCH_QR) != 0)
        out[2] &= 0x7f;
    if ((st->spoil & MISMATCH_ID) != 0)
        out[0] ^= 0xff;
    if ((st->spoil & MISMATCH_QUESTION) != 0)
        out[13] ^= 1; /* another first letter */
    if (st->formerr) {
        out[3] = 1;
        memset(out + 4, 0, 8);
        return NSP_HEADER_SIZE;
    }
    return (uint32_t)n;
}

static net_err_t script_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n,
                             int *os_error)
{
    script_net_t *s = (script_net_t *)net;
    bool tcp = s->tcp[handle];
    const uint8_t *query = tcp ? bytes + 2 : bytes;
    size_t size = tcp ? n - 2 : n;
    (void)os_error;
    s->ids[s->sends] = (uint16_t)(query[0] << 8 | query[1]);
    s->sent_at[s->sends++] = s->now;
    for (size_t i = 0; i < s->steps; i++) {
        const step_t *st = &s->step[i];
        uint8_t reply[600] = {0};
        net_event_t e = {.kind = st->kind, .handle = handle, .peer = s->dest[handle]};
        if (st->send != s->sends)
            continue;
        if (st->kind == NET_EVENT_DATAGRAM || st->kind == NET_EVENT_BYTES) {
            uint32_t at = tcp ? 2 : 0;
            e.size = make_reply(st, query, size, reply + at) + at;
            reply[0] = tcp ? (uint8_t)((e.size - 2) >> 8) : reply[0];
            reply[1] = tcp ? (uint8_t)(e.size - 2) : reply[1];
            e.size = st->cut > 0 ? st->cut : e.size;
        }
        if (st->kind == NET_EVENT_ICMP) {
            e.icmp_type = 3;
            e.icmp_code = 3;
            e.size = (uint32_t)size;
            memcpy(reply, query, size);
        }
        if ((st->spoil & MISMATCH_ADDRESS) != 0)
            e.peer.octets[3]++;
        if ((st->spoil & MISMATCH_PORT) != 0)
            e.peer.port++;
        plan(s, &e, s->now + st->after, reply);
    }
    return NET_OK;
}

static void script_close(net_t *net, uint32_t handle)
{
    script_net_t *s = (script_net_t *)net;
    s->closed++;
    for (size_t i = 0; i < s->plans; i++)
        if (s->plan[i].event.handle == handle)
            s->plan[i].at = INT64_MAX;
}

static net_err_t script_wait(net_t *net, int64_t deadline, net_event_t *event)
{
    script_net_t *s = (script_net_t *)net;
    planned_t *first = NULL;
    for (size_t i = 0; i < s->plans; i++)
        if (s->plan[i].at != INT64_MAX && (first == NULL || s->plan[i].at < first->at))
            first = &s->plan[i];
    if (first == NULL || first->at > deadline) {
        assert_true(deadline != INT64_MAX); /* it would wait for ever */
        s->now = deadline > s->now ? deadline : s->now;
        memset(event, 0, sizeof *event);
        return NET_OK;
    }
    s->now = first->at;
    *event = first->event;
    event->at = s->now;
    memcpy(s->out, first->bytes, sizeof s->out);
    event->bytes = s->out;
    first->at = INT64_MAX;
    return NET_OK;
}

static void script_destroy(net_t *net)
{
    (void)net;
}

static const net_ops_t script_ops = {script_now,  script_wall,  script_random, script_open,
                                     script_send, script_close, script_wait,   script_destroy};

/* One run: a query of n exchanges to a server, with the script; returns the events' kinds. */
typedef struct scene {
    script_net_t net;
    exchange_set_t set;
    engine_t *engine;
    unsigned done;
} scene_t;

static void count_done(void *user, exchange_t *x)
{
    assert_true(x->finished);
    (*(unsigned *)user)++;
}

static void scene_begin(scene_t *c, const step_t *steps, size_t count)
{
    memset(c, 0, sizeof *c);
    c->net.base.ops = &script_ops;
    c->net.step = steps;
    c->net.steps = count;
    c->net.now = 1000;
    exchange_set_init(&c->set, 0);
    assert_int_equal(engine_new(&c->net.base, &c->set, NULL, &c->engine), NET_OK);
}

static exchange_t *scene_ask(scene_t *c, transport_t transport, uint16_t port, bool keep)
{
    uint8_t wire[300];
    size_t size = 0;
    nsp_name_t name;
    exchange_t *x = NULL;
    engine_query_t q = {.transport = transport, .wire = wire, .done = count_done};
    q.user = &c->done;
    q.keep_open = keep;
    q.server.family = 4;
    q.server.octets[0] = 192;
    q.server.port = port;
    nsp_name_from_text("www.example.", 12, NULL, &name, NULL);
    assert_int_equal(nsp_build_query(wire, sizeof wire, 0, 0, &name, NSP_TYPE_A, 1, NULL, &size),
                     NSP_OK);
    q.size = size;
    assert_int_equal(engine_submit(c->engine, &q, &x), NET_OK);
    return x;
}

static void scene_end(scene_t *c)
{
    assert_int_equal(engine_outstanding(c->engine), 0);
    assert_int_equal(c->done, c->set.count);
    engine_free(c->engine);
    assert_int_equal(c->net.opened, c->net.closed);
    exchange_set_free(&c->set);
}

static void expect_events(const exchange_t *x, const event_kind_t *kinds, size_t count)
{
    assert_int_equal(x->event_count, count);
    for (size_t i = 0; i < count; i++)
        if (x->event[i].kind != kinds[i])
            fail_msg("event %zu is %d, not %d", i, x->event[i].kind, kinds[i]);
}

#define EXPECT(x, ...)                                                                             \
    do {                                                                                           \
        const event_kind_t kinds[] = {__VA_ARGS__};                                                \
        expect_events(x, kinds, sizeof kinds / sizeof kinds[0]);                                   \
    } while (0)

static void silence(void **state)
{
    scene_t c;
    (void)state;
    scene_begin(&c, NULL, 0);
    exchange_t *x = scene_ask(&c, TRANSPORT_UDP, 53, false);
    assert_int_equal(engine_run(c.engine, INT64_MAX), NET_OK);
    EXPECT(x, EVENT_SENT, EVENT_TIMEOUT, EVENT_SENT, EVENT_TIMEOUT, EVENT_SENT, EVENT_TIMEOUT);
    assert_int_equal(c.net.sent_at[1] - c.net.sent_at[0], 1000 * MS);
    assert_int_equal(c.net.sent_at[2] - c.net.sent_at[1], 2000 * MS);
    assert_int_equal(c.net.now - c.net.sent_at[2], 5000 * MS); /* 4 s, and 1 s for late replies */
    assert_true(c.net.ids[0] != c.net.ids[1] && c.net.ids[1] != c.net.ids[2]);
    assert_int_equal(c.net.opened, 1); /* one port for all attempts */
    scene_end(&c);
}

static void answers(void **state)
{
    /* in time; during the second attempt, to the first; after all attempts; after the wait */
    static const struct {
        step_t step;
        unsigned attempt;
        unsigned sends;
        bool reply;
    } cases[] = {
        {{1, 20 * MS, NET_EVENT_DATAGRAM, 0, false, 0}, 1, 1, true},
        {{1, 1500 * MS, NET_EVENT_DATAGRAM, 0, false, 0}, 1, 2, true},
        {{2, 20 * MS, NET_EVENT_DATAGRAM, 0, false, 0}, 2, 2, true},
        {{3, 4999 * MS, NET_EVENT_DATAGRAM, 0, false, 0}, 3, 3, true},
        {{1, 7999 * MS, NET_EVENT_DATAGRAM, 0, false, 0}, 1, 3, true},
        {{3, 5001 * MS, NET_EVENT_DATAGRAM, 0, false, 0}, 0, 3, false},
        {{1, 20 * MS, NET_EVENT_DATAGRAM, 0, true, 0}, 1, 1, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene_t c;
        scene_begin(&c, &cases[i].step, 1);
        exchange_t *x = scene_ask(&c, TRANSPORT_UDP, 53, false);
        assert_int_equal(engine_run(c.engine, INT64_MAX), NET_OK);
        const event_t *reply = exchange_reply(x);
        if ((reply != NULL) != cases[i].reply || c.net.sends != cases[i].sends ||
            (reply != NULL && reply->attempt != cases[i].attempt))
            fail_msg("case %zu: %u sends, reply to %d", i, c.net.sends,
                     reply != NULL ? reply->attempt : -1);
        scene_end(&c);
    }
}

static void mismatches(void **state)
{
    static const uint8_t bits[] = {MISMATCH_ADDRESS, MISMATCH_PORT,
                                   MISMATCH_ID,      MISMATCH_QUESTION,
                                   MISMATCH_QR,      MISMATCH_ADDRESS | MISMATCH_PORT};
    (void)state;
    for (size_t i = 0; i < sizeof bits; i++) {
        scene_t c;
        const step_t steps[] = {{1, 10 * MS, NET_EVENT_DATAGRAM, bits[i], false, 0},
                                {1, 30 * MS, NET_EVENT_DATAGRAM, 0, false, 0}};
        scene_begin(&c, steps, 2);
        exchange_t *x = scene_ask(&c, TRANSPORT_UDP, 53, false);
        assert_int_equal(engine_run(c.engine, INT64_MAX), NET_OK);
        /* kept as evidence, and the right reply is still taken */
        EXPECT(x, EVENT_SENT, EVENT_MISMATCH, EVENT_REPLY);
        assert_int_equal(x->event[1].mismatch, bits[i]);
        assert_int_equal(x->event[2].at - x->event[0].at, 30 * MS);
        scene_end(&c);
    }
}

static void icmp(void **state)
{
    scene_t c;
    const step_t steps[] = {{1, MS, NET_EVENT_ICMP, 0, false, 0},
                            {2, MS, NET_EVENT_ICMP, 0, false, 0},
                            {3, MS, NET_EVENT_ICMP, 0, false, 0}};
    (void)state;
    scene_begin(&c, steps, 3);
    exchange_t *x = scene_ask(&c, TRANSPORT_UDP, 53, false);
    assert_int_equal(engine_run(c.engine, INT64_MAX), NET_OK);
    EXPECT(x, EVENT_SENT, EVENT_ICMP, EVENT_SENT, EVENT_ICMP, EVENT_SENT, EVENT_ICMP);
    assert_int_equal(c.net.sent_at[1] - c.net.sent_at[0], 101 * MS);
    assert_int_equal(x->event[5].attempt, 3);
    scene_end(&c);
}

/* What others send again and again neither keeps an exchange from ending nor fills memory. */
static void floods(void **state)
{
    step_t steps[2 * FLOW_EVENTS_MAX];
    const size_t count = sizeof steps / sizeof steps[0];
    static const net_event_kind_t kinds[] = {NET_EVENT_ICMP, NET_EVENT_DATAGRAM};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        scene_t c;
        for (size_t i = 0; i < count; i++)
            steps[i] =
                (step_t){1, (int64_t)(i + 1) * 50 * MS, kinds[k], MISMATCH_QUESTION, false, 0};
        scene_begin(&c, steps, count);
        exchange_t *x = scene_ask(&c, TRANSPORT_UDP, 53, false);
        assert_int_equal(engine_run(c.engine, INT64_MAX), NET_OK);
        assert_int_equal(c.net.sent_at[1] - c.net.sent_at[0], k == 0 ? 150 * MS : 1000 * MS);
        assert_int_equal(exchange_attempts(x), 3);
        assert_true(x->event_count <= FLOW_EVENTS_MAX + 6);
        scene_end(&c);
    }
}

static void not_sent(void **state)
{
    scene_t c;
    (void)state;
    scene_begin(&c, NULL, 0);
    exchange_t *x = scene_ask(&c, TRANSPORT_UDP, 1, false);
    assert_int_equal(engine_step(c.engine, INT64_MAX), NET_OK); /* must not wait for anything */
    EXPECT(x, EVENT_SEND_FAILED);
    assert_int_equal(x->event[0].os_error, ENETUNREACH);
    scene_end(&c);
}

static void tcp(void **state)
{
    static const struct {
        step_t steps[3];
        event_kind_t last;
        uint32_t size; /* octets of the last event */
        size_t events;
    } cases[] = {
        {{{1, MS, NET_EVENT_CONNECTED, 0, false, 0}, {1, 2 * MS, NET_EVENT_BYTES, 0, false, 0}},
         EVENT_REPLY,
         29,
         3},
        {{{1, MS, NET_EVENT_REFUSED, 0, false, 0}}, EVENT_TCP_REFUSED, 0, 2},
        {{{1, MS, NET_EVENT_CONNECTED, 0, false, 0}, {1, 2 * MS, NET_EVENT_RESET, 0, false, 0}},
         EVENT_TCP_RESET,
         0,
         3},
        {{{1, MS, NET_EVENT_CONNECTED, 0, false, 0}, {1, 2 * MS, NET_EVENT_CLOSED, 0, false, 0}},
         EVENT_TCP_CLOSED,
         0,
         3},
        {{{1, MS, NET_EVENT_CONNECTED, 0, false, 0},
          {1, 2 * MS, NET_EVENT_BYTES, 0, false, 9},
          {1, 3 * MS, NET_EVENT_CLOSED, 0, false, 0}},
         EVENT_TCP_CLOSED,
         9,
         3},
        {{{1, MS, NET_EVENT_CONNECTED, 0, false, 0}}, EVENT_TIMEOUT, 0, 3},
        {{{9, MS, NET_EVENT_CONNECTED, 0, false, 0}}, EVENT_TCP_NO_SYNACK, 0, 2},
        {{{1, MS, NET_EVENT_ICMP, 0, false, 0}}, EVENT_ICMP, 0, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene_t c;
        scene_begin(&c, cases[i].steps, 3);
        exchange_t *x = scene_ask(&c, TRANSPORT_TCP, 53, false);
        assert_int_equal(engine_run(c.engine, INT64_MAX), NET_OK);
        const event_t *last = &x->event[x->event_count - 1];
        if (last->kind != cases[i].last || last->size != cases[i].size ||
            x->event_count != cases[i].events)
            fail_msg("case %zu: %u events, the last %d of %u octets", i, x->event_count, last->kind,
                     last->size);
        scene_end(&c);
    }
}

/* Two questions on one connection; the second reply comes first. */
static void pipelined(void **state)
{
    scene_t c;
    const step_t steps[] = {{1, MS, NET_EVENT_CONNECTED, 0, false, 0},
                            {1, 30 * MS, NET_EVENT_BYTES, 0, false, 0},
                            {2, 10 * MS, NET_EVENT_BYTES, 0, false, 0}};
    (void)state;
    scene_begin(&c, steps, 3);
    exchange_t *a = scene_ask(&c, TRANSPORT_TCP, 53, true);
    exchange_t *b = scene_ask(&c, TRANSPORT_TCP, 53, true);
    assert_int_equal(engine_run(c.engine, INT64_MAX), NET_OK);
    assert_int_equal(c.net.opened, 1);
    assert_non_null(exchange_reply(a));
    assert_non_null(exchange_reply(b));
    assert_true(exchange_reply(b)->at < exchange_reply(a)->at);
    assert_null(exchange_find(a, EVENT_MISMATCH));
    scene_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence),   cmocka_unit_test(answers),  cmocka_unit_test(mismatches),
        cmocka_unit_test(icmp),      cmocka_unit_test(not_sent), cmocka_unit_test(tcp),
        cmocka_unit_test(pipelined), cmocka_unit_test(floods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
