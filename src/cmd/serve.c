/* nsprobe serve: broken authoritative servers on loopback. */
#include "serve/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/common.h"

enum { OPT_LOG = 1, OPT_PORT_BASE, OPT_LIST };

static const option_desc_t serve_options[] = {
    {OPT_LOG, "log", 0, NULL, "FILE", "write a line for every query to FILE ('-': stderr)"},
    {OPT_PORT_BASE, "port-base", 0, NULL, "PORT", "first port for addresses without 'on' (5300)"},
    {OPT_LIST, "list", 0, NULL, NULL, "list behaviours and kinds of malformed message"},
    {0, NULL, 0, NULL, NULL, NULL},
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
    printf("\nconditions: udp, tcp, edns, plain, type TYPE, larger OCTETS, every N\n");
    printf("\nbehave malformed KIND\n\n");
    for (unsigned i = 0; i < NSP_MANGLE_COUNT; i++) {
        nsp_mangle_t k = (nsp_mangle_t)i;
        printf("  %-16s  %s (%s)\n", nsp_mangle_name(k), nsp_mangle_what(k), nsp_mangle_rfc(k));
    }
    return EXIT_HEALTHY;
}

static void print_addresses(const scenario_t *s, const char *path)
{
    printf("%-28s  %s\n", "address", "listens on");
    for (size_t i = 0; i < s->addr_count; i++) {
        char a[ADDR_TEXT_MAX];
        char b[ADDR_TEXT_MAX];
        printf("%-28s  %s\n", addr_text(&s->addr[i].logical, a),
               addr_port_text(&s->addr[i].physical, b));
    }
    printf("use it with: nsprobe check --lab %s DOMAIN\n", path);
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
    print_addresses(s, path);
    common_catch_signals();
    int rc = serve_run(s, &stop_requested, stdout, log, run_err);
    if (rc != 0)
        fprintf(stderr, "nsprobe serve: %s\n", run_err);
    scenario_free(s);
    return rc == 0 ? EXIT_HEALTHY : EXIT_UNTESTED;
}

static int cmd_serve(int argc, char **argv)
{
    const char *path = NULL;
    FILE *log = NULL;
    uint32_t port = 0;
    args_t a = args_begin(&command_serve, argc, argv);
    for (int id = args_next(&a); id != ARGS_END; id = args_next(&a)) {
        if (id == ARGS_ERROR || id == ARGS_DONE)
            return id == ARGS_ERROR ? EXIT_USAGE : EXIT_HEALTHY;
        if (id == OPT_LIST)
            return list_all();
        if (id == OPT_PORT_BASE && !parse_u32(a.value, 1, 65000, &port))
            return usage_error("serve", "--port-base '%s' is not a port from 1 to 65000", a.value);
        if (id == OPT_LOG) {
            log = strcmp(a.value, "-") == 0 ? stderr : fopen(a.value, "we");
            if (log == NULL)
                return usage_error("serve", "--log %s: %s", a.value, strerror(errno));
        }
        if (id == ARGS_WORD && path != NULL)
            return usage_error("serve", "one scenario at a time; '%s' is too many", a.value);
        if (id == ARGS_WORD)
            path = a.value;
    }
    if (path == NULL)
        return usage_error("serve", "which scenario? usage: nsprobe serve %s", command_serve.usage);
    int rc = serve_scenario(path, (uint16_t)port, log);
    if (log != NULL && log != stderr)
        fclose(log);
    return rc;
}

const command_desc_t command_serve = {"serve", "SCENARIO [--log FILE]",
                                      "Plays the servers of a scenario on loopback until ^C.",
                                      serve_options, cmd_serve};
