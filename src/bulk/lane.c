#include "bulk/lane.h"

#include <stdlib.h>

#include "exchange/mix.h"

/* The table is cut into sets, of which an address has one. */
#define SETS 1024u
#define WAYS 8u
/* A window grows by one with so many times as many answers: a loss is seen only when the time for
 * a reply is over, and until then it should not have grown much. */
#define GROWTH 16u

bool lanes_init(lanes_t *l, uint32_t most, uint64_t seed)
{
    *l = (lanes_t){.most = most, .seed = seed, .last = LANE_NONE};
    if (most == 0)
        return true;
    l->count = SETS * WAYS;
    l->lane = calloc(l->count, sizeof *l->lane);
    return l->lane != NULL;
}

void lanes_free(lanes_t *l)
{
    free(l->lane);
    l->lane = NULL;
}

static size_t set_of(const lanes_t *l, const addr_t *a)
{
    return (size_t)(mix_addr(a, true, l->seed) % SETS);
}

static bool idle(const lane_t *x)
{
    return x->flying == 0 && x->first == LANE_NONE;
}

uint32_t lanes_find(lanes_t *l, const addr_t *a, int64_t now)
{
    if (l->most == 0)
        return LANE_NONE;
    if (l->last != LANE_NONE && addr_equal(&l->lane[l->last].addr, a))
        return l->last;
    lane_t *set = &l->lane[set_of(l, a) * WAYS];
    lane_t *old = NULL;
    for (uint32_t i = 0; i < WAYS; i++) {
        lane_t *x = &set[i];
        if (x->addr.family != 0 && addr_equal(&x->addr, a)) {
            x->used = now;
            l->last = (uint32_t)(x - l->lane);
            return l->last;
        }
        if (x->addr.family == 0 || (idle(x) && (old == NULL || x->used < old->used)))
            old = old != NULL && old->addr.family == 0 ? old : x;
    }
    if (old == NULL)
        return LANE_NONE;
    *old =
        (lane_t){.addr = *a, .window = l->most, .first = LANE_NONE, .last = LANE_NONE, .used = now};
    l->last = (uint32_t)(old - l->lane);
    return l->last;
}

bool lanes_take(lanes_t *l, uint32_t i)
{
    lane_t *x = &l->lane[i];
    if (x->flying >= x->window)
        return false;
    l->busy += x->flying == 0;
    x->flying++;
    return true;
}

void lanes_give(lanes_t *l, uint32_t i, bool answered)
{
    lane_t *x = &l->lane[i];
    x->flying--;
    l->busy -= x->flying == 0;
    if (!answered)
        return;
    x->answered = true;
    x->answers++;
    if (x->window < l->most && x->answers >= x->window * GROWTH) {
        x->window++;
        x->answers = 0;
    }
}

void lanes_lost(lanes_t *l, uint32_t i, int64_t sent, int64_t now)
{
    lane_t *x = &l->lane[i];
    if (!x->answered || sent <= x->cut || l->most < LANE_LEAST)
        return;
    x->window = x->window / 2 > LANE_LEAST ? x->window / 2 : LANE_LEAST;
    x->answers = 0;
    x->cut = now;
}
