#include "diagnose/cause.h"

#include <stdlib.h>

#include "diagnose/copies.h"
#include "diagnose/follows.h"
#include "diagnose/host.h"
#include "diagnose/parents.h"

typedef struct follows {
    unsigned symptom[2]; /* first and last finding_id_t */
    unsigned cause[2];
    where_t where;
    const char *why;
} follows_t;

#define FINDING_FIRST 0
#define FINDING_LAST  (FINDING_COUNT - 1)

static const follows_t follows[] = {
#define FOLLOWS(symptom, symptom_last, cause, cause_last, where, why)                              \
    {{FINDING_##symptom, FINDING_##symptom_last},                                                  \
     {FINDING_##cause, FINDING_##cause_last},                                                      \
     where,                                                                                        \
     why},
#include "diagnose/follows.def"
#undef FOLLOWS
};

typedef struct likely {
    finding_id_t id;
    uint64_t must;
    uint64_t never;
    const char *cause;
    const char *sign;
} likely_t;

static const likely_t likely[] = {
#define LIKELY(id, must, never, cause, sign) {FINDING_##id, must, never, cause, sign},
#include "diagnose/likely.def"
#undef LIKELY
};

/* The findings under work: part of a list. */
typedef struct causes {
    diag_t *d;
    size_t count;
    finding_t *item;
    nsp_name_t primary; /* as the SOA says; the root when there is none */
} causes_t;

static const subject_t *subject_of(const diag_t *d, const finding_t *f)
{
    for (size_t i = 0; f->has_addr && i < d->subject_count; i++)
        if (addr_equal(&d->subject[i].a->addr, &f->addr))
            return &d->subject[i];
    return NULL;
}

static const model_server_t *server_of(const diag_t *d, const finding_t *f)
{
    for (uint16_t i = 0; f->has_server && i < d->m->server_count; i++)
        if (nsp_name_equal(&d->m->server[i].name, &f->server))
            return &d->m->server[i];
    return NULL;
}

/* True when the server is in the delegation, and the zone answered without it. */
static bool left_behind(const diag_t *d, const finding_t *f)
{
    const model_server_t *s = server_of(d, f);
    bool answered = false;
    for (uint16_t i = 0; i < d->m->server_count; i++)
        answered = answered || d->m->server[i].in_child;
    return answered && s != NULL && s->in_parent && !s->in_child;
}

/* True when the server is in the zone, and the parent delegates without it. */
static bool is_ahead(diag_t *d, const finding_t *f)
{
    const model_server_t *s = server_of(d, f);
    bool delegated = false;
    for (uint16_t i = 0; i < d->m->server_count; i++)
        delegated = delegated || d->m->server[i].in_parent;
    return delegated && s != NULL && s->in_child && !s->in_parent && copies_name(d, &s->name);
}

/* True when the symptom is about a server, or an address of one, that only some copies of the zone
 * have, those that the cause is about. */
static bool is_left_out(diag_t *d, const finding_t *f, const finding_t *cause)
{
    const subject_t *there = subject_of(d, cause);
    const subject_t *s = subject_of(d, f);
    const model_server_t *h = server_of(d, f);
    if (there == NULL)
        return false;
    if (h != NULL && copies_leave_server_out(d, h, there))
        return true;
    for (uint16_t i = 0; s != NULL && i < s->a->server_count; i++)
        if (!copies_leave_addr_out(d, &d->m->server[s->a->server[i]], &s->a->addr, there))
            return false;
    return s != NULL && s->a->server_count > 0;
}

/* True when the symptom is about an address that only the parent's server of the cause gives. */
static bool is_one_parents(diag_t *d, const finding_t *f, const finding_t *cause)
{
    const model_parent_t *p = parents_at(d, &cause->addr);
    const model_parent_t *ref = p != NULL ? parents_reference(d) : NULL;
    return f->has_server && ref != NULL && ref != p &&
           parents_glue_only_at(d, p, ref, &f->server, f->has_addr ? &f->addr : NULL);
}

static bool same_server(const finding_t *a, const finding_t *b)
{
    return a->has_server && b->has_server && nsp_name_equal(&a->server, &b->server);
}

/* True when the parent gives the server the symptom's address, and the zone does not. */
static bool is_glue_alone(diag_t *d, const finding_t *f)
{
    const model_server_t *h = server_of(d, f);
    for (uint16_t i = 0; h != NULL && f->has_addr && i < h->addr_count; i++)
        if (addr_equal(&h->addr[i].addr, &f->addr))
            return (h->addr[i].from & FROM_GLUE) != 0 && !copies_have_addr(d, h, &h->addr[i]);
    return false;
}

static bool lies(const causes_t *c, where_t where, const finding_t *f, const finding_t *cause)
{
    const subject_t *s = NULL;
    switch (where) {
    case AT_ADDRESS:
        return f->has_addr && cause->has_addr && addr_equal(&f->addr, &cause->addr);
    case AT_SERVER:
        return same_server(f, cause);
    case ALIKE:
        return f->has_addr == cause->has_addr &&
               (!f->has_addr || addr_equal(&f->addr, &cause->addr));
    case OF_PRIMARY:
        return cause->has_server && nsp_name_equal(&cause->server, &c->primary);
    case SAME_DS:
        return f->ds_algorithm != 0 && f->ds_algorithm == cause->ds_algorithm;
    case WITH_DO:
        s = subject_of(c->d, cause);
        return s != NULL && s == subject_of(c->d, f) && s->do_error;
    case WHOLE:
        return !f->has_addr && !f->has_server;
    case AHEAD:
        return is_ahead(c->d, f);
    case LEFT_BEHIND:
        return left_behind(c->d, f);
    case ONE_PARENT:
        return is_one_parents(c->d, f, cause);
    case OF_DATA:
        return f->has_addr && cause->has_addr && addr_equal(&f->addr, &cause->addr) &&
               cause->severity == SEVERITY_ERROR;
    case REFERRED_WELL:
        return parents_fits_zone(c->d);
    case DISPUTED:
        return same_server(f, cause) && f->has_addr &&
               host_disputed(c->d, &cause->server, &f->addr);
    case LEFT_OUT:
        return is_left_out(c->d, f, cause);
    case SPLIT:
        return copies_split(c->d);
    case BY_GLUE:
        return same_server(f, cause) && is_glue_alone(c->d, f);
    case BY_WILDCARD:
        return same_server(f, cause) && f->has_addr && host_by_wildcard(c->d, &f->addr);
    case ANYWHERE:
        break;
    }
    return true;
}

static const finding_t *by_number(const causes_t *c, uint32_t number)
{
    for (size_t i = 0; number != 0 && i < c->count; i++)
        if (c->item[i].number == number)
            return &c->item[i];
    return NULL;
}

/* True when cause is f, or follows from it by whatever way: a circle must not be closed. */
static bool comes_from(const causes_t *c, const finding_t *cause, const finding_t *f)
{
    while (cause != NULL && cause != f)
        cause = by_number(c, cause->because_of);
    return cause == f;
}

static bool within(finding_id_t id, const unsigned range[2])
{
    return (unsigned)id >= range[0] && (unsigned)id <= range[1];
}

static void follow(const causes_t *c, finding_t *f)
{
    for (size_t r = 0; r < sizeof follows / sizeof follows[0]; r++) {
        if (!within(f->id, follows[r].symptom))
            continue;
        for (size_t i = 0; i < c->count; i++) {
            const finding_t *cause = &c->item[i];
            /* what is only worth a remark explains no failure */
            if (!within(cause->id, follows[r].cause) || cause->severity < SEVERITY_NOTICE ||
                comes_from(c, cause, f) || !lies(c, follows[r].where, f, cause))
                continue;
            f->because_of = cause->number;
            f->because = follows[r].why;
            return;
        }
    }
}

static unsigned prefix_bits(const addr_t *a)
{
    return a->family == 4 ? 24 : 48;
}

/* The domain below which an operator names its servers: the name without its first label. False
 * when what is left is a top-level domain. */
static bool operator_of(const diag_t *d, const subject_t *s, nsp_name_t *out)
{
    const nsp_name_t *name = s->a->server_count > 0 ? &d->m->server[s->a->server[0]].name : NULL;
    if (name == NULL || name->len < 2)
        return false;
    size_t skip = (size_t)name->octets[0] + 1;
    if (skip >= name->len || (size_t)name->octets[skip] + 2u >= name->len - skip)
        return false;
    nsp_reader_t r = nsp_reader(name->octets + skip, (uint32_t)(name->len - skip));
    return nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, out) == NSP_OK;
}

typedef enum group { GROUP_SERVER, GROUP_OPERATOR, GROUP_PREFIX, GROUP_ZONE } group_t;

static bool in_group(const diag_t *d, group_t g, const subject_t *a, const subject_t *b)
{
    nsp_name_t one;
    nsp_name_t two;
    switch (g) {
    case GROUP_SERVER:
        return a->a->server_count > 0 && b->a->server_count > 0 &&
               a->a->server[0] == b->a->server[0];
    case GROUP_OPERATOR:
        return operator_of(d, a, &one) && operator_of(d, b, &two) && nsp_name_equal(&one, &two);
    case GROUP_PREFIX:
        return addr_same_prefix(&a->a->addr, &b->a->addr, prefix_bits(&a->a->addr));
    case GROUP_ZONE:
        break;
    }
    return true;
}

static bool subject_has(const causes_t *c, const subject_t *s, finding_id_t id)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->item[i].id == id && c->item[i].has_addr && addr_equal(&c->item[i].addr, &s->a->addr))
            return true;
    return false;
}

static bool tested(const subject_t *s)
{
    return s->udp > REACH_NOT_SENT || s->tcp > REACH_NOT_SENT;
}

/* True when all tested addresses of a group, and at least two, have the finding. */
static bool group_has(const causes_t *c, group_t g, const subject_t *s, finding_id_t id)
{
    unsigned n = 0;
    for (size_t i = 0; i < c->d->subject_count; i++) {
        const subject_t *o = &c->d->subject[i];
        if (!tested(o) || !in_group(c->d, g, s, o))
            continue;
        if (!subject_has(c, o, id))
            return false;
        n++;
    }
    return n > 1;
}

static bool answers(const subject_t *s)
{
    return s->udp >= REACH_MALFORMED || s->tcp >= REACH_MALFORMED;
}

static uint64_t signs_of_others(const diag_t *d, const subject_t *s)
{
    uint64_t signs = 0;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        bool same_family = o->a->addr.family == s->a->addr.family;
        if (o == s || !answers(o))
            continue;
        if (in_group(d, GROUP_PREFIX, s, o))
            signs |= SIGN_NEIGHBOUR;
        if (!same_family && in_group(d, GROUP_SERVER, s, o))
            signs |= SIGN_OTHER_FAMILY;
        if (same_family)
            signs |= SIGN_FAMILY_WORKS;
    }
    return signs;
}

static uint64_t signs_of_icmp(const event_t *e)
{
    if (e == NULL || e->kind != EVENT_ICMP)
        return 0;
    bool port = (e->peer.family == 6 && e->icmp_type == 1 && e->icmp_code == 4) ||
                (e->peer.family != 6 && e->icmp_type == 3 && e->icmp_code == 3);
    return port ? SIGN_ICMP_HOST : SIGN_ICMP_WAY;
}

/* What an ICMP error says of the way. */
static uint64_t signs_of_rejection(const event_t *e)
{
    /* by code of "destination unreachable" (RFC 792, RFC 1812 5.2.7.1; RFC 4443 3.1) */
    static const uint64_t v4[16] = {
        [0] = SIGN_ICMP_NET,     [1] = SIGN_ICMP_NEXT,   [6] = SIGN_ICMP_NET,
        [7] = SIGN_ICMP_NEXT,    [9] = SIGN_ICMP_FILTER, [10] = SIGN_ICMP_FILTER,
        [11] = SIGN_ICMP_NET,    [12] = SIGN_ICMP_NEXT,  [13] = SIGN_ICMP_FILTER,
        [14] = SIGN_ICMP_FILTER, [15] = SIGN_ICMP_FILTER};
    static const uint64_t v6[16] = {[0] = SIGN_ICMP_NET,
                                    [1] = SIGN_ICMP_FILTER,
                                    [3] = SIGN_ICMP_NEXT,
                                    [5] = SIGN_ICMP_FILTER,
                                    [6] = SIGN_ICMP_NET};
    bool six = e != NULL && e->peer.family == 6;
    if (e == NULL || e->kind != EVENT_ICMP || e->icmp_type != (six ? 1 : 3) || e->icmp_code > 15)
        return 0;
    return six ? v6[e->icmp_code] : v4[e->icmp_code];
}

/* True when a server of that family answered anything: the walk's, too. */
static bool family_answers(const diag_t *d, unsigned family)
{
    for (uint32_t i = 0; i < d->set->count; i++)
        if (d->set->item[i]->server.family == family && exchange_reply(d->set->item[i]) != NULL)
            return true;
    return false;
}

/* True when the way to a silent address of another network ends at the same router. */
static bool way_is_shared(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (o != s && way_last(&o->way) != NULL && way_ends_alike(&s->way, &o->way) &&
            !in_group(d, GROUP_PREFIX, s, o))
            return true;
    }
    return false;
}

static uint64_t signs_of_way(const diag_t *d, const subject_t *s)
{
    const way_t *w = &s->way;
    const addr_t *last = way_last(w);
    unsigned first = 0;
    if (w->asked == 0 || w->answered != 0)
        return 0;
    if (way_loop(w, &first) != 0)
        return SIGN_WAY_LOOP;
    if (w->stop != 0)
        return signs_of_rejection(way_stop(w));
    if (last == NULL)
        return family_answers(d, s->a->addr.family) ? 0 : SIGN_WAY_OUT;
    bool near = addr_same_prefix(last, &s->a->addr, prefix_bits(last));
    return SIGN_WAY_ENDS | (near ? SIGN_WAY_NEAR : 0) | (way_is_shared(d, s) ? SIGN_WAY_SHARED : 0);
}

/* What the sender of an ICMP error says. For TCP the kernel may not tell who that was: then the
 * kind is a guess of its errno. */
static uint64_t signs_of_reporter(const fact_t *f)
{
    if (addr_same_host(&f->o.reply->peer, &f->x->server))
        return 0;
    return way_is_exceeded(f->o.reply) ? SIGN_ICMP_TTL : signs_of_rejection(f->o.reply);
}

static uint64_t signs_of_exchanges(const diag_t *d, const subject_t *s)
{
    uint64_t signs = s->udp == REACH_SILENT     ? SIGN_UDP_SILENT
                     : s->udp >= REACH_ANSWERED ? SIGN_UDP_ANSWERS
                                                : 0;
    if (s->tcp == REACH_SILENT)
        signs |= SIGN_TCP_SILENT;
    if (s->tcp == REACH_REFUSED)
        signs |= SIGN_TCP_REFUSED;
    if (s->no_neighbour)
        signs |= SIGN_NOBODY_HERE;
    if (s->serves)
        signs |= SIGN_SERVES;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (exchange_find(f->x, EVENT_TCP_OPEN) != NULL)
            signs |= SIGN_TCP_OPENS;
        if (f->o.kind == OUTCOME_ICMP)
            signs |= signs_of_icmp(f->o.reply) | signs_of_reporter(f);
        if (fact_is_udp(f) && fact_answered(f) && f->o.reply->size <= PROBE_EDNS_SIZE)
            signs |= SIGN_SMALL_ANSWERS;
        if (fact_answered(f) && (f->flags & NSP_FLAG_RA) != 0)
            signs |= SIGN_RECURSION;
    }
    return signs;
}

static uint64_t signs_of_group(const causes_t *c, const subject_t *s, finding_id_t id)
{
    static const struct {
        group_t group;
        uint64_t sign;
    } groups[] = {{GROUP_SERVER, SIGN_SERVER_ALL},
                  {GROUP_OPERATOR, SIGN_OPERATOR_ALL},
                  {GROUP_PREFIX, SIGN_PREFIX_ALL},
                  {GROUP_ZONE, SIGN_ZONE_ALL}};
    uint64_t signs = 0;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (group_has(c, groups[i].group, s, id))
            signs |= groups[i].sign;
    return signs;
}

/* How it answers questions with DO: which error, and whether it is for all of them. */
static uint64_t signs_of_do(const subject_t *s)
{
    uint64_t signs = s->do_error ? SIGN_DO_ERROR : 0;
    if (!s->keys_error)
        return 0;
    return signs | (s->keys_rcode == NSP_RCODE_REFUSED    ? SIGN_KEYS_REFUSED
                    : s->keys_rcode == NSP_RCODE_SERVFAIL ? SIGN_KEYS_SERVFAIL
                                                          : SIGN_KEYS_UNKNOWN);
}

/* What the address has of the zone. */
static uint64_t signs_of_copy(const diag_t *d, const subject_t *s)
{
    bool newest = s->has_serial;
    for (size_t i = 0; i < d->subject_count; i++)
        newest =
            newest && !(d->subject[i].has_serial && serial_newer(d->subject[i].serial, s->serial));
    return (newest ? SIGN_NEWEST : 0) | (s->no_keys ? SIGN_NO_KEYS : 0) |
           (s->no_signatures ? SIGN_NO_SIGNATURES : 0) | (s->keys_ahead ? SIGN_KEYS_AHEAD : 0) |
           (s->ds_digest ? SIGN_DS_DIGEST : 0) | signs_of_do(s);
}

/* Signs of a finding about the whole zone: what all addresses that serve it have in common. */
static uint64_t signs_of_zone(const diag_t *d)
{
    uint64_t signs = 0;
    bool any = false;
    for (size_t i = 0; i < d->subject_count; i++) {
        if (!d->subject[i].serves)
            continue;
        uint64_t mine = signs_of_copy(d, &d->subject[i]);
        signs = any ? signs & mine : mine;
        any = true;
    }
    return signs | SIGN_ZONE_ALL;
}

static void find_likely(const causes_t *c, finding_t *f)
{
    const subject_t *s = subject_of(c->d, f);
    uint64_t signs = signs_of_zone(c->d);
    if (s != NULL)
        signs = signs_of_exchanges(c->d, s) | signs_of_way(c->d, s) | signs_of_others(c->d, s) |
                signs_of_group(c, s, f->id) | signs_of_copy(c->d, s) |
                (left_behind(c->d, f) ? SIGN_LEFT_BEHIND : 0) |
                (is_ahead(c->d, f) ? SIGN_AHEAD : 0);
    else if (f->has_addr || f->has_server)
        return;
    for (size_t i = 0; i < sizeof likely / sizeof likely[0]; i++) {
        const likely_t *l = &likely[i];
        if (l->id != f->id || (signs & l->must) != l->must || (signs & l->never) != 0 ||
            f->likely_count == FINDING_LIKELY_MAX)
            continue;
        f->likely[f->likely_count].cause = l->cause;
        f->likely[f->likely_count++].sign = l->sign;
    }
}

/* One finding at several addresses is told once: at the first of them, in the order of the list. A
 * server's own addresses belong together anyhow; those of an operator or a network when none of
 * them is without it. */
static void join_group(const causes_t *c, group_t g, const char *why)
{
    for (size_t i = 0; i < c->count; i++) {
        finding_t *f = &c->item[i];
        const subject_t *s = f->because_of == 0 ? subject_of(c->d, f) : NULL;
        if (s == NULL || (g != GROUP_SERVER && !group_has(c, g, s, f->id)))
            continue;
        for (size_t k = 0; k < i; k++) {
            const finding_t *o = &c->item[k];
            const subject_t *other =
                o->id == f->id && o->because_of == 0 ? subject_of(c->d, o) : NULL;
            if (other == NULL || o->severity < f->severity || !in_group(c->d, g, other, s))
                continue;
            f->because_of = o->number;
            f->because = why;
            break;
        }
    }
}

/* Names of servers that one zone should hold, which does not answer, have one cause: told at the
 * first of them. */
static void join_unresolvable(const causes_t *c)
{
    nsp_name_t zone[MODEL_SERVERS_MAX];
    const finding_t *at[MODEL_SERVERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < c->count && count < MODEL_SERVERS_MAX; i++) {
        finding_t *f = &c->item[i];
        if (f->id != FINDING_NS_UNRESOLVABLE || f->because_of != 0 ||
            !host_zone(c->d, &f->server, &zone[count]))
            continue;
        size_t k = 0;
        while (k < count &&
               (at[k]->severity < f->severity || !nsp_name_equal(&zone[k], &zone[count])))
            k++;
        if (k < count) {
            f->because_of = at[k]->number;
            f->because = "the same zone should hold this name";
        } else {
            at[count++] = f;
        }
    }
}

/* A cause weighs as much as the worst that follows from it. It is wide when it breaks all of the
 * zone: an error about no server in particular, one at all addresses, or what makes the zone go
 * down. */
static void weigh(const causes_t *c, finding_t *f)
{
    const subject_t *s = subject_of(c->d, f);
    f->wide = (!f->has_addr && !f->has_server && f->severity == SEVERITY_ERROR) ||
              (s != NULL && group_has(c, GROUP_ZONE, s, f->id));
    const finding_t *at = f;
    /* no longer than the list: there are no circles */
    while (at->because_of != 0) {
        finding_t *cause = NULL;
        for (size_t i = 0; i < c->count; i++)
            if (c->item[i].number == at->because_of)
                cause = &c->item[i];
        if (cause == NULL)
            return;
        if (cause->raised < f->severity)
            cause->raised = f->severity;
        cause->wide = cause->wide || f->id == FINDING_ZONE_DOWN;
        at = cause;
    }
}

/* The MNAME of the first SOA that is to be had (RFC 1035 3.3.13). */
static void find_primary(diag_t *d, nsp_name_t *out)
{
    nsp_name_root(out);
    for (size_t i = 0; i < d->subject_count && out->len == 1; i++)
        *out = *copy_primary(d, &d->subject[i]);
}

void causes_find(diag_t *d, size_t first)
{
    causes_t c = {.d = d, .count = d->list->count - first, .item = d->list->item + first};
    find_primary(d, &c.primary);
    finding_list_sort_part(d->list, first);
    for (size_t i = 0; i < c.count; i++)
        find_likely(&c, &c.item[i]);
    for (size_t i = 0; i < c.count; i++)
        follow(&c, &c.item[i]);
    join_unresolvable(&c);
    join_group(&c, GROUP_SERVER, "the same at another address of the server");
    join_group(&c, GROUP_OPERATOR, "the same at all servers of this operator");
    join_group(&c, GROUP_PREFIX, "the same at all addresses of this network");
    for (size_t i = 0; i < c.count; i++)
        weigh(&c, &c.item[i]);
    for (size_t i = 0; i < c.count; i++)
        finding_lift(&c.item[i]);
}
