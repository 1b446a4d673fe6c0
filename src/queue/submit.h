/* Feeds a list to a queue: one message for each line. */
#ifndef QUEUE_SUBMIT_H
#define QUEUE_SUBMIT_H

#include "bulk/list.h"
#include "queue/broker.h"

typedef struct submit_stats {
    uint64_t kept;  /* messages that the stream has now */
    uint64_t twice; /* of these, those that it had before */
    uint64_t lost;  /* that it does not take */
} submit_stats_t;

/* Publishes every line of in to the stream of jobs and waits until all are acknowledged. A line
 * that is submitted again while the stream remembers it is kept once: its ID is made of its text
 * and its number. False with a sentence in err: memory is out, or *stop was set. Closes b, whose
 * callbacks end with it. */
bool submit_list(broker_t *b, list_t *in, const _Atomic int *stop, submit_stats_t *stats,
                 char err[BROKER_ERROR_MAX]);

#endif
