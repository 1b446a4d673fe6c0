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

dkim_found_t dkim_found_of(const dkim_result_t *r, size_t expectation);

/* The record as "owner TYPE RDATA": owner relative to domain, long labels with ".." in their
 * middle and "..." at the end when it is longer than width (0: whole). */
void dkim_record_text(const expectation_t *e, const nsp_name_t *domain, size_t width, char *buf,
                      size_t cap);

#endif
