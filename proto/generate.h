/* RDATA and names made at random, sound by the table of RR types: material for fuzzing, and for
 * servers that are to surprise their clients. The same seed gives the same octets everywhere. */
#ifndef NSPROTO_GENERATE_H
#define NSPROTO_GENERATE_H

#include "name.h"
#include "rrtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A generator of reproducible random numbers; any state is a good one. Never for secrets. */
typedef struct nsp_random {
    uint64_t state;
} nsp_random_t;

/* The next 64 bits: the same for the same state everywhere, and not for secrets. */
NSP_API uint64_t nsp_random_next(nsp_random_t *r);
/* 0..n-1; 0 when n is 0. */
NSP_API uint32_t nsp_random_below(nsp_random_t *r, uint32_t n);

/* A name of 0 to 6 labels, sometimes of the greatest length that is allowed (RFC 1035 2.3.4). */
NSP_API void nsp_name_generate(nsp_random_t *r, nsp_name_t *out);

/* RDATA of a type in uncompressed wire form, without a fault that nsp_msg_validate would report.
 * Types without a table line get up to 16 octets. Writes at most cap octets to buf; returns their
 * number, 0 also when a sound RDATA does not fit. 2048 octets always suffice. */
NSP_API size_t nsp_rdata_generate(uint16_t type, nsp_random_t *r, uint8_t *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
