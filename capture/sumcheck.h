/* Checksums of UDP, TCP and ICMP: right, wrong, or never filled in because the packet was captured
 * on its way to a network card that does that (offloading).
 *
 * A wrong checksum is taken for offloaded when it is the sum of the pseudo-header alone, with or
 * without the length, which is what Linux and Windows leave there, or 0 in TCP; and when the same
 * host has sent only wrong ones, SUMCHECK_STREAK in a row. Everything else is damage. */
#ifndef CAPTURE_SUMCHECK_H
#define CAPTURE_SUMCHECK_H

#include "capture/ip.h"

#define SUMCHECK_STREAK 8u
#define SUMCHECK_HOSTS  64u

typedef enum sumcheck_result {
    SUMCHECK_GOOD,
    SUMCHECK_UNKNOWN, /* cut by the capture, or the packet has none */
    SUMCHECK_OFFLOADED,
    SUMCHECK_BAD
} sumcheck_result_t;

/* Hosts whose last packet had a wrong checksum; a host may push out another. All zero at first. */
typedef struct sumcheck {
    uint32_t suspects; /* slots in use */
    struct {
        uint64_t host; /* hash; 0: free */
        uint32_t wrong;
    } slot[SUMCHECK_HOSTS];
} sumcheck_t;

/* Where the checksum of UDP, TCP and ICMP stands in the payload. */
#define SUMCHECK_AT_UDP  6u
#define SUMCHECK_AT_TCP  16u
#define SUMCHECK_AT_ICMP 2u

/* Verifies the first length octets of the payload of v, with their checksum at octet at. */
sumcheck_result_t sumcheck_payload(sumcheck_t *state, const ip_view_t *v, uint32_t length,
                                   uint32_t at);

/* For a packet that was verified elsewhere, and is right. from: 4 or 16 octets, by family. Needs a
 * call only while there are suspects. */
void sumcheck_was_good(sumcheck_t *state, unsigned family, const uint8_t *from);

#endif
