/* Escaping: the only way of foreign text onto the page. */
#include "report/html.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void html_raw(const html_t *h, const char *markup)
{
    fputs(markup, h->out);
}

static void put_char(FILE *out, char c)
{
    switch (c) {
    case '&':
        fputs("&amp;", out);
        break;
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    case '\'':
        fputs("&#39;", out);
        break;
    case '\n':
    case '\t':
        fputc(c, out);
        break;
    default:
        fputc(c < ' ' || c > '~' ? '?' : c, out);
        break;
    }
}

void html_text(const html_t *h, const char *text)
{
    for (; *text != '\0'; text++)
        put_char(h->out, *text);
}

void html_textf(const html_t *h, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return;
    html_text(h, text);
    free(text);
}

void html_rawf(const html_t *h, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(h->out, format, args);
    va_end(args);
}

void html_picture(const html_t *h, const char *label)
{
    html_raw(h, "<div class=\"wide\"");
    if (label != NULL) {
        html_raw(h, " tabindex=\"0\" role=\"region\" aria-label=\"");
        html_textf(h, "%s%s", label, h->of != NULL ? h->of : "");
        html_raw(h, "\"");
    }
    html_raw(h, ">");
}

void html_picture_end(const html_t *h)
{
    html_raw(h, "</svg></div>\n");
}

void html_short(const html_t *h, const char *text, unsigned room)
{
    size_t n = strlen(text);
    bool cut = n > room;
    n = cut ? room - 3 : n;
    for (size_t i = 0; i < n; i++)
        put_char(h->out, text[i]);
    if (cut)
        html_raw(h, "...");
}
