#include "cmd/flow_pipe.h"

#include <stdlib.h>
#include <string.h>

#include "capture/thread.h"

/* A block's flows, with their octets, fit the second-level cache. */
#define BLOCK_FLOWS  128u
#define BLOCK_OCTETS ((size_t)64 << 10)
#define BLOCKS       8u
/* Threads that wait are woken when there is so much to do, or so much room, since waking costs more
 * than some flows do. */
#define ENOUGH (BLOCKS / 2)
/* Flows between preparing and taking one: time enough for memory to come. */
#define AHEAD 6u

typedef struct block {
    uint32_t count;
    size_t used;
    size_t cap; /* BLOCK_OCTETS, more for a single flow that needs it */
    uint8_t *octets;
    flow_t flow[BLOCK_FLOWS];
    int64_t mark[BLOCK_FLOWS];
} block_t;

struct flow_pipe {
    flow_taker_t taker;
    uint64_t lost;
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock; /* of the next four */
    pthread_cond_t changed;
    uint64_t filled; /* blocks that were sent; the one at this number is being filled */
    uint64_t emptied;
    bool hurry; /* what was sent is wanted now */
    bool closed;
    uint32_t blocks;
    block_t *block;
};

/* --- copying --- */

static const uint8_t *keep_octets(block_t *b, const uint8_t *octets, size_t n)
{
    uint8_t *to = b->octets + b->used;
    if (octets == NULL)
        return NULL;
    memcpy(to, octets, n);
    b->used += n;
    return to;
}

static void keep_events(block_t *b, flow_t *f)
{
    /* events first: their place is a multiple of their alignment */
    const size_t align = _Alignof(flow_event_t);
    b->used = (b->used + align - 1) / align * align;
    flow_event_t *event = (flow_event_t *)(void *)(b->octets + b->used);
    size_t size = f->event_count * sizeof *event;
    memcpy(event, f->event, size);
    b->used += size;
    for (uint32_t i = 0; i < f->event_count; i++)
        event[i].message.bytes = keep_octets(b, event[i].message.bytes, event[i].message.size);
    f->event = event;
}

/* Octets that a copy takes, at most. */
static size_t need_of(const flow_t *flow)
{
    size_t n = flow->event_count * sizeof(flow_event_t) + _Alignof(flow_event_t);
    if (flow->query.bytes != NULL)
        n += flow->query.size;
    if (flow->reply.bytes != NULL)
        n += flow->reply.size;
    for (uint32_t i = 0; i < flow->event_count; i++)
        n += flow->event[i].message.bytes != NULL ? flow->event[i].message.size : 0;
    return n;
}

static bool block_resize(block_t *b, size_t cap)
{
    uint8_t *octets = realloc(b->octets, cap);
    if (octets == NULL)
        return false;
    b->octets = octets;
    b->cap = cap;
    return true;
}

/* --- taking --- */

static void take_block(const flow_taker_t *taker, block_t *b)
{
    for (uint32_t i = 0; i < AHEAD && i < b->count && taker->prepare != NULL; i++)
        taker->prepare(taker->user, &b->flow[i]);
    for (uint32_t i = 0; i < b->count; i++) {
        if (i + AHEAD < b->count && taker->prepare != NULL)
            taker->prepare(taker->user, &b->flow[i + AHEAD]);
        taker->take(taker->user, &b->flow[i], b->mark[i]);
    }
    b->count = 0;
    b->used = 0;
    if (b->cap > BLOCK_OCTETS)
        (void)block_resize(b, BLOCK_OCTETS); /* else it stays as large as it is */
}

static bool is_worth_it(const flow_pipe_t *p)
{
    return p->closed || p->hurry || p->filled - p->emptied >= ENOUGH;
}

/* Takes all that was sent. Called with the lock. */
static void take_blocks(flow_pipe_t *p)
{
    while (p->emptied != p->filled) {
        block_t *b = &p->block[p->emptied % p->blocks];
        pthread_mutex_unlock(&p->lock);
        take_block(&p->taker, b);
        pthread_mutex_lock(&p->lock);
        p->emptied++;
        if (p->filled - p->emptied == BLOCKS - ENOUGH)
            pthread_cond_signal(&p->changed);
    }
    p->hurry = false;
}

/* The thread that takes. */
static void *run(void *user)
{
    flow_pipe_t *p = user;
    pthread_mutex_lock(&p->lock);
    while (!p->closed || p->emptied != p->filled) {
        while (!is_worth_it(p))
            pthread_cond_wait(&p->changed, &p->lock);
        take_blocks(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static block_t *current(const flow_pipe_t *p)
{
    return &p->block[p->filled % p->blocks];
}

/* The block that was filled, if it was, goes on its way, and the next can be filled. */
static void send_block(flow_pipe_t *p, bool hurry)
{
    bool any = current(p)->count > 0;
    if (!p->threaded) {
        take_block(&p->taker, current(p));
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->filled += any;
    p->hurry = p->hurry || (hurry && p->filled != p->emptied);
    if (is_worth_it(p))
        pthread_cond_signal(&p->changed);
    bool full = p->filled - p->emptied == BLOCKS;
    while (full) {
        pthread_cond_wait(&p->changed, &p->lock);
        full = p->filled - p->emptied > BLOCKS - ENOUGH;
    }
    pthread_mutex_unlock(&p->lock);
}

void flow_pipe_flush(flow_pipe_t *p)
{
    send_block(p, true);
}

void flow_pipe_feed(flow_pipe_t *p, const flow_t *flow, int64_t mark)
{
    size_t need = need_of(flow);
    if (current(p)->count == BLOCK_FLOWS ||
        (current(p)->count > 0 && current(p)->cap - current(p)->used < need))
        send_block(p, false);
    block_t *b = current(p);
    if (b->cap - b->used < need && !block_resize(b, need)) {
        p->lost++;
        return;
    }
    flow_t *f = &b->flow[b->count];
    *f = *flow;
    if (f->event_count > 0)
        keep_events(b, f);
    f->query.bytes = keep_octets(b, f->query.bytes, f->query.size);
    f->reply.bytes = keep_octets(b, f->reply.bytes, f->reply.size);
    b->mark[b->count++] = mark;
}

/* --- beginning and end --- */

flow_pipe_t *flow_pipe_new(const flow_taker_t *taker, bool thread)
{
    flow_pipe_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->taker = *taker;
    p->blocks = thread ? BLOCKS : 1;
    p->block = calloc(p->blocks, sizeof *p->block);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    bool good = p->block != NULL;
    for (uint32_t i = 0; good && i < p->blocks; i++)
        good = block_resize(&p->block[i], BLOCK_OCTETS);
    if (!good) {
        flow_pipe_free(p);
        return NULL;
    }
    p->threaded = thread && thread_start(&p->thread, run, p);
    return p;
}

bool flow_pipe_finish(flow_pipe_t *p)
{
    flow_pipe_flush(p);
    if (p->threaded) {
        pthread_mutex_lock(&p->lock);
        p->closed = true;
        pthread_cond_signal(&p->changed);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
        p->threaded = false;
    }
    return p->lost == 0;
}

void flow_pipe_free(flow_pipe_t *p)
{
    if (p == NULL)
        return;
    if (p->threaded)
        (void)flow_pipe_finish(p);
    for (uint32_t i = 0; p->block != NULL && i < p->blocks; i++)
        free(p->block[i].octets);
    free(p->block);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
