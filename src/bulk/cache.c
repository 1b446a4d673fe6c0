#include "bulk/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The memory is cut into shards with a lock each. */
#define SHARDS 16u
/* Octets of an entry that a bucket is made for. */
#define ENTRY_USUAL 512u
/* What malloc itself takes for an entry, about. */
#define ENTRY_EXTRA 16u

typedef struct entry {
    struct entry *next; /* in its bucket */
    struct entry *newer;
    struct entry *older;
    uint64_t hash;
    int64_t expires;
    uint32_t key_size;
    uint32_t size;
    uint8_t octets[]; /* the key, then the value */
} entry_t;

typedef struct shard {
    pthread_mutex_t lock;
    entry_t **bucket;
    entry_t *newest;
    entry_t *oldest;
    cache_stats_t stats;
} shard_t;

struct cache {
    uint64_t seed;
    size_t room;    /* octets of each shard */
    size_t buckets; /* of each shard, a power of two */
    shard_t shard[SHARDS];
};

cache_t *cache_new(size_t octets, uint64_t seed)
{
    cache_t *c = calloc(1, sizeof *c);
    bool good = true;
    if (c == NULL)
        return NULL;
    c->seed = seed;
    c->room = octets / SHARDS;
    c->buckets = 16;
    while (c->buckets < c->room / ENTRY_USUAL)
        c->buckets *= 2;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&c->shard[i].lock, NULL);
        c->shard[i].bucket = calloc(c->buckets, sizeof(entry_t *));
        good = good && c->shard[i].bucket != NULL;
    }
    if (good)
        return c;
    cache_free(c);
    return NULL;
}

void cache_free(cache_t *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        shard_t *s = &c->shard[i];
        for (entry_t *e = s->newest; e != NULL;) {
            entry_t *older = e->older;
            free(e);
            e = older;
        }
        free(s->bucket);
        pthread_mutex_destroy(&s->lock);
    }
    free(c);
}

static uint64_t hash_of(const cache_t *c, const uint8_t *key, size_t size)
{
    uint64_t h = c->seed ^ size * UINT64_C(0x9e3779b97f4a7c15);
    while (size > 0) {
        uint64_t word = 0;
        size_t n = size < sizeof word ? size : sizeof word;
        memcpy(&word, key, n);
        h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
        key += n;
        size -= n;
    }
    return h * UINT64_C(0xc4ceb9fe1a85ec53) ^ h >> 29;
}

static shard_t *shard_of(cache_t *c, uint64_t hash)
{
    return &c->shard[hash >> 56 & (SHARDS - 1)];
}

static size_t cost_of(const entry_t *e)
{
    return sizeof *e + e->key_size + e->size + ENTRY_EXTRA;
}

static entry_t **find(const cache_t *c, shard_t *s, uint64_t hash, const void *key, size_t key_size)
{
    entry_t **p = &s->bucket[hash & (c->buckets - 1)];
    while (*p != NULL && ((*p)->hash != hash || (*p)->key_size != key_size ||
                          memcmp((*p)->octets, key, key_size) != 0))
        p = &(*p)->next;
    return p;
}

static void list_remove(shard_t *s, entry_t *e)
{
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
}

static void list_add(shard_t *s, entry_t *e)
{
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

/* p: where the bucket's chain points at it. */
static void forget(shard_t *s, entry_t **p)
{
    entry_t *e = *p;
    *p = e->next;
    list_remove(s, e);
    s->stats.entries--;
    s->stats.octets -= cost_of(e);
    free(e);
}

static void make_room(const cache_t *c, shard_t *s, size_t size, int64_t now)
{
    while (s->oldest != NULL && s->stats.octets + size > c->room) {
        entry_t *e = s->oldest;
        s->stats.evictions += e->expires > now;
        forget(s, find(c, s, e->hash, e->octets, e->key_size));
    }
}

bool cache_put(cache_t *c, const void *key, size_t key_size, const void *value, size_t size,
               int64_t now, int64_t expires)
{
    if (key_size > CACHE_KEY_MAX || size > c->room || expires <= now)
        return false;
    entry_t *e = malloc(sizeof *e + key_size + size);
    if (e == NULL)
        return false;
    *e = (entry_t){.hash = hash_of(c, key, key_size),
                   .expires = expires,
                   .key_size = (uint32_t)key_size,
                   .size = (uint32_t)size};
    memcpy(e->octets, key, key_size);
    memcpy(e->octets + key_size, value, size);
    if (cost_of(e) > c->room) {
        free(e);
        return false;
    }
    shard_t *s = shard_of(c, e->hash);
    pthread_mutex_lock(&s->lock);
    entry_t **p = find(c, s, e->hash, key, key_size);
    if (*p != NULL)
        forget(s, p);
    make_room(c, s, cost_of(e), now);
    p = &s->bucket[e->hash & (c->buckets - 1)];
    e->next = *p;
    *p = e;
    list_add(s, e);
    s->stats.entries++;
    s->stats.octets += cost_of(e);
    pthread_mutex_unlock(&s->lock);
    return true;
}

void *cache_get(cache_t *c, const void *key, size_t key_size, int64_t now, size_t *size)
{
    uint64_t hash = hash_of(c, key, key_size);
    shard_t *s = shard_of(c, hash);
    void *copy = NULL;
    pthread_mutex_lock(&s->lock);
    entry_t **p = find(c, s, hash, key, key_size);
    entry_t *e = *p;
    if (e != NULL && e->expires <= now) {
        forget(s, p);
        e = NULL;
    }
    if (e != NULL) {
        list_remove(s, e);
        list_add(s, e);
        copy = malloc(e->size > 0 ? e->size : 1);
    }
    if (copy != NULL) {
        memcpy(copy, e->octets + e->key_size, e->size);
        *size = e->size;
        s->stats.hits++;
    } else {
        s->stats.misses++;
    }
    pthread_mutex_unlock(&s->lock);
    return copy;
}

void cache_drop(cache_t *c, const void *key, size_t key_size)
{
    uint64_t hash = hash_of(c, key, key_size);
    shard_t *s = shard_of(c, hash);
    pthread_mutex_lock(&s->lock);
    entry_t **p = find(c, s, hash, key, key_size);
    if (*p != NULL)
        forget(s, p);
    pthread_mutex_unlock(&s->lock);
}

cache_stats_t cache_stats(cache_t *c)
{
    cache_stats_t sum = {0};
    for (size_t i = 0; i < SHARDS; i++) {
        shard_t *s = &c->shard[i];
        pthread_mutex_lock(&s->lock);
        sum.hits += s->stats.hits;
        sum.misses += s->stats.misses;
        sum.evictions += s->stats.evictions;
        sum.entries += s->stats.entries;
        sum.octets += s->stats.octets;
        pthread_mutex_unlock(&s->lock);
    }
    return sum;
}
