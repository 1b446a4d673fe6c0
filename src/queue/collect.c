#include "queue/collect.h"

#include <stdlib.h>
#include <string.h>

#include "queue/clock.h"
#include "queue/pull.h"
#include "queue/seen.h"

#define BATCH       512
#define FETCH_WAIT  INT64_C(500000000)  /* nanoseconds */
#define ERROR_PAUSE INT64_C(300000000)  /* nanoseconds */
#define TELL_EVERY  INT64_C(1000000000) /* nanoseconds */
/* A consumer without a durable name is forgotten so long after the last fetch. */
#define FORGOTTEN INT64_C(300000000000) /* nanoseconds */

typedef struct collect {
    broker_t *b;
    const collect_options_t *o;
    collect_stats_t *stats;
    jsCtx *js;
    pull_t pull;
    seen_t *seen;
    char prefix[BROKER_ID_MAX];
    char stream[BROKER_NAME_MAX + 1];
    char consumer[BROKER_NAME_MAX + 1];
    uint64_t left;  /* jobs, when that was asked */
    uint64_t last;  /* the last job's sequence */
    unsigned empty; /* how often in a row nothing was left */
    bool broken;    /* cannot be written, or memory is out */
} collect_t;

/* The job that a message is about; 0: none of this stream's. */
static uint64_t job_of(const collect_t *c, natsMsg *m)
{
    const char *id = NULL;
    size_t n = strlen(c->prefix);
    if (natsMsgHeader_Get(m, "Nats-Msg-Id", &id) != NATS_OK || strncmp(id, c->prefix, n) != 0 ||
        id[n] != '.')
        return 0;
    char *end = NULL;
    uint64_t job = strtoull(id + n + 1, &end, 10);
    return end != id + n + 1 && *end == '\0' ? job : 0;
}

static void write_line(collect_t *c, natsMsg *m)
{
    size_t size = (size_t)natsMsg_GetDataLength(m);
    const char *p = natsMsg_GetData(m);
    while (size > 0 && p[size - 1] == '\n')
        size--;
    /* what is not one line is not from a worker */
    if (size == 0 || memchr(p, '\n', size) != NULL) {
        c->stats->foreign++;
        return;
    }
    c->stats->count++;
    if (fwrite(p, 1, size, c->o->out) != size || fputc('\n', c->o->out) == EOF)
        c->broken = true;
}

static void take(collect_t *c, natsMsg *m)
{
    uint64_t job = job_of(c, m);
    /* a number that no job has would only cost memory */
    if (job > c->last)
        (void)broker_jobs(c->b, c->js, &c->left, &c->last);
    if (job == 0 || job > c->last || job >= SEEN_MAX) {
        c->stats->foreign++;
        return;
    }
    seen_add_t seen = seen_add(c->seen, job);
    if (seen == SEEN_NEW)
        write_line(c, m);
    else if (seen == SEEN_AGAIN)
        c->stats->twice++;
    else
        c->broken = true;
}

/* Reads from the beginning. The broker keeps this consumer only as long as it is used; when it is
 * gone, another one is made, and what was seen is passed over. */
static natsStatus open_reader(collect_t *c)
{
    jsConsumerConfig config;
    jsConsumerInfo *ci = NULL;
    jsErrCode code = 0;
    pull_close(&c->pull);
    jsConsumerConfig_Init(&config);
    config.FilterSubject = c->o->subject;
    config.AckPolicy = js_AckExplicit;
    config.MaxAckPending = -1;
    config.InactiveThreshold = FORGOTTEN;
    natsStatus s = js_AddConsumer(&ci, c->js, c->stream, &config, NULL, &code);
    if (s == NATS_OK) {
        snprintf(c->consumer, sizeof c->consumer, "%s", ci->Name);
        s = pull_open(&c->pull, c->b->connection, c->stream, c->consumer);
    }
    jsConsumerInfo_Destroy(ci);
    return s;
}

/* Returns the status of the fetch. */
static natsStatus read_some(collect_t *c)
{
    natsMsg *message[BATCH];
    size_t count = 0;
    natsStatus s = pull_fetch(&c->pull, message, BATCH, FETCH_WAIT, &count);
    for (size_t i = 0; i < count; i++) {
        take(c, message[i]);
        pull_tell(c->b->connection, message[i], PULL_ACK);
        natsMsg_Destroy(message[i]);
    }
    return s;
}

/* True when all that is in the stream was read. */
static bool is_read(collect_t *c)
{
    jsConsumerInfo *ci = NULL;
    jsErrCode code = 0;
    natsStatus s = js_GetConsumerInfo(&ci, c->js, c->stream, c->consumer, NULL, &code);
    bool read = s == NATS_OK && ci->NumPending == 0 && ci->NumAckPending == 0;
    jsConsumerInfo_Destroy(ci);
    if (s == NATS_NOT_FOUND)
        (void)open_reader(c);
    return read;
}

static void tell(collect_t *c, int64_t *told)
{
    int64_t now = clock_now();
    if (c->o->tell == NULL || now - *told < TELL_EVERY)
        return;
    *told = now;
    if (broker_jobs(c->b, c->js, &c->left, &c->last))
        c->o->tell(c->o->user, c->stats->count, c->left);
}

static void read_all(collect_t *c)
{
    int64_t told = clock_now();
    while (*c->o->stop == 0 && !c->broken) {
        natsStatus s = c->pull.sub != NULL ? read_some(c) : open_reader(c);
        tell(c, &told);
        if (s == NATS_OK)
            continue;
        if (s == NATS_TIMEOUT) {
            /* in this order: no result comes when no job is left */
            bool none = broker_jobs(c->b, c->js, &c->left, &c->last) && c->left == 0 && is_read(c);
            c->empty = none ? c->empty + 1 : 0;
            if (c->empty == 2)
                return;
            continue;
        }
        c->empty = 0;
        clock_nap(ERROR_PAUSE);
        if (natsConnection_Status(c->b->connection) == NATS_CONN_STATUS_CONNECTED)
            (void)open_reader(c);
    }
}

bool collect_all(broker_t *b, const collect_options_t *o, collect_stats_t *stats,
                 char err[BROKER_ERROR_MAX])
{
    collect_t c = {.b = b, .o = o, .stats = stats, .seen = seen_new()};
    snprintf(err, BROKER_ERROR_MAX, "out of memory");
    broker_id_prefix(b, c.prefix);
    bool good = c.seen != NULL && natsConnection_JetStream(&c.js, b->connection, NULL) == NATS_OK &&
                broker_stream_of(c.js, o->subject, c.stream, err);
    if (good) {
        read_all(&c);
        good = !c.broken && *o->stop == 0 && fflush(o->out) == 0;
        snprintf(err, BROKER_ERROR_MAX, "%s",
                 *o->stop != 0 ? "interrupted" : "cannot be written, or memory is out");
    }
    pull_close(&c.pull);
    jsCtx_Destroy(c.js);
    seen_free(c.seen);
    return good;
}
