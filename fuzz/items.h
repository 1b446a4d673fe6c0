/* What targets of capture/ have in common: items as numbers, and packets in memory of their own
 * size. */
#ifndef FUZZ_ITEMS_H
#define FUZZ_ITEMS_H

#include "capture/decode.h"
#include "exchange/flow.h"

/* Memory of exactly size octets (also of none), so that one octet too many is seen. Never NULL; the
 * caller frees it. */
uint8_t *exact_room(uint32_t size);
/* A copy of exactly size octets. */
uint8_t *exact_copy(const uint8_t *bytes, uint32_t size);

/* Leaves an octet all over the stack below, as an earlier call may have: what nobody wrote must not
 * be read. */
void fill_stack(uint8_t octet);

/* Adds all that an item says, and every octet of it, to a sum that depends on the order. Traps when
 * the item itself makes no sense. */
uint64_t item_sum(uint64_t sum, const cap_item_t *item);
/* The same of a flow, its messages and events. */
uint64_t flow_sum(uint64_t sum, const flow_t *flow);

#endif
