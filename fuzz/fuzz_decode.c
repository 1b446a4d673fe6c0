/* A sequence of packets of any link types through the decoder: items stay inside of their packets,
 * memory inside of its limit. What comes out depends neither on the seed nor on the way through the
 * decoder: a second one, which gets the packets so that none can go the short way, gives the same.
 * One of the packets comes again, and ends early.
 *
 * Options, and which allocation fails; then each packet: link and octets that were cut off, gap in
 * tenths of a second, size in two octets. */
#include <stdlib.h>
#include <string.h>

#include "capture/decode.h"
#include "capture/octets.h"
#include "fuzz/alloc.h"
#include "fuzz/items.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t links[16] = {CAP_LINK_RAW,
                                   CAP_LINK_ETHERNET,
                                   CAP_LINK_NULL,
                                   CAP_LINK_LOOP,
                                   CAP_LINK_PPP,
                                   CAP_LINK_PPP_HDLC,
                                   CAP_LINK_PPP_ETHER,
                                   CAP_LINK_LINUX_SLL,
                                   CAP_LINK_LINUX_SLL2,
                                   CAP_LINK_IPV4,
                                   CAP_LINK_IPV6,
                                   12,
                                   104,
                                   147,
                                   CAP_LINK_ETHERNET,
                                   CAP_LINK_RAW};

#define MEMORY 65536u

static void take(void *user, const cap_item_t *item)
{
    uint64_t *sum = user;
    *sum = item_sum(*sum, item);
}

/* bit 0: UDP ports, 1: all ports, 2: no checksums, 3: another port, 4: hardly any memory */
static decode_options_t options_of(uint8_t bits, uint64_t seed)
{
    decode_options_t o = decode_options_default();
    o.memory = (bits & 16) != 0 ? 4000 : MEMORY;
    o.connections_max = 8;
    o.any_udp_port = (bits & 1) != 0;
    o.any_port = (bits & 2) != 0;
    o.verify_checksums = (bits & 4) == 0;
    o.port_count = (bits & 8) != 0 ? 2 : 0;
    o.port[0] = 53;
    o.port[1] = 853;
    o.seed = seed;
    return o;
}

/* The packet in a form that is read on the long way only, in memory of its own. What has a tag
 * already goes there, and must not get one more: it may be one too many. */
static uint8_t *long_form(cap_packet_t *p)
{
    static const uint8_t tag[4] = {0x81, 0x00, 0x00, 0x01};
    unsigned version = p->size > 0 ? p->bytes[0] >> 4 : 0;
    unsigned type = p->size >= 14 ? octets_u16(p->bytes + 12) : 0;
    if (p->link != CAP_LINK_ETHERNET || (type != 0x0800 && type != 0x86dd)) {
        if (p->link == CAP_LINK_RAW && (version == 4 || version == 6))
            p->link = version == 4 ? CAP_LINK_IPV4 : CAP_LINK_IPV6;
        return exact_copy(p->bytes, p->size);
    }
    uint8_t *copy = malloc(p->size + sizeof tag);
    if (copy == NULL)
        abort();
    memcpy(copy, p->bytes, 12);
    memcpy(copy + 12, tag, sizeof tag);
    memcpy(copy + 12 + sizeof tag, p->bytes + 12, p->size - 12);
    p->size += sizeof tag;
    p->original += sizeof tag;
    return copy;
}

static bool same_stats(const decode_stats_t *a, const decode_stats_t *b)
{
    return a->packets == b->packets && a->cut == b->cut && a->other == b->other &&
           a->malformed == b->malformed && a->not_ip == b->not_ip &&
           a->bad_checksum == b->bad_checksum && a->offloaded == b->offloaded &&
           a->reassembled == b->reassembled && a->connections == b->connections;
}

static void feed(decoder_t *d, const cap_packet_t *p)
{
    cap_packet_t exact = *p;
    uint8_t *copy = exact_copy(p->bytes, p->size);
    uint64_t malformed = decoder_stats(d)->malformed;
    exact.bytes = copy;
    decoder_feed(d, &exact);
    /* an IPv4 header shorter than its fixed part (RFC 791 3.1) */
    if (p->link == CAP_LINK_IPV4 && p->size >= 20 && copy[0] >= 0x40 && copy[0] < 0x45 &&
        decoder_stats(d)->malformed == malformed)
        __builtin_trap();
    free(copy);
    if (decoder_stats(d)->memory > MEMORY + 65536)
        __builtin_trap();
}

static void feed_long(decoder_t *d, const cap_packet_t *p)
{
    cap_packet_t form = *p;
    uint8_t *copy = long_form(&form);
    form.bytes = copy;
    decoder_feed(d, &form);
    free(copy);
}

static void feed_both(decoder_t *d, decoder_t *other, const cap_packet_t *p)
{
    feed(d, p);
    if (other != NULL)
        feed_long(other, p);
}

static bool next_packet(nsp_reader_t *r, cap_packet_t *p)
{
    if (nsp_left(r) < 4)
        return false;
    uint8_t link = nsp_read_u8(r);
    p->link = links[link & 15];
    p->at += nsp_read_u8(r) * INT64_C(100000000);
    uint32_t n = nsp_read_u16(r);
    p->size = n < nsp_left(r) ? n : nsp_left(r);
    p->original = p->size + (link >> 4) * 16u;
    p->bytes = nsp_read_bytes(r, p->size);
    p->number++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsp_reader_t r = nsp_reader(data, size);
    uint64_t sum = 0;
    uint64_t long_sum = 0;
    cap_packet_t p = {.at = 0};
    uint8_t bits = nsp_read_u8(&r);
    uint8_t fail = nsp_read_u8(&r);
    decode_options_t o = options_of(bits, 1);
    decode_options_t long_o = options_of(bits, 2);
    decoder_t *other = decoder_new(&long_o, take, &long_sum);
    alloc_fail(fail);
    decoder_t *d = decoder_new(&o, take, &sum);
    while (d != NULL && other != NULL && next_packet(&r, &p)) {
        feed_both(d, fail == 0 ? other : NULL, &p);
        if (p.number == 1 + size % 4 && p.size > 0) { /* once more, as a snaplen cuts it */
            cap_packet_t cut = p;
            cut.size = (uint32_t)(size / 4) % p.size;
            feed_both(d, fail == 0 ? other : NULL, &cut);
        }
    }
    if (d != NULL)
        decoder_finish(d);
    alloc_fail(0);
    if (other != NULL && fail == 0 && d != NULL) {
        decoder_finish(other);
        if (sum != long_sum || !same_stats(decoder_stats(d), decoder_stats(other)))
            __builtin_trap();
    }
    decoder_free(d);
    decoder_free(other);
    return 0;
}
