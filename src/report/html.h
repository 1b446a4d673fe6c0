/* What the parts of the HTML report share. Internal to report/html_*.c. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "diagnose/diagnose.h"
#include "report/finding_text.h"

/* At most so many exchanges are drawn on a page: it must stay one that a browser opens. */
#define HTML_EXCHANGES_MAX 400

/* A part of the page that has exchanges and findings of its own: the whole of it for check and
 * dkim, one for each run of check that replay found. */
typedef struct html {
    FILE *out;
    const char *id; /* before every id of this part: "", or "r1-" */
    const char
        *of; /* behind its headings, escaped when printed: "", or " of the check of x.test." */
    const exchange_set_t *set;
    const finding_list_t *findings;
    const model_t *model; /* for html_graph and html_matrix alone; else it may be NULL */
    reply_t *scratch;     /* owned */
    bool *drawn;          /* owned; of each exchange, by its place: it has a ladder on the page */
    unsigned left_out;    /* exchanges that deserved one, when the page had no room left */
} html_t;

/* A part's place on the page, for the list of links at its head. */
typedef struct html_link {
    const char *id;
    const char *text;
} html_link_t;

/* Chooses the exchanges that are drawn: those that prove findings first, then those that failed, as
 * long as *room lasts. False when memory is out. For html_end in either case. */
bool html_begin(html_t *h, unsigned *room);
void html_end(html_t *h);

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
/* Opens the frame of a picture, which scrolls where there is no room for it at a size that can be
 * read; "<svg ..." is to follow. label: what it is, or NULL when parts of it take the keyboard. */
void html_picture(const html_t *h, const char *label);
/* Closes picture and frame. */
void html_picture_end(const html_t *h);

/* The worst severity_t of the findings about an address, -1 for none. */
int html_worst(const finding_list_t *findings, const addr_t *a);
/* "error", "warning", "notice", "info", "good" or "untested": how an address fares, as a class. */
const char *html_verdict(const html_t *h, const addr_t *a);
/* A sign beside the colour, so that nothing depends on seeing it: "x", "!", "i", "ok", "-". */
const char *html_sign(const char *verdict);

/* The page up to its main part: "nsprobe COMMAND SUBJECT" is its title. Then html_summary, once. */
void html_head(const html_t *h, const char *command, const char *subject);
/* The verdict in words, of a class as html_verdict gives it; a line below it; links to the parts.
 */
void html_summary(const html_t *h, const char *cls, const char *verdict, const char *line,
                  const html_link_t *link, size_t links);
void html_foot(const html_t *h);
void html_style(const html_t *h);
/* Opens a section with its heading; close it with "</section>". */
void html_section(const html_t *h, const char *id, const char *title);

/* The parts, in their order on the page. */
void html_findings(const html_t *h);
void html_graph(const html_t *h);
void html_matrix(const html_t *h);
/* Reply times of these addresses. */
void html_plot(const html_t *h, const addr_t *addr, size_t count);
void html_exchanges(const html_t *h);
/* All of what check has to say. False when memory is out. */
bool html_check(const html_t *h);

/* A picture of reply times: a scale of powers of ten from 0.1 ms to 10 s, and its rows. */
#define HTML_SCALE_TOP 30u
#define HTML_SCALE_ROW 26u
/* Opens the picture; desc says what it shows. Close it with html_picture_end. */
void html_scale(const html_t *h, size_t rows, const char *title, const char *desc);
/* Where a time stands on it. */
double html_scale_place(int64_t ns);

#endif
