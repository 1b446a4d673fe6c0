#include "exchange/flow.h"

#include <stdlib.h>
#include <string.h>

/* A question that follows the handshake later than any round trip takes, nanoseconds. */
#define IDLE_AFTER INT64_C(300000000)

/* A flow while its exchange is made. */
typedef struct maker {
    const flow_t *flow;
    const flow_patience_t *patience;
    exchange_t *x;
    int64_t base;  /* nanoseconds since 1970 where the set's clock has 0 */
    int64_t sent;  /* when the attempt that is now waited for was sent */
    uint8_t tries; /* attempts so far */
    bool timed;    /* its timeout is noted, or there is none */
    bool icmp;
    bool open;
    bool good;
} maker_t;

static void put(maker_t *k, event_t *e, int64_t at)
{
    e->at = at - k->base;
    k->good = k->good && exchange_append(k->x, e);
}

/* How long an attempt is waited for; -1 when that is not known. */
static int64_t wait_of(const maker_t *k, uint8_t attempt)
{
    const flow_patience_t *p = k->patience;
    if (p == NULL || p->waits == 0)
        return -1;
    return p->wait[attempt <= p->waits ? attempt - 1u : p->waits - 1];
}

/* All attempts together: how long a connection is waited for. */
static int64_t whole_wait(const maker_t *k)
{
    int64_t sum = 0;
    if (k->patience == NULL || k->patience->waits == 0)
        return -1;
    for (size_t i = 0; i < k->patience->waits; i++)
        sum += k->patience->wait[i];
    return sum;
}

/* The attempt's time is over, at `at`. After an ICMP error nobody waits for one. */
static void put_timeout(maker_t *k, int64_t at)
{
    bool tcp = k->flow->transport == TRANSPORT_TCP;
    event_t e = {.kind = tcp && !k->open ? EVENT_TCP_NO_SYNACK : EVENT_TIMEOUT,
                 .attempt = k->tries};
    k->timed = true;
    if (k->icmp && !tcp)
        return;
    put(k, &e, at);
}

/* Notes the timeout of the attempt that is waited for when it lies before `now`; another attempt,
 * sent at now, means that it does. */
static void pass_time(maker_t *k, int64_t now, bool retried)
{
    bool tcp = k->flow->transport == TRANSPORT_TCP;
    int64_t wait = tcp ? whole_wait(k) : wait_of(k, k->tries);
    if (k->timed || k->tries == 0)
        return;
    if (retried && (wait < 0 || k->sent + wait > now))
        put_timeout(k, now);
    else if (wait >= 0 && k->sent + wait <= now)
        put_timeout(k, k->sent + wait);
}

static void put_sent(maker_t *k, const addr_t *local, const flow_message_t *m, int64_t at)
{
    event_t e = {.kind = EVENT_SENT, .peer = *local, .bytes = m->bytes, .size = m->size};
    if (k->tries < UINT8_MAX)
        k->tries++;
    e.attempt = k->tries;
    k->sent = at;
    k->timed = false;
    put(k, &e, at);
}

static event_kind_t kind_of(flow_event_kind_t kind)
{
    switch (kind) {
    case FLOW_EVENT_ICMP:
        return EVENT_ICMP;
    case FLOW_EVENT_TCP_OPEN:
        return EVENT_TCP_OPEN;
    case FLOW_EVENT_TCP_REFUSED:
        return EVENT_TCP_REFUSED;
    case FLOW_EVENT_TCP_RESET:
        return EVENT_TCP_RESET;
    case FLOW_EVENT_TCP_CLOSED:
        return EVENT_TCP_CLOSED;
    default:
        return EVENT_MISMATCH;
    }
}

static void put_event(maker_t *k, const flow_event_t *from)
{
    event_t e = {.kind = kind_of(from->kind),
                 .attempt = from->attempt,
                 .mismatch = from->mismatch,
                 .icmp_type = from->icmp_type,
                 .icmp_code = from->icmp_code,
                 .icmp_mtu = from->icmp_mtu,
                 .peer = from->peer};
    pass_time(k, from->message.at, from->kind == FLOW_EVENT_RETRY);
    switch (from->kind) {
    case FLOW_EVENT_RETRY:
        put_sent(k, &from->peer, &from->message, from->message.at);
        return;
    case FLOW_EVENT_LOST: /* no whole message, nothing that a client could see */
    case FLOW_EVENT_DAMAGED:
    case FLOW_EVENT_SYN_AGAIN:
        return;
    case FLOW_EVENT_MISMATCH:
    case FLOW_EVENT_TCP_CLOSED:
        e.bytes = from->message.bytes;
        e.size = from->message.size;
        break;
    case FLOW_EVENT_ICMP:
        k->icmp = true;
        break;
    default:
        break;
    }
    k->open |= from->kind == FLOW_EVENT_TCP_OPEN;
    put(k, &e, from->message.at);
}

static void put_reply(maker_t *k)
{
    const flow_message_t *m = &k->flow->reply;
    event_t e = {.kind = EVENT_REPLY,
                 .attempt = k->flow->reply_attempt,
                 .peer = k->flow->server,
                 .bytes = m->bytes,
                 .size = m->size};
    pass_time(k, m->at, false);
    put(k, &e, m->at);
}

/* A connection whose end was seen is over; anything else that nothing came of has timed out. */
static bool ended(const flow_t *flow)
{
    for (uint32_t i = 0; i < flow->event_count; i++)
        if (flow->event[i].kind == FLOW_EVENT_TCP_REFUSED ||
            flow->event[i].kind == FLOW_EVENT_TCP_RESET ||
            flow->event[i].kind == FLOW_EVENT_TCP_CLOSED)
            return true;
    return false;
}

/* True of a connection that was asked for, and nothing came back. */
static bool unanswered_syn(const flow_t *flow)
{
    const unsigned unknown = FLOW_PENDING | FLOW_EVICTED | FLOW_MIDSTREAM;
    if (flow->transport != TRANSPORT_TCP || flow->query.bytes != NULL ||
        flow->reply.bytes != NULL || (flow->notes & unknown) != 0)
        return false;
    for (uint32_t i = 0; i < flow->event_count; i++)
        if (flow->event[i].kind != FLOW_EVENT_SYN_AGAIN)
            return false;
    return true;
}

/* True when the connection was made for later: the question did not wait for its handshake, as it
 * does in check. */
static bool was_idle(const flow_t *flow)
{
    for (uint32_t i = 0; flow->transport == TRANSPORT_TCP && i < flow->event_count; i++)
        if (flow->event[i].kind == FLOW_EVENT_TCP_OPEN)
            return flow->query.at - flow->event[i].message.at > IDLE_AFTER;
    return false;
}

/* The question in its place: over TCP when the SYN was sent for it, else with its own packet. */
static void put_all(maker_t *k)
{
    const flow_t *flow = k->flow;
    bool asked = flow->query.bytes != NULL;
    bool idle = asked && was_idle(flow);
    if (asked && !idle)
        put_sent(k, &flow->client, &flow->query, flow->began);
    for (uint32_t i = 0; i < flow->event_count; i++) {
        if (idle && k->tries == 0 && flow->event[i].message.at >= flow->query.at)
            put_sent(k, &flow->client, &flow->query, flow->query.at);
        put_event(k, &flow->event[i]);
    }
    if (idle && k->tries == 0)
        put_sent(k, &flow->client, &flow->query, flow->query.at);
    if (flow->reply.bytes != NULL)
        put_reply(k);
    else if (asked && k->patience != NULL && !ended(flow) &&
             (flow->notes & (FLOW_PENDING | FLOW_EVICTED)) == 0)
        pass_time(k, INT64_MAX, false);
    else if (unanswered_syn(flow))
        put_timeout(k, flow->ended);
}

exchange_t *flow_exchange(const flow_t *flow, const flow_patience_t *patience, exchange_set_t *set)
{
    const flow_message_t *question = flow->query.bytes != NULL ? &flow->query : &flow->reply;
    exchange_t *x = exchange_add(set, flow->transport, &flow->server, question->bytes,
                                 question->bytes != NULL ? question->size : 0);
    if (x == NULL)
        return NULL;
    maker_t k = {.flow = flow, .patience = patience, .x = x, .base = set->began_wall, .good = true};
    x->number = flow->number;
    x->local = flow->client;
    put_all(&k);
    x->finished = (flow->notes & (FLOW_PENDING | FLOW_EVICTED)) == 0;
    return k.good ? x : NULL;
}

size_t flow_copy_size(const flow_t *flow)
{
    size_t n = sizeof *flow + flow->event_count * sizeof *flow->event;
    for (uint32_t i = 0; i < flow->event_count; i++)
        n += flow->event[i].message.size;
    return n + flow->query.size + flow->reply.size;
}

/* Moves the message's octets to *to, and *to behind them. */
static void copy_message(flow_message_t *m, uint8_t **to)
{
    if (m->bytes == NULL)
        return;
    memcpy(*to, m->bytes, m->size);
    m->bytes = *to;
    *to += m->size;
}

flow_t *flow_copy(const flow_t *flow)
{
    uint8_t *whole = malloc(flow_copy_size(flow));
    if (whole == NULL)
        return NULL;
    flow_t *copy = (flow_t *)whole;
    flow_event_t *event = (flow_event_t *)(whole + sizeof *copy);
    uint8_t *to = whole + sizeof *copy + flow->event_count * sizeof *event;
    *copy = *flow;
    copy->event = event;
    for (uint32_t i = 0; i < flow->event_count; i++) {
        event[i] = flow->event[i];
        copy_message(&event[i].message, &to);
    }
    copy_message(&copy->query, &to);
    copy_message(&copy->reply, &to);
    return copy;
}
