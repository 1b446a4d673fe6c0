#include "probe/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/flow.h"
#include "proto/nsproto.h"

#define OPEN_MAX_DEFAULT 256
#define SECOND           INT64_C(1000000000)
/* How soon the next attempt follows an ICMP error. */
#define AFTER_ICMP (SECOND / 10)
/* What comes besides the reply is evidence, and others decide how much of it there is: so much of
 * one exchange is kept. */
#define STRAYS_MAX       FLOW_EVENTS_MAX
#define STRAY_OCTETS_MAX 131072

typedef enum job_state {
    JOB_QUEUED,  /* no handle yet */
    JOB_WAITING, /* an attempt is outstanding */
    JOB_LATE,    /* all attempts are over, late replies are waited for */
    JOB_DONE     /* to be taken away */
} job_state_t;

/* One TCP connection, shared by all jobs that keep it open. */
typedef struct conn {
    struct conn *next;
    uint32_t handle;
    addr_t server;
    addr_t source;
    addr_t local;
    uint8_t ttl;
    bool keep;
    bool opened; /* handshake done */
    bool dead;
    unsigned users;
    uint8_t *in; /* octets not yet framed */
    size_t in_len;
} conn_t;

/* One exchange on its way. */
typedef struct job {
    struct job *next;
    exchange_t *x;
    job_state_t state;
    bool has_handle; /* UDP */
    uint32_t handle;
    conn_t *conn;     /* TCP */
    int64_t deadline; /* engine clock */
    unsigned attempt;
    unsigned strays;
    uint32_t stray_octets;
    uint16_t id[ENGINE_TRIES_MAX + 1];
    uint8_t *wire; /* owned; two octets of TCP length stand before the message */
    size_t size;
    schedule_t schedule;
    addr_t source;
    uint8_t ttl;
    bool keep_id;
    bool any_question;
    bool keep_open;
    void (*done)(void *user, exchange_t *x);
    void *user;
} job_t;

struct engine {
    net_t *net;
    exchange_set_t *set;
    schedule_t schedule;
    int64_t began; /* net clock at the time that event.at counts from */
    conn_t *conns;
    job_t *active; /* with a handle */
    job_t *queue;  /* FIFO */
    job_t **queue_tail;
    size_t active_count;
    size_t handles; /* most that are open */
    size_t outstanding;
};

schedule_t schedule_default(void)
{
    schedule_t s = {.tries = 3, .wait = {SECOND, 2 * SECOND, 4 * SECOND}, .late = SECOND};
    return s;
}

net_err_t engine_new(net_t *net, exchange_set_t *set, const schedule_t *schedule, engine_t **out)
{
    engine_t *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NET_E_MEMORY;
    e->net = net;
    e->set = set;
    e->schedule = schedule != NULL ? *schedule : schedule_default();
    e->handles = OPEN_MAX_DEFAULT;
    e->queue_tail = &e->queue;
    e->began = net->ops->now(net);
    if (set->began_wall == 0)
        set->began_wall = net->ops->wall(net);
    else
        e->began -= net->ops->wall(net) - set->began_wall;
    *out = e;
    return NET_OK;
}

void engine_limit(engine_t *e, unsigned handles)
{
    e->handles = handles != 0 ? handles : OPEN_MAX_DEFAULT;
}

static void job_free(job_t *j)
{
    free(j->wire);
    free(j);
}

static void conn_close(engine_t *e, conn_t *c)
{
    conn_t **p = &e->conns;
    while (*p != c)
        p = &(*p)->next;
    *p = c->next;
    e->net->ops->close(e->net, c->handle);
    free(c->in);
    free(c);
}

static void job_close(engine_t *e, job_t *j)
{
    if (j->has_handle)
        e->net->ops->close(e->net, j->handle);
    j->has_handle = false;
    conn_t *c = j->conn;
    j->conn = NULL;
    if (c != NULL && --c->users == 0 && (!c->keep || c->dead))
        conn_close(e, c);
}

void engine_free(engine_t *e)
{
    if (e == NULL)
        return;
    for (job_t *j = e->active; j != NULL;) {
        job_t *next = j->next;
        job_close(e, j);
        job_free(j);
        j = next;
    }
    for (job_t *j = e->queue; j != NULL;) {
        job_t *next = j->next;
        job_free(j);
        j = next;
    }
    while (e->conns != NULL)
        conn_close(e, e->conns);
    free(e);
}

size_t engine_outstanding(const engine_t *e)
{
    return e->outstanding;
}

static net_err_t record(engine_t *e, job_t *j, event_t *ev)
{
    if (ev->at == 0)
        ev->at = e->net->ops->now(e->net);
    ev->at -= e->began;
    return exchange_append(j->x, ev) ? NET_OK : NET_E_MEMORY;
}

/* The same of what is no answer, as long as there is room for it. */
static net_err_t record_stray(engine_t *e, job_t *j, event_t *ev)
{
    if (j->strays == STRAYS_MAX || ev->size > STRAY_OCTETS_MAX - j->stray_octets)
        return NET_OK;
    j->strays++;
    j->stray_octets += ev->size;
    return record(e, j, ev);
}

static void job_finish(engine_t *e, job_t *j)
{
    if (j->state == JOB_DONE)
        return;
    j->state = JOB_DONE;
    j->x->finished = true;
    job_close(e, j);
    e->outstanding--;
    if (j->done != NULL)
        j->done(j->user, j->x);
}

static net_err_t job_not_sent(engine_t *e, job_t *j, int os_error)
{
    event_t ev = {.kind = EVENT_SEND_FAILED, .attempt = (uint8_t)j->attempt, .os_error = os_error};
    net_err_t err = record(e, j, &ev);
    job_finish(e, j);
    return err;
}

static int64_t total_wait(const schedule_t *s)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < s->tries; i++)
        sum += s->wait[i];
    return sum;
}

/* A fresh random ID in the message (RFC 5452 4.3). */
static net_err_t job_new_id(engine_t *e, job_t *j)
{
    uint8_t *message = j->wire + 2;
    if (!j->keep_id && j->size >= 2) {
        net_err_t err = e->net->ops->random(e->net, message, 2);
        if (err != NET_OK)
            return err;
    }
    uint32_t id = j->size >= 2 ? (uint32_t)message[0] << 8 | message[1] : 0;
    j->id[j->attempt] = (uint16_t)id;
    return NET_OK;
}

static net_err_t job_record_sent(engine_t *e, job_t *j)
{
    event_t ev = {.kind = EVENT_SENT,
                  .attempt = (uint8_t)j->attempt,
                  .peer = j->x->local,
                  .bytes = j->wire + 2,
                  .size = (uint32_t)j->size};
    return record(e, j, &ev);
}

static net_err_t job_send_udp(engine_t *e, job_t *j)
{
    int os_error = 0;
    j->attempt++;
    net_err_t err = job_new_id(e, j);
    if (err != NET_OK)
        return err;
    int64_t now = e->net->ops->now(e->net);
    err = e->net->ops->send(e->net, j->handle, j->wire + 2, j->size, &os_error);
    if (err == NET_E_SYSTEM && os_error != ENOBUFS && os_error != EAGAIN)
        return job_not_sent(e, j, os_error);
    if (err != NET_OK && err != NET_E_SYSTEM)
        return err;
    j->deadline = now + j->schedule.wait[j->attempt - 1];
    j->state = JOB_WAITING;
    return err == NET_OK ? job_record_sent(e, j) : NET_OK;
}

/* The stream's own retransmissions are the kernel's: one attempt, as long as all UDP ones. */
static net_err_t job_send_tcp(engine_t *e, job_t *j)
{
    j->attempt = 1;
    net_err_t err = job_new_id(e, j);
    if (err == NET_OK)
        err = e->net->ops->send(e->net, j->conn->handle, j->wire, j->size + 2, NULL);
    if (err != NET_OK && err != NET_E_SYSTEM)
        return err;
    j->deadline = e->net->ops->now(e->net) + total_wait(&j->schedule);
    j->state = JOB_WAITING;
    return job_record_sent(e, j);
}

/* A connection that the job may share, or NULL. */
static conn_t *kept_connection(engine_t *e, const job_t *j)
{
    for (conn_t *c = e->conns; j->keep_open && c != NULL; c = c->next)
        if (c->keep && !c->dead && c->ttl == j->ttl && addr_equal(&c->server, &j->x->server) &&
            addr_equal(&c->source, &j->source))
            return c;
    return NULL;
}

static void conn_join(conn_t *c, job_t *j)
{
    c->users++;
    j->conn = c;
    j->x->local = c->local;
}

static net_err_t open_conn(engine_t *e, job_t *j, const net_open_t *how, int *os_error)
{
    conn_t *c = kept_connection(e, j);
    if (c != NULL) {
        conn_join(c, j);
        return NET_OK;
    }
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return NET_E_MEMORY;
    net_err_t err = e->net->ops->open(e->net, how, &c->handle, &c->local, os_error);
    if (err != NET_OK) {
        free(c);
        return err;
    }
    c->server = j->x->server;
    c->source = j->source;
    c->ttl = j->ttl;
    c->keep = j->keep_open;
    c->next = e->conns;
    e->conns = c;
    conn_join(c, j);
    return NET_OK;
}

static net_err_t job_open(engine_t *e, job_t *j)
{
    bool udp = j->x->transport == TRANSPORT_UDP;
    net_open_t how = {
        .kind = udp ? NET_UDP : NET_TCP, .dest = j->x->server, .source = j->source, .ttl = j->ttl};
    int os_error = 0;
    net_err_t err = udp ? e->net->ops->open(e->net, &how, &j->handle, &j->x->local, &os_error)
                        : open_conn(e, j, &how, &os_error);
    if (err == NET_E_SYSTEM) {
        j->attempt = 1;
        return job_not_sent(e, j, os_error);
    }
    if (err != NET_OK)
        return err;
    j->has_handle = udp;
    return udp ? job_send_udp(e, j) : job_send_tcp(e, j);
}

static net_err_t start_queued(engine_t *e)
{
    while (e->queue != NULL && e->active_count < e->handles) {
        job_t *j = e->queue;
        net_err_t err = job_open(e, j);
        if (err == NET_E_LIMIT && e->active_count > 0)
            return NET_OK; /* a handle will come free */
        if (err != NET_OK)
            return err;
        e->queue = j->next;
        if (e->queue == NULL)
            e->queue_tail = &e->queue;
        j->next = e->active;
        e->active = j;
        e->active_count++;
    }
    return NET_OK;
}

net_err_t engine_submit(engine_t *e, const engine_query_t *q, exchange_t **out)
{
    job_t *j = calloc(1, sizeof *j);
    uint8_t *wire = malloc(q->size + 2);
    exchange_t *x = NULL;
    if (j != NULL && wire != NULL && q->size <= UINT16_MAX)
        x = exchange_add(e->set, q->transport, &q->server, q->wire, q->size);
    if (x == NULL) {
        free(j);
        free(wire);
        return NET_E_MEMORY;
    }
    wire[0] = (uint8_t)(q->size >> 8);
    wire[1] = (uint8_t)q->size;
    memcpy(wire + 2, q->wire, q->size);
    x->ttl = q->ttl;
    j->x = x;
    j->wire = wire;
    j->size = q->size;
    j->schedule = q->schedule != NULL ? *q->schedule : e->schedule;
    j->source = q->source;
    j->ttl = q->ttl;
    j->keep_id = q->keep_id;
    j->any_question = q->any_question;
    j->keep_open = q->keep_open;
    j->done = q->done;
    j->user = q->user;
    *e->queue_tail = j;
    e->queue_tail = &j->next;
    e->outstanding++;
    if (out != NULL)
        *out = x;
    return NET_OK;
}

/* Which attempt a reply's ID belongs to; 0 for none. */
static unsigned attempt_of(const job_t *j, const uint8_t *bytes, uint32_t size)
{
    if (size < 2)
        return 0;
    uint16_t id = (uint16_t)(bytes[0] << 8 | bytes[1]);
    for (unsigned i = j->attempt; i > 0; i--)
        if (j->id[i] == id)
            return i;
    return 0;
}

/* Strict matching: address, port, ID, QR and question. The bits say what did not match. */
static uint8_t mismatch_of(const job_t *j, const addr_t *peer, const uint8_t *bytes, uint32_t size,
                           unsigned *attempt)
{
    uint8_t bits = 0;
    *attempt = attempt_of(j, bytes, size);
    if (!addr_same_host(peer, &j->x->server))
        bits |= MISMATCH_ADDRESS;
    if (peer->port != j->x->server.port)
        bits |= MISMATCH_PORT;
    if (size < 2)
        return bits | MISMATCH_HEADER;
    if (*attempt == 0)
        bits |= MISMATCH_ID;
    if (size >= 3 && (bytes[2] & 0x80) == 0)
        bits |= MISMATCH_QR;
    if (!j->any_question &&
        !question_answered(&j->x->qname, j->x->qtype, j->x->qclass, bytes, size))
        bits |= MISMATCH_QUESTION;
    return bits;
}

/* A whole message for a job. */
static net_err_t job_message(engine_t *e, job_t *j, const addr_t *peer, const uint8_t *bytes,
                             uint32_t size, const net_event_t *n)
{
    unsigned attempt = 0;
    uint8_t bits = mismatch_of(j, peer, bytes, size, &attempt);
    event_t ev = {.kind = bits == 0 ? EVENT_REPLY : EVENT_MISMATCH,
                  .attempt = (uint8_t)attempt,
                  .mismatch = bits,
                  .at = n->at,
                  .resent = n->resent,
                  .peer = *peer,
                  .bytes = bytes,
                  .size = size};
    if (bits != 0)
        return record_stray(e, j, &ev);
    net_err_t err = record(e, j, &ev);
    if (err == NET_OK)
        job_finish(e, j);
    return err;
}

static net_err_t job_icmp(engine_t *e, job_t *j, const net_event_t *n)
{
    event_t ev = {.kind = EVENT_ICMP,
                  .attempt = (uint8_t)j->attempt,
                  .at = n->at,
                  .peer = n->peer,
                  .icmp_type = n->icmp_type,
                  .icmp_code = n->icmp_code,
                  .icmp_mtu = n->icmp_mtu};
    unsigned quoted = attempt_of(j, n->bytes, n->size);
    if (quoted != 0)
        ev.attempt = (uint8_t)quoted;
    net_err_t err = record_stray(e, j, &ev);
    if (err != NET_OK)
        return err;
    if (ev.attempt == j->attempt && j->state == JOB_WAITING) {
        /* a query whose hops are limited was sent for this very error */
        if (j->attempt >= j->schedule.tries || j->ttl != 0)
            job_finish(e, j);
        else if (n->at + AFTER_ICMP < j->deadline) /* never later: one error may come for ever */
            j->deadline = n->at + AFTER_ICMP;
    }
    return NET_OK;
}

/* The job that a framed message answers: by ID and question, since replies on one connection may
 * come in any order (RFC 7766 6.2.1.1). One that answers none is the first job's evidence. */
static job_t *job_of_frame(engine_t *e, const conn_t *c, const uint8_t *bytes, uint32_t size)
{
    job_t *first = NULL;
    for (job_t *j = e->active; j != NULL; j = j->next) {
        unsigned attempt = 0;
        if (j->conn != c || j->state == JOB_DONE)
            continue;
        if (mismatch_of(j, &c->server, bytes, size, &attempt) == 0)
            return j;
        first = j;
    }
    return first;
}

static net_err_t conn_frames(engine_t *e, conn_t *c, const net_event_t *n)
{
    size_t used = 0;
    uint16_t size = 0;
    net_err_t err = NET_OK;
    c->users++; /* stays while its jobs end */
    while (err == NET_OK &&
           nsp_frame_peek(c->in + used, c->in_len - used, &size) == NSP_FRAME_READY) {
        job_t *j = job_of_frame(e, c, c->in + used + 2, size);
        if (j != NULL)
            err = job_message(e, j, &c->server, c->in + used + 2, size, n);
        used += size + 2u;
    }
    c->in_len -= used;
    memmove(c->in, c->in + used, c->in_len);
    if (--c->users == 0 && (!c->keep || c->dead))
        conn_close(e, c);
    return err;
}

static net_err_t conn_bytes(engine_t *e, conn_t *c, const net_event_t *n)
{
    uint8_t *in = realloc(c->in, c->in_len + n->size + 1);
    if (in == NULL)
        return NET_E_MEMORY;
    memcpy(in + c->in_len, n->bytes, n->size);
    c->in = in;
    c->in_len += n->size;
    return conn_frames(e, c, n);
}

/* Something happened to the connection as a whole: each of its jobs has it as an event; any but
 * the handshake ends them. */
static net_err_t conn_event(engine_t *e, conn_t *c, const net_event_t *n, event_kind_t kind)
{
    net_err_t err = NET_OK;
    c->opened = c->opened || kind == EVENT_TCP_OPEN;
    c->dead = kind != EVENT_TCP_OPEN;
    c->users++;
    for (job_t *j = e->active; j != NULL && err == NET_OK; j = j->next) {
        event_t ev = {.kind = kind,
                      .attempt = 1,
                      .at = n->at,
                      .peer = n->kind == NET_EVENT_ICMP ? n->peer : c->server,
                      .icmp_type = n->icmp_type,
                      .icmp_code = n->icmp_code,
                      .resent = n->resent,
                      .os_error = kind == EVENT_SEND_FAILED ? n->os_error : 0,
                      .bytes = kind == EVENT_TCP_CLOSED ? c->in : NULL,
                      .size = kind == EVENT_TCP_CLOSED ? (uint32_t)c->in_len : 0};
        if (j->conn != c || j->state == JOB_DONE)
            continue;
        err = record(e, j, &ev);
        if (kind != EVENT_TCP_OPEN)
            job_finish(e, j);
    }
    if (--c->users == 0 && (!c->keep || c->dead))
        conn_close(e, c);
    return err;
}

static net_err_t tcp_event(engine_t *e, conn_t *c, const net_event_t *n)
{
    switch (n->kind) {
    case NET_EVENT_CONNECTED:
        return conn_event(e, c, n, EVENT_TCP_OPEN);
    case NET_EVENT_BYTES:
        return conn_bytes(e, c, n);
    case NET_EVENT_REFUSED:
        return conn_event(e, c, n, EVENT_TCP_REFUSED);
    case NET_EVENT_RESET:
        return conn_event(e, c, n, EVENT_TCP_RESET);
    case NET_EVENT_CLOSED:
        return conn_event(e, c, n, EVENT_TCP_CLOSED);
    case NET_EVENT_ICMP:
        return conn_event(e, c, n, EVENT_ICMP);
    case NET_EVENT_FAILED:
        return conn_event(e, c, n,
                          n->os_error == ETIMEDOUT ? EVENT_TCP_NO_SYNACK : EVENT_SEND_FAILED);
    default:
        return NET_OK;
    }
}

static net_err_t udp_event(engine_t *e, job_t *j, const net_event_t *n)
{
    event_t failed = {.kind = EVENT_SEND_FAILED,
                      .attempt = (uint8_t)j->attempt,
                      .at = n->at,
                      .os_error = n->os_error};
    switch (n->kind) {
    case NET_EVENT_DATAGRAM:
        return job_message(e, j, &n->peer, n->bytes, n->size, n);
    case NET_EVENT_ICMP:
        return job_icmp(e, j, n);
    case NET_EVENT_FAILED: {
        net_err_t err = record(e, j, &failed);
        job_finish(e, j);
        return err;
    }
    default:
        return NET_OK;
    }
}

static net_err_t dispatch(engine_t *e, const net_event_t *n)
{
    for (conn_t *c = e->conns; c != NULL; c = c->next)
        if (c->handle == n->handle)
            return tcp_event(e, c, n);
    for (job_t *j = e->active; j != NULL; j = j->next)
        if (j->has_handle && j->handle == n->handle && j->state != JOB_DONE)
            return udp_event(e, j, n);
    return NET_OK;
}

/* The deadline of an attempt, or of waiting for late replies. */
static net_err_t job_timeout(engine_t *e, job_t *j)
{
    if (j->state == JOB_LATE) {
        job_finish(e, j);
        return NET_OK;
    }
    bool tcp = j->x->transport == TRANSPORT_TCP;
    bool opened = j->conn != NULL && j->conn->opened;
    event_t ev = {.kind = tcp && !opened ? EVENT_TCP_NO_SYNACK : EVENT_TIMEOUT,
                  .attempt = (uint8_t)j->attempt,
                  .at = j->deadline};
    bool icmp = exchange_find(j->x, EVENT_ICMP) != NULL;
    net_err_t err = icmp && !tcp ? NET_OK : record(e, j, &ev);
    if (err != NET_OK)
        return err;
    if (!tcp && j->attempt < j->schedule.tries)
        return job_send_udp(e, j);
    if (j->schedule.late > 0 && !icmp && (!tcp || opened)) {
        j->state = JOB_LATE;
        j->deadline += j->schedule.late;
        return NET_OK;
    }
    job_finish(e, j);
    return NET_OK;
}

static void sweep(engine_t *e)
{
    for (job_t **p = &e->active; *p != NULL;) {
        job_t *j = *p;
        if (j->state != JOB_DONE) {
            p = &j->next;
            continue;
        }
        *p = j->next;
        e->active_count--;
        job_free(j);
    }
}

/* The open jobs are few hundreds: a scan costs less than a heap's bookkeeping. */
static int64_t next_deadline(const engine_t *e)
{
    int64_t first = INT64_MAX;
    for (const job_t *j = e->active; j != NULL; j = j->next)
        if (j->state != JOB_DONE && j->deadline < first)
            first = j->deadline;
    return first;
}

static net_err_t run_timers(engine_t *e)
{
    int64_t now = e->net->ops->now(e->net);
    net_err_t err = NET_OK;
    for (job_t *j = e->active; j != NULL && err == NET_OK; j = j->next)
        if (j->state != JOB_DONE && j->deadline <= now)
            err = job_timeout(e, j);
    return err;
}

net_err_t engine_step(engine_t *e, int64_t deadline)
{
    size_t before = e->outstanding;
    net_err_t err = start_queued(e);
    if (err != NET_OK)
        return err;
    sweep(e);
    if (e->outstanding < before)
        return NET_OK; /* one that could not be sent has ended: its owner may want to know first */
    int64_t first = next_deadline(e);
    net_event_t n;
    err = e->net->ops->wait(e->net, first < deadline ? first : deadline, &n);
    if (err == NET_OK && n.kind != NET_EVENT_NONE)
        err = dispatch(e, &n);
    if (err == NET_OK)
        err = run_timers(e);
    sweep(e);
    return err;
}

net_err_t engine_run(engine_t *e, int64_t deadline)
{
    net_err_t err = NET_OK;
    while (err == NET_OK && e->outstanding > 0) {
        if (e->net->ops->now(e->net) >= deadline)
            break;
        err = engine_step(e, deadline);
    }
    return err;
}
