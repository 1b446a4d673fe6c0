/* Replies that were recorded before their question: where two interfaces or taps are one capture,
 * packets that follow each other closely may change places, and clocks differ by a little. A reply
 * that nobody asked for waits for its question a moment, in memory of fixed size, first in, first
 * out. Nothing is done here, and none of that memory is there, while every reply has its question.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/pair_table.h"

#define OCTETS_MAX ((size_t)1 << 20)

/* The first and the last that wait, of those with hashes of one place. */
typedef struct chain {
    uint32_t first;
    uint32_t last;
} chain_t;

/* A reply that waits. */
typedef struct kept {
    cap_item_t item; /* its octets are in early->octets */
    uint32_t start;
    uint32_t hash; /* of its key */
    uint32_t next; /* with the same place, newer */
    uint32_t head; /* of the flow that has it as evidence, or PAIR_NONE */
    uint64_t flow; /* its number */
    int64_t until; /* by the pairer's clock */
    bool taken;
} kept_t;

struct pair_early {
    uint32_t max;
    uint32_t oldest; /* place */
    uint32_t count;
    uint32_t at; /* where octets go next */
    uint32_t cap;
    size_t memory;
    uint8_t *octets;
    kept_t *kept;
    chain_t *chain;
};

/* Where the chain of a hash begins. */
static chain_t *chain_of(const pair_early_t *e, uint32_t hash)
{
    return &e->chain[hash / 2 % e->max];
}

static bool early_new(pairer_t *p)
{
    uint32_t max = p->o.early;
    size_t cap = p->o.memory / 4 < OCTETS_MAX ? p->o.memory / 4 : OCTETS_MAX;
    size_t memory = sizeof(pair_early_t) + cap + max * (sizeof(kept_t) + sizeof(chain_t));
    if (max == 0 || p->memory + memory > p->o.memory)
        return false;
    pair_early_t *e = calloc(1, sizeof *e);
    if (e == NULL)
        return false;
    p->early = e;
    *e = (pair_early_t){.max = max, .cap = (uint32_t)cap, .memory = memory};
    e->octets = malloc(cap > 0 ? cap : 1);
    e->kept = calloc(max, sizeof *e->kept);
    e->chain = calloc(max, sizeof *e->chain);
    p->memory += memory;
    if (e->octets == NULL || e->kept == NULL || e->chain == NULL) {
        pair_early_free(p);
        return false;
    }
    for (uint32_t i = 0; i < max; i++)
        e->chain[i].first = PAIR_NONE;
    return true;
}

size_t pair_early_memory(const pairer_t *p)
{
    return p->early != NULL ? p->early->memory : 0;
}

void pair_early_free(pairer_t *p)
{
    if (p->early == NULL)
        return;
    p->memory -= p->early->memory;
    free(p->early->octets);
    free(p->early->kept);
    free(p->early->chain);
    free(p->early);
    p->early = NULL;
}

/* The oldest has waited long enough, or has to make room: what it is then, it is. Its octets are
 * there until the next is kept, and none is while this one is told. */
static void let_go(pairer_t *p)
{
    pair_early_t *e = p->early;
    kept_t *k = &e->kept[e->oldest];
    chain_of(e, k->hash)->first = k->next;
    e->oldest = (e->oldest + 1) % e->max;
    e->count--;
    p->early_due = e->count > 0 ? e->kept[e->oldest].until : INT64_MAX;
    if (!k->taken && k->head == PAIR_NONE)
        pair_reply_late(p, &k->item);
}

void pair_early_pass(pairer_t *p, int64_t now)
{
    while (p->early_due <= now && p->early != NULL && p->early->count > 0)
        let_go(p);
}

/* Where so many octets go; UINT32_MAX when there is no room. */
static uint32_t room_for(const pair_early_t *e, uint32_t size)
{
    uint32_t from = e->kept[e->oldest].start;
    if (e->count == 0)
        return 0;
    if (e->count == e->max)
        return UINT32_MAX;
    if (e->at <= from)
        return from - e->at >= size ? e->at : UINT32_MAX;
    if (e->cap - e->at >= size)
        return e->at;
    return from >= size ? 0 : UINT32_MAX;
}

/* Until when it is kept; a file may say any time. */
static int64_t later(int64_t now)
{
    return now < INT64_MAX - PAIR_EARLY_WITHIN ? now + PAIR_EARLY_WITHIN : INT64_MAX - 1;
}

bool pair_early_keep(pairer_t *p, const cap_item_t *item, uint32_t hash, uint32_t head)
{
    if (p->early == NULL && !early_new(p))
        return false;
    pair_early_t *e = p->early;
    if (item->size > e->cap)
        return false;
    uint32_t start;
    while ((start = room_for(e, item->size)) == UINT32_MAX)
        let_go(p);
    uint32_t place = (e->oldest + e->count) % e->max;
    chain_t *chain = chain_of(e, hash);
    kept_t *k = &e->kept[place];
    *k = (kept_t){.item = *item,
                  .start = start,
                  .hash = hash,
                  .next = PAIR_NONE,
                  .head = head,
                  .flow = head != PAIR_NONE ? p->slot[head].flow : 0,
                  .until = later(p->clock)};
    memcpy(e->octets + start, item->bytes, item->size);
    k->item.bytes = e->octets + start;
    e->at = start + item->size;
    *(chain->first == PAIR_NONE ? &chain->first : &e->kept[chain->last].next) = place;
    chain->last = place;
    if (e->count++ == 0)
        p->early_due = k->until;
    return true;
}

/* True when the reply is one to that attempt. */
static bool answers(const pairer_t *p, const kept_t *k, uint32_t attempt)
{
    const cap_item_t *item = &k->item;
    const slot_t *s = &p->slot[attempt];
    const slot_t *head = &p->slot[s->head];
    pair_question_t q;
    if (k->taken || head->tcp != (item->connection != 0) ||
        slot_connection(p, head) != item->connection || s->at - item->at > PAIR_EARLY_WITHIN ||
        s->id != (uint16_t)(item->bytes[0] << 8 | item->bytes[1]) ||
        !addr_equal(&s->client, &item->to) || !addr_equal(&head->server, &item->from))
        return false;
    pair_question_read(p, item->bytes, item->size, &q);
    return q.found && pair_question_equal(p, head, item->bytes, &q);
}

void pair_early_take(pairer_t *p, uint32_t attempt, uint32_t hash, conn_t *conn)
{
    pair_early_t *e = p->early;
    uint32_t i = chain_of(e, hash)->first;
    unsigned steps = 0;
    while (i != PAIR_NONE && steps++ < PAIR_KEYS_MAX &&
           (e->kept[i].hash != hash || !answers(p, &e->kept[i], attempt)))
        i = e->kept[i].next;
    if (i == PAIR_NONE || steps > PAIR_KEYS_MAX)
        return;
    kept_t *k = &e->kept[i];
    slot_t *s = &p->slot[attempt];
    k->taken = true;
    p->stats.early++;
    if (k->head == PAIR_NONE)
        p->stats.replies++;
    else if (p->slot[k->head].flow == k->flow && p->slot[k->head].state == SLOT_OPEN)
        slot_event_withdraw(p, k->head, &k->item);
    if (k->item.at < s->at) { /* no reply is older than its question */
        k->item.at = s->at;
        p->slot[s->head].notes |= FLOW_REPLY_FIRST;
    }
    pair_answer(p, attempt, &k->item, conn);
}
