/* ICMP errors, by the packet that they quote; datagrams whose fragments did not come, and those
 * that are damaged. */
#include <string.h>

#include "capture/pair_table.h"

/* Flows looked at for a datagram whose ports nobody knows. */
#define LOOK_MAX 64

/* The open attempt of this client port and server; with an ID the one that has it, else the
 * newest. */
static uint32_t find_attempt(pairer_t *p, const addr_t *client, const addr_t *server, bool tcp,
                             const uint8_t *id)
{
    ends_t ends = hash_ends(p->o.seed, client, server);
    uint32_t hash = hash_port(&ends);
    uint32_t newest = PAIR_NONE;
    unsigned looked = 0;
    unsigned steps = 0;
    for (uint32_t i = slot_first_port(p, hash); i != PAIR_NONE && looked < LOOK_MAX;
         i = slot_next_port(p, i, &steps)) {
        const slot_t *s = &p->slot[i];
        const slot_t *head = &p->slot[s->head];
        if (!addr_equal(&s->client, client) || head->tcp != tcp ||
            !addr_equal(&head->server, server))
            continue;
        looked++;
        if (id == NULL || s->id == (uint16_t)(id[0] << 8 | id[1]))
            return i;
        if (newest == PAIR_NONE)
            newest = i;
    }
    return newest;
}

/* The flow of these hosts, when the capture cut the quote before its ports, or before the second:
 * if it can only be one. */
static uint32_t find_host(const pairer_t *p, const addr_t *client, const addr_t *server, bool tcp)
{
    uint32_t found = PAIR_NONE;
    unsigned looked = 0;
    for (uint32_t i = p->due.last; i != PAIR_NONE && looked < LOOK_MAX;
         i = p->slot[i].link[LINK_DUE].prev, looked++) {
        const slot_t *s = &p->slot[i];
        const slot_t *last = &p->slot[s->last];
        if (s->tcp != tcp || !addr_same_host(&s->client, client) ||
            !addr_same_host(&s->server, server) ||
            (client->port != 0 && client->port != last->client.port))
            continue;
        if (found != PAIR_NONE)
            return PAIR_NONE;
        found = s->last;
    }
    return found;
}

/* The attempt that the quoted packet was. */
static uint32_t find_quoted(pairer_t *p, const cap_item_t *item, bool tcp)
{
    const addr_t *client = &item->quoted_from;
    const addr_t *server = &item->quoted_to;
    if ((item->notes & CAP_NOTE_NO_FIRST) != 0)
        return find_host(p, client, server, tcp);
    return find_attempt(p, client, server, tcp, !tcp && item->size >= 2 ? item->bytes : NULL);
}

/* The same error about the same attempt at nearly the same time is one that was captured twice:
 * whoever reports does so once for each packet. */
static bool is_twice(const pairer_t *p, uint32_t head, const flow_event_t *e)
{
    const slot_t *s = &p->slot[head];
    for (unsigned n = s->event_count; n > 0; n--) {
        const flow_event_t *was = &p->rare[head].event[n - 1];
        if (e->message.at - was->message.at >= PAIR_TWICE_WITHIN)
            return false;
        if (was->kind == FLOW_EVENT_ICMP && was->attempt == e->attempt &&
            was->icmp_type == e->icmp_type && was->icmp_code == e->icmp_code &&
            addr_equal(&was->peer, &e->peer))
            return true;
    }
    return false;
}

/* "It does not get there", in contrast to what is said of packets that are too big, or too many. */
static bool is_final(const cap_item_t *item)
{
    if (item->from.family == 4)
        return (item->icmp_type == 3 && item->icmp_code != 4) || item->icmp_type == 11;
    return item->icmp_type == 1 || item->icmp_type == 3;
}

/* What the quoted packet was: a client's to a server. */
static bool quotes_question(const pairer_t *p, const cap_item_t *item, bool tcp)
{
    if ((item->notes & CAP_NOTE_NO_FIRST) != 0 || !pair_server_port(p, item->quoted_to.port) ||
        pair_server_port(p, item->quoted_from.port))
        return false;
    return tcp ? item->connection == 0
               : item->size >= NSP_HEADER_SIZE && (item->bytes[2] & 0x80) == 0;
}

/* The attempt that an error is about whose own packet was not captured: it went another way, or
 * nowhere, as when the host itself finds that nobody answers ARP. PAIR_NONE without one. */
static uint32_t take_quoted(pairer_t *p, const cap_item_t *item, bool tcp)
{
    cap_item_t q = *item;
    uint32_t i;
    if (!is_final(item) || !quotes_question(p, item, tcp))
        return PAIR_NONE;
    q.from = item->quoted_from;
    q.to = item->quoted_to;
    q.notes = 0;
    q.connection = 0;
    if (tcp) {
        ends_t ends = hash_ends(p->o.seed, &q.from, &q.to);
        i = flow_begin(p, &q, &q.from, &q.to, true);
        slot_link_port(p, i, hash_port(&ends));
    } else {
        if (!pair_quoted(p, &q))
            return PAIR_NONE;
        i = find_quoted(p, item, false);
    }
    if (i != PAIR_NONE && p->slot[i].head == i)
        p->slot[i].notes |= FLOW_QUOTED;
    return i;
}

void pair_icmp(pairer_t *p, const cap_item_t *item)
{
    bool tcp = item->quoted == TRANSPORT_TCP;
    flow_event_t e = {.kind = FLOW_EVENT_ICMP,
                      .icmp_type = item->icmp_type,
                      .icmp_code = item->icmp_code,
                      .icmp_mtu = item->icmp_mtu,
                      .peer = item->from,
                      .message = message_of(item)};
    e.peer.port = 0;
    e.message.bytes = NULL;
    e.message.size = 0;
    conn_t *c = tcp && item->connection != 0 ? conn_find(p, item->connection) : NULL;
    uint32_t i = find_quoted(p, item, tcp);
    if (c == NULL && i != PAIR_NONE && p->slot[p->slot[i].head].conn != PAIR_NONE)
        c = &p->conn[p->slot[p->slot[i].head].conn];
    if (tcp && c != NULL && addr_equal(&c->client, &item->quoted_from)) {
        e.attempt = 1; /* concerns every open flow on it */
        if (c->flows.first != PAIR_NONE && is_twice(p, c->flows.first, &e))
            return;
        conn_event(p, c, &e);
        p->stats.icmp++;
        return;
    }
    if (i == PAIR_NONE)
        i = take_quoted(p, item, tcp);
    if (i == PAIR_NONE) {
        p->stats.icmp_orphans++;
        return;
    }
    slot_t *head = &p->slot[p->slot[i].head];
    e.attempt = p->slot[i].attempt;
    if (is_twice(p, slot_index(p, head), &e))
        return;
    slot_event(p, slot_index(p, head), &e);
    if ((head->notes & FLOW_QUOTED) != 0)
        p->stats.icmp_orphans++;
    else
        p->stats.icmp++;
}

/* The flow whose reply is most likely the one that was lost: the one that offers most room. */
static uint32_t guess_lost(const pairer_t *p, const addr_t *client, const addr_t *server)
{
    uint32_t best = PAIR_NONE;
    uint32_t room = 0;
    unsigned looked = 0;
    for (uint32_t i = p->due.last; i != PAIR_NONE && looked < LOOK_MAX;
         i = p->slot[i].link[LINK_DUE].prev, looked++) {
        const slot_t *s = &p->slot[i];
        if (s->tcp || !addr_same_host(&s->client, client) || !addr_same_host(&s->server, server))
            continue;
        uint32_t offered = pair_question_room(slot_wire(p, s), s->size);
        if (best == PAIR_NONE || offered > room) {
            best = i;
            room = offered;
        }
    }
    return best;
}

void pair_lost(pairer_t *p, const cap_item_t *item)
{
    flow_event_t e = {.kind = FLOW_EVENT_LOST,
                      .no_first = (item->notes & CAP_NOTE_NO_FIRST) != 0,
                      .peer = item->from,
                      .message = message_of(item)};
    uint32_t i = PAIR_NONE;
    if (!e.no_first)
        i = find_attempt(p, &item->to, &item->from, false, item->size >= 2 ? item->bytes : NULL);
    if (i == PAIR_NONE)
        i = guess_lost(p, &item->to, &item->from);
    p->server_seen |= i != PAIR_NONE || pair_server_port(p, item->from.port);
    if (i == PAIR_NONE)
        return;
    e.attempt = p->slot[i].attempt;
    p->stats.lost++;
    slot_event(p, p->slot[i].head, &e);
}

/* What it holds is not what was sent, its ID and ports included: it belongs to a question as far as
 * these are known. */
void pair_damaged(pairer_t *p, const cap_item_t *item)
{
    flow_event_t e = {.kind = FLOW_EVENT_DAMAGED, .peer = item->from, .message = message_of(item)};
    bool asks = pair_server_port(p, item->to.port) && !pair_server_port(p, item->from.port);
    uint32_t i =
        asks ? PAIR_NONE
             : find_attempt(p, &item->to, &item->from, false, item->size >= 2 ? item->bytes : NULL);
    p->stats.damaged++;
    p->stats.damaged_queries += asks;
    if (i == PAIR_NONE)
        return;
    e.attempt = p->slot[i].attempt;
    e.message.bytes = NULL;
    e.message.size = 0;
    slot_event(p, p->slot[i].head, &e);
}
