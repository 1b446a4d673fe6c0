/* Octets in order, from a file descriptor or from memory, decompressed when their beginning says
 * so, through one buffer of fixed size. */
#ifndef CAPTURE_STREAM_H
#define CAPTURE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/codec.h"

/* As much as stream_need may be asked for: the longest packet with what stands before it. */
#define STREAM_NEED_MAX (262144u + 4096u)

typedef enum stream_state {
    STREAM_OPEN,
    STREAM_END,         /* nothing follows what is available */
    STREAM_READ_FAILED, /* os_error tells */
    STREAM_CUT,         /* the compressed data ends early */
    STREAM_DAMAGED,     /* the compressed data is damaged */
    STREAM_LIMIT,       /* the compressed data wants too much memory */
    STREAM_MEMORY
} stream_state_t;

/* Private but for the first four members, which are read only. */
typedef struct stream {
    const uint8_t *bytes; /* what is available */
    size_t avail;
    uint64_t offset; /* of bytes[0], in the decompressed data */
    stream_state_t state;
    int os_error;
    int fd;                /* -1: memory */
    const uint8_t *memory; /* what is left of it */
    size_t memory_left;
    stream_state_t later; /* what follows the octets that are available */
    bool begun;
    bool input_ended;
    uint8_t *buffer;
    codec_kind_t kind;
    codec_t *codec;
    uint8_t *packed; /* compressed octets that were read */
    const uint8_t *packed_next;
    size_t packed_left;
    uint64_t packed_offset; /* of packed_next, in the file */
} stream_t;

/* fd stays the caller's. */
void stream_open_fd(stream_t *s, int fd);
/* octets stay the caller's and are used in place unless they are compressed. */
void stream_open_memory(stream_t *s, const void *octets, size_t size);
void stream_close(stream_t *s);

/* Reads on until n octets are available, and whatever may move those that are. False when they do
 * not come: then state says why, or is STREAM_OPEN when a signal came while a pipe was waited for.
 * A shorter rest stays available. n is at most STREAM_NEED_MAX. */
bool stream_fill(stream_t *s, size_t n);

static inline bool stream_need(stream_t *s, size_t n)
{
    return s->avail >= n || stream_fill(s, n);
}

/* Steps over n octets, which must be available. */
static inline void stream_take(stream_t *s, size_t n)
{
    s->bytes += n;
    s->avail -= n;
    s->offset += n;
}

#endif
