/* The syntax of an SPF policy (RFC 7208 12); nothing is looked up. */
#ifndef DIAGNOSE_SPF_H
#define DIAGNOSE_SPF_H

#include <stdbool.h>
#include <stddef.h>

/* True when the text is a policy at all: "v=spf1", alone or with a blank behind it. */
bool spf_is_policy(const char *text, size_t len);
/* The first term that is not allowed: its offset in the text, and its octets in *size; len when all
 * are. */
size_t spf_first_fault(const char *text, size_t len, size_t *size);

#endif
