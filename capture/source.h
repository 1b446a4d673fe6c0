/* Where packets come from: one handle for files, pipes, memory and live interfaces. */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/packet.h"

#define CAP_ERROR_MAX 400

typedef enum cap_read {
    CAP_PACKET,
    CAP_END,
    CAP_TRUNCATED, /* the input ends within a packet or block; text says where */
    CAP_ERROR,     /* what follows cannot be read; text says what and where */
    CAP_NOTHING    /* live: nothing came within the time; files never say so */
} cap_read_t;

/* Counters of a source; live ones are the kernel's. */
typedef struct cap_stats {
    uint64_t packets;  /* given out */
    uint64_t octets;   /* captured, of these */
    uint64_t filtered; /* read and not given out: the filter did not match */
    uint64_t dropped;  /* live: lost because the ring was full */
    uint64_t if_dropped;
} cap_stats_t;

typedef struct cap_source cap_source_t;

/* What every kind of source can do. */
typedef struct cap_source_ops {
    cap_read_t (*read)(cap_source_t *s, cap_packet_t *out);
    void (*stats)(cap_source_t *s, cap_stats_t *out);
    void (*close)(cap_source_t *s);
} cap_source_ops_t;

struct cap_source {
    const cap_source_ops_t *ops;
    char error[CAP_ERROR_MAX]; /* after CAP_TRUNCATED and CAP_ERROR: one sentence: file, packet
                                  number, offset, what */
};

/* Opens capture files (pcap, pcapng; plain, gzip, xz or zstd, told by their first octets; "-":
 * standard input) as one source, in the order of their first packet's time. filter (BPF text, may
 * be NULL) leaves packets out. NULL with a sentence in error. A file that breaks off ends with
 * CAP_TRUNCATED or CAP_ERROR; the next read goes on with the next file. */
cap_source_t *cap_source_files(const char *const *paths, size_t count, const char *filter,
                               char error[CAP_ERROR_MAX]);

/* A capture file in memory; octets stay the caller's. For tests and fuzzing. */
cap_source_t *cap_source_memory(const void *octets, size_t size, char error[CAP_ERROR_MAX]);

#endif
