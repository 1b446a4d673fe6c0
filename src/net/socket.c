/* net_t over the kernel's UDP and TCP sockets. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "exchange/mix.h"
#include "net/errqueue.h"
#include "net/net.h"

#define READY_MAX 64
/* Those below are for servers with privileges (RFC 6056 3.2). */
#define PORT_LEAST 1024
/* Own addresses that are remembered, and for how long: routes may change. */
#define LOCALS     64
#define LOCAL_TIME INT64_C(1000000000)

/* No kernel sends a segment again earlier: nanoseconds (TCP_RTO_MIN). */
#define TCP_RESENT_LEAST INT64_C(150000000)

typedef struct sock {
    int fd; /* -1: free */
    net_kind_t kind;
    bool connecting;
    bool dead; /* nothing more comes; kept until closed */
    addr_t dest;
    int64_t opened; /* TCP: when the handshake began */
    uint16_t generation;
    uint8_t *out; /* TCP octets not written yet */
    size_t out_len;
} sock_t;

/* The address that the kernel sends from to one destination. */
typedef struct local {
    addr_t dest; /* family 0: free */
    addr_t addr;
    int64_t until;
} local_t;

typedef struct socket_net {
    net_t base;
    int epoll;
    const _Atomic int *stop;
    sock_t *sock;
    uint32_t sock_cap;
    struct epoll_event ready[READY_MAX];
    int ready_count;
    int ready_next;
    local_t local[LOCALS];
    uint8_t buf[65536];
} socket_net_t;

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t socket_now(net_t *net)
{
    (void)net;
    return clock_ns(CLOCK_MONOTONIC);
}

static int64_t socket_wall(net_t *net)
{
    (void)net;
    return clock_ns(CLOCK_REALTIME);
}

static net_err_t socket_random(net_t *net, void *buf, size_t n)
{
    (void)net;
    uint8_t *p = buf;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno != EINTR)
            return NET_E_SYSTEM;
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
    return NET_OK;
}

static sock_t *sock_of(socket_net_t *s, uint32_t handle)
{
    uint32_t i = handle & 0xffff;
    if (i >= s->sock_cap || s->sock[i].fd < 0 || s->sock[i].generation != handle >> 16)
        return NULL;
    return &s->sock[i];
}

static uint32_t handle_of(const socket_net_t *s, const sock_t *k)
{
    return (uint32_t)(k - s->sock) | (uint32_t)k->generation << 16;
}

static sock_t *sock_take(socket_net_t *s)
{
    for (uint32_t i = 0; i < s->sock_cap; i++)
        if (s->sock[i].fd < 0)
            return &s->sock[i];
    uint32_t cap = s->sock_cap == 0 ? 64 : s->sock_cap * 2;
    if (cap > 0xffff)
        return NULL;
    sock_t *grown = realloc(s->sock, cap * sizeof *grown);
    if (grown == NULL)
        return NULL;
    for (uint32_t i = s->sock_cap; i < cap; i++) {
        memset(&grown[i], 0, sizeof grown[i]);
        grown[i].fd = -1;
    }
    s->sock = grown;
    sock_t *k = &grown[s->sock_cap];
    s->sock_cap = cap;
    return k;
}

static void set_int(int fd, int level, int option, int value)
{
    /* Best effort: a kernel without the option still probes, with less evidence. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void set_options(int fd, const net_open_t *how)
{
    bool v4 = how->dest.family == 4;
    set_int(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1);
    if (how->ttl > 0)
        set_int(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, how->ttl);
    if (how->dont_fragment)
        set_int(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
                IP_PMTUDISC_PROBE); /* the same number for IPv6 */
    if (!v4)
        set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (how->kind == NET_UDP)
        set_int(fd, SOL_SOCKET, SO_RCVBUF, 262144);
}

/* A port of getrandom's choice, each as likely as any other. */
static net_err_t random_port(net_t *net, uint16_t *port)
{
    net_err_t err = NET_OK;
    do
        err = socket_random(net, port, sizeof *port);
    while (err == NET_OK && *port < PORT_LEAST);
    return err;
}

/* Binds to the wanted source; UDP to a random port of getrandom's choice (RFC 5452 4.5). */
static int bind_source(socket_net_t *s, int fd, const net_open_t *how)
{
    addr_t source = how->source;
    if (source.family == 0)
        source.family = how->dest.family;
    bool choose = source.port == 0 && how->kind == NET_UDP;
    if (!choose && how->source.family == 0 && source.port == 0)
        return 0;
    for (int tries = 0;; tries++) {
        if (choose && tries < 8) {
            if (random_port(&s->base, &source.port) != NET_OK)
                return EIO;
        } else if (choose) {
            source.port = 0;
        }
        struct sockaddr_storage sa;
        socklen_t n = addr_to_sockaddr(&source, &sa);
        if (bind(fd, (struct sockaddr *)&sa, n) == 0)
            return 0;
        if (!choose || tries >= 8 || (errno != EADDRINUSE && errno != EACCES))
            return errno;
    }
}

static net_err_t open_failed(int fd, int error, int *os_error)
{
    if (fd >= 0)
        close(fd);
    if (os_error != NULL)
        *os_error = error;
    return error == EMFILE || error == ENFILE ? NET_E_LIMIT : NET_E_SYSTEM;
}

static void local_of(int fd, addr_t *local)
{
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    memset(local, 0, sizeof *local);
    if (getsockname(fd, (struct sockaddr *)&sa, &n) == 0)
        addr_from_sockaddr((struct sockaddr *)&sa, n, local);
}

/* Asks the kernel which address it would send from. False: none. */
static bool ask_local(const addr_t *dest, addr_t *local)
{
    struct sockaddr_storage sa;
    socklen_t n = addr_to_sockaddr(dest, &sa);
    int fd = socket(dest->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (struct sockaddr *)&sa, n) == 0;
    if (good)
        local_of(fd, local);
    if (fd >= 0)
        close(fd);
    return good;
}

/* The address that the kernel would send from: an unconnected socket only knows the port. To ask
 * costs as much as a query does, so what it said a moment ago counts. */
static void local_for(socket_net_t *s, const net_open_t *how, addr_t *local)
{
    static const uint8_t unset[sizeof local->octets];
    if (memcmp(local->octets, unset, sizeof unset) != 0)
        return;
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    local_t *known = &s->local[mix_addr(&how->dest, true, 0) % LOCALS];
    if (now >= known->until || !addr_equal(&known->dest, &how->dest)) {
        if (!ask_local(&how->dest, &known->addr)) {
            known->until = 0;
            return;
        }
        known->dest = how->dest;
        known->until = now + LOCAL_TIME;
    }
    uint16_t port = local->port;
    *local = known->addr;
    local->port = port;
}

static net_err_t socket_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                             int *os_error)
{
    socket_net_t *s = (socket_net_t *)net;
    int type = (how->kind == NET_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(how->dest.family == 4 ? AF_INET : AF_INET6, type, 0);
    if (fd < 0)
        return open_failed(fd, errno, os_error);
    set_options(fd, how);
    int error = bind_source(s, fd, how);
    if (error != 0)
        return open_failed(fd, error, os_error);
    sock_t *k = sock_take(s);
    if (k == NULL)
        return open_failed(fd, EMFILE, os_error);
    struct epoll_event ev = {.events = EPOLLIN};
    if (how->kind == NET_TCP) {
        struct sockaddr_storage sa;
        socklen_t n = addr_to_sockaddr(&how->dest, &sa);
        if (connect(fd, (struct sockaddr *)&sa, n) != 0 && errno != EINPROGRESS &&
            errno != ECONNREFUSED)
            return open_failed(fd, errno, os_error);
        ev.events = EPOLLIN | EPOLLOUT;
    }
    uint16_t generation = (uint16_t)(k->generation + 1);
    *k = (sock_t){.fd = fd,
                  .kind = how->kind,
                  .connecting = how->kind == NET_TCP,
                  .dest = how->dest,
                  .opened = how->kind == NET_TCP ? clock_ns(CLOCK_MONOTONIC) : 0,
                  .generation = generation};
    *handle = handle_of(s, k);
    ev.data.u32 = *handle;
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
        error = errno;
        k->fd = -1;
        return open_failed(fd, error, os_error);
    }
    local_of(fd, local);
    local_for(s, how, local);
    return NET_OK;
}

static void watch_writes(socket_net_t *s, sock_t *k, bool on)
{
    struct epoll_event ev = {.events = EPOLLIN | (on ? EPOLLOUT : 0u)};
    ev.data.u32 = handle_of(s, k);
    (void)epoll_ctl(s->epoll, EPOLL_CTL_MOD, k->fd, &ev);
}

/* Writes what is queued. Errors come out of the next read. */
static void flush_out(socket_net_t *s, sock_t *k)
{
    while (k->out_len > 0) {
        ssize_t n = send(k->fd, k->out, k->out_len, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        k->out_len -= (size_t)n;
        memmove(k->out, k->out + n, k->out_len);
    }
    watch_writes(s, k, k->out_len > 0);
}

static net_err_t socket_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n,
                             int *os_error)
{
    socket_net_t *s = (socket_net_t *)net;
    sock_t *k = sock_of(s, handle);
    if (k == NULL || k->dead)
        return NET_E_SYSTEM;
    if (k->kind == NET_UDP) {
        struct sockaddr_storage sa;
        socklen_t sn = addr_to_sockaddr(&k->dest, &sa);
        if (sendto(k->fd, bytes, n, 0, (struct sockaddr *)&sa, sn) >= 0)
            return NET_OK;
        /* A pending ICMP error of an earlier datagram is reported here: it is in the error queue
         * too, and must not stop this one. */
        if (errno != EACCES && errno != EPERM &&
            sendto(k->fd, bytes, n, 0, (struct sockaddr *)&sa, sn) >= 0)
            return NET_OK;
        if (os_error != NULL)
            *os_error = errno;
        return NET_E_SYSTEM;
    }
    uint8_t *out = realloc(k->out, k->out_len + n);
    if (out == NULL)
        return NET_E_MEMORY;
    memcpy(out + k->out_len, bytes, n);
    k->out = out;
    k->out_len += n;
    if (!k->connecting)
        flush_out(s, k);
    return NET_OK;
}

static void socket_close(net_t *net, uint32_t handle)
{
    socket_net_t *s = (socket_net_t *)net;
    sock_t *k = sock_of(s, handle);
    if (k == NULL)
        return;
    close(k->fd);
    free(k->out);
    k->out = NULL;
    k->fd = -1;
}

/* One entry of the error queue: an ICMP error with its reporter, or an error of our own side. */
static bool read_error_queue(socket_net_t *s, sock_t *k, net_event_t *e)
{
    union {
        struct cmsghdr align;
        char space[512];
    } control;
    struct sockaddr_storage to;
    struct iovec iov = {s->buf, sizeof s->buf};
    struct msghdr msg = {.msg_name = &to,
                         .msg_namelen = sizeof to,
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof control};
    ssize_t n = recvmsg(k->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
    struct sock_extended_err ee;
    addr_t who;
    if (n < 0 || !errqueue_read(&msg, &ee, &who))
        return false;
    e->os_error = (int)ee.ee_errno;
    e->bytes = s->buf;
    e->size = (uint32_t)n;
    if (!errqueue_is_icmp(&ee)) {
        e->kind = NET_EVENT_FAILED;
        return true;
    }
    e->kind = NET_EVENT_ICMP;
    e->peer = who;
    e->icmp_type = ee.ee_type;
    e->icmp_code = ee.ee_code;
    e->icmp_mtu = ee.ee_errno == EMSGSIZE ? ee.ee_info : 0;
    return true;
}

static bool read_udp(socket_net_t *s, sock_t *k, uint32_t events, net_event_t *e)
{
    if ((events & EPOLLERR) != 0 && read_error_queue(s, k, e))
        return true;
    struct sockaddr_storage from;
    socklen_t fn = sizeof from;
    ssize_t n = recvfrom(k->fd, s->buf, sizeof s->buf, 0, (struct sockaddr *)&from, &fn);
    if (n < 0)
        return false;
    if (!addr_from_sockaddr((struct sockaddr *)&from, fn, &e->peer))
        return false;
    e->kind = NET_EVENT_DATAGRAM;
    e->bytes = s->buf;
    e->size = (uint32_t)n;
    return true;
}

/* An open stream gives no error queue: the kernel only says errno. Unreachable errors become the
 * ICMP kind that they stand for, with no reporter (RFC 792, RFC 4443 3.1). */
static void tcp_error(sock_t *k, int error, net_event_t *e)
{
    bool v4 = k->dest.family == 4;
    k->dead = true;
    e->os_error = error;
    if (error == ECONNREFUSED) {
        e->kind = NET_EVENT_REFUSED;
    } else if (error == ECONNRESET || error == EPIPE) {
        e->kind = NET_EVENT_RESET;
    } else if (error == EHOSTUNREACH || error == ENETUNREACH || error == EACCES) {
        e->kind = NET_EVENT_ICMP;
        e->icmp_type = v4 ? 3 : 1;
        if (error == EHOSTUNREACH)
            e->icmp_code = v4 ? 1 : 3;
        else if (error == EACCES)
            e->icmp_code = v4 ? 13 : 1;
    } else {
        e->kind = NET_EVENT_FAILED;
    }
}

static bool read_tcp(socket_net_t *s, sock_t *k, uint32_t events, net_event_t *e)
{
    e->peer = k->dest;
    if (k->connecting) {
        int error = 0;
        socklen_t n = sizeof error;
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0)
            return false;
        getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        k->connecting = false;
        if (error != 0) {
            tcp_error(k, error, e);
            /* Linux 5.9 and later keep the ICMP error of a SYN itself: what it was, and whose */
            if (e->kind == NET_EVENT_ICMP)
                (void)read_error_queue(s, k, e);
            return true;
        }
        flush_out(s, k);
        e->kind = NET_EVENT_CONNECTED;
        return true;
    }
    if ((events & EPOLLOUT) != 0)
        flush_out(s, k);
    ssize_t n = recv(k->fd, s->buf, sizeof s->buf, 0);
    if (n > 0) {
        e->kind = NET_EVENT_BYTES;
        e->bytes = s->buf;
        e->size = (uint32_t)n;
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n == 0) {
        k->dead = true;
        e->kind = NET_EVENT_CLOSED;
        return true;
    }
    tcp_error(k, errno, e);
    return true;
}

/* Whether the kernel sent a segment again, be it the SYN: what came may answer that one. */
static bool was_resent(const sock_t *k, int64_t at)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    memset(&info, 0, sizeof info);
    return at - k->opened >= TCP_RESENT_LEAST &&
           getsockopt(k->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_total_retrans > 0;
}

/* One event out of one ready socket. */
static bool take_event(socket_net_t *s, const struct epoll_event *ready, net_event_t *e)
{
    sock_t *k = sock_of(s, ready->data.u32);
    if (k == NULL || k->dead)
        return false;
    memset(e, 0, sizeof *e);
    e->handle = ready->data.u32;
    e->at = clock_ns(CLOCK_MONOTONIC);
    bool got =
        k->kind == NET_UDP ? read_udp(s, k, ready->events, e) : read_tcp(s, k, ready->events, e);
    if (got && k->kind == NET_TCP)
        e->resent = was_resent(k, e->at);
    if (k->dead) /* level-triggered: a dead socket must not wake us again */
        (void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, k->fd, NULL);
    return got;
}

static net_err_t socket_wait(net_t *net, int64_t deadline, net_event_t *event)
{
    socket_net_t *s = (socket_net_t *)net;
    for (;;) {
        if (s->stop != NULL && *s->stop != 0)
            return NET_E_INTERRUPTED;
        while (s->ready_next < s->ready_count)
            if (take_event(s, &s->ready[s->ready_next++], event))
                return NET_OK;
        int64_t left = deadline - clock_ns(CLOCK_MONOTONIC);
        int64_t ms = left <= 0 ? 0 : (left + 999999) / 1000000;
        int n = epoll_wait(s->epoll, s->ready, READY_MAX, ms > 3600000 ? 3600000 : (int)ms);
        s->ready_next = 0;
        s->ready_count = n > 0 ? n : 0;
        if (n == 0 && left <= 0) {
            memset(event, 0, sizeof *event);
            event->kind = NET_EVENT_NONE;
            return NET_OK;
        }
        if (n < 0 && errno != EINTR)
            return NET_E_SYSTEM;
    }
}

static void socket_destroy(net_t *net)
{
    socket_net_t *s = (socket_net_t *)net;
    for (uint32_t i = 0; i < s->sock_cap; i++) {
        if (s->sock[i].fd >= 0)
            close(s->sock[i].fd);
        free(s->sock[i].out);
    }
    free(s->sock);
    close(s->epoll);
    free(s);
}

net_err_t net_socket_new(const _Atomic int *stop, net_t **out)
{
    static const net_ops_t ops = {socket_now,  socket_wall,  socket_random, socket_open,
                                  socket_send, socket_close, socket_wait,   socket_destroy};
    socket_net_t *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NET_E_MEMORY;
    s->base.ops = &ops;
    s->stop = stop;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0) {
        bool limit = errno == EMFILE || errno == ENFILE;
        free(s);
        return limit ? NET_E_LIMIT : NET_E_SYSTEM;
    }
    *out = &s->base;
    return NET_OK;
}
