#include "cmd/capture_options.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/common.h"

enum {
    K_INTERFACE = 1,
    K_SERVER,
    K_WRITE,
    K_ROTATE_SIZE,
    K_ROTATE_TIME,
    K_FILES,
    K_COUNT,
    K_DURATION,
    K_SNAPLEN,
    K_BUFFER,
    K_IMMEDIATE,
    K_SLOW,
    K_USER,
    K_JSON,
    K_VERBOSE,
    K_QUIET
};

const option_desc_t capture_options[] = {
    {K_INTERFACE, "interface", 'i', NULL, "IF", "the interface; 'any' for all"},
    {K_SERVER, "server", 0, NULL, "ADDR", "only traffic of this server; repeatable"},
    PROBE_OPTIONS_WALK,
    {PO_PORT, "port", 'p', NULL, "PORT", "port of every name server (53)"},
    {PO_IPV4, "ipv4", '4', NULL, NULL, "use only IPv4 to find the servers"},
    {PO_IPV6, "ipv6", '6', NULL, NULL, "use only IPv6 to find the servers"},
    {K_WRITE, "write", 'w', NULL, "FILE", "write all packets to a pcap"},
    {K_ROTATE_SIZE, "rotate-size", 0, NULL, "SIZE",
     "a new file after so many octets: 100K, 10M, 1G"},
    {K_ROTATE_TIME, "rotate-time", 0, NULL, "S", "a new file after so many seconds"},
    {K_FILES, "files", 0, NULL, "N", "keep only the N newest files"},
    {K_COUNT, "count", 'c', NULL, "N", "stop after N packets"},
    {K_DURATION, "duration", 0, NULL, "S", "stop after so many seconds"},
    {K_SNAPLEN, "snaplen", 's', NULL, "N", "octets kept of each packet (262144)"},
    {K_BUFFER, "buffer", 'B', NULL, "MIB", "the kernel's buffer (16)"},
    {K_IMMEDIATE, "immediate", 0, NULL, NULL, "packets at once; the buffer holds fewer"},
    {K_SLOW, "slow", 0, NULL, "MS", "a median above this is slow (500)"},
    {K_USER, "user", 0, NULL, "NAME", "whose rights to take when started as root (nobody)"},
    {K_JSON, "json", 'j', NULL, NULL, "JSON, one object a line: exchanges, findings"},
    {K_VERBOSE, "verbose", 'v', NULL, NULL, "nothing cut or left out; rcodes and types"},
    {K_QUIET, "quiet", 0, NULL, NULL, "no table while it runs"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
const file_desc_t capture_files[] = {
    READS_FILE(PO_HINTS),
    {K_WRITE, FILE_WRITES_STREAM, {".part"}},
    {0, FILE_READS, {NULL}},
};

static int wrong(const char *option, const char *value, const char *expected)
{
    return usage_error("capture", "--%s '%.200s': expected %s", option, value, expected);
}

static int add_domain(capture_options_t *o, const char *text)
{
    char err[200];
    if (o->domain_count == CAPTURE_DOMAINS_MAX)
        return usage_error("capture", "more than %d domains in one call", CAPTURE_DOMAINS_MAX);
    if (!common_domain(text, &o->domain[o->domain_count], err))
        return usage_error("capture", "domain '%.300s': %s", text, err);
    o->domain_count++;
    return 0;
}

static int add_server(capture_options_t *o, const char *text)
{
    if (o->server_count == CAPTURE_SERVERS_MAX)
        return usage_error("capture", "more than %d --server", CAPTURE_SERVERS_MAX);
    if (!addr_from_text(text, strlen(text), 53, &o->server[o->server_count]))
        return wrong("server", text, "an address");
    if (o->server[o->server_count].port != 53)
        return usage_error("capture", "--server '%.200s': the port is given by --port", text);
    o->server_count++;
    return 0;
}

/* A number with K, M or G behind it. */
static bool parse_size(const char *text, uint64_t *out)
{
    char digits[16];
    uint32_t v = 0;
    size_t n = strlen(text);
    unsigned shift = 0;
    if (n == 0 || n >= sizeof digits)
        return false;
    memcpy(digits, text, n + 1);
    switch (text[n - 1]) {
    case 'K':
        shift = 10;
        break;
    case 'M':
        shift = 20;
        break;
    case 'G':
        shift = 30;
        break;
    default:
        break;
    }
    if (shift > 0)
        digits[n - 1] = '\0';
    if (!parse_u32(digits, 1, UINT32_MAX, &v))
        return false;
    *out = (uint64_t)v << shift;
    return true;
}

static int take_number(const char *option, const char *value, uint32_t min, uint32_t max,
                       uint32_t *out)
{
    char expected[64];
    if (parse_u32(value, min, max, out))
        return 0;
    snprintf(expected, sizeof expected, "%u to %u", min, max);
    return wrong(option, value, expected);
}

static int take_seconds(const char *option, const char *value, int64_t *out)
{
    return parse_seconds(value, out) && *out > 0 ? 0 : wrong(option, value, "seconds");
}

static int take_limit(capture_options_t *o, int id, const char *value)
{
    uint32_t v = 0;
    int rc = 0;
    switch (id) {
    case K_ROTATE_SIZE:
        return parse_size(value, &o->out.size) ? 0 : wrong("rotate-size", value, "a size, as 10M");
    case K_ROTATE_TIME:
        return take_seconds("rotate-time", value, &o->out.time);
    case K_FILES:
        return take_number("files", value, 1, PCAP_OUT_FILES_MAX, &o->out.files);
    case K_DURATION:
        return take_seconds("duration", value, &o->duration);
    case K_COUNT:
        rc = take_number("count", value, 1, UINT32_MAX, &v);
        o->count = v;
        return rc;
    case K_SNAPLEN:
        return take_number("snaplen", value, 64, CAP_PACKET_MAX, &o->live.snaplen);
    case K_BUFFER:
        rc = take_number("buffer", value, 1, 1024, &v);
        o->live.buffer = v << 20;
        return rc;
    default:
        rc = take_number("slow", value, 1, 3600000, &v);
        o->analysis.traffic.slow = (int64_t)v * 1000000;
        o->analysis.runs.diagnose.slow = o->analysis.traffic.slow;
        return rc;
    }
}

static int take_option(void *user, int id, const char *value)
{
    capture_options_t *o = user;
    switch (id) {
    case ARGS_WORD:
        return add_domain(o, value);
    case K_INTERFACE:
        o->live.interface = value;
        return 0;
    case K_SERVER:
        return add_server(o, value);
    case K_WRITE:
        o->out.path = value;
        return 0;
    case K_USER:
        o->user = value;
        return 0;
    case K_IMMEDIATE:
        o->live.immediate = true;
        return 0;
    case K_JSON:
        o->json = true;
        return 0;
    case K_VERBOSE:
        o->verbose = true;
        return 0;
    case K_QUIET:
        o->quiet = true;
        return 0;
    default:
        return id >= PO_HINTS ? probe_options_take(&o->probe, id, value) : take_limit(o, id, value);
    }
}

static int check_conflicts(const capture_options_t *o)
{
    bool rotated = o->out.size > 0 || o->out.time > 0;
    if (o->live.interface == NULL)
        return usage_error("capture", "which interface? usage: nsprobe capture %s",
                           command_capture.usage);
    if (o->domain_count > 0 && o->server_count > 0)
        return usage_error("capture", "a domain and --server exclude each other");
    if (o->domain_count == 0 &&
        (o->probe.from_count > 0 || o->probe.resolver || o->probe.hints != NULL ||
         o->probe.ipv4_only || o->probe.ipv6_only))
        return usage_error("capture", "--from, --hints, --resolver, -4 and -6 are for finding the "
                                      "servers of a domain; give one");
    if ((rotated || o->out.files > 0) && o->out.path == NULL)
        return usage_error("capture", "--rotate-size, --rotate-time and --files need --write FILE");
    if (o->out.files > 0 && !rotated)
        return usage_error("capture", "--files needs --rotate-size or --rotate-time");
    if (rotated && strcmp(o->out.path, "-") == 0)
        return usage_error("capture", "standard output cannot be rotated");
    return 0;
}

int capture_parse(const command_desc_t *command, int argc, char **argv, capture_options_t *o)
{
    memset(o, 0, sizeof *o);
    o->analysis = analysis_options_default();
    o->live.wait = 200;
    probe_options_init(&o->probe, "capture");
    int rc = args_each(command, argc, argv, take_option, o);
    if (rc != 0)
        return rc;
    rc = check_conflicts(o);
    if (rc == 0)
        rc = probe_options_finish(&o->probe);
    uint16_t port = o->probe.port;
    for (size_t i = 0; i < o->server_count; i++)
        o->server[i].port = port;
    o->analysis.decode.port_count = 1;
    o->analysis.decode.port[0] = port;
    o->analysis.pair.server_port_count = 1;
    o->analysis.pair.server_port[0] = port;
    return rc;
}
