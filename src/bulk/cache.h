/* A bounded memory of octets by key, each until its time is over. Threads share one. When it is
 * full, what is oldest and was not used since is forgotten. */
#ifndef BULK_CACHE_H
#define BULK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CACHE_KEY_MAX 1024 /* octets */

typedef struct cache cache_t;

/* Counters, since the beginning; entries and octets as they are now. */
typedef struct cache_stats {
    uint64_t hits;
    uint64_t misses;    /* what was not there, or no longer valid */
    uint64_t evictions; /* of what still was valid, for want of room */
    uint64_t entries;
    uint64_t octets;
} cache_stats_t;

/* octets: what it takes in all, its bookkeeping included, and never more; seed: makes the places of
 * keys unpredictable for whoever chooses keys. NULL when memory is out. */
cache_t *cache_new(size_t octets, uint64_t seed);
void cache_free(cache_t *c);
/* Keeps a copy of value until expires (on a clock of the caller's), instead of what was kept under
 * the same key. False when it is not kept: too large, or memory is out. */
bool cache_put(cache_t *c, const void *key, size_t key_size, const void *value, size_t size,
               int64_t now, int64_t expires);
/* A copy of the value, the caller's to free, and its octets; NULL when it is not there, its time is
 * over (now >= expires), or memory is out. */
void *cache_get(cache_t *c, const void *key, size_t key_size, int64_t now, size_t *size);
/* Forgets a value, if it is there. */
void cache_drop(cache_t *c, const void *key, size_t key_size);
/* Counts since cache_new, and what is there now. */
cache_stats_t cache_stats(cache_t *c);

#endif
