/* Walks to the zones that hold the names, and the addresses of these zones. */
#include <stdlib.h>

#include "diagnose/tested.h"
#include "dkim/plan_parts.h"

size_t plan_walk_to(plan_t *p, const nsp_name_t *name)
{
    facts_t *f = p->f;
    for (size_t i = 0; i < f->walk_count; i++)
        if (nsp_name_equal(&f->walk[i].name, name))
            return i;
    if (f->walk_count == FACTS_WALKS_MAX)
        return FACTS_NONE;
    walk_t *w = &f->walk[f->walk_count];
    *w =
        (walk_t){.name = *name, .zone = FACTS_NONE, .folded_at = UINT64_MAX, .again_at = INT64_MAX};
    nsp_name_lower(&w->name);
    return f->walk_count++;
}

size_t plan_walk_for(plan_t *p, const nsp_name_t *name)
{
    nsp_name_t shared = *name;
    if (nsp_name_labels(name) > 2)
        nsp_name_strip(name, 1, &shared);
    size_t w = plan_walk_to(p, &shared);
    /* too many: the domain's zone will do, or a referral will show that it does not */
    if (w == FACTS_NONE && nsp_name_is_subdomain(name, &p->f->walk[0].name))
        w = 0;
    return w;
}

size_t plan_zone_of(const plan_t *p, size_t walk, size_t own_walk)
{
    const facts_t *f = p->f;
    size_t zone = walk != FACTS_NONE ? f->walk[walk].zone : FACTS_NONE;
    size_t own = own_walk != FACTS_NONE ? f->walk[own_walk].zone : FACTS_NONE;
    if (own == FACTS_NONE)
        return zone;
    return zone == FACTS_NONE || f->zone[own].apex.len > f->zone[zone].apex.len ? own : zone;
}

/* --- zones --- */

static size_t zone_get(facts_t *f, const nsp_name_t *apex)
{
    for (size_t i = 0; i < f->zone_count; i++)
        if (nsp_name_equal(&f->zone[i].apex, apex))
            return i;
    if (f->zone_count == FACTS_ZONES_MAX)
        return FACTS_NONE;
    f->zone[f->zone_count] = (zone_facts_t){.apex = *apex, .above = FACTS_NONE};
    return f->zone_count++;
}

static place_t *place_find(zone_facts_t *z, const addr_t *addr)
{
    for (size_t i = 0; i < z->place_count; i++)
        if (addr_equal(&z->place[i].addr, addr))
            return &z->place[i];
    return NULL;
}

static place_t *place_new(facts_t *f, zone_facts_t *z, const addr_t *addr)
{
    if (z->place_count == FACTS_PLACES_MAX)
        return NULL;
    if (z->place_count == z->place_cap) {
        size_t cap = z->place_cap == 0 ? 8 : z->place_cap * 2;
        place_t *grown = realloc(z->place, cap * sizeof *grown);
        f->out_of_memory |= grown == NULL;
        if (grown == NULL)
            return NULL;
        z->place = grown;
        z->place_cap = cap;
    }
    place_t *pl = &z->place[z->place_count++];
    memset(pl, 0, sizeof *pl);
    pl->addr = *addr;
    pl->in_use = addr->family == 4 ? f->in->use_ipv4 : f->in->use_ipv6;
    return pl;
}

/* Resolvers begin with the delegation; without one (a server of the parent serves the zone itself)
 * they have the zone's own word. */
static void find_delegated(zone_facts_t *z)
{
    unsigned by = PLACE_CHILD;
    for (size_t i = 0; i < z->place_count; i++)
        if ((z->place[i].from & PLACE_PARENT) != 0)
            by = PLACE_PARENT;
    for (size_t i = 0; i < z->place_count; i++)
        z->place[i].delegated = (z->place[i].from & by) != 0;
}

void plan_place_add(plan_t *p, size_t zone, const addr_t *addr, const nsp_name_t *server,
                    unsigned from)
{
    zone_facts_t *z = &p->f->zone[zone];
    place_t *pl = place_find(z, addr);
    if (pl == NULL)
        pl = place_new(p->f, z, addr);
    if (pl == NULL)
        return;
    bool better = (from & PLACE_PARENT) != 0 && (pl->from & PLACE_PARENT) == 0;
    if (server != NULL && (pl->server.len == 0 || better))
        pl->server = *server;
    pl->from |= from;
    find_delegated(z);
}

/* --- walks --- */

static void learn_address(plan_t *p, size_t zone, const model_t *m, const model_address_t *a)
{
    unsigned from = 0;
    const nsp_name_t *server = NULL;
    for (uint16_t i = 0; i < a->server_count; i++) {
        const model_server_t *s = &m->server[a->server[i]];
        unsigned by = (s->in_parent ? PLACE_PARENT : 0) | (s->in_child ? PLACE_CHILD : 0);
        if (server == NULL || ((by & PLACE_PARENT) != 0 && (from & PLACE_PARENT) == 0))
            server = &s->name;
        from |= by;
    }
    plan_place_add(p, zone, &a->addr, server, from);
}

static void learn_parent(zone_facts_t *z, const model_t *m)
{
    z->parent_known = m->parent_known;
    z->parent = m->parent;
    z->parent_count = 0;
    for (uint16_t i = 0; i < m->parent_count && z->parent_count < FACTS_DS_ASKED; i++) {
        const model_parent_t *from = &m->parent_addr[i];
        if (from->referral || from->answered_aa)
            z->parent_addr[z->parent_count++] = from->addr;
    }
}

static void learn_lost(zone_facts_t *z, const model_t *m)
{
    z->lost_count = 0;
    for (uint16_t i = 0; i < m->server_count && z->lost_count < FACTS_LOST_MAX; i++) {
        const model_server_t *s = &m->server[i];
        if (s->in_parent && s->addr_count == 0 && s->state > HOST_FOUND)
            z->lost[z->lost_count++] = (lost_server_t){s->name, s->state};
    }
}

/* The servers where the walk ended were asked, and nothing left this machine. */
static bool nothing_left(const facts_t *f, const model_t *m)
{
    size_t unsent = 0;
    for (uint16_t i = 0; i < m->parent_count; i++) {
        const exchange_t *x = m->parent_addr[i].asked;
        outcome_t o;
        if (x == NULL)
            continue;
        outcome_of(x, &o, f->scratch);
        if (o.kind != OUTCOME_NOT_SENT)
            return false;
        unsent++;
    }
    return unsent > 0;
}

static void walk_learn(plan_t *p, walk_t *w)
{
    const model_t *m = p->f->model;
    w->nxdomain = m->nxdomain;
    if (m->nxdomain && m->parent_known)
        w->denier = m->parent;
    w->unsent = nothing_left(p->f, m);
    if (!m->zone_found)
        return;
    size_t zone = zone_get(p->f, &m->zone);
    if (zone == FACTS_NONE)
        return;
    w->zone = zone;
    learn_parent(&p->f->zone[zone], m);
    learn_lost(&p->f->zone[zone], m);
    for (uint16_t i = 0; i < m->address_count; i++)
        learn_address(p, zone, m, &m->address[i]);
}

static void walk_fold(plan_t *p, walk_t *w)
{
    facts_t *f = p->f;
    model_input_t in = *f->in;
    const nsp_name_t *given = model_given_zone(f->in);
    if (given != NULL)
        in.given = *given;
    in.domain = w->name;
    in.holder = true;
    in.set = f->set;
    bool ok = model_build(&in, p->now, f->model, f->wants);
    if (ok && p->wants == NULL && !f->model->finished) {
        /* the answers that it still waits for will not come */
        w->cut = true;
        ok = model_build(&in, p->now, f->model, NULL);
    }
    if (!ok) {
        f->out_of_memory = true;
        return;
    }
    w->folded_at = f->version;
    w->again_at = p->wants != NULL ? f->wants->again_at : INT64_MAX;
    w->done = f->model->finished;
    walk_learn(p, w);
    for (size_t i = 0; p->wants != NULL && i < f->wants->count; i++) {
        const wanted_t *k = &f->wants->item[i];
        plan_question_t q = {.server = k->server,
                             .transport = k->transport,
                             .qname = k->qname,
                             .qtype = k->qtype,
                             .rd = k->rd,
                             .how = k->edns ? ASK_EDNS : 0,
                             .walk = true};
        plan_push(p, &q);
    }
}

/* Where the first walk heard from nobody at all, the others, which begin at the same servers, would
 * not either. */
static bool nobody_answers(const facts_t *f)
{
    const walk_t *w = &f->walk[0];
    return w->done && w->zone == FACTS_NONE && !tested_heard(f->set);
}

void plan_walks(plan_t *p)
{
    facts_t *f = p->f;
    for (size_t i = 0; i < f->walk_count; i++) {
        walk_t *w = &f->walk[i];
        if (i > 0 && !w->done && nobody_answers(f))
            w->done = true;
        bool due = p->wants == NULL || w->folded_at != f->version || p->now >= w->again_at;
        if (!w->done && due)
            walk_fold(p, w);
        if (p->wants != NULL && !w->done && w->again_at < p->wants->again_at)
            p->wants->again_at = w->again_at;
        /* the others go on from the zones that the first one finds on its way */
        if (i == 0 && w->zone == FACTS_NONE && !w->done)
            return;
    }
}
