/* Internal: the quick way over a name while a message is indexed. */
#ifndef NSPROTO_NAME_SEEN_H
#define NSPROTO_NAME_SEEN_H

#include "name.h"

/* Place of an offset. Names in RRsets often lie 16 octets apart, hence the second term. */
static inline uint32_t nsp_seen_slot(uint32_t at)
{
    return (at ^ at >> 4) % NSP_NAME_CACHE_SLOTS;
}

/* Remembers that a good name of len octets, with so many pointers in it, begins at an offset. */
static inline void nsp_seen_put(nsp_name_cache_t *c, uint32_t at, uint32_t len, uint32_t hops)
{
    /* Beyond 14 bits an offset is stored too, but no pointer asks for it. */
    c->seen[nsp_seen_slot(at)] = at << 16 | len << 8 | hops;
}

/* Goes on from the pointer at pos, the end of the first segment of the name at start. Offset
 * after the name, or 0 when it is bad. */
uint32_t nsp_seen_follow(const uint8_t *base, uint32_t size, uint32_t start, uint32_t pos,
                         nsp_name_cache_t *cache);

/* Offset after the name at start, whose own octets may be read up to end; 0 when it is bad (and
 * nsp_name_skip says in what way). A pointer to a target in the memory ends the walk; others are
 * walked once and then remembered. Even with no hit at all a name costs at most 127 labels and
 * NSP_HOPS_MAX jumps, so a message of n records costs O(n). Accepts what nsp_name_skip does, and
 * nothing else (RFC 1035 4.1.4). */
static inline uint32_t nsp_seen_skip(const uint8_t *base, uint32_t size, uint32_t start,
                                     uint32_t end, nsp_name_cache_t *cache)
{
    uint32_t pos = start;
    while (pos < end && base[pos] <= NSP_LABEL_MAX) {
        uint32_t n = base[pos++];
        if (n == 0) {
            if (pos - start > NSP_NAME_MAX)
                return 0;
            nsp_seen_put(cache, start, pos - start, 0);
            return pos;
        }
        pos += n;
    }
    if (pos >= end || end - pos < 2 || base[pos] < 0xc0)
        return 0;
    uint32_t target = ((uint32_t)base[pos] & 0x3fu) << 8 | base[pos + 1];
    uint32_t seen = cache->seen[nsp_seen_slot(target)];
    uint32_t len = pos - start + (seen >> 8 & 0xff);
    uint32_t hops = (seen & 0xff) + 1;
    if (seen >> 16 != target || target < 12 || target >= start || len > NSP_NAME_MAX ||
        hops > NSP_HOPS_MAX)
        return nsp_seen_follow(base, size, start, pos, cache);
    if (pos > start) /* a bare pointer is not worth a place */
        nsp_seen_put(cache, start, len, hops);
    return pos + 2;
}

#endif
