#include "bulk/share.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/share_entry.h"
#include "diagnose/outcome.h"

#define SECOND INT64_C(1000000000)
/* Records of a reply that is kept; one with more is asked for each time. */
#define RECORDS_MAX 256
/* How long politeness may hold up the one question to an address that is silent. */
#define CANARY_PATIENCE SECOND
/* The same as silent_min for TCP, of which little is asked. */
#define TCP_MIN 2u

typedef enum key_kind {
    KEY_ANSWER,
    KEY_REFERRAL,
    KEY_SERVES, /* an address serves a zone */
    KEY_SILENT
} key_kind_t;

typedef struct share_key {
    size_t size;
    uint8_t octets[CACHE_KEY_MAX];
} share_key_t;

/* In front of the exchange that is kept for an address without answers. */
typedef struct silence {
    int64_t at;       /* the last exchange, nanoseconds since 1970 */
    uint64_t domain;  /* hash of the domain of the first */
    unsigned count;   /* exchanges */
    unsigned domains; /* 2: of several domains */
    bool opened;      /* TCP: connections are made, and then nothing comes */
} silence_t;

struct share {
    share_options_t o;
    cache_t *cache;
    pthread_mutex_t silence; /* around reading and writing a silence_t */
    uint64_t seed;
    _Atomic uint64_t known;
    _Atomic uint64_t asked;
};

share_options_t share_options_default(void)
{
    share_options_t o = {.octets = (size_t)64 << 20,
                         .longest = 3600 * SECOND,
                         .silent_time = 60 * SECOND,
                         .silent_min = 8};
    return o;
}

share_t *share_new(const share_options_t *o, uint64_t seed)
{
    share_t *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->o = *o;
    s->seed = seed;
    pthread_mutex_init(&s->silence, NULL);
    s->cache = cache_new(o->octets, seed);
    if (s->cache != NULL)
        return s;
    share_free(s);
    return NULL;
}

void share_free(share_t *s)
{
    if (s == NULL)
        return;
    cache_free(s->cache);
    pthread_mutex_destroy(&s->silence);
    free(s);
}

share_stats_t share_stats(share_t *s)
{
    cache_stats_t c = cache_stats(s->cache);
    share_stats_t sum = {.known = s->known,
                         .asked = s->asked,
                         .evictions = c.evictions,
                         .entries = c.entries,
                         .octets = c.octets};
    return sum;
}

void share_run_begin(share_run_t *r, share_t *s, const nsp_name_t *domain)
{
    r->share = s;
    r->domain = *domain;
    r->domain_hash = nsp_name_hash(domain, s->seed);
    r->shared = 0;
    r->canary_count = 0;
}

/* --- keys --- */

static void key_add(share_key_t *k, const void *octets, size_t n)
{
    if (n > sizeof k->octets - k->size)
        n = sizeof k->octets - k->size;
    memcpy(k->octets + k->size, octets, n);
    k->size += n;
}

static void key_begin(share_key_t *k, key_kind_t kind, const addr_t *a, transport_t transport)
{
    uint8_t head[] = {(uint8_t)kind, (uint8_t)transport, a->family, (uint8_t)(a->port >> 8),
                      (uint8_t)a->port};
    k->size = 0;
    key_add(k, head, sizeof head);
    key_add(k, a->octets, sizeof a->octets);
    key_add(k, &a->scope, sizeof a->scope);
}

static void key_add_zone(share_key_t *k, const nsp_name_t *zone)
{
    nsp_name_t lower = *zone;
    nsp_name_lower(&lower);
    key_add(k, lower.octets, lower.len);
}

/* A query without its ID. */
static void key_answer(share_key_t *k, const addr_t *a, transport_t transport, const uint8_t *wire,
                       size_t size)
{
    key_begin(k, KEY_ANSWER, a, transport);
    key_add(k, wire + 2, size - 2);
}

/* A query without its ID and question: flags, counts, OPT. */
static void key_referral(share_key_t *k, const addr_t *a, transport_t transport,
                         const uint8_t *wire, size_t size, const nsp_name_t *qname,
                         const nsp_name_t *zone)
{
    size_t behind = NSP_HEADER_SIZE + qname->len + 4u;
    key_begin(k, KEY_REFERRAL, a, transport);
    key_add(k, wire + 2, NSP_HEADER_SIZE - 2);
    if (behind < size)
        key_add(k, wire + behind, size - behind);
    key_add_zone(k, zone);
}

static bool strictly_below(const nsp_name_t *name, const nsp_name_t *zone)
{
    return nsp_name_is_subdomain(name, zone) && !nsp_name_equal(name, zone);
}

static uint64_t question_hash(const uint8_t *wire, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 2; i < size; i++)
        h = (h ^ wire[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* --- addresses that are silent --- */

/* The silence of an address, and the exchange behind it, both in *value, the caller's to free. */
static bool silence_get(share_t *s, const addr_t *a, transport_t transport, int64_t wall,
                        silence_t *out, uint8_t **value, size_t *size)
{
    share_key_t k;
    key_begin(&k, KEY_SILENT, a, transport);
    *value = cache_get(s->cache, k.octets, k.size, wall, size);
    if (*value == NULL)
        return false;
    memcpy(out, *value, sizeof *out);
    return true;
}

static void silence_put(share_t *s, const addr_t *a, transport_t transport, const silence_t *what,
                        const uint8_t *entry, size_t size)
{
    share_key_t k;
    uint8_t *value = malloc(sizeof *what + size);
    if (value == NULL)
        return;
    memcpy(value, what, sizeof *what);
    memcpy(value + sizeof *what, entry, size);
    key_begin(&k, KEY_SILENT, a, transport);
    (void)cache_put(s->cache, k.octets, k.size, value, sizeof *what + size, what->at,
                    what->at + s->o.silent_time);
    free(value);
}

/* Whether others found the address silent. */
static bool is_silent(const share_run_t *r, const silence_t *what, transport_t transport)
{
    unsigned min = transport == TRANSPORT_TCP ? TCP_MIN : r->share->o.silent_min;
    return what->count >= min && (what->domains > 1 || what->domain != r->domain_hash);
}

/* What an exchange without an answer adds. False when it is silent in another way than the address
 * was before. */
static bool silence_note(share_run_t *r, const exchange_t *x, int64_t wall, bool canary)
{
    share_t *s = r->share;
    silence_t what = {0};
    uint8_t *value = NULL;
    size_t size = 0;
    size_t mine_size = 0;
    bool opened = exchange_find(x, EVENT_TCP_OPEN) != NULL;
    uint8_t *mine = canary ? NULL : share_entry_write(x, wall, &mine_size);
    pthread_mutex_lock(&s->silence);
    bool known = silence_get(s, &x->server, x->transport, wall, &what, &value, &size);
    bool same = known && what.opened == opened;
    if (!same)
        what = (silence_t){.domain = r->domain_hash, .domains = 1, .opened = opened};
    what.at = wall;
    what.count++;
    if (what.domain != r->domain_hash)
        what.domains = 2;
    if (mine != NULL)
        silence_put(s, &x->server, x->transport, &what, mine, mine_size);
    else if (same)
        silence_put(s, &x->server, x->transport, &what, value + sizeof what, size - sizeof what);
    pthread_mutex_unlock(&s->silence);
    free(mine);
    free(value);
    return same;
}

static void silence_end(share_t *s, const exchange_t *x)
{
    share_key_t k;
    key_begin(&k, KEY_SILENT, &x->server, x->transport);
    pthread_mutex_lock(&s->silence);
    cache_drop(s->cache, k.octets, k.size);
    pthread_mutex_unlock(&s->silence);
}

static canary_t *canary_of(share_run_t *r, const addr_t *a, transport_t transport)
{
    for (size_t i = 0; i < r->canary_count; i++)
        if (r->canary[i].transport == transport && addr_equal(&r->canary[i].addr, a))
            return &r->canary[i];
    return NULL;
}

/* One question, one try. */
static loop_known_t ask_canary(share_run_t *r, const loop_question_t *q, int64_t wall,
                               const silence_t *what)
{
    uint64_t question = question_hash(q->wire, q->size);
    canary_t *c = canary_of(r, q->server, q->transport);
    if (c == NULL) {
        if (r->canary_count == SHARE_CANARIES_MAX)
            return LOOP_UNKNOWN;
        r->canary[r->canary_count++] = (canary_t){.addr = *q->server,
                                                  .transport = q->transport,
                                                  .state = CANARY_ASKED,
                                                  .question = question,
                                                  .since = wall};
        return LOOP_TRY_ONCE;
    }
    if (c->state == CANARY_ASKED && c->question != question)
        return LOOP_SOON;
    if (c->state == CANARY_ASKED && (wall - c->since < CANARY_PATIENCE || what->domains < 2))
        return LOOP_TRY_ONCE;
    if (c->state == CANARY_ANSWERED)
        return LOOP_UNKNOWN;
    c->state = CANARY_SILENT;
    return LOOP_KNOWN;
}

static loop_known_t recall_silence(share_run_t *r, const loop_question_t *q, exchange_set_t *set,
                                   int64_t at, int64_t wall, exchange_t **x)
{
    silence_t what;
    uint8_t *value = NULL;
    size_t size = 0;
    loop_known_t known = LOOP_UNKNOWN;
    const canary_t *c = canary_of(r, q->server, q->transport);
    bool silent = silence_get(r->share, q->server, q->transport, wall, &what, &value, &size) &&
                  is_silent(r, &what, q->transport);
    if (silent)
        known = ask_canary(r, q, wall, &what);
    else if (c != NULL && c->state == CANARY_ASKED &&
             c->question != question_hash(q->wire, q->size))
        known = LOOP_SOON; /* its time was over while it is asked */
    if (known == LOOP_KNOWN)
        *x = share_entry_read(value + sizeof what, size - sizeof what, q, NULL, 0, set, at);
    free(value);
    return known;
}

/* --- answers --- */

typedef struct answer {
    nsp_msg_t m;
    nsp_rr_t arena[RECORDS_MAX];
} answer_t;

/* How long the records of a reply may be used, nanoseconds; 0: not at all. */
static int64_t lifetime(const share_t *s, const nsp_msg_t *m)
{
    uint64_t least = UINT32_MAX;
    bool any = false;
    for (uint16_t i = 0; i < m->rr_count; i++) {
        const nsp_rr_t *rr = &m->rr[i];
        uint64_t minimum = 0;
        if (rr->type == NSP_TYPE_OPT)
            continue;
        any = true;
        least = rr->ttl < least ? rr->ttl : least;
        /* RFC 2308 5 */
        if (rr->type == NSP_TYPE_SOA && rr->section == NSP_AUTHORITY &&
            nsp_rdata_number(m, rr, 6, &minimum) && minimum < least)
            least = minimum;
    }
    uint64_t longest = (uint64_t)(s->o.longest / SECOND);
    least = least < longest ? least : longest;
    return any ? (int64_t)least * SECOND : 0;
}

/* Reads the answer of an exchange that went as it should: one query, one reply, whole. */
static bool read_answer(const exchange_t *x, answer_t *a)
{
    const event_t *reply = exchange_reply(x);
    unsigned usual = x->transport == TRANSPORT_TCP ? 3 : 2;
    if (reply == NULL || x->event_count > usual || exchange_attempts(x) != 1)
        return false;
    if (nsp_msg_index(&a->m, reply->bytes, reply->size, a->arena, RECORDS_MAX) != NSP_OK ||
        nsp_msg_validate(&a->m) != NSP_OK || nsp_msg_has(&a->m, NSP_FLAG_TC))
        return false;
    uint16_t rcode = nsp_msg_rcode(&a->m);
    return rcode == NSP_RCODE_NOERROR || rcode == NSP_RCODE_NXDOMAIN;
}

/* What is asked about the domain, or below it, belongs to its own run, save for addresses, which
 * others may want to know as those of name servers. */
static bool is_for_others(const share_run_t *r, const exchange_t *x)
{
    static const char prefix[] = PROBE_NXDOMAIN_PREFIX;
    if (!nsp_name_is_subdomain(&x->qname, &r->domain))
        return true;
    return (x->qtype == NSP_TYPE_A || x->qtype == NSP_TYPE_AAAA) &&
           (x->qname.octets[0] < sizeof prefix - 1 ||
            memcmp(x->qname.octets + 1, prefix, sizeof prefix - 1) != 0);
}

static bool serves(const share_t *s, const addr_t *a, const nsp_name_t *zone, int64_t wall)
{
    share_key_t k;
    size_t size = 0;
    for (size_t i = 0; zone->len == 1 && i < s->o.root_count; i++)
        if (s->o.root[i].has_addr && addr_equal(&s->o.root[i].addr, a))
            return true;
    key_begin(&k, KEY_SERVES, a, TRANSPORT_UDP);
    key_add_zone(&k, zone);
    uint8_t *value = cache_get(s->cache, k.octets, k.size, wall, &size);
    free(value);
    return value != NULL;
}

/* The zone that a reply refers to, when its server is known to serve one above. */
static bool referred_zone(const share_t *s, const exchange_t *x, const nsp_msg_t *m, int64_t wall,
                          nsp_name_t *zone)
{
    if (nsp_msg_rcode(m) != NSP_RCODE_NOERROR || nsp_msg_has(m, NSP_FLAG_AA) ||
        m->found[NSP_ANSWER] > 0)
        return false;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type != NSP_TYPE_NS || rr->rclass != NSP_CLASS_IN)
            continue;
        nsp_rr_owner(m, rr, zone);
        nsp_name_t above = *zone;
        while (above.len > 1) {
            nsp_name_strip(&above, 1, &above);
            if (serves(s, &x->server, &above, wall))
                return true;
        }
        return false;
    }
    return false;
}

/* The addresses in a referral serve the zone. */
static void keep_servers(share_t *s, const exchange_t *x, const nsp_msg_t *m,
                         const nsp_name_t *zone, int64_t wall, int64_t until)
{
    for (uint16_t i = 0; i < m->found[NSP_ADDITIONAL]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ADDITIONAL, i);
        share_key_t k;
        if ((rr->type != NSP_TYPE_A || rr->rdlength != 4) &&
            (rr->type != NSP_TYPE_AAAA || rr->rdlength != 16))
            continue;
        addr_t a = addr_from_octets(m->wire + rr->rdata, rr->rdlength, x->server.port);
        key_begin(&k, KEY_SERVES, &a, TRANSPORT_UDP);
        key_add_zone(&k, zone);
        (void)cache_put(s->cache, k.octets, k.size, "", 0, wall, until);
    }
}

static void keep_answer(share_run_t *r, const exchange_t *x, const answer_t *a, int64_t wall)
{
    const event_t *query = exchange_query(x);
    int64_t until = wall + lifetime(r->share, &a->m);
    share_key_t k;
    nsp_name_t zone;
    size_t size = 0;
    bool referral = referred_zone(r->share, x, &a->m, wall, &zone) &&
                    strictly_below(&x->qname, &zone) && !nsp_name_is_subdomain(&zone, &r->domain);
    if (until <= wall || query == NULL || query->size < NSP_HEADER_SIZE + x->qname.len + 4u ||
        (!referral && !is_for_others(r, x)))
        return;
    uint8_t *entry = share_entry_write(x, wall, &size);
    if (entry == NULL)
        return;
    if (referral) {
        key_referral(&k, &x->server, x->transport, query->bytes, query->size, &x->qname, &zone);
        keep_servers(r->share, x, &a->m, &zone, wall, until);
    } else {
        key_answer(&k, &x->server, x->transport, query->bytes, query->size);
    }
    (void)cache_put(r->share->cache, k.octets, k.size, entry, size, wall, until);
    free(entry);
}

static exchange_t *recall_answer(share_run_t *r, const loop_question_t *q, exchange_set_t *set,
                                 int64_t at, int64_t wall)
{
    share_key_t k;
    size_t size = 0;
    key_answer(&k, q->server, q->transport, q->wire, q->size);
    uint8_t *entry = cache_get(r->share->cache, k.octets, k.size, wall, &size);
    exchange_t *x = entry != NULL ? share_entry_read(entry, size, q, NULL, 0, set, at) : NULL;
    free(entry);
    return x;
}

/* The same referral with the question at hand. */
static exchange_t *make_referral(share_run_t *r, const uint8_t *entry, size_t size,
                                 const loop_question_t *q, exchange_set_t *set, int64_t at)
{
    nsp_name_t qname;
    uint16_t qtype = 0;
    uint16_t qclass = 0;
    size_t reply_size = 0;
    size_t written = 0;
    nsp_rr_t arena[RECORDS_MAX];
    nsp_msg_t m;
    const uint8_t *reply = share_entry_reply(entry, size, &reply_size);
    if (reply == NULL || !question_read(q->wire, q->size, &qname, &qtype, &qclass) ||
        nsp_msg_index(&m, reply, reply_size, arena, RECORDS_MAX) != NSP_OK ||
        nsp_msg_encode_for(&m, &qname, qtype, qclass, r->buf, sizeof r->buf, &written) != NSP_OK)
        return NULL;
    return share_entry_read(entry, size, q, r->buf, written, set, at);
}

static exchange_t *recall_referral(share_run_t *r, const loop_question_t *q,
                                   const nsp_name_t *qname, exchange_set_t *set, int64_t at,
                                   int64_t wall)
{
    nsp_name_t zone = *qname;
    exchange_t *x = NULL;
    while (zone.len > 1 && x == NULL) {
        share_key_t k;
        size_t size = 0;
        nsp_name_strip(&zone, 1, &zone);
        if (zone.len <= 1 || nsp_name_is_subdomain(&zone, &r->domain))
            continue;
        key_referral(&k, q->server, q->transport, q->wire, q->size, qname, &zone);
        uint8_t *entry = cache_get(r->share->cache, k.octets, k.size, wall, &size);
        if (entry != NULL)
            x = make_referral(r, entry, size, q, set, at);
        free(entry);
    }
    return x;
}

/* --- what the loop calls --- */

loop_known_t share_recall(void *user, const loop_question_t *q, exchange_set_t *set, int64_t at,
                          int64_t wall, exchange_t **x)
{
    share_run_t *r = user;
    nsp_name_t qname;
    uint16_t qtype = 0;
    uint16_t qclass = 0;
    *x = NULL;
    loop_known_t known = recall_silence(r, q, set, at, wall, x);
    if (known == LOOP_UNKNOWN && question_read(q->wire, q->size, &qname, &qtype, &qclass)) {
        if (!nsp_name_is_subdomain(&qname, &r->domain))
            *x = recall_answer(r, q, set, at, wall);
        if (*x == NULL)
            *x = recall_referral(r, q, &qname, set, at, wall);
        known = *x != NULL ? LOOP_KNOWN : LOOP_UNKNOWN;
    }
    if (known == LOOP_KNOWN && *x != NULL) {
        r->shared++;
        r->share->known++;
    }
    return known;
}

/* Nothing at all came, in the time of all tries. */
static bool went_unanswered(const exchange_t *x)
{
    bool timeout = false;
    for (uint32_t i = 0; i < x->event_count; i++) {
        event_kind_t k = x->event[i].kind;
        timeout |= k == EVENT_TIMEOUT || k == EVENT_TCP_NO_SYNACK;
        if (k != EVENT_SENT && k != EVENT_TIMEOUT && k != EVENT_TCP_NO_SYNACK &&
            k != EVENT_TCP_OPEN)
            return false;
    }
    return timeout;
}

void share_learn(void *user, const exchange_t *x, int64_t wall)
{
    share_run_t *r = user;
    const event_t *query = exchange_query(x);
    canary_t *c = canary_of(r, &x->server, x->transport);
    bool asked = c != NULL && c->state == CANARY_ASKED &&
                 (query == NULL || c->question == question_hash(query->bytes, query->size));
    bool silent = went_unanswered(x);
    bool same = silent && silence_note(r, x, wall, asked);
    answer_t a;
    r->share->asked++;
    if (asked)
        c->state = same ? CANARY_SILENT : CANARY_ANSWERED;
    if (!silent && query != NULL)
        silence_end(r->share, x);
    if (!silent && read_answer(x, &a))
        keep_answer(r, x, &a, wall);
}
