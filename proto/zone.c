#include "zone.h"

#include "lex.h"

void nsp_zone_begin(nsp_zone_reader_t *z, const char *text, size_t len, const nsp_name_t *origin)
{
    memset(z, 0, sizeof *z);
    z->text = text;
    z->len = len;
    z->line = 1;
    if (origin != NULL) {
        z->origin = *origin;
        z->has_origin = true;
    }
}

static void set_place(nsp_zone_reader_t *z, size_t at)
{
    /* pos only moves forward, so that lines are counted once */
    size_t line_start = z->line_start;
    uint32_t line = z->line;
    for (size_t i = line_start; i < at && i < z->len; i++) {
        if (z->text[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    z->err_at.line = line;
    z->err_at.column = (uint32_t)(at - line_start + 1);
}

static void advance(nsp_zone_reader_t *z, size_t pos)
{
    for (size_t i = z->pos; i < pos && i < z->len; i++) {
        if (z->text[i] == '\n') {
            z->line++;
            z->line_start = i + 1;
        }
    }
    z->pos = pos;
}

nsp_err_t nsp_ttl_from_text(const char *text, size_t len, uint32_t *out)
{
    uint64_t total = 0;
    uint64_t part = 0;
    bool digits = false;
    bool units = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            part = part * 10 + (uint64_t)(c - '0');
            digits = true;
        } else {
            static const char names[] = "smhdw";
            static const uint32_t seconds[] = {1, 60, 3600, 86400, 604800};
            const char *u = c != '\0' ? strchr(names, c >= 'A' && c <= 'Z' ? c + 32 : c) : NULL;
            if (u == NULL || !digits)
                return NSP_E_TEXT_TTL;
            total += part * seconds[u - names];
            part = 0;
            digits = false;
            units = true;
        }
        if (part > UINT32_MAX || total > UINT32_MAX)
            return NSP_E_TEXT_RANGE;
    }
    if (len == 0 || (!digits && !units))
        return NSP_E_TEXT_TTL;
    total += part;
    if (total > UINT32_MAX)
        return NSP_E_TEXT_RANGE;
    *out = (uint32_t)total;
    return NSP_OK;
}

static bool token_is(const nsp_token_t *t, const char *word)
{
    size_t n = strlen(word);
    if (t->kind != NSP_TOKEN_WORD || t->len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((t->text[i] | 32) != (word[i] | 32))
            return false;
    return true;
}

static nsp_err_t read_name(nsp_zone_reader_t *z, const nsp_token_t *t, nsp_name_t *out, size_t *at)
{
    if (t->kind != NSP_TOKEN_WORD)
        return NSP_E_TEXT_MISSING;
    size_t bad = 0;
    nsp_err_t err =
        nsp_name_from_text(t->text, t->len, z->has_origin ? &z->origin : NULL, out, &bad);
    *at = t->at + bad;
    bool absolute = t->len > 0 && t->text[t->len - 1] == '.';
    if (err == NSP_OK && !z->has_origin && !absolute)
        return NSP_E_TEXT_ORIGIN;
    return err;
}

/* $ORIGIN and $TTL (RFC 1035 5.1, RFC 2308 4). */
static nsp_err_t read_directive(nsp_zone_reader_t *z, nsp_lex_t *x, const nsp_token_t *word,
                                size_t *at)
{
    nsp_token_t value = nsp_lex_next(x);
    *at = value.at;
    nsp_err_t err;
    if (token_is(word, "$ORIGIN")) {
        nsp_name_t origin;
        err = read_name(z, &value, &origin, at);
        if (err == NSP_OK) {
            z->origin = origin;
            z->has_origin = true;
        }
    } else if (token_is(word, "$TTL")) {
        err = value.kind == NSP_TOKEN_WORD
                  ? nsp_ttl_from_text(value.text, value.len, &z->default_ttl)
                  : NSP_E_TEXT_MISSING;
        z->has_ttl = z->has_ttl || err == NSP_OK;
    } else {
        *at = word->at;
        return NSP_E_TEXT_DIRECTIVE;
    }
    if (err != NSP_OK)
        return err;
    nsp_token_t rest = nsp_lex_next(x);
    *at = rest.at;
    if (rest.kind == NSP_TOKEN_ERROR)
        return x->err;
    return rest.kind == NSP_TOKEN_NEWLINE || rest.kind == NSP_TOKEN_END ? NSP_OK : NSP_E_TEXT_EXTRA;
}

/* [TTL] [class] type or [class] [TTL] type. */
static nsp_err_t read_fixed(nsp_zone_reader_t *z, nsp_lex_t *x, nsp_zone_rr_t *out, size_t *at)
{
    bool has_ttl = false;
    bool has_class = false;
    out->rclass = NSP_CLASS_IN;
    out->ttl_given = z->has_ttl || z->has_last_ttl;
    out->ttl = z->has_ttl ? z->default_ttl : z->last_ttl;
    for (;;) {
        nsp_token_t t = nsp_lex_next(x);
        *at = t.at;
        if (t.kind == NSP_TOKEN_ERROR)
            return x->err;
        if (t.kind != NSP_TOKEN_WORD)
            return NSP_E_TEXT_MISSING;
        if (!has_ttl && t.text[0] >= '0' && t.text[0] <= '9') {
            nsp_err_t err = nsp_ttl_from_text(t.text, t.len, &out->ttl);
            if (err != NSP_OK)
                return err;
            has_ttl = true;
            out->ttl_given = true;
            z->last_ttl = out->ttl;
            z->has_last_ttl = true;
        } else if (!has_class && nsp_class_from_text(t.text, t.len, &out->rclass) == NSP_OK) {
            has_class = true;
        } else {
            return nsp_type_from_text(t.text, t.len, &out->type);
        }
    }
}

static nsp_err_t read_record(nsp_zone_reader_t *z, nsp_lex_t *x, const nsp_token_t *first,
                             nsp_zone_rr_t *out, size_t *at)
{
    *at = first->at;
    if (first->first) {
        nsp_err_t err = read_name(z, first, &z->last_owner, at);
        if (err != NSP_OK)
            return err;
        z->has_owner = true;
    } else {
        nsp_lex_put_back(x, *first);
    }
    if (!z->has_owner)
        return NSP_E_TEXT_OWNER;
    out->owner = z->last_owner;
    nsp_err_t err = read_fixed(z, x, out, at);
    if (err != NSP_OK)
        return err;
    nsp_writer_t w = nsp_writer(out->rdata, sizeof out->rdata);
    err =
        nsp_lex_rdata(x, out->type, z->has_origin ? z->origin.octets : NULL, z->origin.len, &w, at);
    out->rdlength = (uint16_t)w.pos;
    return err;
}

bool nsp_zone_next(nsp_zone_reader_t *z, nsp_zone_rr_t *out)
{
    z->err = NSP_OK;
    for (;;) {
        nsp_lex_t x = nsp_lex_begin(z->text, z->len, z->pos);
        nsp_token_t t = nsp_lex_next(&x);
        size_t at = t.at;
        if (t.kind == NSP_TOKEN_END)
            return false;
        if (t.kind == NSP_TOKEN_NEWLINE) {
            advance(z, x.pos);
            continue;
        }
        bool directive = t.kind == NSP_TOKEN_WORD && t.len > 0 && t.text[0] == '$';
        nsp_err_t err;
        if (t.kind == NSP_TOKEN_ERROR) {
            err = x.err;
            at = x.err_at;
        } else if (directive) {
            err = read_directive(z, &x, &t, &at);
        } else {
            err = read_record(z, &x, &t, out, &at);
        }
        if (err != NSP_OK) {
            z->err = err;
            set_place(z, at);
            nsp_lex_t again = nsp_lex_begin(z->text, z->len, z->pos);
            nsp_lex_skip_record(&again);
            advance(z, again.pos);
            return false;
        }
        advance(z, x.pos);
        if (!directive)
            return true;
    }
}

nsp_err_t nsp_rdata_from_text(uint16_t type, const char *text, size_t len, const nsp_name_t *origin,
                              uint8_t *buf, size_t cap, size_t *size, size_t *err_at)
{
    nsp_lex_t x = nsp_lex_begin(text, len, 0);
    nsp_writer_t w = nsp_writer(buf, cap > UINT16_MAX ? UINT16_MAX : cap);
    size_t at = 0;
    nsp_err_t err = nsp_lex_rdata(&x, type, origin != NULL ? origin->octets : NULL,
                                  origin != NULL ? origin->len : 0, &w, &at);
    *size = err == NSP_OK ? w.pos : 0;
    if (err_at != NULL)
        *err_at = at;
    return err;
}
