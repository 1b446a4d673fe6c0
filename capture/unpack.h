/* Octets of a file or of memory in order, decompressed when their beginning says so, into room that
 * the caller has. Internal to capture/: readers use input.h. */
#ifndef CAPTURE_UNPACK_H
#define CAPTURE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/codec.h"

typedef enum input_state {
    INPUT_OPEN,
    INPUT_END,         /* nothing follows what was given */
    INPUT_READ_FAILED, /* os_error tells */
    INPUT_CUT,         /* the compressed data ends early */
    INPUT_DAMAGED,     /* the compressed data is damaged */
    INPUT_LIMIT,       /* the compressed data wants too much memory */
    INPUT_MEMORY
} input_state_t;

/* Octets to ask for at a time: enough for few system calls, and few enough to stay in the
 * second-level cache, since what the kernel copies is read again at once. Where compressed data is
 * damaged, how much comes before that depends on it. */
#define UNPACK_BLOCK ((size_t)256 << 10)
/* They are best put at a multiple of this: the kernel copies whole pages, and faster so. */
#define UNPACK_ALIGN ((size_t)4096)

/* Private but for the first four members, which are read only. */
typedef struct unpack {
    input_state_t state;
    int os_error;
    codec_kind_t kind;      /* known when the first octets were given */
    uint64_t packed_offset; /* compressed octets that were used */
    int fd;                 /* -1: memory */
    const uint8_t *memory;  /* what is left of it */
    size_t memory_left;
    input_state_t later; /* what follows the octets that were given */
    bool begun;
    bool read_ended;
    codec_t *codec;
    uint8_t *packed; /* octets that were read and wait to be decompressed */
    const uint8_t *packed_next;
    size_t packed_left;
    uint8_t first[CODEC_MAGIC_SIZE]; /* what was looked at */
    size_t first_left;
} unpack_t;

/* fd stays the caller's. */
void unpack_open_fd(unpack_t *u, int fd);
/* octets stay the caller's. */
void unpack_open_memory(unpack_t *u, const void *octets, size_t size);
void unpack_close(unpack_t *u);

/* Gives octets as soon as there are any, cap of them at most (more than CODEC_MAGIC_SIZE), and
 * returns their number. 0 when none
 * come: state says why, or is INPUT_OPEN when a signal came while a pipe was waited for. What
 * cannot be read is told after all that stands before it. */
size_t unpack_read(unpack_t *u, uint8_t *to, size_t cap);

#endif
