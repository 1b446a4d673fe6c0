/* What one exchange came to: a pure reading of its events, used by every finding and report. */
#ifndef DIAGNOSE_OUTCOME_H
#define DIAGNOSE_OUTCOME_H

#include "exchange/exchange.h"
#include "exchange/flow.h"
#include "proto/nsproto.h"

typedef enum outcome_kind {
    OUTCOME_PENDING,    /* not finished, nothing decided */
    OUTCOME_ANSWERED,   /* a matching reply that parses */
    OUTCOME_MALFORMED,  /* a matching reply that does not parse */
    OUTCOME_MISMATCHED, /* only replies that do not match */
    OUTCOME_SILENT,     /* nothing at all */
    OUTCOME_ICMP,       /* only ICMP errors */
    OUTCOME_REFUSED,    /* TCP RST to SYN */
    OUTCOME_NO_SYNACK,
    OUTCOME_RESET,
    OUTCOME_CLOSED,  /* FIN before a whole reply */
    OUTCOME_NOT_SENT /* the kernel would not send (no route, no such family, not permitted) */
} outcome_kind_t;

/* A message with room for its index. */
typedef struct reply {
    nsp_msg_t msg;
    nsp_rr_t arena[NSP_RR_MAX];
} reply_t;

/* Indexes a message again whose faults are known, or of no interest: what can be read of it is in
 * r->msg, which is returned, for as long as r is not used again and the octets stay. */
const nsp_msg_t *reply_index(reply_t *r, const uint8_t *bytes, size_t size);

/* Indexes and validates a reply. Its first fault, at *offset, or NSP_OK; a bare header that says
 * that the question could not be read has none, nor has one without a question when
 * questionless. What could be indexed is in r. */
nsp_err_t reply_read(reply_t *r, const uint8_t *bytes, uint32_t size, bool questionless,
                     uint32_t *offset);

/* The same of a query. One without a question has no fault (RFC 9619 4, RFC 7873 5.4, RFC 8490
 * 5.4). */
nsp_err_t query_read(reply_t *r, const uint8_t *bytes, uint32_t size, uint32_t *offset);

/* Whether the reply to a query may be without a question: where the query has none; where it was
 * not captured, over TCP: further messages of a zone transfer (RFC 5936 2.2.1). query may be
 * NULL. */
bool reply_is_questionless(const uint8_t *query, uint32_t size, transport_t transport);

typedef struct outcome {
    outcome_kind_t kind;
    const event_t *reply; /* the deciding event: reply, mismatch, ICMP, reset ..., or NULL */
    int64_t rtt;          /* from the attempt that the reply answers, nanoseconds; -1 without one.
                             Over TCP a reply's time counts from the handshake's end at least */
    bool late;            /* the reply came after its attempt's time was over */
    unsigned attempts;
    unsigned lost;   /* attempts that got nothing although another was answered */
    nsp_err_t fault; /* for MALFORMED */
    uint32_t fault_offset;
} outcome_t;

/* Classifies. A reply with any fault, RDATA included, is MALFORMED, save for an error reply that is
 * a bare header; what could be indexed of it is in scratch all the same. scratch gets the indexed
 * reply (valid as long as x lives) when there is one; it may be NULL. */
void outcome_of(const exchange_t *x, outcome_t *out, reply_t *scratch);

/* The same for the exchange that was made of a flow: a reply that the capture cut is an answer, and
 * not malformed. */
void outcome_of_flow(const flow_t *flow, const exchange_t *x, outcome_t *out, reply_t *scratch);

/* True for a reply (an event of x) that came after its attempt's time was over. */
bool event_is_late(const exchange_t *x, const event_t *e);

/* "answered", "silent", ... stable, for JSON. */
const char *outcome_name(outcome_kind_t kind);

/* The questions that `check` asks of each address, recognised from the query packet alone. */
typedef enum probe_kind {
    PROBE_NONE,     /* not one of them */
    PROBE_SOA,      /* apex SOA, UDP, without EDNS */
    PROBE_SOA_EDNS, /* apex SOA, UDP, EDNS version 0 */
    PROBE_SOA_TCP,
    PROBE_NS, /* apex NS, UDP, EDNS */
    PROBE_NS_TCP,
    PROBE_BIG,       /* apex DNSKEY or TXT, UDP, EDNS with DO and a size of 4096 */
    PROBE_BIG_TCP,   /* the same over TCP */
    PROBE_CASE,      /* apex SOA, UDP, mixed-case QNAME */
    PROBE_NXDOMAIN,  /* a name below the apex that should not exist: first label "nsprobe-..." */
    PROBE_NODATA,    /* a type that an apex should not have */
    PROBE_SIGNED,    /* asked where there is a DNSKEY, with DO and a size of 1232: apex NS, CDS,
                        CDNSKEY or NSEC3PARAM, or a name that should not exist; UDP */
    PROBE_SIGNED_TCP /* the same over TCP, or apex SOA */
} probe_kind_t;

/* The type of PROBE_NODATA: known to every server for decades, and held by no apex (RFC 1183 3.1)
 */
#define PROBE_NODATA_TYPE NSP_TYPE_X25
/* How the first label of PROBE_NXDOMAIN begins. */
#define PROBE_NXDOMAIN_PREFIX "nsprobe-"
/* UDP payload sizes offered (RFC 6891 6.2.3): small enough for any path, and for PROBE_BIG. */
#define PROBE_EDNS_SIZE 1232
#define PROBE_BIG_SIZE  4096

/* The option that says who asks (bulk --identify), of the range for local use (RFC 6891 9). */
#define PROBE_IDENTIFY_OPTION 65022

/* Reads the query packet alone: class IN, no flag of the header, EDNS version 0 without options
 * save for PROBE_IDENTIFY_OPTION. PROBE_NONE for anything else. */
probe_kind_t probe_kind_of(const exchange_t *x, const nsp_name_t *zone);
/* "soa", "soa-edns", ... stable, for JSON. */
const char *probe_name(probe_kind_t kind);

#endif
