#include "watch/schedule.h"

#include <stdlib.h>
#include <string.h>

void schedule_init(watch_schedule_t *s)
{
    memset(s, 0, sizeof *s);
}

void schedule_free(watch_schedule_t *s)
{
    free(s->slot);
    schedule_init(s);
}

/* Of two that are due at once the lower item comes first: the same input gives the same order. */
static bool before(const schedule_slot_t *a, const schedule_slot_t *b)
{
    return a->due != b->due ? a->due < b->due : a->item < b->item;
}

static void swap(schedule_slot_t *a, schedule_slot_t *b)
{
    schedule_slot_t t = *a;
    *a = *b;
    *b = t;
}

bool schedule_reserve(watch_schedule_t *s, size_t count)
{
    if (count <= s->cap)
        return true;
    schedule_slot_t *grown = realloc(s->slot, count * sizeof *grown);
    if (grown == NULL)
        return false;
    s->slot = grown;
    s->cap = count;
    return true;
}

void schedule_clear(watch_schedule_t *s)
{
    s->count = 0;
}

bool schedule_add(watch_schedule_t *s, size_t item, int64_t due)
{
    if (s->count == s->cap && !schedule_reserve(s, s->cap == 0 ? 16 : s->cap * 2))
        return false;
    size_t i = s->count++;
    s->slot[i] = (schedule_slot_t){.due = due, .item = item};
    while (i > 0 && before(&s->slot[i], &s->slot[(i - 1) / 2])) {
        swap(&s->slot[i], &s->slot[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    return true;
}

int64_t schedule_next(const watch_schedule_t *s)
{
    return s->count > 0 ? s->slot[0].due : SCHEDULE_NEVER;
}

bool schedule_take(watch_schedule_t *s, int64_t now, size_t *item)
{
    if (s->count == 0 || s->slot[0].due > now)
        return false;
    *item = s->slot[0].item;
    s->slot[0] = s->slot[--s->count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < s->count && before(&s->slot[child], &s->slot[least]))
                least = child;
        if (least == i)
            return true;
        swap(&s->slot[i], &s->slot[least]);
        i = least;
    }
}

int64_t schedule_anchor(int64_t start, int64_t interval, size_t i, size_t n)
{
    if (n == 0)
        return start;
    /* interval * i could overflow for absurd numbers of domains: divide first, keep the rest */
    int64_t share = interval / (int64_t)n;
    int64_t rest = interval % (int64_t)n;
    return start + share * (int64_t)i + rest * (int64_t)i / (int64_t)n;
}

int64_t schedule_after(int64_t anchor, int64_t interval, unsigned jitter, int64_t began,
                       int64_t now, uint32_t random)
{
    int64_t least = began + interval / 2;
    if (least <= now)
        least = now + 1;
    int64_t slots = least > anchor ? (least - anchor + interval - 1) / interval : 0;
    int64_t room = interval * (int64_t)(jitter > 500 ? 500 : jitter) / 1000;
    int64_t move = room > 0 ? (int64_t)(random % (uint64_t)room) : 0;
    return anchor + slots * interval + move;
}
