/* Connections: the questions and replies on them, and how they end. */
#include <string.h>

#include "capture/pair_table.h"

/* True when the item comes from the client's side. Only of interest when the connection is new. */
static bool from_client(const pairer_t *p, const cap_item_t *item)
{
    if (item->kind == CAP_ITEM_TCP_SYN)
        return true;
    if (item->kind == CAP_ITEM_TCP_OPEN)
        return false;
    bool from = pair_server_port(p, item->from.port);
    bool to = pair_server_port(p, item->to.port);
    if (from != to)
        return to;
    return item->size < 3 || (item->bytes[2] & 0x80) == 0;
}

/* A flow that has no question yet: what happens before one belongs to it. */
static void begin_bare(pairer_t *p, conn_t *c, const cap_item_t *item)
{
    uint32_t i = flow_begin(p, item, &c->client, &c->server, true);
    ends_t ends = hash_ends(p->o.seed, &c->client, &c->server);
    slot_link_port(p, i, hash_port(&ends));
    conn_add(p, c, i);
    c->bare = true;
}

static conn_t *conn_of(pairer_t *p, const cap_item_t *item)
{
    conn_t *c = conn_find(p, item->connection);
    if (c != NULL) {
        conn_touch(p, c);
        return c;
    }
    c = conn_take(p, item->connection);
    bool asks = from_client(p, item);
    c->client = asks ? item->from : item->to;
    c->server = asks ? item->to : item->from;
    if (item->kind == CAP_ITEM_TCP_SYN)
        begin_bare(p, c, item);
    return c;
}

static bool by_server(const conn_t *c, const cap_item_t *item)
{
    return addr_equal(&c->server, &item->from);
}

/* Every open flow of the connection has this as an event. */
static void event_to_all(pairer_t *p, conn_t *c, const cap_item_t *item, flow_event_kind_t kind)
{
    flow_event_t e = {.kind = kind, .attempt = 1, .peer = item->from, .message = message_of(item)};
    e.message.bytes = NULL;
    e.message.size = 0;
    if (kind >= FLOW_EVENT_TCP_REFUSED) /* comes once, and is the last */
        c->told = 0;
    conn_event(p, c, &e);
}

/* A message whose end the capture has not: it came all the same, and is known by its ID. */
static void take_cut(pairer_t *p, conn_t *c, const cap_item_t *item)
{
    cap_item_t cut = *item;
    cut.notes |= CAP_NOTE_CUT;
    c->open = true;
    if (by_server(c, item))
        pair_reply(p, &cut, c);
    else
        pair_query(p, &cut, c);
}

/* The beginning of a frame whose end never came; it is told with the event that ended it. */
static void tcp_partial(pairer_t *p, conn_t *c, const cap_item_t *item)
{
    bool lost = (item->notes & (CAP_NOTE_GAP | CAP_NOTE_CUT)) != 0;
    uint32_t i = c->flows.first;
    if (lost && item->size >= 2) {
        take_cut(p, c, item);
        return;
    }
    if (i == PAIR_NONE || !by_server(c, item))
        return;
    if (lost) {
        /* the capture's loss, not the server's: nothing may be said of silence */
        p->slot[i].notes |= FLOW_CUT;
        flow_give_up(p, i, FLOW_PENDING);
        return;
    }
    flow_event_t e = {
        .kind = FLOW_EVENT_LOST, .attempt = 1, .peer = item->from, .message = message_of(item)};
    slot_event(p, i, &e);
}

/* What the server does to a connection ends its flows; what the client does ends them too, but is
 * no event: it had enough. */
static void tcp_end(pairer_t *p, conn_t *c, const cap_item_t *item)
{
    bool server = by_server(c, item);
    bool reset = item->kind == CAP_ITEM_TCP_RESET;
    if (!server && !reset) {
        c->client_fin = true;
        return;
    }
    p->server_seen |= server;
    if (server && (reset || !c->client_fin))
        event_to_all(p, c, item,
                     !reset    ? FLOW_EVENT_TCP_CLOSED
                     : c->open ? FLOW_EVENT_TCP_RESET
                               : FLOW_EVENT_TCP_REFUSED);
    while (c->flows.first != PAIR_NONE)
        flow_give_up(p, c->flows.first, 0);
    c->over = true;
}

void pair_tcp(pairer_t *p, const cap_item_t *item)
{
    if (item->kind == CAP_ITEM_TCP_FIN && conn_find(p, item->connection) == NULL)
        return;
    conn_t *c = conn_of(p, item);
    c->open |= (item->notes & CAP_NOTE_MIDSTREAM) != 0;
    switch (item->kind) {
    case CAP_ITEM_TCP_SYN:
        if ((item->notes & CAP_NOTE_RETRANSMIT) != 0)
            event_to_all(p, c, item, FLOW_EVENT_SYN_AGAIN);
        break;
    case CAP_ITEM_TCP_OPEN:
        c->open = true;
        *((item->notes & CAP_NOTE_ASSUMED) != 0 ? &p->assumed : &p->server_seen) = true;
        event_to_all(p, c, item, FLOW_EVENT_TCP_OPEN);
        break;
    case CAP_ITEM_TCP_MESSAGE:
        c->open = true;
        if (by_server(c, item))
            pair_reply(p, item, c);
        else if (item->size > 0)
            pair_query(p, item, c);
        break;
    case CAP_ITEM_TCP_PARTIAL:
        tcp_partial(p, c, item);
        break;
    case CAP_ITEM_TCP_FIN:
    case CAP_ITEM_TCP_RESET:
        tcp_end(p, c, item);
        break;
    default:
        break;
    }
    if (c->over)
        conn_release(p, c, 0);
}
