/* What watch says of a round: a line for people, an object for programs. */
#ifndef REPORT_WATCH_REPORT_H
#define REPORT_WATCH_REPORT_H

#include "report/finding_text.h"
#include "watch/watch.h"

#define WATCH_TIME_MAX 32

/* Prints one line for the round, one for a change of status, and the worst findings with a change
 * or when style is verbose. False when it cannot be written. */
bool watch_report_text(FILE *out, const text_style_t *style, const watch_report_t *r);
/* Prints one object on one line (docs/schema/watch.schema.json). False when it cannot be written,
 * or memory is out. */
bool watch_report_json(FILE *out, const watch_report_t *r);
/* The same object as text, which is freed with free(); NULL when memory is out. */
char *watch_report_message(const watch_report_t *r);

/* Milliseconds since 1970 as RFC 3339 in UTC, "2026-11-25T09:30:00Z"; "-" for 0. Returns buf. */
const char *watch_time_text(int64_t ms, char buf[WATCH_TIME_MAX]);

#endif
