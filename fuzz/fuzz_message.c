/* Any octets as a message: index, validate, print, JSON, encode again. */
#include <stdlib.h>

#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What encode writes must index without the faults that stop, and hold the same records. */
static void check_round_trip(const nsp_msg_t *m)
{
    static uint8_t wire[65535];
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_msg_t again;
    size_t n = 0;
    if (nsp_msg_encode(m, wire, sizeof wire, &n) != NSP_OK)
        return;
    nsp_msg_index(&again, wire, n, arena, NSP_RR_MAX);
    if (!again.complete || again.rr_count != m->rr_count || again.flags != m->flags)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    static char text[1 << 20];
    nsp_msg_t m;
    nsp_text_t t;
    nsp_msg_index(&m, data, size, arena, NSP_RR_MAX);
    nsp_err_t err = nsp_msg_validate(&m);
    for (uint16_t i = 0; i < m.rr_count; i++) {
        nsp_text_begin(&t, text, sizeof text);
        nsp_text_rr(&t, &m, &m.rr[i]);
    }
    nsp_text_begin(&t, text, sizeof text);
    nsp_json_msg(&t, &m);
    if (err == NSP_OK)
        check_round_trip(&m);
    return 0;
}
