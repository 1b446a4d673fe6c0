/* The engine: sends questions, tries again on a schedule, matches replies strictly, keeps what
 * does not match as evidence, and turns all of it into exchanges. It decides nothing about what
 * a reply means. */
#ifndef PROBE_ENGINE_H
#define PROBE_ENGINE_H

#include "net/net.h"

#define ENGINE_TRIES_MAX 10

/* When an attempt is given up, nanoseconds after it was sent. */
typedef struct schedule {
    unsigned tries; /* 1..ENGINE_TRIES_MAX */
    int64_t wait[ENGINE_TRIES_MAX];
    int64_t late; /* how long after the last attempt a late reply is still waited for */
} schedule_t;

/* 3 tries of 1 s, 2 s and 4 s, late replies for 1 s more. */
schedule_t schedule_default(void);

typedef struct engine engine_t;

/* One question to one address. */
typedef struct engine_query {
    transport_t transport;
    addr_t server;
    addr_t source;       /* family 0: any */
    const uint8_t *wire; /* the message; copied. Its first two octets are replaced by a random ID */
    size_t size;
    bool keep_id;      /* send the octets exactly as given (--send-hex, chosen ID) */
    bool any_question; /* match by address, port and ID alone (the query has no question) */
    bool keep_open;    /* TCP: share one pipelined connection for this server and source */
    uint8_t ttl;       /* 0: the system's; with one, an ICMP error ends the exchange */
    const schedule_t *schedule;              /* NULL: the engine's */
    void (*done)(void *user, exchange_t *x); /* may be NULL; may submit more */
    void *user;
} engine_query_t;

/* set collects the exchanges; net and set stay the caller's and must outlive the engine. */
net_err_t engine_new(net_t *net, exchange_set_t *set, const schedule_t *schedule, engine_t **out);
void engine_free(engine_t *e);
/* How many handles may be open at a time, from 1 (0: 256). */
void engine_limit(engine_t *e, unsigned handles);

/* Sends the first attempt, or queues it when too many handles are open.
 * The exchange is in the set at once; done is called when a reply came, when TCP failed, or when
 * all attempts and the wait for late replies are over. When the kernel refuses to send, this is
 * an event of the exchange, not an error. */
net_err_t engine_submit(engine_t *e, const engine_query_t *q, exchange_t **out);

/* Runs until nothing is outstanding, or until deadline (clock of net->ops->now; INT64_MAX for
 * none). NET_E_INTERRUPTED when stopped by a signal: unfinished exchanges stay as they are. */
net_err_t engine_run(engine_t *e, int64_t deadline);

/* Handles one event or timer at most, waiting until deadline at most. For callers that have
 * something to do between events. */
net_err_t engine_step(engine_t *e, int64_t deadline);

/* Number of exchanges that are not finished. */
size_t engine_outstanding(const engine_t *e);

#endif
