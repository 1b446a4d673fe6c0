#include "dkim/expect_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "dkim/expect_csv.h"

/* Names of columns with the domain; the last counts only where nothing else is called so. */
static const char *const domain_names[] = {"domain", "identity", "zone", "domainname"};
static const char *const token_names[] = {"token",        "tokens",    "dkimtoken", "dkimtokens",
                                          "dkimselector", "selectors", "selector"};

static bool among(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

/* Token, Token 1, DKIM token 2 ... */
static bool is_token(const expect_span_t *field)
{
    char name[CSV_HEADER_MAX + 1];
    if (!csv_column_name(field, name))
        return false;
    size_t n = strlen(name);
    while (n > 0 && name[n - 1] >= '0' && name[n - 1] <= '9')
        name[--n] = '\0';
    return among(name, token_names, sizeof token_names / sizeof token_names[0]);
}

static bool find_domain(expect_table_t *t, const csv_row_t *header)
{
    for (size_t k = 0; k < sizeof domain_names / sizeof domain_names[0]; k++)
        for (size_t i = 0; i < header->count; i++) {
            char name[CSV_HEADER_MAX + 1];
            if (!csv_column_name(&header->field[i], name) || strcmp(name, domain_names[k]) != 0)
                continue;
            t->domain = i;
            return true;
        }
    return false;
}

/* Takes the columns of a header; false when it names no domain. */
static bool take_header(expect_table_t *t, const csv_row_t *header)
{
    size_t column[CSV_ROLES];
    if (!find_domain(t, header))
        return false;
    (void)csv_find_columns(header, column);
    memcpy(t->column, column, sizeof t->column);
    t->width = header->count;
    t->records = column[CSV_OWNER] != CSV_FIELDS_MAX && column[CSV_TYPE] != CSV_FIELDS_MAX &&
                 column[CSV_VALUE] != CSV_FIELDS_MAX;
    for (size_t i = 0; i < header->count && t->token_count < EXPECT_TABLE_TOKENS_MAX; i++)
        if (is_token(&header->field[i]))
            t->token[t->token_count++] = i;
    return true;
}

/* No header: a first field that is a name of two labels or more, then tokens. */
static bool take_headless(expect_table_t *t, const csv_row_t *row)
{
    nsp_name_t name;
    expect_span_t f = row->count > 0 ? expect_trim(row->field[0]) : (expect_span_t){"", 0, 0};
    if (memchr(f.text, '.', f.len) == NULL || memchr(f.text, ' ', f.len) != NULL ||
        nsp_name_from_text(f.text, f.len, NULL, &name, NULL) != NSP_OK ||
        nsp_name_labels(&name) < 2)
        return false;
    t->headless = true;
    t->domain = 0;
    t->width = CSV_FIELDS_MAX;
    for (size_t i = 1; t->token_count < EXPECT_TABLE_TOKENS_MAX; i++)
        t->token[t->token_count++] = i;
    return true;
}

static bool find_columns(expect_table_t *t, csv_t *c, csv_row_t *row)
{
    static const char delimiters[] = ",;\t";
    if (csv_take_separator(c)) {
        t->delimiter = c->delimiter;
        return csv_read_row(c, row) && (take_header(t, row) || take_headless(t, row));
    }
    for (int headless = 0; headless < 2; headless++)
        for (size_t i = 0; delimiters[i] != '\0'; i++) {
            c->delimiter = t->delimiter = delimiters[i];
            c->pos = 0;
            c->fault = NULL;
            if (csv_read_row(c, row) &&
                (headless != 0 ? take_headless(t, row) && row->count > 1 : take_header(t, row)))
                return true;
            t->token_count = 0;
            t->headless = false;
        }
    c->delimiter = t->delimiter = ',';
    c->pos = 0;
    return csv_read_row(c, row) && take_headless(t, row);
}

bool expect_table_begin(expect_table_t *t, const char *text, size_t len, const char *where,
                        char err[EXPECT_ERROR_MAX])
{
    clean_text_t clean;
    csv_t c = {0};
    csv_row_t row = {0};
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < EXPECT_TABLE_COLUMNS; i++)
        t->column[i] = CSV_FIELDS_MAX;
    clean_err_t bad = clean_text(&clean, text, len);
    bool good = bad == CLEAN_OK && csv_begin(&c, &clean) && find_columns(t, &c, &row);
    if (bad != CLEAN_OK)
        snprintf(err, EXPECT_ERROR_MAX, "%.200s: %s", where, clean_err_text(bad));
    else if (!good)
        snprintf(err, EXPECT_ERROR_MAX,
                 "%.200s:1: the first line must name the columns Domain, and Token or Name, Type "
                 "and Value; or it must be a row: a domain, then tokens",
                 where);
    csv_end(&c);
    clean_free(&clean);
    return good;
}

bool expect_table_wants_more(const char *text, size_t len)
{
    return len >= 5 && strncasecmp(text, "sep=", 4) == 0;
}

static expect_span_t cell(const csv_row_t *row, size_t column)
{
    expect_span_t none = {"", 0, row->from};
    return column < row->count ? expect_trim(row->field[column]) : none;
}

expect_row_t expect_table_row(const expect_table_t *t, const char *text, size_t len,
                              char domain[EXPECT_TABLE_DOMAIN_MAX])
{
    clean_text_t clean;
    csv_t c = {0};
    csv_row_t row = {0};
    expect_row_t got = EXPECT_ROW_BAD;
    domain[0] = '\0';
    bool good = clean_text(&clean, text, len) == CLEAN_OK && csv_begin(&c, &clean);
    if (good) {
        c.delimiter = t->delimiter;
        good = csv_read_row(&c, &row);
        got = c.open                   ? EXPECT_ROW_OPEN
              : !good                  ? EXPECT_ROW_BAD
              : csv_row_is_empty(&row) ? EXPECT_ROW_EMPTY
                                       : EXPECT_ROW_GOOD;
    }
    if (got == EXPECT_ROW_GOOD) {
        expect_span_t f = cell(&row, t->domain);
        if (f.len >= EXPECT_TABLE_DOMAIN_MAX)
            got = EXPECT_ROW_BAD;
        else
            snprintf(domain, EXPECT_TABLE_DOMAIN_MAX, "%.*s", (int)f.len, f.text);
    }
    csv_end(&c);
    clean_free(&clean);
    return got;
}

/* Tokens of one cell, separated by blanks, commas or semicolons. */
static bool add_tokens(const expect_table_for_t *how, const nsp_name_t *domain, expect_span_t f,
                       expectations_t *e, char err[EXPECT_ERROR_MAX])
{
    static const char between[] = " \t\r\n,;";
    while (f.len > 0) {
        char token[EXPECT_TABLE_DOMAIN_MAX];
        size_t n = 0;
        while (n < f.len && strchr(between, f.text[n]) == NULL)
            n++;
        if (n >= sizeof token) {
            snprintf(err, EXPECT_ERROR_MAX, "a token of more than %zu characters", sizeof token);
            return false;
        }
        snprintf(token, sizeof token, "%.*s", (int)n, f.text);
        if (n > 0 && !expect_add_token(e, how->provider, how->parameter, domain, token, err))
            return false;
        n += n < f.len;
        f.text += n;
        f.len -= n;
    }
    return true;
}

static bool has_record(const expect_table_t *t, const csv_row_t *row)
{
    return t->records &&
           (cell(row, t->column[CSV_TYPE]).len > 0 || cell(row, t->column[CSV_VALUE]).len > 0);
}

static bool add_row(const expect_table_t *t, const expect_table_for_t *how,
                    const expect_source_t *s, const csv_row_t *row, expectations_t *e)
{
    for (size_t i = t->width; i < row->count; i++)
        if (row->field[i].len > 0)
            return expect_fail(s, row->field[i].at, "more fields than columns");
    for (size_t i = 0; i < t->token_count && provider_takes_token(how->provider); i++)
        if (!add_tokens(how, s->base, cell(row, t->token[i]), e, s->err))
            return false;
    return !has_record(t, row) || csv_read_record(s, row, t->width, t->column, e);
}

static bool add_rows(const expect_table_t *t, const expect_table_for_t *how,
                     const expect_source_t *s, expectations_t *e)
{
    csv_t c;
    csv_row_t row = {0};
    bool good = csv_begin(&c, s->clean);
    if (!good)
        return expect_fail(s, 0, "out of memory");
    c.delimiter = t->delimiter;
    while (good && csv_read_row(&c, &row))
        if (!csv_row_is_empty(&row))
            good = add_row(t, how, s, &row, e);
    if (good && c.fault != NULL)
        good = expect_fail(s, c.fault_at, "%s", c.fault);
    /* a provider without tokens wants the same of every domain */
    if (good && !t->records && !provider_takes_token(how->provider))
        good = expect_add_token(e, how->provider, how->parameter, s->base, NULL, s->err);
    if (good && e->count == 0)
        good = expect_fail(s, 0, "neither a token nor a record");
    csv_end(&c);
    return good;
}

bool expect_table_add(const expect_table_t *t, const expect_table_for_t *how, const char *text,
                      size_t len, uint32_t line, const nsp_name_t *domain, expectations_t *e,
                      char err[EXPECT_ERROR_MAX])
{
    clean_text_t clean;
    expectations_t fresh;
    expect_source_t s = {&clean, how->where, true, domain, err, line - 1};
    clean_err_t bad = clean_text(&clean, text, len);
    expectations_init(&fresh);
    err[0] = '\0';
    if (bad != CLEAN_OK)
        snprintf(err, EXPECT_ERROR_MAX, "%.200s:%u: %s", how->where, line, clean_err_text(bad));
    bool good = bad == CLEAN_OK && add_rows(t, how, &s, &fresh) && expect_move(e, &fresh, &s);
    expectations_free(&fresh);
    clean_free(&clean);
    return good;
}
