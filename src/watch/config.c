#include "watch/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX  256 /* on one line */
#define TOKENS_MAX 256 /* of one domain */
#define FILE_MAX   ((size_t)16 << 20)

typedef struct word {
    char *text; /* ends with NUL, inside of the line's copy */
    unsigned column;
} word_t;

typedef struct token {
    char *text; /* owned */
    unsigned line;
    unsigned column;
} token_t;

/* The domain that is being read. */
typedef struct block {
    bool open; /* inside of { } */
    unsigned line;
    unsigned column;
    nsp_name_t domain;
    watch_settings_t settings;
    char *provider; /* owned */
    bool provider_given;
    unsigned provider_line;
    unsigned provider_column;
    expectations_t expect;
    size_t token_count;
    token_t token[TOKENS_MAX];
} block_t;

typedef struct reader {
    const config_context_t *c;
    watch_targets_t *targets;
    config_error_t *err;
    unsigned line;
    char *copy; /* the line, cut into words */
    size_t count;
    word_t word[WORDS_MAX];
    watch_settings_t settings; /* defaults for what follows */
    char *provider;            /* owned */
    block_t block;
} reader_t;

static bool fail(reader_t *r, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool fail(reader_t *r, unsigned line, unsigned column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    r->err->line = line;
    r->err->column = column;
    vsnprintf(r->err->text, sizeof r->err->text, format, args);
    va_end(args);
    return false;
}

static bool fail_at(reader_t *r, size_t word, const char *what, const char *accepted)
{
    return fail(r, r->line, r->word[word].column, "'%.60s': %s; %s", r->word[word].text, what,
                accepted);
}

static bool out_of_memory(reader_t *r)
{
    return fail(r, r->line, 1, "out of memory");
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the quoted word at *p, of which escapes are resolved in place. */
static bool quoted_word(reader_t *r, char **p, unsigned column)
{
    char *in = *p + 1;
    char *out = *p;
    while (*in != '"') {
        if (*in == '\\' && (in[1] == '"' || in[1] == '\\'))
            in++;
        if (*in == '\0')
            return fail(r, r->line, column, "a quoted word without its closing '\"'");
        *out++ = *in++;
    }
    in++;
    if (*in != '\0' && !blank(*in))
        return fail(r, r->line, column, "text right behind a closing '\"'; a blank belongs there");
    *out = '\0';
    *p = in;
    return true;
}

/* Cuts the line's copy into words; '#' at the beginning of one begins a comment. */
static bool cut_words(reader_t *r)
{
    char *p = r->copy;
    r->count = 0;
    for (;;) {
        while (blank(*p))
            p++;
        if (*p == '\0' || *p == '#')
            return true;
        unsigned column = (unsigned)(p - r->copy) + 1;
        if (r->count == WORDS_MAX)
            return fail(r, r->line, column, "more than %d words on a line", WORDS_MAX);
        r->word[r->count++] = (word_t){.text = p, .column = column};
        if (*p == '"') {
            if (!quoted_word(r, &p, column))
                return false;
        } else {
            while (*p != '\0' && !blank(*p))
                p++;
        }
        if (*p != '\0')
            *p++ = '\0';
    }
}

static bool one_value(reader_t *r)
{
    if (r->count == 2)
        return true;
    if (r->count < 2)
        return fail(r, r->line, r->word[0].column, "'%s' needs a value", r->word[0].text);
    return fail_at(r, 2, "one value is enough", "nothing may follow it");
}

static bool span_value(reader_t *r, int64_t *out)
{
    return watch_span(r->word[1].text, out) ||
           fail_at(r, 1, "not a span of time", "as 90s, 15m, 1.5h, 7d");
}

static bool hours_value(reader_t *r, int64_t *out)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%sh", r->word[1].text);
    return (n > 0 && (size_t)n < sizeof text && watch_span(text, out)) ||
           fail_at(r, 1, "not a number of hours", "as 72 or 0.5");
}

static bool rounds_value(reader_t *r, unsigned *out)
{
    char *end = NULL;
    const char *text = r->word[1].text;
    unsigned long v = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || v > WATCH_ROUNDS_MAX)
        return fail_at(r, 1, "not a number of rounds", "0 to 1000000");
    *out = (unsigned)v;
    return true;
}

static bool began_value(reader_t *r, int64_t *out)
{
    int64_t seconds = 0;
    if (!r->c->time(r->word[1].text, &seconds) || seconds <= 0)
        return fail_at(r, 1, "not a time", "as 2026-11-20T10:00:00Z");
    if (seconds * 1000 > r->c->now)
        return fail_at(r, 1, "in the future", "verification cannot have begun then");
    *out = seconds * 1000;
    return true;
}

/* A setting of the file or of a domain. *known is false when the first word is none. */
static bool setting(reader_t *r, watch_settings_t *s, bool *known)
{
    const char *name = r->word[0].text;
    static const char *const names[] = {"interval",       "jitter",        "tolerate-rounds",
                                        "tolerate-hours", "pending-hours", "began"};
    size_t which = 0;
    while (which < 6 && strcmp(names[which], name) != 0)
        which++;
    *known = which < 6;
    if (!*known || !one_value(r))
        return !*known;
    switch (which) {
    case 0:
        return span_value(r, &s->interval);
    case 1:
        return watch_jitter(r->word[1].text, &s->jitter) ||
               fail_at(r, 1, "not a share of the interval", "0% to 50%");
    case 2:
        return rounds_value(r, &s->policy.tolerate_rounds);
    case 3:
        return hours_value(r, &s->policy.tolerate_ms);
    case 4:
        return hours_value(r, &s->policy.pending_ms);
    default:
        return began_value(r, &s->began);
    }
}

static bool set_provider(reader_t *r, char **provider)
{
    const char *parameter = NULL;
    if (!one_value(r))
        return false;
    if (provider_find(r->c->providers, r->word[1].text, &parameter) == NULL)
        return fail_at(r, 1, "no such provider", "nsprobe watch --provider list shows them");
    char *copy = strdup(r->word[1].text);
    if (copy == NULL)
        return out_of_memory(r);
    free(*provider);
    *provider = copy;
    return true;
}

static void block_clear(block_t *b)
{
    for (size_t i = 0; i < b->token_count; i++)
        free(b->token[i].text);
    free(b->provider);
    expectations_free(&b->expect);
    memset(b, 0, sizeof *b);
}

static bool add_tokens(reader_t *r, size_t first, size_t end)
{
    block_t *b = &r->block;
    for (size_t i = first; i < end; i++) {
        if (b->token_count == TOKENS_MAX)
            return fail_at(r, i, "too many tokens for one domain", "at most 256");
        char *copy = strdup(r->word[i].text);
        if (copy == NULL)
            return out_of_memory(r);
        b->token[b->token_count++] =
            (token_t){.text = copy, .line = r->line, .column = r->word[i].column};
    }
    return true;
}

static bool begin_block(reader_t *r)
{
    block_t *b = &r->block;
    char err[200] = "";
    bool open = r->count > 2 && strcmp(r->word[r->count - 1].text, "{") == 0;
    if (r->count < 2)
        return fail(r, r->line, r->word[0].column, "which domain? as: domain example.com TOKEN...");
    memset(b, 0, sizeof *b);
    expectations_init(&b->expect);
    b->line = r->line;
    b->column = r->word[1].column;
    b->settings = r->settings;
    b->open = open;
    if (!r->c->name(r->word[1].text, &b->domain, err))
        return fail(r, r->line, r->word[1].column, "domain '%.60s': %s", r->word[1].text, err);
    return add_tokens(r, 2, open ? r->count - 1 : r->count);
}

/* What the provider wants for the tokens of the block. */
static bool expand_tokens(reader_t *r)
{
    block_t *b = &r->block;
    char err[EXPECT_ERROR_MAX] = "";
    const char *parameter = "";
    const char *name = b->provider_given ? b->provider : r->provider;
    const provider_t *p = provider_find(r->c->providers, name, &parameter);
    if (p == NULL)
        return fail(r, b->line, b->column, "no provider '%s'", name);
    /* one that wants the same of every domain, be it named here or for all domains */
    if (b->token_count == 0 && !provider_takes_token(p) &&
        !expect_add_token(&b->expect, p, parameter, &b->domain, NULL, err))
        return b->provider_given ? fail(r, b->provider_line, b->provider_column, "%s", err)
                                 : fail(r, b->line, b->column, "%s", err);
    for (size_t i = 0; i < b->token_count; i++)
        if (!expect_add_token(&b->expect, p, parameter, &b->domain, b->token[i].text, err))
            return fail(r, b->token[i].line, b->token[i].column, "%s", err);
    return true;
}

static bool end_block(reader_t *r)
{
    block_t *b = &r->block;
    if (!expand_tokens(r))
        return false;
    if (b->expect.count == 0)
        return fail(r, b->line, b->column,
                    "nothing is expected of this domain; give tokens, 'expect FILE' or 'record "
                    "NAME TYPE RDATA'");
    if (!watch_targets_add(r->targets, &b->domain, &b->settings, &b->expect))
        return out_of_memory(r);
    r->targets->item[r->targets->count - 1].line = b->line;
    block_clear(b);
    return true;
}

/* A path as the configuration's folder sees it. The caller frees it. */
static char *path_beside(const char *config, const char *path)
{
    const char *slash = strrchr(config, '/');
    char *out = NULL;
    if (path[0] == '/' || slash == NULL)
        return strdup(path);
    return asprintf(&out, "%.*s/%s", (int)(slash - config), config, path) > 0 ? out : NULL;
}

/* The text of a file; NULL with errno set. */
static char *file_text(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rbe");
    char *text = NULL;
    size_t cap = 0;
    size_t n = 0;
    if (f == NULL)
        return NULL;
    for (;;) {
        if (n == cap) {
            cap = cap == 0 ? 8192 : cap * 2;
            char *grown = cap <= FILE_MAX ? realloc(text, cap) : NULL;
            if (grown == NULL)
                break;
            text = grown;
        }
        size_t got = fread(text + n, 1, cap - n, f);
        n += got;
        if (got == 0 && !ferror(f)) {
            fclose(f);
            *size = n;
            return text;
        }
        if (got == 0)
            break;
    }
    int kept = ferror(f) ? errno : EFBIG;
    fclose(f);
    free(text);
    errno = kept;
    return NULL;
}

static bool add_file(reader_t *r)
{
    char err[EXPECT_ERROR_MAX] = "";
    size_t size = 0;
    if (!one_value(r))
        return false;
    char *path = path_beside(r->c->path, r->word[1].text);
    if (path == NULL)
        return out_of_memory(r);
    char *text = file_text(path, &size);
    bool good = text != NULL;
    if (!good)
        fail(r, r->line, r->word[1].column, "%.300s: %s", path, strerror(errno));
    if (good && !expect_add_text(&r->block.expect, text, size, &r->block.domain, path, err))
        good = fail(r, r->line, r->word[1].column, "%s", err);
    free(text);
    free(path);
    return good;
}

/* A record takes the line as it is, '#' and quotes included: they may belong to it. */
static bool add_record(reader_t *r, const char *line, size_t size)
{
    char err[EXPECT_ERROR_MAX] = "";
    char where[64];
    size_t at = r->word[0].column - 1 + strlen("record");
    while (at < size && blank(line[at]))
        at++;
    while (size > at && blank(line[size - 1]))
        size--;
    snprintf(where, sizeof where, "line %u", r->line);
    if (expect_add_line(&r->block.expect, line + at, size - at, &r->block.domain, where, err))
        return true;
    return fail(r, r->line, (unsigned)at + 1, "%s", err);
}

static bool line_in_block(reader_t *r)
{
    block_t *b = &r->block;
    const char *name = r->word[0].text;
    bool known = false;
    bool good = setting(r, &b->settings, &known);
    if (known)
        return good;
    if (strcmp(name, "}") == 0 && r->count == 1)
        return end_block(r);
    if (strcmp(name, "token") == 0)
        return r->count > 1 ? add_tokens(r, 1, r->count) : one_value(r);
    if (strcmp(name, "expect") == 0)
        return add_file(r);
    if (strcmp(name, "provider") == 0) {
        b->provider_given = true;
        b->provider_line = r->line;
        b->provider_column = r->word[0].column;
        return set_provider(r, &b->provider);
    }
    return fail_at(r, 0, "not known inside of a domain",
                   "token, provider, expect, record, interval, jitter, tolerate-rounds, "
                   "tolerate-hours, pending-hours, began or }");
}

static bool line_outside(reader_t *r)
{
    const char *name = r->word[0].text;
    bool known = false;
    bool good = setting(r, &r->settings, &known);
    if (known)
        return good;
    if (strcmp(name, "provider") == 0)
        return set_provider(r, &r->provider);
    if (strcmp(name, "domain") == 0) {
        if (!begin_block(r))
            return false;
        return r->block.open || end_block(r);
    }
    return fail_at(r, 0, "not known here",
                   "domain, provider, interval, jitter, tolerate-rounds, tolerate-hours, "
                   "pending-hours or began");
}

static bool read_line(reader_t *r, const char *line, size_t size)
{
    const char *nul = memchr(line, '\0', size);
    if (nul != NULL)
        return fail(r, r->line, (unsigned)(nul - line) + 1, "a NUL octet; this is not text");
    r->copy = strndup(line, size);
    if (r->copy == NULL)
        return out_of_memory(r);
    bool record = r->block.open && size > 0;
    bool good = true;
    if (record) {
        size_t at = strspn(r->copy, " \t");
        record = strncmp(r->copy + at, "record", 6) == 0 && blank(r->copy[at + 6]);
        r->word[0] = (word_t){.text = r->copy + at, .column = (unsigned)at + 1};
        r->count = 1;
    }
    if (record)
        good = add_record(r, line, size);
    else
        good =
            cut_words(r) && (r->count == 0 || (r->block.open ? line_in_block(r) : line_outside(r)));
    free(r->copy);
    r->copy = NULL;
    return good;
}

static bool read_all(reader_t *r, const char *text, size_t size)
{
    size_t at = 0;
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t n = end != NULL ? (size_t)(end - (text + at)) : size - at;
        r->line++;
        if (!read_line(r, text + at, n))
            return false;
        at += n + 1;
    }
    if (r->block.open)
        return fail(r, r->block.line, r->block.column, "this domain's '{' is not closed by '}'");
    size_t first = 0;
    size_t second = 0;
    if (watch_targets_twice(r->targets, &first, &second))
        return fail(r, r->targets->item[second].line, 1,
                    "domain '%.200s' is there already, on line %u; once is enough",
                    r->targets->item[second].name, r->targets->item[first].line);
    return true;
}

bool config_read(const config_context_t *c, const char *text, size_t size, watch_targets_t *t,
                 config_error_t *err)
{
    reader_t *r = calloc(1, sizeof *r);
    memset(err, 0, sizeof *err);
    if (r == NULL) {
        snprintf(err->text, sizeof err->text, "out of memory");
        return false;
    }
    r->c = c;
    r->targets = t;
    r->err = err;
    r->settings = c->settings;
    r->provider = strdup(c->provider);
    expectations_init(&r->block.expect);
    bool good = r->provider != NULL ? read_all(r, text, size) : out_of_memory(r);
    block_clear(&r->block);
    free(r->provider);
    free(r);
    return good;
}
