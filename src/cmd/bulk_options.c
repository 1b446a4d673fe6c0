/* The command line of nsprobe bulk. */
#include <stdlib.h>
#include <string.h>

#include "cmd/bulk.h"
#include "cmd/cmd.h"

#define CACHE_DEFAULT       64
#define OUTSTANDING_DEFAULT 1000

enum {
    B_FILE = 1,
    B_QUERY,
    B_DKIM,
    B_DKIM_JOBS,
    B_SERVER,
    B_TYPE,
    B_OUTPUT,
    B_CHECKPOINT,
    B_RESUME,
    B_SHARD,
    B_THREADS,
    B_OUTSTANDING,
    B_RATE,
    B_ADDRESS_RATE,
    B_PREFIX_RATE,
    B_ADDRESS_AT_ONCE,
    B_PREFIX_AT_ONCE,
    B_IDENTIFY,
    B_OPT_OUT,
    B_CACHE,
    B_NO_EDNS,
    B_DNSSEC,
    B_NO_RECORDS,
    B_FULL,
    B_QUIET
};

const option_desc_t bulk_options[] = {
    {B_FILE, "file", 'f', NULL, "LIST", "the list: a line each; - is standard input"},
    {B_QUERY, "query", 0, NULL, NULL, "lines are ADDR NAME [TYPE]: plain questions"},
    {B_DKIM, "dkim", 0, NULL, "CSV", "domains and the tokens or records expected of them"},
    {B_DKIM_JOBS, "dkim-jobs", 0, NULL, NULL, "with --nats: work on what --submit --dkim queued"},
    EXPECT_OPTIONS_PROVIDER,
    {B_SERVER, "server", 0, NULL, "ADDR[#PORT]",
     "with --query: ask this one; lines are NAME [TYPE]"},
    {B_TYPE, "type", 't', NULL, "TYPE", "with --query: type of lines without one (A)"},
    {B_OUTPUT, "output", 'o', NULL, "FILE", "write results here, not to standard output"},
    {B_CHECKPOINT, "checkpoint", 0, NULL, "FILE", "keep in FILE what is done"},
    {B_RESUME, "resume", 0, NULL, NULL, "go on where the checkpoint's run ended"},
    {B_SHARD, "shard", 0, NULL, "I/N", "only every Nth line, from line I on"},
    {B_THREADS, "threads", 0, NULL, "N", "loops of questions (1), or domains at once (128)"},
    {B_OUTSTANDING, "outstanding", 0, NULL, "N", "with --query: at once, each loop (1000)"},
    {B_RATE, "rate", 0, NULL, "N", "questions a second in all (2000); 0: no limit"},
    {B_ADDRESS_RATE, "address-rate", 0, NULL, "N", "the same for each address (20)"},
    {B_PREFIX_RATE, "prefix-rate", 0, NULL, "N", "the same for each /24 and /48 (100)"},
    {B_ADDRESS_AT_ONCE, "address-at-once", 0, NULL, "N", "questions at once to an address (8)"},
    {B_PREFIX_AT_ONCE, "prefix-at-once", 0, NULL, "N", "questions at once to a prefix (64)"},
    {B_IDENTIFY, "identify", 0, NULL, "TEXT", "who asks, as an EDNS option"},
    {B_OPT_OUT, "opt-out", 0, NULL, "FILE", "addresses and domains not to ask; again on SIGHUP"},
    {B_CACHE, "cache", 0, NULL, "MIB", "memory for what domains share (64); 0: none"},
    {B_NO_EDNS, "no-edns", 0, NULL, NULL, "with --query: without EDNS"},
    {B_DNSSEC, "dnssec", 0, NULL, NULL, "with --query: set DO"},
    {B_NO_RECORDS, "no-records", 0, NULL, NULL,
     "with --query: results without the answer's records"},
    {B_FULL, "full", 0, NULL, NULL, "results hold the whole report of check"},
    PROBE_OPTIONS_WALK,
    PROBE_OPTIONS_REACH,
    BULK_NATS_OPTIONS,
    {B_QUIET, "quiet", 0, NULL, NULL, "no progress and no summary on stderr"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
const file_desc_t bulk_files[] = {
    PROBE_FILES,
    EXPECT_FILES,
    BULK_NATS_FILES,
    READS_FILE(B_FILE),
    READS_FILE(B_DKIM),
    {B_OUTPUT, FILE_WRITES_RESULTS, {NULL}},
    {B_CHECKPOINT, FILE_WRITES, {".new"}},
    READS_FILE(B_OPT_OUT),
    {0, FILE_READS, {NULL}},
};

static int set_shard(bulk_args_t *c, const char *value)
{
    char first[16];
    const char *slash = strchr(value, '/');
    size_t n = slash != NULL ? (size_t)(slash - value) : sizeof first;
    if (n < sizeof first) {
        memcpy(first, value, n);
        first[n] = '\0';
        if (parse_u32(slash + 1, 1, 1000000, &c->shards) &&
            parse_u32(first, 1, c->shards, &c->shard))
            return 0;
    }
    return usage_error("bulk", "--shard '%s': expected I/N, as 1/4 to 4/4", value);
}

static int set_rate(const char *option, const char *value, double *out)
{
    uint32_t v = 0;
    if (!parse_u32(value, 0, 1000000000, &v))
        return usage_error("bulk", "--%s '%s': expected a number; 0: no limit", option, value);
    *out = v;
    return 0;
}

static int set_text(bulk_args_t *c, int id, const char *value)
{
    switch (id) {
    case B_DKIM:
        c->dkim = c->dkim_list = true;
        c->file = value;
        return 0;
    case B_FILE:
        c->list_given = true;
        c->file = value;
        return 0;
    case B_OUTPUT:
        c->output = strcmp(value, "-") != 0 ? value : NULL;
        return 0;
    case B_CHECKPOINT:
        c->checkpoint = value;
        return 0;
    case B_OPT_OUT:
        c->optout = value;
        return 0;
    case B_IDENTIFY:
        if (strlen(value) > LOOP_IDENTIFY_MAX)
            return usage_error("bulk", "--identify: more than %d octets", LOOP_IDENTIFY_MAX);
        c->identify = value;
        return 0;
    case B_SERVER:
        c->has_server = true;
        if (!addr_from_text(value, strlen(value), 53, &c->server))
            return usage_error("bulk", "--server '%s': expected an address, or ADDR#PORT", value);
        return 0;
    default:
        if (nsp_type_from_text(value, strlen(value), &c->type) != NSP_OK || c->type == 0)
            return usage_error("bulk", "--type '%s': not known", value);
        return 0;
    }
}

static int set_limit(bulk_args_t *c, int id, const char *value)
{
    switch (id) {
    case B_SHARD:
        return set_shard(c, value);
    case B_THREADS:
        return option_number("bulk", "threads", value, 1, BULK_THREADS_MAX, &c->threads);
    case B_CACHE:
        c->cache_given = true;
        return option_number("bulk", "cache", value, 0, 65536, &c->cache);
    case B_OUTSTANDING:
        return option_number("bulk", "outstanding", value, 1, 60000, &c->outstanding);
    case B_RATE:
        return set_rate("rate", value, &c->limit.total_rate);
    case B_ADDRESS_RATE:
        return set_rate("address-rate", value, &c->limit.address_rate);
    case B_PREFIX_RATE:
        return set_rate("prefix-rate", value, &c->limit.prefix_rate);
    case B_ADDRESS_AT_ONCE:
        return option_number("bulk", "address-at-once", value, 0, 60000, &c->limit.address_at_once);
    default:
        return option_number("bulk", "prefix-at-once", value, 0, 60000, &c->limit.prefix_at_once);
    }
}

static bool *flag_of(bulk_args_t *c, int id)
{
    return id == B_QUERY        ? &c->query
           : id == B_DKIM_JOBS  ? &c->dkim_jobs
           : id == B_RESUME     ? &c->resume
           : id == B_NO_EDNS    ? &c->no_edns
           : id == B_DNSSEC     ? &c->dnssec
           : id == B_NO_RECORDS ? &c->no_records
           : id == B_FULL       ? &c->full
           : id == B_QUIET      ? &c->quiet
                                : NULL;
}

static int take_option(void *user, int id, const char *value)
{
    bulk_args_t *c = user;
    bool *flag = flag_of(c, id);
    c->dkim |= id == B_DKIM_JOBS;
    if (flag != NULL) {
        *flag = true;
        return 0;
    }
    if (id == ARGS_WORD)
        return usage_error("bulk", "'%s': the list is given with -f", value);
    if (id >= BN_NATS && id <= BN_TLS_KEY)
        return bulk_nats_take(&c->nats, id, value);
    if (id == EO_PROVIDER || id == EO_PROVIDERS)
        return expect_options_take(&c->expect, id, value);
    if (id == B_FILE || (id >= B_DKIM && id <= B_CHECKPOINT) || id == B_IDENTIFY || id == B_OPT_OUT)
        return set_text(c, id, value);
    if ((id >= B_SHARD && id <= B_PREFIX_AT_ONCE) || id == B_CACHE)
        return set_limit(c, id, value);
    return probe_options_take(&c->probe, id, value);
}

static int check_conflicts(const bulk_args_t *c)
{
    if (c->checkpoint != NULL && c->output == NULL)
        return usage_error("bulk", "--checkpoint needs --output, which it is compared with");
    if (c->resume && c->checkpoint == NULL)
        return usage_error("bulk", "--resume needs --checkpoint");
    if (c->dkim && (c->query || c->list_given))
        return usage_error("bulk", "%s, and excludes --query and -f",
                           c->dkim_jobs ? "--dkim-jobs is what to do" : "--dkim names the list");
    if (c->dkim_jobs && (c->nats.broker.url == NULL || c->dkim_list))
        return usage_error("bulk", "--dkim-jobs is of workers of --nats, and excludes --dkim");
    if (!c->dkim && (c->expect.provider != NULL || c->expect.file_count > 0))
        return usage_error("bulk", "--provider and --providers need --dkim or --dkim-jobs");
    if (!c->query && (c->has_server || c->no_edns || c->dnssec))
        return usage_error("bulk", "--server, --no-edns and --dnssec need --query");
    if (!c->query && (c->type != 0 || c->outstanding != 0 || c->no_records))
        return usage_error("bulk", "--type, --outstanding and --no-records need --query");
    if (c->query && (c->full || c->cache_given))
        return usage_error("bulk", "--full and --cache are of whole checks; leave --query out");
    if (c->optout != NULL && strcmp(c->optout, "-") == 0 && strcmp(c->file, "-") == 0)
        return usage_error("bulk", "--opt-out - and -f - cannot both read standard input");
    if (c->no_edns && (c->dnssec || c->identify != NULL))
        return usage_error("bulk", "--no-edns excludes --dnssec and --identify");
    if (c->query && (c->probe.lab != NULL || c->probe.map_count > 0 || c->probe.raw))
        return usage_error("bulk", "--query sends to the addresses of its lines; leave --lab, "
                                   "--map and --raw out");
    return 0;
}

/* The providers, and the one that is meant. Returns -1 when they were only to be listed. */
static int read_providers(bulk_args_t *c)
{
    int rc = c->dkim ? expect_options_finish(&c->expect) : 0;
    if (rc != 0 || !c->expect.list)
        return rc;
    expect_options_list(&c->expect, stdout);
    return -1;
}

int bulk_args_read(bulk_args_t *c, int argc, char **argv)
{
    expect_options_init(&c->expect, "bulk");
    bulk_nats_init(&c->nats);
    probe_options_init(&c->probe, "bulk");
    c->limit = limits_options_default();
    c->file = "-";
    c->shard = c->shards = 1;
    c->cache = CACHE_DEFAULT;
    int rc = args_each(&command_bulk, argc, argv, take_option, c);
    if (rc != 0)
        return rc;
    rc = check_conflicts(c);
    c->type = c->type != 0 ? c->type : NSP_TYPE_A;
    c->outstanding = c->outstanding != 0 ? c->outstanding : OUTSTANDING_DEFAULT;
    if (rc == 0)
        rc = bulk_nats_check(c);
    if (rc == 0)
        rc = read_providers(c);
    if (c->has_server && c->server.port == 53)
        c->server.port = c->probe.port;
    return rc == 0 ? probe_options_finish(&c->probe) : rc;
}
