#include "bulk/share_entry.h"

#include <stdlib.h>
#include <string.h>

/* Entries never leave the process: fields stand as the machine has them. */
typedef struct head {
    int64_t observed;
    addr_t local;
    uint32_t events;
} head_t;

/* bytes of an event follow all events, in their order. Of a query that is sent only its ID is
 * kept. */
typedef struct kept {
    event_t event; /* its pointers NULL */
    uint16_t id;
} kept_t;

static bool has_bytes(const event_t *e)
{
    return e->kind != EVENT_SENT && e->size > 0;
}

uint8_t *share_entry_write(const exchange_t *x, int64_t observed, size_t *size)
{
    head_t head = {.observed = observed, .local = x->local, .events = x->event_count};
    size_t at = sizeof head + x->event_count * sizeof(kept_t);
    size_t all = at;
    for (uint32_t i = 0; i < x->event_count; i++)
        all += has_bytes(&x->event[i]) ? x->event[i].size : 0;
    uint8_t *entry = calloc(1, all);
    if (entry == NULL)
        return NULL;
    memcpy(entry, &head, sizeof head);
    for (uint32_t i = 0; i < x->event_count; i++) {
        const event_t *e = &x->event[i];
        kept_t k = {.event = *e};
        k.event.bytes = NULL;
        k.event.owned = NULL;
        if (e->kind == EVENT_SENT && e->size >= 2)
            k.id = (uint16_t)(e->bytes[0] << 8 | e->bytes[1]);
        if (has_bytes(e)) {
            memcpy(entry + at, e->bytes, e->size);
            at += e->size;
        }
        memcpy(entry + sizeof head + i * sizeof k, &k, sizeof k);
    }
    *size = all;
    return entry;
}

static head_t head_of(const uint8_t *entry)
{
    head_t head;
    memcpy(&head, entry, sizeof head);
    return head;
}

static kept_t kept_of(const uint8_t *entry, uint32_t i)
{
    kept_t k;
    memcpy(&k, entry + sizeof(head_t) + i * sizeof k, sizeof k);
    return k;
}

const uint8_t *share_entry_reply(const uint8_t *entry, size_t size, size_t *reply_size)
{
    head_t head = head_of(entry);
    size_t at = sizeof head + head.events * sizeof(kept_t);
    for (uint32_t i = 0; i < head.events; i++) {
        kept_t k = kept_of(entry, i);
        if (k.event.kind == EVENT_REPLY && at + k.event.size <= size) {
            *reply_size = k.event.size;
            return entry + at;
        }
        at += has_bytes(&k.event) ? k.event.size : 0;
    }
    return NULL;
}

/* By how much times are moved: an answer comes now, and silence begins now. */
static int64_t shift_of(const uint8_t *entry, const head_t *head, int64_t at)
{
    int64_t first = head->events > 0 ? kept_of(entry, 0).event.at : 0;
    for (uint32_t i = 0; i < head->events; i++) {
        kept_t k = kept_of(entry, i);
        if (k.event.kind == EVENT_REPLY)
            return at - k.event.at;
    }
    return at - first;
}

exchange_t *share_entry_read(const uint8_t *entry, size_t size, const loop_question_t *q,
                             const uint8_t *reply, size_t reply_size, exchange_set_t *set,
                             int64_t at)
{
    head_t head = head_of(entry);
    uint8_t wire[LOOP_QUERY_SIZE];
    exchange_t *x = exchange_add(set, q->transport, q->server, q->wire, q->size);
    if (x == NULL || q->size > sizeof wire)
        return NULL;
    memcpy(wire, q->wire, q->size);
    x->local = head.local;
    x->shared = head.observed;
    x->finished = true;
    int64_t shift = shift_of(entry, &head, at);
    size_t bytes = sizeof head + head.events * sizeof(kept_t);
    for (uint32_t i = 0; i < head.events; i++) {
        kept_t k = kept_of(entry, i);
        event_t *e = &k.event;
        size_t had = has_bytes(e) ? e->size : 0;
        e->bytes = had > 0 && bytes + had <= size ? entry + bytes : NULL;
        bytes += had;
        e->at = e->at + shift > 0 ? e->at + shift : 0;
        if (e->kind == EVENT_SENT) {
            wire[0] = (uint8_t)(k.id >> 8);
            wire[1] = (uint8_t)k.id;
            e->bytes = wire;
            e->size = (uint32_t)q->size;
        } else if (e->kind == EVENT_REPLY && reply != NULL) {
            e->bytes = reply;
            e->size = (uint32_t)reply_size;
        }
        if (!exchange_append(x, e))
            return NULL;
    }
    return x;
}
