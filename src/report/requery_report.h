/* What asking recorded questions again came to: each difference, and the summary. */
#ifndef REPORT_REQUERY_REPORT_H
#define REPORT_REQUERY_REPORT_H

#include <stdio.h>

#include "diagnose/compare.h"
#include "diagnose/latency.h"
#include "exchange/exchange.h"
#include "report/replay_report.h"

/* One question whose answers differ. */
typedef struct requery_difference {
    uint64_t number; /* of the recorded flow */
    int64_t at;      /* when it was recorded, nanoseconds since 1970 */
    transport_t transport;
    addr_t server; /* of the recording */
    nsp_name_t qname;
    uint16_t qtype;
    const nsp_msg_t *reply[2]; /* recorded, now; NULL: none */
    int64_t rtt[2];
    bool slower;
    const compare_t *diff;
} requery_difference_t;

typedef struct requery_summary {
    addr_t to;
    uint64_t asked;
    uint64_t answered;
    uint64_t same;
    uint64_t differ;
    uint64_t bit[COMPARE_BITS];
    uint64_t silent;
    uint64_t uncompared;
    uint64_t slower;
    uint64_t not_sent;
    const report_count_t *skipped; /* questions that were not asked again, and why */
    size_t skipped_count;
    int64_t took; /* nanoseconds */
    const latency_t *was;
    const latency_t *now;
    uint64_t not_shown; /* differences */
    bool interrupted;
    bool broken;
} requery_summary_t;

/* One difference, and at the end the sums of all, as text. */
void requery_print(FILE *out, const requery_difference_t *d);
void requery_print_summary(FILE *out, const requery_summary_t *s);
/* The same as one JSON object a line. False when memory is out or writing failed. */
bool requery_print_json(FILE *out, const requery_difference_t *d);
bool requery_print_summary_json(FILE *out, const requery_summary_t *s);

#endif
