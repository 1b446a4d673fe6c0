/* A signed zone at four addresses, and what its parent has, for tests of what is found about
 * DNSSEC: a case changes the plan, and the world is asked. */
#ifndef TESTS_SIGNEDWORLD_H
#define TESTS_SIGNEDWORLD_H

#include "signer.h"
#include "xbuild.h"

#define NOW    INT64_C(1790000000) /* seconds since 1970 */
#define DAY    INT64_C(86400)
#define KEYS   6
#define PLACES 4

typedef enum silence { ANSWERS, KEYS_SILENT, ALL_SILENT, KEYS_REFUSED, ALL_REFUSED } silence_t;

/* What one address has and does. */
typedef struct place_plan {
    signature_t how;
    signature_t how_type; /* of the one type below */
    uint16_t type;        /* signed otherwise; 0: none */
    uint16_t unsigned_type;
    bool unsigned_all;
    bool no_proofs;
    bool by_turns; /* another machine, with an unsigned copy, answers for CDNSKEY */
    bool nsec3;
    bool param_lacks; /* NSEC3 without NSEC3PARAM */
    bool param_other;
    bool denies_txt; /* the NSEC at the apex does not list it */
    uint16_t iterations;
    bool salt;
    bool opt_out;
    bool wildcard; /* answers for names that do not exist, with the proof that is needed */
    bool wildcard_bare;
    silence_t silence;
    uint16_t rcode; /* of REFUSED; 0: SERVFAIL */
    uint32_t ttl;
    uint32_t serial; /* of the SOA: that of the plain one */
    unsigned key_count;
    const signer_t *key[KEYS]; /* in DNSKEY */
    unsigned ksk_count;
    const signer_t *ksk[KEYS]; /* sign DNSKEY, CDS, CDNSKEY */
    unsigned zsk_count;
    const signer_t *zsk[KEYS]; /* sign all else */
    const signer_t *stray;     /* signs the SOA, too, long ago */
    const char *more_key;      /* text of a further DNSKEY */
    const signer_t *cds;
    const signer_t *cdnskey;
    bool cds_delete;
} place_plan_t;

typedef struct ds_plan {
    unsigned count; /* 0: NODATA */
    bool unknown;   /* not asked */
    bool childs;    /* without one: out of the zone itself */
    bool expired;   /* its signature; with signed_parent */
    const signer_t *of[3];
    uint8_t digest_type[3];
    bool mistyped[3];     /* the digest is another */
    uint8_t algorithm[3]; /* in the place of the key's, when not 0 */
} ds_plan_t;

typedef struct signedworld {
    xlab_t x;
    signer_t ksk, zsk, other, rsa, small, revoked, eight;
    place_plan_t place[PLACES];
    ds_plan_t ds[2];
    bool signed_parent; /* its DS records are, and its keys are known */
    signer_t above;
    uint8_t buf[8192];
} signedworld_t;

/* Times of a signature that is ten days old and has twenty to go. */
signature_t signedworld_good_times(void);
/* Everything as it should be. */
void signedworld_begin(signedworld_t *w);
/* Asks what check asks: fills w->x. Once, behind all changes. */
void signedworld_build(signedworld_t *w);
void signedworld_end(signedworld_t *w);

#endif
