/* A signer of its own for tests: keys of each algorithm, and signatures that are right or wrong in
 * one way. It shares no code with src/dnssec. */
#ifndef TESTS_UNIT_SIGNER_H
#define TESTS_UNIT_SIGNER_H

#include <openssl/evp.h>

#include "proto/nsproto.h"

typedef struct signer {
    EVP_PKEY *key;
    uint8_t algorithm;
    uint16_t tag;
    uint16_t size;      /* of rdata */
    uint8_t rdata[600]; /* of the DNSKEY */
} signer_t;

/* What a signature says, and how it is wrong. */
typedef struct signature {
    int64_t inception; /* seconds since 1970 */
    int64_t expiration;
    uint32_t original_ttl;
    nsp_name_t signer;
    int labels; /* more than there are */
    bool corrupt;
    uint16_t tag_plus; /* the key tag in the record is as much higher */
} signature_t;

typedef struct signer_rr {
    uint16_t size;
    uint8_t rdata[600]; /* in canonical form */
} signer_rr_t;

/* Records of one owner and type. */
typedef struct signer_rrset {
    nsp_name_t owner;
    uint16_t type;
    uint32_t ttl;
    size_t count;
    signer_rr_t rr[8];
} signer_rrset_t;

/* Makes a key: RSA with that many bits (8, 10), EC (13, 14), Ed25519 (15) or Ed448 (16). */
signer_t signer_new(uint8_t algorithm, unsigned bits, uint16_t flags);
void signer_free(signer_t *s);

/* Puts the records, and for each signer a signature, into a section. */
void signer_put(nsp_builder_t *b, nsp_section_t section, const signer_rrset_t *set,
                const signature_t *how, const signer_t *const *by, size_t count);

/* RDATA of a DS record; returns its octets. */
size_t signer_ds(const signer_t *s, const nsp_name_t *zone, uint8_t digest_type, uint8_t out[80]);

/* Adds a record from text to a set: "ns1.example.net." */
void signer_add(signer_rrset_t *set, const char *text);

#endif
