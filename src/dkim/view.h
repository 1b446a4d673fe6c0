/* One record without a message, seen as if it came in one: for what decodes and prints records. */
#ifndef DKIM_VIEW_H
#define DKIM_VIEW_H

#include "proto/nsproto.h"

typedef struct record_view {
    nsp_msg_t m;
    nsp_rr_t rr;
    uint8_t *wire; /* owned */
} record_view_t;

/* Makes a message of one record of class IN, with the root as its owner. False when memory is out
 * or rdlen is more than a record of a message can have; v is then nothing to free. */
bool record_view(record_view_t *v, uint16_t type, const uint8_t *rdata, size_t rdlen);
void record_view_free(record_view_t *v);

#endif
