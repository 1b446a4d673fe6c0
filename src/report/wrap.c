#include "report/wrap.h"

#include <string.h>

#define ROOM_MIN 20 /* however long the label is */

/* Octets of the next line: up to a newline, or the last blank within room. */
static size_t line_length(const char *text, size_t room)
{
    size_t n = strcspn(text, "\n");
    if (n <= room)
        return n;
    n = room;
    while (n > 0 && text[n] != ' ')
        n--;
    return n > 0 ? n : strcspn(text, " \n");
}

void text_wrap(FILE *out, const char *label, const char *text)
{
    size_t indent = strlen(label);
    size_t room = indent + ROOM_MIN < TEXT_WIDTH ? TEXT_WIDTH - indent : ROOM_MIN;
    fputs(label, out);
    while (*text != '\0') {
        size_t n = line_length(text, room);
        fprintf(out, "%.*s\n", (int)n, text);
        text += n;
        if (*text == '\n')
            text++;
        else
            while (*text == ' ')
                text++;
        if (*text != '\0')
            fprintf(out, "%*s", (int)indent, "");
    }
}
