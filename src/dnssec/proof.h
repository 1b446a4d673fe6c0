/* Proofs that there is nothing, by NSEC and NSEC3. These functions only look at what the records
 * say; proof_t names those that a proof needs, and the caller verifies their signatures. */
#ifndef DNSSEC_PROOF_H
#define DNSSEC_PROOF_H

#include "dnssec/crypto.h"

/* Records of one kind that are looked at: a proof needs three. */
#define PROOF_RECORDS_MAX 16
#define PROOF_USED_MAX    4

typedef struct proof {
    dnssec_status_t status; /* SECURE, OPT_OUT, ITERATIONS, DENIAL, or NO_DENIAL without records */
    unsigned used_count;
    uint16_t used[PROOF_USED_MAX]; /* indices in the rr of the message */
} proof_t;

typedef enum proof_goal {
    PROOF_NXDOMAIN, /* qname does not exist, and no wildcard would answer for it */
    PROOF_NODATA,   /* qname, or the wildcard for it, has neither qtype nor a CNAME */
    PROOF_WILDCARD  /* nothing closer to qname exists than the wildcard below labels */
} proof_goal_t;

typedef struct proof_question {
    proof_goal_t goal;
    const nsp_name_t *zone;
    const nsp_name_t *qname; /* in the zone */
    uint16_t qtype;          /* for NODATA */
    unsigned labels;         /* for WILDCARD: of the wildcard, without "*" */
} proof_question_t;

/* Looks for a proof among the records of the authority section: RFC 4035 5.4, RFC 6840 4. */
void nsec_prove(const nsp_msg_t *m, const proof_question_t *q, proof_t *out);
/* RFC 5155 8. */
void nsec3_prove(const nsp_msg_t *m, const proof_question_t *q, proof_t *out);

/* The types that the record at a name lists, its own or by its hash. False without such a record in
 * the authority section. */
bool nsec_types_at(const nsp_msg_t *m, const nsp_name_t *zone, const nsp_name_t *name,
                   octets_t *bitmap);
bool nsec3_types_at(const nsp_msg_t *m, const nsp_name_t *zone, const nsp_name_t *name,
                    octets_t *bitmap);

/* Notes that the proof needs a record. */
void proof_use(proof_t *p, uint16_t rr);

/* A type bitmap, as proto has checked it (RFC 4034 4.1.2). */
bool proof_has_type(octets_t bitmap, uint16_t type);

/* Whether a bitmap at the name itself says that there is neither the type nor a CNAME, and is of
 * the side of a zone cut that knows: the parent for DS, the child for all else (RFC 6840 4.1). */
bool proof_lacks_type(octets_t bitmap, uint16_t type);

/* Whether nothing can be said of names below a name with this bitmap: it is delegated, or has a
 * DNAME (RFC 6840 4.1, RFC 5155 8.3). */
bool proof_is_cut(octets_t bitmap);

#endif
