#include "cmd/bulk_nats.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/bulk.h"
#include "cmd/bulk_rows.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "cmd/standard.h"
#include "exchange/noun.h"
#include "queue/collect.h"
#include "queue/submit.h"
#include "queue/worker.h"

#define SECOND      INT64_C(1000000000)
#define ACK_WAIT    (30 * SECOND)
#define ACK_MIN     (2 * SECOND)
#define REMEMBER    (900 * SECOND) /* how long streams know the IDs of messages */
#define PATIENCE    (SECOND / 10)  /* how long a thread of checks waits for a job */
#define ROOM_MIN    8
#define ROOM_MAX    65536
#define DELIVER_MAX 1000000

/* A run's queue. */
struct bulk_queue {
    broker_t broker;
    worker_t *worker; /* NULL: not opened */
};

/* --- the command line --- */

void bulk_nats_init(bulk_nats_t *n)
{
    n->consumer = "nsprobe";
    n->deliveries = 5;
    n->ack_wait = ACK_WAIT;
    n->broker.remember = REMEMBER;
}

static int set_name(const char *option, const char *value, const char **out)
{
    *out = value;
    if (!broker_is_name(value))
        return usage_error("bulk", "--%s '%s': expected letters, digits, - and _, at most %d",
                           option, value, BROKER_NAME_MAX);
    return 0;
}

static int set_subject(const char *option, const char *value, const char **out)
{
    *out = value;
    if (!broker_is_subject(value))
        return usage_error("bulk", "--%s '%s': expected a subject without wildcards", option,
                           value);
    return 0;
}

/* Options of workers alone. */
static int take_worker(bulk_nats_t *n, int id, const char *value)
{
    n->worker_given = true;
    switch (id) {
    case BN_DRAIN:
        n->drain = true;
        return 0;
    case BN_CONSUMER:
        return set_name("consumer", value, &n->consumer);
    case BN_MAX_DELIVER:
        if (!parse_u32(value, 1, DELIVER_MAX, &n->deliveries))
            return usage_error("bulk", "--max-deliver '%s': expected 1 to %d", value, DELIVER_MAX);
        return 0;
    default:
        if (!parse_seconds(value, &n->ack_wait) || n->ack_wait < ACK_MIN)
            return usage_error("bulk", "--ack-wait '%s': expected seconds, at least 2", value);
        return 0;
    }
}

/* Files that the connection needs. */
static int take_file(bulk_nats_t *n, int id, const char *value)
{
    const char **file = id == BN_CREDS      ? &n->broker.creds
                        : id == BN_NKEY     ? &n->broker.nkey
                        : id == BN_TLS_CA   ? &n->broker.tls_ca
                        : id == BN_TLS_CERT ? &n->broker.tls_cert
                                            : &n->broker.tls_key;
    *file = value;
    return 0;
}

int bulk_nats_take(bulk_nats_t *n, int id, const char *value)
{
    switch (id) {
    case BN_NATS:
        n->broker.url = value;
        return broker_scheme(value) != BROKER_UNKNOWN
                   ? 0
                   : usage_error("bulk", "--nats '%.200s': expected nats:// or tls://", value);
    case BN_STREAM:
        return set_name("stream", value, &n->broker.stream);
    case BN_SUBMIT:
        n->submit = true;
        return 0;
    case BN_COLLECT:
        n->collect = true;
        return 0;
    case BN_COLLECT_DEAD:
        n->collect_dead = true;
        return 0;
    case BN_RESULTS:
        return set_subject("results", value, &n->broker.results);
    case BN_DEAD:
        return set_subject("dead", value, &n->broker.dead);
    case BN_DRAIN:
    case BN_CONSUMER:
    case BN_MAX_DELIVER:
    case BN_ACK_WAIT:
        return take_worker(n, id, value);
    default:
        return take_file(n, id, value);
    }
}

/* What the connection's options want of each other. */
static int check_broker(const bulk_nats_t *n)
{
    const broker_options_t *b = &n->broker;
    if (b->url == NULL) {
        bool any = b->stream != NULL || n->submit || n->collect || n->collect_dead ||
                   n->worker_given || b->results != NULL || b->dead != NULL || b->creds != NULL ||
                   b->nkey != NULL || b->tls_ca != NULL || b->tls_cert != NULL ||
                   b->tls_key != NULL;
        return any ? usage_error("bulk", "options of a queue need --nats") : 0;
    }
    if (b->stream == NULL)
        return usage_error("bulk", "--nats needs --stream");
    if (b->creds != NULL && b->nkey != NULL)
        return usage_error("bulk", "--creds and --nkey exclude each other");
    if ((b->tls_cert != NULL) != (b->tls_key != NULL))
        return usage_error("bulk", "--tls-cert and --tls-key need each other");
    if (n->submit + n->collect + n->collect_dead > 1)
        return usage_error("bulk", "--submit, --collect and --collect-dead exclude each other");
    if ((n->submit || n->collect || n->collect_dead) && n->worker_given)
        return usage_error("bulk", "--drain, --consumer, --max-deliver and --ack-wait are of "
                                   "workers, not of --submit and --collect");
    return 0;
}

int bulk_nats_check(const bulk_args_t *c)
{
    const bulk_nats_t *n = &c->nats;
    bool list = c->list_given || c->dkim_list;
    bool collects = n->collect || n->collect_dead;
    int rc = check_broker(n);
    if (rc != 0 || n->broker.url == NULL)
        return rc;
    if (c->checkpoint != NULL || c->resume)
        return usage_error("bulk", "--checkpoint and --resume are of lists: a queue knows what is "
                                   "done; leave them out with --nats");
    if (c->shards > 1 && !n->submit)
        return usage_error("bulk", "--shard is of lists: a queue gives each job to one worker; "
                                   "leave it out with --nats");
    if (c->output != NULL && !collects)
        return usage_error("bulk", "results go to the queue; -o is for --collect");
    if (list && collects)
        return usage_error("bulk", "--collect reads no list; leave it out");
    if (list && !n->submit)
        return usage_error("bulk", "jobs come from the queue; -f and --dkim are for --submit, and "
                                   "--dkim-jobs is for workers");
    if (c->dkim_jobs && (n->submit || collects))
        return usage_error("bulk", "--dkim-jobs is for workers; leave it out with --submit and "
                                   "--collect");
    return 0;
}

/* --- submit and collect --- */

static int open_broker(broker_t *b, const bulk_args_t *c)
{
    char err[BROKER_ERROR_MAX];
    signal(SIGPIPE, SIG_IGN); /* the library writes to sockets */
    if (broker_open(b, &c->nats.broker, err))
        return 0;
    fprintf(stderr, "nsprobe bulk: %s\n", err);
    (void)broker_close(b);
    return EXIT_UNTESTED;
}

/* What becomes jobs: lines, or rows of a table with its head in front. */
typedef struct jobs {
    bulk_run_t *run;
    list_line_t line;
    bulk_rows_t rows;
    char text[LIST_LINE_MAX + 1];
} jobs_t;

static list_got_t next_line(void *user, submit_job_t *job)
{
    jobs_t *j = user;
    list_got_t got = list_next(j->run->in, UINT64_MAX, &j->line);
    *job = (submit_job_t){j->line.number, j->line.text, j->line.size};
    return got;
}

/* Why rows cannot become a job; NULL: they can. */
static const char *fault_of(const jobs_t *j, size_t head)
{
    return j->rows.bad ? "no row of CSV, a quotation mark that is not closed, or too long"
           : head + j->rows.size > LIST_LINE_MAX ? "a domain's rows are longer than a job may be"
                                                 : NULL;
}

/* Rows that cannot be a job are told and left out. */
static list_got_t next_rows(void *user, submit_job_t *job)
{
    jobs_t *j = user;
    const char *head = bulk_table_head(j->run->table);
    const char *fault = NULL;
    do {
        list_got_t got = bulk_table_next(j->run, &j->rows);
        if (got != LIST_LINE)
            return got;
        fault = fault_of(j, strlen(head));
        j->run->bad += fault != NULL;
        if (fault != NULL)
            fprintf(stderr, "nsprobe bulk: %s:%" PRIu64 ": %s; not submitted\n", j->run->args->file,
                    j->rows.first, fault);
    } while (fault != NULL);
    int size = snprintf(j->text, sizeof j->text, "%s%.*s", head, (int)j->rows.size, j->rows.text);
    *job = (submit_job_t){j->rows.first, j->text, (size_t)size};
    return LIST_LINE;
}

/* The list is open, and its table. Returns the exit code. */
static int submit_from(bulk_run_t *run)
{
    broker_t b;
    submit_stats_t s = {0};
    char err[BROKER_ERROR_MAX];
    const bulk_args_t *c = run->args;
    jobs_t j = {.run = run};
    submit_source_t from = {&j, run->table != NULL ? next_rows : next_line};
    common_catch_signals();
    int rc = open_broker(&b, c);
    if (rc == 0 && !submit_all(&b, &from, &stop_requested, &s, err)) {
        fprintf(stderr, "nsprobe bulk: %s\n", err);
        rc = stop_requested != 0 ? EXIT_INTERRUPTED : EXIT_UNTESTED;
    }
    if (rc == 0 && (list_failed(run->in) || run->failed || s.lost > 0)) {
        fprintf(stderr, "nsprobe bulk: %s: %s\n", c->file,
                s.lost > 0    ? "lines that the broker does not take"
                : run->failed ? "out of memory"
                              : "cannot be read to its end");
        rc = EXIT_UNTESTED;
    }
    free(j.rows.text);
    if (!c->quiet)
        fprintf(stderr, "%" PRIu64 " %s submitted, %" PRIu64 " of them %s there already\n", s.kept,
                noun(s.kept, "job", "jobs"), s.twice, noun(s.twice, "was", "were"));
    return rc == 0 && run->bad > 0 ? EXIT_UNTESTED : rc;
}

int bulk_nats_submit(const bulk_args_t *c)
{
    char err[EXPECT_ERROR_MAX];
    bulk_run_t run = {.args = c, .take = PTHREAD_MUTEX_INITIALIZER};
    run.in = list_open(c->file, c->shard, c->shards);
    if (run.in == NULL)
        return usage_error("bulk", "%s: %s", c->file, strerror(errno));
    run.table = c->dkim ? bulk_table_open(&run, err) : NULL;
    int rc = c->dkim && run.table == NULL ? usage_error("bulk", "%s", err) : submit_from(&run);
    bulk_table_close(run.table);
    list_close(run.in);
    return rc;
}

static void tell_collected(void *user, uint64_t results, uint64_t left)
{
    (void)user;
    session_progress_show("%" PRIu64 " collected, %" PRIu64 " %s left", results, left,
                          noun(left, "job", "jobs"));
}

/* The file is open. Returns the exit code. */
static int collect_to(FILE *out, const bulk_args_t *c)
{
    broker_t b;
    collect_stats_t s = {0};
    char err[BROKER_ERROR_MAX];
    bool progress = c->output != NULL ? session_wants_progress(c->quiet)
                                      : session_wants_progress_beside(c->quiet);
    int rc = open_broker(&b, c);
    if (rc != 0)
        return rc;
    collect_options_t o = {.subject = c->nats.collect ? b.results : b.dead,
                           .out = out,
                           .stop = &stop_requested,
                           .tell = progress ? tell_collected : NULL};
    bool good = collect_all(&b, &o, &s, err);
    (void)broker_close(&b);
    if (progress)
        session_progress_end();
    if (!good && !standard_lost())
        fprintf(stderr, "nsprobe bulk: %s\n", err);
    if (!c->quiet)
        fprintf(stderr, "%" PRIu64 " %s collected\n", s.count,
                c->nats.collect ? noun(s.count, "result", "results")
                                : noun(s.count, "dead letter", "dead letters"));
    if (!c->quiet && s.twice + s.foreign > 0)
        fprintf(stderr, "%" PRIu64 " %s and %" PRIu64 " %s of others left out\n", s.twice,
                noun(s.twice, "double", "doubles"), s.foreign,
                noun(s.foreign, "message", "messages"));
    return good ? EXIT_HEALTHY : stop_requested != 0 ? EXIT_INTERRUPTED : EXIT_UNTESTED;
}

int bulk_nats_collect(const bulk_args_t *c)
{
    FILE *out = c->output != NULL ? fopen(c->output, "wbe") : stdout;
    if (out == NULL)
        return usage_error("bulk", "%s: %s", c->output, strerror(errno));
    common_catch_signals();
    int rc = collect_to(out, c);
    if (c->output != NULL && fclose(out) != 0) {
        fprintf(stderr, "nsprobe bulk: %s: %s\n", c->output, strerror(errno));
        rc = EXIT_UNTESTED;
    }
    return rc;
}

/* --- a worker --- */

static void warn(void *user, const char *text)
{
    (void)user;
    fprintf(stderr, "nsprobe bulk: %s\n", text);
}

/* Enough jobs in hand that no thread waits for the broker, and not so many that other workers
 * have none. */
static size_t room_of(const bulk_run_t *run)
{
    const bulk_args_t *c = run->args;
    size_t at_once = (size_t)run->room.threads * (c->query ? c->outstanding : 1);
    size_t room = at_once * 2;
    return room < ROOM_MIN ? ROOM_MIN : room > ROOM_MAX ? ROOM_MAX : room;
}

int bulk_nats_open(bulk_run_t *run)
{
    const bulk_args_t *c = run->args;
    char err[BROKER_ERROR_MAX] = "out of memory";
    struct bulk_queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return EXIT_UNTESTED;
    int rc = open_broker(&q->broker, c);
    if (rc != 0) {
        free(q);
        return rc;
    }
    run->queue = q;
    worker_options_t o = {.consumer = c->nats.consumer,
                          .room = room_of(run),
                          .deliveries = c->nats.deliveries,
                          .ack_wait = c->nats.ack_wait,
                          .drain = c->nats.drain,
                          .lines = c->dkim_jobs,
                          .patience = c->query ? 0 : PATIENCE,
                          .stop = &stop_requested,
                          .warn = c->quiet ? NULL : warn};
    q->worker = worker_new(&q->broker, &o);
    if (q->worker == NULL || !worker_begin(q->worker, err)) {
        fprintf(stderr, "nsprobe bulk: %s\n", err);
        return EXIT_UNTESTED;
    }
    run->feed = worker_feed(q->worker);
    return 0;
}

bool bulk_nats_close(bulk_run_t *run)
{
    struct bulk_queue *q = run->queue;
    if (q == NULL)
        return true;
    bool good = q->worker == NULL || worker_end(q->worker);
    if (q->worker != NULL && !run->args->quiet) {
        worker_stats_t s = worker_stats(q->worker);
        fprintf(stderr,
                "queue: %" PRIu64 " %s kept, %" PRIu64 " of them %s there already; %" PRIu64
                " dead %s; %" PRIu64 " %s given back\n",
                s.done, noun(s.done, "result", "results"), s.twice, noun(s.twice, "was", "were"),
                s.dead, noun(s.dead, "letter", "letters"), s.returned,
                noun(s.returned, "job", "jobs"));
    }
    /* a thread of the library that still runs may use what would be freed */
    if (broker_close(&q->broker)) {
        worker_free(q->worker);
        free(q);
    }
    run->queue = NULL;
    return good;
}
