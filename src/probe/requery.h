/* Recorded questions asked again, of one address: which answers differ from those recorded.
 *
 * Flows are fed as a capture gives them, are put in order of time, and are sent as they were
 * recorded, faster, or as fast as the limit of outstanding questions allows. Memory is bounded
 * however long the capture is. */
#ifndef PROBE_REQUERY_H
#define PROBE_REQUERY_H

#include "diagnose/compare.h"
#include "diagnose/latency.h"
#include "exchange/flow.h"
#include "probe/engine.h"

typedef struct requery_options {
    addr_t to;
    addr_t source;        /* family 0: any */
    double speed;         /* 1: as recorded; 2: twice as fast; 0: as fast as may be */
    unsigned outstanding; /* questions at once, at most 256: 100 */
    schedule_t schedule;
    unsigned what;  /* COMPARE_ bits that are looked at: all but TTL */
    int64_t window; /* flows end in another order than they began: by so much, nanoseconds. 30 s */
    size_t memory;  /* octets of flows that wait: 64 MiB */
} requery_options_t;

/* One question asked again. Everything is borrowed until the sink returns. */
typedef struct requery_result {
    uint64_t number; /* of the flow */
    int64_t at;      /* when it was recorded, nanoseconds since 1970 */
    transport_t transport;
    addr_t client;
    addr_t server;             /* of the recording */
    const exchange_t *now;     /* what came of it this time */
    const nsp_msg_t *reply[2]; /* recorded, and now; NULL: none */
    int64_t rtt[2];            /* nanoseconds; -1: none */
    bool compared; /* false when nobody knows the whole recorded reply: cut by the capture, or the
                      capture ended before it */
    bool slower;   /* more than twice as long, and more than REQUERY_SLOWER longer */
    compare_t diff;
} requery_result_t;

#define REQUERY_SLOWER INT64_C(100000000)

typedef struct requery_stats {
    uint64_t asked;
    uint64_t same;
    uint64_t differ;
    uint64_t bit[COMPARE_BITS]; /* of these */
    uint64_t silent;            /* of the same: no reply, neither then nor now */
    uint64_t uncompared;
    uint64_t slower;
    uint64_t not_sent; /* the kernel would not */
    uint64_t answered; /* now */
    /* not asked again */
    uint64_t no_query;  /* the question was not captured, or not the whole of it */
    uint64_t transfers; /* AXFR and IXFR: many messages */
    uint64_t opcodes;   /* UPDATE, NOTIFY and the like change things, or are for one server only */
    uint64_t signed_;   /* TSIG and SIG(0): the signature holds for its time and ID only */
    int64_t took;       /* nanoseconds from the first question to the end */
    latency_t was;      /* of those asked again */
    latency_t now;
} requery_stats_t;

typedef struct requery requery_t;
typedef void requery_sink_t(void *user, const requery_result_t *result);
/* Feeds some more flows (requery_feed). False when there are no more. */
typedef bool requery_more_t(void *user);

/* As the comments of requery_options_t say: at the recorded speed, all compared but TTLs. */
requery_options_t requery_options_default(void);
/* net stays the caller's; options are copied. NULL when memory is out. */
requery_t *requery_new(net_t *net, const requery_options_t *options, requery_sink_t *sink,
                       void *user);
void requery_free(requery_t *q);
/* A flow_sink_t: user is the requery_t. */
void requery_feed(void *user, const flow_t *flow);
/* Sends everything, and calls the sink for each question in the order in which they end.
 * NET_E_INTERRUPTED when stopped by a signal. */
net_err_t requery_run(requery_t *q, requery_more_t *more, void *user);
const requery_stats_t *requery_stats(const requery_t *q);

#endif
