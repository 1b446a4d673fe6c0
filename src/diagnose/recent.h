/* Keys that were met lately, each with a time. When there are too many, the one that came first
 * makes room: which are remembered depends on their order alone, and not on how they hash. */
#ifndef DIAGNOSE_RECENT_H
#define DIAGNOSE_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#define RECENT_MAX 1024u /* a power of two */

/* Start with all zero. */
typedef struct recent {
    uint32_t count;
    uint32_t hand;             /* the oldest, once there are RECENT_MAX */
    uint16_t head[RECENT_MAX]; /* of chains; item and 1, 0 for none */
    struct {
        uint64_t key;
        int64_t at;
        uint16_t next;
    } item[RECENT_MAX];
} recent_t;

/* The time of a key in *at; false when it is not remembered. Keys should be spread, as hashes are.
 */
bool recent_get(const recent_t *r, uint64_t key, int64_t *at);
/* Remembers the key with a time, in place of the one that it has. */
void recent_put(recent_t *r, uint64_t key, int64_t at);

#endif
