/* nsprobe bulk: a list of domains or questions as a stream, one result a line. */
#include "cmd/bulk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/session.h"

#define CHECK_THREADS 32

list_got_t bulk_take(bulk_run_t *run, list_line_t *line)
{
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

/* One line on stderr. */
static void show_progress(bulk_run_t *run, int64_t began, uint64_t before, bool last)
{
    double took = (double)(flight_now() - began) / 1e9;
    uint64_t done = output_count(run->out);
    double share = list_share(run->in);
    double rate = took > 0 ? (double)(done - before) / took : 0;
    double loss = run->sent > 0 ? 100.0 * (double)run->timeouts / (double)run->sent : 0;
    fprintf(stderr, "%s%" PRIu64 " results, %.0f/s, %" PRIu64 " outstanding, %.1f %% lost",
            last ? "" : "\r\033[K", done, rate, (uint64_t)run->outstanding, loss);
    if (!last && share > 0 && share < 1)
        fprintf(stderr, ", %.0f s left", took * (1 - share) / share);
    if (last)
        fprintf(stderr, ", %" PRIu64 " bad lines, %" PRIu64 " questions, %.1f s\n",
                (uint64_t)run->bad, (uint64_t)run->sent, took);
    fflush(stderr);
}

/* Runs the threads, and shows progress until they are done. */
static void run_threads(bulk_run_t *run, uint32_t count)
{
    pthread_t thread[BULK_THREADS_MAX];
    uint32_t started = 0;
    int64_t began = flight_now();
    uint64_t before = output_count(run->out);
    bool progress = session_wants_progress(run->args->quiet);
    while (started < count &&
           pthread_create(&thread[started], NULL,
                          run->args->query ? bulk_query_thread : bulk_check_thread, run) == 0)
        started++;
    for (uint32_t i = 0; i < started; i++) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        while (pthread_timedjoin_np(thread[i], NULL, &until) != 0) {
            until.tv_sec++;
            if (progress)
                show_progress(run, began, before, false);
        }
    }
    if (started == 0)
        run->failed = true;
    if (progress)
        session_progress_end();
    if (!run->args->quiet)
        show_progress(run, began, before, true);
}

static int finish(bulk_run_t *run)
{
    bool read = !list_failed(run->in);
    bool good = output_close(run->out) && !run->failed;
    list_close(run->in);
    limits_free(run->limits);
    if (!read)
        fprintf(stderr, "nsprobe bulk: %s: cannot be read to its end\n", run->args->file);
    if (!good)
        fprintf(stderr, "nsprobe bulk: results could not be written, or memory is out\n");
    return !read || !good ? EXIT_UNTESTED : stop_requested != 0 ? EXIT_INTERRUPTED : EXIT_HEALTHY;
}

static int bulk_run(const bulk_args_t *c)
{
    char err[300] = "out of memory";
    char job[400];
    bulk_run_t run = {.args = c, .take = PTHREAD_MUTEX_INITIALIZER};
    snprintf(job, sizeof job, "%s %u/%u %.300s", c->query ? "query" : "check", c->shard, c->shards,
             c->file);
    output_options_t o = {
        .path = c->output, .checkpoint = c->checkpoint, .job = job, .resume = c->resume};
    run.in = list_open(c->file, c->shard, c->shards);
    if (run.in == NULL)
        return usage_error("bulk", "%s: %s", c->file, strerror(errno));
    run.out = output_open(&o, err);
    if (run.out == NULL) {
        list_close(run.in);
        return usage_error("bulk", "%s", err);
    }
    if (!limits_none(&c->limit)) {
        run.limits = limits_new(&c->limit);
        run.failed = run.limits == NULL;
    }
    common_catch_signals();
    if (!run.failed)
        run_threads(&run, c->threads != 0 ? c->threads : c->query ? 1 : CHECK_THREADS);
    return finish(&run);
}

static int cmd_bulk(int argc, char **argv)
{
    bulk_args_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    int rc = bulk_args_read(c, argc, argv);
    if (rc == 0)
        rc = bulk_run(c);
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_bulk = {"bulk", "-f LIST [OPTION...]",
                                     "A list of domains or questions, a result a line.",
                                     bulk_options, cmd_bulk};
