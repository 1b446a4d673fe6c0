#include "capture/tunnel.h"

#include "capture/packet.h"
#include "proto/wire.h"

#define GRE_CHECKSUM 0x8000u
#define GRE_ROUTING  0x4000u
#define GRE_KEY      0x2000u
#define GRE_SEQUENCE 0x1000u
#define GRE_ACK      0x0080u
#define GRE_VERSION  0x0007u
/* A switch's mirror: frames, of types II and III behind a header (draft-foschiano-erspan-03 4.1 to
 * 4.3); of type III they may be IP packets, and there may be a second header. */
#define GRE_ERSPAN        0x88be
#define GRE_ERSPAN3       0x22eb
#define GRE_BRIDGE        0x6558
#define ERSPAN_HEADER     8u
#define ERSPAN3_HEADER    10u /* up to the flags */
#define ERSPAN3_KIND      0x7c00u
#define ERSPAN3_KIND_IP   0x0800u
#define ERSPAN3_MORE      0x0001u
#define ERSPAN3_SUBHEADER 8u

#define VXLAN_VALID 0x08000000u
/* The next header is told, and the version is 0. */
#define GPE_TOLD      0x04000000u
#define GPE_VERSION   0x30000000u
#define GPE_IPV4      1
#define GPE_IPV6      2
#define GPE_ETHERNET  3
#define GTP_OPTIONS   0x07u
#define GTP_EXTENDED  0x04u
#define GTP_PACKET    255
#define TEREDO_AUTH   0x0001
#define TEREDO_ORIGIN 0x0000

bool tunnel_is(const ip_view_t *v)
{
    return v->protocol == IP_IPIP || v->protocol == IP_6IN4 || v->protocol == IP_GRE;
}

/* What link says of the octets from where r stands, with its offset from the beginning. */
static link_t behind(const nsp_reader_t *r, link_t link)
{
    link.offset += r->pos;
    return link;
}

static link_t erspan3(nsp_reader_t *r)
{
    (void)nsp_read_bytes(r, ERSPAN3_HEADER);
    uint32_t flags = nsp_read_u16(r);
    if ((flags & ERSPAN3_MORE) != 0)
        (void)nsp_read_bytes(r, ERSPAN3_SUBHEADER);
    if (r->err != NSP_OK)
        return (link_t){LINK_CUT, r->pos};
    if ((flags & ERSPAN3_KIND) == ERSPAN3_KIND_IP)
        return behind(r, link_read_plain(CAP_LINK_RAW, r->base + r->pos, nsp_left(r)));
    if ((flags & ERSPAN3_KIND) != 0)
        return (link_t){LINK_OTHER, r->pos};
    return behind(r, link_read_ethertype(GRE_BRIDGE, r->base + r->pos, nsp_left(r)));
}

/* RFC 2784 2.1, RFC 2890 2. The routing of RFC 1701 is gone; version 1 is PPTP's, with PPP inside
 * and an acknowledgement (RFC 2637 4.1). */
static link_t gre(nsp_reader_t *r)
{
    uint32_t flags = nsp_read_u16(r);
    uint16_t type = nsp_read_u16(r);
    uint32_t version = flags & GRE_VERSION;
    if ((flags & GRE_CHECKSUM) != 0)
        (void)nsp_read_u32(r);
    if ((flags & GRE_KEY) != 0)
        (void)nsp_read_u32(r);
    if ((flags & GRE_SEQUENCE) != 0)
        (void)nsp_read_u32(r);
    if (version == 1 && (flags & GRE_ACK) != 0)
        (void)nsp_read_u32(r);
    if (type == GRE_ERSPAN) {
        if ((flags & GRE_SEQUENCE) != 0) /* else it is of type I, which has no header */
            (void)nsp_read_bytes(r, ERSPAN_HEADER);
        type = GRE_BRIDGE;
    }
    if (r->err != NSP_OK)
        return (link_t){LINK_CUT, r->pos};
    if ((flags & GRE_ROUTING) != 0 || version > 1)
        return (link_t){LINK_OTHER, r->pos};
    if (version == 0 && type == GRE_ERSPAN3)
        return erspan3(r);
    if (version == 1)
        return behind(r, link_read_plain(CAP_LINK_PPP, r->base + r->pos, nsp_left(r)));
    return behind(r, link_read_ethertype(type, r->base + r->pos, nsp_left(r)));
}

link_t tunnel_read(const ip_view_t *v)
{
    nsp_reader_t r = nsp_reader(v->payload, v->size);
    link_t l = {v->protocol == IP_IPIP ? LINK_IPV4 : LINK_IPV6, 0};
    return v->protocol == IP_GRE ? gre(&r) : l;
}

/* Flags with the bit that says that the rest means something, then a frame. */
static link_t vxlan(nsp_reader_t *r)
{
    bool valid = (nsp_read_u32(r) & VXLAN_VALID) != 0;
    (void)nsp_read_u32(r);
    if (r->err != NSP_OK || !valid)
        return (link_t){LINK_OTHER, r->pos};
    return behind(r, link_read_plain(CAP_LINK_ETHERNET, r->base + r->pos, nsp_left(r)));
}

/* The same with a kind for what follows. */
static link_t vxlan_gpe(nsp_reader_t *r)
{
    uint32_t first = nsp_read_u32(r);
    (void)nsp_read_u32(r);
    if (r->err != NSP_OK || (first & GPE_TOLD) == 0 || (first & GPE_VERSION) != 0)
        return (link_t){LINK_OTHER, r->pos};
    switch (first & 0xff) {
    case GPE_IPV4:
    case GPE_IPV6:
        return behind(r, link_read_plain(CAP_LINK_RAW, r->base + r->pos, nsp_left(r)));
    case GPE_ETHERNET:
        return behind(r, link_read_plain(CAP_LINK_ETHERNET, r->base + r->pos, nsp_left(r)));
    default:
        return (link_t){LINK_OTHER, r->pos};
    }
}

static link_t geneve(nsp_reader_t *r)
{
    uint32_t first = nsp_read_u16(r);
    uint16_t type = nsp_read_u16(r);
    (void)nsp_read_u32(r);
    (void)nsp_read_bytes(r, (first >> 8 & 0x3fu) * 4u);
    if (r->err != NSP_OK || first >> 14 != 0)
        return (link_t){LINK_OTHER, r->pos};
    return behind(r, link_read_ethertype(type, r->base + r->pos, nsp_left(r)));
}

/* Version 1, a packet of a user; options when any of three flags is set, and extension headers
 * when their kind is not 0. */
static link_t gtp(nsp_reader_t *r)
{
    uint8_t flags = nsp_read_u8(r);
    uint8_t kind = nsp_read_u8(r);
    (void)nsp_read_bytes(r, 6);
    uint8_t next = 0;
    if ((flags & GTP_OPTIONS) != 0) {
        (void)nsp_read_bytes(r, 3);
        next = nsp_read_u8(r);
    }
    while (next != 0 && (flags & GTP_EXTENDED) != 0 && r->err == NSP_OK) {
        uint32_t length = nsp_read_u8(r) * 4u;
        if (length == 0)
            return (link_t){LINK_MALFORMED, r->pos};
        (void)nsp_read_bytes(r, length - 2);
        next = nsp_read_u8(r);
    }
    if (r->err != NSP_OK || flags >> 4 != 3 || kind != GTP_PACKET)
        return (link_t){LINK_OTHER, r->pos};
    return behind(r, link_read_plain(CAP_LINK_RAW, r->base + r->pos, nsp_left(r)));
}

/* An authentication and an origin indication may stand in front of the packet (RFC 4380 5.1.1),
 * which is always of IPv6. Trailers (RFC 6081 4) lie behind what its header counts. */
static link_t teredo(nsp_reader_t *r)
{
    uint16_t kind = nsp_read_u16(r);
    if (kind == TEREDO_AUTH) {
        uint32_t id = nsp_read_u8(r);
        uint32_t value = nsp_read_u8(r);
        (void)nsp_read_bytes(r, id + value + 9); /* a nonce and a confirmation as well */
        kind = nsp_read_u16(r);
    }
    if (kind == TEREDO_ORIGIN) {
        (void)nsp_read_bytes(r, 6);
        kind = nsp_read_u16(r);
    }
    if (r->err != NSP_OK || kind >> 12 != 6)
        return (link_t){LINK_OTHER, r->pos};
    return (link_t){LINK_IPV6, r->pos - 2};
}

link_t tunnel_read_udp(uint16_t port, const uint8_t *bytes, uint32_t size)
{
    nsp_reader_t r = nsp_reader(bytes, size);
    switch (port) {
    case TUNNEL_VXLAN:
        return vxlan(&r);
    case TUNNEL_VXLAN_GPE:
        return vxlan_gpe(&r);
    case TUNNEL_GENEVE:
        return geneve(&r);
    case TUNNEL_TEREDO:
        return teredo(&r);
    case TUNNEL_GTP:
        return gtp(&r);
    default:
        return gre(&r);
    }
}
