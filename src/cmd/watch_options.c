#include "cmd/watch_options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/files.h"
#include "cmd/when.h"
#include "watch/config.h"
#include "watch/http.h"

#define PARALLEL_MAX       256
#define VERIFIER_TRIES_MAX 100
#define EXEC_TIMEOUT_MS    30000

enum {
    W_CONFIG = 1,
    W_DB,
    W_INTERVAL,
    W_JITTER,
    W_TOLERATE_ROUNDS,
    W_TOLERATE_HOURS,
    W_PENDING_HOURS,
    W_BEGAN,
    W_ONCE,
    W_UNTIL_VERIFIED,
    W_PARALLEL,
    W_KEEP,
    W_EXEC,
    W_EXEC_ARG,
    W_EXEC_TIMEOUT,
    W_LISTEN,
    W_TEXTFILE,
    W_AT,
    W_VERIFIER_TRIES,
    W_JSON,
    W_VERBOSE,
    W_QUIET
};

const option_desc_t watch_options_table[] = {
    EXPECT_OPTIONS,
    {W_CONFIG, "config", 0, NULL, "FILE", "many domains; read again on SIGHUP"},
    {W_DB, "db", 0, NULL, "FILE", "state and history"},
    {W_INTERVAL, "interval", 0, NULL, "SPAN", "between rounds of a domain, as 90s, 15m, 1h (15m)"},
    {W_JITTER, "jitter", 0, NULL, "PERCENT", "of the interval, at random (10)"},
    {W_TOLERATE_ROUNDS, "tolerate-rounds", 0, NULL, "N", "bad rounds that change nothing (3)"},
    {W_TOLERATE_HOURS, "tolerate-hours", 0, NULL, "H", "bad hours until it is revoked (72)"},
    {W_PENDING_HOURS, "pending-hours", 0, NULL, "H", "hours that a verifier looks at first (72)"},
    {W_BEGAN, "began", 0, NULL, "TIME", "when verification began: RFC 3339, or -HOURS"},
    {W_ONCE, "once", 0, NULL, NULL, "one round of every domain, then the end"},
    {W_UNTIL_VERIFIED, "until-verified", 0, NULL, NULL, "end when all domains are verified"},
    {W_PARALLEL, "parallel", 0, NULL, "N", "rounds side by side (16)"},
    {W_KEEP, "keep", 0, NULL, "SPAN", "remove history that is older, as 90d"},
    {W_EXEC, "exec", 0, NULL, "CMD", "run this on a change of status; JSON on its stdin"},
    {W_EXEC_ARG, "exec-arg", 0, NULL, "ARG", "an argument of CMD; repeatable"},
    {W_EXEC_TIMEOUT, "exec-timeout", 0, NULL, "S", "CMD is killed after that (30)"},
    {W_LISTEN, "listen", 0, NULL, "[ADDR:]PORT", "metrics and health over HTTP (127.0.0.1)"},
    {W_TEXTFILE, "textfile", 0, NULL, "FILE", "metrics for node_exporter"},
    {W_AT, "at", 0, NULL, "TIME", "say that it is TIME (with --once)"},
    {W_VERIFIER_TRIES, "verifier-tries", 0, NULL, "N", "addresses that a verifier tries (2)"},
    PROBE_OPTIONS_WALK,
    PROBE_OPTIONS_REACH,
    {W_JSON, "json", 'j', NULL, NULL, "one JSON object a round"},
    {W_VERBOSE, "verbose", 'v', NULL, NULL, "the worst findings of every round"},
    {W_QUIET, "quiet", 0, NULL, NULL, "only changes of status"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
const file_desc_t watch_files[] = {
    PROBE_FILES,
    EXPECT_FILES,
    READS_FILE(W_CONFIG),
    {W_DB, FILE_WRITES, {".lock", "-wal", "-shm", "-journal"}},
    {W_TEXTFILE, FILE_WRITES, {NULL}},
    {W_EXEC, FILE_RUNS, {NULL}},
    {0, FILE_READS, {NULL}},
};

static int take_span(const char *option, const char *value, int64_t *out)
{
    if (watch_span(value, out))
        return 0;
    return usage_error("watch", "--%s '%s': expected a span as 90s, 15m, 24h, 7d", option, value);
}

/* Hours, with a fraction if need be. */
static int take_hours(const char *option, const char *value, int64_t *out)
{
    char *end = NULL;
    double h = strtod(value, &end);
    if (end == value || *end != '\0' || !(h > 0) || h > 87600)
        return usage_error("watch", "--%s '%s': expected hours, as 72 or 0.5", option, value);
    *out = (int64_t)(h * (double)WATCH_HOUR_MS);
    return 0;
}

static int take_time(const char *option, const char *value, int64_t *out)
{
    int64_t seconds = 0;
    int rc = common_time("watch", option, value, &seconds);
    *out = seconds * 1000;
    return rc;
}

/* The command stands first; its arguments follow in order. */
static int take_exec(watch_args_t *c, const char *value, bool command)
{
    if (command && c->exec[0] != NULL)
        return usage_error("watch", "--exec is given twice; one command can run others");
    if (!command && c->exec_count == WATCH_EXEC_ARGS_MAX)
        return usage_error("watch", "more than %d --exec-arg", WATCH_EXEC_ARGS_MAX - 1);
    char *copy = strdup(value);
    if (copy == NULL)
        return EXIT_UNTESTED;
    if (command)
        c->exec[0] = copy;
    else
        c->exec[c->exec_count++] = copy;
    return 0;
}

static int take_listen(watch_args_t *c, const char *value)
{
    c->listens = http_address(value, &c->listen);
    return c->listens ? 0
                      : usage_error("watch",
                                    "--listen '%s': expected PORT, ADDR:PORT or "
                                    "[ADDR]:PORT",
                                    value);
}

static int take_schedule(watch_args_t *c, int id, const char *value)
{
    switch (id) {
    case W_INTERVAL:
        return take_span("interval", value, &c->settings.interval);
    case W_JITTER:
        return watch_jitter(value, &c->settings.jitter)
                   ? 0
                   : usage_error("watch", "--jitter '%s': expected 0 to 50 percent", value);
    case W_TOLERATE_ROUNDS:
        return option_number("watch", "tolerate-rounds", value, 0, WATCH_ROUNDS_MAX,
                             &c->settings.policy.tolerate_rounds);
    case W_TOLERATE_HOURS:
        return take_hours("tolerate-hours", value, &c->settings.policy.tolerate_ms);
    case W_PENDING_HOURS:
        return take_hours("pending-hours", value, &c->settings.policy.pending_ms);
    case W_BEGAN:
        return take_time("began", value, &c->settings.began);
    case W_PARALLEL:
        return option_number("watch", "parallel", value, 1, PARALLEL_MAX, &c->watch.parallel);
    case W_KEEP:
        return take_span("keep", value, &c->watch.keep);
    case W_AT:
        return take_time("at", value, &c->at);
    default:
        return option_number("watch", "verifier-tries", value, 1, VERIFIER_TRIES_MAX,
                             &c->dkim.verifier_tries);
    }
}

static int take_output(watch_args_t *c, int id, const char *value)
{
    switch (id) {
    case W_EXEC:
    case W_EXEC_ARG:
        return take_exec(c, value, id == W_EXEC);
    case W_EXEC_TIMEOUT:
        if (!parse_seconds(value, &c->exec_timeout) || c->exec_timeout < 1000000)
            return usage_error("watch", "--exec-timeout '%s': expected seconds", value);
        c->exec_timeout /= 1000000;
        return 0;
    case W_LISTEN:
        return take_listen(c, value);
    case W_TEXTFILE:
        c->textfile = value;
        return 0;
    case W_JSON:
        c->json = true;
        return 0;
    case W_VERBOSE:
        c->verbose = true;
        return 0;
    default:
        c->quiet = true;
        return 0;
    }
}

static int take_option(void *user, int id, const char *value)
{
    watch_args_t *c = user;
    switch (id) {
    case ARGS_WORD:
        return expect_options_word(&c->expect, value, &c->has_domain, &c->domain);
    case EO_PROVIDER:
    case EO_PROVIDERS:
    case EO_EXPECT:
        return expect_options_take(&c->expect, id, value);
    case W_CONFIG:
        c->config = value;
        return 0;
    case W_DB:
        c->db = value;
        return 0;
    case W_ONCE:
        c->watch.once = true;
        return 0;
    case W_UNTIL_VERIFIED:
        c->watch.until_verified = true;
        return 0;
    case W_EXEC:
    case W_EXEC_ARG:
    case W_EXEC_TIMEOUT:
    case W_LISTEN:
    case W_TEXTFILE:
    case W_JSON:
    case W_VERBOSE:
    case W_QUIET:
        return take_output(c, id, value);
    default:
        return id < PO_HINTS ? take_schedule(c, id, value)
                             : probe_options_take(&c->probe, id, value);
    }
}

/* What the clock says, milliseconds since 1970. */
static int64_t clock_of(const watch_args_t *c)
{
    return c->at != 0 ? c->at : (int64_t)time(NULL) * 1000;
}

static int check_conflicts(watch_args_t *c)
{
    if (c->config != NULL && (c->has_domain || c->expect.token_count + c->expect.expect_count > 0))
        return usage_error("watch", "a domain on the command line, or --config FILE, not both");
    if (c->config == NULL && !c->has_domain)
        return usage_error("watch", "which domain? usage: nsprobe watch %s", command_watch.usage);
    if ((c->exec_count > 1 || c->exec_timeout != 0) && c->exec[0] == NULL)
        return usage_error("watch", "--exec-arg and --exec-timeout need --exec CMD");
    int os_error = c->exec[0] != NULL ? notify_find(c->exec[0]) : 0;
    if (os_error != 0) /* else it would be noticed at the first change, after days perhaps */
        return usage_error("watch", "--exec %s: %s", c->exec[0], strerror(os_error));
    if (c->at != 0 && !c->watch.once)
        return usage_error("watch", "--at goes with --once: the clock stands still");
    if (c->settings.began > clock_of(c))
        return usage_error("watch", "--began is in the future");
    if (c->db == NULL && !store_default_path(c->default_db, sizeof c->default_db))
        return usage_error("watch", "where to keep the state? neither XDG_STATE_HOME nor HOME is "
                                    "set; give --db FILE");
    if (c->db == NULL)
        c->db = c->default_db;
    return 0;
}

/* What is written every few seconds must be a file of its own. The database that is not named on
 * the command line was not looked at there. */
static int check_textfile(const watch_args_t *c)
{
    char place[PATH_MAX];
    if (c->textfile == NULL)
        return 0;
    if (files_same(c->textfile, c->db))
        return usage_error("watch", "--textfile %s is the database", c->textfile);
    return files_place("watch", "--textfile", c->textfile, place);
}

static void init(watch_args_t *c)
{
    memset(c, 0, sizeof *c);
    probe_options_init(&c->probe, "watch");
    c->probe.waits = true;
    expect_options_init(&c->expect, "watch");
    c->dkim = dkim_options_default();
    c->settings = watch_settings_default();
    c->watch.parallel = 16;
    c->exec_count = 1; /* the first is the command */
}

int watch_args_read(watch_args_t *c, const command_desc_t *command, int argc, char **argv)
{
    init(c);
    int rc = args_each(command, argc, argv, take_option, c);
    if (rc != 0)
        return rc;
    rc = expect_options_finish(&c->expect);
    if (rc != 0)
        return rc;
    if (c->expect.list) {
        expect_options_list(&c->expect, stdout);
        return -1;
    }
    rc = check_conflicts(c);
    if (rc == 0)
        rc = check_textfile(c);
    c->watch.tell = c->exec[0] != NULL;
    c->exec_timeout = c->exec_timeout != 0 ? c->exec_timeout : EXEC_TIMEOUT_MS;
    return rc != 0 ? rc : probe_options_finish(&c->probe);
}

void watch_args_free(watch_args_t *c)
{
    for (size_t i = 0; i < WATCH_EXEC_ARGS_MAX; i++)
        free(c->exec[i]);
    expect_options_free(&c->expect);
}

static int targets_of_line(const watch_args_t *c, watch_targets_t *out)
{
    expectations_t e;
    expectations_init(&e);
    int rc = expect_options_read(&c->expect, &c->domain, &e);
    if (rc == 0 && !watch_targets_add(out, &c->domain, &c->settings, &e))
        rc = EXIT_UNTESTED;
    expectations_free(&e);
    return rc;
}

static bool config_time(const char *text, int64_t *out)
{
    return when_parse(text, (int64_t)time(NULL), out);
}

static int targets_of_file(const watch_args_t *c, watch_targets_t *out)
{
    char read_err[300];
    size_t len = 0;
    config_error_t err;
    config_context_t context = {.path = c->config,
                                .settings = c->settings,
                                .provider = c->expect.provider != NULL ? c->expect.provider : "ses",
                                .providers = c->expect.providers,
                                .name = common_domain,
                                .time = config_time,
                                .now = clock_of(c)};
    char *text = common_read_file(c->config, &len, read_err);
    if (text == NULL)
        return usage_error("watch", "--config %s", read_err);
    bool good = config_read(&context, text, len, out, &err);
    free(text);
    if (!good) {
        fprintf(stderr, "%s:%u:%u: %s\n", c->config, err.line, err.column, err.text);
        return EXIT_USAGE;
    }
    return 0;
}

int watch_args_targets(const watch_args_t *c, watch_targets_t *out)
{
    size_t first = 0;
    size_t second = 0;
    int rc = c->config != NULL ? targets_of_file(c, out) : targets_of_line(c, out);
    if (rc != 0)
        return rc;
    if (out->count == 0)
        return usage_error("watch", "--config %s: there is no domain in it", c->config);
    if (watch_targets_twice(out, &first, &second))
        return usage_error("watch", "%s:%u: %s stands in line %u already", c->config,
                           out->item[second].line, out->item[second].name, out->item[first].line);
    return 0;
}
