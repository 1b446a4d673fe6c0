/* Any text as the RDATA of any type: the first two octets choose the type. What reads must decode,
 * print, and read back as the same octets; its numbers are printed as they were written. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Digits: longer than a number, a label or an address can be. */
#define HEX_WORD_MIN 64u

/* In a room that is too small by one octet, and in one of just its size. */
static void check_room(uint16_t type, const char *text, size_t len, const nsp_name_t *origin,
                       const uint8_t *wire, size_t n)
{
    for (size_t cap = n > 0 ? n - 1 : 0; cap <= n; cap++) {
        size_t got = 0;
        uint8_t *room = exact_room((uint32_t)cap);
        nsp_err_t err = nsp_rdata_from_text(type, text, len, origin, room, cap, &got, NULL);
        if ((err == NSP_OK) != (cap == n) || (cap == n && memcmp(room, wire, n) != 0))
            abort();
        free(room);
    }
}

/* The next word of text, which has blanks and nothing else between words. Its octets; 0 at the end.
 */
static size_t next_word(const char **p, const char *end, const char **word)
{
    while (*p < end && **p == ' ')
        ++*p;
    *word = *p;
    while (*p < end && **p != ' ')
        ++*p;
    return (size_t)(*p - *word);
}

static bool is_number(const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (word[i] < '0' || word[i] > '9')
            return false;
    return n > 0 && (word[0] != '0' || n == 1);
}

/* True for words with blanks between them, and nothing else. */
static bool is_plain(const char *in, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (in[i] < ' ' || strchr("\"\\();", in[i]) != NULL)
            return false;
    return true;
}

/* Fields in front, one word each, that are numbers: the word that is printed is the one that was
 * read. Keys of parameters ("key65280=x") end with one too. */
static void check_numbers(uint16_t type, const char *in, size_t in_size, const char *out,
                          size_t out_size)
{
    const nsp_fdesc_t *field = nsp_rrtype_get(type)->fields;
    const char *in_end = in + in_size;
    const char *out_end = out + out_size;
    for (unsigned i = 0; i < NSP_FIELDS_MAX && field[i].kind <= NSP_F_NAME_NC; i++) {
        const char *a;
        const char *b;
        size_t n = next_word(&in, in_end, &a);
        size_t m = next_word(&out, out_end, &b);
        bool plain =
            field[i].kind == NSP_F_U8 || field[i].kind == NSP_F_U16 || field[i].kind == NSP_F_U32;
        if (n == 0 || field[i].kind == NSP_F_END)
            return;
        if (plain && is_number(a, n) && (n != m || memcmp(a, b, n) != 0))
            abort();
    }
    const char *word;
    for (size_t n; (n = next_word(&in, in_end, &word)) > 0;) {
        const char *equals = memchr(word, '=', n);
        size_t key = equals != NULL ? (size_t)(equals - word) : n;
        bool numbered = field[2].kind == NSP_F_SVCPARAMS && key >= 8 && memcmp(word, "key", 3) == 0;
        if (numbered && is_number(word + 3, key - 3) &&
            memmem(out, (size_t)(out_end - out), word, key) == NULL)
            abort();
    }
}

/* True when all of a comes in b, whatever the case of letters. */
static bool comes_in(const char *a, size_t n, const char *b, size_t size)
{
    for (size_t i = 0; i + n <= size; i++)
        if (strncasecmp(a, b + i, n) == 0)
            return true;
    return false;
}

/* Long words of hexadecimal digits, not of decimal ones alone: no digit gets lost. */
static void check_hex(const char *in, size_t in_size, const char *out, size_t out_size)
{
    const char *end = in + in_size;
    const char *word;
    for (size_t n; (n = next_word(&in, end, &word)) > 0;) {
        size_t digits = 0;
        size_t letters = 0;
        for (; digits < n && isxdigit((unsigned char)word[digits]); digits++)
            letters += word[digits] > '9';
        if (n >= HEX_WORD_MIN && digits == n && letters > 0 && !comes_in(word, n, out, out_size))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t wire[65535];
    static uint8_t back[65535];
    static char text[1 << 20];
    size_t n = 0;
    size_t m = 0;
    size_t at = 0;
    if (size < 2)
        return 0;
    uint16_t type = (uint16_t)(data[0] << 8 | data[1]);
    nsp_name_t origin;
    nsp_name_from_text("example.", 8, NULL, &origin, NULL);
    if (nsp_rdata_from_text(type, (const char *)data + 2, size - 2, &origin, wire, sizeof wire, &n,
                            &at) != NSP_OK) {
        if (at > size - 2)
            abort();
        return 0;
    }
    check_room(type, (const char *)data + 2, size - 2, &origin, wire, n);
    nsp_msg_t msg = {.wire = wire, .size = (uint32_t)n, .opt = NSP_NO_RR};
    nsp_rr_t rr = {.type = type, .rclass = NSP_CLASS_IN, .rdlength = (uint16_t)n};
    nsp_text_t t;
    nsp_text_begin(&t, text, sizeof text);
    if (!nsp_text_rdata(&t, &msg, &rr))
        abort();
    if (is_plain((const char *)data + 2, size - 2)) {
        check_numbers(type, (const char *)data + 2, size - 2, text, t.len);
        check_hex((const char *)data + 2, size - 2, text, t.len);
        if (t.len >= 2 && memcmp(text, "\\#", 2) == 0) /* what was read in fields has fields */
            abort();
    }
    bool lossy = type == NSP_TYPE_OPT || type == NSP_TYPE_WKS || type == NSP_TYPE_A6;
    if (lossy || t.lost > 0)
        return 0;
    if (nsp_rdata_from_text(type, text, t.len, NULL, back, sizeof back, &m, NULL) != NSP_OK ||
        m != n || memcmp(wire, back, n) != 0)
        abort();
    return 0;
}
