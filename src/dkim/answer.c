#include "dkim/answer.h"

#include <stdlib.h>

#define NONE UINT32_MAX
/* Records of a section that are looked at: more is nobody's honest reply. */
#define RRS_MAX 512

/* One question in the table. */
typedef struct node {
    answer_t answer;
    uint64_t hash;
    uint32_t next; /* with the same hash slot */
} node_t;

/* How far an exchange of the set was read. */
typedef enum state { STATE_NEW, STATE_LINKED, STATE_DONE } state_t;

struct answers {
    const exchange_set_t *set;
    uint64_t seed;
    uint32_t count;
    uint32_t cap;
    node_t **node; /* owned */
    uint32_t slots;
    uint32_t *slot;
    uint32_t state_cap;
    uint8_t *state;      /* state_t of each exchange */
    uint32_t *node_of;   /* of each exchange that is linked; NONE for those of no interest */
    uint32_t first_open; /* all before it are done */
    reply_t scratch;
};

answers_t *answers_new(const exchange_set_t *set)
{
    answers_t *t = malloc(sizeof *t);
    if (t == NULL)
        return NULL;
    memset(t, 0, offsetof(answers_t, scratch));
    t->set = set;
    /* only the order within hash chains hangs on it, and lookups do not */
    t->seed = (uint64_t)(uintptr_t)t ^ (uint64_t)set->began_wall;
    return t;
}

void answers_free(answers_t *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->count; i++)
        free(t->node[i]);
    free(t->node);
    free(t->slot);
    free(t->state);
    free(t->node_of);
    free(t);
}

const answer_t *answers_at(const answers_t *t, size_t i)
{
    return i < t->count ? &t->node[i]->answer : NULL;
}

/* --- the table --- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + UINT64_C(0x9e3779b97f4a7c15) + (h << 6) + (h >> 2);
    return h * UINT64_C(0xff51afd7ed558ccd);
}

static uint64_t question_hash(const answers_t *t, const addr_t *server, transport_t transport,
                              const nsp_name_t *qname, uint16_t qtype, unsigned how)
{
    uint64_t part[2];
    memcpy(part, server->octets, sizeof part);
    uint64_t h = mix(mix(nsp_name_hash(qname, t->seed), part[0]), part[1]);
    h = mix(h, (uint64_t)server->port << 32 | (uint64_t)qtype << 16 |
                   (uint64_t)server->family << 8 | (uint64_t)transport << 4 | how);
    return h ^ h >> 29;
}

/* Index of the question, or NONE. */
static uint32_t find(const answers_t *t, const addr_t *server, transport_t transport,
                     const nsp_name_t *qname, uint16_t qtype, unsigned how)
{
    if (t->slots == 0)
        return NONE;
    uint64_t hash = question_hash(t, server, transport, qname, qtype, how);
    for (uint32_t i = t->slot[hash & (t->slots - 1)]; i != NONE; i = t->node[i]->next) {
        const node_t *n = t->node[i];
        const answer_t *a = &n->answer;
        if (n->hash == hash && a->qtype == qtype && a->how == how && a->transport == transport &&
            addr_equal(&a->server, server) && nsp_name_equal(&a->qname, qname))
            return i;
    }
    return NONE;
}

static bool grow(answers_t *t)
{
    uint32_t cap = t->cap == 0 ? 64 : t->cap * 2;
    node_t **node = realloc(t->node, cap * sizeof(node_t *));
    if (node == NULL)
        return false;
    t->node = node;
    t->cap = cap;
    uint32_t *slot = realloc(t->slot, cap * sizeof *slot);
    if (slot == NULL)
        return false;
    t->slot = slot;
    t->slots = cap;
    for (uint32_t i = 0; i < cap; i++)
        slot[i] = NONE;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t *head = &slot[t->node[i]->hash & (cap - 1)];
        t->node[i]->next = *head;
        *head = i;
    }
    return true;
}

/* Index of the new question; NONE when memory is out. */
static uint32_t add(answers_t *t, const addr_t *server, transport_t transport,
                    const nsp_name_t *qname, uint16_t qtype, unsigned how)
{
    if (t->count == t->cap && !grow(t))
        return NONE;
    node_t *n = calloc(1, sizeof *n);
    if (n == NULL)
        return NONE;
    n->answer = (answer_t){.server = *server,
                           .transport = transport,
                           .how = how,
                           .qname = *qname,
                           .qtype = qtype,
                           .rtt = -1};
    nsp_name_lower(&n->answer.qname);
    n->hash = question_hash(t, server, transport, qname, qtype, how);
    uint32_t *head = &t->slot[n->hash & (t->slots - 1)];
    n->next = *head;
    *head = t->count;
    t->node[t->count] = n;
    return t->count++;
}

const answer_t *answers_find(const answers_t *t, const addr_t *server, transport_t transport,
                             const nsp_name_t *qname, uint16_t qtype, unsigned how)
{
    uint32_t i = find(t, server, transport, qname, qtype, how);
    return i != NONE ? &t->node[i]->answer : NULL;
}

/* --- reading a reply --- */

static uint16_t looked_at(const nsp_msg_t *m, nsp_section_t s)
{
    return m->found[s] < RRS_MAX ? m->found[s] : RRS_MAX;
}

static void read_soa(answer_t *a, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_name_t owner;
    uint64_t n[5];
    nsp_rr_owner(m, rr, &owner);
    if (a->has_soa || !nsp_name_is_subdomain(&a->qname, &owner) ||
        !nsp_rdata_name(m, rr, 0, &a->mname))
        return;
    for (unsigned i = 0; i < 5; i++)
        if (!nsp_rdata_number(m, rr, i + 2, &n[i]))
            return;
    a->has_soa = true;
    a->soa = owner;
    a->soa_ttl = rr->ttl;
    a->serial = (uint32_t)n[0];
    a->refresh = (uint32_t)n[1];
    a->retry = (uint32_t)n[2];
    a->expire = (uint32_t)n[3];
    a->minimum = (uint32_t)n[4];
}

static void read_cname(answer_t *a, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_name_t target;
    if (!nsp_rdata_name(m, rr, 0, &target))
        return;
    if (a->cnames == 0)
        a->cname = target;
    if (a->cnames == 0 || !nsp_name_equal(&target, &a->cname))
        a->cnames++;
}

static void read_dname(answer_t *a, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_name_t owner;
    nsp_rr_owner(m, rr, &owner);
    if (a->has_dname || nsp_name_equal(&owner, &a->qname) ||
        !nsp_name_is_subdomain(&a->qname, &owner))
        return;
    a->has_dname = true;
    a->dname = owner;
}

static void read_answer(answer_t *a, const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < looked_at(m, NSP_ANSWER); i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->rclass != NSP_CLASS_IN)
            continue;
        if (rr->type == NSP_TYPE_DNAME)
            read_dname(a, m, rr);
        if (!nsp_rr_owner_is(m, rr, &a->qname))
            continue;
        if (rr->type == a->qtype)
            a->count++;
        if (rr->type == NSP_TYPE_CNAME)
            read_cname(a, m, rr);
        else if (rr->type == NSP_TYPE_SOA && a->qtype == NSP_TYPE_SOA)
            read_soa(a, m, rr);
    }
}

static void read_authority(answer_t *a, const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < looked_at(m, NSP_AUTHORITY); i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        nsp_name_t owner;
        if (rr->rclass != NSP_CLASS_IN)
            continue;
        if (rr->type == NSP_TYPE_SOA)
            read_soa(a, m, rr);
        if (rr->type != NSP_TYPE_NS || a->has_ns)
            continue;
        nsp_rr_owner(m, rr, &owner);
        if (nsp_name_is_subdomain(&a->qname, &owner)) {
            a->has_ns = true;
            a->ns = owner;
        }
    }
}

static void read_reply(answers_t *t, answer_t *a)
{
    outcome_t o;
    outcome_of(a->x, &o, &t->scratch);
    a->decided = true;
    a->outcome = o.kind;
    a->rtt = o.rtt;
    if (o.kind != OUTCOME_ANSWERED)
        return;
    const nsp_msg_t *m = &t->scratch.msg;
    a->at = o.reply->at;
    a->rcode = nsp_msg_rcode(m);
    a->aa = nsp_msg_has(m, NSP_FLAG_AA);
    a->tc = nsp_msg_has(m, NSP_FLAG_TC);
    read_answer(a, m);
    read_authority(a, m);
}

bool answer_message(const answer_t *a, reply_t *scratch)
{
    const event_t *reply = a != NULL && a->x != NULL ? exchange_reply(a->x) : NULL;
    if (reply == NULL)
        return false;
    reply_index(scratch, reply->bytes, reply->size);
    return true;
}

/* --- from exchanges to answers --- */

/* How the question was asked. False for one that is of no interest here. */
static bool query_how(const event_t *query, unsigned *how)
{
    nsp_rr_t arena[8];
    nsp_msg_t m;
    nsp_edns_t e;
    *how = 0;
    if (nsp_msg_index(&m, query->bytes, query->size, arena, 8) != NSP_OK ||
        nsp_msg_opcode(&m) != 0 || nsp_msg_has(&m, NSP_FLAG_RD) || nsp_msg_has(&m, NSP_FLAG_QR))
        return false;
    if (!nsp_edns_read(&m, &e, NULL))
        return true;
    if (e.version != 0 || e.udp_size != PROBE_EDNS_SIZE)
        return false;
    *how = ASK_EDNS | ((e.flags & NSP_EDNS_DO) != 0 ? ASK_DO : 0);
    return true;
}

/* The question of an exchange whose query never left: one that waits for its exchange. */
static uint32_t waiting_for(const answers_t *t, const exchange_t *x)
{
    static const unsigned order[] = {ASK_EDNS, ASK_EDNS | ASK_DO, 0};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        uint32_t k = find(t, &x->server, x->transport, &x->qname, x->qtype, order[i]);
        if (k != NONE && t->node[k]->answer.x == NULL)
            return k;
    }
    return NONE;
}

/* Finds or makes the question of an exchange; NONE for one of no interest. False when memory is
 * out. */
static bool link_exchange(answers_t *t, const exchange_t *x, uint32_t *at)
{
    const event_t *query = exchange_query(x);
    unsigned how = 0;
    *at = NONE;
    if (x->qclass != NSP_CLASS_IN || (query != NULL && !query_how(query, &how)))
        return true;
    uint32_t k = query != NULL ? find(t, &x->server, x->transport, &x->qname, x->qtype, how)
                               : waiting_for(t, x);
    if (k == NONE && query == NULL)
        return true;
    if (k == NONE)
        k = add(t, &x->server, x->transport, &x->qname, x->qtype, how);
    if (k == NONE)
        return false;
    if (t->node[k]->answer.x != NULL)
        return true; /* asked twice by somebody: the first counts */
    t->node[k]->answer.x = x;
    *at = k;
    return true;
}

static bool make_room(answers_t *t)
{
    uint32_t cap = t->set->count;
    if (cap <= t->state_cap)
        return true;
    cap += cap / 2;
    uint8_t *state = realloc(t->state, cap);
    if (state == NULL)
        return false;
    t->state = state;
    uint32_t *node_of = realloc(t->node_of, cap * sizeof *node_of);
    if (node_of == NULL)
        return false;
    t->node_of = node_of;
    memset(state + t->state_cap, STATE_NEW, cap - t->state_cap);
    t->state_cap = cap;
    return true;
}

bool answers_update(answers_t *t, bool *ok)
{
    bool news = false;
    *ok = make_room(t);
    for (uint32_t i = t->first_open; i < t->set->count && *ok; i++) {
        const exchange_t *x = t->set->item[i];
        if (t->state[i] == STATE_NEW && (x->finished || exchange_query(x) != NULL)) {
            *ok = link_exchange(t, x, &t->node_of[i]);
            t->state[i] = STATE_LINKED;
        }
        if (t->state[i] == STATE_LINKED && x->finished) {
            if (t->node_of[i] != NONE)
                read_reply(t, &t->node[t->node_of[i]]->answer);
            t->state[i] = STATE_DONE;
            news = true;
        }
        if (i == t->first_open && t->state[i] == STATE_DONE)
            t->first_open++;
    }
    return news;
}

/* --- meaning --- */

static bool strictly_below(const nsp_name_t *name, const nsp_name_t *zone)
{
    return nsp_name_is_subdomain(name, zone) && !nsp_name_equal(name, zone);
}

/* A reply without the records that were asked for. */
static reading_t reading_without(const answer_t *a, const nsp_name_t *zone)
{
    bool soa = a->has_soa && nsp_name_is_subdomain(&a->soa, zone);
    if (a->has_ns && strictly_below(&a->ns, zone) && !(a->aa && soa))
        return READ_REFERRAL; /* RFC 1034 4.3.2 3b; some servers set AA in it */
    if (!a->aa || (a->has_soa && !soa) || (a->has_ns && !nsp_name_is_subdomain(&a->ns, zone)))
        return READ_LAME;
    return READ_NODATA; /* RFC 2308 2.2 */
}

reading_t answer_reading(const answer_t *a, const nsp_name_t *zone)
{
    if (!a->decided || a->outcome == OUTCOME_PENDING)
        return READ_PENDING;
    if (a->outcome == OUTCOME_NOT_SENT)
        return READ_NOT_SENT;
    if (a->outcome == OUTCOME_MALFORMED || a->outcome == OUTCOME_MISMATCHED)
        return READ_BROKEN;
    if (a->outcome != OUTCOME_ANSWERED)
        return READ_SILENT;
    if (a->tc)
        return READ_BROKEN;
    if (a->rcode != NSP_RCODE_NOERROR && a->rcode != NSP_RCODE_NXDOMAIN)
        return READ_LAME;
    if (a->count > 0 || a->cnames > 0) {
        if (!a->aa)
            return READ_LAME; /* somebody's cache */
        return a->count > 0 ? READ_FOUND : READ_ALIAS;
    }
    if (a->rcode == NSP_RCODE_NXDOMAIN)
        return a->aa && (!a->has_soa || nsp_name_is_subdomain(&a->soa, zone)) ? READ_NXDOMAIN
                                                                              : READ_LAME;
    return reading_without(a, zone);
}

bool answer_cut(const answer_t *a, const nsp_name_t *zone, nsp_name_t *cut)
{
    reading_t r = answer_reading(a, zone);
    if (r == READ_REFERRAL)
        *cut = a->ns;
    else if ((r == READ_NODATA || r == READ_NXDOMAIN) && a->has_soa &&
             strictly_below(&a->soa, zone))
        *cut = a->soa;
    else
        return false;
    return true;
}

/* --- sequences of questions --- */

/* RFC 6891 7: how servers that do not know EDNS answer it. */
static bool refuses_edns(const answer_t *a)
{
    return (a->how & ASK_EDNS) != 0 && a->outcome == OUTCOME_ANSWERED &&
           (a->rcode == NSP_RCODE_FORMERR || a->rcode == NSP_RCODE_NOTIMP ||
            a->rcode == NSP_RCODE_BADVERS);
}

static bool is_silent(const answer_t *a)
{
    return a->outcome == OUTCOME_SILENT || a->outcome == OUTCOME_ICMP;
}

const answer_t *answers_ask(answers_t *t, const ask_t *ask, const answer_t **wanted)
{
    transport_t transport = ask->transport;
    unsigned how = ask->plain ? 0 : ASK_EDNS | (ask->dnssec ? ASK_DO : 0);
    const answer_t *last = NULL;
    if (wanted != NULL)
        *wanted = NULL;
    if (ask->waits_for != NULL && *ask->waits_for != NULL && !(*ask->waits_for)->decided)
        return NULL;
    for (unsigned step = 0; step < 4; step++) {
        uint32_t k = find(t, &ask->server, transport, ask->qname, ask->qtype, how);
        if (k == NONE) {
            if (wanted == NULL)
                return last;
            k = add(t, &ask->server, transport, ask->qname, ask->qtype, how);
            *wanted = k != NONE ? &t->node[k]->answer : NULL;
        }
        const answer_t *a = k != NONE ? &t->node[k]->answer : NULL;
        if (a == NULL || !a->decided) {
            if (ask->waits_for != NULL)
                *ask->waits_for = a;
            return NULL;
        }
        /* silence without EDNS tells no more than silence with it */
        if (last == NULL || !is_silent(a))
            last = a;
        bool plain = (how & ASK_EDNS) != 0 && !ask->dnssec;
        if (a->outcome == OUTCOME_ANSWERED && a->tc && transport == TRANSPORT_UDP) {
            transport = TRANSPORT_TCP;
            last = NULL; /* says nothing but to ask again */
        } else if (plain && (refuses_edns(a) || (ask->after_silence && is_silent(a)))) {
            how = 0;
        } else {
            break;
        }
    }
    return last;
}
