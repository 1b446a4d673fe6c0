/* Octets that a thread of its own reads and decompresses ahead of who wants them. Internal to
 * capture/. */
#ifndef CAPTURE_AHEAD_H
#define CAPTURE_AHEAD_H

#include "capture/unpack.h"

typedef struct ahead ahead_t;

/* Begins to read u, which is the thread's until ahead_stop: where it stands may be looked at only
 * after ahead_next has given nothing. For files that nobody is waited for at, since no signal
 * interrupts. Each block has `front` octets, a multiple of
 * UNPACK_ALIGN, of room in front of it. NULL when memory is out or no
 * thread can be had: then u was not touched. */
ahead_t *ahead_start(unpack_t *u, size_t front);
/* Gives the next block of octets and returns their number; the one before is given back with that.
 * The last n octets before it, rest, are wanted still: they come to stand in front, n of at most
 * `front`, and *octets points to them. 0 when all was given: then *octets and what rest points to
 * stay as they are. */
size_t ahead_next(ahead_t *a, const uint8_t *rest, size_t n, uint8_t **octets);
/* Ends the thread, whatever it is at, and frees all blocks. NULL: nothing to do. */
void ahead_stop(ahead_t *a);

#endif
