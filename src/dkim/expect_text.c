#include "dkim/expect_text.h"

#include <stdlib.h>
#include <string.h>

/* Header, root owner, type, class, TTL and RDLENGTH of a message with one record. */
#define BEFORE_RDATA (NSP_HEADER_SIZE + 11)

static void put16(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

bool expectation_rdata_text(const expectation_t *e, nsp_text_t *t)
{
    nsp_msg_t m;
    nsp_rr_t arena[1];
    if (e->any_key) {
        nsp_text_str(t, "(any DKIM key)");
        return true;
    }
    if (e->any_key) {
        nsp_text_str(t, "(any DKIM key)");
        return true;
    }
    size_t size = BEFORE_RDATA + (size_t)e->rdlen;
    uint8_t *wire = calloc(1, size);
    if (wire == NULL)
        return false;
    put16(wire + 6, 1); /* ANCOUNT */
    put16(wire + NSP_HEADER_SIZE + 1, e->type);
    put16(wire + NSP_HEADER_SIZE + 3, NSP_CLASS_IN);
    put16(wire + NSP_HEADER_SIZE + 9, e->rdlen);
    if (e->rdlen > 0)
        memcpy(wire + BEFORE_RDATA, e->rdata, e->rdlen);
    (void)nsp_msg_index(&m, wire, size, arena, 1);
    bool good = m.found[NSP_ANSWER] == 1 && nsp_text_rdata(t, &m, &arena[0]);
    free(wire);
    return good;
}
