/* What can be said of a signed zone beyond what a validator needs: each key, each DS and each
 * signature by itself, and what the registries of algorithms say of them. */
#ifndef DNSSEC_AUDIT_H
#define DNSSEC_AUDIT_H

#include "dnssec/dnssec.h"

/* A DNSKEY or CDNSKEY record as it stands (RFC 4034 2.1). Borrows the message. */
typedef struct dnskey {
    uint16_t rr;
    uint16_t flags;
    uint16_t tag;
    uint16_t size; /* of rdata */
    uint16_t key_size;
    uint8_t protocol;
    uint8_t algorithm;
    bool zone;
    bool revoked; /* RFC 5011 3 */
    bool sep;
    const uint8_t *rdata;
    const uint8_t *key;
} dnskey_t;

/* A DS or CDS record (RFC 4034 5.1). Borrows the message. */
typedef struct ds {
    uint16_t rr;
    uint16_t key_tag;
    uint8_t algorithm;
    uint8_t digest_type;
    size_t size;
    const uint8_t *digest;
} ds_t;

/* Reads one record. False when it does not decode. */
bool dnskey_read(const nsp_msg_t *m, uint16_t rr, dnskey_t *out);
bool ds_read(const nsp_msg_t *m, uint16_t rr, ds_t *out);
/* Whether the digest is that of the key (RFC 4034 5.1.4). False for digests that are not known. */
bool ds_is_of(const ds_t *ds, const nsp_name_t *zone, const dnskey_t *key);
/* Whether the key may verify signatures of the zone (RFC 4034 2.1, RFC 5011 2.1). */
bool dnskey_fits(const dnskey_t *key);
/* Bits of an RSA modulus, or of the field of an elliptic curve; 0 for a key that does not fit its
 * algorithm, or an algorithm that is not known here. */
unsigned dnskey_bits(const dnskey_t *key);

/* The DNSKEY records of a reply as keys that are taken on trust: all that may verify, and with
 * revoked those that are revoked as well. keys->status tells whether there are any: SECURE,
 * NO_DNSKEY or LIMIT. */
void dnssec_take_keys(const nsp_msg_t *reply, const nsp_name_t *zone, bool revoked,
                      dnssec_keys_t *keys);

/* One signature of an RRset. */
typedef struct dnssec_sig {
    dnssec_status_t status;
    uint16_t rr;
    uint16_t key_tag;
    uint8_t algorithm;
    bool wildcard; /* it is of a name with fewer labels */
    uint32_t original_ttl;
    int64_t inception; /* seconds since 1970 */
    int64_t expiration;
    nsp_name_t signer;
} dnssec_sig_t;

#define DNSSEC_SIGS_MAX 24

/* Verifies every signature of an RRset, and not only until one is good. Returns their number, at
 * most DNSSEC_SIGS_MAX; *ttl is the highest of the RRset's. */
size_t dnssec_audit(const nsp_msg_t *reply, nsp_section_t section, const nsp_name_t *owner,
                    uint16_t type, const dnssec_keys_t *keys, int64_t now,
                    dnssec_sig_t out[DNSSEC_SIGS_MAX], uint32_t *ttl);

/* An NSEC3 or NSEC3PARAM record's parameters (RFC 5155 3.1, 4.1). Borrows the message. */
typedef struct nsec3_params {
    uint8_t hash;
    uint8_t flags;
    uint16_t iterations;
    uint8_t salt_size;
    const uint8_t *salt;
} nsec3_params_t;

/* False when the record does not decode. */
bool nsec3_params_read(const nsp_msg_t *m, uint16_t rr, nsec3_params_t *out);
/* Whether hash, iterations and salt are the same. */
bool nsec3_params_equal(const nsec3_params_t *a, const nsec3_params_t *b);

/* The first of some types (0 at their end) that the NSEC or NSEC3 record at a name does not list;
 * 0 when it lists all, or the authority section has no such record. */
uint16_t dnssec_type_denied(const nsp_msg_t *m, const nsp_name_t *zone, const nsp_name_t *name,
                            const uint16_t *types);

/* What a registry says of a number. */
typedef enum dnssec_advice {
    ADVICE_GOOD,
    ADVICE_DISCOURAGED, /* RFC 8624: NOT RECOMMENDED */
    ADVICE_FORBIDDEN,   /* MUST NOT be used by zones */
    ADVICE_PRIVATE,
    ADVICE_UNASSIGNED /* or reserved */
} dnssec_advice_t;

/* Algorithms of keys, digest types of DS: advice and mnemonic ("unassigned" for none). */
dnssec_advice_t dnssec_algorithm_advice(uint8_t algorithm);
dnssec_advice_t dnssec_digest_advice(uint8_t digest_type);
const char *dnssec_algorithm_name(uint8_t algorithm);
const char *dnssec_digest_name(uint8_t digest_type);

#endif
