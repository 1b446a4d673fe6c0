/* What the replies teach, in order of time. A reply counts only when its server is known, by then,
 * to serve a zone at or above the name in question; of its additional section only what lies below
 * that zone (RFC 2181 5.4.1, RFC 9499 "in-bailiwick"). */
#include "diagnose/model_fold.h"

static void learn_ns(fold_t *f, uint32_t c, const nsp_msg_t *m, nsp_section_t s,
                     const nsp_name_t *owner)
{
    for (uint16_t i = 0; i < m->found[s] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, s, i);
        nsp_name_t name;
        if (f->cut[c].ns_count == MODEL_SERVERS_MAX)
            return;
        if (rr->type != NSP_TYPE_NS || rr->rclass != NSP_CLASS_IN ||
            !nsp_rr_owner_is(m, rr, owner) || !nsp_rdata_name(m, rr, 0, &name))
            continue;
        uint32_t h = host_get(f, &name);
        if (h != FOLD_NONE)
            cut_add_ns(f, c, h);
    }
}

static bool cut_has_ns(const cut_t *cut, uint32_t h)
{
    for (uint16_t i = 0; i < cut->ns_count; i++)
        if (cut->ns[i] == h)
            return true;
    return false;
}

static void learn_glue(fold_t *f, uint32_t c, const nsp_msg_t *m, const nsp_name_t *bailiwick)
{
    for (uint16_t i = 0; i < m->found[NSP_ADDITIONAL] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ADDITIONAL, i);
        addr_t a;
        nsp_name_t owner;
        if (!fold_rr_addr(f, m, rr, &a))
            continue;
        nsp_rr_owner(m, rr, &owner);
        uint32_t h = nsp_name_is_subdomain(&owner, bailiwick) ? host_find(f, &owner) : FOLD_NONE;
        if (h != FOLD_NONE && cut_has_ns(&f->cut[c], h))
            host_add_addr(f, h, &a, FROM_GLUE);
    }
}

static void learn_referral(fold_t *f, uint32_t from, uint32_t entry)
{
    const nsp_name_t owner = f->digest[f->entry[entry].digest].ns;
    const nsp_name_t bailiwick = f->cut[from].zone;
    uint32_t c = cut_get(f, &owner);
    if (c == FOLD_NONE || f->cut[c].locked)
        return;
    if (f->cut[c].above == FOLD_NONE)
        f->cut[c].above = from;
    f->cut[c].by_answer = false;
    if (f->cut[c].above != from)
        return; /* the first zone that told of it is the one that delegates it */
    const nsp_msg_t *m = fold_message(f, entry);
    learn_ns(f, c, m, NSP_AUTHORITY, &owner);
    learn_glue(f, c, m, &bailiwick);
}

/* A server of a zone above serves this one too, so that there is no referral to it (as servers of
 * uk do for co.uk). Only of interest on the way to the domain. */
static void learn_apex(fold_t *f, uint32_t from, uint32_t entry)
{
    const nsp_name_t *qname = &f->entry[entry].x->qname;
    const nsp_name_t bailiwick = f->cut[from].zone;
    if (nsp_name_equal(qname, &bailiwick) || nsp_name_equal(qname, &f->in->domain) ||
        !nsp_name_is_subdomain(&f->in->domain, qname))
        return;
    bool known = cut_find(f, qname) != FOLD_NONE;
    uint32_t c = cut_get(f, qname);
    if (c == FOLD_NONE || (known && (!f->cut[c].by_answer || f->cut[c].above != from)))
        return;
    f->cut[c].above = from;
    f->cut[c].by_answer = true;
    const nsp_msg_t *m = fold_message(f, entry);
    learn_ns(f, c, m, NSP_ANSWER, qname);
    learn_glue(f, c, m, &bailiwick);
}

static void learn_addresses(fold_t *f, uint32_t h, uint32_t entry, unsigned from)
{
    const nsp_msg_t *m = fold_message(f, entry);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        addr_t a;
        if (rr->type == f->entry[entry].x->qtype && nsp_rr_owner_is(m, rr, &f->host[h].name) &&
            fold_rr_addr(f, m, rr, &a))
            host_add_addr(f, h, &a, from);
    }
}

static void learn_host(fold_t *f, uint32_t entry, reply_kind_t kind, unsigned from)
{
    const exchange_t *x = f->entry[entry].x;
    if (x->qtype != NSP_TYPE_A && x->qtype != NSP_TYPE_AAAA)
        return;
    /* A name of which only the zone itself tells is known to the fold later than its addresses. */
    uint32_t h = host_get(f, &x->qname);
    if (h == FOLD_NONE)
        return;
    type_state_t *known = &f->host[h].known[x->qtype == NSP_TYPE_A ? FAMILY_A : FAMILY_AAAA];
    if (kind == REPLY_ANSWER) {
        *known = TYPE_FOUND;
        learn_addresses(f, h, entry, from);
    } else if (*known == TYPE_UNKNOWN) {
        *known = kind == REPLY_NODATA     ? TYPE_NODATA
                 : kind == REPLY_NXDOMAIN ? TYPE_NXDOMAIN
                 : kind == REPLY_CNAME    ? TYPE_CNAME
                                          : TYPE_UNKNOWN;
    }
}

static bool is_resolver(const fold_t *f, const addr_t *a)
{
    for (size_t i = 0; f->in->kind == START_RESOLVER && i < f->in->start_count; i++)
        if (f->in->start[i].has_addr && addr_equal(&f->in->start[i].addr, a))
            return true;
    return false;
}

static void learn_resolved(fold_t *f, uint32_t entry, const digest_t *d)
{
    const exchange_t *x = f->entry[entry].x;
    if (!is_resolver(f, &x->server))
        return;
    reply_kind_t kind = digest_kind_resolved(d);
    if (d->match && d->cname)
        kind = REPLY_CNAME; /* CNAME and other data: the alias is what hurts */
    learn_host(f, entry, kind, FROM_RESOLVER);
    if (x->qtype != NSP_TYPE_NS || kind != REPLY_ANSWER)
        return;
    uint32_t c = cut_get(f, &x->qname);
    if (c != FOLD_NONE && !f->cut[c].locked)
        learn_ns(f, c, fold_message(f, entry), NSP_ANSWER, &x->qname);
}

static void learn_reply(fold_t *f, uint32_t entry)
{
    const entry_t *e = &f->entry[entry];
    const digest_t *d = &f->digest[e->digest];
    if (!d->usable || (d->tc && e->x->transport == TRANSPORT_UDP))
        return;
    if (e->rd) {
        learn_resolved(f, entry, d);
        return;
    }
    uint32_t c = cut_above_served(f, &e->x->qname, &e->x->server);
    if (c == FOLD_NONE)
        return;
    reply_kind_t kind = digest_kind(d, &e->x->qname, &f->cut[c].zone);
    if (kind == REPLY_REFERRAL)
        learn_referral(f, c, entry);
    else if (kind == REPLY_ANSWER && e->x->qtype == NSP_TYPE_NS)
        learn_apex(f, c, entry);
    else if (kind != REPLY_USELESS)
        learn_host(f, entry, kind, FROM_ELSEWHERE);
}

/* Servers of the root, by address alone. */
static void start_roots(fold_t *f, const given_ns_t *list, size_t count)
{
    nsp_name_t root;
    nsp_name_root(&root);
    uint32_t c = count > 0 ? cut_get(f, &root) : FOLD_NONE;
    if (c == FOLD_NONE)
        return;
    cut_t *cut = &f->cut[c];
    cut->locked = true;
    for (size_t i = 0; i < count; i++) {
        if (!list[i].has_addr || cut->direct_count == MODEL_ADDRS_MAX)
            continue;
        cut->direct[cut->direct_count++] = list[i].addr;
    }
}

/* The zone's own servers as the user gives them. */
static void start_zone(fold_t *f)
{
    const model_input_t *in = f->in;
    const nsp_name_t *zone = model_given_zone(in);
    uint32_t c = zone != NULL ? cut_get(f, zone) : FOLD_NONE;
    if (c == FOLD_NONE)
        return;
    f->cut[c].locked = true;
    for (size_t i = 0; i < in->start_count; i++) {
        uint32_t h = host_get(f, &in->start[i].name);
        if (h == FOLD_NONE)
            continue;
        cut_add_ns(f, c, h);
        bool glue =
            in->kind == START_UNDELEGATED && nsp_name_is_subdomain(&in->start[i].name, zone);
        if (in->start[i].has_addr)
            host_add_addr(f, h, &in->start[i].addr, FROM_USER | (glue ? FROM_GLUE : 0));
    }
}

void fold_learn(fold_t *f)
{
    const model_input_t *in = f->in;
    if (in->kind == START_HINTS || in->kind == START_FROM) {
        start_roots(f, in->start, in->start_count);
    } else if (in->kind != START_RESOLVER) {
        start_roots(f, in->roots, in->roots_count);
        start_zone(f);
    }
    for (uint32_t i = 0; i < f->digest_count && !f->out_of_memory; i++)
        learn_reply(f, f->timeline[i]);
}
