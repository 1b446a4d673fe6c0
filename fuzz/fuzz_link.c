/* Any octets as a frame of any link type, and as a datagram to a tunnel's port: what is inside
 * begins where there are octets, behind the headers that the type has at least, and depends on
 * nothing behind them. Headers of which lengths are read stand beside a plainer reading. Two octets
 * of type or port first, little-endian. */
#include <stdlib.h>
#include <string.h>

#include "capture/link.h"
#include "capture/tunnel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINK_NFLOG 239

static void check(link_t l, uint32_t size)
{
    if ((l.kind == LINK_IPV4 || l.kind == LINK_IPV6) && l.offset > size)
        abort();
}

/* Octets in front of an IP packet, at least. */
static uint32_t least(uint16_t type)
{
    static const struct {
        uint16_t type;
        uint16_t octets;
    } table[] = {{0, 4},    {1, 14},   {6, 17},    {7, 3},    {9, 1},     {10, 16},
                 {50, 1},   {51, 7},   {100, 3},   {105, 27}, {108, 4},   {109, 12},
                 {113, 16}, {119, 35}, {127, 35},  {129, 5},  {149, 108}, {163, 35},
                 {192, 8},  {239, 8},  {258, 108}, {276, 20}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].type == type)
            return table[i].octets;
    return 0;
}

/* Where the packet of a Netfilter log begins; 0 when there is none (linux/netfilter/nfnetlink.h).
 */
static uint64_t plain_nflog(const uint8_t *p, uint64_t size)
{
    for (uint64_t at = 4; at + 4 <= size;) {
        bool little = p[at + 2] != 0 && p[at + 3] == 0; /* kinds are small */
        uint64_t length = little ? p[at] + 256u * p[at + 1] : p[at + 1] + 256u * p[at];
        uint64_t kind = little ? p[at + 2] + 256u * p[at + 3] : p[at + 3] + 256u * p[at + 2];
        if (kind % 0x8000 == 9)
            return at + 4;
        if (length < 4)
            return 0;
        at += (length + 3) / 4 * 4;
    }
    return 0;
}

/* Where a user's packet begins behind GTP version 1 (3GPP TS 29.281, 5.1 and 5.2); 0 when there is
 * none. */
static uint64_t plain_gtp(const uint8_t *p, uint64_t size)
{
    uint64_t at = 8;
    if (size < 8 || p[0] / 16 != 3 || p[1] != 255)
        return 0;
    if (p[0] % 8 == 0)
        return at;
    if (size < 12)
        return 0;
    unsigned next = p[11];
    for (at = 12; next != 0 && (p[0] & 4) != 0;) {
        uint64_t length = at < size ? 4u * p[at] : 0;
        if (length == 0 || at + length > size)
            return 0;
        next = p[at + length - 1];
        at += length;
    }
    return at;
}

/* Where a packet of IPv6 begins in a datagram of Teredo (RFC 4380 5.1.1); 0, too, when it is at the
 * beginning, and size when there is none. */
static uint64_t plain_teredo(const uint8_t *p, uint64_t size)
{
    uint64_t at = 0;
    if (size >= 4 && p[0] == 0 && p[1] == 1)
        at = 13u + p[2] + p[3];
    if (at + 2 <= size && p[at] == 0 && p[at + 1] == 0)
        at += 8;
    return at + 2 <= size && p[at] / 16 == 6 ? at : size;
}

/* The reading says that a packet of either family begins at an offset, or that none does. */
static void compare(link_t l, uint64_t at, const uint8_t *p, uint32_t size)
{
    bool ip = l.kind == LINK_IPV4 || l.kind == LINK_IPV6;
    bool there = at > 0 && at < size && (p[at] / 16 == 4 || p[at] / 16 == 6);
    if (ip != there || (ip && l.offset != at))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 65536)
        return 0;
    uint16_t type = (uint16_t)(data[0] | data[1] << 8);
    uint32_t n = (uint32_t)(size - 2);
    uint8_t *copy = malloc(n > 0 ? n : 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data + 2, n);
    link_t l = link_read(type, copy, n);
    check(l, n);
    check(link_read_ethertype(type, copy, n), n);
    check(tunnel_read_udp(type, copy, n), n);
    if ((l.kind == LINK_IPV4 || l.kind == LINK_IPV6) && l.offset < least(type))
        abort();
    compare(link_read(LINK_NFLOG, copy, n), plain_nflog(copy, n), copy, n);
    compare(tunnel_read_udp(TUNNEL_GTP, copy, n), plain_gtp(copy, n), copy, n);
    link_t teredo = tunnel_read_udp(TUNNEL_TEREDO, copy, n);
    if ((teredo.kind == LINK_IPV6 ? teredo.offset : n) != plain_teredo(copy, n))
        abort();
    if (n > 0 && (l.kind == LINK_IPV4 || l.kind == LINK_IPV6) && l.offset < n) {
        link_t again = link_read(type, copy, l.offset + 1);
        if (again.kind != l.kind || again.offset != l.offset)
            abort();
    }
    free(copy);
    return 0;
}
