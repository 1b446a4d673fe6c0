/* The mutators as libraries for AFL++ (AFL_CUSTOM_MUTATOR_LIBRARY). AFL_MUTATE names the one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/mutator.h"

typedef struct state {
    uint64_t seed;
    size_t cap;
    uint8_t *buf;
} state_t;

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t cap);
void afl_custom_deinit(void *data);

void *afl_custom_init(void *afl, unsigned seed)
{
    (void)afl;
    state_t *s = calloc(1, sizeof *s);
    if (s != NULL)
        s->seed = seed;
    return s;
}

size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t cap)
{
    state_t *s = data;
    (void)add;
    (void)add_size;
    if (s->cap < cap) {
        uint8_t *grown = realloc(s->buf, cap);
        if (grown == NULL)
            return 0;
        s->buf = grown;
        s->cap = cap;
    }
    size = size < cap ? size : cap;
    memcpy(s->buf, buf, size);
    *out = s->buf;
    return AFL_MUTATE(s->buf, size, cap, s->seed++);
}

void afl_custom_deinit(void *data)
{
    state_t *s = data;
    free(s->buf);
    free(s);
}
