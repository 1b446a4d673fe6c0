#include "capture/witness.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 65536u
/* Events that are added to one exchange: whoever sends datagrams to its port can make any number.
 */
#define EVENTS_MAX 64u
#define OCTETS_MAX ((size_t)32 << 20)
/* Nanoseconds: the time of sending is read after the packet left, that of an answer by the kernel.
 */
#define EARLY INT64_C(10000000)

struct witness {
    uint16_t port;
    decoder_t *decoder;
    cap_item_t *item; /* their bytes are owned */
    size_t count;
    size_t cap;
    size_t octets;
    witness_stats_t stats;
};

/* ---- Keeping ---- */

static bool is_wanted(const cap_item_t *i)
{
    return i->kind == CAP_ITEM_UDP || i->kind == CAP_ITEM_UDP_LOST ||
           i->kind == CAP_ITEM_TCP_OPEN || i->kind == CAP_ITEM_ICMP;
}

static bool make_room(witness_t *w, size_t size)
{
    if (w->count == ITEMS_MAX || w->octets + size > OCTETS_MAX)
        return false;
    if (w->count < w->cap)
        return true;
    size_t cap = w->cap == 0 ? 256 : w->cap * 2;
    cap_item_t *grown = realloc(w->item, cap * sizeof *grown);
    if (grown == NULL)
        return false;
    w->item = grown;
    w->cap = cap;
    return true;
}

static void keep(void *user, const cap_item_t *item)
{
    witness_t *w = user;
    w->stats.items++;
    if (!is_wanted(item))
        return;
    uint8_t *copy = malloc(item->size > 0 ? item->size : 1);
    if (copy == NULL || !make_room(w, item->size)) {
        w->stats.forgotten++;
        free(copy);
        return;
    }
    if (item->size > 0)
        memcpy(copy, item->bytes, item->size);
    w->item[w->count] = *item;
    w->item[w->count++].bytes = copy;
    w->octets += item->size;
}

static void forget_all(witness_t *w)
{
    for (size_t i = 0; i < w->count; i++)
        free((void *)w->item[i].bytes);
    w->count = 0;
    w->octets = 0;
}

static bool open_decoder(witness_t *w)
{
    decode_options_t o = decode_options_default();
    o.port_count = 1;
    o.port[0] = w->port;
    decoder_free(w->decoder);
    w->decoder = decoder_new(&o, keep, w);
    return w->decoder != NULL;
}

witness_t *witness_new(uint16_t port)
{
    witness_t *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->port = port;
    if (open_decoder(w))
        return w;
    free(w);
    return NULL;
}

void witness_free(witness_t *w)
{
    if (w == NULL)
        return;
    decoder_free(w->decoder);
    forget_all(w);
    free(w->item);
    free(w);
}

void witness_feed(witness_t *w, const cap_packet_t *p)
{
    w->stats.packets++;
    decoder_feed(w->decoder, p);
}

witness_stats_t witness_stats(const witness_t *w)
{
    return w->stats;
}

/* ---- Joining ---- */

/* Nanoseconds on the set's clock: when the first query left, and when the last try was over. The
 * socket was open all this while. */
typedef struct span {
    int64_t first;
    int64_t last;
} span_t;

static span_t waiting(const exchange_t *x)
{
    span_t s = {INT64_MAX, INT64_MIN};
    for (uint32_t i = 0; i < x->event_count; i++) {
        const event_t *e = &x->event[i];
        if (e->kind == EVENT_SENT && e->at < s.first)
            s.first = e->at;
        if ((e->kind == EVENT_TIMEOUT || e->kind == EVENT_TCP_NO_SYNACK) && e->at > s.last)
            s.last = e->at;
    }
    return s;
}

/* The attempt whose query has the ID that a message begins with; 0: none. */
static uint8_t attempt_of(const exchange_t *x, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < x->event_count; i++) {
        const event_t *e = &x->event[i];
        if (e->kind == EVENT_SENT && e->size >= 2 && size >= 2 && memcmp(e->bytes, bytes, 2) == 0)
            return e->attempt;
    }
    return 0;
}

static bool same_question(const exchange_t *x, const uint8_t *bytes, uint32_t size)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    const event_t *query = exchange_query(x);
    if (query == NULL || !question_read(query->bytes, query->size, &name, &type, &qclass))
        return true; /* a query without a question: any will do */
    return question_read(bytes, size, &name, &type, &qclass) && type == x->qtype &&
           qclass == x->qclass && nsp_name_equal(&name, &x->qname);
}

static uint8_t mismatch_of(const exchange_t *x, const cap_item_t *i, uint8_t attempt)
{
    unsigned bits = addr_same_host(&i->from, &x->server) ? 0u : MISMATCH_ADDRESS;
    if (i->from.port != x->server.port)
        bits |= MISMATCH_PORT;
    if (i->size < 12)
        return (uint8_t)(bits | MISMATCH_HEADER);
    if (attempt == 0)
        bits |= MISMATCH_ID;
    if ((i->bytes[2] & 0x80u) == 0)
        bits |= MISMATCH_QR;
    if (!same_question(x, i->bytes, i->size))
        bits |= MISMATCH_QUESTION;
    return (uint8_t)bits;
}

/* True when the socket got this very message. */
static bool was_delivered(const exchange_t *x, const cap_item_t *i)
{
    for (uint32_t k = 0; k < x->event_count; k++) {
        const event_t *e = &x->event[k];
        if ((e->kind == EVENT_REPLY || e->kind == EVENT_MISMATCH ||
             e->kind == EVENT_NOT_DELIVERED) &&
            e->size == i->size && memcmp(e->bytes, i->bytes, e->size) == 0)
            return true;
    }
    return false;
}

static bool join_udp(exchange_t *x, const cap_item_t *i, int64_t at)
{
    uint8_t attempt = attempt_of(x, i->bytes, i->size);
    event_t e = {.kind = EVENT_NOT_DELIVERED,
                 .attempt = attempt,
                 .mismatch = mismatch_of(x, i, attempt),
                 .at = at,
                 .peer = i->from,
                 .bytes = i->bytes,
                 .size = i->size};
    /* from nowhere near the question: another conversation that had this port */
    if (i->size == 0 || (attempt == 0 && (e.mismatch & MISMATCH_ADDRESS) != 0))
        return true;
    return was_delivered(x, i) || exchange_append(x, &e);
}

static bool join_lost(exchange_t *x, const cap_item_t *i, int64_t at)
{
    event_t e = {.kind = EVENT_FRAGMENTS_LOST,
                 .at = at,
                 .peer = i->from,
                 .bytes = i->bytes,
                 .size = i->size};
    return exchange_find(x, EVENT_FRAGMENTS_LOST) != NULL || exchange_append(x, &e);
}

static bool join_icmp(exchange_t *x, const cap_item_t *i, int64_t at)
{
    event_t e = {.kind = EVENT_ICMP,
                 .attempt = attempt_of(x, i->bytes, i->size),
                 .icmp_type = i->icmp_type,
                 .icmp_code = i->icmp_code,
                 .icmp_mtu = i->icmp_mtu,
                 .at = at,
                 .peer = i->from};
    e.peer.port = 0;
    return exchange_find(x, EVENT_ICMP) != NULL || exchange_append(x, &e);
}

/* The kernel would have told of it as EVENT_TCP_OPEN. */
static bool join_handshake(exchange_t *x, const cap_item_t *i, int64_t at)
{
    event_t e = {.kind = EVENT_TCP_NOT_DELIVERED, .attempt = 1, .at = at, .peer = i->from};
    return exchange_find(x, EVENT_TCP_OPEN) != NULL ||
           exchange_find(x, EVENT_TCP_NOT_DELIVERED) != NULL || exchange_append(x, &e);
}

/* Whether an item is about an exchange, going by addresses and ports alone. */
static bool is_about(const exchange_t *x, const cap_item_t *i)
{
    bool udp = x->transport == TRANSPORT_UDP;
    switch (i->kind) {
    case CAP_ITEM_UDP:
        return udp && i->to.port == x->local.port && i->to.family == x->server.family;
    case CAP_ITEM_UDP_LOST: /* without the first fragment, ports are not known */
        return udp && addr_same_host(&i->from, &x->server) &&
               (i->to.port == 0 || i->to.port == x->local.port);
    case CAP_ITEM_ICMP:
        return i->quoted == x->transport && i->quoted_from.port == x->local.port &&
               addr_equal(&i->quoted_to, &x->server);
    default: /* of the two ends of a connection, either may be named first */
        return !udp && ((addr_equal(&i->from, &x->server) && i->to.port == x->local.port) ||
                        (addr_equal(&i->to, &x->server) && i->from.port == x->local.port));
    }
}

static bool join_one(exchange_t *x, const cap_item_t *i, int64_t at)
{
    switch (i->kind) {
    case CAP_ITEM_UDP:
        return join_udp(x, i, at);
    case CAP_ITEM_UDP_LOST:
        return join_lost(x, i, at);
    case CAP_ITEM_ICMP:
        return join_icmp(x, i, at);
    default:
        return join_handshake(x, i, at);
    }
}

/* Fragments may be given up long after they came; then the try's end is their time. */
static bool in_time(const cap_item_t *i, const span_t *s, int64_t *at)
{
    if (*at < s->first - EARLY)
        return false;
    if (i->kind == CAP_ITEM_UDP_LOST && *at > s->last)
        *at = s->last;
    return *at <= s->last;
}

static bool join_exchange(const witness_t *w, exchange_t *x, int64_t began)
{
    span_t s = waiting(x);
    bool ok = true;
    uint32_t most = x->event_count + EVENTS_MAX;
    if (exchange_reply(x) != NULL || x->local.port == 0)
        return true;
    for (size_t k = 0; ok && k < w->count && x->event_count < most; k++) {
        int64_t at = w->item[k].at - began;
        if (is_about(x, &w->item[k]) && in_time(&w->item[k], &s, &at))
            ok = join_one(x, &w->item[k], at);
    }
    return ok;
}

bool witness_join(witness_t *w, exchange_set_t *set)
{
    bool ok = true;
    decoder_finish(w->decoder);
    for (uint32_t i = 0; ok && i < set->count; i++)
        ok = join_exchange(w, set->item[i], set->began_wall);
    forget_all(w);
    return open_decoder(w) && ok;
}
