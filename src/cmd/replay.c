/* nsprobe replay: the diagnosis of check, from recorded packets alone. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/sandbox.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/replay_options.h"
#include "cmd/replay_queries.h"
#include "cmd/replay_source.h"
#include "cmd/session.h"
#include "cmd/standard.h"
#include "report/ladder.h"

/* One run over files. */
typedef struct run {
    const replay_options_t *o;
    replay_source_t source;
    side_file_t page;
    analysis_t *analysis;
    bool utf8;
    bool good;    /* no memory was missed, nothing failed to be written */
    size_t drawn; /* ladders */
    reply_t *scratch;
} run_t;

static flow_style_t style_of(const run_t *run)
{
    return (flow_style_t){.began = analysis_began(run->analysis), .whole = run->o->verbose};
}

static void draw_ladder(run_t *run, const flow_t *flow)
{
    exchange_set_t set;
    exchange_set_init(&set, flow->began);
    const exchange_t *x = flow_exchange(flow, &run->o->patience, &set);
    if (x != NULL) {
        if (run->drawn++ > 0)
            putchar('\n');
        ladder_print(stdout, x, run->scratch, run->utf8);
    }
    run->good = run->good && x != NULL;
    exchange_set_free(&set);
}

/* Sees every flow that the filters let pass. */
static void on_flow(void *user, const flow_t *flow)
{
    run_t *run = user;
    const replay_options_t *o = run->o;
    flow_style_t style = style_of(run);
    for (size_t i = 0; i < o->ladder_count; i++)
        if (o->ladder[i] == flow->number)
            draw_ladder(run, flow);
    if (o->ladder_count > 0)
        return;
    if (o->json)
        run->good = flow_print_json(stdout, flow, &o->patience, &style, run->scratch) && run->good;
    else if (o->exchanges)
        run->good = flow_print(stdout, flow, &o->patience, &style, run->scratch) && run->good;
}

static bool wants_flows(const replay_options_t *o)
{
    return o->json || o->exchanges || o->ladder_count > 0;
}

/* The exit code of what was found, in traffic and in every run. */
static int verdict(const run_t *run, const replay_report_t *r)
{
    const fail_options_t *fail = &run->o->fail;
    int rc = fail_options_exit(fail, r->findings, analysis_exit_code(run->analysis));
    for (size_t i = 0; rc == EXIT_HEALTHY && r->runs != NULL && i < runs_count(r->runs); i++)
        if (fail_options_match(fail, &runs_item(r->runs, i)->findings))
            rc = EXIT_ERRORS;
    return rc;
}

static int print_report(run_t *run)
{
    const replay_options_t *o = run->o;
    replay_report_t r = {.top = o->top,
                         .top_findings = o->top_given,
                         .broken = run->source.broken > 0,
                         .interrupted = run->source.interrupted,
                         .style = {.verbose = o->verbose, .colour = !o->json && session_colour()}};
    cap_stats_t stats;
    cap_source_stats(run->source.source, &stats);
    analysis_report(run->analysis, &stats, &r);
    r.sources = run->source.name;
    r.source_count = run->source.name_count;
    bool good = true;
    if (o->json)
        good = replay_report_json(stdout, &r);
    else if (!o->exchanges && o->ladder_count == 0)
        good = replay_report_text(stdout, &r);
    if (run->page.file != NULL)
        good = replay_report_html(run->page.file, &r) && good;
    run->good = run->good && good;
    if (o->ladder_count > run->drawn)
        fprintf(stderr,
                "nsprobe replay: %zu of the exchanges asked for with --ladder %s not "
                "there; --exchanges lists them\n",
                o->ladder_count - run->drawn, o->ladder_count - run->drawn == 1 ? "is" : "are");
    return o->ladder_count > run->drawn ? EXIT_UNTESTED : verdict(run, &r);
}

static int finish(run_t *run)
{
    run->good = analysis_finish(run->analysis, run->source.broken > 0 || run->source.interrupted) &&
                run->good;
    if (run->o->fail.has_profile)
        analysis_profile(run->analysis, &run->o->fail.profile);
    int rc = print_report(run);
    bool lost = standard_lost(); /* which is told at the end */
    replay_source_complain(&run->source);
    if (!run->good && !lost)
        fprintf(stderr, "nsprobe replay: out of memory, or the report could not be written\n");
    if (!run->good || lost)
        return EXIT_UNTESTED;
    if (run->source.interrupted)
        return EXIT_INTERRUPTED;
    return run->source.broken > 0 ? EXIT_WARNINGS : rc;
}

static bool is_utf8(void)
{
    setlocale(LC_CTYPE, "");
    return isatty(STDOUT_FILENO) && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static int replay_files(const replay_options_t *o)
{
    run_t run = {.o = o, .page = o->page, .good = true, .utf8 = is_utf8()};
    int rc = side_file_begin(&run.page, "html", "replay"); /* the sandbox opens no more files */
    if (rc == 0)
        rc = replay_source_open(&run.source, o, true);
    if (rc != 0) {
        (void)side_file_end(&run.page, "html", "replay");
        return rc;
    }
    run.scratch = malloc(sizeof *run.scratch);
    run.analysis = analysis_new(&o->analysis, wants_flows(o) ? on_flow : NULL, &run);
    if (run.scratch != NULL && run.analysis != NULL) {
        if (o->exchanges && !o->json)
            flow_print_head(stdout);
        while (replay_source_feed(&run.source, run.analysis)) {
        }
        rc = finish(&run);
    } else {
        fprintf(stderr, "nsprobe replay: out of memory\n");
        rc = EXIT_UNTESTED;
    }
    analysis_free(run.analysis);
    free(run.scratch);
    replay_source_close(&run.source);
    if (side_file_end(&run.page, "html", "replay") != 0)
        rc = EXIT_UNTESTED;
    return rc;
}

static int cmd_replay(int argc, char **argv)
{
    replay_options_t *o = calloc(1, sizeof *o);
    if (o == NULL)
        return EXIT_UNTESTED;
    int rc = replay_parse(&command_replay, argc, argv, o);
    if (rc == 0)
        rc = o->queries ? replay_queries(o) : replay_files(o);
    free(o->file);
    free(o);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_replay = {"replay",
                                       "FILE... | --queries FILE --to ADDR [OPTION...]",
                                       "Diagnoses recorded packets as check does live ones.",
                                       replay_options,
                                       cmd_replay,
                                       replay_file_uses};
