/* Many questions at once, over loopback, to a peer in the same thread that does what the first
 * label of each question says. The times below only say when a message counts as lost; nothing is
 * measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bulk/flight.h"
#include "proto/nsproto.h"

#define MS        INT64_C(1000000)
#define RESULTS   2000
#define SEEN      512
#define REPLY_MAX 2000

/* --- the peer --- */

typedef struct peer {
    int udp;
    int other; /* the same address, another port */
    int tcp;   /* -1: none */
    int connection;
    addr_t at;
    struct sockaddr_storage client; /* of the last query */
    socklen_t client_size;
    size_t held; /* queries that are kept back, answered together */
    size_t most_held;
    uint8_t hold[SEEN][FLIGHT_QUERY_MAX];
    size_t hold_size[SEEN];
    size_t queries;
    uint16_t ids[SEEN]; /* of the first queries */
    uint16_t ports[SEEN];
} peer_t;

static int bound_socket(int type, addr_t *at)
{
    struct sockaddr_storage sa;
    socklen_t n = addr_to_sockaddr(at, &sa);
    int size = 4 << 20;
    int fd = socket(sa.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, n) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    n = sizeof sa;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
    assert_true(addr_from_sockaddr((struct sockaddr *)&sa, n, at));
    return fd;
}

/* Returns false where the address cannot be had. */
static bool peer_open(peer_t *p, const char *text, bool tcp)
{
    addr_t other;
    memset(p, 0, sizeof *p);
    assert_true(addr_from_text(text, strlen(text), 53, &p->at));
    other = p->at;
    p->connection = p->tcp = -1;
    for (int tries = 0; tries < 20 && p->tcp < 0; tries++) {
        p->at.port = 0;
        p->udp = bound_socket(SOCK_DGRAM, &p->at);
        if (p->udp < 0)
            return false;
        if (!tcp)
            break;
        p->tcp = bound_socket(SOCK_STREAM, &p->at); /* the port that is free for UDP may be taken */
        if (p->tcp < 0)
            close(p->udp);
    }
    assert_true(!tcp || listen(p->tcp, 8) == 0);
    other.port = 0;
    p->other = bound_socket(SOCK_DGRAM, &other);
    return true;
}

static void peer_close(peer_t *p)
{
    close(p->udp);
    close(p->other);
    if (p->tcp >= 0)
        close(p->tcp);
    if (p->connection >= 0)
        close(p->connection);
}

static bool label_is(const uint8_t *query, const char *label)
{
    return query[12] == strlen(label) && memcmp(query + 13, label, query[12]) == 0;
}

/* A reply with one address in it. */
static size_t make_reply(const uint8_t *query, size_t size, uint8_t *out)
{
    static nsp_builder_t b;
    nsp_reader_t r = nsp_reader(query, size);
    nsp_name_t name;
    size_t n = 0;
    static const uint8_t address[4] = {192, 0, 2, 1};
    uint16_t id = nsp_read_u16(&r);
    nsp_read_bytes(&r, 10);
    assert_int_equal(nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &name), NSP_OK);
    uint16_t type = nsp_read_u16(&r);
    uint16_t class = nsp_read_u16(&r);
    nsp_build_begin(&b, out, REPLY_MAX, id, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, &name, type, class);
    assert_true(nsp_build_rr(&b, NSP_ANSWER, &name, NSP_TYPE_A, class, 60, address, 4));
    assert_int_equal(nsp_build_end(&b, &n), NSP_OK);
    return n;
}

static void peer_send(const peer_t *p, int fd, const uint8_t *bytes, size_t n)
{
    assert_int_equal(sendto(fd, bytes, n, 0, (const struct sockaddr *)&p->client, p->client_size),
                     n);
}

static void peer_answer(peer_t *p, const uint8_t *query, size_t size)
{
    uint8_t reply[REPLY_MAX];
    size_t n = make_reply(query, size, reply);
    int fd = p->udp;
    bool first = p->queries == 1 || p->ids[0] == 0;
    nsp_mangle_t kind;
    if (label_is(query, "silent") || (label_is(query, "once") && first))
        return;
    if (nsp_mangle_from_name((const char *)query + 13, query[12], &kind))
        assert_int_equal(nsp_mangle(kind, reply, &n, sizeof reply), NSP_OK);
    if (label_is(query, "wrongid"))
        reply[0] ^= 1;
    if (label_is(query, "wrongname"))
        reply[14] ^= 1;
    if (label_is(query, "otherletter"))
        reply[14] ^= 0x20; /* the same name (RFC 4343) */
    if (label_is(query, "query"))
        reply[2] &= 0x7f;
    if (label_is(query, "big") || label_is(query, "closed"))
        reply[2] |= 2; /* TC */
    if (label_is(query, "otherport"))
        fd = p->other;
    peer_send(p, fd, reply, n);
    if (label_is(query, "twice"))
        peer_send(p, fd, reply, n);
    if (label_is(query, "noise")) {
        peer_send(p, fd, (const uint8_t *)"", 0);
        peer_send(p, fd, (const uint8_t *)"x", 1);
    }
}

static void peer_tcp(peer_t *p)
{
    uint8_t in[FLIGHT_QUERY_MAX + 2];
    uint8_t out[REPLY_MAX + 2];
    if (p->tcp < 0)
        return;
    if (p->connection < 0)
        p->connection = accept4(p->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ssize_t n = p->connection >= 0 ? recv(p->connection, in, sizeof in, 0) : -1;
    if (n == 0) {
        close(p->connection);
        p->connection = -1;
    }
    if (n <= 2)
        return;
    size_t size = make_reply(in + 2, (size_t)n - 2, out + 2);
    out[0] = (uint8_t)(size >> 8);
    out[1] = (uint8_t)size;
    assert_int_equal(send(p->connection, out, size + 2, MSG_NOSIGNAL), size + 2);
}

/* Answers what came. */
static void peer_serve(peer_t *p)
{
    p->held = 0;
    for (;;) {
        uint8_t query[FLIGHT_QUERY_MAX];
        p->client_size = sizeof p->client;
        ssize_t n = recvfrom(p->udp, query, sizeof query, 0, (struct sockaddr *)&p->client,
                             &p->client_size);
        if (n < 0)
            break;
        assert_true(n > NSP_HEADER_SIZE);
        p->queries++;
        if (p->queries <= SEEN) {
            addr_t from;
            assert_true(addr_from_sockaddr((struct sockaddr *)&p->client, p->client_size, &from));
            p->ids[p->queries - 1] = (uint16_t)(query[0] << 8 | query[1]);
            p->ports[p->queries - 1] = from.port;
        }
        p->held++;
        peer_answer(p, query, (size_t)n);
    }
    p->most_held = p->held > p->most_held ? p->held : p->most_held;
    peer_tcp(p);
}

/* --- results --- */

typedef struct results {
    size_t count;
    flight_result_t r[RESULTS]; /* by number */
    unsigned answers[RESULTS];  /* records */
    unsigned times[RESULTS];
} results_t;

static void on_result(void *user, const flight_result_t *r)
{
    results_t *out = user;
    assert_true(r->number < RESULTS);
    out->count++;
    out->r[r->number] = *r;
    out->times[r->number]++;
    if (r->reply != NULL)
        out->answers[r->number] = r->reply->count[NSP_ANSWER];
}

static void ask(flight_t *f, uint64_t number, const addr_t *server, const char *label)
{
    char text[80];
    uint8_t wire[FLIGHT_QUERY_MAX];
    size_t size = 0;
    nsp_name_t name;
    nsp_edns_t edns = {.udp_size = 1232};
    snprintf(text, sizeof text, "%s.test.", label);
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
    assert_int_equal(
        nsp_build_query(wire, sizeof wire, 0, 0, &name, NSP_TYPE_A, NSP_CLASS_IN, &edns, &size),
        NSP_OK);
    assert_true(flight_has_room(f));
    flight_ask(f, number, server, wire, size);
}

static flight_options_t quick(void)
{
    flight_options_t o = flight_options_default();
    o.schedule = (schedule_t){.tries = 2, .wait = {300 * MS, 300 * MS}};
    return o;
}

static void run(flight_t *f, peer_t *p)
{
    while (flight_pending(f) > 0) {
        flight_step(f, flight_now() + 5 * MS);
        if (p != NULL)
            peer_serve(p);
    }
    assert_int_equal(flight_outstanding(f), 0);
}

/* One question. */
static flight_result_t one(const char *address, const char *label, peer_t *p, flight_stats_t *stats)
{
    flight_options_t o = quick();
    results_t *out = calloc(1, sizeof *out);
    assert_non_null(out);
    assert_true(peer_open(p, address, strcmp(label, "big") == 0));
    flight_t *f = flight_new(&o, on_result, out);
    assert_non_null(f);
    ask(f, 7, &p->at, label);
    run(f, p);
    assert_int_equal(out->count, 1);
    assert_int_equal(out->times[7], 1);
    flight_result_t r = out->r[7];
    r.reply = NULL;
    *stats = *flight_stats(f);
    flight_free(f);
    peer_close(p);
    free(out);
    return r;
}

/* --- tests --- */

static const struct {
    const char *label;
    outcome_kind_t outcome;
    transport_t transport;
    unsigned attempts;
    uint8_t mismatch;
    unsigned strays;
} cases[] = {
    {"good", OUTCOME_ANSWERED, TRANSPORT_UDP, 1, 0, 0},
    {"otherletter", OUTCOME_ANSWERED, TRANSPORT_UDP, 1, 0, 0},
    {"twice", OUTCOME_ANSWERED, TRANSPORT_UDP, 1, 0, 1},
    {"noise", OUTCOME_ANSWERED, TRANSPORT_UDP, 1, 0, 2},
    {"once", OUTCOME_ANSWERED, TRANSPORT_UDP, 2, 0, 0},
    {"silent", OUTCOME_SILENT, TRANSPORT_UDP, 2, 0, 0},
    {"wrongid", OUTCOME_SILENT, TRANSPORT_UDP, 2, 0, 2},
    {"wrongname", OUTCOME_MISMATCHED, TRANSPORT_UDP, 2, MISMATCH_QUESTION, 2},
    {"query", OUTCOME_MISMATCHED, TRANSPORT_UDP, 2, MISMATCH_QR, 2},
    {"otherport", OUTCOME_MISMATCHED, TRANSPORT_UDP, 2, MISMATCH_PORT, 2},
    {"big", OUTCOME_ANSWERED, TRANSPORT_TCP, 1, 0, 0},
    {"closed", OUTCOME_REFUSED, TRANSPORT_TCP, 1, 0, 0},
};

static void outcomes_of(const char *address)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        peer_t p;
        flight_stats_t s;
        flight_result_t r = one(address, cases[i].label, &p, &s);
        if (r.outcome != cases[i].outcome || r.transport != cases[i].transport ||
            r.attempts != cases[i].attempts || r.mismatch != cases[i].mismatch ||
            s.strays < cases[i].strays || (cases[i].strays == 0 && s.strays > 0))
            fail_msg("%s %s: %s over %d, %u attempts, mismatch %u, %u strays", address,
                     cases[i].label, outcome_name(r.outcome), r.transport, r.attempts, r.mismatch,
                     (unsigned)s.strays);
        assert_int_equal(s.sent, r.attempts);
        assert_int_equal(r.truncated, r.transport == TRANSPORT_TCP);
        if (r.transport == TRANSPORT_UDP)
            assert_int_equal(r.rtt >= 0, r.outcome == OUTCOME_ANSWERED);
        assert_int_equal(p.queries, r.attempts);
        if (r.attempts == 2) /* the same message again, from the same port */
            assert_true(p.ids[0] == p.ids[1] && p.ports[0] == p.ports[1]);
    }
}

static void outcomes_v4(void **state)
{
    (void)state;
    outcomes_of("127.0.0.1");
}

static void outcomes_v6(void **state)
{
    peer_t p;
    (void)state;
    if (!peer_open(&p, "::1", false))
        skip();
    peer_close(&p);
    outcomes_of("::1");
}

/* No broken reply is taken for a good one. */
static void broken_replies(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < NSP_MANGLE_COUNT; kind++) {
        peer_t p;
        flight_stats_t s;
        const char *label = nsp_mangle_name((nsp_mangle_t)kind);
        flight_result_t r = one("127.0.0.1", label, &p, &s);
        if (r.outcome != OUTCOME_MALFORMED && r.outcome != OUTCOME_MISMATCHED &&
            r.outcome != OUTCOME_SILENT)
            fail_msg("%s: %s", label, outcome_name(r.outcome));
        if (r.outcome == OUTCOME_MALFORMED)
            assert_int_not_equal(r.fault, NSP_OK);
    }
}

/* A reply from an address that was not asked. */
static void other_address(void **state)
{
    peer_t p;
    results_t *out = calloc(1, sizeof *out);
    flight_options_t o = quick();
    addr_t other;
    (void)state;
    assert_non_null(out);
    assert_true(peer_open(&p, "127.0.0.1", false));
    assert_true(addr_from_text("127.0.0.2", 9, 53, &other));
    other.port = 0;
    close(p.other);
    p.other = bound_socket(SOCK_DGRAM, &other);
    assert_true(p.other >= 0);
    flight_t *f = flight_new(&o, on_result, out);
    ask(f, 0, &p.at, "otherport");
    run(f, &p);
    assert_int_equal(out->r[0].outcome, OUTCOME_MISMATCHED);
    assert_int_equal(out->r[0].mismatch, MISMATCH_ADDRESS);
    flight_free(f);
    peer_close(&p);
    free(out);
}

/* Where file descriptors are short, a truncated reply has no connection, and ends all the same;
 * later ones have theirs. */
static void no_descriptors(void **state)
{
    static const int lefts[] = {0, 1, 3}; /* the peer's own connection needs one too */
    (void)state;
    for (size_t k = 0; k < sizeof lefts / sizeof lefts[0]; k++) {
        peer_t p;
        int left = lefts[k];
        results_t *out = calloc(1, sizeof *out);
        flight_options_t o = quick();
        int taken[1024];
        size_t count = 0;
        struct rlimit few;
        struct rlimit before;
        assert_non_null(out);
        assert_true(peer_open(&p, "127.0.0.1", true));
        flight_t *f = flight_new(&o, on_result, out);
        ask(f, 0, &p.at, "big");
        flight_step(f, flight_now() + 5 * MS);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = before;
        few.rlim_cur = 200;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        while ((taken[count] = dup(p.udp)) >= 0)
            count++;
        for (int i = 0; i < left; i++)
            close(taken[--count]);
        for (int i = 0; i < 200 && flight_pending(f) > 0; i++) {
            flight_step(f, flight_now() + 5 * MS);
            peer_serve(&p);
        }
        while (count > 0)
            close(taken[--count]);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(flight_pending(f), 0);
        assert_int_equal(out->r[0].outcome, left < 2 ? OUTCOME_NOT_SENT : OUTCOME_ANSWERED);
        assert_int_equal(out->r[0].os_error, left < 2 ? EMFILE : 0);
        ask(f, 1, &p.at, "big");
        run(f, &p);
        assert_int_equal(out->r[1].outcome, OUTCOME_ANSWERED);
        flight_free(f);
        peer_close(&p);
        free(out);
    }
}

/* Nothing listens there, in both families; and an address that the kernel sends nothing to. */
static void refused(void **state)
{
    static const char *const text[] = {"127.0.0.1", "::1"};
    results_t *out = calloc(1, sizeof *out);
    flight_options_t o = quick();
    flight_t *f = flight_new(&o, on_result, out);
    addr_t broadcast;
    bool there[2] = {false};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        peer_t p;
        there[i] = peer_open(&p, text[i], false);
        if (!there[i])
            continue;
        peer_close(&p);
        ask(f, i, &p.at, "good");
    }
    assert_true(addr_from_text("255.255.255.255", 15, 53, &broadcast));
    ask(f, 2, &broadcast, "good");
    run(f, NULL);
    assert_int_equal(out->r[0].outcome, OUTCOME_ICMP);
    assert_true(out->r[0].icmp_type == 3 && out->r[0].icmp_code == 3);
    assert_int_equal(out->r[0].attempts, 2);
    if (there[1]) {
        assert_int_equal(out->r[1].outcome, OUTCOME_ICMP);
        assert_true(out->r[1].icmp_type == 1 && out->r[1].icmp_code == 4);
    }
    assert_int_equal(out->r[2].outcome, OUTCOME_NOT_SENT);
    assert_true(out->r[2].os_error == EACCES || out->r[2].os_error == ENETUNREACH);
    flight_free(f);
    free(out);
}

/* More questions than slots, through few of them: each ends once, and IDs and ports vary. */
static void many(void **state)
{
    peer_t p;
    results_t *out = calloc(1, sizeof *out);
    flight_options_t o = quick();
    size_t asked = 0;
    unsigned same_port = 0;
    unsigned next_id = 0;
    (void)state;
    assert_non_null(out);
    assert_true(peer_open(&p, "127.0.0.1", false));
    o.slots = 100;
    o.outstanding = 50;
    o.schedule.wait[0] = 60 * 1000 * MS; /* none is lost, however busy the machine is */
    flight_t *f = flight_new(&o, on_result, out);
    while (asked < RESULTS || flight_pending(f) > 0) {
        while (asked < RESULTS && flight_has_room(f)) {
            char label[20];
            snprintf(label, sizeof label, "h%zu", asked * asked * asked); /* of many lengths */
            ask(f, asked++, &p.at, label);
        }
        assert_true(flight_pending(f) <= 100);
        flight_step(f, flight_now() + 5 * MS);
        assert_true(flight_outstanding(f) <= 50);
        peer_serve(&p);
    }
    for (size_t i = 0; i < RESULTS; i++) {
        assert_int_equal(out->times[i], 1);
        assert_int_equal(out->r[i].outcome, OUTCOME_ANSWERED);
        assert_int_equal(out->answers[i], 1);
    }
    assert_int_equal(flight_stats(f)->asked, RESULTS);
    assert_int_equal(flight_stats(f)->ended, RESULTS);
    for (size_t i = 1; i < SEEN; i++) {
        same_port += p.ports[i] == p.ports[0];
        next_id += p.ids[i] == (uint16_t)(p.ids[i - 1] + 1);
    }
    assert_true(same_port < SEEN / 2);
    assert_true(next_id < 8);
    flight_free(f);
    peer_close(&p);
    free(out);
}

/* One address has no more at once than its lane is wide, and others need not wait for it. */
static void lanes(void **state)
{
    peer_t p;
    peer_t dead;
    results_t *out = calloc(1, sizeof *out);
    flight_options_t o = quick();
    (void)state;
    assert_non_null(out);
    assert_true(peer_open(&p, "127.0.0.1", false));
    assert_true(peer_open(&dead, "127.0.0.1", false)); /* never served */
    o.lane = 10;
    flight_t *f = flight_new(&o, on_result, out);
    for (unsigned i = 0; i < 30; i++)
        ask(f, i, &dead.at, "good");
    for (unsigned i = 30; i < 130; i++)
        ask(f, i, &p.at, "good");
    while (out->count < 100) {
        flight_step(f, flight_now() + 5 * MS);
        peer_serve(&p);
    }
    assert_int_equal(p.most_held, 10);
    for (unsigned i = 30; i < 130; i++)
        assert_int_equal(out->r[i].outcome, OUTCOME_ANSWERED);
    run(f, &p);
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(out->r[i].outcome, OUTCOME_SILENT);
    flight_free(f);
    peer_close(&p);
    peer_close(&dead);
    free(out);
}

/* Limits hold a question back until its turn has come, and are told of its end. */
static void limited(void **state)
{
    peer_t p;
    results_t *out = calloc(1, sizeof *out);
    limits_options_t l = {.address_rate = 200, .address_at_once = 2, .addresses = 64};
    flight_options_t o = quick();
    (void)state;
    assert_non_null(out);
    assert_true(peer_open(&p, "127.0.0.1", false));
    o.limits = limits_new(&l);
    assert_non_null(o.limits);
    flight_t *f = flight_new(&o, on_result, out);
    int64_t began = flight_now();
    for (unsigned i = 0; i < 21; i++)
        ask(f, i, &p.at, i == 3 ? "silent" : "good");
    run(f, &p);
    assert_true(flight_now() - began >= 20 * 5 * MS);
    assert_true(p.most_held <= 2);
    for (unsigned i = 0; i < 21; i++)
        assert_int_equal(out->r[i].outcome, i == 3 ? OUTCOME_SILENT : OUTCOME_ANSWERED);
    flight_free(f);
    limits_free(o.limits);
    peer_close(&p);
    free(out);
}

/* A source port that the caller chose. */
static void source_port(void **state)
{
    peer_t p;
    peer_t mine;
    results_t *out = calloc(1, sizeof *out);
    flight_options_t o = quick();
    (void)state;
    assert_non_null(out);
    assert_true(peer_open(&p, "127.0.0.1", false));
    assert_true(peer_open(&mine, "127.0.0.1", false));
    peer_close(&mine);
    o.pool.source4 = mine.at;
    flight_t *f = flight_new(&o, on_result, out);
    for (unsigned i = 0; i < 20; i++)
        ask(f, i, &p.at, "good");
    run(f, &p);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(out->r[i].outcome, OUTCOME_ANSWERED);
        assert_int_equal(p.ports[i], mine.at.port);
    }
    flight_free(f);
    peer_close(&p);
    free(out);
}

/* --- a loop for each thread --- */

typedef struct flyer {
    pthread_t thread;
    addr_t server;
    results_t out;
    limits_t *limits;
} flyer_t;

static void *fly(void *user)
{
    flyer_t *me = user;
    flight_options_t o = quick();
    o.limits = me->limits;
    o.schedule.tries = 9;
    for (unsigned i = 2; i < 9; i++)
        o.schedule.wait[i] = 1000 * MS;
    flight_t *f = flight_new(&o, on_result, &me->out);
    size_t asked = 0;
    while (f != NULL && (asked < RESULTS || flight_pending(f) > 0)) {
        while (asked < RESULTS && flight_has_room(f))
            ask(f, asked++, &me->server, "good");
        flight_step(f, flight_now() + 5 * MS);
    }
    flight_free(f);
    return NULL;
}

/* Each has sockets of its own; the limits are shared. */
static void threads(void **state)
{
    peer_t p;
    limits_options_t l = {.address_at_once = 20, .addresses = 64};
    flyer_t *flyer = calloc(2, sizeof *flyer);
    (void)state;
    assert_non_null(flyer);
    assert_true(peer_open(&p, "127.0.0.1", false));
    limits_t *shared = limits_new(&l);
    assert_non_null(shared);
    for (unsigned i = 0; i < 2; i++) {
        flyer[i].server = p.at;
        flyer[i].limits = shared;
        assert_int_equal(pthread_create(&flyer[i].thread, NULL, fly, &flyer[i]), 0);
    }
    while (pthread_tryjoin_np(flyer[0].thread, NULL) != 0)
        peer_serve(&p);
    while (pthread_tryjoin_np(flyer[1].thread, NULL) != 0)
        peer_serve(&p);
    for (unsigned i = 0; i < RESULTS; i++) {
        assert_int_equal(flyer[0].out.times[i], 1);
        assert_int_equal(flyer[1].out.times[i], 1);
        assert_int_equal(flyer[0].out.r[i].outcome, OUTCOME_ANSWERED);
        assert_int_equal(flyer[1].out.r[i].outcome, OUTCOME_ANSWERED);
    }
    limits_free(shared);
    peer_close(&p);
    free(flyer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_v4),    cmocka_unit_test(outcomes_v6),
        cmocka_unit_test(broken_replies), cmocka_unit_test(other_address),
        cmocka_unit_test(refused),        cmocka_unit_test(many),
        cmocka_unit_test(lanes),          cmocka_unit_test(limited),
        cmocka_unit_test(no_descriptors), cmocka_unit_test(source_port),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
