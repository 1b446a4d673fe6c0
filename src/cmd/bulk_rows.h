/* A CSV of many domains as a stream: the rows of one domain after another, which may also be jobs
 * of a queue, each a CSV of its own. */
#ifndef CMD_BULK_ROWS_H
#define CMD_BULK_ROWS_H

#include "cmd/bulk.h"
#include "dkim/expect_table.h"

#define BULK_ROWS_MAX ((size_t)1 << 20) /* octets of one domain's rows */

/* Rows that stand together and name one domain. */
typedef struct bulk_rows {
    uint64_t first; /* lines of the list */
    uint64_t last;
    char *text; /* owned */
    size_t size;
    size_t cap;
    bool bad; /* no CSV, or too long */
    char domain[EXPECT_TABLE_DOMAIN_MAX];
} bulk_rows_t;

typedef struct bulk_table bulk_table_t;

/* Reads the first line of run->in. run->out may be NULL: nothing has a result then. NULL with one
 * sentence in err. */
bulk_table_t *bulk_table_open(bulk_run_t *run, char err[EXPECT_ERROR_MAX]);
void bulk_table_close(bulk_table_t *t);
const expect_table_t *bulk_table_columns(const bulk_table_t *t);
/* The lines that a CSV of some of the rows must begin with; borrowed from t. */
const char *bulk_table_head(const bulk_table_t *t);
/* The next domain's rows that have no result yet, for any thread; rows is reused. LIST_LATER: the
 * oldest results are waited for. */
list_got_t bulk_table_next(bulk_run_t *run, bulk_rows_t *rows);

/* Reads a job: the head of a CSV and the rows of one domain. rows is reused; its lines are the
 * job's number. False with one sentence in err. */
bool bulk_rows_of_job(const list_line_t *job, expect_table_t *columns, bulk_rows_t *rows,
                      char err[EXPECT_ERROR_MAX]);

#endif
