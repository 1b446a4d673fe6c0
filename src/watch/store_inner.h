/* What the files of the store share. */
#ifndef WATCH_STORE_INNER_H
#define WATCH_STORE_INNER_H

#include <sqlite3.h>

#include "watch/store.h"

typedef enum store_statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_FIND,
    STATEMENT_ADD,
    STATEMENT_ROUND,
    STATEMENT_ADDRESS,
    STATEMENT_SAMPLE,
    STATEMENT_STATE,
    STATEMENT_CHANGE,
    STATEMENT_TOLD,
    STATEMENT_UNTOLD,
    STATEMENT_PRUNE_ROUND,
    STATEMENT_PRUNE_CHANGE,
    STATEMENT_COUNT
} store_statement_t;

struct store {
    sqlite3 *db;
    int lock; /* descriptor of the lock file, -1: read-only */
    char *path;
    sqlite3_stmt *statement[STATEMENT_COUNT]; /* prepared at first use */
    char error[STORE_ERROR_MAX];
};

/* Notes what SQLite says about the last call and names it. Returns the kind of error. */
store_err_t store_fail(store_t *s, const char *what);

#endif
