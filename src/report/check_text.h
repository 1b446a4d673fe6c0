/* The report of check, for people and for programs. */
#ifndef REPORT_CHECK_TEXT_H
#define REPORT_CHECK_TEXT_H

#include <stdio.h>

#include "diagnose/diagnose.h"

typedef struct check_report {
    const model_t *model;
    const exchange_set_t *set;
    const finding_list_t *findings;
    bool verbose; /* every exchange */
    bool matrix;  /* addresses by tests, too */
    bool colour;
    bool interrupted; /* not everything was tested */
    bool untested;    /* nothing could be sent */
} check_report_t;

/* The verdict about the domain: "is healthy". */
const char *check_verdict_words(const check_report_t *r);
/* Prints table, findings and verdict within 80 columns (names may be longer). False when memory
 * is out. */
bool check_report_text(FILE *out, const check_report_t *r);
/* Prints one JSON object on one line (docs/schema/check.schema.json). False when memory is out. */
bool check_report_json(FILE *out, const check_report_t *r);

#endif
