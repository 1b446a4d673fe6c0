/* Public keys, signatures and digests of DNSSEC in terms of OpenSSL's EVP. */
#ifndef DNSSEC_CRYPTO_H
#define DNSSEC_CRYPTO_H

#include "dnssec/dnssec.h"

#define CRYPTO_DIGEST_MAX 64
#define CRYPTO_SHA1_SIZE  20

/* Octets, not owned. */
typedef struct octets {
    const uint8_t *at;
    size_t len;
} octets_t;

/* Whether sig is key's signature of data (RFC 3110 for RSA/SHA-1, RFC 5702, RFC 6605, RFC 8080).
 * False for a key or signature of a wrong size too. */
bool crypto_verify(uint8_t algorithm, octets_t key, octets_t data, octets_t sig);

/* Bits of an RSA modulus, or of the field of a curve; 0 for a key of a wrong form, or of an
 * algorithm that is not known. */
unsigned crypto_key_bits(uint8_t algorithm, octets_t key);

/* Digest of two pieces as a DS digest type says (RFC 4034 5.1.4, RFC 4509, RFC 6605). Returns its
 * octets, or 0. */
size_t crypto_digest(uint8_t digest_type, octets_t a, octets_t b, uint8_t out[CRYPTO_DIGEST_MAX]);

/* NSEC3 hash of a name (RFC 5155 5). The caller bounds iterations. */
bool crypto_nsec3_hash(const nsp_name_t *name, unsigned iterations, octets_t salt,
                       uint8_t out[CRYPTO_SHA1_SIZE]);

#endif
