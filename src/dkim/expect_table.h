/* A CSV of many domains, read row by row: a column names the domain, and the others what is
 * expected of it: records (Name, Type, Value), or tokens of a provider (one or several columns
 * Token). */
#ifndef DKIM_EXPECT_TABLE_H
#define DKIM_EXPECT_TABLE_H

#include "dkim/expect.h"

#define EXPECT_TABLE_TOKENS_MAX 16  /* columns */
#define EXPECT_TABLE_DOMAIN_MAX 512 /* octets of a domain as people write it */
#define EXPECT_TABLE_COLUMNS    4   /* Name, Type, Value, Priority */

typedef struct expect_table {
    char delimiter;
    bool headless; /* the first line is a row already: a domain, then tokens */
    bool records;  /* there are Name, Type and Value */
    size_t width;  /* columns */
    size_t domain;
    size_t column[EXPECT_TABLE_COLUMNS];
    size_t token_count;
    size_t token[EXPECT_TABLE_TOKENS_MAX];
} expect_table_t;

/* Where tokens come from. */
typedef struct expect_table_for {
    const provider_t *provider;
    const char *parameter;
    const char *where; /* the file, for messages and origins */
} expect_table_for_t;

/* Reads the first line, or the first two when it is one such as sep=; (see
 * expect_table_wants_more). False with one sentence in err. */
bool expect_table_begin(expect_table_t *t, const char *text, size_t len, const char *where,
                        char err[EXPECT_ERROR_MAX]);
/* True for a first line that only names the separator. */
bool expect_table_wants_more(const char *text, size_t len);

typedef enum expect_row {
    EXPECT_ROW_GOOD,
    EXPECT_ROW_EMPTY,
    EXPECT_ROW_OPEN, /* goes on in the next line: a quotation mark is not closed */
    EXPECT_ROW_BAD   /* no CSV; or no domain that could be one */
} expect_row_t;

/* Looks at one row. domain: what its column says, without blanks around it; "" for none, which
 * means that of the row before. */
expect_row_t expect_table_row(const expect_table_t *t, const char *text, size_t len,
                              char domain[EXPECT_TABLE_DOMAIN_MAX]);
/* Adds what rows of one domain expect; line: that of the first, from 1. All or nothing, as the
 * others of expect.h. */
bool expect_table_add(const expect_table_t *t, const expect_table_for_t *how, const char *text,
                      size_t len, uint32_t line, const nsp_name_t *domain, expectations_t *e,
                      char err[EXPECT_ERROR_MAX]);

#endif
