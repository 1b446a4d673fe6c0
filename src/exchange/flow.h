/* A flow is an exchange as packets show it, before anybody has asked for a copy: one question to
 * one server over one transport, and what came of it. Its octets are borrowed, so that millions of
 * plain questions and replies cost no allocation. flow_exchange makes an exchange of it. */
#ifndef EXCHANGE_FLOW_H
#define EXCHANGE_FLOW_H

#include "exchange/exchange.h"

/* One message, or what there is of it. */
typedef struct flow_message {
    const uint8_t *bytes; /* NULL: not there */
    uint32_t size;
    uint32_t original; /* octets on the wire; more than size when the capture cut it */
    int64_t at;        /* nanoseconds since 1970 */
    uint64_t number;   /* of the packet, in its file, from 1 */
    uint32_t file;
} flow_message_t;

/* Everything else that came, beside the first question and the reply that ended the flow. */
typedef enum flow_event_kind {
    FLOW_EVENT_RETRY,     /* the question again; attempt is its number, peer the client's side */
    FLOW_EVENT_MISMATCH,  /* a message that does not match; mismatch says why */
    FLOW_EVENT_ICMP,      /* about attempt; peer is who reports */
    FLOW_EVENT_LOST,      /* fragments that never came together; the message's beginning, if any */
    FLOW_EVENT_DAMAGED,   /* a reply with a wrong checksum, which nobody gets to see; where nothing
                             but what it holds says so, mismatch says what does not match */
    FLOW_EVENT_SYN_AGAIN, /* TCP: the SYN again */
    FLOW_EVENT_TCP_OPEN,
    FLOW_EVENT_TCP_REFUSED,
    FLOW_EVENT_TCP_RESET,
    FLOW_EVENT_TCP_CLOSED /* by the server, before the reply; the beginning of a frame, if any */
} flow_event_kind_t;

typedef struct flow_event {
    flow_event_kind_t kind;
    uint8_t attempt;  /* 1 is the first; 0: cannot be told */
    uint8_t mismatch; /* MISMATCH_ bits; of MISMATCH and DAMAGED */
    uint8_t icmp_type;
    uint8_t icmp_code;
    uint32_t icmp_mtu;
    bool no_first; /* LOST: the first fragment is missing */
    addr_t peer;
    flow_message_t message;
} flow_event_t;

/* Notes on a flow: bits. */
#define FLOW_ANSWERED    0x0001u /* reply is there */
#define FLOW_LATE        0x0002u /* the reply answers an attempt that was repeated before it came */
#define FLOW_NO_QUERY    0x0004u /* the question was not captured: a reply alone, or a connection */
#define FLOW_PENDING     0x0008u /* the capture ended too early to say that nothing came */
#define FLOW_EVICTED     0x0010u /* given up for lack of room: nothing may be said of silence */
#define FLOW_QUERY_TWICE 0x0020u /* the same packet was captured more than once */
#define FLOW_DUPLICATE   0x0040u /* a reply to a flow that was answered before: number is its */
#define FLOW_CHECKSUM    0x0080u /* a checksum was wrong (and not just left to the hardware) */
#define FLOW_CUT         0x0100u /* the reply was cut by the capture's snap length */
#define FLOW_FRAGMENTS   0x0200u /* the reply came in fragments */
#define FLOW_OVERLAP     0x0400u /* fragments or segments overlapped with different octets */
#define FLOW_MIDSTREAM   0x0800u /* TCP: the beginning of the connection was not captured */
#define FLOW_NEW_PORT    0x1000u /* a retry came from another port of the client */
#define FLOW_MORE        0x2000u /* more happened than was kept (FLOW_EVENTS_MAX) */
#define FLOW_REPLY_FIRST                                                                           \
    0x4000u                 /* by the capture's times the reply was there before the question:     \
                               it has the question's time, and how long it took is not known */
#define FLOW_QUOTED 0x8000u /* the question is known by an ICMP error only, which quotes it */
#define FLOW_APART                                                                                 \
    0x10000u /* a reply to it was recorded long before it, by another clock; of some it is known   \
              */
#define FLOW_NEVER_RIGHT                                                                           \
    0x20000u /* a checksum is wrong, as all others of the sender: offloaded, or damaged all the    \
                same */

#define FLOW_REPLY_BAD_SUM 0x40000u /* of FLOW_CHECKSUM: it is the reply's */
#define FLOW_REPLY_NEVER   0x80000u /* of FLOW_NEVER_RIGHT: the same */

#define FLOW_EVENTS_MAX   64
#define FLOW_ATTEMPTS_MAX 32

/* Borrowed until the sink that gets it returns. */
typedef struct flow {
    uint64_t number; /* from 1, in the order in which flows began, replies alone as they are given
                        out; the same for the same packets */
    transport_t transport;
    unsigned notes;
    addr_t client;
    addr_t server;
    uint64_t connection;       /* TCP: number of the connection; 0 for UDP */
    uint32_t attempts;         /* questions sent, the first included; 0 with NO_QUERY */
    uint32_t event_count;      /* 0 for a question and a reply and nothing else */
    const flow_event_t *event; /* in order of time */
    int64_t began; /* of the SYN for the first question of a connection, else query.at */
    int64_t asked; /* of the attempt that the reply answers, or of the last one: of its own packet,
                      whenever its connection was made */
    int64_t ended; /* when it was given out: the reply's time, or that of giving up */
    uint8_t reply_attempt;
    uint16_t name_octets; /* as question_name_octets tells of the query; 0 also: not looked at */
    flow_message_t query; /* the first attempt */
    flow_message_t reply;
} flow_t;

typedef void flow_sink_t(void *user, const flow_t *flow);

/* When attempts are over, for timeouts that no packet shows. */
typedef struct flow_patience {
    size_t waits;     /* 0: each attempt is over when the next is sent, the last is never */
    int64_t wait[10]; /* of each attempt, nanoseconds */
} flow_patience_t;

/* A full exchange of a flow, added to set (times count from set->began_wall). patience may be
 * NULL. A flow without a question makes an exchange without one. The exchange's number is the
 * flow's: what a report shows, since a set may hold a few exchanges of a capture only. NULL when
 * memory is out. */
exchange_t *flow_exchange(const flow_t *flow, const flow_patience_t *patience, exchange_set_t *set);

/* A copy with all of its messages in one piece, for free(). NULL when memory is out. */
flow_t *flow_copy(const flow_t *flow);
/* Octets that it takes. */
size_t flow_copy_size(const flow_t *flow);

#endif
