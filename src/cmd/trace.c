/* nsprobe trace: at which hop a DNS query stops. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "diagnose/way.h"
#include "exchange/icmp.h"

#define PROBES_MAX 10
/* Hops that are tried at once over TCP: each that reaches the server is a connection there. Where
 * none of them tells anything, the way is over. */
#define TCP_HOPS 8u

enum { T_HOPS = 1, T_PROBES, T_WAIT, T_SOURCE, T_TCP, T_RAW, T_JSON };

static const option_desc_t trace_options[] = {
    {T_HOPS, "max-hops", 'm', NULL, "N", "last hop that is tried (30)"},
    {T_PROBES, "probes", 'q', NULL, "N", "queries for each hop (3)"},
    {T_WAIT, "wait", 'w', NULL, "S", "seconds to wait for an answer (2)"},
    {T_SOURCE, "source", 'b', NULL, "ADDR", "send from this address"},
    {T_TCP, "tcp", 0, NULL, NULL, "over TCP, from the handshake on"},
    {T_RAW, "raw", 0, NULL, NULL, "own IP and UDP headers (needs CAP_NET_RAW)"},
    {T_JSON, "json", 'j', NULL, NULL, "one JSON object"},
    {0, NULL, 0, NULL, NULL, NULL},
};

typedef struct trace_args {
    bool has_server;
    addr_t server;
    bool has_name;
    nsp_name_t name;
    uint16_t type;
    uint32_t hops;
    uint32_t probes;
    int64_t wait;
    addr_t source;
    bool tcp;
    bool raw;
    bool json;
} trace_args_t;

typedef struct trace {
    const trace_args_t *args;
    exchange_set_t set;
    exchange_t *x[WAY_HOPS_MAX][PROBES_MAX];
    way_t way;
    bool interrupted;
} trace_t;

/* What the way came to. */
typedef enum trace_end {
    END_ANSWER,
    END_CONNECTION, /* TCP: taken or refused, and no answer */
    END_REJECTED,   /* an ICMP error that says that it goes no further */
    END_MAX_HOPS,   /* the last hop that was tried reported: it goes on */
    END_SILENCE,
    END_INTERRUPTED,
    END_NOT_SENT
} trace_end_t;

static int take_word(trace_args_t *t, const char *word)
{
    char err[200];
    uint16_t type = 0;
    if (word[0] == '@') {
        t->has_server = true;
        if (!addr_from_text(word + 1, strlen(word + 1), 53, &t->server))
            return usage_error("trace", "'%s': expected @ADDR or @ADDR#PORT", word);
        return 0;
    }
    if (t->has_name && nsp_type_from_text(word, strlen(word), &type) == NSP_OK) {
        t->type = type;
        return 0;
    }
    if (t->has_name)
        return usage_error("trace", "'%s' is not an RR type", word);
    t->has_name = true;
    if (!common_name(word, &t->name, err))
        return usage_error("trace", "name '%s': %s", word, err);
    return 0;
}

static int take_option(void *user, int id, const char *value)
{
    trace_args_t *t = user;
    switch (id) {
    case T_HOPS:
        if (!parse_u32(value, 1, WAY_HOPS_MAX, &t->hops))
            return usage_error("trace", "--max-hops '%s': expected 1 to %d", value, WAY_HOPS_MAX);
        return 0;
    case T_PROBES:
        if (!parse_u32(value, 1, PROBES_MAX, &t->probes))
            return usage_error("trace", "--probes '%s': expected 1 to %d", value, PROBES_MAX);
        return 0;
    case T_WAIT:
        if (!parse_seconds(value, &t->wait) || t->wait == 0)
            return usage_error("trace", "--wait '%s': expected seconds", value);
        return 0;
    case T_SOURCE:
        if (!addr_from_text(value, strlen(value), 0, &t->source))
            return usage_error("trace", "-b '%s': expected an address", value);
        return 0;
    case T_TCP:
        t->tcp = true;
        return 0;
    case T_RAW:
        t->raw = true;
        return 0;
    case T_JSON:
        t->json = true;
        return 0;
    default:
        return take_word(t, value);
    }
}

static int parse(trace_args_t *t, int argc, char **argv)
{
    t->hops = 30;
    t->probes = 3;
    t->wait = INT64_C(2000000000);
    t->type = NSP_TYPE_SOA;
    int rc = args_each(&command_trace, argc, argv, take_option, t);
    if (rc != 0)
        return rc;
    if (!t->has_server || !t->has_name)
        return usage_error("trace", "usage: nsprobe trace %s", command_trace.usage);
    if (t->source.family != 0 && t->source.family != t->server.family)
        return usage_error("trace", "-b is of another family than the server's address");
    if (t->tcp && t->raw)
        return usage_error("trace", "--raw is for UDP: it excludes --tcp");
    return 0;
}

/* Hops from begin to before end at once: each query is an exchange with its own TTL. */
static net_err_t ask_hops(trace_t *t, engine_t *e, uint32_t begin, uint32_t end)
{
    const trace_args_t *a = t->args;
    /* twice: the first query may be lost to neighbour discovery or a router's ICMP rate limit */
    schedule_t schedule = {.tries = 2, .wait = {a->wait, a->wait}};
    nsp_edns_t edns = {.udp_size = 1232};
    uint8_t wire[512];
    size_t size = 0;
    if (nsp_build_query(wire, sizeof wire, 0, 0, &a->name, a->type, NSP_CLASS_IN, &edns, &size) !=
        NSP_OK)
        return NET_E_MEMORY;
    for (uint32_t hop = begin; hop < end; hop++) {
        for (uint32_t i = 0; i < a->probes; i++) {
            engine_query_t q = {.transport = a->tcp ? TRANSPORT_TCP : TRANSPORT_UDP,
                                .server = a->server,
                                .source = a->source,
                                .wire = wire,
                                .size = size,
                                .ttl = (uint8_t)(hop + 1),
                                .schedule = &schedule};
            net_err_t err = engine_submit(e, &q, &t->x[hop][i]);
            if (err != NET_OK)
                return err;
        }
    }
    return engine_run(e, INT64_MAX);
}

/* Adds what came of these hops to the way. */
static void find_way(trace_t *t, uint32_t begin, uint32_t end)
{
    for (uint32_t hop = begin; hop < end; hop++)
        for (uint32_t i = 0; i < t->args->probes; i++)
            if (t->x[hop][i] != NULL)
                way_add(&t->way, hop + 1, t->x[hop][i]);
}

/* Over UDP all hops at once; over TCP some, until the way's end is known. */
static net_err_t ask_all(trace_t *t, engine_t *e)
{
    net_err_t err = NET_OK;
    const way_t *w = &t->way;
    uint32_t step = t->args->tcp ? TCP_HOPS : t->args->hops;
    for (uint32_t at = 0; err == NET_OK && at < t->args->hops; at += step) {
        uint32_t end = at + step < t->args->hops ? at + step : t->args->hops;
        err = ask_hops(t, e, at, end);
        find_way(t, at, end);
        if (w->answered != 0 || w->reached != 0 || w->stop != 0 || w->heard <= at)
            break;
    }
    return err;
}

static const char *event_text(const trace_t *t, const event_t *e)
{
    switch (e->kind) {
    case EVENT_REPLY:
        return "answer";
    case EVENT_TCP_OPEN:
        return "connection without an answer";
    case EVENT_TCP_REFUSED:
        return "connection refused";
    default:
        return icmp_text(t->args->server.family, e->icmp_type, e->icmp_code);
    }
}

/* Why nothing at all could be sent; NULL when something was. */
static const event_t *unsent(const trace_t *t)
{
    const event_t *failed = NULL;
    for (uint32_t i = 0; i < t->set.count; i++) {
        if (exchange_query(t->set.item[i]) != NULL)
            return NULL;
        failed = exchange_find(t->set.item[i], EVENT_SEND_FAILED);
    }
    return failed;
}

/* What ended the way, and at which hop: that of the router that ended it, where that is known. */
static trace_end_t end_of(const trace_t *t, unsigned *hop)
{
    const way_t *w = &t->way;
    *hop = w->answered;
    if (unsent(t) != NULL)
        return END_NOT_SENT;
    if (w->answered != 0)
        return END_ANSWER;
    *hop = w->reached;
    if (w->reached != 0)
        return END_CONNECTION;
    *hop = way_stop_router(w) != 0 ? way_stop_router(w) : w->stop;
    if (w->stop != 0)
        return END_REJECTED;
    *hop = w->heard;
    if (t->interrupted)
        return END_INTERRUPTED;
    return w->heard == t->args->hops ? END_MAX_HOPS : END_SILENCE;
}

/* The first hop that a router which had reported before lets nobody go on to; 0 for none. */
static unsigned barred_hop(const trace_t *t)
{
    unsigned router = way_stop_router(&t->way);
    return router != 0 ? router + 1 : 0;
}

static uint32_t shown_of(const trace_t *t)
{
    bool there = t->way.answered != 0 || t->way.reached != 0;
    return !there && barred_hop(t) != 0 ? barred_hop(t) : way_shown(&t->way);
}

/* What one query told, and when it was sent; NULL when nothing came. A router's rejection that was
 * lost for this hop (routers limit how many they send) is taken from a later one. */
static const event_t *probe_of(const trace_t *t, uint32_t hop, uint32_t i, const event_t **sent)
{
    const event_t *stop = way_stop(&t->way);
    const exchange_t *x = t->x[hop][i];
    const event_t *e = x != NULL ? way_event(x) : NULL;
    bool barred = hop + 1 == barred_hop(t);
    for (uint32_t k = hop + 1; barred && e == NULL && k < WAY_HOPS_MAX; k++) {
        x = t->x[k][i];
        e = x != NULL ? way_event(x) : NULL;
        if (e != NULL &&
            (e->kind != EVENT_ICMP || way_is_exceeded(e) || !addr_same_host(&e->peer, &stop->peer)))
            e = NULL;
    }
    *sent = e != NULL ? exchange_sent_of(x, e) : NULL;
    return *sent != NULL ? e : NULL;
}

/* "10.0.0.1  time to live exceeded  0.3 ms 0.2 ms *" */
static void print_hop(const trace_t *t, uint32_t hop)
{
    char from[ADDR_TEXT_MAX] = "";
    const char *what = "";
    char times[256] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < t->args->probes; i++) {
        const event_t *sent = NULL;
        const event_t *e = probe_of(t, hop, i, &sent);
        if (e == NULL) {
            n += (size_t)snprintf(times + n, sizeof times - n, " *");
            continue;
        }
        what = event_text(t, e);
        addr_text(&e->peer, from);
        if (e->resent)
            n += (size_t)snprintf(times + n, sizeof times - n, " resent");
        else
            n += (size_t)snprintf(times + n, sizeof times - n, " %.1f ms",
                                  (double)(e->at - sent->at) / 1e6);
    }
    printf("%3u  %-39s %s\n     %s\n", hop + 1, from[0] != '\0' ? from : "no report", what,
           times[0] == ' ' ? times + 1 : times);
}

static void print_end(const trace_t *t)
{
    char addr[ADDR_TEXT_MAX];
    unsigned hop = 0;
    const event_t *stop = way_stop(&t->way);
    switch (end_of(t, &hop)) {
    case END_ANSWER:
        printf("the server answers at hop %u\n", hop);
        break;
    case END_CONNECTION:
        printf("the query stops at hop %u: %s\n", hop, event_text(t, t->way.hop[hop - 1].e));
        break;
    case END_REJECTED:
        printf("the query stops at hop %u: %s, reported by %s\n", hop,
               icmp_text(t->args->server.family, stop->icmp_type, stop->icmp_code),
               addr_text(&stop->peer, addr));
        break;
    case END_MAX_HOPS:
        printf("the way goes on beyond hop %u, the last that was tried (-m)\n", hop);
        break;
    case END_SILENCE:
        printf("the query stops after hop %u: nothing is heard from further on\n", hop);
        break;
    case END_NOT_SENT:
        printf("not sent  %s\n", strerror(unsent(t)->os_error));
        break;
    case END_INTERRUPTED:
        break;
    }
    if (t->interrupted)
        printf("interrupted: what was learnt until then\n");
}

static void print_probe(const trace_t *t, uint32_t hop, uint32_t i)
{
    char addr[ADDR_TEXT_MAX];
    const event_t *sent = NULL;
    const event_t *e = probe_of(t, hop, i, &sent);
    if (e == NULL) {
        printf("null");
        return;
    }
    printf("{\"from\":\"%s\",\"kind\":\"%s\",\"rtt\":", addr_text(&e->peer, addr),
           event_text(t, e));
    if (e->resent)
        printf("null}");
    else
        printf("%.6f}", (double)(e->at - sent->at) / 1e9);
}

static void print_json(const trace_t *t, uint32_t shown)
{
    static const char *const ends[] = {
        [END_ANSWER] = "answer",     [END_CONNECTION] = "connection",
        [END_REJECTED] = "rejected", [END_MAX_HOPS] = "max-hops",
        [END_SILENCE] = "silence",   [END_INTERRUPTED] = "interrupted",
        [END_NOT_SENT] = "not-sent"};
    char addr[ADDR_TEXT_MAX];
    unsigned hop_end = 0;
    trace_end_t end = end_of(t, &hop_end);
    printf("{\"server\":\"%s\",\"transport\":\"%s\",\"answered_at\":%u,\"end\":\"%s\","
           "\"end_hop\":%u,\"interrupted\":%s,\"error\":",
           addr_text(&t->args->server, addr), t->args->tcp ? "tcp" : "udp", t->way.answered,
           ends[end], hop_end, t->interrupted ? "true" : "false");
    if (end == END_NOT_SENT)
        printf("\"%s\"", strerror(unsent(t)->os_error));
    else
        printf("null");
    printf(",\"hops\":[");
    for (uint32_t hop = 0; hop < shown; hop++) {
        printf("%s{\"hop\":%u,\"probes\":[", hop > 0 ? "," : "", hop + 1);
        for (uint32_t i = 0; i < t->args->probes; i++) {
            if (i > 0)
                putchar(',');
            print_probe(t, hop, i);
        }
        printf("]}");
    }
    printf("]}\n");
}

static int report(const trace_t *t)
{
    uint32_t shown = unsent(t) == NULL ? shown_of(t) : 0;
    if (t->args->json) {
        print_json(t, shown);
    } else {
        for (uint32_t hop = 0; hop < shown; hop++)
            print_hop(t, hop);
        print_end(t);
    }
    return t->interrupted ? EXIT_INTERRUPTED : t->way.answered != 0 ? EXIT_HEALTHY : EXIT_UNTESTED;
}

static int trace_over(net_t *net, const trace_args_t *a)
{
    engine_t *e = NULL;
    int rc = EXIT_UNTESTED;
    trace_t *t = calloc(1, sizeof *t);
    net_err_t err = NET_E_MEMORY;
    if (t != NULL) {
        t->args = a;
        exchange_set_init(&t->set, 0);
        err = engine_new(net, &t->set, NULL, &e);
    }
    if (err == NET_OK)
        err = ask_all(t, e);
    if (err == NET_OK || err == NET_E_INTERRUPTED) {
        t->interrupted = err == NET_E_INTERRUPTED;
        rc = report(t);
    } else {
        fprintf(stderr, "nsprobe trace: %s\n", session_lack(err));
    }
    engine_free(e);
    if (t != NULL)
        exchange_set_free(&t->set);
    free(t);
    return rc;
}

static int run_trace(const trace_args_t *a)
{
    net_t *net = NULL;
    net_err_t err =
        a->raw ? net_raw_new(&stop_requested, &net) : net_socket_new(&stop_requested, &net);
    if (err == NET_E_PRIVILEGE)
        fprintf(stderr, "nsprobe trace: --raw needs CAP_NET_RAW; run: sudo setcap cap_net_raw+ep "
                        "$(command -v nsprobe)\n");
    else if (err != NET_OK)
        fprintf(stderr, "nsprobe trace: %s\n", session_lack(err));
    if (err != NET_OK)
        return EXIT_UNTESTED;
    int rc = trace_over(net, a);
    net->ops->destroy(net);
    return rc;
}

static int cmd_trace(int argc, char **argv)
{
    trace_args_t a;
    memset(&a, 0, sizeof a);
    int rc = parse(&a, argc, argv);
    if (rc != 0)
        return rc < 0 ? EXIT_HEALTHY : rc;
    common_catch_signals();
    return run_trace(&a);
}

const command_desc_t command_trace = {"trace",
                                      "@ADDR[#PORT] NAME [TYPE] [OPTION...]",
                                      "The hop at which this very DNS query stops.",
                                      trace_options,
                                      cmd_trace,
                                      NULL};
