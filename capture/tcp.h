/* TCP connections cut into DNS messages (RFC 9293, RFC 1035 4.2.2, RFC 7766).
 *
 * Both directions are put in order by their sequence numbers, whatever order, repetition or overlap
 * the segments came in; where repeated octets differ, what came first stays, and it is noted.
 * Octets that the other side acknowledged and that never came were lost by the capture: the stream
 * goes on behind the hole. Without the beginning, or behind a hole that swallows a length prefix,
 * messages are looked for: a length followed by what can be a DNS header and a first record.
 * Memory is bounded: connections that are over, then half-open ones, then the longest idle are
 * given up first; buffered octets of the longest idle are given up when their budget is spent. */
#ifndef CAPTURE_TCP_H
#define CAPTURE_TCP_H

#include "capture/decode.h"
#include "capture/ip.h"
#include "capture/origin.h"

/* One segment; borrows its octets. */
typedef struct tcp_segment {
    addr_t from;
    addr_t to;
    bool from_served; /* its port is one that servers have */
    bool to_served;
    bool bad_sum;  /* the checksum is wrong and not offloaded */
    bool good_sum; /* it is right: sums of this sender tell damage */
    uint8_t flags;
    uint32_t seq;
    uint32_t ack;
    const uint8_t *data;
    uint32_t size;   /* captured of the data: */
    uint32_t length; /* of so many octets sent */
    origin_t origin;
} tcp_segment_t;

typedef struct tcp_stats {
    uint64_t connections;
    uint64_t connections_evicted; /* that were not over */
    uint64_t segments_evicted;
    uint64_t overlaps; /* segments with other octets than came before */
} tcp_stats_t;

typedef struct tcp_options {
    size_t memory; /* octets buffered */
    unsigned connections_max;
    int64_t timeout; /* nanoseconds without a segment */
    uint64_t seed;
    decode_sink_t *sink;
    void *user;
} tcp_options_t;

typedef struct tcp_table tcp_table_t;

/* Reads the header at the payload of v; addresses, ports, numbers and data of *s are set. */
ip_kind_t tcp_read(tcp_segment_t *s, const ip_view_t *v);

/* NULL when memory is out. */
tcp_table_t *tcp_table_new(const tcp_options_t *options);
void tcp_table_free(tcp_table_t *t);
/* Takes one segment; what it completes is given out before this returns. Its octets are copied
 * where they have to wait. */
void tcp_take(tcp_table_t *t, const tcp_segment_t *s);
/* Number of the connection between two ends in either direction; 0 when there is none. */
uint64_t tcp_connection(const tcp_table_t *t, const addr_t *a, const addr_t *b);
/* When the next connection will have been idle too long; INT64_MAX when there is none. */
int64_t tcp_deadline(const tcp_table_t *t);
/* Gives up the connections that were idle too long at now, with what is left of their streams. */
void tcp_expire(tcp_table_t *t, int64_t now);
/* Gives out what is left and forgets all connections. */
void tcp_finish(tcp_table_t *t);

/* Counts so far: the table's own, which go on counting. */
const tcp_stats_t *tcp_stats(const tcp_table_t *t);
/* Octets in use, connections included. */
size_t tcp_memory(const tcp_table_t *t);

#endif
