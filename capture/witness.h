/* What an interface saw of exchanges that were made at the same time: replies that came and were
 * dropped by this very host, fragments that never came together, ICMP errors that no socket was
 * told of. */
#ifndef CAPTURE_WITNESS_H
#define CAPTURE_WITNESS_H

#include "capture/decode.h"

typedef struct witness witness_t;

/* What was looked at, and what there was no room for. */
typedef struct witness_stats {
    uint64_t packets;
    uint64_t items;
    uint64_t forgotten;
} witness_stats_t;

/* For servers at one port. NULL when memory is out. */
witness_t *witness_new(uint16_t port);
void witness_free(witness_t *w);
/* Keeps what a packet shows, within 32 MiB. */
void witness_feed(witness_t *w, const cap_packet_t *p);
/* No more packets come for this set: adds to its unanswered exchanges the events that no socket
 * told of, and forgets all packets. False when memory is out. */
bool witness_join(witness_t *w, exchange_set_t *set);
witness_stats_t witness_stats(const witness_t *w);

#endif
