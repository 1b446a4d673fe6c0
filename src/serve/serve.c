#include "serve/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "exchange/noun.h"
#include "serve/later.h"
#include "serve/tcp.h"

#define SECOND INT64_C(1000000000)

/* The sockets of one address; -1 where nothing listens. */
typedef struct place {
    int udp;
    int tcp;
    int other_source; /* for wrong-source */
    int other_port;   /* for wrong-port */
    int full[2];      /* connections that keep a dead listener's queue full */
} place_t;

typedef struct server {
    scenario_t *s;
    place_t *place;
    tcp_server_t *tcp;
    FILE *log;
    later_queue_t later;
    uint8_t in[65535];
    uint8_t out[65535 + 600];
    char *err;
} server_t;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static int open_socket(const addr_t *a, int type)
{
    int fd = socket(a->family == 4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_storage sa;
    socklen_t n = addr_to_sockaddr(a, &sa);
    if (fd < 0)
        return -1;
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->family == 6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&sa, n) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* Whether a behaviour without conditions other than the transport holds for a transport. */
static bool always(const responder_t *r, behaviour_kind_t kind, bool tcp)
{
    for (unsigned i = 0; i < r->behaviour_count; i++) {
        const behaviour_t *b = &r->behaviour[i];
        bool transport = tcp ? !b->udp_only : !b->tcp_only;
        if (b->kind == kind && transport && !b->edns_only && !b->plain_only && b->type == 0 &&
            b->larger == 0 && b->every == 0)
            return true;
    }
    return false;
}

static bool has(const responder_t *r, behaviour_kind_t kind)
{
    for (unsigned i = 0; i < r->behaviour_count; i++)
        if (r->behaviour[i].kind == kind)
            return true;
    return false;
}

static bool bind_failed(server_t *v, const addr_t *a, const char *what)
{
    char text[ADDR_TEXT_MAX];
    const char *hint = errno == EADDRINUSE ? "; another serve running? try --port-base"
                       : errno == EMFILE   ? "; allow this process more files (ulimit -n)"
                                           : "";
    snprintf(v->err, 256, "cannot listen on %s (%s): %s%s", addr_port_text(a, text), what,
             strerror(errno), hint);
    return false;
}

/* A dead TCP server on loopback: the queue of the listener is filled by ourselves and never
 * taken from, so that the kernel drops every further SYN. False when there is no socket for it. */
static bool fill_queue(place_t *p, const addr_t *a)
{
    for (int i = 0; i < 2; i++) {
        struct sockaddr_storage sa;
        socklen_t n = addr_to_sockaddr(a, &sa);
        p->full[i] = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (p->full[i] < 0)
            return false;
        (void)!connect(p->full[i], (struct sockaddr *)&sa, n);
    }
    return true;
}

static bool open_udp(server_t *v, scenario_addr_t *a, place_t *p)
{
    if (always(&a->responder, BEHAVE_CLOSED, false))
        return true;
    p->udp = open_socket(&a->physical, SOCK_DGRAM);
    if (p->udp < 0)
        return bind_failed(v, &a->physical, "UDP");
    addr_t other = a->physical;
    other.port = 0;
    if (has(&a->responder, BEHAVE_WRONG_PORT)) {
        p->other_port = open_socket(&other, SOCK_DGRAM);
        if (p->other_port < 0)
            return bind_failed(v, &other, "UDP");
    }
    if (has(&a->responder, BEHAVE_WRONG_SOURCE)) {
        if (other.family == 4)
            other.octets[1] ^= 0x80;
        p->other_source = open_socket(&other, SOCK_DGRAM);
        if (p->other_source < 0)
            return bind_failed(v, &other, "UDP");
    }
    return true;
}

static bool open_tcp(server_t *v, scenario_addr_t *a, place_t *p)
{
    if (always(&a->responder, BEHAVE_CLOSED, true))
        return true;
    bool dead = always(&a->responder, BEHAVE_DROP, true);
    int fd = open_socket(&a->physical, SOCK_STREAM);
    if (fd < 0)
        return bind_failed(v, &a->physical, "TCP");
    p->tcp = fd;
    if (listen(fd, dead ? 0 : 64) != 0)
        return bind_failed(v, &a->physical, "TCP");
    bool good = dead ? fill_queue(p, &a->physical) : tcp_server_add(v->tcp, fd, &a->responder);
    return good || bind_failed(v, &a->physical, "TCP");
}

static bool open_all(server_t *v)
{
    for (size_t i = 0; i < v->s->addr_count; i++) {
        place_t *p = &v->place[i];
        *p = (place_t){-1, -1, -1, -1, {-1, -1}};
    }
    for (size_t i = 0; i < v->s->addr_count; i++)
        if (!open_udp(v, &v->s->addr[i], &v->place[i]) ||
            !open_tcp(v, &v->s->addr[i], &v->place[i]))
            return false;
    return true;
}

static void close_all(server_t *v)
{
    for (size_t i = 0; v->place != NULL && i < v->s->addr_count; i++) {
        const place_t *p = &v->place[i];
        int fds[] = {p->udp, p->tcp, p->other_source, p->other_port, p->full[0], p->full[1]};
        for (size_t k = 0; k < sizeof fds / sizeof fds[0]; k++)
            if (fds[k] >= 0)
                close(fds[k]);
    }
    later_clear(&v->later);
}

static void log_query(server_t *v, const addr_t *at, const addr_t *from, const char *transport,
                      size_t query_size, size_t size, const delivery_t *d)
{
    char a[ADDR_TEXT_MAX];
    char b[ADDR_TEXT_MAX];
    nsp_msg_t m;
    nsp_rr_t arena[16];
    nsp_name_t name;
    char text[NSP_NAME_TEXT_MAX];
    char type[16];
    if (v->log == NULL)
        return;
    nsp_msg_index(&m, v->in, query_size, arena, 16);
    nsp_msg_qname(&m, &name);
    nsp_name_to_text(&name, text, sizeof text);
    fprintf(v->log, "%s %s from %s: %s %s: ", transport, addr_text(at, a), addr_port_text(from, b),
            text, nsp_type_text(m.qtype, type));
    if (d->drop)
        fprintf(v->log, "dropped\n");
    else
        fprintf(v->log, "%zu %s after %u ms\n", size, noun_octets(size), d->delay_ms);
    fflush(v->log);
}

static void answer_udp(server_t *v, size_t i)
{
    scenario_addr_t *a = &v->s->addr[i];
    const place_t *p = &v->place[i];
    later_t l = {.to_len = sizeof l.to};
    addr_t from;
    ssize_t n = recvfrom(p->udp, v->in, sizeof v->in, 0, (struct sockaddr *)&l.to, &l.to_len);
    if (n < 0 || !addr_from_sockaddr((struct sockaddr *)&l.to, l.to_len, &from))
        return;
    delivery_t d;
    respond(&a->responder, TRANSPORT_UDP, v->in, (size_t)n, v->out, sizeof v->out, &l.size, &d);
    log_query(v, &a->logical, &from, "UDP", (size_t)n, l.size, &d);
    if (d.drop)
        return;
    l.fd = d.wrong_source && p->other_source >= 0 ? p->other_source
           : d.wrong_port && p->other_port >= 0   ? p->other_port
                                                  : p->udp;
    l.bytes = v->out;
    int64_t now = now_ns();
    l.due = now + (int64_t)d.delay_ms * 1000000;
    later_send(&v->later, &l, now);
}

static int64_t next_due(const server_t *v, int64_t now)
{
    int64_t tcp = tcp_server_due(v->tcp, now);
    int64_t udp = later_due(&v->later);
    return tcp < udp ? tcp : udp;
}

static int loop(server_t *v, const _Atomic int *stop)
{
    size_t places = v->s->addr_count;
    struct pollfd *fds = calloc(places + TCP_FDS_MAX, sizeof *fds);
    if (fds == NULL)
        return -1;
    while (*stop == 0) {
        for (size_t i = 0; i < places; i++)
            fds[i] = (struct pollfd){.fd = v->place[i].udp, .events = POLLIN};
        int64_t now = now_ns();
        size_t tcp = tcp_server_fds(v->tcp, fds + places, now);
        int64_t left = next_due(v, now) - now;
        int ms = left <= 0 ? 0 : left > SECOND / 2 ? 500 : (int)(left / 1000000) + 1;
        int n = poll(fds, (nfds_t)(places + tcp), ms);
        if (n < 0 && errno != EINTR) {
            snprintf(v->err, 256, "cannot wait for queries: %s", strerror(errno));
            free(fds);
            return -1;
        }
        for (size_t i = 0; n > 0 && i < places; i++)
            if ((fds[i].revents & POLLIN) != 0)
                answer_udp(v, i);
        if (n > 0)
            tcp_server_ready(v->tcp, fds + places, tcp, now_ns());
        tcp_server_tick(v->tcp, now_ns());
        later_flush(&v->later, now_ns());
    }
    free(fds);
    return 0;
}

int serve_run(scenario_t *s, const _Atomic int *stop, FILE *ready, FILE *log, char err[256])
{
    int status = -1;
    server_t *v = calloc(1, sizeof *v);
    snprintf(err, 256, "out of memory");
    if (v == NULL)
        return -1;
    v->s = s;
    v->err = err;
    v->log = log;
    v->place = calloc(s->addr_count, sizeof *v->place);
    v->tcp = tcp_server_new();
    if (v->place != NULL && v->tcp != NULL && open_all(v)) {
        if (ready != NULL) {
            fprintf(ready, "ready: %zu %s\n", s->addr_count,
                    noun(s->addr_count, "address", "addresses"));
            fflush(ready);
        }
        status = loop(v, stop);
    }
    close_all(v);
    tcp_server_free(v->tcp);
    free(v->place);
    free(v);
    return status;
}
