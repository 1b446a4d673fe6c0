/* Messages to streams: sent without waiting, and sent again until the broker says that it keeps
 * them. Each has an ID, so that one that is sent twice is kept once. */
#ifndef QUEUE_PUBLISH_H
#define QUEUE_PUBLISH_H

#include "queue/broker.h"

/* Called once for each message, by a thread of the library or by the one in publish_send or
 * publish_step. kept: a stream has it; twice: it had it before. Otherwise why it never will. */
typedef struct publish_end {
    uint64_t tag;
    size_t size;
    bool kept;
    bool twice;
    const char *why;
} publish_end_t;
typedef void publish_sink_t(void *user, const publish_end_t *end);

typedef struct publish publish_t;

/* At most room messages on their way. NULL when memory is out. */
publish_t *publish_new(broker_t *b, size_t room, publish_sink_t *sink, void *user);
/* Takes back what is still on its way; behind it nothing can be sent, and the sink is not called.
 * Before broker_close. */
void publish_leave(publish_t *p);
/* Behind broker_close, since threads of the library look at it until then. */
void publish_free(publish_t *p);
/* Sends data, copied, with the ID "prefix.tag". False when memory is out or too much is on its way.
 */
bool publish_send(publish_t *p, const char *subject, const char *prefix, uint64_t tag,
                  const char *data, size_t size);
/* Sends again what was not acknowledged in time. To be called a few times a second. */
void publish_step(publish_t *p);
/* Messages, and octets, that are on their way. */
size_t publish_pending(const publish_t *p);
size_t publish_octets(const publish_t *p);
/* Steps until at most so many messages are on their way, or until stop (may be NULL) is set and
 * patience nanoseconds have passed. True when it came to that. */
bool publish_wait(publish_t *p, size_t pending, const _Atomic int *stop, int64_t patience);
/* Why messages are being sent again, since the last call; false: none is. */
bool publish_trouble(publish_t *p, char out[BROKER_ERROR_MAX]);
/* For those who need a context of their own calls: the one that messages go through. */
jsCtx *publish_context(publish_t *p);

#endif
