/* Checksums of UDP, TCP and ICMP: right, wrong, or never filled in because the packet was captured
 * on its way to a network card that does that (offloading).
 *
 * A wrong checksum is taken for offloaded when it is the sum of the pseudo-header alone, with or
 * without the length, which is what Linux and Windows leave there, or 0 in TCP. When the same host
 * has sent only wrong ones, SUMCHECK_STREAK in a row, they tell nothing: other cards, which leave
 * the same number in every packet, or a capture whose addresses were changed afterwards, so that
 * checksums of the same two hosts are all wrong by the same. Where neither number is the same, as
 * when a path damages every packet, they go on to be wrong. Of a host that has sent right ones
 * before, a wrong one is damage for certain; until one is right, it may be either. */
#ifndef CAPTURE_SUMCHECK_H
#define CAPTURE_SUMCHECK_H

#include "capture/ip.h"

#define SUMCHECK_STREAK 8u
#define SUMCHECK_HOSTS  64u
#define SUMCHECK_PAIRS  256u

typedef enum sumcheck_result {
    SUMCHECK_GOOD,
    SUMCHECK_UNKNOWN, /* cut by the capture, or the packet has none */
    SUMCHECK_OFFLOADED,
    SUMCHECK_NEVER, /* wrong as all others of the host, and in the same way: tells nothing */
    SUMCHECK_BAD,
    SUMCHECK_DAMAGED /* bad, and not for any other reason */
} sumcheck_result_t;

typedef struct sumcheck_tally {
    uint8_t same;
    uint8_t other;
} sumcheck_tally_t;

/* Hosts that have sent wrong checksums, and to whom; one may push out another. All zero at first.
 */
typedef struct sumcheck {
    uint32_t suspects; /* of them, those whose last one was wrong */
    struct {
        uint64_t host;           /* hash; 0: free */
        uint32_t wrong;          /* in a row */
        sumcheck_tally_t number; /* of these: whether the checksum is that of the one before, */
        sumcheck_tally_t by;     /* or is wrong by the same, of those to the same host */
        uint16_t stored;         /* the last of them */
        bool tells;              /* some were right */
    } slot[SUMCHECK_HOSTS];
    struct {
        uint64_t ends; /* hash of sender and receiver; 0: free */
        uint16_t by;   /* what the last checksum was wrong by */
    } pair[SUMCHECK_PAIRS];
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
