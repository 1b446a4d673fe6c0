/* Any octets as a message that is spoiled, in a room of exactly so many octets; the first octet
 * chooses how. */
#include <stdlib.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_msg_t m;
    nsp_mangle_t kind;
    if (size < 1 || size > 65535 - 600)
        return 0;
    const char *name = nsp_mangle_name((nsp_mangle_t)(data[0] % NSP_MANGLE_COUNT));
    if (!nsp_mangle_from_name(name, strlen(name), &kind))
        __builtin_trap();
    size_t n = size - 1;
    size_t cap = n + data[0] * 3u;
    uint8_t *buf = exact_room((uint32_t)cap);
    memcpy(buf, data + 1, n);
    if (nsp_mangle(kind, buf, &n, cap) == NSP_OK) {
        if (n > cap)
            __builtin_trap();
        nsp_msg_index(&m, buf, n, arena, NSP_RR_MAX);
        nsp_msg_validate(&m);
    }
    free(buf);
    return 0;
}
