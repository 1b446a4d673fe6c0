/* nsprobe serve: broken authoritative servers on loopback. */
#include "serve/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/files.h"
#include "cmd/side_file.h"
#include "serve/fuzz.h"

enum { OPT_LOG = 1, OPT_PORT_BASE, OPT_LIST, OPT_FUZZ, OPT_ONLY, OPT_LISTEN, OPT_REPLAY };

/* Where --fuzz and --replay listen when nothing is said. */
#define FUZZ_LISTEN "127.0.0.1#5300"

static const option_desc_t serve_options[] = {
    {OPT_LOG, "log", 0, NULL, "FILE", "write a line for every query to FILE ('-': stderr)"},
    {OPT_FUZZ, "fuzz", 0, NULL, "SEED", "answer any question wrongly (no SCENARIO)"},
    {OPT_ONLY, "only", 0, NULL, "FAULT", "with --fuzz: always this fault"},
    {OPT_REPLAY, "replay", 0, NULL, "LOG[:N]", "send the answers (the Nth) of a --fuzz log again"},
    {OPT_LISTEN, "listen", 0, NULL, "ADDR[#PORT]", "of --fuzz and --replay (127.0.0.1#5300)"},
    {OPT_PORT_BASE, "port-base", 0, NULL, "PORT", "first port for addresses without 'on' (5300)"},
    {OPT_LIST, "list", 0, NULL, NULL, "list behaviours, malformed messages and faults"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
static const file_desc_t serve_files[] = {
    READS_FILE(ARGS_WORD),
    {OPT_LOG, FILE_WRITES_STREAM, {NULL}},
    {OPT_REPLAY, FILE_READS_PART, {NULL}},
    {0, FILE_READS, {NULL}},
};

static int list_all(void)
{
    static const struct {
        const char *word;
        const char *what;
    } behaviours[] = {
#define X(ident, word, arg, what) {word, what},
        BEHAVIOURS(X)
#undef X
    };
    printf("behave WHAT [ARGUMENT] [when CONDITION...]\n\n");
    for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++)
        printf("  %-16s  %s\n", behaviours[i].word, behaviours[i].what);
    printf("\nconditions: udp, tcp, edns, plain, type TYPE, named LABEL, underscore,\n            "
           "larger OCTETS, every N\n");
    printf("\nbehave malformed KIND\n\n");
    for (unsigned i = 0; i < NSP_MANGLE_COUNT; i++) {
        nsp_mangle_t k = (nsp_mangle_t)i;
        printf("  %-16s  %s (%s)\n", nsp_mangle_name(k), nsp_mangle_what(k), nsp_mangle_rfc(k));
    }
    printf("\n--only FAULT, with --fuzz\n\n");
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        const fault_desc_t *d = fault_desc((fault_id_t)i);
        printf("  %-18s  %s%s (%s)\n", d->name, d->what,
               d->where == FAULT_UDP   ? "; UDP"
               : d->where == FAULT_TCP ? "; TCP"
                                       : "",
               d->source);
    }
    return EXIT_HEALTHY;
}

static void print_addresses(const scenario_t *s, const char *path, uint16_t port_base)
{
    printf("%-28s  %s\n", "address", "listens on");
    for (size_t i = 0; i < s->addr_count; i++) {
        char a[ADDR_TEXT_MAX];
        char b[ADDR_TEXT_MAX];
        printf("%-28s  %s\n", addr_text(&s->addr[i].logical, a),
               addr_port_text(&s->addr[i].physical, b));
    }
    printf("use it with: nsprobe check --lab %s", path);
    if (port_base != 0)
        printf(" --port-base %u", port_base);
    printf(" DOMAIN\n");
    fflush(stdout);
}

static int serve_scenario(const char *path, uint16_t port_base, FILE *log)
{
    char text_err[300];
    size_t len = 0;
    char *text = common_read_file(path, &len, text_err);
    if (text == NULL)
        return usage_error("serve", "%s", text_err);
    scenario_error_t err;
    scenario_t *s = scenario_parse(text, len, port_base, &err);
    free(text);
    if (s == NULL) {
        fprintf(stderr, "%s:%u:%u: %s\n", path, err.line, err.column, err.text);
        return EXIT_USAGE;
    }
    char run_err[256] = "";
    print_addresses(s, path, port_base);
    common_catch_signals();
    int rc = serve_run(s, &stop_requested, stdout, log, run_err);
    if (rc != 0)
        fprintf(stderr, "nsprobe serve: %s\n", run_err);
    scenario_free(s);
    return rc == 0 ? EXIT_HEALTHY : EXIT_UNTESTED;
}

/* The command line. */
typedef struct serve_args {
    const char *path;
    side_file_t side; /* --log, unless that is standard error */
    FILE *log;
    uint32_t port;
    bool fuzz;
    const char *replay;
    const char *listen;
    fuzz_options_t options;
} serve_args_t;

static int open_log(serve_args_t *s)
{
    if (s->side.path != NULL && strcmp(s->side.path, "-") == 0) {
        s->side.path = NULL;
        s->log = stderr;
        return 0;
    }
    int rc = side_file_begin(&s->side, "log", "serve");
    s->log = s->side.file;
    return rc;
}

static int take_fault(serve_args_t *s, const char *value)
{
    s->options.only = common_fault("serve", value, &s->options.fault);
    return s->options.only ? 0 : EXIT_USAGE;
}

static int take_seed(serve_args_t *s, const char *value)
{
    char *end = NULL;
    errno = 0;
    s->fuzz = true;
    s->options.seed = strtoull(value, &end, 10);
    if (errno != 0 || value[0] < '0' || value[0] > '9' || *end != '\0' ||
        s->options.seed > INT64_MAX)
        return usage_error("serve", "--fuzz '%s': expected a whole number", value);
    return 0;
}

static int take_option(serve_args_t *s, int id, const char *value)
{
    switch (id) {
    case OPT_PORT_BASE:
        if (!parse_u32(value, 1, SCENARIO_PORT_MAX, &s->port))
            return usage_error("serve", "--port-base '%s': expected 1 to %d", value,
                               SCENARIO_PORT_MAX);
        return 0;
    case OPT_LOG:
        s->side.path = value;
        return 0;
    case OPT_FUZZ:
        return take_seed(s, value);
    case OPT_ONLY:
        return take_fault(s, value);
    case OPT_REPLAY:
        s->replay = value;
        return 0;
    case OPT_LISTEN:
        s->listen = value;
        return 0;
    default:
        if (s->path != NULL)
            return usage_error("serve", "one scenario at a time; '%s' is too many", value);
        s->path = value;
        return 0;
    }
}

static int check_conflicts(const serve_args_t *s)
{
    bool fuzz = s->fuzz || s->replay != NULL;
    if (fuzz && s->path != NULL)
        return usage_error("serve", "--fuzz and --replay need no scenario: '%s'", s->path);
    if (s->fuzz && s->replay != NULL)
        return usage_error("serve", "--fuzz and --replay exclude each other");
    if (s->options.only && !s->fuzz)
        return usage_error("serve", "--only goes with --fuzz SEED");
    if (s->listen != NULL && !fuzz)
        return usage_error("serve", "--listen goes with --fuzz; a scenario has its own addresses");
    if (!fuzz && s->path == NULL)
        return usage_error("serve", "which scenario? usage: nsprobe serve %s", command_serve.usage);
    return 0;
}

/* LOG or LOG:N. */
static int read_recording(const char *value, fuzz_recording_t *out)
{
    char path[4096];
    char err[FUZZ_ERROR_MAX + 60];
    uint32_t only = 0;
    size_t len = 0;
    const char *colon = strrchr(value, ':');
    if (colon != NULL && !parse_u32(colon + 1, 1, UINT32_MAX, &only))
        colon = NULL;
    size_t n = colon != NULL ? (size_t)(colon - value) : strlen(value);
    if (n >= sizeof path)
        return usage_error("serve", "--replay: the file's name is too long");
    memcpy(path, value, n);
    path[n] = '\0';
    char read_err[300];
    char *text = common_read_file(path, &len, read_err);
    if (text == NULL)
        return usage_error("serve", "--replay %s", read_err);
    bool good = fuzz_recording_read(text, len, only, out, err);
    free(text);
    return good ? 0 : usage_error("serve", "--replay %s: %s", path, err);
}

static int serve_fuzz(const serve_args_t *s)
{
    fuzz_options_t options = s->options;
    char err[FUZZ_ERROR_MAX];
    char text[ADDR_TEXT_MAX];
    fuzz_recording_t again = {0};
    const char *listen = s->listen != NULL ? s->listen : FUZZ_LISTEN;
    if (!addr_from_text(listen, strlen(listen), 5300, &options.listen))
        return usage_error("serve", "--listen '%s': expected an address, or ADDR#PORT", listen);
    if (s->replay != NULL) {
        int rc = read_recording(s->replay, &again);
        if (rc != 0)
            return rc;
        options.again = &again;
    }
    options.log = s->log;
    fuzz_server_t *f = fuzz_server_new(&options, err);
    if (f == NULL) {
        fprintf(stderr, "nsprobe serve: %s\n", err);
        fuzz_recording_free(&again);
        return EXIT_UNTESTED;
    }
    addr_t at = fuzz_server_addr(f);
    printf("ready: %s\n", addr_port_text(&at, text));
    fflush(stdout);
    common_catch_signals();
    while (stop_requested == 0 && fuzz_server_step(f, 500)) {
    }
    fuzz_server_free(f);
    fuzz_recording_free(&again);
    return EXIT_HEALTHY;
}

static int cmd_serve(int argc, char **argv)
{
    serve_args_t s = {0};
    int rc = 0;
    args_t a = args_begin(&command_serve, argc, argv);
    for (int id = args_next(&a); id != ARGS_END && rc == 0; id = args_next(&a)) {
        if (id == ARGS_ERROR || id == ARGS_DONE)
            return id == ARGS_ERROR ? EXIT_USAGE : EXIT_HEALTHY;
        if (id == OPT_LIST)
            return list_all();
        rc = take_option(&s, id, a.value);
    }
    if (rc == 0)
        rc = check_conflicts(&s);
    if (rc == 0)
        rc = files_check(&command_serve, argc, argv);
    if (rc == 0)
        rc = open_log(&s);
    common_raise_files(); /* each address listens with several sockets, each client has one */
    if (rc == 0)
        rc = s.path != NULL ? serve_scenario(s.path, (uint16_t)s.port, s.log) : serve_fuzz(&s);
    if (side_file_end(&s.side, "log", "serve") != 0)
        rc = EXIT_UNTESTED;
    return rc;
}

const command_desc_t command_serve = {"serve",
                                      "SCENARIO | --fuzz SEED | --replay LOG [OPTION...]",
                                      "Plays broken servers on loopback until ^C.",
                                      serve_options,
                                      cmd_serve,
                                      serve_files};
