/* IP packets inside of IP packets: IPIP (RFC 2003), 6in4 (RFC 4213 3), IPv6 encapsulation
 * (RFC 2473), GRE (RFC 2784, 2890). */
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

#endif
