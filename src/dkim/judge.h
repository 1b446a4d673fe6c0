/* The verdict: a pure function from facts to a result. */
#ifndef DKIM_JUDGE_H
#define DKIM_JUDGE_H

#include "dkim/facts.h"

/* How long a verifier looks for the records before it gives up, seconds: 72 h (Amazon SES,
 * "Creating and verifying identities": "Verification can take up to 72 hours"). */
#define VERIFIER_PATIENCE INT64_C(259200)

/* Runs the rules over f and fills *out (which points into the expectations of f). now: seconds
 * since 1970. False when memory is out; *out can be freed in any case. */
bool judge(facts_t *f, int64_t now, dkim_result_t *out);

/* What a verifier shows after one round, when it has not verified before.
 *
 * none   there is nothing to verify
 * began  when it was told to verify, seconds since 1970; 0: now */
verifier_status_t judge_status(round_outcome_t outcome, double chance, bool none, int64_t began,
                               int64_t now);

#endif
