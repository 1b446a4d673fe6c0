/* --html FILE: the page that a command writes beside its report. */
#ifndef CMD_PAGE_OUTPUT_H
#define CMD_PAGE_OUTPUT_H

#include <stdio.h>

typedef struct page_output {
    const char *path; /* NULL: no page */
    FILE *file;       /* between begin and end */
} page_output_t;

/* Opens the page before anything is sent or read. Returns 0, or EXIT_USAGE with the message
 * printed. */
int page_output_begin(page_output_t *p, const char *command);
/* Closes it. Returns 0, or EXIT_UNTESTED with the message printed when it could not be written. */
int page_output_end(page_output_t *p, const char *command);

#endif
