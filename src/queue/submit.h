/* Feeds a queue: one message for each job. */
#ifndef QUEUE_SUBMIT_H
#define QUEUE_SUBMIT_H

#include "bulk/list.h"
#include "queue/broker.h"

typedef struct submit_stats {
    uint64_t kept;  /* messages that the stream has now */
    uint64_t twice; /* of these, those that it had before */
    uint64_t lost;  /* that it does not take */
} submit_stats_t;

/* A job to be: borrowed until the next one. */
typedef struct submit_job {
    uint64_t number; /* of its line, from 1 */
    const char *text;
    size_t size;
} submit_job_t;

/* Where jobs come from. next: LIST_LATER when it has to be asked again. */
typedef struct submit_source {
    void *user;
    list_got_t (*next)(void *user, submit_job_t *job);
} submit_source_t;

/* Publishes all jobs to the stream and waits until they are acknowledged. One that is submitted
 * again while the stream remembers it is kept once: its ID is made of its text and its number.
 * False with a sentence in err: memory is out, or *stop was set. Closes b, whose callbacks end with
 * it. */
bool submit_all(broker_t *b, const submit_source_t *from, const _Atomic int *stop,
                submit_stats_t *stats, char err[BROKER_ERROR_MAX]);

#endif
