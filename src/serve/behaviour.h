/* Ways in which a server of a scenario is broken. */
#ifndef SERVE_BEHAVIOUR_H
#define SERVE_BEHAVIOUR_H

#include "exchange/exchange.h"
#include "proto/nsproto.h"

/* X(identifier, "word", argument, "what the server does") */
#define BEHAVIOURS(X)                                                                              \
    X(DROP, "drop", ARG_NONE, "does not answer")                                                   \
    X(CLOSED, "closed", ARG_NONE, "nothing listens: ICMP port unreachable, or RST to SYN")         \
    X(REFUSE, "refuse", ARG_NONE, "answers REFUSED")                                               \
    X(SERVFAIL, "servfail", ARG_NONE, "answers SERVFAIL")                                          \
    X(FORMERR, "formerr", ARG_NONE, "answers FORMERR without OPT")                                 \
    X(NOTIMP, "notimp", ARG_NONE, "answers NOTIMP without OPT")                                    \
    X(BADVERS, "badvers", ARG_NONE, "answers BADVERS to any EDNS version")                         \
    X(NXDOMAIN, "nxdomain", ARG_NONE, "answers NXDOMAIN to everything")                            \
    X(NOT_AA, "not-aa", ARG_NONE, "clears the AA bit")                                             \
    X(UPWARD, "upward-referral", ARG_NONE, "refers to the root servers")                           \
    X(TRUNCATE, "truncate", ARG_NONE, "sets TC and sends no record")                               \
    X(IGNORE_EDNS, "ignore-edns", ARG_NONE, "does not know EDNS: answers as if there were no OPT") \
    X(LOWERCASE, "lowercase", ARG_NONE, "lower-cases the question")                                \
    X(WRONG_QUESTION, "wrong-question", ARG_NONE, "answers another question")                      \
    X(RECURSION, "recursion", ARG_NONE, "sets RA")                                                 \
    X(NO_SOA, "no-soa", ARG_NONE, "leaves the SOA out of negative answers")                        \
    X(SERIAL, "serial", ARG_NUMBER, "has this SOA serial")                                         \
    X(TTL, "ttl", ARG_NUMBER, "gives this TTL to every record")                                    \
    X(MALFORMED, "malformed", ARG_MANGLE, "sends a malformed message of this kind")                \
    X(SLOW, "slow", ARG_NUMBER, "answers after this many milliseconds")                            \
    X(WRONG_ID, "wrong-id", ARG_NONE, "answers with another ID")                                   \
    X(WRONG_SOURCE, "wrong-source", ARG_NONE, "answers from another address (UDP)")                \
    X(WRONG_PORT, "wrong-port", ARG_NONE, "answers from another port (UDP)")                       \
    X(RESET, "reset", ARG_NONE, "resets the connection instead of answering (TCP)")                \
    X(CLOSE, "close", ARG_NUMBER, "closes after this many octets of the answer (TCP)")             \
    X(DRIBBLE, "dribble", ARG_NONE, "sends the answer octet by octet (TCP)")

typedef enum behaviour_kind {
#define X(ident, word, arg, what) BEHAVE_##ident,
    BEHAVIOURS(X)
#undef X
        BEHAVE_COUNT
} behaviour_kind_t;

/* A behaviour and the queries that it is for: all conditions given must hold. */
typedef struct behaviour {
    behaviour_kind_t kind;
    uint32_t number;
    nsp_mangle_t mangle;
    bool udp_only;
    bool tcp_only;
    bool edns_only;
    bool plain_only;
    bool underscore;   /* some label of the name begins with one */
    uint8_t label[64]; /* the name's first, as on the wire; empty: any */
    uint16_t type;     /* 0: any */
    uint32_t larger;   /* reply larger than this; 0: any */
    uint32_t every;    /* each Nth query; 0: each */
    uint32_t counter;  /* queries seen, for every */
} behaviour_t;

/* What is known of a query, and of its honest reply. */
typedef struct query_facts {
    transport_t transport;
    bool edns;
    uint16_t qtype;
    nsp_name_t qname;
    size_t reply_size; /* 0 before there is one */
} query_facts_t;

#endif
