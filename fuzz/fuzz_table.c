/* Any octets as a CSV of domains: its first line, and the rest as rows of one domain. What is
 * expected is what the single rows expect. */
#include <stdlib.h>
#include <string.h>

#include "dkim/expect_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const nsp_name_t BASE = {13, "\7example\3com"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
