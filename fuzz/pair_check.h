/* What must be true of the tables of pairing between any two packets. */
#ifndef FUZZ_PAIR_CHECK_H
#define FUZZ_PAIR_CHECK_H

#include "capture/pair.h"

/* Every slot and connection is on just the lists that its state asks for, and counts add up. Traps
 * when not. Slots must not be more than PAIR_CHECK_SLOTS. */
#define PAIR_CHECK_SLOTS 256u
void pair_check(const pairer_t *p);

#endif
