/* Diagnosis of traffic: what flows say about each server address. A pure fold with memory that is
 * bounded by its options: counts for each server, a few retained exchanges as evidence, and
 * findings with the same IDs as those of a check. */
#ifndef DIAGNOSE_TRAFFIC_H
#define DIAGNOSE_TRAFFIC_H

#include "diagnose/diagnose.h"
#include "diagnose/latency.h"
#include "exchange/flow.h"

typedef struct traffic_options {
    uint32_t servers_max; /* 4096; with more, the one least used makes room, and is counted */
    uint32_t names_max;   /* names and types whose answers are compared: 8192 */
    uint32_t samples_max; /* exchanges retained as evidence, of all servers: 4096 */
    size_t memory;        /* octets for them: 32 MiB */
    int64_t slow;         /* a median above this is slow: 500 ms */
    int64_t grace;        /* silence counts after this, nanoseconds: 2 s */
    uint64_t seed;        /* of hashes, against made collisions; nothing depends on it */
} traffic_options_t;

/* How often each thing was seen of one server. */
typedef struct traffic_counts {
    uint64_t queries; /* flows with a question, retries not counted */
    uint64_t retries; /* further attempts */
    uint64_t retried; /* flows with more than one attempt */
    uint64_t answered;
    uint64_t unanswered; /* nothing useful came, and the time was over */
    uint64_t silent;     /* of these nothing at all came */
    uint64_t pending;    /* the capture ended before their time was over, or they were evicted;
                            queries = answered + unanswered + pending */
    uint64_t udp_queries, udp_answered, udp_silent;
    uint64_t tcp_queries, tcp_answered;
    uint64_t recovered; /* answered, but not at the first attempt */
    uint64_t late;
    uint64_t duplicates;
    uint64_t orphans; /* replies without a question */
    uint64_t wrong_id, wrong_port, wrong_source, wrong_question, not_response, headerless;
    uint64_t icmp;
    uint64_t tcp_connections, tcp_refused, tcp_reset, tcp_no_synack, tcp_closed;
    uint64_t truncated;
    uint64_t malformed;         /* replies */
    uint64_t malformed_queries; /* retries included; no fault of the server */
    uint64_t fragments_lost;
    uint64_t fragmented;
    uint64_t checksum; /* replies with a wrong one */
    uint64_t damaged;  /* of these, those that nobody gets: no answer */
    uint64_t lame_refused, lame_servfail, lame_rcode, lame_upward, lame_not_aa;
    uint64_t edns_queries, edns_answered;
    uint64_t edns_rejected; /* FORMERR, NOTIMP or BADVERS to EDNS */
    uint64_t edns_fallback; /* asked again without EDNS, after an error or silence */
    uint64_t plain_queries, plain_answered;
    uint64_t big_queries, big_answered; /* UDP with room for more than 1232 octets */
    uint64_t negative;
} traffic_counts_t;

/* The first messages of each kind that are malformed. */
#define TRAFFIC_FAULTS_MAX 4
typedef struct traffic_fault {
    nsp_err_t fault;
    uint32_t offset; /* in the message */
    uint64_t number; /* packet */
    uint32_t file;
} traffic_fault_t;

/* ICMP errors of one kind. */
#define TRAFFIC_ICMP_MAX 4
typedef struct traffic_icmp {
    uint8_t type;
    uint8_t code;
    addr_t from; /* who reported the first one */
    uint64_t count;
} traffic_icmp_t;

#define TRAFFIC_TYPES_MAX 24
typedef struct traffic_type {
    uint16_t type;
    uint64_t count;
} traffic_type_t;

#define TRAFFIC_RCODES 24 /* 0..22, and all others */

/* One server address. */
typedef struct traffic_server {
    latency_t latency; /* first: beside what is counted for every flow (traffic_fold.h) */
    addr_t addr;
    traffic_counts_t n;
    int64_t first; /* nanoseconds since 1970 */
    int64_t last;
    uint64_t octets_asked;
    uint64_t octets_answered;
    uint64_t rcode[TRAFFIC_RCODES];
    size_t type_count;
    traffic_type_t type[TRAFFIC_TYPES_MAX];
    uint64_t types_other;
    size_t icmp_count;
    traffic_icmp_t icmp[TRAFFIC_ICMP_MAX];
    size_t fault_count;
    traffic_fault_t fault[TRAFFIC_FAULTS_MAX]; /* of replies */
    size_t query_fault_count;
    traffic_fault_t query_fault[TRAFFIC_FAULTS_MAX];
    uint64_t trouble; /* larger: more in trouble; for sorting */
} traffic_server_t;

typedef struct traffic traffic_t;

/* 32 MiB, and what the comments of traffic_options_t say. */
traffic_options_t traffic_options_default(void);
/* Shares so many octets out: half for evidence, a quarter each for servers and names. */
void traffic_options_memory(traffic_options_t *o, size_t octets);
/* options are copied. NULL when memory is out. */
traffic_t *traffic_new(const traffic_options_t *options);
void traffic_free(traffic_t *t);
/* The flow is fed soon: has the memory of its server fetched. */
void traffic_prefetch(const traffic_t *t, const flow_t *flow);
/* A flow_sink_t: user is the traffic_t. When memory is out, evidence is dropped and counted. */
void traffic_feed(void *user, const flow_t *flow);

/* What the fold cannot see for itself; all optional. */
typedef struct traffic_end {
    int64_t end;              /* of the capture, nanoseconds since 1970 */
    bool one_way;             /* questions or replies were captured, never both */
    bool no_server;           /* no packet of any server was captured */
    uint64_t damaged_queries; /* with a wrong checksum, beside those that are questions here */
    int64_t apart; /* by so much replies are recorded too early, or too late (negative); 0: not */
    bool misorder; /* replies in front of all questions, or behind them, or all backwards */
} traffic_end_t;

/* Once, after the last flow: sorts servers by trouble, makes findings (sorted). False when memory
 * is out (what was found so far is kept). */
bool traffic_finish(traffic_t *t, const traffic_end_t *end, finding_list_t *list);

/* Questions or replies were captured, never both; after traffic_finish. */
bool traffic_is_one_way(const traffic_t *t);
/* Nothing at all came from any server, though it would have been captured; after traffic_finish. */
bool traffic_is_unheard(const traffic_t *t);
/* How many server addresses are known; after traffic_finish. */
size_t traffic_server_count(const traffic_t *t);
/* i-th by trouble; after traffic_finish. */
const traffic_server_t *traffic_server(const traffic_t *t, size_t i);
/* All servers together; addr has family 0. */
const traffic_server_t *traffic_total(const traffic_t *t);
/* The retained exchanges; evidence of findings names them by their id. */
const exchange_set_t *traffic_samples(const traffic_t *t);
/* Servers and names that had to make room. */
uint64_t traffic_servers_dropped(const traffic_t *t);
uint64_t traffic_names_dropped(const traffic_t *t);

#endif
