/* Files that are one source: which of them are open, and whose packet is next. Internal to
 * capture/: callers use source.h. */
#ifndef CAPTURE_FILES_H
#define CAPTURE_FILES_H

#include "capture/bpf.h"
#include "capture/reader.h"
#include "capture/source.h"

/* Files that are read side by side. Of more that go over the same time the rest follows. */
#define LANES_MAX 64u

typedef struct file {
    char *name;
    int fd; /* negative: in memory */
    bool seekable;
    bool regular; /* nobody is waited for */
    bool opened;  /* reader is */
    bool looked;  /* a pipe, of which reader has given peek already */
    uint64_t size;
    uint32_t given;   /* place on the command line */
    int64_t first;    /* time of the first packet; INT64_MAX: none */
    reader_t *reader; /* owned, until the file has a lane */
    reader_status_t peeked;
    cap_packet_t peek;
} file_t;

/* A file while it is read. */
typedef struct lane {
    reader_t *reader; /* owned */
    uint32_t file;
    bool has_head;
    bool lent;         /* packets of it are in the batch: what it has may not move */
    cap_packet_t head; /* the next packet */
} lane_t;

typedef struct files {
    cap_source_t base;
    uint32_t count;
    uint32_t begun;     /* files that were begun: those from here on are still to come */
    uint32_t looked_at; /* files whose first packet is known */
    bool sorted;
    uint64_t
        ahead_from; /* octets of a file that is read in a thread of its own; UINT64_MAX: none */
    file_t *file;
    cap_bpf_t *filter; /* NULL: everything */
    lane_t lane[LANES_MAX];
    uint32_t lanes;
    uint32_t last; /* lane that was read last */
    char *comment; /* of the file that ended last, owned, or NULL */
    cap_stats_t stats;
} files_t;

/* Puts files in the order of their first packets. False when a signal came. */
bool files_sort(files_t *s);

/* The next packet in order of time, of the lane s->last, or what else that lane came to. A file is
 * begun when the packets of others get to its first. READER_END with no lane: all is read. */
reader_status_t lanes_next(files_t *s, cap_packet_t *out);
/* Ends the lane: its file gives no more. */
void lane_end(files_t *s, uint32_t i);
/* What a file itself says about packets that are not in it. */
void files_add_drops(const reader_pcapng_t *ng, cap_stats_t *stats);

#endif
