/* The loop that every job of probing shares: a plan looks at the exchanges so far and asks; each
 * question is asked once, within a budget and a limit for each address, until the plan has nothing
 * more to ask. What is asked is the plan's alone; how is the engine's. */
#ifndef PROBE_LOOP_H
#define PROBE_LOOP_H

#include "diagnose/outcome.h"
#include "probe/engine.h"

/* Octets of one question: header, the longest name, an OPT with who asks. */
#define LOOP_QUERY_SIZE   (320 + 4 + LOOP_IDENTIFY_MAX)
#define LOOP_IDENTIFY_MAX 80

typedef struct loop loop_t;

/* Politeness across many runs: whether an address may be asked now. May be shared by threads. */
typedef struct loop_gate {
    void *user;
    /* 0: yes, and it counts as asked until give; else the time (net's clock) to ask again. turn
     * begins as zeros and is kept for the question. */
    int64_t (*take)(void *user, const addr_t *server, int64_t now, int64_t turn[2]);
    void (*give)(void *user, const exchange_t *x, int64_t now);
    /* The question is not asked after all, although take gave it a time to ask again. */
    void (*leave)(void *user, const addr_t *server, int64_t now, const int64_t turn[2]);
} loop_gate_t;

/* One question to one address. */
typedef struct loop_question {
    const addr_t *server;
    transport_t transport;
    const uint8_t *wire; /* ID 0 */
    size_t size;
} loop_question_t;

typedef enum loop_known {
    LOOP_UNKNOWN,  /* ask */
    LOOP_TRY_ONCE, /* ask, and give up after the first try's time */
    LOOP_SOON,     /* not now: what is being asked will tell */
    LOOP_KNOWN     /* no need to ask */
} loop_known_t;

/* What other runs have learnt. Its questions do not pass the gate. */
typedef struct loop_memory {
    void *user;
    /* LOOP_KNOWN: *x is a finished exchange with the question's answer, or its silence, which was
     * added to set. at: the time on the set's clock; wall: nanoseconds since 1970. May be called
     * again for a question that still waits. LOOP_KNOWN with *x NULL: memory is out. */
    loop_known_t (*recall)(void *user, const loop_question_t *q, exchange_set_t *set, int64_t at,
                           int64_t wall, exchange_t **x);
    /* An exchange that was asked is over. */
    void (*learn)(void *user, const exchange_t *x, int64_t wall);
} loop_memory_t;

typedef struct loop_options {
    const loop_gate_t *gate;     /* NULL: none */
    const loop_memory_t *memory; /* NULL: none */
    schedule_t schedule;
    addr_t source4; /* family 0: any */
    addr_t source6;
    unsigned exchanges_max; /* budget */
    unsigned per_address;   /* questions to one address at a time */
    unsigned handles;       /* sockets at a time; 0: as many as the engine likes */
    /* What says who asks, in the OPT of each question that has one (PROBE_IDENTIFY_OPTION); at most
     * LOOP_IDENTIFY_MAX octets; NULL: nothing. */
    const char *identify;
} loop_options_t;

/* What the loop works for. */
typedef struct loop_plan {
    void *user;
    /* Looks at the set and asks (loop_ask) whatever is wanted now. now is on the set's clock;
     * *again_at comes as INT64_MAX and may be made the time to look again though nothing came. */
    net_err_t (*look)(void *user, loop_t *l, int64_t now, int64_t *again_at);
    /* Whether a finished exchange may change what is wanted; NULL: each one may. */
    bool (*matters)(void *user, const exchange_t *x);
    /* Called now and then; may be NULL. */
    void (*progress)(void *user, size_t done, size_t outstanding);
} loop_plan_t;

/* Runs until nothing is outstanding. set receives all exchanges. *ended (may be NULL) is the time
 * on the set's clock at the end. NET_E_INTERRUPTED leaves what was learnt in the set. */
net_err_t loop_run(net_t *net, exchange_set_t *set, const loop_options_t *options,
                   const loop_plan_t *plan, int64_t *ended);

/* To be called by look: puts a question (its ID is replaced) into the queue, unless the same one
 * was asked before, or budget questions were: a part of exchanges_max, or all of it. False when
 * memory is out. */
bool loop_ask(loop_t *l, const addr_t *server, transport_t transport, const uint8_t *wire,
              size_t size, size_t budget);
/* The same for a question whose octets matter as they are: nothing is put into its OPT. */
bool loop_ask_exactly(loop_t *l, const addr_t *server, transport_t transport, const uint8_t *wire,
                      size_t size, size_t budget);
/* How a query goes whose way is looked at, not its answer. */
typedef struct loop_hops {
    uint8_t ttl;                /* TTL or hop limit, from 1 */
    const schedule_t *schedule; /* copied */
} loop_hops_t;

/* The same over UDP for a query whose hops are limited. It is not what memories are for. */
bool loop_ask_hops(loop_t *l, const addr_t *server, const loop_hops_t *hops, const uint8_t *wire,
                   size_t size, size_t budget);

#endif
