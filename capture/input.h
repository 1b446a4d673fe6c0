/* Octets in order, from a file descriptor or from memory, decompressed when their beginning says
 * so, through buffers of fixed size. */
#ifndef CAPTURE_INPUT_H
#define CAPTURE_INPUT_H

#include "capture/ahead.h"

/* As much as input_need may be asked for: the longest packet with what stands before it. */
#define INPUT_NEED_MAX (262144u + 4096u)

/* Private but for the first four members, which are read only. */
typedef struct input {
    const uint8_t *bytes; /* what is available */
    size_t avail;
    uint64_t offset;     /* of bytes[0], in the decompressed data */
    input_state_t state; /* what follows what is available; unpack has more about it */
    unpack_t unpack;
    ahead_t *ahead; /* NULL: read in this thread */
    uint8_t *buffer;
    bool in_place; /* memory that is not compressed: all of it is available */
} input_t;

/* fd stays the caller's. */
void input_open_fd(input_t *s, int fd);
/* octets stay the caller's and are used in place unless they are compressed. */
void input_open_memory(input_t *s, const void *octets, size_t size);
void input_close(input_t *s);

/* What was just opened is read and decompressed in a thread of its own from now on, if one can be
 * had. For regular files: while that thread waits, no signal ends it. s must stay where it is. */
void input_read_ahead(input_t *s);

/* Reads on until n octets are available, and whatever may move those that are. False when they do
 * not come: then state says why, or is INPUT_OPEN when a signal came while a pipe was waited for.
 * A shorter rest stays available. n is at most INPUT_NEED_MAX. */
bool input_fill(input_t *s, size_t n);

/* The same, unless n octets are available already. */
static inline bool input_need(input_t *s, size_t n)
{
    return s->avail >= n || input_fill(s, n);
}

/* Steps over n octets, which must be available. */
static inline void input_take(input_t *s, size_t n)
{
    s->bytes += n;
    s->avail -= n;
    s->offset += n;
}

#endif
