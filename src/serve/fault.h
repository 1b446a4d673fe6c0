/* Answers that are wrong in a named way: the catalogue of faults (faults.def) and what each of them
 * puts on the wire. Pure: the same query, honest reply and seed give the same octets. */
#ifndef SERVE_FAULT_H
#define SERVE_FAULT_H

#include "exchange/exchange.h"
#include "proto/nsproto.h"

typedef enum fault_id {
#define FAULT(ident, name, where, lie, what, source) FAULT_##ident,
#include "serve/faults.def"
#undef FAULT
    FAULT_COUNT
} fault_id_t;

#define FAULT_UDP 1u
#define FAULT_TCP 2u

typedef struct fault_desc {
    const char *name;
    unsigned where; /* FAULT_UDP, FAULT_TCP or both */
    bool lie;       /* the answer carries the lie, which no client may take */
    const char *what;
    const char *source;
} fault_desc_t;

/* What a lying answer says: nobody may believe it. */
#define FAULT_LIE_IPV4 "203.0.113.66"
#define FAULT_LIE_IPV6 "2001:db8:bad::66"
#define FAULT_LIE_TEXT "nsprobe-lie"
#define FAULT_LIE_NAME "lie.invalid."

/* Where a datagram comes from. */
typedef enum fault_from { FROM_RIGHT_PLACE, FROM_OTHER_PORT, FROM_OTHER_ADDRESS } fault_from_t;

/* What happens to a connection behind the pieces. */
typedef enum fault_end { END_KEEP, END_FIN, END_RESET } fault_end_t;

/* Octets [at, at + size) of the script: a datagram, or a part of the stream. */
typedef struct fault_piece {
    size_t at;
    size_t size;
    fault_from_t from;
    uint32_t delay_ms; /* before it, since the piece before */
} fault_piece_t;

#define FAULT_PIECES_MAX 64
#define FAULT_OCTETS_MAX (2 * 65537 + 4096)

/* Everything that is sent for one query. Over TCP the length octets are in it. */
typedef struct fault_script {
    unsigned count;
    fault_piece_t piece[FAULT_PIECES_MAX];
    fault_end_t end;
    bool dribble; /* TCP: octet by octet */
    bool endless; /* TCP: the pieces again and again */
    size_t used;
    uint8_t octets[FAULT_OCTETS_MAX];
} fault_script_t;

/* What a script is made of. */
typedef struct fault_input {
    transport_t transport;
    const uint8_t *query;
    size_t query_size;
    const uint8_t *honest; /* the right reply */
    size_t honest_size;
    uint64_t seed;
} fault_input_t;

/* The catalogue's line, which is never freed. */
const fault_desc_t *fault_desc(fault_id_t id);
/* False when there is no fault of that name. */
bool fault_from_name(const char *name, fault_id_t *out);
/* True when the fault can be shown over a transport. */
bool fault_fits(fault_id_t id, transport_t transport);

/* Fills the script for one query. A fault that is not for this transport gives the honest reply; a
 * query without a readable question gives silence. */
void fault_script(fault_id_t id, const fault_input_t *in, fault_script_t *out);

/* The honest reply, changed along its structure (proto/mutate.h): what the catalogue has no name
 * for. */
void fault_mutation(const fault_input_t *in, fault_script_t *out);

#endif
