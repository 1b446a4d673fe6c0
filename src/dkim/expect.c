#include "dkim/expect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dkim/expect_parts.h"
#include "dkim/key.h"
#include "dkim/view.h"

void expectations_init(expectations_t *e)
{
    memset(e, 0, sizeof *e);
}

void expectation_clear(expectation_t *e)
{
    free(e->rdata);
    free(e->origin);
    memset(e, 0, sizeof *e);
}

void expectations_free(expectations_t *e)
{
    for (size_t i = 0; i < e->count; i++)
        expectation_clear(&e->item[i]);
    free(e->item);
    expectations_init(e);
}

const char *expect_odd_text(unsigned bit)
{
    switch (bit) {
    case EXPECT_ODD_QUOTES:
        return "quotation marks or typographic dashes";
    case EXPECT_ODD_INVISIBLE:
        return "invisible characters";
    case EXPECT_ODD_BLANKS:
        return "blanks or line breaks around or inside of a value";
    case EXPECT_ODD_RELATIVE:
        return "names without their final dot, taken as whole names";
    case EXPECT_ODD_ENTIRE:
        return "whole names where tokens were expected";
    case EXPECT_ODD_ESCAPES:
        return "backslashes of a zone file";
    default:
        return "";
    }
}

bool expect_fail(const expect_source_t *s, size_t at, const char *format, ...)
{
    va_list args;
    uint32_t line = 1;
    uint32_t column = 1;
    clean_place(s->clean, at, &line, &column);
    int n = s->lines
                ? snprintf(s->err, EXPECT_ERROR_MAX, "%.200s:%u:%u: ", s->where, s->before + line,
                           column)
                : snprintf(s->err, EXPECT_ERROR_MAX, "%.200s: character %u: ", s->where, column);
    va_start(args, format);
    if (n > 0 && n < EXPECT_ERROR_MAX)
        vsnprintf(s->err + n, (size_t)(EXPECT_ERROR_MAX - n), format, args);
    va_end(args);
    return false;
}

bool expect_set_origin(const expect_source_t *s, size_t at, expectation_t *out)
{
    char text[300];
    uint32_t line = 1;
    uint32_t column = 1;
    clean_place(s->clean, at, &line, &column);
    if (s->lines)
        snprintf(text, sizeof text, "%.200s:%u", s->where, s->before + line);
    else
        snprintf(text, sizeof text, "%.200s", s->where);
    out->origin = strdup(text);
    return out->origin != NULL || expect_fail(s, at, "out of memory");
}

static bool same(const expectation_t *a, const expectation_t *b)
{
    return a->type == b->type && a->rdlen == b->rdlen && a->any_key == b->any_key &&
           (a->rdlen == 0 || memcmp(a->rdata, b->rdata, a->rdlen) == 0) &&
           nsp_name_equal(&a->owner, &b->owner);
}

bool expect_put(expectations_t *e, expectation_t *item, const expect_source_t *s)
{
    for (size_t i = 0; i < e->count; i++) {
        if (same(&e->item[i], item)) {
            e->item[i].odd |= item->odd;
            expectation_clear(item);
            return true;
        }
    }
    if (e->count == EXPECT_MAX) {
        snprintf(s->err, EXPECT_ERROR_MAX, "%.200s: more than %d records", s->where, EXPECT_MAX);
        return false;
    }
    if (e->count == e->cap) {
        size_t cap = e->cap > 0 ? 2 * e->cap : 8;
        expectation_t *bigger = realloc(e->item, cap * sizeof *bigger);
        if (bigger == NULL) {
            snprintf(s->err, EXPECT_ERROR_MAX, "%.200s: out of memory", s->where);
            return false;
        }
        e->item = bigger;
        e->cap = cap;
    }
    e->item[e->count++] = *item;
    memset(item, 0, sizeof *item);
    return true;
}

bool expect_move(expectations_t *to, expectations_t *from, const expect_source_t *s)
{
    size_t before = to->count;
    bool good = true;
    for (size_t i = 0; i < from->count && good; i++)
        good = expect_put(to, &from->item[i], s);
    while (!good && to->count > before)
        expectation_clear(&to->item[--to->count]);
    expectations_free(from);
    return good;
}

/* A text that was put right, as a source of expectations. */
static bool open_source(expect_source_t *s, clean_text_t *clean, const char *text, size_t len)
{
    clean_err_t err = clean_text(clean, text, len);
    s->clean = clean;
    if (err == CLEAN_OK)
        return true;
    snprintf(s->err, EXPECT_ERROR_MAX, "%.200s: %s", s->where, clean_err_text(err));
    return false;
}

bool expect_add_text(expectations_t *e, const char *text, size_t len, const nsp_name_t *base,
                     const char *where, char err[EXPECT_ERROR_MAX])
{
    clean_text_t clean;
    expectations_t fresh;
    expect_source_t s = {NULL, where, true, base, err, 0};
    err[0] = '\0';
    expectations_init(&fresh);
    bool good = open_source(&s, &clean, text, len);
    if (good)
        good = expect_is_csv(&clean) ? expect_read_csv(&s, &fresh) : expect_read_zone(&s, &fresh);
    if (good && fresh.count == 0) {
        snprintf(err, EXPECT_ERROR_MAX,
                 "%.200s: no record in it; zone text is accepted, and CSV whose first line names "
                 "the columns Name, Type and Value",
                 where);
        good = false;
    }
    good = good && expect_move(e, &fresh, &s);
    expectations_free(&fresh);
    clean_free(&clean);
    return good;
}

/* The word at from, and the blanks behind it stepped over. */
static expect_span_t take_word(const clean_text_t *c, size_t *from)
{
    expect_span_t w = {c->text + *from, 0, *from};
    while (*from < c->len && !strchr(" \t\r\n", c->text[*from])) {
        w.len++;
        (*from)++;
    }
    while (*from < c->len && strchr(" \t\r\n", c->text[*from]))
        (*from)++;
    return w;
}

/* NAME [TTL] [class] TYPE RDATA. */
static bool read_line(const expect_source_t *s, expectation_t *out)
{
    const clean_text_t *c = s->clean;
    expect_fields_t f = {.odd = clean_odd(c, 0, c->len + 1)};
    size_t from = 0;
    uint16_t rclass = 0;
    uint16_t type = 0;
    uint32_t ttl = 0;
    while (from < c->len && strchr(" \t\r\n", c->text[from]))
        from++;
    f.owner = take_word(c, &from);
    f.type = take_word(c, &from);
    for (int i = 0; i < 2 && nsp_type_from_text(f.type.text, f.type.len, &type) != NSP_OK; i++) {
        bool passed = nsp_ttl_from_text(f.type.text, f.type.len, &ttl) == NSP_OK ||
                      nsp_class_from_text(f.type.text, f.type.len, &rclass) == NSP_OK;
        if (!passed)
            break;
        if (rclass != 0 && rclass != NSP_CLASS_IN)
            return expect_fail(s, f.type.at, "only class IN is verified");
        f.type = take_word(c, &from);
    }
    f.value.text = c->text + from;
    f.value.at = from;
    f.value.len = c->len - from;
    return expect_read_fields(s, &f, out);
}

bool expect_add_line(expectations_t *e, const char *text, size_t len, const nsp_name_t *base,
                     const char *where, char err[EXPECT_ERROR_MAX])
{
    clean_text_t clean;
    expectation_t item = {0};
    expect_source_t s = {NULL, where, false, base, err, 0};
    err[0] = '\0';
    bool good =
        open_source(&s, &clean, text, len) && read_line(&s, &item) && expect_put(e, &item, &s);
    expectation_clear(&item);
    clean_free(&clean);
    return good;
}

/* The octets of a TXT's strings, joined as they are compared. len octets of rdata are turned into
 * the joined text in place. */
static size_t join_strings(uint8_t *rdata, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        size_t string = rdata[i];
        if (string > len - i - 1)
            string = len - i - 1;
        memmove(rdata + n, rdata + i + 1, string);
        n += string;
        i += string + 1;
    }
    return n;
}

static bool met_txt(const expectation_t *e, uint8_t *found, size_t len)
{
    dkim_key_t key;
    size_t n = join_strings(found, len);
    if (e->any_key) {
        (void)dkim_key_read(found, n, &key);
        return key.is_dkim;
    }
    uint8_t *wanted = malloc(e->rdlen > 0 ? e->rdlen : 1);
    if (wanted == NULL)
        return false;
    if (e->rdlen > 0)
        memcpy(wanted, e->rdata, e->rdlen);
    bool met = join_strings(wanted, e->rdlen) == n && memcmp(wanted, found, n) == 0;
    free(wanted);
    return met;
}

/* Names whose case canonical form keeps (RFC 4034 6.2 names the types where it does not). */
static bool met_fields(const nsp_msg_t *a, const nsp_rr_t *x, const nsp_msg_t *b, const nsp_rr_t *y)
{
    nsp_rdata_t i;
    nsp_rdata_t k;
    nsp_field_t f;
    nsp_field_t g;
    nsp_rdata_begin(&i, a, x);
    nsp_rdata_begin(&k, b, y);
    for (;;) {
        bool more = nsp_rdata_next(&i, &f);
        if (nsp_rdata_next(&k, &g) != more)
            return false;
        if (!more)
            return i.r.err == NSP_OK && k.r.err == NSP_OK;
        bool name = f.desc->kind == NSP_F_NAME || f.desc->kind == NSP_F_NAME_NC;
        bool equal =
            name ? nsp_name_equal(&f.name, &g.name)
                 : f.size == g.size && memcmp(a->wire + f.offset, b->wire + g.offset, f.size) == 0;
        if (!equal)
            return false;
    }
}

bool expectation_met(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    uint8_t found[UINT16_MAX];
    nsp_err_t err = NSP_OK;
    record_view_t v;
    if (rr->type != e->type || rr->rclass != NSP_CLASS_IN || !nsp_rr_owner_is(m, rr, &e->owner))
        return false;
    size_t n = nsp_rdata_canonical(m, rr, found, sizeof found, &err);
    if (err != NSP_OK)
        return false;
    if (e->type == NSP_TYPE_TXT || e->type == NSP_TYPE_SPF)
        return met_txt(e, found, n);
    if (n != e->rdlen)
        return false;
    if (n == 0 || memcmp(found, e->rdata, n) == 0)
        return true;
    if (!record_view(&v, e->type, e->rdata, e->rdlen))
        return false;
    bool met = met_fields(&v.m, &v.rr, m, rr);
    record_view_free(&v);
    return met;
}
