/* A table from hashes to numbers, a cache line for each look: it holds the hashes themselves, so
 * that nothing else is touched in vain, and all of a line are compared at once, so that there is
 * no branch to be guessed. What has the same hash is the caller's to chain.
 *
 * Hashes must be such that nobody can aim them (they are keyed), for then few lines run over.
 * Memory for as many as there may ever be is reserved at first, and touched only as the table
 * grows, which cannot fail. */
#ifndef CAPTURE_PAIR_TAGS_H
#define CAPTURE_PAIR_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PAIR_NONE      UINT32_MAX
#define PAIR_TAGS_LINE 7u

/* A line of the table: a hash is in the first line from its own on that had a place free. */
typedef struct pair_tags_line {
    uint32_t hash[PAIR_TAGS_LINE]; /* 0: free */
    uint32_t passed;               /* hashes of this line, or before, that are behind it */
    uint32_t number[PAIR_TAGS_LINE];
    uint32_t settled; /* while the table grows: a bit for each that was put there since */
} pair_tags_line_t;

typedef struct pair_tags {
    void *memory;
    pair_tags_line_t *line;
    uint32_t mask; /* of the lines in use, less one than a power of two */
    uint32_t used; /* hashes */
    uint32_t full; /* so many of them, and the table grows */
    uint32_t most; /* lines reserved */
} pair_tags_t;

/* Room for count hashes. False when memory is out. */
bool pair_tags_new(pair_tags_t *t, uint32_t count);
void pair_tags_free(pair_tags_t *t);
/* A hash as the table has it: one bit less. What shares it shares a place. */
static inline uint32_t pair_tags_hash(uint64_t hash)
{
    return (uint32_t)hash | 1;
}

/* The long ways of what follows: for hashes that are not in their own line, or find no place there.
 */
uint32_t pair_tags_get_far(const pair_tags_t *t, uint32_t hash);
void pair_tags_set_far(pair_tags_t *t, uint32_t hash, uint32_t number);
uint32_t pair_tags_put_far(pair_tags_t *t, uint32_t hash, uint32_t number);

/* What will be looked for is fetched. */
static inline void pair_tags_prefetch(const pair_tags_t *t, uint32_t hash)
{
    __builtin_prefetch(&t->line[hash >> 1 & t->mask], 1);
}

/* A bit for each place that holds the hash. */
static inline uint32_t pair_tags_places(const pair_tags_line_t *l, uint32_t hash)
{
#ifdef __SSE2__
    const __m128i *v = (const __m128i *)(const void *)l->hash;
    __m128i wanted = _mm_set1_epi32((int)hash);
    __m128i low = _mm_cmpeq_epi32(_mm_load_si128(v), wanted);
    __m128i high = _mm_cmpeq_epi32(_mm_load_si128(v + 1), wanted);
    int bits = _mm_movemask_ps(_mm_castsi128_ps(low)) | _mm_movemask_ps(_mm_castsi128_ps(high))
                                                            << 4;
    return (uint32_t)bits & ((1u << PAIR_TAGS_LINE) - 1);
#else
    uint32_t bits = 0;
    for (unsigned i = 0; i < PAIR_TAGS_LINE; i++)
        bits |= (uint32_t)(l->hash[i] == hash) << i;
    return bits;
#endif
}

/* Number of a hash (of pair_tags_hash, as in all that follow); PAIR_NONE when it is not there. */
static inline uint32_t pair_tags_get(const pair_tags_t *t, uint32_t hash)
{
    const pair_tags_line_t *l = &t->line[hash >> 1 & t->mask];
    uint32_t bits = pair_tags_places(l, hash);
    if (bits != 0)
        return l->number[__builtin_ctz(bits)];
    return l->passed == 0 ? PAIR_NONE : pair_tags_get_far(t, hash);
}

/* Puts number in for hash; returns what it takes the place of, PAIR_NONE for nothing. There must be
 * no more hashes than there is room for. */
static inline uint32_t pair_tags_put(pair_tags_t *t, uint32_t hash, uint32_t number)
{
    pair_tags_line_t *l = &t->line[hash >> 1 & t->mask];
    uint32_t bits = pair_tags_places(l, hash);
    uint32_t room = pair_tags_places(l, 0);
    if ((bits | l->passed) != 0 || room == 0 || t->used >= t->full)
        return pair_tags_put_far(t, hash, number);
    uint32_t at = (uint32_t)__builtin_ctz(room);
    t->used++;
    l->hash[at] = hash;
    l->number[at] = number;
    return PAIR_NONE;
}

/* A hash that is there: number takes its place; PAIR_NONE: nothing does. */
static inline void pair_tags_set(pair_tags_t *t, uint32_t hash, uint32_t number)
{
    pair_tags_line_t *l = &t->line[hash >> 1 & t->mask];
    uint32_t bits = pair_tags_places(l, hash);
    if (bits == 0) {
        pair_tags_set_far(t, hash, number);
        return;
    }
    uint32_t at = (uint32_t)__builtin_ctz(bits);
    if (number != PAIR_NONE) {
        l->number[at] = number;
        return;
    }
    l->hash[at] = 0;
    t->used--;
}

#endif
