/* IP packets inside of IP packets: IPIP (RFC 2003), 6in4 (RFC 4213 3), IPv6 encapsulation
 * (RFC 2473), GRE (RFC 2784, 2890, PPTP's of RFC 2637), and inside of UDP: VXLAN (RFC 7348) and
 * its generic extension (draft-ietf-nvo3-vxlan-gpe-12), Geneve (RFC 8926), GTP-U (3GPP TS 29.281),
 * GRE (RFC 8086), Teredo (RFC 4380). */
#ifndef CAPTURE_TUNNEL_H
#define CAPTURE_TUNNEL_H

#include "capture/ip.h"
#include "capture/link.h"

/* Tunnels within tunnels that are followed. */
#define TUNNEL_DEPTH_MAX 4u

/* Whether the payload of v is a tunnel that is decoded. */
bool tunnel_is(const ip_view_t *v);

/* Where in the payload of v, which is a tunnel, the inner IP packet begins. */
link_t tunnel_read(const ip_view_t *v);

#define TUNNEL_GTP       2152
#define TUNNEL_TEREDO    3544
#define TUNNEL_GRE_UDP   4754
#define TUNNEL_VXLAN     4789
#define TUNNEL_VXLAN_GPE 4790
#define TUNNEL_GENEVE    6081

/* The port by which a datagram between two ports is a tunnel that is decoded; 0: it is none. That
 * is the one that it goes to; Teredo's servers and relays answer from theirs (RFC 4380 5.2.1). */
static inline uint16_t tunnel_udp_port(uint16_t from, uint16_t to)
{
    if (to == TUNNEL_VXLAN || to == TUNNEL_VXLAN_GPE || to == TUNNEL_GENEVE || to == TUNNEL_GTP ||
        to == TUNNEL_GRE_UDP || to == TUNNEL_TEREDO)
        return to;
    return from == TUNNEL_TEREDO ? from : 0;
}

/* Where in the payload of a datagram of such a port the inner IP packet begins; any other kind than
 * LINK_IPV4 and LINK_IPV6 when there is none. */
link_t tunnel_read_udp(uint16_t port, const uint8_t *bytes, uint32_t size);

#endif
