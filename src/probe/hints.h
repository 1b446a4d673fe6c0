/* Where the walk begins: the root servers, compiled in or from a hints file. */
#ifndef PROBE_HINTS_H
#define PROBE_HINTS_H

#include "diagnose/model.h"

#define HINTS_BUILTIN_COUNT 26  /* 13 names, one IPv4 and one IPv6 address each */
#define HINTS_MAX           128 /* addresses that a hints file may give */
#define HINTS_ERROR_MAX     256

/* The root servers' addresses as IANA publishes them (named.root), with this port. Returns
 * HINTS_BUILTIN_COUNT. */
size_t hints_builtin(uint16_t port, given_ns_t out[HINTS_BUILTIN_COUNT]);

/* Reads a hints file's text (zone text: NS records of the root, A and AAAA of their names). Returns
 * the number of addresses in out, or 0 with one line in err: line, column, what and the remedy. */
size_t hints_parse(const char *text, size_t len, uint16_t port, given_ns_t out[HINTS_MAX],
                   char err[HINTS_ERROR_MAX]);

#endif
