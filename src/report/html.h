/* What the parts of the HTML report share. Internal to report/html_*.c. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "report/check_text.h"

/* At most so many exchanges are drawn: a page must stay one that a browser opens. */
#define HTML_EXCHANGES_MAX 400

typedef struct html {
    FILE *out;
    const check_report_t *r;
    reply_t *scratch;
    bool *drawn;       /* of each exchange of the set, by its place: it has a ladder on the page */
    unsigned left_out; /* exchanges that deserved one beyond HTML_EXCHANGES_MAX */
} html_t;

/* Markup that is the program's own. */
void html_raw(const html_t *h, const char *markup);
/* Text of any origin, in an element or in an attribute between double quotes: what HTML minds
 * becomes entities, control characters and octets beyond ASCII become '?' (newline and tab stay).
 */
void html_text(const html_t *h, const char *text);
/* The same for formatted text: all of it is escaped. */
void html_textf(const html_t *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Formatted markup: only for numbers and texts of the program's own. */
void html_rawf(const html_t *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text cut to room characters, with "..." at its end when it was. */
void html_short(const html_t *h, const char *text, unsigned room);

/* "error", "warning", "notice", "info", "good" or "untested": how an address fares, as a class. */
const char *html_verdict(const html_t *h, const model_address_t *a);
/* A sign beside the colour, so that nothing depends on seeing it: "x", "!", "i", "ok", "-". */
const char *html_sign(const char *verdict);

/* The parts, in their order on the page. */
void html_style(const html_t *h);
void html_findings(const html_t *h);
void html_graph(const html_t *h);
void html_matrix(const html_t *h);
void html_plot(const html_t *h);
void html_exchanges(const html_t *h);

#endif
