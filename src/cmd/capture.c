/* nsprobe capture: the diagnosis of replay, from an interface. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/sandbox.h"
#include "cmd/capture_options.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "cmd/standard.h"
#include "report/live_text.h"

#define SECOND     INT64_C(1000000000)
#define LOOK_EVERY 64u    /* packets between looks at the clock */
#define DRAIN_MAX  65536u /* packets that are taken from the ring after the end */

/* One run. */
typedef struct run {
    const capture_options_t *o;
    cap_source_t *source;
    pcap_out_t *out;
    analysis_t *analysis;
    FILE *report; /* stdout, or stderr when that has the packets */
    bool unread;  /* nobody reads it, and it is all that is written */
    live_table_t table;
    bool shows_table;
    bool good;   /* no memory was missed, nothing failed to be printed */
    bool broken; /* the interface went away, or packets could not be written */
    int64_t began;
    int64_t shown;
    uint64_t packets;
    reply_t *scratch;
} run_t;

static int64_t clock_ns(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- Getting ready ---- */

static int failed(const char *what)
{
    fprintf(stderr, "nsprobe capture: %s\n", what);
    return EXIT_UNTESTED;
}

static int open_interface(run_t *run)
{
    char error[CAP_ERROR_MAX];
    return cap_source_live(&run->o->live, &run->source, error) == CAP_LIVE_OK ? 0 : failed(error);
}

static int open_output(run_t *run)
{
    char error[CAP_ERROR_MAX];
    if (run->o->out.path == NULL)
        return 0;
    uint32_t snaplen = run->o->live.snaplen > 0 ? run->o->live.snaplen : CAP_PACKET_MAX;
    if (pcap_out_begin(run->out, cap_source_live_link(run->source), snaplen,
                       clock_ns(CLOCK_REALTIME)))
        return 0;
    (void)pcap_out_close(run->out, error);
    run->out = NULL;
    return usage_error("capture", "--write %s", error);
}

/* Adds the addresses of a domain's servers to those of interest. */
static int find_servers(net_t *net, const capture_options_t *o, const nsp_name_t *domain,
                        addr_t *list, size_t *count)
{
    exchange_set_t set;
    model_input_t in;
    char name[NSP_NAME_TEXT_MAX];
    check_options_t options = o->probe.check;
    model_t *m = calloc(1, sizeof *m);
    if (m == NULL)
        return failed("out of memory");
    exchange_set_init(&set, 0);
    probe_options_input(&o->probe, domain, &in);
    options.walk_only = true;
    if (session_wants_progress(o->quiet))
        options.progress = session_progress;
    net_err_t err = check_run(net, &in, &options, &set, m);
    if (options.progress != NULL)
        session_progress_end();
    size_t before = *count;
    for (uint16_t i = 0; i < m->address_count && *count < CAPTURE_SERVERS_MAX; i++)
        list[(*count)++] = m->address[i].addr;
    int rc = 0;
    if (err == NET_E_INTERRUPTED) {
        rc = EXIT_INTERRUPTED;
    } else if (*count == before) {
        nsp_name_to_text(domain, name, sizeof name);
        fprintf(stderr,
                "nsprobe capture: no address of a server of %s was found; nsprobe check "
                "tells why\n",
                name);
        rc = EXIT_UNTESTED;
    }
    exchange_set_free(&set);
    free(m);
    return rc;
}

static int find_all_servers(const capture_options_t *o, addr_t *list, size_t *count)
{
    net_t *net = NULL;
    *count = o->server_count;
    memcpy(list, o->server, o->server_count * sizeof *list);
    if (o->domain_count == 0)
        return 0;
    int rc = probe_options_open(&o->probe, &net);
    for (size_t i = 0; i < o->domain_count && rc == 0; i++)
        rc = find_servers(net, o, &o->domain[i], list, count);
    if (net != NULL)
        net->ops->destroy(net);
    return rc;
}

static int set_filter(run_t *run, const addr_t *list, size_t count)
{
    char error[CAP_ERROR_MAX];
    char *text = malloc(FILTER_TEXT_MAX);
    uint16_t port = run->o->probe.port;
    if (text == NULL)
        return failed("out of memory");
    (void)filter_text(list, count, &port, 1, cap_source_live_link(run->source), text);
    bool ok = cap_source_live_filter(run->source, text, error);
    free(text);
    return ok ? 0 : failed(error);
}

/* Opens all that will be needed, gives up privileges, finds the servers, gives up the rest. */
static int get_ready(run_t *run)
{
    char error[SANDBOX_ERROR_MAX];
    size_t count = 0;
    int rc = open_interface(run);
    if (rc == 0)
        rc = open_output(run);
    if (rc == 0 && !sandbox_drop(run->o->user, error))
        rc = failed(error);
    if (rc != 0)
        return rc;
    addr_t *list = calloc(CAPTURE_SERVERS_MAX, sizeof *list);
    rc = list != NULL ? find_all_servers(run->o, list, &count) : failed("out of memory");
    if (rc == 0)
        rc = set_filter(run, list, count);
    free(list);
    unsigned needs = SANDBOX_LIVE | (run->out != NULL ? SANDBOX_RECEIVE : 0u);
    if (rc == 0 && !sandbox_lock(needs, error))
        rc = failed(error);
    return rc;
}

/* ---- While it runs ---- */

static void on_flow(void *user, const flow_t *flow)
{
    run_t *run = user;
    flow_patience_t patience = {.waits = 0};
    flow_style_t style = {.began = analysis_began(run->analysis), .whole = run->o->verbose};
    if (run->shows_table)
        live_table_add(&run->table, flow);
    if (run->o->json)
        run->good =
            flow_print_json(run->report, flow, &patience, &style, run->scratch) && run->good;
}

/* Questions that are neither answered nor given up. */
static uint64_t waiting(const run_t *run)
{
    const pair_stats_t *p = analysis_pairs(run->analysis);
    uint64_t over = p->retries + p->answered + p->unanswered;
    return p->queries > over ? p->queries - over : 0;
}

static void show_table(run_t *run, int64_t now)
{
    size_t rows = 0;
    size_t columns = 0;
    cap_stats_t stats;
    text_style_t style = {.verbose = false, .colour = session_colour()};
    cap_source_stats(run->source, &stats);
    live_heading_t h = {.interface = run->o->live.interface,
                        .seconds = (now - run->began) / SECOND,
                        .packets = run->packets,
                        .waiting = waiting(run),
                        .dropped = stats.dropped,
                        .if_dropped = stats.if_dropped};
    session_terminal_size(STDOUT_FILENO, &rows, &columns);
    live_table_print(stdout, &run->table, &h, &style, rows, columns);
}

/* Once a second: the table, and what was written goes to its file. */
static void tick(run_t *run, int64_t now)
{
    if (now - run->shown < SECOND)
        return;
    run->shown = now;
    if (run->shows_table)
        show_table(run, now);
    if (run->o->json)
        fflush(run->report);
    run->unread = run->o->json && run->out == NULL && standard_gone();
    if (run->out != NULL && !pcap_out_flush(run->out))
        run->broken = true;
}

static void take_packet(run_t *run, const cap_packet_t *p)
{
    run->packets++;
    if (run->out != NULL && !pcap_out_write(run->out, p))
        run->broken = true;
    analysis_feed(run->analysis, p);
}

/* Reads until something ends it: a signal, --count, --duration, a fault. */
static void run_loop(run_t *run)
{
    const capture_options_t *o = run->o;
    cap_packet_t p;
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t left_over = 0;
    bool ending = false;
    run->began = now;
    while (!run->broken && !run->unread && left_over < DRAIN_MAX &&
           (o->count == 0 || run->packets < o->count)) {
        cap_read_t how = cap_source_read(run->source, &p);
        if (how == CAP_PACKET)
            take_packet(run, &p);
        if (how == CAP_ERROR) {
            run->broken = true;
            (void)failed(run->source->error);
        }
        left_over += ending;
        if (how == CAP_NOTHING && ending)
            return;
        if (how == CAP_NOTHING || run->packets % LOOK_EVERY == 0)
            now = clock_ns(CLOCK_MONOTONIC);
        ending = stop_requested != 0 || (o->duration > 0 && now - run->began >= o->duration);
        if (!ending)
            tick(run, now);
    }
}

/* ---- The end ---- */

static bool print_report(run_t *run)
{
    const capture_options_t *o = run->o;
    const char *name = o->live.interface;
    cap_stats_t stats;
    replay_report_t r = {
        .broken = run->broken,
        .style = {.verbose = o->verbose,
                  .colour = !o->json && run->report == stdout && session_colour()}};
    cap_source_stats(run->source, &stats);
    analysis_report(run->analysis, &stats, &r);
    r.live = true;
    r.sources = &name;
    r.source_count = 1;
    bool good = o->json ? replay_report_json(run->report, &r) : replay_report_text(run->report, &r);
    return fflush(run->report) == 0 && ferror(run->report) == 0 && good;
}

static int finish(run_t *run)
{
    char error[CAP_ERROR_MAX];
    if (run->shows_table)
        live_table_erase(stdout, &run->table);
    /* by the clock that packets have their times from */
    if (!run->broken)
        analysis_until(run->analysis, clock_ns(CLOCK_REALTIME));
    run->good = analysis_finish(run->analysis, false) && run->good;
    bool printed = print_report(run);
    bool written = pcap_out_close(run->out, error);
    run->out = NULL;
    if (!written)
        (void)failed(error);
    if (standard_lost())
        return EXIT_UNTESTED; /* which is told at the end */
    if (!run->good || !printed)
        return failed("out of memory, or the report could not be written");
    int rc = analysis_exit_code(run->analysis);
    return (!written || run->broken) && rc < EXIT_WARNINGS ? EXIT_WARNINGS : rc;
}

static int capture(const capture_options_t *o)
{
    char error[CAP_ERROR_MAX];
    run_t run = {.o = o, .good = true, .report = stdout};
    if (o->out.path != NULL) {
        run.out = pcap_out_new(&o->out, error);
        if (run.out == NULL)
            return failed(error);
        if (strcmp(o->out.path, "-") == 0)
            run.report = stderr;
    }
    common_catch_signals();
    run.shows_table =
        !o->quiet && !o->json && run.report == stdout && session_terminal(STDOUT_FILENO);
    int rc = get_ready(&run);
    if (rc == 0) {
        run.scratch = malloc(sizeof *run.scratch);
        run.analysis = analysis_new(&o->analysis, on_flow, &run);
        if (run.scratch == NULL || run.analysis == NULL || !live_table_init(&run.table))
            rc = failed("out of memory");
    }
    if (rc == 0) {
        fprintf(stderr, "nsprobe capture: listening on %s; ^C ends it\n", o->live.interface);
        run_loop(&run);
        rc = finish(&run);
    }
    live_table_free(&run.table);
    analysis_free(run.analysis);
    free(run.scratch);
    (void)pcap_out_close(run.out, NULL);
    cap_source_close(run.source);
    return rc;
}

static int cmd_capture(int argc, char **argv)
{
    capture_options_t *o = calloc(1, sizeof *o);
    if (o == NULL)
        return EXIT_UNTESTED;
    int rc = capture_parse(&command_capture, argc, argv, o);
    if (rc == 0)
        rc = capture(o);
    free(o);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_capture = {
    "capture",
    "-i IF [DOMAIN... | --server ADDR...] [OPTION...]",
    "Watches an interface, and diagnoses the DNS traffic that passes.",
    capture_options,
    cmd_capture,
    capture_files};
