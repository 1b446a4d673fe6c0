#include "capture/link.h"

#include <stdbool.h>

#include "capture/link_wrap.h"
#include "capture/packet.h"
#include "proto/wire.h"

#define ETHERTYPE_IPV4    0x0800
#define ETHERTYPE_VLAN    0x8100
#define ETHERTYPE_IPV6    0x86dd
#define ETHERTYPE_PPP     0x880b
#define ETHERTYPE_PPPOE   0x8864
#define ETHERTYPE_QINQ    0x88a8
#define ETHERTYPE_MPLS    0x8847
#define ETHERTYPE_MPLS_UP 0x8848 /* labels that the next router chose (RFC 5332 3) */
#define ETHERTYPE_BRIDGE  0x6558 /* a whole Ethernet frame inside (RFC 1701) */
#define ETHERTYPE_MIN     0x0600 /* below, the field is a length, or a Linux protocol number */

/* Protocol numbers of Linux below ETHERTYPE_MIN, as SLL and SLL2 have them (linux/if_ether.h). */
#define LINUX_802_2 0x0004
#define LINUX_PPP   0x0007

#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057

#define PPP_ADDRESS     0xff
#define CISCO_UNICAST   0x0f
#define CISCO_BROADCAST 0x8f

/* Tags and frames inside of frames, at most: no real frame has more. */
#define LAYERS_MAX 8

/* BSD's address families; each system has its own number for IPv6. */
#define FAMILY_IPV4       2
#define FAMILY_IPV6_LINUX 10
#define FAMILY_IPV6_BSD   24
#define FAMILY_IPV6_FREE  28
#define FAMILY_IPV6_MAC   30

static link_t found(const nsp_reader_t *r, link_kind_t kind)
{
    link_t l = {r->err == NSP_OK ? kind : LINK_CUT, r->pos};
    return l;
}

/* Point-to-point protocol number, compressed to one octet or not (RFC 1661 6.5). */
static link_t ppp_protocol(nsp_reader_t *r)
{
    uint16_t protocol = nsp_read_u8(r);
    if ((protocol & 1) == 0)
        protocol = (uint16_t)((protocol << 8) | nsp_read_u8(r));
    if (protocol == PPP_IPV4)
        return found(r, LINK_IPV4);
    return found(r, protocol == PPP_IPV6 ? LINK_IPV6 : LINK_OTHER);
}

/* PPPoE session header (RFC 2516 4): version, code 0, session, length. */
static link_t pppoe(nsp_reader_t *r)
{
    uint8_t version = nsp_read_u8(r);
    uint8_t code = nsp_read_u8(r);
    (void)nsp_read_u32(r);
    if (r->err == NSP_OK && version != 0x11)
        return found(r, LINK_MALFORMED);
    if (r->err == NSP_OK && code != 0)
        return found(r, LINK_OTHER);
    return ppp_protocol(r);
}

/* LLC (IEEE 802.2), with SNAP where it says so. Sets *ethertype and returns true when an EtherType
 * is what decides. */
static bool llc(nsp_reader_t *r, uint16_t *ethertype, link_t *out)
{
    uint16_t saps = nsp_read_u16(r);
    (void)nsp_read_u8(r); /* control */
    if (saps == 0xaaaa) {
        uint32_t oui = (uint32_t)nsp_read_u8(r) << 16;
        oui |= nsp_read_u16(r);
        *ethertype = nsp_read_u16(r);
        if (r->err == NSP_OK && (oui == 0 || oui == 0x0000f8))
            return true;
    }
    *out = found(r, saps == 0x0606 ? LINK_IPV4 : LINK_OTHER);
    return false;
}

/* Labels (RFC 3032 2.1), the last of which has its bit set. What is behind tells itself by its
 * first half octet: IP of that version, or 0 for the control word in front of a frame (RFC 4385 3,
 * RFC 4448 4.6). 0: none of these. */
static uint16_t mpls(nsp_reader_t *r)
{
    uint32_t label = 0;
    for (unsigned i = 0; i < LAYERS_MAX && (label & 0x100) == 0; i++)
        label = nsp_read_u32(r);
    nsp_reader_t look = *r;
    unsigned first = nsp_read_u8(&look) >> 4;
    if ((label & 0x100) == 0 || look.err != NSP_OK || (first != 0 && first != 4 && first != 6)) {
        r->err = r->err == NSP_OK ? look.err : r->err;
        return 0;
    }
    if (first == 0)
        (void)nsp_read_u32(r);
    return first == 4 ? ETHERTYPE_IPV4 : first == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_BRIDGE;
}

/* Follows an EtherType or 802.3 length through tags, LLC and encapsulated frames to what is not
 * one of them. */
static link_t ethertype_follow(nsp_reader_t *r, uint16_t type)
{
    for (unsigned layer = 0; layer < LAYERS_MAX && r->err == NSP_OK; layer++) {
        link_t l;
        switch (type) {
        case ETHERTYPE_IPV4:
            return found(r, LINK_IPV4);
        case ETHERTYPE_IPV6:
            return found(r, LINK_IPV6);
        case ETHERTYPE_VLAN:
        case ETHERTYPE_QINQ:
        case 0x9100: /* QinQ before IEEE 802.1ad */
        case 0x9200:
            (void)nsp_read_u16(r);
            type = nsp_read_u16(r);
            break;
        case ETHERTYPE_BRIDGE:
            (void)nsp_read_bytes(r, 12);
            type = nsp_read_u16(r);
            break;
        case ETHERTYPE_MPLS:
        case ETHERTYPE_MPLS_UP:
            type = mpls(r);
            if (type == 0)
                return found(r, LINK_OTHER);
            break;
        case ETHERTYPE_PPPOE:
            return pppoe(r);
        case ETHERTYPE_PPP:
            return ppp_protocol(r);
        default:
            if (type >= ETHERTYPE_MIN)
                return found(r, LINK_OTHER);
            if (!llc(r, &type, &l))
                return l;
        }
    }
    return found(r, LINK_MALFORMED);
}

static link_t ethernet(nsp_reader_t *r)
{
    (void)nsp_read_bytes(r, 12);
    return ethertype_follow(r, nsp_read_u16(r));
}

/* Linux cooked captures: what stands below ETHERTYPE_MIN is no length. */
static link_t cooked(nsp_reader_t *r, uint16_t protocol)
{
    if (protocol == LINUX_PPP)
        return ppp_protocol(r);
    if (protocol < ETHERTYPE_MIN && protocol != LINUX_802_2)
        return found(r, LINK_OTHER);
    return ethertype_follow(r, protocol);
}

static link_t sll(nsp_reader_t *r)
{
    (void)nsp_read_bytes(r, 14); /* packet type, hardware type, length and octets of the address */
    return cooked(r, nsp_read_u16(r));
}

static link_t sll2(nsp_reader_t *r)
{
    uint16_t protocol = nsp_read_u16(r);
    (void)nsp_read_bytes(r, 18);
    return cooked(r, protocol);
}

/* BSD loopback: the address family in the byte order of the machine that captured, or in network
 * order (LOOP). Real families fit one octet, so either end tells. */
static link_t loopback(nsp_reader_t *r)
{
    uint32_t family = nsp_read_u32(r);
    if ((family & 0xffff) == 0)
        family = family >> 24 | (family >> 8 & 0xff00);
    switch (family) {
    case FAMILY_IPV4:
        return found(r, LINK_IPV4);
    case FAMILY_IPV6_LINUX:
    case FAMILY_IPV6_BSD:
    case FAMILY_IPV6_FREE:
    case FAMILY_IPV6_MAC:
        return found(r, LINK_IPV6);
    default:
        return found(r, LINK_OTHER);
    }
}

static link_t raw(nsp_reader_t *r)
{
    nsp_reader_t peek = *r;
    uint8_t version = nsp_read_u8(&peek) >> 4;
    if (peek.err != NSP_OK)
        return found(&peek, LINK_CUT);
    return found(r, version == 4 ? LINK_IPV4 : version == 6 ? LINK_IPV6 : LINK_MALFORMED);
}

/* PPP with or without address and control octets (RFC 1662 3.1), or Cisco's HDLC. */
static link_t ppp(nsp_reader_t *r)
{
    nsp_reader_t peek = *r;
    uint8_t first = nsp_read_u8(&peek);
    if (first != PPP_ADDRESS && first != CISCO_UNICAST && first != CISCO_BROADCAST)
        return ppp_protocol(r);
    (void)nsp_read_u16(r); /* address and control */
    if (first != PPP_ADDRESS)
        return ethertype_follow(r, nsp_read_u16(r));
    return ppp_protocol(r);
}

link_t link_read_plain(uint32_t type, const uint8_t *bytes, uint32_t size)
{
    nsp_reader_t r = nsp_reader(bytes, size);
    switch (type) {
    case CAP_LINK_ETHERNET:
        return ethernet(&r);
    case CAP_LINK_LINUX_SLL:
        return sll(&r);
    case CAP_LINK_LINUX_SLL2:
        return sll2(&r);
    case CAP_LINK_RAW:
    case 12: /* what BSD and OpenBSD call RAW; some files have it */
    case 14:
    case CAP_LINK_IPV4: /* the version is what counts, whatever the file calls it */
    case CAP_LINK_IPV6:
        return raw(&r);
    case CAP_LINK_NULL:
    case CAP_LINK_LOOP:
        return loopback(&r);
    case CAP_LINK_PPP:
    case CAP_LINK_PPP_HDLC:
    case 104: /* Cisco HDLC */
        return ppp(&r);
    case CAP_LINK_PPP_ETHER:
        return pppoe(&r);
    default:
        return found(&r, LINK_UNKNOWN);
    }
}

link_t link_read(uint32_t type, const uint8_t *bytes, uint32_t size)
{
    link_t l = link_read_plain(type, bytes, size);
    return l.kind == LINK_UNKNOWN ? link_wrap_read(type, bytes, size) : l;
}

link_t link_read_ethertype(uint16_t ethertype, const uint8_t *bytes, uint32_t size)
{
    nsp_reader_t r = nsp_reader(bytes, size);
    return ethertype_follow(&r, ethertype);
}
