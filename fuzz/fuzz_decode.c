/* A sequence of packets of any link types through the decoder: items stay inside of their packets,
 * memory inside of its limit. Each packet: link, gap in tenths of a second, size in two octets. */
#include "capture/decode.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t links[] = {CAP_LINK_RAW,       CAP_LINK_ETHERNET,  CAP_LINK_NULL,
                                 CAP_LINK_LOOP,      CAP_LINK_PPP,       CAP_LINK_PPP_HDLC,
                                 CAP_LINK_PPP_ETHER, CAP_LINK_LINUX_SLL, CAP_LINK_LINUX_SLL2,
                                 CAP_LINK_IPV4,      CAP_LINK_IPV6};

static void take(void *user, const cap_item_t *item)
{
    uint64_t *sum = user;
    if (item->kind > CAP_ITEM_ICMP || (item->size > item->original && item->original != 0))
        __builtin_trap();
    for (uint32_t i = 0; i < item->size; i++)
        *sum += item->bytes[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsp_reader_t r = nsp_reader(data, size);
    decode_options_t o = decode_options_default();
    uint64_t sum = 0;
    cap_packet_t p = {.at = 0};
    o.memory = 65536;
    o.connections_max = 8;
    o.any_udp_port = (nsp_read_u8(&r) & 1) != 0;
    decoder_t *d = decoder_new(&o, take, &sum);
    if (d == NULL)
        return 0;
    while (nsp_left(&r) >= 4) {
        p.link = links[nsp_read_u8(&r) % (sizeof links / sizeof links[0])];
        p.at += nsp_read_u8(&r) * INT64_C(100000000);
        uint32_t n = nsp_read_u16(&r);
        p.original = n;
        p.size = n < nsp_left(&r) ? n : nsp_left(&r);
        p.bytes = nsp_read_bytes(&r, p.size);
        p.number++;
        decoder_feed(d, &p);
        if (decoder_stats(d)->memory > o.memory + 65536)
            __builtin_trap();
    }
    decoder_finish(d);
    decoder_free(d);
    return 0;
}
