/* A letter to the operator of a server: what is wrong, the packets that prove it, what to do. */
#ifndef REPORT_MAIL_TEXT_H
#define REPORT_MAIL_TEXT_H

#include "report/check_text.h"

#define MAIL_WIDTH 76

/* Writes the letter about one address of the zone as plain ASCII text, no line longer than
 * MAIL_WIDTH. *told: findings of severity warning or error that it tells; with none, nothing is
 * written. False when memory is out. */
bool mail_report_text(FILE *out, const check_report_t *r, const addr_t *addr, unsigned *told);

#endif
