#include <stdlib.h>
#include <strings.h>

#include "dkim/expect_parts.h"

#define FIELDS_MAX 64
#define HEADER_MAX 40 /* letters and digits of a column's name */

/* One row (RFC 4180): where it stands, and its fields with their quotes taken off. */
typedef struct row {
    size_t from;
    size_t to;
    size_t count;
    expect_span_t field[FIELDS_MAX];
    bool quoted[FIELDS_MAX];
} row_t;

typedef struct csv {
    const clean_text_t *clean;
    size_t pos;
    char delimiter;
    char *scratch; /* owned; as long as the text: fields without their quotes */
    size_t used;
    size_t fault_at;
    const char *fault; /* what is wrong with a row; NULL: nothing */
} csv_t;

typedef enum role {
    ROLE_OWNER,
    ROLE_TYPE,
    ROLE_VALUE,
    ROLE_PRIORITY,
    ROLE_COUNT,
    ROLE_DOMAIN /* the owner where no other column is; else the domain, the same in all rows */
} role_t;

/* What consoles call their columns, in lower case and without blanks and signs. */
static const struct column_name {
    role_t role;
    const char *name;
} COLUMN_NAMES[] = {
    {ROLE_OWNER, "name"},
    {ROLE_OWNER, "host"},
    {ROLE_OWNER, "hostname"},
    {ROLE_OWNER, "recordname"},
    {ROLE_OWNER, "recordhost"},
    {ROLE_OWNER, "hostrecord"},
    {ROLE_OWNER, "dnsname"},
    {ROLE_OWNER, "dnshost"},
    {ROLE_OWNER, "dnsrecordname"},
    {ROLE_OWNER, "namehost"},
    {ROLE_OWNER, "owner"},
    {ROLE_OWNER, "ownername"},
    {ROLE_OWNER, "domainname"},
    {ROLE_OWNER, "subdomain"},
    {ROLE_OWNER, "fqdn"},
    {ROLE_DOMAIN, "domain"},
    {ROLE_TYPE, "type"},
    {ROLE_TYPE, "recordtype"},
    {ROLE_TYPE, "dnstype"},
    {ROLE_TYPE, "dnsrecordtype"},
    {ROLE_TYPE, "rrtype"},
    {ROLE_VALUE, "value"},
    {ROLE_VALUE, "data"},
    {ROLE_VALUE, "rdata"},
    {ROLE_VALUE, "txtvalue"},
    {ROLE_VALUE, "resourcedata"},
    {ROLE_VALUE, "content"},
    {ROLE_VALUE, "contents"},
    {ROLE_VALUE, "target"},
    {ROLE_VALUE, "targetname"},
    {ROLE_VALUE, "answer"},
    {ROLE_VALUE, "destination"},
    {ROLE_VALUE, "pointsto"},
    {ROLE_VALUE, "pointstoaddress"},
    {ROLE_VALUE, "pointstovalue"},
    {ROLE_VALUE, "pointstoaddressorvalue"},
    {ROLE_VALUE, "valuepointsto"},
    {ROLE_VALUE, "recordvalue"},
    {ROLE_VALUE, "recorddata"},
    {ROLE_VALUE, "recordcontent"},
    {ROLE_VALUE, "dnsvalue"},
    {ROLE_VALUE, "dnsrecordvalue"},
    {ROLE_VALUE, "expectedvalue"},
    {ROLE_VALUE, "requiredvalue"},
    {ROLE_VALUE, "valueroutetrafficto"},
    {ROLE_VALUE, "valuetarget"},
    {ROLE_VALUE, "targetvalue"},
    {ROLE_PRIORITY, "priority"},
    {ROLE_PRIORITY, "prio"},
    {ROLE_PRIORITY, "preference"},
    {ROLE_PRIORITY, "mxpriority"},
    {ROLE_PRIORITY, "mxpreference"},
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
    if (c->pos >= t->len)
        return csv_fault(c, open, "quoted text does not end");
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
static bool read_field(csv_t *c, row_t *row)
{
    const clean_text_t *t = c->clean;
    size_t i = c->pos;
    if (row->count == FIELDS_MAX)
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

/* The next row, empty ones included. False at the end and at a fault. */
static bool read_row(csv_t *c, row_t *row)
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

static bool is_empty(const row_t *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (expect_trim(row->field[i]).len > 0)
            return false;
    return true;
}

static role_t role_of(const expect_span_t *field)
{
    char name[HEADER_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < field->len; i++) {
        unsigned char c = (unsigned char)field->text[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && (c < '0' || c > '9'))
            continue;
        if (n == HEADER_MAX)
            return ROLE_COUNT;
        name[n++] = (char)(letter ? c | 32 : c);
    }
    name[n] = '\0';
    for (size_t i = 0; i < sizeof COLUMN_NAMES / sizeof COLUMN_NAMES[0]; i++)
        if (strcmp(COLUMN_NAMES[i].name, name) == 0)
            return COLUMN_NAMES[i].role;
    return ROLE_COUNT;
}

/* Which column has which role: the first of each; FIELDS_MAX where there is none. Returns how many
 * of owner, type and value there are. */
static unsigned find_columns(const row_t *header, size_t column[ROLE_COUNT])
{
    unsigned found = 0;
    size_t domain = FIELDS_MAX;
    for (role_t r = 0; r < ROLE_COUNT; r++)
        column[r] = FIELDS_MAX;
    for (size_t i = 0; i < header->count; i++) {
        role_t r = role_of(&header->field[i]);
        if (r == ROLE_DOMAIN)
            domain = i;
        if (r >= ROLE_COUNT || column[r] != FIELDS_MAX)
            continue;
        column[r] = i;
        found += r != ROLE_PRIORITY ? 1 : 0;
    }
    if (column[ROLE_OWNER] == FIELDS_MAX && domain != FIELDS_MAX) {
        column[ROLE_OWNER] = domain;
        found++;
    }
    return found;
}

static bool csv_begin(csv_t *c, const clean_text_t *clean)
{
    memset(c, 0, sizeof *c);
    c->clean = clean;
    c->delimiter = ',';
    c->scratch = malloc(clean->len + 1);
    return c->scratch != NULL;
}

/* Steps over a line such as sep=; which Excel writes and reads. */
static bool take_separator(csv_t *c)
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
static bool read_header(csv_t *c, row_t *row)
{
    while (read_row(c, row))
        if (!is_empty(row))
            return true;
    return false;
}

/* Whether a row without a header looks like a record all the same: some field is a type. */
static bool is_headless(const row_t *row)
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
static bool find_header(csv_t *c, row_t *row, size_t column[ROLE_COUNT], bool *headless)
{
    static const char delimiters[] = ",;\t";
    *headless = false;
    if (take_separator(c))
        return read_header(c, row) && find_columns(row, column) > 0;
    for (size_t i = 0; delimiters[i] != '\0'; i++) {
        c->delimiter = delimiters[i];
        c->pos = 0;
        c->fault = NULL;
        if (!read_header(c, row))
            continue;
        if (find_columns(row, column) >= 2)
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
    row_t row;
    size_t column[ROLE_COUNT];
    bool headless = false;
    bool is = csv_begin(&c, clean) && find_header(&c, &row, column, &headless);
    free(c.scratch);
    return is;
}

static bool missing_column(const expect_source_t *s, const row_t *header,
                           const size_t column[ROLE_COUNT])
{
    static const char *const wanted[] = {"Name", "Type", "Value"};
    for (role_t r = ROLE_OWNER; r <= ROLE_VALUE; r++)
        if (column[r] == FIELDS_MAX)
            return expect_fail(s, header->from,
                               "no column is named %s (or a usual word for it); the first line "
                               "must name Name, Type and Value",
                               wanted[r]);
    return false;
}

static expect_span_t field_of(const row_t *row, size_t column)
{
    expect_span_t none = {"", 0, row->to > row->from ? row->from : row->to};
    return column < row->count ? row->field[column] : none;
}

static bool read_record(const expect_source_t *s, const row_t *row, size_t header_count,
                        const size_t column[ROLE_COUNT], expectations_t *e)
{
    expectation_t item = {0};
    expect_fields_t f = {
        .owner = field_of(row, column[ROLE_OWNER]),
        .type = field_of(row, column[ROLE_TYPE]),
        .value = field_of(row, column[ROLE_VALUE]),
        .priority = field_of(row, column[ROLE_PRIORITY]),
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
    row_t row = {0};
    size_t column[ROLE_COUNT] = {0};
    bool headless = false;
    bool good = csv_begin(&c, s->clean);
    if (!good)
        return expect_fail(s, 0, "out of memory");
    if (!find_header(&c, &row, column, &headless) || headless)
        good = expect_fail(s, row.from, "the first line must name the columns: Name, Type, Value");
    else if (column[ROLE_OWNER] == FIELDS_MAX || column[ROLE_TYPE] == FIELDS_MAX ||
             column[ROLE_VALUE] == FIELDS_MAX)
        good = missing_column(s, &row, column);
    size_t header_count = row.count;
    while (good && read_row(&c, &row))
        if (!is_empty(&row))
            good = read_record(s, &row, header_count, column, e);
    if (good && c.fault != NULL)
        good = expect_fail(s, c.fault_at, "%s", c.fault);
    free(c.scratch);
    return good;
}
