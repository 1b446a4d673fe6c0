/* IP fragments put together (RFC 791 3.2, RFC 8200 4.5).
 *
 * Fragments of IPv4 belong together by source, destination, protocol and identification, those of
 * IPv6 by source, destination and identification. Where they overlap with different octets, IPv4
 * takes what came first, and says so; IPv6 gives up the whole datagram, what is still to come of it
 * included (RFC 5722). A fragment that comes again is nothing new, also once its datagram is whole.
 * Memory and time are bounded; what is given up is given out as lost. */
#ifndef CAPTURE_FRAGMENT_H
#define CAPTURE_FRAGMENT_H

#include "capture/ip.h"
#include "capture/origin.h"

/* Fragments that one datagram may have: 65535 octets in parts that the smallest IPv6 MTU has room
 * for are 54; beyond this a datagram is given up. */
#define FRAGMENTS_MAX 256u

/* A datagram that is whole, or what there is of one that never became so. Borrows all octets. */
typedef struct datagram {
    uint8_t family;
    uint8_t protocol; /* of the first fragment; of any other when there is no first */
    uint8_t from[16];
    uint8_t to[16];
    bool first;           /* the beginning is there */
    const uint8_t *bytes; /* what there is from the beginning without a hole */
    uint32_t size;
    uint32_t length; /* of the whole; of a lost one whose end is missing: so far as is known */
    origin_t origin; /* of its last fragment, with the notes of all */
} datagram_t;

typedef struct fragment_stats {
    uint64_t fragments;
    uint64_t reassembled;
    uint64_t lost;      /* timeout */
    uint64_t evicted;   /* for lack of memory, or of more than FRAGMENTS_MAX */
    uint64_t overlaps;  /* datagrams with overlaps of different octets (IPv6: any) */
    uint64_t malformed; /* beyond 65535 octets, or not a multiple of 8 and not the last */
} fragment_stats_t;

/* A fragment that comes again so soon after its datagram was whole is one that was captured, or
 * sent by the network, twice; later its identification is that of another datagram. */
#define FRAGMENT_AGAIN_WITHIN INT64_C(200000000)

typedef struct fragment_table fragment_table_t;
/* Is given each datagram that was given up. */
typedef void fragment_lost_t(void *user, const datagram_t *d);

/* memory in octets, timeout in nanoseconds. NULL when memory is out. */
fragment_table_t *fragment_table_new(size_t memory, int64_t timeout, uint64_t seed,
                                     fragment_lost_t *lost, void *user);
void fragment_table_free(fragment_table_t *t);

/* Takes one fragment (v->fragment is true). When it makes a datagram whole, returns its octets,
 * which the caller frees, and fills *out. Else NULL. */
uint8_t *fragment_take(fragment_table_t *t, const ip_view_t *v, const origin_t *origin,
                       datagram_t *out);

/* The first octets of the datagram that a fragment belongs to, at most 4 (UDP and TCP ports), as
 * far as they were seen. False when they were not. */
bool fragment_begins(const fragment_table_t *t, const ip_view_t *v, uint8_t out[4]);

/* When the next datagram will be over; INT64_MAX when there is none. */
int64_t fragment_deadline(const fragment_table_t *t);
/* Gives up what is over at now. */
void fragment_expire(fragment_table_t *t, int64_t now);
/* Gives up everything. */
void fragment_finish(fragment_table_t *t);

/* Counts so far: the table's own, which go on counting. */
const fragment_stats_t *fragment_stats(const fragment_table_t *t);
/* Octets in use. */
size_t fragment_memory(const fragment_table_t *t);

#endif
