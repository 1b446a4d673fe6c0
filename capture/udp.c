#include "capture/udp.h"

#include "capture/octets.h"

ip_kind_t udp_read(udp_view_t *u, const ip_view_t *v)
{
    if (v->size < UDP_HEADER)
        return v->length < UDP_HEADER ? IP_MALFORMED : IP_CUT;
    const uint8_t *p = v->payload;
    u->from_port = octets_u16(p);
    u->to_port = octets_u16(p + 2);
    u->length = octets_u16(p + 4);
    /* 0: the length that IP has (RFC 2675 4, and segmentation left to the network card) */
    if (u->length == 0)
        u->length = v->length;
    if (u->length < UDP_HEADER)
        return IP_MALFORMED;
    u->beyond = u->length > v->length;
    uint32_t there = u->length < v->size ? u->length : v->size;
    u->bytes = p + UDP_HEADER;
    u->size = there - UDP_HEADER;
    u->original = u->length - UDP_HEADER;
    return IP_GOOD;
}
