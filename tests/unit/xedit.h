/* Faults of one address that cases of more than one group have. */
#ifndef TESTS_XEDIT_H
#define TESTS_XEDIT_H

#include "xbuild.h"

/* The address that is spoilt: ns2's IPv4 address. */
#define BAD 2

/* The same to every query of it. */
void xedit_each(xlab_t *x, void (*edit)(xprobe_t *p));
/* Over UDP only what does not match comes; bits say why (MISMATCH_). */
void xedit_mismatch(xlab_t *x, uint8_t bits);
/* Every reply breaks off. */
void xedit_cut(xlab_t *x);
/* REFUSED to one query, for xedit_each. */
void xedit_make_refused(xprobe_t *p);
/* An error to every query but the plain one; without an OPT unless the error needs it. */
void xedit_edns_rcode(xlab_t *x, uint16_t rcode);
/* FORMERR, as from a server that does not know EDNS. */
void xedit_edns_formerr(xlab_t *x);
/* REFUSED over TCP alone. */
void xedit_tcp_answers_refused(xlab_t *x);
/* SERVFAIL to a type that the name does not have. */
void xedit_type_servfail(xlab_t *x);
/* Over TCP an older version of the zone. */
void xedit_tcp_older(xlab_t *x);

#endif
