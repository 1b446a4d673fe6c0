/* nsprobe query: one exchange, shown as dig would, or octet by octet. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/query_options.h"
#include "cmd/session.h"
#include "report/exchange_text.h"
#include "report/message_text.h"

/* Octets that the JSON of most exchanges fits into. */
#define JSON_ROOM ((size_t)256 << 10)

/* Everything that one run of the command needs. */
typedef struct run {
    net_t *net;
    engine_t *engine;
    exchange_set_t set;
    reply_t *scratch;
    uint8_t wire[65535];
    size_t size;
} run_t;

/* HOST or HOST#PORT, by the system's resolver. Returns 0 or an exit code. */
static int find_host(const query_spec_t *q, addr_t *out)
{
    char host[256];
    uint32_t port = q->port;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *list = NULL;
    const char *hash = strchr(q->server, '#');
    if (hash != NULL && !parse_u32(hash + 1, 1, UINT16_MAX, &port))
        return usage_error("query", "@%s: port '%s': expected 1 to 65535", q->server, hash + 1);
    if (q->server[strspn(q->server, "0123456789.")] == (hash != NULL ? '#' : '\0'))
        return usage_error("query", "@%s: no whole address: expected one as @192.0.2.1", q->server);
    int n = hash != NULL ? (int)(hash - q->server) : (int)strlen(q->server);
    snprintf(host, sizeof host, "%.*s", n, q->server);
    hints.ai_family = q->family == 4 ? AF_INET : q->family == 6 ? AF_INET6 : AF_UNSPEC;
    int rc = getaddrinfo(host, NULL, &hints, &list);
    if (rc != 0) {
        usage_error("query", "@%s: %s; give an address, as @192.0.2.1", q->server,
                    gai_strerror(rc));
        /* whether there is such a host is not known */
        return rc == EAI_AGAIN || rc == EAI_FAIL || rc == EAI_SYSTEM ? EXIT_UNTESTED : EXIT_USAGE;
    }
    bool good = addr_from_sockaddr(list->ai_addr, list->ai_addrlen, out);
    out->port = (uint16_t)port;
    freeaddrinfo(list);
    return good ? 0 : EXIT_USAGE;
}

/* The server's address: text, a host name, or the first of the system's resolvers. Returns 0 or an
 * exit code. */
static int find_server(const query_spec_t *q, addr_t *out)
{
    if (q->server == NULL) {
        addr_t list[RESOLVCONF_MAX];
        size_t n = common_resolvers(list);
        for (size_t i = 0; i < n; i++) {
            if (q->family == 0 || list[i].family == q->family) {
                *out = list[i];
                out->port = q->port;
                return 0;
            }
        }
        return usage_error("query", "no server given with @, and none in /etc/resolv.conf");
    }
    if (addr_from_text(q->server, strlen(q->server), q->port, out)) {
        if (q->family == 0 || q->family == out->family)
            return 0;
        return usage_error("query", "@%s is not an IPv%u address", q->server, q->family);
    }
    return find_host(q, out);
}

static void mix_case(run_t *run, nsp_name_t *name)
{
    uint8_t random[NSP_NAME_MAX];
    if (run->net->ops->random(run->net, random, sizeof random) != NET_OK)
        return;
    for (uint32_t i = 0; i < name->len; i++) {
        uint8_t c = name->octets[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter && (random[i] & 1) != 0)
            name->octets[i] = c ^ 0x20;
    }
}

static bool build_question(run_t *run, const query_spec_t *q)
{
    nsp_name_t name = q->name;
    nsp_edns_t edns = {.udp_size = q->bufsize, .version = q->edns_version, .flags = q->edns_flags};
    uint16_t flags = (uint16_t)(q->opcode << 11);
    bool recurse = q->recurse_given ? q->recurse : q->server == NULL;
    flags |=
        (uint16_t)((recurse ? NSP_FLAG_RD : 0) | (q->aa ? NSP_FLAG_AA : 0) |
                   (q->ad ? NSP_FLAG_AD : 0) | (q->cd ? NSP_FLAG_CD : 0) | (q->z ? NSP_FLAG_Z : 0));
    if (q->mixed_case)
        mix_case(run, &name);
    edns.option_count = q->option_count;
    memcpy(edns.option, q->option, sizeof q->option);
    return nsp_build_query(run->wire, sizeof run->wire, 0, flags, &name, q->type, q->qclass,
                           q->edns ? &edns : NULL, &run->size) == NSP_OK;
}

/* Octets from the command line or from a file of hexadecimal text. */
static int read_octets(run_t *run, const char *text)
{
    char err[300];
    char *file = NULL;
    size_t len = 0;
    if (text[0] == '@') {
        file = common_read_file(text + 1, &len, err);
        if (file == NULL)
            return usage_error("query", "--send-hex: %s", err);
    }
    long n = query_hex(file != NULL ? file : text, run->wire, sizeof run->wire);
    free(file);
    if (n < 0)
        return usage_error("query", "--send-hex '%.40s': expected pairs of hexadecimal digits",
                           text);
    run->size = (size_t)n;
    return 0;
}

static exchange_t *ask(run_t *run, const query_spec_t *q, const addr_t *server,
                       transport_t transport, net_err_t *err)
{
    exchange_t *x = NULL;
    engine_query_t e = {.transport = transport,
                        .server = *server,
                        .source = q->source,
                        .wire = run->wire,
                        .size = run->size,
                        .keep_id = q->send_hex != NULL,
                        .any_question = q->send_hex != NULL,
                        .keep_open = q->keep_open,
                        .schedule = &q->schedule};
    *err = engine_submit(run->engine, &e, &x);
    if (*err == NET_OK)
        *err = engine_run(run->engine, INT64_MAX);
    return x;
}

static void print_trailer(const exchange_t *x, const outcome_t *o)
{
    char addr[ADDR_TEXT_MAX];
    if (o->rtt >= 0)
        printf(";; Query time: %.1f msec\n", (double)o->rtt / 1e6);
    printf(";; SERVER: %s#%u (%s)\n", addr_text(&x->server, addr), x->server.port,
           x->transport == TRANSPORT_UDP ? "UDP" : "TCP");
    if (o->reply != NULL && o->reply->bytes != NULL)
        printf(";; MSG SIZE  rcvd: %u\n", o->reply->size);
    putchar('\n');
}

/* What else happened: timeouts, ICMP errors, replies that do not match. */
static void print_events(run_t *run, const exchange_t *x)
{
    char line[1400];
    for (uint32_t i = 0; i < x->event_count; i++) {
        const event_t *e = &x->event[i];
        if (e->kind == EVENT_SENT || e->kind == EVENT_REPLY || e->kind == EVENT_TCP_OPEN)
            continue;
        event_describe(x, e, run->scratch, line, sizeof line);
        printf(";; +%.3f s %s\n", (double)(e->at - x->event[0].at) / 1e9, line);
    }
}

static void print_message(run_t *run, const query_spec_t *q, const event_t *e, const char *title)
{
    nsp_msg_t *m = &run->scratch->msg;
    reply_index(run->scratch, e->bytes, e->size);
    nsp_msg_validate(m);
    if (q->short_answer) {
        message_print_short(stdout, m);
        fflush(stdout);
        message_print_lack(stderr, m);
        return;
    }
    bool comments = (q->hidden & MESSAGE_COMMENTS) == 0;
    if (comments)
        printf("%s\n", title);
    if (q->hex)
        message_print_hex(stdout, m, SIZE_MAX);
    if (q->hex)
        putchar('\n');
    message_print(stdout, m, q->hidden);
    if (comments)
        return;
    fflush(stdout);
    message_print_lack(stderr, m);
}

static void print_text(run_t *run, const query_spec_t *q, const exchange_t *x, const outcome_t *o)
{
    const event_t *sent = exchange_query(x);
    if (!q->short_answer && sent != NULL && (q->show_query || q->hex))
        print_message(run, q, sent, ";; Sent:");
    bool comments = !q->short_answer && (q->hidden & MESSAGE_COMMENTS) == 0;
    if (comments || o->reply == NULL)
        print_events(run, x);
    const event_t *reply = exchange_reply(x);
    if (reply != NULL)
        print_message(run, q, reply, ";; Got answer:");
    else
        printf(";; no matching reply: %s\n", outcome_name(o->kind));
    if (!q->short_answer && (q->hidden & MESSAGE_STATS) == 0)
        print_trailer(x, o);
}

static void add_events(run_t *run, const exchange_t *x, nsp_text_t *t)
{
    nsp_text_str(t, "\"events\":[");
    for (uint32_t i = 0; i < x->event_count; i++) {
        char line[1400];
        event_describe(x, &x->event[i], run->scratch, line, sizeof line);
        nsp_text_printf(t, "%s{\"kind\":\"%s\",\"time\":%.6f,\"text\":", i > 0 ? "," : "",
                        event_name(x->event[i].kind), (double)x->event[i].at / 1e9);
        nsp_text_json_string(t, line, strlen(line));
        nsp_text_str(t, "}");
    }
    nsp_text_str(t, "]");
}

static void add_json(run_t *run, const exchange_t *x, const outcome_t *o, nsp_text_t *t)
{
    char addr[ADDR_TEXT_MAX];
    nsp_text_printf(t, "{\"server\":\"%s\",\"port\":%u,\"transport\":\"%s\",\"outcome\":\"%s\",",
                    addr_text(&x->server, addr), x->server.port,
                    x->transport == TRANSPORT_UDP ? "udp" : "tcp", outcome_name(o->kind));
    if (o->rtt >= 0)
        nsp_text_printf(t, "\"rtt\":%.6f,", (double)o->rtt / 1e9);
    else
        nsp_text_str(t, "\"rtt\":null,");
    add_events(run, x, t);
    nsp_text_str(t, ",\"reply\":");
    const event_t *reply = exchange_reply(x);
    if (reply != NULL) {
        nsp_msg_t *m = &run->scratch->msg;
        reply_index(run->scratch, reply->bytes, reply->size);
        nsp_msg_validate(m);
        nsp_json_msg(t, m);
    } else {
        nsp_text_str(t, "null");
    }
    nsp_text_str(t, "}\n");
}

/* False when memory is out. The text of a reply is as long as whoever wrote it likes: names of 255
 * octets take two where they are compressed. */
static bool print_json(run_t *run, const exchange_t *x, const outcome_t *o)
{
    nsp_text_t t = {.lost = 1};
    char *buf = NULL;
    for (size_t cap = JSON_ROOM; t.lost > 0; cap *= 2) {
        free(buf);
        buf = malloc(cap);
        if (buf == NULL)
            return false;
        nsp_text_begin(&t, buf, cap);
        add_json(run, x, o, &t);
    }
    fwrite(buf, 1, t.len, stdout);
    free(buf);
    return true;
}

static int exit_code_of(const outcome_t *o)
{
    if (o->kind == OUTCOME_ANSWERED)
        return EXIT_HEALTHY;
    return o->kind == OUTCOME_MALFORMED || o->kind == OUTCOME_MISMATCHED ? EXIT_ERRORS
                                                                         : EXIT_UNTESTED;
}

static int not_sent(const exchange_t *x, net_err_t err)
{
    fprintf(stderr, "nsprobe query: cannot send: %s\n",
            session_lack(x == NULL ? NET_E_MEMORY : err));
    return EXIT_UNTESTED;
}

static int run_one(run_t *run, const query_spec_t *q, const addr_t *server)
{
    net_err_t err = NET_OK;
    outcome_t o;
    if (q->send_hex != NULL) {
        int rc = read_octets(run, q->send_hex);
        if (rc != 0)
            return rc;
    } else if (!build_question(run, q)) {
        return usage_error("query", "the query does not fit into 65535 octets");
    }
    exchange_t *x = ask(run, q, server, q->tcp ? TRANSPORT_TCP : TRANSPORT_UDP, &err);
    if (x == NULL || (err != NET_OK && err != NET_E_INTERRUPTED))
        return not_sent(x, err);
    outcome_of(x, &o, run->scratch);
    bool truncated = o.kind == OUTCOME_ANSWERED && nsp_msg_has(&run->scratch->msg, NSP_FLAG_TC);
    if (truncated && !q->tcp && !q->ignore_tc && err == NET_OK) {
        if (!q->json && !q->short_answer && (q->hidden & MESSAGE_COMMENTS) == 0)
            printf(";; Truncated, asking again over TCP.\n");
        x = ask(run, q, server, TRANSPORT_TCP, &err);
        if (x == NULL || (err != NET_OK && err != NET_E_INTERRUPTED))
            return not_sent(x, err);
        outcome_of(x, &o, run->scratch);
    }
    if (!q->json) {
        print_text(run, q, x, &o);
    } else if (!print_json(run, x, &o)) {
        fprintf(stderr, "nsprobe query: out of memory\n");
        return EXIT_UNTESTED;
    }
    if (err == NET_E_INTERRUPTED)
        return EXIT_INTERRUPTED;
    return exit_code_of(&o);
}

static net_err_t open_net(const query_list_t *list, net_t **net)
{
    if (list->item[0].raw)
        return net_raw_new(&stop_requested, net);
    return net_socket_new(&stop_requested, net);
}

static int run_all(run_t *run, const query_list_t *list, const addr_t *servers)
{
    int worst = EXIT_HEALTHY;
    exchange_set_init(&run->set, 0);
    run->scratch = malloc(sizeof *run->scratch);
    net_err_t err = open_net(list, &run->net);
    if (err == NET_E_PRIVILEGE) {
        fprintf(stderr, "nsprobe query: --raw needs CAP_NET_RAW; run: sudo setcap cap_net_raw+ep "
                        "$(command -v nsprobe)\n");
        return EXIT_UNTESTED;
    }
    if (err == NET_OK)
        err = engine_new(run->net, &run->set, NULL, &run->engine);
    if (err != NET_OK || run->scratch == NULL) {
        fprintf(stderr, "nsprobe query: %s\n", session_lack(err != NET_OK ? err : NET_E_MEMORY));
        return EXIT_UNTESTED;
    }
    for (size_t i = 0; i < list->count; i++) {
        int rc = run_one(run, &list->item[i], &servers[i]);
        worst = rc > worst ? rc : worst;
        if (rc >= EXIT_USAGE)
            break;
    }
    return worst;
}

static int query_prepare(const query_list_t *list, addr_t *servers)
{
    for (size_t i = 0; i < list->count; i++) {
        const query_spec_t *q = &list->item[i];
        int rc = find_server(q, &servers[i]);
        if (rc != 0)
            return rc;
        if (q->source.family != 0 && q->source.family != servers[i].family)
            return usage_error("query", "-b is of another family than the server's address");
    }
    return 0;
}

static int cmd_query(int argc, char **argv)
{
    query_list_t list = {0};
    addr_t servers[QUERIES_MAX] = {0};
    FILE *pcap = NULL;
    int rc = query_parse(&command_query, argc, argv, &list);
    if (rc == 0)
        rc = query_prepare(&list, servers);
    const char *path = rc == 0 ? list.item[0].pcap : NULL;
    if (rc == 0)
        rc = session_pcap_begin("query", path, &pcap);
    run_t *run = rc == 0 ? calloc(1, sizeof *run) : NULL;
    if (run != NULL) {
        common_catch_signals();
        rc = run_all(run, &list, servers);
        fflush(stdout);
        if (session_pcap_write("query", path, pcap, &run->set) != 0)
            rc = EXIT_UNTESTED;
        engine_free(run->engine);
        if (run->net != NULL)
            run->net->ops->destroy(run->net);
        exchange_set_free(&run->set);
        free(run->scratch);
        free(run);
    }
    if (session_pcap_end("query", path, pcap) != 0)
        rc = EXIT_UNTESTED;
    free(list.item);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_query = {"query",
                                      "[@SERVER[#PORT]] NAME [TYPE] [CLASS] [OPTION...]",
                                      "One exchange, shown as dig would, or octet by octet.",
                                      query_options,
                                      cmd_query,
                                      query_files};
