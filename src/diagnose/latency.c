#include "diagnose/latency.h"

/* The middle of what a bucket holds. */
static int64_t middle_of(unsigned bucket)
{
    unsigned shift = bucket < 2 * LATENCY_SUB ? 0 : bucket / LATENCY_SUB - 1;
    uint64_t low = (uint64_t)(bucket - LATENCY_SUB * shift) << shift;
    return (int64_t)(low * 1000 + (UINT64_C(1000) << shift) / 2);
}

static uint64_t held(const latency_t *l, unsigned bucket)
{
    return (uint64_t)l->many[bucket] << 8 | l->few[bucket];
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
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        uint64_t sum = held(to, i) + held(from, i);
        to->few[i] = (uint8_t)sum;
        to->many[i] = (uint32_t)(sum >> 8);
    }
}

int64_t latency_percentile(const latency_t *l, double share)
{
    if (l->count == 0)
        return -1;
    double wanted = share * (double)l->count;
    uint64_t seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        seen += held(l, i);
        if (held(l, i) == 0 || (double)seen < wanted)
            continue;
        int64_t value = middle_of(i);
        return value > l->max ? l->max : value < l->min ? l->min : value;
    }
    return l->max;
}
