/* Octets in order, from a file descriptor or from memory, decompressed when their beginning says
 * so, through one buffer of fixed size. */
#ifndef CAPTURE_INPUT_H
#define CAPTURE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/codec.h"

/* As much as input_need may be asked for: the longest packet with what stands before it. */
#define INPUT_NEED_MAX (262144u + 4096u)

typedef enum input_state {
    INPUT_OPEN,
    INPUT_END,         /* nothing follows what is available */
    INPUT_READ_FAILED, /* os_error tells */
    INPUT_CUT,         /* the compressed data ends early */
    INPUT_DAMAGED,     /* the compressed data is damaged */
    INPUT_LIMIT,       /* the compressed data wants too much memory */
    INPUT_MEMORY
} input_state_t;

/* Private but for the first four members, which are read only. */
typedef struct input {
    const uint8_t *bytes; /* what is available */
    size_t avail;
    uint64_t offset; /* of bytes[0], in the decompressed data */
    input_state_t state;
    int os_error;
    int fd;                /* -1: memory */
    const uint8_t *memory; /* what is left of it */
    size_t memory_left;
    input_state_t later; /* what follows the octets that are available */
    bool begun;
    bool read_ended;
    uint8_t *buffer;
    codec_kind_t kind;
    codec_t *codec;
    uint8_t *packed; /* compressed octets that were read */
    const uint8_t *packed_next;
    size_t packed_left;
    uint64_t packed_offset; /* of packed_next, in the file */
} input_t;

/* fd stays the caller's. */
void input_open_fd(input_t *s, int fd);
/* octets stay the caller's and are used in place unless they are compressed. */
void input_open_memory(input_t *s, const void *octets, size_t size);
void input_close(input_t *s);

/* Reads on until n octets are available, and whatever may move those that are. False when they do
 * not come: then state says why, or is INPUT_OPEN when a signal came while a pipe was waited for.
 * A shorter rest stays available. n is at most INPUT_NEED_MAX. */
bool input_fill(input_t *s, size_t n);

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
