/* Verification of expected records: what each expectation came to at every address that holds it,
 * and what a mail service's verifier would say. */
#ifndef DKIM_DKIM_H
#define DKIM_DKIM_H

#include "diagnose/finding.h"
#include "dkim/expect.h"

/* What one address says to one expectation. */
typedef enum mark {
    MARK_UNASKED, /* nothing was asked, or it is not decided yet */
    MARK_MATCH,
    MARK_WRONG,  /* there are records of that name and type, not the expected one */
    MARK_NODATA, /* the name exists without records of that type */
    MARK_NXDOMAIN,
    MARK_REFUSED, /* an error rcode, a referral or an answer without authority: lame */
    MARK_BROKEN,  /* only malformed or mismatched replies */
    MARK_SILENT,  /* nothing came back, or an ICMP error, or TCP could not be opened */
    MARK_COUNT
} mark_t;

/* What the verifier shows (the words of Amazon SES's DkimAttributes.Status). */
typedef enum verifier_status {
    VERIFIER_NOT_STARTED,
    VERIFIER_PENDING,
    VERIFIER_SUCCESS,
    VERIFIER_FAILED,
    VERIFIER_TEMPORARY_FAILURE
} verifier_status_t;

/* What one round of verification came to, taken by itself. */
typedef enum round_outcome {
    ROUND_UNTESTED, /* nothing could be asked, or not all of it, and nothing bad is known */
    ROUND_VERIFIED, /* every lookup that a verifier may do finds every record, as far as the
                       addresses are to be asked: dkim_coverage_t */
    ROUND_NEGATIVE, /* some lookups find that a record is missing or wrong */
    ROUND_TEMPORARY /* no lookup finds otherwise, but some get no usable answer at all */
} round_outcome_t;

#define DKIM_ADDRESSES_MAX 256

/* One address that holds some of the expected names. */
typedef struct dkim_address {
    addr_t addr;
    nsp_name_t zone;   /* whose server it is */
    nsp_name_t server; /* first NS name */
    bool delegated;    /* false: only the user, the SOA MNAME or the zone itself names it */
    bool has_serial;
    uint32_t serial;
    int64_t rtt;    /* median of the answered UDP questions, nanoseconds; -1 when there is none */
    unsigned asked; /* exchanges with it that are decided, UDP and TCP */
    unsigned answered; /* of these */
} dkim_address_t;

/* How many of the addresses that the zones are delegated to the verdict stands on. A verifier asks
 * all of them: one that was not asked here may be the one that lacks a record. */
typedef struct dkim_coverage {
    size_t addresses; /* that are known */
    size_t asked;     /* of these: each of their records is decided */
    size_t excluded;  /* of a family that the user left out */
    size_t unsent;    /* this machine could not send to them */
} dkim_coverage_t;

/* One cell of the matrix. */
typedef struct dkim_cell {
    mark_t udp;
    mark_t tcp;
    bool holds; /* the address is one of the zone that holds this expectation's name */
    bool bogus; /* DNSSEC: a validating resolver makes SERVFAIL of what the address says */
} dkim_cell_t;

typedef struct dkim_result {
    round_outcome_t outcome;
    verifier_status_t status; /* what a verifier that began now, or at the given time, shows */
    double chance; /* that one verification attempt finds every record, 0..1, over those addresses
                      that were asked */
    dkim_coverage_t coverage;
    size_t expectation_count;
    const expectation_t *expectation; /* the caller's */
    size_t address_count;
    dkim_address_t *address; /* owned */
    dkim_cell_t *cell;       /* owned; [expectation * address_count + address] */
    finding_list_t findings; /* owned; sorted */
} dkim_result_t;

const char *mark_name(mark_t m);                       /* "match", "nxdomain", ... for JSON */
const char *verifier_status_name(verifier_status_t s); /* "PENDING", ... */
const char *round_outcome_name(round_outcome_t o);     /* "verified", ... for JSON */
void dkim_result_free(dkim_result_t *r);

#endif
