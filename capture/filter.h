/* BPF text that selects the DNS traffic of some addresses, and what belongs to it. */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stddef.h>

#include "exchange/addr.h"

/* Addresses that are named one by one; with more, the filter goes by ports alone: the kernel takes
 * no program of more than 4096 instructions. */
#define FILTER_ADDRESSES_MAX 64
#define FILTER_PORTS_MAX     16
/* Room that any filter fits in. */
#define FILTER_TEXT_MAX 32768

/* Writes a filter (pcap-filter(7)) into text: UDP and TCP between the addresses (any when
 * address_count is 0 or too many) and the ports, fragments between them, which have no ports, and
 * ICMP and ICMPv6 errors, which come from any router on the way; all of it also within one VLAN
 * tag, or two. Ports of the addresses are not looked at. link is the link type: only some have
 * VLAN tags. Returns the length. */
size_t filter_text(const addr_t *address, size_t address_count, const uint16_t *port,
                   size_t port_count, uint32_t link, char text[FILTER_TEXT_MAX]);

#endif
