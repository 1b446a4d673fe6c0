/* Lines of text within the width of a report. */
#ifndef REPORT_WRAP_H
#define REPORT_WRAP_H

#include <stdio.h>

#define TEXT_WIDTH 80

/* Prints text with a label before its first line, broken at blanks within TEXT_WIDTH columns (a
 * word that is longer keeps a line of its own), the other lines indented as the first. A newline
 * in text begins a new line. */
void text_wrap(FILE *out, const char *label, const char *text);

#endif
