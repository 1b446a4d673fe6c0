#include "bulk/flight.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bulk/flight_slot.h"
#include "bulk/flight_tcp.h"

#define SECOND INT64_C(1000000000)
#define NONE   UINT32_MAX
/* How soon the next attempt follows an ICMP error, and a full buffer of the kernel. */
#define AFTER_ICMP (SECOND / 10)
#define AFTER_FULL (SECOND / 1000)
/* From so many events a step on, batches are worth more than an early wake-up. */
#define BUSY      8
#define PAUSE_MIN (SECOND / 20000)
/* Longest sleep, and with TCP, which has a loop of its own. */
#define SLEEP_MAX (SECOND / 5)
#define TCP_SLEEP (SECOND / 500)
/* Octets of an exchange that a reply makes the loop look at. */
#define FLIGHT_HOT 256
/* So many that wait to be sent are enough: more would only leave the cache until then. */
#define READY_ENOUGH POOL_BATCH

int64_t flight_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

flight_options_t flight_options_default(void)
{
    flight_options_t o = {.slots = 16384,
                          .outstanding = 4096,
                          .schedule = schedule_default(),
                          .pool = {.sockets = 16, .segment = true},
                          .pause = SECOND / 1000,
                          .lane = LANE_MOST};
    return o;
}

static bool flight_allocate(flight_t *f)
{
    uint32_t size = 1024;
    while (size < f->o.slots)
        size *= 2;
    f->mask = size - 1;
    f->slot = malloc(f->o.slots * sizeof *f->slot);
    f->table = malloc(size * sizeof *f->table);
    f->ready[0] = malloc(f->o.slots * sizeof *f->ready[0]);
    f->ready[1] = malloc(f->o.slots * sizeof *f->ready[1]);
    f->pool = pool_new(&f->o.pool);
    uint64_t seed = (uint64_t)random_u32(&f->random) << 32 | random_u32(&f->random);
    if (f->slot == NULL || f->table == NULL || f->ready[0] == NULL || f->ready[1] == NULL ||
        f->pool == NULL || !lanes_init(&f->lanes, f->o.lane, seed) ||
        !wheel_init(&f->wheel, f->o.slots, flight_now()))
        return false;
    memset(f->table, 0xff, size * sizeof *f->table);
    f->free = NONE;
    for (uint32_t i = f->o.slots; i-- > 0;) {
        f->slot[i].state = SLOT_FREE;
        f->slot[i].flight = f;
        f->slot[i].chain = f->free;
        f->free = i;
    }
    return true;
}

flight_t *flight_new(const flight_options_t *o, flight_sink_t *sink, void *user)
{
    flight_t *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->o = *o;
    f->sink = sink;
    f->user = user;
    f->now = flight_now();
    if (f->o.slots == 0)
        f->o.slots = 1;
    if (flight_allocate(f))
        return f;
    flight_free(f);
    return NULL;
}

void flight_free(flight_t *f)
{
    if (f == NULL)
        return;
    flight_tcp_free(f);
    lanes_free(&f->lanes);
    wheel_free(&f->wheel);
    pool_free(f->pool);
    free(f->slot);
    free(f->table);
    free(f->ready[0]);
    free(f->ready[1]);
    free(f);
}

bool flight_has_room(const flight_t *f)
{
    size_t waiting = f->ready_count[0] + f->ready_count[1];
    if (f->lanes.busy == 1)
        waiting += f->waiting;
    return f->free != NONE && waiting < READY_ENOUGH;
}

size_t flight_pending(const flight_t *f)
{
    return f->pending;
}

size_t flight_outstanding(const flight_t *f)
{
    return f->flying + f->tcp;
}

const flight_stats_t *flight_stats(const flight_t *f)
{
    return &f->stats;
}

/* --- exchanges by socket and ID --- */

static uint32_t *bucket_of(flight_t *f, uint16_t sock, uint16_t id)
{
    return &f->table[(id ^ (uint32_t)sock * 0x9e3779b1u >> 8) & f->mask];
}

static slot_t *find(flight_t *f, uint16_t sock, uint16_t id)
{
    for (uint32_t i = *bucket_of(f, sock, id); i != NONE; i = f->slot[i].chain)
        if (f->slot[i].id == id && f->slot[i].sock == sock)
            return &f->slot[i];
    return NULL;
}

static void table_remove(flight_t *f, slot_t *s)
{
    uint32_t *p = bucket_of(f, s->sock, s->id);
    while (&f->slot[*p] != s)
        p = &f->slot[*p].chain;
    *p = s->chain;
    s->in_table = false;
}

/* Gives the exchange a socket and an ID that is not in use there. */
static void table_add(flight_t *f, slot_t *s, uint16_t sock)
{
    uint16_t id = random_u16(&f->random);
    for (int tries = 0; tries < 64 && find(f, sock, id) != NULL; tries++)
        id = random_u16(&f->random);
    s->sock = sock;
    s->id = id;
    s->wire[0] = (uint8_t)(id >> 8);
    s->wire[1] = (uint8_t)id;
    uint32_t *p = bucket_of(f, sock, id);
    s->chain = *p;
    *p = (uint32_t)(s - f->slot);
    s->in_table = true;
}

/* --- the life of an exchange --- */

static void push_ready(flight_t *f, slot_t *s)
{
    unsigned k = s->server.family == 4 ? 0 : 1;
    f->ready[k][(f->ready_first[k] + f->ready_count[k]) % f->o.slots] = (uint32_t)(s - f->slot);
    f->ready_count[k]++;
    s->state = SLOT_READY;
    s->queued = true;
}

static void slot_free(flight_t *f, slot_t *s)
{
    s->state = SLOT_FREE;
    s->chain = f->free;
    f->free = (uint32_t)(s - f->slot);
}

/* The next exchange that is to be sent and that sock may send (any socket when it is not in the
 * table yet); NULL when there is none. */
static slot_t *pop_ready(flight_t *f, unsigned k, uint16_t sock)
{
    while (f->ready_count[k] > 0) {
        slot_t *s = &f->slot[f->ready[k][f->ready_first[k]]];
        if (s->state == SLOT_READY && s->in_table && s->sock != sock)
            return NULL;
        f->ready_first[k] = (f->ready_first[k] + 1) % f->o.slots;
        f->ready_count[k]--;
        s->queued = false;
        if (s->state == SLOT_READY)
            return s;
        if (s->state == SLOT_ENDED) /* by a reply, while it waited to be sent again */
            slot_free(f, s);
    }
    return NULL;
}

void flight_slot_ground(flight_t *f, slot_t *s)
{
    if (s->state == SLOT_FLYING)
        f->flying--;
    if (s->in_table)
        table_remove(f, s);
    wheel_cancel(&f->wheel, (uint32_t)(s - f->slot));
}

/* Asks for the address's turn: to be sent at once, or to ask again later. */
static void slot_turn(flight_t *f, slot_t *s)
{
    int64_t again = 0;
    if (f->o.limits != NULL)
        again = limits_take(f->o.limits, &s->server, f->now, &s->turn);
    s->limited = f->o.limits != NULL && again == 0;
    if (again == 0) {
        push_ready(f, s);
        return;
    }
    s->state = SLOT_TURN;
    wheel_set(&f->wheel, (uint32_t)(s - f->slot), again);
}

/* Lets what waits for an address go on, as far as its lane has room. */
static void lane_next(flight_t *f, uint32_t lane)
{
    lane_t *l = &f->lanes.lane[lane];
    while (l->first != LANE_NONE && lanes_take(&f->lanes, lane)) {
        slot_t *s = &f->slot[l->first];
        l->first = s->chain;
        f->waiting--;
        slot_turn(f, s);
    }
}

/* An exchange that is new: goes on, or waits until the address has room for it. */
static void lane_enter(flight_t *f, slot_t *s)
{
    s->lane = lanes_find(&f->lanes, &s->server, f->now);
    if (s->lane == LANE_NONE || lanes_take(&f->lanes, s->lane)) {
        slot_turn(f, s);
        return;
    }
    lane_t *l = &f->lanes.lane[s->lane];
    uint32_t i = (uint32_t)(s - f->slot);
    s->state = SLOT_LANE;
    s->chain = LANE_NONE;
    if (l->first == LANE_NONE)
        l->first = i;
    else
        f->slot[l->last].chain = i;
    l->last = i;
    f->waiting++;
}

void flight_slot_end(flight_t *f, slot_t *s, flight_result_t *r)
{
    r->number = s->number;
    r->server = &s->server;
    r->query = s->wire;
    r->query_size = s->size;
    r->attempts = s->attempts;
    r->truncated = s->truncated;
    r->mismatch |= s->mismatch;
    if (s->limited)
        limits_give(f->o.limits, &s->server, r->rtt >= 0, r->rtt, f->now);
    flight_slot_ground(f, s);
    f->stats.ended++;
    f->pending--;
    f->sink(f->user, r);
    s->state = SLOT_ENDED;
    uint32_t lane = s->lane;
    if (!s->queued)
        slot_free(f, s);
    if (lane != LANE_NONE) {
        lanes_give(&f->lanes, lane, r->rtt >= 0);
        lane_next(f, lane);
    }
}

void flight_ask(flight_t *f, uint64_t number, const addr_t *server, const uint8_t *wire,
                size_t size)
{
    slot_t *s = &f->slot[f->free];
    nsp_reader_t r = nsp_reader(wire, size);
    f->free = s->chain;
    memset(s, 0, offsetof(slot_t, wire));
    s->number = number;
    s->flight = f;
    s->server = *server;
    s->size = (uint16_t)size;
    memcpy(s->wire, wire, size);
    nsp_read_bytes(&r, NSP_HEADER_SIZE);
    (void)nsp_name_skip(&r, NSP_NAME_UNCOMPRESSED);
    nsp_read_bytes(&r, 4);
    s->question = (uint16_t)(r.pos - NSP_HEADER_SIZE);
    pool_peer_of(server, &s->peer);
    f->pending++;
    f->stats.asked++;
    lane_enter(f, s);
}

flight_result_t flight_no_reply(const slot_t *s, outcome_kind_t outcome)
{
    flight_result_t r = {.outcome = outcome, .rtt = -1, .transport = TRANSPORT_UDP};
    r.icmp_type = s->icmp_type;
    r.icmp_code = s->icmp_code;
    return r;
}

/* An attempt's time is over. */
static void slot_timeout(flight_t *f, slot_t *s)
{
    if (!s->full) {
        f->stats.timeouts++;
        if (s->lane != LANE_NONE)
            lanes_lost(&f->lanes, s->lane, s->sent, f->now);
    }
    if (s->attempts < f->o.schedule.tries) {
        if (s->limited && !s->full)
            limits_retry(f->o.limits, &s->server, f->now);
        s->full = false;
        f->flying--;
        push_ready(f, s);
        return;
    }
    flight_result_t r = flight_no_reply(s, s->icmp            ? OUTCOME_ICMP
                                           : s->mismatch != 0 ? OUTCOME_MISMATCHED
                                                              : OUTCOME_SILENT);
    flight_slot_end(f, s, &r);
}

static void run_timers(flight_t *f)
{
    for (;;) {
        uint32_t i = wheel_expired(&f->wheel, f->now);
        if (i == WHEEL_NONE)
            return;
        if (f->slot[i].state == SLOT_TURN)
            slot_turn(f, &f->slot[i]);
        else if (f->slot[i].state == SLOT_FLYING)
            slot_timeout(f, &f->slot[i]);
    }
}

/* --- sending --- */

/* A message that was to be sent. */
static void after_send(flight_t *f, slot_t *s, int error)
{
    uint32_t i = (uint32_t)(s - f->slot);
    s->state = SLOT_FLYING;
    f->flying++;
    if (error == EAGAIN) {
        s->full = true;
        s->attempts--;
        wheel_set(&f->wheel, i, f->now + AFTER_FULL);
        return;
    }
    if (error != 0) {
        flight_result_t r = flight_no_reply(s, OUTCOME_NOT_SENT);
        r.os_error = error;
        flight_slot_end(f, s, &r);
        return;
    }
    f->stats.sent++;
    wheel_set(&f->wheel, i, f->now + f->o.schedule.wait[s->attempts - 1]);
}

/* Nothing can be sent to that family. */
static void refuse_family(flight_t *f, unsigned k, int error)
{
    for (slot_t *s = pop_ready(f, k, 0); s != NULL; s = pop_ready(f, k, 0))
        after_send(f, s, error);
}

/* A retry goes out through the socket of the first attempt, and alone: whatever may be wrong with
 * segments on the way is not wrong with it, and where a segmented datagram reaches a closed port on
 * the same host, ICMP tells of its first message only. */
static size_t fill_batch(flight_t *f, unsigned k, uint16_t sock)
{
    size_t n = 0;
    while (n < POOL_BATCH && f->flying + n < f->o.outstanding) {
        slot_t *s = pop_ready(f, k, sock);
        if (s == NULL)
            break;
        if (!s->in_table)
            table_add(f, s, sock);
        s->attempts++;
        s->sent = f->now;
        f->batch[n] = (uint32_t)(s - f->slot);
        f->item[n++] = (pool_item_t){
            .to = &s->peer, .wire = s->wire, .size = s->size, .alone = s->attempts > 1};
    }
    return n;
}

static void send_family(flight_t *f, unsigned k)
{
    uint8_t family = k == 0 ? 4 : 6;
    int error = 0;
    unsigned sockets = pool_open(f->pool, family, &error);
    if (sockets == 0) {
        refuse_family(f, k, error);
        return;
    }
    while (f->ready_count[k] > 0 && f->flying < f->o.outstanding) {
        const slot_t *first = &f->slot[f->ready[k][f->ready_first[k]]];
        unsigned any = pool_first(family) + random_u16(&f->random) % sockets;
        uint16_t sock = (uint16_t)(first->in_table ? first->sock : any);
        size_t n = fill_batch(f, k, sock);
        pool_send(f->pool, sock, f->item, n);
        for (size_t i = 0; i < n; i++)
            after_send(f, &f->slot[f->batch[i]], f->item[i].error);
    }
}

/* --- replies --- */

/* The reply's question as it was sent, octet for octet: nearly always. */
static bool same_octets(const slot_t *s, const uint8_t *bytes, uint32_t size)
{
    return size >= NSP_HEADER_SIZE + (uint32_t)s->question && bytes[4] == 0 && bytes[5] == 1 &&
           memcmp(bytes + NSP_HEADER_SIZE, s->wire + NSP_HEADER_SIZE, s->question) == 0;
}

static bool question_matches(const slot_t *s, const uint8_t *bytes, uint32_t size)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    if (same_octets(s, bytes, size))
        return true;
    return question_read(s->wire, s->size, &name, &type, &qclass) &&
           question_answered(&name, type, qclass, bytes, size);
}

static uint8_t mismatch_of(const slot_t *s, const pool_event_t *e)
{
    uint8_t bits = 0;
    addr_t from;
    if (!pool_same_peer(e->peer, &s->peer)) {
        bool known = addr_from_sockaddr(&e->peer->any, sizeof *e->peer, &from);
        bits |= known && addr_same_host(&from, &s->server) ? MISMATCH_PORT : MISMATCH_ADDRESS;
    }
    if (e->size >= 3 && (e->bytes[2] & 0x80) == 0)
        bits |= MISMATCH_QR;
    if (!question_matches(s, e->bytes, e->size))
        bits |= MISMATCH_QUESTION;
    return bits;
}

static void on_reply(flight_t *f, slot_t *s, const pool_event_t *e)
{
    flight_result_t r = {.outcome = OUTCOME_ANSWERED,
                         .transport = TRANSPORT_UDP,
                         .rtt = f->now - s->sent,
                         .reply = &f->scratch.msg};
    f->stats.replies++;
    r.fault = reply_read(&f->scratch, e->bytes, e->size, false, &r.fault_offset);
    /* TC first: a message that was cut may well end in the middle of a record (RFC 2181 9) */
    if (nsp_msg_has(&f->scratch.msg, NSP_FLAG_TC) && e->size >= NSP_HEADER_SIZE) {
        s->truncated = true;
        if (!f->o.no_tcp) {
            flight_tcp_start(f, s);
            return;
        }
    }
    if (r.fault == NSP_OK && e->cut)
        r.fault = NSP_E_MSG_LONG;
    if (r.fault != NSP_OK)
        r.outcome = OUTCOME_MALFORMED;
    flight_slot_end(f, s, &r);
}

static void on_icmp(flight_t *f, slot_t *s, const pool_event_t *e)
{
    if (!pool_same_peer(e->peer, &s->peer) || s->state != SLOT_FLYING)
        return;
    s->icmp = true;
    s->icmp_type = e->icmp_type;
    s->icmp_code = e->icmp_code;
    if (s->attempts >= f->o.schedule.tries) {
        flight_result_t r = flight_no_reply(s, OUTCOME_ICMP);
        flight_slot_end(f, s, &r);
    } else if (!s->full) {
        /* never later than without it: one error may come for ever */
        int64_t end = s->sent + f->o.schedule.wait[s->attempts - 1];
        int64_t soon = f->now + AFTER_ICMP;
        wheel_set(&f->wheel, (uint32_t)(s - f->slot), soon < end ? soon : end);
    }
}

static uint16_t id_of(const pool_event_t *e)
{
    return (uint16_t)(e->bytes[0] << 8 | e->bytes[1]);
}

static void on_event(flight_t *f, slot_t *s, const pool_event_t *e)
{
    /* what the kernel had no room for has not been sent, whatever has its ID and port */
    bool waits =
        s != NULL && s->attempts > 0 && (s->state == SLOT_FLYING || s->state == SLOT_READY);
    if (waits && e->icmp) {
        on_icmp(f, s, e);
        return;
    }
    if (!waits) {
        f->stats.strays += !e->icmp;
        return;
    }
    uint8_t bits = mismatch_of(s, e);
    if (bits != 0) {
        s->mismatch |= bits;
        f->stats.strays++;
        return;
    }
    on_reply(f, s, e);
}

/* Of a whole batch, the exchanges are looked up before the first of its events is told, so that
 * memory has the time to bring them. */
static void on_events(void *user, const pool_event_t *event, size_t count)
{
    flight_t *f = user;
    for (size_t i = 0; i < count; i++)
        if (event[i].size >= 2)
            __builtin_prefetch(bucket_of(f, event[i].sock, id_of(&event[i])));
    for (size_t i = 0; i < count; i++) {
        uint32_t at = event[i].size >= 2 ? *bucket_of(f, event[i].sock, id_of(&event[i])) : NONE;
        for (size_t line = 0; at != NONE && line < FLIGHT_HOT; line += 64)
            __builtin_prefetch((const char *)&f->slot[at] + line);
    }
    for (size_t i = 0; i < count; i++) {
        const pool_event_t *e = &event[i];
        on_event(f, e->size >= 2 ? find(f, e->sock, id_of(e)) : NULL, e);
    }
}

/* --- the loop --- */

static bool may_send(const flight_t *f)
{
    return f->ready_count[0] + f->ready_count[1] > 0 && f->flying < f->o.outstanding;
}

/* How long nothing needs to be done but receiving. */
static int64_t idle_time(const flight_t *f, int64_t wait_until)
{
    int64_t now = flight_now();
    int64_t next = wheel_next(&f->wheel);
    int64_t until = next < wait_until ? next : wait_until;
    int64_t most = f->tcp > 0 ? TCP_SLEEP : SLEEP_MAX;
    if (may_send(f) || until <= now)
        return 0;
    return until - now < most ? until - now : most;
}

/* Lets replies gather when they come in numbers, rather than be woken by the first: as long as a
 * quarter of what is on its way takes, by the speed of the last step, so that the servers always
 * have something to do. */
static bool gather(flight_t *f, int64_t idle)
{
    if (f->came < BUSY || f->flying == 0 || idle < PAUSE_MIN)
        return false;
    int64_t pause = f->took / (int64_t)f->came * (int64_t)f->flying / 4;
    pause = pause > f->o.pause ? f->o.pause : pause;
    pause = pause > idle ? idle : pause;
    if (pause < PAUSE_MIN)
        return false;
    struct timespec t = {.tv_nsec = (long)pause};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
    return true;
}

void flight_step(flight_t *f, int64_t wait_until)
{
    int64_t idle = idle_time(f, wait_until);
    if (gather(f, idle))
        idle = 0;
    pool_wait(f->pool, idle);
    int64_t before = f->now;
    f->now = flight_now();
    f->took = f->now - before;
    f->came = pool_receive(f->pool, on_events, f);
    run_timers(f);
    if (f->ready_count[0] > 0)
        send_family(f, 0);
    if (f->ready_count[1] > 0)
        send_family(f, 1);
    if (f->tcp > 0)
        flight_tcp_step(f);
}
