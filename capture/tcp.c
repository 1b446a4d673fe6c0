#include "capture/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "capture/octets.h"
#include "capture/stream.h"
#include "exchange/packet.h"

#define TCP_HEADER 20u
/* A reset must be near what is expected: segments may have been lost, but not so many. */
#define RESET_WINDOW (1 << 24)

/* Which list a connection is in: the order in which they are given up. */
typedef enum phase {
    PHASE_OVER, /* both ends are done, or reset: only keeps what comes late from being new */
    PHASE_HALF, /* SYN */
    PHASE_OPEN,
    PHASES
} phase_t;

typedef struct connection {
    struct connection *next_in_bucket;
    struct connection *older; /* in its phase's list, in order of the last segment */
    struct connection *newer;
    struct connection *older_holding; /* of those with buffers */
    struct connection *newer_holding;
    uint64_t hash;
    uint64_t number;
    int64_t touched;
    addr_t end[2];
    uint8_t phase;
    uint8_t client; /* index of the end that is */
    bool holding;
    bool opened; /* OPEN was given out */
    unsigned notes;
    stream_t stream[2]; /* of what end[i] sends */
} connection_t;

typedef struct list {
    connection_t *oldest;
    connection_t *newest;
} list_t;

struct tcp_table {
    budget_t budget;
    tcp_options_t options;
    int64_t now;
    unsigned count;
    list_t phase[PHASES];
    list_t holding;
    tcp_stats_t stats;
    size_t bucket_count; /* power of two */
    connection_t **bucket;
};

/* A connection while its items are made. */
typedef struct speaker {
    tcp_table_t *table;
    connection_t *c;
    unsigned from; /* index of the end whose stream it is */
} speaker_t;

ip_kind_t tcp_read(tcp_segment_t *s, const ip_view_t *v)
{
    memset(s, 0, sizeof *s);
    if (v->size < TCP_HEADER)
        return v->length < TCP_HEADER ? IP_MALFORMED : IP_CUT;
    const uint8_t *p = v->payload;
    uint32_t header = (p[12] >> 4) * 4u;
    if (header < TCP_HEADER || header > v->length)
        return IP_MALFORMED;
    s->from = ip_addr(v, v->from, octets_u16(p));
    s->to = ip_addr(v, v->to, octets_u16(p + 2));
    s->seq = octets_u32(p + 4);
    s->ack = octets_u32(p + 8);
    s->flags = p[13];
    s->length = v->length - header;
    s->size = v->size > header ? v->size - header : 0;
    s->data = p + (v->size > header ? header : v->size);
    return IP_GOOD;
}

static uint64_t addr_hash(uint64_t seed, const addr_t *a)
{
    uint64_t parts[2];
    memcpy(parts, a->octets, sizeof parts);
    return origin_mix(origin_mix(seed ^ a->port, parts[0]), parts[1]);
}

/* The same for both directions. */
static uint64_t pair_hash(const tcp_table_t *t, const addr_t *a, const addr_t *b)
{
    return origin_mix(t->options.seed,
                      addr_hash(t->options.seed, a) + addr_hash(t->options.seed, b));
}

static connection_t *find(const tcp_table_t *t, const addr_t *a, const addr_t *b, uint64_t hash)
{
    connection_t *c = t->bucket[hash & (t->bucket_count - 1)];
    for (; c != NULL; c = c->next_in_bucket) {
        if (c->hash != hash)
            continue;
        if ((addr_equal(&c->end[0], a) && addr_equal(&c->end[1], b)) ||
            (addr_equal(&c->end[0], b) && addr_equal(&c->end[1], a)))
            return c;
    }
    return NULL;
}

static void list_add(list_t *l, connection_t *c)
{
    c->newer = NULL;
    c->older = l->newest;
    *(l->newest != NULL ? &l->newest->newer : &l->oldest) = c;
    l->newest = c;
}

static void list_remove(list_t *l, connection_t *c)
{
    *(c->older != NULL ? &c->older->newer : &l->oldest) = c->newer;
    *(c->newer != NULL ? &c->newer->older : &l->newest) = c->older;
}

static void holding_remove(tcp_table_t *t, connection_t *c)
{
    if (!c->holding)
        return;
    list_t *l = &t->holding;
    *(c->older_holding != NULL ? &c->older_holding->newer_holding : &l->oldest) = c->newer_holding;
    *(c->newer_holding != NULL ? &c->newer_holding->older_holding : &l->newest) = c->older_holding;
    c->holding = false;
}

static void holding_add(tcp_table_t *t, connection_t *c)
{
    list_t *l = &t->holding;
    c->newer_holding = NULL;
    c->older_holding = l->newest;
    *(l->newest != NULL ? &l->newest->newer_holding : &l->oldest) = c;
    l->newest = c;
    c->holding = true;
}

/* Puts the connection where it now belongs. */
static void touch(tcp_table_t *t, connection_t *c, phase_t phase)
{
    list_remove(&t->phase[c->phase], c);
    c->phase = (uint8_t)phase;
    c->touched = t->now;
    list_add(&t->phase[phase], c);
    holding_remove(t, c);
    if (stream_holds(&c->stream[0]) || stream_holds(&c->stream[1]))
        holding_add(t, c);
}

static void give(tcp_table_t *t, const connection_t *c, unsigned from, cap_item_t *item,
                 const origin_t *origin)
{
    item->notes |= c->notes | origin->notes;
    item->at = origin->at;
    item->number = origin->number;
    item->file = origin->file;
    item->from = c->end[from];
    item->to = c->end[1 - from];
    item->connection = c->number;
    t->options.sink(t->options.user, item);
}

static void give_sign(tcp_table_t *t, const connection_t *c, unsigned from, cap_item_kind_t kind,
                      unsigned notes, const origin_t *origin)
{
    cap_item_t item = {.kind = kind, .notes = notes};
    give(t, c, from, &item, origin);
}

/* Takes what a stream gives out. */
static void give_octets(void *user, cap_item_kind_t kind, unsigned notes, const uint8_t *bytes,
                        uint32_t size, uint32_t original, const origin_t *origin)
{
    const speaker_t *s = user;
    cap_item_t item = {.kind = kind, .notes = notes, .bytes = bytes, .size = size};
    item.original = original;
    give(s->table, s->c, s->from, &item, origin);
}

/* The stream has nothing more to say: FIN, once. */
static void give_end(tcp_table_t *t, connection_t *c, unsigned from, bool was_ended,
                     const origin_t *origin)
{
    if (c->stream[from].ended && !was_ended)
        give_sign(t, c, from, CAP_ITEM_TCP_FIN, 0, origin);
}

/* Gives out all that is still in the streams. */
static void flush(tcp_table_t *t, connection_t *c)
{
    for (unsigned i = 0; i < 2; i++) {
        speaker_t speaker = {t, c, i};
        stream_out_t out = {&t->budget, give_octets, &speaker};
        bool was_ended = c->stream[i].ended;
        stream_flush(&c->stream[i], &out);
        give_end(t, c, i, was_ended, &c->stream[i].origin);
        stream_clear(&c->stream[i], &t->budget);
    }
}

static void forget(tcp_table_t *t, connection_t *c)
{
    connection_t **link = &t->bucket[c->hash & (t->bucket_count - 1)];
    while (*link != c)
        link = &(*link)->next_in_bucket;
    *link = c->next_in_bucket;
    list_remove(&t->phase[c->phase], c);
    holding_remove(t, c);
    stream_clear(&c->stream[0], &t->budget);
    stream_clear(&c->stream[1], &t->budget);
    free(c);
    t->count--;
}

/* Makes room for one more connection. */
static void evict(tcp_table_t *t)
{
    for (unsigned phase = 0; phase < PHASES && t->count >= t->options.connections_max; phase++) {
        connection_t *c = t->phase[phase].oldest;
        if (c == NULL)
            continue;
        t->stats.connections_evicted += phase != PHASE_OVER;
        flush(t, c);
        forget(t, c);
    }
}

/* Keeps to the memory: buffers of the longest idle go first. */
static void enforce(tcp_table_t *t)
{
    while (t->budget.used > t->budget.limit && t->holding.oldest != NULL) {
        connection_t *c = t->holding.oldest;
        t->stats.segments_evicted += c->stream[0].waiting.count + c->stream[1].waiting.count +
                                     (c->stream[0].have > 0) + (c->stream[1].have > 0);
        flush(t, c);
        holding_remove(t, c);
    }
}

static connection_t *begin(tcp_table_t *t, const tcp_segment_t *s, uint64_t hash)
{
    evict(t);
    connection_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->hash = hash;
    c->number = ++t->stats.connections;
    c->touched = t->now;
    c->end[0] = s->from;
    c->end[1] = s->to;
    c->next_in_bucket = t->bucket[hash & (t->bucket_count - 1)];
    t->bucket[hash & (t->bucket_count - 1)] = c;
    c->phase = PHASE_HALF;
    list_add(&t->phase[PHASE_HALF], c);
    t->count++;
    return c;
}

static void set_client(connection_t *c, unsigned client)
{
    c->client = (uint8_t)client;
    c->stream[client].server = false;
    c->stream[1 - client].server = true;
}

/* Gives OPEN, once. from: whose segment shows it. */
static void open_up(tcp_table_t *t, connection_t *c, unsigned from, const origin_t *origin)
{
    unsigned notes = from == c->client ? CAP_NOTE_ASSUMED : 0;
    if (!c->opened)
        give_sign(t, c, 1u - c->client, CAP_ITEM_TCP_OPEN, notes, origin);
    c->opened = true;
}

/* A connection that is over leaves nothing in memory but its name. */
static void end(tcp_table_t *t, connection_t *c)
{
    stream_clear(&c->stream[0], &t->budget);
    stream_clear(&c->stream[1], &t->budget);
    touch(t, c, PHASE_OVER);
}

/* A connection that began before the capture did. Who has a served port is the server; when both
 * or neither do, whoever speaks is the client, unless it says otherwise with SYN and ACK. */
static connection_t *begin_midstream(tcp_table_t *t, const tcp_segment_t *s, uint64_t hash)
{
    connection_t *c = begin(t, s, hash);
    if (c == NULL)
        return NULL;
    bool both = s->from_served == s->to_served;
    bool answers = (s->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
    set_client(c, both ? answers : s->from_served);
    c->notes = CAP_NOTE_MIDSTREAM;
    return c;
}

/* SYN from the client: a new connection, the same again, or the second SYN of two ends that open
 * at once (RFC 9293 3.5, figure 7). */
static connection_t *take_syn(tcp_table_t *t, connection_t *c, const tcp_segment_t *s,
                              uint64_t hash)
{
    unsigned from = c != NULL && addr_equal(&c->end[1], &s->from);
    stream_t *own = c != NULL ? &c->stream[from] : NULL;
    bool again = own != NULL && own->begun && (int32_t)(s->seq + 1 - own->next) <= 0 &&
                 (int32_t)(own->next - s->seq - 1) <= UINT16_MAX;
    if (c != NULL && c->phase == PHASE_HALF && !own->begun) {
        stream_begin(own, s->seq + 1, true);
        return c;
    }
    if (again && c->phase != PHASE_OVER) {
        if (from == c->client)
            give_sign(t, c, from, CAP_ITEM_TCP_SYN, CAP_NOTE_RETRANSMIT, &s->origin);
        return c;
    }
    if (c != NULL) {
        flush(t, c);
        forget(t, c);
    }
    c = begin(t, s, hash);
    if (c == NULL)
        return NULL;
    set_client(c, 0);
    stream_begin(&c->stream[0], s->seq + 1, true);
    give_sign(t, c, 0, CAP_ITEM_TCP_SYN, 0, &s->origin);
    return c;
}

/* SYN and ACK: from the server, or from both ends that open at once. False when it answers another
 * SYN than the one that was seen. */
static bool take_syn_ack(tcp_table_t *t, connection_t *c, unsigned from, const tcp_segment_t *s)
{
    stream_t *other = &c->stream[1 - from];
    int32_t ahead = (int32_t)(s->ack - other->next);
    if (other->begun && (ahead > 0 || ahead < -(int32_t)UINT16_MAX))
        return false;
    if (!other->begun)
        stream_begin(other, s->ack, true);
    if (!c->stream[from].begun)
        stream_begin(&c->stream[from], s->seq + 1, true);
    open_up(t, c, from, &s->origin);
    return true;
}

/* Whether an end would believe this reset (RFC 9293 3.5.2, 3.10.7.3; RFC 5961 3). */
static bool reset_fits(const connection_t *c, unsigned from, const tcp_segment_t *s)
{
    const stream_t *own = &c->stream[from];
    const stream_t *other = &c->stream[1 - from];
    if (own->begun) {
        int32_t ahead = (int32_t)(s->seq - own->next);
        return ahead >= -RESET_WINDOW && ahead <= RESET_WINDOW;
    }
    if (!other->begun)
        return true;
    int32_t ahead = (int32_t)(s->ack - other->next);
    return (s->flags & TCP_ACK) != 0 && ahead <= 1 && ahead >= -(int32_t)UINT16_MAX;
}

static void take_reset(tcp_table_t *t, connection_t *c, unsigned from, const tcp_segment_t *s)
{
    if (c->phase == PHASE_OVER || !reset_fits(c, from, s))
        return;
    flush(t, c);
    give_sign(t, c, from, CAP_ITEM_TCP_RESET, 0, &s->origin);
    end(t, c);
}

/* Data, ACK and FIN. */
static void take_octets(tcp_table_t *t, connection_t *c, unsigned from, const tcp_segment_t *s)
{
    stream_t *own = &c->stream[from];
    stream_t *other = &c->stream[1 - from];
    speaker_t speaker = {t, c, from};
    speaker_t listener = {t, c, 1 - from};
    stream_out_t out = {&t->budget, give_octets, &speaker};
    stream_out_t other_out = {&t->budget, give_octets, &listener};
    uint32_t seq = s->seq + ((s->flags & TCP_SYN) != 0);
    if (!own->begun)
        stream_begin(own, seq, false);
    bool own_ended = own->ended;
    bool other_ended = other->ended;
    own->notes |= s->bad_sum ? CAP_NOTE_CHECKSUM : 0;
    if ((s->flags & TCP_ACK) != 0) {
        stream_acked(other, &other_out, s->ack);
        give_end(t, c, 1 - from, other_ended, &s->origin);
    }
    if ((s->flags & TCP_FIN) != 0)
        stream_fin(own, seq + s->length);
    if (stream_take(own, &out, seq, s->data, s->size, s->length, &s->origin) != 0)
        t->stats.overlaps++;
    give_end(t, c, from, own_ended, &s->origin);
    if (own->ended && other->ended)
        end(t, c);
}

/* Whether a segment without a connection is worth one. */
static bool begins_something(const tcp_segment_t *s)
{
    return s->length > 0 || (s->flags & (TCP_SYN | TCP_FIN | TCP_RST)) != 0;
}

/* Whether a segment shows that the handshake was done although SYN and ACK were not captured: the
 * client acknowledges, or the server speaks. (A server that still has an old connection answers
 * SYN with ACK alone, RFC 5961 4.) */
static bool goes_on(const connection_t *c, unsigned from, const tcp_segment_t *s)
{
    return (c->notes & CAP_NOTE_MIDSTREAM) == 0 && (s->flags & TCP_ACK) != 0 &&
           (from == c->client || s->length > 0);
}

void tcp_take(tcp_table_t *t, const tcp_segment_t *s)
{
    if (s->origin.at > t->now)
        t->now = s->origin.at;
    uint64_t hash = pair_hash(t, &s->from, &s->to);
    connection_t *c = find(t, &s->from, &s->to, hash);
    bool syn = (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    if (c == NULL && !begins_something(s))
        return;
    if (c != NULL && s->bad_sum && c->stream[addr_equal(&c->end[1], &s->from)].good)
        return; /* damaged: its end will not have taken it either */
    if (syn)
        c = take_syn(t, c, s, hash);
    else if (c == NULL)
        c = begin_midstream(t, s, hash);
    if (c == NULL)
        return;
    unsigned from = addr_equal(&c->end[1], &s->from);
    c->stream[from].good |= s->good_sum;
    if ((s->flags & TCP_RST) != 0) {
        take_reset(t, c, from, s);
    } else if (c->phase != PHASE_OVER) {
        bool syn_ack = (s->flags & TCP_SYN) != 0 && !syn;
        if (syn_ack && !take_syn_ack(t, c, from, s))
            return;
        if (!syn && !syn_ack && goes_on(c, from, s))
            open_up(t, c, from, &s->origin);
        take_octets(t, c, from, s);
    }
    if (c->phase != PHASE_OVER)
        touch(t, c, c->opened || (c->notes & CAP_NOTE_MIDSTREAM) != 0 ? PHASE_OPEN : PHASE_HALF);
    enforce(t);
}

uint64_t tcp_connection(const tcp_table_t *t, const addr_t *a, const addr_t *b)
{
    const connection_t *c = find(t, a, b, pair_hash(t, a, b));
    return c != NULL ? c->number : 0;
}

int64_t tcp_deadline(const tcp_table_t *t)
{
    int64_t first = INT64_MAX;
    for (unsigned phase = 0; phase < PHASES; phase++) {
        const connection_t *c = t->phase[phase].oldest;
        int64_t at = c != NULL ? origin_deadline(c->touched, t->options.timeout) : INT64_MAX;
        first = at < first ? at : first;
    }
    return first;
}

void tcp_expire(tcp_table_t *t, int64_t now)
{
    if (now > t->now)
        t->now = now;
    for (unsigned phase = 0; phase < PHASES; phase++) {
        list_t *l = &t->phase[phase];
        while (l->oldest != NULL && origin_over(t->now, l->oldest->touched, t->options.timeout)) {
            connection_t *c = l->oldest;
            flush(t, c);
            forget(t, c);
        }
    }
}

void tcp_finish(tcp_table_t *t)
{
    for (unsigned phase = 0; phase < PHASES; phase++) {
        while (t->phase[phase].oldest != NULL) {
            connection_t *c = t->phase[phase].oldest;
            flush(t, c);
            forget(t, c);
        }
    }
}

const tcp_stats_t *tcp_stats(const tcp_table_t *t)
{
    return &t->stats;
}

size_t tcp_memory(const tcp_table_t *t)
{
    return t->budget.used + t->count * sizeof(connection_t);
}

tcp_table_t *tcp_table_new(const tcp_options_t *options)
{
    tcp_table_t *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->options = *options;
    if (t->options.connections_max == 0)
        t->options.connections_max = 1;
    t->budget.limit = options->memory;
    t->now = INT64_MIN;
    t->bucket_count = 64;
    while (t->bucket_count < t->options.connections_max && t->bucket_count < ((size_t)1 << 20))
        t->bucket_count *= 2;
    t->bucket = calloc(t->bucket_count, sizeof(connection_t *));
    if (t->bucket == NULL) {
        free(t);
        return NULL;
    }
    return t;
}

void tcp_table_free(tcp_table_t *t)
{
    if (t == NULL)
        return;
    for (unsigned phase = 0; phase < PHASES; phase++)
        while (t->phase[phase].oldest != NULL)
            forget(t, t->phase[phase].oldest);
    free(t->bucket);
    free(t);
}
