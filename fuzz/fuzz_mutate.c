/* Any octets, changed along their structure some times over: all stays in its room, and what comes
 * of it can be indexed and decoded as far as it is sound. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_msg_t m;
    nsp_reader_t r = nsp_reader(data, size);
    nsp_random_t random = {nsp_read_u48(&r)};
    size_t n = nsp_left(&r);
    size_t cap = n + nsp_random_below(&random, 4096);
    if (r.err != NSP_OK || cap > 8192)
        return 0;
    uint8_t *buf = exact_room((uint32_t)cap);
    memcpy(buf, data + r.pos, n);
    for (int i = 0; i < 8; i++) {
        nsp_mutation_t kind = nsp_mutate(buf, &n, cap, &random);
        if (n > cap || nsp_mutation_name(kind)[0] == '\0')
            __builtin_trap();
    }
    nsp_msg_index(&m, buf, n, arena, NSP_RR_MAX);
    nsp_msg_validate(&m);
    free(buf);
    return 0;
}
