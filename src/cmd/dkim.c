/* nsprobe dkim: will a mail service's verifier accept the records of a domain? */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/expect_options.h"
#include "cmd/fail_options.h"
#include "cmd/probe_options.h"
#include "cmd/session.h"
#include "cmd/side_file.h"
#include "diagnose/tested.h"
#include "probe/dkim.h"
#include "report/dkim_text.h"

#define ALSO_MAX           64
#define VERIFIER_TRIES_MAX 100

enum {
    D_ALSO = 1,
    D_BEGAN,
    D_VERIFIER_TRIES,
    D_FULL,
    D_NO_FOLLOW,
    D_JSON,
    D_HTML,
    D_VERBOSE,
    D_PCAP,
    D_QUIET
};

static const option_desc_t dkim_options_table[] = {
    EXPECT_OPTIONS,
    {D_BEGAN, "began", 0, NULL, "TIME", "when verification began: RFC 3339, or -HOURS (now)"},
    {D_VERIFIER_TRIES, "verifier-tries", 0, NULL, "N", "addresses that a verifier tries (2)"},
    {D_ALSO, "also", 0, NULL, "ADDR[#PORT]", "ask this server too, delegated or not; repeatable"},
    {D_FULL, "full", 0, NULL, NULL, "ask and report all that check does, too"},
    {D_NO_FOLLOW, "no-follow", 0, NULL, NULL, "do not follow CNAMEs to the key"},
    PROBE_OPTIONS_WALK,
    PROBE_OPTIONS_REACH,
    {D_JSON, "json", 'j', NULL, NULL, "one JSON object"},
    {D_HTML, "html", 0, NULL, "FILE", "also write the report as one page for browsers"},
    {D_VERBOSE, "verbose", 'v', NULL, NULL, "whole names, and every exchange"},
    {D_PCAP, "pcap", 0, NULL, "FILE", "write all packets to a pcap"},
    FAIL_OPTIONS,
    {D_QUIET, "quiet", 0, NULL, NULL, "no progress on stderr"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
static const file_desc_t dkim_files[] = {
    PROBE_FILES,
    EXPECT_FILES,
    FAIL_FILES,
    {D_HTML, FILE_WRITES, {NULL}},
    {D_PCAP, FILE_WRITES, {NULL}},
    {0, FILE_READS, {NULL}},
};

/* The command line, read and checked before anything is sent. */
typedef struct dkim_args {
    probe_options_t probe;
    expect_options_t expect;
    bool has_domain;
    nsp_name_t domain;
    dkim_options_t options;
    size_t also_count;
    addr_t also[ALSO_MAX];
    const char *pcap;
    side_file_t page;
    fail_options_t fail;
    bool json;
    bool verbose;
    bool quiet;
} dkim_args_t;

static int add_also(dkim_args_t *c, const char *text)
{
    if (c->also_count == ALSO_MAX)
        return usage_error("dkim", "more than %d --also", ALSO_MAX);
    if (!addr_from_text(text, strlen(text), 53, &c->also[c->also_count]))
        return usage_error("dkim", "--also '%s': expected an address, or ADDR#PORT", text);
    c->also_count++;
    return 0;
}

static int set_began(dkim_args_t *c, const char *text)
{
    int rc = common_time("dkim", "began", text, &c->options.began);
    if (rc == 0 && c->options.began > (int64_t)time(NULL))
        return usage_error("dkim", "--began '%s' is in the future", text);
    return rc;
}

static int take_option(void *user, int id, const char *value)
{
    dkim_args_t *c = user;
    uint32_t v = 0;
    switch (id) {
    case ARGS_WORD:
        return expect_options_word(&c->expect, value, &c->has_domain, &c->domain);
    case EO_PROVIDER:
    case EO_PROVIDERS:
    case EO_EXPECT:
        return expect_options_take(&c->expect, id, value);
    case D_ALSO:
        return add_also(c, value);
    case D_BEGAN:
        return set_began(c, value);
    case D_VERIFIER_TRIES:
        if (!parse_u32(value, 1, VERIFIER_TRIES_MAX, &v))
            return usage_error("dkim", "--verifier-tries '%s': expected 1 to %d", value,
                               VERIFIER_TRIES_MAX);
        c->options.verifier_tries = v;
        return 0;
    case D_FULL:
        c->options.battery = true;
        return 0;
    case D_NO_FOLLOW:
        c->options.follow = false;
        return 0;
    case D_JSON:
        c->json = true;
        return 0;
    case D_HTML:
        c->page.path = value;
        return 0;
    case FO_PROFILE:
    case FO_FAIL_ON:
        return fail_options_take(&c->fail, id, value);
    case D_VERBOSE:
        c->verbose = true;
        return 0;
    case D_PCAP:
        c->pcap = value;
        return 0;
    case D_QUIET:
        c->quiet = true;
        return 0;
    default:
        return probe_options_take(&c->probe, id, value);
    }
}

/* Returns 0, an exit code, or -1 when there is nothing left to do. */
static int parse_args(dkim_args_t *c, int argc, char **argv)
{
    int rc = args_each(&command_dkim, argc, argv, take_option, c);
    if (rc != 0)
        return rc;
    rc = expect_options_finish(&c->expect);
    if (rc != 0)
        return rc;
    if (c->expect.list) {
        expect_options_list(&c->expect, stdout);
        return -1;
    }
    if (!c->has_domain)
        return usage_error("dkim", "which domain? usage: nsprobe dkim %s", command_dkim.usage);
    rc = probe_options_finish(&c->probe);
    for (size_t i = 0; i < c->also_count; i++)
        if (c->also[i].port == 53)
            c->also[i].port = c->probe.port;
    return rc;
}

/* The exit code of what was found, and of what --fail-on makes of it. */
static int verdict(const dkim_args_t *c, const exchange_set_t *set, const dkim_result_t *result,
                   bool interrupted)
{
    int rc = session_exit(&result->findings, set, interrupted);
    if ((rc == EXIT_HEALTHY || rc == EXIT_WARNINGS) && result->outcome == ROUND_UNTESTED)
        rc = EXIT_UNTESTED;
    return fail_options_exit(&c->fail, &result->findings, rc);
}

static int report(const dkim_args_t *c, const exchange_set_t *set, const dkim_result_t *result,
                  net_err_t err)
{
    bool interrupted = err == NET_E_INTERRUPTED;
    dkim_report_t r = {.domain = &c->domain,
                       .set = set,
                       .result = result,
                       .verbose = c->verbose,
                       .colour = session_colour(),
                       .interrupted = interrupted};
    r.untested = !tested_anything(set);
    bool good = c->json ? dkim_report_json(stdout, &r) : dkim_report_text(stdout, &r);
    if (c->page.file != NULL)
        good = dkim_report_html(c->page.file, &r) && good;
    if (r.untested && err == NET_OK)
        fprintf(stderr, "nsprobe dkim: nothing could be sent; is there a network?\n");
    return good ? verdict(c, set, result, interrupted) : EXIT_UNTESTED;
}

/* Walks, asks, judges and reports. */
static int run(const dkim_args_t *c, net_t *net, const expectations_t *e, FILE *pcap)
{
    exchange_set_t set;
    model_input_t in;
    dkim_result_t result;
    dkim_options_t options = c->options;
    bool progress = session_wants_progress(c->quiet);
    options.check = c->probe.check;
    options.also = c->also;
    options.also_count = c->also_count;
    if (progress)
        options.check.progress = session_progress;
    exchange_set_init(&set, 0);
    probe_options_input(&c->probe, &c->domain, &in);
    net_err_t err = dkim_run(net, &in, e, &options, &set, &result);
    if (progress)
        session_progress_end();
    if (err != NET_OK && err != NET_E_INTERRUPTED)
        fprintf(stderr, "nsprobe dkim: %s; this is what was learnt\n", session_lack(err));
    fail_options_apply(&c->fail, &result.findings);
    int rc = report(c, &set, &result, err);
    if (session_pcap_write("dkim", c->pcap, pcap, &set) != 0)
        rc = EXIT_UNTESTED;
    dkim_result_free(&result);
    exchange_set_free(&set);
    return rc;
}

/* The records are known: opens what is needed, and runs. */
static int run_with(dkim_args_t *c, const expectations_t *e)
{
    FILE *pcap = NULL;
    net_t *net = NULL;
    int rc = session_pcap_begin("dkim", c->pcap, &pcap);
    if (rc == 0)
        rc = side_file_begin(&c->page, "html", "dkim");
    if (rc == 0)
        rc = probe_options_open(&c->probe, &net);
    if (rc == 0) {
        common_catch_signals();
        rc = run(c, net, e, pcap);
        net->ops->destroy(net);
    }
    if (side_file_end(&c->page, "html", "dkim") != 0)
        rc = EXIT_UNTESTED;
    if (session_pcap_end("dkim", c->pcap, pcap) != 0)
        rc = EXIT_UNTESTED;
    return rc;
}

static int cmd_dkim(int argc, char **argv)
{
    expectations_t e;
    dkim_args_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    probe_options_init(&c->probe, "dkim");
    expect_options_init(&c->expect, "dkim");
    fail_options_init(&c->fail, "dkim");
    c->options = dkim_options_default();
    expectations_init(&e);
    int rc = parse_args(c, argc, argv);
    if (rc == 0)
        rc = expect_options_read(&c->expect, &c->domain, &e);
    if (rc == 0)
        rc = run_with(c, &e);
    expectations_free(&e);
    expect_options_free(&c->expect);
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_dkim = {
    "dkim",
    "DOMAIN [TOKEN...] [OPTION...]",
    "Asks every address for the records that a mail service expects.",
    dkim_options_table,
    cmd_dkim,
    dkim_files};
