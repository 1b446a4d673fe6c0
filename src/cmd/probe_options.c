#include "cmd/probe_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "serve/scenario.h"

void probe_options_init(probe_options_t *o, const char *command)
{
    memset(o, 0, sizeof *o);
    o->command = command;
    o->port = 53;
    o->check = check_options_default();
}

static int add_from(probe_options_t *o, const char *text)
{
    given_ns_t *g = &o->from[o->from_count];
    if (o->from_count == PROBE_START_MAX)
        return usage_error(o->command, "more than %d --from", PROBE_START_MAX);
    if (!addr_from_text(text, strlen(text), o->port, &g->addr))
        return usage_error(o->command, "--from '%s': expected an address, or ADDR#PORT", text);
    nsp_name_root(&g->name);
    g->has_addr = true;
    o->from_count++;
    return 0;
}

int probe_options_server(const char *command, const char *option, const char *text, given_ns_t *out)
{
    char name[NSP_NAME_TEXT_MAX];
    char err[200];
    const char *equals = strchr(text, '=');
    size_t n = equals != NULL ? (size_t)(equals - text) : strlen(text);
    if (n >= sizeof name)
        return usage_error(command, "--%s '%.60s': too long", option, text);
    memcpy(name, text, n);
    name[n] = '\0';
    if (!common_name(name, &out->name, err))
        return usage_error(command, "--%s '%s': name: %s", option, text, err);
    out->has_addr = equals != NULL;
    if (out->has_addr && !addr_from_text(equals + 1, strlen(equals + 1), 53, &out->addr))
        return usage_error(command, "--%s '%s': '%s' is not an address", option, text, equals + 1);
    return 0;
}

static int add_map(probe_options_t *o, const char *text)
{
    net_map_entry_t *m = &o->map[o->map_count];
    const char *equals = strchr(text, '=');
    if (o->map_count == PROBE_MAP_MAX)
        return usage_error(o->command, "more than %d --map", PROBE_MAP_MAX);
    if (equals == NULL || !addr_from_text(text, (size_t)(equals - text), 53, &m->logical) ||
        !addr_from_text(equals + 1, strlen(equals + 1), 53, &m->physical))
        return usage_error(o->command, "--map '%s': expected ADDR=ADDR or ADDR=ADDR#PORT", text);
    o->map_count++;
    return 0;
}

static int set_source(probe_options_t *o, const char *text)
{
    addr_t a;
    if (!addr_from_text(text, strlen(text), 0, &a) || a.port != 0)
        return usage_error(o->command, "-b '%s': expected an address", text);
    if (a.family == 4)
        o->check.source4 = a;
    else
        o->check.source6 = a;
    return 0;
}

static int set_tries(probe_options_t *o, const char *value)
{
    uint32_t v = 0;
    if (!parse_u32(value, 1, ENGINE_TRIES_MAX, &v))
        return usage_error(o->command, "--tries '%s': expected 1 to %d", value, ENGINE_TRIES_MAX);
    for (unsigned i = 1; i < v; i++)
        if (o->check.schedule.wait[i] == 0)
            o->check.schedule.wait[i] = o->check.schedule.wait[i - 1];
    o->check.schedule.tries = v;
    return 0;
}

static int set_value(probe_options_t *o, int id, const char *value)
{
    uint32_t v = 0;
    switch (id) {
    case PO_PORT:
        if (!parse_u32(value, 1, UINT16_MAX, &v))
            return usage_error(o->command, "--port '%s': expected 1 to 65535", value);
        o->port = (uint16_t)v;
        return 0;
    case PO_PORT_BASE:
        if (!parse_u32(value, 1, SCENARIO_PORT_MAX, &v))
            return usage_error(o->command, "--port-base '%s': expected 1 to %d", value,
                               SCENARIO_PORT_MAX);
        o->lab_port = (uint16_t)v;
        return 0;
    case PO_TRIES:
        return set_tries(o, value);
    case PO_TIMEOUT:
        if (!common_waits(value, &o->check.schedule))
            return usage_error(o->command, "--timeout '%s': expected seconds, as 2 or 1,2,4",
                               value);
        return 0;
    default:
        if (!parse_seconds(value, &o->check.schedule.late))
            return usage_error(o->command, "--late '%s': expected seconds", value);
        return 0;
    }
}

int probe_options_take(probe_options_t *o, int id, const char *value)
{
    switch (id) {
    case PO_FROM:
        return add_from(o, value);
    case PO_MAP:
        return add_map(o, value);
    case PO_SOURCE:
        return set_source(o, value);
    case PO_HINTS:
        o->hints = value;
        return 0;
    case PO_LAB:
        o->lab = value;
        return 0;
    case PO_RESOLVER:
        o->resolver = true;
        return 0;
    case PO_IPV4:
        o->ipv4_only = true;
        return 0;
    case PO_IPV6:
        o->ipv6_only = true;
        return 0;
    case PO_RAW:
        o->raw = true;
        return 0;
    default:
        return set_value(o, id, value);
    }
}

static int load_hints(probe_options_t *o)
{
    char err[300];
    char hint_err[HINTS_ERROR_MAX];
    size_t len = 0;
    if (o->hints == NULL) {
        o->root_count = hints_builtin(o->port, o->root);
        return 0;
    }
    char *text = common_read_file(o->hints, &len, err);
    if (text == NULL)
        return usage_error(o->command, "--hints %s", err);
    o->root_count = hints_parse(text, len, o->port, o->root, hint_err);
    free(text);
    if (o->root_count == 0)
        return usage_error(o->command, "--hints %s: %s", o->hints, hint_err);
    return 0;
}

static void add_start(probe_options_t *o, const addr_t *a)
{
    if (o->from_count == PROBE_START_MAX)
        return;
    given_ns_t *g = &o->from[o->from_count++];
    nsp_name_root(&g->name);
    g->has_addr = true;
    g->addr = *a;
}

/* The scenario's addresses and roots. */
static int load_lab(probe_options_t *o)
{
    char err[300];
    size_t len = 0;
    char *text = common_read_file(o->lab, &len, err);
    if (text == NULL)
        return usage_error(o->command, "--lab %s", err);
    scenario_error_t where;
    scenario_t *s = scenario_parse(text, len, o->lab_port, &where);
    free(text);
    if (s == NULL) {
        fprintf(stderr, "%s:%u:%u: %s\n", o->lab, where.line, where.column, where.text);
        return EXIT_USAGE;
    }
    size_t n = 0;
    const net_map_entry_t *map = scenario_map(s, &n);
    if (n > PROBE_MAP_MAX - o->map_count) {
        scenario_free(s);
        return usage_error(o->command, "more than %d addresses of --lab and --map", PROBE_MAP_MAX);
    }
    for (size_t i = 0; i < n; i++)
        o->map[o->map_count++] = map[i];
    const addr_t *roots = scenario_roots(s, &n);
    for (size_t i = 0; i < n; i++)
        add_start(o, &roots[i]);
    scenario_free(s);
    return 0;
}

static int load_resolvers(probe_options_t *o)
{
    addr_t list[RESOLVCONF_MAX];
    size_t n = common_resolvers(list);
    if (n == 0)
        return usage_error(o->command, "--resolver: no nameserver line in /etc/resolv.conf");
    o->from_count = 0;
    for (size_t i = 0; i < n; i++)
        add_start(o, &list[i]);
    return 0;
}

/* An address that this machine does not have is a mistake on the command line: nothing at all could
 * be sent from it. */
static int check_source(const probe_options_t *o, const addr_t *source)
{
    char text[ADDR_TEXT_MAX];
    if (source->family == 0)
        return 0;
    int error = common_bind_error(source);
    return error == 0
               ? 0
               : usage_error(o->command, "-b %s: %s", addr_text(source, text), strerror(error));
}

int probe_options_finish(probe_options_t *o)
{
    if (o->ipv4_only && o->ipv6_only)
        return usage_error(o->command, "-4 and -6 leave no address to ask; give one of them");
    if (o->resolver && (o->from_count > 0 || o->hints != NULL || o->lab != NULL))
        return usage_error(o->command, "--resolver excludes --from, --hints and --lab");
    if (o->lab == NULL && o->lab_port != 0)
        return usage_error(o->command, "--port-base is of the scenario that --lab names");
    if (o->lab != NULL && o->hints != NULL)
        return usage_error(o->command, "--lab has its own roots; leave --hints out");
    /* --port counts for addresses that were read before it */
    for (size_t i = 0; i < o->from_count; i++)
        if (o->from[i].addr.port == 53)
            o->from[i].addr.port = o->port;
    int rc = o->waits ? 0 : check_source(o, &o->check.source4);
    if (rc == 0 && !o->waits)
        rc = check_source(o, &o->check.source6);
    if (rc == 0)
        rc = load_hints(o);
    if (rc == 0 && o->lab != NULL)
        rc = load_lab(o);
    if (rc == 0 && o->resolver)
        rc = load_resolvers(o);
    return rc;
}

void probe_options_input(const probe_options_t *o, const nsp_name_t *domain, model_input_t *in)
{
    memset(in, 0, sizeof *in);
    in->domain = *domain;
    in->port = o->port;
    in->use_ipv4 = !o->ipv6_only;
    in->use_ipv6 = !o->ipv4_only;
    in->parents_max = 32;
    in->roots = o->from_count > 0 ? o->from : o->root;
    in->roots_count = o->from_count > 0 ? o->from_count : o->root_count;
    in->kind = o->resolver ? START_RESOLVER : o->from_count > 0 ? START_FROM : START_HINTS;
    in->start = in->roots;
    in->start_count = in->roots_count;
}

static net_err_t open_net(const probe_options_t *o, net_t **out)
{
    net_t *net = NULL;
    net_err_t err =
        o->raw ? net_raw_new(&stop_requested, &net) : net_socket_new(&stop_requested, &net);
    if (err != NET_OK)
        return err;
    if (o->map_count == 0) {
        *out = net;
        return NET_OK;
    }
    err = net_map_new(net, o->map, o->map_count, out);
    if (err != NET_OK)
        net->ops->destroy(net);
    return err;
}

int probe_options_open(const probe_options_t *o, net_t **out)
{
    net_err_t err = open_net(o, out);
    if (err == NET_OK)
        return 0;
    if (err == NET_E_PRIVILEGE)
        fprintf(stderr,
                "nsprobe %s: --raw needs CAP_NET_RAW; run: sudo setcap cap_net_raw+ep "
                "$(command -v nsprobe)\n",
                o->command);
    else
        fprintf(stderr, "nsprobe %s: cannot open sockets\n", o->command);
    return EXIT_UNTESTED;
}
