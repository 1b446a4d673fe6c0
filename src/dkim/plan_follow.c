/* Names that are looked up on the way: targets of CNAMEs, and servers that nobody delegates to. */
#include <stdlib.h>

#include "dkim/plan_parts.h"

/* Addresses that are asked side by side. */
#define ABREAST 2
/* More lookups than this are nobody's honest zone. */
#define LOOKUPS_MAX 8192

size_t plan_lookup(plan_t *p, const nsp_name_t *name, uint16_t type, unsigned depth)
{
    facts_t *f = p->f;
    for (size_t i = 0; i < f->lookup_count; i++)
        if (f->lookup[i].type == type && nsp_name_equal(&f->lookup[i].name, name))
            return i;
    if (f->lookup_count == LOOKUPS_MAX)
        return FACTS_NONE;
    if (f->lookup_count == f->lookup_cap) {
        size_t cap = f->lookup_cap == 0 ? 8 : f->lookup_cap * 2;
        lookup_t *grown = realloc(f->lookup, cap * sizeof *grown);
        f->out_of_memory |= grown == NULL;
        if (grown == NULL)
            return FACTS_NONE;
        f->lookup = grown;
        f->lookup_cap = cap;
    }
    f->lookup[f->lookup_count] = (lookup_t){.name = *name,
                                            .type = type,
                                            .depth = depth,
                                            .walk = plan_walk_for(p, name),
                                            .own_walk = FACTS_NONE,
                                            .zone = FACTS_NONE,
                                            .next = FACTS_NONE};
    nsp_name_lower(&f->lookup[f->lookup_count].name);
    return f->lookup_count++;
}

static bool is_usable(reading_t r)
{
    return r == READ_FOUND || r == READ_ALIAS || r == READ_NODATA || r == READ_NXDOMAIN;
}

/* The servers of the zone, some at a time, until one answers. */
static void ask_places(plan_t *p, lookup_t *l)
{
    zone_facts_t *z = &p->f->zone[l->zone];
    unsigned live = 0;
    for (size_t i = 0; i < z->place_count && live < ABREAST; i++) {
        const place_t *pl = &z->place[i];
        if (!pl->in_use || !pl->delegated)
            continue;
        const answer_t *a = plan_ask_udp(p, &pl->addr, &l->name, l->type);
        if (a == NULL) {
            live++;
            continue;
        }
        nsp_name_t cut;
        if (l->own_walk == FACTS_NONE && answer_cut(a, &z->apex, &cut))
            l->own_walk = plan_walk_to(p, &l->name);
        reading_t r = answer_reading(a, &z->apex);
        if (!is_usable(r))
            continue;
        l->answer = a;
        l->reading = r;
        return;
    }
    bool settled =
        p->f->walk[l->walk].done && (l->own_walk == FACTS_NONE || p->f->walk[l->own_walk].done);
    if (live == 0 && settled)
        l->reading = READ_SILENT;
}

/* True when the chain from a lookup comes back to another one. */
static bool leads_to(const facts_t *f, size_t from, size_t to)
{
    for (size_t i = from, n = 0; i != FACTS_NONE && n <= f->lookup_count;
         i = f->lookup[i].next, n++)
        if (i == to)
            return true;
    return false;
}

static void follow_alias(plan_t *p, size_t i)
{
    facts_t *f = p->f;
    lookup_t *l = &f->lookup[i];
    if (l->reading != READ_ALIAS || l->next != FACTS_NONE || l->loop ||
        l->depth + 1 >= FACTS_CHAIN_MAX)
        return;
    nsp_name_t target = l->answer->cname;
    size_t next = plan_lookup(p, &target, l->type, l->depth + 1);
    l = &f->lookup[i];
    if (next != FACTS_NONE && leads_to(f, next, i))
        l->loop = true;
    else
        l->next = next;
}

void plan_lookups(plan_t *p)
{
    facts_t *f = p->f;
    for (size_t i = 0; i < f->lookup_count; i++) {
        lookup_t *l = &f->lookup[i];
        if (l->reading != READ_PENDING)
            continue;
        size_t zone = plan_zone_of(p, l->walk, l->own_walk);
        if (zone != FACTS_NONE)
            l->zone = zone;
        if (l->zone != FACTS_NONE)
            ask_places(p, l);
        else if (l->walk == FACTS_NONE || f->walk[l->walk].done)
            l->reading = READ_SILENT;
        follow_alias(p, i);
    }
}
