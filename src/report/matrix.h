/* Addresses by tests: what each question that check asks came to at each address. The same cells
 * stand in the text report and on the page. */
#ifndef REPORT_MATRIX_H
#define REPORT_MATRIX_H

#include <stdio.h>

#include "diagnose/form.h"
#include "report/check_text.h"

/* Columns: 0 is none; then the probes, by probe_kind_t; then the forms, by form_id_t. */
#define MATRIX_PROBES ((unsigned)PROBE_SIGNED_TCP + 1)
#define MATRIX_FORMS  MATRIX_PROBES

typedef enum cell_grade { CELL_UNTESTED, CELL_GOOD, CELL_WARNING, CELL_ERROR } cell_grade_t;

typedef struct matrix_cell {
    cell_grade_t grade;
    char word[16];           /* "ok", "none", "REFUSED", ...; "-" when it was not asked */
    const exchange_t *shown; /* the exchange that the word is about, the worst of them; or NULL */
} matrix_cell_t;

/* Short name and meaning of a probe's column. */
const char *matrix_probe_name(unsigned column);
const char *matrix_probe_title(unsigned column);

/* The column of every exchange of a set, by its place. For the caller to free; NULL without
 * memory. */
uint8_t *matrix_columns(const exchange_set_t *set, const nsp_name_t *zone);
/* One cell. columns: of matrix_columns. scratch's contents change. */
matrix_cell_t matrix_cell(const exchange_set_t *set, const uint8_t *columns, const addr_t *addr,
                          unsigned column, reply_t *scratch);

/* Prints addresses by probes within 80 columns (names may be longer), with what the words mean.
 * False when memory is out. */
bool matrix_print(FILE *out, const check_report_t *r, reply_t *scratch);

#endif
