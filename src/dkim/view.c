#include "dkim/view.h"

#include <stdlib.h>

/* Header, root owner, type, class, TTL and RDLENGTH. */
#define BEFORE_RDATA (NSP_HEADER_SIZE + 11)

bool record_view(record_view_t *v, uint16_t type, const uint8_t *rdata, size_t rdlen)
{
    memset(v, 0, sizeof *v);
    size_t size = BEFORE_RDATA + rdlen;
    if (size > UINT16_MAX)
        return false;
    v->wire = calloc(1, size);
    if (v->wire == NULL)
        return false;
    nsp_writer_t w = nsp_writer(v->wire, size);
    nsp_write_u32(&w, 0); /* ID, flags */
    nsp_write_u16(&w, 0);
    nsp_write_u16(&w, 1); /* ANCOUNT */
    nsp_write_u32(&w, 0);
    nsp_write_u8(&w, 0);
    nsp_write_u16(&w, type);
    nsp_write_u16(&w, NSP_CLASS_IN);
    nsp_write_u32(&w, 0);
    nsp_write_u16(&w, (uint16_t)rdlen);
    if (rdlen > 0)
        nsp_write_bytes(&w, rdata, (uint32_t)rdlen);
    (void)nsp_msg_index(&v->m, v->wire, size, &v->rr, 1);
    if (v->m.found[NSP_ANSWER] == 1)
        return true;
    record_view_free(v);
    return false;
}

void record_view_free(record_view_t *v)
{
    free(v->wire);
    v->wire = NULL;
}
