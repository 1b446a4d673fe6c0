/* Names of ICMP and ICMPv6 errors (RFC 792, RFC 1812 5.2.7, RFC 4443 3). */
#ifndef EXCHANGE_ICMP_H
#define EXCHANGE_ICMP_H

#include <stdint.h>

/* "port unreachable", "administratively prohibited", ... of family 4 or 6; "ICMP error" for a kind
 * without a name. Never NULL. */
const char *icmp_text(unsigned family, uint8_t type, uint8_t code);

#endif
