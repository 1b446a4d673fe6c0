/* The loop of bulk over sockets and a clock that the input plays. Whatever peers, kernel and time
 * do, each question ends once, with what came of it: a reply that matches in every respect ends it
 * at once, and nothing else is taken for one; no more is on its way than is allowed.
 *
 * Three octets of options, then steps: a question, what comes of a message that was sent, time that
 * passes, a send that fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bulk/flight.h"
#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUESTIONS_MAX 64u
#define SENT_MAX      256u
#define COMING_MAX    16u
#define REPLY_MAX     600u
#define SERVERS       6u

/* A question, as the target has asked it. */
typedef struct asked {
    uint8_t server;
    bool ended;
    bool answered; /* a reply that matches was delivered while it was on its way */
    unsigned sent;
} asked_t;

/* A message that was sent. */
typedef struct sent {
    uint32_t question;
    uint16_t sock;
    uint16_t size;
    pool_peer_t to;
    uint8_t wire[FLIGHT_QUERY_MAX];
} sent_t;

/* What is to be received. */
typedef struct coming {
    pool_event_t event;
    pool_peer_t peer;
    uint8_t *bytes;
    uint32_t question; /* that it answers in every respect; QUESTIONS_MAX: none */
    bool bare;         /* it repeats no question: whoever has its ID there may take it */
} coming_t;

typedef struct play {
    flight_t *flight;
    flight_options_t o;
    int64_t clock;
    uint64_t random;
    int fails; /* error of the next message that is sent, 0: none */
    uint32_t asked_count;
    uint32_t sent_count;
    uint32_t coming_count;
    uint32_t ended;
    const coming_t *given; /* while it is received */
    asked_t asked[QUESTIONS_MAX];
    sent_t sent[SENT_MAX];
    coming_t coming[COMING_MAX];
} play_t;

static play_t play;

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* --- instead of kernel and clock --- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                           struct timespec *left);
ssize_t __wrap_getrandom(void *buf, size_t n, unsigned flags);
pool_t *__wrap_pool_new(const pool_options_t *o);
void __wrap_pool_free(pool_t *p);
unsigned __wrap_pool_open(pool_t *p, uint8_t family, int *error);
void __wrap_pool_send(pool_t *p, uint16_t sock, pool_item_t *item, size_t count);
void __wrap_pool_wait(pool_t *p, int64_t timeout);
size_t __wrap_pool_receive(pool_t *p, pool_sink_t *sink, void *user);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    t->tv_sec = (time_t)(play.clock / 1000000000);
    t->tv_nsec = (long)(play.clock % 1000000000);
    return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                           struct timespec *left)
{
    (void)clock;
    (void)flags;
    (void)left;
    play.clock += t->tv_nsec;
    return 0;
}

/* Few values, so that IDs meet. */
ssize_t __wrap_getrandom(void *buf, size_t n, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < n; i++) {
        play.random = play.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)buf)[i] = (uint8_t)(play.random >> 61);
    }
    return (ssize_t)n;
}

pool_t *__wrap_pool_new(const pool_options_t *o)
{
    (void)o;
    return (pool_t *)(void *)&play;
}

void __wrap_pool_free(pool_t *p)
{
    (void)p;
}

unsigned __wrap_pool_open(pool_t *p, uint8_t family, int *error)
{
    (void)p;
    bool none = family == 6 && play.o.pool.sockets == 3;
    if (none)
        *error = EAFNOSUPPORT;
    return none ? 0 : play.o.pool.sockets;
}

/* Its number stands in the first label. */
static uint32_t question_of(const uint8_t *wire, size_t size)
{
    need(size > NSP_HEADER_SIZE + 3 && wire[NSP_HEADER_SIZE] == 2);
    return (wire[NSP_HEADER_SIZE + 1] - '0') * 10u + wire[NSP_HEADER_SIZE + 2] - '0';
}

static void keep_sent(uint16_t sock, const pool_item_t *item)
{
    uint32_t number = question_of(item->wire, item->size);
    need(number < play.asked_count && !play.asked[number].ended);
    play.asked[number].sent++;
    need(play.asked[number].sent <= play.o.schedule.tries);
    if (play.sent_count == SENT_MAX)
        return;
    sent_t *s = &play.sent[play.sent_count++];
    *s = (sent_t){.question = number, .sock = sock, .size = (uint16_t)item->size, .to = *item->to};
    memcpy(s->wire, item->wire, item->size);
}

void __wrap_pool_send(pool_t *p, uint16_t sock, pool_item_t *item, size_t count)
{
    (void)p;
    need(count <= POOL_BATCH);
    for (size_t i = 0; i < count; i++) {
        need(item[i].size <= FLIGHT_QUERY_MAX);
        item[i].error = play.fails;
        if (play.fails == 0)
            keep_sent(sock, &item[i]);
        play.fails = 0;
    }
}

void __wrap_pool_wait(pool_t *p, int64_t timeout)
{
    (void)p;
    need(timeout >= 0);
    if (play.coming_count == 0)
        play.clock += timeout;
}

size_t __wrap_pool_receive(pool_t *p, pool_sink_t *sink, void *user)
{
    size_t n = play.coming_count;
    (void)p;
    for (size_t i = 0; i < n; i++) {
        coming_t *c = &play.coming[i];
        bool open = c->question < QUESTIONS_MAX && !play.asked[c->question].ended;
        play.given = c;
        c->event.peer = &c->peer;
        c->event.bytes = c->bytes;
        sink(user, &c->event, 1);
        need(!open || play.asked[c->question].ended);
        free(c->bytes);
    }
    play.given = NULL;
    play.coming_count = 0;
    return n;
}

/* --- results --- */

static void check_reply(const flight_result_t *r, const asked_t *a)
{
    const coming_t *c = play.given;
    pool_peer_t server;
    pool_peer_of(r->server, &server);
    need(c != NULL && (c->question == r->number || c->bare));
    need(pool_same_peer(&c->peer, &server) && r->rtt >= 0 && r->reply != NULL);
    need((r->outcome == OUTCOME_MALFORMED) == (r->fault != NSP_OK));
    need(r->fault == NSP_OK || r->fault_offset <= c->event.size);
    need(r->truncated == (c->event.size >= NSP_HEADER_SIZE && (c->bytes[2] & 2) != 0));
    need(a->sent > 0);
}

static void on_result(void *user, const flight_result_t *r)
{
    (void)user;
    need(r->number < play.asked_count);
    asked_t *a = &play.asked[r->number];
    need(!a->ended && question_of(r->query, r->query_size) == r->number);
    a->ended = true;
    play.ended++;
    need(r->attempts >= a->sent && r->attempts <= play.o.schedule.tries);
    if (r->outcome == OUTCOME_ANSWERED || r->outcome == OUTCOME_MALFORMED)
        check_reply(r, a);
    else
        need(r->reply == NULL && r->rtt < 0);
    need(r->outcome != OUTCOME_NOT_SENT || r->os_error != 0);
    need(r->outcome != OUTCOME_MISMATCHED || r->mismatch != 0);
    need(r->outcome != OUTCOME_SILENT || (a->sent == play.o.schedule.tries && r->mismatch == 0));
}

/* --- what the input does --- */

static void server_at(unsigned i, addr_t *out)
{
    static const char *const text[SERVERS] = {"192.0.2.1",   "192.0.2.2",   "192.0.2.1#54",
                                              "2001:db8::1", "2001:db8::2", "198.51.100.7"};
    need(addr_from_text(text[i % SERVERS], strlen(text[i % SERVERS]), 53, out));
}

static void ask(nsp_reader_t *in)
{
    static const char *const rest[] = {"example", "EXAMPLE.net", "a.b.c.example", "x"};
    char text[40];
    uint8_t wire[FLIGHT_QUERY_MAX];
    size_t size = 0;
    nsp_name_t name;
    addr_t server;
    uint8_t what = nsp_read_u8(in);
    nsp_edns_t edns = {.udp_size = 1232};
    if (play.asked_count == QUESTIONS_MAX || !flight_has_room(play.flight))
        return;
    uint32_t number = play.asked_count++;
    size_t n = (size_t)snprintf(text, sizeof text, "%02u.%s.", number, rest[what >> 6]);
    need(nsp_name_from_text(text, n, NULL, &name, NULL) == NSP_OK);
    need(nsp_build_query(wire, sizeof wire, 7, 0, &name, NSP_TYPE_A, NSP_CLASS_IN,
                         (what & 0x20) != 0 ? &edns : NULL, &size) == NSP_OK);
    server_at(what & 15u, &server);
    play.asked[number] = (asked_t){.server = (uint8_t)((what & 15u) % SERVERS)};
    flight_ask(play.flight, number, &server, wire, size);
}

/* How a reply differs from one that matches: bits. */
enum {
    OTHER_HOST = 1,
    OTHER_PORT = 2,
    OTHER_ID = 4,
    NO_QR = 8,
    OTHER_NAME = 16,
    NO_QUESTION = 32,
    CUT = 64
};

static void spoil(coming_t *c, unsigned how)
{
    addr_t from;
    if ((how & (OTHER_HOST | OTHER_PORT)) != 0) {
        need(addr_from_sockaddr(&c->peer.any, sizeof c->peer, &from));
        from.octets[from.family == 4 ? 3 : 15] ^= how & OTHER_HOST ? 0x40 : 0;
        from.port ^= (how & OTHER_PORT) != 0 ? 0x4000 : 0;
        pool_peer_of(&from, &c->peer);
    }
    if ((how & OTHER_ID) != 0)
        c->bytes[1] ^= 0x10;
    if ((how & NO_QR) != 0)
        c->bytes[2] &= 0x7f;
    if ((how & OTHER_NAME) != 0)
        c->bytes[NSP_HEADER_SIZE + 4] ^= 1;
}

/* Case, which servers may change, and octets behind the question, which may be anything. */
static uint32_t build(nsp_reader_t *in, const sent_t *s, uint8_t *to)
{
    uint8_t flags = nsp_read_u8(in);
    uint8_t more = nsp_read_u8(in);
    const uint8_t *rest = nsp_read_bytes(in, more);
    uint32_t n = s->size;
    memcpy(to, s->wire, n);
    to[2] = (uint8_t)(0x80 | (flags & 7));
    to[3] = flags >> 4;
    if ((flags & 8) != 0 && (to[NSP_HEADER_SIZE + 4] | 0x20) >= 'a')
        to[NSP_HEADER_SIZE + 4] ^= 0x20;
    if (rest != NULL) {
        memcpy(to + n, rest, more);
        n += more;
    }
    return n;
}

static void reply(nsp_reader_t *in)
{
    uint8_t octets[REPLY_MAX + 256];
    unsigned at = nsp_read_u8(in);
    unsigned how = nsp_read_u8(in);
    if (play.sent_count == 0 || play.coming_count == COMING_MAX)
        return;
    const sent_t *s = &play.sent[at % play.sent_count];
    coming_t *c = &play.coming[play.coming_count++];
    uint32_t n = build(in, s, octets);
    bool whole = (how & CUT) == 0;
    *c = (coming_t){.event = {.sock = s->sock}, .peer = s->to, .question = QUESTIONS_MAX};
    if (!whole) /* what is left has no whole question */
        n = nsp_read_u8(in) % (NSP_HEADER_SIZE + 8u);
    if ((how & NO_QUESTION) != 0) { /* then ID and ends alone tell */
        octets[5] = 0;
        how &= ~(unsigned)(OTHER_NAME | OTHER_ID);
    }
    c->event.cut = (octets[3] & 1) != 0;
    c->event.size = n;
    c->bytes = exact_copy(octets, n);
    if (whole)
        spoil(c, how);
    if ((how & (OTHER_HOST | OTHER_PORT | OTHER_ID | NO_QR | OTHER_NAME)) != 0 && whole)
        return;
    c->bare = !whole || (how & NO_QUESTION) != 0;
    c->question = c->bare ? QUESTIONS_MAX : s->question;
}

static void icmp(nsp_reader_t *in)
{
    unsigned at = nsp_read_u8(in);
    uint8_t n = nsp_read_u8(in);
    if (play.sent_count == 0 || play.coming_count == COMING_MAX)
        return;
    const sent_t *s = &play.sent[at % play.sent_count];
    coming_t *c = &play.coming[play.coming_count++];
    *c = (coming_t){.event = {.sock = s->sock, .icmp = true, .icmp_type = 3, .icmp_code = n % 16},
                    .peer = s->to,
                    .question = QUESTIONS_MAX};
    c->event.size = n < s->size ? n : s->size;
    c->bytes = exact_copy(s->wire, c->event.size);
}

static void check_limits(void)
{
    const flight_stats_t *st = flight_stats(play.flight);
    need(flight_pending(play.flight) == play.asked_count - play.ended);
    need(flight_outstanding(play.flight) <= play.o.outstanding);
    need(flight_outstanding(play.flight) <= flight_pending(play.flight));
    need(st->asked == play.asked_count && st->ended == play.ended);
}

static void step(int64_t time)
{
    flight_step(play.flight, play.clock + time);
    check_limits();
}

static void act(nsp_reader_t *in)
{
    static const int errors[] = {EAGAIN, ENETUNREACH, EPERM, ECONNREFUSED};
    uint8_t what = nsp_read_u8(in);
    switch (what % 8) {
    case 0:
    case 1:
        ask(in);
        break;
    case 2:
    case 3:
        reply(in);
        break;
    case 4:
        icmp(in);
        break;
    case 5:
        play.fails = errors[what / 8 % 4];
        break;
    case 6:
        play.clock += (int64_t)nsp_read_u8(in) * 20000000;
        break;
    default:
        step((int64_t)(what / 8) * 1000000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsp_reader_t in = nsp_reader(data, size);
    memset(&play, 0, sizeof play);
    play.clock = INT64_C(1000000000000);
    play.o = flight_options_default();
    play.o.slots = 1u + nsp_read_u8(&in) % 64;
    play.o.outstanding = 1u + nsp_read_u8(&in) % 40;
    uint8_t more = nsp_read_u8(&in);
    play.o.schedule.tries = 1 + more % 3;
    play.o.pool.sockets = 1 + (more >> 2) % 4;
    play.o.lane = (more & 0x10) != 0 ? 0 : 1u + (more >> 5);
    play.o.no_tcp = true; /* TCP has the engine's sockets, which have a target of their own */
    play.random = more;
    play.flight = flight_new(&play.o, on_result, NULL);
    need(play.flight != NULL);
    while (nsp_left(&in) > 0 && in.err == NSP_OK)
        act(&in);
    play.fails = 0;
    for (unsigned i = 0; flight_pending(play.flight) > 0; i++) {
        need(i < 20000);
        step(INT64_C(500000000));
    }
    step(0);
    flight_free(play.flight);
    return 0;
}
