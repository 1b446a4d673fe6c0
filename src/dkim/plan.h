/* What is still to be asked about the expected records: a pure function from exchanges to
 * questions, as the model is for the walk. Each question goes to an address at most once. */
#ifndef DKIM_PLAN_H
#define DKIM_PLAN_H

#include "dkim/facts.h"

/* One question. */
typedef struct plan_question {
    addr_t server;
    transport_t transport;
    nsp_name_t qname;
    uint16_t qtype;
    bool rd;      /* to a resolver */
    unsigned how; /* ASK_ bits */
    bool walk;    /* for finding zones, not for the records */
} plan_question_t;

/* All zero at first. */
typedef struct plan_wants {
    size_t count;
    size_t cap;
    plan_question_t *item; /* owned */
    int64_t again_at;      /* on the set's clock; INT64_MAX for never */
} plan_wants_t;

/* Reads what has come into f, and gives the questions that follow from it, in order of importance.
 * now is the time on the set's clock. With wants NULL nothing more will be asked (the end of a run,
 * a replay). False when memory is out. */
bool plan_look(facts_t *f, int64_t now, plan_wants_t *wants);
void plan_wants_free(plan_wants_t *w);

#endif
