/* One line of the table of check: what an address does, over all of its probes. */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "diagnose/diagnose.h"

typedef struct address_summary {
    const char *udp; /* "ok", "none", "REFUSED", "bad", ... */
    const char *tcp;
    const char *aa;   /* "yes", "no", "-" */
    const char *edns; /* "ok", "none", "broken", "-" */
    char udp_buf[16];
    char tcp_buf[16];
    bool has_serial;
    uint32_t serial;
    int64_t rtt; /* median of the answered UDP probes, nanoseconds; -1: none */
} address_summary_t;

/* Fills the line for one address of the zone. scratch's contents change. */
void summary_of(const model_t *m, const exchange_set_t *set, const model_address_t *a,
                reply_t *scratch, address_summary_t *out);

/* What an exchange came to, in a word of at most eight characters: "ok", "none", "REFUSED", ...
 * reply: its reply, indexed, where it was answered. Text of a table, or buf. */
const char *summary_word(const outcome_t *o, const reply_t *reply, char buf[16]);

#endif
