/* Any text as the RDATA of any type: the first two octets choose the type. What reads must decode,
 * print, and read back as the same octets. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a room that is too small by one octet, and in one of just its size. */
static void check_room(uint16_t type, const char *text, size_t len, const nsp_name_t *origin,
                       const uint8_t *wire, size_t n)
{
    for (size_t cap = n > 0 ? n - 1 : 0; cap <= n; cap++) {
        size_t got = 0;
        uint8_t *room = exact_room((uint32_t)cap);
        nsp_err_t err = nsp_rdata_from_text(type, text, len, origin, room, cap, &got, NULL);
        if ((err == NSP_OK) != (cap == n) || (cap == n && memcmp(room, wire, n) != 0))
            abort();
        free(room);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t wire[65535];
    static uint8_t back[65535];
    static char text[1 << 20];
    size_t n = 0;
    size_t m = 0;
    size_t at = 0;
    if (size < 2)
        return 0;
    uint16_t type = (uint16_t)(data[0] << 8 | data[1]);
    nsp_name_t origin;
    nsp_name_from_text("example.", 8, NULL, &origin, NULL);
    if (nsp_rdata_from_text(type, (const char *)data + 2, size - 2, &origin, wire, sizeof wire, &n,
                            &at) != NSP_OK) {
        if (at > size - 2)
            abort();
        return 0;
    }
    check_room(type, (const char *)data + 2, size - 2, &origin, wire, n);
    nsp_msg_t msg = {.wire = wire, .size = (uint32_t)n, .opt = NSP_NO_RR};
    nsp_rr_t rr = {.type = type, .rclass = NSP_CLASS_IN, .rdlength = (uint16_t)n};
    nsp_text_t t;
    nsp_text_begin(&t, text, sizeof text);
    if (!nsp_text_rdata(&t, &msg, &rr))
        abort();
    bool lossy = type == NSP_TYPE_OPT || type == NSP_TYPE_WKS || type == NSP_TYPE_A6;
    if (lossy || t.lost > 0)
        return 0;
    if (nsp_rdata_from_text(type, text, t.len, NULL, back, sizeof back, &m, NULL) != NSP_OK ||
        m != n || memcmp(wire, back, n) != 0)
        abort();
    return 0;
}
