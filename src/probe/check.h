/* The main job as one call: walk the delegation, probe every address, in parallel. */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include "diagnose/model.h"
#include "diagnose/run_mark.h"
#include "probe/loop.h"

typedef struct check_options {
    schedule_t schedule;
    addr_t source4; /* family 0: any */
    addr_t source6;
    unsigned exchanges_max;      /* budget of one domain: 4000 */
    unsigned per_address;        /* questions to one address at a time: 32 */
    unsigned handles;            /* sockets at a time; 0: as many as the engine likes */
    const loop_gate_t *gate;     /* NULL: none */
    const loop_memory_t *memory; /* NULL: none */
    const char *identify;        /* who asks: see loop_options_t; NULL: nothing */
    bool thorough;               /* asks also what no resolver asks (diagnose/form.h) */
    bool hops;                   /* looks where the way to silent addresses ends (probe/hops.h) */
    bool walk_only;              /* finds the addresses, and asks them nothing more */
    /* Called now and then for a progress line; may be NULL. */
    void (*progress)(void *user, const model_t *m, size_t done, size_t outstanding);
    void *user;
} check_options_t;

/* 3 tries, 4000 questions at most, 32 at once to an address; no hops, no politeness. */
check_options_t check_options_default(void);
/* The part of them that is the loop's. */
loop_options_t check_loop_options(const check_options_t *o);
/* How much of the budget walks may use: three quarters, so that a hostile delegation leaves enough
 * for the probing. */
size_t check_walk_budget(const check_options_t *o);
/* What such a run is marked with. */
run_mark_t check_mark(const check_options_t *o, const model_input_t *in);
/* Asks the battery of one address. */
net_err_t check_ask_battery(net_t *net, loop_t *l, const nsp_name_t *zone, const addr_t *server,
                            const run_mark_t *mark, size_t budget);

/* Walks and probes in->domain; in->set is set to set while it runs. set receives all exchanges, *m
 * the final model. NET_E_INTERRUPTED keeps all that was learnt so far, in set and *m. */
net_err_t check_run(net_t *net, model_input_t *in, const check_options_t *options,
                    exchange_set_t *set, model_t *m);

#endif
