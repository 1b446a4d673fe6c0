/* Questions and what came of them: each one that was asked without recursion, by address,
 * transport, name and type, with the reply read once. A view of an exchange set that grows. */
#ifndef DKIM_ANSWER_H
#define DKIM_ANSWER_H

#include "diagnose/outcome.h"

/* How a question is asked: bits. */
#define ASK_EDNS 1u /* with an OPT of size PROBE_EDNS_SIZE */
#define ASK_DO   2u /* and DO set in it (RFC 3225) */

/* One question, and its answer when there is one. Stays where it is as long as the table lives. */
typedef struct answer {
    addr_t server;
    transport_t transport;
    unsigned how; /* ASK_ bits */
    nsp_name_t qname;
    uint16_t qtype;
    const exchange_t *x; /* NULL: wanted, not asked yet */
    bool decided;        /* the exchange has finished, and what follows is set */
    outcome_kind_t outcome;
    int64_t rtt; /* nanoseconds; -1 without a reply */
    /* the rest is for OUTCOME_ANSWERED */
    int64_t at; /* of the reply, on the set's clock, nanoseconds */
    uint16_t rcode;
    bool aa;
    bool tc;
    uint16_t count;   /* records of qtype at QNAME in the answer section */
    uint16_t cnames;  /* different CNAMEs at QNAME in it */
    nsp_name_t cname; /* target of the first */
    bool has_dname;   /* a DNAME above QNAME, of which that CNAME is made (RFC 6672 3.1) */
    nsp_name_t dname; /* its owner */
    bool has_soa;     /* in the authority section, or in the answer to an SOA question */
    nsp_name_t soa;   /* its owner, at or above QNAME */
    nsp_name_t mname;
    uint32_t serial;
    uint32_t refresh; /* seconds */
    uint32_t retry;
    uint32_t expire;
    uint32_t minimum;
    uint32_t soa_ttl;
    bool has_ns;   /* NS records in the authority section */
    nsp_name_t ns; /* their owner, at or above QNAME */
} answer_t;

/* What an answer means to someone who asked a server of a zone. */
typedef enum reading {
    READ_PENDING, /* not decided */
    READ_FOUND,   /* authoritative, with records of the type */
    READ_ALIAS,   /* authoritative, with a CNAME and no such records */
    READ_NODATA,
    READ_NXDOMAIN,
    READ_REFERRAL, /* to a zone below */
    READ_LAME,     /* an error rcode, no authority, or a referral elsewhere */
    READ_BROKEN,   /* malformed or mismatched */
    READ_SILENT,   /* nothing came, or TCP failed */
    READ_NOT_SENT  /* this machine could not send it: says nothing about the server */
} reading_t;

typedef struct answers answers_t;

/* set may grow; it must outlive the table. NULL when memory is out. */
answers_t *answers_new(const exchange_set_t *set);
void answers_free(answers_t *t);
/* Reads what has come since the last time. Returns whether anything did; *ok is false when memory
 * is out. */
bool answers_update(answers_t *t, bool *ok);
/* The question, or NULL when it was neither asked nor wanted. */
const answer_t *answers_find(const answers_t *t, const addr_t *server, transport_t transport,
                             const nsp_name_t *qname, uint16_t qtype, unsigned how);
/* All of them, in order; NULL past the last. */
const answer_t *answers_at(const answers_t *t, size_t i);

/* zone: apex of the zone that the server is said to serve. A truncated reply over UDP has no
 * meaning of its own (READ_BROKEN): see answers_ask. */
reading_t answer_reading(const answer_t *a, const nsp_name_t *zone);
/* The zone below zone that the answer shows, if it does: by a referral to it, or by its SOA. */
bool answer_cut(const answer_t *a, const nsp_name_t *zone, nsp_name_t *cut);
/* One question as a resolver asks it, with all that may follow: without EDNS after an error that
 * EDNS may have caused, or after silence; over TCP after TC. */
typedef struct ask {
    addr_t server;
    transport_t transport; /* that it begins with */
    const nsp_name_t *qname;
    uint16_t qtype;
    bool plain;         /* without EDNS from the beginning */
    bool dnssec;        /* with DO, and therefore never without EDNS */
    bool after_silence; /* without EDNS after silence: the server is known to answer so */
    const answer_t *
        *waits_for; /* may be NULL; remembers from one time to the next what is awaited */
} ask_t;

/* Wants the next question of the sequence, when there is one: *wanted is it, else NULL. Returns
 * what the resolver ends up with once that is decided, else NULL. With wanted NULL nothing is
 * entered (for looking alone). */
const answer_t *answers_ask(answers_t *t, const ask_t *ask, const answer_t **wanted);
/* The reply's message, indexed into *scratch (valid as long as the set). False without one. */
bool answer_message(const answer_t *a, reply_t *scratch);

#endif
