#include <stdlib.h>
#include <strings.h>

#include "dkim/expect_csv.h"

/* What consoles call their columns, in lower case and without blanks and signs. */
static const struct column_name {
    csv_role_t role;
    const char *name;
} COLUMN_NAMES[] = {
    {CSV_OWNER, "name"},
    {CSV_OWNER, "host"},
    {CSV_OWNER, "hostname"},
    {CSV_OWNER, "recordname"},
    {CSV_OWNER, "recordhost"},
    {CSV_OWNER, "hostrecord"},
    {CSV_OWNER, "dnsname"},
    {CSV_OWNER, "dnshost"},
    {CSV_OWNER, "dnsrecordname"},
    {CSV_OWNER, "namehost"},
    {CSV_OWNER, "owner"},
    {CSV_OWNER, "ownername"},
    {CSV_OWNER, "domainname"},
    {CSV_OWNER, "subdomain"},
    {CSV_OWNER, "fqdn"},
    {CSV_DOMAIN, "domain"},
    {CSV_TYPE, "type"},
    {CSV_TYPE, "recordtype"},
    {CSV_TYPE, "dnstype"},
    {CSV_TYPE, "dnsrecordtype"},
    {CSV_TYPE, "rrtype"},
    {CSV_VALUE, "value"},
    {CSV_VALUE, "data"},
    {CSV_VALUE, "rdata"},
    {CSV_VALUE, "txtvalue"},
    {CSV_VALUE, "resourcedata"},
    {CSV_VALUE, "content"},
    {CSV_VALUE, "contents"},
    {CSV_VALUE, "target"},
    {CSV_VALUE, "targetname"},
    {CSV_VALUE, "answer"},
    {CSV_VALUE, "destination"},
    {CSV_VALUE, "pointsto"},
    {CSV_VALUE, "pointstoaddress"},
    {CSV_VALUE, "pointstovalue"},
    {CSV_VALUE, "pointstoaddressorvalue"},
    {CSV_VALUE, "valuepointsto"},
    {CSV_VALUE, "recordvalue"},
    {CSV_VALUE, "recorddata"},
    {CSV_VALUE, "recordcontent"},
    {CSV_VALUE, "dnsvalue"},
    {CSV_VALUE, "dnsrecordvalue"},
    {CSV_VALUE, "expectedvalue"},
    {CSV_VALUE, "requiredvalue"},
    {CSV_VALUE, "valueroutetrafficto"},
    {CSV_VALUE, "valuetarget"},
    {CSV_VALUE, "targetvalue"},
    {CSV_PRIORITY, "priority"},
    {CSV_PRIORITY, "prio"},
    {CSV_PRIORITY, "preference"},
    {CSV_PRIORITY, "mxpriority"},
    {CSV_PRIORITY, "mxpreference"},
};

static bool csv_fault(csv_t *c, size_t at, const char *what)
{
    c->fault = what;
    c->fault_at = at;
    return false;
}

static bool ends_row(char ch)
{
    return ch == '\n' || ch == '\r';
}

/* "..." with "" for a quotation mark in it; line breaks belong to it. */
static bool read_quoted(csv_t *c, expect_span_t *out)
{
    const clean_text_t *t = c->clean;
    size_t open = c->pos++;
    out->text = c->scratch + c->used;
    out->at = c->pos;
    for (; c->pos < t->len; c->pos++) {
        if (t->text[c->pos] == '"') {
            if (c->pos + 1 >= t->len || t->text[c->pos + 1] != '"')
                break;
            c->pos++;
        }
        c->scratch[c->used++] = t->text[c->pos];
        out->len++;
    }
    if (c->pos >= t->len) {
        c->open = true;
        return csv_fault(c, open, "quoted text does not end");
    }
    c->pos++;
    while (c->pos < t->len && t->text[c->pos] == ' ')
        c->pos++;
    bool ends = c->pos >= t->len || t->text[c->pos] == c->delimiter || ends_row(t->text[c->pos]);
    return ends || csv_fault(c, c->pos, "text between a quotation mark and the next separator");
}

static void read_bare(csv_t *c, expect_span_t *out)
{
    const clean_text_t *t = c->clean;
    out->text = t->text + c->pos;
    out->at = c->pos;
    while (c->pos < t->len && t->text[c->pos] != c->delimiter && !ends_row(t->text[c->pos])) {
        c->pos++;
        out->len++;
    }
}

/* A field; blanks in front of a quotation mark do not count. */
static bool read_field(csv_t *c, csv_row_t *row)
{
    const clean_text_t *t = c->clean;
    size_t i = c->pos;
    if (row->count == CSV_FIELDS_MAX)
        return csv_fault(c, c->pos, "more than 64 columns");
    while (i < t->len && t->text[i] == ' ')
        i++;
    bool quoted = i < t->len && t->text[i] == '"';
    expect_span_t *out = &row->field[row->count];
    row->quoted[row->count++] = quoted;
    memset(out, 0, sizeof *out);
    if (!quoted) {
        read_bare(c, out);
        return true;
    }
    c->pos = i;
    return read_quoted(c, out);
}

bool csv_read_row(csv_t *c, csv_row_t *row)
{
    const clean_text_t *t = c->clean;
    row->count = 0;
    row->from = c->pos;
    c->used = 0;
    if (c->pos >= t->len)
        return false;
    for (;;) {
        if (!read_field(c, row))
            return false;
        if (c->pos >= t->len || t->text[c->pos] != c->delimiter)
            break;
        c->pos++;
    }
    if (c->pos < t->len && t->text[c->pos] == '\r')
        c->pos++;
    if (c->pos < t->len && t->text[c->pos] == '\n')
        c->pos++;
    row->to = c->pos;
    return true;
}

bool csv_row_is_empty(const csv_row_t *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (expect_trim(row->field[i]).len > 0)
            return false;
    return true;
}

bool csv_column_name(const expect_span_t *field, char name[CSV_HEADER_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < field->len; i++) {
        unsigned char c = (unsigned char)field->text[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && (c < '0' || c > '9'))
            continue;
        if (n == CSV_HEADER_MAX)
            return false;
        name[n++] = (char)(letter ? c | 32 : c);
    }
    name[n] = '\0';
    return true;
}

/* What a column of that name holds; CSV_ROLES for anything else. */
static csv_role_t csv_role_of(const expect_span_t *field)
{
    char name[CSV_HEADER_MAX + 1];
    if (!csv_column_name(field, name))
        return CSV_ROLES;
    for (size_t i = 0; i < sizeof COLUMN_NAMES / sizeof COLUMN_NAMES[0]; i++)
        if (strcmp(COLUMN_NAMES[i].name, name) == 0)
            return COLUMN_NAMES[i].role;
    return CSV_ROLES;
}

unsigned csv_find_columns(const csv_row_t *header, size_t column[CSV_ROLES])
{
    unsigned found = 0;
    size_t domain = CSV_FIELDS_MAX;
    for (csv_role_t r = 0; r < CSV_ROLES; r++)
        column[r] = CSV_FIELDS_MAX;
    for (size_t i = 0; i < header->count; i++) {
        csv_role_t r = csv_role_of(&header->field[i]);
        if (r == CSV_DOMAIN)
            domain = i;
        if (r >= CSV_ROLES || column[r] != CSV_FIELDS_MAX)
            continue;
        column[r] = i;
        found += r != CSV_PRIORITY ? 1 : 0;
    }
    if (column[CSV_OWNER] == CSV_FIELDS_MAX && domain != CSV_FIELDS_MAX) {
        column[CSV_OWNER] = domain;
        found++;
    }
    return found;
}

bool csv_begin(csv_t *c, const clean_text_t *clean)
{
    memset(c, 0, sizeof *c);
    c->clean = clean;
    c->delimiter = ',';
    c->scratch = malloc(clean->len + 1);
    return c->scratch != NULL;
}

void csv_end(csv_t *c)
{
    free(c->scratch);
    c->scratch = NULL;
}

bool csv_take_separator(csv_t *c)
{
    const clean_text_t *t = c->clean;
    if (t->len < 5 || strncasecmp(t->text, "sep=", 4) != 0 || ends_row(t->text[4]))
        return false;
    c->delimiter = t->text[4];
    c->pos = 5;
    if (c->pos < t->len && t->text[c->pos] == '\r')
        c->pos++;
    if (c->pos < t->len && t->text[c->pos] == '\n')
        c->pos++;
    return true;
}

/* Reads the first row that is not empty. */
static bool read_header(csv_t *c, csv_row_t *row)
{
    while (csv_read_row(c, row))
        if (!csv_row_is_empty(row))
            return true;
    return false;
}

/* Whether a row without a header looks like a record all the same: some field is a type. */
static bool is_headless(const csv_row_t *row)
{
    uint16_t type = 0;
    for (size_t i = 0; i < row->count && row->count >= 3; i++) {
        expect_span_t f = expect_trim(row->field[i]);
        if (nsp_type_from_text(f.text, f.len, &type) == NSP_OK)
            return true;
    }
    return false;
}

/* Finds the delimiter with which the first row names columns, and reads that row. headless: the
 * first row is a record. */
static bool find_header(csv_t *c, csv_row_t *row, size_t column[CSV_ROLES], bool *headless)
{
    static const char delimiters[] = ",;\t";
    *headless = false;
    if (csv_take_separator(c))
        return read_header(c, row) && csv_find_columns(row, column) > 0;
    for (size_t i = 0; delimiters[i] != '\0'; i++) {
        c->delimiter = delimiters[i];
        c->pos = 0;
        c->fault = NULL;
        if (!read_header(c, row))
            continue;
        if (csv_find_columns(row, column) >= 2)
            return true;
        if (delimiters[i] == ',' && is_headless(row)) {
            *headless = true;
            return true;
        }
    }
    return false;
}

bool expect_is_csv(const clean_text_t *clean)
{
    csv_t c;
    csv_row_t row;
    size_t column[CSV_ROLES];
    bool headless = false;
    bool is = csv_begin(&c, clean) && find_header(&c, &row, column, &headless);
    csv_end(&c);
    return is;
}

static bool missing_column(const expect_source_t *s, const csv_row_t *header,
                           const size_t column[CSV_ROLES])
{
    static const char *const wanted[] = {"Name", "Type", "Value"};
    for (csv_role_t r = CSV_OWNER; r <= CSV_VALUE; r++)
        if (column[r] == CSV_FIELDS_MAX)
            return expect_fail(s, header->from,
                               "no column is named %s (or a usual word for it); the first line "
                               "must name Name, Type and Value",
                               wanted[r]);
    return false;
}

static expect_span_t field_of(const csv_row_t *row, size_t column)
{
    expect_span_t none = {"", 0, row->to > row->from ? row->from : row->to};
    return column < row->count ? row->field[column] : none;
}

bool csv_read_record(const expect_source_t *s, const csv_row_t *row, size_t header_count,
                     const size_t column[CSV_ROLES], expectations_t *e)
{
    expectation_t item = {0};
    expect_fields_t f = {
        .owner = field_of(row, column[CSV_OWNER]),
        .type = field_of(row, column[CSV_TYPE]),
        .value = field_of(row, column[CSV_VALUE]),
        .priority = field_of(row, column[CSV_PRIORITY]),
        .odd = clean_odd(s->clean, row->from, row->to),
    };
    for (size_t i = header_count; i < row->count; i++)
        if (row->field[i].len > 0)
            return expect_fail(s, row->field[i].at,
                               "more fields than columns; a value with the separator in it must "
                               "stand in quotation marks");
    bool good = expect_read_fields(s, &f, &item) && expect_put(e, &item, s);
    expectation_clear(&item);
    return good;
}

bool expect_read_csv(const expect_source_t *s, expectations_t *e)
{
    csv_t c;
    csv_row_t row = {0};
    size_t column[CSV_ROLES] = {0};
    bool headless = false;
    bool good = csv_begin(&c, s->clean);
    if (!good)
        return expect_fail(s, 0, "out of memory");
    if (!find_header(&c, &row, column, &headless) || headless)
        good = expect_fail(s, row.from, "the first line must name the columns: Name, Type, Value");
    else if (column[CSV_OWNER] == CSV_FIELDS_MAX || column[CSV_TYPE] == CSV_FIELDS_MAX ||
             column[CSV_VALUE] == CSV_FIELDS_MAX)
        good = missing_column(s, &row, column);
    size_t header_count = row.count;
    while (good && csv_read_row(&c, &row))
        if (!csv_row_is_empty(&row))
            good = csv_read_record(s, &row, header_count, column, e);
    if (good && c.fault != NULL)
        good = expect_fail(s, c.fault_at, "%s", c.fault);
    csv_end(&c);
    return good;
}
