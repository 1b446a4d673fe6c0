/* Recognises runs of `check` in captured traffic, and diagnoses each exactly as check does.
 *
 * What check asks is of one form: opcode QUERY, class IN, no flag but RD, at most an OPT of version
 * 0 with a size of 1232 and nothing in it (or 4096 and DO, for large answers), or of one of the
 * forms of diagnose/form.h. Whoever asks in that form is remembered, within bounds, question by
 * question; others cost a look at the query's header. At the end the questions of each client are
 * cut into runs: a run begins with the NS question for its domain, and asks of names above it as
 * long as it lasts. The run's mark (run_mark.h) tells the waits. What else the packets do not say
 * is inferred: the servers where the walk began are those that no reply has told of, and without a
 * mark the waits are the times between attempts. A run counts when its
 * zone's servers were asked the battery, or when the walk that was captured shows why there is none
 * to ask: also when it was cut, and nobody had answered so far. */
#ifndef DIAGNOSE_RUNS_H
#define DIAGNOSE_RUNS_H

#include "diagnose/diagnose.h"
#include "diagnose/profile.h"
#include "exchange/flow.h"

typedef struct runs_options {
    uint32_t clients_max;   /* clients that ask in check's form: 256 */
    uint32_t strangers;     /* questions of a client without one that only check asks: 512 */
    uint32_t questions_max; /* questions of one client: 16384, four runs with all of their budget */
    uint32_t runs_max;      /* 256 */
    size_t memory;          /* octets of retained flows: 32 MiB */
    flow_patience_t waits;  /* check's own schedule, for what no retry shows */
    diagnose_options_t diagnose;
    uint64_t seed; /* of hashes, against made collisions; nothing depends on it */
} runs_options_t;

/* One recognised run. All of it belongs to the runs_t. */
typedef struct found_run {
    model_t *model;
    exchange_set_t set; /* in order of their first packets */
    finding_list_t findings;
    bool cut;      /* the capture ends before the run did */
    bool told;     /* the packets are enough to say what check said */
    bool untested; /* nothing is known about the domain (tested_domain) */
} found_run_t;

typedef struct runs runs_t;

/* The figures above; waits of 1, 2 and 4 seconds, as check's. */
runs_options_t runs_options_default(void);
/* options are copied. For runs_free; NULL when memory is out. */
runs_t *runs_new(const runs_options_t *options);
/* r may be NULL. */
void runs_free(runs_t *r);
/* A flow_sink_t: user is the runs_t. The flow is copied when it is kept. What there is no room for
 * is counted, and memory that is out is told by runs_finish. */
void runs_feed(void *user, const flow_t *flow);
/* Once, after the last flow. broken: the capture could not be read to its end. False when memory is
 * out (what was found so far is kept). */
bool runs_finish(runs_t *r, bool broken);
/* Recognised runs, after runs_finish; in order of their first packets. */
size_t runs_count(const runs_t *r);
/* The i-th, below runs_count; belongs to r. */
const found_run_t *runs_item(const runs_t *r, size_t i);
/* Changes severities of the findings of every run; after runs_finish. */
void runs_profile(runs_t *r, const profile_t *profile);
/* Questions of recognised runs that this server was asked: address and port must be the same. */
uint64_t runs_questions(const runs_t *r, const addr_t *server);
/* Clients and questions in check's form that there was no room for. */
uint64_t runs_dropped(const runs_t *r);

#endif
