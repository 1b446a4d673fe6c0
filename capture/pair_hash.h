/* Hashes of pairing, keyed with a seed: who does not know it cannot aim at one place of a table. No
 * loops and no branches to be guessed for what messages mostly are. Not for other modules. */
#ifndef CAPTURE_PAIR_HASH_H
#define CAPTURE_PAIR_HASH_H

#include <string.h>

#include "capture/pair_tags.h"
#include "exchange/mix.h"

/* Both ends hashed. */
typedef struct ends {
    uint64_t client; /* host alone */
    uint64_t port;   /* host and port of the client */
    uint64_t server;
} ends_t;

/* How a name begins: 16 octets, in any case of letters. */
typedef struct pair_begin {
    uint64_t a;
    uint64_t b;
} pair_begin_t;

/* Eight octets in the machine's order, of which the first is at any address. */
static inline uint64_t hash_load(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Eight octets as a number whose lowest bits are the first. */
static inline uint64_t hash_load_low(const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(hash_load(p));
#else
    return hash_load(p);
#endif
}

static inline ends_t hash_ends(uint64_t seed, const addr_t *client, const addr_t *server)
{
    ends_t e;
    e.client = mix_addr(client, false, seed);
    e.port = mix_pair(e.client ^ client->port, seed ^ UINT64_C(0xe7037ed1a0b428db));
    e.server = mix_addr(server, true, ~seed);
    return e;
}

/* The octets in front of the first that is 0, all in lower bits than it. */
static inline uint64_t hash_before_zero(uint64_t v, bool *whole)
{
    uint64_t zeros = (v - UINT64_C(0x0101010101010101)) & ~v & UINT64_C(0x8080808080808080);
    *whole = zeros == 0;
    return v & (((zeros & -zeros) >> 7) - 1);
}

/* Of the first 16 of n octets, as far as none is 0, without the bit that tells letters' case:
 * whatever follows a name, and how it is written, has no part in it. */
static inline pair_begin_t hash_begin(const uint8_t *name, uint32_t n)
{
    const uint64_t small = UINT64_C(0x2020202020202020);
    uint8_t few[16];
    bool whole = true;
    bool rest = true;
    if (n < sizeof few) {
        memset(few, 0, sizeof few);
        memcpy(few, name, n);
        name = few;
    }
    uint64_t a = hash_before_zero(hash_load_low(name), &whole);
    uint64_t b = hash_before_zero(hash_load_low(name + 8), &rest);
    return (pair_begin_t){a | small, (whole ? b : 0) | small};
}

/* By both ends, ID and how QNAME begins. Names that do not differ in that share a hash, as they
 * would with all their octets the same. */
static inline uint32_t hash_key(const ends_t *e, const pair_begin_t *name, uint16_t id, bool tcp)
{
    return pair_tags_hash(
        mix_pair(e->port ^ name->a, (e->server + id + ((uint64_t)tcp << 32)) ^ name->b));
}

/* By the client's end alone. */
static inline uint32_t hash_port(const ends_t *e)
{
    return pair_tags_hash(e->port);
}

/* By the client's host, the server and the octets of a question but its ID. */
static inline uint32_t hash_ask(uint64_t seed, const ends_t *e, const uint8_t *bytes, uint32_t size)
{
    uint64_t h = mix_octets(bytes + 2, size > 2 ? size - 2 : 0, seed, false);
    return pair_tags_hash(mix_pair(e->client ^ h, e->server));
}

#endif
