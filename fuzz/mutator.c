#include "fuzz/mutator.h"

#include "proto/nsproto.h"

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

#define RECORDS_MAX 64
/* Limits of how many there may be of a kind are mostly below 2 to this. */
#define REPEAT_BITS 9

/* How often something comes again: of each magnitude as often. */
static size_t times_of(nsp_random_t *r)
{
    return 1 + nsp_random_below(r, 1u << nsp_random_below(r, REPEAT_BITS + 1));
}

/* Puts times copies of data[at, at + n) behind it, as many as there is room for. Returns how many.
 */
static size_t repeat(uint8_t *data, size_t *size, size_t cap, size_t at, size_t n, size_t times)
{
    size_t room = n > 0 && cap > *size ? (cap - *size) / n : 0;
    times = times < room ? times : room;
    if (times == 0)
        return 0;
    memmove(data + at + n * (times + 1), data + at + n, *size - at - n);
    for (size_t i = 1; i <= times; i++)
        memcpy(data + at + n * i, data + at, n);
    *size += n * times;
    return times;
}

/* An octet as the length of what stands behind it: one more or less, much less, or nothing, with
 * the octets that this takes. Returns by how much all got longer. */
static int nudge(uint8_t *data, size_t *size, size_t cap, size_t at, nsp_random_t *r)
{
    size_t left = *size - at - 1;
    size_t length = data[at] < left ? data[at] : left;
    size_t end = at + 1 + length;
    if (nsp_random_below(r, 2) == 0) {
        if (*size == cap || data[at] == UINT8_MAX)
            return 0;
        memmove(data + end + 1, data + end, *size - end);
        data[end] = (uint8_t)nsp_random_next(r);
        data[at]++;
        ++*size;
        return 1;
    }
    uint32_t most = nsp_random_below(r, 2) == 0 ? 1 : (uint32_t)length;
    size_t gone = length == 0                   ? 0
                  : nsp_random_below(r, 4) == 0 ? length
                                                : 1 + nsp_random_below(r, most);
    memmove(data + end - gone, data + end, *size - end);
    data[at] = (uint8_t)(data[at] - gone);
    *size -= gone;
    return -(int)gone;
}

/* The octet that says how long some field of RDATA is, by the table of types; any octet when there
 * is none. */
static size_t length_octet(const uint8_t *data, size_t size, size_t at, uint16_t type,
                           nsp_random_t *r)
{
    nsp_msg_t m = {.wire = data, .size = (uint32_t)size, .opt = NSP_NO_RR};
    nsp_rr_t rr = {.type = type,
                   .rclass = NSP_CLASS_IN,
                   .rdata = (uint16_t)at,
                   .rdlength = (uint16_t)(size - at)};
    size_t found = at + nsp_random_below(r, (uint32_t)(size - at));
    unsigned count = 0;
    nsp_rdata_t it;
    nsp_field_t f = {0};
    if (size > UINT16_MAX)
        return found;
    nsp_rdata_begin(&it, &m, &rr);
    while (nsp_rdata_next(&it, &f))
        if (f.bytes > data + at && f.nbytes > 0 && f.bytes[-1] == f.nbytes &&
            nsp_random_below(r, ++count) == 0)
            found = (size_t)(f.bytes - 1 - data);
    return found;
}

/* RDATA that is shorter, goes on and on, or has something in it that is longer. Returns its octets.
 * RDATA ends with the message: what stood behind it is put there again by the caller. */
static size_t resize_rdata(uint8_t *data, size_t size, size_t cap, size_t at, uint16_t type,
                           nsp_random_t *r)
{
    size_t n = size - at;
    size_t part = n > 0 ? 1 + nsp_random_below(r, (uint32_t)n) : 0;
    if (n == 0)
        return 0;
    switch (nsp_random_below(r, 4)) {
    case 0:
        return part - 1;
    case 1:
        repeat(data, &size, cap, size - part, part, times_of(r));
        return size - at;
    case 2:
        nudge(data, &size, cap, at + part - 1, r);
        return size - at;
    default:
        nudge(data, &size, cap, length_octet(data, size, at, type, r), r);
        return size - at;
    }
}

/* An option of EDNS behind size octets: small numbers, then any octets. Returns the new size. */
static size_t put_option(uint8_t *data, size_t size, size_t cap, nsp_random_t *r)
{
    size_t n = nsp_random_below(r, 45);
    if (cap - size < 4 + n)
        return size;
    put16(data + size, nsp_random_below(r, 22));
    put16(data + size + 2, n);
    for (size_t i = 0; i < n; i++)
        data[size + 4 + i] = (uint8_t)nsp_random_below(r, i < 2 ? 4 : 256);
    if (n > 0 && nsp_random_below(r, 2) == 0)
        data[size + 4] = 0;
    return size + 4 + n;
}

/* One record many times, and its section counts them; or RDATA of another size, and RDLENGTH counts
 * it. */
static void change_record(uint8_t *data, size_t *size, size_t cap, nsp_random_t *r)
{
    nsp_rr_t arena[RECORDS_MAX];
    nsp_msg_t m;
    nsp_msg_index(&m, data, *size, arena, RECORDS_MAX);
    if (m.rr_count == 0)
        return;
    const nsp_rr_t *rr = &arena[nsp_random_below(r, m.rr_count)];
    size_t end = (size_t)rr->rdata + rr->rdlength;
    if (nsp_random_below(r, 3) == 0) {
        size_t times = repeat(data, size, cap, rr->owner, end - rr->owner, times_of(r));
        for (size_t i = 1; i <= times && rr->rdlength > 0 && times % 2 == 1; i++)
            data[end - 1 + i * (end - rr->owner)] += (uint8_t)i; /* others, and not the same */
        put16(data + 4 + 2 * rr->section, m.count[rr->section] + times);
        return;
    }
    size_t tail = *size - end;
    memmove(data + cap - tail, data + end, tail); /* waits at the end of the room */
    size_t n = rr->type == NSP_TYPE_OPT && nsp_random_below(r, 2) == 0
                   ? put_option(data, end, cap - tail, r) - rr->rdata
                   : resize_rdata(data, end, cap - tail, rr->rdata, rr->type, r);
    memmove(data + rr->rdata + n, data + cap - tail, tail);
    put16(data + rr->fixed + 8, n);
    *size = rr->rdata + n + tail;
}

size_t mutate_message(uint8_t *data, size_t size, size_t cap, uint64_t seed)
{
    nsp_random_t r = {seed};
    if (nsp_random_below(&r, 4) == 0) {
        change_record(data, &size, cap, &r);
        return size;
    }
    for (uint32_t i = 0, n = 1 + nsp_random_below(&r, 3); i < n; i++)
        nsp_mutate(data, &size, cap, &r);
    return size;
}

size_t mutate_replies(uint8_t *data, size_t size, size_t cap, uint64_t seed)
{
    nsp_random_t r = {seed};
    size_t at[RECORDS_MAX];
    unsigned count = 0;
    for (size_t pos = REPLIES_HEAD; count < RECORDS_MAX && pos + 2 <= size;) {
        at[count++] = pos;
        pos += 2u + (size_t)(data[pos] << 8 | data[pos + 1]);
    }
    if (count == 0)
        return size;
    size_t begin = at[nsp_random_below(&r, count)] + 2;
    size_t old = (size_t)(data[begin - 2] << 8 | data[begin - 1]);
    old = old < size - begin ? old : size - begin;
    size_t tail = size - begin - old;
    /* the rest waits at the end of the room */
    memmove(data + cap - tail, data + begin + old, tail);
    size_t room = cap - tail - begin;
    size_t n = mutate_message(data + begin, old, room < UINT16_MAX ? room : UINT16_MAX,
                              nsp_random_next(&r));
    memmove(data + begin + n, data + cap - tail, tail);
    put16(data + begin - 2, n);
    return begin + n + tail;
}

size_t mutate_text(uint8_t *data, size_t size, size_t cap, uint64_t seed)
{
    static const char ends[] = " \n,;:.\t";
    nsp_random_t r = {seed};
    if (size == 0)
        return size;
    uint8_t end = (uint8_t)ends[nsp_random_below(&r, sizeof ends - 1)];
    size_t at = nsp_random_below(&r, (uint32_t)size);
    size_t n = 1;
    if (nsp_random_below(&r, 3) == 0) { /* some octets */
        n += nsp_random_below(&r, 16);
        n = n < size - at ? n : size - at;
    } else { /* up to and with the next one that ends a word, or a line */
        while (at > 0 && data[at - 1] != end)
            at--;
        while (at + n < size && data[at + n - 1] != end)
            n++;
    }
    repeat(data, &size, cap, at, n, times_of(&r));
    return size;
}

size_t mutate_rdata(uint8_t *data, size_t size, size_t cap, uint64_t seed)
{
    nsp_random_t r = {seed};
    if (cap < 2)
        return size;
    if (size < 2 || nsp_random_below(&r, 2) == 0) { /* sound RDATA of some type */
        uint32_t line = nsp_random_below(&r, (uint32_t)nsp_rrtype_count());
        uint16_t type = nsp_rrtype_at(line)->number;
        data[0] = (uint8_t)(type >> 8);
        data[1] = (uint8_t)type;
        return 2 + nsp_rdata_generate(type, &r, data + 2, cap - 2);
    }
    if (size == 2)
        return size;
    uint32_t at = 2u + nsp_random_below(&r, (uint32_t)size - 2);
    if (nsp_random_below(&r, 2) == 0)
        return 2 + resize_rdata(data, size, cap, 2, (uint16_t)(data[0] << 8 | data[1]), &r);
    data[at] = (uint8_t)nsp_random_next(&r);
    return size;
}
