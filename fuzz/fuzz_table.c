/* Any octets as a CSV of domains: its first line, and the rest as rows of one domain. What is
 * expected is what the single rows expect. The same as a job of a queue, whose rows are those of
 * the domain that it says. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/bulk_rows.h"
#include "dkim/expect_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const nsp_name_t BASE = {13, "\7example\3com"};

static void as_job(const uint8_t *data, size_t size)
{
    char err[EXPECT_ERROR_MAX] = "";
    char domain[EXPECT_TABLE_DOMAIN_MAX];
    expect_table_t t;
    bulk_rows_t rows = {0};
    list_line_t *job = calloc(1, sizeof *job);
    if (job == NULL)
        abort();
    job->number = 7;
    job->size = size < LIST_LINE_MAX ? size : LIST_LINE_MAX;
    memcpy(job->text, data, job->size);
    bool good = bulk_rows_of_job(job, &t, &rows, err);
    if (good == (err[0] != '\0') || rows.first != 7 || rows.last != 7)
        abort();
    if (good && (rows.size > job->size + 1 || rows.text[rows.size - 1] != '\n' ||
                 memcmp(rows.text, job->text + job->size - (rows.size - 1), rows.size - 1) != 0))
        abort();
    if (good && !rows.bad && rows.domain[0] != '\0' &&
        expect_table_row(&t, rows.text, rows.size, domain) == EXPECT_ROW_GOOD &&
        domain[0] != '\0' && strcasecmp(domain, rows.domain) != 0)
        abort();
    free(rows.text);
    free(job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_job(data, size);
    char err[EXPECT_ERROR_MAX] = "";
    char domain[EXPECT_TABLE_DOMAIN_MAX];
    expect_table_t t;
    expect_table_for_t how = {.where = "fuzz"};
    expectations_t e;
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t head = newline != NULL ? (size_t)(newline - data) + 1 : size;
    if (!expect_table_begin(&t, (const char *)data, head, "fuzz", err)) {
        if (err[0] == '\0')
            abort();
        return 0;
    }
    const char *rows = (const char *)data + (t.headless ? 0 : head);
    size_t left = size - (t.headless ? 0 : head);
    expect_row_t kind = expect_table_row(&t, rows, left, domain);
    if ((kind != EXPECT_ROW_GOOD && domain[0] != '\0') || memchr(domain, 0, sizeof domain) == NULL)
        abort();
    providers_t *all = providers_new();
    how.provider = all != NULL ? provider_find(all, "ses", &how.parameter) : NULL;
    if (how.provider == NULL)
        abort();
    expectations_init(&e);
    err[0] = '\0';
    bool good = expect_table_add(&t, &how, rows, left, 2, &BASE, &e, err);
    if (good != (e.count > 0) || good != (err[0] == '\0'))
        abort();
    for (size_t i = 0; i < e.count; i++)
        if (e.item[i].origin == NULL || e.item[i].owner.len == 0)
            abort();
    expectations_free(&e);
    providers_free(all);
    return 0;
}
