/* Recorded answers as lines of JSON. Internal to serve/. */
#ifndef SERVE_FUZZ_LOG_H
#define SERVE_FUZZ_LOG_H

#include "serve/fuzz.h"

/* What a line tells beside the script. */
typedef struct fuzz_note {
    uint64_t seed;
    uint64_t n;
    const char *fault;
    transport_t transport;
    const uint8_t *query;
    size_t query_size;
} fuzz_note_t;

/* Writes one line. False when it could not be written. */
bool fuzz_log_write(FILE *out, const fuzz_note_t *note, const fault_script_t *script);

#endif
