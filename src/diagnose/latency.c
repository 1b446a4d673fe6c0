#include "diagnose/latency.h"

/* log2(LATENCY_SUB) */
#define SUB_BITS 5u

/* Values below LATENCY_SUB microseconds have a bucket each; above, each doubling has
 * LATENCY_SUB. */
unsigned latency_bucket(int64_t ns)
{
    uint64_t us = ns < 0 ? 0 : (uint64_t)ns / 1000;
    unsigned shift = 0;
    if (us >= LATENCY_SUB)
        shift = 63u - SUB_BITS - (unsigned)__builtin_clzll(us);
    uint64_t bucket = (uint64_t)LATENCY_SUB * shift + (us >> shift);
    return bucket < LATENCY_BUCKETS ? (unsigned)bucket : LATENCY_BUCKETS - 1;
}

/* The middle of what a bucket holds. */
static int64_t middle_of(unsigned bucket)
{
    unsigned shift = bucket < 2 * LATENCY_SUB ? 0 : bucket / LATENCY_SUB - 1;
    uint64_t low = (uint64_t)(bucket - LATENCY_SUB * shift) << shift;
    return (int64_t)(low * 1000 + (UINT64_C(1000) << shift) / 2);
}

void latency_add(latency_t *l, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (l->count == 0 || ns < l->min)
        l->min = ns;
    if (ns > l->max)
        l->max = ns;
    l->count++;
    l->sum += (uint64_t)ns;
    l->bucket[latency_bucket(ns)]++;
}

void latency_merge(latency_t *to, const latency_t *from)
{
    if (from->count == 0)
        return;
    if (to->count == 0 || from->min < to->min)
        to->min = from->min;
    if (from->max > to->max)
        to->max = from->max;
    to->count += from->count;
    to->sum += from->sum;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        to->bucket[i] += from->bucket[i];
}

int64_t latency_percentile(const latency_t *l, double share)
{
    if (l->count == 0)
        return -1;
    double wanted = share * (double)l->count;
    uint64_t seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        seen += l->bucket[i];
        if (l->bucket[i] == 0 || (double)seen < wanted)
            continue;
        int64_t value = middle_of(i);
        return value > l->max ? l->max : value < l->min ? l->min : value;
    }
    return l->max;
}
