/* The report of check as one page that needs nothing but itself: no network, no script. */
#ifndef REPORT_CHECK_HTML_H
#define REPORT_CHECK_HTML_H

#include "report/check_text.h"

/* Writes the page: verdict, findings, the delegation as a graph, addresses by tests, reply times,
 * and a packet ladder with octets of each exchange that failed or proves something. Whatever comes
 * from packets is escaped. False when memory is out; whether out could be written is for the caller
 * to ask. */
bool check_report_html(FILE *out, const check_report_t *r);

#endif
