/* The Internet checksum (RFC 1071), eight octets at a time. */
#ifndef EXCHANGE_CHECKSUM_H
#define EXCHANGE_CHECKSUM_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Adds two sums of any parts; end-around carry included. */
static inline uint64_t checksum_join(uint64_t a, uint64_t b)
{
    a += b;
    return a + (a < b);
}

static inline uint64_t checksum_load(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* One's complement sum over n octets, in the byte order of the machine (RFC 1071 2 B: any order
 * gives the same sum with its octets swapped). All parts of a sum but the last have an even size.
 */
static inline uint64_t checksum_sum(const uint8_t *p, size_t n)
{
    uint64_t a = 0;
    uint64_t b = 0;
    if (p == NULL)
        return 0;
    for (; n >= 16; p += 16, n -= 16) {
        a = checksum_join(a, checksum_load(p));
        b = checksum_join(b, checksum_load(p + 8));
    }
    if (n >= 8) {
        a = checksum_join(a, checksum_load(p));
        p += 8;
        n -= 8;
    }
    if (n >= 4) {
        uint32_t v;
        memcpy(&v, p, sizeof v);
        b = checksum_join(b, v);
        p += 4;
        n -= 4;
    }
    if (n >= 2) {
        uint16_t v;
        memcpy(&v, p, sizeof v);
        b = checksum_join(b, v);
        p += 2;
        n -= 2;
    }
    if (n > 0)
        b = checksum_join(b, htons((uint16_t)(*p << 8)));
    return checksum_join(a, b);
}

/* Adds a number, as it would stand in the packet in 16 bits. */
static inline uint64_t checksum_number(uint64_t sum, uint16_t number)
{
    return checksum_join(sum, htons(number));
}

/* The sum in 16 bits, as a number in host order: 0xffff over octets that hold their own right
 * checksum. The checksum to write is its complement. */
static inline uint16_t checksum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ntohs((uint16_t)sum);
}

#endif
