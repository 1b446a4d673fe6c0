/* Reading of CSV (RFC 4180, and what consoles and spreadsheets make of it). For expect_csv.c and
 * expect_table.c alone. */
#ifndef DKIM_EXPECT_CSV_H
#define DKIM_EXPECT_CSV_H

#include "dkim/expect_parts.h"

#define CSV_FIELDS_MAX 64
#define CSV_HEADER_MAX 40 /* letters and digits of a column's name */

/* One row: where it stands, and its fields with their quotes taken off. */
typedef struct csv_row {
    size_t from;
    size_t to;
    size_t count;
    expect_span_t field[CSV_FIELDS_MAX];
    bool quoted[CSV_FIELDS_MAX];
} csv_row_t;

typedef struct csv {
    const clean_text_t *clean;
    size_t pos;
    char delimiter;
    char *scratch; /* owned; as long as the text: fields without their quotes */
    size_t used;
    size_t fault_at;
    const char *fault; /* what is wrong with a row; NULL: nothing */
    bool open;         /* it is a quotation mark that is not closed */
} csv_t;

typedef enum csv_role {
    CSV_OWNER,
    CSV_TYPE,
    CSV_VALUE,
    CSV_PRIORITY,
    CSV_ROLES,
    CSV_DOMAIN /* the owner where no other column is; else the domain, the same in all rows */
} csv_role_t;

/* clean is borrowed; c is the caller's to end. False when memory is out. */
bool csv_begin(csv_t *c, const clean_text_t *clean);
void csv_end(csv_t *c);
/* Steps over a line such as sep=; which Excel writes and reads, and takes its separator. */
bool csv_take_separator(csv_t *c);
/* The next row, empty ones included. False at the end and at a fault. */
bool csv_read_row(csv_t *c, csv_row_t *row);
/* True for a row without any sign but separators and blanks. */
bool csv_row_is_empty(const csv_row_t *row);
/* A column's name in lower case, without blanks and signs. False when it is too long. */
bool csv_column_name(const expect_span_t *field, char name[CSV_HEADER_MAX + 1]);
/* Which column has which role: the first of each; CSV_FIELDS_MAX where there is none. Returns how
 * many of owner, type and value there are. */
unsigned csv_find_columns(const csv_row_t *header, size_t column[CSV_ROLES]);
/* The record of a row. False with a sentence in s->err. */
bool csv_read_record(const expect_source_t *s, const csv_row_t *row, size_t header_count,
                     const size_t column[CSV_ROLES], expectations_t *e);

#endif
