/* One exchange as a packet ladder: client and server as columns, what went between as arrows. */
#ifndef REPORT_LADDER_H
#define REPORT_LADDER_H

#include <stdio.h>

#include "diagnose/outcome.h"

/* Prints the ladder within 80 columns, whatever the addresses; only a long QNAME takes more lines.
 * Times are seconds since the exchange's first event. Names and messages come from packets:
 * nothing but printable ASCII of them is printed (and, with utf8, lines drawn in UTF-8).
 *
 * scratch is needed to read messages; its contents change. */
void ladder_print(FILE *out, const exchange_t *x, reply_t *scratch, bool utf8);

#endif
