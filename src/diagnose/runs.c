#include "diagnose/runs.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/runs_fold.h"
#include "exchange/mix.h"

/* Between questions of both families of one run lies at most so much, nanoseconds. */
#define SLACK INT64_C(1000000000)
/* Runs of the same client before and behind one that may be nearer to a piece. */
#define BESIDE_MAX 16
/* Walks without a battery that are looked into: each costs a model. */
#define WALKS_MAX 1024

runs_options_t runs_options_default(void)
{
    runs_options_t o = {
        .clients_max = 256,
        .strangers = 512,
        .questions_max = 16384,
        .runs_max = 256,
        .memory = (size_t)32 << 20,
        .waits = {3, {INT64_C(1000000000), INT64_C(2000000000), INT64_C(4000000000)}},
        .diagnose = diagnose_options_default()};
    return o;
}

runs_t *runs_new(const runs_options_t *options)
{
    runs_t *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->o = *options;
    memset(r->slot, 0xff, sizeof r->slot);
    r->group = calloc(r->o.clients_max + (size_t)1, sizeof *r->group);
    r->run = calloc(r->o.runs_max + (size_t)1, sizeof *r->run);
    if (r->group != NULL && r->run != NULL)
        return r;
    runs_free(r);
    return NULL;
}

static void group_empty(runs_t *r, group_t *g)
{
    for (uint32_t i = 0; i < g->count; i++)
        free(g->item[i]);
    free(g->item);
    r->memory -= g->memory;
    g->item = NULL;
    g->memory = 0;
    g->count = g->cap = 0;
}

void runs_free(runs_t *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->group_count; i++)
        group_empty(r, &r->group[i]);
    for (size_t i = 0; i < r->run_count; i++)
        runs_forget(&r->run[i]);
    free(r->group);
    free(r->run);
    free(r->asked);
    free(r);
}

/* --- collecting --- */

/* The head of the client's chain, whatever its port. */
static uint32_t *slot_of(runs_t *r, const addr_t *client)
{
    return &r->slot[(mix_addr(client, false, r->o.seed) >> 32) % RUNS_SLOTS];
}

/* The stranger who has been quiet for longest, RUNS_NONE when all are marked. */
static uint32_t quietest(const runs_t *r)
{
    uint32_t best = RUNS_NONE;
    for (uint32_t i = 0; i < r->group_count; i++)
        if (!r->group[i].marked && (best == RUNS_NONE || r->group[i].last < r->group[best].last))
            best = i;
    return best;
}

/* Takes the group out of its hash chain. */
static void group_unlink(runs_t *r, uint32_t i)
{
    uint32_t *at = slot_of(r, &r->group[i].client);
    while (*at != i)
        at = &r->group[*at].next;
    *at = r->group[i].next;
}

static group_t *group_new(runs_t *r, const addr_t *client)
{
    uint32_t i = r->group_count;
    if (i < r->o.clients_max) {
        r->group_count++;
    } else {
        i = quietest(r);
        r->dropped++;
        if (i == RUNS_NONE)
            return NULL;
        group_empty(r, &r->group[i]);
        group_unlink(r, i);
    }
    group_t *g = &r->group[i];
    uint32_t *slot = slot_of(r, client);
    g->marked = g->given_up = false;
    g->client = *client;
    g->client.port = 0;
    g->next = *slot;
    *slot = i;
    return g;
}

static group_t *group_find(runs_t *r, const addr_t *client)
{
    uint32_t i = r->group_count > 0 ? *slot_of(r, client) : RUNS_NONE;
    while (i != RUNS_NONE && !addr_same_host(&r->group[i].client, client))
        i = r->group[i].next;
    return i != RUNS_NONE ? &r->group[i] : NULL;
}

/* Room for a copy of the flow, if need be in place of strangers. */
static bool make_room(runs_t *r, const group_t *g, size_t cost)
{
    while (r->memory + cost > r->o.memory) {
        uint32_t i = quietest(r);
        if (i == RUNS_NONE || &r->group[i] == g || r->group[i].count == 0)
            return false;
        r->dropped += r->group[i].count;
        group_empty(r, &r->group[i]);
        r->group[i].last = INT64_MAX;
    }
    return true;
}

static void group_add(runs_t *r, group_t *g, const flow_t *flow)
{
    size_t cost = flow_copy_size(flow);
    if (g->count >= r->o.questions_max || !make_room(r, g, cost)) {
        r->dropped++;
        return;
    }
    if (g->count == g->cap) {
        uint32_t cap = g->cap == 0 ? 16 : g->cap * 2;
        flow_t **grown = realloc(g->item, cap * sizeof(flow_t *));
        if (grown == NULL) {
            r->out_of_memory = true;
            return;
        }
        g->item = grown;
        g->cap = cap;
    }
    flow_t *copy = flow_copy(flow);
    if (copy == NULL) {
        r->out_of_memory = true;
        return;
    }
    g->item[g->count++] = copy;
    g->memory += cost;
    r->memory += cost;
}

void runs_feed(void *user, const flow_t *flow)
{
    runs_t *r = user;
    bool marked = false;
    group_t *g = group_find(r, &flow->client);
    if (g == NULL && !runs_may_begin(flow))
        return;
    if (!runs_is_connection(flow) && !runs_in_form(flow, &marked))
        return;
    if (g == NULL)
        g = group_new(r, &flow->client);
    if (g == NULL)
        return;
    g->marked |= marked;
    g->last = flow->ended;
    if (g->given_up)
        return;
    if (!g->marked && g->count >= r->o.strangers) {
        g->given_up = true;
        group_empty(r, g);
        return;
    }
    group_add(r, g, flow);
}

/* --- cutting into runs --- */

typedef struct piece_list {
    piece_t *item;
    size_t count;
    size_t cap;
} piece_list_t;

static int by_number(const void *va, const void *vb)
{
    const flow_t *a = *(flow_t *const *)va;
    const flow_t *b = *(flow_t *const *)vb;
    return a->number < b->number ? -1 : a->number > b->number;
}

static piece_t *piece_new(runs_t *r, piece_list_t *list, uint32_t group, uint32_t from)
{
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 64 : list->cap * 2;
        piece_t *grown = realloc(list->item, cap * sizeof *grown);
        if (grown == NULL) {
            r->out_of_memory = true;
            return NULL;
        }
        list->item = grown;
        list->cap = cap;
    }
    piece_t *p = &list->item[list->count++];
    *p = (piece_t){.group = group, .from = from, .to = from};
    p->began = r->group[group].item[from]->began;
    p->ended = p->began;
    return p;
}

/* True when the piece has asked this server the same before, octet for octet but the ID: check
 * asks nothing twice in one run. */
static bool asked_before(const group_t *g, const piece_t *p, const flow_t *flow)
{
    for (uint32_t i = p->from; i < p->to; i++) {
        const flow_t *f = g->item[i];
        if (f->transport == flow->transport && f->query.bytes != NULL &&
            f->query.size == flow->query.size && addr_equal(&f->server, &flow->server) &&
            memcmp(f->query.bytes + 2, flow->query.bytes + 2, flow->query.size - 2) == 0)
            return true;
    }
    return false;
}

/* True when the flow begins a run of its own behind what is in p. */
static bool begins_run(const group_t *g, const piece_t *p, const flow_t *flow,
                       const nsp_name_t *qname, uint16_t qtype)
{
    if (qtype != NSP_TYPE_NS)
        return false;
    if (!p->has_domain) /* every run begins so: what had ended was none of it */
        return p->ended < flow->began;
    if (!nsp_name_is_subdomain(&p->domain, qname))
        return true;
    return nsp_name_equal(&p->domain, qname) && asked_before(g, p, flow);
}

static int64_t last_packet(const flow_t *f)
{
    if (f->reply.bytes != NULL)
        return f->reply.at;
    return f->event_count > 0 ? f->event[f->event_count - 1].message.at : f->began;
}

static bool cut_group(runs_t *r, uint32_t index, piece_list_t *list)
{
    group_t *g = &r->group[index];
    piece_t *p = NULL;
    if (g->count == 0)
        return true;
    qsort(g->item, g->count, sizeof(flow_t *), by_number);
    for (uint32_t i = 0; i < g->count; i++) {
        const flow_t *f = g->item[i];
        nsp_name_t qname;
        uint16_t qtype = 0;
        uint16_t qclass = 0;
        bool marked = false;
        if (f->query.bytes != NULL)
            question_read(f->query.bytes, f->query.size, &qname, &qtype, &qclass);
        if (p == NULL || begins_run(g, p, f, &qname, qtype))
            p = piece_new(r, list, index, i);
        if (p == NULL)
            return false;
        if (qtype == NSP_TYPE_NS && !p->has_domain) {
            p->has_domain = true;
            p->domain = qname;
        }
        runs_in_form(f, &marked);
        p->marked |= marked;
        p->to = i + 1;
        if (last_packet(f) > p->ended)
            p->ended = last_packet(f);
    }
    return true;
}

/* How much two stretches of time have in common, nanoseconds; what lies between them, negative. */
static int64_t overlap(const piece_t *a, const piece_t *b)
{
    return (a->ended < b->ended ? a->ended : b->ended) -
           (a->began > b->began ? a->began : b->began);
}

static bool may_belong(const piece_t *a, const piece_t *b)
{
    if (b->used || a->group == b->group || overlap(a, b) < -SLACK)
        return false;
    return !b->has_domain || nsp_name_is_subdomain(&a->domain, &b->domain) ||
           nsp_name_is_subdomain(&b->domain, &a->domain);
}

/* True when a run of a's client, before or behind a, is nearer to b than a is: step is -1 or 1. */
static bool other_is_nearer(const piece_list_t *list, const piece_t *a, const piece_t *b, int step)
{
    ptrdiff_t at = a - list->item;
    for (unsigned n = 0; n < BESIDE_MAX; n++) {
        at += step;
        if (at < 0 || (size_t)at >= list->count || list->item[at].group != a->group)
            return false;
        if (may_belong(&list->item[at], b) && overlap(&list->item[at], b) > overlap(a, b))
            return true;
    }
    return false;
}

/* True when b is a part of the run of a: the other family of one host, at that time. */
static bool belongs(const piece_list_t *list, const piece_t *a, const piece_t *b)
{
    return a != b && may_belong(a, b) && !other_is_nearer(list, a, b, -1) &&
           !other_is_nearer(list, a, b, 1);
}

static bool note_asked(runs_t *r, const addr_t *server)
{
    for (size_t i = r->asked_count; i > 0; i--) {
        if (addr_equal(&r->asked[i - 1].addr, server)) {
            r->asked[i - 1].count++;
            return true;
        }
    }
    if (r->asked_count == r->asked_cap) {
        size_t cap = r->asked_cap == 0 ? 64 : r->asked_cap * 2;
        asked_server_t *grown = realloc(r->asked, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        r->asked = grown;
        r->asked_cap = cap;
    }
    r->asked[r->asked_count++] = (asked_server_t){*server, 1};
    return true;
}

/* Gathers the flows of p and of what belongs to it, in order. NULL without memory. */
static flow_t **gather(const runs_t *r, const piece_list_t *list, piece_t *p, uint32_t *count)
{
    uint32_t n = p->to - p->from;
    uint32_t at = 0;
    for (size_t i = 0; i < list->count; i++)
        if (belongs(list, p, &list->item[i]))
            n += list->item[i].to - list->item[i].from;
    flow_t **flow = malloc((n > 0 ? n : 1) * sizeof(flow_t *));
    if (flow == NULL)
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        const piece_t *b = &list->item[i];
        if (b != p && !belongs(list, p, b))
            continue;
        memcpy(flow + at, r->group[b->group].item + b->from, (b->to - b->from) * sizeof(flow_t *));
        at += b->to - b->from;
    }
    qsort(flow, at, sizeof(flow_t *), by_number);
    *count = at;
    return flow;
}

/* The domain is what the first NS question was for, of whatever family. */
static const nsp_name_t *domain_of(const piece_list_t *list, const piece_t *p)
{
    const piece_t *first = p;
    for (size_t i = 0; i < list->count; i++) {
        const piece_t *b = &list->item[i];
        if (b->has_domain && belongs(list, p, b) &&
            (!first->has_domain || b->domain.len > first->domain.len))
            first = b;
    }
    return first->has_domain ? &first->domain : NULL;
}

static bool make_run(runs_t *r, piece_list_t *list, piece_t *p, bool walk)
{
    const nsp_name_t *found = domain_of(list, p);
    uint32_t count = 0;
    if (found == NULL)
        return false;
    nsp_name_t domain = *found;
    if (r->run_count == r->o.runs_max) {
        r->dropped += p->to - p->from;
        return false;
    }
    flow_t **flow = gather(r, list, p, &count);
    if (flow == NULL) {
        r->out_of_memory = true;
        return false;
    }
    bool good = runs_judge(r, flow, count, &domain, walk, &r->run[r->run_count]);
    if (good) {
        r->run_count++;
        for (size_t i = 0; i < list->count; i++)
            if (belongs(list, p, &list->item[i]))
                list->item[i].used = true;
        p->used = true;
        /* connections without a question do not count as one */
        for (uint32_t i = 0; i < count; i++)
            if (flow[i]->attempts > 0)
                r->out_of_memory |= !note_asked(r, &flow[i]->server);
    }
    free(flow);
    return good;
}

static int by_addr(const void *va, const void *vb)
{
    const asked_server_t *a = va;
    const asked_server_t *b = vb;
    return addr_compare(&a->addr, &b->addr);
}

static int by_begin(const void *va, const void *vb)
{
    const found_run_t *a = va;
    const found_run_t *b = vb;
    return a->set.began_wall < b->set.began_wall ? -1 : a->set.began_wall > b->set.began_wall;
}

bool runs_finish(runs_t *r, bool broken)
{
    r->broken = broken;
    piece_list_t list = {NULL, 0, 0};
    size_t walks = 0;
    for (uint32_t i = 0; i < r->group_count; i++)
        if (!cut_group(r, i, &list))
            break;
    for (size_t i = 0; i < list.count; i++)
        if (list.item[i].marked && !list.item[i].used)
            make_run(r, &list, &list.item[i], false);
    for (size_t i = 0; i < list.count; i++) {
        piece_t *p = &list.item[i];
        if (p->used || p->marked || !p->has_domain)
            continue;
        if (walks++ < WALKS_MAX)
            make_run(r, &list, p, true);
        else
            r->dropped += p->to - p->from;
    }
    free(list.item);
    if (r->run_count > 1)
        qsort(r->run, r->run_count, sizeof *r->run, by_begin);
    if (r->asked_count > 1)
        qsort(r->asked, r->asked_count, sizeof *r->asked, by_addr);
    return !r->out_of_memory;
}

size_t runs_count(const runs_t *r)
{
    return r->run_count;
}

const found_run_t *runs_item(const runs_t *r, size_t i)
{
    return &r->run[i];
}

void runs_profile(runs_t *r, const profile_t *profile)
{
    for (size_t i = 0; i < runs_count(r); i++)
        profile_apply(profile, &r->run[i].findings);
}

uint64_t runs_questions(const runs_t *r, const addr_t *server)
{
    asked_server_t key = {*server, 0};
    const asked_server_t *a =
        r->asked_count > 0 ? bsearch(&key, r->asked, r->asked_count, sizeof key, by_addr) : NULL;
    return a != NULL ? a->count : 0;
}

uint64_t runs_dropped(const runs_t *r)
{
    return r->dropped;
}
