/* Zones in memory, and what an honest authoritative server answers from them (RFC 1034 4.3.2). */
#ifndef SERVE_ZONEDB_H
#define SERVE_ZONEDB_H

#include "proto/nsproto.h"

typedef struct zone_rr {
    nsp_name_t owner;
    uint16_t type;
    uint16_t rclass;
    uint32_t ttl;
    uint16_t rdlength;
    uint8_t *rdata; /* owned */
} zone_rr_t;

typedef struct zone {
    nsp_name_t apex;
    char variant[32]; /* "" for the plain one */
    size_t count;
    size_t cap;
    zone_rr_t *rr;
} zone_t;

/* Reads the records of a zone from zone text; names are relative to apex. On an error *err and
 * *at say what and where (line 1 is the first of text). */
bool zone_load(zone_t *z, const char *text, size_t len, nsp_err_t *err, nsp_place_t *at);
void zone_free(zone_t *z);

/* How a name is answered. */
typedef struct zone_answer {
    uint16_t rcode;
    bool aa;
    bool referral;
    bool negative; /* SOA in the authority section */
} zone_answer_t;

/* Writes answer, authority and additional records for a question into b. False when the answer
 * itself did not fit: the reply is then to be truncated. */
bool zone_respond(const zone_t *z, nsp_builder_t *b, const nsp_name_t *qname, uint16_t qtype,
                  zone_answer_t *out);

#endif
