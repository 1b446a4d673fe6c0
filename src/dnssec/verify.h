/* One RRset and its signatures: what the public checks are made of. */
#ifndef DNSSEC_VERIFY_H
#define DNSSEC_VERIFY_H

#include "dnssec/audit.h"
#include "dnssec/rrset.h"

/* What all parts of one call share. */
typedef struct verify {
    const nsp_msg_t *msg;
    const dnssec_keys_t *keys;
    int64_t now;
    unsigned tries; /* signatures verified so far */
    bool by_ds;     /* only keys that a DS names may sign: for the DNSKEY RRset itself */
} verify_t;

/* A verdict without a record. */
dnssec_verdict_t verdict_of(dnssec_status_t status);

/* Verifies one signature of an RRset: status, whether it is of a wildcard, and its times. */
dnssec_verdict_t verify_rrsig(verify_t *v, const rrset_t *set, const rrsig_t *sig);

/* Adds a key whose public key has at most DNSSEC_KEY_OCTETS_MAX octets, where there is room. */
void keys_add(dnssec_keys_t *keys, const dnskey_t *key, bool by_ds);

/* Verifies an RRset of a section with the keys, and no more: proofs for wildcards are the
 * caller's. The verdict's expiration is that of the RRSIG. */
dnssec_verdict_t verify_rrset(verify_t *v, nsp_section_t section, const nsp_name_t *owner,
                              uint16_t type);

/* Puts a part's verdict into that of the whole: the first that is not secure wins; otherwise the
 * earliest expiration is kept. */
void verdict_add(dnssec_verdict_t *all, const dnssec_verdict_t *part);

#endif
