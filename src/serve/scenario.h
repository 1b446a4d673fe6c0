/* A scenario: one readable file that describes a small, partly broken Internet.
 * docs/SCENARIOS.md tells the format. */
#ifndef SERVE_SCENARIO_H
#define SERVE_SCENARIO_H

#include "net/net.h"
#include "serve/respond.h"

#define SCENARIO_ADDRESSES_MAX 256
#define SCENARIO_ZONES_MAX     256
#define SCENARIO_ROOTS_MAX     26

/* One address: as DNS names it, as loopback reaches it, and how it answers. */
typedef struct scenario_addr {
    addr_t logical;
    addr_t physical;
    uint32_t line; /* where it is defined */
    responder_t responder;
} scenario_addr_t;

typedef struct scenario {
    size_t zone_count;
    zone_t *zone[SCENARIO_ZONES_MAX];
    size_t addr_count;
    scenario_addr_t *addr; /* SCENARIO_ADDRESSES_MAX, owned */
    size_t root_count;
    addr_t root[SCENARIO_ROOTS_MAX]; /* logical */
    size_t map_count;
    net_map_entry_t *map; /* one a address, owned */
} scenario_t;

#define SCENARIO_PORT_MAX 65000 /* the first port that is allotted is at most this */

typedef struct scenario_error {
    uint32_t line;
    uint32_t column;
    char text[200]; /* what is wrong and what is accepted */
} scenario_error_t;

/* Parses a scenario from memory. port_base is the first port that is allotted to addresses
 * without "on" (0: 5300). NULL with *err filled on failure. */
scenario_t *scenario_parse(const char *text, size_t len, uint16_t port_base, scenario_error_t *err);
void scenario_free(scenario_t *s);

/* What a client needs to use it: the addresses as DNS names them and as loopback reaches them.
 * Borrowed from s. */
const net_map_entry_t *scenario_map(const scenario_t *s, size_t *count);
/* The root servers' logical addresses. Borrowed from s. */
const addr_t *scenario_roots(const scenario_t *s, size_t *count);

#endif
