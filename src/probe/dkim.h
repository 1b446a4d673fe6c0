/* Verification of expected records as one call: walk, ask every address, judge. */
#ifndef PROBE_DKIM_H
#define PROBE_DKIM_H

#include "diagnose/diagnose.h"
#include "dkim/dkim.h"
#include "probe/check.h"

typedef struct dkim_options {
    check_options_t check;
    diagnose_options_t diagnose;
    /* addresses that a verifier's resolver asks before it gives up: 2. A lookup has about 5 s
     * (resolv.conf(5), "timeout"), in which an address that is silent costs two or more; so a name
     * server with an IPv4 and an IPv6 address that are both silent does some lookups harm. */
    unsigned verifier_tries;
    int64_t began;      /* seconds since 1970 when verification began; 0: now */
    bool battery;       /* ask everything that check asks, and report its findings too */
    bool follow;        /* follow CNAMEs to the key and look at it */
    const addr_t *also; /* servers to ask although they may not be delegated; not owned */
    size_t also_count;
} dkim_options_t;

/* The defaults of check, and those of the verifier (dkim/dkim.h). */
dkim_options_t dkim_options_default(void);

/* Walks to the zones that hold the names of e (in->domain is where it starts) and verifies every
 * expectation at every address. set receives all exchanges; *out is filled in any case and is the
 * caller's to free (dkim_result_free); it points into e. NET_E_INTERRUPTED keeps what was learnt.
 * Uses no state outside of its arguments: threads may run it side by side, each with its own net
 * and set. */
net_err_t dkim_run(net_t *net, model_input_t *in, const expectations_t *e,
                   const dkim_options_t *options, exchange_set_t *set, dkim_result_t *out);

#endif
