#include "capture/decode.h"

#include <stdlib.h>
#include <string.h>

#include "capture/fragment.h"
#include "capture/icmp_quote.h"
#include "capture/ip.h"
#include "capture/link.h"
#include "capture/octets.h"
#include "capture/origin.h"
#include "capture/seed.h"
#include "capture/sumcheck.h"
#include "capture/tcp.h"
#include "capture/tunnel.h"
#include "capture/udp.h"
#include "exchange/checksum.h"

#define DNS_PORT 53
/* Of a message that the capture has cut more than that, nothing is known. */
#define ID_SIZE 2u

struct decoder {
    decode_sink_t *sink;
    void *user;
    uint16_t port; /* the first; most packets have it */
    bool verify_checksums;
    int64_t now;      /* the latest time seen */
    int64_t deadline; /* when something may be over */
    decode_stats_t stats;
    cap_item_t plain4; /* item of the short way: all but what differs is filled in already */
    cap_item_t plain6;
    decode_options_t options;
    sumcheck_t sumcheck;
    fragment_table_t *fragments;
    tcp_table_t *tcp;
    uint64_t fragments_malformed; /* so many are in stats already */
};

/* One packet on the long way. */
typedef struct layer {
    origin_t origin;
    unsigned depth; /* of tunnels, and of datagrams put together */
} layer_t;

static void take_ip(decoder_t *d, unsigned family, const uint8_t *bytes, uint32_t size,
                    uint32_t wire, layer_t layer);
static void take_inner(decoder_t *d, link_t inner, const uint8_t *bytes, uint32_t size,
                       uint32_t wire, layer_t layer);

/* Whether a port is one of those that are asked for. */
static bool port_served(const decoder_t *d, uint16_t port)
{
    for (size_t i = 0; i < d->options.port_count; i++)
        if (d->options.port[i] == port)
            return true;
    return d->options.any_port;
}

/* Whether a datagram between two ports is of interest. */
static bool udp_served(const decoder_t *d, uint16_t a, uint16_t b)
{
    return d->options.any_udp_port || port_served(d, a) || port_served(d, b);
}

static void begin_item(cap_item_t *item, cap_item_kind_t kind, const origin_t *origin)
{
    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->notes = origin->notes;
    item->at = origin->at;
    item->number = origin->number;
    item->file = origin->file;
}

/* Counts a header that could not be read; true when it could. */
static bool is_good(decoder_t *d, ip_kind_t kind)
{
    d->stats.cut += kind == IP_CUT;
    d->stats.malformed += kind == IP_MALFORMED;
    d->stats.other += kind == IP_JUMBO;
    return kind == IP_GOOD;
}

/* Verifies a checksum, with that of the IP header, and counts the outcome. */
static sumcheck_result_t verify(decoder_t *d, const ip_view_t *v, uint32_t length, uint32_t at)
{
    if (!d->verify_checksums)
        return SUMCHECK_GOOD;
    sumcheck_result_t r = sumcheck_payload(&d->sumcheck, v, length, at);
    d->stats.offloaded += r == SUMCHECK_OFFLOADED;
    d->stats.never_right += r == SUMCHECK_NEVER;
    if (v->bad_header && r < SUMCHECK_BAD)
        r = SUMCHECK_BAD;
    d->stats.bad_checksum += r >= SUMCHECK_BAD;
    return r;
}

/* The notes of an item with such a payload. */
static unsigned sum_notes(decoder_t *d, const ip_view_t *v, uint32_t length, uint32_t at)
{
    sumcheck_result_t r = verify(d, v, length, at);
    return (r >= SUMCHECK_BAD ? CAP_NOTE_CHECKSUM : 0) |
           (r == SUMCHECK_DAMAGED ? CAP_NOTE_DAMAGED : 0) |
           (r == SUMCHECK_NEVER ? CAP_NOTE_NEVER : 0);
}

static bool is_too_deep(decoder_t *d, const layer_t *layer)
{
    d->stats.tunnels_too_deep += layer->depth == TUNNEL_DEPTH_MAX;
    return layer->depth == TUNNEL_DEPTH_MAX;
}

/* Goes on inside of a datagram of a tunnel's port. False when there is no IP packet in it. */
static bool take_udp_tunnel(decoder_t *d, const udp_view_t *u, layer_t layer)
{
    uint16_t port = tunnel_udp_port(u->from_port, u->to_port);
    if (port == 0 || port_served(d, u->from_port) || port_served(d, u->to_port))
        return false;
    link_t inner = tunnel_read_udp(port, u->bytes, u->size);
    if ((inner.kind != LINK_IPV4 && inner.kind != LINK_IPV6) || u->beyond || is_too_deep(d, &layer))
        return false;
    layer.depth++;
    layer.origin.notes |= CAP_NOTE_TUNNEL;
    take_inner(d, inner, u->bytes, u->size, u->original, layer);
    return true;
}

static void take_udp(decoder_t *d, const ip_view_t *v, const layer_t *layer)
{
    udp_view_t u;
    cap_item_t item;
    if (!is_good(d, udp_read(&u, v)))
        return;
    if (take_udp_tunnel(d, &u, *layer))
        return;
    if (!udp_served(d, u.from_port, u.to_port)) {
        d->stats.other++;
        return;
    }
    if (u.size < ID_SIZE && u.size < u.original && !u.beyond) {
        d->stats.cut++;
        return;
    }
    begin_item(&item, CAP_ITEM_UDP, &layer->origin);
    item.notes |= sum_notes(d, v, u.length, SUMCHECK_AT_UDP);
    item.notes |= u.beyond ? CAP_NOTE_LENGTH : 0;
    item.notes |= !u.beyond && u.size < u.original ? CAP_NOTE_CUT : 0;
    item.notes |= u.beyond && v->size < v->length ? CAP_NOTE_CUT : 0;
    item.ttl = v->ttl;
    item.from = ip_addr(v, v->from, u.from_port);
    item.to = ip_addr(v, v->to, u.to_port);
    item.bytes = u.bytes;
    item.size = u.size;
    item.original = u.original;
    d->stats.malformed += u.beyond;
    d->sink(d->user, &item);
}

static void take_tcp(decoder_t *d, const ip_view_t *v, const layer_t *layer)
{
    tcp_segment_t s;
    if (!is_good(d, tcp_read(&s, v)))
        return;
    s.from_served = port_served(d, s.from.port);
    s.to_served = port_served(d, s.to.port);
    if (!s.from_served && !s.to_served) {
        d->stats.other++;
        return;
    }
    sumcheck_result_t sum = verify(d, v, v->length, SUMCHECK_AT_TCP);
    s.bad_sum = sum >= SUMCHECK_BAD;
    s.good_sum = sum == SUMCHECK_GOOD;
    s.origin = layer->origin;
    tcp_take(d->tcp, &s);
}

/* Ports of a quoted fragment that is not the first, when the first was seen. */
static void find_ports(const decoder_t *d, icmp_quote_t *q)
{
    uint8_t ports[4];
    if (q->ports || !fragment_begins(d->fragments, &q->ip, ports))
        return;
    q->ports = true;
    q->from_port = octets_u16(ports);
    q->to_port = octets_u16(ports + 2);
}

static bool quote_readable(decoder_t *d, icmp_quote_t *q, const ip_view_t *v)
{
    quote_kind_t kind = icmp_quote_read(q, v);
    d->stats.other += kind == QUOTE_OTHER;
    d->stats.cut += kind == QUOTE_CUT;
    d->stats.malformed += kind == QUOTE_MALFORMED;
    return kind == QUOTE_GOOD;
}

static void take_icmp(decoder_t *d, const ip_view_t *v, const layer_t *layer)
{
    icmp_quote_t q;
    cap_item_t item;
    if (!quote_readable(d, &q, v))
        return;
    find_ports(d, &q);
    if (q.ports && !port_served(d, q.from_port) && !port_served(d, q.to_port)) {
        d->stats.other++;
        return;
    }
    begin_item(&item, CAP_ITEM_ICMP, &layer->origin);
    if (verify(d, v, v->length, SUMCHECK_AT_ICMP) >= SUMCHECK_BAD)
        item.notes |= CAP_NOTE_CHECKSUM;
    item.notes |= q.ports ? 0 : CAP_NOTE_NO_FIRST;
    item.notes |= v->size < v->length ? CAP_NOTE_CUT : 0;
    item.from = ip_addr(v, v->from, 0);
    item.to = ip_addr(v, v->to, 0);
    item.icmp_type = q.type;
    item.icmp_code = q.code;
    item.icmp_mtu = q.mtu;
    item.quoted = q.ip.protocol == IP_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
    item.quoted_from = ip_addr(&q.ip, q.ip.from, q.from_port);
    item.quoted_to = ip_addr(&q.ip, q.ip.to, q.to_port);
    item.bytes = q.bytes;
    item.size = q.size;
    item.original = q.original;
    if (item.quoted == TRANSPORT_TCP && q.ports)
        item.connection = tcp_connection(d->tcp, &item.quoted_from, &item.quoted_to);
    d->sink(d->user, &item);
}

/* Goes on with the IP packet inside of another layer's headers. */
static void take_inner(decoder_t *d, link_t inner, const uint8_t *bytes, uint32_t size,
                       uint32_t wire, layer_t layer)
{
    switch (inner.kind) {
    case LINK_IPV4:
    case LINK_IPV6:
        take_ip(d, inner.kind == LINK_IPV4 ? 4 : 6, bytes + inner.offset, size - inner.offset,
                wire > inner.offset ? wire - inner.offset : 0, layer);
        break;
    case LINK_OTHER:
        d->stats.not_ip++;
        break;
    case LINK_UNKNOWN:
        d->stats.link_unknown++;
        break;
    case LINK_CUT:
        if (size < wire)
            d->stats.cut++;
        else
            d->stats.malformed++;
        break;
    case LINK_MALFORMED:
        d->stats.malformed++;
        break;
    }
}

static void take_tunnel(decoder_t *d, const ip_view_t *v, layer_t layer)
{
    if (is_too_deep(d, &layer))
        return;
    layer.depth++;
    layer.origin.notes |= CAP_NOTE_TUNNEL;
    take_inner(d, tunnel_read(v), v->payload, v->size, v->length, layer);
}

static void take_payload(decoder_t *d, const ip_view_t *v, const layer_t *layer)
{
    if (v->protocol == IP_UDP)
        take_udp(d, v, layer);
    else if (v->protocol == IP_TCP)
        take_tcp(d, v, layer);
    else if (v->protocol == (v->family == 4 ? IP_ICMP : IP_ICMPV6))
        take_icmp(d, v, layer);
    else if (tunnel_is(v))
        take_tunnel(d, v, *layer);
    else
        d->stats.other++;
}

static void take_fragment(decoder_t *d, ip_view_t *v, const layer_t *layer)
{
    datagram_t whole;
    layer_t inner = *layer;
    uint8_t *bytes = fragment_take(d->fragments, v, &layer->origin, &whole);
    if (bytes == NULL)
        return;
    v->fragment = false;
    v->protocol = whole.protocol;
    v->payload = bytes;
    v->size = whole.size;
    v->length = whole.length;
    inner.origin.notes |= whole.origin.notes | CAP_NOTE_FRAGMENTS;
    if (is_good(d, ip_resume(v))) {
        if (v->fragment)
            d->stats.malformed++; /* a fragment of a fragment of the same packet */
        else
            take_payload(d, v, &inner);
    }
    free(bytes);
}

static void take_ip(decoder_t *d, unsigned family, const uint8_t *bytes, uint32_t size,
                    uint32_t wire, layer_t layer)
{
    ip_view_t v;
    if (!is_good(d, ip_read(&v, family, bytes, size, wire)))
        return;
    d->stats.malformed += v.beyond;
    if (v.fragment)
        take_fragment(d, &v, &layer);
    else
        take_payload(d, &v, &layer);
}

/* Gives out a datagram whose fragments never came together. */
static void lost_datagram(void *user, const datagram_t *g)
{
    decoder_t *d = user;
    cap_item_t item;
    ip_view_t v = {.family = g->family, .protocol = g->protocol, .from = g->from, .to = g->to};
    udp_view_t u = {0};
    v.payload = g->bytes;
    v.size = g->size;
    v.length = g->length;
    bool first = g->first && ip_resume(&v) == IP_GOOD && v.protocol == IP_UDP && v.length >= 4 &&
                 udp_read(&u, &v) == IP_GOOD;
    if (v.protocol != IP_UDP || (first && !udp_served(d, u.from_port, u.to_port)))
        return;
    begin_item(&item, CAP_ITEM_UDP_LOST, &g->origin);
    item.notes |= CAP_NOTE_FRAGMENTS | (first ? 0 : CAP_NOTE_NO_FIRST);
    item.from = ip_addr(&v, g->from, u.from_port);
    item.to = ip_addr(&v, g->to, u.to_port);
    item.bytes = u.bytes;
    item.size = u.size;
    item.original = first ? u.original : g->length > UDP_HEADER ? g->length - UDP_HEADER : 0;
    d->sink(d->user, &item);
}

/* Takes over what fragments and streams count. */
static void settle(decoder_t *d)
{
    const fragment_stats_t *f = fragment_stats(d->fragments);
    const tcp_stats_t *t = tcp_stats(d->tcp);
    decode_stats_t *s = &d->stats;
    s->fragments = f->fragments;
    s->reassembled = f->reassembled;
    s->fragments_lost = f->lost;
    s->fragments_evicted = f->evicted;
    s->malformed += f->malformed - d->fragments_malformed;
    d->fragments_malformed = f->malformed;
    s->overlaps = f->overlaps + t->overlaps;
    s->connections = t->connections;
    s->connections_evicted = t->connections_evicted;
    s->segments_evicted = t->segments_evicted;
    s->memory = fragment_memory(d->fragments) + tcp_memory(d->tcp);
    if (s->memory > s->memory_most)
        s->memory_most = s->memory;
    int64_t a = fragment_deadline(d->fragments);
    int64_t b = tcp_deadline(d->tcp);
    d->deadline = a < b ? a : b;
}

static __attribute__((noinline)) void expire(decoder_t *d)
{
    fragment_expire(d->fragments, d->now);
    tcp_expire(d->tcp, d->now);
    settle(d);
}

/* The long way: any link layer, any packet. */
static __attribute__((noinline)) void take_packet(decoder_t *d, const cap_packet_t *p)
{
    layer_t layer = {.origin = {p->at, p->number, p->file, 0}};
    uint32_t wire = p->original > p->size ? p->original : p->size;
    take_inner(d, link_read(p->link, p->bytes, p->size), p->bytes, p->size, wire, layer);
    settle(d);
    decode_stats_t *s = &d->stats;
    if (s->malformed > 0 && s->malformed_first == 0)
        s->malformed_first = p->number;
    if (s->bad_checksum > 0 && s->bad_checksum_first == 0)
        s->bad_checksum_first = p->number;
}

/* Whether the checksum of a datagram is right, absent, or left to the network card. Addresses, n
 * octets, stand right in front of its size octets (SUMCHECK_* has the reasons). */
static inline bool sum_passes(decoder_t *d, const uint8_t *addresses, uint32_t n, uint32_t size)
{
    const uint8_t *udp = addresses + n;
    uint16_t stored = octets_u16(udp + SUMCHECK_AT_UDP);
    uint64_t sum = checksum_number(checksum_sum(addresses, n + size), (uint16_t)(IP_UDP + size));
    if (checksum_fold(sum) == 0xffff) {
        if (d->sumcheck.suspects > 0 && stored != 0)
            sumcheck_was_good(&d->sumcheck, n == 8 ? 4 : 6, addresses);
        return true;
    }
    if (stored == 0)
        return n == 8;
    sum = checksum_number(checksum_sum(addresses, n), (uint16_t)(IP_UDP + size));
    if (checksum_fold(sum) != stored)
        return false;
    d->stats.offloaded++;
    return true;
}

/* What differs between plain datagrams. */
static inline void give_plain(decoder_t *d, cap_item_t *item, const cap_packet_t *p,
                              const uint8_t *udp, uint32_t size, uint8_t ttl)
{
    item->ttl = ttl;
    item->at = p->at;
    item->number = p->number;
    item->file = p->file;
    item->from.port = octets_u16(udp);
    item->to.port = octets_u16(udp + 2);
    item->bytes = udp + UDP_HEADER;
    item->size = item->original = size - UDP_HEADER;
    d->sink(d->user, item);
}

static inline bool is_plain_port(const decoder_t *d, const uint8_t *udp)
{
    return octets_u16(udp) == d->port || octets_u16(udp + 2) == d->port ||
           (d->options.any_udp_port && tunnel_udp_port(octets_u16(udp), octets_u16(udp + 2)) == 0);
}

/* Eight octets in one go, since they are soon read so. */
static inline void put_v4(addr_t *a, const uint8_t *octets)
{
    uint8_t eight[8] = {octets[0], octets[1], octets[2], octets[3]};
    memcpy(a->octets, eight, sizeof eight);
}

/* IPv4 without options, whole, unfragmented, UDP of just the length that IP has: the whole of the
 * packet at offset at. False when anything is otherwise: nothing has happened then. */
static inline bool plain_v4(decoder_t *d, const cap_packet_t *p, uint32_t at)
{
    if (p->size < at + 28)
        return false;
    const uint8_t *ip = p->bytes + at;
    uint32_t total = octets_u16(ip + 2);
    if (ip[0] != 0x45 || ip[9] != IP_UDP || (octets_u16(ip + 6) & 0x3fff) != 0 || total < 28 ||
        total > p->size - at || octets_u16(ip + 24) != total - 20 || !is_plain_port(d, ip + 20))
        return false;
    if (d->verify_checksums &&
        (checksum_fold(checksum_sum(ip, 20)) != 0xffff || !sum_passes(d, ip + 12, 8, total - 20)))
        return false;
    put_v4(&d->plain4.from, ip + 12);
    put_v4(&d->plain4.to, ip + 16);
    give_plain(d, &d->plain4, p, ip + 20, total - 20, ip[8]);
    return true;
}

/* The same of IPv6 without extension headers. */
static inline bool plain_v6(decoder_t *d, const cap_packet_t *p, uint32_t at)
{
    if (p->size < at + 48)
        return false;
    const uint8_t *ip = p->bytes + at;
    uint32_t length = octets_u16(ip + 4);
    if (ip[0] >> 4 != 6 || ip[6] != IP_UDP || length < UDP_HEADER || length > p->size - at - 40 ||
        octets_u16(ip + 44) != length || !is_plain_port(d, ip + 40))
        return false;
    if (d->verify_checksums && !sum_passes(d, ip + 8, 32, length))
        return false;
    memcpy(d->plain6.from.octets, ip + 8, 16);
    memcpy(d->plain6.to.octets, ip + 24, 16);
    give_plain(d, &d->plain6, p, ip + 40, length, ip[7]);
    return true;
}

/* The short way, which nearly all packets of a DNS capture go: one look at the link layer, one at
 * IP and UDP, each bound checked once. */
static inline bool take_plain(decoder_t *d, const cap_packet_t *p)
{
    uint32_t at = 0;
    uint32_t type = 0;
    if (p->link == CAP_LINK_ETHERNET) {
        at = 14;
    } else if (p->link == CAP_LINK_LINUX_SLL) {
        at = 16;
    } else if (p->link == CAP_LINK_RAW && p->size > 0) {
        type = p->bytes[0] >> 4 == 4 ? 0x0800 : 0x86dd;
    } else if (p->link == CAP_LINK_LINUX_SLL2 && p->size >= 20) {
        type = octets_u16(p->bytes);
        at = 20;
    } else {
        return false;
    }
    if (type == 0) {
        if (p->size < at)
            return false;
        type = octets_u16(p->bytes + at - 2);
    }
    return type == 0x0800 ? plain_v4(d, p, at) : type == 0x86dd && plain_v6(d, p, at);
}

void decoder_feed(decoder_t *d, const cap_packet_t *p)
{
    d->stats.packets++;
    if (p->at > d->now)
        d->now = p->at;
    if (d->now >= d->deadline)
        expire(d);
    if (!take_plain(d, p))
        take_packet(d, p);
}

void decoder_finish(decoder_t *d)
{
    fragment_finish(d->fragments);
    tcp_finish(d->tcp);
    settle(d);
}

const decode_stats_t *decoder_stats(const decoder_t *d)
{
    return &d->stats;
}

decode_options_t decode_options_default(void)
{
    decode_options_t o = {
        .memory = (size_t)64 << 20,
        .connections_max = 65536,
        .fragment_timeout = INT64_C(15000000000),
        .tcp_timeout = INT64_C(120000000000),
        .verify_checksums = true,
        .any_udp_port = true,
        .seed = seed_random(),
    };
    return o;
}

decoder_t *decoder_new(const decode_options_t *options, decode_sink_t *sink, void *user)
{
    decoder_t *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->options = *options;
    if (d->options.port_count > DECODE_PORTS_MAX)
        d->options.port_count = DECODE_PORTS_MAX;
    if (d->options.port_count == 0)
        d->options.port[d->options.port_count++] = DNS_PORT;
    d->port = d->options.port[0];
    d->verify_checksums = options->verify_checksums;
    d->sink = sink;
    d->user = user;
    d->now = INT64_MIN;
    d->deadline = INT64_MAX;
    d->plain4.from.family = d->plain4.to.family = 4;
    d->plain6.from.family = d->plain6.to.family = 6;
    tcp_options_t tcp = {options->memory / 2,
                         options->connections_max,
                         options->tcp_timeout,
                         options->seed,
                         sink,
                         user};
    d->fragments = fragment_table_new(options->memory / 2, options->fragment_timeout, options->seed,
                                      lost_datagram, d);
    d->tcp = tcp_table_new(&tcp);
    if (d->fragments == NULL || d->tcp == NULL) {
        decoder_free(d);
        return NULL;
    }
    return d;
}

void decoder_free(decoder_t *d)
{
    if (d == NULL)
        return;
    fragment_table_free(d->fragments);
    tcp_table_free(d->tcp);
    free(d);
}
