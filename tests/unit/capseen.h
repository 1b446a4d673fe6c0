/* What comes out of a capture, for tests of the readers. */
#ifndef TESTS_CAPSEEN_H
#define TESTS_CAPSEEN_H

#include "capfile.h"
#include "capture/source.h"

#define MICRO    0xa1b2c3d4u
#define NANO     0xa1b23c4du
#define MODIFIED 0xa1b2cd34u

/* What came out of a source until its end. */
typedef struct seen {
    unsigned packets;
    unsigned faults;
    cap_read_t last_fault;
    char error[CAP_ERROR_MAX]; /* the first */
    char comment[256];
    cap_packet_t packet[64]; /* bytes: NULL */
    uint8_t first[64];       /* first octet of each; 0 when empty */
    cap_stats_t stats;
} seen_t;

/* An empty file, to be freed. */
capfile_t *capfile_new(bool little);
/* Reads all, one packet (0) or a batch at a time, and closes. */
void capseen_drain(cap_source_t *s, size_t batch, seen_t *out);
/* Reads from a copy of exactly this size, in every way, which must agree. */
void capseen_read(const uint8_t *octets, size_t size, seen_t *out);
/* A file cut anywhere gives every packet that is whole (ends: where each does), and says where it
 * ends; whole are the sizes at which nothing is missing. */
void capseen_prefixes(const capfile_t *f, const size_t *ends, unsigned count, const size_t *whole,
                      size_t whole_count);

#endif
