#include "capture/pair.h"

#include <stdlib.h>
#include <string.h>

#include "capture/pair_table.h"
#include "capture/seed.h"

#define SECOND INT64_C(1000000000)
/* Fewer than two flows with all their attempts cannot be held. */
#define OUTSTANDING_MIN (2u * FLOW_ATTEMPTS_MAX)

pair_options_t pair_options_default(void)
{
    pair_options_t o = {.outstanding_max = 65536,
                        .connections_max = 16384,
                        .memory = (size_t)32 << 20,
                        .timeout = 20 * SECOND,
                        .grace = 2 * SECOND,
                        .linger = 1024,
                        .early = 1024,
                        .seed = seed_random()};
    return o;
}

pairer_t *pairer_new(const pair_options_t *options, flow_sink_t *sink, void *user)
{
    pairer_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->o = *options;
    if (p->o.server_port_count == 0) {
        p->o.server_port_count = 1;
        p->o.server_port[0] = 53;
    }
    if (p->o.outstanding_max < OUTSTANDING_MIN)
        p->o.outstanding_max = OUTSTANDING_MIN;
    if (p->o.connections_max == 0)
        p->o.connections_max = 1;
    p->sink = sink;
    p->early_due = INT64_MAX;
    p->user = user;
    if (pair_table_new(p))
        return p;
    pairer_free(p);
    return NULL;
}

void pairer_free(pairer_t *p)
{
    if (p == NULL)
        return;
    pair_early_free(p);
    pair_apart_free(p);
    pair_table_free(p);
    free(p);
}

const pair_stats_t *pairer_stats(const pairer_t *p)
{
    return &p->stats;
}

/* --- flows --- */

/* Where it is wanted: a copy of what was just written in other parts would have to wait. */
static inline void set_message(flow_message_t *m, const cap_item_t *item)
{
    m->bytes = item->bytes;
    m->size = item->size;
    m->original = item->original;
    m->at = item->at;
    m->number = item->number;
    m->file = item->file;
}

flow_message_t message_of(const cap_item_t *item)
{
    flow_message_t m;
    set_message(&m, item);
    return m;
}

unsigned notes_of(const cap_item_t *item)
{
    static const struct {
        unsigned from, to;
    } notes[] = {{CAP_NOTE_CUT, FLOW_CUT},           {CAP_NOTE_CHECKSUM, FLOW_CHECKSUM},
                 {CAP_NOTE_NEVER, FLOW_NEVER_RIGHT}, {CAP_NOTE_FRAGMENTS, FLOW_FRAGMENTS},
                 {CAP_NOTE_OVERLAP, FLOW_OVERLAP},   {CAP_NOTE_MIDSTREAM, FLOW_MIDSTREAM}};
    unsigned out = 0;
    if (item->notes == 0)
        return 0;
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        if ((item->notes & notes[i].from) != 0)
            out |= notes[i].to;
    return out;
}

/* The same of a reply, and what is said of its checksum alone. */
static unsigned notes_of_reply(const cap_item_t *item)
{
    return notes_of(item) | ((item->notes & CAP_NOTE_CHECKSUM) != 0 ? FLOW_REPLY_BAD_SUM : 0) |
           ((item->notes & CAP_NOTE_NEVER) != 0 ? FLOW_REPLY_NEVER : 0);
}

uint32_t flow_begin(pairer_t *p, const cap_item_t *item, const addr_t *client, const addr_t *server,
                    bool tcp)
{
    uint32_t i = slot_take(p);
    slot_t *s = &p->slot[i];
    s->client = *client;
    s->server = *server;
    s->tcp = tcp;
    if (tcp)
        p->rare[i].connection = item->connection;
    s->id = 0;
    s->attempt = 0;
    s->attempts = 0;
    s->at = s->began = item->at;
    s->ttl = 0;
    s->packet = item->number;
    s->file = item->file;
    s->original = 0;
    s->flow = ++p->flows;
    s->notes = notes_of(item);
    return i;
}

/* The flow as its sink sees it; the reply is left empty. */
static void flow_view(const pairer_t *p, const slot_t *s, flow_t *f)
{
    f->number = s->flow;
    f->transport = s->tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
    f->notes = s->notes;
    f->client = s->client;
    f->server = s->server;
    f->connection = slot_connection(p, s);
    f->attempts = s->attempts;
    f->event_count = s->event_count;
    f->event = s->has_events ? p->rare[slot_index(p, s)].event : NULL;
    f->began = s->began;
    f->asked = p->slot[s->last].at;
    f->reply_attempt = 0;
    f->name_octets = s->name_len;
    f->query = (flow_message_t){.bytes = s->attempts > 0 ? slot_wire(p, s) : NULL,
                                .size = s->size,
                                .original = s->original,
                                .at = s->at,
                                .number = s->packet,
                                .file = s->file};
}

static void give(pairer_t *p, const flow_t *f)
{
    p->stats.flows++;
    p->sink(p->user, f);
}

static __attribute__((noinline)) void count_across(pairer_t *p, int64_t took)
{
    if (p->stats.across++ == 0 || took < p->stats.across_least)
        p->stats.across_least = took;
}

void flow_answer(pairer_t *p, uint32_t attempt, const cap_item_t *item)
{
    const slot_t *a = &p->slot[attempt];
    slot_t *s = &p->slot[a->head];
    flow_t f;
    flow_view(p, s, &f);
    set_message(&f.reply, item);
    f.reply_attempt = a->attempt;
    f.asked = a->at;
    f.ended = s->began = item->at; /* from now on when it was answered */
    f.notes |= FLOW_ANSWERED | notes_of_reply(item);
    if (a->attempt < s->attempts)
        f.notes |= FLOW_LATE;
    p->stats.answered++;
    if (item->file != a->file)
        count_across(p, f.ended - f.asked);
    give(p, &f);
    slot_linger(p, a->head);
}

void flow_give_up(pairer_t *p, uint32_t head, unsigned notes)
{
    slot_t *s = &p->slot[head];
    flow_t f;
    s->notes |= notes;
    if (s->attempts == 0)
        s->notes |= FLOW_NO_QUERY;
    flow_view(p, s, &f);
    memset(&f.reply, 0, sizeof f.reply);
    f.ended = p->clock;
    p->stats.unanswered++;
    pair_apart_given_up(p, head);
    p->stats.pending += (notes & FLOW_PENDING) != 0;
    give(p, &f);
    slot_release(p, head);
}

void flow_alone(pairer_t *p, const cap_item_t *item, const addr_t *client, const addr_t *server,
                unsigned notes, uint64_t number)
{
    flow_t f = {.number = number,
                .transport = item->connection != 0 ? TRANSPORT_TCP : TRANSPORT_UDP,
                .notes = notes | notes_of_reply(item),
                .client = *client,
                .server = *server,
                .connection = item->connection,
                .began = item->at,
                .asked = item->at,
                .ended = item->at};
    if (number == 0)
        f.number = ++p->flows;
    set_message(&f.reply, item);
    give(p, &f);
}

/* --- time --- */

static __attribute__((noinline)) void give_up_overdue(pairer_t *p)
{
    pair_early_pass(p, p->clock);
    while (p->due.first != PAIR_NONE) {
        const slot_t *s = &p->slot[p->due.first];
        if (p->clock - p->slot[s->last].at < p->o.timeout)
            return;
        flow_give_up(p, p->due.first, 0);
    }
}

/* Whether time goes on or stands still is anybody's guess; that nothing is due is not. */
static inline void pass_time(pairer_t *p, int64_t now)
{
    bool later = now > p->clock;
    p->clock = later ? now : p->clock;
    bool over =
        now >= p->early_due ||
        (p->due.first != PAIR_NONE && now - p->slot[p->slot[p->due.first].last].at >= p->o.timeout);
    if (over & later)
        give_up_overdue(p);
}

void pairer_feed(void *user, const cap_item_t *item)
{
    pairer_t *p = user;
    if (p->stats.items++ == 0)
        p->stats.first = p->clock = item->at;
    pass_time(p, item->at);
    switch (item->kind) {
    case CAP_ITEM_UDP:
        pair_udp(p, item);
        return;
    case CAP_ITEM_UDP_LOST:
        pair_lost(p, item);
        return;
    case CAP_ITEM_ICMP:
        pair_icmp(p, item);
        return;
    default:
        pair_tcp(p, item);
        return;
    }
}

void pairer_finish(pairer_t *p, int64_t end)
{
    pair_early_pass(p, INT64_MAX - 1);
    p->stats.last = p->clock;
    p->clock = end > p->clock ? end : p->clock;
    while (p->due.first != PAIR_NONE) {
        const slot_t *s = &p->slot[p->due.first];
        bool early = p->clock - s->at < p->o.grace;
        flow_give_up(p, p->due.first, early ? FLOW_PENDING : 0);
    }
    while (p->conn_lru.first != PAIR_NONE)
        conn_release(p, &p->conn[p->conn_lru.first], 0);
    pair_apart_finish(p);
    p->stats.no_server =
        p->stats.queries > 0 && p->stats.replies == 0 && p->stats.icmp == 0 && !p->server_seen;
    p->stats.one_way =
        (p->stats.queries == 0 && p->stats.replies > 0) || (p->stats.no_server && p->assumed);
}
