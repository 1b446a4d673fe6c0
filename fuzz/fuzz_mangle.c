/* Any octets as a message that is spoiled; the first octet chooses how. */
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    static uint8_t buf[65535];
    nsp_msg_t m;
    nsp_mangle_t kind;
    if (size < 1 || size > sizeof buf - 600)
        return 0;
    const char *name = nsp_mangle_name((nsp_mangle_t)(data[0] % NSP_MANGLE_COUNT));
    if (!nsp_mangle_from_name(name, strlen(name), &kind))
        __builtin_trap();
    size_t n = size - 1;
    memcpy(buf, data + 1, n);
    if (nsp_mangle(kind, buf, &n, n + 600) != NSP_OK)
        return 0;
    if (n > size - 1 + 600)
        __builtin_trap();
    nsp_msg_index(&m, buf, n, arena, NSP_RR_MAX);
    nsp_msg_validate(&m);
    return 0;
}
