/* Checksums of UDP, TCP and ICMP: right, wrong, or never filled in because the packet was captured
 * on its way to a network card that does that (offloading).
 *
 * A wrong checksum is taken for offloaded when it is the sum of the pseudo-header alone, with or
 * without the length, which is what Linux and Windows leave there, or 0 in TCP; and when the same
 * host has sent only wrong ones, VERIFY_STREAK in a row. Everything else is damage. */
#ifndef CAPTURE_VERIFY_H
#define CAPTURE_VERIFY_H

#include "capture/ip.h"

#define VERIFY_STREAK 8u
#define VERIFY_HOSTS  64u

typedef enum verify_result {
    VERIFY_GOOD,
    VERIFY_UNKNOWN, /* cut by the capture, or the packet has none */
    VERIFY_OFFLOADED,
    VERIFY_BAD
} verify_result_t;

/* Hosts whose last packet had a wrong checksum; a host may push out another. All zero at first. */
typedef struct verify {
    uint32_t suspects; /* slots in use */
    struct {
        uint64_t host; /* hash; 0: free */
        uint32_t wrong;
    } slot[VERIFY_HOSTS];
} verify_t;

/* Where the checksum of UDP, TCP and ICMP stands in the payload. */
#define VERIFY_AT_UDP  6u
#define VERIFY_AT_TCP  16u
#define VERIFY_AT_ICMP 2u

/* Verifies the first length octets of the payload of v, with their checksum at octet at. */
verify_result_t verify_payload(verify_t *state, const ip_view_t *v, uint32_t length, uint32_t at);

/* For a packet that was verified elsewhere, and is right. */
void verify_was_good(verify_t *state, const ip_view_t *v);

#endif
