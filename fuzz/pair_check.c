#include "fuzz/pair_check.h"

#include <string.h>

#include "capture/pair_table.h"

/* On how many lists of each kind a slot was met. */
typedef struct met {
    uint8_t link[PAIR_CHECK_SLOTS][SLOT_LINKS];
    uint8_t on_conn[PAIR_CHECK_SLOTS];
    uint8_t is_free[PAIR_CHECK_SLOTS];
    uint8_t flow[PAIR_CHECK_SLOTS];
    uint8_t conn[PAIR_CHECK_SLOTS][CONN_LINKS];
    uint8_t conn_free[PAIR_CHECK_SLOTS];
} met_t;

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Both ways over a list of slots; each is met once. Returns how many there are. */
static uint32_t walk_slots(const pairer_t *p, met_t *met, unsigned which, uint32_t first,
                           uint32_t *last)
{
    uint32_t count = 0;
    uint32_t before = PAIR_NONE;
    for (uint32_t i = first; i != PAIR_NONE; i = p->slot[i].link[which].next) {
        need(i < p->fresh_slot && p->slot[i].link[which].prev == before);
        need(met->link[i][which]++ == 0);
        before = i;
        count++;
    }
    *last = before;
    return count;
}

static void check_list(const pairer_t *p, met_t *met, unsigned which, const pair_list_t *list,
                       slot_state_t state)
{
    uint32_t last;
    need(walk_slots(p, met, which, list->first, &last) == list->count && last == list->last);
    for (uint32_t i = list->first; i != PAIR_NONE; i = p->slot[i].link[which].next)
        need(p->slot[i].state == state && p->slot[i].head == i);
}

/* The slots of one hash; it is found. */
static void check_chain(const pairer_t *p, met_t *met, unsigned which, uint32_t hash,
                        uint32_t first)
{
    uint32_t last;
    need(pair_tags_get(&p->tags[which], hash) == first);
    walk_slots(p, met, which, first, &last);
    for (uint32_t i = first; i != PAIR_NONE; i = p->slot[i].link[which].next)
        need(p->slot[i].hash[which] == hash);
}

static void check_table(const pairer_t *p, met_t *met, unsigned which)
{
    const pair_tags_t *t = &p->tags[which];
    uint32_t used = 0;
    uint32_t passed = 0;
    uint32_t away = 0; /* lines between those that hold hashes and their own */
    for (uint32_t n = 0; n <= t->mask; n++) {
        const pair_tags_line_t *l = &t->line[n];
        passed += l->passed;
        for (uint32_t at = 0; at < PAIR_TAGS_LINE; at++) {
            if (l->hash[at] == 0)
                continue;
            used++;
            away += (n - (l->hash[at] >> 1)) & t->mask;
            check_chain(p, met, which, l->hash[at], l->number[at]);
        }
    }
    need(used == t->used && passed == away);
}

/* Slots by port that are not in the table yet. */
static void check_young(const pairer_t *p, met_t *met)
{
    uint32_t count = 0;
    for (uint32_t place = 0; place < PAIR_YOUNG; place++) {
        if (p->young_hash[place] == 0)
            continue;
        uint32_t i = p->young_slot[place];
        need(i < p->fresh_slot && met->link[i][LINK_PORT]++ == 0);
        need(p->slot[i].link[LINK_PORT].prev == LINK_IS_YOUNG);
        need(p->slot[i].link[LINK_PORT].next == place);
        count++;
    }
    need(count == p->young_count);
}

static void check_chains(const pairer_t *p, met_t *met)
{
    for (unsigned which = 0; which < SLOT_TABLES; which++)
        check_table(p, met, which);
    check_young(p, met);
}

/* The attempts of a flow, from its head on. */
static void check_flow(const pairer_t *p, met_t *met, uint32_t head)
{
    const slot_t *h = &p->slot[head];
    uint32_t count = 0;
    uint32_t last = head;
    for (uint32_t i = head; i != PAIR_NONE; i = p->slot[i].more) {
        need(i < p->fresh_slot && p->slot[i].head == head && met->flow[i]++ == 0);
        need(i == head || p->slot[i].state == SLOT_AGAIN);
        need(h->attempts == 0 || p->slot[i].attempt == count + 1);
        last = i;
        count++;
    }
    need(h->last == last && (h->attempts == 0 ? count == 1 : h->attempts == count));
    need(h->attempts <= FLOW_ATTEMPTS_MAX && h->event_count <= FLOW_EVENTS_MAX);
    need(h->has_events ? h->event_count <= p->rare[head].event_cap : h->event_count == 0);
    need(slot_wire(p, h) != NULL && h->name_len <= h->size);
    need((h->conn == PAIR_NONE) == (met->on_conn[head] == 0));
}

static size_t memory_of(const slot_t *s, const slot_rare_t *r)
{
    size_t n = s->size > PAIR_INLINE ? s->size : 0;
    n += s->has_events ? r->event_cap * sizeof *r->event : 0;
    for (unsigned i = 0; i < s->event_count; i++)
        n += r->event[i].message.bytes != NULL ? r->event[i].message.size : 0;
    return n;
}

static void check_slots(const pairer_t *p, met_t *met)
{
    uint32_t used = 0;
    size_t memory = 0;
    for (uint32_t i = p->free_slot; i != PAIR_NONE; i = p->slot[i].more)
        need(i < p->fresh_slot && met->is_free[i]++ == 0);
    for (uint32_t i = 0; i < p->fresh_slot; i++) {
        const slot_t *s = &p->slot[i];
        need((s->state == SLOT_FREE) == (met->is_free[i] == 1));
        if (s->state != SLOT_FREE && s->state != SLOT_AGAIN) {
            check_flow(p, met, i);
            memory += memory_of(s, &p->rare[i]);
        }
        used += s->state != SLOT_FREE;
    }
    for (uint32_t i = 0; i < p->fresh_slot; i++) {
        const slot_t *s = &p->slot[i];
        bool is_free = s->state == SLOT_FREE;
        const slot_t *h = is_free ? s : &p->slot[s->head];
        bool open = !is_free && h->state == SLOT_OPEN;
        need((met->flow[i] == 1) == !is_free);
        need(met->link[i][LINK_KEY] == (!is_free && h->has_key));
        need(met->link[i][LINK_PORT] == open);
        need(met->link[i][LINK_ASK] == (open && s == h && h->has_key));
        need(met->link[i][LINK_DUE] == (!is_free && s == h));
    }
    need(used <= p->o.outstanding_max &&
         memory + pair_early_memory(p) + pair_apart_memory(p) == p->memory);
    need(p->memory <= p->o.memory && p->lingering.count <= p->o.linger);
}

static void check_conn(const pairer_t *p, met_t *met, uint32_t i)
{
    const conn_t *c = &p->conn[i];
    uint32_t count = 0;
    uint32_t before = PAIR_NONE;
    for (uint32_t k = c->flows.first; k != PAIR_NONE; k = p->rare[k].link.next) {
        need(k < p->fresh_slot && p->rare[k].link.prev == before && met->on_conn[k]++ == 0);
        need(p->slot[k].state == SLOT_OPEN && p->slot[k].head == k);
        need(p->slot[k].conn == i && p->slot[k].tcp && p->rare[k].connection == c->number);
        before = k;
        count++;
    }
    need(count == c->flows.count && before == c->flows.last);
    need(!c->bare || (c->flows.count == 1 && p->slot[c->flows.first].attempts == 0));
}

static void check_conns(const pairer_t *p, met_t *met)
{
    uint32_t count = 0;
    uint32_t before = PAIR_NONE;
    uint32_t hashed = 0;
    for (uint32_t i = p->conn_lru.first; i != PAIR_NONE; i = p->conn[i].link[LINK_LRU].next) {
        need(i < p->fresh_conn && p->conn[i].link[LINK_LRU].prev == before);
        need(met->conn[i][LINK_LRU]++ == 0);
        check_conn(p, met, i);
        before = i;
        count++;
    }
    need(count == p->conn_lru.count && before == p->conn_lru.last);
    for (uint32_t b = 0; b <= p->conn_mask; b++)
        for (uint32_t i = p->conn_head[b]; i != PAIR_NONE; i = p->conn[i].link[LINK_NUMBER].next) {
            need(i < p->fresh_conn && met->conn[i][LINK_NUMBER]++ == 0);
            need(met->conn[i][LINK_LRU] == 1);
            hashed++;
        }
    for (uint32_t i = p->free_conn; i != PAIR_NONE; i = p->conn[i].link[LINK_NUMBER].next)
        need(i < p->fresh_conn && met->conn_free[i]++ == 0 && met->conn[i][LINK_LRU] == 0);
    for (uint32_t i = 0; i < p->fresh_conn; i++)
        need(met->conn_free[i] + met->conn[i][LINK_LRU] == 1);
    need(hashed == count && count <= p->o.connections_max);
}

void pair_check(const pairer_t *p)
{
    static met_t met;
    memset(&met, 0, sizeof met);
    need(p->fresh_slot <= PAIR_CHECK_SLOTS && p->fresh_slot <= p->o.outstanding_max);
    need(p->fresh_conn <= PAIR_CHECK_SLOTS);
    check_list(p, &met, LINK_DUE, &p->due, SLOT_OPEN);
    check_list(p, &met, LINK_DUE, &p->lingering, SLOT_CLOSED);
    check_chains(p, &met);
    check_conns(p, &met);
    check_slots(p, &met);
}
