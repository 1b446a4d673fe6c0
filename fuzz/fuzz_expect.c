/* Any octets as a file, a line and a token of expectations. The first octet picks which. What is
 * read has RDATA that decodes and prints, and meets itself. */
#include <stdlib.h>
#include <string.h>

#include "dkim/expect.h"
#include "dkim/mistake.h"
#include "dkim/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const nsp_name_t BASE = {13, "\7example\3com"};

/* The one as what was found where the other is expected. */
static void compare(const expectation_t *wanted, const expectation_t *found)
{
    record_view_t v;
    mistake_diff_t diff;
    if (wanted->type != found->type || !record_view(&v, found->type, found->rdata, found->rdlen))
        return;
    if (mistake_value(wanted, &v.m, &v.rr, &BASE, NULL, NULL) >= MISTAKE_VALUE_COUNT)
        abort();
    mistake_diff(wanted, &v.m, &v.rr, found->rdlen % 90, &diff);
    if (strlen(diff.found) > MISTAKE_DIFF_WIDTH || strlen(diff.mark) > MISTAKE_DIFF_WIDTH ||
        strlen(diff.expected) > MISTAKE_DIFF_WIDTH || strchr(diff.mark, '^') == NULL)
        abort();
    record_view_free(&v);
}

/* A record made of the expectation, at the root. */
static void check(expectation_t *e)
{
    record_view_t v;
    mistake_name_t names[MISTAKE_NAMES_MAX];
    if (e->origin == NULL || e->owner.len == 0)
        abort();
    if (mistake_names(&e->owner, &BASE, &BASE, names) > MISTAKE_NAMES_MAX)
        abort();
    nsp_name_root(&e->owner);
    if (!record_view(&v, e->type, e->rdata, e->rdlen))
        return;
    if (!e->any_key && !expectation_met(e, &v.m, &v.rr))
        abort();
    record_view_free(&v);
}

static bool add_token(expectations_t *e, const char *text, size_t len, char *err)
{
    const char *parameter = "";
    static const char *const names[] = {"ses", "google", "ses-mail-from:x", "microsoft365:x.y"};
    bool good = false;
    char *copy = malloc(len + 1);
    providers_t *p = providers_new();
    if (copy != NULL && p != NULL && len > 0) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        const provider_t *found = provider_find(p, names[(uint8_t)text[0] % 4], &parameter);
        good = expect_add_token(e, found, parameter, &BASE, copy + 1, err);
    }
    providers_free(p);
    free(copy);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[EXPECT_ERROR_MAX] = "";
    expectations_t e;
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    expectations_init(&e);
    if (data[0] == 'l')
        (void)expect_add_line(&e, text, size - 1, &BASE, "l", err);
    else if (data[0] == 't')
        (void)add_token(&e, text, size - 1, err);
    else
        (void)expect_add_text(&e, text, size - 1, data[0] == 'n' ? NULL : &BASE, "f", err);
    for (size_t i = 0; i < e.count; i++)
        compare(&e.item[0], &e.item[i]);
    for (size_t i = 0; i < e.count; i++)
        check(&e.item[i]);
    expectations_free(&e);
    return 0;
}
