/* Reply times in a histogram of fixed size: buckets grow with the value, each within 3 % of what
 * it holds, so that percentiles of any number of replies cost no memory. */
#ifndef DIAGNOSE_LATENCY_H
#define DIAGNOSE_LATENCY_H

#include <stdint.h>

/* 32 buckets for each doubling: 1 microsecond (all below are one) to 137 s and more. */
#define LATENCY_SUB_BITS 5u
#define LATENCY_SUB      (1u << LATENCY_SUB_BITS)
#define LATENCY_BUCKETS  736u /* 23 doublings */

typedef struct latency {
    uint64_t count;
    int64_t min; /* nanoseconds, exact */
    int64_t max;
    uint64_t sum;
    uint8_t few[LATENCY_BUCKETS];   /* what each bucket holds: so many, */
    uint32_t many[LATENCY_BUCKETS]; /* and so many times 256, which is seldom touched */
} latency_t;

/* Index of the bucket that a time belongs to. Values below LATENCY_SUB microseconds have one each;
 * above, each doubling has LATENCY_SUB. */
static inline unsigned latency_bucket(int64_t ns)
{
    uint64_t us = ns < 0 ? 0 : (uint64_t)ns / 1000;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(us | LATENCY_SUB);
    unsigned shift = doubling - LATENCY_SUB_BITS;
    uint64_t bucket = (uint64_t)LATENCY_SUB * shift + (us >> shift);
    return bucket < LATENCY_BUCKETS ? (unsigned)bucket : LATENCY_BUCKETS - 1;
}

/* Negative times count as 0. */
static inline void latency_add(latency_t *l, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (l->count == 0 || ns < l->min)
        l->min = ns;
    if (ns > l->max)
        l->max = ns;
    l->count++;
    l->sum += (uint64_t)ns;
    unsigned bucket = latency_bucket(ns);
    if (++l->few[bucket] == 0)
        l->many[bucket]++;
}

/* Adds all of from to *to. */
void latency_merge(latency_t *to, const latency_t *from);
/* The value that a share (0..1) of all does not exceed, nanoseconds; the bucket's middle, and never
 * more than max. -1 when there is none. */
int64_t latency_percentile(const latency_t *l, double share);

#endif
