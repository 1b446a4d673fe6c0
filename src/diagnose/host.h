/* What the exchanges say about the name of a server: who was asked for its addresses, and what came
 * of it. Internal to diagnose/. */
#ifndef DIAGNOSE_HOST_H
#define DIAGNOSE_HOST_H

#include "diagnose/facts.h"

/* What came of the questions for the addresses of a name. */
typedef struct host_word {
    unsigned told;    /* answered: with addresses, or that there are none */
    unsigned failed;  /* silent, an error, or no authority */
    unsigned pending; /* not finished */
} host_word_t;

/* Counts the exchanges that asked for addresses of the name. */
host_word_t host_word(diag_t *d, const nsp_name_t *name);
/* True when x is an authoritative answer, whole, that its name exists or does not; it is indexed in
 * the scratch. */
bool host_vouched(diag_t *d, const exchange_t *x);
/* True when some servers of the zone that holds a name give it the address, and others answer that
 * it does not have it. */
bool host_disputed(diag_t *d, const nsp_name_t *name, const addr_t *a);
/* What an exchange came to that was to tell a name's addresses and did not: "8.0.3.1 is silent".
 * False when it told them, or referred to others. */
bool host_failure(diag_t *d, const exchange_t *x, char *buf, size_t cap);
/* True for a question for the addresses of a name. */
bool host_asks(const exchange_t *x, const nsp_name_t *name);
/* The deepest zone at or above a name that some server referred to: the one that should hold it.
 * False when there was no referral. */
bool host_zone(diag_t *d, const nsp_name_t *name, nsp_name_t *out);
/* The servers of that zone, as a referral to it names them: "ns1.example.net, ns2.example.net";
 * empty where there was none. */
void host_zone_servers(diag_t *d, const nsp_name_t *cut, char *buf, size_t cap);
/* Where a registry says that a name does not exist, and more than the host is missing: the domain
 * below the registry that the name lies in, and that nobody has. */
bool host_unregistered(diag_t *d, const nsp_name_t *name, nsp_name_t *domain);
/* True where the root denies the top-level domain that a name lies in (RFC 8020 2): that is *tld.
 */
bool host_without_tld(diag_t *d, const nsp_name_t *name, nsp_name_t *tld);
/* A name in the zone that has the zone's name twice at its end, or behind a name of the delegation,
 * as comes of a name in the zone's file without its final dot (RFC 1035 5.1): *meant is what stands
 * there. */
bool host_doubled(const diag_t *d, const nsp_name_t *name, nsp_name_t *meant);
/* True for an address that is the server's own: where its own zone gives addresses, one of these,
 * and not one that only the parent's glue has. */
bool host_has_addr(const model_server_t *s, const addr_t *a);
/* True for an A or AAAA record (RFC 1035 3.4.1, RFC 3596 2.2) that holds the address, whatever its
 * owner. */
bool host_rr_is_addr(const nsp_msg_t *m, const nsp_rr_t *rr, const addr_t *a);
/* True when the zone gives the address to a name that does not exist, too: it is its wildcard's
 * (RFC 4592 2). */
bool host_by_wildcard(diag_t *d, const addr_t *a);

#endif
