/* DNSSEC, one link of a chain at a time: does the DS of the parent match the zone's keys, did these
 * keys sign these records, do these NSEC or NSEC3 records prove that there is nothing?
 *
 * Pure functions over indexed messages and a clock that the caller gives. A result says which of
 * the many causes it was, and which record is meant. Work against hostile replies is bounded
 * (CVE-2023-50387, CVE-2023-50868): see the limits below. */
#ifndef DNSSEC_DNSSEC_H
#define DNSSEC_DNSSEC_H

#include "proto/nsproto.h"

/* What a validating resolver makes of a status (RFC 4035 4.3). */
typedef enum dnssec_class {
    DNSSEC_CLASS_SECURE,
    DNSSEC_CLASS_INSECURE,     /* it answers without the AD bit */
    DNSSEC_CLASS_BOGUS,        /* it answers SERVFAIL */
    DNSSEC_CLASS_INDETERMINATE /* the reply says nothing about it */
} dnssec_class_t;

/* X(code, class, stable name, sentence) */
#define DNSSEC_STATUSES(X)                                                                         \
    X(SECURE, SECURE, "secure", "the signatures verify")                                           \
    X(NO_DS, INSECURE, "no-ds", "the parent has no DS record for the zone")                        \
    X(UNSUPPORTED, INSECURE, "ds-unsupported",                                                     \
      "every DS record has an algorithm or a digest type that validators do not know")             \
    X(OPT_OUT, INSECURE, "opt-out",                                                                \
      "an NSEC3 record with opt-out covers the name: it proves little")                            \
    X(ITERATIONS, INSECURE, "nsec3-iterations",                                                    \
      "the NSEC3 records have more iterations than validators take")                               \
    X(NO_DNSKEY, BOGUS, "no-dnskey", "the parent has a DS record, but the zone has no DNSKEY")     \
    X(DS_NO_KEY, BOGUS, "ds-without-key",                                                          \
      "no DNSKEY of the zone has the key tag and the algorithm of a DS record")                    \
    X(DS_DIGEST, BOGUS, "ds-digest",                                                               \
      "the digest in the DS record is not that of the DNSKEY with its key tag")                    \
    X(DS_KEY_UNFIT, BOGUS, "ds-key-unfit",                                                         \
      "the DNSKEY that the DS record names is revoked, or is no zone key")                         \
    X(KEYS_NOT_SIGNED, BOGUS, "keys-not-signed",                                                   \
      "the DNSKEY records are not signed by a key that a DS record names")                         \
    X(NO_RRSIG, BOGUS, "no-rrsig", "the records are not signed")                                   \
    X(EXPIRED, BOGUS, "expired", "the signature has expired")                                      \
    X(NOT_YET_VALID, BOGUS, "not-yet-valid", "the signature is not valid yet")                     \
    X(BAD_SIGNATURE, BOGUS, "bad-signature", "the signature does not fit the records")             \
    X(KEY_MISSING, BOGUS, "key-missing",                                                           \
      "no DNSKEY of the zone has the key tag and the algorithm of the signature")                  \
    X(SIGNER, BOGUS, "signer", "the signer is not the zone")                                       \
    X(LABELS, BOGUS, "labels", "the signature is for a name with more labels")                     \
    X(SIG_UNSUPPORTED, BOGUS, "rrsig-unsupported",                                                 \
      "every signature has an algorithm that validators do not know")                              \
    X(MALFORMED, BOGUS, "malformed", "a record's data does not decode")                            \
    X(NO_DENIAL, BOGUS, "no-denial", "nothing proves that there is no such record")                \
    X(DENIAL, BOGUS, "denial", "the NSEC or NSEC3 records do not prove what the reply says")       \
    X(WILDCARD, BOGUS, "wildcard-unproved",                                                        \
      "the records come from a wildcard, and nothing proves that the name itself is absent")       \
    X(LIMIT, BOGUS, "limit", "there is more to verify than validators are willing to")             \
    X(NO_RRSET, INDETERMINATE, "no-records", "the reply has no such records")                      \
    X(NO_ANSWER, INDETERMINATE, "no-answer",                                                       \
      "the reply is an error, a referral or of another zone")                                      \
    X(MEMORY, INDETERMINATE, "memory", "out of memory")

typedef enum dnssec_status {
#define X(code, class, name, text) DNSSEC_##code,
    DNSSEC_STATUSES(X)
#undef X
        DNSSEC_STATUS_COUNT
} dnssec_status_t;

/* Limits of the work for one reply. */
#define DNSSEC_KEYS_MAX       32         /* DNSKEYs of a zone */
#define DNSSEC_KEY_OCTETS_MAX 1040       /* of a public key: RSA with 4096 bits (RFC 3110 2) */
#define DNSSEC_TAG_KEYS_MAX   4          /* keys tried for one signature: tags may collide */
#define DNSSEC_TRIES_MAX      32         /* signatures verified for one call */
#define DNSSEC_RRSET_MAX      (1u << 19) /* octets of an RRset in canonical form */
#define DNSSEC_DS_MAX         32
/* NSEC3 iterations beyond which an answer counts as insecure (RFC 9276 3.2 leaves the number to
 * the validator; BIND 9.18.24 and Knot Resolver 5.7.1 take 50). */
#define DNSSEC_ITERATIONS_MAX 50
#define DNSSEC_CHAIN_MAX      16 /* CNAMEs followed in one reply */

/* One DNSKEY that may verify (RFC 4034 2.1): a zone key, not revoked. */
typedef struct dnssec_key {
    uint16_t flags;
    uint16_t tag;
    uint16_t rr; /* index in the rr of the DNSKEY reply */
    uint8_t algorithm;
    bool by_ds;      /* a DS record names it */
    uint16_t octets; /* in use of public_key */
    uint8_t public_key[DNSSEC_KEY_OCTETS_MAX];
} dnssec_key_t;

/* The keys of a zone, once they are known to be its keys. A plain value. */
typedef struct dnssec_keys {
    dnssec_status_t status; /* DNSSEC_SECURE, or why there are none */
    nsp_name_t zone;
    unsigned count;
    dnssec_key_t key[DNSSEC_KEYS_MAX];
} dnssec_keys_t;

/* What one check came to, and which record decided. */
typedef struct dnssec_verdict {
    dnssec_status_t status;
    uint16_t rr;      /* index in the rr of the message, or NSP_NO_RR: see each function */
    uint16_t key_tag; /* of that RRSIG, DS or DNSKEY; 0 without one */
    uint8_t algorithm;
    uint8_t digest_type; /* of a DS */
    bool wildcard;       /* the records were made from a wildcard (RFC 4035 5.3.4) */
    bool has_rrsig;      /* inception, expiration and signer are set */
    int64_t inception;   /* of that RRSIG, seconds since 1970 */
    int64_t expiration;  /* when SECURE: the earliest one of all that were needed */
    nsp_name_t signer;
    unsigned tries; /* signatures that were verified */
} dnssec_verdict_t;

/* Verifies the keys of a zone with the DS records that its parent publishes (RFC 4035 5.2,
 * RFC 4509 3, RFC 6605, RFC 6840 5.11). The DS records themselves are taken as given:
 * dnssec_check_ds verifies them.
 *
 * ds_reply      DS records of zone in its answer or authority section, from the parent
 * dnskey_reply  DNSKEY records and RRSIGs in its answer section, from the zone
 * now           seconds since 1970
 * keys          filled in any case; usable by the other checks
 *
 * rr of the verdict: a DS in ds_reply for NO_DS, UNSUPPORTED, NO_DNSKEY and the DS_ statuses;
 * otherwise an RRSIG or DNSKEY in dnskey_reply. */
dnssec_verdict_t dnssec_check_keys(const nsp_msg_t *ds_reply, const nsp_msg_t *dnskey_reply,
                                   const nsp_name_t *zone, int64_t now, dnssec_keys_t *keys);

/* Verifies one RRset with the keys of its zone (RFC 4035 5.3). For records made from a wildcard,
 * the authority section must prove that there is no closer match (RFC 4035 5.3.4, RFC 5155 8.8). A
 * CNAME without signature is taken when a signed DNAME in the section gives it (RFC 6672 5.3.1).
 *
 * keys  of the zone that holds owner; when they are not SECURE their status is the result
 * rr of the verdict: the RRSIG that verified or came closest, or the first record of the RRset. */
dnssec_verdict_t dnssec_check_rrset(const nsp_msg_t *reply, nsp_section_t section,
                                    const nsp_name_t *owner, uint16_t type,
                                    const dnssec_keys_t *keys, int64_t now);

/* Verifies a negative reply: that qname does not exist, when the rcode is NXDOMAIN, or otherwise
 * that it has no records of qtype and no CNAME (RFC 4035 5.4, RFC 5155 8, RFC 6840 4,
 * RFC 9824 for proofs made on the spot). The SOA must verify too, when there is one.
 *
 * rr of the verdict: the NSEC or NSEC3, or the RRSIG, that decided. */
dnssec_verdict_t dnssec_check_denial(const nsp_msg_t *reply, const nsp_name_t *qname,
                                     uint16_t qtype, const dnssec_keys_t *keys, int64_t now);

/* Verifies the parent's reply about the DS of zone: SECURE with DS records that verify, NO_DS
 * with a proof that there are none (RFC 4035 5.2, RFC 5155 8.6), OPT_OUT, or what is wrong.
 *
 * keys  of the parent */
dnssec_verdict_t dnssec_check_ds(const nsp_msg_t *reply, const nsp_name_t *zone,
                                 const dnssec_keys_t *keys, int64_t now);

/* Verifies all that a reply says about a question: the RRset, the CNAMEs that lead to it inside
 * the zone, or the proof that there is nothing. Stops at a target outside of the zone.
 * NO_ANSWER for another rcode, a referral, or a qname outside of the zone. The verdict is that of
 * the first part that is not secure. */
dnssec_verdict_t dnssec_check_answer(const nsp_msg_t *reply, const nsp_name_t *qname,
                                     uint16_t qtype, const dnssec_keys_t *keys, int64_t now);

/* Key tag of a DNSKEY's RDATA (RFC 4034 appendix B; B.1 for algorithm 1). */
uint16_t dnssec_key_tag(const uint8_t *rdata, size_t size);

/* Whether signatures of an algorithm, digests of a type, can be verified here. */
bool dnssec_algorithm_known(uint8_t algorithm);
bool dnssec_digest_known(uint8_t digest_type);

/* What a validating resolver makes of a status (RFC 4035 4.3). */
dnssec_class_t dnssec_status_class(dnssec_status_t status);
/* "ds-digest", ... stable, for JSON. */
const char *dnssec_status_name(dnssec_status_t status);
/* One sentence for people, without a full stop. */
const char *dnssec_status_text(dnssec_status_t status);

#endif
