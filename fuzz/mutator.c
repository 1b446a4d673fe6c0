#include "fuzz/mutator.h"

#include "proto/nsproto.h"

size_t mutate_message(uint8_t *data, size_t size, size_t cap, uint64_t seed)
{
    nsp_random_t r = {seed};
    for (uint32_t i = 0, n = 1 + nsp_random_below(&r, 3); i < n; i++)
        nsp_mutate(data, &size, cap, &r);
    return size;
}

size_t mutate_rdata(uint8_t *data, size_t size, size_t cap, uint64_t seed)
{
    nsp_random_t r = {seed};
    if (cap < 2)
        return size;
    if (size < 2 || nsp_random_below(&r, 2) == 0) { /* sound RDATA of some type */
        uint32_t line = nsp_random_below(&r, (uint32_t)nsp_rrtype_count());
        uint16_t type = nsp_rrtype_at(line)->number;
        data[0] = (uint8_t)(type >> 8);
        data[1] = (uint8_t)type;
        return 2 + nsp_rdata_generate(type, &r, data + 2, cap - 2);
    }
    if (size == 2)
        return size;
    uint32_t at = 2u + nsp_random_below(&r, (uint32_t)size - 2);
    if (nsp_random_below(&r, 3) == 0)
        return at; /* cut short */
    data[at] = (uint8_t)nsp_random_next(&r);
    return size;
}
