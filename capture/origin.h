/* Where an item comes from, and what memory it may take: shared by what reassembles. */
#ifndef CAPTURE_ORIGIN_H
#define CAPTURE_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange/mix.h"

/* The packet that an item is of. */
typedef struct origin {
    int64_t at; /* nanoseconds since 1970 */
    uint64_t number;
    uint32_t file;
    unsigned notes; /* CAP_NOTE_* that the packet brings along */
} origin_t;

/* Octets that one kind of state may hold. */
typedef struct budget {
    size_t used;
    size_t limit;
} budget_t;

/* Whether n octets more are within the limit; nothing is booked. */
static inline bool budget_has(const budget_t *b, size_t n)
{
    return n <= b->limit && b->used <= b->limit - n;
}

/* Whether at least timeout has gone by; times are any, so the difference is taken unsigned. now is
 * never before since. */
static inline bool origin_over(int64_t now, int64_t since, int64_t timeout)
{
    return (uint64_t)now - (uint64_t)since >= (uint64_t)timeout;
}

/* since + timeout, as far as there is time. */
static inline int64_t origin_deadline(int64_t since, int64_t timeout)
{
    return since > INT64_MAX - timeout ? INT64_MAX : since + timeout;
}

/* Mixes 64 bits with a seed, so that who does not know the seed cannot aim at one bucket. */
static inline uint64_t origin_mix(uint64_t a, uint64_t b)
{
    return mix_pair(a ^ UINT64_C(0x9e3779b97f4a7c15), b ^ UINT64_C(0xe7037ed1a0b428db));
}

#endif
