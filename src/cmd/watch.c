/* nsprobe watch: keeps verifying, and says when a verifier would accept, or revoke. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/files.h"
#include "cmd/session.h"
#include "cmd/standard.h"
#include "cmd/watch_options.h"
#include "diagnose/tested.h"
#include "exchange/noun.h"
#include "report/metrics.h"
#include "report/watch_report.h"
#include "watch/http.h"
#include "watch/live.h"
#include "watch/sdnotify.h"

#define TEXTFILE_MS 5000 /* between two writes of the textfile */

/* Everything that the loop's functions need. */
typedef struct watcher {
    const watch_args_t *args;
    live_t *live;
    watch_t watch;
    text_style_t style;
    char *systemd;       /* NOTIFY_SOCKET, or NULL; owned */
    int64_t watchdog;    /* milliseconds between two signs of life; 0: none */
    int64_t watchdog_at; /* the next one */
    int64_t textfile_at; /* not before */
    bool textfile_dirty;
} watcher_t;

/* --- one round, on a worker's thread --- */

static bool run_round(void *user, const watch_target_t *target, watch_round_t *out,
                      char err[NOTIFY_ERROR_MAX])
{
    const watcher_t *w = user;
    net_t *net = NULL;
    exchange_set_t set;
    model_input_t in;
    dkim_result_t result;
    dkim_options_t options = w->args->dkim;
    snprintf(err, NOTIFY_ERROR_MAX, "%s: sockets cannot be opened", target->name);
    if (probe_options_open(&w->args->probe, &net) != 0)
        return false;
    options.check = w->args->probe.check;
    exchange_set_init(&set, 0);
    probe_options_input(&w->args->probe, &target->domain, &in);
    net_err_t e = dkim_run(net, &in, &target->expect, &options, &set, &result);
    bool good = e == NET_OK && watch_round_from(&result, out);
    if (good && !tested_anything(&set))
        out->outcome = ROUND_UNTESTED;
    if (!good) {
        if (e == NET_OK)
            watch_round_free(out);
        snprintf(err, NOTIFY_ERROR_MAX, "%s: out of memory or sockets", target->name);
    }
    if (e == NET_E_INTERRUPTED)
        err[0] = '\0';
    dkim_result_free(&result);
    exchange_set_free(&set);
    net->ops->destroy(net);
    return good;
}

/* --- what the loop asks for --- */

static int64_t w_now(void *user)
{
    return live_now(((watcher_t *)user)->live);
}

static int64_t w_wall(void *user)
{
    return live_wall(((watcher_t *)user)->live);
}

static uint32_t w_random(void *user)
{
    return live_random(((watcher_t *)user)->live);
}

static bool w_start(void *user, size_t item, const watch_target_t *target)
{
    return live_start(((watcher_t *)user)->live, item, target);
}

static bool w_tell(void *user, int64_t change, const char *message)
{
    return live_tell(((watcher_t *)user)->live, change, message);
}

static void w_wait(void *user, int64_t until, watch_event_t *event)
{
    const watcher_t *w = user;
    live_wait(w->live, w->watchdog > 0 && w->watchdog_at < until ? w->watchdog_at : until, event);
}

static void w_stop(void *user)
{
    watcher_t *w = user;
    if (w->systemd != NULL)
        (void)sdnotify_send(w->systemd, "STOPPING=1");
    live_stop(w->live);
}

static void w_complain(void *user, const char *text)
{
    (void)user;
    if (text[0] != '\0')
        fprintf(stderr, "nsprobe watch: %s\n", text);
}

static bool w_reload(void *user, watch_targets_t *targets)
{
    watcher_t *w = user;
    char text[80];
    bool good = w->args->config != NULL && watch_args_targets(w->args, targets) == 0;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)w_now(w) * 1000);
    if (w->systemd != NULL) {
        (void)sdnotify_send(w->systemd, text);
        (void)sdnotify_send(w->systemd, "READY=1");
    }
    w_complain(w, w->args->config == NULL ? "SIGHUP: there is no --config to read again"
                  : good                  ? "SIGHUP: the configuration was read again"
                                          : "SIGHUP: the domains stay as they were");
    return good;
}

static char *w_message(void *user, const watch_report_t *r)
{
    (void)user;
    return watch_report_message(r);
}

static void w_report(void *user, const watch_report_t *r)
{
    watcher_t *w = user;
    w->textfile_dirty = true;
    if (w->args->quiet && r->transition == TRANSITION_NONE)
        return;
    bool good =
        w->args->json ? watch_report_json(stdout, r) : watch_report_text(stdout, &w->style, r);
    if (!good || standard_lost())
        standard_complain("watch"); /* rounds go on, and are stored */
}

/* --- metrics --- */

static char *page_metrics(void *user, size_t *size)
{
    watcher_t *w = user;
    return metrics_text(&w->watch, METRICS_OPENMETRICS, size);
}

static bool page_health(void *user, char reason[HTTP_REASON_MAX])
{
    watcher_t *w = user;
    watch_lock(&w->watch);
    bool turning = live_now(w->live) - w->watch.tick < INT64_C(4) * WATCH_TICK_MS;
    bool stored = w->watch.store_good;
    watch_unlock(&w->watch);
    snprintf(reason, HTTP_REASON_MAX, "%s",
             !turning  ? "the loop does not turn"
             : !stored ? "the last round could not be stored"
                       : "ok");
    return turning && stored;
}

/* Written beside its place and then moved there, so that no reader sees a part. */
static void write_textfile(watcher_t *w)
{
    char place[PATH_MAX];
    char path[PATH_MAX + 32];
    size_t size = 0;
    /* anew each time: what a link says, and what is there, may have changed */
    if (files_place("watch", "--textfile", w->args->textfile, place) != 0)
        return;
    char *text = metrics_text(&w->watch, METRICS_PROMETHEUS, &size);
    snprintf(path, sizeof path, "%s.%ld.tmp", place, (long)getpid());
    /* an earlier run's, or what somebody else has put there, is not written to */
    (void)unlink(path);
    FILE *f = text != NULL ? fopen(path, "wxe") : NULL;
    bool good = f != NULL && fwrite(text, 1, size, f) == size;
    if (f != NULL)
        good = fclose(f) == 0 && good;
    if (!good || rename(path, place) != 0) {
        fprintf(stderr, "nsprobe watch: --textfile %s: %s\n", w->args->textfile, strerror(errno));
        (void)unlink(path);
    }
    free(text);
}

static void w_alive(void *user)
{
    watcher_t *w = user;
    int64_t now = w_now(w);
    if (w->watchdog > 0 && now >= w->watchdog_at) {
        (void)sdnotify_send(w->systemd, "WATCHDOG=1");
        w->watchdog_at = now + w->watchdog;
    }
    if (w->args->textfile != NULL && w->textfile_dirty && now >= w->textfile_at) {
        w->textfile_dirty = false;
        w->textfile_at = now + TEXTFILE_MS;
        write_textfile(w);
    }
}

static const watch_ops_t ops = {.now = w_now,
                                .wall = w_wall,
                                .random = w_random,
                                .start = w_start,
                                .tell = w_tell,
                                .wait = w_wait,
                                .stop = w_stop,
                                .reload = w_reload,
                                .message = w_message,
                                .report = w_report,
                                .complain = w_complain,
                                .alive = w_alive};

/* --- begin and end --- */

static int begin_http(watcher_t *w, http_t **http)
{
    char err[HTTP_ERROR_MAX];
    char text[ADDR_TEXT_MAX];
    http_pages_t pages = {page_metrics, page_health, w};
    if (!w->args->listens)
        return 0;
    *http = http_start(&w->args->listen, &pages, err);
    if (*http == NULL) {
        fprintf(stderr, "nsprobe watch: --listen: %s\n", err);
        return EXIT_UNTESTED;
    }
    if (!w->args->quiet)
        fprintf(stderr, "nsprobe watch: metrics at http://%s%s%s:%u/metrics\n",
                w->args->listen.family == 6 ? "[" : "", addr_text(&w->args->listen, text),
                w->args->listen.family == 6 ? "]" : "", http_port(*http));
    return 0;
}

static void begin_systemd(watcher_t *w)
{
    char text[80];
    w->systemd = getenv("NOTIFY_SOCKET");
    w->systemd = w->systemd != NULL && w->systemd[0] != '\0' ? strdup(w->systemd) : NULL;
    /* what --exec runs must not speak in our name */
    unsetenv("NOTIFY_SOCKET");
    if (w->systemd == NULL)
        return;
    w->watchdog = sdnotify_watchdog(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    snprintf(text, sizeof text, "READY=1\nSTATUS=watching %zu %s", w->watch.count,
             noun(w->watch.count, "domain", "domains"));
    (void)sdnotify_send(w->systemd, text);
}

/* What the end means: with --once by the statuses, otherwise by what ended it. */
static int exit_code_of(const watcher_t *w)
{
    int worst = EXIT_HEALTHY;
    int number = live_signal(w->live);
    if (number != 0)
        return number == SIGTERM ? EXIT_HEALTHY : EXIT_INTERRUPTED;
    for (size_t i = 0; i < w->watch.count; i++) {
        const watch_domain_t *d = &w->watch.domain[i];
        verifier_status_t s = d->stored.state.status;
        bool tested = d->has_last && !d->failed && d->last.outcome != ROUND_UNTESTED;
        int rc = !tested                                                      ? EXIT_UNTESTED
                 : s == VERIFIER_FAILED                                       ? EXIT_ERRORS
                 : s != VERIFIER_SUCCESS || d->last.outcome != ROUND_VERIFIED ? EXIT_WARNINGS
                                                                              : EXIT_HEALTHY;
        worst = rc > worst ? rc : worst;
    }
    return worst;
}

static int run(watcher_t *w, store_t *store, watch_targets_t *targets)
{
    http_t *http = NULL;
    int rc = EXIT_UNTESTED;
    if (watch_init(&w->watch, &w->args->watch, &ops, w, store, targets)) {
        rc = begin_http(w, &http);
        if (rc == 0) {
            begin_systemd(w);
            watch_run(&w->watch);
            rc = exit_code_of(w);
        }
        http_stop(http);
        if (rc != EXIT_UNTESTED && w->args->textfile != NULL)
            write_textfile(w);
    }
    watch_free(&w->watch);
    return rc;
}

static int run_with(const watch_args_t *c, watch_targets_t *targets)
{
    char err[STORE_ERROR_MAX];
    store_t *store = NULL;
    watcher_t *w = calloc(1, sizeof *w);
    if (w == NULL)
        return EXIT_UNTESTED;
    w->args = c;
    w->style = (text_style_t){.verbose = c->verbose, .colour = session_colour()};
    if (store_open(c->db, &store, err) != STORE_OK) {
        fprintf(stderr, "nsprobe watch: %s\n", err);
        free(w);
        return EXIT_UNTESTED;
    }
    live_options_t options = {.workers = c->watch.parallel,
                              .stop = &stop_requested,
                              .wall = c->at,
                              .argv = c->exec[0] != NULL ? c->exec : NULL,
                              .argv_timeout = c->exec_timeout,
                              .round = run_round,
                              .user = w};
    w->live = live_new(&options);
    int rc = EXIT_UNTESTED;
    if (w->live != NULL)
        rc = run(w, store, targets);
    else
        fprintf(stderr, "nsprobe watch: signals or threads cannot be had\n");
    live_free(w->live);
    store_close(store);
    free(w->systemd);
    free(w);
    return rc;
}

static int cmd_watch(int argc, char **argv)
{
    watch_targets_t targets;
    watch_args_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    watch_targets_init(&targets);
    common_raise_files(); /* every round has sockets of its own, and many run side by side */
    int rc = watch_args_read(c, &command_watch, argc, argv);
    if (rc == 0)
        rc = watch_args_targets(c, &targets);
    if (rc == 0)
        rc = run_with(c, &targets);
    watch_targets_free(&targets);
    watch_args_free(c);
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_watch = {
    "watch",
    "DOMAIN [TOKEN...] | --config FILE [OPTION...]",
    "Keeps verifying, and says when a verifier would accept, or revoke.",
    watch_options_table,
    cmd_watch,
    watch_files};
