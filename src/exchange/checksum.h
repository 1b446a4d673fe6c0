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

/* Two numbers of 64 bits in one register, where the machine has such. */
typedef uint64_t checksum_pair_t __attribute__((vector_size(16)));

/* Sum over n octets, a multiple of 16, at most 2^32: their halves of 32 bits are added without a
 * carry to wait for. */
static inline uint64_t checksum_wide(const uint8_t *p, size_t n)
{
    const checksum_pair_t low = {UINT32_MAX, UINT32_MAX};
    checksum_pair_t a = {0, 0};
    checksum_pair_t b = {0, 0};
    for (; n > 0; p += 16, n -= 16) {
        checksum_pair_t v;
        memcpy(&v, p, sizeof v);
        a += v & low;
        b += v >> 32;
    }
    a += b;
    return a[0] + a[1];
}

/* One's complement sum over n octets, in the byte order of the machine (RFC 1071 2 B: any order
 * gives the same sum with its octets swapped). All parts of a sum but the last have an even size.
 */
static inline uint64_t checksum_sum(const uint8_t *p, size_t n)
{
    if (p == NULL)
        return 0;
    uint64_t a = checksum_wide(p, n & ~(size_t)15);
    uint64_t b = 0;
    p += n & ~(size_t)15;
    n &= 15;
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
