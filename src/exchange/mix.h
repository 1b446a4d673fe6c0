/* Keyed hashes of what packets hold: names, addresses and the like are their senders' choice, and
 * without a key so would be the buckets that they fall into. */
#ifndef EXCHANGE_MIX_H
#define EXCHANGE_MIX_H

#include "exchange/addr.h"

/* Both halves of a product. */
static inline uint64_t mix_pair(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide_t;
    wide_t product = (wide_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Letters of eight octets to lower case at once (RFC 4343 3). */
static inline uint64_t mix_fold(uint64_t v)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = v & ~high;
    uint64_t from_a = low + (0x80 - 'A') * ones;
    uint64_t past_z = low + (0x80 - 'Z' - 1) * ones;
    uint64_t upper = from_a & ~past_z & ~v & high;
    return v | upper >> 2;
}

/* Of 16 octets that may be read. */
static inline uint64_t mix_16(const uint8_t *p, uint64_t a, uint64_t b, bool fold)
{
    uint64_t v[2];
    memcpy(v, p, sizeof v);
    return mix_pair((fold ? mix_fold(v[0]) : v[0]) ^ a, (fold ? mix_fold(v[1]) : v[1]) ^ b);
}

/* The smaller. */
static inline size_t mix_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Of n octets, with fold the same in lower and upper case: products of 16 each that do not wait for
 * one another. The last four lie over those before where n is small, so that no branch has to be
 * guessed for what names and questions mostly are. */
static inline uint64_t mix_octets(const uint8_t *p, size_t n, uint64_t seed, bool fold)
{
    uint64_t a = seed ^ UINT64_C(0x9e3779b97f4a7c15);
    uint64_t b = (UINT64_C(0xe7037ed1a0b428db) + n) ^ seed >> 32;
    uint64_t h = 0;
    uint8_t few[16] = {0};
    if (n < sizeof few) {
        if (n > 0)
            memcpy(few, p, n);
        p = few;
        n = sizeof few;
    }
    for (; n > 64; p += 16, n -= 16) {
        h += mix_16(p, a, b, fold);
        a += UINT64_C(0x2d358dccaa6c78a5);
        b += UINT64_C(0x8bb84b93962eacc9);
    }
    for (size_t at = 0; at < 64; at += 16) {
        h += mix_16(p + mix_least(at, n - 16), a, b, fold);
        a += UINT64_C(0x2d358dccaa6c78a5);
        b += UINT64_C(0x8bb84b93962eacc9);
    }
    return h;
}

/* Of an address, and of its port when port is true. */
static inline uint64_t mix_addr(const addr_t *addr, bool port, uint64_t seed)
{
    uint64_t h = mix_16(addr->octets, seed, seed ^ UINT64_C(0x9e3779b97f4a7c15), false);
    return mix_pair(h ^ (port ? addr->port : 0), UINT64_C(0xff51afd7ed558ccd));
}

#endif
