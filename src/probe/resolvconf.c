#include "probe/resolvconf.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The address of one line; the keyword stands at its beginning. There is no way to say a port. */
static bool nameserver_line(const char *line, size_t len, addr_t *out)
{
    static const char word[] = "nameserver";
    size_t at = sizeof word - 1;
    if (len <= at || memcmp(line, word, at) != 0 || !is_blank(line[at]))
        return false;
    while (at < len && is_blank(line[at]))
        at++;
    size_t end = at;
    while (end < len && !is_blank(line[end]))
        end++;
    return memchr(line + at, '#', end - at) == NULL && addr_from_text(line + at, end - at, 53, out);
}

size_t resolvconf_parse(const char *text, size_t len, addr_t out[RESOLVCONF_MAX])
{
    size_t count = 0;
    size_t at = 0;
    while (at < len && count < RESOLVCONF_MAX) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t n = newline != NULL ? (size_t)(newline - (text + at)) : len - at;
        addr_t a;
        bool good = nameserver_line(text + at, n, &a);
        for (size_t i = 0; i < count && good; i++)
            good = !addr_equal(&out[i], &a);
        if (good)
            out[count++] = a;
        at += n + 1;
    }
    return count;
}
