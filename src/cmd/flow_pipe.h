/* Flows on their way from pairing to diagnosis, in blocks: taken in this thread, or in another one
 * while this one goes on reading. The order is that of feeding in either case, and so is
 * everything that comes of it. */
#ifndef CMD_FLOW_PIPE_H
#define CMD_FLOW_PIPE_H

#include "exchange/flow.h"

/* Who takes the flows. Both functions are called in the thread that takes, in order. */
typedef struct flow_taker {
    /* A flow that is taken soon: a chance to fetch memory ahead. May be NULL. */
    void (*prepare)(void *user, const flow_t *flow);
    /* mark is what was fed with the flow. */
    void (*take)(void *user, const flow_t *flow, int64_t mark);
    void *user;
} flow_taker_t;

typedef struct flow_pipe flow_pipe_t;

/* With thread, flows are taken in a thread of the pipe's own; where none can be had, in this one.
 * NULL when memory is out. */
flow_pipe_t *flow_pipe_new(const flow_taker_t *taker, bool thread);
/* Copies the flow with all that it borrows. Waits when the taker is far behind. */
void flow_pipe_feed(flow_pipe_t *p, const flow_t *flow, int64_t mark);
/* Sends what was fed so far on its way; without a thread, it is taken now. */
void flow_pipe_flush(flow_pipe_t *p);
/* Everything was fed: comes back when everything is taken. False when a flow was lost for lack of
 * memory. Nothing may be fed after this. */
bool flow_pipe_finish(flow_pipe_t *p);
void flow_pipe_free(flow_pipe_t *p);

#endif
