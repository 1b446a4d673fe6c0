/* Any sequence of fragments of a few datagrams. With memory enough for all of them, every step must
 * end as the plain model has it (fragment_model.h). With little, or when an allocation fails: what
 * comes together holds at each offset an octet that some fragment had there, is as long as the last
 * one says, and has no hole; memory stays inside of its limit.
 *
 * Memory in the first two bits and which allocation fails; then each fragment: datagram and family,
 * offset / 8 in two octets, gap, octets that were cut off, size. Octets are those that follow, or
 * made ones. */
#include <stdlib.h>
#include <string.h>

#include "capture/fragment.h"
#include "fuzz/alloc.h"
#include "fuzz/fragment_model.h"
#include "fuzz/items.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TIMEOUT INT64_C(1500)
/* An entry, and a part that is longer than the room that is left, may be over the limit. */
#define MEMORY_OVER 70000u
/* Made octets of an input, so that a short one does not take long. */
#define MADE_MAX 20000u

typedef struct seen {
    model_part_t part[MODEL_PARTS]; /* with octets of their own */
    uint32_t count;
    uint64_t sum;
    uint32_t made;  /* octets */
    model_t *model; /* NULL: memory is not enough for all */
} seen_t;

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void on_lost(void *user, const datagram_t *d)
{
    seen_t *s = user;
    need(d->size <= d->length && d->length <= 65535);
    for (uint32_t i = 0; i < d->size; i++)
        s->sum += d->bytes[i];
    if (s->model != NULL)
        model_lost(s->model, d);
}

static bool has_octet(const model_part_t *p, uint32_t at, uint8_t octet)
{
    return at >= p->offset && at - p->offset < p->size && p->bytes[at - p->offset] == octet;
}

static void check_whole(const seen_t *s, uint32_t datagram, const datagram_t *d)
{
    bool end = false;
    need(d->size <= d->length && d->length <= 65535 && d->first);
    for (uint32_t k = 0; k < s->count; k++)
        end |= s->part[k].datagram == datagram && !s->part[k].more &&
               s->part[k].offset + s->part[k].length == d->length;
    need(end);
    for (uint32_t i = 0; i < d->size; i++) {
        uint32_t k = s->count;
        while (k > 0 &&
               !(s->part[k - 1].datagram == datagram && has_octet(&s->part[k - 1], i, d->bytes[i])))
            k--;
        need(k > 0);
    }
}

static uint8_t *made_octets(uint32_t from, uint32_t size, uint8_t variant)
{
    uint8_t *copy = exact_room(size);
    for (uint32_t i = 0; i < size; i++)
        copy[i] = (uint8_t)((from + i) * 7 + (from + i) / 256 + variant);
    return copy;
}

/* Reads the next fragment. False at the end. */
static bool next_part(seen_t *s, nsp_reader_t *r, model_part_t *p)
{
    if (nsp_left(r) < 7 || s->count == MODEL_PARTS)
        return false;
    uint8_t which = nsp_read_u8(r);
    uint16_t place = nsp_read_u16(r);
    bool made = (which & 16) != 0;
    int64_t at = s->count > 0 ? s->part[s->count - 1].at : 0;
    *p = (model_part_t){.datagram = (which >> 1 & 3) * 2u + (which & 1),
                        .offset = (place & 0x1fffu) * 8,
                        .more = (which & 8) == 0,
                        .six = (which & 1) != 0,
                        .at = at + (place >> 13) * INT64_C(100),
                        .number = s->count + 1};
    uint8_t cut = nsp_read_u8(r);
    uint32_t n = nsp_read_u16(r) & 0x0fffu;
    if (!made)
        n = n < nsp_left(r) ? n : nsp_left(r);
    else if ((s->made += n) > MADE_MAX)
        n &= 15;
    p->length = p->more ? n & ~7u : n;
    p->size = p->length - (cut < p->length ? cut : p->length);
    const uint8_t *given = made ? NULL : nsp_read_bytes(r, p->length);
    p->bytes = made ? made_octets(p->offset, p->size, which >> 5) : exact_copy(given, p->size);
    return true;
}

static void take(fragment_table_t *t, seen_t *s, const model_part_t *p, size_t memory)
{
    static const uint8_t addresses[32] = {1, 2, 3};
    ip_view_t v = {.family = p->six ? 6 : 4,
                   .id = p->datagram / 2,
                   .protocol = 17,
                   .from = addresses,
                   .to = addresses + (p->six ? 16 : 4),
                   .fragment = true,
                   .more = p->more,
                   .offset = p->offset,
                   .payload = p->bytes,
                   .size = p->size,
                   .length = p->length};
    origin_t origin = {.at = p->at, .number = p->number};
    datagram_t d;
    s->part[s->count++] = *p;
    if (s->model != NULL)
        model_announce(s->model, p);
    uint8_t *whole = fragment_take(t, &v, &origin, &d);
    if (s->model != NULL)
        model_take(s->model, p, whole != NULL ? &d : NULL);
    else if (whole != NULL)
        check_whole(s, p->datagram, &d);
    free(whole);
    need(fragment_memory(t) <= memory + MEMORY_OVER);
    fragment_expire(t, p->at);
    need(fragment_deadline(t) > p->at);
    if (s->model != NULL)
        model_expire(s->model, p->at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t memory_of[4] = {6000, 1000, 3000, (size_t)1 << 26};
    static seen_t s;
    nsp_reader_t r = nsp_reader(data, size);
    model_part_t p;
    uint8_t bits = nsp_read_u8(&r);
    size_t memory = memory_of[bits >> 6];
    s.count = s.made = 0;
    s.model = memory > 6000 && (bits & 63) == 0 ? model_begin(TIMEOUT) : NULL;
    alloc_fail(bits & 63);
    fragment_table_t *t = fragment_table_new(memory, TIMEOUT, 7, on_lost, &s);
    while (t != NULL && next_part(&s, &r, &p))
        take(t, &s, &p, memory);
    if (t != NULL)
        fragment_finish(t);
    alloc_fail(0);
    need(t == NULL || fragment_memory(t) == 0);
    if (s.model != NULL && t != NULL)
        model_finish(s.model, fragment_stats(t));
    fragment_table_free(t);
    while (s.count > 0)
        free((void *)(uintptr_t)s.part[--s.count].bytes);
    return 0;
}
