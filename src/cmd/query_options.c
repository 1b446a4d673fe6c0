#include "cmd/query_options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/files.h"

enum {
    Q_NAME = 1,
    Q_TYPE,
    Q_CLASS,
    Q_REVERSE,
    Q_PORT,
    Q_SOURCE,
    Q_IPV4,
    Q_IPV6,
    Q_TCP,
    Q_IGNORE,
    Q_KEEPOPEN,
    Q_RECURSE,
    Q_AA,
    Q_AD,
    Q_CD,
    Q_Z,
    Q_OPCODE,
    Q_EDNS,
    Q_EDNS_FLAGS,
    Q_EDNS_OPT,
    Q_BUFSIZE,
    Q_DNSSEC,
    Q_NSID,
    Q_COOKIE,
    Q_SUBNET,
    Q_PADDING,
    Q_EXPIRE,
    Q_MIXED,
    Q_TIMEOUT,
    Q_TRIES,
    Q_RETRY,
    Q_LATE,
    Q_HEX,
    Q_SHORT,
    Q_JSON,
    Q_SHOW_QUERY,
    Q_CMD,
    Q_ALL,
    Q_COMMENTS,
    Q_QUESTION,
    Q_ANSWER,
    Q_AUTHORITY,
    Q_ADDITIONAL,
    Q_STATS,
    Q_SEND_HEX,
    Q_PCAP,
    Q_RAW
};

const option_desc_t query_options[] = {
    {Q_NAME, "name", 'q', NULL, "NAME", "the name, when it could be taken for a type"},
    {Q_TYPE, "type", 't', NULL, "TYPE", "RR type: mnemonic or TYPEn (A)"},
    {Q_CLASS, "class", 'c', NULL, "CLASS", "class: IN, CH, HS or CLASSn (IN)"},
    {Q_REVERSE, "reverse", 'x', NULL, "ADDR", "PTR of an address"},
    {Q_PORT, "port", 'p', NULL, "PORT", "port of the server (53)"},
    {Q_SOURCE, "source", 'b', NULL, "ADDR", "send from this address, or ADDR#PORT"},
    {Q_IPV4, "ipv4", '4', NULL, NULL, "use only IPv4"},
    {Q_IPV6, "ipv6", '6', NULL, NULL, "use only IPv6"},
    {Q_TCP, "tcp", 'T', "tcp", NULL, "ask over TCP"},
    {Q_IGNORE, "ignore", 0, "ignore", NULL, "do not ask over TCP after a truncated reply"},
    {Q_KEEPOPEN, "keepopen", 0, "keepopen", NULL, "keep the connection for the next query"},
    {Q_RECURSE, "rec", 0, "rec", NULL, "set RD (clear by default with @SERVER)"},
    {Q_AA, "aaflag", 0, "aaflag", NULL, "set AA in the query"},
    {Q_AD, "ad", 0, "ad", NULL, "set AD in the query"},
    {Q_CD, "cd", 0, "cd", NULL, "set CD in the query"},
    {Q_Z, "zflag", 0, "zflag", NULL, "set the reserved Z bit"},
    {Q_OPCODE, "opcode", 0, "opcode", "OPCODE", "QUERY, NOTIFY, UPDATE ... or 0 to 15"},
    {Q_EDNS, "edns", 0, "edns", "VERSION", "EDNS version (0); +noedns sends no OPT"},
    {Q_EDNS_FLAGS, "ednsflags", 0, "ednsflags", "BITS", "EDNS flags, as 0x8000"},
    {Q_EDNS_OPT, "ednsopt", 0, "ednsopt", "CODE[:HEX]", "add an EDNS option of any code"},
    {Q_BUFSIZE, "bufsize", 0, "bufsize", "OCTETS", "UDP payload size offered (1232)"},
    {Q_DNSSEC, "dnssec", 0, "dnssec", NULL, "set DO: ask for DNSSEC records"},
    {Q_NSID, "nsid", 0, "nsid", NULL, "ask for the name server identifier"},
    {Q_COOKIE, "cookie", 0, "cookie", "HEX", "send a cookie (+cookie: a random one)"},
    {Q_SUBNET, "subnet", 0, "subnet", "ADDR/BITS", "send a client subnet"},
    {Q_PADDING, "padding", 0, "padding", "OCTETS", "add a padding option of this size"},
    {Q_EXPIRE, "expire", 0, "expire", NULL, "ask for the zone's expire timer"},
    {Q_MIXED, "mixed-case", 0, "0x20", NULL, "mix the case of the name at random"},
    {Q_TIMEOUT, "timeout", 'w', "timeout", "S[,S...]", "wait for each try (1,2,4)"},
    {Q_TRIES, "tries", 0, "tries", "N", "how often to send (3)"},
    {Q_RETRY, "retry", 0, "retry", "N", "tries but one, as dig counts"},
    {Q_LATE, "late", 0, NULL, "S", "wait for late replies after the last try (1)"},
    {Q_HEX, "hex", 'X', "hex", NULL, "show query and reply octet by octet"},
    {Q_SHORT, "short", 's', "short", NULL, "show only the answers' RDATA"},
    {Q_JSON, "json", 'j', "json", NULL, "one JSON object a query"},
    {Q_SHOW_QUERY, "qr", 0, "qr", NULL, "show the query too"},
    {Q_ALL, "all", 0, "all", NULL, "show all parts; +noall +answer: only that one"},
    {Q_COMMENTS, "comments", 0, "comments", NULL, "show header, EDNS, titles and events"},
    {Q_QUESTION, "question", 0, "question", NULL, "show the question"},
    {Q_ANSWER, "answer", 0, "answer", NULL, "show the answer section"},
    {Q_AUTHORITY, "authority", 0, "authority", NULL, "show the authority section"},
    {Q_ADDITIONAL, "additional", 0, "additional", NULL, "show the additional section"},
    {Q_STATS, "stats", 0, "stats", NULL, "show time, server and size"},
    {Q_CMD, "cmd", 0, "cmd", NULL, "no effect, as no command line is shown"},
    {Q_SEND_HEX, "send-hex", 0, NULL, "HEX|@FILE", "send exactly these octets"},
    {Q_PCAP, "pcap", 0, NULL, "FILE", "write the packets to a pcap"},
    {Q_RAW, "raw", 0, NULL, NULL, "own IP and UDP headers (needs CAP_NET_RAW)"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
const file_desc_t query_files[] = {
    {Q_SEND_HEX, FILE_READS_AT, {NULL}},
    {Q_PCAP, FILE_WRITES, {NULL}},
    {0, FILE_READS, {NULL}},
};

/* The command line while it is read. */
typedef struct reader {
    const char *command;
    query_list_t *list;
    query_spec_t global;   /* options before the first name */
    query_spec_t *current; /* &global, or the last of list */
} reader_t;

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long query_hex(const char *text, uint8_t *out, size_t cap)
{
    size_t n = 0;
    int high = -1;
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t' || *text == ':')
            continue;
        int d = hex_value(*text);
        if (d < 0 || n == cap)
            return -1;
        if (high < 0) {
            high = d;
        } else {
            out[n++] = (uint8_t)(high << 4 | d);
            high = -1;
        }
    }
    return high < 0 ? (long)n : -1;
}

static int bad(const reader_t *r, const char *option, const char *value, const char *wanted)
{
    return usage_error(r->command, "%s '%s': expected %s", option, value != NULL ? value : "",
                       wanted);
}

static bool add_option(query_spec_t *q, uint16_t code, const uint8_t *data, size_t n)
{
    if (q->option_count == 16 || n > QUERY_OPTION_DATA)
        return false;
    uint8_t *copy = q->option_data[q->option_count];
    if (n > 0)
        memcpy(copy, data, n);
    nsp_edns_option_t *o = &q->option[q->option_count++];
    o->code = code;
    o->size = (uint16_t)n;
    o->data = copy;
    q->edns = true;
    return true;
}

/* CODE[:HEX] */
static int parse_ednsopt(reader_t *r, query_spec_t *q, const char *value)
{
    char code[16];
    uint8_t data[QUERY_OPTION_DATA];
    uint32_t number = 0;
    const char *colon = value != NULL ? strchr(value, ':') : NULL;
    size_t n = value == NULL ? 0 : colon != NULL ? (size_t)(colon - value) : strlen(value);
    long size = colon != NULL ? query_hex(colon + 1, data, sizeof data) : 0;
    if (n > 0 && n < sizeof code) {
        memcpy(code, value, n);
        code[n] = '\0';
        if (parse_u32(code, 0, UINT16_MAX, &number) && size >= 0 &&
            add_option(q, (uint16_t)number, data, (size_t)size))
            return 0;
    }
    return bad(r, "--ednsopt", value, "CODE or CODE:HEX, with at most 512 octets, 16 options");
}

/* ADDR/BITS (RFC 7871) */
static int parse_subnet(reader_t *r, query_spec_t *q, const char *value)
{
    uint8_t data[20];
    addr_t a;
    const char *slash = value != NULL ? strchr(value, '/') : NULL;
    size_t n = value == NULL ? 0 : slash != NULL ? (size_t)(slash - value) : strlen(value);
    uint32_t bits = 0;
    if (value != NULL && addr_from_text(value, n, 53, &a)) {
        bits = a.family == 4 ? 24 : 56;
        if (slash == NULL || parse_u32(slash + 1, 0, 128, &bits)) {
            size_t size = nsp_ecs_data(a.family, a.octets, bits, data);
            if (size > 0 && add_option(q, NSP_OPTION_ECS, data, size))
                return 0;
        }
    }
    return bad(r, "--subnet", value, "an address and prefix such as 192.0.2.0/24");
}

static int parse_cookie(reader_t *r, query_spec_t *q, const char *value)
{
    /* +cookie alone: eight random octets are a client cookie (RFC 7873 4.1) */
    uint8_t data[40];
    long n = 8;
    if (value != NULL && value[0] != '\0') {
        n = query_hex(value, data, sizeof data);
    } else if (getrandom(data, 8, 0) != 8) {
        n = 0;
    }
    if ((n == 8 || (n >= 16 && n <= 40)) && add_option(q, NSP_OPTION_COOKIE, data, (size_t)n))
        return 0;
    return bad(r, "--cookie", value, "8, or 16 to 40, octets in hexadecimal");
}

static int begin_query(reader_t *r)
{
    query_list_t *l = r->list;
    if (l->count == QUERIES_MAX)
        return usage_error(r->command, "more than %d queries in one line", QUERIES_MAX);
    r->current = &l->item[l->count++];
    const char *server = l->count > 1 ? l->item[l->count - 2].server : r->global.server;
    *r->current = r->global;
    if (r->current->server == NULL)
        r->current->server = server;
    for (uint16_t i = 0; i < r->current->option_count; i++)
        r->current->option[i].data = r->current->option_data[i];
    if (l->count > 1) {
        /* a type before the first name was for the first name */
        r->current->has_type = false;
        r->current->has_class = false;
    }
    return 0;
}

static int set_name(reader_t *r, const char *text)
{
    char err[200];
    nsp_name_t name;
    if (!common_name(text, &name, err))
        return usage_error(r->command, "name '%s': %s", text, err);
    if (r->current == &r->global || r->current->has_name) {
        int rc = begin_query(r);
        if (rc != 0)
            return rc;
    }
    r->current->name = name;
    r->current->has_name = true;
    return 0;
}

static int set_reverse(reader_t *r, const char *text)
{
    addr_t a;
    char name[ADDR_REVERSE_MAX];
    if (!addr_from_text(text, strlen(text), 53, &a))
        return bad(r, "-x", text, "an IP address");
    addr_reverse(&a, name);
    int rc = set_name(r, name);
    if (rc == 0 && !r->current->has_type) {
        r->current->type = NSP_TYPE_PTR;
        r->current->has_type = true;
    }
    return rc;
}

static int take_word(reader_t *r, const char *word)
{
    query_spec_t *q = r->current;
    uint16_t v = 0;
    if (word[0] == '@') {
        if (word[1] == '\0')
            return usage_error(r->command, "'@' without a server");
        q->server = word + 1;
        return 0;
    }
    if (!q->has_type && nsp_type_from_text(word, strlen(word), &v) == NSP_OK) {
        q->type = v;
        q->has_type = true;
        return 0;
    }
    if (!q->has_class && nsp_class_from_text(word, strlen(word), &v) == NSP_OK) {
        q->qclass = v;
        q->has_class = true;
        return 0;
    }
    return set_name(r, word);
}

/* What an option switches on or off, where that is all that it does. */
static bool *flag_of(query_spec_t *q, int id)
{
    switch (id) {
    case Q_TCP:
        return &q->tcp;
    case Q_IGNORE:
        return &q->ignore_tc;
    case Q_KEEPOPEN:
        return &q->keep_open;
    case Q_RECURSE:
        return &q->recurse;
    case Q_AA:
        return &q->aa;
    case Q_AD:
        return &q->ad;
    case Q_CD:
        return &q->cd;
    case Q_Z:
        return &q->z;
    case Q_MIXED:
        return &q->mixed_case;
    case Q_HEX:
        return &q->hex;
    case Q_SHORT:
        return &q->short_answer;
    case Q_JSON:
        return &q->json;
    case Q_SHOW_QUERY:
        return &q->show_query;
    case Q_RAW:
        return &q->raw;
    default:
        return NULL;
    }
}

/* The parts of a message that an option shows or hides; 0 for any other. */
static unsigned parts_of(int id)
{
    switch (id) {
    case Q_ALL:
        return MESSAGE_ALL;
    case Q_COMMENTS:
        return MESSAGE_COMMENTS;
    case Q_QUESTION:
        return MESSAGE_QUESTION;
    case Q_ANSWER:
        return MESSAGE_ANSWER;
    case Q_AUTHORITY:
        return MESSAGE_AUTHORITY;
    case Q_ADDITIONAL:
        return MESSAGE_ADDITIONAL;
    case Q_STATS:
        return MESSAGE_STATS;
    default:
        return 0;
    }
}

/* Options without a value; -1 for any other. */
static int take_flag(query_spec_t *q, int id, bool on)
{
    bool *flag = flag_of(q, id);
    unsigned parts = parts_of(id);
    if (flag != NULL)
        *flag = on;
    if (parts != 0 || id == Q_CMD) {
        q->hidden = on ? q->hidden & ~parts : q->hidden | parts;
        return 0;
    }
    switch (id) {
    case Q_RECURSE:
        q->recurse_given = true;
        break;
    case Q_DNSSEC:
        q->edns = q->edns || on;
        q->edns_flags = (uint16_t)(on ? q->edns_flags | NSP_EDNS_DO : q->edns_flags & ~NSP_EDNS_DO);
        break;
    case Q_IPV4:
        q->family = 4;
        break;
    case Q_IPV6:
        q->family = 6;
        break;
    default:
        return flag != NULL ? 0 : -1;
    }
    return 0;
}

static int take_edns(reader_t *r, query_spec_t *q, int id, const char *value, bool on)
{
    uint32_t v = 0;
    static const uint8_t zeroes[QUERY_OPTION_DATA];
    switch (id) {
    case Q_EDNS:
        q->edns = on;
        if (value != NULL && !parse_u32(value, 0, 255, &v))
            return bad(r, "--edns", value, "a version from 0 to 255");
        q->edns_version = (uint8_t)v;
        return 0;
    case Q_EDNS_FLAGS: {
        char *end = NULL;
        unsigned long bits = value != NULL ? strtoul(value, &end, 0) : 0x10000;
        if (value == NULL || *value == '\0' || *end != '\0' || bits > UINT16_MAX)
            return bad(r, "--ednsflags", value, "16 bits such as 0x8000");
        q->edns_flags = (uint16_t)bits;
        q->edns = true;
        return 0;
    }
    case Q_EDNS_OPT:
        return parse_ednsopt(r, q, value);
    case Q_BUFSIZE:
        if (!parse_u32(value, 0, UINT16_MAX, &v))
            return bad(r, "--bufsize", value, "0 to 65535 octets");
        q->bufsize = (uint16_t)v;
        q->edns = true;
        return 0;
    case Q_NSID:
        return !on || add_option(q, NSP_OPTION_NSID, zeroes, 0) ? 0 : EXIT_USAGE;
    case Q_EXPIRE:
        return !on || add_option(q, NSP_OPTION_EXPIRE, zeroes, 0) ? 0 : EXIT_USAGE;
    case Q_COOKIE:
        return on ? parse_cookie(r, q, value) : 0;
    case Q_SUBNET:
        return parse_subnet(r, q, value);
    case Q_PADDING:
        if (!parse_u32(value, 0, QUERY_OPTION_DATA, &v) ||
            !add_option(q, NSP_OPTION_PADDING, zeroes, v))
            return bad(r, "--padding", value, "0 to 512 octets");
        return 0;
    default:
        return -1;
    }
}

static int take_timing(reader_t *r, query_spec_t *q, int id, const char *value)
{
    uint32_t v = 0;
    switch (id) {
    case Q_TIMEOUT:
        if (!common_waits(value, &q->schedule))
            return bad(r, "--timeout", value, "seconds, or seconds for each try: 1,2,4");
        return 0;
    case Q_TRIES:
    case Q_RETRY: {
        uint32_t more = id == Q_RETRY;
        if (!parse_u32(value, 1 - more, ENGINE_TRIES_MAX - more, &v))
            return bad(r, more ? "--retry" : "--tries", value, "a number of tries, at most 10");
        for (unsigned i = q->schedule.tries; i < v + more; i++)
            if (q->schedule.wait[i] == 0)
                q->schedule.wait[i] = q->schedule.wait[i - 1];
        q->schedule.tries = v + more;
        return 0;
    }
    case Q_LATE:
        if (!parse_seconds(value, &q->schedule.late))
            return bad(r, "--late", value, "seconds");
        return 0;
    default:
        return -1;
    }
}

static int take_value(reader_t *r, query_spec_t *q, int id, const char *value)
{
    uint32_t v = 0;
    switch (id) {
    case Q_NAME:
        return set_name(r, value);
    case Q_REVERSE:
        return set_reverse(r, value);
    case Q_TYPE:
        if (nsp_type_from_text(value, strlen(value), &q->type) != NSP_OK)
            return bad(r, "-t", value, "an RR type such as MX or TYPE65280");
        q->has_type = true;
        return 0;
    case Q_CLASS:
        if (nsp_class_from_text(value, strlen(value), &q->qclass) != NSP_OK)
            return bad(r, "-c", value, "a class such as IN or CLASS255");
        q->has_class = true;
        return 0;
    case Q_PORT:
        if (!parse_u32(value, 1, UINT16_MAX, &v))
            return bad(r, "-p", value, "a port from 1 to 65535");
        q->port = (uint16_t)v;
        return 0;
    case Q_SOURCE:
        if (!addr_from_text(value, strlen(value), 0, &q->source))
            return bad(r, "-b", value, "an address or ADDR#PORT");
        return 0;
    case Q_OPCODE:
        if (value != NULL && parse_u32(value, 0, 15, &v))
            q->opcode = (uint8_t)v;
        else if (value == NULL || nsp_opcode_from_text(value, strlen(value), &q->opcode) != NSP_OK)
            return bad(r, "--opcode", value, "QUERY, IQUERY, STATUS, NOTIFY, UPDATE, DSO or 0..15");
        return 0;
    case Q_SEND_HEX:
        q->send_hex = value;
        return 0;
    case Q_PCAP:
        q->pcap = value;
        return 0;
    default:
        return -1;
    }
}

static int take_option(reader_t *r, const args_t *a, int id)
{
    query_spec_t *q = r->current;
    int rc = take_flag(q, id, !a->negated);
    if (rc < 0)
        rc = take_edns(r, q, id, a->value, !a->negated);
    if (rc < 0)
        rc = take_timing(r, q, id, a->value);
    if (rc < 0)
        rc = take_value(r, q, id, a->value);
    return rc < 0 ? EXIT_USAGE : rc;
}

int query_parse(const command_desc_t *command, int argc, char **argv, query_list_t *list)
{
    reader_t r = {.command = command->name, .list = list};
    r.global.qclass = NSP_CLASS_IN;
    r.global.type = NSP_TYPE_A;
    r.global.bufsize = 1232;
    r.global.edns = true;
    r.global.port = 53;
    r.global.schedule = schedule_default();
    r.current = &r.global;
    list->count = 0;
    list->item = calloc(QUERIES_MAX, sizeof *list->item);
    if (list->item == NULL)
        return usage_error(command->name, "out of memory");
    args_t a = args_begin(command, argc, argv);
    for (int id = args_next(&a); id != ARGS_END; id = args_next(&a)) {
        if (id == ARGS_ERROR)
            return EXIT_USAGE;
        if (id == ARGS_DONE)
            return -1;
        int rc = id == ARGS_WORD ? take_word(&r, a.value) : take_option(&r, &a, id);
        if (rc != 0)
            return rc;
    }
    if (list->count == 0) {
        /* as dig: no name means the root's NS; with octets to send no name is needed */
        int rc = begin_query(&r);
        if (rc != 0)
            return rc;
        nsp_name_root(&r.current->name);
        r.current->has_name = true;
        if (!r.current->has_type)
            r.current->type = NSP_TYPE_NS;
    }
    return files_check(command, argc, argv);
}
