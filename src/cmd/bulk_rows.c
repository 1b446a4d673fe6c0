#include "cmd/bulk_rows.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cmd/common.h"

/* All of it is read with run->take held. */
struct bulk_table {
    expect_table_t columns;
    char *head;    /* owned */
    bool has_line; /* line is the first row's */
    list_line_t line;
    bool open;        /* row goes on in the next line */
    bulk_rows_t row;  /* the one being read */
    bulk_rows_t next; /* the domain whose rows are being collected; first 0: none yet */
    uint64_t count;   /* domains so far */
    bool ended;
    bool failed; /* memory is out */
};

static bool rows_add(bulk_rows_t *r, const char *text, size_t size)
{
    if (r->size + size + 1 > BULK_ROWS_MAX) {
        r->bad = true;
        return true;
    }
    if (r->size + size + 1 > r->cap) {
        size_t cap = (r->size + size + 1) * 2;
        char *more = realloc(r->text, cap);
        if (more == NULL)
            return false;
        r->text = more;
        r->cap = cap;
    }
    memcpy(r->text + r->size, text, size);
    r->size += size;
    r->text[r->size++] = '\n';
    return true;
}

static void rows_clear(bulk_rows_t *r)
{
    r->first = r->last = 0;
    r->size = 0;
    r->bad = false;
    r->domain[0] = '\0';
}

static void rows_swap(bulk_rows_t *a, bulk_rows_t *b)
{
    bulk_rows_t c = *a;
    *a = *b;
    *b = c;
}

/* Lines without a result to be written. */
static void skip(const bulk_run_t *run, uint64_t first, uint64_t last)
{
    if (run->out != NULL)
        output_skip(run->out, first, last);
}

/* A CSV without names of columns begins with its separator, which its rows alone may not tell. */
static bool keep_head(bulk_table_t *t)
{
    char separator[] = {'s', 'e', 'p', '=', t->columns.delimiter, '\n', '\0'};
    const bulk_rows_t *r = &t->row;
    t->head = t->columns.headless ? strdup(separator) : strndup(r->text, r->size);
    return t->head != NULL;
}

/* The first line, and the second when the first is one such as sep=;. */
static bool read_header(bulk_table_t *t, bulk_run_t *run, char err[EXPECT_ERROR_MAX])
{
    bulk_rows_t *r = &t->row;
    struct timespec pause = {.tv_nsec = 10000000};
    do {
        list_got_t got = list_next(run->in, UINT64_MAX, &t->line);
        for (; got == LIST_LATER && stop_requested == 0;
             got = list_next(run->in, UINT64_MAX, &t->line))
            nanosleep(&pause, NULL);
        if (got != LIST_LINE) {
            snprintf(err, EXPECT_ERROR_MAX, "%.200s: there is nothing in it", run->args->file);
            return false;
        }
        if (!rows_add(r, t->line.text, t->line.size)) {
            snprintf(err, EXPECT_ERROR_MAX, "out of memory");
            return false;
        }
    } while (t->line.size == 0 || expect_table_wants_more(t->line.text, t->line.size));
    if (!expect_table_begin(&t->columns, r->text, r->size, run->args->file, err))
        return false;
    if (!keep_head(t)) {
        snprintf(err, EXPECT_ERROR_MAX, "out of memory");
        return false;
    }
    t->has_line = t->columns.headless;
    rows_clear(r);
    skip(run, 1, t->line.number - t->has_line);
    return true;
}

bulk_table_t *bulk_table_open(bulk_run_t *run, char err[EXPECT_ERROR_MAX])
{
    bulk_table_t *t = calloc(1, sizeof *t);
    if (t == NULL) {
        snprintf(err, EXPECT_ERROR_MAX, "out of memory");
        return NULL;
    }
    list_take_all(run->in);
    if (read_header(t, run, err))
        return t;
    bulk_table_close(t);
    return NULL;
}

void bulk_table_close(bulk_table_t *t)
{
    if (t == NULL)
        return;
    free(t->head);
    free(t->row.text);
    free(t->next.text);
    free(t);
}

const expect_table_t *bulk_table_columns(const bulk_table_t *t)
{
    return &t->columns;
}

const char *bulk_table_head(const bulk_table_t *t)
{
    return t->head;
}

/* Takes one line into t->row. LIST_LINE when the row is whole. */
static list_got_t read_row(bulk_table_t *t, bulk_run_t *run, expect_row_t *kind)
{
    for (;;) {
        list_got_t got = LIST_LINE;
        if (!t->has_line)
            got = list_next(run->in, run->out != NULL ? output_limit(run->out) : UINT64_MAX,
                            &t->line);
        t->has_line = false;
        if (got != LIST_LINE)
            return got;
        if (!t->open) {
            rows_clear(&t->row);
            t->row.first = t->line.number;
        }
        t->row.last = t->line.number;
        if (!rows_add(&t->row, t->line.text, t->line.size)) {
            t->failed = true;
            return LIST_END;
        }
        *kind = expect_table_row(&t->columns, t->row.text, t->row.size, t->row.domain);
        t->row.bad |= t->line.cut || *kind == EXPECT_ROW_BAD;
        t->open = *kind == EXPECT_ROW_OPEN && !t->row.bad;
        if (!t->open)
            return LIST_LINE;
    }
}

/* Adds the row at hand to the domain at hand. False when it is another domain's. */
static bool join(bulk_table_t *t)
{
    bulk_rows_t *n = &t->next;
    if (n->first == 0) {
        rows_swap(&t->row, n);
        return true;
    }
    if (t->row.bad || n->bad ||
        (t->row.domain[0] != '\0' && strcasecmp(t->row.domain, n->domain) != 0))
        return false;
    n->last = t->row.last;
    if (!rows_add(n, t->row.text, t->row.size - 1))
        t->failed = true;
    return true;
}

/* Gives the domain at hand away; the row that ended it begins the next. */
static void give(bulk_table_t *t, bulk_rows_t *rows, bool more)
{
    rows_swap(rows, &t->next);
    rows_clear(&t->next);
    if (more)
        rows_swap(&t->row, &t->next);
    t->count++;
}

/* The next domain, whatever its result. */
static list_got_t next_domain(bulk_table_t *t, bulk_run_t *run, bulk_rows_t *rows)
{
    expect_row_t kind = EXPECT_ROW_EMPTY;
    while (!t->ended) {
        list_got_t got = read_row(t, run, &kind);
        if (got == LIST_LATER)
            return got;
        if (got == LIST_END) {
            /* a quotation mark that is never closed is told, not passed over */
            t->ended = true;
            t->row.bad |= t->open;
            if (t->open && !join(t)) {
                give(t, rows, true);
                return LIST_LINE;
            }
            break;
        }
        if (kind == EXPECT_ROW_EMPTY && !t->row.bad) {
            skip(run, t->row.first, t->row.last);
        } else if (!join(t)) {
            give(t, rows, true);
            return LIST_LINE;
        }
    }
    if (t->next.first == 0 || t->failed)
        return LIST_END;
    give(t, rows, false);
    return LIST_LINE;
}

list_got_t bulk_table_next(bulk_run_t *run, bulk_rows_t *rows)
{
    bulk_table_t *t = run->table;
    const bulk_args_t *a = run->args;
    list_got_t got = LIST_LINE;
    bool wanted = false;
    /* one lock around all: see bulk_take */
    pthread_mutex_lock(&run->take);
    while (got == LIST_LINE && !wanted) {
        got = next_domain(t, run, rows);
        bool mine = t->count % a->shards == a->shard % a->shards;
        if (got == LIST_LINE && !mine)
            skip(run, rows->first, rows->last);
        bool done = got == LIST_LINE && run->out != NULL && output_has(run->out, rows->first);
        wanted = mine && !done;
    }
    if (t->failed)
        run->failed = true;
    pthread_mutex_unlock(&run->take);
    return got;
}

/* --- jobs --- */

/* Octets of the line at the beginning, with its end. */
static size_t line_size(const char *text, size_t size)
{
    const char *end = memchr(text, '\n', size);
    return end != NULL ? (size_t)(end - text) + 1 : size;
}

/* Octets of the row at the beginning, which may have several lines. */
static size_t row_size(const expect_table_t *columns, const char *text, size_t size,
                       expect_row_t *kind, char domain[EXPECT_TABLE_DOMAIN_MAX])
{
    size_t n = 0;
    do {
        n += line_size(text + n, size - n);
        *kind = expect_table_row(columns, text, n, domain);
    } while (*kind == EXPECT_ROW_OPEN && n < size);
    return n;
}

/* All rows are of one domain, which the first one names. */
static bool is_one_domain(const expect_table_t *columns, bulk_rows_t *rows, const char *text,
                          size_t size)
{
    char domain[EXPECT_TABLE_DOMAIN_MAX];
    expect_row_t kind = EXPECT_ROW_EMPTY;
    for (size_t at = 0; at < size;) {
        at += row_size(columns, text + at, size - at, &kind, domain);
        rows->bad |= kind == EXPECT_ROW_BAD || kind == EXPECT_ROW_OPEN;
        if (kind != EXPECT_ROW_GOOD || domain[0] == '\0')
            continue;
        if (rows->domain[0] == '\0')
            memcpy(rows->domain, domain, sizeof domain);
        else if (strcasecmp(rows->domain, domain) != 0)
            return false;
    }
    return true;
}

bool bulk_rows_of_job(const list_line_t *job, expect_table_t *columns, bulk_rows_t *rows,
                      char err[EXPECT_ERROR_MAX])
{
    size_t head = line_size(job->text, job->size);
    size_t begin = head;
    rows_clear(rows);
    rows->first = rows->last = job->number;
    if (expect_table_wants_more(job->text, head))
        head += line_size(job->text + head, job->size - head);
    if (!expect_table_begin(columns, job->text, head, "job", err))
        return false;
    if (!columns->headless)
        begin = head;
    else if (begin == head)
        begin = 0;
    if (!is_one_domain(columns, rows, job->text + begin, job->size - begin)) {
        snprintf(err, EXPECT_ERROR_MAX, "rows of several domains in one job");
        return false;
    }
    if (!rows_add(rows, job->text + begin, job->size - begin)) {
        snprintf(err, EXPECT_ERROR_MAX, "out of memory");
        return false;
    }
    return true;
}
