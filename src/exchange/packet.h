/* IP packets built by hand: headers with right lengths and checksums. What a pcap is written with,
 * and what the raw transport sends. */
#ifndef EXCHANGE_PACKET_H
#define EXCHANGE_PACKET_H

#include "exchange/addr.h"

/* The header of IPv6 is not counted in its payload length (RFC 8200 3). */
#define PACKET_MAX (40 + 65535)

/* A packet under construction; size 0 when it did not fit. */
typedef struct packet {
    uint32_t size;
    uint8_t octets[PACKET_MAX];
} packet_t;

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u

/* How the IP header is made. */
typedef struct packet_ip {
    uint8_t ttl; /* TTL or hop limit; 0: 64 */
    bool dont_fragment;
} packet_ip_t;

/* UDP datagram (RFC 768) in IPv4 or IPv6. ip may be NULL: 64 hops, DF set. */
void packet_udp(packet_t *p, const packet_ip_t *ip, const addr_t *from, const addr_t *to,
                const uint8_t *data, uint32_t size);
/* TCP segment (RFC 9293 3.1). */
void packet_tcp(packet_t *p, const addr_t *from, const addr_t *to, uint32_t seq, uint32_t ack,
                unsigned flags, const uint8_t *data, uint32_t size);
/* ICMP or ICMPv6 error quoting another packet (RFC 1812 4.3.2.3: as much as fits 576 octets;
 * RFC 4443 2.4: 1280). */
void packet_icmp(packet_t *p, const addr_t *from, const addr_t *to, uint8_t type, uint8_t code,
                 uint32_t mtu, const packet_t *quoted);

#endif
