#include "cmd/replay_queries.h"

#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/replay_source.h"
#include "exchange/noun.h"
#include "report/requery_report.h"

/* Differences that are printed without -v. */
#define SHOWN_MAX 10

typedef struct run {
    const replay_options_t *o;
    replay_source_t source;
    analysis_t *analysis;
    requery_t *requery;
    bool finished; /* the analysis gave out its last flow */
    bool good;
    uint64_t shown;
    uint64_t not_shown;
} run_t;

static void on_flow(void *user, const flow_t *flow)
{
    run_t *run = user;
    requery_feed(run->requery, flow);
}

/* Reads on in the recording. */
static bool more(void *user)
{
    run_t *run = user;
    if (replay_source_feed(&run->source, run->analysis))
        return true;
    if (run->finished)
        return false;
    run->finished = true;
    run->good = analysis_finish(run->analysis, run->source.broken > 0 || run->source.interrupted) &&
                run->good;
    return true;
}

static void on_result(void *user, const requery_result_t *r)
{
    run_t *run = user;
    requery_difference_t d = {.number = r->number,
                              .at = r->at,
                              .transport = r->transport,
                              .server = r->server,
                              .qname = r->now->qname,
                              .qtype = r->now->qtype,
                              .reply = {r->reply[0], r->reply[1]},
                              .rtt = {r->rtt[0], r->rtt[1]},
                              .slower = r->slower,
                              .diff = &r->diff};
    if (r->diff.differs == 0 && !r->slower)
        return;
    if (run->o->json) {
        run->good = requery_print_json(stdout, &d) && run->good;
    } else if (run->shown < SHOWN_MAX || run->o->verbose) {
        requery_print(stdout, &d);
        putchar('\n');
        run->shown++;
    } else {
        run->not_shown++;
    }
}

static int exit_code(const run_t *run, const requery_stats_t *s, net_err_t err)
{
    unsigned mild = COMPARE_NEW | COMPARE_TTL | COMPARE_EDNS | COMPARE_ADDITIONAL | COMPARE_RRSIG;
    if (err == NET_E_INTERRUPTED || run->source.interrupted)
        return EXIT_INTERRUPTED;
    if (err != NET_OK || !run->good || s->answered == 0)
        return EXIT_UNTESTED;
    if (run->source.broken > 0)
        return EXIT_WARNINGS;
    for (unsigned i = 0; i < COMPARE_BITS; i++)
        if (s->bit[i] > 0 && (mild >> i & 1u) == 0)
            return EXIT_ERRORS;
    return s->differ > 0 || s->slower > 0 ? EXIT_WARNINGS : EXIT_HEALTHY;
}

static void print_summary(run_t *run, const requery_stats_t *s, bool interrupted)
{
    const report_count_t skipped[] = {
        {"no-query",
         noun(s->no_query, "question that the recording has not, or not the whole of",
              "questions that the recording has not, or not the whole of"),
         s->no_query},
        {"transfers", noun(s->transfers, "zone transfer", "zone transfers"), s->transfers},
        {"opcodes",
         noun(s->opcodes, "message other than a question (UPDATE, NOTIFY, ...)",
              "messages other than questions (UPDATE, NOTIFY, ...)"),
         s->opcodes},
        {"signed",
         noun(s->signed_, "question signed with TSIG or SIG(0): good for one time only",
              "questions signed with TSIG or SIG(0): good for one time only"),
         s->signed_},
    };
    requery_summary_t sum = {.to = run->o->requery.to,
                             .asked = s->asked,
                             .answered = s->answered,
                             .same = s->same,
                             .differ = s->differ,
                             .silent = s->silent,
                             .uncompared = s->uncompared,
                             .slower = s->slower,
                             .not_sent = s->not_sent,
                             .skipped = skipped,
                             .skipped_count = sizeof skipped / sizeof skipped[0],
                             .took = s->took,
                             .was = &s->was,
                             .now = &s->now,
                             .not_shown = run->not_shown,
                             .interrupted = interrupted,
                             .broken = run->source.broken > 0};
    memcpy(sum.bit, s->bit, sizeof sum.bit);
    if (run->o->json)
        run->good = requery_print_summary_json(stdout, &sum) && run->good;
    else
        requery_print_summary(stdout, &sum);
}

static int run_all(run_t *run, net_t *net)
{
    run->requery = requery_new(net, &run->o->requery, on_result, run);
    run->analysis = analysis_new(&run->o->analysis, on_flow, run);
    if (run->requery == NULL || run->analysis == NULL) {
        fprintf(stderr, "nsprobe replay: out of memory\n");
        return EXIT_UNTESTED;
    }
    net_err_t err = requery_run(run->requery, more, run);
    if (err != NET_OK && err != NET_E_INTERRUPTED)
        fprintf(stderr, "nsprobe replay: out of memory or sockets; this is what was learnt\n");
    const requery_stats_t *s = requery_stats(run->requery);
    print_summary(run, s, err == NET_E_INTERRUPTED || run->source.interrupted);
    run->good = fflush(stdout) == 0 && run->good;
    replay_source_complain(&run->source);
    if (s->answered == 0)
        fprintf(stderr, "nsprobe replay: %s\n",
                s->asked == 0 ? "no question could be asked again" : "nothing was answered");
    return exit_code(run, s, err);
}

int replay_queries(const replay_options_t *o)
{
    run_t run = {.o = o, .good = true};
    net_t *net = NULL;
    int rc = replay_source_open(&run.source, o, false);
    if (rc != 0)
        return rc;
    if (net_socket_new(&stop_requested, &net) == NET_OK) {
        rc = run_all(&run, net);
        analysis_free(run.analysis);
        requery_free(run.requery);
        net->ops->destroy(net);
    } else {
        fprintf(stderr, "nsprobe replay: no sockets\n");
        rc = EXIT_UNTESTED;
    }
    replay_source_close(&run.source);
    return rc;
}
