/* Fields of RDATA that have the same size in every record. Internal. */
#ifndef NSPROTO_FIXED_H
#define NSPROTO_FIXED_H

#include "rrtype.h"

/* Octets of a field of this kind; 0 when each record has its own size. */
static inline uint32_t nsp_fixed_octets(nsp_fkind_t kind)
{
    static const uint8_t octets[] = {
        [NSP_F_U8] = 1,    [NSP_F_ALG] = 1,  [NSP_F_ALG_NAME] = 1, [NSP_F_SCHEME] = 1,
        [NSP_F_U16] = 2,   [NSP_F_TYPE] = 2, [NSP_F_CERT] = 2,     [NSP_F_RCODE] = 2,
        [NSP_F_U32] = 4,   [NSP_F_TTL] = 4,  [NSP_F_TIME] = 4,     [NSP_F_U48] = 6,
        [NSP_F_U64] = 8,   [NSP_F_A] = 4,    [NSP_F_AAAA] = 16,    [NSP_F_EUI48] = 6,
        [NSP_F_EUI64] = 8, [NSP_F_NID64] = 8};
    return (size_t)kind < sizeof octets ? octets[kind] : 0;
}

/* True when the field is a number in network order, however it is written as text. */
static inline bool nsp_is_number(nsp_fkind_t kind)
{
    return kind >= NSP_F_U8 && kind <= NSP_F_RCODE;
}

#endif
