/* The system's recursive resolvers. */
#ifndef PROBE_RESOLVCONF_H
#define PROBE_RESOLVCONF_H

#include "exchange/addr.h"

#define RESOLVCONF_MAX 8

/* Addresses of the "nameserver" lines of a resolv.conf text, in order, each once, with port 53.
 * Lines that are not understood are passed over, as resolv.conf(5) has it. Returns their number. */
size_t resolvconf_parse(const char *text, size_t len, addr_t out[RESOLVCONF_MAX]);

#endif
