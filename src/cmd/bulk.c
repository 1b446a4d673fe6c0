/* nsprobe bulk: a list of domains or questions as a stream, one result a line. */
#include "cmd/bulk.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmd/bulk_rows.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/files.h"
#include "cmd/session.h"
#include "exchange/noun.h"

/* Octets that the C library keeps for later at the end of each of its heaps. What checks need comes
 * and goes a thousand times a second; to give it back to the kernel each time costs a twentieth. */
#define HEAP_KEPT (2 << 20)
/* How often is looked whether to stop, nanoseconds, and how many of these go by between two lines
 * of progress. */
#define TICK        100000000
#define TICKS_SHOWN 10

/* feed_t.take of a list. */
static list_got_t take_line(void *user, list_line_t *line)
{
    bulk_run_t *run = user;
    list_got_t got = LIST_LATER;
    bool again = true;
    /* one lock around both: a line that was taken must not be passed over as having no result */
    pthread_mutex_lock(&run->take);
    while (again) {
        got = list_next(run->in, output_limit(run->out), line);
        uint64_t last = line->number - (got == LIST_LINE);
        if (line->first <= last)
            output_skip(run->out, line->first, last);
        again = got == LIST_LINE && output_has(run->out, line->number);
    }
    pthread_mutex_unlock(&run->take);
    return got;
}

/* feed_t.give of a list. */
static bool write_lines(void *user, const char *text, size_t size, const uint64_t *line,
                        size_t count)
{
    const bulk_run_t *run = user;
    return output_write(run->out, text, size, line, count);
}

/* feed_t.count and feed_t.share of a list. */
static uint64_t count_lines(void *user)
{
    const bulk_run_t *run = user;
    return output_count(run->out);
}

static double share_of_list(void *user)
{
    const bulk_run_t *run = user;
    return list_share(run->in);
}

static uint64_t results_of(const bulk_run_t *run)
{
    return run->feed.count(run->feed.user);
}

/* What progress is measured from. */
typedef struct meter {
    int64_t began;
    uint64_t before; /* results of earlier runs */
    /* where the list was once lines that had their results already were passed over */
    int64_t share_at;
    double share;
} meter_t;

/* Seconds until the list's end, by the share of it that was read; negative when that says nothing.
 */
static double time_left(const bulk_run_t *run, meter_t *m, int64_t now)
{
    double share = run->feed.share != NULL ? run->feed.share(run->feed.user) : -1;
    if (m->share_at == 0) {
        m->share_at = now;
        m->share = share;
    }
    if (share <= m->share || share >= 1)
        return -1;
    return (double)(now - m->share_at) / 1e9 * (1 - share) / (share - m->share);
}

static double loss_of(const bulk_run_t *run)
{
    return run->sent > 0 ? 100.0 * (double)run->timeouts / (double)run->sent : 0;
}

static void show_progress(const bulk_run_t *run, meter_t *m)
{
    int64_t now = flight_now();
    double took = (double)(now - m->began) / 1e9;
    double left = time_left(run, m, now);
    uint64_t done = results_of(run);
    char end[40] = "";
    if (left >= 0)
        snprintf(end, sizeof end, ", %.0f s left", left);
    session_progress_show("%" PRIu64 " %s, %.0f/s, %" PRIu64 " outstanding, %.1f %% lost%s", done,
                          noun(done, "result", "results"),
                          took > 0 ? (double)(done - m->before) / took : 0,
                          (uint64_t)run->outstanding, loss_of(run), end);
}

static void show_summary(const bulk_run_t *run, const meter_t *m)
{
    double took = (double)(flight_now() - m->began) / 1e9;
    uint64_t done = results_of(run) - m->before;
    fprintf(stderr,
            "%" PRIu64 " %s, %.0f/s; %" PRIu64 " %s sent, %.1f %% lost; %" PRIu64
            " bad %s; %.1f s\n",
            done, noun(done, "result", "results"), took > 0 ? (double)done / took : 0,
            (uint64_t)run->sent, noun(run->sent, "message", "messages"), loss_of(run),
            (uint64_t)run->bad, noun(run->bad, "line", "lines"), took);
    if (m->before > 0)
        fprintf(stderr, "%" PRIu64 " %s of earlier runs\n", m->before,
                noun(m->before, "result", "results"));
    if (run->skipped > 0)
        fprintf(stderr, "%" PRIu64 " %s not asked: opt-out\n", (uint64_t)run->skipped,
                noun(run->skipped, "line", "lines"));
    if (run->share != NULL) {
        share_stats_t c = share_stats(run->share);
        fprintf(stderr,
                "cache: %" PRIu64 " %s, %" PRIu64 " %s, %" PRIu64 " %s; %" PRIu64 " %s, %.1f MiB\n",
                c.known, noun(c.known, "hit", "hits"), c.asked, noun(c.asked, "miss", "misses"),
                c.evictions, noun(c.evictions, "eviction", "evictions"), c.entries,
                noun(c.entries, "entry", "entries"), (double)c.octets / (1 << 20));
    }
}

/* SIGHUP: another list of whom not to ask; a bad one changes nothing. */
static void reload_optout(bulk_run_t *run)
{
    char err[OPTOUT_ERROR_MAX];
    size_t size = 0;
    reload_requested = 0;
    if (run->optout == NULL || strcmp(run->args->optout, "-") == 0)
        return;
    char *text = common_read_file(run->args->optout, &size, err);
    if (text == NULL)
        fprintf(stderr, "nsprobe bulk: --opt-out %s; the list stays as it was\n", err);
    else if (!optout_replace(run->optout, text, size, err))
        fprintf(stderr, "nsprobe bulk: --opt-out %s: %s; the list stays as it was\n",
                run->args->optout, err);
    free(text);
}

static void on_wake(int number)
{
    (void)number;
}

/* Threads that wait for replies see that they are to stop: Ctrl-C reaches only one of them. What
 * they wait with comes back early for any signal that is handled. */
static void wake(const pthread_t *thread, uint32_t count)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_wake;
    sigaction(SIGURG, &sa, NULL); /* which is ignored where nobody handles it */
    for (uint32_t i = 0; i < count; i++)
        pthread_kill(thread[i], SIGURG);
}

/* Waits a tenth of a second for the end of a thread. */
static bool join_soon(pthread_t thread)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TICK;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* Runs the threads, and shows progress until they are done. */
static void run_threads(bulk_run_t *run, uint32_t count)
{
    pthread_t thread[BULK_THREADS_MAX];
    uint32_t ticks = 0;
    uint32_t started = 0;
    meter_t m = {.began = flight_now(), .before = results_of(run)};
    bool progress = run->args->output != NULL ? session_wants_progress(run->args->quiet)
                                              : session_wants_progress_beside(run->args->quiet);
    void *(*work)(void *user) = run->args->query  ? bulk_query_thread
                                : run->args->dkim ? bulk_dkim_thread
                                                  : bulk_check_thread;
    while (started < count && pthread_create(&thread[started], NULL, work, run) == 0)
        started++;
    for (uint32_t i = 0; i < started; i++) {
        while (!join_soon(thread[i])) {
            if (progress && ++ticks % TICKS_SHOWN == 0)
                show_progress(run, &m);
            if (stop_requested != 0)
                wake(thread + i, started - i); /* again, as one may have been about to wait */
            if (reload_requested != 0)
                reload_optout(run);
        }
    }
    if (started == 0)
        run->failed = true;
    if (progress)
        session_progress_end();
    if (!run->args->quiet)
        show_summary(run, &m);
}

static int finish(bulk_run_t *run)
{
    bool read = run->in == NULL || !list_failed(run->in);
    bool good = run->out == NULL || output_close(run->out);
    good = bulk_nats_close(run) && good && !run->failed;
    if (!read)
        fprintf(stderr, "nsprobe bulk: %s: cannot be read to its end\n", run->args->file);
    if (!good)
        fprintf(stderr, "nsprobe bulk: results could not be written, or memory is out\n");
    return !read || !good ? EXIT_UNTESTED : stop_requested != 0 ? EXIT_INTERRUPTED : EXIT_HEALTHY;
}

static int open_optout(bulk_run_t *run)
{
    char err[OPTOUT_ERROR_MAX];
    size_t size = 0;
    if (run->args->optout == NULL)
        return 0;
    char *text = common_read_file(run->args->optout, &size, err);
    if (text == NULL)
        return usage_error("bulk", "--opt-out %s", err);
    run->optout = optout_new(text, size, err);
    free(text);
    if (run->optout == NULL)
        return usage_error("bulk", "--opt-out %s: %s", run->args->optout, err);
    common_catch_reload();
    return 0;
}

static bool open_limits(bulk_run_t *run)
{
    if (limits_none(&run->args->limit))
        return true;
    limits_options_t o = run->args->limit;
    if (getrandom(&o.seed, sizeof o.seed, 0) != (ssize_t)sizeof o.seed)
        return false;
    run->limits = limits_new(&o);
    return run->limits != NULL;
}

static bool open_share(bulk_run_t *run)
{
    const bulk_args_t *c = run->args;
    share_options_t o = share_options_default();
    model_input_t in;
    nsp_name_t root;
    uint64_t seed = 0;
    if (c->query || c->cache == 0)
        return true;
    nsp_name_root(&root);
    probe_options_input(&c->probe, &root, &in);
    o.octets = (size_t)c->cache << 20;
    o.root = in.kind == START_RESOLVER ? NULL : in.start;
    o.root_count = in.kind == START_RESOLVER ? 0 : in.start_count;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return false;
    run->share = share_new(&o, seed);
    return run->share != NULL;
}

/* List and output, or the queue, are open. */
static int bulk_go(bulk_run_t *run)
{
    const bulk_args_t *c = run->args;
    char err[EXPECT_ERROR_MAX];
    bool rows = c->dkim && !c->dkim_jobs;
    run->table = rows ? bulk_table_open(run, err) : NULL;
    if (rows && run->table == NULL) {
        (void)output_close(run->out);
        return usage_error("bulk", "%s", err);
    }
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    run->failed = !open_limits(run) || !open_share(run);
    common_catch_signals();
    if (!run->failed)
        run_threads(run, run->room.threads);
    return finish(run);
}

/* What a checkpoint says of its run; the output borrows it. */
typedef struct run_names {
    char job[400];
    char list[LIST_IDENTITY_MAX];
    char checkpoint[PATH_MAX];
} run_names_t;

/* List and output. Returns 0 or an exit code. */
static int open_list(bulk_run_t *run, run_names_t *names)
{
    const bulk_args_t *c = run->args;
    char err[300] = "out of memory";
    int rc = c->checkpoint != NULL
                 ? files_place("bulk", "--checkpoint", c->checkpoint, names->checkpoint)
                 : 0;
    if (rc != 0)
        return rc;
    snprintf(names->job, sizeof names->job, "%s %u/%u %.300s",
             c->query  ? "query"
             : c->dkim ? "dkim"
                       : "check",
             c->shard, c->shards, c->file);
    output_options_t o = {.path = c->output,
                          .checkpoint = c->checkpoint != NULL ? names->checkpoint : NULL,
                          .job = names->job,
                          .list = names->list,
                          .resume = c->resume};
    run->feed = (feed_t){.user = run,
                         .take = take_line,
                         .give = write_lines,
                         .count = count_lines,
                         .share = share_of_list};
    run->in = list_open(c->file, c->shard, c->shards);
    if (run->in == NULL)
        return usage_error("bulk", "%s: %s", c->file, strerror(errno));
    list_identity(run->in, names->list);
    run->out = output_open(&o, err);
    return run->out != NULL ? 0 : usage_error("bulk", "%s", err);
}

static int bulk_run(const bulk_args_t *c)
{
    bulk_run_t run = {.args = c, .take = PTHREAD_MUTEX_INITIALIZER};
    run_names_t names = {0};
    common_raise_files(); /* every domain has sockets of its own, and many are checked at once */
    int rc = bulk_room(c, &run.room) ? open_optout(&run) : EXIT_UNTESTED;
    if (rc == 0)
        rc = c->nats.broker.url != NULL ? bulk_nats_open(&run) : open_list(&run, &names);
    if (rc == 0)
        rc = bulk_go(&run);
    (void)bulk_nats_close(&run);
    bulk_table_close(run.table);
    list_close(run.in);
    limits_free(run.limits);
    share_free(run.share);
    optout_free(run.optout);
    return rc;
}

static int cmd_bulk(int argc, char **argv)
{
    bulk_args_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    int rc = bulk_args_read(c, argc, argv);
    if (rc == 0)
        rc = c->nats.submit                            ? bulk_nats_submit(c)
             : c->nats.collect || c->nats.collect_dead ? bulk_nats_collect(c)
                                                       : bulk_run(c);
    expect_options_free(&c->expect);
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_bulk = {"bulk",
                                     "-f LIST [OPTION...]",
                                     "A list of domains or questions, a result a line.",
                                     bulk_options,
                                     cmd_bulk,
                                     bulk_files};
