/* The mark of a run: what check knows and no packet would show, told in the first label of its
 * question for a name that should not exist (PROBE_NXDOMAIN): how long each attempt is waited for,
 * and whether the servers were given as a delegation to come.
 *
 *     nsprobe-3f5a90c1d27e-1000-2000-4000        waits of 1, 2 and 4 seconds
 *     nsprobe-3f5a90c1d27e-300-500-u             the same of 0.3 and 0.5, and --undelegated */
#ifndef DIAGNOSE_RUN_MARK_H
#define DIAGNOSE_RUN_MARK_H

#include "proto/nsproto.h"

#define RUN_MARK_WAITS_MAX 10
/* Octets of the longest mark, with its end: a label has 63, "nsprobe-" and 12 digits stand before.
 */
#define RUN_MARK_TEXT_MAX 44

typedef struct run_mark {
    size_t waits;
    int64_t wait[RUN_MARK_WAITS_MAX]; /* nanoseconds; whole milliseconds are told */
    bool undelegated;
} run_mark_t;

/* "-1000-2000-4000", empty when it does not fit. Returns buf. */
const char *run_mark_text(const run_mark_t *m, char buf[RUN_MARK_TEXT_MAX]);
/* Reads the first label of a name that anybody may have sent. False when there is no mark in it
 * that makes sense. */
bool run_mark_read(const nsp_name_t *qname, run_mark_t *out);

#endif
