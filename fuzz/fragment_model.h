/* What should become of fragments, done in the plainest way: a map of octets for each datagram, and
 * memory without limit. The target of fragments compares every step with it. */
#ifndef FUZZ_FRAGMENT_MODEL_H
#define FUZZ_FRAGMENT_MODEL_H

#include "capture/fragment.h"

#define MODEL_DATAGRAMS 8u
#define MODEL_PARTS     512u

/* A fragment as it came; borrows its octets. */
typedef struct model_part {
    uint32_t datagram;
    uint32_t offset;
    uint32_t size;
    uint32_t length;
    bool more;
    bool six;
    int64_t at;
    uint64_t number;
    const uint8_t *bytes;
} model_part_t;

typedef struct model model_t;

/* Never NULL; reused: only what is touched is cleared. timeout in nanoseconds. */
model_t *model_begin(int64_t timeout);
/* Before the table gets a fragment: whose it is. */
void model_announce(model_t *m, const model_part_t *part);
/* The table took it. whole: what it gave out for it, or NULL. Traps when that is wrong. */
void model_take(model_t *m, const model_part_t *part, const datagram_t *whole);
/* The table gave up a datagram. */
void model_lost(model_t *m, const datagram_t *d);
/* Time passes: what is over must have been given up. */
void model_expire(model_t *m, int64_t now);
/* All that is open must have been given up; the sums must be these. */
void model_finish(model_t *m, const fragment_stats_t *stats);

#endif
