#include "queue/publish.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/clock.h"

#define ACK_WAIT    4000               /* milliseconds until an acknowledgement counts as lost */
#define AGAIN_AFTER INT64_C(500000000) /* nanoseconds from a refusal to the next try */
#define STEP_PAUSE  INT64_C(20000000)

typedef struct again {
    natsMsg *message;
    int64_t at;
} again_t;

struct publish {
    jsCtx *js;
    publish_sink_t *sink;
    void *user;
    size_t room;
    _Atomic size_t pending;
    _Atomic size_t octets;
    _Atomic bool used;    /* the library has had a message */
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t out;
    unsigned inside; /* callbacks that run */
    bool left;       /* callbacks that begin do nothing */
    again_t *again;
    size_t again_count;
    bool troubled;
    char trouble[BROKER_ERROR_MAX];
};

/* The number behind the last dot of the ID. */
static uint64_t tag_of(natsMsg *m)
{
    const char *id = NULL;
    if (natsMsgHeader_Get(m, "Nats-Msg-Id", &id) != NATS_OK || strrchr(id, '.') == NULL)
        return 0;
    return strtoull(strrchr(id, '.') + 1, NULL, 10);
}

/* The message is over; destroys it. */
static void end_message(publish_t *p, natsMsg *m, bool kept, bool twice, const char *why)
{
    publish_end_t end = {.tag = tag_of(m),
                         .size = (size_t)natsMsg_GetDataLength(m),
                         .kept = kept,
                         .twice = twice,
                         .why = why};
    natsMsg_Destroy(m);
    p->octets -= end.size;
    p->sink(p->user, &end);
    p->pending--; /* last: who waits for none to be pending may free what the sink uses */
}

static void keep_for_later(publish_t *p, natsMsg *m, const char *why)
{
    pthread_mutex_lock(&p->lock);
    /* there is room: nothing is here that is not pending */
    p->again[p->again_count++] = (again_t){.message = m, .at = clock_now() + AGAIN_AFTER};
    p->troubled = true;
    snprintf(p->trouble, sizeof p->trouble, "%s", why);
    pthread_mutex_unlock(&p->lock);
}

/* False when the owner has left. */
static bool enter(publish_t *p)
{
    pthread_mutex_lock(&p->lock);
    bool here = !p->left;
    p->inside += here;
    pthread_mutex_unlock(&p->lock);
    return here;
}

static void leave(publish_t *p)
{
    pthread_mutex_lock(&p->lock);
    p->inside--;
    pthread_cond_broadcast(&p->out);
    pthread_mutex_unlock(&p->lock);
}

static void on_ack(jsCtx *js, natsMsg *m, jsPubAck *ack, jsPubAckErr *e, void *user)
{
    publish_t *p = user;
    (void)js;
    if (!enter(p)) {
        natsMsg_Destroy(m);
        return;
    }
    if (ack != NULL)
        end_message(p, m, true, ack->Duplicate, NULL);
    else if (e->ErrCode == JSStreamMessageExceedsMaximumErr)
        end_message(p, m, false, false, "longer than the stream takes");
    else
        keep_for_later(p, m, e->ErrText != NULL ? e->ErrText : natsStatus_GetText(e->Err));
    leave(p);
}

static void send_message(publish_t *p, natsMsg *m)
{
    jsPubOptions o;
    jsPubOptions_Init(&o);
    o.MaxWait = ACK_WAIT;
    natsStatus s = js_PublishMsgAsync(p->js, &m, &o);
    if (s == NATS_OK)
        p->used = true;
    if (s == NATS_MAX_PAYLOAD)
        end_message(p, m, false, false, "longer than the broker takes");
    else if (s != NATS_OK && m != NULL)
        keep_for_later(p, m, natsStatus_GetText(s));
}

publish_t *publish_new(broker_t *b, size_t room, publish_sink_t *sink, void *user)
{
    jsOptions o;
    publish_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->out, NULL);
    p->sink = sink;
    p->user = user;
    p->room = room;
    p->again = calloc(room, sizeof *p->again);
    jsOptions_Init(&o);
    o.PublishAsync.AckHandler = on_ack;
    o.PublishAsync.AckHandlerClosure = p;
    if (p->again == NULL || natsConnection_JetStream(&p->js, b->connection, &o) != NATS_OK) {
        publish_free(p);
        return NULL;
    }
    return p;
}

void publish_free(publish_t *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; p->again != NULL && i < p->again_count; i++)
        natsMsg_Destroy(p->again[i].message);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->out);
    free(p->again);
    free(p);
}

void publish_leave(publish_t *p)
{
    natsMsgList left = {0};
    if (p == NULL || p->js == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->left = true;
    while (p->inside > 0)
        pthread_cond_wait(&p->out, &p->lock);
    pthread_mutex_unlock(&p->lock);
    /* the library (3.4) crashes when it is asked and never had one */
    if (p->used && js_PublishAsyncGetPendingList(&left, p->js) == NATS_OK)
        natsMsgList_Destroy(&left);
    jsCtx_Destroy(p->js);
    p->js = NULL;
}

bool publish_send(publish_t *p, const char *subject, const char *prefix, uint64_t tag,
                  const char *data, size_t size)
{
    char id[BROKER_ID_MAX + 24];
    natsMsg *m = NULL;
    if (p->pending++ >= p->room) {
        p->pending--;
        return false;
    }
    snprintf(id, sizeof id, "%s.%" PRIu64, prefix, tag);
    if (natsMsg_Create(&m, subject, NULL, data, (int)size) != NATS_OK ||
        natsMsgHeader_Set(m, "Nats-Msg-Id", id) != NATS_OK) {
        natsMsg_Destroy(m);
        p->pending--;
        return false;
    }
    p->octets += size;
    send_message(p, m);
    return true;
}

/* The next message whose time has come; NULL: none. */
static natsMsg *next_again(publish_t *p, int64_t now)
{
    natsMsg *m = NULL;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->again_count && m == NULL; i++) {
        if (p->again[i].at <= now) {
            m = p->again[i].message;
            p->again[i] = p->again[--p->again_count];
        }
    }
    pthread_mutex_unlock(&p->lock);
    return m;
}

void publish_step(publish_t *p)
{
    int64_t now = clock_now();
    for (natsMsg *m = next_again(p, now); m != NULL; m = next_again(p, now))
        send_message(p, m);
}

size_t publish_pending(const publish_t *p)
{
    return p->pending;
}

size_t publish_octets(const publish_t *p)
{
    return p->octets;
}

bool publish_wait(publish_t *p, size_t pending, const _Atomic int *stop, int64_t patience)
{
    int64_t until = 0;
    while (p->pending > pending) {
        int64_t now = clock_now();
        if (until == 0 && stop != NULL && *stop != 0)
            until = now + patience;
        if (until != 0 && now >= until)
            return false;
        publish_step(p);
        if (p->pending > pending)
            clock_nap(STEP_PAUSE);
    }
    return true;
}

bool publish_trouble(publish_t *p, char out[BROKER_ERROR_MAX])
{
    pthread_mutex_lock(&p->lock);
    bool was = p->troubled;
    p->troubled = false;
    memcpy(out, p->trouble, sizeof p->trouble);
    pthread_mutex_unlock(&p->lock);
    return was;
}

jsCtx *publish_context(publish_t *p)
{
    return p->js;
}
