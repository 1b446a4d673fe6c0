/* A worker of a queue: fetches jobs, hands them to the threads of a bulk run, publishes their
 * results, and acknowledges a job only when the broker has said that it keeps the result. While a
 * job is in hand the broker is told so before its time is over.
 *
 * A worker that dies takes nothing with it: the broker delivers its jobs to others. A job that was
 * delivered too often, or that cannot be understood, becomes a dead letter. */
#ifndef QUEUE_WORKER_H
#define QUEUE_WORKER_H

#include "bulk/feed.h"
#include "queue/broker.h"

typedef struct worker_options {
    const char *consumer; /* durable; made when it is not there */
    size_t room;          /* jobs in hand */
    uint64_t deliveries;  /* of a job, before it becomes a dead letter */
    int64_t ack_wait;     /* nanoseconds, of a consumer that is made */
    bool drain;           /* end when the stream of jobs is empty */
    bool lines;           /* a job may have several */
    int64_t patience;     /* nanoseconds that taking a job may wait for one */
    const _Atomic int *stop;
    void (*warn)(void *user, const char *text); /* lasting trouble, one line; by another thread */
    void *user;
} worker_options_t;

typedef struct worker_stats {
    uint64_t done;  /* results that are kept and whose jobs are acknowledged */
    uint64_t twice; /* of these, results that another delivery had published already */
    uint64_t dead;
    uint64_t returned; /* jobs given back, for another worker or another time */
} worker_stats_t;

typedef struct worker worker_t;

/* b is open, and stays the caller's. NULL when memory is out. */
worker_t *worker_new(broker_t *b, const worker_options_t *o);
/* Begins to fetch. False with a sentence in err. */
bool worker_begin(worker_t *w, char err[BROKER_ERROR_MAX]);
/* Where jobs come from and results go. Valid until worker_end. */
feed_t worker_feed(worker_t *w);
worker_stats_t worker_stats(worker_t *w);
/* To be called when no thread takes or gives any more: waits for results on their way, gives back
 * all other jobs. False when results could not be published, whose jobs will be done again. */
bool worker_end(worker_t *w);
/* Behind broker_close. */
void worker_free(worker_t *w);

#endif
