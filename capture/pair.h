/* From items to flows: questions paired with what came of them.
 *
 * UDP is paired by addresses, ports, ID and question. The same question again, from the same port
 * with the same ID, or (as dig, kdig, drill and resolvers do) from another after some time, is
 * another attempt of the same flow as long as the first has no reply. A reply that does not match
 * becomes evidence of the flow whose client port it came to. ICMP errors belong to the flow that
 * they quote. TCP is paired by connection, replies in any order.
 *
 * A reply that nobody asked for waits for a moment, in case its question was recorded behind it.
 *
 * A flow is given out as soon as its reply is there, or when its time is over. Memory is bounded
 * by the options, whatever the traffic; what is given up for it is counted. The same items give
 * the same flows in the same order. */
#ifndef CAPTURE_PAIR_H
#define CAPTURE_PAIR_H

#include "capture/decode.h"
#include "exchange/flow.h"

typedef struct pair_options {
    uint32_t outstanding_max; /* attempts that wait for a reply: 65536 */
    uint32_t connections_max; /* 16384 */
    size_t memory;            /* octets for long messages and events: 32 MiB */
    int64_t timeout;          /* nanoseconds after the last attempt: 20 s. Must be longer than
                                 decoding keeps fragments, for lost ones to find their question */
    int64_t grace;            /* silence for less says nothing when the capture ends: 2 s */
    uint32_t linger;          /* answered flows that are remembered for duplicates: 1024 */
    uint32_t early; /* replies that wait for a question recorded behind them: 1024; 0: none */
    uint64_t seed;  /* of the hash tables; flows do not hang on it. A random one */
    bool any_port;  /* servers may have any port: QR alone tells who is the client */
    size_t server_port_count; /* ports of servers; 0: 53. Where both ends have one, QR tells */
    uint16_t server_port[DECODE_PORTS_MAX];
} pair_options_t;

/* What was seen and what was given up. */
typedef struct pair_stats {
    uint64_t items;
    uint64_t queries; /* messages with QR clear, retries included */
    uint64_t replies;
    uint64_t flows; /* given out */
    uint64_t answered;
    uint64_t retries;
    uint64_t unanswered;
    uint64_t pending;       /* of these the capture ended too early */
    uint64_t orphans;       /* replies without a question */
    uint64_t early;         /* replies recorded before their question */
    uint64_t duplicates;    /* replies to what was answered before */
    uint64_t queries_twice; /* the same packet captured again */
    uint64_t mismatches;
    uint64_t lost;    /* datagrams whose fragments did not all come, of a known question */
    uint64_t damaged; /* messages with a wrong checksum, which their receivers drop: no messages */
    uint64_t damaged_queries; /* of them */
    uint64_t icmp;
    uint64_t icmp_orphans; /* about nothing that is known */
    uint64_t not_dns;      /* payloads shorter than a header that belong to no flow */
    uint64_t empty;        /* datagrams at a server's port without an octet in them */
    uint64_t empty_first;  /* the first such packet */
    uint64_t evicted;      /* flows given up because there were too many */
    uint64_t evicted_connections;
    uint64_t events_dropped; /* beyond FLOW_EVENTS_MAX, or for lack of memory */
    uint64_t across;         /* answered from another file than that of the question */
    int64_t across_least;    /* the least time that took */
    int64_t apart;  /* whole traffic: replies are recorded so much before their questions by another
                       clock, or after them (negative), nanoseconds; 0: nothing says so */
    bool misorder;  /* replies and questions follow each other in the wrong order altogether */
    bool one_way;   /* for certain: replies alone, or only the clients' side of connections */
    bool no_server; /* questions, and no packet of any server: one way, or all are silent */
    int64_t first;  /* time of the first and last item, nanoseconds since 1970 */
    int64_t last;
} pair_stats_t;

typedef struct pairer pairer_t;

/* As the comments of pair_options_t say; a seed of its own each time. */
pair_options_t pair_options_default(void);
/* options are copied. NULL when memory is out. */
pairer_t *pairer_new(const pair_options_t *options, flow_sink_t *sink, void *user);
void pairer_free(pairer_t *p);
/* A decode_sink_t: user is the pairer. */
void pairer_feed(void *user, const cap_item_t *item);
/* The capture is over: what still waits is given out, in order. end: until when packets of any kind
 * would have been seen, which may be long after the last item; earlier than that says nothing. */
void pairer_finish(pairer_t *p, int64_t end);
const pair_stats_t *pairer_stats(const pairer_t *p);

#endif
