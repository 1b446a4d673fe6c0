/* ICMP and ICMPv6 errors, tied to the UDP or TCP packet that they quote (RFC 792, RFC 4443 3). */
#ifndef CAPTURE_ICMP_QUOTE_H
#define CAPTURE_ICMP_QUOTE_H

#include "capture/ip.h"

typedef enum quote_kind {
    QUOTE_GOOD,
    QUOTE_OTHER,    /* no error, or one about neither UDP nor TCP */
    QUOTE_CUT,      /* the octets end before it can be told what was quoted */
    QUOTE_MALFORMED /* what is quoted is no IP packet */
} quote_kind_t;

/* What an error says and quotes; borrows its octets. */
typedef struct icmp_quote {
    uint8_t type;
    uint8_t code;
    uint32_t mtu; /* fragmentation needed (RFC 1191 4), packet too big (RFC 4443 3.2); else 0 */
    ip_view_t ip; /* the quoted packet's headers; protocol is UDP or TCP */
    bool ports;   /* they are in the quote */
    uint16_t from_port; /* 0 when it is not known; it may be though not both are */
    uint16_t to_port;
    const uint8_t *bytes; /* quoted payload of UDP or TCP, may be empty: */
    uint32_t size;
    uint32_t original; /* so many octets were in the quoted packet */
} icmp_quote_t;

/* Reads the ICMP message at the payload of v. Extensions behind the quote (RFC 4884) are no part of
 * it. */
quote_kind_t icmp_quote_read(icmp_quote_t *q, const ip_view_t *v);

#endif
