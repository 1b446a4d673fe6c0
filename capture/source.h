/* Where packets come from: one handle for files, pipes, memory and live interfaces. */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/packet.h"

#define CAP_ERROR_MAX 512
/* No packet is longer: what a file says about a longer one is an error, not an allocation. */
#define CAP_PACKET_MAX 262144u

typedef enum cap_read {
    CAP_PACKET,
    CAP_END,
    CAP_TRUNCATED, /* the input ends within a packet or block, or is empty; error says where */
    CAP_ERROR,     /* what follows in this file cannot be read; error says what and where */
    CAP_NOTHING    /* nothing came within the time (live), or before a signal came (pipes): look
                      whether to stop, and read again */
} cap_read_t;

/* Counters of a source. */
typedef struct cap_stats {
    uint64_t packets;    /* given out */
    uint64_t octets;     /* captured, of these */
    uint64_t filtered;   /* read and not given out: the filter did not match (files only) */
    uint64_t dropped;    /* lost because the ring was full: the kernel's word, live or as a pcapng
                            file has it */
    uint64_t if_dropped; /* lost by the interface */
} cap_stats_t;

typedef struct cap_source cap_source_t;

/* What every kind of source can do. Callers use the functions below. */
typedef struct cap_source_ops {
    cap_read_t (*read)(cap_source_t *s, cap_packet_t *out);
    size_t (*batch)(cap_source_t *s, cap_packet_t *out, size_t max, cap_read_t *how);
    void (*stats)(cap_source_t *s, cap_stats_t *out);
    const char *(*file_name)(const cap_source_t *s, uint32_t file);
    const char *(*comment)(const cap_source_t *s);
    bool (*waits)(const cap_source_t *s);
    void (*close)(cap_source_t *s);
} cap_source_ops_t;

struct cap_source {
    const cap_source_ops_t *ops;
    char error[CAP_ERROR_MAX]; /* after CAP_TRUNCATED and CAP_ERROR: one sentence: file, packet
                                  number, offset, what */
};

/* Opens capture files (pcap, pcapng, snoop; plain, gzip, xz or zstd, told by their first octets;
 * "-": standard input) as one source. Files are begun in the order of their first packet's time;
 * those that go over the same time are read side by side, the earlier packet first, and each keeps
 * its order. Files without a packet come last, equal times in the order of their first packets,
 * then in the order given. filter (BPF text, may be NULL) leaves packets
 * out. Files are only opened here: not one octet of them is looked at before the first read, so
 * that a sandbox can be entered in between. NULL with a sentence in error. */
cap_source_t *cap_source_files(const char *const *paths, size_t count, const char *filter,
                               char error[CAP_ERROR_MAX]);

/* Lets files of `least` octets and more (as they are, compressed) be read and decompressed in a
 * thread of their own, from the next on that is begun. Pipes and other sources stay as they are. */
void cap_source_files_ahead(cap_source_t *s, uint64_t least);

/* A capture file in memory; octets stay the caller's. For tests and fuzzing. */
cap_source_t *cap_source_memory(const void *octets, size_t size, char error[CAP_ERROR_MAX]);

/* Gives the next packet, which borrows its octets until the next read. A file that breaks off ends
 * with CAP_TRUNCATED or CAP_ERROR; the next read goes on with the next file. After CAP_END every
 * read gives CAP_END. */
static inline cap_read_t cap_source_read(cap_source_t *s, cap_packet_t *out)
{
    return s->ops->read(s, out);
}

/* Gives up to max packets at once, all of which stay valid until the next read or batch; returns
 * their number. *how is CAP_PACKET when there may be more, else what came behind them. Packets of
 * one batch lie near each other in memory. A live source gives what has come. */
static inline size_t cap_source_batch(cap_source_t *s, cap_packet_t *out, size_t max,
                                      cap_read_t *how)
{
    return s->ops->batch(s, out, max, how);
}

/* Counts of all files, or since the capture began; dropped ones come late from some kernels. */
static inline void cap_source_stats(cap_source_t *s, cap_stats_t *out)
{
    s->ops->stats(s, out);
}

/* Name of the file with an index as in cap_packet_t (the order of reading); of the interface when
 * live. Files have their order after the first read. "" for an index out of range. */
static inline const char *cap_source_file_name(const cap_source_t *s, uint32_t file)
{
    return s->ops->file_name(s, file);
}

/* Comment of the pcapng section that was read last (several of them joined by line feeds; octets
 * that are no UTF-8 as they are, but never NUL), or NULL. Valid until the next read. */
static inline const char *cap_source_comment(const cap_source_t *s)
{
    return s->ops->comment(s);
}

/* True when the next read may wait for somebody: whoever writes to a pipe, or sends packets. */
static inline bool cap_source_waits(const cap_source_t *s)
{
    return s->ops->waits(s);
}

/* Frees the source and all packets that it gave. NULL is allowed. */
static inline void cap_source_close(cap_source_t *s)
{
    if (s != NULL)
        s->ops->close(s);
}

#endif
