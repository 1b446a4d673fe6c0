/* How many questions one address may have at once when no limit says so. A server's receive buffer
 * holds a few hundred small datagrams (Linux by default 208 KiB, which 277 queries fill): what
 * comes beyond is lost, and would be taken for silence. The number halves when messages to an
 * address that answers are lost, and grows slowly while they are answered. */
#ifndef BULK_LANE_H
#define BULK_LANE_H

#include "exchange/addr.h"

#define LANE_MOST  250u /* exchanges of an address at once */
#define LANE_LEAST 16u
#define LANE_NONE  UINT32_MAX

/* An address. first and last are the ends of the caller's list of what waits for it. */
typedef struct lane {
    addr_t addr; /* family 0: free */
    uint32_t flying;
    uint32_t window;
    uint32_t answers; /* since the window changed */
    uint32_t first;   /* LANE_NONE: nothing waits */
    uint32_t last;
    bool answered; /* ever */
    int64_t cut;   /* when the window was last halved: messages from before do not halve it again */
    int64_t used;
} lane_t;

typedef struct lanes {
    lane_t *lane; /* owned */
    uint32_t count;
    uint32_t last; /* found last */
    uint32_t busy; /* lanes with something on its way */
    uint32_t most;
    uint64_t seed;
} lanes_t;

/* most: exchanges of an address at once; 0: any number, and no lanes. seed: of hashes, against
 * addresses that are chosen to collide. False when memory is out. */
bool lanes_init(lanes_t *l, uint32_t most, uint64_t seed);
void lanes_free(lanes_t *l);
/* The address's lane, which stays its own as long as something of it is on its way or waits.
 * LANE_NONE: there are no lanes, or too many addresses at once for this one to have any. */
uint32_t lanes_find(lanes_t *l, const addr_t *a, int64_t now);
/* Takes a place. False when the lane is full. */
bool lanes_take(lanes_t *l, uint32_t i);
/* Gives it back. */
void lanes_give(lanes_t *l, uint32_t i, bool answered);
/* A message that was sent at that time got no answer. */
void lanes_lost(lanes_t *l, uint32_t i, int64_t sent, int64_t now);

#endif
