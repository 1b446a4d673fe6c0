/* When each domain's next round is due. Pure: time and randomness come from the caller.
 *
 * Every domain has a grid of slots, an interval apart, from an anchor of its own, so that rounds
 * neither drift nor come all at once. The first round is due at once. A round that is late (it took
 * long, or the machine slept) is made up for once, and slots that passed meanwhile are left out.
 */
#ifndef WATCH_SCHEDULE_H
#define WATCH_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_NEVER INT64_MAX

typedef struct schedule_slot {
    int64_t due; /* milliseconds on the caller's clock */
    size_t item;
} schedule_slot_t;

/* A heap of what is due. */
typedef struct watch_schedule {
    size_t count;
    size_t cap;
    schedule_slot_t *slot; /* owned */
} watch_schedule_t;

/* Empty, and allocates nothing. */
void schedule_init(watch_schedule_t *s);
void schedule_free(watch_schedule_t *s);
/* Makes room for that many, so that adding them cannot fail. False when memory is out. */
bool schedule_reserve(watch_schedule_t *s, size_t count);
/* Removes all, and keeps the room. */
void schedule_clear(watch_schedule_t *s);
/* False when memory is out. */
bool schedule_add(watch_schedule_t *s, size_t item, int64_t due);
/* When the first is due; SCHEDULE_NEVER when there is none. */
int64_t schedule_next(const watch_schedule_t *s);
/* Takes the first item if it is due at now. */
bool schedule_take(watch_schedule_t *s, int64_t now, size_t *item);

/* Anchor of item i of n: the anchors of all of them are spread over one interval. */
int64_t schedule_anchor(int64_t start, int64_t interval, size_t i, size_t n);
/* The slot after a round that began at began and ended at now: the first on the grid that is ahead,
 * and at least half an interval after began. jitter (in permille of the interval, at most 500) and
 * random move it ahead by less than that share. */
int64_t schedule_after(int64_t anchor, int64_t interval, unsigned jitter, int64_t began,
                       int64_t now, uint32_t random);

#endif
