/* From packets to what happened between two ends: datagrams, TCP connections, ICMP errors.
 *
 * Link layers, IPv4 and IPv6 with reassembly, tunnels to a fixed depth, UDP, TCP streams cut into
 * DNS messages (RFC 1035 4.2.2), ICMP errors with the packet that they quote. Memory is bounded by
 * the limits given, whatever the traffic; what is given up for it is counted. */
#ifndef CAPTURE_DECODE_H
#define CAPTURE_DECODE_H

#include "capture/packet.h"
#include "exchange/exchange.h"

typedef enum cap_item_kind {
    CAP_ITEM_UDP,         /* a datagram; bytes are its payload */
    CAP_ITEM_UDP_LOST,    /* fragments of a datagram that never came together; bytes: the payload's
                             beginning when the first fragment is there */
    CAP_ITEM_TCP_SYN,     /* from is the client; once for every SYN, repeated ones are noted */
    CAP_ITEM_TCP_OPEN,    /* the server took the connection: its SYN and ACK came back, or the
                             client went on as after one; from is the server; once */
    CAP_ITEM_TCP_MESSAGE, /* one whole DNS message; bytes without the length */
    CAP_ITEM_TCP_PARTIAL, /* the stream ended, or has a hole, within a message: bytes are what
                             there is of it, length prefix left out; original is the length that
                             was promised, 0 when even that is not there. Before the FIN or RESET
                             that caused it; at is that of the last packet that belonged to it */
    CAP_ITEM_TCP_FIN,     /* from has said all; once for each side */
    CAP_ITEM_TCP_RESET,   /* RST; before OPEN it is a refusal; once */
    CAP_ITEM_ICMP         /* an error; from is who reports, bytes are the quoted payload: DNS
                             message of UDP, stream octets of TCP */
} cap_item_kind_t;

/* Notes on an item: bits. */
#define CAP_NOTE_CUT        1u   /* the capture does not have all octets (snap length) */
#define CAP_NOTE_CHECKSUM   2u   /* UDP, TCP or ICMP checksum is wrong, and not just offloaded */
#define CAP_NOTE_FRAGMENTS  4u   /* put together of fragments */
#define CAP_NOTE_OVERLAP    8u   /* fragments or segments overlapped with different octets */
#define CAP_NOTE_NO_FIRST   16u  /* UDP_LOST, ICMP: the first fragment is missing, ports are 0 */
#define CAP_NOTE_MIDSTREAM  32u  /* TCP: the beginning of the connection was not captured */
#define CAP_NOTE_RETRANSMIT 64u  /* TCP: came more than once */
#define CAP_NOTE_TUNNEL     128u /* was inside of GRE, IPIP, 6in4 ... */
#define CAP_NOTE_LENGTH     256u /* the UDP length is more than its IP packet has room for */
#define CAP_NOTE_GAP        512u /* TCP: segments before or within it were not captured */
#define CAP_NOTE_ASSUMED                                                                           \
    1024u /* TCP_OPEN: no packet of the server, its client went on as after one */
#define CAP_NOTE_DAMAGED                                                                           \
    2048u /* UDP, beside CHECKSUM: others of the sender are right, so its receiver drops it */
#define CAP_NOTE_NEVER 4096u /* UDP: the checksum is wrong, as are all others of the sender */

/* Borrows bytes until the sink returns. Ports that are not known are 0. Items come in the order in
 * which packets complete them; UDP_LOST and PARTIAL are given out when hope is, and carry time and
 * number of the last packet that belonged to them, so their time may be before that of the item in
 * front. */
typedef struct cap_item {
    cap_item_kind_t kind;
    unsigned notes;
    int64_t at;      /* of the packet that completed it, nanoseconds since 1970 */
    uint64_t number; /* of that packet, in its file */
    uint32_t file;
    addr_t from;
    addr_t to;
    uint64_t connection; /* TCP: number of the connection, from 1; both directions share it. ICMP:
                            that of the TCP packet quoted, 0 when it is not known */
    const uint8_t *bytes;
    uint32_t size;
    uint32_t original; /* of the payload on the wire; more than size when cut or lost */
    uint8_t ttl;       /* UDP: hops that the packet had left; 0: not known */
    /* ICMP */
    uint8_t icmp_type; /* as on the wire; the family is from's */
    uint8_t icmp_code;
    uint32_t icmp_mtu;
    transport_t quoted; /* UDP or TCP */
    addr_t quoted_from;
    addr_t quoted_to;
} cap_item_t;

/* What was seen and what was given up. */
typedef struct decode_stats {
    uint64_t packets;
    uint64_t not_ip;
    uint64_t other;           /* IP, but neither UDP, TCP nor an ICMP error; or other ports */
    uint64_t link_unknown;    /* of a link type that is not decoded */
    uint64_t malformed;       /* headers that make no sense */
    uint64_t malformed_first; /* number of the first such packet; 0: none */
    uint64_t cut;             /* cut so short by the capture that nothing could be made of them */
    uint64_t bad_checksum;
    uint64_t bad_checksum_first; /* the same */
    uint64_t offloaded;          /* checksums left to the network card: wrong, and no fault */
    uint64_t never_right;        /* wrong as all of their hosts: nothing follows from that */
    uint64_t fragments;          /* seen */
    uint64_t reassembled;        /* datagrams */
    uint64_t fragments_lost;     /* datagrams that never came together (timeout) */
    uint64_t fragments_evicted;  /* datagrams given up for lack of memory */
    uint64_t overlaps;
    uint64_t connections;
    uint64_t connections_evicted;
    uint64_t segments_evicted; /* out of order, given up for lack of memory */
    uint64_t tunnels_too_deep;
    size_t memory;      /* octets in use now for fragments, streams and connections */
    size_t memory_most; /* the most that it was */
} decode_stats_t;

#define DECODE_PORTS_MAX 16

typedef struct decode_options {
    size_t port_count; /* 0: port 53 */
    uint16_t port[DECODE_PORTS_MAX];
    bool any_port;            /* every UDP and TCP port */
    bool any_udp_port;        /* every UDP port: replies from a wrong port have no port of the list.
                                 Pairing leaves out what belongs to no question. true */
    size_t memory;            /* octets, half for fragments and half for streams: 64 MiB */
    unsigned connections_max; /* 65536; some 300 octets each, besides memory */
    /* Nanoseconds after a datagram's first fragment: 15 s. Hosts keep fragments for 60 s and more
     * (RFC 1122 3.3.2, RFC 8200 4.5), Linux for 30. Nobody waits so long for an answer, IDs of 16
     * bits come again sooner (RFC 8900 3.5, RFC 4963), and pairing must still know the question
     * that a lost answer was for: less than its timeout (capture/pair.h). */
    int64_t fragment_timeout;
    int64_t tcp_timeout;   /* idle connections: 120 s */
    bool verify_checksums; /* true */
    uint64_t seed; /* of hashes, against made collisions; items do not depend on it. A random one */
} decode_options_t;

/* Holds no global state: several may run in several threads, each fed by one. */
typedef struct decoder decoder_t;
/* item is only lent, and written anew for the next one. */
typedef void decode_sink_t(void *user, const cap_item_t *item);

/* Port 53, 64 MiB, checksums verified; a seed of its own each time. */
decode_options_t decode_options_default(void);
/* options are copied. NULL when memory is out. */
decoder_t *decoder_new(const decode_options_t *options, decode_sink_t *sink, void *user);
void decoder_free(decoder_t *d);
/* Decodes one packet; calls the sink for every item that it completes, and for those whose time is
 * over by then. Never fails: what cannot be decoded is counted. */
void decoder_feed(decoder_t *d, const cap_packet_t *p);
/* The capture is over: everything that is still open is given out as lost or partial. */
void decoder_finish(decoder_t *d);
/* Counts so far: the decoder's own, which go on counting. */
const decode_stats_t *decoder_stats(const decoder_t *d);

#endif
