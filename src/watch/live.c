#include "watch/live.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 1024
#define NUDGE_NS    20000000 /* between two signals to a thread that has not ended yet */

/* What a thread is to do, and what came of it. */
typedef struct job {
    struct job *next;
    const watch_target_t *target;
    char *message; /* owned */
    watch_event_t event;
} job_t;

typedef struct queue {
    job_t *first;
    job_t **last;
} queue_t;

struct live {
    live_options_t options;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* rounds, messages or halt are new */
    queue_t rounds;      /* to be run */
    queue_t messages;    /* to be told */
    queue_t events;      /* for live_wait */
    int wake;            /* eventfd: events is not empty */
    int cancel;          /* eventfd: commands are to end */
    int signals;         /* signalfd */
    int signal;          /* that asked us to stop */
    bool halt;
    unsigned idle; /* workers that wait for a round */
    unsigned workers;
    pthread_t worker[WORKERS_MAX];
    bool has_teller;
    pthread_t teller;
};

static void queue_init(queue_t *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static void queue_put(queue_t *q, job_t *j)
{
    j->next = NULL;
    *q->last = j;
    q->last = &j->next;
}

static job_t *queue_take(queue_t *q)
{
    job_t *j = q->first;
    if (j == NULL)
        return NULL;
    q->first = j->next;
    if (q->first == NULL)
        q->last = &q->first;
    return j;
}

static void free_job(job_t *j)
{
    if (j->event.kind == WATCH_EVENT_ROUND && j->event.good)
        watch_round_free(&j->event.round);
    free(j->message);
    free(j);
}

static void queue_free(queue_t *q)
{
    for (job_t *j = queue_take(q); j != NULL; j = queue_take(q))
        free_job(j);
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t live_now(void *live)
{
    (void)live;
    return clock_ms(CLOCK_BOOTTIME);
}

int64_t live_wall(void *live)
{
    const live_t *l = live;
    return l->options.wall != 0 ? l->options.wall : clock_ms(CLOCK_REALTIME);
}

uint32_t live_random(void *live)
{
    uint32_t r = 0;
    (void)live;
    /* only spreads load: without randomness nothing breaks */
    if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
        r = 0;
    return r;
}

static void ring(int fd)
{
    uint64_t one = 1;
    /* a counter that is full wakes just as well */
    ssize_t n = write(fd, &one, sizeof one);
    (void)n;
}

static void give_event(live_t *l, job_t *j)
{
    pthread_mutex_lock(&l->mutex);
    queue_put(&l->events, j);
    pthread_mutex_unlock(&l->mutex);
    ring(l->wake);
}

/* The next job, waited for; NULL when the thread is to end. */
static job_t *next_job(live_t *l, queue_t *q, unsigned *idle)
{
    pthread_mutex_lock(&l->mutex);
    while (q->first == NULL && !l->halt) {
        if (idle != NULL)
            (*idle)++;
        pthread_cond_wait(&l->work, &l->mutex);
        if (idle != NULL)
            (*idle)--;
    }
    job_t *j = l->halt ? NULL : queue_take(q);
    pthread_mutex_unlock(&l->mutex);
    return j;
}

static void *work(void *arg)
{
    live_t *l = arg;
    for (job_t *j = next_job(l, &l->rounds, &l->idle); j != NULL;
         j = next_job(l, &l->rounds, &l->idle)) {
        watch_event_t *e = &j->event;
        int64_t wall = live_wall(l);
        int64_t began = live_now(l);
        e->good = l->options.round(l->options.user, j->target, &e->round, e->text);
        e->round.at = wall;
        e->round.took = live_now(l) - began;
        give_event(l, j);
    }
    return NULL;
}

static void *tell_all(void *arg)
{
    live_t *l = arg;
    for (job_t *j = next_job(l, &l->messages, NULL); j != NULL;
         j = next_job(l, &l->messages, NULL)) {
        j->event.good = notify_run(l->options.argv, j->message, strlen(j->message),
                                   l->options.argv_timeout, l->cancel, j->event.text);
        give_event(l, j);
    }
    return NULL;
}

static void on_nudge(int number)
{
    (void)number; /* it is there to interrupt system calls */
}

static bool catch_signals(live_t *l)
{
    struct sigaction sa;
    sigset_t set;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_nudge;
    sigemptyset(&sa.sa_mask);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigaction(SIGUSR1, &sa, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return l->signals >= 0;
}

live_t *live_new(const live_options_t *options)
{
    live_t *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->options = *options;
    if (l->options.workers > WORKERS_MAX)
        l->options.workers = WORKERS_MAX;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->work, NULL);
    queue_init(&l->rounds);
    queue_init(&l->messages);
    queue_init(&l->events);
    l->signals = -1;
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake >= 0 && l->cancel >= 0 && catch_signals(l))
        return l;
    live_free(l);
    return NULL;
}

void live_free(live_t *l)
{
    if (l == NULL)
        return;
    live_stop(l);
    queue_free(&l->rounds);
    queue_free(&l->messages);
    queue_free(&l->events);
    const int fds[] = {l->wake, l->cancel, l->signals};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

int live_signal(const live_t *l)
{
    return l->signal;
}

/* Queues a job, and sees to it that some thread will take it. */
static bool hand_over(live_t *l, queue_t *q, job_t *j, bool ready)
{
    if (!ready) {
        free_job(j);
        return false;
    }
    pthread_mutex_lock(&l->mutex);
    queue_put(q, j);
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->mutex);
    return true;
}

static bool have_worker(live_t *l)
{
    pthread_mutex_lock(&l->mutex);
    size_t waiting = 0;
    for (const job_t *j = l->rounds.first; j != NULL; j = j->next)
        waiting++;
    bool more = l->idle <= waiting && l->workers < l->options.workers;
    pthread_mutex_unlock(&l->mutex);
    if (more && pthread_create(&l->worker[l->workers], NULL, work, l) == 0)
        l->workers++;
    return l->workers > 0;
}

bool live_start(void *live, size_t item, const watch_target_t *target)
{
    live_t *l = live;
    job_t *j = calloc(1, sizeof *j);
    if (j == NULL)
        return false;
    j->target = target;
    j->event.kind = WATCH_EVENT_ROUND;
    j->event.item = item;
    return hand_over(l, &l->rounds, j, have_worker(l));
}

bool live_tell(void *live, int64_t change, const char *message)
{
    live_t *l = live;
    job_t *j = calloc(1, sizeof *j);
    if (j == NULL)
        return false;
    j->event.kind = WATCH_EVENT_TOLD;
    j->event.change = change;
    j->message = strdup(message);
    if (!l->has_teller && j->message != NULL)
        l->has_teller = pthread_create(&l->teller, NULL, tell_all, l) == 0;
    return hand_over(l, &l->messages, j, l->has_teller && j->message != NULL);
}

/* A signal that came, as an event. */
static bool take_signal(live_t *l, watch_event_t *event)
{
    struct signalfd_siginfo info;
    if (read(l->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    event->kind = info.ssi_signo == SIGHUP ? WATCH_EVENT_RELOAD : WATCH_EVENT_STOP;
    if (event->kind == WATCH_EVENT_STOP) {
        sigset_t set;
        l->signal = (int)info.ssi_signo;
        /* a second one ends the program at once */
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    return true;
}

static bool take_event(live_t *l, watch_event_t *event)
{
    pthread_mutex_lock(&l->mutex);
    job_t *j = queue_take(&l->events);
    pthread_mutex_unlock(&l->mutex);
    if (j == NULL)
        return false;
    *event = j->event;
    j->event.good = false; /* the round went over */
    free_job(j);
    return true;
}

void live_wait(void *live, int64_t until, watch_event_t *event)
{
    live_t *l = live;
    for (;;) {
        struct pollfd p[2] = {{.fd = l->wake, .events = POLLIN},
                              {.fd = l->signals, .events = POLLIN}};
        memset(event, 0, sizeof *event);
        if ((l->signal == 0 && take_signal(l, event)) || take_event(l, event))
            return;
        int64_t left = until - live_now(l);
        if (left <= 0)
            return;
        int n = poll(p, 2, left > 60000 ? 60000 : (int)left);
        uint64_t count = 0;
        if (n > 0 && p[0].revents != 0 && read(l->wake, &count, sizeof count) < 0 &&
            errno != EAGAIN)
            return;
    }
}

static void join(pthread_t thread)
{
    for (;;) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += NUDGE_NS;
        if (t.tv_nsec >= 1000000000) {
            t.tv_nsec -= 1000000000;
            t.tv_sec++;
        }
        if (pthread_timedjoin_np(thread, NULL, &t) != ETIMEDOUT)
            return;
        /* between its look at *stop and its system call a single signal could be lost */
        pthread_kill(thread, SIGUSR1);
    }
}

void live_stop(void *live)
{
    live_t *l = live;
    pthread_mutex_lock(&l->mutex);
    l->halt = true;
    if (l->options.stop != NULL && *l->options.stop == 0)
        *l->options.stop = SIGTERM;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->mutex);
    if (l->cancel >= 0)
        ring(l->cancel);
    for (unsigned i = 0; i < l->workers; i++)
        pthread_kill(l->worker[i], SIGUSR1);
    for (unsigned i = 0; i < l->workers; i++)
        join(l->worker[i]);
    l->workers = 0;
    if (l->has_teller)
        join(l->teller);
    l->has_teller = false;
}
