#include "storecase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>

store_t *storecase_open(const char *path)
{
    char err[STORE_ERROR_MAX] = "";
    store_t *s = NULL;
    store_err_t e = store_open(path, &s, err);
    if (e != STORE_OK)
        print_message("  %s\n", err);
    assert_int_equal(e, STORE_OK);
    return s;
}

int64_t storecase_number(store_t *s, const char *sql)
{
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_prepare_v2(store_handle(s), sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}
