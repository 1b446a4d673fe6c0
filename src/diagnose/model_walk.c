/* From the start to the zone that holds the domain, and to the zone that delegates it. */
#include "diagnose/model_fold.h"

/* How often the zone under test may turn out to be one further up. */
#define TARGETS_MAX 4
/* Names between the parent and the target that are asked for. */
#define BETWEEN_MAX 8

/* What the servers of the parent say about the target. */
typedef struct verdict {
    bool authority; /* one of them serves the target itself */
    bool nxdomain;
    bool enclosed; /* not a zone of its own: enclosing holds it */
    nsp_name_t enclosing;
    nsp_name_t denying; /* the zone that nxdomain is about */
    bool fresh;         /* some are still waited for, and not for long */
} verdict_t;

static void verdict_add(verdict_t *v, const digest_t *d, reply_kind_t kind,
                        const nsp_name_t *target, const nsp_name_t *parent)
{
    bool soa = d->has_soa && nsp_name_is_subdomain(&d->soa, parent);
    switch (kind) {
    case REPLY_ANSWER:
        v->authority = true;
        break;
    case REPLY_NXDOMAIN:
        if (!v->nxdomain)
            v->denying = soa ? d->soa : *parent;
        v->nxdomain = true;
        break;
    case REPLY_NODATA:
        if (soa && nsp_name_equal(&d->soa, target)) {
            v->authority = true; /* an apex without NS records */
            break;
        }
        /* fall through */
    case REPLY_CNAME:
        if (!v->enclosed)
            v->enclosing = soa && kind == REPLY_NODATA ? d->soa : *parent;
        v->enclosed = true;
        break;
    default:
        break;
    }
}

static verdict_t parents_verdict(fold_t *f, uint32_t parent, const nsp_name_t *target)
{
    const nsp_name_t zone = f->cut[parent].zone;
    verdict_t v = {0};
    addr_list_t list;
    cut_addresses(f, parent, &list);
    for (size_t i = 0; i < list.count; i++) {
        asked_t a = fold_asked(f, &list.item[i], target, NSP_TYPE_NS, &zone);
        v.fresh |= a.state == ASKED_WAITING && a.fresh;
        if (a.state == ASKED_USEFUL)
            verdict_add(&v, &f->digest[f->entry[a.entry].digest], a.kind, target, &zone);
    }
    return v;
}

/* The zone of the reply to an SOA question: the owner of the SOA, at or above the name. */
static bool soa_zone(const fold_t *f, const asked_t *a, const nsp_name_t *name, nsp_name_t *out)
{
    const digest_t *d = &f->digest[f->entry[a->entry].digest];
    if (a->kind == REPLY_ANSWER) {
        *out = *name;
        return true;
    }
    *out = d->soa;
    return a->kind != REPLY_CNAME && d->has_soa;
}

/* The zone above target by a recursive resolver: SOA upwards, then its NS. */
static uint32_t resolver_parent(fold_t *f, const nsp_name_t *target)
{
    nsp_name_t at = *target;
    for (unsigned i = 0; i < MODEL_DEPTH_MAX && at.len > 1; i++) {
        nsp_name_t zone;
        asked_t got;
        nsp_name_strip(&at, 1, &at);
        if (fold_ask_resolvers(f, &at, NSP_TYPE_SOA, &got) != PROGRESS_DONE)
            return FOLD_NONE;
        if (!soa_zone(f, &got, &at, &zone))
            continue;
        if (fold_ask_resolvers(f, &zone, NSP_TYPE_NS, &got) != PROGRESS_DONE)
            return FOLD_NONE;
        return cut_find(f, &zone);
    }
    return FOLD_NONE;
}

/* False when every address of the cut was asked about target and none helped. */
static bool may_know(fold_t *f, uint32_t c, const nsp_name_t *target)
{
    const nsp_name_t zone = f->cut[c].zone;
    addr_list_t list;
    cut_addresses(f, c, &list);
    for (size_t i = 0; i < list.count; i++)
        if (fold_asked(f, &list.item[i], target, NSP_TYPE_NS, &zone).state != ASKED_USELESS)
            return true;
    return false;
}

/* The cut whose servers know whether target is delegated. */
static uint32_t find_parent(fold_t *f, const nsp_name_t *target)
{
    nsp_name_t up;
    nsp_name_strip(target, 1, &up);
    uint32_t c = cut_find(f, target);
    uint32_t top = c != FOLD_NONE ? f->cut[c].above : FOLD_NONE;
    if (top == FOLD_NONE && f->in->kind == START_RESOLVER)
        top = resolver_parent(f, target);
    c = cut_above(f, &up);
    if (top == FOLD_NONE)
        return f->in->kind == START_RESOLVER ? FOLD_NONE : c;
    /* a cut in between, which servers of the one above told of */
    if (c != FOLD_NONE && f->cut[c].zone.len > f->cut[top].zone.len && may_know(f, c, target))
        return c;
    return top;
}

static bool is_referred(const fold_t *f, const nsp_name_t *target)
{
    uint32_t c = cut_find(f, target);
    return c != FOLD_NONE && f->cut[c].above != FOLD_NONE && !f->cut[c].by_answer;
}

/* Servers of the parent may serve zones between it and the target as well, and then refer from the
 * deepest of these: each name in between is asked for. */
static void ask_between(fold_t *f, uint32_t parent, const nsp_name_t *target)
{
    const nsp_name_t zone = f->cut[parent].zone;
    nsp_name_t name = *target;
    for (unsigned i = 0; i < BETWEEN_MAX; i++) {
        nsp_name_strip(&name, 1, &name);
        if (name.len <= zone.len)
            return;
        fold_ask_cut(f, parent, &name, NSP_TYPE_NS, 0, false);
    }
}

/* The target is no zone of its own: on to the zone that holds it. False when there is none to try.
 */
static bool walk_up(fold_t *f, walk_t *walk, const verdict_t *v)
{
    f->out->no_delegation = v->enclosed;
    f->out->nxdomain = v->nxdomain && !v->enclosed;
    bool denied = f->out->nxdomain && f->in->holder;
    const nsp_name_t *up = denied ? &v->denying : &v->enclosing;
    if ((!v->enclosed && !denied) || v->fresh || up->len <= 1)
        return false;
    walk->zone = *up;
    nsp_name_lower(&walk->zone);
    return true;
}

/* One target. True when walk->zone became another one that is to be tried. */
static bool walk_target(fold_t *f, walk_t *walk)
{
    const nsp_name_t target = walk->zone;
    const nsp_name_t *given = model_given_zone(f->in);
    if (given != NULL && nsp_name_equal(given, &target)) {
        walk->parent = FOLD_NONE;
        walk->found = walk->referred = true;
        return false;
    }
    walk->parent = find_parent(f, &target);
    if (walk->parent == FOLD_NONE)
        return false;
    uint32_t p = walk->parent;
    verdict_t v = parents_verdict(f, p, &target);
    walk->referred = is_referred(f, &target);
    bool direct = walk->referred || v.authority || v.nxdomain || v.enclosed;
    if (!direct && fold_ask_cut(f, p, &target, NSP_TYPE_NS, 0, false) != PROGRESS_DONE)
        return false;
    size_t wanted = f->wants != NULL ? f->wants->count : 0;
    fold_ask_cut(f, p, &target, NSP_TYPE_NS, 0, true);
    v.fresh |= f->wants != NULL && f->wants->count > wanted;
    walk->found = walk->referred || v.authority;
    if (walk->found || f->in->holder)
        ask_between(f, p, &target);
    return !walk->found && walk_up(f, walk, &v);
}

void fold_walk(fold_t *f, walk_t *walk)
{
    const model_input_t *in = f->in;
    memset(walk, 0, sizeof *walk);
    walk->zone = in->domain;
    nsp_name_lower(&walk->zone);
    walk->parent = FOLD_NONE;
    if (walk->zone.len <= 1) {
        walk->found = walk->referred = true;
        return;
    }
    bool no_delegation = false;
    bool nxdomain = false;
    for (unsigned i = 0; i < TARGETS_MAX && walk_target(f, walk); i++) {
        no_delegation |= f->out->no_delegation;
        nxdomain |= f->out->nxdomain;
    }
    f->out->no_delegation |= no_delegation;
    f->out->nxdomain |= nxdomain;
}
