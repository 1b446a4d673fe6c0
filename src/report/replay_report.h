/* The report of captured traffic: what replay and capture print at their end, for people and for
 * programs (docs/schema/replay.schema.json). */
#ifndef REPORT_REPLAY_REPORT_H
#define REPORT_REPLAY_REPORT_H

#include "diagnose/runs.h"
#include "diagnose/traffic.h"
#include "report/finding_text.h"

/* Something that was counted; left out of text when it is 0. */
typedef struct report_count {
    const char *id;   /* stable, for JSON: "not-ip" */
    const char *text; /* behind the number: "not IP" */
    uint64_t count;
} report_count_t;

typedef struct replay_report {
    const char *const *sources; /* names of files, or of the interface */
    size_t source_count;
    bool live;
    uint64_t packets;
    uint64_t octets;
    int64_t first; /* time of the first and last packet, nanoseconds since 1970; no packets: 0 */
    int64_t last;
    uint64_t queries; /* DNS messages */
    uint64_t replies;
    uint64_t exchanges;
    uint64_t filtered;           /* exchanges that were left out */
    const report_count_t *notes; /* what was skipped or given up, and why */
    size_t note_count;
    const traffic_t *traffic; /* finished */
    const finding_list_t *findings;
    const exchange_set_t *set; /* that their evidence is in */
    const runs_t *runs;        /* of check, with their own findings; NULL: not looked for */
    size_t top;                /* servers that are shown; 0: all */
    bool top_findings;         /* findings of other servers are left out */
    bool broken;               /* an input could not be read to its end */
    bool interrupted;
    text_style_t style;
} replay_report_t;

/* Prints summary, table of servers, findings and verdict within 80 columns. False when memory is
 * out. */
bool replay_report_text(FILE *out, const replay_report_t *r);
/* Prints one line for each server, each finding, and the summary. False when memory is out or
 * writing failed. */
bool replay_report_json(FILE *out, const replay_report_t *r);
/* Writes the same as one page for browsers that needs nothing but itself; the servers shown are
 * those of the text. Whatever comes from packets is escaped. False when memory is out; whether out
 * could be written is for the caller to ask. */
bool replay_report_html(FILE *out, const replay_report_t *r);
/* "broken", "healthy", ...: of all findings, which are counted. */
const char *replay_report_verdict(const replay_report_t *r, finding_counts_t *count);
/* How many servers are shown: the first ones. */
size_t replay_report_shown(const replay_report_t *r);

/* One column of the table of servers. */
typedef struct replay_cell {
    const char *name; /* in capitals, of at most width characters */
    unsigned width;   /* of the column in text */
    const char *title;
    uint64_t count;
} replay_cell_t;

#define REPLAY_CELLS 10
/* Headings, widths and numbers of a server's line in the table of traffic. */
void replay_report_cells(const traffic_counts_t *n, replay_cell_t cell[REPLAY_CELLS]);

/* The worst severity_t of all findings, those of runs included; -1 for none. */
int replay_report_worst(const replay_report_t *r);
/* True when there was nothing to diagnose. */
bool replay_report_empty(const replay_report_t *r);
/* The same, or when nobody answered, and that is not the servers'. */
bool replay_report_untested(const replay_report_t *r);

/* How one exchange is listed. */
typedef struct flow_style {
    int64_t began; /* times count from here: the capture's first packet */
    bool whole;    /* nothing is cut for 80 columns; JSON: events and octets too */
} flow_style_t;

/* The line of column names, and one line for one flow. scratch's contents change. False when memory
 * is out. */
void flow_print_head(FILE *out);
bool flow_print(FILE *out, const flow_t *flow, const flow_patience_t *patience,
                const flow_style_t *style, reply_t *scratch);
/* The same as a JSON object on one line. */
bool flow_print_json(FILE *out, const flow_t *flow, const flow_patience_t *patience,
                     const flow_style_t *style, reply_t *scratch);

#endif
