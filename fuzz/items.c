#include "fuzz/items.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

uint8_t *exact_room(uint32_t size)
{
    uint8_t *room = malloc(size > 0 ? size : 1);
    if (room == NULL)
        room = malloc(size > 0 ? size : 1); /* it was its turn to fail, and is no more */
    if (room == NULL)
        abort();
    if (size == 0) /* memory of no octets has one all the same, which nobody may read */
        ASAN_POISON_MEMORY_REGION(room, 1);
    return room;
}

uint8_t *exact_copy(const uint8_t *bytes, uint32_t size)
{
    uint8_t *copy = exact_room(size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

__attribute__((noinline)) void fill_stack(uint8_t octet)
{
    volatile uint8_t below[16384];
    for (size_t i = 0; i < sizeof below; i++)
        below[i] = octet;
}

static uint64_t add(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * UINT64_C(0x100000001b3) + (sum >> 32);
}

static uint64_t add_octets(uint64_t sum, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        sum = add(sum, bytes[i]);
    return add(sum, size);
}

static uint64_t add_addr(uint64_t sum, const addr_t *a)
{
    return add(add_octets(sum, a->octets, a->family == 4 ? 4 : 16), a->port);
}

uint64_t item_sum(uint64_t sum, const cap_item_t *item)
{
    if (item->kind > CAP_ITEM_ICMP || (item->size > item->original && item->original != 0))
        __builtin_trap();
    sum = add(add(sum, item->kind), item->notes);
    sum = add(add(sum, (uint64_t)item->at), item->number);
    sum = add_addr(add_addr(sum, &item->from), &item->to);
    sum = add(add_octets(sum, item->bytes, item->size), item->original);
    sum = add(sum, item->connection);
    if (item->kind != CAP_ITEM_ICMP)
        return sum;
    sum = add(add(add(sum, item->icmp_type), item->icmp_code), item->icmp_mtu);
    return add(add_addr(add_addr(sum, &item->quoted_from), &item->quoted_to), item->quoted);
}

static uint64_t add_message(uint64_t sum, const flow_message_t *m)
{
    if (m->bytes != NULL)
        sum = add_octets(sum, m->bytes, m->size);
    return add(add(sum, (uint64_t)m->at), m->number);
}

uint64_t flow_sum(uint64_t sum, const flow_t *flow)
{
    bool answered = (flow->notes & FLOW_ANSWERED) != 0;
    if (flow->event_count > FLOW_EVENTS_MAX || flow->attempts > FLOW_ATTEMPTS_MAX ||
        (answered && flow->reply_attempt > flow->attempts))
        __builtin_trap();
    sum = add(add(sum, flow->number), flow->notes);
    sum = add_addr(add_addr(sum, &flow->client), &flow->server);
    sum = add(add(sum, flow->attempts), flow->connection);
    sum = add_message(add_message(sum, &flow->query), &flow->reply);
    for (uint32_t i = 0; i < flow->event_count; i++) {
        const flow_event_t *e = &flow->event[i];
        sum = add(add(add(sum, e->kind), e->attempt), e->mismatch);
        sum = add_message(add_addr(sum, &e->peer), &e->message);
    }
    return sum;
}
