/* Lines of text within the width of a report. */
#ifndef REPORT_WRAP_H
#define REPORT_WRAP_H

#include <stdio.h>

#define TEXT_WIDTH 80
/* How far the rest of a long name stands to the right of where it begins in a table. */
#define TEXT_NAME_INDENT 4

/* Prints text with a label before its first line, broken at blanks within TEXT_WIDTH columns, the
 * other lines indented as the first. A domain name that is longer is broken behind a dot; any other
 * word that is longer keeps a line of its own. A newline in text begins a new line. */
void text_wrap(FILE *out, const char *label, const char *text);
/* The same where a line has column columns already, the other lines indented by indent. */
void text_wrap_at(FILE *out, size_t column, size_t indent, const char *text);

#endif
