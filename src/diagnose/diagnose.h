/* Diagnosis: a pure function from exchanges to findings. */
#ifndef DIAGNOSE_DIAGNOSE_H
#define DIAGNOSE_DIAGNOSE_H

#include "diagnose/finding.h"
#include "diagnose/outcome.h"

typedef struct diagnose_options {
    int64_t slow;        /* a median reply time above this is slow: 500 ms */
    bool without_dnssec; /* whoever asks judges the chain by himself */
} diagnose_options_t;

/* As the comments of diagnose_options_t say. */
diagnose_options_t diagnose_options_default(void);

/* Adds every finding about the zone of m to list, sorted. m is built from set. False when memory
 * is out (what was found so far is kept). */
bool diagnose(const model_t *m, const exchange_set_t *set, const diagnose_options_t *options,
              finding_list_t *list);

#endif
