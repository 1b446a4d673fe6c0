/* IP, UDP, TCP and ICMP headers beside a plainer reading of them, in 64-bit sums and by offsets:
 * both take and refuse the same, and what is handed on lies inside of the packet.
 *
 * Family, octets that were cut off; then the packet. */
#include <stdlib.h>

#include "capture/icmp_quote.h"
#include "capture/tcp.h"
#include "capture/udp.h"
#include "exchange/packet.h"
#include "fuzz/items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* What the plain reading finds. Offsets count from the beginning of the packet. */
typedef struct plain {
    ip_kind_t kind;
    uint64_t at;   /* of the payload */
    uint64_t size; /* captured of: */
    uint64_t length;
    uint64_t protocol;
    uint64_t offset; /* of a fragment */
    bool more;
} plain_t;

static uint64_t u16(const uint8_t *p, uint64_t at)
{
    return p[at] * 256u + p[at + 1];
}

static plain_t bad(ip_kind_t kind)
{
    return (plain_t){.kind = kind};
}

/* In IPv4 there is only AH (RFC 4302 3.1.1). */
static bool is_extension(uint64_t protocol, bool v6)
{
    return protocol == 51 ||
           (v6 && (protocol == 0 || protocol == 43 || protocol == 44 || protocol == 60 ||
                   protocol == 135 || protocol == 139 || protocol == 140));
}

/* The headers between that of IP and the payload (RFC 8200 4, RFC 4302 2.2), in a packet that ends
 * at end, of which the first octets are there. */
static ip_kind_t pass_extensions(plain_t *o, const uint8_t *p, bool v6, uint64_t end,
                                 uint64_t there)
{
    for (unsigned count = 0; is_extension(o->protocol, v6) && !o->more && o->offset == 0; count++) {
        if (end - o->at < 8 || count == IP_EXTENSIONS_MAX)
            return IP_MALFORMED;
        if (there < o->at + 8)
            return IP_CUT;
        uint64_t n = o->protocol == 44   ? 8
                     : o->protocol == 51 ? 8 + 4 * (uint64_t)p[o->at + 1]
                                         : 8 + 8 * (uint64_t)p[o->at + 1];
        if (end < o->at + n)
            return IP_MALFORMED;
        if (there < o->at + n)
            return IP_CUT;
        if (o->protocol == 44) {
            o->offset = u16(p, o->at + 2) / 8 * 8;
            o->more = p[o->at + 3] % 2 == 1;
        }
        o->protocol = p[o->at];
        o->at += n;
    }
    return IP_GOOD;
}

/* RFC 791 3.1 */
static plain_t plain_v4(const uint8_t *p, uint64_t size, uint64_t wire)
{
    if (size < 20)
        return bad(IP_CUT);
    plain_t o = {.at = (p[0] % 16u) * 4, .protocol = p[9], .more = (p[6] & 0x20) != 0};
    uint64_t total = u16(p, 2) != 0 ? u16(p, 2) : wire;
    if (p[0] < 0x45 || p[0] > 0x4f || total < o.at)
        return bad(IP_MALFORMED);
    if (size < o.at)
        return bad(IP_CUT);
    o.offset = u16(p, 6) % 8192 * 8;
    uint64_t there = size < total ? size : total;
    ip_kind_t kind = pass_extensions(&o, p, false, total, there);
    if (kind != IP_GOOD)
        return bad(kind);
    o.length = total - o.at;
    o.size = there - o.at;
    return o;
}

/* RFC 2675 2 */
static bool has_jumbo(const uint8_t *p)
{
    for (uint64_t at = 42; at < 48;) {
        if (p[at] == 0xc2)
            return true;
        at += p[at] == 0 ? 1 : at + 1 < 48 ? 2u + p[at + 1] : 2;
    }
    return false;
}

/* RFC 8200 3, 4 */
static plain_t plain_v6(const uint8_t *p, uint64_t size, uint64_t wire)
{
    if (size < 40)
        return bad(IP_CUT);
    if (p[0] / 16 != 6)
        return bad(IP_MALFORMED);
    plain_t o = {.at = 40, .protocol = p[6]};
    uint64_t end = 40 + u16(p, 4);
    if (end == 40 && wire > 40) {
        if (p[6] == 0 && size >= 48 && has_jumbo(p))
            return bad(IP_JUMBO);
        end = p[6] != 59 ? wire : end;
    }
    uint64_t there = size < end ? size : end;
    ip_kind_t kind = pass_extensions(&o, p, true, end, there);
    if (kind != IP_GOOD)
        return bad(kind);
    o.length = end - o.at;
    o.size = there - o.at;
    return o;
}

static void check_udp(const ip_view_t *v)
{
    udp_view_t u;
    ip_kind_t kind = udp_read(&u, v);
    if (v->size < 8) {
        need(kind == (v->length < 8 ? IP_MALFORMED : IP_CUT));
        return;
    }
    uint64_t says = u16(v->payload, 4);
    uint64_t length = says != 0 ? says : v->length;
    need((kind == IP_GOOD) == (length >= 8));
    if (kind != IP_GOOD)
        return;
    need(u.from_port == u16(v->payload, 0) && u.to_port == u16(v->payload, 2));
    need(u.length == length && u.original == length - 8 && u.beyond == (length > v->length));
    need(u.bytes == v->payload + 8 && u.size == (length < v->size ? length : v->size) - 8);
}

static void check_tcp(const ip_view_t *v)
{
    tcp_segment_t s;
    ip_kind_t kind = tcp_read(&s, v);
    if (v->size < 20) {
        need(kind == (v->length < 20 ? IP_MALFORMED : IP_CUT));
        return;
    }
    const uint8_t *p = v->payload;
    uint64_t header = p[12] / 16u * 4;
    need((kind == IP_GOOD) == (header >= 20 && header <= v->length));
    if (kind != IP_GOOD)
        return;
    uint64_t seq = u16(p, 4) << 16 | u16(p, 6);
    uint64_t ack = u16(p, 8) << 16 | u16(p, 10);
    need(s.from.port == u16(p, 0) && s.to.port == u16(p, 2) && s.seq == seq && s.ack == ack);
    need(s.flags == p[13] && s.length + header == v->length);
    need(s.size == (v->size > header ? v->size - header : 0) && s.size <= s.length);
    need(s.size == 0 || s.data == p + header);
}

/* What is quoted lies inside of the message, and its extensions (RFC 4884) outside of the quote. */
static void check_icmp(const ip_view_t *v)
{
    icmp_quote_t q;
    if (icmp_quote_read(&q, v) != QUOTE_GOOD)
        return;
    const uint8_t *end = v->payload + v->size;
    uint64_t quoted = v->family == 4 ? v->payload[5] * 4u : v->payload[4] * 8u;
    bool bounded = v->family == 4 ? q.type != 4 : q.type == 1 || q.type == 3;
    if (bounded && quoted > 0 && quoted < v->size - 8)
        end = v->payload + 8 + quoted;
    need(q.ip.payload >= v->payload + 8 && q.ip.payload <= end);
    need(q.ip.size <= (size_t)(end - q.ip.payload));
    need(!q.ports || (q.ip.size >= 4 && q.ip.offset == 0));
    need(q.original <= UINT16_MAX || q.original <= q.ip.length);
    if (q.bytes == NULL) {
        need(q.size == 0);
        return;
    }
    uint64_t header = q.ip.protocol == 17 ? 8 : q.ip.payload[12] / 16u * 4;
    need(q.bytes == q.ip.payload + header && q.size <= q.original);
    need(q.size <= q.ip.size - header);
    need(q.ip.protocol == 17 || q.original + header == q.ip.length);
    need(q.from_port == u16(q.ip.payload, 0) && q.to_port == u16(q.ip.payload, 2));
}

/* What is handed on, in memory of its own size. */
static void check_payload(ip_view_t v)
{
    uint8_t *copy = exact_copy(v.payload, v.size);
    v.payload = copy;
    check_udp(&v);
    check_tcp(&v);
    check_icmp(&v);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ip_view_t v;
    if (size < 2 || size > UINT16_MAX + 100u)
        return 0;
    unsigned family = (data[0] & 1) != 0 ? 6 : 4;
    uint32_t n = (uint32_t)size - 2;
    uint32_t wire = n + data[1] * (data[0] & 2) * 10u;
    uint8_t *copy = exact_copy(data + 2, n);
    ip_kind_t kind = ip_read(&v, family, copy, n, wire);
    plain_t o = family == 4 ? plain_v4(copy, n, wire) : plain_v6(copy, n, wire);
    need(kind == o.kind);
    if (kind == IP_GOOD) {
        need(v.payload == copy + o.at && v.size == o.size && v.length == o.length);
        need(v.protocol == o.protocol && v.offset == o.offset && v.more == o.more);
        need(v.fragment == (o.more || o.offset > 0) && v.from == copy + (family == 4 ? 12 : 8));
        need(v.beyond == (family == 4 ? o.at + o.length > wire : v.beyond));
        check_payload(v);
    }
    free(copy);
    return 0;
}
