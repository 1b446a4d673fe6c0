/* What an address of a scenario sends back: a pure function of query and behaviours. */
#ifndef SERVE_RESPOND_H
#define SERVE_RESPOND_H

#include "serve/behaviour.h"
#include "serve/zonedb.h"

#define RESPOND_ZONES_MAX      16
#define RESPOND_BEHAVIOURS_MAX 16

/* One address that answers. */
typedef struct responder {
    const zone_t *zone[RESPOND_ZONES_MAX]; /* borrowed */
    unsigned zone_count;
    behaviour_t behaviour[RESPOND_BEHAVIOURS_MAX];
    unsigned behaviour_count;
} responder_t;

/* How the reply is delivered. */
typedef struct delivery {
    bool drop;
    bool wrong_source;
    bool wrong_port;
    bool reset;
    bool dribble;
    bool close_early;
    uint32_t close_after; /* octets, length octets included */
    uint32_t delay_ms;
} delivery_t;

/* Writes the reply to buf (at most cap octets; 65535 + 600 suffices for all) and its size, which
 * may be 0 for an empty message. d->drop says that nothing is to be sent. Queries that are no
 * queries (too short, QR set) are dropped. */
void respond(responder_t *r, transport_t transport, const uint8_t *query, size_t query_size,
             uint8_t *buf, size_t cap, size_t *size, delivery_t *d);

#endif
