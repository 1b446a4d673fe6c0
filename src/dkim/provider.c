#include "dkim/provider.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dkim/provider_table.h"
#include "dkim/template.h"
#include "proto/nsproto.h"

#define PROVIDERS_MAX    512
#define GROUPS_MAX       16 /* of one provider */
#define RECORDS_MAX      16 /* of one group */
#define NAME_MAX_OCTETS  32
#define LINE_MAX_OCTETS  1000
#define PATTERNS_MAX_LEN 2000

/* Records for some parameters: those that match a pattern, or, in the first group, those for which
 * no other group is meant. */
typedef struct group {
    char *patterns; /* separated by single spaces; NULL in the first group */
    size_t count;
    provider_record_t record[RECORDS_MAX];
} group_t;

struct provider {
    char *name;
    char *title;
    char *token;     /* what a token is; NULL when it takes none */
    char *parameter; /* what the parameter is; NULL when it takes none */
    size_t groups;
    group_t *group;
};

struct providers {
    size_t count;
    size_t cap;
    provider_t **item; /* pointers, so that what provider_find gave stays */
};

/* A text while it is read. */
typedef struct parser {
    providers_t *into;
    provider_t *now; /* the entry that lines belong to */
    const char *where;
    char *err;
    uint32_t line;
} parser_t;

/* One line without the blanks around it: KEY and the rest. */
typedef struct line {
    const char *key;
    size_t key_len;
    const char *rest;
    size_t rest_len;
    uint32_t key_column;
    uint32_t rest_column;
} line_t;

__attribute__((format(printf, 3, 4))) static bool fail(parser_t *p, uint32_t column,
                                                       const char *format, ...)
{
    va_list args;
    int n = snprintf(p->err, PROVIDER_ERROR_MAX, "%.200s:%u:%u: ", p->where, p->line, column);
    va_start(args, format);
    if (n > 0 && n < PROVIDER_ERROR_MAX)
        vsnprintf(p->err + n, (size_t)(PROVIDER_ERROR_MAX - n), format, args);
    va_end(args);
    return false;
}

static bool no_memory(parser_t *p)
{
    return fail(p, 1, "out of memory");
}

static char *copy(const char *text, size_t len)
{
    char *out = malloc(len + 1);
    if (out == NULL)
        return NULL;
    memcpy(out, text, len);
    out[len] = '\0';
    return out;
}

static void group_free(group_t *g)
{
    free(g->patterns);
    for (size_t i = 0; i < g->count; i++)
        free((char *)g->record[i].owner); /* one block holds all three */
}

static void provider_free(provider_t *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->groups; i++)
        group_free(&p->group[i]);
    free(p->group);
    free(p->name);
    free(p->title);
    free(p->token);
    free(p->parameter);
    free(p);
}

void providers_free(providers_t *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        provider_free(p->item[i]);
    free(p->item);
    free(p);
}

static provider_t **find_name(const providers_t *p, const char *name, size_t len)
{
    for (size_t i = 0; i < p->count; i++)
        if (strlen(p->item[i]->name) == len && strncasecmp(p->item[i]->name, name, len) == 0)
            return &p->item[i];
    return NULL;
}

/* Takes the provider over; an older one of the same name is freed. */
static bool put(providers_t *p, provider_t *item)
{
    provider_t **same = find_name(p, item->name, strlen(item->name));
    if (same != NULL) {
        provider_free(*same);
        *same = item;
        return true;
    }
    if (p->count == p->cap) {
        size_t cap = p->cap > 0 ? 2 * p->cap : 32;
        provider_t **bigger = realloc(p->item, cap * sizeof(provider_t *));
        if (bigger == NULL)
            return false;
        p->item = bigger;
        p->cap = cap;
    }
    p->item[p->count++] = item;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The first word of text and where the next one begins. */
static size_t word_length(const char *text, size_t len, size_t *next)
{
    size_t n = 0;
    while (n < len && !is_blank(text[n]))
        n++;
    *next = n;
    while (*next < len && is_blank(text[*next]))
        (*next)++;
    return n;
}

static line_t split_line(const char *text, size_t len)
{
    size_t start = 0;
    while (start < len && is_blank(text[start]))
        start++;
    while (len > start && is_blank(text[len - 1]))
        len--;
    size_t next = 0;
    size_t key_len = word_length(text + start, len - start, &next);
    line_t l = {text + start,        key_len,
                text + start + next, len - start - next,
                (uint32_t)start + 1, (uint32_t)(start + next) + 1};
    return l;
}

/* Names become words of the command line: letters, digits, dots and hyphens. */
static bool good_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!good)
            return false;
    }
    return len > 0 && len <= NAME_MAX_OCTETS;
}

static bool begin_provider(parser_t *p, const line_t *l)
{
    size_t next = 0;
    size_t n = word_length(l->rest, l->rest_len, &next);
    if (!good_name(l->rest, n))
        return fail(p, l->rest_column,
                    "provider takes a name of at most %d lower-case letters, digits, dots and "
                    "hyphens, and a title",
                    NAME_MAX_OCTETS);
    if (next == l->rest_len)
        return fail(p, l->rest_column, "a title is missing behind the provider's name");
    if (find_name(p->into, l->rest, n) != NULL)
        return fail(p, l->rest_column, "provider %.*s stands there twice", (int)n, l->rest);
    if (p->into->count == PROVIDERS_MAX)
        return fail(p, l->rest_column, "more than %d providers", PROVIDERS_MAX);
    provider_t *item = calloc(1, sizeof *item);
    if (item == NULL)
        return no_memory(p);
    item->name = copy(l->rest, n);
    item->title = copy(l->rest + next, l->rest_len - next);
    item->group = calloc(1, sizeof *item->group);
    item->groups = item->group != NULL ? 1 : 0;
    if (item->name == NULL || item->title == NULL || item->group == NULL || !put(p->into, item)) {
        provider_free(item);
        return no_memory(p);
    }
    p->now = item;
    return true;
}

/* A sentence about the token or the parameter; it also says that there is one. */
static bool set_text(parser_t *p, char **field, const line_t *l)
{
    if (*field != NULL)
        return fail(p, l->key_column, "%.*s stands there twice", (int)l->key_len, l->key);
    if (l->rest_len == 0)
        return fail(p, l->key_column, "%.*s takes a text that says what it is", (int)l->key_len,
                    l->key);
    *field = copy(l->rest, l->rest_len);
    return *field != NULL || no_memory(p);
}

/* for PATTERN...: the records that follow are for these parameters. Lines of it add up. */
static bool read_for(parser_t *p, const line_t *l)
{
    provider_t *now = p->now;
    group_t *g = &now->group[now->groups - 1];
    if (now->parameter == NULL)
        return fail(p, l->key_column, "for needs a line above it that says what the parameter is");
    if (l->rest_len == 0)
        return fail(p, l->key_column, "for takes parameters, or patterns with * in them");
    if (now->groups == 1 || g->count > 0) {
        if (now->groups == GROUPS_MAX)
            return fail(p, l->key_column, "more than %d groups of records", GROUPS_MAX);
        group_t *bigger = realloc(now->group, (now->groups + 1) * sizeof *bigger);
        if (bigger == NULL)
            return no_memory(p);
        now->group = bigger;
        g = &now->group[now->groups++];
        memset(g, 0, sizeof *g);
    }
    size_t old = g->patterns != NULL ? strlen(g->patterns) : 0;
    if (old + l->rest_len + 2 > PATTERNS_MAX_LEN)
        return fail(p, l->rest_column, "more than %d characters of parameters", PATTERNS_MAX_LEN);
    char *longer = realloc(g->patterns, old + l->rest_len + 2);
    if (longer == NULL)
        return no_memory(p);
    g->patterns = longer;
    snprintf(longer + old, l->rest_len + 2, "%s%.*s", old > 0 ? " " : "", (int)l->rest_len,
             l->rest);
    return true;
}

/* Owner, type and RDATA as one block of three texts. */
static bool add_record(parser_t *p, group_t *g, const line_t *l, size_t owner_len, size_t type_at,
                       size_t type_len, size_t rdata_at)
{
    size_t rdata_len = l->rest_len - rdata_at;
    char *block = malloc(owner_len + type_len + rdata_len + 3);
    if (block == NULL)
        return no_memory(p);
    provider_record_t *r = &g->record[g->count++];
    r->owner = block;
    r->type = block + owner_len + 1;
    r->rdata = block + owner_len + type_len + 2;
    memcpy(block, l->rest, owner_len);
    block[owner_len] = '\0';
    memcpy(block + owner_len + 1, l->rest + type_at, type_len);
    block[owner_len + 1 + type_len] = '\0';
    memcpy(block + owner_len + type_len + 2, l->rest + rdata_at, rdata_len);
    block[owner_len + type_len + 2 + rdata_len] = '\0';
    return true;
}

/* Whether the variables of a record are known, and stand where they may. */
static bool check_record(parser_t *p, const provider_record_t *r, uint32_t owner_column,
                         uint32_t rdata_column)
{
    const provider_t *now = p->now;
    size_t bad = 0;
    unsigned in_owner = 0;
    unsigned in_rdata = 0;
    if (!template_check(r->owner, &in_owner, &bad))
        return fail(p, owner_column + (uint32_t)bad, TEMPLATE_UNKNOWN);
    if (!template_check(r->rdata, &in_rdata, &bad))
        return fail(p, rdata_column + (uint32_t)bad, TEMPLATE_UNKNOWN);
    if ((in_owner & TEMPLATE_TEXT) != 0)
        return fail(p, owner_column, "{text} may only be the RDATA of a TXT record");
    if ((in_rdata & TEMPLATE_TEXT) != 0 &&
        (strcmp(r->rdata, "{text}") != 0 || strcasecmp(r->type, "TXT") != 0))
        return fail(p, rdata_column, "{text} may only be the whole RDATA of a TXT record");
    if (((in_owner | in_rdata) & (TEMPLATE_TOKEN | TEMPLATE_TEXT)) != 0 && now->token == NULL)
        return fail(p, owner_column, "a line above it must say what the token is");
    if (((in_owner | in_rdata) & TEMPLATE_PARAMETER) != 0 && now->parameter == NULL)
        return fail(p, owner_column, "a line above it must say what the parameter is");
    return true;
}

static bool read_record(parser_t *p, const line_t *l)
{
    group_t *g = &p->now->group[p->now->groups - 1];
    size_t next = 0;
    size_t owner_len = word_length(l->rest, l->rest_len, &next);
    size_t type_at = next;
    size_t type_len = word_length(l->rest + type_at, l->rest_len - type_at, &next);
    size_t rdata_at = type_at + next;
    uint16_t type = 0;
    if (owner_len == 0 || type_len == 0 || rdata_at >= l->rest_len)
        return fail(p, l->rest_column, "record takes an owner, a type and RDATA");
    if (nsp_type_from_text(l->rest + type_at, type_len, &type) != NSP_OK)
        return fail(p, l->rest_column + (uint32_t)type_at, "%.*s is not an RR type",
                    (int)(type_len < 40 ? type_len : 40), l->rest + type_at);
    if (g->count == RECORDS_MAX)
        return fail(p, l->key_column, "more than %d records", RECORDS_MAX);
    return add_record(p, g, l, owner_len, type_at, type_len, rdata_at) &&
           check_record(p, &g->record[g->count - 1], l->rest_column,
                        l->rest_column + (uint32_t)rdata_at);
}

static bool key_is(const line_t *l, const char *word)
{
    return strlen(word) == l->key_len && memcmp(word, l->key, l->key_len) == 0;
}

static bool read_line(parser_t *p, const char *text, size_t len)
{
    line_t l = split_line(text, len);
    if (l.key_len == 0 || l.key[0] == '#')
        return true;
    if (len > LINE_MAX_OCTETS)
        return fail(p, LINE_MAX_OCTETS, "a line is longer than %d characters", LINE_MAX_OCTETS);
    if (memchr(text, '\0', len) != NULL)
        return fail(p, 1, "a line with a NUL in it: this is no text");
    if (key_is(&l, "provider"))
        return begin_provider(p, &l);
    if (p->now == NULL)
        return fail(p, l.key_column, "a line \"provider NAME TITLE\" must come first");
    if (key_is(&l, "token"))
        return set_text(p, &p->now->token, &l);
    if (key_is(&l, "parameter"))
        return set_text(p, &p->now->parameter, &l);
    if (key_is(&l, "for"))
        return read_for(p, &l);
    if (key_is(&l, "record"))
        return read_record(p, &l);
    if (key_is(&l, "source"))
        return true; /* for people who read the file */
    return fail(p, l.key_column,
                "%.*s is not known; a line begins with provider, source, token, parameter, for or "
                "record",
                (int)(l.key_len < 40 ? l.key_len : 40), l.key);
}

/* An entry without records would verify nothing, and everything would match. */
static bool check_complete(parser_t *p)
{
    for (size_t i = 0; i < p->into->count; i++) {
        const provider_t *item = p->into->item[i];
        size_t records = 0;
        for (size_t g = 0; g < item->groups; g++) {
            records += item->group[g].count;
            if (g > 0 && item->group[g].count == 0)
                return fail(p, 1, "provider %s: no record follows the last for", item->name);
        }
        if (records == 0)
            return fail(p, 1, "provider %s has no record", item->name);
    }
    return true;
}

static bool read_text(parser_t *p, const char *text, size_t len)
{
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end != NULL ? (size_t)(end - text) : len;
        size_t step = end != NULL ? n + 1 : n;
        p->line++;
        if (!read_line(p, text, n))
            return false;
        text += step;
        len -= step;
    }
    return check_complete(p);
}

bool providers_add(providers_t *p, const char *text, size_t len, const char *where,
                   char err[PROVIDER_ERROR_MAX])
{
    providers_t fresh = {0};
    parser_t parser = {.into = &fresh, .where = where, .err = err};
    err[0] = '\0';
    bool good = read_text(&parser, text, len);
    size_t moved = 0;
    while (good && moved < fresh.count) {
        good = put(p, fresh.item[moved]);
        if (good)
            moved++;
        else
            no_memory(&parser);
    }
    for (size_t i = moved; i < fresh.count; i++)
        provider_free(fresh.item[i]);
    free(fresh.item);
    return good;
}

providers_t *providers_new(void)
{
    char err[PROVIDER_ERROR_MAX];
    providers_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    if (!providers_add(p, (const char *)provider_table, provider_table_size, "providers.conf",
                       err)) {
        providers_free(p);
        return NULL;
    }
    return p;
}

const provider_t *provider_find(const providers_t *p, const char *text, const char **parameter)
{
    const char *colon = strchr(text, ':');
    provider_t **found = find_name(p, text, colon != NULL ? (size_t)(colon - text) : strlen(text));
    *parameter = colon != NULL ? colon + 1 : "";
    return found != NULL ? *found : NULL;
}

const char *provider_name(const providers_t *p, size_t i)
{
    return i < p->count ? p->item[i]->name : NULL;
}

const char *provider_title(const providers_t *p, size_t i)
{
    return i < p->count ? p->item[i]->title : NULL;
}

bool provider_takes_token(const provider_t *p)
{
    return p->token != NULL;
}

const char *provider_name_of(const provider_t *p)
{
    return p->name;
}

const char *provider_token_text(const provider_t *p)
{
    return p->token;
}

const char *provider_parameter_text(const provider_t *p)
{
    return p->parameter;
}

/* Whether a word with any number of * matches, without regard to case. */
static bool matches(const char *pattern, size_t n, const char *text)
{
    size_t i = 0;
    size_t star = n; /* of the last * */
    const char *retry = text;
    while (*text != '\0') {
        if (i < n && pattern[i] == '*') {
            star = i++;
            retry = text;
        } else if (i < n && (pattern[i] | 32) == (*text | 32)) {
            i++;
            text++;
        } else if (star < n) {
            i = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (i < n && pattern[i] == '*')
        i++;
    return i == n;
}

static bool group_is_for(const group_t *g, const char *parameter)
{
    size_t left = g->patterns != NULL ? strlen(g->patterns) : 0;
    const char *at = g->patterns;
    while (left > 0) {
        size_t next = 0;
        size_t n = word_length(at, left, &next);
        if (matches(at, n, parameter))
            return true;
        at += next;
        left -= next;
    }
    return false;
}

/* Whether the first group is for any parameter: its templates mention it. */
static bool takes_any(const group_t *g)
{
    unsigned used = 0;
    size_t bad = 0;
    for (size_t i = 0; i < g->count; i++) {
        unsigned vars = 0;
        (void)template_check(g->record[i].owner, &vars, &bad);
        used |= vars;
        (void)template_check(g->record[i].rdata, &vars, &bad);
        used |= vars;
    }
    return (used & TEMPLATE_PARAMETER) != 0;
}

static const provider_record_t *refuse(const provider_t *p, const char *parameter,
                                       char err[PROVIDER_ERROR_MAX])
{
    if (p->parameter == NULL)
        snprintf(err, PROVIDER_ERROR_MAX, "provider %s takes nothing behind a colon", p->name);
    else if (parameter[0] == '\0')
        snprintf(err, PROVIDER_ERROR_MAX, "provider %s needs a parameter: %s", p->name,
                 p->parameter);
    else
        snprintf(err, PROVIDER_ERROR_MAX, "provider %s does not know %.80s; it takes: %s", p->name,
                 parameter, p->parameter);
    return NULL;
}

const provider_record_t *provider_records(const provider_t *p, const char *parameter, size_t *count,
                                          char err[PROVIDER_ERROR_MAX])
{
    const group_t *found = NULL;
    const group_t *first = p->group;
    *count = 0;
    for (size_t i = 1; i < p->groups && found == NULL && parameter[0] != '\0'; i++)
        if (group_is_for(&p->group[i], parameter))
            found = &p->group[i];
    if (found == NULL && first != NULL && first->count > 0 &&
        takes_any(first) == (parameter[0] != '\0'))
        found = first;
    if (found == NULL)
        return refuse(p, parameter, err);
    *count = found->count;
    return found->record;
}
