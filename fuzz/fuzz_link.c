/* Any octets as a frame of any link type, and as a datagram to a tunnel's port: what is inside
 * begins where there are octets, and depends on nothing behind them. Two octets of type or port
 * first, little-endian. */
#include <stdlib.h>
#include <string.h>

#include "capture/link.h"
#include "capture/tunnel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(link_t l, uint32_t size)
{
    if ((l.kind == LINK_IPV4 || l.kind == LINK_IPV6) && l.offset > size)
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
    if (n > 0 && (l.kind == LINK_IPV4 || l.kind == LINK_IPV6) && l.offset < n) {
        link_t again = link_read(type, copy, l.offset + 1);
        if (again.kind != l.kind || again.offset != l.offset)
            abort();
    }
    free(copy);
    return 0;
}
