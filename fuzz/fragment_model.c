#include "fuzz/fragment_model.h"

#include <string.h>

#include "capture/decode.h"

#define OCTETS 65536u

enum { NONE, OPEN, DONE, BROKEN };
/* Of an octet. */
enum { SENT = 1, CAPTURED = 2 };

typedef struct entry {
    unsigned state;
    int64_t born;
    int64_t whole;
    uint64_t last;    /* number of the last fragment that counted */
    uint32_t end;     /* of the whole; 0: not known */
    uint32_t reach;   /* of the parts */
    uint32_t covered; /* octets */
    uint32_t runs;    /* pieces that were new when they came */
    bool differs;
    bool cut;
    bool lost; /* was given up by the table, and not accounted for yet */
    uint32_t lost_size;
    uint32_t lost_length;
    bool lost_first;
    uint32_t part_count;
    model_part_t part[MODEL_PARTS]; /* those of which every octet was new */
    uint8_t there[OCTETS];
    uint8_t octet[OCTETS];
} entry_t;

struct model {
    int64_t timeout;
    int64_t now;
    fragment_stats_t stats;
    uint8_t owner[MODEL_PARTS + 1]; /* datagram of each fragment, by number */
    entry_t entry[MODEL_DATAGRAMS];
};

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

model_t *model_begin(int64_t timeout)
{
    static model_t m;
    memset(&m.stats, 0, sizeof m.stats);
    m.timeout = timeout;
    m.now = INT64_MIN;
    for (unsigned i = 0; i < MODEL_DATAGRAMS; i++) {
        m.entry[i].state = NONE;
        m.entry[i].lost = false;
    }
    return &m;
}

/* Octets from the beginning without a hole. */
static uint32_t joined(const entry_t *e)
{
    uint32_t n = 0;
    while (n < OCTETS && (e->there[n] & CAPTURED) != 0)
        n++;
    return n;
}

static uint32_t end_of(const entry_t *e)
{
    return e->end > 0 ? e->end : e->reach;
}

static void check_octets(const entry_t *e, const datagram_t *d)
{
    need(d->size == joined(e) && memcmp(d->bytes, e->octet, d->size) == 0);
    need(d->length == end_of(e) && d->first == ((e->there[0] & SENT) != 0));
    need(d->origin.number == e->last);
    need(((d->origin.notes & CAP_NOTE_OVERLAP) != 0) == e->differs);
}

/* What is given up while a fragment is taken may have had that one added or not. So what was said
 * is kept, and compared when the step is done. */
void model_lost(model_t *m, const datagram_t *d)
{
    need(d->origin.number > 0 && d->origin.number <= MODEL_PARTS);
    entry_t *e = &m->entry[m->owner[d->origin.number]];
    need(!e->lost && (e->state == OPEN || e->state == NONE || e->state == DONE));
    e->lost = true;
    e->lost_size = d->size;
    e->lost_length = d->length;
    e->lost_first = d->first;
}

/* The table must have given it up, as it stands here. */
static void give_up(entry_t *e, unsigned state)
{
    need(e->lost && e->lost_size == joined(e) && e->lost_length == end_of(e));
    need(e->lost_first == ((e->there[0] & SENT) != 0));
    e->lost = false;
    e->state = state;
}

void model_expire(model_t *m, int64_t now)
{
    m->now = now > m->now ? now : m->now;
    for (unsigned i = 0; i < MODEL_DATAGRAMS; i++) {
        entry_t *e = &m->entry[i];
        if (e->state == NONE || m->now - e->born < m->timeout)
            continue;
        m->stats.lost += e->state == OPEN;
        if (e->state == OPEN)
            give_up(e, NONE);
        e->state = NONE;
    }
}

static bool known(const entry_t *e, const model_part_t *p)
{
    for (uint32_t i = 0; i < e->part_count; i++) {
        const model_part_t *k = &e->part[i];
        if (k->offset == p->offset && k->length == p->length && k->size == p->size &&
            memcmp(k->bytes, p->bytes, p->size) == 0)
            return true;
    }
    return false;
}

static void begin(entry_t *e, int64_t now)
{
    memset(e->there, 0, sizeof e->there);
    e->state = OPEN;
    e->born = now;
    e->end = e->reach = e->covered = e->runs = e->part_count = 0;
    e->differs = e->cut = false;
}

static bool overlaps(const entry_t *e, const model_part_t *p)
{
    for (uint32_t i = 0; i < p->length; i++)
        if ((e->there[p->offset + i] & SENT) != 0)
            return true;
    return false;
}

/* What came first stays. */
static void add(model_t *m, entry_t *e, const model_part_t *p)
{
    uint32_t new_octets = 0;
    bool differs = false;
    for (uint32_t i = 0; i < p->length; i++) {
        uint32_t at = p->offset + i;
        bool captured = i < p->size;
        bool was = (e->there[at] & SENT) != 0;
        if (was) {
            differs |= captured && (e->there[at] & CAPTURED) != 0 && e->octet[at] != p->bytes[i];
            continue;
        }
        e->runs += i == 0 || (e->there[at - 1] & 4) == 0;
        e->there[at] = SENT | 4 | (captured ? CAPTURED : 0);
        e->octet[at] = captured ? p->bytes[i] : 0;
        new_octets++;
    }
    for (uint32_t i = 0; i < p->length; i++)
        e->there[p->offset + i] &= SENT | CAPTURED;
    e->covered += new_octets;
    if (new_octets == p->length && e->part_count < MODEL_PARTS)
        e->part[e->part_count++] = *p;
    e->reach = p->offset + p->length > e->reach ? p->offset + p->length : e->reach;
    m->stats.overlaps += differs && !e->differs;
    e->differs |= differs;
}

/* An open datagram gets one more part. False when that ended it. */
static bool grow(model_t *m, entry_t *e, const model_part_t *p)
{
    bool again = known(e, p);
    e->last = p->number;
    if (p->six && !again && overlaps(e, p)) {
        m->stats.overlaps++;
        give_up(e, BROKEN);
        return false;
    }
    if (!again)
        add(m, e, p);
    if (e->runs > FRAGMENTS_MAX) {
        m->stats.evicted++;
        give_up(e, BROKEN);
        return false;
    }
    if (!p->more)
        e->end = p->offset + p->length;
    return true;
}

void model_announce(model_t *m, const model_part_t *part)
{
    m->owner[part->number] = (uint8_t)part->datagram;
}

void model_take(model_t *m, const model_part_t *part, const datagram_t *whole)
{
    entry_t *e = &m->entry[part->datagram];
    uint32_t end = part->offset + part->length;
    m->stats.fragments++;
    m->now = part->at > m->now ? part->at : m->now;
    bool good = part->length > 0 && end <= 65535 && (!part->more || part->length % 8 == 0);
    if (good && e->state != NONE && m->now - e->born >= m->timeout)
        model_expire(m, m->now);
    bool again = e->state == DONE && m->now - e->whole < FRAGMENT_AGAIN_WITHIN && known(e, part);
    bool ignored = good && (e->state == BROKEN || again);
    if (good && !ignored && e->state != OPEN)
        begin(e, m->now);
    bool fits =
        e->end > 0 ? end <= e->end && (part->more || end == e->end) : part->more || e->reach <= end;
    if (good && !ignored && !fits)
        good = false;
    m->stats.malformed += !good;
    if (!good || ignored || !grow(m, e, part) || e->end == 0 || e->covered < e->end) {
        need(whole == NULL);
        return;
    }
    need(whole != NULL);
    check_octets(e, whole);
    need(((whole->origin.notes & CAP_NOTE_CUT) != 0) == (joined(e) < e->end));
    m->stats.reassembled++;
    e->state = DONE;
    e->whole = m->now;
}

void model_finish(model_t *m, const fragment_stats_t *stats)
{
    for (unsigned i = 0; i < MODEL_DATAGRAMS; i++) {
        entry_t *e = &m->entry[i];
        m->stats.lost += e->state == OPEN;
        if (e->state == OPEN)
            give_up(e, NONE);
        need(!e->lost);
    }
    need(memcmp(stats, &m->stats, sizeof *stats) == 0);
}
