/* A server that answers every question wrongly, reproducibly: one fault of the catalogue after
 * another, and between them mutations of the right answer. On loopback only. */
#ifndef SERVE_FUZZ_H
#define SERVE_FUZZ_H

#include <stdio.h>

#include "serve/fault.h"

#define FUZZ_ERROR_MAX 256

/* One recorded answer, for sending it again. */
typedef struct fuzz_record {
    uint64_t n;
    transport_t transport;
    uint16_t id;            /* of the query that it answered */
    fault_script_t *script; /* owned */
} fuzz_record_t;

typedef struct fuzz_recording {
    size_t count;
    fuzz_record_t *item; /* owned */
} fuzz_recording_t;

typedef struct fuzz_options {
    addr_t listen; /* loopback; port 0: any */
    uint64_t seed;
    bool only; /* always this fault, also over a transport that it is not for (then honest) */
    fault_id_t fault;
    bool honest;                   /* no fault at all: for comparison */
    bool provoke_tcp;              /* UDP is answered with TC when the fault is for TCP alone */
    const fuzz_recording_t *again; /* NULL, or answer from here, in order, over and over */
    FILE *log;                     /* NULL, or one JSON object an answer */
} fuzz_options_t;

typedef struct fuzz_server fuzz_server_t;

/* Binds UDP and TCP of one address (the same port). NULL with a sentence in err. options are
 * copied; what they point to must outlive the server. */
fuzz_server_t *fuzz_server_new(const fuzz_options_t *options, char err[FUZZ_ERROR_MAX]);
void fuzz_server_free(fuzz_server_t *f);
/* The address with its port. */
addr_t fuzz_server_addr(const fuzz_server_t *f);
/* From the next question on always this fault (FAULT_COUNT: mutations), or no fault at all, as from
 * the first answer of that seed on. */
void fuzz_server_set(fuzz_server_t *f, fault_id_t fault, uint64_t seed, bool honest);
/* Answers what comes within wait_ms at most. False on an error that will not go away. */
bool fuzz_server_step(fuzz_server_t *f, int wait_ms);
/* Questions that were answered (or met with silence) so far. */
uint64_t fuzz_server_count(const fuzz_server_t *f);

/* Reads a log: all answers, or only the one with number only (0: all). False with a sentence in
 * err: line and what is wrong. */
bool fuzz_recording_read(const char *text, size_t len, uint64_t only, fuzz_recording_t *out,
                         char err[FUZZ_ERROR_MAX]);
void fuzz_recording_free(fuzz_recording_t *r);

#endif
