/* UDP headers (RFC 768). */
#ifndef CAPTURE_UDP_H
#define CAPTURE_UDP_H

#include "capture/ip.h"

#define UDP_HEADER 8u

/* A view of one datagram; borrows its octets. */
typedef struct udp_view {
    uint16_t from_port;
    uint16_t to_port;
    uint32_t length; /* header included, as the header has it */
    bool beyond;     /* length is more than the IP packet has room for */
    const uint8_t *bytes;
    uint32_t size;     /* captured of the payload: */
    uint32_t original; /* of so many octets sent */
} udp_view_t;

/* Reads the header at the payload of v. IP_CUT: not even the header is there. IP_MALFORMED: the
 * length is less than the header's. */
ip_kind_t udp_read(udp_view_t *u, const ip_view_t *v);

#endif
