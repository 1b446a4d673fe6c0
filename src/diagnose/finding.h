/* Findings: what diagnosis says. One table (findings.def) holds everything that is fixed about a
 * finding: stable ID, severity, title, meaning, cause, fix, source. docs/FINDINGS.md is generated
 * from it. */
#ifndef DIAGNOSE_FINDING_H
#define DIAGNOSE_FINDING_H

#include <stdarg.h>

#include "diagnose/model.h"

typedef enum severity {
    SEVERITY_INFO,    /* worth knowing */
    SEVERITY_NOTICE,  /* unusual; works */
    SEVERITY_WARNING, /* works for now, or for some */
    SEVERITY_ERROR    /* some resolvers or verifiers fail */
} severity_t;

/* FINDING(identifier, "stable-id", severity, "title", "meaning", "cause", "fix", "source") */
typedef enum finding_id {
#define FINDING(ident, id, severity, title, meaning, cause, fix, source) FINDING_##ident,
#include "diagnose/findings.def"
#undef FINDING
    FINDING_COUNT
} finding_id_t;

typedef struct finding_desc {
    const char *id;
    severity_t severity;
    const char *title;
    const char *meaning;
    const char *cause;
    const char *fix;
    const char *source;
} finding_desc_t;

#define FINDING_EVIDENCE_MAX 16
#define FINDING_LIKELY_MAX   3

/* A probable cause and the sign that tells it from the others; texts of a table. */
typedef struct finding_likely {
    const char *cause;
    const char *sign;
} finding_likely_t;

/* One finding. Subject is the zone, a server, or an address. */
typedef struct finding {
    finding_id_t id;
    uint32_t number;     /* in its list, from 1; keeps when the list is sorted */
    uint32_t because_of; /* number of the finding that this one follows from; 0: a root cause */
    const char *because; /* why it follows, not owned; NULL for a root cause */
    uint8_t likely_count;
    finding_likely_t likely[FINDING_LIKELY_MAX]; /* the most probable first */
    severity_t raised;                           /* the worst severity of what follows from it */
    bool wide;                                   /* about all addresses of the zone */
    severity_t severity;                         /* usually the table's */
    bool lifted;                                 /* the severity is that of what follows from it; */
    severity_t own;                              /* its own was this */
    bool has_server;
    nsp_name_t server; /* first NS name of the address, or the server concerned */
    bool has_addr;
    addr_t addr;
    char *text;              /* what was seen, one sentence, owned */
    char *fix;               /* fix for this very case, owned; NULL: the table's */
    bool by_transfer;        /* about an old copy, which a transfer brings up */
    uint8_t ds_algorithm;    /* it is about nothing but DS records with this algorithm; 0: is not */
    uint16_t evidence_count; /* exchanges that prove it; more exist when it is the maximum */
    uint32_t evidence[FINDING_EVIDENCE_MAX]; /* exchange ids */
} finding_t;

typedef struct finding_list {
    size_t count;
    size_t cap;
    finding_t *item;
    uint32_t numbered; /* findings that were ever added */
    bool out_of_memory;
} finding_list_t;

/* The table's line of a kind, which is never freed. */
const finding_desc_t *finding_desc(finding_id_t id);
const char *severity_name(severity_t s); /* "error", "warning", "notice", "info" */

/* Begins an empty list; frees all findings of one, with their texts, and leaves it empty. */
void finding_list_init(finding_list_t *list);
void finding_list_free(finding_list_t *list);
/* Frees what a finding owns, for one that is taken out of its list. */
void finding_clear(finding_t *f);
/* Adds a finding with a formatted sentence; returns it for adding evidence, NULL without memory
 * (remembered in the list). */
finding_t *finding_add(finding_list_t *list, finding_id_t id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
finding_t *finding_vadd(finding_list_t *list, finding_id_t id, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
/* The subject: an address with its first server in the model, or a server. f may be NULL here and
 * below: finding_add has noted then that memory is out. */
void finding_set_addr(finding_t *f, const model_t *m, const addr_t *addr);
void finding_set_server(finding_t *f, const nsp_name_t *server);
/* Adds to what was seen. */
void finding_add_text(finding_t *f, const char *more);
/* A probable cause that the rule knows itself; both are kept, not copied. */
void finding_add_likely(finding_t *f, const char *cause, const char *sign);
/* The fix for this very case. Without memory the table's stays. */
void finding_set_fix(finding_t *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An exchange that proves it, each once; nothing for NULL, or beyond FINDING_EVIDENCE_MAX. */
void finding_add_evidence(finding_t *f, const exchange_t *x);
/* Lifts the severity of a cause to that of what follows from it (raised): nobody looks below a mere
 * warning for an error. What the run itself could not test stays as it is. finding_settle undoes
 * it. */
void finding_lift(finding_t *f);
void finding_settle(finding_t *f);
/* Worst first (a cause counts as the worst that follows from it), root causes before what follows
 * from others, what is about the whole zone before what is about a part of it; then by table order,
 * server and address: the same input gives the same order. */
void finding_list_sort(finding_list_t *list);
/* The same for the findings from index first on. */
void finding_list_sort_part(finding_list_t *list, size_t first);
/* The finding with a number, or NULL. */
const finding_t *finding_by_number(const finding_list_t *list, uint32_t number);
/* The finding at the root of what f follows from; f itself when it is a root cause. */
const finding_t *finding_root(const finding_list_t *list, const finding_t *f);
/* The most probable cause: of this very case, else the table's. */
const char *finding_cause(const finding_t *f);
/* The verdict: the worst severity, or -1 for an empty list. */
int finding_list_worst(const finding_list_t *list);

#endif
