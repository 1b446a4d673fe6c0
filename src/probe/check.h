/* The main job as one call: walk the delegation, probe every address, in parallel. */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include "diagnose/model.h"
#include "probe/loop.h"

typedef struct check_options {
    schedule_t schedule;
    addr_t source4; /* family 0: any */
    addr_t source6;
    unsigned exchanges_max; /* budget of one domain: 4000 */
    unsigned per_address;   /* questions to one address at a time: 16 */
    /* Called now and then for a progress line; may be NULL. */
    void (*progress)(void *user, const model_t *m, size_t done, size_t outstanding);
    void *user;
} check_options_t;

check_options_t check_options_default(void);
/* The part of them that is the loop's. */
loop_options_t check_loop_options(const check_options_t *o);
/* How much of the budget walks may use: three quarters, so that a hostile delegation leaves enough
 * for the probing. */
size_t check_walk_budget(const check_options_t *o);
/* Whether the model reads the answer to a question of this type. */
bool check_model_reads(const model_input_t *in, const exchange_t *x);

/* Addresses that were asked the battery. All zero is none. */
typedef struct batteries {
    nsp_name_t zone;
    size_t count;
    addr_t addr[MODEL_ADDRESSES_MAX];
} batteries_t;

/* Asks the battery of each address of m that is in use and was not asked yet. */
net_err_t batteries_add(batteries_t *b, net_t *net, loop_t *l, const model_input_t *in,
                        const model_t *m, size_t budget);

/* Walks and probes in->domain; in->set is set to set while it runs. set receives all exchanges, *m
 * the final model. NET_E_INTERRUPTED keeps all that was learnt so far, in set and *m. */
net_err_t check_run(net_t *net, model_input_t *in, const check_options_t *options,
                    exchange_set_t *set, model_t *m);

#endif
