/* Numbers at fixed places of a header.
 *
 * The one place besides proto/wire.h where octets of packets become numbers. Nothing here checks
 * bounds: whoever calls has compared the size of what is there with a constant that covers every
 * offset used, in the same function, before. Headers of variable length are read by the cursor of
 * proto/wire.h. */
#ifndef CAPTURE_OCTETS_H
#define CAPTURE_OCTETS_H

#include <stdint.h>
#include <string.h>

/* Numbers in network order, of the 2 and 4 octets at p. */
static inline uint16_t octets_u16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[0] << 8 | p[1]);
}

static inline uint32_t octets_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
