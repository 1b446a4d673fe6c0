#include "queue/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exchange/noun.h"
#include "proto/text.h"
#include "queue/clock.h"
#include "queue/hand.h"
#include "queue/publish.h"
#include "queue/pull.h"

#define FETCH_MAX    256
#define FETCH_WAIT   INT64_C(400000000)   /* nanoseconds */
#define FULL_PAUSE   INT64_C(5000000)     /* nanoseconds */
#define ERROR_PAUSE  INT64_C(200000000)   /* nanoseconds */
#define LEFT_EVERY   INT64_C(500000000)   /* nanoseconds */
#define WARN_EVERY   INT64_C(10000000000) /* nanoseconds */
#define END_PATIENCE INT64_C(10000000000) /* nanoseconds */
#define OCTETS_MAX   ((size_t)64 << 20)   /* of results on their way: no more jobs are given out */
#define FLUSH_WAIT   3000                 /* milliseconds */
#define DEAD_MAX     (BROKER_NAME_MAX + 6 * LIST_LINE_MAX + 4096)

struct worker {
    broker_t *broker;
    worker_options_t o;
    pull_t pull;
    publish_t *publish;
    pthread_t thread;
    bool runs;
    char prefix[BROKER_ID_MAX];
    uint64_t deliveries;
    int64_t ack_wait;
    int64_t warned;
    int64_t left_at; /* when the stream was looked at */
    unsigned empty;  /* how often in a row nothing was left */
    _Atomic bool ending;
    _Atomic bool over; /* nothing more will come */
    _Atomic bool failed;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t came;
    hand_t *hand;
    worker_stats_t stats;
};

/* --- what becomes of a job --- */

static void refuse(void *user, uint64_t line, const char *why);

static void on_end(void *user, const publish_end_t *end)
{
    worker_t *w = user;
    hand_job_t job = {0};
    char why[200];
    pthread_mutex_lock(&w->lock);
    hand_job_t *j = hand_find(w->hand, end->tag);
    bool result = j != NULL && j->state != HAND_DEAD;
    bool unfit = result && !end->kept; /* its result is too long: nothing to try again */
    if (!unfit && hand_remove(w->hand, end->tag, &job)) {
        w->stats.done += result && end->kept;
        w->stats.twice += result && end->kept && end->twice;
        w->stats.dead += !result && end->kept;
    }
    pthread_mutex_unlock(&w->lock);
    if (!result && !end->kept)
        w->failed = true; /* a dead letter that nobody takes: not even that can be told */
    if (unfit) {
        snprintf(why, sizeof why, "a result of %zu octets: %s", end->size, end->why);
        refuse(w, end->tag, why);
    } else if (job.message != NULL) {
        if (result)
            pull_tell(w->broker->connection, job.message, PULL_ACK);
        else if (end->kept)
            pull_tell(w->broker->connection, job.message, PULL_TERM);
        natsMsg_Destroy(job.message);
    }
}

/* Octets of a message without blanks and line ends behind it; *cut where it is too long. */
static size_t text_of(natsMsg *m, bool *cut)
{
    size_t size = (size_t)natsMsg_GetDataLength(m);
    const char *p = natsMsg_GetData(m);
    while (size > 0 && strchr(" \t\r\n", p[size - 1]) != NULL && p[size - 1] != '\0')
        size--;
    *cut = size > LIST_LINE_MAX;
    return *cut ? LIST_LINE_MAX : size;
}

/* Publishes the dead letter of a job whose state is HAND_DEAD. text is its message. */
static void send_dead(worker_t *w, uint64_t sequence, uint64_t deliveries, const char *text,
                      size_t size, const char *why)
{
    char *buf = malloc(DEAD_MAX);
    nsp_text_t t;
    if (buf == NULL) {
        w->failed = true;
        return;
    }
    nsp_text_begin(&t, buf, DEAD_MAX);
    nsp_text_printf(&t, "{\"line\":%llu,\"stream\":\"%s\",\"deliveries\":%llu,\"reason\":",
                    (unsigned long long)sequence, w->broker->stream,
                    (unsigned long long)deliveries);
    nsp_text_json_string(&t, why, strlen(why));
    nsp_text_str(&t, ",\"job\":");
    nsp_text_json_string(&t, text, size);
    nsp_text_str(&t, "}\n");
    if (!publish_send(w->publish, w->broker->dead, w->prefix, sequence, t.buf, t.len))
        w->failed = true;
    free(buf);
}

/* Makes a dead letter of a job in hand. */
static void refuse(void *user, uint64_t line, const char *why)
{
    worker_t *w = user;
    char text[LIST_LINE_MAX];
    size_t size = 0;
    uint64_t deliveries = 0;
    bool cut = false;
    pthread_mutex_lock(&w->lock);
    hand_job_t *j = hand_find(w->hand, line);
    bool found = j != NULL && j->state != HAND_DEAD;
    if (found) {
        j->state = HAND_DEAD;
        deliveries = j->deliveries;
        size = text_of(j->message, &cut);
        memcpy(text, natsMsg_GetData(j->message), size);
    }
    pthread_mutex_unlock(&w->lock);
    if (found)
        send_dead(w, line, deliveries, text, size, why);
}

static void give_back(worker_t *w, uint64_t line, const char *why)
{
    hand_job_t job = {0};
    pthread_mutex_lock(&w->lock);
    const hand_job_t *j = hand_find(w->hand, line);
    bool last = j != NULL && j->deliveries >= w->deliveries;
    bool removed = !last && hand_remove(w->hand, line, &job);
    w->stats.returned += removed;
    pthread_mutex_unlock(&w->lock);
    if (last)
        refuse(w, line, why);
    if (removed) {
        pull_tell(w->broker->connection, job.message, PULL_NAK_WAIT);
        natsMsg_Destroy(job.message);
    }
}

static void fail(void *user, uint64_t line, const char *why)
{
    give_back(user, line, why);
}

/* --- fetching --- */

static void take_up(worker_t *w, natsMsg *m)
{
    jsMsgMetaData *d = NULL;
    void *old = NULL;
    char why[80];
    bool cut = false;
    if (natsMsg_GetMetaData(&d, m) != NATS_OK) {
        natsMsg_Destroy(m);
        return;
    }
    hand_job_t job = {.sequence = d->Sequence.Stream,
                      .deliveries = d->NumDelivered,
                      .message = m,
                      .told = clock_now()};
    jsMsgMetaData_Destroy(d);
    bool dead = job.deliveries > w->deliveries;
    job.state = dead ? HAND_DEAD : HAND_WAITING;
    pthread_mutex_lock(&w->lock);
    hand_put_t put = hand_put(w->hand, &job, &old);
    pthread_cond_signal(&w->came);
    pthread_mutex_unlock(&w->lock);
    if (put == HAND_FULL)
        pull_tell(w->broker->connection, m, PULL_NAK);
    natsMsg_Destroy(put == HAND_FULL ? m : old);
    if (dead && put == HAND_NEW) {
        size_t size = text_of(m, &cut);
        snprintf(why, sizeof why, "delivered %llu %s, and no worker had a result",
                 (unsigned long long)(job.deliveries - 1),
                 noun(job.deliveries - 1, "time", "times"));
        send_dead(w, job.sequence, job.deliveries, natsMsg_GetData(m), size, why);
    }
}

static natsStatus fetch(worker_t *w, size_t room)
{
    natsMsg *message[FETCH_MAX];
    size_t count = 0;
    natsStatus s =
        pull_fetch(&w->pull, message, room < FETCH_MAX ? room : FETCH_MAX, FETCH_WAIT, &count);
    for (size_t i = 0; i < count; i++)
        take_up(w, message[i]);
    return s;
}

/* Tells the broker of the jobs that it would deliver to others soon. */
static void keep_alive(worker_t *w)
{
    int64_t now = clock_now();
    size_t place = 0;
    pthread_mutex_lock(&w->lock);
    for (hand_job_t *j = hand_each(w->hand, &place); j != NULL; j = hand_each(w->hand, &place)) {
        if (now - j->told < w->ack_wait / 2)
            continue;
        pull_tell(w->broker->connection, j->message, PULL_PROGRESS);
        j->told = now;
    }
    pthread_mutex_unlock(&w->lock);
}

/* With --drain: is no job left, twice in a row? Those that others have in hand count. */
static void look_for_end(worker_t *w)
{
    uint64_t left = 0;
    uint64_t last = 0;
    int64_t now = clock_now();
    if (!w->o.drain || now - w->left_at < LEFT_EVERY)
        return;
    w->left_at = now;
    bool none = broker_jobs(w->broker, publish_context(w->publish), &left, &last) && left == 0;
    w->empty = none ? w->empty + 1 : 0;
    if (w->empty == 2)
        w->over = true;
}

static void warn_of_trouble(worker_t *w)
{
    char why[BROKER_ERROR_MAX];
    char text[BROKER_ERROR_MAX + 80];
    int64_t now = clock_now();
    if (w->o.warn == NULL || now - w->warned < WARN_EVERY || !publish_trouble(w->publish, why))
        return;
    w->warned = now;
    snprintf(text, sizeof text, "results are not acknowledged (%s); they are sent again", why);
    w->o.warn(w->o.user, text);
}

static void *serve(void *user)
{
    worker_t *w = user;
    while (!w->ending && !w->failed) {
        pthread_mutex_lock(&w->lock);
        size_t room = hand_room(w->hand);
        size_t waiting = hand_waiting(w->hand);
        pthread_mutex_unlock(&w->lock);
        publish_step(w->publish);
        keep_alive(w);
        warn_of_trouble(w);
        if (broker_is_gone(w->broker))
            w->failed = true;
        /* few at a time cost as much to fetch as many */
        if (room == 0 || (waiting > 0 && room < w->o.room / 4) || w->over ||
            (w->o.stop != NULL && *w->o.stop != 0)) {
            clock_nap(FULL_PAUSE);
            continue;
        }
        natsStatus s = fetch(w, room);
        if (s == NATS_TIMEOUT)
            look_for_end(w);
        else
            w->empty = 0;
        if (s != NATS_OK && s != NATS_TIMEOUT)
            clock_nap(ERROR_PAUSE);
    }
    return NULL;
}

/* --- the feed --- */

/* Why a job is none that a list could have; NULL: it is one. */
static const char *fault_of(const list_line_t *line, bool lines)
{
    if (line->size == 0)
        return "an empty job";
    if (memchr(line->text, '\0', line->size) != NULL)
        return "a NUL octet in the job";
    return !lines && memchr(line->text, '\n', line->size) != NULL ? "a job of several lines" : NULL;
}

/* The next job's text. False: none now. */
static bool next_line(worker_t *w, list_line_t *line)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t at = (int64_t)until.tv_nsec + w->o.patience;
    until.tv_sec += at / 1000000000;
    until.tv_nsec = at % 1000000000;
    pthread_mutex_lock(&w->lock);
    const hand_job_t *j = NULL;
    if (publish_octets(w->publish) <= OCTETS_MAX)
        j = hand_next(w->hand);
    if (j == NULL && w->o.patience > 0) {
        pthread_cond_timedwait(&w->came, &w->lock, &until);
        j = publish_octets(w->publish) <= OCTETS_MAX ? hand_next(w->hand) : NULL;
    }
    if (j != NULL) {
        line->number = line->first = j->sequence;
        line->size = text_of(j->message, &line->cut);
        memcpy(line->text, natsMsg_GetData(j->message), line->size);
        line->text[line->size] = '\0';
    }
    pthread_mutex_unlock(&w->lock);
    return j != NULL;
}

static list_got_t take(void *user, list_line_t *line)
{
    worker_t *w = user;
    while (!w->failed && next_line(w, line)) {
        const char *fault = fault_of(line, w->o.lines);
        if (fault == NULL)
            return LIST_LINE;
        refuse(w, line->number, fault);
    }
    return w->failed || w->over ? LIST_END : LIST_LATER;
}

/* Publishes one result. A job that is no longer in hand is another worker's now. */
static void give_one(worker_t *w, const char *text, size_t size, uint64_t line)
{
    pthread_mutex_lock(&w->lock);
    hand_job_t *j = hand_find(w->hand, line);
    bool found = j != NULL && j->state == HAND_WORKING;
    if (found)
        j->state = HAND_ENDED;
    pthread_mutex_unlock(&w->lock);
    if (found && !publish_send(w->publish, w->broker->results, w->prefix, line, text, size))
        w->failed = true;
}

static bool give(void *user, const char *text, size_t size, const uint64_t *line, size_t count)
{
    worker_t *w = user;
    const char *end = text + size;
    for (size_t i = 0; i < count; i++) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        next = next != NULL ? next + 1 : end;
        give_one(w, text, (size_t)(next - text), line[i]);
        text = next;
    }
    return !w->failed;
}

static uint64_t count(void *user)
{
    return worker_stats(user).done;
}

feed_t worker_feed(worker_t *w)
{
    return (feed_t){
        .user = w, .take = take, .give = give, .count = count, .refuse = refuse, .fail = fail};
}

/* --- begin and end --- */

static bool check_consumer(worker_t *w, const jsConsumerInfo *ci, char err[BROKER_ERROR_MAX])
{
    const jsConsumerConfig *c = ci->Config;
    w->ack_wait = c->AckWait > 0 ? c->AckWait : INT64_C(30000000000);
    if (c->AckPolicy != js_AckExplicit || c->DeliverSubject != NULL)
        snprintf(err, BROKER_ERROR_MAX,
                 "consumer %s is there and is no pull consumer with explicit "
                 "acknowledgement",
                 w->o.consumer);
    else if (c->MaxDeliver > 0 && (uint64_t)c->MaxDeliver <= w->deliveries)
        snprintf(
            err, BROKER_ERROR_MAX,
            "consumer %s: the broker would drop jobs after %lld deliveries, before they become "
            "dead letters",
            w->o.consumer, (long long)c->MaxDeliver);
    else
        return true;
    return false;
}

static bool open_consumer(worker_t *w, char err[BROKER_ERROR_MAX])
{
    jsCtx *js = publish_context(w->publish);
    jsConsumerInfo *ci = NULL;
    jsConsumerConfig c;
    jsErrCode code = 0;
    natsStatus s = js_GetConsumerInfo(&ci, js, w->broker->stream, w->o.consumer, NULL, &code);
    if (s == NATS_NOT_FOUND) {
        jsConsumerConfig_Init(&c);
        c.Durable = w->o.consumer;
        c.AckPolicy = js_AckExplicit;
        c.AckWait = w->o.ack_wait;
        c.MaxDeliver = -1;
        c.MaxAckPending = -1;
        s = js_AddConsumer(&ci, js, w->broker->stream, &c, NULL, &code);
    }
    bool good = s == NATS_OK && check_consumer(w, ci, err);
    jsConsumerInfo_Destroy(ci);
    if (good)
        s = pull_open(&w->pull, w->broker->connection, w->broker->stream, w->o.consumer);
    if (s != NATS_OK)
        broker_error(err, "consumer", s, code);
    return good && s == NATS_OK;
}

worker_t *worker_new(broker_t *b, const worker_options_t *o)
{
    pthread_condattr_t monotonic;
    worker_t *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->broker = b;
    w->o = *o;
    w->deliveries = o->deliveries;
    broker_id_prefix(b, w->prefix);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->came, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->hand = hand_new(o->room);
    w->publish = publish_new(b, o->room, on_end, w);
    return w;
}

bool worker_begin(worker_t *w, char err[BROKER_ERROR_MAX])
{
    snprintf(err, BROKER_ERROR_MAX, "out of memory");
    w->runs = w->hand != NULL && w->publish != NULL && open_consumer(w, err) &&
              pthread_create(&w->thread, NULL, serve, w) == 0;
    return w->runs;
}

worker_stats_t worker_stats(worker_t *w)
{
    pthread_mutex_lock(&w->lock);
    worker_stats_t s = w->stats;
    pthread_mutex_unlock(&w->lock);
    return s;
}

/* Jobs without a result go back at once, so that others need not wait for their time to end. */
static void return_all(worker_t *w)
{
    hand_job_t job;
    size_t place = 0;
    pthread_mutex_lock(&w->lock);
    for (hand_job_t *j = hand_each(w->hand, &place); j != NULL; j = hand_each(w->hand, &place)) {
        if (j->state != HAND_WAITING && j->state != HAND_WORKING)
            continue;
        if (hand_remove(w->hand, j->sequence, &job)) {
            pull_tell(w->broker->connection, job.message, PULL_NAK);
            natsMsg_Destroy(job.message);
            w->stats.returned++;
            place--; /* another job may stand there now */
        }
    }
    pthread_mutex_unlock(&w->lock);
}

bool worker_end(worker_t *w)
{
    w->ending = true;
    if (w->runs)
        pthread_join(w->thread, NULL);
    const _Atomic int now = 1; /* patience begins at once */
    bool good = !w->failed;
    if (w->hand != NULL)
        return_all(w);
    if (w->publish != NULL)
        good = publish_wait(w->publish, 0, &now, END_PATIENCE) && good;
    pull_close(&w->pull);
    (void)natsConnection_FlushTimeout(w->broker->connection, FLUSH_WAIT);
    publish_leave(w->publish);
    return good;
}

void worker_free(worker_t *w)
{
    size_t place = 0;
    if (w == NULL)
        return;
    if (w->hand != NULL)
        for (hand_job_t *j = hand_each(w->hand, &place); j != NULL; j = hand_each(w->hand, &place))
            natsMsg_Destroy(j->message);
    hand_free(w->hand);
    publish_free(w->publish);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->came);
    free(w);
}
