/* The matrix of a verification: which record is found at which address. */
#ifndef REPORT_DKIM_MATRIX_H
#define REPORT_DKIM_MATRIX_H

#include "report/dkim_text.h"

/* Prints the numbered records, then a row for each address with a cell for each record, in blocks
 * of as many records as 80 columns hold, and the legend of the marks that are there. False when
 * memory is out. */
bool dkim_matrix_print(FILE *out, const dkim_report_t *r);

/* How many of the zones' own addresses have the record, and how many should. */
typedef struct dkim_found {
    size_t have;
    size_t of;
} dkim_found_t;

/* What is shown of a cell's UDP or TCP mark: the mark itself, or DKIM_MARK_HIDDEN for a record that
 * is found behind a broken chain. */
#define DKIM_MARK_HIDDEN MARK_COUNT
unsigned dkim_shown_mark(const dkim_cell_t *c, mark_t m);
/* "found", "no such name", ... */
const char *dkim_mark_text(unsigned mark);
/* False when there is nothing to show: addresses without delegation are asked without holding. */
bool dkim_cell_shown(const dkim_cell_t *c);
/* The severity of what a cell shows, SEVERITY_INFO when all is found; -1 when nothing was asked. */
int dkim_cell_severity(const dkim_cell_t *c);

/* Counts delegated addresses of the zone that holds it. */
dkim_found_t dkim_found_of(const dkim_result_t *r, size_t expectation);

/* The record as "owner TYPE RDATA": owner relative to domain, long labels with ".." in their
 * middle and "..." at the end when it is longer than width (0: whole). */
void dkim_record_text(const expectation_t *e, const nsp_name_t *domain, size_t width, char *buf,
                      size_t cap);

#endif
