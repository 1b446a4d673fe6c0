/* Writes exchanges as a pcap that Wireshark opens, with nanosecond times. Packets are made again
 * from what is known: addresses, ports, messages; UDP, ICMP with the quoted query, and TCP with
 * handshake, data, FIN or RST. Link type RAW (101), so no Ethernet is invented. */
#ifndef CAPTURE_PCAP_WRITE_H
#define CAPTURE_PCAP_WRITE_H

#include <stdio.h>

#include "exchange/exchange.h"

/* Writes all packets of the set in order of time. False on a write error (errno is kept in
 * *os_error). */
bool pcap_write_set(FILE *out, const exchange_set_t *set, int *os_error);

#endif
