/* The syntax of an SPF policy (RFC 7208 12); nothing is looked up. */
#ifndef DIAGNOSE_SPF_H
#define DIAGNOSE_SPF_H

#include <stdbool.h>
#include <stddef.h>

/* True when the text is a policy at all: "v=spf1", alone or with a blank behind it. */
bool spf_is_policy(const char *text, size_t len);
/* True for a text that is no policy and was meant for one: "v=spf1" is in its beginning, behind
 * blanks or quotation marks, or without the blank that has to follow. */
bool spf_is_near(const char *text, size_t len);
/* The first term that is not allowed: its offset in the text, and its octets in *size; len when all
 * are. */
size_t spf_first_fault(const char *text, size_t len, size_t *size);

/* What makes of a well-formed policy another thing than was meant. */
typedef enum spf_flaw {
    SPF_SOUND,
    SPF_ITSELF,  /* it includes its own domain, or redirects to it: an endless loop */
    SPF_LOOKUPS, /* more than 10 terms ask the DNS: an error (RFC 7208 4.6.4) */
    SPF_ANYBODY  /* every host may send (RFC 7208 5.1) */
} spf_flaw_t;

#define SPF_LOOKUPS_MAX 10

/* The worst flaw of a policy whose terms are all allowed; domain: where it was found, as text
 * without a final dot. */
spf_flaw_t spf_flaw(const char *text, size_t len, const char *domain);

#endif
