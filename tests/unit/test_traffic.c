/* Diagnosis of traffic: each finding where it must appear, and beside it where it must not; counts,
 * order, bounds of memory. Flows are made by hand. */
#include "diagnose/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/nsproto.h"

#define MS   INT64_C(1000000)
#define SEC  INT64_C(1000000000)
#define BASE (INT64_C(1700000000) * SEC)

/* Flows that are alike. What is 0 is as in a healthy exchange over UDP, A of www.test., without
 * EDNS, answered with authority after 5 ms. */
typedef struct part {
    unsigned count;  /* of flows */
    unsigned server; /* last octet; 0: 1 */
    char what; /* 0 answered, s no reply after wait, p pending, v evicted, o a reply alone, d a
                  duplicate, b a connection without a question */
    bool tcp;
    const char *events; /* letters, see event_of */
    unsigned attempts;
    unsigned late; /* 1: the reply is for the first attempt */
    int wait;      /* ms until it ended */
    const char *name;
    uint16_t type;
    uint16_t qclass;
    unsigned opcode;
    uint16_t room; /* EDNS with so much; 0: none */
    uint8_t version;
    uint16_t option; /* an EDNS option of eight octets */
    bool rd;
    uint16_t rcode;
    bool no_aa, ra, tc, no_opt;
    char authority; /* n a referral, r one to the root */
    bool empty;     /* no records in the answer */
    uint32_t serial;
    unsigned size; /* of TXT data */
    bool fragments;
    uint16_t id;    /* 0: one of its own */
    char data;      /* letter that data are made of */
    char twist;     /* t trailing octets, c cut by the capture, x the question has trailing
                       octets, k the question is signed (TSIG), n a checksum as no other is right,
                       m the same and trailing octets, w trailing octets and a wrong checksum, q the
                       same, and the question has it, e a reply that was recorded before its
                       question */
    int at;         /* seconds since the flow before; 0: 1 */
    uint8_t net;    /* the server's network; 0: 2 */
    uint8_t client; /* the client's; 0: 2 */
    bool six;       /* over IPv6 */
} part_t;

#define PARTS 8
typedef struct traffic_case {
    const char *title;
    const char *expect; /* "id@server ..." in the order of findings */
    part_t part[PARTS];
    unsigned one_way; /* 1: for certain; 2: no packet of any server */
} traffic_case_t;

static nsp_name_t name_of(const char *text)
{
    nsp_name_t n;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &n, NULL), NSP_OK);
    return n;
}

static addr_t address(const part_t *p, uint8_t net, unsigned last, uint16_t port)
{
    uint8_t four[4] = {192, 0, net != 0 ? net : 2, (uint8_t)last};
    uint8_t six[16] = {0x20, 1, 0x0d, 0xb8, 0, net, [15] = (uint8_t)last};
    return p->six ? addr_from_octets(six, 16, port) : addr_from_octets(four, 4, port);
}

static uint16_t type_of(const part_t *p)
{
    return p->type != 0 ? p->type : NSP_TYPE_A;
}

static void put_name(uint8_t *out, size_t *n, const char *text)
{
    nsp_name_t name = name_of(text);
    memcpy(out + *n, name.octets, name.len);
    *n += name.len;
}

/* RDATA of the type asked for. */
static size_t rdata_of(const part_t *p, uint8_t *out)
{
    size_t n = 0;
    uint8_t letter = (uint8_t)(p->data != 0 ? p->data : 'x');
    char host[] = "a.host.test.";
    host[0] = (char)letter;
    switch (type_of(p)) {
    case NSP_TYPE_SOA:
        put_name(out, &n, host);
        put_name(out, &n, "h.test.");
        memset(out + n, 0, 20);
        out[n + 2] = (uint8_t)(p->serial >> 8);
        out[n + 3] = (uint8_t)p->serial;
        return n + 20;
    case NSP_TYPE_NS:
        put_name(out, &n, host);
        return n;
    case NSP_TYPE_TXT:
        for (unsigned left = p->size != 0 ? p->size : 5; left > 0;) {
            unsigned here = left > 255 ? 255 : left;
            out[n++] = (uint8_t)here;
            memset(out + n, letter, here);
            n += here;
            left -= here;
        }
        return n;
    default:
        memset(out, letter, 16);
        return type_of(p) == NSP_TYPE_AAAA ? 16u : 4u;
    }
}

static uint32_t build_query(const part_t *p, uint16_t id, uint8_t *buf, size_t cap)
{
    static const uint8_t tsig[] = {0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 17, 0, 0, 0,
                                   0, 0, 0,   0, 0,   0, 0, 0, 0, 0, 0,  0, 0, 0};
    nsp_name_t name = name_of(p->name != NULL ? p->name : "www.test.");
    nsp_edns_t edns = {.udp_size = p->room, .version = p->version};
    edns.option_count = p->option != 0;
    edns.option[0] = (nsp_edns_option_t){p->option, 8, (const uint8_t *)"cookies!"};
    uint16_t flags = (uint16_t)((p->rd ? NSP_FLAG_RD : 0) | p->opcode << 11);
    size_t size = 0;
    assert_int_equal(nsp_build_query(buf, cap, id, flags, &name, type_of(p),
                                     p->qclass != 0 ? p->qclass : NSP_CLASS_IN,
                                     p->room != 0 ? &edns : NULL, &size),
                     NSP_OK);
    if (p->twist == 'x')
        buf[size++] = 0;
    if (p->twist == 'k') {
        memcpy(buf + size, tsig, sizeof tsig);
        size += sizeof tsig;
        buf[11]++;
    }
    return (uint32_t)size;
}

static uint32_t build_reply(const part_t *p, uint16_t id, uint8_t *buf, size_t cap)
{
    static uint8_t rdata[70000];
    nsp_builder_t b;
    nsp_name_t name = name_of(p->name != NULL ? p->name : "www.test.");
    nsp_name_t zone = name_of(p->authority == 'r' ? "." : "sub.test.");
    nsp_edns_t edns = {.udp_size = 1232, .ext_rcode = (uint8_t)(p->rcode >> 4)};
    bool data = !p->empty && p->rcode == 0 && p->authority == 0;
    size_t size = 0;
    uint16_t flags = (uint16_t)(NSP_FLAG_QR | (p->no_aa ? 0 : NSP_FLAG_AA) |
                                (p->tc ? NSP_FLAG_TC : 0) | (p->ra ? NSP_FLAG_RA : 0) |
                                (p->rd ? NSP_FLAG_RD : 0) | p->opcode << 11 | (p->rcode & 15));
    nsp_build_begin(&b, buf, cap, id, flags);
    nsp_build_question(&b, &name, type_of(p), p->qclass != 0 ? p->qclass : NSP_CLASS_IN);
    if (data && !p->tc)
        assert_true(nsp_build_rr(&b, NSP_ANSWER, &name, type_of(p), NSP_CLASS_IN, 60, rdata,
                                 (uint16_t)rdata_of(p, rdata)));
    if (p->authority != 0) {
        size_t n = 0;
        put_name(rdata, &n, "ns.test.");
        nsp_build_rr(&b, NSP_AUTHORITY, &zone, NSP_TYPE_NS, NSP_CLASS_IN, 60, rdata, (uint16_t)n);
    }
    if (p->room != 0 && !p->no_opt)
        nsp_build_opt(&b, &edns);
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    if (p->twist == 't' || p->twist == 'w' || p->twist == 'q' || p->twist == 'm')
        buf[size++] = 0;
    return (uint32_t)size;
}

static flow_event_t event_of(char c, const part_t *p)
{
    static const struct {
        char letter;
        flow_event_kind_t kind;
        uint8_t mismatch, type, code;
    } kinds[] = {
        {'A', FLOW_EVENT_MISMATCH, MISMATCH_ADDRESS, 0, 0},
        {'P', FLOW_EVENT_MISMATCH, MISMATCH_PORT, 0, 0},
        {'I', FLOW_EVENT_MISMATCH, MISMATCH_ID, 0, 0},
        {'Q', FLOW_EVENT_MISMATCH, MISMATCH_QUESTION, 0, 0},
        {'R', FLOW_EVENT_MISMATCH, MISMATCH_QR, 0, 0},
        {'H', FLOW_EVENT_MISMATCH, MISMATCH_HEADER, 0, 0},
        {'i', FLOW_EVENT_ICMP, 0, 3, 3},
        {'j', FLOW_EVENT_ICMP, 0, 3, 13},
        {'f', FLOW_EVENT_ICMP, 0, 3, 4},
        {'l', FLOW_EVENT_LOST, 0, 0, 0},
        {'D', FLOW_EVENT_DAMAGED, 0, 0, 0},
        {'W', FLOW_EVENT_DAMAGED, MISMATCH_QUESTION, 0, 0},
        {'o', FLOW_EVENT_TCP_OPEN, 0, 0, 0},
        {'x', FLOW_EVENT_TCP_REFUSED, 0, 0, 0},
        {'r', FLOW_EVENT_TCP_RESET, 0, 0, 0},
        {'c', FLOW_EVENT_TCP_CLOSED, 0, 0, 0},
        {'s', FLOW_EVENT_SYN_AGAIN, 0, 0, 0},
        {'y', FLOW_EVENT_RETRY, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        flow_event_t e = {
            .kind = kinds[i].kind,
            .attempt = 1,
            .mismatch = kinds[i].mismatch,
            .icmp_type = kinds[i].type,
            .icmp_code = kinds[i].code,
            .peer = address(p, p->net, c == 'j' ? 254 : (p->server != 0 ? p->server : 1), 0)};
        if (kinds[i].letter == c)
            return e;
    }
    fail_msg("no event %c", c);
    return (flow_event_t){0};
}

static void messages_of(flow_t *f, const part_t *p, uint64_t number)
{
    static uint8_t query[600];
    static uint8_t reply[70000];
    uint16_t id = p->id != 0 ? p->id : (uint16_t)number;
    uint32_t size = build_query(p, id, query, 512);
    if (p->what != 'o' && p->what != 'd' && p->what != 'b')
        f->query = (flow_message_t){query, size, size, f->began, number, 0};
    else
        f->notes |= FLOW_NO_QUERY;
    size = build_reply(p, id, reply, sizeof reply - 1);
    f->reply = (flow_message_t){reply, size, size, f->ended, number, 0};
    if (p->what != 0 && p->what != 'o' && p->what != 'd')
        memset(&f->reply, 0, sizeof f->reply);
    else if (p->twist == 'c')
        f->reply.size = NSP_HEADER_SIZE + 3;
    if (f->reply.bytes != NULL && f->query.bytes != NULL)
        f->notes |= FLOW_ANSWERED;
}

static void feed_one(traffic_t *t, const part_t *p, uint64_t number, int64_t at)
{
    flow_event_t event[FLOW_EVENTS_MAX];
    unsigned attempts = p->attempts != 0 ? p->attempts : 1;
    int wait = p->wait != 0 ? p->wait : (p->what == 's' || p->what == 'b') ? 20000 : 5;
    flow_t f = {.number = number, .transport = p->tcp ? TRANSPORT_TCP : TRANSPORT_UDP};
    f.client = address(p, p->client, 100, (uint16_t)(1024 + number % 60000));
    f.server = address(p, p->net, p->server != 0 ? p->server : 1, 53);
    f.connection = p->tcp ? number : 0;
    f.attempts = p->what == 'o' || p->what == 'd' || p->what == 'b' ? 0 : attempts;
    f.began = at;
    f.asked = at;
    f.ended = at + wait * MS;
    for (unsigned i = 1; i < attempts; i++)
        event[f.event_count++] = event_of('y', p);
    for (const char *c = p->events; c != NULL && *c != '\0'; c++)
        event[f.event_count++] = event_of(*c, p);
    f.event = event;
    if (p->what == 'p')
        f.notes |= FLOW_PENDING;
    if (p->what == 'v')
        f.notes |= FLOW_EVICTED;
    if (p->what == 'd')
        f.notes |= FLOW_DUPLICATE;
    if (p->fragments)
        f.notes |= FLOW_FRAGMENTS;
    if (p->late != 0)
        f.notes |= FLOW_LATE;
    if (p->twist == 'n' || p->twist == 'm')
        f.notes |= FLOW_NEVER_RIGHT | FLOW_REPLY_NEVER;
    if (p->twist == 'e')
        f.notes |= FLOW_REPLY_FIRST;
    if (p->twist == 'w')
        f.notes |= FLOW_CHECKSUM | FLOW_REPLY_BAD_SUM;
    if (p->twist == 'q')
        f.notes |= FLOW_CHECKSUM | FLOW_NEVER_RIGHT;
    messages_of(&f, p, number);
    traffic_feed(t, &f);
}

static void feed_parts(traffic_t *t, const part_t *part, uint64_t *number, int64_t *at)
{
    for (size_t i = 0; i < PARTS && part[i].count > 0; i++) {
        for (unsigned k = 0; k < part[i].count; k++) {
            *at += (part[i].at != 0 ? part[i].at : 1) * SEC;
            feed_one(t, &part[i], ++*number, *at);
        }
    }
}

/* "id@server id@server", in order. */
static void findings_text(const finding_list_t *list, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        const finding_t *f = &list->item[i];
        n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? " " : "", finding_desc(f->id)->id);
        if (f->severity != finding_desc(f->id)->severity)
            n += (size_t)snprintf(out + n, cap - n, "(%s)", severity_name(f->severity));
        if (f->has_addr)
            n += (size_t)snprintf(out + n, cap - n, "@%u",
                                  f->addr.octets[f->addr.family == 4 ? 3 : 15]);
        assert_true(n < cap);
    }
}

static bool needs_evidence(const finding_t *f)
{
    return f->id != FINDING_SLOW && f->id != FINDING_ONE_WAY_CAPTURE;
}

static traffic_t *run(const traffic_options_t *o, const part_t *part, unsigned one_way,
                      finding_list_t *list)
{
    uint64_t number = 0;
    int64_t at = BASE;
    traffic_end_t end = {.one_way = one_way == 1, .no_server = one_way == 2};
    traffic_t *t = traffic_new(o);
    assert_non_null(t);
    finding_list_init(list);
    feed_parts(t, part, &number, &at);
    end.end = at;
    assert_true(traffic_finish(t, &end, list));
    return t;
}

/* queries = answered + unanswered + pending, for every server and for all of them. */
static void counts_add_up(const traffic_t *t)
{
    for (size_t i = 0; i <= traffic_server_count(t); i++) {
        const traffic_server_t *s = i > 0 ? traffic_server(t, i - 1) : traffic_total(t);
        assert_int_equal(s->n.queries, s->n.answered + s->n.unanswered + s->n.pending);
        assert_int_equal(s->n.queries, s->n.udp_queries + s->n.tcp_queries);
        assert_true(s->n.silent <= s->n.unanswered);
        assert_true(s->latency.count <= s->n.answered);
    }
}

/* For each finding one case where it appears, and others that are near it and must not have it. */

#define GOOD(n)                                                                                    \
    {                                                                                              \
        .count = (n), .room = 1232                                                                 \
    }
#define GOOD_AT(n, s)                                                                              \
    {                                                                                              \
        .count = (n), .server = (s), .room = 1232                                                  \
    }

/* A server of a network of its own that does not answer a client that asks again. */
#define DEAD_IN(n, s)                                                                              \
    {                                                                                              \
        .count = 1, .what = 's', .attempts = 3, .net = (n), .server = (s)                          \
    }
#define DEAD6_IN(n, s)                                                                             \
    {                                                                                              \
        .count = 1, .what = 's', .attempts = 3, .net = (n), .server = (s), .six = true             \
    }

#include "traffic_cases_reach.h"
#include "traffic_cases_reply.h"
#include "traffic_cases_room.h"

static const struct {
    const traffic_case_t *item;
    size_t count;
} sets[] = {
    {reach_cases, sizeof reach_cases / sizeof reach_cases[0]},
    {reply_cases, sizeof reply_cases / sizeof reply_cases[0]},
    {room_cases, sizeof room_cases / sizeof room_cases[0]},
};

static unsigned bad_case(const traffic_case_t *c)
{
    traffic_options_t o = traffic_options_default();
    finding_list_t list;
    char text[600];
    traffic_t *t = run(&o, c->part, c->one_way, &list);
    findings_text(&list, text, sizeof text);
    bool bad = strcmp(text, c->expect) != 0;
    if (bad)
        print_error("%s:\n got  %s\n want %s\n", c->title, text, c->expect);
    for (size_t k = 0; k < list.count; k++)
        if (needs_evidence(&list.item[k]) && list.item[k].evidence_count == 0)
            fail_msg("%s: no evidence for %s", c->title, finding_desc(list.item[k].id)->id);
    counts_add_up(t);
    finding_list_free(&list);
    traffic_free(t);
    return bad;
}

static void test_cases(void **state)
{
    (void)state;
    unsigned bad = 0;
    for (size_t k = 0; k < sizeof sets / sizeof sets[0]; k++)
        for (size_t i = 0; i < sets[k].count; i++)
            bad += bad_case(&sets[k].item[i]);
    assert_int_equal(bad, 0);
}

/* With room for one server, one name and no evidence, everything is still counted. */
static void test_eviction(void **state)
{
    traffic_options_t o = traffic_options_default();
    part_t part = {.type = NSP_TYPE_SOA, .room = 1232};
    (void)state;
    for (uint32_t room = 0; room < 4; room++) {
        char name[32];
        finding_list_t list;
        o.servers_max = o.names_max = o.samples_max = room;
        o.memory = room * 100;
        traffic_t *t = traffic_new(&o);
        assert_non_null(t);
        finding_list_init(&list);
        for (unsigned i = 0; i < 600; i++) {
            snprintf(name, sizeof name, "n%u.test.", i % 50);
            part.server = 1 + i % 60;
            part.what = i % 3 == 0 ? 's' : 0;
            part.serial = i;
            part.name = name;
            part.attempts = 1 + i % 4;
            feed_one(t, &part, i + 1, BASE + i * SEC);
        }
        assert_true(traffic_finish(t, NULL, &list));
        size_t kept = room > 0 ? room : 1;
        assert_int_equal(traffic_server_count(t), kept);
        assert_int_equal(traffic_servers_dropped(t), 600 - kept);
        assert_int_equal(traffic_total(t)->n.queries, 600);
        assert_int_equal(traffic_total(t)->n.silent, 200);
        assert_true(traffic_names_dropped(t) > 0);
        assert_true(traffic_samples(t)->count <= room);
        counts_add_up(t);
        finding_list_free(&list);
        traffic_free(t);
    }
}

/* What came from a server that had to make room since came all the same. */
static void test_eviction_heard(void **state)
{
    (void)state;
    for (int heard = 0; heard < 2; heard++) {
        traffic_options_t o = traffic_options_default();
        part_t part = {.net = 9, .what = 's', .attempts = 3};
        finding_list_t list;
        char text[600];
        o.servers_max = 4;
        traffic_t *t = traffic_new(&o);
        assert_non_null(t);
        finding_list_init(&list);
        part.what = heard != 0 ? 0 : 's';
        feed_one(t, &part, 1, BASE);
        part.what = 's';
        for (part.net = 1; part.net <= 4; part.net++) {
            part.server = part.net;
            feed_one(t, &part, 1u + part.net, BASE + part.net * SEC);
        }
        assert_true(traffic_finish(t, NULL, &list));
        assert_int_equal(traffic_servers_dropped(t), 1);
        assert_int_equal(traffic_is_unheard(t), heard == 0);
        findings_text(&list, text, sizeof text);
        assert_string_equal(text, heard != 0 ? "unresponsive@1 unresponsive@2 unresponsive@3 "
                                               "unresponsive@4"
                                             : "untested");
        finding_list_free(&list);
        traffic_free(t);
    }
}

/* Memory is shared out: what it makes room for fits. */
static void test_memory(void **state)
{
    (void)state;
    for (size_t octets = 0; octets < (size_t)1 << 30; octets = octets * 4 + 1000) {
        traffic_options_t o = traffic_options_default();
        traffic_options_memory(&o, octets);
        assert_true(o.memory <= octets / 2);
        assert_true(o.servers_max * sizeof(traffic_server_t) <= octets / 4);
        if (octets > 20000000)
            continue;
        traffic_t *t = traffic_new(&o);
        assert_non_null(t);
        traffic_free(t);
    }
}

static void good_counts(const traffic_server_t *good)
{
    assert_int_equal(good->n.queries, 9);
    assert_int_equal(good->n.answered, 8);
    assert_int_equal(good->n.pending, 1);
    assert_int_equal(good->n.recovered, 5);
    assert_int_equal(good->n.retried, 5);
    assert_int_equal(good->n.edns_queries, 5);
    assert_int_equal(good->n.big_answered, 5);
    assert_int_equal(good->n.plain_answered, 2);
    assert_int_equal(good->n.negative, 2);
    assert_int_equal(good->n.tcp_answered, 1);
    assert_int_equal(good->n.tcp_connections, 3);
    assert_int_equal(good->n.tcp_refused, 2);
    assert_int_equal(good->n.duplicates, 4);
    assert_int_equal(good->n.orphans, 2);
    assert_int_equal(good->rcode[NSP_RCODE_NXDOMAIN], 2);
    assert_int_equal(good->rcode[NSP_RCODE_NOERROR], 6);
    assert_int_equal(good->type_count, 3);
    assert_int_equal(good->type[0].type, NSP_TYPE_A);
    assert_int_equal(good->type[0].count, 6);
    assert_int_equal(good->latency.max, 105 * MS);
    assert_int_equal(good->latency.min, 5 * MS);
}

static void test_counts(void **state)
{
    static const part_t part[PARTS] = {
        {.count = 5, .room = 4096, .attempts = 2},
        {.count = 3, .server = 2, .what = 's', .attempts = 3},
        {.count = 2, .rcode = NSP_RCODE_NXDOMAIN, .type = NSP_TYPE_MX, .wait = 105},
        {.count = 1, .tcp = true, .events = "o", .type = NSP_TYPE_AAAA},
        {.count = 2, .what = 'b', .tcp = true, .events = "x", .wait = 1},
        {.count = 4, .what = 'd'},
        {.count = 1, .what = 'p'},
        {.count = 2, .what = 'o'},
    };
    traffic_options_t o = traffic_options_default();
    finding_list_t list;
    (void)state;
    traffic_t *t = run(&o, part, 0, &list);
    assert_int_equal(traffic_server_count(t), 2);
    const traffic_server_t *dead = traffic_server(t, 0); /* in most trouble */
    const traffic_server_t *all = traffic_total(t);
    assert_int_equal(dead->addr.octets[3], 2);
    assert_int_equal(dead->n.udp_silent, 3);
    assert_int_equal(dead->n.retries, 6);
    good_counts(traffic_server(t, 1));
    assert_true(traffic_server(t, 1)->first == BASE + SEC);
    assert_int_equal(all->n.queries, 12);
    assert_int_equal(all->rcode[NSP_RCODE_NOERROR], 6);
    assert_int_equal(all->latency.count, 8);
    assert_int_equal(all->addr.family, 0);
    counts_add_up(t);
    finding_list_free(&list);
    traffic_free(t);
}

/* Malformed queries are counted, retries included, and the first are told; no finding is made of
 * them, nor are cut or damaged ones counted. */
static void test_malformed_queries(void **state)
{
    static const part_t part[PARTS] = {
        {.count = 6, .twist = 'x', .attempts = 2},
        {.count = 2, .server = 2, .twist = 'k'},
        {.count = 3, .server = 2, .room = 1232},
        {.count = 2, .server = 2, .what = 'd', .twist = 't'},
    };
    traffic_options_t o = traffic_options_default();
    finding_list_t list;
    (void)state;
    traffic_t *t = run(&o, part, 0, &list);
    const traffic_server_t *s = traffic_server(t, 1);
    const traffic_server_t *other = traffic_server(t, 0);
    assert_int_equal(s->addr.octets[3], 1);
    assert_int_equal(s->n.malformed_queries, 12);
    assert_int_equal(s->n.malformed, 0);
    assert_int_equal(s->query_fault_count, TRAFFIC_FAULTS_MAX);
    assert_int_equal(s->query_fault[0].fault, NSP_E_TRAILING);
    assert_int_equal(s->query_fault[0].offset, 12 + 10 + 4);
    assert_int_equal(other->n.malformed_queries, 0);
    assert_int_equal(other->n.malformed, 2); /* of duplicates */
    assert_int_equal(traffic_total(t)->n.malformed_queries, 12);
    assert_int_equal(traffic_total(t)->query_fault_count, TRAFFIC_FAULTS_MAX);
    for (size_t i = 0; i < list.count; i++)
        assert_true(list.item[i].id != FINDING_MALFORMED || list.item[i].addr.octets[3] == 2);
    finding_list_free(&list);
    traffic_free(t);
}

static void same_twice(const traffic_case_t *c)
{
    traffic_options_t o = traffic_options_default();
    finding_list_t list[2];
    traffic_t *t[2];
    for (int k = 0; k < 2; k++)
        t[k] = run(&o, c->part, c->one_way, &list[k]);
    assert_int_equal(list[0].count, list[1].count);
    for (size_t f = 0; f < list[0].count; f++) {
        assert_string_equal(list[0].item[f].text, list[1].item[f].text);
        assert_int_equal(list[0].item[f].evidence_count, list[1].item[f].evidence_count);
        assert_memory_equal(list[0].item[f].evidence, list[1].item[f].evidence,
                            sizeof list[0].item[f].evidence);
    }
    for (size_t s = 0; s < traffic_server_count(t[0]); s++)
        assert_true(addr_equal(&traffic_server(t[0], s)->addr, &traffic_server(t[1], s)->addr));
    for (int k = 0; k < 2; k++) {
        finding_list_free(&list[k]);
        traffic_free(t[k]);
    }
}

/* The same flows give the same findings, evidence and order of servers. */
static void test_determinism(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof sets / sizeof sets[0]; k++)
        for (size_t i = 0; i < sets[k].count; i++)
            same_twice(&sets[k].item[i]);
}

/* Many names that are wrong at one server are one finding, which says how many. */
static void test_many_names(void **state)
{
    traffic_options_t o = traffic_options_default();
    finding_list_t list;
    char text[600];
    uint64_t number = 0;
    traffic_t *t = traffic_new(&o);
    (void)state;
    finding_list_init(&list);
    for (unsigned i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "n%u.test.", i);
        for (unsigned s = 1; s <= 3; s++) {
            part_t soa = {
                .server = s, .name = name, .type = NSP_TYPE_SOA, .serial = s == 2 ? 7 : 9};
            part_t txt = {
                .server = s, .name = name, .type = NSP_TYPE_TXT, .data = s == 3 ? 'y' : 0};
            number += 2;
            feed_one(t, &soa, number, BASE + (int64_t)number * MS);
            feed_one(t, &txt, number + 1, BASE + (int64_t)number * MS);
        }
    }
    assert_true(traffic_finish(t, NULL, &list));
    findings_text(&list, text, sizeof text);
    assert_string_equal(text, "serial-differs@2 answers-differ@3");
    assert_non_null(strstr(list.item[0].text, "39 more zones"));
    assert_non_null(strstr(list.item[1].text, "39 other names"));
    finding_list_free(&list);
    traffic_free(t);
}

/* What is said in words. */
static void test_texts(void **state)
{
    static const struct {
        part_t part[PARTS];
        const char *text;
        unsigned one_way;
    } texts[] = {
        {{{.count = 5, .room = 1232, .tc = true}, {.count = 4, .tcp = true, .tc = true}},
         "5 answers over UDP are cut; over TCP 4 of 4 are cut as well.",
         0},
        {{GOOD(5), {.count = 3, .tcp = true}, {.count = 1, .tcp = true, .tc = true}},
         "Over TCP 1 of 4 answers is cut.",
         0},
        {{{.count = 1, .what = 's'}},
         "1 query was captured and no packet of any server. Where most are asked only once, "
         "replies "
         "came another way; which servers are silent, if any, cannot be told.",
         2},
        {{{.count = 2, .what = 's'}},
         "2 queries were captured and no packet of any server. Where most are asked only once, "
         "replies came another way; which servers are silent, if any, cannot be told.",
         2},
        {{{.count = 1, .type = NSP_TYPE_SOA, .serial = 9, .name = "a.test."},
          {.count = 1, .server = 2, .type = NSP_TYPE_SOA, .serial = 7, .name = "a.test."},
          {.count = 1, .type = NSP_TYPE_SOA, .serial = 9, .name = "b.test."},
          {.count = 1, .server = 2, .type = NSP_TYPE_SOA, .serial = 7, .name = "b.test."}},
         "Serial 7 of a.test. here; 9 at 192.0.2.1. 1 more zone is behind.",
         0},
        {{DEAD_IN(1, 1), DEAD_IN(2, 2), DEAD_IN(3, 3), DEAD_IN(4, 4)},
         "None of the 4 addresses that 192.0.2.100 asked answers, and nobody else does in this "
         "capture: DNS does not get out from there, or its answers do not get in. Often a firewall "
         "or the provider lets it through to certain resolvers only; \"nsprobe trace @192.0.1.1 . "
         "NS\" shows where the way ends.",
         2},
        {{DEAD6_IN(1, 1), DEAD6_IN(2, 2), DEAD6_IN(3, 3), DEAD6_IN(4, 4), GOOD(5)},
         "None of the 4 IPv6 addresses that 2001:db8::64 asked answers, and others do over IPv4: "
         "IPv6 does not work there. \"nsprobe trace @2001:db8:1::1 . NS\" shows where the way "
         "ends.",
         0},
    };
    traffic_options_t o = traffic_options_default();
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        finding_list_t list;
        traffic_t *t = run(&o, texts[i].part, texts[i].one_way, &list);
        assert_int_equal(list.count, 1);
        assert_string_equal(list.item[0].text, texts[i].text);
        finding_list_free(&list);
        traffic_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),          cmocka_unit_test(test_texts),
        cmocka_unit_test(test_eviction),       cmocka_unit_test(test_memory),
        cmocka_unit_test(test_counts),         cmocka_unit_test(test_malformed_queries),
        cmocka_unit_test(test_determinism),    cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_eviction_heard),
    };
    return cmocka_run_group_tests_name("traffic", tests, NULL, NULL);
}
