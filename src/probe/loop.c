#include "probe/loop.h"

#include <stdlib.h>

#include "proto/nsproto.h"

/* Once there are many exchanges the plan looks anew only after this gap, nanoseconds, or after some
 * times what looking took: hostile replies cost a share of the time, not all of it. */
#define LOOK_GAP  INT64_C(5000000)
#define LOOK_COST 4
#define LOOK_FREE 256
#define NODES_MAX 4096
/* Octets of an OPT without options (RFC 6891 6.1.2). */
#define OPT_EMPTY_SIZE 11

/* How many questions one address has outstanding. */
typedef struct node {
    addr_t addr;
    unsigned outstanding;
} node_t;

/* One question, waiting for its turn. */
typedef struct task {
    addr_t server;
    transport_t transport;
    int64_t turn[2]; /* the gate's */
    int64_t again;   /* when the gate is to be asked again */
    loop_known_t known;
    bool recalled;
    uint8_t ttl;         /* 0: the system's */
    schedule_t schedule; /* with a ttl */
    size_t size;
    uint8_t wire[LOOP_QUERY_SIZE];
} task_t;

struct loop {
    net_t *net;
    engine_t *engine;
    exchange_set_t *set;
    const loop_options_t *options;
    const loop_plan_t *plan;
    int64_t began; /* net's clock where the set's clock has 0 */
    int64_t looked_at;
    int64_t again_at;
    int64_t gap;     /* to the next look */
    int64_t gate_at; /* when the gate is to be asked again, net's clock; INT64_MAX: nothing waits */
    bool dirty;      /* something came that may change what is wanted */
    schedule_t once; /* for LOOP_TRY_ONCE */
    uint64_t seed;
    size_t asked_count;
    size_t asked_cap;
    uint64_t *asked; /* open-addressed set of questions by hash; 0 is empty */
    size_t task_count;
    size_t task_cap;
    task_t *task;
    size_t node_count;
    node_t *node; /* NODES_MAX */
};

static int64_t set_now(const loop_t *l)
{
    return l->net->ops->now(l->net) - l->began;
}

/* --- every question once --- */

static uint64_t hash_octets(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

static uint64_t task_hash(const loop_t *l, const task_t *t)
{
    uint64_t h = l->seed ^ UINT64_C(0xcbf29ce484222325);
    uint8_t head[4] = {t->server.family, (uint8_t)(t->server.port >> 8), (uint8_t)t->server.port,
                       (uint8_t)t->transport};
    h = hash_octets(h, head, sizeof head);
    h = hash_octets(h, t->server.octets, sizeof t->server.octets);
    h = hash_octets(h, t->wire + 2, t->size - 2);
    return h != 0 ? h : 1;
}

/* False when it was asked before. */
static bool asked_add(loop_t *l, uint64_t h)
{
    size_t i = h & (l->asked_cap - 1);
    while (l->asked[i] != 0) {
        if (l->asked[i] == h)
            return false;
        i = (i + 1) & (l->asked_cap - 1);
    }
    l->asked[i] = h;
    l->asked_count++;
    return true;
}

static bool task_add(loop_t *l, const task_t *t)
{
    if (l->task_count == l->task_cap) {
        size_t cap = l->task_cap == 0 ? 64 : l->task_cap * 2;
        task_t *grown = realloc(l->task, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        l->task = grown;
        l->task_cap = cap;
    }
    l->task[l->task_count++] = *t;
    return true;
}

/* Says who asks, in an OPT that is empty and ends the query. */
static void identify(const loop_t *l, task_t *t)
{
    const char *text = l->options->identify;
    size_t n = text != NULL ? strnlen(text, LOOP_IDENTIFY_MAX) : 0;
    const uint8_t *opt = t->wire + t->size - OPT_EMPTY_SIZE;
    if (n == 0 || t->size < NSP_HEADER_SIZE + OPT_EMPTY_SIZE || t->size + 4 + n > sizeof t->wire ||
        t->wire[10] != 0 || t->wire[11] != 1 || opt[0] != 0 || opt[1] != 0 ||
        opt[2] != NSP_TYPE_OPT || opt[9] != 0 || opt[10] != 0)
        return;
    nsp_writer_t w = nsp_writer(t->wire, sizeof t->wire);
    w.pos = (uint32_t)t->size - 2;
    nsp_write_u16(&w, (uint16_t)(4 + n));
    nsp_write_u16(&w, PROBE_IDENTIFY_OPTION);
    nsp_write_u16(&w, (uint16_t)n);
    nsp_write_bytes(&w, (const uint8_t *)text, (uint32_t)n);
    t->size = w.pos;
}

static bool ask(loop_t *l, task_t t, const uint8_t *wire, size_t size, size_t budget, bool exactly)
{
    t.size = size;
    if (size < NSP_HEADER_SIZE || size > sizeof t.wire)
        return true;
    memcpy(t.wire, wire, size);
    if (!exactly)
        identify(l, &t);
    if (l->asked_count >= budget || l->asked_count >= l->options->exchanges_max ||
        !asked_add(l, task_hash(l, &t)))
        return true;
    return task_add(l, &t);
}

bool loop_ask(loop_t *l, const addr_t *server, transport_t transport, const uint8_t *wire,
              size_t size, size_t budget)
{
    task_t t = {.server = *server, .transport = transport};
    return ask(l, t, wire, size, budget, false);
}

bool loop_ask_exactly(loop_t *l, const addr_t *server, transport_t transport, const uint8_t *wire,
                      size_t size, size_t budget)
{
    task_t t = {.server = *server, .transport = transport};
    return ask(l, t, wire, size, budget, true);
}

bool loop_ask_hops(loop_t *l, const addr_t *server, const loop_hops_t *hops, const uint8_t *wire,
                   size_t size, size_t budget)
{
    task_t t = {.server = *server,
                .transport = TRANSPORT_UDP,
                .ttl = hops->ttl,
                .schedule = *hops->schedule};
    return ask(l, t, wire, size, budget, false);
}

/* --- asking --- */

static node_t *node_of(loop_t *l, const addr_t *a)
{
    for (size_t i = 0; i < l->node_count; i++)
        if (addr_equal(&l->node[i].addr, a))
            return &l->node[i];
    if (l->node_count == NODES_MAX)
        return NULL;
    node_t *n = &l->node[l->node_count++];
    n->addr = *a;
    n->outstanding = 0;
    return n;
}

static void look_later(loop_t *l, const exchange_t *x)
{
    l->dirty |= l->plan->matters == NULL || l->plan->matters(l->plan->user, x);
}

static void on_done(void *user, exchange_t *x)
{
    loop_t *l = user;
    node_t *n = node_of(l, &x->server);
    if (n != NULL && n->outstanding > 0)
        n->outstanding--;
    if (l->options->gate != NULL)
        l->options->gate->give(l->options->gate->user, x, l->net->ops->now(l->net));
    if (l->options->memory != NULL && x->ttl == 0)
        l->options->memory->learn(l->options->memory->user, x, l->net->ops->wall(l->net));
    look_later(l, x);
}

static net_err_t submit(loop_t *l, const task_t *t)
{
    engine_query_t q = {
        .transport = t->transport,
        .server = t->server,
        .source = t->server.family == 4 ? l->options->source4 : l->options->source6,
        .wire = t->wire,
        .size = t->size,
        .ttl = t->ttl,
        .schedule = t->ttl != 0                 ? &t->schedule
                    : t->known == LOOP_TRY_ONCE ? &l->once
                                                : NULL,
        .done = on_done,
        .user = l,
    };
    return engine_submit(l->engine, &q, NULL);
}

/* Whether the gate lets the question go now. */
static bool gate_open(loop_t *l, task_t *t)
{
    const loop_gate_t *g = l->options->gate;
    int64_t now = g != NULL ? l->net->ops->now(l->net) : 0;
    if (g == NULL)
        return true;
    if (t->again <= now)
        t->again = g->take(g->user, &t->server, now, t->turn);
    if (t->again != 0 && t->again < l->gate_at)
        l->gate_at = t->again;
    return t->again == 0;
}

static void gate_leave(loop_t *l, const task_t *t)
{
    const loop_gate_t *g = l->options->gate;
    if (g != NULL && t->again != 0)
        g->leave(g->user, &t->server, l->net->ops->now(l->net), t->turn);
}

/* Asks the memory, the first time, and again when the gate would be asked again: meanwhile others
 * may have learnt. */
static net_err_t recall(loop_t *l, task_t *t)
{
    const loop_memory_t *m = l->options->memory;
    loop_question_t q = {&t->server, t->transport, t->wire, t->size};
    exchange_t *x = NULL;
    if (m == NULL || t->ttl != 0 ||
        (t->recalled && t->known == LOOP_UNKNOWN &&
         (t->again == 0 || t->again > l->net->ops->now(l->net))))
        return NET_OK;
    t->recalled = true;
    t->known = m->recall(m->user, &q, l->set, set_now(l), l->net->ops->wall(l->net), &x);
    if (t->known != LOOP_KNOWN)
        return NET_OK;
    gate_leave(l, t);
    if (x == NULL)
        return NET_E_MEMORY;
    look_later(l, x);
    return NET_OK;
}

typedef enum fate { FATE_WAITS, FATE_GONE } fate_t;

/* Submits a question, unless its answer is known, or it has to wait. */
static net_err_t submit_task(loop_t *l, task_t *t, fate_t *fate)
{
    node_t *n = node_of(l, &t->server);
    *fate = FATE_WAITS;
    if (n != NULL && n->outstanding >= l->options->per_address)
        return NET_OK;
    net_err_t err = recall(l, t);
    if (err != NET_OK || t->known == LOOP_SOON)
        return err;
    if (t->known != LOOP_KNOWN) {
        if (!gate_open(l, t))
            return NET_OK;
        if (n != NULL)
            n->outstanding++;
        err = submit(l, t);
    }
    *fate = FATE_GONE;
    return err;
}

/* Submits what may be asked now; the rest stays, in order. */
static net_err_t submit_tasks(loop_t *l)
{
    size_t left = 0;
    net_err_t err = NET_OK;
    l->gate_at = INT64_MAX;
    for (size_t i = 0; i < l->task_count; i++) {
        fate_t fate = FATE_WAITS;
        if (err == NET_OK)
            err = submit_task(l, &l->task[i], &fate);
        if (fate == FATE_GONE)
            continue;
        if (left != i)
            l->task[left] = l->task[i];
        left++;
    }
    l->task_count = left;
    return err;
}

/* --- looking --- */

static net_err_t look(loop_t *l)
{
    l->dirty = false;
    l->looked_at = set_now(l);
    l->again_at = INT64_MAX;
    net_err_t err = l->plan->look(l->plan->user, l, l->looked_at, &l->again_at);
    l->gap = (set_now(l) - l->looked_at) * LOOK_COST;
    if (l->gap < LOOK_GAP)
        l->gap = LOOK_GAP;
    return err;
}

/* When to look again although nothing came, on the set's clock. */
static int64_t next_look(const loop_t *l)
{
    if (l->dirty)
        return l->looked_at + l->gap;
    return l->again_at;
}

static bool due(const loop_t *l)
{
    if (l->dirty && (l->set->count < LOOK_FREE || engine_outstanding(l->engine) == 0))
        return true;
    return set_now(l) >= next_look(l);
}

static net_err_t loop_go(loop_t *l)
{
    net_err_t err = look(l);
    while (err == NET_OK) {
        err = submit_tasks(l);
        size_t outstanding = engine_outstanding(l->engine);
        if (l->plan->progress != NULL)
            l->plan->progress(l->plan->user, l->set->count - outstanding,
                              outstanding + l->task_count);
        if (err != NET_OK || (outstanding == 0 && l->gate_at == INT64_MAX && !l->dirty))
            break;
        if (!l->dirty || !due(l)) {
            int64_t next = next_look(l);
            next = next < INT64_MAX - l->began ? next + l->began : INT64_MAX;
            err = engine_step(l->engine, next < l->gate_at ? next : l->gate_at);
        }
        if (err == NET_OK && due(l))
            err = look(l);
    }
    return err;
}

static net_err_t loop_begin(loop_t *l)
{
    size_t cap = 64;
    while (cap < (size_t)l->options->exchanges_max * 2)
        cap *= 2;
    l->asked_cap = cap;
    l->once = l->options->schedule;
    l->once.tries = 1;
    l->once.late = 0;
    l->asked = calloc(cap, sizeof *l->asked);
    l->node = malloc(NODES_MAX * sizeof *l->node);
    if (l->asked == NULL || l->node == NULL)
        return NET_E_MEMORY;
    net_err_t err = l->net->ops->random(l->net, &l->seed, sizeof l->seed);
    if (err == NET_OK)
        err = engine_new(l->net, l->set, &l->options->schedule, &l->engine);
    if (err == NET_OK)
        engine_limit(l->engine, l->options->handles);
    if (err == NET_OK)
        l->began = l->net->ops->now(l->net) - (l->net->ops->wall(l->net) - l->set->began_wall);
    return err;
}

net_err_t loop_run(net_t *net, exchange_set_t *set, const loop_options_t *options,
                   const loop_plan_t *plan, int64_t *ended)
{
    loop_t *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NET_E_MEMORY;
    l->net = net;
    l->set = set;
    l->options = options;
    l->plan = plan;
    net_err_t err = loop_begin(l);
    if (err == NET_OK)
        err = loop_go(l);
    if (ended != NULL)
        *ended = set_now(l);
    for (size_t i = 0; i < l->task_count; i++)
        gate_leave(l, &l->task[i]);
    engine_free(l->engine);
    free(l->asked);
    free(l->node);
    free(l->task);
    free(l);
    return err;
}
