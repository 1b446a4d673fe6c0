/* Values of a row, each of which is what it can be: whoever wrote the file, and whatever happened
 * to it since. */
#ifndef WATCH_ROW_H
#define WATCH_ROW_H

#include "watch/store_inner.h"

/* Times lie between this and its negative: the last millisecond of the year 9999. */
#define ROW_TIME_MAX INT64_C(253402300799999)
/* More than anything is counted to, and little enough for sums of many. */
#define ROW_COUNT_MAX (INT64_C(1) << 40)

/* A row that is read. */
typedef struct row {
    sqlite3_stmt *statement;
    bool good;   /* false once a value was not what it can be */
    bool memory; /* memory was out: then good is false, too */
} row_t;

/* The number in a column, from least to most; least when it is none of these. */
int64_t row_number(row_t *r, int column, int64_t least, int64_t most);
static inline int64_t row_time(row_t *r, int column)
{
    return row_number(r, column, -ROW_TIME_MAX, ROW_TIME_MAX);
}

/* Words of the database as what they stand for; the first of them when it is none. */
verifier_status_t row_status(row_t *r, int column);
round_outcome_t row_outcome(row_t *r, int column);
transition_t row_transition(row_t *r, int column);

/* Such a name. For free(); NULL when it is none. */
char *row_name(row_t *r, int column);
/* An address with its port as addr_port_text writes it. For free(); NULL when it is none. */
char *row_address(row_t *r, int column);

/* What a row that is not good comes to, with a sentence that names the table. */
store_err_t row_fail(store_t *s, const row_t *r, const char *table);

#endif
