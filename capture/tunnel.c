#include "capture/tunnel.h"

#include "proto/wire.h"

#define GRE_CHECKSUM 0x8000u
#define GRE_ROUTING  0x4000u
#define GRE_KEY      0x2000u
#define GRE_SEQUENCE 0x1000u
#define GRE_VERSION  0x0007u

bool tunnel_is(const ip_view_t *v)
{
    return v->protocol == IP_IPIP || v->protocol == IP_6IN4 || v->protocol == IP_GRE;
}

/* RFC 2784 2.1, RFC 2890 2. The routing of RFC 1701 is gone; version 1 is PPTP's (RFC 2637). */
static link_t gre(const ip_view_t *v)
{
    nsp_reader_t r = nsp_reader(v->payload, v->size);
    uint32_t flags = nsp_read_u16(&r);
    uint16_t type = nsp_read_u16(&r);
    if ((flags & GRE_CHECKSUM) != 0)
        (void)nsp_read_u32(&r);
    if ((flags & GRE_KEY) != 0)
        (void)nsp_read_u32(&r);
    if ((flags & GRE_SEQUENCE) != 0)
        (void)nsp_read_u32(&r);
    link_t l = {LINK_OTHER, r.pos};
    if (r.err != NSP_OK)
        l.kind = LINK_CUT;
    else if ((flags & GRE_ROUTING) == 0 && (flags & GRE_VERSION) == 0)
        l = link_read_ethertype(type, v->payload + r.pos, v->size - r.pos);
    l.offset += l.kind == LINK_IPV4 || l.kind == LINK_IPV6 ? r.pos : 0;
    return l;
}

link_t tunnel_read(const ip_view_t *v)
{
    link_t l = {v->protocol == IP_IPIP ? LINK_IPV4 : LINK_IPV6, 0};
    return v->protocol == IP_GRE ? gre(v) : l;
}
