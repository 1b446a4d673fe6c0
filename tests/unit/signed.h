/* Replies of real name servers about zones that real tools signed (tests/data/dnssec). */
#ifndef TESTS_UNIT_SIGNED_H
#define TESTS_UNIT_SIGNED_H

#include "dnssec/dnssec.h"

typedef struct signed_reply {
    char zone[64];
    char qname[256];
    char qtype[16];
    nsp_name_t zone_name;
    nsp_name_t name;
    uint16_t type;
    uint8_t *wire; /* of exactly size octets */
    size_t size;
    nsp_msg_t msg;
    nsp_rr_t *arena;
} signed_reply_t;

typedef struct signed_replies {
    int64_t now;
    size_t count;
    signed_reply_t *reply;
} signed_replies_t;

#define SIGNED_FILE "tests/data/dnssec/replies.txt"
#define SIGNED_RRS  64

/* Reads the file; false when it is not there: tests run in the top folder of the source. */
bool signed_read(signed_replies_t *all);
void signed_free(signed_replies_t *all);

/* All replies, for groups of tests that begin and end with the next two. */
extern signed_replies_t signed_all;
int signed_setup(void **state);
int signed_teardown(void **state);

/* The reply of a zone's server to a question, or NULL. */
const signed_reply_t *signed_find(const signed_replies_t *all, const char *zone, const char *qname,
                                  const char *qtype);

/* A copy that may be changed; the caller frees it with signed_drop. */
signed_reply_t signed_copy(const signed_reply_t *r);
void signed_drop(signed_reply_t *r);

/* The keys of "test", the parent, taken on trust. */
bool signed_parent_keys(const signed_replies_t *all, dnssec_keys_t *keys);
/* The keys of a zone by the DS records that the parent has. */
dnssec_verdict_t signed_zone_keys(const signed_replies_t *all, const char *zone,
                                  dnssec_keys_t *keys);

/* A message that a test builds. */
typedef struct signed_built {
    nsp_msg_t msg;
    nsp_rr_t arena[SIGNED_RRS];
    uint8_t wire[16384];
} signed_built_t;

/* A reply from text: zone lines of the answer section, then "--", then those of the authority
 * section. False when the text does not parse. */
bool signed_from_text(const char *text, uint16_t rcode, signed_built_t *out);

/* DS records with SHA-256 for the keys of a DNSKEY reply that have these flags (0: for all). */
void signed_make_ds(const nsp_msg_t *dnskey, const nsp_name_t *zone, uint16_t flags,
                    signed_built_t *out);

nsp_name_t signed_name(const char *text);

#endif
