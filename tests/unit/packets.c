#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exchange/checksum.h"
#include "proto/nsproto.h"

static void take(void *user, const cap_item_t *item)
{
    pdecode_t *p = user;
    if (p->count == sizeof p->item / sizeof p->item[0])
        return;
    uint8_t *copy = malloc(item->size > 0 ? item->size : 1);
    assert_non_null(copy);
    if (item->size > 0)
        memcpy(copy, item->bytes, item->size);
    p->item[p->count] = *item;
    p->item[p->count++].bytes = copy;
}

void pdecode_begin(pdecode_t *p, const decode_options_t *options)
{
    decode_options_t o = options != NULL ? *options : decode_options_default();
    memset(p, 0, sizeof *p);
    p->at = 1700000000 * P_SEC;
    p->d = decoder_new(&o, take, p);
    assert_non_null(p->d);
}

void pdecode_forget(pdecode_t *p)
{
    for (size_t i = 0; i < p->count; i++)
        free((void *)(uintptr_t)p->item[i].bytes);
    p->count = 0;
}

void pdecode_end(pdecode_t *p)
{
    pdecode_forget(p);
    decoder_free(p->d);
}

void pdecode_feed(pdecode_t *p, uint32_t link, const uint8_t *bytes, uint32_t size,
                  uint32_t original)
{
    /* in an allocation of just this size, so that one octet too many is seen */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, bytes, size);
    cap_packet_t packet = {.bytes = copy,
                           .at = p->at,
                           .number = ++p->number,
                           .link = link,
                           .size = size,
                           .original = original};
    decoder_feed(p->d, &packet);
    free(copy);
}

void pdecode_raw(pdecode_t *p, const packet_t *packet)
{
    pdecode_feed(p, CAP_LINK_RAW, packet->octets, packet->size, packet->size);
}

void pdecode_raw_at(pdecode_t *p, const packet_t *packet, int64_t at)
{
    p->at = at;
    pdecode_raw(p, packet);
}

addr_t paddr(const char *text)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), 53, &a));
    return a;
}

void pudp(packet_t *p, const char *from, uint16_t from_port, const char *to, const uint8_t *data,
          uint32_t size)
{
    addr_t a = paddr(from);
    addr_t b = paddr(to);
    a.port = from_port;
    packet_udp(p, NULL, &a, &b, data, size);
}

static void put16(uint8_t *at, unsigned v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void fragment4(const packet_t *whole, uint32_t id, uint32_t from, uint32_t to, packet_t *out)
{
    bool last = to == whole->size - 20;
    memcpy(out->octets, whole->octets, 20);
    memcpy(out->octets + 20, whole->octets + 20 + from, to - from);
    out->size = 20 + to - from;
    put16(out->octets + 2, out->size);
    put16(out->octets + 4, id);
    put16(out->octets + 6, (last ? 0 : 0x2000u) | from / 8);
    put16(out->octets + 10, 0);
    put16(out->octets + 10, (uint16_t)~checksum_fold(checksum_sum(out->octets, 20)));
}

static void fragment6(const packet_t *whole, uint32_t id, uint32_t from, uint32_t to, packet_t *out)
{
    bool last = to == whole->size - 40;
    memcpy(out->octets, whole->octets, 40);
    uint8_t *h = out->octets + 40;
    h[0] = whole->octets[6];
    h[1] = 0;
    put16(h + 2, from | (last ? 0 : 1u));
    put16(h + 4, id >> 16);
    put16(h + 6, id);
    memcpy(out->octets + 48, whole->octets + 40 + from, to - from);
    out->octets[6] = 44;
    out->size = 48 + to - from;
    put16(out->octets + 4, out->size - 40);
}

void pfragment(const packet_t *whole, uint32_t id, uint32_t from, uint32_t to, packet_t *out)
{
    if (whole->octets[0] >> 4 == 4)
        fragment4(whole, id, from, to, out);
    else
        fragment6(whole, id, from, to, out);
}

void pfill(uint8_t *out, uint32_t n, unsigned seed)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = (uint8_t)(seed + i * 7 + i / 256);
}

uint32_t pquery(uint8_t *out, uint16_t id)
{
    nsp_name_t name;
    size_t size = 0;
    nsp_name_from_text("www.example.net.", 16, NULL, &name, NULL);
    assert_int_equal(nsp_build_query(out, 64, id, 0, &name, NSP_TYPE_A, NSP_CLASS_IN, NULL, &size),
                     NSP_OK);
    return (uint32_t)size;
}
