/* A hashed timer wheel: timers of numbered things, set, moved and cancelled in constant time,
 * without allocation. A time beyond one turn stays in its place until its turn has come. */
#ifndef BULK_WHEEL_H
#define BULK_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_PLACES 8192u
#define WHEEL_TICK   INT64_C(1000000) /* nanoseconds: timers fire at most so much late */
#define WHEEL_NONE   UINT32_MAX

typedef struct wheel_timer {
    int64_t at;
    uint32_t next;
    uint32_t prev;  /* WHEEL_NONE: first of its place */
    uint32_t place; /* WHEEL_NONE: not set */
} wheel_timer_t;

typedef struct wheel {
    wheel_timer_t *timer; /* one for each thing, owned */
    int64_t tick;         /* the place that is looked at, counted from the clock's 0 */
    uint32_t walk;        /* where in that place the looking goes on */
    bool walking;
    size_t set; /* timers that are set */
    uint32_t head[WHEEL_PLACES];
    uint64_t used[WHEEL_PLACES / 64];
} wheel_t;

/* Timers for things 0..count-1. now: the clock's time, nanoseconds. False when memory is out. */
bool wheel_init(wheel_t *w, uint32_t count, int64_t now);
void wheel_free(wheel_t *w);
/* Sets, or moves, the timer of thing i. */
void wheel_set(wheel_t *w, uint32_t i, int64_t at);
/* Takes the timer of thing i back; nothing happens when it is not set. */
void wheel_cancel(wheel_t *w, uint32_t i);
/* The next thing whose time has come, its timer no longer set; WHEEL_NONE when there is no more.
 * Timers may be set and cancelled between calls. */
uint32_t wheel_expired(wheel_t *w, int64_t now);
/* A time before which no timer fires; INT64_MAX without timers. */
int64_t wheel_next(const wheel_t *w);

#endif
