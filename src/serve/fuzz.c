#include "serve/fuzz.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "serve/fuzz_log.h"
#include "serve/later.h"
#include "serve/respond.h"
#include "serve/take.h"

#define CONNS_MAX   64
#define IDLE_MS     20000
#define DRIBBLE_MS  2
#define NS_PER_MS   INT64_C(1000000)
#define ENDLESS_MAX 100000 /* messages of an endless stream: a bound all the same */

/* Every name has every usual type. */
static const char zone_text[] = "$TTL 60\n"
                                "@ SOA ns hostmaster 1 7200 900 1209600 60\n"
                                "@ NS ns\n"
                                "ns A 127.0.0.1\n"
                                "* A 192.0.2.1\n"
                                "* AAAA 2001:db8::1\n"
                                "* MX 10 mail\n"
                                "* TXT \"nsprobe\"\n"
                                "* NS ns\n"
                                "* SRV 1 1 53 ns\n";

/* A connection: what is to be sent, and what then. */
typedef struct conn {
    int fd;
    int64_t last;
    int64_t not_before;
    uint8_t in[4096];
    size_t in_len;
    size_t out_at;
    size_t out_len;
    uint8_t *out;
    fault_end_t end;
    bool dribble;
    bool ended;     /* nothing more is read */
    unsigned again; /* how often what is in out is still to be sent */
} conn_t;

struct fuzz_server {
    fuzz_options_t options;
    uint64_t n;
    uint64_t base; /* n when the seed was set */
    addr_t addr;
    int udp;
    int tcp;
    int other_port;
    int other_address;
    zone_t zone;
    responder_t responder;
    size_t conns;
    conn_t *conn[CONNS_MAX];
    take_t take;
    later_queue_t later;
    size_t honest_size;
    uint8_t honest[65535 + 600];
    uint8_t query[65535];
    fault_script_t script;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- which answer --- */

/* What the Nth answer (from 0) of a seed is: a fault of the catalogue that fits the transport, or
 * FAULT_COUNT for a mutation. */
static fault_id_t fuzz_choose(uint64_t seed, uint64_t n, transport_t transport)
{
    nsp_random_t r = {seed ^ n * UINT64_C(0x9e3779b97f4a7c15)};
    if (nsp_random_below(&r, 3) == 0)
        return FAULT_COUNT;
    fault_id_t id;
    do
        id = (fault_id_t)nsp_random_below(&r, FAULT_COUNT);
    while (!fault_fits(id, transport));
    return id;
}

/* A recorded answer, with the ID of this query where that of its own was. */
static const char *make_again(fuzz_server_t *f, transport_t transport, size_t size)
{
    const fuzz_recording_t *again = f->options.again;
    f->script.count = 0;
    for (size_t i = 0; i < again->count; i++) {
        const fuzz_record_t *r = &again->item[(f->n + i) % again->count];
        if (r->transport != transport)
            continue;
        f->script = *r->script;
        uint16_t turn = 0;
        if (size >= 2)
            turn = (uint16_t)(r->id ^ ((unsigned)f->query[0] << 8 | f->query[1]));
        size_t at = transport == TRANSPORT_TCP ? 2 : 0;
        for (unsigned k = 0; k < f->script.count; k++) {
            const fault_piece_t *p = &f->script.piece[k];
            if (p->size < at + 2)
                continue;
            f->script.octets[p->at + at] ^= (uint8_t)(turn >> 8);
            f->script.octets[p->at + at + 1] ^= (uint8_t)turn;
        }
        return "again";
    }
    return "silence";
}

/* Fills the script for the query in f->query. */
static void make_script(fuzz_server_t *f, transport_t transport, size_t size)
{
    delivery_t d;
    const char *name = "honest";
    uint64_t n = f->n - f->base;
    respond(&f->responder, transport, f->query, size, f->honest, sizeof f->honest, &f->honest_size,
            &d);
    fault_input_t in = {.transport = transport,
                        .query = f->query,
                        .query_size = size,
                        .honest = f->honest,
                        .honest_size = f->honest_size,
                        .seed = f->options.seed + n};
    fault_id_t id = f->options.only ? f->options.fault : fuzz_choose(f->options.seed, n, transport);
    if (f->options.provoke_tcp && transport == TRANSPORT_UDP && id != FAULT_COUNT &&
        !fault_fits(id, transport))
        id = FAULT_TRUNCATED;
    if (f->options.again != NULL) {
        name = make_again(f, transport, size);
    } else if (f->options.honest) {
        fault_script(FAULT_COUNT, &in, &f->script);
    } else if (id == FAULT_COUNT) {
        fault_mutation(&in, &f->script);
        name = "mutation";
    } else {
        fault_script(id, &in, &f->script);
        name = fault_desc(id)->name;
    }
    f->n++;
    fuzz_note_t note = {f->options.seed, f->n, name, transport, f->query, size};
    if (f->options.log != NULL)
        (void)fuzz_log_write(f->options.log, &note, &f->script);
}

/* --- UDP --- */

static void answer_udp(fuzz_server_t *f)
{
    later_t to = {.to_len = sizeof to.to};
    ssize_t n =
        recvfrom(f->udp, f->query, sizeof f->query, 0, (struct sockaddr *)&to.to, &to.to_len);
    if (n < 0)
        return;
    make_script(f, TRANSPORT_UDP, (size_t)n);
    int64_t now = now_ms();
    to.due = now;
    for (unsigned i = 0; i < f->script.count; i++) {
        const fault_piece_t *p = &f->script.piece[i];
        to.fd = p->from == FROM_OTHER_ADDRESS && f->other_address >= 0 ? f->other_address
                : p->from != FROM_RIGHT_PLACE && f->other_port >= 0    ? f->other_port
                                                                       : f->udp;
        to.due += p->delay_ms;
        to.bytes = f->script.octets + p->at;
        to.size = p->size;
        later_send(&f->later, &to, now);
    }
}

/* --- TCP --- */

static void conn_close(conn_t *c)
{
    if (c->end == END_RESET) {
        struct linger l = {1, 0};
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    }
    close(c->fd);
    free(c->out);
    free(c);
}

static void accept_one(fuzz_server_t *f)
{
    int fd = take_connection(&f->take, f->tcp, now_ms() * NS_PER_MS);
    conn_t *c = fd >= 0 && f->conns < CONNS_MAX ? calloc(1, sizeof *c) : NULL;
    if (c == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    c->fd = fd;
    c->last = now_ms();
    f->conn[f->conns++] = c;
}

/* Puts the script behind what is still to be sent. */
static bool queue_script(const fuzz_server_t *f, conn_t *c)
{
    const fault_script_t *s = &f->script;
    uint8_t *out = realloc(c->out, c->out_len + s->used + 1);
    if (out == NULL)
        return false;
    c->out = out;
    for (unsigned i = 0; i < s->count; i++) {
        memcpy(out + c->out_len, s->octets + s->piece[i].at, s->piece[i].size);
        c->out_len += s->piece[i].size;
    }
    c->dribble = c->dribble || s->dribble;
    c->again = s->endless ? ENDLESS_MAX : 0;
    c->ended = s->end != END_KEEP;
    c->end = s->end;
    return true;
}

/* Reads queries. False when the connection is over. */
static bool conn_read(fuzz_server_t *f, conn_t *c)
{
    ssize_t got = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    c->last = now_ms();
    c->in_len += (size_t)got;
    uint16_t size = 0;
    while (!c->ended && nsp_frame_peek(c->in, c->in_len, &size) == NSP_FRAME_READY) {
        memcpy(f->query, c->in + 2, size);
        c->in_len -= size + 2u;
        memmove(c->in, c->in + 2 + size, c->in_len);
        make_script(f, TRANSPORT_TCP, size);
        if (!queue_script(f, c))
            return false;
    }
    return c->in_len < sizeof c->in;
}

/* Sends what may be sent now. False when the connection is over. */
static bool conn_write(conn_t *c)
{
    int64_t now = now_ms();
    while (c->out_at < c->out_len && now >= c->not_before) {
        size_t left = c->out_len - c->out_at;
        ssize_t sent = send(c->fd, c->out + c->out_at, c->dribble ? 1 : left, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        c->out_at += (size_t)sent;
        if (c->dribble)
            c->not_before = now + DRIBBLE_MS;
        if (c->out_at == c->out_len && c->again > 0) {
            c->again--;
            c->out_at = 0;
            c->not_before = now + 1;
        }
    }
    if (c->out_at == c->out_len)
        c->out_at = c->out_len = 0;
    return c->out_len > 0 || !c->ended;
}

static void serve_conns(fuzz_server_t *f, const struct pollfd *fds, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->conns; i++) {
        conn_t *c = f->conn[i];
        bool good = i >= n || fds[i].revents == 0 || conn_read(f, c);
        good = good && conn_write(c) && now_ms() - c->last < IDLE_MS;
        if (good)
            f->conn[kept++] = c;
        else
            conn_close(c);
    }
    if (kept < f->conns)
        take_room(&f->take);
    f->conns = kept;
}

/* --- the server --- */

static int open_one(const addr_t *a, int type)
{
    struct sockaddr_storage sa;
    int one = 1;
    socklen_t n = addr_to_sockaddr(a, &sa);
    int fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&sa, n) != 0 || (type == SOCK_STREAM && listen(fd, 64) != 0)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* UDP and TCP on one port; an ephemeral one may be taken for TCP, then another is tried. */
static bool open_ports(fuzz_server_t *f)
{
    for (int i = 0; i < 20; i++) {
        struct sockaddr_storage sa;
        socklen_t n = sizeof sa;
        addr_t a = f->options.listen;
        f->udp = open_one(&a, SOCK_DGRAM);
        if (f->udp < 0 || getsockname(f->udp, (struct sockaddr *)&sa, &n) != 0 ||
            !addr_from_sockaddr((struct sockaddr *)&sa, n, &f->addr))
            return false;
        f->tcp = open_one(&f->addr, SOCK_STREAM);
        if (f->tcp >= 0)
            return true;
        if (a.port != 0)
            return false;
        close(f->udp);
        f->udp = -1;
    }
    return false;
}

static bool is_loopback(const addr_t *a)
{
    const char *special = addr_special(a);
    return special != NULL && strncmp(special, "loopback", 8) == 0;
}

static bool open_all(fuzz_server_t *f, char err[FUZZ_ERROR_MAX])
{
    char text[ADDR_TEXT_MAX];
    nsp_err_t zone_err;
    nsp_place_t at;
    if (!is_loopback(&f->options.listen)) {
        snprintf(err, FUZZ_ERROR_MAX, "%s is not a loopback address: nothing else is served on",
                 addr_text(&f->options.listen, text));
        return false;
    }
    if (!open_ports(f)) {
        snprintf(err, FUZZ_ERROR_MAX, "cannot listen on %s: %s",
                 addr_port_text(&f->options.listen, text), strerror(errno));
        return false;
    }
    addr_t other = f->addr;
    other.port = 0;
    f->other_port = open_one(&other, SOCK_DGRAM);
    other = f->addr;
    other.octets[1] ^= 0x80;
    f->other_address = other.family == 4 ? open_one(&other, SOCK_DGRAM) : -1;
    nsp_name_root(&f->zone.apex);
    if (!zone_load(&f->zone, zone_text, sizeof zone_text - 1, &zone_err, &at)) {
        snprintf(err, FUZZ_ERROR_MAX, "out of memory");
        return false;
    }
    f->responder.zone[0] = &f->zone;
    f->responder.zone_count = 1;
    return true;
}

fuzz_server_t *fuzz_server_new(const fuzz_options_t *options, char err[FUZZ_ERROR_MAX])
{
    fuzz_server_t *f = calloc(1, sizeof *f);
    snprintf(err, FUZZ_ERROR_MAX, "out of memory");
    if (f == NULL)
        return NULL;
    f->options = *options;
    f->udp = f->tcp = f->other_port = f->other_address = -1;
    if (open_all(f, err))
        return f;
    fuzz_server_free(f);
    return NULL;
}

void fuzz_server_free(fuzz_server_t *f)
{
    if (f == NULL)
        return;
    int fds[] = {f->udp, f->tcp, f->other_port, f->other_address};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    for (size_t i = 0; i < f->conns; i++)
        conn_close(f->conn[i]);
    later_clear(&f->later);
    zone_free(&f->zone);
    free(f);
}

addr_t fuzz_server_addr(const fuzz_server_t *f)
{
    return f->addr;
}

void fuzz_server_set(fuzz_server_t *f, fault_id_t fault, uint64_t seed, bool honest)
{
    f->options.only = true;
    f->options.honest = honest;
    f->options.fault = fault;
    f->options.seed = seed;
    f->base = f->n;
}

uint64_t fuzz_server_count(const fuzz_server_t *f)
{
    return f->n;
}

/* Whether something is due soon although nothing comes. */
static bool busy(const fuzz_server_t *f)
{
    bool any = f->later.count > 0;
    for (size_t i = 0; i < f->conns; i++)
        any = any || f->conn[i]->out_len > 0;
    return any;
}

bool fuzz_server_step(fuzz_server_t *f, int wait_ms)
{
    struct pollfd fds[2 + CONNS_MAX];
    size_t conns = f->conns;
    fds[0] = (struct pollfd){.fd = f->udp, .events = POLLIN};
    bool watch = take_watches(&f->take, now_ms() * NS_PER_MS);
    fds[1] = (struct pollfd){.fd = f->tcp, .events = watch ? POLLIN : 0};
    for (size_t i = 0; i < conns; i++)
        fds[2 + i] = (struct pollfd){.fd = f->conn[i]->fd, .events = POLLIN};
    int n = poll(fds, (nfds_t)(2 + conns), busy(f) && wait_ms > DRIBBLE_MS ? DRIBBLE_MS : wait_ms);
    if (n < 0 && errno != EINTR)
        return false;
    if (n <= 0)
        memset(fds, 0, sizeof fds);
    if ((fds[0].revents & POLLIN) != 0)
        answer_udp(f);
    serve_conns(f, fds + 2, conns);
    if ((fds[1].revents & POLLIN) != 0)
        accept_one(f);
    later_flush(&f->later, now_ms());
    return true;
}
