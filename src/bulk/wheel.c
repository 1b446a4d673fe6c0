#include "bulk/wheel.h"

#include <stdlib.h>
#include <string.h>

bool wheel_init(wheel_t *w, uint32_t count, int64_t now)
{
    memset(w, 0, sizeof *w);
    w->timer = malloc(((size_t)count + 1) * sizeof *w->timer);
    if (w->timer == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++)
        w->timer[i].place = WHEEL_NONE;
    for (uint32_t i = 0; i < WHEEL_PLACES; i++)
        w->head[i] = WHEEL_NONE;
    w->tick = now / WHEEL_TICK;
    return true;
}

void wheel_free(wheel_t *w)
{
    free(w->timer);
    w->timer = NULL;
}

void wheel_cancel(wheel_t *w, uint32_t i)
{
    wheel_timer_t *t = &w->timer[i];
    if (t->place == WHEEL_NONE)
        return;
    if (w->walking && w->walk == i)
        w->walk = t->next;
    if (t->prev == WHEEL_NONE)
        w->head[t->place] = t->next;
    else
        w->timer[t->prev].next = t->next;
    if (t->next != WHEEL_NONE)
        w->timer[t->next].prev = t->prev;
    if (w->head[t->place] == WHEEL_NONE)
        w->used[t->place / 64] &= ~(UINT64_C(1) << t->place % 64);
    t->place = WHEEL_NONE;
    w->set--;
}

void wheel_set(wheel_t *w, uint32_t i, int64_t at)
{
    wheel_timer_t *t = &w->timer[i];
    wheel_cancel(w, i);
    /* rounded up, and never into the place that was looked through already */
    int64_t tick = at / WHEEL_TICK + (at % WHEEL_TICK > 0);
    if (tick <= w->tick)
        tick = w->tick + 1;
    t->at = at;
    t->place = (uint32_t)((uint64_t)tick % WHEEL_PLACES);
    t->prev = WHEEL_NONE;
    t->next = w->head[t->place];
    if (t->next != WHEEL_NONE)
        w->timer[t->next].prev = i;
    w->head[t->place] = i;
    w->used[t->place / 64] |= UINT64_C(1) << t->place % 64;
    w->set++;
}

/* Places from tick on until the next that is used; WHEEL_PLACES when none is. */
static uint32_t places_ahead(const wheel_t *w, int64_t tick)
{
    uint32_t from = (uint32_t)((uint64_t)tick % WHEEL_PLACES);
    for (uint32_t ahead = 0; ahead < WHEEL_PLACES;) {
        uint32_t place = (from + ahead) % WHEEL_PLACES;
        uint64_t word = w->used[place / 64] >> place % 64;
        if (word != 0)
            return ahead + (uint32_t)__builtin_ctzll(word);
        ahead += 64 - place % 64;
    }
    return WHEEL_PLACES;
}

/* The next thing in the current place whose time has come. */
static uint32_t walk_place(wheel_t *w, int64_t now)
{
    while (w->walk != WHEEL_NONE) {
        uint32_t i = w->walk;
        w->walk = w->timer[i].next;
        if (w->timer[i].at <= now) {
            wheel_cancel(w, i);
            return i;
        }
    }
    w->walking = false;
    return WHEEL_NONE;
}

uint32_t wheel_expired(wheel_t *w, int64_t now)
{
    int64_t end = now / WHEEL_TICK;
    for (;;) {
        if (w->walking) {
            uint32_t i = walk_place(w, now);
            if (i != WHEEL_NONE)
                return i;
        }
        if (w->tick >= end)
            return WHEEL_NONE;
        int64_t ahead = (int64_t)places_ahead(w, w->tick + 1) + 1;
        if (w->set == 0 || ahead > end - w->tick) {
            w->tick = end;
            return WHEEL_NONE;
        }
        w->tick += ahead;
        w->walk = w->head[(uint64_t)w->tick % WHEEL_PLACES];
        w->walking = true;
    }
}

int64_t wheel_next(const wheel_t *w)
{
    if (w->set == 0)
        return INT64_MAX;
    return (w->tick + 1 + (int64_t)places_ahead(w, w->tick + 1)) * WHEEL_TICK;
}
