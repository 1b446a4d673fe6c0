/* Any text as zone text: every record, and the reader must come to an end. */
#include <stdlib.h>

#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_zone_rr_t rr;
    nsp_zone_reader_t z;
    nsp_name_t origin;
    nsp_name_from_text("example.", 8, NULL, &origin, NULL);
    nsp_zone_begin(&z, (const char *)data, size, &origin);
    for (size_t before = 0;; before = z.pos) {
        bool more = nsp_zone_next(&z, &rr);
        if (!more && z.err == NSP_OK)
            break;
        if (z.pos <= before)
            abort();
        if (!more && (z.err_at.line == 0 || z.err_at.column == 0))
            abort();
    }
    return 0;
}
