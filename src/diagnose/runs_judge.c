/* One run of check: what its packets do not say, and its diagnosis. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/facts.h"
#include "diagnose/form.h"
#include "diagnose/run_mark.h"
#include "diagnose/runs_fold.h"
#include "diagnose/tested.h"

#define STARTS_MAX 64
/* Addresses in replies that are looked at. */
#define MENTIONS_MAX 65536

/* --- what the packets do not say --- */

/* An address that some reply holds, and when it was told first. */
typedef struct mention {
    addr_t addr;
    int64_t at;
    nsp_name_t owner;
} mention_t;

typedef struct mentions {
    mention_t *item;
    size_t count;
    size_t cap;
} mentions_t;

static int by_addr(const void *va, const void *vb)
{
    const mention_t *a = va;
    const mention_t *b = vb;
    int c = addr_compare(&a->addr, &b->addr);
    if (c != 0)
        return c;
    return a->at < b->at ? -1 : a->at > b->at;
}

static bool mention(mentions_t *list, const addr_t *addr, int64_t at, const nsp_name_t *owner)
{
    if (list->count >= MENTIONS_MAX)
        return true;
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 64 : list->cap * 2;
        mention_t *grown = realloc(list->item, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        list->item = grown;
        list->cap = cap;
    }
    list->item[list->count++] = (mention_t){*addr, at, *owner};
    return true;
}

/* Every address record of a reply. */
static bool mention_all(mentions_t *list, const flow_t *flow, reply_t *scratch)
{
    uint32_t offset = 0;
    const nsp_msg_t *m = &scratch->msg;
    reply_read(scratch, flow->reply.bytes, flow->reply.size, false, &offset);
    for (int s = NSP_ANSWER; s <= NSP_ADDITIONAL; s++) {
        for (uint16_t i = 0; i < m->found[s]; i++) {
            const nsp_rr_t *rr = nsp_msg_rr(m, (nsp_section_t)s, i);
            bool four = rr->type == NSP_TYPE_A && rr->rdlength == 4;
            bool six = rr->type == NSP_TYPE_AAAA && rr->rdlength == 16;
            nsp_name_t owner;
            if (!four && !six)
                continue;
            nsp_rr_owner(m, rr, &owner);
            addr_t a = addr_from_octets(m->wire + rr->rdata, rr->rdlength, 0);
            if (!mention(list, &a, flow->reply.at, &owner))
                return false;
        }
    }
    return true;
}

/* The first mention of the address, or NULL. */
static const mention_t *mentioned(const mentions_t *list, const addr_t *addr)
{
    mention_t key = {.addr = *addr, .at = INT64_MIN};
    key.addr.port = 0;
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_addr(&list->item[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && addr_same_host(&list->item[low].addr, addr) ? &list->item[low]
                                                                            : NULL;
}

/* Everything that is needed to judge one run. */
typedef struct judge {
    runs_t *r;
    flow_t **flow;
    uint32_t count;
    const nsp_name_t *domain;
    mentions_t told;
    flow_patience_t waits;
    model_input_t in;
    given_ns_t start[STARTS_MAX];
    given_ns_t roots[STARTS_MAX];
    run_mark_t mark;
    bool marked;   /* there is one */
    bool asked[2]; /* some server over IPv4, over IPv6 */
    reply_t scratch;
} judge_t;

static bool learn_mentions(judge_t *j)
{
    for (uint32_t i = 0; i < j->count; i++)
        if (j->flow[i]->reply.bytes != NULL && !mention_all(&j->told, j->flow[i], &j->scratch))
            return false;
    if (j->told.count > 1)
        qsort(j->told.item, j->told.count, sizeof *j->told.item, by_addr);
    return true;
}

static bool has(const given_ns_t *list, size_t count, const addr_t *a)
{
    for (size_t i = 0; i < count; i++)
        if (addr_equal(&list[i].addr, a))
            return true;
    return false;
}

static void add_start(given_ns_t *list, size_t *count, const addr_t *a, const mention_t *as)
{
    if (*count == STARTS_MAX || has(list, *count, a))
        return;
    given_ns_t *g = &list[(*count)++];
    nsp_name_root(&g->name);
    if (as != NULL)
        g->name = as->owner;
    g->has_addr = true;
    g->addr = *a;
}

/* A question to a resolver; some forms have RD as well. */
static bool is_rd(const flow_t *flow)
{
    const flow_message_t *q = &flow->query;
    return (q->bytes[2] & 1) != 0 &&
           form_of_query(q->bytes, q->size, flow->transport) == FORM_COUNT;
}

/* What the run says of itself, in the first question that does. */
static void learn_mark(judge_t *j)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    for (uint32_t i = 0; i < j->count && !j->marked; i++) {
        const flow_message_t *q = &j->flow[i]->query;
        j->marked = question_read(q->bytes, q->size, &name, &type, &qclass) && type == NSP_TYPE_A &&
                    run_mark_read(&name, &j->mark);
    }
}

static int64_t first_reply(const judge_t *j)
{
    int64_t first = INT64_MAX;
    for (uint32_t i = 0; i < j->count; i++)
        if (j->flow[i]->reply.bytes != NULL && j->flow[i]->reply.at < first)
            first = j->flow[i]->reply.at;
    return first;
}

/* Where the run began: with --ns the servers of the zone are known, and asked for its SOA, before
 * any reply has come. (So are those of the root.) */
static start_kind_t kind_of(const judge_t *j)
{
    int64_t first = first_reply(j);
    if (is_rd(j->flow[0]))
        return START_RESOLVER;
    for (uint32_t i = 0; i < j->count && j->domain->len > 1; i++)
        if (j->flow[i]->began < first && runs_type(j->flow[i]) == NSP_TYPE_SOA)
            return START_GIVEN;
    return START_FROM;
}

/* With --ns: the servers that were asked for the SOA at once. */
static void infer_given(judge_t *j)
{
    int64_t first = first_reply(j);
    for (uint32_t i = 0; i < j->count; i++)
        if (j->flow[i]->began < first && runs_type(j->flow[i]) == NSP_TYPE_SOA)
            add_start(j->start, &j->in.start_count, &j->flow[i]->server,
                      mentioned(&j->told, &j->flow[i]->server));
}

/* Servers that no reply had told of when they were asked first. */
static void infer_start(judge_t *j)
{
    model_input_t *in = &j->in;
    in->kind = kind_of(j);
    bool given = in->kind == START_GIVEN;
    if (given)
        infer_given(j);
    for (uint32_t i = 0; i < j->count; i++) {
        const flow_t *f = j->flow[i];
        const mention_t *m = mentioned(&j->told, &f->server);
        j->asked[f->server.family == 6] = true;
        bool begun = in->kind == START_RESOLVER ? is_rd(f) : m == NULL || m->at > f->began;
        if (begun && !given)
            add_start(j->start, &in->start_count, &f->server, NULL);
        else if (begun && !has(j->start, in->start_count, &f->server))
            add_start(j->roots, &in->roots_count, &f->server, NULL);
    }
    in->start = j->start;
    in->roots = given ? j->roots : j->start;
    if (!given)
        in->roots_count = in->start_count;
    if (given && j->marked && j->mark.undelegated)
        in->kind = START_UNDELEGATED;
    in->port = j->flow[0]->server.port;
}

/* A query that asked for the way: it has waits and tries of its own. */
static bool is_for_hops(const flow_t *flow)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    return question_read(flow->query.bytes, flow->query.size, &name, &type, &qclass) &&
           way_hops_of_name(&name) != 0;
}

/* Time between two attempts: the wait of the first of them. The shortest seen is nearest. Nothing
 * shows how long the last one is waited for, but the run's mark. */
static void infer_waits(judge_t *j)
{
    if (j->marked) {
        j->waits.waits = j->mark.waits;
        memcpy(j->waits.wait, j->mark.wait, sizeof j->waits.wait);
        return;
    }
    const flow_patience_t *known = &j->r->o.waits;
    flow_patience_t seen = {0, {0}};
    bool as_known = true;
    for (uint32_t i = 0; i < j->count; i++) {
        const flow_t *f = j->flow[i];
        int64_t last = f->began;
        for (uint32_t k = 0; k < f->event_count && f->transport == TRANSPORT_UDP; k++) {
            const flow_event_t *e = &f->event[k];
            size_t n = e->attempt >= 2 ? e->attempt - 2u : 0;
            if (e->kind != FLOW_EVENT_RETRY || is_for_hops(f) || e->attempt < 2 || n + 1 >= 10)
                continue;
            int64_t gap = e->message.at - last;
            last = e->message.at;
            if (seen.waits <= n || gap < seen.wait[n])
                seen.wait[n] = gap;
            if (seen.waits <= n)
                seen.waits = n + 1;
        }
    }
    for (size_t i = 0; i < seen.waits; i++)
        as_known &= i < known->waits && seen.wait[i] >= known->wait[i] / 10 * 9 &&
                    seen.wait[i] <= known->wait[i] / 10 * 11;
    j->waits = *known;
    if (as_known || seen.waits == 0)
        return;
    seen.wait[seen.waits] = seen.wait[seen.waits - 1];
    seen.waits++;
    j->waits = seen;
}

/* True for a question that was asked as often as any, and for whose last attempt time was over too
 * when the capture ended. */
static bool is_over(const judge_t *j, const flow_t *f, uint32_t tries)
{
    return f->transport == TRANSPORT_UDP && f->attempts == tries && tries <= j->waits.waits &&
           f->ended - f->asked >= j->waits.wait[tries - 1];
}

/* True when the capture ends while the run goes on: it broke off, or a question would have been
 * asked again. Else what is open at its end has timed out, since check ends when everything has. Of
 * a walk too little is known for that when nothing was asked twice. */
static bool close_open_flows(judge_t *j, bool walk)
{
    uint32_t tries = 1;
    bool cut = false;
    for (uint32_t i = 0; i < j->count; i++)
        if (j->flow[i]->transport == TRANSPORT_UDP && j->flow[i]->attempts > tries)
            tries = j->flow[i]->attempts;
    for (uint32_t i = 0; i < j->count; i++) {
        const flow_t *f = j->flow[i];
        bool again = f->transport == TRANSPORT_UDP && f->attempts < tries;
        if (is_for_hops(f))
            continue;
        cut |= (f->notes & FLOW_PENDING) != 0 && (again || j->r->broken || (walk && tries == 1));
    }
    for (uint32_t i = 0; i < j->count; i++)
        if (!cut || (tries > 1 && is_over(j, j->flow[i], tries)))
            j->flow[i]->notes &= ~FLOW_PENDING;
    return cut;
}

/* --- judging --- */

static bool make_set(const judge_t *j, exchange_set_t *set)
{
    exchange_set_init(set, j->flow[0]->began);
    for (uint32_t i = 0; i < j->count; i++)
        if (flow_exchange(j->flow[i], &j->waits, set) == NULL)
            return false;
    return true;
}

/* True when the model has an address of the family, of a server or of a parent. */
static bool has_family(const model_t *m, unsigned family)
{
    for (uint16_t i = 0; i < m->address_count; i++)
        if (m->address[i].addr.family == family)
            return true;
    for (uint16_t i = 0; i < m->parent_count; i++)
        if (m->parent_addr[i].addr.family == family)
            return true;
    return false;
}

static bool build(judge_t *j, found_run_t *out)
{
    model_input_t *in = &j->in;
    in->domain = *j->domain;
    in->use_ipv4 = in->use_ipv6 = true;
    in->parents_max = 32;
    in->set = &out->set;
    if (!model_build(in, INT64_MAX, out->model, NULL))
        return false;
    in->use_ipv4 = j->asked[0] || !has_family(out->model, 4);
    in->use_ipv6 = j->asked[1] || !has_family(out->model, 6);
    return (in->use_ipv4 && in->use_ipv6) || model_build(in, INT64_MAX, out->model, NULL);
}

/* A walk alone is a run of check when it found nothing to ask, and had found out all there is. */
static bool is_whole_walk(const judge_t *j, const model_t *m, bool cut)
{
    if (!m->finished || cut)
        return false;
    for (uint16_t i = 0; m->zone_found && i < m->address_count; i++)
        if (m->address[i].addr.family == 4 ? j->in.use_ipv4 : j->in.use_ipv6)
            return false;
    return true;
}

/* Check asks the zone's servers. When it reached none of them at its own address, there was a map
 * between it and the packets (--map, --lab, a translation of addresses), and the packets do not say
 * which address stands for which. */
static bool asked_its_servers(const judge_t *j, const model_t *m)
{
    for (uint32_t i = 0; i < j->count; i++)
        for (uint16_t k = 0; k < m->address_count; k++)
            if (addr_equal(&j->flow[i]->server, &m->address[k].addr))
                return true;
    return false;
}

/* True when the packets are enough to say what check said. */
static bool is_told(const judge_t *j, bool walk, const found_run_t *run)
{
    return walk ? is_whole_walk(j, run->model, run->cut) : asked_its_servers(j, run->model);
}

static bool judge_run(judge_t *j, bool walk, found_run_t *out)
{
    if (!runs_name_connections(j->flow, &j->count))
        return false;
    if (j->count == 0 || !learn_mentions(j))
        return j->count == 0;
    learn_mark(j);
    infer_start(j);
    infer_waits(j);
    out->cut = close_open_flows(j, walk);
    if (!make_set(j, &out->set) || !build(j, out))
        return false;
    out->told = is_told(j, walk, out);
    if (!out->told && (!walk || tested_heard(&out->set)))
        return true;
    if (!diagnose(out->model, &out->set, &j->r->o.diagnose, &out->findings))
        return false;
    out->untested = !tested_domain(out->model, &out->set, &out->findings);
    out->told |= out->untested;
    return true;
}

void runs_forget(found_run_t *run)
{
    exchange_set_free(&run->set);
    finding_list_free(&run->findings);
    free(run->model);
    memset(run, 0, sizeof *run);
}

bool runs_judge(runs_t *r, flow_t **flow, uint32_t count, const nsp_name_t *domain, bool walk,
                found_run_t *out)
{
    judge_t *j = calloc(1, sizeof *j);
    memset(out, 0, sizeof *out);
    exchange_set_init(&out->set, 0);
    finding_list_init(&out->findings);
    out->model = calloc(1, sizeof *out->model);
    bool good = j != NULL && out->model != NULL && count > 0;
    if (good) {
        j->r = r;
        j->flow = flow;
        j->count = count;
        j->domain = domain;
        good = judge_run(j, walk, out);
    }
    r->out_of_memory |= !good;
    bool kept = good && j->count > 0 && out->told;
    if (j != NULL)
        free(j->told.item);
    free(j);
    if (!kept)
        runs_forget(out);
    return kept;
}
