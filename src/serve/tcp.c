#include "serve/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/take.h"

#define SECOND       INT64_C(1000000000)
#define IDLE         (10 * SECOND)
#define DRIBBLE_STEP (SECOND / 500)
#define QUERY_MAX    4096
/* Octets that wait to be sent; a client that does not read them is not read from. */
#define WAITING_MAX ((size_t)256 * 1024)

/* One connection. Answers leave in order; a delayed one holds those behind it back. */
typedef struct conn {
    int fd;
    responder_t *r;
    int64_t last;
    int64_t not_before; /* of the octets in out */
    bool dribble;
    bool blocked; /* the client takes nothing at present */
    bool ending;  /* close when out is empty */
    bool reset;   /* close with RST when out is empty */
    uint8_t in[QUERY_MAX];
    size_t in_len;
    uint8_t *out;
    size_t out_len;
} conn_t;

struct tcp_server {
    int listener[TCP_LISTEN_MAX];
    responder_t *responder[TCP_LISTEN_MAX];
    size_t listeners;
    take_t take;
    conn_t *conn[TCP_CONNS_MAX];
    size_t conns;
    uint8_t buf[65535 + 600];
};

tcp_server_t *tcp_server_new(void)
{
    return calloc(1, sizeof(tcp_server_t));
}

static void conn_close(conn_t *c)
{
    if (c->reset) {
        struct linger l = {1, 0};
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    }
    close(c->fd);
    free(c->out);
    free(c);
}

void tcp_server_free(tcp_server_t *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->conns; i++)
        conn_close(t->conn[i]);
    free(t);
}

bool tcp_server_add(tcp_server_t *t, int listener, responder_t *r)
{
    if (t->listeners == TCP_LISTEN_MAX)
        return false;
    t->listener[t->listeners] = listener;
    t->responder[t->listeners++] = r;
    return true;
}

size_t tcp_server_fds(tcp_server_t *t, struct pollfd *fds, int64_t now)
{
    size_t n = 0;
    bool watch = t->conns < TCP_CONNS_MAX && take_watches(&t->take, now);
    for (size_t i = 0; i < t->listeners; i++)
        fds[n++] = (struct pollfd){.fd = t->listener[i], .events = watch ? POLLIN : 0};
    for (size_t i = 0; i < t->conns; i++) {
        const conn_t *c = t->conn[i];
        bool full = c->out_len >= WAITING_MAX || c->in_len == sizeof c->in;
        short events = (short)((full ? 0 : POLLIN) | (c->blocked ? POLLOUT : 0));
        fds[n++] = (struct pollfd){.fd = c->fd, .events = events};
    }
    return n;
}

static void accept_one(tcp_server_t *t, size_t i, int64_t now)
{
    if (t->conns == TCP_CONNS_MAX || !take_watches(&t->take, now))
        return;
    int fd = take_connection(&t->take, t->listener[i], now);
    if (fd < 0)
        return;
    conn_t *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->r = t->responder[i];
    c->last = now;
    t->conn[t->conns++] = c;
}

static bool queue(conn_t *c, const uint8_t *bytes, size_t n)
{
    uint8_t *out = realloc(c->out, c->out_len + n + 1);
    if (out == NULL)
        return false;
    memcpy(out + c->out_len, bytes, n);
    c->out = out;
    c->out_len += n;
    return true;
}

/* Answers one framed query. False when the connection is to be closed at once. */
static bool answer(tcp_server_t *t, conn_t *c, const uint8_t *query, size_t n, int64_t now)
{
    delivery_t d;
    size_t size = 0;
    respond(c->r, TRANSPORT_TCP, query, n, t->buf, sizeof t->buf, &size, &d);
    if (d.drop)
        return true;
    if (d.reset) {
        c->reset = true;
        return false;
    }
    uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
    size_t before = c->out_len;
    if (size > UINT16_MAX || !queue(c, length, 2) || !queue(c, t->buf, size))
        return false;
    if (d.close_early) {
        c->ending = true;
        if (c->out_len - before > d.close_after)
            c->out_len = before + d.close_after;
    }
    c->dribble = c->dribble || d.dribble;
    if (d.delay_ms > 0)
        c->not_before = now + (int64_t)d.delay_ms * 1000000;
    return true;
}

/* Answers what is there, as long as not too much waits. False when the connection is over. */
static bool conn_answer(tcp_server_t *t, conn_t *c, int64_t now)
{
    uint16_t size = 0;
    size_t used = 0;
    while (c->out_len < WAITING_MAX &&
           nsp_frame_peek(c->in + used, c->in_len - used, &size) == NSP_FRAME_READY) {
        if (!answer(t, c, c->in + used + 2, size, now))
            return false;
        used += size + 2u;
    }
    c->in_len -= used;
    memmove(c->in, c->in + used, c->in_len);
    /* a query that does not fit is nobody's honest query */
    return c->in_len < sizeof c->in || c->out_len >= WAITING_MAX;
}

static bool conn_read(tcp_server_t *t, conn_t *c, int64_t now)
{
    ssize_t got = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    c->last = now;
    c->in_len += (size_t)got;
    return conn_answer(t, c, now);
}

/* Sends what may be sent now. False when the connection is over. */
static bool conn_write(conn_t *c, int64_t now)
{
    if (c->out_len == 0)
        return !c->ending;
    if (now < c->not_before)
        return true;
    size_t n = c->dribble ? 1 : c->out_len;
    ssize_t sent = send(c->fd, c->out, n, MSG_NOSIGNAL);
    c->blocked = sent < 0 && errno == EAGAIN;
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    c->out_len -= (size_t)sent;
    memmove(c->out, c->out + sent, c->out_len);
    if (c->dribble)
        c->not_before = now + DRIBBLE_STEP;
    return c->out_len > 0 || !c->ending;
}

/* So many are left: when some were closed there is room. */
static void set_conns(tcp_server_t *t, size_t kept)
{
    if (kept < t->conns)
        take_room(&t->take);
    t->conns = kept;
}

void tcp_server_ready(tcp_server_t *t, const struct pollfd *fds, size_t n, int64_t now)
{
    size_t conns = t->conns;
    for (size_t i = 0; i < conns && t->listeners + i < n; i++) {
        conn_t *c = t->conn[i];
        if ((fds[t->listeners + i].revents & ~POLLOUT) != 0 && !conn_read(t, c, now)) {
            conn_close(c);
            t->conn[i] = NULL;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < conns; i++)
        if (t->conn[i] != NULL)
            t->conn[kept++] = t->conn[i];
    set_conns(t, kept);
    for (size_t i = 0; i < t->listeners && i < n; i++)
        if ((fds[i].revents & POLLIN) != 0)
            accept_one(t, i, now);
}

void tcp_server_tick(tcp_server_t *t, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->conns; i++) {
        conn_t *c = t->conn[i];
        if (conn_write(c, now) && conn_answer(t, c, now) && now - c->last < IDLE)
            t->conn[kept++] = c;
        else
            conn_close(c);
    }
    set_conns(t, kept);
}

int64_t tcp_server_due(const tcp_server_t *t, int64_t now)
{
    int64_t due = take_due(&t->take, now);
    for (size_t i = 0; i < t->conns; i++)
        if (t->conn[i]->out_len > 0 && !t->conn[i]->blocked && t->conn[i]->not_before < due)
            due = t->conn[i]->not_before;
    return due;
}
