/* The way to an address, as far as it answers: what came of queries whose hops were limited, one
 * for each number of hops. A router that is so many hops away reports that the query's time is over
 * (RFC 792, RFC 4443 3.3); who reports, and from where on nobody does, tells where packets end. */
#ifndef DIAGNOSE_WAY_H
#define DIAGNOSE_WAY_H

#include "exchange/exchange.h"

/* Hops that are looked at: as many as a trace may have. */
#define WAY_HOPS_MAX 64
/* Hops that `check` asks for: names have two digits for them. */
#define WAY_HOPS_ASKED 30
/* How the first label of such a query's name begins, its hops and random digits behind: the packet
 * says of itself what it was sent for, wherever it was captured. */
#define WAY_PREFIX "nsprobe-hop-"
/* Octets of way_text. */
#define WAY_TEXT_MAX 320

/* What came of the queries for one number of hops. */
typedef struct way_hop {
    const exchange_t *x; /* NULL: not asked */
    const event_t *e;    /* the server's reply, what it did about a connection, or an ICMP error, of
                            x; NULL: nothing came */
} way_hop_t;

/* Begins as zeros. Numbers count hops from 1; 0 stands for none. */
typedef struct way {
    unsigned asked;              /* the most hops that were asked for */
    unsigned heard;              /* the last router that reported that the time was over */
    unsigned stop;               /* the first hop that another ICMP error came for */
    unsigned answered;           /* the first that the server's reply came for */
    unsigned reached;            /* TCP: the first whose connection was taken or refused */
    way_hop_t hop[WAY_HOPS_MAX]; /* hop n is [n - 1] */
} way_t;

/* The event of an exchange that tells the most about the way, or NULL. */
const event_t *way_event(const exchange_t *x);
/* True for an ICMP error that says that the hops were used up. */
bool way_is_exceeded(const event_t *e);
/* Adds what came of a query of so many hops; more than WAY_HOPS_MAX are left out. x must live as
 * long as the way. */
void way_add(way_t *w, unsigned hops, const exchange_t *x);
/* The number of hops worth showing: up to the server or an error, else one beyond the last router
 * that was heard of. */
unsigned way_shown(const way_t *w);
/* The router that is the most hops away of those that reported, or NULL. */
const addr_t *way_last(const way_t *w);
/* What ends the way: an ICMP error other than of hops used up, or NULL. */
const event_t *way_stop(const way_t *w);
/* The hop at which the router that ends the way had reported before; 0 when it had not. The report
 * that came first may be one about a query that would have gone further, since others were lost. */
unsigned way_stop_router(const way_t *w);
/* The hop whose router was at an earlier hop too, with *first, and another in between: packets go
 * round. 0 for none. */
unsigned way_loop(const way_t *w, unsigned *first);
/* True when both end at the same router, or are silent from the first hop on: nothing but silence
 * behind. */
bool way_ends_alike(const way_t *a, const way_t *b);
/* Sentences about where the way to server ends, with a space in front; empty when nothing was
 * asked. Returns buf. */
const char *way_text(const way_t *w, const addr_t *server, char buf[WAY_TEXT_MAX]);

/* The name that asks for so many hops (1 to WAY_HOPS_ASKED), below the zone. False when the zone's
 * name leaves no room for it. */
bool way_name(const nsp_name_t *zone, unsigned hops, uint64_t random, nsp_name_t *out);
/* The hops that a name (anybody may have sent it) asks for; 0 when it is no such name. */
unsigned way_hops_of_name(const nsp_name_t *name);
/* The same of an exchange with a server of the zone. */
unsigned way_hops_of(const exchange_t *x, const nsp_name_t *zone);
/* What a run of `check` asked about the way to a server of the zone. *out points into the set. */
void way_of(const exchange_set_t *set, const addr_t *server, const nsp_name_t *zone, way_t *out);

#endif
