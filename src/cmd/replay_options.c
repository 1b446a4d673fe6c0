#include "cmd/replay_options.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/when.h"

#define SECOND        INT64_C(1000000000)
#define TOP_DEFAULT   10 /* --top without a number */
#define SHOWN_DEFAULT 20
#define THREADS_MAX   3

enum {
    R_BPF = 1,
    R_SERVER,
    R_CLIENT,
    R_NAME,
    R_TYPE,
    R_RCODE,
    R_SINCE,
    R_UNTIL,
    R_PORT,
    R_EXCHANGES,
    R_LADDER,
    R_TOP,
    R_JSON,
    R_HTML,
    R_VERBOSE,
    R_TIMEOUT,
    R_SLOW,
    R_MEMORY,
    R_THREADS,
    R_QUIET,
    R_QUERIES,
    R_TO,
    R_SPEED,
    R_AT_ONCE,
    R_TTL,
    R_IGNORE,
    R_SOURCE
};

const option_desc_t replay_options[] = {
    {R_BPF, "bpf", 'f', NULL, "EXPR", "leave out packets that this BPF does not match"},
    {R_SERVER, "server", 0, NULL, "ADDR[/BITS]", "only exchanges with these servers; repeatable"},
    {R_CLIENT, "client", 0, NULL, "ADDR[/BITS]", "only exchanges of these clients; repeatable"},
    {R_NAME, "name", 'q', NULL, "NAME", "only questions for this name and below; repeatable"},
    {R_TYPE, "type", 't', NULL, "TYPE", "only questions for this type; repeatable"},
    {R_RCODE, "rcode", 0, NULL, "RCODE", "only exchanges with this rcode; repeatable"},
    {R_SINCE, "since", 0, NULL, "TIME", "only packets from then on: RFC 3339 or +S"},
    {R_UNTIL, "until", 0, NULL, "TIME", "only packets up to then"},
    {R_PORT, "port", 'p', NULL, "PORT", "port of DNS servers (53); repeatable; 0: any"},
    {R_EXCHANGES, "exchanges", 0, NULL, NULL, "list each exchange instead of the report"},
    {R_LADDER, "ladder", 0, NULL, "ID", "draw this exchange as packets; repeatable"},
    {R_TOP, "top", 0, NULL, "[N]", "only the N servers in most trouble (10); 0: all"},
    {R_JSON, "json", 'j', NULL, NULL, "JSON, one object a line"},
    {R_HTML, "html", 0, NULL, "FILE", "also write the report as one page for browsers"},
    {R_VERBOSE, "verbose", 'v', NULL, NULL, "nothing cut or left out; rcodes and types"},
    {R_TIMEOUT, "timeout", 'w', NULL, "S[,S...]", "how long each try was, or is, waited for"},
    {R_SLOW, "slow", 0, NULL, "MS", "a median above this is slow (500)"},
    {R_MEMORY, "memory", 0, NULL, "MIB", "memory for what is not finished (256)"},
    {R_THREADS, "threads", 0, NULL, "N", "1 to 3; the report is the same (3)"},
    FAIL_OPTIONS,
    {R_QUIET, "quiet", 0, NULL, NULL, "no progress on stderr"},
    {R_QUERIES, "queries", 0, NULL, "FILE", "ask the questions of FILE again; needs --to"},
    {R_TO, "to", 0, NULL, "ADDR[#PORT]", "the address that they are asked of"},
    {R_SPEED, "speed", 0, NULL, "N", "N times as fast as recorded (1), or 'max'"},
    {R_AT_ONCE, "at-once", 0, NULL, "N", "questions outstanding at most (100)"},
    {R_TTL, "ttl", 0, NULL, NULL, "answers with other TTLs differ"},
    {R_IGNORE, "ignore", 0, NULL, "WORD[,WORD]",
     "differences that do not count: aa,additional,..."},
    {R_SOURCE, "source", 'b', NULL, "ADDR", "send from this address"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
const file_desc_t replay_file_uses[] = {
    FAIL_FILES,
    READS_FILE(ARGS_WORD),
    READS_FILE(R_QUERIES),
    {R_HTML, FILE_WRITES, {NULL}},
    {0, FILE_READS, {NULL}},
};

static int wrong(const char *option, const char *value, const char *expected)
{
    return usage_error("replay", "--%s '%.200s': expected %s", option, value, expected);
}

static int too_many(const char *option)
{
    return usage_error("replay", "more than %d --%s", FILTER_MAX, option);
}

static int take_prefix(const char *option, const char *value, prefix_t *list, size_t *count)
{
    if (*count == FILTER_MAX)
        return too_many(option);
    if (!prefix_from_text(value, &list[*count]))
        return wrong(option, value, "an address, or ADDR/BITS");
    (*count)++;
    return 0;
}

static int take_name(flow_filter_t *f, const char *value)
{
    char err[200];
    if (f->name_count == FILTER_MAX)
        return too_many("name");
    if (!common_name(value, &f->name[f->name_count], err))
        return usage_error("replay", "--name '%.300s': %s", value, err);
    f->name_count++;
    return 0;
}

static int take_type(flow_filter_t *f, const char *value)
{
    if (f->type_count == FILTER_MAX)
        return too_many("type");
    if (nsp_type_from_text(value, strlen(value), &f->type[f->type_count]) != NSP_OK)
        return wrong("type", value, "an RR type");
    f->type_count++;
    return 0;
}

static int take_rcode(flow_filter_t *f, const char *value)
{
    if (f->rcode_count == FILTER_MAX)
        return too_many("rcode");
    if (nsp_rcode_from_text(value, strlen(value), &f->rcode[f->rcode_count]) != NSP_OK)
        return wrong("rcode", value, "an rcode, as NXDOMAIN");
    f->rcode_count++;
    return 0;
}

static int take_time(const char *option, const char *value, int64_t *out, bool *relative)
{
    int64_t seconds = 0;
    *relative = value[0] == '+';
    if (*relative && parse_seconds(value + 1, out))
        return 0;
    if (value[0] == '+' || value[0] == '-' || !when_parse(value, 0, &seconds) ||
        __builtin_mul_overflow(seconds, SECOND, out))
        return wrong(option, value, "a time as 2026-11-25T09:30:00Z, or +SECONDS");
    return 0;
}

static int take_port(analysis_options_t *a, const char *value)
{
    uint32_t port = 0;
    if (!parse_u32(value, 0, 65535, &port))
        return wrong("port", value, "0 to 65535");
    if (port == 0) {
        a->decode.any_port = true;
        a->pair.any_port = true;
        return 0;
    }
    if (a->decode.port_count == DECODE_PORTS_MAX)
        return usage_error("replay", "more than %d --port", DECODE_PORTS_MAX);
    a->decode.port[a->decode.port_count++] = (uint16_t)port;
    a->pair.server_port[a->pair.server_port_count++] = (uint16_t)port;
    return 0;
}

static int take_timeout(replay_options_t *o, const char *value)
{
    schedule_t *s = &o->requery.schedule;
    if (!common_waits(value, s))
        return wrong("timeout", value, "seconds, as 2 or 1,2,4");
    o->patience.waits = s->tries;
    memcpy(o->patience.wait, s->wait, sizeof o->patience.wait);
    return 0;
}

static int take_ladder(replay_options_t *o, const char *value)
{
    uint32_t id = 0;
    if (!parse_u32(value, 1, UINT32_MAX, &id))
        return wrong("ladder", value, "the number of an exchange, as --exchanges shows it");
    if (o->ladder_count == REPLAY_LADDERS_MAX)
        return usage_error("replay", "more than %d --ladder", REPLAY_LADDERS_MAX);
    o->ladder[o->ladder_count++] = id;
    return 0;
}

static int take_speed(replay_options_t *o, const char *value)
{
    char *end = NULL;
    double speed = strcmp(value, "max") == 0 ? 0 : strtod(value, &end);
    if (end != NULL && (*end != '\0' || end == value || !(speed >= 0.001 && speed <= 1e6)))
        return wrong("speed", value, "a factor from 0.001 to 1000000, or max");
    o->requery.speed = speed;
    return 0;
}

static int take_ignore(replay_options_t *o, const char *value)
{
    while (*value != '\0') {
        size_t n = strcspn(value, ",");
        unsigned bit = compare_bit(value, n);
        if (bit == 0) {
            char words[160] = "";
            for (unsigned i = 0; i < COMPARE_BITS; i++)
                snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s",
                         i > 0 ? ", " : "", compare_word(i));
            return usage_error("replay", "--ignore '%.*s': expected %s", n < 60 ? (int)n : 60,
                               value, words);
        }
        o->requery.what &= ~bit;
        value += n + (value[n] == ',');
    }
    return 0;
}

static int take_filter(replay_options_t *o, int id, const char *value)
{
    flow_filter_t *f = &o->analysis.filter;
    switch (id) {
    case R_BPF:
        o->bpf = value;
        return 0;
    case R_SERVER:
        return take_prefix("server", value, f->server, &f->server_count);
    case R_CLIENT:
        return take_prefix("client", value, f->client, &f->client_count);
    case R_NAME:
        return take_name(f, value);
    case R_TYPE:
        return take_type(f, value);
    case R_RCODE:
        return take_rcode(f, value);
    case R_SINCE:
        return take_time("since", value, &o->analysis.since, &o->analysis.since_relative);
    case R_UNTIL:
        return take_time("until", value, &o->analysis.until, &o->analysis.until_relative);
    default:
        return take_port(&o->analysis, value);
    }
}

static int add_file(replay_options_t *o, const char *path)
{
    const char **file = realloc(o->file, (o->file_count + 1) * sizeof(const char *));
    if (file == NULL)
        return usage_error("replay", "out of memory");
    file[o->file_count++] = path;
    o->file = file;
    return 0;
}

static int take_requery(replay_options_t *o, int id, const char *value)
{
    uint32_t v = 0;
    int rc = 0;
    if (id != R_QUERIES && id != R_TO)
        o->for_queries = id;
    switch (id) {
    case R_QUERIES:
        o->queries = true;
        return add_file(o, value);
    case R_TO:
        o->to_given = true;
        return addr_from_text(value, strlen(value), 53, &o->requery.to)
                   ? 0
                   : wrong("to", value, "an address, or ADDR#PORT");
    case R_SPEED:
        return take_speed(o, value);
    case R_AT_ONCE:
        rc = option_number("replay", "at-once", value, 1, 256, &v);
        o->requery.outstanding = v;
        return rc;
    case R_TTL:
        o->requery.what |= COMPARE_TTL;
        return 0;
    case R_IGNORE:
        return take_ignore(o, value);
    default:
        return addr_from_text(value, strlen(value), 0, &o->requery.source)
                   ? 0
                   : wrong("source", value, "an address");
    }
}

static int take_top(replay_options_t *o, const char *value)
{
    uint32_t v = TOP_DEFAULT;
    int rc = value != NULL ? option_number("replay", "top", value, 0, 1000000, &v) : 0;
    o->top_given = true;
    o->top = v;
    return rc;
}

static int take_limit(replay_options_t *o, int id, const char *value)
{
    uint32_t v = 0;
    int rc = 0;
    switch (id) {
    case R_SLOW:
        rc = option_number("replay", "slow", value, 1, 3600000, &v);
        o->slow_given = true;
        o->analysis.traffic.slow = (int64_t)v * 1000000;
        o->analysis.runs.diagnose.slow = o->analysis.traffic.slow;
        return rc;
    case R_MEMORY:
        rc = option_number("replay", "memory", value, 16, 1048576, &v);
        analysis_options_memory(&o->analysis, v);
        return rc;
    default:
        rc = option_number("replay", "threads", value, 1, THREADS_MAX, &v);
        o->analysis.threads = v;
        return rc;
    }
}

static int take_option(void *user, int id, const char *value)
{
    replay_options_t *o = user;
    switch (id) {
    case ARGS_WORD:
        return add_file(o, value);
    case R_EXCHANGES:
        o->exchanges = true;
        return 0;
    case R_LADDER:
        return take_ladder(o, value);
    case R_TOP:
        return take_top(o, value);
    case R_JSON:
        o->json = true;
        return 0;
    case R_HTML:
        o->page.path = value;
        return 0;
    case FO_PROFILE:
    case FO_FAIL_ON:
        return fail_options_take(&o->fail, id, value);
    case R_VERBOSE:
        o->verbose = true;
        return 0;
    case R_QUIET:
        o->quiet = true;
        return 0;
    case R_TIMEOUT:
        return take_timeout(o, value);
    default:
        if (id >= R_QUERIES)
            return take_requery(o, id, value);
        return id >= R_SLOW ? take_limit(o, id, value) : take_filter(o, id, value);
    }
}

static const char *option_name(int id)
{
    const option_desc_t *o = replay_options;
    while (o->id != id)
        o++;
    return o->name;
}

/* What reports need, and what asking again needs: neither uses the other's. */
static int check_queries(const replay_options_t *o)
{
    if (!o->queries && o->for_queries != 0)
        return usage_error("replay",
                           "--%s is for questions that are asked again: --queries FILE "
                           "--to ADDR",
                           option_name(o->for_queries));
    if (o->queries != o->to_given)
        return usage_error("replay", o->queries ? "--queries needs the address to ask: --to ADDR"
                                                : "--to needs the recorded questions: --queries "
                                                  "FILE");
    if (!o->queries)
        return 0;
    if (o->exchanges || o->ladder_count > 0 || o->top_given)
        return usage_error("replay", "--queries excludes --exchanges, --ladder and --top");
    if (o->page.path != NULL || o->fail.has_profile || o->fail.has_fail_on || o->slow_given)
        return usage_error("replay", "--queries excludes --html, --profile, --fail-on and --slow");
    if (o->requery.source.family != 0 && o->requery.source.family != o->requery.to.family)
        return usage_error("replay", "--source and --to are of different families");
    return 0;
}

static int check_conflicts(const replay_options_t *o)
{
    const analysis_options_t *a = &o->analysis;
    if (o->file_count == 0)
        return usage_error("replay", "which file? usage: nsprobe replay %s", command_replay.usage);
    int rc = check_queries(o);
    if (rc != 0)
        return rc;
    if (o->patience.waits > 0 && !o->queries && !o->exchanges && !o->json && o->ladder_count == 0)
        return usage_error("replay",
                           "--timeout is for --ladder, --exchanges, --json and --queries");
    if (o->ladder_count > 0 && (o->exchanges || o->json))
        return usage_error("replay", "--ladder excludes --exchanges and --json");
    if (a->since_relative == a->until_relative && a->since > a->until)
        return usage_error("replay", "--since is behind --until");
    return 0;
}

int replay_parse(const command_desc_t *command, int argc, char **argv, replay_options_t *o)
{
    memset(o, 0, sizeof *o);
    o->analysis = analysis_options_default();
    analysis_options_memory(&o->analysis, 256);
    o->requery = requery_options_default();
    o->analysis.threads = THREADS_MAX;
    o->top = SHOWN_DEFAULT;
    fail_options_init(&o->fail, "replay");
    int rc = args_each(command, argc, argv, take_option, o);
    if (rc != 0)
        return rc;
    if (o->verbose && !o->top_given)
        o->top = 0;
    return check_conflicts(o);
}
