#include "exchange/exchange.h"

#include <stdlib.h>

#include "proto/nsproto.h"

bool question_answered(const nsp_name_t *name, uint16_t type, uint16_t qclass, const uint8_t *reply,
                       size_t size)
{
    nsp_reader_t r = nsp_reader(reply, size);
    nsp_read_bytes(&r, 3);
    uint8_t rcode = nsp_read_u8(&r) & 15;
    uint16_t count = nsp_read_u16(&r);
    nsp_read_bytes(&r, 6);
    if (r.err != NSP_OK)
        return true;
    if (count == 0)
        return rcode != NSP_RCODE_NOERROR || nsp_left(&r) == 0;
    nsp_name_t asked;
    nsp_name_read(&r, NSP_NAME_COMPRESSED, &asked);
    uint16_t asked_type = nsp_read_u16(&r);
    uint16_t asked_class = nsp_read_u16(&r);
    if (r.err != NSP_OK)
        return true;
    return nsp_name_equal(&asked, name) && asked_type == type && asked_class == qclass;
}

void exchange_set_init(exchange_set_t *set, int64_t began_wall)
{
    memset(set, 0, sizeof *set);
    set->began_wall = began_wall;
}

static void exchange_free(exchange_t *x)
{
    for (uint32_t k = 0; k < x->event_count; k++)
        free(x->event[k].owned);
    free(x->event);
    free(x);
}

void exchange_set_drop(exchange_set_t *set, exchange_t *x)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->item[i] != x)
            continue;
        set->item[i] = set->item[--set->count];
        exchange_free(x);
        return;
    }
}

void exchange_set_free(exchange_set_t *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        exchange_free(set->item[i]);
    free(set->item);
    memset(set, 0, sizeof *set);
}

bool question_read(const uint8_t *message, size_t size, nsp_name_t *name, uint16_t *type,
                   uint16_t *qclass)
{
    uint32_t octets = question_name_octets(message, size);
    if (octets != 0) {
        const uint8_t *after = message + NSP_HEADER_SIZE + octets;
        memcpy(name->octets, message + NSP_HEADER_SIZE, octets);
        name->len = (uint8_t)octets;
        *type = (uint16_t)(after[0] << 8 | after[1]);
        *qclass = (uint16_t)(after[2] << 8 | after[3]);
        return true;
    }
    nsp_reader_t r = nsp_reader(message, size);
    nsp_read_bytes(&r, 4);
    uint16_t count = nsp_read_u16(&r);
    nsp_read_bytes(&r, 6);
    nsp_name_read(&r, NSP_NAME_COMPRESSED, name);
    *type = nsp_read_u16(&r);
    *qclass = nsp_read_u16(&r);
    if (r.err == NSP_OK && count > 0)
        return true;
    nsp_name_root(name);
    *type = 0;
    *qclass = 0;
    return false;
}

exchange_t *exchange_add(exchange_set_t *set, transport_t transport, const addr_t *server,
                         const uint8_t *query, size_t size)
{
    if (set->count == set->cap) {
        uint32_t cap = set->cap == 0 ? 64 : set->cap * 2;
        exchange_t **item = realloc(set->item, cap * sizeof(exchange_t *));
        if (item == NULL)
            return NULL;
        set->item = item;
        set->cap = cap;
    }
    exchange_t *x = calloc(1, sizeof *x);
    if (x == NULL)
        return NULL;
    x->transport = transport;
    x->server = *server;
    question_read(query, size, &x->qname, &x->qtype, &x->qclass);
    set->item[set->count++] = x;
    x->id = set->count;
    return x;
}

bool exchange_append(exchange_t *x, const event_t *e)
{
    if (x->event_count == x->event_cap) {
        uint32_t cap = x->event_cap == 0 ? 4 : x->event_cap * 2;
        event_t *event = realloc(x->event, cap * sizeof *event);
        if (event == NULL)
            return false;
        x->event = event;
        x->event_cap = cap;
    }
    uint8_t *bytes = NULL;
    if (e->bytes != NULL) {
        bytes = malloc(e->size > 0 ? e->size : 1);
        if (bytes == NULL)
            return false;
        memcpy(bytes, e->bytes, e->size);
    }
    uint32_t at = x->event_count;
    while (at > 0 && x->event[at - 1].at > e->at)
        at--;
    memmove(x->event + at + 1, x->event + at, (x->event_count - at) * sizeof *x->event);
    x->event[at] = *e;
    x->event[at].bytes = bytes;
    x->event[at].owned = bytes;
    x->event_count++;
    return true;
}

const event_t *exchange_find(const exchange_t *x, event_kind_t kind)
{
    for (uint32_t i = 0; i < x->event_count; i++)
        if (x->event[i].kind == kind)
            return &x->event[i];
    return NULL;
}

const event_t *exchange_query(const exchange_t *x)
{
    return exchange_find(x, EVENT_SENT);
}

const event_t *exchange_reply(const exchange_t *x)
{
    return exchange_find(x, EVENT_REPLY);
}

const event_t *exchange_sent_of(const exchange_t *x, const event_t *e)
{
    for (uint32_t i = 0; i < x->event_count; i++)
        if (x->event[i].kind == EVENT_SENT && x->event[i].attempt == e->attempt)
            return &x->event[i];
    return NULL;
}

unsigned exchange_attempts(const exchange_t *x)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < x->event_count; i++)
        n += x->event[i].kind == EVENT_SENT;
    return n;
}
