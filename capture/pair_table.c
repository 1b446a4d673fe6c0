#include "capture/pair_table.h"

#include <stdlib.h>
#include <string.h>

#define LINE 64u /* octets of a cache line */
/* A connection on which nothing happens for so long is forgotten, nanoseconds. */
#define CONN_IDLE INT64_C(120000000000)

/* --- tables --- */

static uint32_t power_of_two(uint32_t n)
{
    uint32_t v = 64;
    while (v < n && v < UINT32_C(1) << 30)
        v *= 2;
    return v;
}

static uint32_t *new_heads(uint32_t n)
{
    uint32_t *heads = malloc(n * sizeof *heads);
    if (heads != NULL)
        memset(heads, 0xff, n * sizeof *heads);
    return heads;
}

bool pair_table_new(pairer_t *p)
{
    uint32_t n = p->o.outstanding_max;
    uint32_t c = power_of_two(p->o.connections_max);
    pair_list_t empty = {PAIR_NONE, PAIR_NONE, 0};
    p->due = p->lingering = p->conn_lru = empty;
    p->free_slot = p->free_conn = PAIR_NONE;
    p->conn_mask = c - 1;
    /* pages that are never used are never there */
    p->slots = calloc(n + UINT64_C(1), sizeof *p->slot);
    p->rare = calloc(n, sizeof *p->rare);
    p->conn = calloc(p->o.connections_max, sizeof *p->conn);
    p->conn_head = new_heads(c);
    bool good = true;
    for (unsigned i = 0; i < SLOT_TABLES; i++)
        good = pair_tags_new(&p->tags[i], n) && good;
    if (p->slots != NULL)
        p->slot = (slot_t *)(void *)((uint8_t *)p->slots + (LINE - (uintptr_t)p->slots % LINE));
    return good && p->slots != NULL && p->rare != NULL && p->conn != NULL && p->conn_head != NULL;
}

static void free_events(pairer_t *p, uint32_t i)
{
    slot_rare_t *r = &p->rare[i];
    for (uint16_t n = 0; n < p->slot[i].event_count; n++) {
        flow_event_t *e = &r->event[n];
        if (e->message.bytes != NULL) {
            p->memory -= e->message.size;
            /* ours, though only readers see it: NOLINTNEXTLINE(performance-no-int-to-ptr) */
            free((void *)(uintptr_t)e->message.bytes);
        }
    }
    p->memory -= r->event_cap * sizeof *r->event;
    free(r->event);
    p->slot[i].event_count = 0;
    p->slot[i].has_events = false;
}

static void free_content(pairer_t *p, uint32_t i)
{
    slot_t *s = &p->slot[i];
    if (s->has_events)
        free_events(p, i);
    if (s->size > PAIR_INLINE) {
        p->memory -= s->size;
        free(p->rare[i].heap);
        s->size = 0;
    }
}

void pair_table_free(pairer_t *p)
{
    for (uint32_t i = 0; p->slot != NULL && p->rare != NULL && i < p->fresh_slot; i++)
        free_content(p, i);
    free(p->slots);
    free(p->rare);
    free(p->conn);
    free(p->conn_head);
    for (unsigned i = 0; i < SLOT_TABLES; i++)
        pair_tags_free(&p->tags[i]);
}

/* --- lists --- */

/* Links lie in arrays of slots or connections, stride octets apart. */
typedef struct links {
    pair_link_t *first;
    size_t stride;
} links_t;

static inline links_t slot_links(pairer_t *p, unsigned which)
{
    return (links_t){&p->slot[0].link[which], sizeof(slot_t)};
}

static inline links_t rare_links(pairer_t *p)
{
    return (links_t){&p->rare[0].link, sizeof(slot_rare_t)};
}

static inline links_t conn_links(pairer_t *p, unsigned which)
{
    return (links_t){&p->conn[0].link[which], sizeof(conn_t)};
}

static inline pair_link_t *link_at(links_t l, uint32_t i)
{
    return (pair_link_t *)(void *)((uint8_t *)l.first + i * l.stride);
}

static inline void chain_push(links_t l, uint32_t *head, uint32_t i)
{
    pair_link_t *link = link_at(l, i);
    link->next = *head;
    link->prev = PAIR_NONE;
    if (*head != PAIR_NONE)
        link_at(l, *head)->prev = i;
    *head = i;
}

static inline void list_append(links_t l, pair_list_t *list, uint32_t i)
{
    pair_link_t *link = link_at(l, i);
    link->next = PAIR_NONE;
    link->prev = list->last;
    if (list->last != PAIR_NONE)
        link_at(l, list->last)->next = i;
    else
        list->first = i;
    list->last = i;
    list->count++;
}

/* last is NULL for chains, which only know their head. */
static inline void chain_unlink(links_t l, uint32_t *head, uint32_t *last, uint32_t i)
{
    const pair_link_t *link = link_at(l, i);
    if (link->prev != PAIR_NONE)
        link_at(l, link->prev)->next = link->next;
    else
        *head = link->next;
    if (link->next != PAIR_NONE)
        link_at(l, link->next)->prev = link->prev;
    else if (last != NULL)
        *last = link->prev;
}

static inline void list_unlink(links_t l, pair_list_t *list, uint32_t i)
{
    chain_unlink(l, &list->first, &list->last, i);
    list->count--;
}

void slot_link(pairer_t *p, unsigned which, uint32_t i, uint32_t hash)
{
    slot_t *s = &p->slot[i];
    uint32_t next = pair_tags_put(&p->tags[which], hash, i);
    s->hash[which] = hash;
    s->link[which] = (pair_link_t){next, PAIR_NONE};
    if (next != PAIR_NONE)
        p->slot[next].link[which].prev = i;
}

static inline void slot_unlink(pairer_t *p, unsigned which, uint32_t i)
{
    const slot_t *s = &p->slot[i];
    pair_link_t l = s->link[which];
    if (l.next != PAIR_NONE)
        p->slot[l.next].link[which].prev = l.prev;
    if (l.prev != PAIR_NONE)
        p->slot[l.prev].link[which].next = l.next;
    else
        pair_tags_set(&p->tags[which], s->hash[which], l.next);
}

/* --- slots by port --- */

/* From a place of the young ones to the table. */
static void grow_up(pairer_t *p, uint32_t place)
{
    uint32_t hash = p->young_hash[place];
    p->young_hash[place] = 0;
    p->young_count--;
    slot_link(p, LINK_PORT, p->young_slot[place], hash);
}

void slot_link_port(pairer_t *p, uint32_t i, uint32_t hash)
{
    uint32_t place = p->young_next++ % PAIR_YOUNG;
    if (p->young_hash[place] != 0)
        grow_up(p, place);
    p->young_hash[place] = hash;
    p->young_slot[place] = i;
    p->young_count++;
    p->slot[i].link[LINK_PORT] = (pair_link_t){place, LINK_IS_YOUNG};
}

static inline void slot_unlink_port(pairer_t *p, uint32_t i)
{
    pair_link_t l = p->slot[i].link[LINK_PORT];
    if (l.prev != LINK_IS_YOUNG) {
        slot_unlink(p, LINK_PORT, i);
        return;
    }
    p->young_hash[l.next] = 0;
    p->young_count--;
}

uint32_t slot_first_port(pairer_t *p, uint32_t hash)
{
    /* the oldest first, so that the newest is in front */
    for (uint32_t n = 0; p->young_count > 0 && n < PAIR_YOUNG; n++) {
        uint32_t place = (p->young_next + n) % PAIR_YOUNG;
        if (p->young_hash[place] == hash)
            grow_up(p, place);
    }
    return slot_first(p, LINK_PORT, hash);
}

void slot_touch(pairer_t *p, uint32_t head)
{
    if (p->due.last == head)
        return;
    list_unlink(slot_links(p, LINK_DUE), &p->due, head);
    list_append(slot_links(p, LINK_DUE), &p->due, head);
}

void slot_become_attempt(pairer_t *p, uint32_t i, uint32_t head)
{
    slot_t *h = &p->slot[head];
    list_unlink(slot_links(p, LINK_DUE), &p->due, i);
    p->slot[i].state = SLOT_AGAIN;
    p->slot[i].head = head;
    p->slot[h->last].more = i;
    h->last = i;
}

/* --- slots --- */

/* Slots are used again in the order of being freed; whose turn it is soon is fetched. */
static inline void prefetch_slot(const pairer_t *p, uint32_t i)
{
    if (i == PAIR_NONE)
        return;
    for (size_t at = 0; at < sizeof(slot_t); at += LINE)
        __builtin_prefetch((const uint8_t *)&p->slot[i] + at, 1);
}

static __attribute__((noinline)) void make_room(pairer_t *p)
{
    if (p->lingering.count > 0) {
        slot_release(p, p->lingering.first);
    } else {
        p->stats.evicted++;
        flow_give_up(p, p->due.first, FLOW_EVICTED);
    }
}

uint32_t slot_take(pairer_t *p)
{
    if (p->free_slot == PAIR_NONE && p->fresh_slot == p->o.outstanding_max)
        make_room(p);
    uint32_t i = p->free_slot;
    if (i != PAIR_NONE)
        p->free_slot = p->slot[i].more;
    else
        i = p->fresh_slot++;
    prefetch_slot(p, p->free_slot);
    slot_t *s = &p->slot[i];
    s->head = s->last = i;
    s->more = s->conn = PAIR_NONE;
    s->state = SLOT_OPEN;
    s->has_key = s->has_events = false;
    s->size = s->name_len = s->event_count = 0;
    list_append(slot_links(p, LINK_DUE), &p->due, i);
    return i;
}

static void conn_remove(pairer_t *p, conn_t *c, uint32_t head)
{
    list_unlink(rare_links(p), &c->flows, head);
    p->slot[head].conn = PAIR_NONE;
    if (c->flows.first == PAIR_NONE)
        c->bare = false;
}

static void leave_open_lists(pairer_t *p, slot_t *head)
{
    for (uint32_t i = head->head; i != PAIR_NONE; i = p->slot[i].more)
        slot_unlink_port(p, i);
    if (head->has_key)
        slot_unlink(p, LINK_ASK, head->head);
    list_unlink(slot_links(p, LINK_DUE), &p->due, head->head);
    if (head->conn != PAIR_NONE)
        conn_remove(p, &p->conn[head->conn], head->head);
}

void slot_release(pairer_t *p, uint32_t head)
{
    slot_t *s = &p->slot[head];
    bool has_key = s->has_key;
    if (s->state == SLOT_OPEN)
        leave_open_lists(p, s);
    else
        list_unlink(slot_links(p, LINK_DUE), &p->lingering, head);
    free_content(p, head);
    for (uint32_t i = head; i != PAIR_NONE;) {
        uint32_t next = p->slot[i].more;
        if (has_key)
            slot_unlink(p, LINK_KEY, i);
        p->slot[i].state = SLOT_FREE;
        p->slot[i].more = p->free_slot;
        p->free_slot = i;
        i = next;
    }
}

void slot_linger(pairer_t *p, uint32_t head)
{
    slot_t *s = &p->slot[head];
    if (p->o.linger == 0 || !s->has_key) {
        slot_release(p, head);
        return;
    }
    leave_open_lists(p, s);
    if (s->has_events)
        free_events(p, head);
    s->state = SLOT_CLOSED;
    list_append(slot_links(p, LINK_DUE), &p->lingering, head);
    if (p->lingering.count > p->o.linger) {
        slot_release(p, p->lingering.first);
        /* what the next release will touch: its slot was fetched at the one before */
        const slot_t *next = &p->slot[p->lingering.first];
        pair_tags_prefetch(&p->tags[LINK_KEY], next->hash[LINK_KEY]);
        prefetch_slot(p, next->link[LINK_DUE].next);
    }
}

bool slot_keep_wire(pairer_t *p, uint32_t i, const uint8_t *bytes, uint32_t size)
{
    slot_t *s = &p->slot[i];
    uint8_t *to = s->wire;
    if (size >= 16 && size <= 80) { /* in parts, of which the last lie over one another */
        for (uint32_t at = 0; at < 80; at += 16)
            memcpy(to + mix_least(at, size - 16), bytes + mix_least(at, size - 16), 16);
        s->size = (uint16_t)size;
        return true;
    }
    s->size = 0;
    if (size > UINT16_MAX)
        size = UINT16_MAX;
    if (size > PAIR_INLINE) {
        to = p->memory + size <= p->o.memory ? malloc(size) : NULL;
        if (to == NULL)
            return false;
        p->rare[i].heap = to;
        p->memory += size;
    }
    if (size > 0)
        memcpy(to, bytes, size);
    s->size = (uint16_t)size;
    return true;
}

/* Room for one more event; NULL when there is none. */
static flow_event_t *event_room(pairer_t *p, uint32_t i)
{
    slot_t *s = &p->slot[i];
    slot_rare_t *r = &p->rare[i];
    uint16_t count = s->event_count;
    if (count == FLOW_EVENTS_MAX)
        return NULL;
    if (!s->has_events || count == r->event_cap) {
        uint16_t cap = (uint16_t)(count == 0 ? 4 : count * 2);
        size_t more = (size_t)(cap - count) * sizeof *r->event;
        if (p->memory + more > p->o.memory)
            return NULL;
        flow_event_t *grown = realloc(s->has_events ? r->event : NULL, cap * sizeof *grown);
        if (grown == NULL)
            return NULL;
        s->has_events = true;
        r->event = grown;
        r->event_cap = cap;
        p->memory += more;
    }
    return &r->event[count];
}

void slot_event(pairer_t *p, uint32_t head, const flow_event_t *e)
{
    slot_t *s = &p->slot[head];
    flow_event_t *to = event_room(p, head);
    uint8_t *copy = NULL;
    bool good = to != NULL;
    if (good && e->message.bytes != NULL) {
        good = p->memory + e->message.size <= p->o.memory &&
               (copy = malloc(e->message.size > 0 ? e->message.size : 1)) != NULL;
        if (good && e->message.size > 0)
            memcpy(copy, e->message.bytes, e->message.size);
    }
    if (!good) {
        s->notes |= FLOW_MORE;
        p->stats.events_dropped++;
        return;
    }
    *to = *e;
    to->message.bytes = copy;
    p->memory += copy != NULL ? e->message.size : 0;
    s->event_count++;
}

void slot_event_withdraw(pairer_t *p, uint32_t head, const cap_item_t *item)
{
    slot_t *s = &p->slot[head];
    flow_event_t *event = p->rare[head].event;
    for (uint16_t n = s->event_count; n > 0; n--) {
        flow_event_t *e = &event[n - 1];
        if (e->kind != FLOW_EVENT_MISMATCH || e->message.number != item->number ||
            e->message.file != item->file)
            continue;
        p->memory -= e->message.size;
        /* ours, though only readers see it: NOLINTNEXTLINE(performance-no-int-to-ptr) */
        free((void *)(uintptr_t)e->message.bytes);
        memmove(e, e + 1, (size_t)(s->event_count - n) * sizeof *e);
        s->event_count--;
        p->stats.mismatches--;
        return;
    }
}

/* --- connections --- */

static uint32_t *conn_bucket(pairer_t *p, uint64_t number)
{
    return &p->conn_head[mix_pair(number ^ p->o.seed, UINT64_C(0x9e3779b97f4a7c15)) & p->conn_mask];
}

conn_t *conn_find(pairer_t *p, uint64_t number)
{
    uint32_t i = *conn_bucket(p, number);
    while (i != PAIR_NONE && p->conn[i].number != number)
        i = p->conn[i].link[LINK_NUMBER].next;
    return i != PAIR_NONE ? &p->conn[i] : NULL;
}

void conn_touch(pairer_t *p, conn_t *c)
{
    uint32_t i = (uint32_t)(c - p->conn);
    c->last = p->clock;
    list_unlink(conn_links(p, LINK_LRU), &p->conn_lru, i);
    list_append(conn_links(p, LINK_LRU), &p->conn_lru, i);
}

void conn_release(pairer_t *p, conn_t *c, unsigned notes)
{
    uint32_t i = (uint32_t)(c - p->conn);
    while (c->flows.first != PAIR_NONE)
        flow_give_up(p, c->flows.first, notes);
    chain_unlink(conn_links(p, LINK_NUMBER), conn_bucket(p, c->number), NULL, i);
    list_unlink(conn_links(p, LINK_LRU), &p->conn_lru, i);
    c->link[LINK_NUMBER].next = p->free_conn;
    p->free_conn = i;
}

/* The connection idle for longest goes when its time is over, or to make room. */
static void conn_make_room(pairer_t *p)
{
    conn_t *oldest = p->conn_lru.first != PAIR_NONE ? &p->conn[p->conn_lru.first] : NULL;
    bool full = p->free_conn == PAIR_NONE && p->fresh_conn == p->o.connections_max;
    if (oldest == NULL || (!full && p->clock - oldest->last < CONN_IDLE))
        return;
    if (full)
        p->stats.evicted_connections++;
    conn_release(p, oldest, full ? FLOW_EVICTED : 0);
}

conn_t *conn_take(pairer_t *p, uint64_t number)
{
    conn_make_room(p);
    uint32_t i = p->free_conn;
    if (i != PAIR_NONE)
        p->free_conn = p->conn[i].link[LINK_NUMBER].next;
    else
        i = p->fresh_conn++;
    conn_t *c = &p->conn[i];
    memset(c, 0, sizeof *c);
    c->number = number;
    c->last = p->clock;
    c->flows.first = c->flows.last = PAIR_NONE;
    chain_push(conn_links(p, LINK_NUMBER), conn_bucket(p, number), i);
    list_append(conn_links(p, LINK_LRU), &p->conn_lru, i);
    return c;
}

void conn_add(pairer_t *p, conn_t *c, uint32_t head)
{
    p->slot[head].conn = (uint32_t)(c - p->conn);
    list_append(rare_links(p), &c->flows, head);
}

void conn_event(pairer_t *p, conn_t *c, const flow_event_t *e)
{
    if (c->told == FLOW_EVENTS_MAX) {
        p->stats.events_dropped++;
        return;
    }
    c->told++;
    for (uint32_t i = c->flows.first; i != PAIR_NONE; i = p->rare[i].link.next)
        slot_event(p, i, e);
}
