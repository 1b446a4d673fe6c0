/* IPv4 and IPv6 headers: who sent what to whom, as far as the octets go. */
#ifndef CAPTURE_IP_H
#define CAPTURE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange/addr.h"

#define IP_ICMP     1
#define IP_IPIP     4
#define IP_TCP      6
#define IP_UDP      17
#define IP_6IN4     41
#define IP_GRE      47
#define IP_ICMPV6   58
#define IP_NONEXT   59
#define IP_FRAGMENT 44

/* Extension headers that one packet may have: RFC 8200 4.1 knows six kinds, one of them twice. */
#define IP_EXTENSIONS_MAX 12

typedef enum ip_kind {
    IP_GOOD,
    IP_CUT,       /* the octets end within the headers */
    IP_MALFORMED, /* lengths or version that make no sense */
    IP_JUMBO      /* a jumbogram (RFC 2675): no DNS message needs one, so none is read */
} ip_kind_t;

/* A view of one IP packet; borrows its octets. */
typedef struct ip_view {
    uint8_t family;         /* 4 or 6 */
    uint8_t protocol;       /* of the payload, behind extension headers */
    bool fragment;          /* payload is a part: of datagram id, from octet offset on */
    bool more;              /* and not the last one */
    bool beyond;            /* the header claims more octets than were on the wire */
    bool bad_header;        /* IPv4: the header checksum is wrong, and not left to the card */
    bool rerouted;          /* a routing header or source route: the final address, which UDP and
                               TCP checksums cover, is another */
    uint8_t extensions;     /* headers behind IP's own seen so far */
    uint8_t ttl;            /* TTL, or hop limit */
    uint32_t id;            /* fragments */
    uint32_t offset;        /* fragments: in octets */
    const uint8_t *from;    /* 4 or 16 octets */
    const uint8_t *to;      /* directly behind from */
    const uint8_t *payload; /* what was captured of it: */
    uint32_t size;          /* so many octets, */
    uint32_t length;        /* of so many that were sent */
} ip_view_t;

/* Reads the headers of an IP packet of the given family of which size octets were captured and
 * wire were sent. What the link layer appended to fill its frame is left out. */
ip_kind_t ip_read(ip_view_t *v, unsigned family, const uint8_t *bytes, uint32_t size,
                  uint32_t wire);

/* Reads on through the extension headers at the payload: those of the fragmented part once payload
 * is the datagram put together. IPv4 has only AH. */
ip_kind_t ip_resume(ip_view_t *v);

/* Address of the view with a port. */
addr_t ip_addr(const ip_view_t *v, const uint8_t *octets, uint16_t port);

#endif
