/* Any sequence of packets, decoded as items of 24 octets and their payload, through pairing. Flows
 * do not depend on the seed of the tables; exchanges of them can be written as a capture file,
 * which can be read and decoded without a fault.
 *
 * Options, and which allocation fails; then each item: kind and connection, gap and its scale,
 * notes in two octets, both ends, octets that were cut off, size. */
#include <stdio.h>
#include <stdlib.h>

#include "capture/pair.h"
#include "capture/pcap_write.h"
#include "capture/source.h"
#include "fuzz/alloc.h"
#include "fuzz/items.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out of one pairer. */
typedef struct seen {
    exchange_set_t set;
    uint64_t sum;
    uint64_t flows;
    bool exchanges;
} seen_t;

static void take(void *user, const flow_t *flow)
{
    seen_t *s = user;
    s->sum = flow_sum(s->sum, flow);
    s->flows++;
    if (s->exchanges)
        flow_exchange(flow, NULL, &s->set);
}

static pair_options_t options_of(uint8_t bits, uint64_t seed)
{
    pair_options_t o = pair_options_default();
    o.outstanding_max = 64;
    o.connections_max = 4;
    o.memory = (bits & 1) != 0 ? 100000 : 4000;
    o.linger = (bits & 2) != 0 ? 8 : 0;
    o.any_port = (bits & 4) != 0;
    o.server_port_count = (bits & 8) != 0 ? 2 : 0;
    o.server_port[0] = 53;
    o.server_port[1] = 54;
    o.seed = seed;
    return o;
}

/* Few addresses, few ports, both families, and the same octets as an IPv4 address in IPv6. */
static addr_t end_of(nsp_reader_t *r)
{
    uint8_t host = nsp_read_u8(r);
    uint8_t port = nsp_read_u8(r);
    const uint8_t octets[16] = {10, 0, 0, host & 3};
    return addr_from_octets(octets, (host & 4) != 0 ? 16 : 4, (port & 1) != 0 ? 53 : port);
}

static bool next_item(nsp_reader_t *r, cap_item_t *item)
{
    if (nsp_left(r) < 11)
        return false;
    uint8_t kind = nsp_read_u8(r);
    int64_t at = item->at;
    uint64_t number = item->number;
    *item = (cap_item_t){.kind = kind % (CAP_ITEM_ICMP + 1), .number = number + 1};
    int64_t gap = nsp_read_u8(r);
    item->at = at + (gap << nsp_read_u8(r) % 34);
    item->notes = nsp_read_u16(r);
    item->from = end_of(r);
    item->to = end_of(r);
    uint8_t cut = nsp_read_u8(r);
    uint32_t n = nsp_read_u8(r);
    item->size = n < nsp_left(r) ? n : nsp_left(r);
    item->bytes = nsp_read_bytes(r, item->size);
    item->original = item->size + cut / 8u;
    if (item->kind != CAP_ITEM_UDP && item->kind != CAP_ITEM_UDP_LOST)
        item->connection = kind >> 5;
    item->quoted = (cut & 1) != 0 ? TRANSPORT_TCP : TRANSPORT_UDP;
    item->quoted_from = item->to;
    item->quoted_to = item->from;
    item->icmp_type = 3;
    item->icmp_code = cut & 7;
    return true;
}

static void run(const uint8_t *data, size_t size, uint64_t seed, uint8_t fail, seen_t *out)
{
    nsp_reader_t r = nsp_reader(data, size);
    cap_item_t item = {.at = 0};
    pair_options_t o = options_of(nsp_read_u8(&r), seed);
    (void)nsp_read_u8(&r);
    alloc_fail(fail);
    pairer_t *p = pairer_new(&o, take, out);
    while (p != NULL && next_item(&r, &item)) {
        uint8_t *copy = exact_copy(item.bytes, item.size);
        item.bytes = copy;
        pairer_feed(p, &item);
        free(copy);
    }
    if (p != NULL) {
        pairer_finish(p);
        if (pairer_stats(p)->flows != out->flows)
            __builtin_trap();
    }
    alloc_fail(0);
    pairer_free(p);
}

static void ignore(void *user, const cap_item_t *item)
{
    (void)user;
    (void)item;
}

/* Whatever was written is a whole file of packets that are well formed. */
static void read_back(const void *file, size_t size)
{
    char error[CAP_ERROR_MAX];
    cap_packet_t p;
    cap_read_t how;
    decode_options_t o = decode_options_default();
    cap_source_t *s = cap_source_memory(file, size, error);
    decoder_t *d = decoder_new(&o, ignore, NULL);
    if (s == NULL || d == NULL)
        abort();
    while ((how = cap_source_read(s, &p)) == CAP_PACKET)
        decoder_feed(d, &p);
    const decode_stats_t *st = decoder_stats(d);
    if (how != CAP_END || st->malformed + st->cut + st->bad_checksum + st->not_ip > 0)
        __builtin_trap();
    decoder_free(d);
    cap_source_close(s);
}

static void write_set(const exchange_set_t *set, uint8_t fail)
{
    char *file = NULL;
    size_t size = 0;
    int os_error = 0;
    FILE *out = open_memstream(&file, &size);
    if (out == NULL)
        abort();
    alloc_fail(fail);
    bool good = pcap_write_set(out, set, &os_error);
    alloc_fail(0);
    if (good == (os_error != 0) || (!good && fail == 0))
        __builtin_trap();
    fclose(out);
    if (good)
        read_back(file, size);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    seen_t a = {.exchanges = true};
    seen_t b = {.exchanges = false};
    uint8_t fail = size > 1 ? data[1] : 0;
    exchange_set_init(&a.set, 0);
    run(data, size, 1, fail, &a);
    if (fail == 0) {
        run(data, size, 99, 0, &b);
        if (a.sum != b.sum || a.flows != b.flows)
            __builtin_trap();
    }
    write_set(&a.set, fail % 8);
    exchange_set_free(&a.set);
    return 0;
}
