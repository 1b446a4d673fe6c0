/* What whole checks and record checks of bulk share: a thread with a network of its own,
 * politeness, what others have learnt, and whom not to ask. */
#ifndef CMD_BULK_PROBE_H
#define CMD_BULK_PROBE_H

#include "bulk/share.h"
#include "cmd/bulk.h"
#include "diagnose/finding.h"

#define BULK_UNASKED_MAX 32 /* addresses of one result */

/* One thread's. */
typedef struct bulk_probe {
    bulk_run_t *run;
    net_t *net;
    loop_gate_t gate;
    loop_memory_t memory;
    share_run_t share;
    unsigned unasked_count;
    addr_t unasked[BULK_UNASKED_MAX]; /* which the list of --opt-out has */
    list_line_t in;
} bulk_probe_t;

/* NULL, with run->failed set, when memory or sockets are out. */
bulk_probe_t *bulk_probe_new(bulk_run_t *run);
void bulk_probe_free(bulk_probe_t *p);
/* Begins with a domain: the options of its run. */
check_options_t bulk_probe_begin(bulk_probe_t *p, const nsp_name_t *domain);
/* Counts what the run sent. */
void bulk_probe_count(bulk_probe_t *p, const exchange_set_t *set);

/* The next line to work on; false when there is none, or the run is to end. */
bool bulk_probe_next(bulk_probe_t *p);
/* Writes the result of the line at hand. */
void bulk_probe_write(bulk_probe_t *p, const char *text, size_t size);
/* A line that cannot be understood. */
void bulk_probe_error(bulk_probe_t *p, const char *why);
/* Nothing came of the line at hand, for no reason of its own. */
void bulk_probe_fail(bulk_probe_t *p, const char *why);
/* True, with the result written, for a domain that is not to be asked about. */
bool bulk_probe_skips(bulk_probe_t *p, const nsp_name_t *domain);

/* Parts of a result. */
void bulk_print_name(FILE *f, const nsp_name_t *name);
void bulk_print_findings(FILE *f, const finding_list_t *list, const exchange_set_t *set);
/* Members "shared" and "unasked", each with a comma in front, where there is something to say. */
void bulk_print_shared(FILE *f, const bulk_probe_t *p);
/* A report of one line as member "report"; print writes it. */
void bulk_print_report(FILE *f, bool (*print)(FILE *out, const void *report), const void *report);

#endif
