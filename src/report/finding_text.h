/* Parts that every text report has: colour, one finding with its evidence. */
#ifndef REPORT_FINDING_TEXT_H
#define REPORT_FINDING_TEXT_H

#include <stdio.h>

#include "diagnose/finding.h"
#include "diagnose/outcome.h"
#include "report/wrap.h"

/* How a report looks. */
typedef struct text_style {
    bool verbose; /* causes and fixes of notices too, and all evidence */
    bool colour;
} text_style_t;

/* The colour of a severity, that of what is right, and the end of any colour: "" without colour. */
const char *text_colour(const text_style_t *style, severity_t s);
const char *text_good(const text_style_t *style);
const char *text_plain(const text_style_t *style);

/* Counts of a list's findings, by severity_t. */
typedef struct finding_counts {
    size_t of[SEVERITY_ERROR + 1];
} finding_counts_t;

/* How many findings of each severity a list has. */
finding_counts_t finding_count(const finding_list_t *list);

#define COUNTS_TEXT_MAX 120
/* "4 errors, 1 warning, 0 notices; 164 exchanges". Returns buf. */
const char *finding_counts_text(const finding_counts_t *n, uint64_t exchanges,
                                char buf[COUNTS_TEXT_MAX]);

/* Prints a blank line and the finding: severity, ID, subject, what was seen; from warnings on (or
 * when verbose) cause, fix and the exchanges of set that prove it. scratch is needed to read
 * replies; its contents change. */
void finding_print(FILE *out, const text_style_t *style, const exchange_set_t *set,
                   const finding_t *f, reply_t *scratch);

#define FINDING_SUBJECT_MAX (NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 8)

/* "ns1.example. (192.0.2.1)", or "" for what is about the zone. */
void finding_subject(const finding_t *f, char *buf, size_t cap);
/* How many findings follow from a root cause, directly or not. */
size_t findings_following(const finding_list_t *list, const finding_t *root);
/* Prints all findings: root causes, each with what follows from it folded below it, a line each and
 * not all of them; in full when verbose. */
void findings_print(FILE *out, const text_style_t *style, const exchange_set_t *set,
                    const finding_list_t *list, reply_t *scratch);

#endif
