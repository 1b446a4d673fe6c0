#include "bulk/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The memory is cut into shards with a lock each. */
#define SHARDS 16u
/* Octets of an entry that a bucket is made for. */
#define ENTRY_USUAL 512u
/* Entries begin at multiples of this. */
#define UNIT 8u
#define NONE UINT32_MAX
/* Entries that one put keeps for having been used, before it forgets whatever is oldest. */
#define RESCUES_MAX 16

/* Entries lie one behind another in a ring, from the oldest to the newest: memory is taken once,
 * and however long a run is, none is lost between entries. One that was used since it was written
 * moves to the front instead of being forgotten, once for each use. */
typedef struct entry {
    uint64_t hash;
    int64_t expires;
    uint32_t next;  /* in its bucket: a place, or NONE */
    uint32_t units; /* in all */
    uint32_t size;
    uint16_t key_size;
    bool live;        /* else replaced, dropped or expired */
    bool used;        /* since it came to its place */
    uint8_t octets[]; /* the key, then the value */
} entry_t;

typedef struct shard {
    pthread_mutex_t lock;
    uint32_t *bucket; /* places */
    uint8_t *ring;
    size_t tail;  /* the oldest entry, octets */
    size_t head;  /* behind the newest */
    bool wrapped; /* they lie from tail to end and from 0 to head, else from tail to head */
    size_t end;
    cache_stats_t stats;
} shard_t;

struct cache {
    uint64_t seed;
    size_t room;    /* octets of each ring, a multiple of UNIT */
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
    c->buckets = 16;
    while (c->buckets < octets / SHARDS / ENTRY_USUAL)
        c->buckets *= 2;
    size_t buckets = c->buckets * sizeof(uint32_t);
    c->room = octets / SHARDS > buckets ? (octets / SHARDS - buckets) / UNIT * UNIT : 0;
    for (size_t i = 0; i < SHARDS; i++) {
        shard_t *s = &c->shard[i];
        pthread_mutex_init(&s->lock, NULL);
        s->bucket = malloc(buckets);
        s->ring = malloc(c->room + 1); /* what is not written to yet costs nothing */
        good = good && s->bucket != NULL && s->ring != NULL;
        if (s->bucket != NULL)
            memset(s->bucket, 0xff, buckets);
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
        free(c->shard[i].ring);
        free(c->shard[i].bucket);
        pthread_mutex_destroy(&c->shard[i].lock);
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

/* Octets of an entry in the ring. */
static size_t cost_of(size_t key_size, size_t size)
{
    return (sizeof(entry_t) + key_size + size + UNIT - 1) / UNIT * UNIT;
}

static entry_t *entry_at(const shard_t *s, uint32_t place)
{
    return (entry_t *)(void *)(s->ring + (size_t)place * UNIT);
}

/* Where the bucket's chain points at the key's entry, or at NONE. */
static uint32_t *find(const cache_t *c, const shard_t *s, uint64_t hash, const void *key,
                      size_t key_size)
{
    uint32_t *p = &s->bucket[hash & (c->buckets - 1)];
    for (; *p != NONE; p = &entry_at(s, *p)->next) {
        const entry_t *e = entry_at(s, *p);
        if (e->hash == hash && e->key_size == key_size && memcmp(e->octets, key, key_size) == 0)
            break;
    }
    return p;
}

/* The entry keeps its place until that is needed. link points at it. */
static void forget(shard_t *s, uint32_t *link)
{
    entry_t *e = entry_at(s, *link);
    *link = e->next;
    e->live = false;
    s->stats.entries--;
    s->stats.octets -= (size_t)e->units * UNIT;
}

/* Octets that an entry can have at head. */
static size_t room_at_head(const cache_t *c, const shard_t *s)
{
    return (s->wrapped ? s->tail : c->room) - s->head;
}

/* The oldest entry, of n octets, is none of the ring any more; it stays readable until the next is
 * written. */
static void step_over(shard_t *s, size_t n)
{
    s->tail += n;
    if (s->wrapped && s->tail == s->end) {
        s->tail = 0;
        s->wrapped = false;
    }
    if (!s->wrapped && s->tail == s->head)
        s->tail = s->head = 0;
}

/* Puts an entry that was stepped over behind the newest, when it fits there. link points at it. */
static bool rescue(const cache_t *c, shard_t *s, entry_t *e, uint32_t *link)
{
    size_t n = (size_t)e->units * UNIT;
    if (room_at_head(c, s) < n)
        return false;
    *link = (uint32_t)(s->head / UNIT);
    memmove(s->ring + s->head, e, n);
    entry_at(s, *link)->used = false;
    s->head += n;
    return true;
}

/* Makes the place of the oldest entry free. */
static void take_oldest(const cache_t *c, shard_t *s, int64_t now, unsigned *rescues)
{
    entry_t *e = entry_at(s, (uint32_t)(s->tail / UNIT));
    step_over(s, (size_t)e->units * UNIT);
    if (!e->live)
        return;
    uint32_t *link = find(c, s, e->hash, e->octets, e->key_size);
    if (e->used && e->expires > now && *rescues > 0) {
        --*rescues;
        if (rescue(c, s, e, link))
            return;
    }
    s->stats.evictions += e->expires > now;
    forget(s, link);
}

/* The place of a new entry of n octets, at most c->room. */
static uint32_t make_room(const cache_t *c, shard_t *s, size_t n, int64_t now)
{
    unsigned rescues = RESCUES_MAX;
    while (room_at_head(c, s) < n) {
        if (!s->wrapped && s->tail >= n) {
            s->end = s->head;
            s->head = 0;
            s->wrapped = true;
        } else {
            take_oldest(c, s, now, &rescues);
        }
    }
    uint32_t place = (uint32_t)(s->head / UNIT);
    s->head += n;
    return place;
}

bool cache_put(cache_t *c, const void *key, size_t key_size, const void *value, size_t size,
               int64_t now, int64_t expires)
{
    if (key_size > CACHE_KEY_MAX || size > c->room || cost_of(key_size, size) > c->room ||
        expires <= now)
        return false;
    uint64_t hash = hash_of(c, key, key_size);
    size_t n = cost_of(key_size, size);
    shard_t *s = shard_of(c, hash);
    pthread_mutex_lock(&s->lock);
    uint32_t *p = find(c, s, hash, key, key_size);
    if (*p != NONE)
        forget(s, p);
    uint32_t place = make_room(c, s, n, now);
    entry_t *e = entry_at(s, place);
    p = &s->bucket[hash & (c->buckets - 1)];
    *e = (entry_t){.hash = hash,
                   .expires = expires,
                   .next = *p,
                   .units = (uint32_t)(n / UNIT),
                   .size = (uint32_t)size,
                   .key_size = (uint16_t)key_size,
                   .live = true};
    memcpy(e->octets, key, key_size);
    memcpy(e->octets + key_size, value, size);
    *p = place;
    s->stats.entries++;
    s->stats.octets += n;
    pthread_mutex_unlock(&s->lock);
    return true;
}

void *cache_get(cache_t *c, const void *key, size_t key_size, int64_t now, size_t *size)
{
    uint64_t hash = hash_of(c, key, key_size);
    shard_t *s = shard_of(c, hash);
    void *copy = NULL;
    pthread_mutex_lock(&s->lock);
    uint32_t *p = find(c, s, hash, key, key_size);
    entry_t *e = *p != NONE ? entry_at(s, *p) : NULL;
    if (e != NULL && e->expires <= now) {
        forget(s, p);
        e = NULL;
    }
    if (e != NULL) {
        e->used = true;
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
    uint32_t *p = find(c, s, hash, key, key_size);
    if (*p != NONE)
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
