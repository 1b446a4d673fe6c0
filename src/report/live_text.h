/* The table that capture shows while it runs: one line a server, the most troubled first. */
#ifndef REPORT_LIVE_TEXT_H
#define REPORT_LIVE_TEXT_H

#include <stdio.h>

#include "diagnose/latency.h"
#include "exchange/flow.h"
#include "report/finding_text.h"

/* Servers that are told apart; those that come later are counted together. */
#define LIVE_SERVERS_MAX 256

/* What flows said of one server. */
typedef struct live_server {
    addr_t addr; /* family 0: all that found no line of their own */
    uint64_t queries;
    uint64_t answered;
    uint64_t unanswered;
    latency_t latency;
} live_server_t;

typedef struct live_table {
    size_t count;
    live_server_t *server; /* LIVE_SERVERS_MAX + 1 */
    size_t lines;          /* on the screen since the last print */
} live_table_t;

/* What the heading says. */
typedef struct live_heading {
    const char *interface;
    int64_t seconds;
    uint64_t packets;
    uint64_t waiting; /* questions whose time is not over */
    uint64_t dropped;
    uint64_t if_dropped;
} live_heading_t;

/* False when memory is out. */
bool live_table_init(live_table_t *t);
void live_table_free(live_table_t *t);
/* A flow_sink_t: user is the live_table_t. A flow whose question was not captured, or whose time is
 * not over, is not counted. */
void live_table_add(void *user, const flow_t *flow);
/* Prints heading and table over what the last call printed, in at most rows lines of less than
 * columns columns. */
void live_table_print(FILE *out, live_table_t *t, const live_heading_t *h,
                      const text_style_t *style, size_t rows, size_t columns);
/* Takes the table off the screen. */
void live_table_erase(FILE *out, live_table_t *t);

#endif
