#include "queue/submit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "queue/clock.h"
#include "queue/publish.h"

#define WINDOW   4096
#define PATIENCE INT64_C(5000000000) /* nanoseconds behind *stop */
/* Nanoseconds until a list is looked at again that goes on later. */
#define LATER_PAUSE INT64_C(10000000)

typedef struct counter {
    pthread_mutex_t lock;
    submit_stats_t stats;
} counter_t;

static void on_end(void *user, const publish_end_t *end)
{
    counter_t *c = user;
    pthread_mutex_lock(&c->lock);
    c->stats.kept += end->kept;
    c->stats.twice += end->kept && end->twice;
    c->stats.lost += !end->kept;
    pthread_mutex_unlock(&c->lock);
}

/* FNV-1a, 64 bits: enough to tell the lines of one number apart. */
static uint64_t hash_of(const char *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Publishes all jobs. */
static bool feed(broker_t *b, publish_t *p, const submit_source_t *from, const _Atomic int *stop)
{
    char prefix[BROKER_ID_MAX];
    submit_job_t job;
    while (*stop == 0) {
        list_got_t got = from->next(from->user, &job);
        if (got == LIST_END)
            break;
        if (got == LIST_LATER) {
            publish_step(p);
            clock_nap(LATER_PAUSE);
            continue;
        }
        snprintf(prefix, sizeof prefix, "%016" PRIx64, hash_of(job.text, job.size));
        if (publish_pending(p) >= WINDOW)
            (void)publish_wait(p, WINDOW / 2, stop, 0);
        if (*stop == 0 && !publish_send(p, b->jobs, prefix, job.number, job.text, job.size))
            return false;
    }
    return true;
}

bool submit_all(broker_t *b, const submit_source_t *from, const _Atomic int *stop,
                submit_stats_t *stats, char err[BROKER_ERROR_MAX])
{
    counter_t *c = calloc(1, sizeof *c);
    publish_t *p = NULL;
    bool fed = false;
    snprintf(err, BROKER_ERROR_MAX, "out of memory");
    if (c != NULL) {
        pthread_mutex_init(&c->lock, NULL);
        p = publish_new(b, WINDOW, on_end, c);
    }
    if (p != NULL) {
        fed = feed(b, p, from, stop);
        if (!publish_wait(p, 0, stop, PATIENCE) || *stop != 0) {
            snprintf(err, BROKER_ERROR_MAX, "interrupted; what is missing can be submitted again");
            fed = false;
        }
        publish_leave(p);
    }
    /* callbacks end with the connection */
    bool ended = broker_close(b);
    if (c != NULL)
        *stats = c->stats;
    if (ended) {
        publish_free(p);
        free(c);
    }
    /* else a thread of the library still looks at them */
    return fed; /* NOLINT(clang-analyzer-unix.Malloc) */
}
