#include "probe/requery.h"

#include <stdlib.h>

#include "diagnose/outcome.h"

#define SECOND          INT64_C(1000000000)
#define OUTSTANDING_MAX 256
/* What a flow that waits costs besides its messages. */
#define ENTRY_COST (sizeof(entry_t) + 64)

/* One recorded question that waits, or is outstanding. */
typedef struct entry {
    struct entry *next; /* in the list of those that ended */
    unsigned slot;      /* while it is flying */
    requery_t *owner;
    uint64_t number;
    int64_t at;
    int64_t rtt;
    transport_t transport;
    addr_t client;
    addr_t server;
    bool known; /* the whole reply, or that there was none */
    uint8_t *query;
    uint32_t query_size;
    uint8_t *reply; /* NULL: none */
    uint32_t reply_size;
    exchange_t *now;
} entry_t;

struct requery {
    net_t *net;
    requery_options_t options;
    requery_sink_t *sink;
    void *user;
    exchange_set_t set;
    engine_t *engine;
    entry_t **heap; /* by time: the earliest first */
    size_t count;
    size_t cap;
    size_t used;    /* octets */
    int64_t newest; /* time of the latest flow that was fed */
    entry_t *ended;
    entry_t *flying[OUTSTANDING_MAX]; /* sent, or ended and not yet told */
    bool began;
    int64_t first;    /* time of the first question, as recorded */
    int64_t began_at; /* net clock */
    net_err_t error;
    requery_stats_t stats;
    reply_t message[2]; /* recorded and now */
};

requery_options_t requery_options_default(void)
{
    return (requery_options_t){.speed = 1,
                               .outstanding = 100,
                               .schedule = schedule_default(),
                               .what = COMPARE_ALL & ~COMPARE_TTL,
                               .window = 30 * SECOND,
                               .memory = (size_t)64 << 20};
}

static void entry_free(entry_t *e)
{
    if (e == NULL)
        return;
    free(e->query);
    free(e->reply);
    free(e);
}

requery_t *requery_new(net_t *net, const requery_options_t *options, requery_sink_t *sink,
                       void *user)
{
    requery_t *q = calloc(1, sizeof *q);
    if (q == NULL)
        return NULL;
    q->net = net;
    q->options = *options;
    if (q->options.outstanding < 1 || q->options.outstanding > OUTSTANDING_MAX)
        q->options.outstanding = OUTSTANDING_MAX;
    q->sink = sink;
    q->user = user;
    q->newest = INT64_MIN;
    exchange_set_init(&q->set, 0);
    if (engine_new(net, &q->set, &q->options.schedule, &q->engine) != NET_OK) {
        free(q);
        return NULL;
    }
    return q;
}

void requery_free(requery_t *q)
{
    if (q == NULL)
        return;
    engine_free(q->engine);
    for (unsigned i = 0; i < OUTSTANDING_MAX; i++)
        entry_free(q->flying[i]);
    for (size_t i = 0; i < q->count; i++)
        entry_free(q->heap[i]);
    free(q->heap);
    exchange_set_free(&q->set);
    free(q);
}

const requery_stats_t *requery_stats(const requery_t *q)
{
    return &q->stats;
}

static bool earlier(const entry_t *a, const entry_t *b)
{
    return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void heap_up(requery_t *q, size_t i)
{
    while (i > 0 && earlier(q->heap[i], q->heap[(i - 1) / 2])) {
        entry_t *e = q->heap[i];
        q->heap[i] = q->heap[(i - 1) / 2];
        q->heap[(i - 1) / 2] = e;
        i = (i - 1) / 2;
    }
}

static bool heap_push(requery_t *q, entry_t *e)
{
    if (q->count == q->cap) {
        size_t cap = q->cap == 0 ? 256 : q->cap * 2;
        entry_t **heap = realloc(q->heap, cap * sizeof(entry_t *));
        if (heap == NULL)
            return false;
        q->heap = heap;
        q->cap = cap;
    }
    q->heap[q->count] = e;
    heap_up(q, q->count++);
    q->used += ENTRY_COST + e->query_size + e->reply_size;
    return true;
}

static entry_t *heap_pop(requery_t *q)
{
    entry_t *top = q->heap[0];
    q->heap[0] = q->heap[--q->count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < q->count; k++)
            if (earlier(q->heap[k], q->heap[least]))
                least = k;
        if (least == i)
            break;
        entry_t *e = q->heap[i];
        q->heap[i] = q->heap[least];
        q->heap[least] = e;
        i = least;
    }
    q->used -= ENTRY_COST + top->query_size + top->reply_size;
    return top;
}

/* TSIG (RFC 8945 5.1) and SIG(0) (RFC 2931 3) stand last. */
static bool is_signed(const nsp_msg_t *m)
{
    if (m->rr_count == 0)
        return false;
    const nsp_rr_t *last = &m->rr[m->rr_count - 1];
    return last->type == NSP_TYPE_TSIG || last->type == NSP_TYPE_SIG;
}

/* True when the question may be asked again; else counts why not. */
static bool may_ask(requery_t *q, const flow_t *flow)
{
    const flow_message_t *query = &flow->query;
    nsp_msg_t *m = &q->message[0].msg;
    uint64_t *why = NULL;
    if (query->bytes == NULL || query->size < query->original || query->size < NSP_HEADER_SIZE) {
        q->stats.no_query++;
        return false;
    }
    reply_index(&q->message[0], query->bytes, query->size);
    if (nsp_msg_opcode(m) != 0)
        why = &q->stats.opcodes;
    else if (m->found[NSP_QUESTION] > 0 && (m->qtype == NSP_TYPE_AXFR || m->qtype == NSP_TYPE_IXFR))
        why = &q->stats.transfers;
    else if (is_signed(m))
        why = &q->stats.signed_;
    if (why != NULL)
        (*why)++;
    return why == NULL;
}

static uint8_t *copy_of(const flow_message_t *m)
{
    uint8_t *copy = malloc(m->size > 0 ? m->size : 1);
    if (copy != NULL)
        memcpy(copy, m->bytes, m->size);
    return copy;
}

/* How long the reply took; -1 when there is none, or no time tells: packets without any, and a
 * reply that was recorded before its question. */
static int64_t rtt_of(const flow_t *flow)
{
    bool timed = flow->reply.at != 0 && (flow->notes & FLOW_REPLY_FIRST) == 0;
    return flow->reply.bytes != NULL && timed ? flow->reply.at - flow->asked : -1;
}

static entry_t *entry_of(requery_t *q, const flow_t *flow)
{
    entry_t *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    bool replied = flow->reply.bytes != NULL;
    e->owner = q;
    e->number = flow->number;
    e->at = flow->query.at;
    e->rtt = rtt_of(flow);
    e->transport = flow->transport;
    e->client = flow->client;
    e->server = flow->server;
    e->known = replied ? flow->reply.size >= flow->reply.original
                       : (flow->notes & (FLOW_PENDING | FLOW_EVICTED)) == 0;
    e->query_size = flow->query.size;
    e->query = copy_of(&flow->query);
    if (replied) {
        e->reply_size = flow->reply.size;
        e->reply = copy_of(&flow->reply);
    }
    if (e->query != NULL && (!replied || e->reply != NULL))
        return e;
    entry_free(e);
    return NULL;
}

void requery_feed(void *user, const flow_t *flow)
{
    requery_t *q = user;
    if (!may_ask(q, flow))
        return;
    entry_t *e = entry_of(q, flow);
    if (e == NULL || !heap_push(q, e)) {
        entry_free(e);
        q->error = NET_E_MEMORY;
        return;
    }
    if (e->at > q->newest)
        q->newest = e->at;
}

static void on_done(void *user, exchange_t *x)
{
    entry_t *e = user;
    e->now = x;
    e->next = e->owner->ended;
    e->owner->ended = e;
}

/* Some servers answer a question that cannot be read with the header alone. */
static bool is_answer(const outcome_t *o)
{
    return o->kind == OUTCOME_ANSWERED || o->kind == OUTCOME_MALFORMED;
}

static void count_result(requery_t *q, const requery_result_t *r)
{
    requery_stats_t *s = &q->stats;
    if (r->rtt[0] >= 0)
        latency_add(&s->was, r->rtt[0]);
    if (r->rtt[1] >= 0)
        latency_add(&s->now, r->rtt[1]);
    s->answered += r->reply[1] != NULL;
    s->slower += r->slower;
    if (!r->compared) {
        s->uncompared++;
        return;
    }
    s->same += r->diff.differs == 0;
    s->differ += r->diff.differs != 0;
    s->silent += r->reply[0] == NULL && r->reply[1] == NULL;
    for (unsigned i = 0; i < COMPARE_BITS; i++)
        s->bit[i] += (r->diff.differs >> i) & 1u;
}

static void finish(requery_t *q, entry_t *e)
{
    outcome_t o;
    requery_result_t r = {.number = e->number,
                          .at = e->at,
                          .transport = e->transport,
                          .client = e->client,
                          .server = e->server,
                          .now = e->now,
                          .rtt = {e->rtt, -1},
                          .compared = e->known};
    if (e->reply != NULL) {
        reply_index(&q->message[0], e->reply, e->reply_size);
        r.reply[0] = &q->message[0].msg;
    }
    outcome_of(e->now, &o, &q->message[1]);
    if (is_answer(&o)) {
        r.reply[1] = &q->message[1].msg;
        r.rtt[1] = o.rtt;
    }
    if (o.kind == OUTCOME_NOT_SENT) {
        q->stats.not_sent++;
        r.compared = false;
    }
    r.slower = r.rtt[0] >= 0 && r.rtt[1] > 2 * r.rtt[0] && r.rtt[1] - r.rtt[0] > REQUERY_SLOWER;
    if (r.compared && !compare_replies(r.reply[0], r.reply[1], q->options.what, &r.diff))
        q->error = NET_E_MEMORY;
    count_result(q, &r);
    q->sink(q->user, &r);
}

/* Those that ended, in order of their numbers within one step. */
static void take_ended(requery_t *q)
{
    while (q->ended != NULL) {
        entry_t **least = &q->ended;
        for (entry_t **p = &q->ended; *p != NULL; p = &(*p)->next)
            if ((*p)->number < (*least)->number)
                least = p;
        entry_t *e = *least;
        *least = e->next;
        finish(q, e);
        exchange_set_drop(&q->set, e->now);
        q->flying[e->slot] = NULL;
        entry_free(e);
    }
}

static net_err_t submit(requery_t *q)
{
    entry_t *e = heap_pop(q);
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    engine_query_t ask = {.transport = e->transport,
                          .server = q->options.to,
                          .source = q->options.source,
                          .wire = e->query,
                          .size = e->query_size,
                          .any_question =
                              !question_read(e->query, e->query_size, &name, &type, &qclass),
                          .done = on_done,
                          .user = e};
    while (q->flying[e->slot] != NULL) /* one is free: so many are never outstanding */
        e->slot++;
    q->flying[e->slot] = e;
    net_err_t err = engine_submit(q->engine, &ask, NULL);
    q->stats.asked += err == NET_OK;
    return err;
}

/* On the clock of the net: when the earliest question is to be sent. */
static int64_t due(requery_t *q)
{
    int64_t now = q->net->ops->now(q->net);
    if (!q->began) {
        q->began = true;
        q->first = q->heap[0]->at;
        q->began_at = now;
    }
    if (q->options.speed <= 0)
        return now;
    double wait = (double)(q->heap[0]->at - q->first) / q->options.speed;
    /* a file may say any time: none is waited for longer than a day */
    double most = 86400.0 * (double)SECOND;
    return q->began_at + (int64_t)(wait < 0 ? 0 : wait > most ? most : wait);
}

/* True when no flow that is still to be fed can be before the earliest one. */
static bool in_order(const requery_t *q)
{
    return q->count > 0 &&
           (q->newest - q->heap[0]->at >= q->options.window || q->used >= q->options.memory);
}

static net_err_t step(requery_t *q, bool ended)
{
    bool room = engine_outstanding(q->engine) < q->options.outstanding;
    int64_t wake = INT64_MAX;
    if (q->count > 0 && room && (ended || in_order(q))) {
        wake = due(q);
        if (wake <= q->net->ops->now(q->net))
            return submit(q);
    }
    net_err_t err = engine_step(q->engine, wake);
    take_ended(q);
    return err;
}

net_err_t requery_run(requery_t *q, requery_more_t *more, void *user)
{
    bool ended = false;
    net_err_t err = NET_OK;
    while (err == NET_OK) {
        while (!ended && !in_order(q) && q->error == NET_OK)
            ended = !more(user);
        if (q->error != NET_OK || (q->count == 0 && engine_outstanding(q->engine) == 0))
            break;
        err = step(q, ended);
    }
    take_ended(q);
    if (q->began)
        q->stats.took = q->net->ops->now(q->net) - q->began_at;
    return err != NET_OK ? err : q->error;
}
