#include "capture/fragment.h"

#include <stdlib.h>
#include <string.h>

#include "capture/decode.h"
#include "capture/spans.h"

#define DATAGRAM_MAX 65535u
#define BUCKETS      16384u

typedef enum entry_state {
    ENTRY_OPEN,
    ENTRY_DONE,  /* whole and given out: only keeps duplicates from beginning anew */
    ENTRY_BROKEN /* given up and given out: swallows what is still to come */
} entry_state_t;

typedef struct entry {
    struct entry *next_in_bucket;
    struct entry *older; /* in order of their first fragment */
    struct entry *newer;
    spans_t parts; /* without their octets once it is done */
    int64_t born;
    int64_t whole; /* when it was, nanoseconds */
    uint64_t hash;
    uint32_t id;
    uint32_t have;   /* octets covered */
    uint32_t length; /* of the whole, 0 until the last fragment is there */
    uint8_t family;
    uint8_t protocol;
    uint8_t state;
    bool have_ports; /* the first 4 octets are known */
    uint8_t ports[4];
    uint8_t from[16];
    uint8_t to[16];
    origin_t origin;
} entry_t;

struct fragment_table {
    budget_t budget;
    int64_t timeout;
    int64_t now; /* the latest time seen */
    uint64_t seed;
    fragment_lost_t *lost;
    void *user;
    entry_t *oldest;
    entry_t *newest;
    fragment_stats_t stats;
    entry_t *bucket[BUCKETS];
};

static uint64_t hash_octets(uint64_t seed, const uint8_t *p, uint32_t n)
{
    uint64_t h = origin_mix(seed, n);
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v;
        memcpy(&v, p, sizeof v);
        h = origin_mix(h, v);
    }
    uint64_t last = 0;
    if (n > 0)
        memcpy(&last, p, n);
    return origin_mix(h, last);
}

static uint32_t address_size(uint8_t family)
{
    return family == 4 ? 4 : 16;
}

static uint64_t key_hash(const fragment_table_t *t, const ip_view_t *v)
{
    /* both addresses stand behind each other in the packet, quoted or not */
    uint64_t h = hash_octets(t->seed ^ v->id, v->from, 2 * address_size(v->family));
    return v->family == 4 ? origin_mix(h, v->protocol) : h;
}

static bool key_equal(const entry_t *e, const ip_view_t *v)
{
    uint32_t n = address_size(v->family);
    return e->id == v->id && e->family == v->family &&
           (v->family == 6 || e->protocol == v->protocol) && memcmp(e->from, v->from, n) == 0 &&
           memcmp(e->to, v->to, n) == 0;
}

static entry_t *entry_find(const fragment_table_t *t, const ip_view_t *v, uint64_t hash)
{
    entry_t *e = t->bucket[hash % BUCKETS];
    while (e != NULL && !(e->hash == hash && key_equal(e, v)))
        e = e->next_in_bucket;
    return e;
}

static void entry_free(fragment_table_t *t, entry_t *e)
{
    entry_t **link = &t->bucket[e->hash % BUCKETS];
    while (*link != e)
        link = &(*link)->next_in_bucket;
    *link = e->next_in_bucket;
    *(e->older != NULL ? &e->older->newer : &t->oldest) = e->newer;
    *(e->newer != NULL ? &e->newer->older : &t->newest) = e->older;
    spans_clear(&e->parts, &t->budget);
    t->budget.used -= sizeof *e;
    free(e);
}

static entry_t *entry_new(fragment_table_t *t, const ip_view_t *v, uint64_t hash)
{
    entry_t *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->hash = hash;
    e->born = t->now;
    e->id = v->id;
    e->family = v->family;
    e->protocol = v->protocol;
    memcpy(e->from, v->from, address_size(v->family));
    memcpy(e->to, v->to, address_size(v->family));
    e->next_in_bucket = t->bucket[hash % BUCKETS];
    t->bucket[hash % BUCKETS] = e;
    e->older = t->newest;
    *(t->newest != NULL ? &t->newest->newer : &t->oldest) = e;
    t->newest = e;
    t->budget.used += sizeof *e;
    return e;
}

/* End of what is known of the datagram. */
static uint32_t entry_end(const entry_t *e)
{
    const span_t *last = e->parts.last;
    return e->length > 0 ? e->length : last != NULL ? (uint32_t)last->at + last->length : 0;
}

/* Copies what there is from the beginning without a hole. */
static uint8_t *entry_join(const entry_t *e, datagram_t *out)
{
    uint32_t size = 0;
    const span_t *c = e->parts.first;
    while (c != NULL && c->at == size) {
        size += c->size;
        c = c->size == c->length ? c->next : NULL;
    }
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    memset(out, 0, sizeof *out);
    out->family = e->family;
    out->protocol = e->protocol;
    memcpy(out->from, e->from, sizeof out->from);
    memcpy(out->to, e->to, sizeof out->to);
    out->origin = e->origin;
    out->first = e->parts.first != NULL && e->parts.first->at == 0;
    out->bytes = bytes;
    out->size = bytes != NULL ? size : 0;
    out->length = entry_end(e);
    for (c = e->parts.first; bytes != NULL && c != NULL && c->at < size; c = c->next)
        memcpy(bytes + c->at, c->data, c->size);
    return bytes;
}

/* Gives the datagram out as lost. */
static void entry_lose(fragment_table_t *t, const entry_t *e)
{
    datagram_t d;
    uint8_t *bytes = entry_join(e, &d);
    t->lost(t->user, &d);
    free(bytes);
}

/* Gives up the datagram and swallows the rest of its fragments. */
static void entry_break(fragment_table_t *t, entry_t *e)
{
    entry_lose(t, e);
    spans_clear(&e->parts, &t->budget);
    e->state = ENTRY_BROKEN;
}

/* Makes room for n octets at the cost of the oldest datagrams but keep. */
static bool make_room(fragment_table_t *t, size_t n, const entry_t *keep)
{
    while (!budget_has(&t->budget, n)) {
        entry_t *e = t->oldest;
        if (e == keep && e != NULL)
            e = e->newer;
        if (e == NULL)
            return false;
        if (e->state == ENTRY_OPEN) {
            t->stats.evicted++;
            entry_lose(t, e);
        }
        entry_free(t, e);
    }
    return true;
}

/* Whether just this fragment came before. */
static bool entry_knows(const entry_t *e, const ip_view_t *v, uint64_t print)
{
    const span_t *c = spans_before(&e->parts, v->offset);
    return c != NULL && c->at == v->offset && c->length == v->length && c->print == print;
}

/* Whether the fragment can be one at all, beside those that are there. */
static bool entry_fits(const entry_t *e, const ip_view_t *v)
{
    uint32_t end = v->offset + v->length;
    if (e->length > 0 && (end > e->length || (!v->more && end < e->length)))
        return false;
    return v->more || entry_end(e) <= end;
}

static void entry_note(entry_t *e, const ip_view_t *v, const origin_t *origin)
{
    unsigned notes = e->origin.notes | origin->notes;
    e->origin = *origin;
    e->origin.notes = notes;
    if (v->offset == 0) {
        e->protocol = v->protocol;
        e->have_ports = v->size >= sizeof e->ports;
        if (e->have_ports)
            memcpy(e->ports, v->payload, sizeof e->ports);
    }
}

/* Adds a fragment to an open datagram. False when that ended it. */
static bool entry_add(fragment_table_t *t, entry_t *e, const ip_view_t *v, uint64_t print)
{
    bool again = entry_knows(e, v, print);
    if (v->family == 6 && !again && spans_cover(&e->parts, v->offset, v->length)) {
        t->stats.overlaps++;
        e->origin.notes |= CAP_NOTE_OVERLAP;
        entry_break(t, e);
        return false;
    }
    span_t part = {.at = v->offset, .length = v->length, .size = v->size, .print = print};
    uint32_t added = 0;
    spans_placed_t placed =
        again ? SPANS_NEW : spans_place(&e->parts, &t->budget, &part, v->payload, &added);
    e->have += added;
    if (placed == SPANS_MEMORY || e->parts.count > FRAGMENTS_MAX || !make_room(t, 0, e)) {
        t->stats.evicted++;
        entry_break(t, e);
        return false;
    }
    if (placed == SPANS_DIFFER && (e->origin.notes & CAP_NOTE_OVERLAP) == 0) {
        t->stats.overlaps++;
        e->origin.notes |= CAP_NOTE_OVERLAP;
    }
    if (!v->more)
        e->length = v->offset + v->length;
    return true;
}

/* The open datagram that the fragment is for, made when there is none; NULL when the fragment is
 * to be ignored. */
static entry_t *entry_for(fragment_table_t *t, const ip_view_t *v, uint64_t print)
{
    uint64_t hash = key_hash(t, v);
    entry_t *e = entry_find(t, v, hash);
    if (e != NULL && origin_over(t->now, e->born, t->timeout)) {
        fragment_expire(t, t->now);
        e = NULL;
    }
    bool again = e != NULL && e->state == ENTRY_DONE && t->now - e->whole < FRAGMENT_AGAIN_WITHIN &&
                 entry_knows(e, v, print);
    if (again || (e != NULL && e->state == ENTRY_BROKEN))
        return NULL;
    if (e != NULL && e->state == ENTRY_DONE) {
        entry_free(t, e); /* the identification is used again */
        e = NULL;
    }
    if (e == NULL && make_room(t, sizeof *e, NULL))
        e = entry_new(t, v, hash);
    return e;
}

uint8_t *fragment_take(fragment_table_t *t, const ip_view_t *v, const origin_t *origin,
                       datagram_t *out)
{
    t->stats.fragments++;
    if (origin->at > t->now)
        t->now = origin->at;
    if (v->length == 0 || v->offset + v->length > DATAGRAM_MAX || (v->more && v->length % 8 != 0)) {
        t->stats.malformed++;
        return NULL;
    }
    uint64_t print = hash_octets(t->seed, v->payload, v->size);
    entry_t *e = entry_for(t, v, print);
    if (e == NULL)
        return NULL;
    if (!entry_fits(e, v)) {
        t->stats.malformed++;
        return NULL;
    }
    entry_note(e, v, origin);
    if (!entry_add(t, e, v, print) || e->length == 0 || e->have < e->length)
        return NULL;
    uint8_t *bytes = entry_join(e, out);
    out->origin.notes |= out->size < out->length ? CAP_NOTE_CUT : 0;
    t->stats.reassembled++;
    spans_strip(&e->parts, &t->budget);
    e->state = ENTRY_DONE;
    e->whole = t->now;
    return bytes;
}

bool fragment_begins(const fragment_table_t *t, const ip_view_t *v, uint8_t out[4])
{
    const entry_t *e = entry_find(t, v, key_hash(t, v));
    if (e == NULL || !e->have_ports)
        return false;
    memcpy(out, e->ports, sizeof e->ports);
    return true;
}

int64_t fragment_deadline(const fragment_table_t *t)
{
    return t->oldest != NULL ? origin_deadline(t->oldest->born, t->timeout) : INT64_MAX;
}

static void give_up_oldest(fragment_table_t *t)
{
    entry_t *e = t->oldest;
    if (e->state == ENTRY_OPEN) {
        t->stats.lost++;
        entry_lose(t, e);
    }
    entry_free(t, e);
}

void fragment_expire(fragment_table_t *t, int64_t now)
{
    if (now > t->now)
        t->now = now;
    while (t->oldest != NULL && origin_over(t->now, t->oldest->born, t->timeout))
        give_up_oldest(t);
}

void fragment_finish(fragment_table_t *t)
{
    while (t->oldest != NULL)
        give_up_oldest(t);
}

const fragment_stats_t *fragment_stats(const fragment_table_t *t)
{
    return &t->stats;
}

size_t fragment_memory(const fragment_table_t *t)
{
    return t->budget.used;
}

fragment_table_t *fragment_table_new(size_t memory, int64_t timeout, uint64_t seed,
                                     fragment_lost_t *lost, void *user)
{
    fragment_table_t *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->budget.limit = memory;
    t->timeout = timeout;
    t->seed = seed;
    t->lost = lost;
    t->user = user;
    t->now = INT64_MIN;
    return t;
}

void fragment_table_free(fragment_table_t *t)
{
    if (t == NULL)
        return;
    while (t->oldest != NULL)
        entry_free(t, t->oldest);
    free(t);
}
