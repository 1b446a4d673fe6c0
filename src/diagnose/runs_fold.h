/* Inside of the recogniser of check's runs. Not for other modules. */
#ifndef DIAGNOSE_RUNS_FOLD_H
#define DIAGNOSE_RUNS_FOLD_H

#include "diagnose/runs.h"

/* Questions in check's form of one client, in the order in which they ended; sorted at the end. */
typedef struct group {
    addr_t client; /* port 0 */
    uint32_t next; /* in its hash chain */
    bool marked;   /* asked something that only check asks */
    bool given_up; /* a stranger with too many questions */
    int64_t last;
    size_t memory;
    uint32_t count;
    uint32_t cap;
    flow_t **item; /* copies, owned */
} group_t;

/* Consecutive questions of one client that belong to one run. */
typedef struct piece {
    uint32_t group;
    uint32_t from; /* items of the group: [from, to) */
    uint32_t to;
    bool marked;
    bool has_domain;
    bool used; /* by a run */
    nsp_name_t domain;
    int64_t began;
    int64_t ended; /* of its last packet */
} piece_t;

typedef struct asked_server {
    addr_t addr;
    uint64_t count;
} asked_server_t;

#define RUNS_SLOTS 1024u

struct runs {
    runs_options_t o;
    size_t memory;
    uint64_t dropped;
    bool out_of_memory;
    bool broken; /* the capture was not read to its end */
    uint32_t group_count;
    group_t *group;
    uint32_t slot[RUNS_SLOTS]; /* heads of chains of groups, RUNS_NONE for none */
    size_t run_count;
    found_run_t *run;
    size_t asked_count;
    size_t asked_cap;
    asked_server_t *asked; /* sorted after runs_finish */
};

#define RUNS_NONE UINT32_MAX

/* True for a query of check's form; *marked when only check asks so. */
bool runs_in_form(const flow_t *flow, bool *marked);
/* True for what a client may be heard of first: one of the questions that a run has out at once
 * when it begins, of which any may end first (looked at from its end, which costs nothing), or a
 * connection that failed. */
bool runs_may_begin(const flow_t *flow);

/* A connection that no question was sent on. */
bool runs_is_connection(const flow_t *flow);
/* QTYPE, and whether there is an OPT; of a query in check's form. */
uint16_t runs_type(const flow_t *flow);
bool runs_has_opt(const flow_t *flow);

/* Connections that failed before their question was sent get the one that was meant: the likeliest
 * that was asked over UDP, and over TCP not (borrowed from its flow). Others leave the list. False
 * when memory is out. */
bool runs_name_connections(flow_t **flow, uint32_t *count);

/* Builds one run from its flows, in order of their beginning (which are changed: those that the
 * capture's end left open are ended when the run's schedule says so). walk: nothing but a walk was
 * captured. False when it is none (out is empty then), or memory is out (r->out_of_memory). */
bool runs_judge(runs_t *r, flow_t **flow, uint32_t count, const nsp_name_t *domain, bool walk,
                found_run_t *out);
/* Frees what a run owns. */
void runs_forget(found_run_t *run);

#endif
