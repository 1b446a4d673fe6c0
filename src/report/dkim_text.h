/* The report of dkim, for people and for programs. */
#ifndef REPORT_DKIM_TEXT_H
#define REPORT_DKIM_TEXT_H

#include <stdio.h>

#include "dkim/dkim.h"

typedef struct dkim_report {
    const nsp_name_t *domain;
    const exchange_set_t *set;
    const dkim_result_t *result;
    bool verbose; /* whole names, every exchange */
    bool colour;
    bool interrupted; /* not everything was tested */
    bool untested;    /* nothing could be sent */
} dkim_report_t;

/* True when nothing is known of any record: no address was asked for one. */
bool dkim_report_knows_nothing(const dkim_report_t *r);

/* Prints head, matrix, findings and verdict within 80 columns (with verbose, names may be longer).
 * False when memory is out. */
bool dkim_report_text(FILE *out, const dkim_report_t *r);
/* Writes the same as one page for browsers that needs nothing but itself, with a packet ladder of
 * each exchange that failed or proves a finding. Whatever comes from packets is escaped. False when
 * memory is out; whether out could be written is for the caller to ask. */
bool dkim_report_html(FILE *out, const dkim_report_t *r);
/* One line that says how the verdict came: the chance, or why there is none. */
#define DKIM_VERDICT_MAX 200
const char *dkim_verdict_text(const dkim_report_t *r, char buf[DKIM_VERDICT_MAX]);
/* What the verdict does not cover, as one sentence; "" when every address was asked. */
const char *dkim_coverage_text(const dkim_report_t *r, char buf[DKIM_VERDICT_MAX]);
/* Prints one JSON object on one line (docs/schema/dkim.schema.json). False when memory is out. */
bool dkim_report_json(FILE *out, const dkim_report_t *r);

#endif
