#include "lex.h"

nsp_lex_t nsp_lex_begin(const char *text, size_t len, size_t pos)
{
    nsp_lex_t x = {.text = text, .len = len, .pos = pos, .err = NSP_OK};
    return x;
}

static nsp_token_t fail(nsp_lex_t *x, nsp_err_t err, size_t at)
{
    nsp_token_t t = {.kind = NSP_TOKEN_ERROR, .text = x->text + at, .at = at};
    x->err = err;
    x->err_at = at;
    return t;
}

static bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '(' || c == ')' ||
           c == '"';
}

static nsp_token_t read_quoted(nsp_lex_t *x, bool first)
{
    size_t start = ++x->pos;
    while (x->pos < x->len && x->text[x->pos] != '"') {
        if (x->text[x->pos] == '\n')
            break;
        x->pos += x->text[x->pos] == '\\' && x->pos + 1 < x->len ? 2 : 1;
    }
    if (x->pos >= x->len || x->text[x->pos] != '"')
        return fail(x, NSP_E_TEXT_QUOTE, start - 1);
    nsp_token_t t = {NSP_TOKEN_QUOTED, x->text + start, x->pos - start, start - 1, first};
    x->pos++;
    return t;
}

/* A word; quotes in its middle belong to it, as in SvcParams: alpn="h2,h3" (RFC 9460 2.1). */
static nsp_token_t read_word(nsp_lex_t *x, bool first)
{
    size_t start = x->pos;
    while (x->pos < x->len) {
        char c = x->text[x->pos];
        if (c == '"' && x->pos > start && x->text[x->pos - 1] == '=') {
            nsp_token_t quoted = read_quoted(x, false);
            if (quoted.kind == NSP_TOKEN_ERROR)
                return quoted;
            break;
        }
        if (ends_word(c))
            break;
        x->pos += c == '\\' && x->pos + 1 < x->len && x->text[x->pos + 1] != '\n' ? 2 : 1;
    }
    nsp_token_t t = {NSP_TOKEN_WORD, x->text + start, x->pos - start, start, first};
    return t;
}

/* Blanks and comments; true when it stopped at a newline that counts. */
static bool skip_blank(nsp_lex_t *x)
{
    while (x->pos < x->len) {
        char c = x->text[x->pos];
        if (c == '\n') {
            if (x->depth == 0)
                return true;
        } else if (c == ';') {
            while (x->pos + 1 < x->len && x->text[x->pos + 1] != '\n')
                x->pos++;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return false;
        }
        x->pos++;
    }
    return false;
}

nsp_token_t nsp_lex_next(nsp_lex_t *x)
{
    if (x->pushed) {
        x->pushed = false;
        return x->again;
    }
    for (;;) {
        bool first = x->pos == 0 || x->text[x->pos - 1] == '\n';
        size_t before = x->pos;
        if (skip_blank(x)) {
            nsp_token_t t = {NSP_TOKEN_NEWLINE, x->text + x->pos, 1, x->pos, false};
            x->pos++;
            return t;
        }
        if (x->pos >= x->len) {
            if (x->depth > 0) {
                x->depth = 0;
                return fail(x, NSP_E_TEXT_PAREN, x->len);
            }
            nsp_token_t t = {NSP_TOKEN_END, x->text + x->len, 0, x->len, false};
            return t;
        }
        first = first && before == x->pos && x->depth == 0;
        char c = x->text[x->pos];
        if (c == '(') {
            x->depth++;
        } else if (c == ')') {
            if (x->depth == 0)
                return fail(x, NSP_E_TEXT_PAREN, x->pos++);
            x->depth--;
        } else {
            return c == '"' ? read_quoted(x, first) : read_word(x, first);
        }
        x->pos++;
    }
}

void nsp_lex_put_back(nsp_lex_t *x, nsp_token_t token)
{
    x->again = token;
    x->pushed = true;
}

void nsp_lex_skip_record(nsp_lex_t *x)
{
    x->pushed = false;
    for (;;) {
        nsp_token_t t = nsp_lex_next(x);
        if (t.kind == NSP_TOKEN_NEWLINE || t.kind == NSP_TOKEN_END)
            return;
        if (t.kind == NSP_TOKEN_ERROR) {
            /* a quote or parenthesis that never ends: go on with the next line */
            while (x->pos < x->len && x->text[x->pos] != '\n')
                x->pos++;
            x->depth = 0;
        }
    }
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

long nsp_lex_unescape(const nsp_token_t *token, uint8_t *out, size_t cap, size_t *bad)
{
    size_t n = 0;
    for (size_t i = 0; i < token->len; i++) {
        const char *p = token->text + i;
        uint8_t c = (uint8_t)*p;
        *bad = i;
        if (c == '\\') {
            size_t left = token->len - i;
            if (left < 2)
                return -1;
            c = (uint8_t)p[1];
            i++;
            if (digit(p[1])) {
                if (left < 4 || !digit(p[2]) || !digit(p[3]))
                    return -1;
                int v = (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
                if (v > 255)
                    return -1;
                c = (uint8_t)v;
                i += 2;
            }
        }
        if (n >= cap)
            return -2;
        out[n++] = c;
    }
    return (long)n;
}
