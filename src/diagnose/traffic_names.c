/* What servers say about one name and type, compared; and questions asked again without EDNS. */
#include <stddef.h>
#include <stdlib.h>

#include "diagnose/facts.h"
#include "diagnose/traffic_fold.h"

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
    t->name = calloc(t->o.names_max, sizeof *t->name);
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

static name_entry_t *name_of(traffic_t *t, const seen_t *k)
{
    uint64_t hash = nsp_name_hash(&k->qname, t->o.seed + k->qtype);
    uint32_t *head = &t->name_slot[hash & t->name_mask];
    uint32_t i = *head;
    while (i != TRAFFIC_NONE && (t->name[i].hash != hash || t->name[i].type != k->qtype ||
                                 !nsp_name_equal(&t->name[i].name, &k->qname)))
        i = t->name[i].next;
    if (i == TRAFFIC_NONE) {
        i = t->name_used < t->o.names_max ? t->name_used++ : evict_name(t);
        name_entry_t *n = &t->name[i];
        memset(n, 0, offsetof(name_entry_t, server)); /* servers when they come */
        n->hash = hash;
        n->name = k->qname;
        nsp_name_lower(&n->name);
        n->type = k->qtype;
        n->next = *head;
        *head = i;
    }
    t->name[i].touched = true;
    return &t->name[i];
}

/* The server's place in the name's entry; NULL when others have taken all of them. */
static name_server_t *place_of(name_entry_t *n, const addr_t *server)
{
    for (uint16_t i = 0; i < n->server_count; i++)
        if (addr_equal(&n->server[i].addr, server))
            return &n->server[i];
    if (n->server_count == NAME_SERVERS)
        return NULL;
    name_server_t *s = &n->server[n->server_count++];
    memset(s, 0, sizeof *s);
    s->addr = *server;
    return s;
}

/* Data of a zone as a whole, the same on all its servers. What balances load (A, AAAA, CNAME) may
 * differ between any two answers. */
static bool is_compared(uint16_t type)
{
    return type == NSP_TYPE_SOA || type == NSP_TYPE_NS || type == NSP_TYPE_MX ||
           type == NSP_TYPE_TXT || type == NSP_TYPE_DNSKEY || type == NSP_TYPE_DS ||
           type == NSP_TYPE_CDS || type == NSP_TYPE_CAA;
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
static uint64_t memo_key(const nsp_msg_t *m)
{
    __extension__ typedef unsigned __int128 wide_t;
    const uint8_t *p = m->wire + NSP_HEADER_SIZE;
    uint16_t next = (uint16_t)(m->first[NSP_ANSWER] + m->found[NSP_ANSWER]);
    uint32_t end = next < m->rr_count ? m->rr[next].owner : m->stopped;
    uint32_t n = end - NSP_HEADER_SIZE;
    uint64_t h = (uint64_t)n << 16 | m->found[NSP_ANSWER];
    while (n > 0) {
        uint64_t v = 0;
        uint32_t step = n < 8 ? n : 8;
        memcpy(&v, p, step);
        wide_t product =
            (wide_t)(h ^ UINT64_C(0x9e3779b97f4a7c15)) * (wide_t)(v ^ UINT64_C(0xe7037ed1a0b428db));
        h = ((uint64_t)product ^ (uint64_t)(product >> 64)) + v;
        p += step;
        n -= step;
    }
    return h | 1;
}

/* Reads what memo is to remember. */
static void read_section(traffic_t *t, const seen_t *k, memo_t *memo)
{
    uint16_t count = 0;
    uint32_t ttl = 0;
    memo->serial = 0;
    memo->digest = 0;
    memo->data = false;
    if (k->qtype == NSP_TYPE_SOA && !serial_of(k->m, &memo->serial))
        return;
    memo->digest = rrset_digest(t->octets, k->m, NSP_ANSWER, &k->qname, k->qtype, &count, &ttl);
    memo->data = count > 0; /* none: an alias */
}

/* Authoritative data of a kind that is compared: serial, and digest of the rest. */
static bool read_data(traffic_t *t, const seen_t *k, uint32_t *serial, uint64_t *digest)
{
    const nsp_msg_t *m = k->m;
    if (m == NULL || !k->whole || !is_compared(k->qtype) || k->rcode != NSP_RCODE_NOERROR ||
        m->found[NSP_ANSWER] == 0 || !nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_TC))
        return false;
    uint64_t key = memo_key(m);
    memo_t *memo = &t->memo[(key >> 32) % MEMOS];
    if (memo->key != key) {
        memo->key = key;
        read_section(t, k, memo);
    }
    *serial = memo->serial;
    *digest = memo->digest;
    return memo->data;
}

static void note_data(traffic_t *t, seen_t *k, name_server_t *s, uint32_t serial, uint64_t digest)
{
    int64_t now = k->flow->ended;
    if (!s->has_data || s->digest != digest || s->serial != serial) {
        s->changing |= s->has_data;
        s->has_data = true;
        s->serial = serial;
        s->digest = digest;
        s->first = s->last = now;
        s->sample = keep_for_name(t, k);
    }
    s->first = now < s->first ? now : s->first;
    s->last = now > s->last ? now : s->last;
}

/* How large the answer is; of one that was cut, more than there was room for. */
static void note_size(traffic_t *t, seen_t *k, name_entry_t *n, name_server_t *s)
{
    bool tc = nsp_msg_has(k->m, NSP_FLAG_TC);
    uint32_t size = tc ? k->room + 1u : k->flow->reply.original;
    if (size > n->size) {
        n->size = size;
        n->sample = size > ROOM_SAFE || tc ? keep_for_name(t, k) : 0;
    }
    if (s != NULL && k->udp && !tc && k->room > s->room)
        s->room = k->room;
}

static void note_silence(traffic_t *t, seen_t *k, name_server_t *s)
{
    if (s->lost == 0 || k->room < s->lost_room)
        s->lost_room = k->room;
    if (s->lost <= UINT16_MAX - k->flow->attempts) {
        s->lost = (uint16_t)(s->lost + k->flow->attempts);
        s->lost_flows++;
    }
    if (s->lost_sample == 0)
        s->lost_sample = keep_for_name(t, k);
}

static bool is_answer(const seen_t *k)
{
    const flow_message_t *r = &k->flow->reply;
    return k->m != NULL &&
           (k->m->complete || (r->size < r->original && r->size >= NSP_HEADER_SIZE)) &&
           (k->rcode == NSP_RCODE_NOERROR || k->rcode == NSP_RCODE_NXDOMAIN);
}

/* Names are remembered for three reasons: data that are compared, answers that are large, and
 * silence of a server that answers others. */
void names_feed(traffic_t *t, seen_t *k)
{
    uint32_t serial = 0;
    uint64_t digest = 0;
    if (!k->plain)
        return;
    bool data = read_data(t, k, &serial, &digest);
    bool answer = is_answer(k);
    bool large = answer && (k->flow->reply.original > (k->udp ? ROOM_SAFE : 512) ||
                            nsp_msg_has(k->m, NSP_FLAG_TC));
    bool silence = k->silent && k->udp && k->room > 512 && k->e->s.n.udp_answered > 0;
    if (!data && !large && !silence)
        return;
    name_entry_t *n = name_of(t, k);
    name_server_t *s = place_of(n, &k->flow->server);
    if (answer)
        note_size(t, k, n, s);
    if (s != NULL && data)
        note_data(t, k, s, serial, digest);
    if (s != NULL && silence)
        note_silence(t, k, s);
}

/* --- EDNS, and then without --- */

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 29) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ h >> 32;
}

/* Never 0. Client, server and question, the client's port left out: it changes. */
static uint64_t fallback_key(const seen_t *k)
{
    uint64_t h = nsp_name_hash(&k->qname, k->qtype);
    uint64_t part[2];
    memcpy(part, k->flow->client.octets, sizeof part);
    h = (h ^ part[0]) * UINT64_C(0xff51afd7ed558ccd) + part[1];
    memcpy(part, k->flow->server.octets, sizeof part);
    h = (h ^ h >> 31 ^ part[0]) * UINT64_C(0xff51afd7ed558ccd) + part[1];
    return mix(h) | 1;
}

bool names_failed_edns(traffic_t *t, const seen_t *k)
{
    if (!k->has_name)
        return false;
    uint64_t key = fallback_key(k);
    const plain_t *p = &t->plain[(key >> 32) % FALLBACKS];
    t->fallback[(key >> 32) % FALLBACKS] = key;
    return p->key == key && p->at > k->flow->began;
}

bool names_is_fallback(traffic_t *t, const seen_t *k)
{
    if (!k->has_name)
        return false;
    uint64_t key = fallback_key(k);
    t->plain[(key >> 32) % FALLBACKS] = (plain_t){key, k->flow->began};
    return t->fallback[(key >> 32) % FALLBACKS] == key;
}

bool names_is_unheard(traffic_t *t, const seen_t *k)
{
    if (!k->has_name)
        return false;
    /* with the same ID, as dig and the C library ask again: other programs may ask the same */
    uint64_t id = (uint64_t)(k->flow->query.bytes[0] << 8 | k->flow->query.bytes[1]);
    uint64_t key = mix(fallback_key(k) ^ id) | 1;
    plain_t *p = &t->whole[(key >> 32) % FALLBACKS];
    int64_t since = k->flow->began - p->at;
    bool again = p->key == key && since >= 0 && since <= AGAIN_WITHIN;
    *p = (plain_t){key, k->flow->ended};
    return again;
}
