/* Where in a stream of DNS messages the next one may begin, when that is not known. */
#ifndef CAPTURE_RESYNC_H
#define CAPTURE_RESYNC_H

#include <stdbool.h>
#include <stdint.h>

/* Whether [bytes, bytes + size) can be the beginning of a framed DNS message (RFC 1035 4.2.2): a
 * length that a message can have, a header with a known opcode and counts that fit the length, and
 * a first question or record that can be one, as far as there are octets. server says who sent it,
 * which QR must agree with. At least 14 octets are wanted. */
bool resync_fits(const uint8_t *bytes, uint32_t size, bool server);

/* Offset of the first place at which a message can begin, and, where the message ends within these
 * octets, another one can behind it; size when there is none. */
uint32_t resync_find(const uint8_t *bytes, uint32_t size, bool server);

#endif
