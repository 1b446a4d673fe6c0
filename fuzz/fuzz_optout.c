/* Any octets as a list of those who do not want to be asked. What is read counts its lines, each
 * line's address and prefix is found, and a list that takes its place says the same. */
#include <stdlib.h>
#include <string.h>

#include "bulk/optout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The answers about some addresses and names, as bits. */
static unsigned look(optout_t *o)
{
    static const char *const addresses[] = {"192.0.2.1", "10.255.0.7", "2001:db8::1", "::"};
    static const char *const names[] = {"example.com", "a.B.example.com", ".", "xn--a.test"};
    unsigned bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        addr_t a;
        nsp_name_t name;
        if (!addr_from_text(addresses[i], strlen(addresses[i]), 53, &a) ||
            nsp_name_from_text(names[i], strlen(names[i]), NULL, &name, NULL) != NSP_OK)
            abort();
        bits |= (unsigned)optout_has_address(o, &a) << (2 * i);
        bits |= (unsigned)optout_has_name(o, &name) << (2 * i + 1);
    }
    return bits;
}

/* The word of a line; NULL where there is none. */
static const char *word_of(const char *line, size_t n, size_t *size)
{
    size_t end = 0;
    while (end < n && line[end] != '#' && line[end] != ';')
        end++;
    while (end > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        end--;
    }
    while (end > 0 && strchr(" \t\r", line[end - 1]) != NULL)
        end--;
    *size = end;
    return end > 0 ? line : NULL;
}

/* A word of a list that was taken: an address, with a prefix that it can have, or a name. */
static void check_word(optout_t *o, const char *word, size_t size)
{
    addr_t a;
    nsp_name_t name;
    const char *slash = memchr(word, '/', size);
    size_t n = slash != NULL ? (size_t)(slash - word) : size;
    if (addr_from_text(word, n, 0, &a)) {
        unsigned long bits = 0;
        for (size_t i = n + 1; i < size; i++)
            bits = bits * 10 + (unsigned long)(word[i] - '0');
        if (!optout_has_address(o, &a) || bits > (a.family == 4 ? 32 : 128))
            abort();
    } else if (nsp_name_from_text(word, size, NULL, &name, NULL) == NSP_OK &&
               !optout_has_name(o, &name)) {
        abort();
    }
}

static void check_lines(optout_t *o, const char *text, size_t size)
{
    size_t words = 0;
    for (size_t at = 0; at < size;) {
        size_t n = 0;
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        const char *word = word_of(text + at, length, &n);
        if (word != NULL)
            check_word(o, word, n);
        words += word != NULL;
        at += length + 1;
    }
    if (words != optout_count(o))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[OPTOUT_ERROR_MAX] = "";
    char again[OPTOUT_ERROR_MAX] = "";
    optout_t *o = optout_new((const char *)data, size, err);
    optout_t *other = optout_new("0.0.0.0/0\n::/0\n.\n", 17, again);
    if (other == NULL || look(other) != 255 || (o == NULL) != (err[0] != '\0'))
        abort();
    if (optout_replace(other, (const char *)data, size, again) != (o != NULL))
        abort();
    if (o == NULL ? look(other) != 255 || strcmp(err, again) != 0
                  : look(other) != look(o) || optout_count(other) != optout_count(o))
        abort();
    if (o != NULL)
        check_lines(o, (const char *)data, size);
    optout_free(o);
    optout_free(other);
    return 0;
}
