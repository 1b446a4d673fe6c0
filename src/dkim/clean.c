#include "dkim/clean.h"

#include <stdlib.h>
#include <string.h>

#include "dkim/expect.h"
#include "proto/nsproto.h"

/* The character of a sequence of n octets, 2 to 4. */
static uint32_t decode(const uint8_t *p, size_t n)
{
    uint32_t c = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

#define LEAVE_OUT (-1)
#define KEEP      (-2)

/* What stands for a character: an ASCII character, LEAVE_OUT or KEEP. */
static int replacement(uint32_t c, unsigned *odd)
{
    *odd = EXPECT_ODD_QUOTES;
    if ((c >= 0x201c && c <= 0x201f) || c == 0xab || c == 0xbb || c == 0xff02)
        return '"';
    if ((c >= 0x2018 && c <= 0x201b) || c == 0x2039 || c == 0x203a)
        return '\'';
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212)
        return '-';
    *odd = EXPECT_ODD_INVISIBLE;
    if (c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000)
        return ' ';
    if (c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
        (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x180e)
        return LEAVE_OUT;
    *odd = 0;
    return KEEP;
}

/* The same for an octet that is not UTF-8: Excel writes windows-1252. */
static int replacement_1252(uint8_t c, unsigned *odd)
{
    *odd = EXPECT_ODD_QUOTES;
    if (c == 0x93 || c == 0x94)
        return '"';
    if (c == 0x91 || c == 0x92)
        return '\'';
    if (c == 0x96 || c == 0x97)
        return '-';
    *odd = c == 0xa0 ? EXPECT_ODD_INVISIBLE : 0;
    return c == 0xa0 ? ' ' : KEEP;
}

/* One character: how many octets it has, what stands for it, and what is odd about it. */
static size_t step(const char *text, size_t left, int *out, unsigned *odd)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t n = nsp_utf8_length(p, left);
    *odd = 0;
    if (n == 0) {
        *out = replacement_1252(p[0], odd);
        return 1;
    }
    *out = n == 1 ? KEEP : replacement(decode(p, n), odd);
    return n;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

static uint32_t unit_at(const uint8_t *p, bool big)
{
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* UTF-16 behind its byte order mark (RFC 2781). */
static clean_err_t from_utf16(clean_text_t *c, const uint8_t *p, size_t len, bool big)
{
    size_t n = 0;
    if (len % 2 != 0)
        return CLEAN_E_UTF16;
    c->utf8 = calloc(1, len / 2 * 3 + 1);
    if (c->utf8 == NULL)
        return CLEAN_E_MEMORY;
    for (size_t i = 0; i < len; i += 2) {
        uint32_t u = unit_at(p + i, big);
        if (u >= 0xd800 && u <= 0xdfff) {
            uint32_t low = i + 2 < len ? unit_at(p + i + 2, big) : 0;
            if (u > 0xdbff || low < 0xdc00 || low > 0xdfff)
                return CLEAN_E_UTF16;
            u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        n += put_utf8(c->utf8 + n, u);
    }
    c->before = c->utf8;
    c->before_len = n;
    return CLEAN_OK;
}

static clean_err_t find_text(clean_text_t *c, const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;
    c->before = text;
    c->before_len = len;
    if (len >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        return from_utf16(c, p + 2, len - 2, p[0] == 0xfe);
    if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        c->before += 3;
        c->before_len -= 3;
    }
    return CLEAN_OK;
}

clean_err_t clean_text(clean_text_t *out, const char *text, size_t len)
{
    memset(out, 0, sizeof *out);
    if (len > CLEAN_TEXT_MAX)
        return CLEAN_E_LONG;
    clean_err_t err = find_text(out, text, len);
    if (err != CLEAN_OK)
        return err;
    if (out->before_len > 0 && memchr(out->before, '\0', out->before_len) != NULL)
        return CLEAN_E_BINARY;
    out->text = malloc(out->before_len + 1);
    out->odd = calloc(out->before_len + 1, 1);
    if (out->text == NULL || out->odd == NULL)
        return CLEAN_E_MEMORY;
    for (size_t i = 0; i < out->before_len;) {
        int as = 0;
        unsigned odd = 0;
        size_t n = step(out->before + i, out->before_len - i, &as, &odd);
        out->odd[out->len] |= (uint8_t)odd;
        if (as == KEEP) {
            memcpy(out->text + out->len, out->before + i, n);
            out->len += n;
        } else if (as != LEAVE_OUT) {
            out->text[out->len++] = (char)as;
        }
        i += n;
    }
    out->text[out->len] = '\0';
    return CLEAN_OK;
}

void clean_free(clean_text_t *c)
{
    free(c->text);
    free(c->odd);
    free(c->utf8);
    memset(c, 0, sizeof *c);
}

const char *clean_err_text(clean_err_t err)
{
    switch (err) {
    case CLEAN_OK:
        return "no error";
    case CLEAN_E_MEMORY:
        return "out of memory";
    case CLEAN_E_LONG:
        return "more than 16 MiB of text";
    case CLEAN_E_UTF16:
        return "UTF-16 text that is cut off or damaged; save it as UTF-8";
    case CLEAN_E_BINARY:
        return "a NUL octet: this is no text, or UTF-16 without a byte order mark; save it as "
               "UTF-8";
    }
    return "unknown error";
}

unsigned clean_odd(const clean_text_t *c, size_t from, size_t to)
{
    unsigned odd = 0;
    for (size_t i = from; i < to && i <= c->len; i++)
        odd |= c->odd[i];
    return odd;
}

void clean_place(clean_text_t *c, size_t at, uint32_t *line, uint32_t *column)
{
    clean_cursor_t k = c->last;
    if (at < k.at)
        memset(&k, 0, sizeof k);
    while (k.before < c->before_len) {
        int as = 0;
        unsigned odd = 0;
        size_t n = step(c->before + k.before, c->before_len - k.before, &as, &odd);
        size_t gives = as == KEEP ? n : as == LEAVE_OUT ? 0 : 1;
        if (k.at + gives > at)
            break;
        bool newline = c->before[k.before] == '\n';
        k.at += gives;
        k.before += n;
        k.line += newline ? 1 : 0;
        k.column = newline ? 0 : k.column + 1;
    }
    c->last = k;
    *line = k.line + 1;
    *column = k.column + 1;
}
