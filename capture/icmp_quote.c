#include "capture/icmp_quote.h"

#include <string.h>

#include "capture/octets.h"
#include "capture/udp.h"

#define ICMP_HEADER 8u
#define TCP_HEADER  20u

#define V4_UNREACHABLE   3
#define V4_FRAG_NEEDED   4 /* code */
#define V4_SOURCE_QUENCH 4
#define V4_TIME_EXCEEDED 11
#define V4_PARAMETER     12
#define V6_UNREACHABLE   1
#define V6_TOO_BIG       2
#define V6_TIME_EXCEEDED 3
#define V6_PARAMETER     4

static bool is_error(const ip_view_t *v, uint8_t type)
{
    if (v->family == 4)
        return type == V4_UNREACHABLE || type == V4_SOURCE_QUENCH || type == V4_TIME_EXCEEDED ||
               type == V4_PARAMETER;
    return type >= V6_UNREACHABLE && type <= V6_PARAMETER;
}

/* Octets of the quote when extensions follow it (RFC 4884 4.1 to 4.6), 0 when none do. */
static uint32_t quote_length(const ip_view_t *v, uint8_t type, const uint8_t *p)
{
    if (v->family == 4)
        return type == V4_SOURCE_QUENCH ? 0 : p[5] * 4u;
    return type == V6_UNREACHABLE || type == V6_TIME_EXCEEDED ? p[4] * 8u : 0;
}

static uint32_t read_mtu(const ip_view_t *v, const icmp_quote_t *q, const uint8_t *p)
{
    if (v->family == 4)
        return q->type == V4_UNREACHABLE && q->code == V4_FRAG_NEEDED ? octets_u16(p + 6) : 0;
    return q->type == V6_TOO_BIG ? octets_u32(p + 4) : 0;
}

static void quote_udp(icmp_quote_t *q)
{
    udp_view_t u;
    if (udp_read(&u, &q->ip) != IP_GOOD)
        return;
    q->bytes = u.bytes;
    q->size = u.size;
    q->original = u.original;
}

static void quote_tcp(icmp_quote_t *q)
{
    const ip_view_t *v = &q->ip;
    if (v->size < TCP_HEADER)
        return;
    uint32_t header = (v->payload[12] >> 4) * 4u;
    if (header < TCP_HEADER || header > v->length)
        return;
    q->original = v->length - header;
    if (header > v->size)
        return;
    q->bytes = v->payload + header;
    q->size = v->size - header;
}

quote_kind_t icmp_quote_read(icmp_quote_t *q, const ip_view_t *v)
{
    memset(q, 0, sizeof *q);
    if (v->size < ICMP_HEADER)
        return v->size > 0 && !is_error(v, v->payload[0]) ? QUOTE_OTHER
               : v->length < ICMP_HEADER                  ? QUOTE_MALFORMED
                                                          : QUOTE_CUT;
    const uint8_t *p = v->payload;
    q->type = p[0];
    q->code = p[1];
    if (!is_error(v, q->type))
        return QUOTE_OTHER;
    q->mtu = read_mtu(v, q, p);
    uint32_t size = v->size - ICMP_HEADER;
    uint32_t quoted = quote_length(v, q->type, p);
    if (quoted > 0 && quoted < size)
        size = quoted;
    ip_kind_t kind = ip_read(&q->ip, v->family, p + ICMP_HEADER, size, size);
    if (kind == IP_CUT)
        return QUOTE_CUT;
    if (kind != IP_GOOD)
        return QUOTE_MALFORMED;
    if (q->ip.protocol != IP_UDP && q->ip.protocol != IP_TCP)
        return QUOTE_OTHER;
    q->original = q->ip.length;
    if (q->ip.offset > 0)
        return QUOTE_GOOD;
    if (q->ip.size < 2)
        return QUOTE_CUT;
    q->from_port = octets_u16(q->ip.payload);
    if (q->ip.size < 4)
        return QUOTE_GOOD; /* a snap length of 64 leaves so much of Ethernet and IPv4 */
    q->ports = true;
    q->to_port = octets_u16(q->ip.payload + 2);
    q->original = 0;
    if (q->ip.protocol == IP_UDP)
        quote_udp(q);
    else
        quote_tcp(q);
    return QUOTE_GOOD;
}
