#include "capture/ip.h"

#include <string.h>

#include "capture/octets.h"
#include "exchange/checksum.h"
#include "proto/wire.h"

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u

/* A capture file may claim any size on the wire; where no header has a length, this is believed. */
#define WIRE_MAX (1u << 20)

#define OPTION_END  0
#define OPTION_NOP  1
#define OPTION_LSRR 131 /* loose and strict source route (RFC 791 3.1) */
#define OPTION_SSRR 137

#define EXT_HOP_BY_HOP   0
#define EXT_ROUTING      43
#define EXT_AUTH         51
#define EXT_DESTINATION  60
#define EXT_MOBILITY     135
#define EXT_HIP          139
#define EXT_SHIM6        140
#define OPTION6_PAD1     0
#define OPTION6_JUMBO    0xc2
#define OPTION6_HOME     0xc9 /* RFC 6275 6.3: the checksum covers the home address */
#define ROUTING_LEFT     3u   /* octet with the number of segments left */
#define FRAGMENT_MORE_V4 0x2000u
#define FRAGMENT_MASK_V4 0x1fffu

/* Whether the options of an IPv4 header have the packet go by way of other addresses. */
static bool source_route(const uint8_t *options, uint32_t n)
{
    nsp_reader_t r = nsp_reader(options, n);
    while (r.err == NSP_OK && nsp_left(&r) > 0) {
        uint8_t kind = nsp_read_u8(&r);
        if (kind == OPTION_END)
            return false;
        if (kind == OPTION_NOP)
            continue;
        if (kind == OPTION_LSRR || kind == OPTION_SSRR)
            return true;
        uint8_t length = nsp_read_u8(&r);
        if (length < 2)
            return false;
        (void)nsp_read_bytes(&r, length - 2u);
    }
    return false;
}

/* Cuts the payload by the length that the header has, or by what is there. */
static void set_payload(ip_view_t *v, const uint8_t *payload, uint32_t captured, uint32_t length,
                        uint32_t wire)
{
    v->payload = payload;
    v->length = length;
    v->beyond = length > wire;
    v->size = captured < length ? captured : length;
}

static ip_kind_t read_v4(ip_view_t *v, const uint8_t *p, uint32_t size, uint32_t wire)
{
    if (size < IPV4_HEADER)
        return IP_CUT;
    uint32_t header = (p[0] & 15u) * 4;
    uint32_t total = octets_u16(p + 2);
    if (p[0] >> 4 != 4 || header < IPV4_HEADER)
        return IP_MALFORMED;
    /* 0: segmentation is left to the network card, which fills in the length */
    if (total == 0)
        total = wire;
    if (total < header)
        return IP_MALFORMED;
    if (size < header)
        return IP_CUT;
    uint32_t part = octets_u16(p + 6);
    v->from = p + 12;
    v->to = p + 16;
    v->ttl = p[8];
    v->protocol = p[9];
    v->id = octets_u16(p + 4);
    v->more = (part & FRAGMENT_MORE_V4) != 0;
    v->offset = (part & FRAGMENT_MASK_V4) * 8;
    v->fragment = v->more || v->offset > 0;
    v->bad_header = octets_u16(p + 10) != 0 && checksum_fold(checksum_sum(p, header)) != 0xffff;
    v->rerouted = header > IPV4_HEADER && source_route(p + IPV4_HEADER, header - IPV4_HEADER);
    set_payload(v, p + header, size - header, total - header, wire > header ? wire - header : 0);
    return v->fragment ? IP_GOOD : ip_resume(v);
}

/* Whether a hop-by-hop header has the jumbo payload option (RFC 2675 2), or a destination header
 * the home address. */
static bool has_option6(const uint8_t *options, uint32_t n, uint8_t wanted)
{
    nsp_reader_t r = nsp_reader(options, n);
    while (r.err == NSP_OK && nsp_left(&r) > 0) {
        uint8_t kind = nsp_read_u8(&r);
        if (kind == wanted)
            return true;
        if (kind != OPTION6_PAD1)
            (void)nsp_read_bytes(&r, nsp_read_u8(&r));
    }
    return false;
}

/* Steps over n octets of extension header; the caller has checked that they are there. */
static void step(ip_view_t *v, uint32_t n)
{
    v->payload += n;
    v->size -= n;
    v->length -= n;
}

/* Any extension header but a fragment's: n octets, which are there. */
static void read_extension(ip_view_t *v, uint32_t n)
{
    const uint8_t *p = v->payload;
    if (v->protocol == EXT_ROUTING && p[ROUTING_LEFT] > 0)
        v->rerouted = true;
    if (v->protocol == EXT_DESTINATION && has_option6(p + 2, n - 2, OPTION6_HOME))
        v->rerouted = true;
    v->protocol = p[0];
}

/* A fragment header (RFC 8200 4.5), 8 octets, which are there. One that makes no part of anything
 * leaves fragment false and is stepped over like any other extension (RFC 6946). */
static void read_fragment(ip_view_t *v)
{
    const uint8_t *p = v->payload;
    uint32_t part = octets_u16(p + 2);
    v->protocol = p[0];
    v->id = octets_u32(p + 4);
    v->more = (part & 1) != 0;
    v->offset = part & 0xfff8u;
    v->fragment = v->more || v->offset > 0;
}

/* IPv4 has one as well (RFC 4302 3.1.1). */
static bool is_extension(unsigned family, uint8_t protocol)
{
    if (family == 4)
        return protocol == EXT_AUTH;
    return protocol == EXT_HOP_BY_HOP || protocol == EXT_ROUTING || protocol == EXT_DESTINATION ||
           protocol == EXT_AUTH || protocol == IP_FRAGMENT || protocol == EXT_MOBILITY ||
           protocol == EXT_HIP || protocol == EXT_SHIM6;
}

/* Size of the extension header at the payload, of which 8 octets are there. */
static uint32_t extension_size(const ip_view_t *v)
{
    if (v->protocol == IP_FRAGMENT)
        return 8;
    if (v->protocol == EXT_AUTH)
        return (v->payload[1] + 2u) * 4; /* RFC 4302 2.2 */
    return (v->payload[1] + 1u) * 8;     /* RFC 6564 4 */
}

ip_kind_t ip_resume(ip_view_t *v)
{
    while (is_extension(v->family, v->protocol)) {
        if (v->length < 8 || ++v->extensions > IP_EXTENSIONS_MAX)
            return IP_MALFORMED;
        if (v->size < 8)
            return IP_CUT;
        uint32_t n = extension_size(v);
        if (n > v->length)
            return IP_MALFORMED;
        if (n > v->size)
            return IP_CUT;
        if (v->protocol == IP_FRAGMENT)
            read_fragment(v);
        else
            read_extension(v, n);
        step(v, n);
        if (v->fragment)
            return IP_GOOD;
    }
    return IP_GOOD;
}

static ip_kind_t read_v6(ip_view_t *v, const uint8_t *p, uint32_t size, uint32_t wire)
{
    if (size < IPV6_HEADER)
        return IP_CUT;
    if (p[0] >> 4 != 6)
        return IP_MALFORMED;
    uint32_t length = octets_u16(p + 4);
    v->from = p + 8;
    v->to = p + 24;
    v->protocol = p[6];
    v->ttl = p[7];
    wire = wire > IPV6_HEADER ? wire - IPV6_HEADER : 0;
    if (length == 0 && wire > 0) {
        /* a jumbogram, or segmentation is left to the network card */
        if (v->protocol == EXT_HOP_BY_HOP && size >= IPV6_HEADER + 8 &&
            has_option6(p + IPV6_HEADER + 2, 6, OPTION6_JUMBO))
            return IP_JUMBO;
        if (v->protocol != IP_NONEXT)
            length = wire;
    }
    set_payload(v, p + IPV6_HEADER, size - IPV6_HEADER, length, wire);
    return ip_resume(v);
}

ip_kind_t ip_read(ip_view_t *v, unsigned family, const uint8_t *bytes, uint32_t size, uint32_t wire)
{
    memset(v, 0, sizeof *v);
    v->family = (uint8_t)family;
    if (wire > WIRE_MAX)
        wire = WIRE_MAX;
    return family == 4 ? read_v4(v, bytes, size, wire) : read_v6(v, bytes, size, wire);
}

addr_t ip_addr(const ip_view_t *v, const uint8_t *octets, uint16_t port)
{
    return addr_from_octets(octets, v->family == 4 ? 4 : 16, port);
}
