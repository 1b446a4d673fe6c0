/* Two replies to one question, compared: what a change of zone or server did to an answer. */
#ifndef DIAGNOSE_COMPARE_H
#define DIAGNOSE_COMPARE_H

#include "proto/nsproto.h"

/* What differs: bits. */
#define COMPARE_MISSING    1u /* there was a reply, there is none */
#define COMPARE_NEW        2u /* there was none, there is one */
#define COMPARE_MALFORMED  4u /* one of them parses, the other does not */
#define COMPARE_RCODE      8u
#define COMPARE_AA         16u
#define COMPARE_TC         32u
#define COMPARE_EDNS       64u  /* one has an OPT, the other has not */
#define COMPARE_ANSWER     128u /* the answer section as a set of records */
#define COMPARE_AUTHORITY  256u
#define COMPARE_ADDITIONAL 512u  /* without OPT, TSIG and SIG(0) */
#define COMPARE_RRSIG      1024u /* signatures, of whatever section: a zone is signed again daily */
#define COMPARE_TTL        2048u
#define COMPARE_BITS       12
#define COMPARE_ALL        4095u

/* Records that only one side has, for showing: at most so many a side. */
#define COMPARE_SHOWN 8

typedef struct compare_rr {
    uint8_t section;
    uint16_t index; /* in its section: nsp_msg_rr(m, section, index) */
} compare_rr_t;

typedef struct compare {
    unsigned differs;       /* COMPARE_ bits; 0: the same */
    uint32_t only_count[2]; /* records that only the first, only the second reply has */
    compare_rr_t only[2][COMPARE_SHOWN];
} compare_t;

/* Compares two indexed replies (either may be NULL: there was none). Records are compared as a
 * set: neither order nor repetition counts, names compare without case, RDATA in canonical form
 * (RFC 4034 6.2).
 *
 * what   COMPARE_ bits that are looked at
 *
 * False when memory is out. */
bool compare_replies(const nsp_msg_t *was, const nsp_msg_t *now, unsigned what, compare_t *out);

/* Word of one bit, number 0..COMPARE_BITS-1: "missing", "rcode", ...; stable, for JSON. */
const char *compare_word(unsigned number);
/* The bit of a word; 0 when it is none. */
unsigned compare_bit(const char *word, size_t len);

#endif
