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

/* Prints head, matrix, findings and verdict within 80 columns (with verbose, names may be longer).
 * False when memory is out. */
bool dkim_report_text(FILE *out, const dkim_report_t *r);
/* Prints one JSON object on one line (docs/schema/dkim.schema.json). False when memory is out. */
bool dkim_report_json(FILE *out, const dkim_report_t *r);

#endif
