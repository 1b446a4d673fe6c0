/* Any octets as the RDATA of any type: the first two choose the type. What decodes must print, and
 * what prints must read back as the same octets. */
#include <stdlib.h>
#include <string.h>

#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Text of another record can stand for the same RDATA when a name was compressed or a field has
 * several forms: then the canonical forms must agree. */
static void check_text(uint16_t type, const nsp_msg_t *m, const nsp_rr_t *rr, const char *text)
{
    static uint8_t back[65535];
    static uint8_t first[65535];
    static uint8_t second[65535];
    size_t n = 0;
    nsp_err_t err;
    if (nsp_rdata_from_text(type, text, strlen(text), NULL, back, sizeof back, &n, NULL) != NSP_OK)
        abort();
    nsp_msg_t m2 = {.wire = back, .size = (uint32_t)n};
    nsp_rr_t rr2 = {.type = type, .rclass = 1, .rdlength = (uint16_t)n};
    size_t a = nsp_rdata_canonical(m, rr, first, sizeof first, &err);
    size_t b = nsp_rdata_canonical(&m2, &rr2, second, sizeof second, &err);
    if (a != b || memcmp(first, second, a) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[1 << 20];
    if (size < 2 || size > 4096)
        return 0;
    uint16_t type = (uint16_t)(data[0] << 8 | data[1]);
    nsp_msg_t m = {.wire = data, .size = (uint32_t)size, .opt = NSP_NO_RR};
    nsp_rr_t rr = {.type = type, .rclass = 1, .rdata = 2, .rdlength = (uint16_t)(size - 2)};
    nsp_text_t t;
    nsp_text_begin(&t, text, sizeof text);
    bool known = nsp_text_rdata(&t, &m, &rr);
    const nsp_rrtype_t *line = nsp_rrtype_get(type);
    /* OPT has no presentation format; zeros at the end of a WKS, and bits of an A6 before its
     * suffix, mean nothing and are not printed */
    bool lossy = type == NSP_TYPE_OPT || type == NSP_TYPE_WKS || type == NSP_TYPE_A6;
    if (known && !lossy && t.lost == 0 && line->fields[0].kind != NSP_F_UNKNOWN)
        check_text(type, &m, &rr, text);
    return 0;
}
