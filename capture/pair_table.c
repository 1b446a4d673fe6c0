#include "capture/pair_table.h"

#include <stdlib.h>
#include <string.h>

/* Heads of each table of slots at first: what ordinary traffic needs stays in the cache. */
#define HEADS_MIN 8192u
/* A connection on which nothing happens for so long is forgotten, nanoseconds. */
#define CONN_IDLE INT64_C(120000000000)

/* --- hashes --- */

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Both halves of a product: every bit of either factor reaches every bit of the result. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide_t;
    wide_t product =
        (wide_t)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (wide_t)(b ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

ends_t pair_ends(const pairer_t *p, const addr_t *client, const addr_t *server)
{
    ends_t e;
    e.client = mix(load64(client->octets) ^ p->o.seed, load64(client->octets + 8) + client->family);
    e.port = mix(e.client, client->port);
    e.server = mix(load64(server->octets) ^ p->o.seed, load64(server->octets + 8) + server->port);
    return e;
}

uint32_t pair_key_hash(const ends_t *e, const pair_question_t *q, uint16_t id, bool tcp)
{
    return (uint32_t)mix(e->port ^ q->hash, e->server + id + ((uint64_t)tcp << 32));
}

uint32_t pair_port_hash(const ends_t *e)
{
    return (uint32_t)e->port;
}

uint32_t pair_ask_hash(const ends_t *e, const pair_question_t *q, uint32_t size, bool tcp)
{
    return (uint32_t)mix(e->client ^ q->hash, e->server + size + ((uint64_t)tcp << 32));
}

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
    uint32_t n = power_of_two(p->o.outstanding_max);
    n = n < HEADS_MIN ? n : HEADS_MIN;
    uint32_t c = power_of_two(p->o.connections_max);
    pair_list_t empty = {PAIR_NONE, PAIR_NONE, 0};
    p->due = p->lingering = p->conn_lru = empty;
    p->free_slot = p->free_conn = PAIR_NONE;
    p->slot_mask = n - 1;
    p->conn_mask = c - 1;
    /* pages that are never used are never there */
    p->slot = calloc(p->o.outstanding_max, sizeof *p->slot);
    p->conn = calloc(p->o.connections_max, sizeof *p->conn);
    p->key_head = new_heads(n);
    p->port_head = new_heads(n);
    p->ask_head = new_heads(n);
    p->conn_head = new_heads(c);
    return p->slot != NULL && p->conn != NULL && p->key_head != NULL && p->port_head != NULL &&
           p->ask_head != NULL && p->conn_head != NULL;
}

static void free_events(pairer_t *p, slot_t *s)
{
    for (uint16_t i = 0; i < s->event_count; i++) {
        flow_event_t *e = &s->event[i];
        if (e->message.bytes != NULL) {
            p->memory -= e->message.size;
            /* ours, though only readers see it: NOLINTNEXTLINE(performance-no-int-to-ptr) */
            free((void *)(uintptr_t)e->message.bytes);
        }
    }
    p->memory -= s->event_cap * sizeof *s->event;
    free(s->event);
    s->event = NULL;
    s->event_count = s->event_cap = 0;
}

static void free_content(pairer_t *p, slot_t *s)
{
    if (s->event != NULL)
        free_events(p, s);
    if (s->heap != NULL) {
        p->memory -= s->size;
        free(s->heap);
        s->heap = NULL;
    }
}

void pair_table_free(pairer_t *p)
{
    for (uint32_t i = 0; p->slot != NULL && i < p->fresh_slot; i++)
        free_content(p, &p->slot[i]);
    free(p->slot);
    free(p->conn);
    free(p->key_head);
    free(p->port_head);
    free(p->ask_head);
    free(p->conn_head);
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

void slot_link_key(pairer_t *p, uint32_t i, uint32_t hash)
{
    p->slot[i].key_hash = hash;
    chain_push(slot_links(p, LINK_KEY), &p->key_head[hash & p->slot_mask], i);
}

void slot_link_port(pairer_t *p, uint32_t i, uint32_t hash)
{
    p->slot[i].port_hash = hash;
    chain_push(slot_links(p, LINK_PORT), &p->port_head[hash & p->slot_mask], i);
}

void slot_link_ask(pairer_t *p, uint32_t i, uint32_t hash)
{
    p->slot[i].ask_hash = hash;
    chain_push(slot_links(p, LINK_ASK), &p->ask_head[hash & p->slot_mask], i);
}

static void unlink_key(pairer_t *p, uint32_t i)
{
    uint32_t *head = &p->key_head[p->slot[i].key_hash & p->slot_mask];
    chain_unlink(slot_links(p, LINK_KEY), head, NULL, i);
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

/* --- growing --- */

/* Divides the chains of one table over heads twice as many; their order stays. hash is that of the
 * first slot. */
static void divide_chains(links_t l, const uint32_t *hash, uint32_t *heads, uint32_t *grown,
                          uint32_t count)
{
    memset(grown, 0xff, 2 * (size_t)count * sizeof *grown);
    for (uint32_t b = 0; b < count; b++) {
        uint32_t last[2] = {PAIR_NONE, PAIR_NONE};
        uint32_t next;
        for (uint32_t i = heads[b]; i != PAIR_NONE; i = next) {
            const uint8_t *at = (const uint8_t *)hash + i * l.stride;
            bool upper = (*(const uint32_t *)(const void *)at & count) != 0;
            pair_link_t *link = link_at(l, i);
            next = link->next;
            link->next = PAIR_NONE;
            link->prev = last[upper];
            if (link->prev != PAIR_NONE)
                link_at(l, link->prev)->next = i;
            else
                grown[upper ? b + count : b] = i;
            last[upper] = i;
        }
    }
    free(heads);
}

/* Without memory for it, chains get longer. */
static __attribute__((noinline)) void grow_heads(pairer_t *p)
{
    uint32_t count = p->slot_mask + 1;
    size_t size = 2 * (size_t)count * sizeof(uint32_t);
    uint32_t *key = malloc(size);
    uint32_t *port = malloc(size);
    uint32_t *ask = malloc(size);
    if (key == NULL || port == NULL || ask == NULL) {
        free(key);
        free(port);
        free(ask);
        return;
    }
    divide_chains(slot_links(p, LINK_KEY), &p->slot[0].key_hash, p->key_head, key, count);
    divide_chains(slot_links(p, LINK_PORT), &p->slot[0].port_hash, p->port_head, port, count);
    divide_chains(slot_links(p, LINK_ASK), &p->slot[0].ask_hash, p->ask_head, ask, count);
    p->key_head = key;
    p->port_head = port;
    p->ask_head = ask;
    p->slot_mask = 2 * count - 1;
}

/* --- slots --- */

/* Slots are used again in the order of being freed; whose turn it is soon is fetched. */
static inline void prefetch_slot(const pairer_t *p, uint32_t i)
{
    if (i == PAIR_NONE)
        return;
    for (size_t at = 0; at < sizeof(slot_t); at += 64)
        __builtin_prefetch((const uint8_t *)&p->slot[i] + at, 1);
}

uint32_t slot_take(pairer_t *p)
{
    if (p->free_slot == PAIR_NONE && p->fresh_slot == p->o.outstanding_max) {
        if (p->lingering.count > 0) {
            slot_release(p, p->lingering.first);
        } else {
            p->stats.evicted++;
            flow_give_up(p, p->due.first, FLOW_EVICTED);
        }
    }
    uint32_t i = p->free_slot;
    if (i != PAIR_NONE)
        p->free_slot = p->slot[i].more;
    else
        i = p->fresh_slot++;
    prefetch_slot(p, p->free_slot);
    if (++p->slots_used > p->slot_mask / 4 && p->slot_mask / 2 < p->o.outstanding_max)
        grow_heads(p);
    memset(&p->slot[i].key_hash, 0, offsetof(slot_t, wire) - offsetof(slot_t, key_hash));
    p->slot[i].head = i;
    p->slot[i].more = p->slot[i].conn = PAIR_NONE;
    p->slot[i].last = i;
    p->slot[i].state = SLOT_OPEN;
    list_append(slot_links(p, LINK_DUE), &p->due, i);
    return i;
}

static void leave_open_lists(pairer_t *p, slot_t *head)
{
    links_t ports = slot_links(p, LINK_PORT);
    for (uint32_t i = head->head; i != PAIR_NONE; i = p->slot[i].more)
        chain_unlink(ports, &p->port_head[p->slot[i].port_hash & p->slot_mask], NULL, i);
    if (head->has_key)
        chain_unlink(slot_links(p, LINK_ASK), &p->ask_head[head->ask_hash & p->slot_mask], NULL,
                     head->head);
    list_unlink(slot_links(p, LINK_DUE), &p->due, head->head);
    if (head->conn != PAIR_NONE)
        conn_remove(p, &p->conn[head->conn], head->head);
}

void slot_release(pairer_t *p, uint32_t head)
{
    slot_t *s = &p->slot[head];
    if (s->state == SLOT_OPEN)
        leave_open_lists(p, s);
    else
        list_unlink(slot_links(p, LINK_DUE), &p->lingering, head);
    free_content(p, s);
    for (uint32_t i = head; i != PAIR_NONE;) {
        uint32_t next = p->slot[i].more;
        if (s->has_key)
            unlink_key(p, i);
        p->slot[i].state = SLOT_FREE;
        p->slots_used--;
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
    if (s->event != NULL)
        free_events(p, s);
    s->state = SLOT_CLOSED;
    list_append(slot_links(p, LINK_DUE), &p->lingering, head);
    if (p->lingering.count > p->o.linger) {
        slot_release(p, p->lingering.first);
        prefetch_slot(p, p->lingering.first);
    }
}

const uint8_t *slot_wire(const slot_t *s)
{
    return s->heap != NULL ? s->heap : s->wire;
}

bool slot_keep_wire(pairer_t *p, slot_t *s, const uint8_t *bytes, uint32_t size)
{
    uint8_t *to = s->wire;
    s->size = 0;
    if (size > UINT16_MAX)
        size = UINT16_MAX;
    if (size > PAIR_INLINE) {
        if (p->memory + size > p->o.memory || (s->heap = malloc(size)) == NULL)
            return false;
        p->memory += size;
        to = s->heap;
    }
    if (size > 0)
        memcpy(to, bytes, size);
    s->size = (uint16_t)size;
    return true;
}

/* Room for one more event; NULL when there is none. */
static flow_event_t *event_room(pairer_t *p, slot_t *s)
{
    if (s->event_count == FLOW_EVENTS_MAX)
        return NULL;
    if (s->event_count == s->event_cap) {
        uint16_t cap = (uint16_t)(s->event_cap == 0 ? 4 : s->event_cap * 2);
        size_t more = (size_t)(cap - s->event_cap) * sizeof *s->event;
        if (p->memory + more > p->o.memory)
            return NULL;
        flow_event_t *grown = realloc(s->event, cap * sizeof *grown);
        if (grown == NULL)
            return NULL;
        s->event = grown;
        s->event_cap = cap;
        p->memory += more;
    }
    return &s->event[s->event_count];
}

void slot_event(pairer_t *p, slot_t *s, const flow_event_t *e)
{
    flow_event_t *to = event_room(p, s);
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

/* --- connections --- */

static uint32_t *conn_bucket(pairer_t *p, uint64_t number)
{
    return &p->conn_head[mix(number, p->o.seed) & p->conn_mask];
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
    list_append(slot_links(p, LINK_CONN), &c->flows, head);
}

void conn_remove(pairer_t *p, conn_t *c, uint32_t head)
{
    list_unlink(slot_links(p, LINK_CONN), &c->flows, head);
    p->slot[head].conn = PAIR_NONE;
    if (c->flows.first == PAIR_NONE)
        c->bare = false;
}

void conn_event(pairer_t *p, conn_t *c, const flow_event_t *e)
{
    if (c->told == FLOW_EVENTS_MAX) {
        p->stats.events_dropped++;
        return;
    }
    c->told++;
    for (uint32_t i = c->flows.first; i != PAIR_NONE; i = p->slot[i].link[LINK_CONN].next)
        slot_event(p, &p->slot[i], e);
}
