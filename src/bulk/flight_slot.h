/* What a flight is made of; for bulk/flight*.c alone. */
#ifndef BULK_FLIGHT_SLOT_H
#define BULK_FLIGHT_SLOT_H

#include "bulk/flight.h"
#include "bulk/lane.h"
#include "bulk/random.h"
#include "bulk/wheel.h"

typedef enum slot_state {
    SLOT_FREE,
    SLOT_LANE,   /* waits until its address has room */
    SLOT_TURN,   /* waits for its turn */
    SLOT_READY,  /* to be sent */
    SLOT_FLYING, /* sent */
    SLOT_TCP,
    SLOT_ENDED /* not free yet, since the FIFO knows it */
} slot_state_t;

/* What every step looks at stands first, the message last: of most exchanges only the first lines
 * of the cache are touched. */
typedef struct slot {
    uint32_t chain; /* in the table, or in a list: of the free, or of what waits for a lane */
    uint32_t lane;
    uint16_t id;
    uint16_t sock;
    uint16_t size;
    uint16_t question; /* octets of the question */
    uint8_t state;     /* slot_state_t */
    uint8_t attempts;
    uint8_t mismatch;
    bool in_table;
    bool limited; /* counted by limits */
    bool queued;  /* in the FIFO of what may be sent */
    bool full;    /* the kernel's buffer was: not sent yet */
    bool truncated;
    bool icmp;
    uint8_t icmp_type;
    uint8_t icmp_code;
    uint64_t number;
    int64_t sent;
    pool_peer_t peer;
    addr_t server;
    limits_turn_t turn;
    flight_t *flight;
    uint8_t wire[FLIGHT_QUERY_MAX];
} slot_t;

struct flight {
    flight_options_t o;
    flight_sink_t *sink;
    void *user;
    pool_t *pool;
    random_pool_t random;
    wheel_t wheel;
    slot_t *slot;
    uint32_t free;
    lanes_t lanes;
    size_t waiting; /* for a lane */
    size_t pending;
    size_t flying;
    uint32_t mask;
    uint32_t *table; /* exchanges by socket and ID */
    /* FIFO of what may be sent, one for each family */
    uint32_t *ready[2];
    size_t ready_first[2];
    size_t ready_count[2];
    int64_t now;  /* when this step began to do something */
    size_t came;  /* events of the last step */
    int64_t took; /* time between the last two steps */
    net_t *net;   /* TCP, from the first truncated reply on */
    engine_t *engine;
    exchange_set_t set;
    size_t tcp;
    flight_stats_t stats;
    reply_t scratch;
    pool_item_t item[POOL_BATCH];
    uint32_t batch[POOL_BATCH];
};

/* The result of an exchange without a reply. */
flight_result_t flight_no_reply(const slot_t *s, outcome_kind_t outcome);
/* Ends an exchange: the sink is given r, completed by what the exchange knows. */
void flight_slot_end(flight_t *f, slot_t *s, flight_result_t *r);
/* Takes an exchange out of the table of those that wait for a datagram, and its timer. */
void flight_slot_ground(flight_t *f, slot_t *s);

#endif
