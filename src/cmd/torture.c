/* nsprobe torture: a client under test, once for each fault. */
#include "torture/torture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/files.h"
#include "cmd/session.h"
#include "cmd/side_file.h"
#include "cmd/standard.h"
#include "exchange/noun.h"

enum {
    T_ONLY = 1,
    T_SEED,
    T_MUTATIONS,
    T_JOBS,
    T_TIMEOUT,
    T_NAME,
    T_LISTEN,
    T_JSON,
    T_JUNIT,
    T_LOG,
    T_VERBOSE,
    T_QUIET
};

static const option_desc_t torture_options[] = {
    {T_ONLY, "only", 0, NULL, "FAULT", "only this fault (serve --list prints them)"},
    {T_SEED, "seed", 0, NULL, "N", "of everything random (1)"},
    {T_MUTATIONS, "mutations", 0, NULL, "N", "runs with mutated replies (50)"},
    {T_JOBS, "jobs", 0, NULL, "N", "clients side by side (4)"},
    {T_TIMEOUT, "timeout", 'w', NULL, "S", "a client that runs for longer hangs (40)"},
    {T_NAME, "name", 0, NULL, "NAME", "what {name} is (www.fuzz.test)"},
    {T_LISTEN, "listen", 0, NULL, "ADDR[#PORT]", "loopback address, any free port (127.0.0.1)"},
    {T_JSON, "json", 'j', NULL, NULL, "one JSON object"},
    {T_JUNIT, "junit", 0, NULL, "FILE", "write JUnit XML too"},
    {T_LOG, "log", 0, NULL, "FILE", "write every answer, for serve --replay"},
    {T_VERBOSE, "verbose", 'v', NULL, NULL, "show those that survived, and all output"},
    {T_QUIET, "quiet", 0, NULL, NULL, "no progress on stderr"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
static const file_desc_t torture_files[] = {
    {ARGS_WORD, FILE_WORDS_END, {NULL}},
    {T_JUNIT, FILE_WRITES, {NULL}},
    {T_LOG, FILE_WRITES, {NULL}},
    {0, FILE_READS, {NULL}},
};

typedef struct torture_args {
    torture_options_t o;
    side_file_t junit;
    side_file_t log;
    bool json;
    bool verbose;
    bool quiet;
} torture_args_t;

static int take_listen(torture_args_t *t, const char *value)
{
    if (!addr_from_text(value, strlen(value), 53, &t->o.listen))
        return usage_error("torture", "--listen '%s': expected an address, or ADDR#PORT", value);
    if (strchr(value, '#') == NULL)
        t->o.listen.port = 0;
    return 0;
}

static int take_option(torture_args_t *t, int id, const char *value)
{
    uint32_t v = 0;
    int rc = 0;
    int64_t wait = 0;
    switch (id) {
    case T_ONLY:
        t->o.only = common_fault("torture", value, &t->o.fault);
        return t->o.only ? 0 : EXIT_USAGE;
    case T_SEED:
        rc = option_number("torture", "seed", value, 0, UINT32_MAX, &v);
        t->o.seed = v;
        return rc;
    case T_MUTATIONS:
        return option_number("torture", "mutations", value, 0, 100000, &t->o.mutations);
    case T_JOBS:
        return option_number("torture", "jobs", value, 1, TORTURE_JOBS_MAX, &t->o.jobs);
    case T_TIMEOUT:
        if (!parse_seconds(value, &wait) || wait < 100000000)
            return usage_error("torture", "--timeout '%s': expected seconds from 0.1", value);
        t->o.timeout_ms = (uint32_t)(wait / 1000000);
        return 0;
    case T_NAME:
        t->o.name = value;
        return 0;
    case T_LISTEN:
        return take_listen(t, value);
    case T_JUNIT:
        t->junit.path = value;
        return 0;
    case T_LOG:
        t->log.path = value;
        return 0;
    case T_JSON:
        t->json = true;
        return 0;
    case T_VERBOSE:
        t->verbose = true;
        return 0;
    default:
        t->quiet = true;
        return 0;
    }
}

/* The first word that is no option begins the client's command line. */
static int parse_args(torture_args_t *t, int argc, char **argv)
{
    t->o.seed = 1;
    t->o.mutations = 50;
    t->o.jobs = 4;
    t->o.timeout_ms = 40000; /* dig over TCP gives up after three times ten seconds */
    addr_from_text("127.0.0.1", 9, 53, &t->o.listen);
    t->o.listen.port = 0;
    args_t a = args_begin(&command_torture, argc, argv);
    for (int id = args_next(&a); id != ARGS_END; id = args_next(&a)) {
        if (id == ARGS_ERROR)
            return EXIT_USAGE;
        if (id == ARGS_DONE)
            return -1;
        if (id == ARGS_WORD) {
            t->o.argv = argv + a.next - 1;
            if (t->o.listen.port != 0)
                t->o.jobs = 1; /* there is only one such port */
            return 0;
        }
        int rc = take_option(t, id, a.value);
        if (rc != 0)
            return rc;
    }
    return usage_error("torture", "which client? usage: nsprobe torture %s", command_torture.usage);
}

static void show_progress(void *user, size_t done, size_t count)
{
    (void)user;
    session_progress_show("%zu of %zu %s", done, count, noun(count, "run", "runs"));
}

static int exit_code_of(const torture_report_t *r)
{
    bool asked = false;
    if (r->interrupted)
        return EXIT_INTERRUPTED;
    for (size_t i = 1; i < r->count; i++) {
        if (torture_is_bad(r->item[i].verdict))
            return EXIT_ERRORS;
        asked = asked || r->item[i].verdict == TORTURE_SURVIVED;
    }
    return asked ? EXIT_HEALTHY : EXIT_UNTESTED;
}

static int run(torture_args_t *t)
{
    torture_report_t report;
    char err[FUZZ_ERROR_MAX];
    bool progress = session_wants_progress(t->quiet);
    common_catch_signals();
    t->o.stop = &stop_requested;
    if (progress)
        t->o.progress = show_progress;
    bool good = torture_run(&t->o, &report, err);
    int rc = EXIT_UNTESTED;
    if (progress)
        session_progress_end();
    if (good) {
        rc = exit_code_of(&report);
        if (t->json)
            good = torture_print_json(stdout, &report, &t->o);
        else
            torture_print(stdout, &report, t->verbose);
        if (t->junit.file != NULL) /* what of it is lost is told when it is closed */
            (void)torture_print_junit(t->junit.file, &report, &t->o);
        if (!good)
            snprintf(err, sizeof err, "the report could not be written");
    }
    if (!good && !standard_lost())
        fprintf(stderr, "nsprobe torture: %s\n", err);
    if (!good)
        rc = EXIT_UNTESTED;
    torture_report_free(&report);
    return rc;
}

static int cmd_torture(int argc, char **argv)
{
    torture_args_t t = {0};
    int rc = parse_args(&t, argc, argv);
    if (rc == 0)
        rc = files_check(&command_torture, argc, argv);
    if (rc == 0)
        rc = side_file_begin(&t.junit, "junit", "torture");
    if (rc == 0)
        rc = side_file_begin(&t.log, "log", "torture");
    t.o.log = t.log.file;
    if (rc == 0)
        rc = run(&t);
    if (side_file_end(&t.log, "log", "torture") != 0)
        rc = EXIT_UNTESTED;
    if (side_file_end(&t.junit, "junit", "torture") != 0)
        rc = EXIT_UNTESTED;
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_torture = {
    "torture",
    "[OPTION...] CLIENT [ARG...]",
    "Runs a DNS client against every fault; fills in {addr} {port} {name}.",
    torture_options,
    cmd_torture,
    torture_files};
