/* Whom a bulk run must not ask: addresses, prefixes and domains whose operators said so.
 *
 * One a line: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "example.com" (with all that is below
 * it; "*.example.com" and ".example.com" mean the same). "#" and ";" begin comments. */
#ifndef BULK_OPTOUT_H
#define BULK_OPTOUT_H

#include "exchange/addr.h"
#include "proto/nsproto.h"

#define OPTOUT_ERROR_MAX 300

typedef struct optout optout_t;

/* Reads a list. NULL with one sentence in err. */
optout_t *optout_new(const char *text, size_t size, char err[OPTOUT_ERROR_MAX]);
void optout_free(optout_t *o);
/* Takes another list in the place of the one it has; threads that look meanwhile see either of
 * them. False, and nothing changes, with one sentence in err. */
bool optout_replace(optout_t *o, const char *text, size_t size, char err[OPTOUT_ERROR_MAX]);
/* The address, or a prefix with it, is on the list. */
bool optout_has_address(optout_t *o, const addr_t *a);
/* The name, or one above it, is on the list. */
bool optout_has_name(optout_t *o, const nsp_name_t *name);
/* Lines of both kinds. */
size_t optout_count(optout_t *o);

#endif
