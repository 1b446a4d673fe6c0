/* Reply times in a histogram of fixed size: buckets grow with the value, each within 3 % of what
 * it holds, so that percentiles of any number of replies cost no memory. */
#ifndef DIAGNOSE_LATENCY_H
#define DIAGNOSE_LATENCY_H

#include <stdint.h>

/* 32 buckets for each doubling: 1 microsecond (all below are one) to 137 s and more. */
#define LATENCY_SUB     32u
#define LATENCY_BUCKETS 736u /* 23 doublings */

typedef struct latency {
    uint64_t count;
    int64_t min; /* nanoseconds, exact */
    int64_t max;
    uint64_t sum;
    uint32_t bucket[LATENCY_BUCKETS];
} latency_t;

/* Negative times count as 0. */
void latency_add(latency_t *l, int64_t ns);
/* Index of the bucket that a time belongs to. */
unsigned latency_bucket(int64_t ns);
/* Adds all of from to *to. */
void latency_merge(latency_t *to, const latency_t *from);
/* The value that a share (0..1) of all does not exceed, nanoseconds; the bucket's middle, and never
 * more than max. -1 when there is none. */
int64_t latency_percentile(const latency_t *l, double share);

#endif
