/* Records for made messages, from their text. */
#ifndef BENCH_MADE_H
#define BENCH_MADE_H

#include <string.h>

#include "proto/nsproto.h"

/* Adds one record of class IN; what cannot be read as text is left out. */
static inline void made_rr(nsp_builder_t *b, nsp_section_t section, const char *owner,
                           const char *type, const char *rdata)
{
    nsp_name_t name;
    uint16_t number = 0;
    uint8_t wire[512];
    size_t size = 0;
    size_t at = 0;
    nsp_name_from_text(owner, strlen(owner), NULL, &name, NULL);
    nsp_type_from_text(type, strlen(type), &number);
    if (nsp_rdata_from_text(number, rdata, strlen(rdata), NULL, wire, sizeof wire, &size, &at) ==
        NSP_OK)
        nsp_build_rr(b, section, &name, number, NSP_CLASS_IN, 3600, wire, (uint16_t)size);
}

#endif
