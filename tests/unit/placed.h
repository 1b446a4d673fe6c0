/* One RDATA in a message of its own. */
#ifndef TESTS_PLACED_H
#define TESTS_PLACED_H

#include "proto/nsproto.h"

/* RDATA stands behind a header and the name "Ab.cD." at offset 12, so that 0xc00c points at it. */
#define PLACED_BEFORE 19u
#define PLACED_MAX    16384

typedef struct placed {
    uint8_t wire[PLACED_MAX];
    nsp_msg_t m;
    nsp_rr_t rr;
} placed_t;

/* Makes *o the message and record of these n octets, at most PLACED_MAX - PLACED_BEFORE. */
static inline void placed_make(placed_t *o, uint16_t type, const void *rdata, size_t n)
{
    memset(o, 0, sizeof *o);
    memcpy(o->wire + 12, "\2Ab\2cD", 7);
    memcpy(o->wire + PLACED_BEFORE, rdata, n);
    o->m = (nsp_msg_t){.wire = o->wire, .size = (uint32_t)(PLACED_BEFORE + n), .opt = NSP_NO_RR};
    o->rr = (nsp_rr_t){
        .type = type, .rclass = NSP_CLASS_IN, .rdata = PLACED_BEFORE, .rdlength = (uint16_t)n};
}

#endif
