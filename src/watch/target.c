#include "watch/target.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    (24 * WATCH_HOUR_MS)
#define SPAN_MAX  (3650 * DAY_MS)

watch_settings_t watch_settings_default(void)
{
    watch_settings_t s = {
        .interval = 15 * MINUTE_MS, .jitter = 100, .policy = watch_policy_default()};
    return s;
}

void watch_targets_init(watch_targets_t *t)
{
    memset(t, 0, sizeof *t);
}

void watch_targets_free(watch_targets_t *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->item[i].name);
        expectations_free(&t->item[i].expect);
    }
    free(t->item);
    watch_targets_init(t);
}

static int compare_bytes(const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
    int c = memcmp(a, b, an < bn ? an : bn);
    return c != 0 ? c : (an > bn) - (an < bn);
}

static int compare_expectations(const void *x, const void *y)
{
    const expectation_t *a = *(const expectation_t *const *)x;
    const expectation_t *b = *(const expectation_t *const *)y;
    int c = nsp_name_compare(&a->owner, &b->owner);
    if (c == 0)
        c = (a->type > b->type) - (a->type < b->type);
    static const uint8_t none[1] = {0};
    return c != 0 ? c
                  : compare_bytes(a->rdata != NULL ? a->rdata : none, a->rdlen,
                                  b->rdata != NULL ? b->rdata : none, b->rdlen);
}

static bool digest_one(EVP_MD_CTX *ctx, const expectation_t *e)
{
    nsp_name_t owner = e->owner;
    uint8_t head[7] = {(uint8_t)(e->type >> 8),
                       (uint8_t)e->type,
                       (uint8_t)(e->rdlen >> 24),
                       (uint8_t)(e->rdlen >> 16),
                       (uint8_t)(e->rdlen >> 8),
                       (uint8_t)e->rdlen,
                       e->any_key};
    for (size_t i = 0; i < owner.len; i++)
        if (owner.octets[i] >= 'A' && owner.octets[i] <= 'Z')
            owner.octets[i] = (uint8_t)(owner.octets[i] | 0x20);
    return EVP_DigestUpdate(ctx, owner.octets, owner.len) == 1 &&
           EVP_DigestUpdate(ctx, head, sizeof head) == 1 &&
           (e->rdlen == 0 || EVP_DigestUpdate(ctx, e->rdata, e->rdlen) == 1);
}

static bool digest_all(const expectation_t **item, size_t count, char out[STORE_DIGEST_MAX])
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = digest_one(ctx, item[i]);
    good = good && EVP_DigestFinal_ex(ctx, sum, &size) == 1 && size * 2 < STORE_DIGEST_MAX;
    for (unsigned i = 0; good && i < size; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", sum[i]);
    EVP_MD_CTX_free(ctx);
    return good;
}

static bool digest_of(const expectations_t *e, char out[STORE_DIGEST_MAX])
{
    const expectation_t **sorted = calloc(e->count + 1, sizeof(void *));
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < e->count; i++)
        sorted[i] = &e->item[i];
    qsort(sorted, e->count, sizeof(void *), compare_expectations);
    bool good = digest_all(sorted, e->count, out);
    free(sorted);
    return good;
}

/* The name as it is stored and shown: in lower case, so that it is the same however it is typed. */
static char *name_of(const nsp_name_t *domain)
{
    char text[NSP_NAME_TEXT_MAX];
    nsp_name_to_text(domain, text, sizeof text);
    for (char *p = text; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p | 0x20);
    return strdup(text);
}

bool watch_targets_add(watch_targets_t *t, const nsp_name_t *domain,
                       const watch_settings_t *settings, expectations_t *expect)
{
    if (t->count == t->cap) {
        size_t cap = t->cap == 0 ? 8 : t->cap * 2;
        watch_target_t *grown =
            cap <= (size_t)WATCH_TARGETS_MAX * 2 ? realloc(t->item, cap * sizeof *grown) : NULL;
        if (grown == NULL)
            return false;
        t->item = grown;
        t->cap = cap;
    }
    watch_target_t *new = &t->item[t->count];
    memset(new, 0, sizeof *new);
    new->domain = *domain;
    new->settings = *settings;
    new->name = name_of(domain);
    if (new->name == NULL || !digest_of(expect, new->digest)) {
        free(new->name);
        return false;
    }
    new->expect = *expect;
    expectations_init(expect);
    t->count++;
    return true;
}

static int compare_names(const void *x, const void *y)
{
    const watch_target_t *a = *(const watch_target_t *const *)x;
    const watch_target_t *b = *(const watch_target_t *const *)y;
    int c = strcmp(a->name, b->name);
    return c != 0 ? c : (a > b) - (a < b);
}

bool watch_targets_twice(const watch_targets_t *t, size_t *first, size_t *second)
{
    const watch_target_t **sorted = calloc(t->count + 1, sizeof(void *));
    bool found = false;
    for (size_t i = 0; sorted != NULL && i < t->count; i++)
        sorted[i] = &t->item[i];
    if (sorted != NULL)
        qsort(sorted, t->count, sizeof(void *), compare_names);
    for (size_t i = 1; sorted != NULL && i < t->count && !found; i++) {
        found = strcmp(sorted[i - 1]->name, sorted[i]->name) == 0;
        *first = (size_t)(sorted[i - 1] - t->item);
        *second = (size_t)(sorted[i] - t->item);
    }
    free(sorted);
    return found;
}

/* Digits with an optional fraction of at most three digits, in thousandths. */
static bool read_thousandths(const char **text, int64_t *out)
{
    const char *p = *text;
    int64_t whole = 0;
    int64_t part = 0;
    int64_t unit = 1000;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        whole = whole * 10 + (*p - '0');
        if (whole > SPAN_MAX)
            return false;
    }
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++) {
            unit /= 10;
            part += (*p - '0') * unit;
        }
        if (p[-1] == '.')
            return false;
    }
    *text = p;
    *out = whole * 1000 + part;
    return true;
}

bool watch_span(const char *text, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000},           {"ms", 1},    {"s", 1000}, {"m", MINUTE_MS},
                 {"h", WATCH_HOUR_MS}, {"d", DAY_MS}};
    int64_t thousandths = 0;
    if (!read_thousandths(&text, &thousandths))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].unit) != 0)
            continue;
        if (thousandths / 1000 > SPAN_MAX / units[i].ms)
            return false;
        *out = thousandths / 1000 * units[i].ms + thousandths % 1000 * units[i].ms / 1000;
        return *out >= 1;
    }
    return false;
}

bool watch_jitter(const char *text, unsigned *out)
{
    int64_t thousandths = 0;
    if (!read_thousandths(&text, &thousandths) || thousandths > 50000)
        return false;
    *out = (unsigned)(thousandths / 100);
    return *text == '\0' || strcmp(text, "%") == 0;
}
