/* A scenario: one readable file that describes a small, partly broken Internet. */
#ifndef SERVE_SCENARIO_H
#define SERVE_SCENARIO_H

#include "net/net.h"
#include "proto/nsproto.h"

typedef struct scenario scenario_t;

typedef struct scenario_error {
    uint32_t line;
    uint32_t column;
    char text[200];
} scenario_error_t;

/* Parses a scenario from memory. file names it in messages. NULL with *err filled on failure. */
scenario_t *scenario_parse(const char *text, size_t len, scenario_error_t *err);
void scenario_free(scenario_t *s);

/* What a client needs to use it: the addresses as DNS names them and as loopback reaches them,
 * and the root servers. Borrowed from s. */
const net_map_entry_t *scenario_map(const scenario_t *s, size_t *count);
const addr_t *scenario_roots(const scenario_t *s, size_t *count);

#endif
