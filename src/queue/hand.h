/* The jobs that a worker of a queue has in hand: those that wait for a thread, those at work, and
 * those whose result is on its way to the broker. Of fixed size. Not locked; see worker.c. */
#ifndef QUEUE_HAND_H
#define QUEUE_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum hand_state { HAND_WAITING, HAND_WORKING, HAND_ENDED, HAND_DEAD } hand_state_t;

typedef struct hand_job {
    uint64_t sequence;   /* in the stream, from 1 */
    uint64_t deliveries; /* this one included */
    void *message;       /* the caller's */
    int64_t told;        /* when the broker last heard of it */
    hand_state_t state;
} hand_job_t;

typedef enum hand_put {
    HAND_NEW,
    HAND_AGAIN, /* it was in hand: its message is another one now */
    HAND_FULL
} hand_put_t;

typedef struct hand hand_t;

/* Room for so many jobs, at least 1. NULL when memory is out. */
hand_t *hand_new(size_t room);
/* Messages that are still in hand are the caller's to destroy first. */
void hand_free(hand_t *h);
/* Jobs that there is room for still; those in hand; and of these, those that nobody has begun. */
size_t hand_room(const hand_t *h);
size_t hand_count(const hand_t *h);
size_t hand_waiting(const hand_t *h);

/* Takes a job up, in the state that it has. HAND_AGAIN: the broker delivered once more what is in
 * hand, because it heard too late that it is; the state stays, and *old is the message that is to
 * be destroyed. */
hand_put_t hand_put(hand_t *h, const hand_job_t *job, void **old);
/* The job that waited longest, now at work; borrowed until the next hand_put or hand_remove. NULL:
 * none. */
const hand_job_t *hand_next(hand_t *h);
/* The job; what it was told, and the state of one that is not waiting, may be changed. Borrowed as
 * above. NULL: not in hand. */
hand_job_t *hand_find(hand_t *h, uint64_t sequence);
/* Gives the job away. False: not in hand. */
bool hand_remove(hand_t *h, uint64_t sequence, hand_job_t *out);
/* All jobs, one after the other: *place begins with 0. NULL: no more. Nothing may be put or removed
 * between calls. */
hand_job_t *hand_each(hand_t *h, size_t *place);

#endif
