/* Seeds of hash tables: addresses, ports, IDs and names in packets are their senders' choice, and
 * so would be the buckets that they fall into. */
#ifndef CAPTURE_SEED_H
#define CAPTURE_SEED_H

#include <stdint.h>
#include <sys/random.h>
#include <time.h>

/* A number that nobody outside of this process knows (getrandom(2), also within the sandbox).
 * Without a random source the time has to do. */
static inline uint64_t seed_random(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
    return seed;
}

#endif
