/* Any sequence of items through pairing. Between any two of them the tables are whole
 * (pair_check.h). A flow holds what came and nothing else: its question, reply and events have the
 * octets, ends and times of the items that they say they are of. Flows do not depend on the seed of
 * the tables; exchanges of them can be written as a capture file, which can be read and decoded
 * without a fault.
 *
 * Options, and which allocation fails; then each item: kind and connection, gap and its scale and
 * how often it comes, notes in two octets, both ends, octets that were cut off, size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/pair_table.h"
#include "capture/pcap_write.h"
#include "capture/source.h"
#include "fuzz/alloc.h"
#include "fuzz/items.h"
#include "fuzz/pair_check.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEMS_MAX 400u
/* The tables are looked at after each of the first items, then after as many again. */
#define CHECKED 40u
/* Notes that are no notes: items that come again have another ID, or their client another port. */
#define OTHER_ID   0x8000u
#define OTHER_PORT 0x4000u

/* What came out of one pairer, and what went in. */
typedef struct seen {
    exchange_set_t set;
    uint64_t sum;
    uint64_t flows;
    bool exchanges;
    const cap_item_t *item; /* by number, from 1 */
    uint64_t count;
} seen_t;

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Every item that a flow speaks of. kept: with all octets, unless memory was out. */
static const cap_item_t *check_message(const seen_t *s, const flow_message_t *m)
{
    need(m->number > 0 && m->number <= s->count);
    const cap_item_t *item = &s->item[m->number];
    need(m->size <= item->size);
    need(m->bytes == NULL || m->size == 0 || memcmp(m->bytes, item->bytes, m->size) == 0);
    return item;
}

/* The reply has its own time, but where that is before its question's. */
static void check_reply_time(const flow_t *f, const cap_item_t *reply)
{
    if ((f->notes & FLOW_REPLY_FIRST) != 0)
        need(reply->at < f->asked && f->asked - reply->at <= PAIR_EARLY_WITHIN &&
             f->reply.at == f->asked);
    else
        need(f->reply.at == reply->at);
}

static bool same_id(const cap_item_t *a, const cap_item_t *b)
{
    return a->size >= 2 && b->size >= 2 && memcmp(a->bytes, b->bytes, 2) == 0;
}

/* Who asked and who was asked: of an ICMP error, in the packet that it quotes. */
static const addr_t *asks(const cap_item_t *item)
{
    return item->kind == CAP_ITEM_ICMP ? &item->quoted_from : &item->from;
}

static const addr_t *asked(const cap_item_t *item)
{
    return item->kind == CAP_ITEM_ICMP ? &item->quoted_to : &item->to;
}

static void check_event(const seen_t *s, const flow_t *f, unsigned i)
{
    const flow_event_t *e = &f->event[i];
    const cap_item_t *item = check_message(s, &e->message);
    need(e->message.at == item->at);
    const addr_t *from = e->kind == FLOW_EVENT_RETRY ? asks(item) : &item->from;
    uint64_t last = i > 0 ? f->event[i - 1].message.number : 0;
    need(e->attempt <= f->attempts || f->attempts == 0);
    need(e->message.bytes == NULL || e->message.size == item->size);
    /* an error about an attempt that was not captured is both */
    need(last < e->message.number ||
         (last == e->message.number && item->kind == CAP_ITEM_ICMP && e->kind == FLOW_EVENT_ICMP));
    need(addr_same_host(&e->peer, from));
}

static void check_flow(const seen_t *s, const flow_t *f)
{
    const cap_item_t *query = NULL;
    const cap_item_t *reply = NULL;
    bool tcp = f->transport == TRANSPORT_TCP;
    need(f->began <= f->asked && f->asked <= f->ended);
    if (f->attempts > 0) {
        query = check_message(s, &f->query);
        need(f->query.at == query->at);
        /* the ends of a connection are those of its first item, whoever speaks on it here */
        need(tcp || (addr_equal(asks(query), &f->client) && addr_equal(asked(query), &f->server)));
        need(f->query.size == query->size || f->query.size == 0);
        bool quoted = query->kind == CAP_ITEM_ICMP;
        need(quoted == ((f->notes & FLOW_QUOTED) != 0));
        need(f->connection == (quoted ? 0 : query->connection));
        need(f->query.original == query->original);
    }
    if (f->reply.bytes != NULL) {
        reply = check_message(s, &f->reply);
        need(f->reply.size == reply->size);
        check_reply_time(f, reply);
        need(reply->connection == f->connection && f->reply.original == reply->original);
        need(tcp ||
             (addr_equal(&reply->from, &f->server) && addr_same_host(&reply->to, &f->client)));
    }
    need((f->notes & FLOW_ANSWERED) == 0 || (query != NULL && reply != NULL));
    if ((f->notes & FLOW_ANSWERED) != 0 && f->reply_attempt == 1)
        need(same_id(query, reply) && f->reply.at >= f->query.at);
    for (unsigned i = 0; i < f->event_count; i++)
        check_event(s, f, i);
}

static void take(void *user, const flow_t *flow)
{
    seen_t *s = user;
    s->sum = flow_sum(s->sum, flow);
    s->flows++;
    check_flow(s, flow);
    if (s->exchanges)
        flow_exchange(flow, NULL, &s->set);
}

static pair_options_t options_of(uint8_t bits, uint64_t seed)
{
    pair_options_t o = pair_options_default();
    o.outstanding_max = (bits & 32) != 0 ? PAIR_CHECK_SLOTS : 64; /* of many, tables grow */
    o.connections_max = 4;
    o.memory = (bits & 1) != 0 ? 100000 : 4000;
    o.linger = (bits & 2) == 0 ? 0 : (bits & 16) != 0 ? 2 : 8;
    o.early = (bits & 64) != 0 ? 0 : (bits & 128) != 0 ? 3 : 16;
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

/* Reads an item, and how often it comes. False at the end. */
static bool next_item(nsp_reader_t *r, cap_item_t *item, int64_t *gap, unsigned *times)
{
    if (nsp_left(r) < 11)
        return false;
    uint8_t kind = nsp_read_u8(r);
    *item = (cap_item_t){.kind = kind % (CAP_ITEM_ICMP + 1)};
    *gap = nsp_read_u8(r);
    uint8_t scale = nsp_read_u8(r);
    *gap <<= scale % 34;
    *times = 1u << scale / 34;
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
    item->icmp_type = 3;
    item->icmp_code = cut & 7;
    return true;
}

/* The item as it comes for the nth time; has octets of its own. */
static cap_item_t make_item(const cap_item_t *pattern, unsigned nth)
{
    cap_item_t item = *pattern;
    uint8_t *copy = exact_copy(pattern->bytes, pattern->size);
    if ((pattern->notes & OTHER_ID) != 0 && item.size >= 2)
        copy[1] = (uint8_t)(copy[1] + nth);
    if ((pattern->notes & OTHER_PORT) != 0 && item.from.port != 53)
        item.from.port = (uint16_t)(item.from.port + nth);
    else if ((pattern->notes & OTHER_PORT) != 0 && item.to.port != 53)
        item.to.port = (uint16_t)(item.to.port + nth);
    item.bytes = copy;
    item.notes = pattern->notes & (OTHER_PORT - 1);
    item.quoted_from = item.to;
    item.quoted_to = item.from;
    return item;
}

/* All items of the input, from the second place on. Returns how many. */
static uint64_t read_items(nsp_reader_t *r, cap_item_t item[ITEMS_MAX + 1])
{
    cap_item_t pattern;
    int64_t at = 0;
    int64_t gap;
    unsigned times;
    uint64_t count = 0;
    while (next_item(r, &pattern, &gap, &times))
        for (unsigned i = 0; i < times && count < ITEMS_MAX; i++) {
            item[++count] = make_item(&pattern, i);
            item[count].at = at += gap;
            item[count].number = count;
        }
    return count;
}

static void feed(pairer_t *p, cap_item_t item)
{
    uint8_t *copy = exact_copy(item.bytes, item.size);
    item.bytes = copy;
    pairer_feed(p, &item);
    free(copy);
    if (item.number < CHECKED || item.number % CHECKED == 0)
        pair_check(p);
}

/* fail: the allocation that fails; 0: none. */
static void run(const pair_options_t *o, uint64_t count, uint8_t fail, seen_t *out)
{
    alloc_fail(fail);
    pairer_t *p = pairer_new(o, take, out);
    for (out->count = 1; p != NULL && out->count <= count; out->count++)
        feed(p, out->item[out->count]);
    out->count--;
    if (p != NULL) {
        pairer_finish(p, INT64_MIN);
        pair_check(p);
        const pair_stats_t *st = pairer_stats(p);
        need(st->flows == out->flows && st->items == count);
        need(st->flows == st->answered + st->unanswered + st->orphans + st->duplicates);
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
    o.seed = 1;
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
    static cap_item_t item[ITEMS_MAX + 1];
    seen_t a = {.exchanges = true, .item = item};
    seen_t b = {.exchanges = false, .item = item};
    nsp_reader_t r = nsp_reader(data, size);
    uint8_t bits = nsp_read_u8(&r);
    uint8_t fail = nsp_read_u8(&r);
    pair_options_t o = options_of(bits, 1);
    uint64_t count = read_items(&r, item);
    exchange_set_init(&a.set, 0);
    run(&o, count, fail, &a);
    if (fail == 0) {
        o = options_of(bits, 99);
        run(&o, count, 0, &b);
        need(a.sum == b.sum && a.flows == b.flows);
    }
    write_set(&a.set, fail % 8);
    exchange_set_free(&a.set);
    for (; count > 0; count--)
        free((void *)(uintptr_t)item[count].bytes);
    return 0;
}
