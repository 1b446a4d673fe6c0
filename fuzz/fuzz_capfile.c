/* Any octets as a capture file, compressed or not. Packets lie within the limits and are counted
 * without a gap, reading ends, and one packet at a time gives what batches give. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Folds every octet of a packet in, so that each is read. */
static uint64_t fold(uint64_t sum, const cap_packet_t *p)
{
    if (p->size > CAP_PACKET_MAX || p->original < p->size || p->number == 0)
        abort();
    for (uint32_t i = 0; i < p->size; i++)
        sum = sum * 31 + p->bytes[i];
    return sum * 31 + (uint64_t)p->at + p->number;
}

static uint64_t drain(const uint8_t *data, size_t size, size_t batch)
{
    char error[CAP_ERROR_MAX];
    cap_packet_t p[7];
    cap_read_t how = CAP_PACKET;
    uint64_t sum = 0;
    unsigned faults = 0;
    cap_source_t *s = cap_source_memory(data, size, error);
    if (s == NULL)
        return 0;
    /* a few KiB may hold gigabytes: what is read of them is limited here */
    for (unsigned left = 20000; how != CAP_END && left > 0; left--) {
        size_t n = cap_source_batch(s, p, batch, &how);
        for (size_t i = 0; i < n; i++)
            sum = fold(sum, &p[i]);
        faults += how == CAP_TRUNCATED || how == CAP_ERROR;
        if (how == CAP_NOTHING || faults > 1)
            abort();
        if (batch > 1 && left > 20000 / 7 + 1)
            left = 20000 / 7 + 1;
    }
    cap_source_close(s);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t one = drain(data, size, 1);
    uint64_t seven = drain(data, size, 7);
    if (size < 10000 && one != seven)
        abort();
    return 0;
}
