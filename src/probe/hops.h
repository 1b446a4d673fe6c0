/* The way to addresses that are silent: while the answers to their questions are still waited for,
 * queries with a limited number of hops ask from how far away routers report (diagnose/way.h). A
 * few hops beyond the last router that was heard of, and no more: a silent server gets at most
 * HOPS_AHEAD of them, each twice. */
#ifndef PROBE_HOPS_H
#define PROBE_HOPS_H

#include "diagnose/model.h"
#include "probe/loop.h"

/* Hops without a report before the way is given up: routers that are silent about ICMP come in
 * rows, rarely in longer ones. */
#define HOPS_AHEAD 8

typedef enum hops_state {
    HOPS_WATCHED, /* it may still answer */
    HOPS_ASKING,
    HOPS_OVER
} hops_state_t;

typedef struct hops_target {
    addr_t addr;
    hops_state_t state;
    int64_t due; /* WATCHED: when to see whether it was silent; ASKING: when asking must end */
    unsigned asked;
    unsigned heard; /* the last hop that was reported */
    bool ended;     /* the server, or what rejects the packets, was heard */
} hops_target_t;

typedef struct hops {
    schedule_t schedule; /* of the questions proper */
    size_t count;
    hops_target_t target[MODEL_ADDRESSES_MAX];
} hops_t;

/* Starts with no address; also when the zone becomes another one. */
void hops_begin(hops_t *h, const schedule_t *schedule);
/* Minds an address whose questions are asked at now (the set's clock, as below). */
void hops_watch(hops_t *h, const addr_t *server, int64_t now);
/* How long a query for hops waits, so that asking ends with the schedule of the questions proper:
 * two tries. Without late replies or retries there may be no time: 0 tries. */
schedule_t hops_schedule(const schedule_t *schedule);
/* Asks what is wanted now, within budget; *again_at becomes earlier when there is something to look
 * at before. */
net_err_t hops_look(hops_t *h, loop_t *l, net_t *net, const exchange_set_t *set,
                    const nsp_name_t *zone, int64_t now, size_t budget, int64_t *again_at);
/* Notes a finished exchange. True when it is one of these queries. */
bool hops_note(hops_t *h, const exchange_t *x, const nsp_name_t *zone);

#endif
