/* The verifier's state machine: what one more round makes of a domain's status. Pure.
 *
 *   NOT_STARTED --any tested round--> PENDING or SUCCESS
 *   PENDING --verified--> SUCCESS; --not verified for pending_ms--> FAILED
 *   SUCCESS --more bad rounds in a row than tolerated, or bad for half of tolerate_ms-->
 *       TEMPORARY_FAILURE
 *   TEMPORARY_FAILURE --verified--> SUCCESS; --more bad rounds than tolerated and bad for
 *       tolerate_ms--> FAILED (revoked)
 *   FAILED --verified--> SUCCESS
 *
 * docs/WATCH.md says where the limits come from.
 */
#ifndef WATCH_STATE_H
#define WATCH_STATE_H

#include "dkim/dkim.h"

#define WATCH_HOUR_MS INT64_C(3600000)

/* Times are milliseconds since 1970, spans are milliseconds. */
typedef struct watch_policy {
    int64_t pending_ms;       /* how long a verifier looks before it gives up: 72 h */
    unsigned tolerate_rounds; /* bad rounds in a row that leave SUCCESS as it is: 3 */
    int64_t tolerate_ms;      /* how long bad rounds may go on before SUCCESS is revoked: 72 h */
    int64_t gap_ms;           /* no round for longer than this: nobody looked (the machine slept, or
                                 watch did not run); 0: never */
} watch_policy_t;

typedef struct watch_state {
    verifier_status_t status;
    bool verified;       /* was SUCCESS at some time: FAILED then means revoked */
    int64_t since;       /* when it took this status; 0: never had a tested round */
    int64_t began;       /* when verification began; 0: not yet */
    int64_t bad_since;   /* first of the bad rounds that go on now; 0: none */
    unsigned bad_rounds; /* how many of them in a row, counted anew after a gap */
    int64_t last;        /* last round, tested or not; 0: none */
} watch_state_t;

typedef enum transition {
    TRANSITION_NONE,
    TRANSITION_STARTED,   /* to PENDING */
    TRANSITION_VERIFIED,  /* to SUCCESS for the first time */
    TRANSITION_EXPIRED,   /* PENDING to FAILED: the verifier stops looking */
    TRANSITION_TROUBLED,  /* SUCCESS to TEMPORARY_FAILURE: a warning */
    TRANSITION_REVOKED,   /* TEMPORARY_FAILURE to FAILED */
    TRANSITION_RECOVERED, /* back to SUCCESS */
    TRANSITION_RESTARTED  /* other records are expected now: verification begins anew */
} transition_t;

/* The limits that are named above; gap_ms is 0. */
watch_policy_t watch_policy_default(void);

/* One more round, at now, with that outcome. ROUND_UNTESTED changes nothing but last: when our own
 * network is down nothing is known about the domain. A clock that goes back, or ahead by more than
 * a year (it was not set before), takes the times in *s with it, so that spans stay what they
 * were. After a gap a single bad round decides nothing. Returns what changed. */
transition_t watch_state_step(watch_state_t *s, const watch_policy_t *p, round_outcome_t outcome,
                              int64_t now);

/* When the status becomes FAILED if every round from now on is bad; 0 when it would not. */
int64_t watch_state_fails_at(const watch_state_t *s, const watch_policy_t *p);

/* True when the last tested round was bad and SUCCESS stands all the same. */
bool watch_state_glitch(const watch_state_t *s);

const char *transition_name(transition_t t); /* "started", ... for JSON and the database */
const char *transition_text(transition_t t); /* a sentence for people */

#endif
