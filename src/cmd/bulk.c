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
#define IDENTIFY_MAX  80

enum {
    B_FILE = 1,
    B_QUERY,
    B_SERVER,
    B_TYPE,
    B_OUTPUT,
    B_CHECKPOINT,
    B_RESUME,
    B_SHARD,
    B_THREADS,
    B_OUTSTANDING,
    B_RATE,
    B_ADDRESS_RATE,
    B_PREFIX_RATE,
    B_ADDRESS_AT_ONCE,
    B_PREFIX_AT_ONCE,
    B_IDENTIFY,
    B_NO_EDNS,
    B_DNSSEC,
    B_NO_RECORDS,
    B_FULL,
    B_QUIET
};

static const option_desc_t bulk_options[] = {
    {B_FILE, "file", 'f', NULL, "LIST", "the list: a line each; - is standard input"},
    {B_QUERY, "query", 0, NULL, NULL, "lines are ADDR NAME [TYPE]: plain questions"},
    {B_SERVER, "server", 0, NULL, "ADDR[#PORT]",
     "with --query: ask this one; lines are NAME [TYPE]"},
    {B_TYPE, "type", 't', NULL, "TYPE", "type of lines without one (A)"},
    {B_OUTPUT, "output", 'o', NULL, "FILE", "write results here, not to standard output"},
    {B_CHECKPOINT, "checkpoint", 0, NULL, "FILE", "keep in FILE what is done"},
    {B_RESUME, "resume", 0, NULL, NULL, "go on where the checkpoint's run ended"},
    {B_SHARD, "shard", 0, NULL, "I/N", "only every Nth line, from line I on"},
    {B_THREADS, "threads", 0, NULL, "N", "loops of questions (1), or domains at once (32)"},
    {B_OUTSTANDING, "outstanding", 0, NULL, "N",
     "questions on their way at once, each loop (1000)"},
    {B_RATE, "rate", 0, NULL, "N", "questions a second in all (2000); 0: no limit"},
    {B_ADDRESS_RATE, "address-rate", 0, NULL, "N", "the same for each address (20)"},
    {B_PREFIX_RATE, "prefix-rate", 0, NULL, "N", "the same for each /24 and /48 (100)"},
    {B_ADDRESS_AT_ONCE, "address-at-once", 0, NULL, "N", "questions at once to an address (8)"},
    {B_PREFIX_AT_ONCE, "prefix-at-once", 0, NULL, "N", "questions at once to a prefix (64)"},
    {B_IDENTIFY, "identify", 0, NULL, "TEXT", "with --query: who asks, as an EDNS option"},
    {B_NO_EDNS, "no-edns", 0, NULL, NULL, "with --query: without EDNS"},
    {B_DNSSEC, "dnssec", 0, NULL, NULL, "with --query: set DO"},
    {B_NO_RECORDS, "no-records", 0, NULL, NULL,
     "with --query: results without the answer's records"},
    {B_FULL, "full", 0, NULL, NULL, "results hold the whole report of check"},
    PROBE_OPTIONS_WALK,
    PROBE_OPTIONS_REACH,
    {B_QUIET, "quiet", 0, NULL, NULL, "no progress and no summary on stderr"},
    {0, NULL, 0, NULL, NULL, NULL},
};

static int set_shard(bulk_args_t *c, const char *value)
{
    char first[16];
    const char *slash = strchr(value, '/');
    size_t n = slash != NULL ? (size_t)(slash - value) : sizeof first;
    if (n < sizeof first) {
        memcpy(first, value, n);
        first[n] = '\0';
        if (parse_u32(slash + 1, 1, 1000000, &c->shards) &&
            parse_u32(first, 1, c->shards, &c->shard))
            return 0;
    }
    return usage_error("bulk", "--shard '%s': expected I/N, as 1/4 to 4/4", value);
}

static int set_rate(const char *option, const char *value, double *out)
{
    uint32_t v = 0;
    if (!parse_u32(value, 0, 1000000000, &v))
        return usage_error("bulk", "--%s '%s': expected a number; 0: no limit", option, value);
    *out = v;
    return 0;
}

static int set_count(const char *option, const char *value, uint32_t min, uint32_t max,
                     uint32_t *out)
{
    if (!parse_u32(value, min, max, out))
        return usage_error("bulk", "--%s '%s': expected %u to %u", option, value, min, max);
    return 0;
}

static int set_text(bulk_args_t *c, int id, const char *value)
{
    switch (id) {
    case B_FILE:
        c->file = value;
        return 0;
    case B_OUTPUT:
        c->output = value;
        return 0;
    case B_CHECKPOINT:
        c->checkpoint = value;
        return 0;
    case B_IDENTIFY:
        if (strlen(value) > IDENTIFY_MAX)
            return usage_error("bulk", "--identify: more than %d octets", IDENTIFY_MAX);
        c->identify = value;
        return 0;
    case B_SERVER:
        c->has_server = true;
        if (!addr_from_text(value, strlen(value), 53, &c->server))
            return usage_error("bulk", "--server '%s': expected an address, or ADDR#PORT", value);
        return 0;
    default:
        if (nsp_type_from_text(value, strlen(value), &c->type) != NSP_OK)
            return usage_error("bulk", "--type '%s': not known", value);
        return 0;
    }
}

static int set_limit(bulk_args_t *c, int id, const char *value)
{
    switch (id) {
    case B_SHARD:
        return set_shard(c, value);
    case B_THREADS:
        return set_count("threads", value, 1, BULK_THREADS_MAX, &c->threads);
    case B_OUTSTANDING:
        return set_count("outstanding", value, 1, 60000, &c->outstanding);
    case B_RATE:
        return set_rate("rate", value, &c->limit.total_rate);
    case B_ADDRESS_RATE:
        return set_rate("address-rate", value, &c->limit.address_rate);
    case B_PREFIX_RATE:
        return set_rate("prefix-rate", value, &c->limit.prefix_rate);
    case B_ADDRESS_AT_ONCE:
        return set_count("address-at-once", value, 0, 60000, &c->limit.address_at_once);
    default:
        return set_count("prefix-at-once", value, 0, 60000, &c->limit.prefix_at_once);
    }
}

static bool *flag_of(bulk_args_t *c, int id)
{
    return id == B_QUERY        ? &c->query
           : id == B_RESUME     ? &c->resume
           : id == B_NO_EDNS    ? &c->no_edns
           : id == B_DNSSEC     ? &c->dnssec
           : id == B_NO_RECORDS ? &c->no_records
           : id == B_FULL       ? &c->full
           : id == B_QUIET      ? &c->quiet
                                : NULL;
}

static int take_option(bulk_args_t *c, int id, const char *value)
{
    bool *flag = flag_of(c, id);
    if (flag != NULL) {
        *flag = true;
        return 0;
    }
    if (id == ARGS_WORD)
        return usage_error("bulk", "'%s': the list is given with -f", value);
    if (id == B_FILE || (id >= B_SERVER && id <= B_CHECKPOINT) || id == B_IDENTIFY)
        return set_text(c, id, value);
    if (id >= B_SHARD && id <= B_PREFIX_AT_ONCE)
        return set_limit(c, id, value);
    return probe_options_take(&c->probe, id, value);
}

static int check_conflicts(const bulk_args_t *c)
{
    if (c->checkpoint != NULL && c->output == NULL)
        return usage_error("bulk", "--checkpoint needs --output, which it is compared with");
    if (c->resume && c->checkpoint == NULL)
        return usage_error("bulk", "--resume needs --checkpoint");
    if (!c->query && (c->has_server || c->identify != NULL || c->no_edns || c->dnssec))
        return usage_error("bulk", "--server, --identify, --no-edns and --dnssec need --query");
    if (c->no_edns && (c->dnssec || c->identify != NULL))
        return usage_error("bulk", "--no-edns excludes --dnssec and --identify");
    if (c->query && (c->probe.lab != NULL || c->probe.map_count > 0 || c->probe.raw))
        return usage_error("bulk", "--query sends to the addresses of its lines; leave --lab, "
                                   "--map and --raw out");
    return 0;
}

static int parse_args(bulk_args_t *c, int argc, char **argv)
{
    probe_options_init(&c->probe, "bulk");
    c->limit = limits_options_default();
    c->file = "-";
    c->type = NSP_TYPE_A;
    c->shard = c->shards = 1;
    c->outstanding = 1000;
    args_t a = args_begin(&command_bulk, argc, argv);
    for (int id = args_next(&a); id != ARGS_END; id = args_next(&a)) {
        if (id == ARGS_ERROR)
            return EXIT_USAGE;
        if (id == ARGS_DONE)
            return -1;
        int rc = take_option(c, id, a.value);
        if (rc != 0)
            return rc;
    }
    int rc = check_conflicts(c);
    if (c->has_server && c->server.port == 53)
        c->server.port = c->probe.port;
    return rc == 0 ? probe_options_finish(&c->probe) : rc;
}

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
    int rc = parse_args(c, argc, argv);
    if (rc == 0)
        rc = bulk_run(c);
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_bulk = {"bulk", "-f LIST [OPTION...]",
                                     "A list of domains or questions, a result a line.",
                                     bulk_options, cmd_bulk};
