#include "capture/link_wrap.h"

#include <stdbool.h>

#include "capture/packet.h"
#include "proto/wire.h"

#define LINK_TOKEN_RING   6
#define LINK_ARCNET       7
#define LINK_FDDI         10
#define LINK_ATM          100
#define LINK_802_11       105
#define LINK_ENC          109
#define LINK_PRISM        119
#define LINK_RADIOTAP     127
#define LINK_ARCNET_LINUX 129
#define LINK_USER2        149 /* Apple wrote PKTAP with it before it had a number */
#define LINK_AVS          163
#define LINK_PPI          192
#define LINK_NFLOG        239
#define LINK_PKTAP        258

#define ETHERTYPE_LLC 0 /* a length, behind which LLC stands */

#define FRAME_DATA      0x08u /* type, of the first octet of frame control (IEEE 802.11 9.2.4.1) */
#define FRAME_TYPE      0x0cu
#define FRAME_NULL      0x40u /* subtypes: no data inside */
#define FRAME_QOS       0x80u
#define FRAME_TO_DS     0x01u /* flags, of the second octet */
#define FRAME_FROM_DS   0x02u
#define FRAME_PROTECTED 0x40u
#define FRAME_ORDER     0x80u
#define QOS_AGGREGATE   0x80u

#define ARCNET_IP_1051 240
#define ARCNET_IP_1201 212

#define PRISM_HEADER 144u
#define PKTAP_MIN    108u
#define PKTAP_PACKET 1u

#define NFLOG_PAYLOAD 9
#define NFLOG_TYPES   0x7fffu

static link_t at(link_kind_t kind, uint32_t offset)
{
    return (link_t){kind, offset};
}

static uint16_t little16(nsp_reader_t *r)
{
    return __builtin_bswap16(nsp_read_u16(r));
}

static uint32_t little32(nsp_reader_t *r)
{
    return __builtin_bswap32(nsp_read_u32(r));
}

/* What link says of the octets from where r stands, with its offset from the packet's beginning. */
static link_t behind(const nsp_reader_t *r, link_t link)
{
    link.offset += r->pos;
    return link;
}

static link_t llc(const nsp_reader_t *r)
{
    if (r->err != NSP_OK)
        return at(LINK_CUT, r->pos);
    return behind(r, link_read_ethertype(ETHERTYPE_LLC, r->base + r->pos, nsp_left(r)));
}

/* Another link type behind a header of length octets. */
static link_t inner(nsp_reader_t *r, uint32_t type, uint32_t length, uint32_t shortest)
{
    if (r->err == NSP_OK && length < shortest)
        return at(LINK_MALFORMED, r->pos);
    r->pos = 0;
    (void)nsp_read_bytes(r, length);
    if (r->err != NSP_OK)
        return at(LINK_CUT, r->pos);
    return behind(r, link_read_plain(type, r->base + r->pos, nsp_left(r)));
}

static link_t wlan(nsp_reader_t *r)
{
    uint8_t control = nsp_read_u8(r);
    uint8_t flags = nsp_read_u8(r);
    uint16_t qos = 0;
    (void)nsp_read_bytes(r, 22);
    if (r->err != NSP_OK)
        return at(LINK_CUT, r->pos);
    if ((control & 3u) != 0)
        return at(LINK_MALFORMED, r->pos);
    if ((control & FRAME_TYPE) != FRAME_DATA || (control & FRAME_NULL) != 0 ||
        (flags & FRAME_PROTECTED) != 0)
        return at(LINK_OTHER, r->pos);
    if ((flags & FRAME_TO_DS) != 0 && (flags & FRAME_FROM_DS) != 0)
        (void)nsp_read_bytes(r, 6);
    if ((control & FRAME_QOS) != 0)
        qos = nsp_read_u16(r);
    if ((control & FRAME_QOS) != 0 && (flags & FRAME_ORDER) != 0)
        (void)nsp_read_u32(r);
    if ((qos >> 8 & QOS_AGGREGATE) != 0)
        return at(LINK_OTHER, r->pos);
    return llc(r);
}

/* 802.11 behind length octets. */
static link_t wlan_behind(nsp_reader_t *r, uint32_t length, uint32_t shortest)
{
    if (r->err == NSP_OK && length < shortest)
        return at(LINK_MALFORMED, r->pos);
    r->pos = 0;
    (void)nsp_read_bytes(r, length);
    if (r->err != NSP_OK)
        return at(LINK_CUT, r->pos);
    nsp_reader_t frame = nsp_reader(r->base + r->pos, nsp_left(r));
    return behind(r, wlan(&frame));
}

static link_t radiotap(nsp_reader_t *r)
{
    (void)nsp_read_u16(r); /* version, padding */
    return wlan_behind(r, little16(r), 8);
}

/* Prism's header of fixed length, or that of AVS, whose length stands in it. */
static link_t prism(nsp_reader_t *r)
{
    uint32_t magic = nsp_read_u32(r);
    uint32_t length = nsp_read_u32(r);
    if (magic >> 16 == 0x8021)
        return wlan_behind(r, length, 8);
    return wlan_behind(r, PRISM_HEADER, 8);
}

static link_t ppi(nsp_reader_t *r)
{
    (void)nsp_read_u16(r); /* version, flags */
    uint32_t length = little16(r);
    uint32_t type = little32(r);
    if (type == LINK_802_11)
        return wlan_behind(r, length, 8);
    return inner(r, type, length, 8);
}

static link_t pktap(nsp_reader_t *r)
{
    uint32_t length = little32(r);
    uint32_t record = little32(r);
    uint32_t type = little32(r);
    if (r->err == NSP_OK && record != PKTAP_PACKET)
        return at(LINK_OTHER, r->pos);
    return inner(r, type, length, PKTAP_MIN);
}

/* Netfilter's log: attributes in the byte order of the machine that captured, one of which is the
 * packet. Types are small, so the high octet of one tells the order. */
static link_t nflog(nsp_reader_t *r)
{
    (void)nsp_read_u32(r); /* family, version, resource */
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        uint16_t length = nsp_read_u16(r);
        uint16_t type = nsp_read_u16(r);
        if ((type & 0xff) == 0 && type != 0) {
            type = __builtin_bswap16(type);
            length = __builtin_bswap16(length);
        }
        if (r->err != NSP_OK)
            break;
        if ((type & NFLOG_TYPES) == NFLOG_PAYLOAD)
            return behind(r, link_read_plain(CAP_LINK_RAW, r->base + r->pos, nsp_left(r)));
        if (length < 4)
            return at(LINK_MALFORMED, r->pos);
        (void)nsp_read_bytes(r, ((length + 3u) & ~3u) - 4u);
    }
    return at(r->err == NSP_OK ? LINK_OTHER : LINK_CUT, r->pos);
}

/* Packets that were split, and the rest of them, are left out (RFC 1201 2). */
static link_t arcnet(nsp_reader_t *r, uint32_t addresses)
{
    (void)nsp_read_bytes(r, addresses);
    uint8_t type = nsp_read_u8(r);
    uint8_t split = 0;
    if (type == ARCNET_IP_1201) {
        split = nsp_read_u8(r);
        (void)nsp_read_u16(r);
    }
    if (r->err != NSP_OK)
        return at(LINK_CUT, r->pos);
    bool whole = type == ARCNET_IP_1051 || (type == ARCNET_IP_1201 && split == 0);
    return at(whole ? LINK_IPV4 : LINK_OTHER, r->pos);
}

/* A ring's addresses; the first bit of the source tells that a route stands behind them. */
static link_t token_ring(nsp_reader_t *r)
{
    const uint8_t *head = nsp_read_bytes(r, 14);
    if (head != NULL && (head[8] & 0x80) != 0) {
        uint32_t route = nsp_read_u8(r) & 0x1fu;
        (void)nsp_read_bytes(r, route > 1 ? route - 1 : 1);
    }
    return llc(r);
}

static link_t fddi(nsp_reader_t *r)
{
    uint8_t control = nsp_read_u8(r);
    (void)nsp_read_bytes(r, 12);
    if (r->err == NSP_OK && (control & 0x70u) != 0x50u)
        return at(LINK_OTHER, r->pos); /* a token, or the ring's own frames */
    return llc(r);
}

/* OpenBSD's encapsulation: the address family, then what IPsec did. */
static link_t enc(nsp_reader_t *r)
{
    (void)nsp_read_bytes(r, 12);
    if (r->err != NSP_OK)
        return at(LINK_CUT, r->pos);
    return behind(r, link_read_plain(CAP_LINK_RAW, r->base + r->pos, nsp_left(r)));
}

link_t link_wrap_read(uint32_t type, const uint8_t *bytes, uint32_t size)
{
    nsp_reader_t r = nsp_reader(bytes, size);
    switch (type) {
    case LINK_TOKEN_RING:
        return token_ring(&r);
    case LINK_ARCNET:
        return arcnet(&r, 2);
    case LINK_ARCNET_LINUX:
        return arcnet(&r, 4);
    case LINK_FDDI:
        return fddi(&r);
    case LINK_ATM:
        return llc(&r);
    case LINK_802_11:
        return wlan(&r);
    case LINK_ENC:
        return enc(&r);
    case LINK_PRISM:
    case LINK_AVS:
        return prism(&r);
    case LINK_RADIOTAP:
        return radiotap(&r);
    case LINK_PPI:
        return ppi(&r);
    case LINK_NFLOG:
        return nflog(&r);
    case LINK_PKTAP:
    case LINK_USER2:
        return pktap(&r);
    default:
        return at(LINK_UNKNOWN, 0);
    }
}
