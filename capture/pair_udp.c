/* Questions and replies. */
#include <string.h>

#include "capture/pair_table.h"

/* A client that changes port or ID asks again only after a time that it gives the server (check as
 * little as it is told to, from the same port); if it changes both, before the time after which it
 * is another question for certain. */
#define NEW_ID_AFTER    INT64_C(90000000)
#define NEW_PORT_AFTER  INT64_C(200000000)
#define NEW_PORT_WITHIN INT64_C(6000000000)
/* Flows looked at where many have the same question or client port. */
#define LOOK_MAX 32

static uint16_t id_of(const cap_item_t *item)
{
    if (item->size < 2)
        return 0;
    return (uint16_t)(item->bytes[0] << 8 | item->bytes[1]);
}

/* --- questions --- */

/* Octet for octet, the ID left out. */
static bool same_wire(const pairer_t *p, const slot_t *head, const cap_item_t *item)
{
    return head->size == item->size &&
           (item->size <= 2 ||
            memcmp(slot_wire(p, head) + 2, item->bytes + 2, item->size - 2u) == 0);
}

/* The attempt with this key, newest first: same ends, ID and octets; PAIR_NONE without one. */
static uint32_t find_twin(const pairer_t *p, const cap_item_t *item, uint32_t hash, bool tcp)
{
    unsigned steps = 0;
    for (uint32_t i = slot_first(p, LINK_KEY, hash); i != PAIR_NONE && steps < PAIR_KEYS_MAX;
         i = p->slot[i].link[LINK_KEY].next, steps++) {
        const slot_t *s = &p->slot[i];
        const slot_t *head = &p->slot[s->head];
        if (head->tcp == tcp && s->id == id_of(item) &&
            slot_connection(p, head) == item->connection && addr_equal(&s->client, &item->from) &&
            addr_equal(&head->server, &item->to) && same_wire(p, head, item))
            return i;
    }
    return PAIR_NONE;
}

/* True when a question from this end is head's again, and not one of its own. The same ID from the
 * same port is, as the C library asks again, and check; dig, kdig and drill keep their ID,
 * resolvers keep neither. */
static bool is_retry(const pairer_t *p, const slot_t *head, const cap_item_t *item)
{
    const slot_t *last = &p->slot[head->last];
    int64_t gap = item->at - last->at;
    bool port = head->client.port == item->from.port;
    bool id = last->id == id_of(item);
    if (port)
        return id || (gap >= NEW_ID_AFTER && !head->crowded);
    /* a client that has kept its port once keeps it */
    bool kept = head->attempts > 1 && (head->notes & FLOW_NEW_PORT) == 0;
    return gap >= NEW_PORT_AFTER && (id || (!kept && gap <= NEW_PORT_WITHIN));
}

/* The open flow that asks the same of the same server, for the same host. crowded: set when there
 * are others from the same port, too near for a retry: programs that measure ask so, and none of
 * their questions with another ID is one again, however late it comes. */
static uint32_t find_asked(pairer_t *p, const cap_item_t *item, uint32_t hash, bool *crowded)
{
    unsigned looked = 0;
    for (uint32_t i = slot_first(p, LINK_ASK, hash); i != PAIR_NONE && looked < LOOK_MAX;
         i = p->slot[i].link[LINK_ASK].next, looked++) {
        slot_t *s = &p->slot[i];
        if (s->tcp || !addr_same_host(&s->client, &item->from) ||
            !addr_equal(&s->server, &item->to) || !same_wire(p, s, item))
            continue;
        if (is_retry(p, s, item))
            return i;
        if (s->client.port == item->from.port)
            s->crowded = *crowded = true;
    }
    return PAIR_NONE;
}

/* The hashes of a question, and what its neighbours say. */
typedef struct keys {
    uint32_t key;
    uint32_t port;
    uint32_t ask;
    bool crowded; /* the same is asked from the same port, too near for a retry */
} keys_t;

static uint32_t add_retry(pairer_t *p, const cap_item_t *item, uint32_t head, const keys_t *keys)
{
    slot_touch(p, head); /* so that it is not the one that makes room */
    uint32_t i = slot_take(p);
    slot_t *s = &p->slot[i];
    slot_t *h = &p->slot[head];
    slot_become_attempt(p, i, head);
    s->client = item->from;
    s->id = id_of(item);
    s->at = item->at;
    s->ttl = item->ttl;
    s->packet = item->number;
    s->file = item->file;
    h->attempts++;
    s->attempt = (uint8_t)h->attempts;
    if (s->client.port != h->client.port)
        h->notes |= FLOW_NEW_PORT;
    slot_link(p, LINK_KEY, i, keys->key);
    slot_link_port(p, i, keys->port);
    flow_event_t e = {.kind = FLOW_EVENT_RETRY,
                      .attempt = s->attempt,
                      .peer = item->from,
                      .message = message_of(item)};
    slot_event(p, head, &e);
    p->stats.retries++;
    return i;
}

/* The first question of a flow. On a connection the flow may be there already. */
static uint32_t add_question(pairer_t *p, const cap_item_t *item, conn_t *conn,
                             const pair_question_t *q, const keys_t *keys)
{
    bool tcp = conn != NULL;
    bool bare = tcp && conn->bare;
    uint32_t i = bare ? conn->flows.first : flow_begin(p, item, &item->from, &item->to, tcp);
    slot_t *s = &p->slot[i];
    slot_keep_wire(p, i, item->bytes, item->size);
    s->original = item->original;
    s->name_len = s->size == item->size ? q->name_len : 0;
    s->id = id_of(item);
    s->at = item->at;
    s->ttl = item->ttl;
    s->packet = item->number;
    s->file = item->file;
    s->attempt = 1;
    s->attempts = 1;
    s->has_key = true;
    s->crowded = keys->crowded;
    slot_link(p, LINK_KEY, i, keys->key);
    slot_link(p, LINK_ASK, i, keys->ask);
    if (bare) {
        s->notes |= notes_of(item);
        conn->bare = false;
        slot_touch(p, i);
        return i;
    }
    slot_link_port(p, i, keys->port);
    if (tcp)
        conn_add(p, conn, i);
    return i;
}

/* Whether it was captured somewhere else than the attempt: in another file, or on the other side of
 * a router. What a client sends again has as many hops left as before. */
static bool is_elsewhere(const cap_item_t *item, const slot_t *s)
{
    return item->file != s->file || (item->ttl != s->ttl && item->ttl != 0 && s->ttl != 0);
}

/* The same packet at another place; or, where replies are recorded before their questions, a retry
 * that its answer is there of already, for the attempt before it. */
static bool is_again(const pairer_t *p, const cap_item_t *item, uint32_t twin)
{
    const slot_t *s = &p->slot[twin];
    const slot_t *head = &p->slot[s->head];
    return item->at - s->at < (is_elsewhere(item, s) ? PAIR_COPY_WITHIN : PAIR_TWICE_WITHIN) ||
           (p->stats.early > 0 && head->state == SLOT_CLOSED && !head->tcp &&
            item->at - head->began < PAIR_EARLY_WITHIN);
}

static void ask(pairer_t *p, const cap_item_t *item, conn_t *conn)
{
    bool tcp = conn != NULL;
    pair_question_t q;
    keys_t keys = {.crowded = false};
    ends_t ends = hash_ends(p->o.seed, &item->from, &item->to);
    /* what will be needed comes from memory all at once, and not one after the other */
    keys.port = hash_port(&ends);
    keys.ask = hash_ask(p->o.seed, &ends, item->bytes, item->size);
    pair_tags_prefetch(&p->tags[LINK_ASK], keys.ask);
    pair_question_read(p, item->bytes, item->size, &q);
    keys.key = hash_key(&ends, &q.begin, id_of(item), tcp);
    uint32_t twin = find_twin(p, item, keys.key, tcp);
    if (twin != PAIR_NONE && is_again(p, item, twin)) {
        p->slot[p->slot[twin].head].notes |= FLOW_QUERY_TWICE;
        p->stats.queries_twice++;
        return;
    }
    uint32_t head = PAIR_NONE;
    if (twin != PAIR_NONE && p->slot[p->slot[twin].head].state == SLOT_OPEN)
        head = p->slot[twin].head;
    else if (!tcp)
        head = find_asked(p, item, keys.ask, &keys.crowded);
    if (head != PAIR_NONE && p->slot[head].attempts >= FLOW_ATTEMPTS_MAX) {
        flow_give_up(p, head, 0);
        head = PAIR_NONE;
    }
    uint32_t i = head != PAIR_NONE && !tcp ? add_retry(p, item, head, &keys)
                                           : add_question(p, item, conn, &q, &keys);
    if (p->apart != NULL)
        pair_apart_question(p, i);
    if (p->early_due != INT64_MAX)
        pair_early_take(p, i, keys.key, conn);
}

void pair_query(pairer_t *p, const cap_item_t *item, conn_t *conn)
{
    p->stats.queries++;
    ask(p, item, conn);
}

bool pair_quoted(pairer_t *p, const cap_item_t *item)
{
    pair_question_t q;
    ends_t ends = hash_ends(p->o.seed, &item->from, &item->to);
    pair_question_read(p, item->bytes, item->size, &q);
    if (find_twin(p, item, hash_key(&ends, &q.begin, id_of(item), false), false) != PAIR_NONE)
        return false;
    ask(p, item, NULL);
    return true;
}

/* --- replies --- */

/* The attempt that a reply answers in every respect, open ones before closed ones. */
static uint32_t find_answered(const pairer_t *p, const cap_item_t *item, const pair_question_t *q,
                              uint32_t hash, bool tcp)
{
    uint32_t closed = PAIR_NONE;
    unsigned steps = 0;
    for (uint32_t i = slot_first(p, LINK_KEY, hash); i != PAIR_NONE && steps < PAIR_KEYS_MAX;
         i = p->slot[i].link[LINK_KEY].next, steps++) {
        const slot_t *s = &p->slot[i];
        const slot_t *head = &p->slot[s->head];
        if (head->tcp != tcp || s->id != id_of(item) ||
            slot_connection(p, head) != item->connection || !addr_equal(&s->client, &item->to) ||
            !addr_equal(&head->server, &item->from) ||
            !pair_question_equal(p, head, item->bytes, q))
            continue;
        /* over UDP the same question is no other flow while the first is open */
        if (head->state == SLOT_OPEN || !tcp)
            return i;
        if (closed == PAIR_NONE)
            closed = i;
    }
    return closed;
}

/* What of a message does not match an attempt: MISMATCH_ bits. */
static uint8_t mismatch_of(const pairer_t *p, const slot_t *s, const cap_item_t *item,
                           const pair_question_t *q)
{
    const slot_t *head = &p->slot[s->head];
    unsigned bits = 0;
    if (!addr_same_host(&item->from, &head->server))
        bits |= MISMATCH_ADDRESS;
    if (item->from.port != head->server.port)
        bits |= MISMATCH_PORT;
    if (item->size < 2)
        return (uint8_t)(bits | MISMATCH_HEADER);
    if (s->id != id_of(item))
        bits |= MISMATCH_ID;
    if (item->size >= 3 && (item->bytes[2] & 0x80) == 0)
        bits |= MISMATCH_QR;
    if (!pair_question_answers(p, head, item->bytes, item->size, q))
        bits |= MISMATCH_QUESTION;
    return (uint8_t)bits;
}

/* The best guess at the attempt that a message was meant for. */
typedef struct guess {
    uint32_t slot;
    uint8_t bits;
    unsigned faults;
    bool shared; /* other flows wait at the same end */
} guess_t;

static guess_t guess_at(pairer_t *p, const cap_item_t *item, const pair_question_t *q,
                        uint32_t hash, const conn_t *conn)
{
    guess_t g = {PAIR_NONE, 0, UINT32_MAX, false};
    uint32_t flow = PAIR_NONE;
    unsigned looked = 0;
    unsigned steps = 0;
    for (uint32_t i = slot_first_port(p, hash); i != PAIR_NONE && looked < LOOK_MAX;
         i = slot_next_port(p, i, &steps)) {
        const slot_t *s = &p->slot[i];
        const slot_t *head = &p->slot[s->head];
        if (!addr_equal(&s->client, &item->to) || head->tcp != (conn != NULL) ||
            slot_connection(p, head) != item->connection || head->attempts == 0)
            continue;
        looked++;
        g.shared |= flow != PAIR_NONE && flow != s->head;
        flow = s->head;
        uint8_t bits = mismatch_of(p, s, item, q);
        unsigned faults = (unsigned)__builtin_popcount(bits);
        if (faults < g.faults)
            g = (guess_t){i, bits, faults, g.shared};
    }
    return g;
}

/* A message that answers no attempt in every respect. Evidence, if it is clear of which. With a
 * wrong checksum it is no other answer, but one that was damaged, and who asked does not get it. */
static void add_evidence(pairer_t *p, const cap_item_t *item, const guess_t *g)
{
    const slot_t *s = &p->slot[g->slot];
    flow_event_t e = {.kind = FLOW_EVENT_MISMATCH,
                      .attempt = (g->bits & (MISMATCH_ID | MISMATCH_HEADER)) != 0 ? 0 : s->attempt,
                      .mismatch = g->bits,
                      .peer = item->from,
                      .message = message_of(item)};
    if ((item->notes & CAP_NOTE_CHECKSUM) != 0) {
        e.kind = FLOW_EVENT_DAMAGED;
        e.message.bytes = NULL;
        e.message.size = 0;
    } else {
        p->stats.mismatches++;
    }
    slot_event(p, s->head, &e);
}

/* On one port, or one connection, of one flow everything that comes was meant for it. With several,
 * only what differs in one respect. */
static bool is_clear(const guess_t *g)
{
    return g->slot != PAIR_NONE && (!g->shared || g->faults <= 1);
}

/* The reply's key, when it has one: 0 else. */
static uint32_t key_of_reply(const cap_item_t *item, const ends_t *ends, const pair_question_t *q,
                             bool tcp)
{
    if (!q->found || item->size < NSP_HEADER_SIZE || (item->bytes[2] & 0x80) == 0)
        return 0;
    return hash_key(ends, &q->begin, id_of(item), tcp);
}

/* A message that no question is known for. What has a server's port is DNS all the same: a reply
 * alone, even one that is shorter than a header, or a question from a server's port. key: of a
 * reply whose question may still come, or 0. */
static void not_asked_for(pairer_t *p, const cap_item_t *item, conn_t *conn, uint32_t key)
{
    bool from = pair_server_port(p, item->from.port);
    bool dns = conn != NULL || p->o.any_port || from || pair_server_port(p, item->to.port);
    bool brief = item->size < NSP_HEADER_SIZE;
    if (dns && conn == NULL && item->original == 0) {
        if (p->stats.empty++ == 0)
            p->stats.empty_first = item->number;
    } else if (!dns || item->size == 0 || (brief && !from)) {
        p->stats.not_dns++;
    } else if (brief || (item->bytes[2] & 0x80) != 0) {
        if (key != 0 && pair_early_keep(p, item, key, PAIR_NONE))
            return;
        p->stats.replies++;
        p->stats.orphans++;
        flow_alone(p, item, &item->to, &item->from, FLOW_NO_QUERY, 0);
    } else if (conn == NULL) {
        pair_query(p, item, NULL);
    }
}

/* Answers to AXFR and IXFR may be many messages, with and without the question (RFC 5936 2.2). */
static void note_transfer(conn_t *conn, const cap_item_t *item, const pair_question_t *q)
{
    if (conn == NULL || (q->type != NSP_TYPE_AXFR && q->type != NSP_TYPE_IXFR))
        return;
    conn->transfer = true;
    conn->transfer_id = id_of(item);
}

void pair_answer(pairer_t *p, uint32_t attempt, const cap_item_t *item, conn_t *conn)
{
    pair_question_t q;
    if (conn != NULL) {
        pair_question_read(p, item->bytes, item->size, &q);
        note_transfer(conn, item, &q);
    }
    flow_answer(p, attempt, item);
}

/* A message with another ID than any attempt, at a port that one is waited for at: evidence; but
 * the question that it answers may come next, from the same port. */
static void add_strange(pairer_t *p, const cap_item_t *item, const guess_t *g, uint32_t key)
{
    add_evidence(p, item, g);
    if (key != 0 && (g->bits & MISMATCH_ID) != 0 && (item->notes & CAP_NOTE_CHECKSUM) == 0)
        (void)pair_early_keep(p, item, key, p->slot[g->slot].head);
}

/* The reply as it nearly always is: over UDP, to an open question whose very octets it repeats.
 * False when anything is otherwise: nothing has happened then. */
static bool answer_plain(pairer_t *p, const cap_item_t *item, const ends_t *ends)
{
    if (item->size < NSP_HEADER_SIZE || (item->bytes[2] & 0x80) == 0)
        return false;
    uint16_t id = id_of(item);
    pair_begin_t name = hash_begin(item->bytes + NSP_HEADER_SIZE, item->size - NSP_HEADER_SIZE);
    uint32_t i = slot_first(p, LINK_KEY, hash_key(ends, &name, id, false));
    if (i == PAIR_NONE)
        return false;
    const slot_t *s = &p->slot[i];
    const slot_t *head = &p->slot[s->head];
    if (head->state != SLOT_OPEN || head->tcp || s->id != id ||
        !addr_equal(&s->client, &item->to) || !addr_equal(&head->server, &item->from) ||
        !pair_question_repeats(p, head, item->bytes, item->size))
        return false;
    p->stats.replies++;
    flow_answer(p, i, item);
    return true;
}

/* A reply to what was answered before, with the key of that attempt. */
static void repeat(pairer_t *p, const cap_item_t *item, uint32_t attempt)
{
    const slot_t *head = &p->slot[p->slot[attempt].head];
    p->stats.replies++;
    p->stats.duplicates++;
    flow_alone(p, item, &item->to, &item->from,
               FLOW_NO_QUERY | FLOW_DUPLICATE | (head->notes & FLOW_QUERY_TWICE), head->flow);
}

static bool is_of_transfer(const conn_t *conn, const cap_item_t *item)
{
    return conn != NULL && conn->transfer && conn->transfer_id == id_of(item);
}

void pair_reply(pairer_t *p, const cap_item_t *item, conn_t *conn)
{
    pair_question_t q;
    bool tcp = conn != NULL;
    ends_t ends = hash_ends(p->o.seed, &item->to, &item->from);
    if (!tcp && answer_plain(p, item, &ends))
        return;
    pair_question_read(p, item->bytes, item->size, &q);
    uint32_t key = key_of_reply(item, &ends, &q, tcp);
    uint32_t exact = key != 0 ? find_answered(p, item, &q, key, tcp) : PAIR_NONE;
    if (exact != PAIR_NONE && p->slot[p->slot[exact].head].state == SLOT_OPEN) {
        p->stats.replies++;
        note_transfer(conn, item, &q);
        flow_answer(p, exact, item);
        return;
    }
    if (is_of_transfer(conn, item)) {
        p->stats.replies++; /* the next message of a zone transfer */
        return;
    }
    guess_t g = guess_at(p, item, &q, hash_port(&ends), conn);
    if (is_clear(&g) && (g.bits == 0 || exact == PAIR_NONE)) {
        p->stats.replies++;
        if (g.bits == 0)
            flow_answer(p, g.slot, item);
        else
            add_strange(p, item, &g, key);
    } else if (exact != PAIR_NONE) {
        repeat(p, item, exact);
    } else {
        not_asked_for(p, item, conn, key);
    }
}

/* What was asked since, from the same port, is not what it answers. */
void pair_reply_late(pairer_t *p, const cap_item_t *item)
{
    pair_question_t q;
    const conn_t *conn = item->connection != 0 ? conn_find(p, item->connection) : NULL;
    ends_t ends = hash_ends(p->o.seed, &item->to, &item->from);
    bool tcp = item->connection != 0;
    pair_question_read(p, item->bytes, item->size, &q);
    uint32_t exact = find_answered(p, item, &q, key_of_reply(item, &ends, &q, tcp), tcp);
    if (is_of_transfer(conn, item)) {
        p->stats.replies++;
    } else if (exact != PAIR_NONE && p->slot[p->slot[exact].head].state == SLOT_CLOSED) {
        repeat(p, item, exact);
    } else {
        p->stats.replies++;
        p->stats.orphans++;
        pair_apart_reply(p, item);
        flow_alone(p, item, &item->to, &item->from, FLOW_NO_QUERY, 0);
    }
}

void pair_udp(pairer_t *p, const cap_item_t *item)
{
    bool from = pair_server_port(p, item->from.port);
    bool to = pair_server_port(p, item->to.port);
    bool qr = item->size >= 3 && (item->bytes[2] & 0x80) != 0;
    if ((item->notes & CAP_NOTE_DAMAGED) != 0) {
        pair_damaged(p, item);
        return;
    }
    if (from == to && (from || p->o.any_port)) {
        if (qr)
            pair_reply(p, item, NULL);
        else if (item->size > 0)
            pair_query(p, item, NULL);
        return;
    }
    /* a reply to a client that asks from a server's port, itself from a wrong port, has QR set */
    if (to && !qr && item->size > 0)
        pair_query(p, item, NULL);
    else
        pair_reply(p, item, NULL);
}
