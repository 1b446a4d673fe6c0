/* nsprobe check: the main job. */
#include "probe/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/pcap_write.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "probe/hints.h"
#include "report/check_text.h"
#include "serve/scenario.h"

#define DOMAINS_MAX 256
#define START_MAX   512
#define MAP_MAX     256

enum {
    C_HINTS = 1,
    C_FROM,
    C_RESOLVER,
    C_NS,
    C_UNDELEGATED,
    C_LAB,
    C_MAP,
    C_PORT,
    C_IPV4,
    C_IPV6,
    C_SOURCE,
    C_TRIES,
    C_TIMEOUT,
    C_LATE,
    C_SLOW,
    C_JSON,
    C_VERBOSE,
    C_PCAP,
    C_RAW,
    C_QUIET
};

static const option_desc_t check_options[] = {
    {C_HINTS, "hints", 0, NULL, "FILE", "root hints (zone text), not the built-in ones"},
    {C_FROM, "from", 0, NULL, "ADDR[#PORT]", "begin at this server, taken for a root server"},
    {C_RESOLVER, "resolver", 0, NULL, NULL, "find the parent through the system's resolver"},
    {C_NS, "ns", 0, NULL, "NAME[=ADDR]", "a name server of the domain; repeatable"},
    {C_UNDELEGATED, "undelegated", 0, NULL, NULL, "the --ns servers are a delegation to come"},
    {C_LAB, "lab", 0, NULL, "SCENARIO", "use the addresses of a scenario being served"},
    {C_MAP, "map", 0, NULL, "ADDR=ADDR[#PORT]", "reach one address at another; repeatable"},
    {C_PORT, "port", 'p', NULL, "PORT", "port of every name server (53)"},
    {C_IPV4, "ipv4", '4', NULL, NULL, "use only IPv4"},
    {C_IPV6, "ipv6", '6', NULL, NULL, "use only IPv6"},
    {C_SOURCE, "source", 'b', NULL, "ADDR", "send from this address; once for each family"},
    {C_TRIES, "tries", 0, NULL, "N", "how often to send over UDP (3)"},
    {C_TIMEOUT, "timeout", 'w', NULL, "S[,S...]", "wait for each try (1,2,4)"},
    {C_LATE, "late", 0, NULL, "S", "wait for late replies after the last try (1)"},
    {C_SLOW, "slow", 0, NULL, "MS", "a median above this is slow (500)"},
    {C_JSON, "json", 'j', NULL, NULL, "one JSON object a domain"},
    {C_VERBOSE, "verbose", 'v', NULL, NULL, "show every exchange"},
    {C_PCAP, "pcap", 0, NULL, "FILE", "write all packets to a pcap"},
    {C_RAW, "raw", 0, NULL, NULL, "own IP and UDP headers (needs CAP_NET_RAW)"},
    {C_QUIET, "quiet", 0, NULL, NULL, "no progress on stderr"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The command line, read and checked before anything is sent. */
typedef struct check_args {
    size_t domain_count;
    nsp_name_t domain[DOMAINS_MAX];
    const char *hints;
    const char *lab;
    const char *pcap;
    bool resolver;
    bool undelegated;
    bool ipv4_only;
    bool ipv6_only;
    bool json;
    bool verbose;
    bool raw;
    bool quiet;
    uint16_t port;
    size_t from_count;
    given_ns_t from[START_MAX];
    size_t ns_count;
    given_ns_t ns[START_MAX];
    size_t root_count;
    given_ns_t root[HINTS_MAX];
    size_t map_count;
    net_map_entry_t map[MAP_MAX];
    check_options_t check;
    diagnose_options_t diagnose;
} check_args_t;

static int add_domain(check_args_t *c, const char *text)
{
    char err[200];
    if (c->domain_count == DOMAINS_MAX)
        return usage_error("check", "more than %d domains in one call", DOMAINS_MAX);
    if (!common_name(text, &c->domain[c->domain_count], err))
        return usage_error("check", "domain '%s': %s", text, err);
    c->domain_count++;
    return 0;
}

static int add_from(check_args_t *c, const char *text)
{
    given_ns_t *g = &c->from[c->from_count];
    if (c->from_count == START_MAX || !addr_from_text(text, strlen(text), c->port, &g->addr))
        return usage_error("check", "--from '%s': expected an address, or ADDR#PORT", text);
    nsp_name_root(&g->name);
    g->has_addr = true;
    c->from_count++;
    return 0;
}

/* NAME or NAME=ADDR */
static int add_ns(check_args_t *c, const char *text)
{
    char name[NSP_NAME_TEXT_MAX];
    char err[200];
    given_ns_t *g = &c->ns[c->ns_count];
    const char *equals = strchr(text, '=');
    size_t n = equals != NULL ? (size_t)(equals - text) : strlen(text);
    if (c->ns_count == START_MAX || n >= sizeof name)
        return usage_error("check", "--ns '%.60s': too long or too many", text);
    memcpy(name, text, n);
    name[n] = '\0';
    if (!common_name(name, &g->name, err))
        return usage_error("check", "--ns '%s': name: %s", text, err);
    g->has_addr = equals != NULL;
    if (g->has_addr && !addr_from_text(equals + 1, strlen(equals + 1), c->port, &g->addr))
        return usage_error("check", "--ns '%s': '%s' is not an address", text, equals + 1);
    c->ns_count++;
    return 0;
}

static int add_map(check_args_t *c, const char *text)
{
    net_map_entry_t *m = &c->map[c->map_count];
    const char *equals = strchr(text, '=');
    if (c->map_count == MAP_MAX || equals == NULL ||
        !addr_from_text(text, (size_t)(equals - text), 53, &m->logical) ||
        !addr_from_text(equals + 1, strlen(equals + 1), 53, &m->physical))
        return usage_error("check", "--map '%s': expected ADDR=ADDR or ADDR=ADDR#PORT", text);
    c->map_count++;
    return 0;
}

static int set_source(check_args_t *c, const char *text)
{
    addr_t a;
    if (!addr_from_text(text, strlen(text), 0, &a) || a.port != 0)
        return usage_error("check", "-b '%s': expected an address", text);
    if (a.family == 4)
        c->check.source4 = a;
    else
        c->check.source6 = a;
    return 0;
}

static int set_number(check_args_t *c, int id, const char *value)
{
    uint32_t v = 0;
    switch (id) {
    case C_PORT:
        if (!parse_u32(value, 1, UINT16_MAX, &v))
            return usage_error("check", "--port '%s': expected 1 to 65535", value);
        c->port = (uint16_t)v;
        return 0;
    case C_TRIES:
        if (!parse_u32(value, 1, ENGINE_TRIES_MAX, &v))
            return usage_error("check", "--tries '%s': expected 1 to %d", value, ENGINE_TRIES_MAX);
        for (unsigned i = 1; i < v; i++)
            if (c->check.schedule.wait[i] == 0)
                c->check.schedule.wait[i] = c->check.schedule.wait[i - 1];
        c->check.schedule.tries = v;
        return 0;
    case C_TIMEOUT:
        if (!common_waits(value, &c->check.schedule))
            return usage_error("check", "--timeout '%s': expected seconds, as 2 or 1,2,4", value);
        return 0;
    case C_LATE:
        if (!parse_seconds(value, &c->check.schedule.late))
            return usage_error("check", "--late '%s': expected seconds", value);
        return 0;
    default:
        if (!parse_u32(value, 1, 3600000, &v))
            return usage_error("check", "--slow '%s': expected milliseconds", value);
        c->diagnose.slow = (int64_t)v * 1000000;
        return 0;
    }
}

static int take_option(check_args_t *c, int id, const char *value)
{
    switch (id) {
    case ARGS_WORD:
        return add_domain(c, value);
    case C_FROM:
        return add_from(c, value);
    case C_NS:
        return add_ns(c, value);
    case C_MAP:
        return add_map(c, value);
    case C_SOURCE:
        return set_source(c, value);
    case C_HINTS:
        c->hints = value;
        return 0;
    case C_LAB:
        c->lab = value;
        return 0;
    case C_PCAP:
        c->pcap = value;
        return 0;
    case C_RESOLVER:
        c->resolver = true;
        return 0;
    case C_UNDELEGATED:
        c->undelegated = true;
        return 0;
    case C_IPV4:
        c->ipv4_only = true;
        return 0;
    case C_IPV6:
        c->ipv6_only = true;
        return 0;
    case C_JSON:
        c->json = true;
        return 0;
    case C_VERBOSE:
        c->verbose = true;
        return 0;
    case C_RAW:
        c->raw = true;
        return 0;
    case C_QUIET:
        c->quiet = true;
        return 0;
    default:
        return set_number(c, id, value);
    }
}

/* --port counts for addresses that were read before it. */
static void apply_port(check_args_t *c)
{
    for (size_t i = 0; i < c->from_count; i++)
        if (c->from[i].addr.port == 53)
            c->from[i].addr.port = c->port;
    for (size_t i = 0; i < c->ns_count; i++)
        if (c->ns[i].has_addr && c->ns[i].addr.port == 53)
            c->ns[i].addr.port = c->port;
}

static int load_hints(check_args_t *c)
{
    char err[300];
    char hint_err[HINTS_ERROR_MAX];
    size_t len = 0;
    if (c->hints == NULL) {
        c->root_count = hints_builtin(c->port, c->root);
        return 0;
    }
    char *text = common_read_file(c->hints, &len, err);
    if (text == NULL)
        return usage_error("check", "--hints %s", err);
    c->root_count = hints_parse(text, len, c->port, c->root, hint_err);
    free(text);
    if (c->root_count == 0)
        return usage_error("check", "--hints %s: %s", c->hints, hint_err);
    return 0;
}

/* The scenario's addresses and roots. */
static int load_lab(check_args_t *c)
{
    char err[300];
    size_t len = 0;
    char *text = common_read_file(c->lab, &len, err);
    if (text == NULL)
        return usage_error("check", "--lab %s", err);
    scenario_error_t where;
    scenario_t *s = scenario_parse(text, len, 0, &where);
    free(text);
    if (s == NULL) {
        fprintf(stderr, "%s:%u:%u: %s\n", c->lab, where.line, where.column, where.text);
        return EXIT_USAGE;
    }
    size_t n = 0;
    const net_map_entry_t *map = scenario_map(s, &n);
    for (size_t i = 0; i < n && c->map_count < MAP_MAX; i++)
        c->map[c->map_count++] = map[i];
    const addr_t *roots = scenario_roots(s, &n);
    for (size_t i = 0; i < n && c->from_count < START_MAX; i++) {
        given_ns_t *g = &c->from[c->from_count++];
        nsp_name_root(&g->name);
        g->has_addr = true;
        g->addr = roots[i];
    }
    scenario_free(s);
    return 0;
}

static int load_resolvers(check_args_t *c)
{
    addr_t list[RESOLVCONF_MAX];
    size_t n = common_resolvers(list);
    if (n == 0)
        return usage_error("check", "--resolver: no nameserver line in /etc/resolv.conf");
    c->from_count = 0;
    for (size_t i = 0; i < n; i++) {
        given_ns_t *g = &c->from[c->from_count++];
        nsp_name_root(&g->name);
        g->has_addr = true;
        g->addr = list[i];
    }
    return 0;
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
    if (c->ipv4_only && c->ipv6_only)
        return usage_error("check", "-4 and -6 leave no address to ask; give one of them");
    if (c->undelegated && c->ns_count == 0)
        return usage_error("check", "--undelegated needs the delegation: --ns NAME=ADDR ...");
    if (c->resolver && (c->from_count > 0 || c->hints != NULL || c->lab != NULL))
        return usage_error("check", "--resolver excludes --from, --hints and --lab");
    if (c->ns_count > 0 && c->domain_count > 1)
        return usage_error("check", "--ns is for one domain");
    if (servers_unreachable(c))
        return usage_error("check",
                           "--ns: a name in the domain itself needs its address: NAME=ADDR");
    if (c->lab != NULL && c->hints != NULL)
        return usage_error("check", "--lab has its own roots; leave --hints out");
    return 0;
}

static int parse_args(check_args_t *c, int argc, char **argv)
{
    c->port = 53;
    c->check = check_options_default();
    c->diagnose = diagnose_options_default();
    args_t a = args_begin(&command_check, argc, argv);
    for (int id = args_next(&a); id != ARGS_END; id = args_next(&a)) {
        if (id == ARGS_ERROR)
            return EXIT_USAGE;
        if (id == ARGS_DONE)
            return -1;
        int rc = take_option(c, id, a.value);
        if (rc != 0)
            return rc;
    }
    int rc = check_conflicts(c);
    apply_port(c);
    if (rc == 0)
        rc = load_hints(c);
    if (rc == 0 && c->lab != NULL)
        rc = load_lab(c);
    if (rc == 0 && c->resolver)
        rc = load_resolvers(c);
    return rc;
}

static void set_input(const check_args_t *c, const nsp_name_t *domain, model_input_t *in)
{
    memset(in, 0, sizeof *in);
    in->domain = *domain;
    in->port = c->port;
    in->use_ipv4 = !c->ipv6_only;
    in->use_ipv6 = !c->ipv4_only;
    in->parents_max = 32;
    in->roots = c->from_count > 0 ? c->from : c->root;
    in->roots_count = c->from_count > 0 ? c->from_count : c->root_count;
    if (c->ns_count > 0) {
        in->kind = c->undelegated ? START_UNDELEGATED : START_GIVEN;
        in->start = c->ns;
        in->start_count = c->ns_count;
    } else {
        in->kind = c->resolver ? START_RESOLVER : c->from_count > 0 ? START_FROM : START_HINTS;
        in->start = in->roots;
        in->start_count = in->roots_count;
    }
}

static void show_progress(void *user, const model_t *m, size_t done, size_t outstanding)
{
    (void)user;
    fprintf(stderr, "\r\033[K%u addresses, %zu exchanges done, %zu outstanding", m->address_count,
            done, outstanding);
    fflush(stderr);
}

static net_err_t open_net(const check_args_t *c, net_t **out)
{
    net_t *net = NULL;
    net_err_t err =
        c->raw ? net_raw_new(&stop_requested, &net) : net_socket_new(&stop_requested, &net);
    if (err != NET_OK)
        return err;
    if (c->map_count == 0) {
        *out = net;
        return NET_OK;
    }
    err = net_map_new(net, c->map, c->map_count, out);
    if (err != NET_OK)
        net->ops->destroy(net);
    return err;
}

/* True when something of the zone, or at least of its parent, was heard. */
static bool anything_tested(const exchange_set_t *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        for (uint32_t k = 0; k < set->item[i]->event_count; k++)
            if (set->item[i]->event[k].kind != EVENT_SEND_FAILED)
                return true;
    return false;
}

static int exit_code_of(const finding_list_t *list, const exchange_set_t *set, bool interrupted)
{
    int worst = finding_list_worst(list);
    if (interrupted)
        return EXIT_INTERRUPTED;
    if (!anything_tested(set))
        return EXIT_UNTESTED;
    return worst == SEVERITY_ERROR     ? EXIT_ERRORS
           : worst == SEVERITY_WARNING ? EXIT_WARNINGS
                                       : EXIT_HEALTHY;
}

static bool use_colour(const check_args_t *c)
{
    const char *no = getenv("NO_COLOR");
    return !c->json && isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0');
}

static int write_pcap(const check_args_t *c, const exchange_set_t *set, FILE *pcap)
{
    int os_error = 0;
    if (pcap == NULL || pcap_write_set(pcap, set, &os_error))
        return 0;
    fprintf(stderr, "nsprobe check: --pcap %s: %s\n", c->pcap, strerror(os_error));
    return EXIT_UNTESTED;
}

/* Walks, probes, diagnoses and reports one domain. */
static int check_one(const check_args_t *c, net_t *net, const nsp_name_t *domain, FILE *pcap)
{
    exchange_set_t set;
    model_input_t in;
    finding_list_t findings;
    model_t *m = calloc(1, sizeof *m);
    check_options_t options = c->check;
    bool progress = !c->quiet && isatty(STDERR_FILENO);
    if (m == NULL)
        return EXIT_UNTESTED;
    exchange_set_init(&set, 0);
    finding_list_init(&findings);
    set_input(c, domain, &in);
    if (progress)
        options.progress = show_progress;
    net_err_t err = check_run(net, &in, &options, &set, m);
    if (progress)
        fputs("\r\033[K", stderr);
    int rc = EXIT_UNTESTED;
    bool interrupted = err == NET_E_INTERRUPTED;
    check_report_t report = {.model = m,
                             .set = &set,
                             .findings = &findings,
                             .verbose = c->verbose,
                             .colour = use_colour(c),
                             .interrupted = interrupted};
    report.untested = !anything_tested(&set);
    if (err != NET_OK && !interrupted) {
        fprintf(stderr, "nsprobe check: out of memory or sockets; this is what was learnt\n");
    }
    if (diagnose(m, &set, &c->diagnose, &findings)) {
        bool good =
            c->json ? check_report_json(stdout, &report) : check_report_text(stdout, &report);
        rc = good ? exit_code_of(&findings, &set, interrupted) : EXIT_UNTESTED;
    }
    if (!anything_tested(&set) && !interrupted)
        fprintf(stderr, "nsprobe check: nothing could be sent; is there a network?\n");
    if (write_pcap(c, &set, pcap) != 0)
        rc = EXIT_UNTESTED;
    finding_list_free(&findings);
    exchange_set_free(&set);
    free(m);
    return rc;
}

static int check_all(const check_args_t *c, FILE *pcap)
{
    net_t *net = NULL;
    int worst = EXIT_HEALTHY;
    net_err_t err = open_net(c, &net);
    if (err == NET_E_PRIVILEGE) {
        fprintf(stderr, "nsprobe check: --raw needs CAP_NET_RAW; run: sudo setcap cap_net_raw+ep "
                        "$(command -v nsprobe)\n");
        return EXIT_UNTESTED;
    }
    if (err != NET_OK) {
        fprintf(stderr, "nsprobe check: cannot open sockets\n");
        return EXIT_UNTESTED;
    }
    common_catch_signals();
    for (size_t i = 0; i < c->domain_count; i++) {
        if (i > 0 && !c->json)
            putchar('\n');
        int rc = check_one(c, net, &c->domain[i], pcap);
        fflush(stdout);
        worst = rc > worst ? rc : worst;
        if (rc == EXIT_INTERRUPTED)
            break;
    }
    net->ops->destroy(net);
    return worst;
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
    if (rc == 0 && c->pcap != NULL) {
        pcap = fopen(c->pcap, "wbe");
        if (pcap == NULL)
            rc = usage_error("check", "--pcap %s: %s", c->pcap, strerror(errno));
    }
    if (rc == 0)
        rc = check_all(c, pcap);
    if (pcap != NULL && fclose(pcap) != 0)
        rc = usage_error("check", "--pcap %s: %s", c->pcap, strerror(errno));
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_check = {"check", "DOMAIN... [OPTION...]",
                                      "Asks every authoritative address of a domain and "
                                      "diagnoses it.",
                                      check_options, cmd_check};
