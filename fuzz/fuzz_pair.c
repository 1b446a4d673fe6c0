/* Any sequence of packets, decoded as items of 24 octets and their payload, through pairing. */
#include "capture/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_exchange(void *user, const flow_t *flow)
{
    flow_exchange(flow, NULL, user);
}

static addr_t end_of(const uint8_t *p)
{
    return addr_from_octets((uint8_t[4]){10, 0, 0, p[0] & 3}, 4, (p[1] & 1) != 0 ? 53 : p[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    exchange_set_t set;
    pair_options_t o = pair_options_default();
    o.outstanding_max = 64;
    o.connections_max = 4;
    o.memory = 4000;
    o.linger = 8;
    exchange_set_init(&set, 0);
    pairer_t *p = pairer_new(&o, make_exchange, &set);
    int64_t at = 0;
    for (uint64_t n = 1; p != NULL && size >= 9; n++) {
        uint32_t payload = data[8] < size - 9 ? data[8] : (uint32_t)size - 9;
        at += (int64_t)data[1] << data[2] % 34;
        cap_item_t item = {.kind = data[0] % (CAP_ITEM_ICMP + 1),
                           .notes = data[3],
                           .at = at,
                           .number = n,
                           .from = end_of(data + 4),
                           .to = end_of(data + 6),
                           .connection = data[0] >> 5,
                           .bytes = data + 9,
                           .size = payload,
                           .original = payload,
                           .quoted = data[2] & 1,
                           .quoted_from = end_of(data + 6),
                           .quoted_to = end_of(data + 4)};
        if (item.kind == CAP_ITEM_UDP || item.kind == CAP_ITEM_UDP_LOST)
            item.connection = 0;
        pairer_feed(p, &item);
        data += 9 + payload;
        size -= 9 + payload;
    }
    if (p != NULL)
        pairer_finish(p);
    pairer_free(p);
    exchange_set_free(&set);
    return 0;
}
