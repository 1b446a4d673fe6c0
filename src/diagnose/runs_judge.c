/* One run of check: its form, what its packets do not say, and its diagnosis. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/facts.h"
#include "diagnose/runs_fold.h"

#define STARTS_MAX 64
/* Addresses in replies that are looked at. */
#define MENTIONS_MAX 65536
#define OPT_SIZE     11u /* without options */

/* --- the form of a query --- */

static bool type_in_form(uint16_t type)
{
    return type == NSP_TYPE_NS || type == NSP_TYPE_SOA || type == NSP_TYPE_A ||
           type == NSP_TYPE_AAAA || type == NSP_TYPE_DNSKEY || type == NSP_TYPE_TXT ||
           type == PROBE_NODATA_TYPE;
}

static bool has_prefix(const nsp_name_t *name)
{
    static const char prefix[] = PROBE_NXDOMAIN_PREFIX;
    return name->octets[0] >= sizeof prefix - 1 &&
           memcmp(name->octets + 1, prefix, sizeof prefix - 1) == 0;
}

/* What stands behind the question: 0 nothing, or the size of an OPT as check makes it; -1 for
 * anything else. */
static int opt_in_form(const uint8_t *p, size_t n)
{
    static const uint8_t plain[] = {
        0, 0, NSP_TYPE_OPT, PROBE_EDNS_SIZE >> 8, PROBE_EDNS_SIZE & 0xff, 0, 0, 0, 0, 0, 0};
    static const uint8_t big[] = {
        0, 0, NSP_TYPE_OPT, PROBE_BIG_SIZE >> 8, PROBE_BIG_SIZE & 0xff, 0, 0, NSP_EDNS_DO >> 8, 0,
        0, 0};
    if (n == 0)
        return 0;
    if (n != OPT_SIZE)
        return -1;
    if (memcmp(p, plain, n) == 0)
        return PROBE_EDNS_SIZE;
    return memcmp(p, big, n) == 0 ? PROBE_BIG_SIZE : -1;
}

bool runs_in_form(const flow_t *flow, bool *marked, bool *strong)
{
    const flow_message_t *q = &flow->query;
    const uint8_t *b = q->bytes;
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t class = 0;
    /* QR, opcode, AA, TC, RA, Z, AD, CD and rcode are 0; one question, at most one more record */
    if (b == NULL || q->size < NSP_HEADER_SIZE || q->size != q->original || (b[2] & 0xfe) != 0 ||
        b[3] != 0 || b[4] != 0 || b[5] != 1 || (b[6] | b[7] | b[8] | b[9] | b[10]) != 0 ||
        b[11] > 1)
        return false;
    if (!question_read(b, q->size, &name, &type, &class) || class != NSP_CLASS_IN ||
        !type_in_form(type))
        return false;
    size_t at = NSP_HEADER_SIZE + name.len + 4u;
    bool rd = (b[2] & 1) != 0;
    int opt = at <= q->size ? opt_in_form(b + at, q->size - at) : -1;
    if (opt < 0 || (opt > 0) != (b[11] == 1) || (opt == PROBE_BIG_SIZE && rd))
        return false;
    *marked = !rd && opt == PROBE_EDNS_SIZE &&
              (type == PROBE_NODATA_TYPE || (type == NSP_TYPE_A && has_prefix(&name)));
    /* stub resolvers ask for addresses in this form as well */
    *strong = rd ? opt > 0 && (type == NSP_TYPE_NS || type == NSP_TYPE_SOA)
                 : opt > 0 || type == NSP_TYPE_SOA;
    return true;
}

bool runs_is_connection(const flow_t *flow)
{
    return flow->transport == TRANSPORT_TCP && flow->query.bytes == NULL &&
           flow->reply.bytes == NULL;
}

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
    reply_read(scratch, flow->reply.bytes, flow->reply.size, &offset);
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

/* Flags and type of a query. */
static bool is_rd(const flow_t *flow)
{
    return (flow->query.bytes[2] & 1) != 0;
}

static uint16_t type_of(const flow_t *flow)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t class = 0;
    question_read(flow->query.bytes, flow->query.size, &name, &type, &class);
    return type;
}

static bool has_opt(const flow_t *flow)
{
    return flow->query.bytes[11] != 0;
}

/* Where the run began: a walk asks for NS first, a run with --ns the battery. */
static start_kind_t kind_of(const judge_t *j)
{
    for (uint32_t i = 0; i < j->count; i++) {
        const flow_t *f = j->flow[i];
        uint16_t type = type_of(f);
        if (is_rd(f))
            return START_RESOLVER;
        if (type == NSP_TYPE_NS)
            return START_FROM;
        if (type == NSP_TYPE_SOA && !has_opt(f))
            return START_GIVEN;
    }
    return START_FROM;
}

/* Servers that no reply had told of when they were asked first. */
static void infer_start(judge_t *j)
{
    model_input_t *in = &j->in;
    in->kind = kind_of(j);
    for (uint32_t i = 0; i < j->count; i++) {
        const flow_t *f = j->flow[i];
        const mention_t *m = mentioned(&j->told, &f->server);
        j->asked[f->server.family == 6] = true;
        if (in->kind == START_RESOLVER) {
            if (is_rd(f))
                add_start(j->start, &in->start_count, &f->server, NULL);
        } else if (in->kind == START_GIVEN && type_of(f) == NSP_TYPE_SOA) {
            add_start(j->start, &in->start_count, &f->server, m);
        } else if (m == NULL || m->at > f->began) {
            add_start(in->kind == START_GIVEN ? j->roots : j->start,
                      in->kind == START_GIVEN ? &in->roots_count : &in->start_count, &f->server,
                      NULL);
        }
    }
    in->start = j->start;
    in->roots = in->kind == START_GIVEN ? j->roots : j->start;
    if (in->kind != START_GIVEN)
        in->roots_count = in->start_count;
    in->port = j->flow[0]->server.port;
}

/* Time between two attempts: the wait of the first of them. The shortest seen is nearest. */
static void infer_waits(judge_t *j)
{
    const flow_patience_t *known = &j->r->o.waits;
    flow_patience_t seen = {0, {0}};
    bool as_known = true;
    for (uint32_t i = 0; i < j->count; i++) {
        const flow_t *f = j->flow[i];
        int64_t last = f->began;
        for (uint32_t k = 0; k < f->event_count && f->transport == TRANSPORT_UDP; k++) {
            const flow_event_t *e = &f->event[k];
            size_t n = e->attempt >= 2 ? e->attempt - 2u : 0;
            if (e->kind != FLOW_EVENT_RETRY || e->attempt < 2 || n + 1 >= 10)
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

/* True when the capture ends while the run goes on: a question that would have been asked again.
 * Else what is open at its end has timed out, since check ends when everything has. */
static bool close_open_flows(judge_t *j)
{
    uint32_t tries = 1;
    bool cut = false;
    for (uint32_t i = 0; i < j->count; i++)
        if (j->flow[i]->transport == TRANSPORT_UDP && j->flow[i]->attempts > tries)
            tries = j->flow[i]->attempts;
    for (uint32_t i = 0; i < j->count; i++) {
        const flow_t *f = j->flow[i];
        cut |=
            (f->notes & FLOW_PENDING) != 0 && f->transport == TRANSPORT_UDP && f->attempts < tries;
    }
    for (uint32_t i = 0; i < j->count && !cut; i++)
        j->flow[i]->notes &= ~FLOW_PENDING;
    return cut;
}

/* How likely check means this question by a connection: 0 is not at all. Cut answers are asked for
 * again; of what it asks over both, it begins with SOA and NS. */
static unsigned likely(const flow_t *udp)
{
    bool cut = udp->reply.bytes != NULL && udp->reply.size > 2 && (udp->reply.bytes[2] & 2) != 0;
    uint16_t type = type_of(udp);
    if (cut)
        return 5;
    if (!has_opt(udp))
        return 0;
    return type == NSP_TYPE_SOA      ? 4
           : type == NSP_TYPE_NS     ? 3
           : type == NSP_TYPE_DNSKEY ? 2
           : type == NSP_TYPE_TXT    ? 1
                                     : 0;
}

/* True for a question whose QNAME has a capital letter: only asked over UDP. */
static bool has_capital(const flow_t *flow)
{
    for (uint32_t i = NSP_HEADER_SIZE; i < flow->query.size && flow->query.bytes[i] != 0;
         i += flow->query.bytes[i] + 1u)
        for (uint32_t k = i + 1; k <= i + flow->query.bytes[i] && k < flow->query.size; k++)
            if (flow->query.bytes[k] >= 'A' && flow->query.bytes[k] <= 'Z')
                return true;
    return false;
}

/* Server and question: the same for what is asked over UDP and TCP. Only equal ones are equal. */
static int compare_asked(const flow_t *a, const flow_t *b)
{
    int c = addr_compare(&a->server, &b->server);
    if (c != 0)
        return c;
    if (a->query.size != b->query.size)
        return a->query.size < b->query.size ? -1 : 1;
    return memcmp(a->query.bytes + 2, b->query.bytes + 2, a->query.size - 2);
}

/* Equal questions side by side, what was asked over TCP first. */
static int by_question(const void *va, const void *vb)
{
    const flow_t *a = *(flow_t *const *)va;
    const flow_t *b = *(flow_t *const *)vb;
    int c = compare_asked(a, b);
    if (c != 0)
        return c;
    if (a->transport != b->transport)
        return a->transport == TRANSPORT_TCP ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* In order of servers; for one server the likeliest question first. */
static int by_server(const void *va, const void *vb)
{
    const flow_t *a = *(flow_t *const *)va;
    const flow_t *b = *(flow_t *const *)vb;
    int c = addr_compare(&a->server, &b->server);
    if (c != 0)
        return c;
    if (likely(a) != likely(b))
        return likely(a) > likely(b) ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Questions that were asked over UDP, might be asked over TCP, and were not: in order of servers,
 * at the front of list. Returns their number. */
static size_t find_missing(flow_t **list, size_t count)
{
    size_t kept = 0;
    const flow_t *last = NULL;
    qsort(list, count, sizeof(flow_t *), by_question);
    for (size_t i = 0; i < count; i++) {
        flow_t *f = list[i];
        bool again = last != NULL && compare_asked(last, f) == 0;
        last = f;
        if (!again && f->transport == TRANSPORT_UDP && likely(f) > 0 && !has_capital(f))
            list[kept++] = f;
    }
    qsort(list, kept, sizeof(flow_t *), by_server);
    return kept;
}

/* The first of the list that is of this server, and not before it: by bisection. */
static size_t first_of(flow_t *const *list, size_t count, const addr_t *server)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (addr_compare(&list[middle]->server, server) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Connections that failed before their question was sent get the one that was meant: the likeliest
 * that was asked over UDP, and over TCP not. Others are left out. False when memory is out. */
static bool infer_connections(judge_t *j)
{
    flow_t **list = malloc((j->count + (size_t)1) * sizeof(flow_t *));
    uint32_t *given = calloc(j->count + (size_t)1, sizeof *given);
    bool good = list != NULL && given != NULL;
    size_t asked = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; good && i < j->count; i++)
        if (j->flow[i]->query.bytes != NULL)
            list[asked++] = j->flow[i];
    size_t missing = good ? find_missing(list, asked) : 0;
    for (uint32_t i = 0; good && i < j->count; i++) {
        flow_t *f = j->flow[i];
        if (f->query.bytes == NULL) {
            /* given[] counts, at each server's first, how many of its questions are used up */
            size_t first = first_of(list, missing, &f->server);
            size_t at = first < missing ? first + given[first] : missing;
            if (at >= missing || !addr_equal(&list[at]->server, &f->server))
                continue;
            given[first]++;
            f->query = list[at]->query;
            f->query.at = f->began;
        }
        j->flow[kept++] = f;
    }
    j->count = kept;
    free(list);
    free(given);
    return good;
}

/* --- judging --- */

static bool make_set(const judge_t *j, exchange_set_t *set)
{
    exchange_set_init(set, j->flow[0]->began);
    for (uint32_t i = 0; i < j->count; i++) {
        exchange_t *x = flow_exchange(j->flow[i], &j->waits, set);
        if (x == NULL)
            return false;
        x->number = j->flow[i]->number;
    }
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
static bool is_whole_walk(const judge_t *j, const model_t *m)
{
    if (!m->finished)
        return false;
    for (uint16_t i = 0; m->zone_found && i < m->address_count; i++)
        if (m->address[i].addr.family == 4 ? j->in.use_ipv4 : j->in.use_ipv6)
            return false;
    return true;
}

static bool judge_run(judge_t *j, bool walk, found_run_t *out)
{
    if (!infer_connections(j))
        return false;
    if (j->count == 0 || !learn_mentions(j))
        return j->count == 0;
    infer_start(j);
    infer_waits(j);
    out->cut = close_open_flows(j);
    if (!make_set(j, &out->set) || !build(j, out))
        return false;
    if (walk && !is_whole_walk(j, out->model))
        return true;
    return diagnose(out->model, &out->set, &j->r->o.diagnose, &out->findings);
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
    bool kept = good && j->count > 0 && !(walk && !is_whole_walk(j, out->model));
    if (j != NULL)
        free(j->told.item);
    free(j);
    if (!kept)
        runs_forget(out);
    return kept;
}
