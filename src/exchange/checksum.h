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

/* Octets at any address, in the machine's order. */
static inline uint64_t checksum_load(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Two numbers of 64 bits in one register, where the machine has such. */
typedef uint64_t checksum_pair_t __attribute__((vector_size(16)));

/* Sums in two lanes: their halves of 32 bits are added without a carry to wait for. */
typedef struct checksum_lanes {
    checksum_pair_t low;
    checksum_pair_t high;
} checksum_lanes_t;

static inline checksum_pair_t checksum_load_pair(const uint8_t *p)
{
    checksum_pair_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Adds sixteen octets. A lane has room for 2^32 of these. */
static inline void checksum_add_pair(checksum_lanes_t *l, checksum_pair_t v)
{
    const checksum_pair_t low = {UINT32_MAX, UINT32_MAX};
    l->low += v & low;
    l->high += v >> 32;
}

/* Which of the last 32 octets count: 32 octets of this from offset n on keep the last n. */
static const uint8_t checksum_mask[64] = {[32] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Sum over n octets, from 32 to 2^32. What is left behind the last whole 32 is taken, at an even
 * place, with octets that were counted before and are masked out: which size it is makes no branch
 * to be guessed. */
static inline uint64_t checksum_wide(const uint8_t *p, size_t n)
{
    checksum_lanes_t l = {{0, 0}, {0, 0}};
    const uint8_t *end = p + (n & ~(size_t)1);
    uint64_t odd = n % 2 != 0 ? *end : 0;
    for (; n >= 32; p += 32, n -= 32) {
        checksum_add_pair(&l, checksum_load_pair(p));
        checksum_add_pair(&l, checksum_load_pair(p + 16));
    }
    const uint8_t *mask = checksum_mask + (n & ~(size_t)1);
    checksum_add_pair(&l, checksum_load_pair(end - 32) & checksum_load_pair(mask));
    checksum_add_pair(&l, checksum_load_pair(end - 16) & checksum_load_pair(mask + 16));
    l.low += l.high;
    return l.low[0] + l.low[1] + htons((uint16_t)(odd << 8));
}

/* Sum over less than 32 octets. */
static inline uint64_t checksum_brief(const uint8_t *p, size_t n)
{
    uint64_t a = 0;
    for (; n >= 8; p += 8, n -= 8)
        a = checksum_join(a, checksum_load(p));
    if (n >= 4) {
        uint32_t v;
        memcpy(&v, p, sizeof v);
        a = checksum_join(a, v);
        p += 4;
        n -= 4;
    }
    if (n >= 2) {
        uint16_t v;
        memcpy(&v, p, sizeof v);
        a = checksum_join(a, v);
        p += 2;
        n -= 2;
    }
    return n > 0 ? checksum_join(a, htons((uint16_t)(*p << 8))) : a;
}

/* One's complement sum over n octets, in the byte order of the machine (RFC 1071 2 B: any order
 * gives the same sum with its octets swapped). All parts of a sum but the last have an even size.
 */
static inline uint64_t checksum_sum(const uint8_t *p, size_t n)
{
    if (p == NULL)
        return 0;
    return n >= 32 ? checksum_wide(p, n) : checksum_brief(p, n);
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
