#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "dkim/expect_parts.h"
#include "dkim/template.h"

#define TOKEN_MAX 1024

/* What one token is expanded with. */
typedef struct token_source {
    const provider_t *provider;
    const char *parameter;
    const nsp_name_t *domain;
    char domain_text[NSP_NAME_TEXT_MAX];
    char token[TOKEN_MAX]; /* without TEXT */
    const char *text;      /* behind the =; NULL when there is none; belongs to the clean text */
    unsigned odd;
    expect_source_t fields; /* for errors */
} token_source_t;

__attribute__((format(printf, 2, 3))) static bool fail(const token_source_t *t, const char *format,
                                                       ...)
{
    va_list args;
    int n = t->token[0] != '\0'
                ? snprintf(t->fields.err, EXPECT_ERROR_MAX, "token %.100s: ", t->token)
                : snprintf(t->fields.err, EXPECT_ERROR_MAX, "%.100s: ", t->fields.where);
    va_start(args, format);
    if (n > 0 && n < EXPECT_ERROR_MAX)
        vsnprintf(t->fields.err + n, (size_t)(EXPECT_ERROR_MAX - n), format, args);
    va_end(args);
    return false;
}

/* Tokens become labels: what else is in one was not meant. */
static size_t find_wrong(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
}

/* Octets of a whole name that were given behind the token: "abc._domainkey.example.com" when the
 * template is {token}._domainkey.{domain}. 0 when nothing of it is there. rest is what follows
 * {token} in the filled template. */
static size_t entire_suffix(const char *token, const char *rest)
{
    size_t n = strlen(token);
    size_t rest_len = strlen(rest);
    bool dot = n > 0 && token[n - 1] == '.';
    for (size_t i = 1; i < n; i++) {
        size_t len = n - i - (dot ? 1 : 0);
        if (token[i] != '.' || len > rest_len || len < 2 || strncasecmp(token + i, rest, len) != 0)
            continue;
        if (rest[len] == '\0' || (rest[len] == '.' && token[i + 1] == '_'))
            return n - i;
    }
    return 0;
}

/* When the token is a whole owner or target of one of the records, cuts it down. */
static bool take_token_out(token_source_t *t, const provider_record_t *r, size_t count)
{
    static const char variable[] = "{token}";
    template_values_t values = {"", t->domain_text, t->parameter, ""};
    for (size_t i = 0; i < 2 * count; i++) {
        const char *template = i % 2 == 0 ? r[i / 2].owner : r[i / 2].rdata;
        if (strncmp(template, variable, sizeof variable - 1) != 0)
            continue;
        char *rest = template_fill(template, &values);
        if (rest == NULL)
            return fail(t, "out of memory");
        size_t cut = entire_suffix(t->token, rest);
        free(rest);
        if (cut > 0) {
            t->token[strlen(t->token) - cut] = '\0';
            t->odd |= EXPECT_ODD_ENTIRE;
            return true;
        }
    }
    return true;
}

static bool check_word(const token_source_t *t, const char *what, const char *text)
{
    size_t bad = find_wrong(text);
    if (text[bad] != '\0')
        return fail(t, "the %s has a character that no label of these records has: \\%03u", what,
                    (unsigned char)text[bad]);
    return true;
}

/* One record of the provider: both templates filled, then read as a record in pieces is. */
static bool add_record(const token_source_t *t, const provider_record_t *r, expectations_t *e)
{
    template_values_t values = {t->token, t->domain_text, t->parameter,
                                t->text != NULL ? t->text : ""};
    clean_text_t clean = {0};
    expect_source_t s = t->fields;
    expectation_t item = {0};
    char *owner = template_fill(r->owner, &values);
    char *rdata = template_fill(r->rdata, &values);
    bool open = strcmp(r->rdata, "{text}") == 0 && t->text == NULL;
    bool good = owner != NULL && rdata != NULL;
    s.clean = &clean;
    s.base = NULL;
    expect_fields_t f = {.odd = t->odd};
    if (good) {
        f.owner = (expect_span_t){owner, strlen(owner), 0};
        f.type = (expect_span_t){r->type, strlen(r->type), 0};
        f.value = open ? (expect_span_t){"\"\"", 2, 0} : (expect_span_t){rdata, strlen(rdata), 0};
        good = expect_read_fields(&s, &f, &item);
        /* The templates have no final dots, and nobody left them out. */
        item.odd = (item.odd & ~EXPECT_ODD_RELATIVE) | t->odd;
    } else {
        fail(t, "out of memory");
    }
    if (good && open) {
        item.any_key = true;
        item.rdlen = 0;
    }
    good = good && expect_put(e, &item, &s);
    expectation_clear(&item);
    free(owner);
    free(rdata);
    return good;
}

/* SELECTOR or SELECTOR=TEXT, without what stands around it. t->text stays in the clean text. */
static bool split_token(token_source_t *t, clean_text_t *clean)
{
    expect_span_t all = expect_trim((expect_span_t){clean->text, clean->len, 0});
    t->odd |= clean_odd(clean, 0, clean->len + 1);
    if (all.len < clean->len)
        t->odd |= EXPECT_ODD_BLANKS;
    if (expect_take_pair(&all, '"') || expect_take_pair(&all, '\'') || expect_take_pair(&all, '`'))
        t->odd |= EXPECT_ODD_QUOTES;
    clean->text[all.at + all.len] = '\0';
    size_t n = strcspn(all.text, "=");
    if (n >= TOKEN_MAX)
        return fail(t, "a token is longer than a name can be");
    memcpy(t->token, all.text, n);
    t->token[n] = '\0';
    t->text = all.text[n] == '=' ? all.text + n + 1 : NULL;
    if (n == 0)
        return fail(t, "a token is empty");
    return true;
}

static bool uses_text(const provider_record_t *r, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(r[i].rdata, "{text}") == 0)
            return true;
    return false;
}

static bool expand(token_source_t *t, clean_text_t *clean, expectations_t *fresh)
{
    size_t count = 0;
    char sentence[PROVIDER_ERROR_MAX];
    if (clean->text != NULL && !split_token(t, clean))
        return false;
    const provider_record_t *r = provider_records(t->provider, t->parameter, &count, sentence);
    if (r == NULL) {
        snprintf(t->fields.err, EXPECT_ERROR_MAX, "%s", sentence);
        return false;
    }
    if (t->text != NULL && !uses_text(r, count))
        return fail(t, "this provider gives no text to publish: leave = and what follows out");
    if (clean->text != NULL && !take_token_out(t, r, count))
        return false;
    if (!check_word(t, "token", t->token) || !check_word(t, "parameter", t->parameter))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!add_record(t, &r[i], fresh))
            return false;
    return true;
}

bool expect_add_token(expectations_t *e, const provider_t *provider, const char *parameter,
                      const nsp_name_t *domain, const char *token, char err[EXPECT_ERROR_MAX])
{
    char where[128];
    clean_text_t clean = {0};
    expectations_t fresh;
    token_source_t t = {.provider = provider, .parameter = parameter, .domain = domain};
    snprintf(where, sizeof where, "%s %.100s", token != NULL ? "token" : "provider",
             token != NULL ? token : provider_name_of(provider));
    t.fields = (expect_source_t){NULL, where, false, NULL, err, 0};
    size_t n = nsp_name_to_text(domain, t.domain_text, sizeof t.domain_text);
    if (n > 1)
        t.domain_text[n - 1] = '\0';
    if (provider_takes_token(provider) != (token != NULL)) {
        snprintf(err, EXPECT_ERROR_MAX,
                 token != NULL ? "%s: this provider takes no token; its records are the same for "
                                 "every domain"
                               : "%s: a token is missing",
                 where);
        return false;
    }
    expectations_init(&fresh);
    clean_err_t bad = token != NULL ? clean_text(&clean, token, strlen(token)) : CLEAN_OK;
    bool good = bad == CLEAN_OK ? expand(&t, &clean, &fresh) : fail(&t, "%s", clean_err_text(bad));
    good = good && expect_move(e, &fresh, &t.fields);
    expectations_free(&fresh);
    clean_free(&clean);
    return good;
}
