/* What servers say about one name and type, compared; and questions asked again without EDNS. */
#include <stddef.h>
#include <stdlib.h>

#include "diagnose/facts.h"
#include "diagnose/traffic_fold.h"
#include "exchange/mix.h"

/* Clients that do not get their answer ask again by then, nanoseconds. */
#define AGAIN_WITHIN INT64_C(6000000000)

bool names_new(traffic_t *t)
{
    uint32_t slots = 64;
    if (t->o.names_max == 0)
        t->o.names_max = 1;
    while (slots < t->o.names_max && slots < UINT32_C(1) << 24)
        slots *= 2;
    t->name_mask = slots - 1;
    t->name = aligned_alloc(_Alignof(name_entry_t), t->o.names_max * sizeof *t->name);
    t->name_slot = malloc(slots * sizeof *t->name_slot);
    t->memo = calloc(MEMOS, sizeof *t->memo);
    if (t->name == NULL || t->name_slot == NULL || t->memo == NULL)
        return false;
    memset(t->name_slot, 0xff, slots * sizeof *t->name_slot);
    return true;
}

void names_free(traffic_t *t)
{
    free(t->name);
    free(t->name_slot);
    free(t->memo);
}

/* As traffic.c does for servers: the first that the hand finds untouched makes room. */
static uint32_t evict_name(traffic_t *t)
{
    while (t->name[t->name_hand].touched) {
        t->name[t->name_hand].touched = false;
        t->name_hand = (t->name_hand + 1) % t->o.names_max;
    }
    uint32_t i = t->name_hand;
    t->name_hand = (t->name_hand + 1) % t->o.names_max;
    uint32_t *at = &t->name_slot[t->name[i].hash & t->name_mask];
    while (*at != i)
        at = &t->name[*at].next;
    *at = t->name[i].next;
    t->names_dropped++;
    return i;
}

static bool is_name(const name_entry_t *n, const seen_t *k)
{
    nsp_name_t name;
    if (n->type != k->qtype || n->name.len != k->qname_octets)
        return false;
    if (memcmp(n->name.octets, k->qname, k->qname_octets) == 0)
        return true;
    traffic_qname(k, &name);
    return nsp_name_equal(&n->name, &name);
}

static uint64_t hash_of(const traffic_t *t, const seen_t *k)
{
    return mix_octets(k->qname, k->qname_octets, t->o.seed + k->qtype, true);
}

/* TRAFFIC_NONE when there is none. */
static uint32_t find_name(const traffic_t *t, const seen_t *k, uint64_t hash)
{
    uint32_t i = t->name_slot[hash & t->name_mask];
    while (i != TRAFFIC_NONE && (t->name[i].hash != hash || !is_name(&t->name[i], k)))
        i = t->name[i].next;
    return i;
}

/* The name's entry, a new one when there is none. */
static name_entry_t *name_of(traffic_t *t, const seen_t *k)
{
    uint64_t hash = k->compared ? k->name_hash : hash_of(t, k);
    uint32_t i = find_name(t, k, hash);
    if (i == TRAFFIC_NONE) {
        i = t->name_used < t->o.names_max ? t->name_used++ : evict_name(t);
        name_entry_t *n = &t->name[i];
        memset(n, 0, offsetof(name_entry_t, server)); /* servers when they come */
        n->hash = hash;
        traffic_qname(k, &n->name);
        nsp_name_lower(&n->name);
        n->type = k->qtype;
        n->next = t->name_slot[hash & t->name_mask];
        t->name_slot[hash & t->name_mask] = i;
    }
    t->name[i].touched = true;
    return &t->name[i];
}

/* The server's place in the name's entry; NULL when it has none. */
static name_server_t *find_place(name_entry_t *n, const entry_t *e)
{
    uint8_t tag = (uint8_t)e->hash;
    for (uint16_t i = 0; i < n->server_count; i++)
        if (n->tag[i] == tag && addr_equal(&n->server[i].addr, &e->addr))
            return &n->server[i];
    return NULL;
}

/* The same, a new one when there is none; NULL when others have taken all of them. */
static name_server_t *place_of(name_entry_t *n, const entry_t *e)
{
    name_server_t *s = find_place(n, e);
    if (s != NULL || n->server_count == NAME_SERVERS)
        return s;
    s = &n->server[n->server_count];
    memset(s, 0, sizeof *s);
    s->addr = e->addr;
    n->tag[n->server_count++] = (uint8_t)e->hash;
    return s;
}

/* Data of a zone as a whole, the same on all its servers. What balances load (A, AAAA, CNAME) may
 * differ between any two answers. */
static bool is_compared(uint16_t type)
{
    const uint64_t some = UINT64_C(1) << NSP_TYPE_SOA | UINT64_C(1) << NSP_TYPE_NS |
                          UINT64_C(1) << NSP_TYPE_MX | UINT64_C(1) << NSP_TYPE_TXT |
                          UINT64_C(1) << NSP_TYPE_DNSKEY | UINT64_C(1) << NSP_TYPE_DS |
                          UINT64_C(1) << NSP_TYPE_CDS;
    return type < 64 ? (some >> type & 1) != 0 : type == NSP_TYPE_CAA;
}

static bool serial_of(const nsp_msg_t *m, uint32_t *out)
{
    uint64_t serial = 0;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_SOA && nsp_rdata_number(m, rr, 2, &serial)) {
            *out = (uint32_t)serial;
            return true;
        }
    }
    return false;
}

/* An exchange for a name, as long as names have not taken half of the room. */
static uint32_t keep_for_name(traffic_t *t, seen_t *k)
{
    if (k->sampled != 0)
        return k->sampled;
    if (t->name_samples >= t->o.samples_max / 2 || t->memory > t->o.memory / 2)
        return 0;
    t->name_samples++;
    return traffic_keep(t, k);
}

/* Over all octets that the data of an answer section can hang on: pointers in it lead to itself or
 * to the question. Never 0. */
static uint64_t data_key(const traffic_t *t, const seen_t *k)
{
    const uint8_t *p = k->flow->reply.bytes + NSP_HEADER_SIZE;
    size_t n = k->reply.answer_end - NSP_HEADER_SIZE;
    return (mix_octets(p, n, t->o.seed, false) + k->reply.answers) | 1;
}

/* Reads what memo is to remember. */
static void read_section(traffic_t *t, seen_t *k, memo_t *memo)
{
    const nsp_msg_t *m = traffic_index(t, k);
    nsp_name_t name;
    uint16_t count = 0;
    uint32_t ttl = 0;
    memo->serial = 0;
    memo->digest = 0;
    memo->data = false;
    if (k->qtype == NSP_TYPE_SOA && !serial_of(m, &memo->serial))
        return;
    traffic_qname(k, &name);
    memo->digest = rrset_digest(t->octets, m, NSP_ANSWER, &name, k->qtype, &count, &ttl);
    memo->data = count > 0; /* none: an alias */
}

/* Authoritative data of a kind that is compared. */
static bool is_comparable(const seen_t *k)
{
    const seen_reply_t *r = &k->reply;
    return (r->flags & (NSP_FLAG_AA | NSP_FLAG_TC)) == NSP_FLAG_AA && r->answers > 0 && r->whole &&
           r->rcode == NSP_RCODE_NOERROR && k->plain && is_compared(k->qtype);
}

void names_prepare(const traffic_t *t, seen_t *k)
{
    if (!is_comparable(k))
        return;
    k->compared = true;
    k->name_hash = hash_of(t, k);
    uint32_t i = t->name_slot[k->name_hash & t->name_mask];
    if (i != TRAFFIC_NONE) {
        const name_entry_t *n = &t->name[i];
        __builtin_prefetch(n);
        __builtin_prefetch((const uint8_t *)n + 64);
        __builtin_prefetch(&n->server[0]);
    }
    k->data_key = data_key(t, k);
}

/* Serial, and digest of the rest. */
static bool read_data(traffic_t *t, seen_t *k, uint32_t *serial, uint64_t *digest)
{
    if (!k->compared)
        return false;
    memo_t *memo = &t->memo[(k->data_key >> 32) % MEMOS];
    if (memo->key != k->data_key) {
        memo->key = k->data_key;
        read_section(t, k, memo);
    }
    *serial = memo->serial;
    *digest = memo->digest;
    return memo->data;
}

/* When it was seen that the server says so. */
static void note_time(name_server_t *s, int64_t now)
{
    s->first = now < s->first ? now : s->first;
    s->last = now > s->last ? now : s->last;
}

static void note_data(traffic_t *t, seen_t *k, name_entry_t *n, name_server_t *s, uint32_t serial,
                      uint64_t digest)
{
    int64_t now = k->flow->ended;
    s->key = k->data_key;
    if (!s->has_data || s->digest != digest || s->serial != serial) {
        s->changing |= s->has_data;
        s->has_data = true;
        s->serial = serial;
        s->digest = digest;
        s->first = s->last = now;
        n->more[s - n->server].sample = keep_for_name(t, k);
    }
    note_time(s, now);
}

/* An answer that was cut has not told its size: it may be too large for the room, or for a limit of
 * the server's own (RFC 6891 6.2.4), or it is small and its rate is limited. */
static void note_cut(traffic_t *t, seen_t *k, name_entry_t *n, name_server_t *s)
{
    if (k->room > n->cut) {
        n->cut = k->room;
        n->sample = n->size == 0 ? keep_for_name(t, k) : n->sample;
    }
    name_more_t *m = s != NULL ? &n->more[s - n->server] : NULL;
    if (m != NULL && k->room > m->cut_room)
        m->cut_room = k->room;
}

/* How large the answer is. */
static void note_size(traffic_t *t, seen_t *k, name_entry_t *n, name_server_t *s)
{
    uint32_t size = k->flow->reply.original;
    if ((k->reply.flags & NSP_FLAG_TC) != 0) {
        note_cut(t, k, n, s);
        return;
    }
    if (size > n->size) {
        n->size = size;
        n->sample = size > ROOM_SAFE ? keep_for_name(t, k) : 0;
    }
    if (s != NULL && k->udp && k->room > s->room)
        s->room = k->room;
}

static void note_silence(traffic_t *t, seen_t *k, name_more_t *m)
{
    if (m->lost == 0 || k->room < m->lost_room)
        m->lost_room = k->room;
    if (m->lost <= UINT16_MAX - k->flow->attempts) {
        m->lost = (uint16_t)(m->lost + k->flow->attempts);
        m->lost_flows++;
    }
    if (m->lost_sample == 0)
        m->lost_sample = keep_for_name(t, k);
}

static bool is_answer(const seen_t *k)
{
    const flow_message_t *m = &k->flow->reply;
    const seen_reply_t *r = &k->reply;
    return r->there && (r->rcode == NSP_RCODE_NOERROR || r->rcode == NSP_RCODE_NXDOMAIN) &&
           (r->complete || (m->size < m->original && m->size >= NSP_HEADER_SIZE));
}

static bool answers_udp(const entry_t *e)
{
    return (e->answered[KIND_CUT] | e->answered[KIND_PLAIN] | e->answered[KIND_EDNS] |
            e->answered[KIND_BIG]) != 0;
}

/* The server's answer is, octet for octet, the one that it gave before: nothing is to be read or
 * compared. */
static bool is_as_before(traffic_t *t, seen_t *k)
{
    uint32_t i = find_name(t, k, k->name_hash);
    name_entry_t *n = i != TRAFFIC_NONE ? &t->name[i] : NULL;
    name_server_t *s = n != NULL ? find_place(n, k->e) : NULL;
    if (s == NULL || !s->has_data || s->key != k->data_key)
        return false;
    n->touched = true;
    note_size(t, k, n, s);
    note_time(s, k->flow->ended);
    return true;
}

/* A small answer says that the name's is not large, if that was thought of: where some came cut. */
static void note_small(traffic_t *t, seen_t *k)
{
    uint32_t bit = k->type < TRAFFIC_TYPES_MAX ? UINT32_C(1) << k->type : 0;
    if ((k->e->types_cut & bit) == 0)
        return;
    uint32_t i = find_name(t, k, hash_of(t, k));
    if (i != TRAFFIC_NONE)
        note_size(t, k, &t->name[i], find_place(&t->name[i], k->e));
}

/* Names are remembered for three reasons: data that are compared, answers that are large, and
 * silence of a server that answers others. */
void names_feed(traffic_t *t, seen_t *k)
{
    uint32_t serial = 0;
    uint64_t digest = 0;
    if (!k->plain || (k->compared && is_as_before(t, k)))
        return;
    bool data = read_data(t, k, &serial, &digest);
    bool answer = is_answer(k);
    bool large = answer && (k->flow->reply.original > (k->udp ? ROOM_SAFE : 512) ||
                            (k->reply.flags & NSP_FLAG_TC) != 0);
    bool silence = k->silent && k->udp && k->room > 512 && answers_udp(k->e);
    if (!data && !large && !silence) {
        if (answer)
            note_small(t, k);
        return;
    }
    name_entry_t *n = name_of(t, k);
    name_server_t *s = place_of(n, k->e);
    if (answer)
        note_size(t, k, n, s);
    if (s != NULL && data)
        note_data(t, k, n, s, serial, digest);
    if (s != NULL && silence)
        note_silence(t, k, &n->more[s - n->server]);
}

/* --- EDNS, and then without --- */

/* Client, server and question, the client's port left out: it changes. */
static uint64_t question_key(const traffic_t *t, const seen_t *k)
{
    uint64_t seed = t->o.seed;
    uint64_t h = mix_octets(k->qname, k->qname_octets, seed ^ k->qtype, true);
    h = mix_pair(h ^ mix_addr(&k->flow->client, false, seed), UINT64_C(0xff51afd7ed558ccd) ^ seed);
    return mix_pair(h ^ mix_addr(&k->flow->server, false, ~seed),
                    UINT64_C(0x9e3779b97f4a7c15) ^ seed);
}

bool names_failed_edns(traffic_t *t, const seen_t *k)
{
    int64_t at = 0;
    if (!k->has_name)
        return false;
    uint64_t key = question_key(t, k);
    recent_put(&t->failed, key, k->flow->began);
    return recent_get(&t->plain, key, &at) && at > k->flow->began;
}

bool names_is_fallback(traffic_t *t, const seen_t *k)
{
    int64_t at = 0;
    if (!k->has_name)
        return false;
    uint64_t key = question_key(t, k);
    recent_put(&t->plain, key, k->flow->began);
    return recent_get(&t->failed, key, &at);
}

bool names_is_unheeded(traffic_t *t, const seen_t *k)
{
    int64_t at = 0;
    if (!k->has_name)
        return false;
    /* with the same ID, as dig and the C library ask again: other programs may ask the same */
    uint64_t id = (uint64_t)(k->flow->query.bytes[0] << 8 | k->flow->query.bytes[1]);
    uint64_t key = mix_pair(question_key(t, k) ^ id, UINT64_C(0xff51afd7ed558ccd));
    bool again = recent_get(&t->whole, key, &at) && k->flow->began >= at &&
                 k->flow->began - at <= AGAIN_WITHIN;
    recent_put(&t->whole, key, k->flow->ended);
    return again;
}
