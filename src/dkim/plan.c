#include "dkim/plan.h"

#include <stdlib.h>

#include "dkim/mistake.h"
#include "dkim/plan_parts.h"

/* Mistaken names that are asked for: the likeliest. */
#define MISTAKES_ASKED 24
#define MNAMES_MAX     2

void plan_wants_free(plan_wants_t *w)
{
    free(w->item);
    memset(w, 0, sizeof *w);
}

void plan_push(plan_t *p, const plan_question_t *q)
{
    plan_wants_t *w = p->wants;
    if (w->count == w->cap) {
        size_t cap = w->cap == 0 ? 64 : w->cap * 2;
        plan_question_t *grown = realloc(w->item, cap * sizeof *grown);
        p->f->out_of_memory |= grown == NULL;
        if (grown == NULL)
            return;
        w->item = grown;
        w->cap = cap;
    }
    w->item[w->count++] = *q;
}

/* What a resolver ends up with, asking as ask says; NULL while that is not decided. Whatever is
 * still to be asked for it is wanted. */
static const answer_t *plan_ask(plan_t *p, const ask_t *ask)
{
    const answer_t *wanted = NULL;
    const answer_t *a = answers_ask(p->f->answers, ask, p->wants != NULL ? &wanted : NULL);
    p->open += a == NULL;
    if (wanted != NULL) {
        plan_question_t q = {.server = wanted->server,
                             .transport = wanted->transport,
                             .qname = wanted->qname,
                             .qtype = wanted->qtype,
                             .how = wanted->how};
        plan_push(p, &q);
    }
    return a;
}

const answer_t *plan_ask_udp(plan_t *p, const addr_t *server, const nsp_name_t *name, uint16_t type)
{
    ask_t ask = {.server = *server, .transport = TRANSPORT_UDP, .qname = name, .qtype = type};
    return plan_ask(p, &ask);
}

/* --- what every address of a zone is asked --- */

/* The SOA, with EDNS and without: whether silence is due to EDNS is then known in time. */
static bool ask_soa(plan_t *p, const zone_facts_t *z, place_t *pl)
{
    ask_t ask = {
        .server = pl->addr, .transport = TRANSPORT_UDP, .qname = &z->apex, .qtype = NSP_TYPE_SOA};
    const answer_t *edns = plan_ask(p, &ask);
    ask.plain = true;
    const answer_t *plain = plan_ask(p, &ask);
    const answer_t *best = edns != NULL && edns->outcome == OUTCOME_ANSWERED ? edns : plain;
    if (best != NULL && best->outcome == OUTCOME_ANSWERED)
        pl->soa = best;
    return plain != NULL && plain->outcome == OUTCOME_ANSWERED;
}

static void ask_dnskey(plan_t *p, const zone_facts_t *z, place_t *pl)
{
    ask_t ask = {.server = pl->addr,
                 .transport = TRANSPORT_UDP,
                 .qname = &z->apex,
                 .qtype = NSP_TYPE_DNSKEY,
                 .dnssec = true};
    if (z->has_ds && pl->dnskey == NULL)
        pl->dnskey = plan_ask(p, &ask);
}

/* The DS of the zone at servers of its parent, until one answers. */
static void ask_ds(plan_t *p, zone_facts_t *z)
{
    for (size_t i = 0; i < z->parent_count && z->ds == NULL; i++) {
        ask_t ask = {.server = z->parent_addr[i],
                     .transport = TRANSPORT_UDP,
                     .qname = &z->apex,
                     .qtype = NSP_TYPE_DS,
                     .dnssec = true};
        const answer_t *a = plan_ask(p, &ask);
        if (a == NULL)
            return;
        reading_t r = answer_reading(a, &z->parent);
        if (r != READ_FOUND && r != READ_NODATA)
            continue;
        z->ds = a;
        z->has_ds = r == READ_FOUND;
    }
}

static void ask_zone(plan_t *p, size_t zone)
{
    zone_facts_t *z = &p->f->zone[zone];
    if (!z->holds && !z->chained)
        return;
    size_t open = p->open;
    for (size_t i = 0; i < p->f->options->also_count && z->holds; i++)
        plan_place_add(p, zone, &p->f->options->also[i], NULL, PLACE_USER);
    ask_ds(p, z);
    for (size_t i = 0; i < z->place_count; i++) {
        place_t *pl = &z->place[i];
        if (!pl->in_use)
            continue;
        if (z->holds)
            pl->takes_plain = ask_soa(p, z, pl);
        ask_dnskey(p, z, pl);
    }
    z->quiet = p->open == open;
}

/* The zone that delegates one which holds expectations is a link of its chain of trust. */
static void mark_chain(facts_t *f)
{
    for (size_t i = 0; i < f->zone_count; i++) {
        zone_facts_t *z = &f->zone[i];
        for (size_t k = 0; (z->holds || z->chained) && z->parent_known && k < f->zone_count; k++) {
            if (k == i || !nsp_name_equal(&f->zone[k].apex, &z->parent))
                continue;
            z->above = k;
            f->zone[k].chained = true;
        }
    }
}

/* --- an expectation at an address --- */

/* Follows the CNAMEs from owner inside one reply. */
static bool met_behind_alias(const expectation_t *e, const nsp_msg_t *m)
{
    expectation_t at = *e;
    for (unsigned hop = 0; hop < FACTS_CHAIN_MAX; hop++) {
        bool moved = false;
        for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++)
            if (expectation_met(&at, m, nsp_msg_rr(m, NSP_ANSWER, i)))
                return true;
        for (uint16_t i = 0; i < m->found[NSP_ANSWER] && !moved; i++) {
            const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
            nsp_name_t target;
            moved = rr->type == NSP_TYPE_CNAME && nsp_rr_owner_is(m, rr, &at.owner) &&
                    nsp_rdata_name(m, rr, 0, &target);
            if (moved)
                at.owner = target;
        }
        if (!moved)
            return false;
    }
    return false;
}

static mark_t mark_of_records(const facts_t *f, const expectation_t *e, const answer_t *a)
{
    const nsp_msg_t *m = facts_message(f, a);
    bool match = false;
    if (e->type == NSP_TYPE_CNAME && a->cnames > 1)
        return MARK_WRONG; /* RFC 2181 10.1: whichever comes first */
    for (uint16_t i = 0; m != NULL && i < m->found[NSP_ANSWER] && !match; i++)
        match = expectation_met(e, m, nsp_msg_rr(m, NSP_ANSWER, i));
    const char *policy = match ? expected_policy(e) : NULL;
    if (policy != NULL && facts_policies(m, &e->owner, policy) > 1)
        return MARK_WRONG; /* there, and of no effect beside another */
    return match ? MARK_MATCH : MARK_WRONG;
}

static mark_t mark_of(const facts_t *f, const expectation_t *e, const nsp_name_t *zone,
                      const answer_t *a)
{
    switch (answer_reading(a, zone)) {
    case READ_FOUND:
        return mark_of_records(f, e, a);
    case READ_ALIAS: {
        const nsp_msg_t *m = facts_message(f, a);
        return m != NULL && met_behind_alias(e, m) ? MARK_MATCH : MARK_WRONG;
    }
    case READ_NODATA:
        return MARK_NODATA;
    case READ_NXDOMAIN:
        return MARK_NXDOMAIN;
    case READ_REFERRAL:
    case READ_LAME:
        return MARK_REFUSED;
    case READ_BROKEN:
        return MARK_BROKEN;
    case READ_SILENT:
        return MARK_SILENT;
    case READ_PENDING:
    case READ_NOT_SENT:
        break;
    }
    return MARK_UNASKED;
}

static void ask_cell(plan_t *p, expected_t *x, const zone_facts_t *z, const place_t *pl, cell_t *c)
{
    nsp_name_t cut;
    ask_t ask = {.server = pl->addr,
                 .transport = TRANSPORT_UDP,
                 .qname = &x->e->owner,
                 .qtype = x->e->type,
                 .after_silence = pl->takes_plain,
                 .waits_for = &c->waits_for[0]};
    if (c->udp_by == NULL || (mark_fails(c->udp) && pl->takes_plain)) {
        c->udp_by = plan_ask(p, &ask);
        c->udp = c->udp_by != NULL ? mark_of(p->f, x->e, &z->apex, c->udp_by) : MARK_UNASKED;
        if (c->udp_by != NULL && answer_cut(c->udp_by, &z->apex, &cut) && x->own_walk == FACTS_NONE)
            x->own_walk = plan_walk_to(p, &x->e->owner);
    }
    if (c->tcp_by == NULL) {
        ask.transport = TRANSPORT_TCP;
        ask.waits_for = &c->waits_for[1];
        c->tcp_by = plan_ask(p, &ask);
        c->tcp = c->tcp_by != NULL ? mark_of(p->f, x->e, &z->apex, c->tcp_by) : MARK_UNASKED;
    }
    if (c->dnssec == NULL && z->has_ds) {
        ask.transport = TRANSPORT_UDP;
        ask.dnssec = true;
        ask.waits_for = &c->waits_for[2];
        c->dnssec = plan_ask(p, &ask);
    }
}

/* Whether the names above the record exist at a place that has it. */
static void ask_between(plan_t *p, const expected_t *x, const zone_facts_t *z, const place_t *pl,
                        const cell_t *c)
{
    nsp_name_t name = x->e->owner;
    if (c->udp != MARK_MATCH || !pl->delegated)
        return;
    for (unsigned i = 0; i < FACTS_BETWEEN_MAX && facts_between(z, &name); i++)
        plan_ask_udp(p, &pl->addr, &name, NSP_TYPE_A);
}

static bool cells_room(facts_t *f, expected_t *x, size_t count)
{
    if (count <= x->cell_count)
        return true;
    cell_t *grown = realloc(x->cell, count * sizeof *grown);
    f->out_of_memory |= grown == NULL;
    if (grown == NULL)
        return false;
    memset(grown + x->cell_count, 0, (count - x->cell_count) * sizeof *grown);
    x->cell = grown;
    x->cell_count = count;
    return true;
}

/* The first place that fits is chosen, and stays. */
static void choose_places(expected_t *x, const zone_facts_t *z)
{
    for (size_t i = 0; i < x->cell_count; i++) {
        if (!z->place[i].delegated)
            continue;
        if (x->witness == FACTS_NONE && mark_denies(x->cell[i].udp))
            x->witness = i;
        if (x->holder == FACTS_NONE && x->cell[i].udp == MARK_MATCH)
            x->holder = i;
    }
}

/* No server of the domain's zone says where its names are: then they are looked for in that zone
 * itself, where every address is asked and shown. */
static size_t zone_of_domain(const facts_t *f, const expected_t *x)
{
    size_t zone = f->walk[0].zone;
    bool over = f->walk[0].done && (x->walk == FACTS_NONE || f->walk[x->walk].done);
    return over && zone != FACTS_NONE && nsp_name_is_subdomain(&x->e->owner, &f->zone[zone].apex) &&
                   (x->walk == FACTS_NONE || !f->walk[x->walk].nxdomain)
               ? zone
               : FACTS_NONE;
}

static void find_zone(plan_t *p, expected_t *x)
{
    facts_t *f = p->f;
    if (x->walk == FACTS_NONE)
        x->walk = plan_walk_for(p, &x->e->owner);
    /* what one server alone refers elsewhere, while others have the record, is that one's fault */
    size_t zone = plan_zone_of(p, x->walk, x->holder == FACTS_NONE ? x->own_walk : FACTS_NONE);
    if (zone == FACTS_NONE)
        zone = zone_of_domain(f, x);
    if (zone == x->zone || zone == FACTS_NONE)
        return;
    free(x->cell);
    x->cell = NULL;
    x->cell_count = 0;
    x->witness = x->holder = FACTS_NONE;
    x->zone = zone;
    f->zone[zone].holds = true;
}

/* True when nothing that may still come can change what is to be asked about it. */
static bool is_settled(const facts_t *f, const expected_t *x)
{
    return x->settled && x->cell_count == f->zone[x->zone].place_count;
}

static bool walk_over(const facts_t *f, size_t walk)
{
    return walk == FACTS_NONE || f->walk[walk].done;
}

static void ask_expected(plan_t *p, expected_t *x)
{
    facts_t *f = p->f;
    x->skipped = is_settled(f, x);
    if (x->skipped)
        return;
    size_t open = p->open;
    x->settled = false;
    find_zone(p, x);
    if (x->zone == FACTS_NONE || !cells_room(f, x, f->zone[x->zone].place_count))
        return;
    zone_facts_t *z = &f->zone[x->zone];
    for (size_t i = 0; i < x->cell_count; i++)
        if (z->place[i].in_use) {
            ask_cell(p, x, z, &z->place[i], &x->cell[i]);
            ask_between(p, x, z, &z->place[i], &x->cell[i]);
        }
    choose_places(x, z);
    if (x->witness != FACTS_NONE)
        z->seek_hidden = true;
    x->settled = p->open == open && walk_over(f, x->walk) && walk_over(f, x->own_walk);
}

/* --- where a record is not --- */

static const uint16_t other_types[] = {NSP_TYPE_CNAME, NSP_TYPE_TXT, NSP_TYPE_A, NSP_TYPE_AAAA,
                                       NSP_TYPE_MX};

/* A record at a wrong name counts only when the names beside it do not have the same: otherwise it
 * is a wildcard's. */
static void ask_mistakes(plan_t *p, expected_t *x, const zone_facts_t *z, const addr_t *at)
{
    if (x->mistakes_asked)
        return;
    mistake_name_t name[MISTAKE_NAMES_MAX];
    nsp_name_t beside;
    size_t n = mistake_names(&x->e->owner, &p->f->in->domain, &z->apex, name);
    x->mistakes_asked = true;
    for (size_t i = 0; i < n && i < MISTAKES_ASKED; i++) {
        const answer_t *a = plan_ask_udp(p, at, &name[i].name, x->e->type);
        x->mistakes_asked &= a != NULL;
        if (a != NULL && answer_reading(a, &z->apex) == READ_FOUND &&
            facts_sibling(p->f, &name[i].name, &beside))
            plan_ask_udp(p, at, &beside, x->e->type);
    }
}

/* Other types at the owner, and whether a name beside it has the same: then it is a wildcard. */
static void ask_types(plan_t *p, const expected_t *x, const zone_facts_t *z, const addr_t *at,
                      const nsp_name_t *sibling)
{
    for (size_t i = 0; i < sizeof other_types / sizeof other_types[0]; i++) {
        if (other_types[i] == x->e->type)
            continue;
        const answer_t *a = plan_ask_udp(p, at, &x->e->owner, other_types[i]);
        if (a != NULL && sibling != NULL && answer_reading(a, &z->apex) == READ_FOUND)
            plan_ask_udp(p, at, sibling, other_types[i]);
    }
}

static void ask_witness(plan_t *p, expected_t *x)
{
    const zone_facts_t *z = &p->f->zone[x->zone];
    const addr_t *at = &z->place[x->witness].addr;
    mark_t mark = x->cell[x->witness].udp;
    nsp_name_t name;
    const nsp_name_t *sibling = facts_sibling(p->f, &x->e->owner, &name) ? &name : NULL;
    const answer_t *beside = NULL;
    if (sibling != NULL)
        beside = plan_ask_udp(p, at, sibling, x->e->type);
    if (mark != MARK_NXDOMAIN)
        ask_types(p, x, z, at, sibling);
    /* A wrong CNAME was entered where it should be, unless it is a wildcard's; beside a wrong
     * record of another type the right one may be missing. */
    reading_t r = beside != NULL ? answer_reading(beside, &z->apex) : READ_PENDING;
    bool wildcard = r == READ_FOUND || r == READ_ALIAS;
    if (mark != MARK_WRONG || wildcard || x->e->type != NSP_TYPE_CNAME)
        ask_mistakes(p, x, z, at);
}

/* What stands beside the record: a CNAME allows nothing else (RFC 1034 3.6.2). */
static void ask_holder(plan_t *p, const expected_t *x)
{
    const zone_facts_t *z = &p->f->zone[x->zone];
    uint16_t type[FACTS_BESIDE_MAX];
    size_t n = facts_beside(x->e->type, type);
    for (size_t i = 0; i < n; i++)
        plan_ask_udp(p, &z->place[x->holder].addr, &x->e->owner, type[i]);
}

/* Where the CNAME leads to. A CNAME in place of another type may lead to the record all the same.
 */
static void begin_follow(plan_t *p, expected_t *x)
{
    nsp_name_t target;
    const expectation_t *e = x->e;
    if (x->follow != FACTS_NONE)
        return;
    if (e->type == NSP_TYPE_CNAME) {
        nsp_reader_t r = nsp_reader(e->rdata, e->rdlen);
        if (p->f->options->follow && x->holder != FACTS_NONE &&
            nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &target) == NSP_OK)
            x->follow = plan_lookup(p, &target, NSP_TYPE_TXT, 0);
        return;
    }
    for (size_t i = 0; i < x->cell_count && x->follow == FACTS_NONE; i++) {
        const answer_t *a = x->cell[i].udp_by;
        if (x->cell[i].udp == MARK_WRONG && a->count == 0 && a->cnames > 0) {
            target = a->cname;
            x->follow = plan_lookup(p, &target, e->type, 0);
        }
    }
}

/* --- servers that are not delegated --- */

static void add_host(plan_t *p, size_t zone, const lookup_t *l)
{
    const facts_t *f = p->f;
    const nsp_msg_t *m = l->reading == READ_FOUND ? facts_message(f, l->answer) : NULL;
    if (m == NULL)
        return;
    bool lab = f->zone[zone].place_count > 0 && addr_special(&f->zone[zone].place[0].addr) != NULL;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && i < 8; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != l->type || !nsp_rr_owner_is(m, rr, &l->name) ||
            rr->rdlength != (l->type == NSP_TYPE_A ? 4 : 16))
            continue;
        nsp_reader_t r = nsp_reader(m->wire, m->size);
        r.pos = rr->rdata;
        const uint8_t *octets = nsp_read_bytes(&r, rr->rdlength);
        addr_t a = {0};
        if (octets != NULL)
            a = addr_from_octets(octets, rr->rdlength, f->in->port);
        if (octets != NULL && (addr_special(&a) == NULL || lab))
            plan_place_add(p, zone, &a, &l->name, PLACE_MNAME);
    }
}

static bool is_server(const zone_facts_t *z, const nsp_name_t *name)
{
    for (size_t i = 0; i < z->place_count; i++)
        if ((z->place[i].from & ~PLACE_MNAME) != 0 && nsp_name_equal(&z->place[i].server, name))
            return true;
    return false;
}

static void look_up_mname(plan_t *p, size_t zone, const nsp_name_t *mname)
{
    static const uint16_t types[] = {NSP_TYPE_A, NSP_TYPE_AAAA};
    for (size_t k = 0; k < 2; k++) {
        if (!(k == 0 ? p->f->in->use_ipv4 : p->f->in->use_ipv6))
            continue;
        size_t l = plan_lookup(p, mname, types[k], 0);
        if (l != FACTS_NONE)
            add_host(p, zone, &p->f->lookup[l]);
    }
}

/* The server where the zone is edited, as its SOA names it. */
static void seek_hidden(plan_t *p, size_t zone)
{
    const facts_t *f = p->f;
    nsp_name_t seen[MNAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < f->zone[zone].place_count && count < MNAMES_MAX; i++) {
        const zone_facts_t *z = &f->zone[zone];
        const answer_t *soa = z->place[i].soa;
        bool known = false;
        if (soa == NULL || !soa->has_soa || soa->mname.len <= 1 || !z->place[i].delegated ||
            !nsp_name_equal(&soa->soa, &z->apex) || is_server(z, &soa->mname))
            continue;
        for (size_t k = 0; k < count; k++)
            known |= nsp_name_equal(&seen[k], &soa->mname);
        if (known)
            continue;
        seen[count++] = soa->mname;
        look_up_mname(p, zone, &seen[count - 1]);
    }
}

/* --- all of it --- */

static void ask_more(plan_t *p)
{
    facts_t *f = p->f;
    for (size_t i = 0; i < f->expected_count; i++) {
        expected_t *x = &f->expected[i];
        size_t open = p->open;
        if (!x->skipped && x->holder != FACTS_NONE)
            ask_holder(p, x);
        if (!x->skipped)
            begin_follow(p, x);
        x->settled = x->settled && p->open == open;
    }
    plan_lookups(p);
    for (size_t i = 0; i < f->expected_count; i++) {
        expected_t *x = &f->expected[i];
        size_t open = p->open;
        if (!x->skipped && x->witness != FACTS_NONE)
            ask_witness(p, x);
        x->settled = x->settled && p->open == open && f->zone[x->zone].quiet;
    }
    for (size_t i = 0; i < f->zone_count; i++)
        if (f->zone[i].seek_hidden)
            seek_hidden(p, i);
}

bool plan_look(facts_t *f, int64_t now, plan_wants_t *wants)
{
    plan_t p = {.f = f, .now = now, .wants = wants};
    bool ok = true;
    size_t before;
    if (wants != NULL) {
        wants->count = 0;
        wants->again_at = INT64_MAX;
    }
    if (answers_update(f->answers, &ok))
        f->version++;
    f->out_of_memory |= !ok;
    plan_walk_to(&p, &f->in->domain);
    do {
        before = f->walk_count + f->lookup_count + f->zone_count;
        plan_walks(&p);
        if (f->walk[0].zone == FACTS_NONE && !f->walk[0].done)
            break;
        for (size_t i = 0; i < f->expected_count; i++)
            ask_expected(&p, &f->expected[i]);
        mark_chain(f);
        for (size_t i = 0; i < f->zone_count; i++)
            ask_zone(&p, i);
        ask_more(&p);
    } while (f->walk_count + f->lookup_count + f->zone_count != before && !f->out_of_memory);
    return !f->out_of_memory;
}
