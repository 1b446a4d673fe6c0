/* The past of a domain, for people and for programs. */
#ifndef REPORT_HISTORY_REPORT_H
#define REPORT_HISTORY_REPORT_H

#include "report/finding_text.h"
#include "watch/history.h"

typedef struct history_style {
    text_style_t text; /* verbose: every change, not only the last ones */
    bool utf8;         /* the locale can show block elements */
} history_style_t;

/* Status, changes, and a line for each address with its availability and a sparkline of its
 * latency, within 80 columns (names may be longer). False when it cannot be written. */
bool history_report_text(FILE *out, const history_style_t *style, const history_t *h);
/* One object on one line (docs/schema/history.schema.json). False when it cannot be written, or
 * memory is out. */
bool history_report_json(FILE *out, const history_t *h);
/* One line of an overview of all domains. */
void history_report_line(FILE *out, const history_style_t *style, const char *name,
                         const watch_state_t *state);

/* A sparkline of HISTORY_BUCKETS signs: height is latency, from 0 to the most of this address;
 * blank is no round, 'x' no answer. out takes HISTORY_SPARK_MAX octets. Returns out. */
#define HISTORY_SPARK_MAX (HISTORY_BUCKETS * 3 + 1)
const char *history_spark(const history_address_t *a, bool utf8, char out[HISTORY_SPARK_MAX]);

#endif
