/* What the runs of one bulk job tell each other, so that infrastructure that many domains share is
 * asked once: answers that do not depend on the domain, referrals, and addresses that are silent.
 *
 * What is shared is evidence, not judgement: a run gets exchanges, as if it had asked, and they say
 * that they are shared. So its findings are those that a run of its own would have made, as long as
 * servers are as they were when they were observed.
 *
 *  - An answer (NOERROR or NXDOMAIN, whole, at the first try) is shared for the TTL of its records,
 *    an hour at most, by whoever asks the same address exactly the same. What is asked about the
 *    domain itself, or below it, is not taken from others.
 *  - A referral is shared for the same time by whoever asks that address, in
 *    the same way, for any name below the zone it refers to (RFC 1034 4.3.2 3b). Only those count
 *    whose server was reached from the root by referrals: the upward referral of a lame server must
 *    not hide that it serves other zones.
 *  - An address that answered nothing over UDP or TCP, for another domain too, is not waited for
 *    again in full while that is less than a minute ago: it is asked one question with one try for
 *    this domain, and when that is silent too, or politeness would have it wait, the rest is taken
 *    as silent. Any answer ends that. */
#ifndef BULK_SHARE_H
#define BULK_SHARE_H

#include "bulk/cache.h"
#include "diagnose/model.h"
#include "probe/loop.h"

#define SHARE_CANARIES_MAX 64 /* addresses of one run that are asked one question */

typedef struct share_options {
    size_t octets;          /* of memory: 64 MiB */
    int64_t longest;        /* that an answer is shared, nanoseconds: an hour */
    int64_t silent_time;    /* that silence is shared: a minute */
    unsigned silent_min;    /* exchanges without an answer that make an address silent: 8 */
    const given_ns_t *root; /* where walks begin, not owned; outlives the share */
    size_t root_count;
} share_options_t;

typedef struct share_stats {
    uint64_t known; /* questions that needed not be asked */
    uint64_t asked;
    uint64_t evictions;
    uint64_t entries;
    uint64_t octets;
} share_stats_t;

typedef struct share share_t;

/* As the comments of share_options_t say; no roots. */
share_options_t share_options_default(void);
/* NULL when memory is out. */
share_t *share_new(const share_options_t *o, uint64_t seed);
void share_free(share_t *s);
/* Counts since share_new, of all threads. */
share_stats_t share_stats(share_t *s);

typedef enum canary_state { CANARY_ASKED, CANARY_SILENT, CANARY_ANSWERED } canary_state_t;

/* An address that others found silent, and what this run knows of it. */
typedef struct canary {
    addr_t addr;
    transport_t transport;
    canary_state_t state;
    uint64_t question; /* its hash */
    int64_t since;
} canary_t;

/* One run's part, for one thread. */
typedef struct share_run {
    share_t *share;
    nsp_name_t domain;
    uint64_t domain_hash;
    unsigned shared; /* exchanges that it got */
    size_t canary_count;
    canary_t canary[SHARE_CANARIES_MAX];
    uint8_t buf[UINT16_MAX]; /* a reply that is written for another question */
} share_run_t;

/* Begins a run for a domain. */
void share_run_begin(share_run_t *r, share_t *s, const nsp_name_t *domain);
/* For loop_memory_t; user is the share_run_t. */
loop_known_t share_recall(void *user, const loop_question_t *q, exchange_set_t *set, int64_t at,
                          int64_t wall, exchange_t **x);
void share_learn(void *user, const exchange_t *x, int64_t wall);

#endif
