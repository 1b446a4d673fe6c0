#include "report/wrap.h"

#include <stdbool.h>
#include <string.h>

#define ROOM_MIN 20 /* however long the label is */

#define LABEL_MAX 63 /* of a name, RFC 1035 2.3.4 */

/* Octets of a character of a name in presentation format. */
static size_t character(const char *p)
{
    if (p[0] != '\\' || p[1] == '\0' || p[1] == '\n')
        return 1;
    return p[1] >= '0' && p[1] <= '9' && p[2] != '\0' && p[3] != '\0' ? 4 : 2;
}

/* Octets of a word without room that go on this line: a domain name is broken behind a dot, or
 * within a label that has no room either. All of what is no name, such as a key: it is to be
 * copied. */
static size_t word_length(const char *text, size_t room)
{
    size_t word = strcspn(text, " \n");
    size_t at = 0;
    size_t dot = 0;
    size_t label = 0;
    bool name = false;
    for (size_t i = 0; i < word && label <= LABEL_MAX && !name; label++) {
        name = text[i] == '.' || text[i] == '\\';
        i += character(text + i);
    }
    while (name && at + character(text + at) <= room) {
        at += character(text + at);
        dot = text[at - 1] == '.' && (at < 2 || text[at - 2] != '\\') ? at : dot;
    }
    return !name ? word : dot > 0 ? dot : at;
}

/* Octets of the next line: up to a newline, or the last blank within room. */
static size_t line_length(const char *text, size_t room)
{
    size_t n = strcspn(text, "\n");
    if (n <= room)
        return n;
    n = room;
    while (n > 0 && text[n] != ' ')
        n--;
    return n > 0 ? n : word_length(text, room);
}

static size_t room_at(size_t column)
{
    return column + ROOM_MIN < TEXT_WIDTH ? TEXT_WIDTH - column : ROOM_MIN;
}

void text_wrap_at(FILE *out, size_t column, size_t indent, const char *text)
{
    while (*text != '\0') {
        size_t n = line_length(text, room_at(column));
        fprintf(out, "%.*s\n", (int)n, text);
        text += n;
        if (*text == '\n')
            text++;
        else
            while (*text == ' ')
                text++;
        if (*text != '\0')
            fprintf(out, "%*s", (int)indent, "");
        column = indent;
    }
}

void text_wrap(FILE *out, const char *label, const char *text)
{
    fputs(label, out);
    text_wrap_at(out, strlen(label), strlen(label), text);
}
