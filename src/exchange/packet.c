#include "exchange/packet.h"

#include <string.h>

#include "exchange/checksum.h"
#include "proto/wire.h"

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u

/* Sum of the pseudo-header of UDP, TCP and ICMPv6 (RFC 9293 3.1, RFC 8200 8.1). */
static uint64_t pseudo_sum(const addr_t *from, const addr_t *to, uint8_t protocol, uint32_t size)
{
    uint32_t n = from->family == 4 ? 4 : 16;
    uint64_t sum = checksum_sum(from->octets, n);
    sum = checksum_join(sum, checksum_sum(to->octets, n));
    return checksum_number(checksum_number(sum, protocol), (uint16_t)size);
}

/* IP header in front of size octets of payload. */
static nsp_writer_t begin_ip(packet_t *p, const packet_ip_t *ip, const addr_t *from,
                             const addr_t *to, uint8_t protocol, uint32_t size)
{
    uint8_t ttl = ip != NULL && ip->ttl > 0 ? ip->ttl : 64;
    bool dont_fragment = ip == NULL || ip->dont_fragment;
    nsp_writer_t w = nsp_writer(p->octets, sizeof p->octets);
    bool v4 = from->family == 4;
    uint32_t total = size + (v4 ? IPV4_HEADER : 0);
    if (total > UINT16_MAX || from->family != to->family)
        nsp_write_fail(&w, NSP_E_SPACE);
    if (v4) {
        nsp_write_u16(&w, 0x4500);
        nsp_write_u16(&w, (uint16_t)total);
        /* identification 0 where nothing may be fragmented (RFC 6864 4.1); else the kernel fills it
         */
        nsp_write_u32(&w, dont_fragment ? 0x4000 : 0);
        nsp_write_u8(&w, ttl);
        nsp_write_u8(&w, protocol);
        nsp_write_u16(&w, 0);
        nsp_write_bytes(&w, from->octets, 4);
        nsp_write_bytes(&w, to->octets, 4);
        if (w.err == NSP_OK)
            nsp_patch_u16(&w, 10, (uint16_t)~checksum_fold(checksum_sum(p->octets, IPV4_HEADER)));
    } else {
        nsp_write_u32(&w, 0x60000000);
        nsp_write_u16(&w, (uint16_t)size);
        nsp_write_u8(&w, protocol);
        nsp_write_u8(&w, ttl);
        nsp_write_bytes(&w, from->octets, 16);
        nsp_write_bytes(&w, to->octets, 16);
    }
    return w;
}

static void finish(packet_t *p, nsp_writer_t *w, uint32_t start, uint32_t at, uint64_t sum)
{
    sum = checksum_join(sum, checksum_sum(p->octets + start, w->pos - start));
    uint16_t check = (uint16_t)~checksum_fold(sum);
    nsp_patch_u16(w, at, check == 0 ? 0xffff : check);
    p->size = w->err == NSP_OK ? w->pos : 0;
}

void packet_udp(packet_t *p, const packet_ip_t *ip, const addr_t *from, const addr_t *to,
                const uint8_t *data, uint32_t size)
{
    nsp_writer_t w = begin_ip(p, ip, from, to, 17, size + 8);
    uint32_t start = w.pos;
    nsp_write_u16(&w, from->port);
    nsp_write_u16(&w, to->port);
    nsp_write_u16(&w, (uint16_t)(size + 8));
    nsp_write_u16(&w, 0);
    nsp_write_bytes(&w, data, size);
    finish(p, &w, start, start + 6, pseudo_sum(from, to, 17, size + 8));
}

void packet_tcp(packet_t *p, const addr_t *from, const addr_t *to, uint32_t seq, uint32_t ack,
                unsigned flags, const uint8_t *data, uint32_t size)
{
    nsp_writer_t w = begin_ip(p, NULL, from, to, 6, size + 20);
    uint32_t start = w.pos;
    nsp_write_u16(&w, from->port);
    nsp_write_u16(&w, to->port);
    nsp_write_u32(&w, seq);
    nsp_write_u32(&w, (flags & TCP_ACK) != 0 ? ack : 0);
    nsp_write_u8(&w, 0x50);
    nsp_write_u8(&w, (uint8_t)flags);
    nsp_write_u16(&w, 64240);
    nsp_write_u32(&w, 0);
    nsp_write_bytes(&w, data, size);
    finish(p, &w, start, start + 16, pseudo_sum(from, to, 6, size + 20));
}

void packet_icmp(packet_t *p, const addr_t *from, const addr_t *to, uint8_t type, uint8_t code,
                 uint32_t mtu, const packet_t *quoted)
{
    bool v4 = from->family == 4;
    uint32_t room = v4 ? 576 - IPV4_HEADER - 8 : 1280 - IPV6_HEADER - 8;
    uint32_t n = quoted->size < room ? quoted->size : room;
    uint8_t protocol = v4 ? 1 : 58;
    nsp_writer_t w = begin_ip(p, NULL, from, to, protocol, n + 8);
    uint32_t start = w.pos;
    nsp_write_u8(&w, type);
    nsp_write_u8(&w, code);
    nsp_write_u16(&w, 0);
    nsp_write_u32(&w, v4 ? mtu & 0xffff : mtu);
    nsp_write_bytes(&w, quoted->octets, n);
    finish(p, &w, start, start + 2, v4 ? 0 : pseudo_sum(from, to, protocol, n + 8));
}
