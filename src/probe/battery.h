/* The questions that are asked of every address of the zone. */
#ifndef PROBE_BATTERY_H
#define PROBE_BATTERY_H

#include "diagnose/outcome.h"
#include "diagnose/run_mark.h"

#define BATTERY_MAX        12
#define BATTERY_SIGNED_MAX 5
#define BATTERY_QUERY_SIZE 320 /* octets: header, the longest name, an OPT */

typedef struct battery_query {
    probe_kind_t kind;
    transport_t transport;
    size_t size;
    uint8_t wire[BATTERY_QUERY_SIZE]; /* ID 0 */
} battery_query_t;

/* Builds the questions for the apex of zone; probe_kind_of() recognises each. random decides the
 * case of letters and the nonexistent name, which tells mark (NULL: none) where it has room. A
 * probe that the name leaves no room for (a nonexistent name below it, a letter whose case could
 * differ) is left out. Returns their number. */
size_t battery_build(const nsp_name_t *zone, uint64_t random, const run_mark_t *mark,
                     battery_query_t out[BATTERY_MAX]);

/* The questions for an address that has a DNSKEY of the zone, over UDP: what proves the rest of its
 * signatures, and that there is nothing. As battery_build otherwise. */
size_t battery_signed_build(const nsp_name_t *zone, uint64_t random, const run_mark_t *mark,
                            battery_query_t out[BATTERY_SIGNED_MAX]);

/* One question as the walk asks it: opcode QUERY, class IN, ID 0, with an OPT of size
 * PROBE_EDNS_SIZE when edns; with DO for DS and DNSKEY, whose signatures are wanted. Returns its
 * octets, 0 when cap is too small. */
size_t battery_question(const nsp_name_t *name, uint16_t type, bool rd, bool edns, uint8_t *buf,
                        size_t cap);

#endif
