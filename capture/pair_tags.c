#include "capture/pair_tags.h"

#include <stdlib.h>

/* Lines in use at first: little traffic stays in the cache. */
#define LINES_MIN 16u
/* Hashes for each line, at most, before the table grows. */
#define FILL 4u

_Static_assert(sizeof(pair_tags_line_t) == 64, "a line of the table is one of the cache");

bool pair_tags_new(pair_tags_t *t, uint32_t count)
{
    *t = (pair_tags_t){.mask = LINES_MIN - 1, .full = LINES_MIN * FILL, .most = LINES_MIN};
    while ((uint64_t)t->most * FILL < count)
        t->most *= 2;
    t->memory = calloc(t->most + (size_t)1, sizeof *t->line);
    if (t->memory == NULL)
        return false;
    size_t over = (uintptr_t)t->memory % sizeof *t->line;
    t->line = (pair_tags_line_t *)(void *)((uint8_t *)t->memory + (sizeof *t->line - over));
    return true;
}

void pair_tags_free(pair_tags_t *t)
{
    free(t->memory);
    *t = (pair_tags_t){0};
}

/* Where a hash is. */
typedef struct place {
    pair_tags_line_t *line; /* NULL: nowhere */
    uint32_t at;
} place_t;

static inline place_t find(const pair_tags_t *t, uint32_t hash)
{
    for (uint32_t n = 0; n <= t->mask; n++) {
        pair_tags_line_t *l = &t->line[((hash >> 1) + n) & t->mask];
        uint32_t bits = pair_tags_places(l, hash);
        if (bits != 0)
            return (place_t){l, (uint32_t)__builtin_ctz(bits)};
        if (l->passed == 0)
            break;
    }
    return (place_t){NULL, 0};
}

/* A hash that is not there gets a place; there is one. */
static void put(pair_tags_t *t, uint32_t hash, uint32_t number)
{
    for (uint32_t i = hash >> 1;; i++) {
        pair_tags_line_t *l = &t->line[i & t->mask];
        uint32_t bits = pair_tags_places(l, 0);
        if (bits != 0) {
            uint32_t at = (uint32_t)__builtin_ctz(bits);
            l->hash[at] = hash;
            l->number[at] = number;
            l->settled |= 1u << at;
            return;
        }
        l->passed++;
    }
}

/* Frees a place. */
static void take_out(pair_tags_t *t, place_t place)
{
    for (uint32_t i = place.line->hash[place.at] >> 1; &t->line[i & t->mask] != place.line; i++)
        t->line[i & t->mask].passed--;
    place.line->hash[place.at] = 0;
    t->used--;
}

/* Twice the lines. Everything is put in once more, a line after the other; what comes into a line
 * whose turn is still to come is told by its bit from what has been there. */
static __attribute__((noinline)) void grow(pair_tags_t *t)
{
    uint32_t old = t->mask;
    for (uint32_t i = 0; i <= old; i++)
        t->line[i].passed = t->line[i].settled = 0; /* those behind were never used */
    t->mask = old * 2 + 1;
    t->full = (t->mask + 1) * FILL;
    for (uint32_t i = 0; i <= old; i++) {
        pair_tags_line_t *l = &t->line[i];
        for (uint32_t at = 0; at < PAIR_TAGS_LINE; at++) {
            uint32_t hash = l->hash[at];
            if (hash == 0 || (l->settled >> at & 1) != 0)
                continue;
            l->hash[at] = 0;
            put(t, hash, l->number[at]);
        }
    }
}

uint32_t pair_tags_get_far(const pair_tags_t *t, uint32_t hash)
{
    place_t place = find(t, hash);
    return place.line != NULL ? place.line->number[place.at] : PAIR_NONE;
}

uint32_t pair_tags_put_far(pair_tags_t *t, uint32_t hash, uint32_t number)
{
    place_t place = find(t, hash);
    if (place.line != NULL) {
        uint32_t before = place.line->number[place.at];
        place.line->number[place.at] = number;
        return before;
    }
    if (t->used >= t->full && t->mask + 1 < t->most)
        grow(t);
    put(t, hash, number);
    t->used++;
    return PAIR_NONE;
}

void pair_tags_set_far(pair_tags_t *t, uint32_t hash, uint32_t number)
{
    place_t place = find(t, hash);
    if (place.line == NULL)
        return;
    if (number == PAIR_NONE)
        take_out(t, place);
    else
        place.line->number[place.at] = number;
}
