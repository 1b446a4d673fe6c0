/* Any sequence of fragments of a few datagrams: what comes together holds at each offset an octet
 * that some fragment had there, is as long as the last one says, and has no hole; memory stays
 * inside of its limit. Each fragment: datagram and family, offset / 8 in two octets, gap, octets
 * that were cut off, size. */
#include <stdlib.h>
#include <string.h>

#include "capture/fragment.h"
#include "fuzz/alloc.h"
#include "fuzz/items.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS_MAX 512u
#define MEMORY    6000u
/* An entry, and a part that is longer than the room that is left, may be over the limit. */
#define MEMORY_OVER 70000u

typedef struct part {
    uint32_t datagram;
    uint32_t offset;
    uint32_t size;
    uint32_t length;
    bool more;
    uint8_t *bytes; /* owned */
} part_t;

typedef struct seen {
    part_t part[PARTS_MAX];
    uint32_t count;
    uint64_t sum;
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
        bool found = false;
        for (uint32_t k = 0; k < s->count && !found; k++) {
            const part_t *p = &s->part[k];
            found = p->datagram == datagram && i >= p->offset && i - p->offset < p->size &&
                    p->bytes[i - p->offset] == d->bytes[i];
        }
        need(found);
    }
}

static bool next_part(nsp_reader_t *r, ip_view_t *v, origin_t *origin, uint8_t from[32])
{
    if (nsp_left(r) < 6)
        return false;
    uint8_t which = nsp_read_u8(r);
    uint16_t place = nsp_read_u16(r);
    memset(v, 0, sizeof *v);
    memset(from, 1, 32);
    v->family = (which & 1) != 0 ? 6 : 4;
    v->id = which >> 1 & 3;
    v->protocol = IP_UDP;
    v->from = from;
    v->to = from + (v->family == 4 ? 4 : 16);
    v->fragment = true;
    v->more = (which & 8) == 0;
    v->offset = (place & 0x1fffu) * 8;
    origin->at += (place >> 13) * INT64_C(100);
    uint8_t cut = nsp_read_u8(r);
    uint32_t n = nsp_read_u16(r) & 0x0fffu;
    n = n < nsp_left(r) ? n : nsp_left(r);
    v->length = v->more ? n & ~7u : n;
    v->size = v->length - (cut < v->length ? cut : v->length);
    v->payload = nsp_read_bytes(r, v->length);
    origin->number++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static seen_t s;
    nsp_reader_t r = nsp_reader(data, size);
    ip_view_t v;
    origin_t origin = {.at = 0};
    datagram_t d;
    uint8_t from[32];
    s.count = 0;
    alloc_fail(nsp_read_u8(&r));
    fragment_table_t *t = fragment_table_new(MEMORY, 1500, 7, on_lost, &s);
    while (t != NULL && s.count < PARTS_MAX && next_part(&r, &v, &origin, from)) {
        uint32_t datagram = v.id * 2 + (v.family == 6);
        part_t *p = &s.part[s.count++];
        *p = (part_t){datagram, v.offset, v.size, v.length, v.more, exact_copy(v.payload, v.size)};
        v.payload = p->bytes;
        uint8_t *whole = fragment_take(t, &v, &origin, &d);
        if (whole != NULL)
            check_whole(&s, datagram, &d);
        free(whole);
        need(fragment_memory(t) <= MEMORY + MEMORY_OVER);
        fragment_expire(t, origin.at);
    }
    if (t != NULL)
        fragment_finish(t);
    alloc_fail(0);
    need(t == NULL || fragment_memory(t) == 0);
    fragment_table_free(t);
    while (s.count > 0)
        free(s.part[--s.count].bytes);
    return 0;
}
