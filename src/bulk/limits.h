/* Politeness: how fast, and how much at once, each address, each prefix, and all of them together
 * are asked. Threads share one of it. */
#ifndef BULK_LIMITS_H
#define BULK_LIMITS_H

#include "exchange/addr.h"

/* Addresses in one prefix are taken to be one operator's machines. */
#define LIMITS_PREFIX4 24
#define LIMITS_PREFIX6 48

/* Rates are messages a second, at_once exchanges; 0: no limit. */
typedef struct limits_options {
    double address_rate;
    double prefix_rate;
    double total_rate;
    unsigned address_at_once;
    unsigned prefix_at_once;
    /* On loss the time between messages to an address doubles, up to this many times; it halves
     * with each answer. 1: no backoff. */
    unsigned backoff_max;
    size_t addresses; /* that are remembered: 65536 */
    uint64_t seed;    /* of hashes, against addresses that are chosen to collide: 0 */
} limits_options_t;

typedef struct limits limits_t;

/* 20 a second and 8 at once for an address, 100 and 64 for a prefix, 2000 in all; backoff up to 64
 * times. */
limits_options_t limits_options_default(void);
/* True when o limits nothing. */
bool limits_none(const limits_options_t *o);
/* NULL when memory is out. */
limits_t *limits_new(const limits_options_t *o);
void limits_free(limits_t *l);

/* A place in the queue of the rates, which an exchange takes once. All zero at first. */
typedef struct limits_turn {
    int64_t at; /* nanoseconds */
    bool total; /* the total rate's too */
} limits_turn_t;

/* May the address be asked now (nanoseconds of a monotonic clock)? 0: yes, and it counts as asked
 * until limits_give. Otherwise the time at which to ask again, later than now. The caller keeps
 * *turn from call to call. */
int64_t limits_take(limits_t *l, const addr_t *a, int64_t now, limits_turn_t *turn);
/* The exchange does not take place, although limits_take gave a time to ask again: its place in the
 * queue is free for others. */
void limits_leave(limits_t *l, const addr_t *a, int64_t now, const limits_turn_t *turn);
/* One message more to the same address, a retry: counts towards the rates, and as a loss. */
void limits_retry(limits_t *l, const addr_t *a, int64_t now);
/* The exchange is over. answered: something came back; rtt then is its time (nanoseconds). */
void limits_give(limits_t *l, const addr_t *a, bool answered, int64_t rtt, int64_t now);

#endif
