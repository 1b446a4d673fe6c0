/* One captured packet, whatever it was read from. */
#ifndef CAPTURE_PACKET_H
#define CAPTURE_PACKET_H

#include <stdint.h>

/* Link types (LINKTYPE_* of the registry at tcpdump.org) that are decoded. */
#define CAP_LINK_NULL       0
#define CAP_LINK_ETHERNET   1
#define CAP_LINK_PPP        9
#define CAP_LINK_PPP_HDLC   50
#define CAP_LINK_PPP_ETHER  51
#define CAP_LINK_RAW        101
#define CAP_LINK_LOOP       108
#define CAP_LINK_LINUX_SLL  113
#define CAP_LINK_IPV4       228
#define CAP_LINK_IPV6       229
#define CAP_LINK_LINUX_SLL2 276

/* No packet is farther from 1970 than this, nanoseconds (146 years; classic pcap ends in 2106), so
 * that the difference of any two times can be told. */
#define CAP_TIME_MAX (INT64_MAX / 2)

/* Borrows bytes from its source until the next read. */
typedef struct cap_packet {
    const uint8_t *bytes;
    int64_t at;        /* nanoseconds since 1970; of the packet before when the file has no time */
    uint64_t number;   /* in its file, from 1, as Wireshark counts; filtered ones count too */
    uint32_t file;     /* index of the file, from 0, in the order of reading */
    uint32_t link;     /* CAP_LINK_*, or another number of the registry */
    uint32_t size;     /* octets captured, at most CAP_PACKET_MAX */
    uint32_t original; /* octets on the wire; never less than size */
} cap_packet_t;

#endif
