/* RRsets as they are signed: in canonical form and order (RFC 4034 6). */
#ifndef DNSSEC_RRSET_H
#define DNSSEC_RRSET_H

#include "dnssec/crypto.h"

/* One RDATA in canonical form: octets [at, at + len) of the RRset's buffer. */
typedef struct rrset_item {
    const uint8_t *at;
    uint32_t offset;
    uint16_t len;
} rrset_item_t;

typedef struct rrset {
    nsp_name_t owner;
    uint16_t type;
    uint16_t rclass;
    uint16_t first; /* index in the rr of the message of the first record */
    size_t count;
    size_t item_cap;
    rrset_item_t *item; /* owned; in canonical order, each once */
    size_t size;
    size_t cap;
    uint8_t *octets; /* owned */
} rrset_t;

/* The fields of an RRSIG (RFC 4034 3.1). Borrows the message. */
typedef struct rrsig {
    uint16_t rr;
    uint16_t covered;
    uint16_t key_tag;
    uint8_t algorithm;
    uint8_t labels;
    uint32_t original_ttl;
    uint32_t expiration;
    uint32_t inception;
    nsp_name_t signer;
    octets_t signature;
} rrsig_t;

/* Gathers the records of one owner and type in a section. DNSSEC_SECURE when there are some and
 * all decode; NO_RRSET, MALFORMED (set->first is then the record), LIMIT, MEMORY. set is the
 * caller's to free in any case. */
dnssec_status_t rrset_collect(const nsp_msg_t *m, nsp_section_t section, const nsp_name_t *owner,
                              uint16_t type, rrset_t *set);
void rrset_free(rrset_t *set);

/* Labels as the labels field of an RRSIG counts them: without the root and a leading "*"
 * (RFC 4034 3.1.3). */
unsigned rrset_labels(const nsp_name_t *owner);

/* Reads an RRSIG. False when it does not decode. */
bool rrsig_read(const nsp_msg_t *m, uint16_t rr, rrsig_t *out);

/* What is signed: the RRSIG's RDATA without the signature, and every record with the original TTL
 * and, for a name made from a wildcard, the wildcard's owner (RFC 4035 5.3.2). sig->labels must not
 * exceed the owner's. *out is the caller's to free. NULL when there is no memory. */
uint8_t *rrset_signed_data(const rrset_t *set, const rrsig_t *sig, size_t *size);

#endif
