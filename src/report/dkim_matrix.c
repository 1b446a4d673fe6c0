#include "report/dkim_matrix.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/expect_text.h"
#include "report/finding_text.h"

#define LABEL_WIDTH  30 /* address */
#define TAIL_WIDTH   22 /* serial and time, behind the first block */
#define FOUND_WIDTH  10 /* "12 of 256" */
#define RECORD_TEXT  1400
#define LABEL_LONG   16 /* a label that is longer is shortened when space is short */
#define LABEL_BEFORE 8
#define LABEL_BEHIND 5
#define MARK_HIDDEN  DKIM_MARK_HIDDEN

/* One address, and by what it is ordered: indices of the first address of its zone and server. */
typedef struct row {
    size_t zone;
    bool extra; /* not delegated */
    size_t server;
    size_t at;
} row_t;

/* The matrix while it is printed. */
typedef struct matrix {
    FILE *out;
    const dkim_report_t *r;
    text_style_t style;
    row_t *row;      /* owned */
    unsigned digits; /* of the highest record number */
    unsigned cell;   /* columns of a cell */
    bool many_zones; /* more than one: rows are headed by their zone */
    bool seen[MARK_HIDDEN + 1];
} matrix_t;

/* ASCII, each of one column. */
static char mark_char(unsigned m)
{
    static const char marks[MARK_HIDDEN + 1] = {
        [MARK_UNASKED] = '.', [MARK_MATCH] = '+',    [MARK_WRONG] = 'x',
        [MARK_NODATA] = 'o',  [MARK_NXDOMAIN] = '-', [MARK_REFUSED] = '!',
        [MARK_BROKEN] = '#',  [MARK_SILENT] = '?',   [MARK_HIDDEN] = '*'};
    return marks[m];
}

const char *dkim_mark_text(unsigned m)
{
    static const char *const texts[MARK_HIDDEN + 1] = {[MARK_UNASKED] = "not asked",
                                                       [MARK_MATCH] = "found",
                                                       [MARK_WRONG] = "other data",
                                                       [MARK_NODATA] = "no such record",
                                                       [MARK_NXDOMAIN] = "no such name",
                                                       [MARK_REFUSED] = "refused or lame",
                                                       [MARK_BROKEN] = "broken replies",
                                                       [MARK_SILENT] = "no reply",
                                                       [MARK_HIDDEN] =
                                                           "found, but hidden by DNSSEC"};
    return texts[m];
}

int dkim_cell_severity(const dkim_cell_t *c)
{
    mark_t worst = c->udp > c->tcp ? c->udp : c->tcp;
    if (worst == MARK_UNASKED)
        return -1;
    if (c->bogus)
        return SEVERITY_ERROR;
    if (worst == MARK_MATCH)
        return SEVERITY_INFO;
    return worst >= MARK_BROKEN ? SEVERITY_WARNING : SEVERITY_ERROR;
}

static const char *mark_colour(const matrix_t *x, const dkim_cell_t *c)
{
    int severity = dkim_cell_severity(c);
    return severity < 0                ? ""
           : severity == SEVERITY_INFO ? text_good(&x->style)
                                       : text_colour(&x->style, (severity_t)severity);
}

static const dkim_cell_t *cell_at(const dkim_result_t *r, size_t expectation, size_t address)
{
    return &r->cell[expectation * r->address_count + address];
}

bool dkim_cell_shown(const dkim_cell_t *c)
{
    return c->holds || c->udp != MARK_UNASKED || c->tcp != MARK_UNASKED;
}

static bool cell_matches(const dkim_cell_t *c)
{
    return !c->bogus && (c->udp == MARK_MATCH || (c->udp == MARK_UNASKED && c->tcp == MARK_MATCH));
}

dkim_found_t dkim_found_of(const dkim_result_t *r, size_t expectation)
{
    dkim_found_t n = {0, 0};
    for (size_t i = 0; i < r->address_count; i++) {
        const dkim_cell_t *c = cell_at(r, expectation, i);
        if (!c->holds || !r->address[i].delegated)
            continue;
        n.of++;
        n.have += cell_matches(c);
    }
    return n;
}

static bool in_label(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Puts ".." into the middle of every long label, in place. */
static void shorten_labels(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        size_t n = 0;
        while (in_label(from[n]))
            n++;
        if (n > LABEL_LONG) {
            memmove(to, from, LABEL_BEFORE);
            memcpy(to + LABEL_BEFORE, "..", 2);
            memmove(to + LABEL_BEFORE + 2, from + n - LABEL_BEHIND, LABEL_BEHIND);
            to += LABEL_BEFORE + 2 + LABEL_BEHIND;
            from += n;
        } else {
            size_t step = n > 0 ? n : 1;
            memmove(to, from, step);
            to += step;
            from += step;
        }
    }
    *to = '\0';
}

/* The owner as it stands in a zone file of domain: relative when it is below. */
static void owner_text(const nsp_name_t *owner, const nsp_name_t *domain,
                       char buf[NSP_NAME_TEXT_MAX])
{
    nsp_name_t part = *owner;
    nsp_name_to_text(owner, buf, NSP_NAME_TEXT_MAX);
    if (domain->len <= 1 || nsp_name_equal(owner, domain) || !nsp_name_is_subdomain(owner, domain))
        return;
    part.len = (uint8_t)(owner->len - domain->len + 1);
    part.octets[part.len - 1] = 0;
    size_t n = nsp_name_to_text(&part, buf, NSP_NAME_TEXT_MAX);
    buf[n - 1] = '\0'; /* the final dot */
}

void dkim_record_text(const expectation_t *e, const nsp_name_t *domain, size_t width, char *buf,
                      size_t cap)
{
    char owner[NSP_NAME_TEXT_MAX];
    char value[RECORD_TEXT];
    char buffer[16];
    nsp_text_t t;
    const char *type = nsp_type_text(e->type, buffer);
    owner_text(&e->owner, domain, owner);
    nsp_text_begin(&t, value, sizeof value);
    (void)expectation_rdata_text(e, &t);
    int n = snprintf(buf, cap, "%s %s %s", owner, type, value);
    if (width == 0 || n < 0 || ((size_t)n <= width && t.lost == 0))
        return;
    shorten_labels(owner);
    if (e->type != NSP_TYPE_TXT) /* whose text is no name */
        shorten_labels(value);
    n = snprintf(buf, cap, "%s %s %s", owner, type, value);
    if (n > 0 && (size_t)n > width && width > 3)
        memcpy(buf + width - 3, "...", 4);
}

static void print_records(matrix_t *x)
{
    const dkim_result_t *r = x->r->result;
    char text[RECORD_TEXT];
    char found[48];
    int width = TEXT_WIDTH - (int)x->digits - 1 - FOUND_WIDTH;
    fprintf(x->out, "\n%-*s%*s\n", TEXT_WIDTH - FOUND_WIDTH, "RECORD", FOUND_WIDTH, "FOUND AT");
    for (size_t i = 0; i < r->expectation_count; i++) {
        dkim_found_t n = dkim_found_of(r, i);
        snprintf(found, sizeof found, "%zu of %zu", n.have, n.of);
        dkim_record_text(&r->expectation[i], x->r->domain, x->r->verbose ? 0 : (size_t)width, text,
                         sizeof text);
        severity_t s = n.have == 0 ? SEVERITY_ERROR : SEVERITY_WARNING;
        fprintf(x->out, "%*zu %-*s%s%*s%s\n", (int)x->digits, i + 1, width, text,
                n.of == 0        ? ""
                : n.have == n.of ? text_good(&x->style)
                                 : text_colour(&x->style, s),
                FOUND_WIDTH, n.of > 0 ? found : "-", text_plain(&x->style));
    }
}

static bool same_group(const dkim_address_t *a, const dkim_address_t *b)
{
    return a->delegated == b->delegated && nsp_name_equal(&a->zone, &b->zone) &&
           nsp_name_equal(&a->server, &b->server);
}

static bool same_zone(const dkim_address_t *a, const dkim_address_t *b)
{
    return nsp_name_equal(&a->zone, &b->zone);
}

/* Index of the first address for which alike holds. */
static size_t first_alike(const dkim_result_t *r, size_t i,
                          bool (*alike)(const dkim_address_t *a, const dkim_address_t *b))
{
    for (size_t k = 0; k < i; k++)
        if (alike(&r->address[k], &r->address[i]))
            return k;
    return i;
}

static int compare_rows(const void *left, const void *right)
{
    const row_t *a = left;
    const row_t *b = right;
    if (a->zone != b->zone)
        return a->zone < b->zone ? -1 : 1;
    if (a->extra != b->extra)
        return a->extra ? 1 : -1;
    if (a->server != b->server)
        return a->server < b->server ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* Zones, and servers in them, in the order in which they first appear; what is not delegated comes
 * behind the rest of its zone. */
static void order_rows(matrix_t *x)
{
    const dkim_result_t *r = x->r->result;
    for (size_t i = 0; i < r->address_count; i++) {
        x->row[i].at = i;
        x->row[i].zone = first_alike(r, i, same_zone);
        x->row[i].server = first_alike(r, i, same_group);
        x->row[i].extra = !r->address[i].delegated;
        x->many_zones = x->many_zones || x->row[i].zone != 0;
    }
    if (r->address_count > 1)
        qsort(x->row, r->address_count, sizeof x->row[0], compare_rows);
}

/* The lines above the first address of a server. */
static void print_group(const matrix_t *x, const row_t *row, const row_t *before)
{
    const dkim_address_t *a = &x->r->result->address[row->at];
    char name[NSP_NAME_TEXT_MAX];
    char line[NSP_NAME_TEXT_MAX + 40];
    if (before != NULL && before->server == row->server)
        return;
    if (x->many_zones && (before == NULL || before->zone != row->zone)) {
        nsp_name_to_text(&a->zone, name, sizeof name);
        fputs("zone ", x->out);
        text_wrap_at(x->out, 5, TEXT_NAME_INDENT, name);
    }
    nsp_name_to_text(&a->server, name, sizeof name);
    snprintf(line, sizeof line, "%s%s", a->server.len > 1 ? name : "",
             a->delegated        ? ""
             : a->server.len > 1 ? "  (not delegated)"
                                 : "(not delegated)");
    if (line[0] != '\0')
        text_wrap_at(x->out, 0, TEXT_NAME_INDENT, line);
    else
        fputc('\n', x->out);
}

static void print_tail(const matrix_t *x, const dkim_address_t *a)
{
    char serial[16] = "-";
    char time[32] = "-";
    if (a->has_serial)
        snprintf(serial, sizeof serial, "%u", a->serial);
    if (a->rtt >= 0)
        snprintf(time, sizeof time, "%.1f ms", (double)a->rtt / 1e6);
    fprintf(x->out, "  %-10s %9s", serial, time);
}

unsigned dkim_shown_mark(const dkim_cell_t *c, mark_t m)
{
    return c->bogus && m == MARK_MATCH ? MARK_HIDDEN : m;
}

static void print_cell(matrix_t *x, const dkim_cell_t *c)
{
    int width = (int)x->cell;
    if (!dkim_cell_shown(c)) {
        fprintf(x->out, "%*s", width, "");
        return;
    }
    unsigned udp = dkim_shown_mark(c, c->udp);
    unsigned tcp = dkim_shown_mark(c, c->tcp);
    x->seen[udp] = true;
    x->seen[tcp] = true;
    fprintf(x->out, "%s%*c%c%s", mark_colour(x, c), width - 1, mark_char(udp), mark_char(tcp),
            text_plain(&x->style));
}

static bool row_shown(const matrix_t *x, const row_t *row, size_t first, size_t end)
{
    for (size_t e = first; e < end; e++)
        if (dkim_cell_shown(cell_at(x->r->result, e, row->at)))
            return true;
    return false;
}

/* Rows for the records [first, end). */
static void print_block(matrix_t *x, size_t first, size_t end)
{
    const dkim_result_t *r = x->r->result;
    const row_t *before = NULL;
    fprintf(x->out, "\n%-*s", LABEL_WIDTH, "SERVER AND ADDRESS");
    for (size_t e = first; e < end; e++)
        fprintf(x->out, "%*zu", (int)x->cell, e + 1);
    if (first == 0)
        fprintf(x->out, "  %-10s %9s", "SERIAL", "TIME");
    fprintf(x->out, "\n");
    for (size_t i = 0; i < r->address_count; i++) {
        const row_t *row = &x->row[i];
        char addr[ADDR_TEXT_MAX];
        if (!row_shown(x, row, first, end))
            continue;
        print_group(x, row, before);
        before = row;
        addr_port_text(&r->address[row->at].addr, addr);
        if (strlen(addr) > LABEL_WIDTH - 3)
            fprintf(x->out, "  %s\n%*s", addr, LABEL_WIDTH, "");
        else
            fprintf(x->out, "  %-*s", LABEL_WIDTH - 2, addr);
        for (size_t e = first; e < end; e++)
            print_cell(x, cell_at(r, e, row->at));
        if (first == 0)
            print_tail(x, &r->address[row->at]);
        fprintf(x->out, "\n");
    }
}

/* Only the marks that were printed, "not asked" last; a mark and its meaning stay on one line. */
static void print_legend(const matrix_t *x)
{
    size_t column = 0;
    for (unsigned i = 1; i <= MARK_HIDDEN + 1; i++) {
        unsigned mark = i % (MARK_HIDDEN + 1);
        size_t width = strlen(dkim_mark_text(mark)) + 4;
        if (!x->seen[mark])
            continue;
        if (column == 0)
            column = (size_t)fprintf(x->out, "UDP, then TCP:");
        else
            column += (size_t)fprintf(x->out, ",");
        if (column + width > TEXT_WIDTH)
            column = (size_t)fprintf(x->out, "\n              ") - 1;
        column += (size_t)fprintf(x->out, " %c %s", mark_char(mark), dkim_mark_text(mark));
    }
    if (column > 0)
        fputc('\n', x->out);
}

bool dkim_matrix_print(FILE *out, const dkim_report_t *r)
{
    const dkim_result_t *result = r->result;
    matrix_t x = {.out = out, .r = r, .style = {r->verbose, r->colour}, .digits = 1};
    for (size_t n = result->expectation_count; n >= 10; n /= 10)
        x.digits++;
    x.cell = x.digits > 2 ? x.digits + 2 : 4;
    print_records(&x);
    if (result->address_count == 0)
        return true;
    x.row = calloc(result->address_count, sizeof *x.row);
    if (x.row == NULL)
        return false;
    order_rows(&x);
    size_t end = 0;
    for (size_t first = 0; first < result->expectation_count; first = end) {
        size_t room = TEXT_WIDTH - LABEL_WIDTH - (first == 0 ? TAIL_WIDTH : 0);
        end = first + room / x.cell;
        if (end > result->expectation_count)
            end = result->expectation_count;
        print_block(&x, first, end);
    }
    print_legend(&x);
    free(x.row);
    return true;
}
