/* IP packets built by hand: headers with right lengths and checksums. Internal to capture/ and to
 * the raw transport's counterpart in tests. */
#ifndef CAPTURE_PACKET_H
#define CAPTURE_PACKET_H

#include "exchange/addr.h"

#define PACKET_MAX 65535

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

/* UDP datagram (RFC 768) in IPv4 or IPv6. */
void packet_udp(packet_t *p, const addr_t *from, const addr_t *to, const uint8_t *data,
                uint32_t size);
/* TCP segment (RFC 9293 3.1). */
void packet_tcp(packet_t *p, const addr_t *from, const addr_t *to, uint32_t seq, uint32_t ack,
                unsigned flags, const uint8_t *data, uint32_t size);
/* ICMP or ICMPv6 error quoting another packet (RFC 1812 4.3.2.3: as much as fits 576 octets;
 * RFC 4443 2.4: 1280). */
void packet_icmp(packet_t *p, const addr_t *from, const addr_t *to, uint8_t type, uint8_t code,
                 uint32_t mtu, const packet_t *quoted);

#endif
