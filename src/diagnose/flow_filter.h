/* Which flows a report is about. */
#ifndef DIAGNOSE_FLOW_FILTER_H
#define DIAGNOSE_FLOW_FILTER_H

#include "diagnose/outcome.h"
#include "exchange/flow.h"

#define FILTER_MAX 32

/* Addresses whose first bits are those of addr. */
typedef struct prefix {
    addr_t addr;
    unsigned bits;
} prefix_t;

/* Of each kind any may match; kinds without an entry match everything. */
typedef struct flow_filter {
    size_t server_count;
    prefix_t server[FILTER_MAX];
    size_t client_count;
    prefix_t client[FILTER_MAX];
    size_t name_count;
    nsp_name_t name[FILTER_MAX]; /* the name and all below it */
    size_t type_count;
    uint16_t type[FILTER_MAX];
    size_t rcode_count;
    uint16_t rcode[FILTER_MAX]; /* extended ones included */
} flow_filter_t;

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". False when text is neither. */
bool prefix_from_text(const char *text, prefix_t *out);

/* True when every flow matches. */
bool flow_filter_is_empty(const flow_filter_t *f);
/* True when the flow is one that is asked for. The question is the query's, or the reply's where
 * no query was captured. scratch's contents change. */
bool flow_filter_match(const flow_filter_t *f, const flow_t *flow, reply_t *scratch);

#endif
