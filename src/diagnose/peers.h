/* What other testers test, and which of our findings says the same (peers.def). */
#ifndef DIAGNOSE_PEERS_H
#define DIAGNOSE_PEERS_H

#include "diagnose/finding.h"

typedef enum peer_suite {
    PEER_SUITE_ZONEMASTER,
    PEER_SUITE_EDNS,
    PEER_SUITE_DNSVIZ,
    PEER_SUITES
} peer_suite_t;

/* One test case of a peer. All text is static. */
typedef struct peer_case {
    peer_suite_t suite;
    const char *id;       /* as the peer writes it: "DELEGATION04", "edns@512" */
    const char *title;    /* what it tests */
    const char *findings; /* IDs with a blank between them; "": not covered */
    const char *remark;   /* why it is not covered, or what of it is not; "": nothing */
} peer_case_t;

/* The whole table, in the order of suites; *count of lines. */
const peer_case_t *peer_cases(size_t *count);
/* "Zonemaster", "EDNS compliance", "DNSViz". */
const char *peer_suite_name(peer_suite_t suite);
/* True when the case is covered by the finding with this ID. */
bool peer_case_has(const peer_case_t *c, const char *finding);
/* The case with this ID, whatever the case of its letters; NULL when there is none. */
const peer_case_t *peer_case_find(const char *id);

#endif
