/* Any octets, changed along their structure some times over: all stays in its room, and what comes
 * of it can be indexed and decoded as far as it is sound. */
#include <string.h>

#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[8192 + 1];
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_msg_t m;
    nsp_reader_t r = nsp_reader(data, size);
    nsp_random_t random = {nsp_read_u48(&r)};
    size_t n = nsp_left(&r);
    size_t cap = n + nsp_random_below(&random, 4096);
    if (r.err != NSP_OK || cap > sizeof buf - 1)
        return 0;
    memcpy(buf, data + r.pos, n);
    buf[cap] = 0xee;
    for (int i = 0; i < 8; i++) {
        nsp_mutation_t kind = nsp_mutate(buf, &n, cap, &random);
        if (n > cap || buf[cap] != 0xee || nsp_mutation_name(kind)[0] == '\0')
            __builtin_trap();
    }
    nsp_msg_index(&m, buf, n, arena, NSP_RR_MAX);
    nsp_msg_validate(&m);
    return 0;
}
