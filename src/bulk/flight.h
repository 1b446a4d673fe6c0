/* Many questions on their way at once, over UDP: one loop, preallocated exchanges, no allocation
 * and no system call for a single query. A truncated reply is fetched over TCP by the engine of
 * probe/, which is the rare path.
 *
 * A flight belongs to one thread. Each exchange has an ID of its own choice, random, and one of
 * several sockets on random ports; a retry is the same message again. A reply is taken only from
 * the address and port that was asked, with ID, QR and question as they must be, and is decoded and
 * validated as a whole. */
#ifndef BULK_FLIGHT_H
#define BULK_FLIGHT_H

#include "bulk/limits.h"
#include "bulk/pool.h"
#include "diagnose/outcome.h"
#include "probe/engine.h"

/* Octets of one query: header, the longest name, an OPT with a short option. */
#define FLIGHT_QUERY_MAX 400

typedef struct flight_options {
    unsigned slots;       /* exchanges, those that wait for their turn included: 16384 */
    unsigned outstanding; /* messages that wait for a reply: 4096 */
    schedule_t schedule;  /* late is not used: a retry is the same message, so nothing is late */
    pool_options_t pool;
    limits_t *limits; /* shared; NULL: none */
    int64_t pause;    /* at high rates, the longest time between two batches, nanoseconds: 1 ms */
    unsigned lane;    /* questions at once to one address (see lane.h): 250; 0: any number */
    unsigned handles; /* of TCP, at a time; 0: 256 */
    bool no_tcp;      /* a truncated reply is the result */
} flight_options_t;

/* What became of one question. Everything is borrowed until the sink returns. */
typedef struct flight_result {
    uint64_t number; /* the caller's */
    const addr_t *server;
    const uint8_t *query;
    size_t query_size;
    transport_t transport;
    outcome_kind_t outcome;
    unsigned attempts;      /* messages over UDP */
    int64_t rtt;            /* since the last of them, or since TCP began; -1: no reply */
    const nsp_msg_t *reply; /* NULL: none. Of a malformed one, what could be read */
    bool truncated;         /* TC was set over UDP */
    nsp_err_t fault;        /* MALFORMED */
    uint32_t fault_offset;
    uint8_t icmp_type; /* ICMP */
    uint8_t icmp_code;
    uint8_t mismatch; /* MISMATCH_ bits of all that came and did not match */
    int os_error;     /* NOT_SENT */
} flight_result_t;

typedef void flight_sink_t(void *user, const flight_result_t *result);

/* Counters, since the beginning. */
typedef struct flight_stats {
    uint64_t asked;    /* questions taken */
    uint64_t sent;     /* messages */
    uint64_t timeouts; /* messages that nothing came of in their time */
    uint64_t replies;  /* taken */
    uint64_t strays;   /* datagrams that match no question */
    uint64_t ended;    /* questions */
    uint64_t tcp;
} flight_stats_t;

typedef struct flight flight_t;

/* As the comments of flight_options_t say. */
flight_options_t flight_options_default(void);
/* NULL when memory is out. */
flight_t *flight_new(const flight_options_t *o, flight_sink_t *sink, void *user);
void flight_free(flight_t *f);
/* True when there is room for one more question. */
bool flight_has_room(const flight_t *f);
/* Takes a question, copied; its first two octets are replaced. To be called when there is room, and
 * with at most FLIGHT_QUERY_MAX octets, a whole header and one question. */
void flight_ask(flight_t *f, uint64_t number, const addr_t *server, const uint8_t *wire,
                size_t size);
/* Receives, times out, sends, and waits for something to happen, at most until wait_until (0: does
 * not wait). The sink is called for each question that ended. */
void flight_step(flight_t *f, int64_t wait_until);
/* Questions that have not ended. */
size_t flight_pending(const flight_t *f);
/* Of these, on their way now. */
size_t flight_outstanding(const flight_t *f);
/* Counts so far: the flight's own, which go on counting. */
const flight_stats_t *flight_stats(const flight_t *f);
/* The clock of wait_until: CLOCK_MONOTONIC, nanoseconds. */
int64_t flight_now(void);

#endif
