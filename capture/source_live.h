/* A network interface as a source of packets (libpcap; on Linux a ring shared with the kernel). */
#ifndef CAPTURE_SOURCE_LIVE_H
#define CAPTURE_SOURCE_LIVE_H

#include "capture/source.h"

/* A packet waits in the ring for others, for twice this at most (milliseconds), unless it is wanted
 * at once. */
#define CAP_LIVE_LAG_MS 40

typedef struct cap_live_options {
    const char *interface; /* "any" for all */
    uint32_t snaplen;      /* octets kept of each packet; 0: all */
    uint32_t buffer;       /* octets of the kernel's ring; 0: 16 MiB */
    int wait;              /* milliseconds that a read waits; 0: none */
    bool immediate;        /* each packet at once; the ring then has room for fewer */
} cap_live_options_t;

typedef enum cap_live_result {
    CAP_LIVE_OK,
    CAP_LIVE_PRIVILEGE, /* CAP_NET_RAW is missing */
    CAP_LIVE_FAILED
} cap_live_result_t;

/* Opens an interface: not promiscuous, times in nanoseconds where the system has them. No packet
 * passes until a filter is set. On failure a sentence is in error. The caller closes *out. */
cap_live_result_t cap_source_live(const cap_live_options_t *options, cap_source_t **out,
                                  char error[CAP_ERROR_MAX]);

/* Sets the filter (pcap-filter(7)) of a live source, in the kernel. False with a sentence in error.
 * To be done before sandbox_lock(). */
bool cap_source_live_filter(cap_source_t *s, const char *text, char error[CAP_ERROR_MAX]);

/* Link type of a live source's packets, as in cap_packet_t. */
uint32_t cap_source_live_link(const cap_source_t *s);

#endif
