/* Inside of pairing: slots, the lists that they hang on, and their memory. Not for other modules.
 *
 * A slot is one attempt. The first of a flow is its head, and holds all that the flow needs. */
#ifndef CAPTURE_PAIR_TABLE_H
#define CAPTURE_PAIR_TABLE_H

#include "capture/pair.h"
#include "capture/pair_hash.h"
#include "proto/nsproto.h"

/* Slots with one hash that are walked over: whoever chooses ports, IDs and octets can make any
 * number of them, newest first. */
#define PAIR_KEYS_MAX  128u
#define PAIR_PORTS_MAX 1024u
#define PAIR_YOUNG     512u
#define PAIR_INLINE    88u /* octets of a question that need no allocation */

_Static_assert(FLOW_EVENTS_MAX <= UINT8_MAX, "event_count has room");

/* The same packet seen at two places of one host is so near in time, nanoseconds. */
#define PAIR_TWICE_WITHIN INT64_C(10000000)
/* A reply that is recorded before its question is so near to it, nanoseconds. */
#define PAIR_EARLY_WITHIN INT64_C(20000000)

typedef struct pair_link {
    uint32_t next;
    uint32_t prev;
} pair_link_t;

typedef struct pair_list {
    uint32_t first;
    uint32_t last;
    uint32_t count;
} pair_list_t;

typedef enum slot_state {
    SLOT_FREE,
    SLOT_OPEN,   /* waits for a reply */
    SLOT_CLOSED, /* was answered; remembered for duplicates */
    SLOT_AGAIN   /* a further attempt; its head tells */
} slot_state_t;

/* What a slot hangs on. Of the first three only slots of one hash are chained, newest first, and a
 * table has the first for each hash. */
enum {
    LINK_KEY,  /* by both ends, ID and how QNAME begins */
    LINK_PORT, /* by the client's end; open flows only. prev is LINK_IS_YOUNG, and next the place,
                  of those that are not there yet */
    LINK_ASK,  /* by client host, server and the question's octets; heads of open flows */
    SLOT_TABLES,
    LINK_DUE = SLOT_TABLES, /* in order of the last attempt; closed heads: in order of closing */
    SLOT_LINKS
};

#define LINK_IS_YOUNG (PAIR_NONE - 1)

/* Four cache lines. Those beside it are in slot_rare_t. */
typedef struct slot {
    pair_link_t link[SLOT_LINKS];
    uint32_t hash[SLOT_TABLES];
    uint32_t head;
    uint32_t more; /* next attempt of the flow */
    uint32_t last; /* heads: newest attempt */
    uint16_t id;
    uint8_t attempt;
    uint8_t state;
    uint32_t conn; /* TCP: the connection's index */
    /* the second line; but for client, heads only from here on, and all but time and place */
    addr_t client;
    addr_t server;
    uint16_t size;     /* of the question's message */
    uint16_t name_len; /* of QNAME, which is at octet 12; 0: there is none that is plain */
    uint16_t attempts; /* 0: no question yet */
    uint8_t event_count;
    uint8_t ttl; /* of its packet; 0: not known */
    unsigned notes;
    bool tcp;
    bool has_key;    /* hangs on key and ask */
    bool has_events; /* there is memory for events */
    bool crowded;    /* another ID from the same port is another question (pair_udp.c) */
    /* the third */
    int64_t at;
    uint64_t packet;
    uint64_t flow;
    int64_t began;
    uint32_t file;
    uint32_t original;
    uint8_t wire[PAIR_INLINE];
} slot_t;

_Static_assert(sizeof(slot_t) == 256, "a slot is four cache lines");

/* What few flows have. Left as it is when a slot is taken: what is in it is told by others. */
typedef struct slot_rare {
    pair_link_t link;    /* TCP: flows on one connection, oldest first */
    uint64_t connection; /* TCP */
    uint8_t *heap;       /* a question that is longer than PAIR_INLINE */
    flow_event_t *event; /* of has_events */
    uint16_t event_cap;
} slot_rare_t;

enum { LINK_NUMBER, LINK_LRU, CONN_LINKS };

typedef struct conn {
    pair_link_t link[CONN_LINKS];
    bool bare; /* the flow in first has no question yet */
    bool client_fin;
    bool open;
    bool over;
    bool transfer; /* a zone transfer was asked for, and its first message came */
    uint16_t transfer_id;
    uint8_t told; /* events that were given to all flows: FLOW_EVENTS_MAX, then no more */
    uint64_t number;
    int64_t last;
    addr_t client;
    addr_t server;
    pair_list_t flows; /* open ones, oldest first */
} conn_t;

/* The same, of another file, or with other hops left, which is seen at another place: its clock may
 * be another. No client asks again sooner. */
#define PAIR_COPY_WITHIN INT64_C(500000000)

typedef struct pair_early pair_early_t;
typedef struct pair_apart pair_apart_t;

struct pairer {
    pair_options_t o;
    flow_sink_t *sink;
    void *user;
    pair_stats_t stats;
    int64_t clock;       /* latest time seen */
    int64_t early_due;   /* until when the oldest of these waits; INT64_MAX: none does */
    pair_apart_t *apart; /* NULL: every message found its other so far */
    pair_early_t *early; /* replies that wait for their question; NULL: none did so far */
    uint64_t flows;      /* numbers given */
    bool server_seen;    /* some server took a connection or refused it, or sent a fragment */
    bool assumed;        /* a client went on as if its connection were taken */
    size_t memory;
    void *slots; /* memory of slot, which begins at a cache line */
    slot_t *slot;
    slot_rare_t *rare; /* of each slot */
    pair_tags_t tags[SLOT_TABLES];
    /* The newest slots by port, which are not in its table yet: most never get there, since their
     * reply comes before so many questions, and few are looked for. */
    uint32_t young_next; /* its place is its remainder */
    uint32_t young_count;
    uint32_t young_hash[PAIR_YOUNG]; /* 0: none, or not any more */
    uint32_t young_slot[PAIR_YOUNG];
    uint32_t free_slot;
    uint32_t fresh_slot; /* those from here on were never used */
    pair_list_t due;
    pair_list_t lingering;
    conn_t *conn;
    uint32_t conn_mask;
    uint32_t *conn_head;
    uint32_t free_conn;
    uint32_t fresh_conn;
    pair_list_t conn_lru;
};

/* A message's question, as far as pairing needs it. */
typedef struct question {
    pair_begin_t begin;
    uint16_t name_len; /* plain QNAME at octet 12; 0: none, or not plain */
    bool found;        /* name, type and class could be read */
    uint16_t type;
    uint16_t qclass;
    nsp_name_t name; /* only when found and not plain */
} pair_question_t;

/* --- pair_table.c --- */

/* All tables of p->o. False when memory is out; pair_table_free frees what there is in any case. */
bool pair_table_new(pairer_t *p);
void pair_table_free(pairer_t *p);
/* A free slot, with room made when there is none: open, an attempt of its own flow, on no list but
 * that of what waits. All else of it is the caller's to fill in. */
uint32_t slot_take(pairer_t *p);
/* Takes a flow off all lists and frees its slots. */
void slot_release(pairer_t *p, uint32_t head);
/* which: LINK_KEY or LINK_ASK. */
void slot_link(pairer_t *p, unsigned which, uint32_t i, uint32_t hash);
/* To the table of clients' ends; open flows only. */
void slot_link_port(pairer_t *p, uint32_t i, uint32_t hash);
/* To the end of what waits: its last attempt is now the newest. */
void slot_touch(pairer_t *p, uint32_t head);
/* A fresh slot becomes a further attempt of a flow. */
void slot_become_attempt(pairer_t *p, uint32_t i, uint32_t head);
/* An answered flow: off the lists of open ones, remembered for a while. */
void slot_linger(pairer_t *p, uint32_t head);
/* Keeps a copy of a question. False (size 0 then) when memory is out. */
bool slot_keep_wire(pairer_t *p, uint32_t i, const uint8_t *bytes, uint32_t size);
/* Appends an event with a copy of its message; drops and counts it when there is no room. */
void slot_event(pairer_t *p, uint32_t head, const flow_event_t *e);
/* Takes back the event of a mismatch that this packet made. */
void slot_event_withdraw(pairer_t *p, uint32_t head, const cap_item_t *item);

/* Number of a slot, as lists and heads name it. */
static inline uint32_t slot_index(const pairer_t *p, const slot_t *s)
{
    return (uint32_t)(s - p->slot);
}

/* The octets of a head's question. */
static inline const uint8_t *slot_wire(const pairer_t *p, const slot_t *s)
{
    return s->size > PAIR_INLINE ? p->rare[slot_index(p, s)].heap : s->wire;
}

/* Number of the connection; 0 for UDP. */
static inline uint64_t slot_connection(const pairer_t *p, const slot_t *s)
{
    return s->tcp ? p->rare[slot_index(p, s)].connection : 0;
}

/* The newest slot of a client's end. */
uint32_t slot_first_port(pairer_t *p, uint32_t hash);
/* The next older one of the same hash; PAIR_NONE behind the last, and behind as many as are looked
 * at, which *steps, 0 at first, counts. */
static inline uint32_t slot_next_port(const pairer_t *p, uint32_t i, unsigned *steps)
{
    return ++*steps < PAIR_PORTS_MAX ? p->slot[i].link[LINK_PORT].next : PAIR_NONE;
}

/* The newest slot of a hash; which: LINK_KEY or LINK_ASK. */
static inline uint32_t slot_first(const pairer_t *p, unsigned which, uint32_t hash)
{
    return pair_tags_get(&p->tags[which], hash);
}

/* The connection with a number (cap_item_t); NULL when it is not known. */
conn_t *conn_find(pairer_t *p, uint64_t number);
/* A new connection; the one idle for longest makes room. */
conn_t *conn_take(pairer_t *p, uint64_t number);
/* Gives out its open flows, unanswered, with these notes (FLOW_*), and frees it. */
void conn_release(pairer_t *p, conn_t *c, unsigned notes);
/* It is the last to make room now. */
void conn_touch(pairer_t *p, conn_t *c);
/* Its open flows: head comes to them, or goes. */
void conn_add(pairer_t *p, conn_t *c, uint32_t head);
/* Every open flow of the connection has this as an event; so many of them, and no more, as one flow
 * has room for, since a connection may have any number of flows. */
void conn_event(pairer_t *p, conn_t *c, const flow_event_t *e);

/* --- pair_question.c --- */

/* True when a message has the very octets of head's question, which is plain; false says nothing.
 */
bool pair_question_repeats(const pairer_t *p, const slot_t *head, const uint8_t *bytes,
                           uint32_t size);

/* Reads the question of size octets. */
void pair_question_read(const pairer_t *p, const uint8_t *bytes, uint32_t size, pair_question_t *q);
/* True when it is the question that head asks. bytes is the message that q was read from. */
bool pair_question_equal(const pairer_t *p, const slot_t *head, const uint8_t *bytes,
                         const pair_question_t *q);
/* As pair_question_equal, but a reply that cannot or need not repeat the question is taken for one
 * to it: a client knows it by its ID (RFC 5452 9.1). */
bool pair_question_answers(const pairer_t *p, const slot_t *head, const uint8_t *bytes,
                           uint32_t size, const pair_question_t *q);

/* UDP payload size that a query offers (RFC 6891 6.2.3); 512 without EDNS. */
uint32_t pair_question_room(const uint8_t *bytes, uint32_t size);

/* --- pair.c --- */

/* Whether servers listen there, by the options. */
static inline bool pair_server_port(const pairer_t *p, uint16_t port)
{
    for (size_t i = 0; i < p->o.server_port_count; i++)
        if (p->o.server_port[i] == port)
            return true;
    return false;
}

/* Makes a head of a free slot: a flow that begins now. */
uint32_t flow_begin(pairer_t *p, const cap_item_t *item, const addr_t *client, const addr_t *server,
                    bool tcp);
/* An item's message, whose octets are borrowed, and its notes as those of a flow (FLOW_*). */
flow_message_t message_of(const cap_item_t *item);
unsigned notes_of(const cap_item_t *item);
/* Gives the flow out with its reply; attempt is the slot that it answers. */
void flow_answer(pairer_t *p, uint32_t attempt, const cap_item_t *item);
/* Gives the flow out without one, and frees it. */
void flow_give_up(pairer_t *p, uint32_t head, unsigned notes);
/* A reply that belongs to nothing that waits. number: of the flow that it repeats, 0 for none. */
void flow_alone(pairer_t *p, const cap_item_t *item, const addr_t *client, const addr_t *server,
                unsigned notes, uint64_t number);

/* --- pair_udp.c, pair_tcp.c, pair_error.c --- */

/* One item each: a datagram either way; a question and a reply, conn NULL over UDP; whatever is of
 * a TCP connection; an ICMP error; fragments that never came together. */
void pair_udp(pairer_t *p, const cap_item_t *item);
void pair_query(pairer_t *p, const cap_item_t *item, conn_t *conn);
void pair_reply(pairer_t *p, const cap_item_t *item, conn_t *conn);
/* A reply that has waited for its question long enough. */
void pair_reply_late(pairer_t *p, const cap_item_t *item);
/* A reply to that attempt. */
void pair_answer(pairer_t *p, uint32_t attempt, const cap_item_t *item, conn_t *conn);
/* A question over UDP of which only a quote was captured; it is no message that was seen. False
 * when its own packet was captured as well, and answered. */
bool pair_quoted(pairer_t *p, const cap_item_t *item);
void pair_tcp(pairer_t *p, const cap_item_t *item);
void pair_icmp(pairer_t *p, const cap_item_t *item);
void pair_lost(pairer_t *p, const cap_item_t *item);
/* A datagram that its receiver drops. */
void pair_damaged(pairer_t *p, const cap_item_t *item);

/* --- pair_early.c --- */

/* Keeps a reply, by the hash of its key, in case its question was recorded behind it. head: of the
 * flow that has it as evidence for now, or PAIR_NONE. False when it cannot be kept; else whatever
 * becomes of it is told. */
bool pair_early_keep(pairer_t *p, const cap_item_t *item, uint32_t hash, uint32_t head);
/* A new attempt, whose key has that hash: its reply may be waiting. p->early is not NULL. */
void pair_early_take(pairer_t *p, uint32_t attempt, uint32_t hash, conn_t *conn);
/* Lets go what has waited until now. */
void pair_early_pass(pairer_t *p, int64_t now);
void pair_early_free(pairer_t *p);
/* Octets of p->memory that it has. */
size_t pair_early_memory(const pairer_t *p);

/* --- pair_apart.c --- */

/* A reply that nobody asked for. */
void pair_apart_reply(pairer_t *p, const cap_item_t *item);
/* A new attempt. p->apart is not NULL. */
void pair_apart_question(pairer_t *p, uint32_t attempt);
/* A question that was given up. */
void pair_apart_given_up(pairer_t *p, uint32_t head);
/* What they come to, for p->stats. */
void pair_apart_finish(pairer_t *p);
void pair_apart_free(pairer_t *p);
size_t pair_apart_memory(const pairer_t *p);

#endif
