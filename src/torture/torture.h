/* Runs a DNS client once for each fault, against a server on loopback that answers with that fault,
 * and says what became of it. */
#ifndef TORTURE_TORTURE_H
#define TORTURE_TORTURE_H

#include "serve/fuzz.h"

/* X(identifier, "name", "what it means") */
#define TORTURE_VERDICTS(X)                                                                        \
    X(SURVIVED, "survived", "ended by itself, and took no lie")                                    \
    X(UNASKED, "unasked", "ended without a question: it was not tested")                           \
    X(LIE, "lie", "printed what it must not take for an answer")                                   \
    X(HANG, "hang", "did not end in time, and was killed")                                         \
    X(SANITIZER, "sanitizer", "a sanitizer reported")                                              \
    X(CRASH, "crash", "ended by a signal")

typedef enum torture_verdict {
#define X(ident, name, what) TORTURE_##ident,
    TORTURE_VERDICTS(X)
#undef X
        TORTURE_VERDICT_COUNT
} torture_verdict_t;

#define TORTURE_OUTPUT_MAX 16384 /* octets kept of what a client says; more is read and dropped */
#define TORTURE_JOBS_MAX   16

/* One run. */
typedef struct torture_result {
    fault_id_t fault; /* FAULT_COUNT: mutation */
    uint64_t seed;
    bool honest; /* the first run, without a fault */
    bool ended;  /* by itself, or in time or not: not because of an interruption */
    torture_verdict_t verdict;
    int exit_code; /* -1: by a signal */
    int signal;
    uint64_t questions;
    int64_t milliseconds;
    size_t output_size;
    char *output; /* owned; stdout and stderr as they came, with a NUL behind */
} torture_result_t;

typedef struct torture_options {
    char *const *argv; /* of the client, NULL-ended; {addr} {port} {name} are replaced */
    const char *name;  /* what {name} is; www.fuzz.test when NULL */
    addr_t listen;     /* loopback; port 0 */
    uint64_t seed;
    bool only;
    fault_id_t fault;
    unsigned mutations;  /* runs with mutated replies, behind those of the catalogue */
    unsigned jobs;       /* side by side, 1..TORTURE_JOBS_MAX */
    uint32_t timeout_ms; /* of one run */
    FILE *log;           /* NULL, or every answer (fuzz_options_t.log) */
    const _Atomic int *stop;
    void (*progress)(void *user, size_t done, size_t count); /* may be NULL */
    void *user;
} torture_options_t;

typedef struct torture_report {
    size_t count;
    torture_result_t *item; /* owned; the honest run first, then in order of the catalogue */
    bool interrupted;       /* runs that had not ended are not there */
} torture_report_t;

/* Runs everything. False with a sentence in err when nothing could be run; what was run until an
 * interruption is in *out. The caller frees *out in any case. */
bool torture_run(const torture_options_t *options, torture_report_t *out, char err[FUZZ_ERROR_MAX]);
void torture_report_free(torture_report_t *r);

/* The strings of the verdict's line above; the name is stable, for JSON. */
const char *torture_verdict_name(torture_verdict_t v);
const char *torture_verdict_text(torture_verdict_t v);
/* "pointer-self", or "mutation-3" in buf. */
const char *torture_result_name(const torture_result_t *r, char buf[40]);
/* Whether a verdict is the client's fault. */
bool torture_is_bad(torture_verdict_t v);

/* --- report.c --- */

/* A table within 80 columns, worst first, and a line of totals. */
void torture_print(FILE *out, const torture_report_t *r, bool verbose);
/* One JSON object (docs/schema/torture.schema.json); false when it could not be written. */
bool torture_print_json(FILE *out, const torture_report_t *r, const torture_options_t *options);
/* JUnit XML: one test case a run. False when it could not be written. */
bool torture_print_junit(FILE *out, const torture_report_t *r, const torture_options_t *options);

#endif
