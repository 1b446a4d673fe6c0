/* Messages of a JetStream consumer, fetched when there is room for them, and what the consumer is
 * told of them. The protocol of pull consumers spoken directly: the library's own fetch writes
 * behind its array when messages of an earlier request come late (cnats 3.4). */
#ifndef QUEUE_PULL_H
#define QUEUE_PULL_H

#include "queue/broker.h"

typedef struct pull {
    natsConnection *connection;
    natsSubscription *sub; /* to an inbox of its own */
    char subject[BROKER_SUBJECT_MAX];
    char inbox[BROKER_SUBJECT_MAX];
    size_t wanted; /* messages that the last request may still bring */
    int64_t until; /* when the broker forgets it */
} pull_t;

/* For an existing pull consumer. */
natsStatus pull_open(pull_t *p, natsConnection *c, const char *stream, const char *consumer);
void pull_close(pull_t *p);
/* Gives up to max messages, which the caller destroys; waits up to wait nanoseconds for the first.
 * *count is 0 unless NATS_OK is returned. NATS_TIMEOUT: there are none now; others: not known. */
natsStatus pull_fetch(pull_t *p, natsMsg **out, size_t max, int64_t wait, size_t *count);

typedef enum pull_tell {
    PULL_ACK,      /* done */
    PULL_NAK,      /* deliver it again, now */
    PULL_NAK_WAIT, /* deliver it again, in two seconds */
    PULL_PROGRESS, /* at work; the broker's patience begins anew */
    PULL_TERM      /* never deliver it again */
} pull_tell_t;
/* Sends without waiting; what gets lost shows in another delivery. */
void pull_tell(natsConnection *c, const natsMsg *m, pull_tell_t what);

#endif
