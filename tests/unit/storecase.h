/* Databases of watch, as tests open them and look into them. */
#ifndef TESTS_STORECASE_H
#define TESTS_STORECASE_H

#include "watch/store.h"

/* The store at a path; the test fails when it cannot be opened. For store_close. */
store_t *storecase_open(const char *path);
/* The first column of the first row that a query gives; the test fails when there is none. */
int64_t storecase_number(store_t *s, const char *sql);

#endif
