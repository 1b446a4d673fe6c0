/* One finished round of one domain, as much of it as is kept. */
#ifndef WATCH_ROUND_H
#define WATCH_ROUND_H

#include "dkim/dkim.h"

#define WATCH_FINDINGS_MAX 8 /* findings that are kept with a round: the worst */

/* What one address did in the round. */
typedef struct watch_sample {
    addr_t addr;
    nsp_name_t server; /* first NS name; the root when it has none */
    unsigned asked;    /* exchanges that are decided */
    unsigned answered; /* of these */
    int64_t rtt;       /* median, nanoseconds; -1: none */
    bool has_serial;
    uint32_t serial;
} watch_sample_t;

typedef struct watch_finding {
    const char *id;
    severity_t severity;
    char *text; /* owned */
    char *fix;  /* owned */
} watch_finding_t;

typedef struct watch_round {
    int64_t at;   /* when it began, milliseconds since 1970 */
    int64_t took; /* milliseconds */
    round_outcome_t outcome;
    double chance; /* that one verification attempt finds every record */
    dkim_coverage_t coverage;
    unsigned severity[4]; /* number of findings of each severity */
    size_t sample_count;
    watch_sample_t *sample; /* owned */
    size_t finding_count;
    watch_finding_t finding[WATCH_FINDINGS_MAX]; /* from worst to least */
} watch_round_t;

/* Takes over what is kept of a result, which stays the caller's. at and took are left to the
 * caller. False when memory is out; *out is to be freed in any case. */
bool watch_round_from(const dkim_result_t *r, watch_round_t *out);
void watch_round_free(watch_round_t *r);

#endif
