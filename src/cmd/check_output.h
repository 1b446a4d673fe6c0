/* What check prints and writes: the report as text or JSON, a page, or a letter. */
#ifndef CMD_CHECK_OUTPUT_H
#define CMD_CHECK_OUTPUT_H

#include "report/check_text.h"

typedef struct check_output {
    bool json;
    const char *html; /* path; NULL: no page */
    FILE *html_file;
    const char *mail; /* as given; NULL: no letter */
    addr_t mail_addr;
} check_output_t;

/* --mail ADDR. Returns 0, or EXIT_USAGE with the message printed. */
int check_output_mail(check_output_t *o, const char *text);
/* Opens the page before anything is sent. Returns 0, or EXIT_USAGE with the message printed. */
int check_output_begin(check_output_t *o);
/* Writes the report in place of a letter, or the letter, to stdout; and the page. rc is the exit
 * code of what was found. Returns it, or that of what failed. */
int check_output_write(const check_output_t *o, const check_report_t *r, int rc);
/* Closes the page. Returns 0, or EXIT_UNTESTED with the message printed. */
int check_output_end(check_output_t *o);

#endif
