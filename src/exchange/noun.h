/* Words that follow numbers. */
#ifndef EXCHANGE_NOUN_H
#define EXCHANGE_NOUN_H

#include <stdint.h>

/* The word for n of something: one ("query", "has") or many ("queries", "have"). */
static inline const char *noun(uint64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

/* The same for octets. */
static inline const char *noun_octets(uint64_t n)
{
    return noun(n, "octet", "octets");
}

#endif
