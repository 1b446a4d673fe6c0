#include "probe/check.h"

#include <stdlib.h>

#include "probe/battery.h"

/* Once there are many exchanges the model is folded anew only after this gap, nanoseconds, or after
 * some times what folding took: hostile replies cost a share of the time, not all of it. */
#define REBUILD_GAP  INT64_C(5000000)
#define REBUILD_COST 4
#define REBUILD_FREE 256
#define NODES_MAX    4096

/* How many questions one address has outstanding. */
typedef struct node {
    addr_t addr;
    unsigned outstanding;
} node_t;

/* One question, waiting for its turn. */
typedef struct task {
    addr_t server;
    transport_t transport;
    size_t size;
    uint8_t wire[BATTERY_QUERY_SIZE];
} task_t;

typedef struct check {
    net_t *net;
    engine_t *engine;
    model_input_t *in;
    const check_options_t *options;
    exchange_set_t *set;
    model_t *m;
    model_wants_t *wants;
    int64_t began; /* net's clock where the set's clock has 0 */
    int64_t built_at;
    int64_t gap; /* to the next fold */
    bool dirty;  /* something came that may change the model */
    uint64_t seed;
    size_t asked_count;
    size_t asked_cap;
    uint64_t *asked; /* open-addressed set of questions by hash; 0 is empty */
    size_t task_count;
    size_t task_cap;
    task_t *task;
    size_t node_count;
    node_t *node; /* NODES_MAX */
    nsp_name_t probed_zone;
    size_t probed_count;
    addr_t probed[MODEL_ADDRESSES_MAX];
} check_t;

check_options_t check_options_default(void)
{
    check_options_t o = {.schedule = schedule_default(), .exchanges_max = 4000, .per_address = 16};
    return o;
}

static int64_t set_now(const check_t *c)
{
    return c->net->ops->now(c->net) - c->began;
}

/* --- every question once --- */

static uint64_t hash_octets(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

static uint64_t task_hash(const check_t *c, const task_t *t)
{
    uint64_t h = c->seed ^ UINT64_C(0xcbf29ce484222325);
    uint8_t head[4] = {t->server.family, (uint8_t)(t->server.port >> 8), (uint8_t)t->server.port,
                       (uint8_t)t->transport};
    h = hash_octets(h, head, sizeof head);
    h = hash_octets(h, t->server.octets, sizeof t->server.octets);
    h = hash_octets(h, t->wire + 2, t->size - 2);
    return h != 0 ? h : 1;
}

/* False when it was asked before. */
static bool asked_add(check_t *c, uint64_t h)
{
    size_t i = h & (c->asked_cap - 1);
    while (c->asked[i] != 0) {
        if (c->asked[i] == h)
            return false;
        i = (i + 1) & (c->asked_cap - 1);
    }
    c->asked[i] = h;
    c->asked_count++;
    return true;
}

/* Puts a question into the queue unless it was asked, or the budget is used up. */
static bool task_add(check_t *c, const task_t *t, size_t budget)
{
    if (t->size < NSP_HEADER_SIZE || c->asked_count >= budget || !asked_add(c, task_hash(c, t)))
        return true;
    if (c->task_count == c->task_cap) {
        size_t cap = c->task_cap == 0 ? 64 : c->task_cap * 2;
        task_t *grown = realloc(c->task, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        c->task = grown;
        c->task_cap = cap;
    }
    c->task[c->task_count++] = *t;
    return true;
}

/* --- what is wanted --- */

/* The walk may use three quarters of the budget, so that a hostile delegation leaves enough for the
 * probing. */
static bool add_wanted(check_t *c)
{
    size_t budget = c->options->exchanges_max - c->options->exchanges_max / 4;
    for (size_t i = 0; i < c->wants->count; i++) {
        const wanted_t *w = &c->wants->item[i];
        task_t t = {.server = w->server, .transport = w->transport};
        t.size = battery_question(&w->qname, w->qtype, w->rd, w->edns, t.wire, sizeof t.wire);
        if (!task_add(c, &t, budget))
            return false;
    }
    return true;
}

static bool probed_before(check_t *c, const addr_t *a)
{
    for (size_t i = 0; i < c->probed_count; i++)
        if (addr_equal(&c->probed[i], a))
            return true;
    if (c->probed_count == MODEL_ADDRESSES_MAX)
        return true;
    c->probed[c->probed_count++] = *a;
    return false;
}

static net_err_t add_battery(check_t *c, const addr_t *server)
{
    battery_query_t query[BATTERY_MAX];
    uint64_t random = 0;
    net_err_t err = c->net->ops->random(c->net, &random, sizeof random);
    if (err != NET_OK)
        return err;
    size_t n = battery_build(&c->m->zone, random, query);
    for (size_t i = 0; i < n; i++) {
        task_t t = {.server = *server, .transport = query[i].transport, .size = query[i].size};
        memcpy(t.wire, query[i].wire, query[i].size);
        if (!task_add(c, &t, c->options->exchanges_max))
            return NET_E_MEMORY;
    }
    return NET_OK;
}

static net_err_t add_batteries(check_t *c)
{
    const model_t *m = c->m;
    net_err_t err = NET_OK;
    if (!m->zone_found)
        return NET_OK;
    if (c->probed_count > 0 && !nsp_name_equal(&c->probed_zone, &m->zone))
        c->probed_count = 0;
    c->probed_zone = m->zone;
    for (uint16_t i = 0; i < m->address_count && err == NET_OK; i++) {
        const addr_t *a = &m->address[i].addr;
        bool used = a->family == 4 ? c->in->use_ipv4 : c->in->use_ipv6;
        if (used && !probed_before(c, a))
            err = add_battery(c, a);
    }
    return err;
}

static net_err_t rebuild(check_t *c)
{
    c->dirty = false;
    c->built_at = set_now(c);
    if (!model_build(c->in, c->built_at, c->m, c->wants))
        return NET_E_MEMORY;
    c->gap = (set_now(c) - c->built_at) * REBUILD_COST;
    if (c->gap < REBUILD_GAP)
        c->gap = REBUILD_GAP;
    if (!add_wanted(c))
        return NET_E_MEMORY;
    return add_batteries(c);
}

/* --- asking --- */

static node_t *node_of(check_t *c, const addr_t *a)
{
    for (size_t i = 0; i < c->node_count; i++)
        if (addr_equal(&c->node[i].addr, a))
            return &c->node[i];
    if (c->node_count == NODES_MAX)
        return NULL;
    node_t *n = &c->node[c->node_count++];
    n->addr = *a;
    n->outstanding = 0;
    return n;
}

/* Questions whose answers the model does not read. */
static bool for_probing_only(const check_t *c, const exchange_t *x)
{
    return x->qtype == NSP_TYPE_DNSKEY || x->qtype == NSP_TYPE_TXT ||
           x->qtype == PROBE_NODATA_TYPE ||
           (x->qtype == NSP_TYPE_SOA && c->in->kind != START_RESOLVER);
}

static void on_done(void *user, exchange_t *x)
{
    check_t *c = user;
    node_t *n = node_of(c, &x->server);
    if (n != NULL && n->outstanding > 0)
        n->outstanding--;
    c->dirty |= !for_probing_only(c, x);
}

static net_err_t submit(check_t *c, const task_t *t)
{
    engine_query_t q = {
        .transport = t->transport,
        .server = t->server,
        .source = t->server.family == 4 ? c->options->source4 : c->options->source6,
        .wire = t->wire,
        .size = t->size,
        .done = on_done,
        .user = c,
    };
    return engine_submit(c->engine, &q, NULL);
}

/* Submits what the limit for each address allows; the rest stays, in order. */
static net_err_t submit_tasks(check_t *c)
{
    size_t left = 0;
    net_err_t err = NET_OK;
    for (size_t i = 0; i < c->task_count; i++) {
        node_t *n = node_of(c, &c->task[i].server);
        if (err != NET_OK || (n != NULL && n->outstanding >= c->options->per_address)) {
            if (left != i)
                c->task[left] = c->task[i];
            left++;
            continue;
        }
        if (n != NULL)
            n->outstanding++;
        err = submit(c, &c->task[i]);
    }
    c->task_count = left;
    return err;
}

/* When the model is to be folded again although nothing came, on the set's clock. */
static int64_t next_look(const check_t *c)
{
    if (c->dirty)
        return c->built_at + c->gap;
    return c->wants->again_at;
}

static bool due(const check_t *c)
{
    if (c->dirty && (c->set->count < REBUILD_FREE || engine_outstanding(c->engine) == 0))
        return true;
    return set_now(c) >= next_look(c);
}

static net_err_t check_loop(check_t *c)
{
    net_err_t err = rebuild(c);
    while (err == NET_OK) {
        err = submit_tasks(c);
        size_t outstanding = engine_outstanding(c->engine);
        if (c->options->progress != NULL)
            c->options->progress(c->options->user, c->m, c->set->count - outstanding,
                                 outstanding + c->task_count);
        if (err != NET_OK || outstanding == 0)
            break;
        int64_t look = next_look(c);
        err = engine_step(c->engine, look < INT64_MAX - c->began ? look + c->began : INT64_MAX);
        if (err == NET_OK && due(c))
            err = rebuild(c);
    }
    return err;
}

static net_err_t check_begin(check_t *c)
{
    size_t cap = 64;
    while (cap < (size_t)c->options->exchanges_max * 2)
        cap *= 2;
    c->asked_cap = cap;
    c->asked = calloc(cap, sizeof *c->asked);
    c->node = malloc(NODES_MAX * sizeof *c->node);
    c->wants = malloc(sizeof *c->wants);
    if (c->asked == NULL || c->node == NULL || c->wants == NULL)
        return NET_E_MEMORY;
    net_err_t err = c->net->ops->random(c->net, &c->seed, sizeof c->seed);
    if (err == NET_OK)
        err = engine_new(c->net, c->set, &c->options->schedule, &c->engine);
    if (err == NET_OK)
        c->began = c->net->ops->now(c->net) - (c->net->ops->wall(c->net) - c->set->began_wall);
    return err;
}

net_err_t check_run(net_t *net, model_input_t *in, const check_options_t *options,
                    exchange_set_t *set, model_t *m)
{
    check_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NET_E_MEMORY;
    in->set = set;
    c->net = net;
    c->in = in;
    c->options = options;
    c->set = set;
    c->m = m;
    memset(m, 0, sizeof *m);
    net_err_t err = check_begin(c);
    if (err == NET_OK) {
        err = check_loop(c);
        /* once more from all there is, also after an interruption */
        if (!model_build(in, set_now(c), m, c->wants) && err == NET_OK)
            err = NET_E_MEMORY;
    }
    engine_free(c->engine);
    free(c->asked);
    free(c->node);
    free(c->wants);
    free(c->task);
    free(c);
    return err;
}
