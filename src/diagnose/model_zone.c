/* Parents, servers and addresses of the zone under test. */
#include "diagnose/model_fold.h"

/* Addresses of the zone that are asked for the addresses of names in it. */
#define ASKERS_MAX 16
/* Servers of another zone that are asked for one name in it. */
#define ELSEWHERE_MAX 6

typedef struct zone_fold {
    fold_t *f;
    model_t *out;
    const walk_t *walk;
    nsp_name_t zone;
    addr_list_t addrs;  /* of the zone, in the order in which they were found */
    addr_list_t askers; /* whom to ask for names in the zone */
    bool waiting;       /* for one of the zone's addresses */
    uint32_t host[MODEL_SERVERS_MAX];
} zone_fold_t;

static model_server_t *server_get(zone_fold_t *z, const nsp_name_t *name)
{
    model_t *m = z->out;
    for (uint16_t i = 0; i < m->server_count; i++)
        if (nsp_name_equal(&m->server[i].name, name))
            return &m->server[i];
    if (m->server_count == MODEL_SERVERS_MAX) {
        m->dropped++;
        return NULL;
    }
    z->host[m->server_count] = host_get(z->f, name);
    model_server_t *s = &m->server[m->server_count++];
    memset(s, 0, sizeof *s);
    s->name = *name;
    s->in_zone = nsp_name_is_subdomain(name, &z->zone);
    return s;
}

static void server_add_addr(zone_fold_t *z, model_server_t *s, const addr_t *a, unsigned from)
{
    for (uint16_t i = 0; i < s->addr_count; i++) {
        if (addr_equal(&s->addr[i].addr, a)) {
            s->addr[i].from |= from;
            return;
        }
    }
    if (s->addr_count == MODEL_ADDRS_MAX || !addr_list_add(&z->addrs, a)) {
        z->out->dropped++;
        return;
    }
    s->addr[s->addr_count].addr = *a;
    s->addr[s->addr_count++].from = from;
}

/* --- parents --- */

/* NS names with owner zone; true when there was one. */
static void add_ns(zone_fold_t *z, const nsp_msg_t *m, nsp_section_t section, bool parent)
{
    for (uint16_t i = 0; i < m->found[section] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, section, i);
        nsp_name_t name;
        if (rr->type != NSP_TYPE_NS || rr->rclass != NSP_CLASS_IN ||
            !nsp_rr_owner_is(m, rr, &z->zone) || !nsp_rdata_name(m, rr, 0, &name))
            continue;
        model_server_t *s = server_get(z, &name);
        if (s != NULL && parent)
            s->in_parent = true;
        else if (s != NULL)
            s->in_child = true;
    }
}

static void add_glue(zone_fold_t *z, const nsp_msg_t *m, const nsp_name_t *bailiwick)
{
    for (uint16_t i = 0; i < m->found[NSP_ADDITIONAL] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ADDITIONAL, i);
        addr_t a;
        nsp_name_t owner;
        if (!fold_rr_addr(z->f, m, rr, &a))
            continue;
        nsp_rr_owner(m, rr, &owner);
        for (uint16_t k = 0; k < z->out->server_count; k++) {
            model_server_t *s = &z->out->server[k];
            if (s->in_parent && nsp_name_equal(&s->name, &owner) &&
                nsp_name_is_subdomain(&owner, bailiwick))
                server_add_addr(z, s, &a, FROM_GLUE);
        }
    }
}

static bool is_whole(const entry_t *e)
{
    return e->reply != NULL && e->reply->size >= NSP_HEADER_SIZE &&
           ((e->reply->bytes[2] & (NSP_FLAG_TC >> 8)) == 0 || e->x->transport == TRANSPORT_TCP);
}

/* What an address of the parent says of the zone's DS, or its own keys. No part of the walk:
 * nothing waits for it. *whole: there is an answer. */
static const exchange_t *ask_signed(zone_fold_t *z, const addr_t *addr, const nsp_name_t *name,
                                    uint16_t type, bool *whole)
{
    fold_t *f = z->f;
    const bool pending = f->pending;
    const exchange_t *best = NULL;
    bool cut = false;
    bool tcp = false;
    *whole = false;
    for (uint32_t i = fold_first(f, addr, name, type, false); i != FOLD_NONE;
         i = fold_next(f, i, false)) {
        const entry_t *e = &f->entry[i];
        tcp = tcp || e->x->transport == TRANSPORT_TCP;
        cut = cut || (e->reply != NULL && !is_whole(e));
        *whole = *whole || is_whole(e);
        if (best == NULL || is_whole(e))
            best = e->x;
    }
    if (f->wants != NULL && f->in->ds && fold_uses(f, addr) && (best == NULL || (cut && !tcp)))
        fold_want(f, addr, best == NULL ? TRANSPORT_UDP : TRANSPORT_TCP, name, type, false, true);
    f->pending = pending;
    return best;
}

/* The keys of the parent, at the first of its addresses that gives them; two are asked at most, one
 * after the other. */
static void add_parent_keys(zone_fold_t *z)
{
    model_t *m = z->out;
    const model_parent_t *next = NULL;
    unsigned asked = 0;
    bool whole = false;
    for (uint16_t i = 0; i < m->parent_count; i++) {
        const model_parent_t *p = &m->parent_addr[i];
        bool usable = p->ds != NULL && exchange_reply(p->ds) != NULL;
        if (fold_first(z->f, &p->addr, &m->parent, NSP_TYPE_DNSKEY, false) == FOLD_NONE) {
            next = next == NULL && usable ? p : next;
            continue;
        }
        const exchange_t *x = ask_signed(z, &p->addr, &m->parent, NSP_TYPE_DNSKEY, &whole);
        if (whole && m->parent_keys == NULL)
            m->parent_keys = x;
        asked += !whole && x->finished ? 1 : 2;
    }
    if (next != NULL && asked < 2)
        ask_signed(z, &next->addr, &m->parent, NSP_TYPE_DNSKEY, &whole);
}

static void add_parent(zone_fold_t *z, const addr_t *addr, const nsp_name_t *parent)
{
    fold_t *f = z->f;
    model_t *m = z->out;
    model_parent_t *p = &m->parent_addr[m->parent_count++];
    memset(p, 0, sizeof *p);
    p->addr = *addr;
    bool whole = false;
    asked_t a = fold_asked(f, addr, &z->zone, NSP_TYPE_NS, parent);
    p->asked = a.first;
    if (a.state != ASKED_USEFUL)
        return;
    const digest_t *d = &f->digest[f->entry[a.entry].digest];
    p->nxdomain = a.kind == REPLY_NXDOMAIN;
    p->answered_aa = a.kind == REPLY_ANSWER ||
                     (a.kind == REPLY_NODATA && d->has_soa && nsp_name_equal(&d->soa, &z->zone));
    p->referral = a.kind == REPLY_REFERRAL && nsp_name_equal(&d->ns, &z->zone);
    if ((p->referral || p->answered_aa) && z->zone.len > 1)
        p->ds = ask_signed(z, addr, &z->zone, NSP_TYPE_DS, &whole);
    if (p->referral) {
        const nsp_msg_t *msg = fold_message(f, a.entry);
        add_ns(z, msg, NSP_AUTHORITY, true);
        add_glue(z, msg, parent);
    }
}

static void add_parents(zone_fold_t *z)
{
    fold_t *f = z->f;
    uint32_t p = z->walk->parent;
    if (z->f->in->kind == START_UNDELEGATED && p == FOLD_NONE) {
        z->out->parent_known = z->zone.len > 1;
        nsp_name_strip(&z->zone, 1, &z->out->parent);
    }
    if (p == FOLD_NONE)
        return;
    const nsp_name_t parent = f->cut[p].zone;
    addr_list_t list;
    z->out->parent_known = true;
    z->out->parent = parent;
    cut_addresses_all(f, p, &list);
    for (size_t i = 0; i < list.count; i++)
        add_parent(z, &list.item[i], &parent);
    add_parent_keys(z);
}

/* The user's own list, or the root's servers. */
static void add_given(zone_fold_t *z)
{
    const model_input_t *in = z->f->in;
    bool root = z->zone.len <= 1;
    const nsp_name_t *given = model_given_zone(in);
    if ((given == NULL || !nsp_name_equal(given, &z->zone)) && !root)
        return;
    if (root && given != NULL && !nsp_name_equal(given, &z->zone))
        return;
    for (size_t i = 0; i < in->start_count; i++) {
        if (root && in->kind == START_RESOLVER)
            break;
        model_server_t *s = server_get(z, &in->start[i].name);
        if (s == NULL)
            continue;
        s->in_parent = true;
        bool glue = in->kind == START_UNDELEGATED && s->in_zone;
        if (in->start[i].has_addr)
            server_add_addr(z, s, &in->start[i].addr, FROM_USER | (glue ? FROM_GLUE : 0));
    }
}

/* --- the zone's own word --- */

/* The NS records that an address gives with authority. One that answers so is asked for the names
 * in the zone as well; a dead or lame one is not. */
static void add_child_ns(zone_fold_t *z, const addr_t *addr)
{
    asked_t a = fold_ask(z->f, addr, &z->zone, NSP_TYPE_NS, &z->zone);
    z->f->pending |= a.state == ASKED_WAITING;
    z->waiting |= a.state == ASKED_WAITING;
    if (a.state != ASKED_USEFUL || a.kind == REPLY_REFERRAL)
        return;
    if (a.kind == REPLY_ANSWER)
        add_ns(z, fold_message(z->f, a.entry), NSP_ANSWER, false);
    if (z->askers.count < ASKERS_MAX)
        addr_list_add(&z->askers, addr);
}

/* Without a referral, the parent's servers that serve the zone themselves lead to it. */
static void add_serving_parents(zone_fold_t *z)
{
    const model_t *m = z->out;
    for (uint16_t i = 0; !z->walk->referred && i < m->parent_count; i++)
        if (m->parent_addr[i].answered_aa)
            add_child_ns(z, &m->parent_addr[i].addr);
}

/* True when the zone itself holds the name: no deeper cut is known. */
static bool held_by_zone(const zone_fold_t *z, const model_server_t *s)
{
    uint32_t c = cut_above(z->f, &s->name);
    return s->in_zone && (c == FOLD_NONE || z->f->cut[c].zone.len <= z->zone.len);
}

static void host_learn(host_t *host, unsigned family, reply_kind_t kind)
{
    if (kind == REPLY_ANSWER)
        host->known[family] = TYPE_FOUND;
    else if (host->known[family] == TYPE_UNKNOWN)
        host->known[family] = kind == REPLY_NODATA     ? TYPE_NODATA
                              : kind == REPLY_NXDOMAIN ? TYPE_NXDOMAIN
                              : kind == REPLY_CNAME    ? TYPE_CNAME
                                                       : TYPE_UNKNOWN;
}

/* One asker's word on one type of a name in the zone. */
static void add_zone_addresses(zone_fold_t *z, uint16_t server, const addr_t *asker,
                               unsigned family)
{
    fold_t *f = z->f;
    model_server_t *s = &z->out->server[server];
    uint16_t type = family == FAMILY_A ? NSP_TYPE_A : NSP_TYPE_AAAA;
    asked_t a = fold_ask(f, asker, &s->name, type, &z->zone);
    if (a.silent && !a.tcp && f->wants != NULL) { /* it answered for the NS, so not dead */
        fold_want(f, asker, TRANSPORT_TCP, &s->name, type, false, true);
        a.state = ASKED_WAITING;
    }
    f->pending |= a.state == ASKED_WAITING;
    z->waiting |= a.state == ASKED_WAITING;
    if (a.state != ASKED_USEFUL)
        return;
    if (z->host[server] != FOLD_NONE)
        host_learn(&f->host[z->host[server]], family, a.kind);
    if (a.kind != REPLY_ANSWER)
        return;
    const nsp_msg_t *m = fold_message(f, a.entry);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        addr_t addr;
        if (rr->type == type && nsp_rr_owner_is(m, rr, &s->name) && fold_rr_addr(f, m, rr, &addr))
            server_add_addr(z, s, &addr, FROM_ZONE);
    }
}

static void ask_in_zone(zone_fold_t *z, uint16_t server)
{
    for (size_t i = 0; i < z->askers.count; i++)
        for (unsigned k = 0; k < FAMILIES; k++)
            add_zone_addresses(z, server, &z->askers.item[i], k);
}

/* --- servers --- */

/* Addresses that the host's own zone, the resolver or the user gave. */
static void add_host_addresses(zone_fold_t *z, uint16_t server)
{
    uint32_t h = z->host[server];
    model_server_t *s = &z->out->server[server];
    bool held = held_by_zone(z, s);
    if (h == FOLD_NONE)
        return;
    const host_t *host = &z->f->host[h];
    for (uint16_t i = 0; i < host->addr_count; i++) {
        unsigned from = host->addr[i].from & ~FROM_GLUE;
        if (held && (from & FROM_ELSEWHERE) != 0)
            from = (from & ~FROM_ELSEWHERE) | FROM_ZONE;
        if (from != 0)
            server_add_addr(z, s, &host->addr[i].addr, from);
    }
}

static progress_t resolve_server(zone_fold_t *z, uint16_t server)
{
    bool pending = false;
    bool loop = false;
    for (unsigned k = 0; k < FAMILIES; k++) {
        progress_t p = fold_resolve(z->f, z->host[server], k, 0);
        pending |= p == PROGRESS_PENDING;
        loop |= p == PROGRESS_LOOP;
    }
    return pending ? PROGRESS_PENDING : loop ? PROGRESS_LOOP : PROGRESS_FAILED;
}

/* A server's name in another zone: one address of each server of that zone is asked for it, so that
 * one that knows better, or worse, is heard. No part of the walk: nothing waits for it. */
static void ask_elsewhere(zone_fold_t *z, uint16_t server)
{
    fold_t *f = z->f;
    const bool pending = f->pending;
    const nsp_name_t name = z->out->server[server].name;
    uint32_t c = cut_above(f, &name);
    if (c == FOLD_NONE || f->wants == NULL || !f->in->names || f->in->kind == START_RESOLVER)
        return;
    const cut_t *cut = &f->cut[c];
    for (uint16_t i = 0; i < cut->ns_count && i < ELSEWHERE_MAX; i++) {
        const host_t *host = &f->host[cut->ns[i]];
        uint16_t k = 0;
        while (k < host->addr_count && !fold_uses(f, &host->addr[k].addr))
            k++;
        for (unsigned t = 0; k < host->addr_count && t < FAMILIES; t++)
            fold_ask(f, &host->addr[k].addr, &name, t == FAMILY_A ? NSP_TYPE_A : NSP_TYPE_AAAA,
                     &cut->zone);
    }
    f->pending = pending;
}

static void settle_server(zone_fold_t *z, uint16_t server)
{
    fold_t *f = z->f;
    model_server_t *s = &z->out->server[server];
    uint32_t h = z->host[server];
    s->state = s->addr_count > 0 ? HOST_FOUND : HOST_UNKNOWN;
    if (h == FOLD_NONE)
        return;
    bool held = held_by_zone(z, s);
    progress_t p = PROGRESS_FAILED;
    if (!held) {
        p = resolve_server(z, server);
        if (p != PROGRESS_PENDING && f->host[h].addr_count > 0)
            ask_elsewhere(z, server);
        add_host_addresses(z, server);
    } else if (z->addrs.count == 0 && z->askers.count == 0) {
        p = f->pending ? PROGRESS_PENDING : PROGRESS_LOOP; /* the zone has nothing but itself */
    } else if (z->waiting) {
        p = PROGRESS_PENDING;
    }
    host_state_t known = host_state(&f->host[h]);
    if (known != HOST_UNKNOWN)
        s->state = known;
    else if (s->addr_count > 0)
        s->state = HOST_FOUND;
    else if (p != PROGRESS_PENDING)
        s->state = p == PROGRESS_LOOP ? HOST_LOOP : HOST_FAILED;
}

/* Servers lead to addresses, addresses to servers, until there is nothing new. */
static void grow(zone_fold_t *z)
{
    size_t before;
    size_t addrs = 0;
    add_serving_parents(z);
    do {
        before = z->addrs.count + z->out->server_count;
        for (uint16_t i = 0; i < z->out->server_count; i++)
            add_host_addresses(z, i);
        for (; addrs < z->addrs.count; addrs++)
            if (fold_uses(z->f, &z->addrs.item[addrs]))
                add_child_ns(z, &z->addrs.item[addrs]);
        for (uint16_t i = 0; i < z->out->server_count; i++)
            if (held_by_zone(z, &z->out->server[i]))
                ask_in_zone(z, i);
    } while (z->addrs.count + z->out->server_count != before);
}

/* --- result --- */

static void sort_servers(zone_fold_t *z)
{
    model_t *m = z->out;
    for (uint16_t i = 1; i < m->server_count; i++) {
        for (uint16_t k = i; k > 0; k--) {
            if (nsp_name_compare(&m->server[k - 1].name, &m->server[k].name) <= 0)
                break;
            model_server_t s = m->server[k];
            m->server[k] = m->server[k - 1];
            m->server[k - 1] = s;
        }
    }
}

static void sort_addrs(model_server_t *s)
{
    for (uint16_t i = 1; i < s->addr_count; i++) {
        for (uint16_t k = i; k > 0; k--) {
            if (addr_compare(&s->addr[k - 1].addr, &s->addr[k].addr) <= 0)
                break;
            model_addr_t a = s->addr[k];
            s->addr[k] = s->addr[k - 1];
            s->addr[k - 1] = a;
        }
    }
}

static void place_address(model_t *m, uint16_t server, const model_addr_t *a)
{
    model_address_t *to = NULL;
    for (uint16_t i = 0; i < m->address_count && to == NULL; i++)
        if (addr_equal(&m->address[i].addr, &a->addr))
            to = &m->address[i];
    if (to == NULL) {
        if (m->address_count == MODEL_ADDRESSES_MAX)
            return; /* counted when the server got it */
        to = &m->address[m->address_count++];
        memset(to, 0, sizeof *to);
        to->addr = a->addr;
    }
    to->from |= a->from;
    if (to->server_count < sizeof to->server / sizeof to->server[0])
        to->server[to->server_count++] = server;
}

static void place_addresses(model_t *m)
{
    for (uint16_t i = 0; i < m->server_count; i++) {
        sort_addrs(&m->server[i]);
        for (uint16_t k = 0; k < m->server[i].addr_count; k++)
            place_address(m, i, &m->server[i].addr[k]);
    }
}

void fold_zone(fold_t *f, const walk_t *walk)
{
    zone_fold_t z = {.f = f, .out = f->out, .walk = walk, .zone = walk->zone};
    f->out->zone = walk->zone;
    f->out->zone_found = walk->found;
    add_parents(&z);
    if (!walk->found)
        return;
    add_given(&z);
    grow(&z);
    for (uint16_t i = 0; i < f->out->server_count; i++)
        settle_server(&z, i);
    grow(&z); /* settling can give addresses */
    sort_servers(&z);
    place_addresses(f->out);
}
