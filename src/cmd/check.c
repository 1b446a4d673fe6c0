/* nsprobe check: the main job. */
#include <stdlib.h>

#include "cmd/check_capture.h"
#include "cmd/check_output.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/fail_options.h"
#include "cmd/probe_options.h"
#include "cmd/session.h"
#include "diagnose/tested.h"

#define DOMAINS_MAX 256
#define SERVERS_MAX 512

enum {
    C_NS = 1,
    C_UNDELEGATED,
    C_SLOW,
    C_JSON,
    C_HTML,
    C_MAIL,
    C_MATRIX,
    C_VERBOSE,
    C_PCAP,
    C_CAPTURE,
    C_THOROUGH,
    C_NO_HOPS,
    C_QUIET
};

static const option_desc_t check_options[] = {
    PROBE_OPTIONS_WALK,
    {C_NS, "ns", 0, NULL, "NAME[=ADDR]", "a name server of the domain; repeatable"},
    {C_UNDELEGATED, "undelegated", 0, NULL, NULL, "the --ns servers are a delegation to come"},
    PROBE_OPTIONS_REACH,
    {C_SLOW, "slow", 0, NULL, "MS", "a median above this is slow (500)"},
    {C_JSON, "json", 'j', NULL, NULL, "one JSON object a domain"},
    {C_HTML, "html", 0, NULL, "FILE", "also write the report as one page for browsers"},
    {C_MAIL, "mail", 0, NULL, "ADDR", "print a letter to the operator of this address"},
    {C_MATRIX, "matrix", 0, NULL, NULL, "show each address by each question"},
    {C_VERBOSE, "verbose", 'v', NULL, NULL, "show every exchange"},
    {C_PCAP, "pcap", 0, NULL, "FILE", "write all packets to a pcap"},
    {C_CAPTURE, "capture", 0, NULL, "IF", "also see what reaches this interface"},
    FAIL_OPTIONS,
    {C_THOROUGH, "thorough", 0, NULL, NULL, "also ask what no resolver asks: opcodes, PTR"},
    {C_NO_HOPS, "no-hops", 0, NULL, NULL, "do not look where the way to silent addresses ends"},
    {C_QUIET, "quiet", 0, NULL, NULL, "no progress on stderr"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
static const file_desc_t check_files[] = {
    PROBE_FILES,
    FAIL_FILES,
    {C_HTML, FILE_WRITES, {NULL}},
    {C_PCAP, FILE_WRITES, {NULL}},
    {0, FILE_READS, {NULL}},
};

/* The command line, read and checked before anything is sent. */
typedef struct check_args {
    probe_options_t probe;
    size_t domain_count;
    nsp_name_t domain[DOMAINS_MAX];
    const char *pcap;
    const char *capture;
    bool undelegated;
    check_output_t output;
    bool matrix;
    bool verbose;
    bool quiet;
    size_t ns_count;
    given_ns_t ns[SERVERS_MAX];
    diagnose_options_t diagnose;
    fail_options_t fail;
} check_args_t;

static int add_domain(check_args_t *c, const char *text)
{
    char err[200];
    if (c->domain_count == DOMAINS_MAX)
        return usage_error("check", "more than %d domains in one call", DOMAINS_MAX);
    if (!common_domain(text, &c->domain[c->domain_count], err))
        return usage_error("check", "domain '%s': %s", text, err);
    c->domain_count++;
    return 0;
}

static int add_ns(check_args_t *c, const char *text)
{
    if (c->ns_count == SERVERS_MAX)
        return usage_error("check", "more than %d --ns", SERVERS_MAX);
    int rc = probe_options_server("check", "ns", text, &c->ns[c->ns_count]);
    if (rc == 0)
        c->ns_count++;
    return rc;
}

/* Options without a value that are this command's own. */
static bool *flag_of(check_args_t *c, int id)
{
    switch (id) {
    case C_UNDELEGATED:
        return &c->undelegated;
    case C_JSON:
        return &c->output.json;
    case C_MATRIX:
        return &c->matrix;
    case C_VERBOSE:
        return &c->verbose;
    case C_QUIET:
        return &c->quiet;
    default:
        return NULL;
    }
}

static int take_option(void *user, int id, const char *value)
{
    check_args_t *c = user;
    uint32_t v = 0;
    bool *flag = flag_of(c, id);
    if (flag != NULL) {
        *flag = true;
        return 0;
    }
    switch (id) {
    case ARGS_WORD:
        return add_domain(c, value);
    case C_NS:
        return add_ns(c, value);
    case C_PCAP:
        c->pcap = value;
        return 0;
    case C_CAPTURE:
        c->capture = value;
        return 0;
    case C_HTML:
        c->output.page.path = value;
        return 0;
    case C_MAIL:
        return check_output_mail(&c->output, value);
    case FO_PROFILE:
    case FO_FAIL_ON:
        return fail_options_take(&c->fail, id, value);
    case C_NO_HOPS:
        c->probe.check.hops = false;
        return 0;
    case C_THOROUGH:
        c->probe.check.thorough = true;
        return 0;
    case C_SLOW:
        if (!parse_u32(value, 1, 3600000, &v))
            return usage_error("check", "--slow '%s': expected milliseconds", value);
        c->diagnose.slow = (int64_t)v * 1000000;
        return 0;
    default:
        return probe_options_take(&c->probe, id, value);
    }
}

/* True when no --ns can be reached: all are names in the domain itself, without an address. */
static bool servers_unreachable(const check_args_t *c)
{
    for (size_t i = 0; i < c->ns_count; i++)
        if (c->ns[i].has_addr || !nsp_name_is_subdomain(&c->ns[i].name, &c->domain[0]))
            return false;
    return c->ns_count > 0;
}

static int check_conflicts(const check_args_t *c)
{
    if (c->domain_count == 0)
        return usage_error("check", "which domain? usage: nsprobe check %s", command_check.usage);
    if (c->undelegated && c->ns_count == 0)
        return usage_error("check", "--undelegated needs the delegation: --ns NAME=ADDR ...");
    if (c->ns_count > 0 && c->domain_count > 1)
        return usage_error("check", "--ns is for one domain");
    if (c->capture != NULL && (c->probe.lab != NULL || c->probe.map_count > 0))
        return usage_error("check", "--capture sees addresses on the wire; leave --lab and --map "
                                    "out");
    if (c->matrix && (c->output.mail != NULL || c->output.json))
        return usage_error("check", "--matrix is a part of the text; leave --mail and --json out");
    if (c->output.mail != NULL && c->output.json)
        return usage_error("check", "--mail and --json: one of them");
    if ((c->output.page.path != NULL || c->output.mail != NULL) && c->domain_count > 1)
        return usage_error("check", "--html and --mail are for one domain");
    if (servers_unreachable(c))
        return usage_error("check",
                           "--ns: a name in the domain itself needs its address: NAME=ADDR");
    return 0;
}

static int parse_args(check_args_t *c, int argc, char **argv)
{
    probe_options_init(&c->probe, "check");
    fail_options_init(&c->fail, "check");
    c->diagnose = diagnose_options_default();
    c->probe.check.hops = true;
    int rc = args_each(&command_check, argc, argv, take_option, c);
    if (rc != 0)
        return rc;
    rc = check_conflicts(c);
    if (rc == 0)
        rc = probe_options_finish(&c->probe);
    for (size_t i = 0; i < c->ns_count; i++)
        if (c->ns[i].has_addr && c->ns[i].addr.port == 53)
            c->ns[i].addr.port = c->probe.port;
    return rc;
}

static void set_input(const check_args_t *c, const nsp_name_t *domain, model_input_t *in)
{
    probe_options_input(&c->probe, domain, in);
    if (c->ns_count == 0)
        return;
    in->kind = c->undelegated ? START_UNDELEGATED : START_GIVEN;
    in->start = c->ns;
    in->start_count = c->ns_count;
}

/* What is done now and then while a domain is probed. */
typedef struct meanwhile {
    check_capture_t *capture;
    bool progress;
} meanwhile_t;

static void on_progress(void *user, const model_t *m, size_t done, size_t outstanding)
{
    meanwhile_t *now = user;
    check_capture_drain(now->capture);
    if (now->progress)
        session_progress(NULL, m, done, outstanding);
}

/* Walks, probes, diagnoses and reports one domain. */
static int check_one(const check_args_t *c, net_t *net, const nsp_name_t *domain, FILE *pcap,
                     check_capture_t *capture)
{
    exchange_set_t set;
    model_input_t in;
    finding_list_t findings;
    model_t *m = calloc(1, sizeof *m);
    check_options_t options = c->probe.check;
    meanwhile_t meanwhile = {capture, session_wants_progress(c->quiet)};
    if (m == NULL)
        return EXIT_UNTESTED;
    exchange_set_init(&set, 0);
    finding_list_init(&findings);
    set_input(c, domain, &in);
    options.progress = on_progress;
    options.user = &meanwhile;
    net_err_t err = check_run(net, &in, &options, &set, m);
    if (meanwhile.progress)
        session_progress_end();
    if (!check_capture_join(capture, &set) && err == NET_OK)
        err = NET_E_MEMORY;
    int rc = EXIT_UNTESTED;
    bool interrupted = err == NET_E_INTERRUPTED;
    check_report_t report = {.model = m,
                             .set = &set,
                             .findings = &findings,
                             .verbose = c->verbose,
                             .matrix = c->matrix,
                             .colour = session_colour(),
                             .interrupted = interrupted};
    bool failed = err != NET_OK && !interrupted;
    if (failed)
        fprintf(stderr, "nsprobe check: %s; this is what was learnt\n", session_lack(err));
    if (diagnose(m, &set, &c->diagnose, &findings)) {
        report.untested = !tested_domain(m, &set, &findings);
        fail_options_apply(&c->fail, &findings);
        rc = fail_options_exit(&c->fail, &findings,
                               report.untested && !interrupted
                                   ? EXIT_UNTESTED
                                   : session_exit(&findings, &set, interrupted));
        rc = check_output_write(&c->output, &report, rc);
    }
    if (!tested_anything(&set) && !interrupted && !failed)
        fprintf(stderr, "nsprobe check: nothing could be sent; is there a network?\n");
    if (session_pcap_write("check", c->pcap, pcap, &set) != 0)
        rc = EXIT_UNTESTED;
    finding_list_free(&findings);
    exchange_set_free(&set);
    free(m);
    return rc;
}

static int check_domains(const check_args_t *c, net_t *net, FILE *pcap, check_capture_t *capture)
{
    int worst = EXIT_HEALTHY;
    common_catch_signals();
    for (size_t i = 0; i < c->domain_count; i++) {
        if (i > 0 && !c->output.json)
            putchar('\n');
        int rc = check_one(c, net, &c->domain[i], pcap, capture);
        fflush(stdout);
        worst = rc > worst ? rc : worst;
        if (rc == EXIT_INTERRUPTED)
            break;
    }
    return worst;
}

/* Opens what needs privileges first. */
static int check_all(const check_args_t *c, FILE *pcap)
{
    net_t *net = NULL;
    check_capture_t capture;
    int rc = check_capture_open(&capture, c->capture, c->probe.port);
    if (rc == 0)
        rc = probe_options_open(&c->probe, &net);
    if (rc == 0)
        rc = check_capture_drop(&capture);
    if (rc == 0)
        rc = check_domains(c, net, pcap, &capture);
    if (net != NULL)
        net->ops->destroy(net);
    check_capture_close(&capture);
    return rc;
}

static int cmd_check(int argc, char **argv)
{
    FILE *pcap = NULL;
    check_args_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    int rc = parse_args(c, argc, argv);
    if (rc == 0 && c->pcap != NULL && c->domain_count > 1)
        rc = usage_error("check", "--pcap is for one domain");
    if (rc == 0)
        rc = session_pcap_begin("check", c->pcap, &pcap);
    if (rc == 0)
        rc = side_file_begin(&c->output.page, "html", "check");
    if (rc == 0)
        rc = check_all(c, pcap);
    if (side_file_end(&c->output.page, "html", "check") != 0)
        rc = EXIT_UNTESTED;
    if (session_pcap_end("check", c->pcap, pcap) != 0)
        rc = EXIT_UNTESTED;
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_check = {"check",
                                      "DOMAIN... [OPTION...]",
                                      "Asks every authoritative address of a domain and "
                                      "diagnoses it.",
                                      check_options,
                                      cmd_check,
                                      check_files};
