/* Truncated replies, fetched over TCP by the engine of probe/; for bulk/flight.c alone. */
#ifndef BULK_FLIGHT_TCP_H
#define BULK_FLIGHT_TCP_H

#include "bulk/flight_slot.h"

/* Asks the exchange's question again, over TCP. */
void flight_tcp_start(flight_t *f, slot_t *s);
/* Takes what came over TCP, without waiting, and ends the exchanges that it answers. */
void flight_tcp_step(flight_t *f);
void flight_tcp_free(flight_t *f);

#endif
