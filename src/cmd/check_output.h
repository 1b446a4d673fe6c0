/* What check prints and writes: the report as text or JSON, a page, or a letter. */
#ifndef CMD_CHECK_OUTPUT_H
#define CMD_CHECK_OUTPUT_H

#include "cmd/side_file.h"
#include "report/check_text.h"

typedef struct check_output {
    bool json;
    side_file_t page;
    const char *mail; /* as given; NULL: no letter */
    addr_t mail_addr;
} check_output_t;

/* --mail ADDR. Returns 0, or EXIT_USAGE with the message printed. */
int check_output_mail(check_output_t *o, const char *text);
/* Writes the report in place of a letter, or the letter, to stdout; and the page. rc is the exit
 * code of what was found. Returns it, or that of what failed. */
int check_output_write(const check_output_t *o, const check_report_t *r, int rc);

#endif
