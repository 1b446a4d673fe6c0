#include "diagnose/recent.h"

static const uint16_t *head_of(const recent_t *r, uint64_t key)
{
    return &r->head[(key >> 32) % RECENT_MAX];
}

/* Item and 1, 0 for none. */
static uint16_t find(const recent_t *r, uint64_t key)
{
    uint16_t i = *head_of(r, key);
    while (i != 0 && r->item[i - 1].key != key)
        i = r->item[i - 1].next;
    return i;
}

bool recent_get(const recent_t *r, uint64_t key, int64_t *at)
{
    uint16_t i = find(r, key);
    if (i == 0)
        return false;
    *at = r->item[i - 1].at;
    return true;
}

/* Takes the oldest out of its chain. */
static uint32_t forget(recent_t *r)
{
    uint32_t i = r->hand;
    r->hand = (i + 1) % RECENT_MAX;
    uint16_t *at = &r->head[(r->item[i].key >> 32) % RECENT_MAX];
    while (*at != i + 1)
        at = &r->item[*at - 1].next;
    *at = r->item[i].next;
    return i;
}

void recent_put(recent_t *r, uint64_t key, int64_t at)
{
    uint16_t found = find(r, key);
    if (found != 0) {
        r->item[found - 1].at = at;
        return;
    }
    uint32_t i = r->count < RECENT_MAX ? r->count++ : forget(r);
    uint16_t *head = &r->head[(key >> 32) % RECENT_MAX];
    r->item[i].key = key;
    r->item[i].at = at;
    r->item[i].next = *head;
    *head = (uint16_t)(i + 1);
}
