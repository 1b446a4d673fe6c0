/* Collects what a queue has come to: the results, each once, whatever was delivered twice. */
#ifndef QUEUE_COLLECT_H
#define QUEUE_COLLECT_H

#include <stdio.h>

#include "queue/broker.h"

typedef struct collect_options {
    const char *subject; /* whose messages are wanted: results, or dead letters */
    FILE *out;
    const _Atomic int *stop;
    void (*tell)(void *user, uint64_t results, uint64_t left); /* now and then; may be NULL */
    void *user;
} collect_options_t;

typedef struct collect_stats {
    uint64_t count;   /* lines written */
    uint64_t twice;   /* messages about a job that had one already */
    uint64_t foreign; /* messages that are not about this stream's jobs */
} collect_stats_t;

/* Reads the stream of results from its beginning and writes them as lines, until no job is left in
 * the stream of jobs. Nothing is taken out of the stream: it can be collected again. False with a
 * sentence in err: *stop was set, memory is out, or the file cannot be written. */
bool collect_all(broker_t *b, const collect_options_t *o, collect_stats_t *stats,
                 char err[BROKER_ERROR_MAX]);

#endif
