/* Exchanges as octets, to be kept and made again for another question. For share.c alone. */
#ifndef BULK_SHARE_ENTRY_H
#define BULK_SHARE_ENTRY_H

#include "probe/loop.h"

/* An exchange as octets, the caller's to free; observed: when it ended, nanoseconds since 1970.
 * NULL when memory is out. */
uint8_t *share_entry_write(const exchange_t *x, int64_t observed, size_t *size);
/* Adds the exchange to set as one of the question q (NULL reply: with the reply that it has), which
 * ended at the time at on the set's clock; silence then lasts beyond it. NULL when memory is out.
 */
exchange_t *share_entry_read(const uint8_t *entry, size_t size, const loop_question_t *q,
                             const uint8_t *reply, size_t reply_size, exchange_set_t *set,
                             int64_t at);
/* The reply of a kept exchange; NULL when it has none. */
const uint8_t *share_entry_reply(const uint8_t *entry, size_t size, size_t *reply_size);

#endif
