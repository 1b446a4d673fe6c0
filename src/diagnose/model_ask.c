/* Questions: how they stand, and which are still to be asked. Every question goes to an address at
 * most once over each transport, with and without EDNS, so that the walk ends. */
#include "diagnose/model_fold.h"

/* Servers of a cut whose names are resolved, at the top of the walk and further down. */
#define RESOLVE_NS_TOP  12
#define RESOLVE_NS_DEEP 3
#define LIVE_MAX        2

static bool wanted_already(const model_wants_t *w, const wanted_t *q)
{
    for (size_t i = 0; i < w->count; i++) {
        const wanted_t *k = &w->item[i];
        if (k->qtype == q->qtype && k->transport == q->transport && k->edns == q->edns &&
            k->rd == q->rd && addr_equal(&k->server, &q->server) &&
            nsp_name_equal(&k->qname, &q->qname))
            return true;
    }
    return false;
}

/* Whoever is asked at the time at has no patience left then: others are asked as well. */
static void look_again(fold_t *f, int64_t at)
{
    if (f->wants != NULL && at + FOLD_PATIENCE < f->wants->again_at)
        f->wants->again_at = at + FOLD_PATIENCE;
}

void fold_want(fold_t *f, const addr_t *server, transport_t transport, const nsp_name_t *qname,
               uint16_t qtype, bool rd, bool edns)
{
    f->pending = true;
    if (f->wants == NULL || f->wants->count == MODEL_WANTED_MAX)
        return; /* what does not fit now is wanted the next time */
    wanted_t q = {.server = *server,
                  .transport = transport,
                  .qname = *qname,
                  .qtype = qtype,
                  .rd = rd,
                  .edns = edns};
    nsp_name_lower(&q.qname);
    if (!wanted_already(f->wants, &q))
        f->wants->item[f->wants->count++] = q;
    look_again(f, f->now);
}

/* The exchanges of one question to one address. */
typedef struct variants {
    bool udp_edns, udp_plain, tcp;
    bool waiting, fresh;
    bool truncated; /* over UDP, and nothing usable came */
    bool truncated_edns;
    bool refused_edns; /* FORMERR, NOTIMP or BADVERS to a question with an OPT */
    bool silent;
} variants_t;

/* RFC 6891 7: how servers that do not know EDNS answer it. */
static bool refuses_edns(const entry_t *e, const digest_t *d)
{
    return e->edns && d->usable &&
           (d->rcode == NSP_RCODE_FORMERR || d->rcode == NSP_RCODE_NOTIMP ||
            d->rcode == NSP_RCODE_BADVERS);
}

static void look_waiting(fold_t *f, const entry_t *e, variants_t *v)
{
    const event_t *query = exchange_query(e->x);
    v->waiting = true;
    if (query != NULL && (f->wants == NULL || f->now - query->at >= FOLD_PATIENCE))
        return;
    v->fresh = true;
    look_again(f, query != NULL ? query->at : f->now); /* without a query it is queued */
}

static void look_at(fold_t *f, uint32_t i, const nsp_name_t *zone, variants_t *v, asked_t *a)
{
    const entry_t *e = &f->entry[i];
    bool udp = e->x->transport == TRANSPORT_UDP;
    v->tcp |= !udp;
    v->udp_plain |= udp && (!e->edns || !e->sent);
    v->udp_edns |= udp && (e->edns || !e->sent);
    /* what the kernel would not send never was on the wire: a replay does not have it */
    if (udp && a->first == NULL && (e->sent || !e->x->finished))
        a->first = e->x;
    if (e->digest == FOLD_NONE) {
        if (!e->x->finished)
            look_waiting(f, e, v);
        else
            v->silent |= udp && e->edns;
        return;
    }
    const digest_t *d = &f->digest[e->digest];
    if (d->tc && udp) {
        v->truncated = true;
        v->truncated_edns = e->edns;
        return;
    }
    reply_kind_t kind = zone != NULL ? digest_kind(d, &e->x->qname, zone) : digest_kind_resolved(d);
    if (kind != REPLY_USELESS && a->entry == FOLD_NONE) {
        a->entry = i;
        a->kind = kind;
        a->first = udp ? e->x : a->first;
    }
    v->refused_edns |= refuses_edns(e, d);
}

asked_t fold_asked(fold_t *f, const addr_t *server, const nsp_name_t *qname, uint16_t qtype,
                   const nsp_name_t *zone)
{
    bool rd = zone == NULL;
    asked_t a = {.state = ASKED_NOT, .kind = REPLY_USELESS, .entry = FOLD_NONE};
    variants_t v = {0};
    for (uint32_t i = fold_first(f, server, qname, qtype, rd); i != FOLD_NONE;
         i = fold_next(f, i, rd))
        look_at(f, i, zone, &v, &a);
    if (!v.udp_edns && !v.udp_plain && !v.tcp)
        return a;
    a.fresh = v.fresh;
    a.tcp = v.tcp;
    if (a.entry != FOLD_NONE) {
        a.state = ASKED_USEFUL;
        return a;
    }
    if (v.truncated && !v.tcp && f->wants != NULL) {
        fold_want(f, server, TRANSPORT_TCP, qname, qtype, rd, v.truncated_edns);
        v.waiting = a.fresh = true;
    }
    if (v.refused_edns && !v.udp_plain && f->wants != NULL) {
        fold_want(f, server, TRANSPORT_UDP, qname, qtype, rd, false);
        v.waiting = a.fresh = true;
    }
    a.silent = v.silent && !v.udp_plain && !v.waiting;
    a.state = v.waiting ? ASKED_WAITING : ASKED_USELESS;
    return a;
}

asked_t fold_ask(fold_t *f, const addr_t *server, const nsp_name_t *qname, uint16_t qtype,
                 const nsp_name_t *zone)
{
    asked_t a = fold_asked(f, server, qname, qtype, zone);
    if (a.state != ASKED_NOT)
        return a;
    if (f->wants == NULL) { /* a replay: what was not asked will not be */
        a.state = ASKED_USELESS;
        return a;
    }
    fold_want(f, server, TRANSPORT_UDP, qname, qtype, zone == NULL, true);
    a.state = ASKED_WAITING;
    a.fresh = true;
    return a;
}

/* After silence of every server: the same without EDNS, for paths that drop what has an OPT. */
static bool ask_plain(fold_t *f, const addr_list_t *list, size_t max, const nsp_name_t *qname,
                      uint16_t qtype, const nsp_name_t *zone)
{
    size_t wanted = 0;
    for (size_t i = 0; i < list->count && i < max; i++) {
        if (f->wants == NULL || !fold_asked(f, &list->item[i], qname, qtype, zone).silent)
            continue;
        fold_want(f, &list->item[i], TRANSPORT_UDP, qname, qtype, false, false);
        wanted++;
    }
    return wanted > 0;
}

/* Asks the addresses of a list; see fold_ask_cut. */
static progress_t ask_list(fold_t *f, const addr_list_t *list, const nsp_name_t *qname,
                           uint16_t qtype, const nsp_name_t *zone, bool all)
{
    size_t max = all && f->in->parents_max < list->count ? f->in->parents_max : list->count;
    unsigned live = 0;
    bool waiting = false;
    bool useful = false;
    for (size_t i = 0; i < max && (all || live < LIVE_MAX); i++) {
        asked_t a = fold_ask(f, &list->item[i], qname, qtype, zone);
        waiting |= a.state == ASKED_WAITING;
        live += a.state == ASKED_WAITING && a.fresh;
        /* a deeper cut that could not be learnt is no progress */
        useful |= a.state == ASKED_USEFUL && (a.kind != REPLY_REFERRAL || all);
        if (useful && !all)
            return PROGRESS_DONE;
    }
    if (!useful && !waiting)
        waiting = ask_plain(f, list, max, qname, qtype, zone);
    if (waiting)
        return PROGRESS_PENDING;
    return useful ? PROGRESS_DONE : PROGRESS_FAILED;
}

/* Goes on with the addresses of a cut's servers that have none; with all, of every one. */
static progress_t resolve_cut(fold_t *f, uint32_t c, unsigned depth, bool all);

progress_t fold_ask_cut(fold_t *f, uint32_t c, const nsp_name_t *qname, uint16_t qtype,
                        unsigned depth, bool all)
{
    const nsp_name_t zone = f->cut[c].zone;
    addr_list_t list;
    cut_addresses(f, c, &list);
    progress_t p = PROGRESS_FAILED;
    if (list.count > 0)
        p = ask_list(f, &list, qname, qtype, &zone, all);
    if (all || p == PROGRESS_FAILED) {
        progress_t more = resolve_cut(f, c, depth, all);
        if (more == PROGRESS_PENDING || list.count == 0)
            p = more;
    }
    f->pending |= p == PROGRESS_PENDING;
    return p;
}

progress_t fold_ask_resolvers(fold_t *f, const nsp_name_t *qname, uint16_t qtype, asked_t *got)
{
    bool waiting = false;
    for (size_t i = 0; i < f->in->start_count; i++) {
        const given_ns_t *g = &f->in->start[i];
        if (!g->has_addr || !fold_uses(f, &g->addr))
            continue;
        asked_t a = fold_ask(f, &g->addr, qname, qtype, NULL);
        if (a.state == ASKED_USEFUL) {
            *got = a;
            return PROGRESS_DONE;
        }
        if (a.state == ASKED_WAITING)
            waiting = f->pending = true;
        if (a.state == ASKED_WAITING && a.fresh)
            break;
    }
    return waiting ? PROGRESS_PENDING : PROGRESS_FAILED;
}

static progress_t resolve_anywhere(fold_t *f, uint32_t h, uint16_t qtype, unsigned depth)
{
    const nsp_name_t name = f->host[h].name;
    asked_t got;
    if (f->in->kind == START_RESOLVER)
        return fold_ask_resolvers(f, &name, qtype, &got);
    uint32_t c = cut_above(f, &name);
    return c == FOLD_NONE ? PROGRESS_FAILED : fold_ask_cut(f, c, &name, qtype, depth, false);
}

progress_t fold_resolve(fold_t *f, uint32_t h, unsigned family, unsigned depth)
{
    host_t *host = &f->host[h];
    if (host->known[family] != TYPE_UNKNOWN)
        return PROGRESS_DONE;
    if (host->busy[family])
        return PROGRESS_LOOP;
    if (depth > MODEL_DEPTH_MAX)
        return PROGRESS_FAILED;
    if (host->progress[family] == PROGRESS_NONE) {
        host->busy[family] = true;
        progress_t p =
            resolve_anywhere(f, h, family == FAMILY_A ? NSP_TYPE_A : NSP_TYPE_AAAA, depth);
        host = &f->host[h];
        host->busy[family] = false;
        host->progress[family] = p == PROGRESS_DONE ? PROGRESS_FAILED : p;
    }
    return host->progress[family];
}

/* Both families in use: pending when one is, a loop when nothing else is left. */
static progress_t resolve_host(fold_t *f, uint32_t h, unsigned depth)
{
    bool pending = false;
    bool loop = false;
    for (unsigned k = 0; k < FAMILIES; k++) {
        if (!(k == FAMILY_A ? f->in->use_ipv4 : f->in->use_ipv6))
            continue;
        progress_t p = fold_resolve(f, h, k, depth);
        pending |= p == PROGRESS_PENDING;
        loop |= p == PROGRESS_LOOP;
    }
    return pending ? PROGRESS_PENDING : loop ? PROGRESS_LOOP : PROGRESS_FAILED;
}

static progress_t resolve_cut(fold_t *f, uint32_t c, unsigned depth, bool all)
{
    unsigned most = depth == 0 ? RESOLVE_NS_TOP : RESOLVE_NS_DEEP;
    unsigned live = 0;
    bool loop = false;
    if (f->cut[c].busy)
        return PROGRESS_LOOP;
    if (f->cut[c].progress != PROGRESS_NONE && !all)
        return f->cut[c].progress;
    f->cut[c].busy = true;
    for (uint16_t i = 0; i < f->cut[c].ns_count && most > 0 && (all || live < LIVE_MAX); i++) {
        uint32_t h = f->cut[c].ns[i];
        if (host_usable(f, h))
            continue;
        progress_t p = resolve_host(f, h, depth + 1);
        live += p == PROGRESS_PENDING;
        loop |= p == PROGRESS_LOOP;
        most--;
    }
    progress_t p = live > 0 ? PROGRESS_PENDING : loop ? PROGRESS_LOOP : PROGRESS_FAILED;
    f->cut[c].busy = false;
    f->cut[c].progress = p;
    return p;
}
