#include "bulk/pool.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bulk/random.h"
#include "net/errqueue.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define SEGMENTS_MAX  64 /* of one datagram (UDP_MAX_SEGMENTS before Linux 6.8) */
#define GROUP_SLOTS   1024u
#define RECEIVE_BATCH POOL_EVENTS
#define RECEIVE_TURNS 16 /* batches from one socket before the others have their turn */
#define READY_MAX     64
#define BUFFER_SIZE   (4 << 20)
#define NONE          UINT16_MAX
/* Between buffers, or the beginnings of all would share a few places of the cache. */
#define LINE 64

/* Room for UDP_SEGMENT. */
typedef struct segment_control {
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(uint16_t))];
} segment_control_t;

/* Messages of one size to one address. */
typedef struct group {
    uint16_t first;
    uint16_t last;
    uint16_t count;
} group_t;

/* A batch as sendmmsg wants it. */
typedef struct outgoing {
    size_t groups;
    group_t group[POOL_BATCH];
    uint16_t next[POOL_BATCH];
    uint16_t slot[GROUP_SLOTS]; /* hash table of groups that have room */
    struct mmsghdr msg[POOL_BATCH];
    struct iovec iov[POOL_BATCH];
    segment_control_t control[POOL_BATCH];
} outgoing_t;

typedef struct incoming {
    struct mmsghdr msg[RECEIVE_BATCH];
    struct iovec iov[RECEIVE_BATCH];
    pool_peer_t peer[RECEIVE_BATCH];
    pool_event_t event[RECEIVE_BATCH];
    uint8_t buf[RECEIVE_BATCH][POOL_REPLY_MAX + LINE];
} incoming_t;

struct pool {
    pool_options_t o;
    int epoll;
    bool segment;
    unsigned open[2]; /* sockets of IPv4, IPv6 */
    int fd[2 * POOL_SOCKETS_MAX];
    random_pool_t random;
    struct epoll_event ready[READY_MAX];
    int ready_count;
    outgoing_t out;
    incoming_t in;
};

pool_t *pool_new(const pool_options_t *o)
{
    pool_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->o = *o;
    p->segment = o->segment;
    if (p->o.sockets > POOL_SOCKETS_MAX)
        p->o.sockets = POOL_SOCKETS_MAX;
    for (size_t i = 0; i < RECEIVE_BATCH; i++) {
        p->in.iov[i] = (struct iovec){p->in.buf[i], POOL_REPLY_MAX};
        p->in.msg[i].msg_hdr =
            (struct msghdr){.msg_name = &p->in.peer[i], .msg_iov = &p->in.iov[i], .msg_iovlen = 1};
    }
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll >= 0)
        return p;
    free(p);
    return NULL;
}

void pool_free(pool_t *p)
{
    if (p == NULL)
        return;
    for (unsigned f = 0; f < 2; f++)
        for (unsigned i = 0; i < p->open[f]; i++)
            close(p->fd[f * POOL_SOCKETS_MAX + i]);
    close(p->epoll);
    free(p);
}

bool pool_same_peer(const pool_peer_t *a, const pool_peer_t *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return a->v6.sin6_port == b->v6.sin6_port &&
           memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0 &&
           (b->v6.sin6_scope_id == 0 || a->v6.sin6_scope_id == 0 ||
            a->v6.sin6_scope_id == b->v6.sin6_scope_id);
}

void pool_peer_of(const addr_t *a, pool_peer_t *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == 4) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(a->port);
        memcpy(&out->v4.sin_addr, a->octets, sizeof out->v4.sin_addr);
    } else {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(a->port);
        out->v6.sin6_scope_id = a->scope;
        memcpy(&out->v6.sin6_addr, a->octets, sizeof out->v6.sin6_addr);
    }
}

/* --- opening --- */

static void set_int(int fd, int level, int option, int value)
{
    /* Best effort: without an option it goes slower, or with less evidence. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* A random port (RFC 5452 4.5), unless the source has one. */
static bool bind_random(pool_t *p, int fd, addr_t source)
{
    bool choose = source.port == 0;
    for (int tries = 0; tries < 32; tries++) {
        pool_peer_t sa;
        if (choose)
            source.port = random_port(&p->random);
        pool_peer_of(&source, &sa);
        if (bind(fd, &sa.any, source.family == 4 ? sizeof sa.v4 : sizeof sa.v6) == 0)
            return true;
        if (!choose || (errno != EADDRINUSE && errno != EACCES))
            return false;
    }
    return false;
}

/* A bound socket, or -1: *error says why. */
static int open_one(pool_t *p, uint8_t family, int *error)
{
    addr_t source = family == 4 ? p->o.source4 : p->o.source6;
    source.family = family;
    int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error = errno;
        return -1;
    }
    if (family == 4) {
        set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    } else {
        set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    }
    set_int(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_SIZE);
    set_int(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_SIZE);
    set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_SIZE); /* where root may exceed the limit */
    if (!bind_random(p, fd, source)) {
        *error = errno;
        close(fd);
        return -1;
    }
    return fd;
}

uint16_t pool_first(uint8_t family)
{
    return family == 4 ? 0 : POOL_SOCKETS_MAX;
}

unsigned pool_open(pool_t *p, uint8_t family, int *error)
{
    unsigned f = family == 4 ? 0 : 1;
    bool one = (family == 4 ? p->o.source4 : p->o.source6).port != 0;
    while (p->open[f] < (one ? 1 : p->o.sockets)) {
        uint32_t sock = pool_first(family) + p->open[f];
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = sock};
        int fd = open_one(p, family, error);
        if (fd < 0)
            break;
        if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
            *error = errno;
            close(fd);
            break;
        }
        p->fd[sock] = fd;
        p->open[f]++;
    }
    return p->open[f];
}

/* --- sending --- */

static uint32_t item_hash(const pool_item_t *i)
{
    uint32_t h = i->size * 0x9e3779b1u;
    if (i->to->any.sa_family == AF_INET) {
        h ^= i->to->v4.sin_addr.s_addr * 0x85ebca6bu ^ i->to->v4.sin_port;
    } else {
        uint32_t w[4];
        memcpy(w, &i->to->v6.sin6_addr, sizeof w);
        h ^= (w[0] ^ w[1] * 3 ^ w[2] * 5 ^ w[3] * 7) * 0x85ebca6bu ^ i->to->v6.sin6_port;
    }
    return (h ^ h >> 15) % GROUP_SLOTS;
}

static void group_begin(outgoing_t *o, uint16_t i)
{
    o->group[o->groups++] = (group_t){.first = i, .last = i, .count = 1};
}

/* The place in the hash table of the last group of messages like this one, or the free place where
 * it belongs. */
static uint16_t *group_place(outgoing_t *o, const pool_item_t *item, uint16_t i)
{
    uint32_t slot = item_hash(&item[i]);
    while (o->slot[slot] != NONE) {
        const pool_item_t *of = &item[o->group[o->slot[slot]].first];
        if (of->size == item[i].size && pool_same_peer(of->to, item[i].to))
            break;
        slot = (slot + 1) % GROUP_SLOTS;
    }
    return &o->slot[slot];
}

/* Puts the items into groups, in order within each. */
static void make_groups(outgoing_t *o, const pool_item_t *item, size_t count, bool segment)
{
    o->groups = 0;
    memset(o->slot, 0xff, sizeof o->slot);
    uint16_t items = (uint16_t)count; /* POOL_BATCH at most */
    for (uint16_t i = 0; i < items; i++) {
        o->next[i] = NONE;
        uint16_t *place = segment && !item[i].alone ? group_place(o, item, i) : NULL;
        group_t *g = place != NULL && *place != NONE ? &o->group[*place] : NULL;
        if (g != NULL && g->count < SEGMENTS_MAX) {
            o->next[g->last] = i;
            g->last = i;
            g->count++;
            continue;
        }
        if (place != NULL)
            *place = (uint16_t)o->groups;
        group_begin(o, i);
    }
}

/* sendmmsg takes pointers to what it only reads as if it wrote there. */
static void *only_read(const void *p)
{
    void *q = NULL;
    memcpy(&q, &p, sizeof q);
    return q;
}

static void make_messages(outgoing_t *o, const pool_item_t *item)
{
    size_t used = 0;
    for (size_t g = 0; g < o->groups; g++) {
        const group_t *group = &o->group[g];
        const pool_item_t *first = &item[group->first];
        struct msghdr *m = &o->msg[g].msg_hdr;
        *m = (struct msghdr){.msg_name = only_read(first->to),
                             .msg_namelen = first->to->any.sa_family == AF_INET
                                                ? sizeof first->to->v4
                                                : sizeof first->to->v6,
                             .msg_iov = &o->iov[used],
                             .msg_iovlen = group->count};
        for (uint16_t i = group->first; i != NONE; i = o->next[i])
            o->iov[used++] = (struct iovec){only_read(item[i].wire), item[i].size};
        if (group->count == 1)
            continue;
        uint16_t size = (uint16_t)first->size;
        m->msg_control = &o->control[g];
        m->msg_controllen = sizeof o->control[g];
        struct cmsghdr *c = CMSG_FIRSTHDR(m);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(c), &size, sizeof size);
    }
}

static void mark_group(const outgoing_t *o, size_t g, pool_item_t *item, int error)
{
    for (uint16_t i = o->group[g].first; i != NONE; i = o->next[i])
        item[i].error = error;
}

/* Sends each message of a group by itself: the kernel would not segment it. */
static void send_apart(pool_t *p, int fd, const group_t *group, pool_item_t *item)
{
    for (uint16_t i = group->first; i != NONE; i = p->out.next[i]) {
        const pool_peer_t *to = item[i].to;
        socklen_t n = to->any.sa_family == AF_INET ? sizeof to->v4 : sizeof to->v6;
        ssize_t sent = sendto(fd, item[i].wire, item[i].size, 0, &to->any, n);
        if (sent < 0)
            sent = sendto(fd, item[i].wire, item[i].size, 0, &to->any, n);
        item[i].error = sent >= 0 ? 0 : errno == ENOBUFS ? EAGAIN : errno;
    }
}

/* A group that sendmmsg stopped at. The error may be an earlier datagram's, reported late; that is
 * in the error queue too, and must not stop this one. */
static void send_group(pool_t *p, int fd, size_t g, pool_item_t *item, int error)
{
    if (error == EAGAIN || error == ENOBUFS) {
        mark_group(&p->out, g, item, EAGAIN);
        return;
    }
    if (sendmsg(fd, &p->out.msg[g].msg_hdr, 0) >= 0) {
        mark_group(&p->out, g, item, 0);
        return;
    }
    if (errno == EIO || errno == EOPNOTSUPP || errno == ENOPROTOOPT)
        p->segment = false; /* the device cannot: not tried again */
    send_apart(p, fd, &p->out.group[g], item);
}

void pool_send(pool_t *p, uint16_t sock, pool_item_t *item, size_t count)
{
    outgoing_t *o = &p->out;
    int fd = p->fd[sock];
    make_groups(o, item, count, p->segment);
    make_messages(o, item);
    for (size_t g = 0; g < o->groups;) {
        int n = sendmmsg(fd, &o->msg[g], (unsigned)(o->groups - g), 0);
        for (int i = 0; i < n; i++)
            mark_group(o, g++, item, 0);
        if (n <= 0) {
            send_group(p, fd, g, item, errno);
            g++;
        }
    }
}

/* --- receiving --- */

static size_t read_errors(pool_t *p, uint16_t sock, pool_sink_t *sink, void *user)
{
    size_t events = 0;
    for (int i = 0; i < RECEIVE_BATCH; i++) {
        union {
            struct cmsghdr align;
            char space[512];
        } control;
        pool_peer_t to = {0};
        struct iovec iov = {p->in.buf[0], POOL_REPLY_MAX};
        struct msghdr m = {.msg_name = &to,
                           .msg_namelen = sizeof to,
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
        ssize_t n = recvmsg(p->fd[sock], &m, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (n < 0)
            break;
        pool_event_t e = {
            .sock = sock, .icmp = true, .peer = &to, .bytes = p->in.buf[0], .size = (uint32_t)n};
        struct sock_extended_err ee;
        if (errqueue_read(&m, &ee, NULL) && errqueue_is_icmp(&ee)) {
            e.icmp_type = ee.ee_type;
            e.icmp_code = ee.ee_code;
            sink(user, &e, 1);
            events++;
        }
    }
    return events;
}

static size_t read_batch(pool_t *p, uint16_t sock, pool_sink_t *sink, void *user, bool *more)
{
    incoming_t *in = &p->in;
    for (size_t i = 0; i < RECEIVE_BATCH; i++)
        in->msg[i].msg_hdr.msg_namelen = sizeof in->peer[i];
    int n = recvmmsg(p->fd[sock], in->msg, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        in->event[i] = (pool_event_t){.sock = sock,
                                      .cut = (in->msg[i].msg_hdr.msg_flags & MSG_TRUNC) != 0,
                                      .peer = &in->peer[i],
                                      .bytes = in->buf[i],
                                      .size = in->msg[i].msg_len};
    if (n > 0)
        sink(user, in->event, (size_t)n);
    *more = n == RECEIVE_BATCH;
    return n > 0 ? (size_t)n : 0;
}

void pool_wait(pool_t *p, int64_t timeout)
{
    int ms = timeout > INT64_C(1000000000) ? 1000 : (int)(timeout / 1000000);
    if (timeout > 0 && ms == 0)
        ms = 1;
    p->ready_count = epoll_wait(p->epoll, p->ready, READY_MAX, ms);
}

size_t pool_receive(pool_t *p, pool_sink_t *sink, void *user)
{
    size_t events = 0;
    for (int i = 0; i < p->ready_count; i++) {
        uint16_t sock = (uint16_t)p->ready[i].data.u32;
        bool more = true;
        if ((p->ready[i].events & EPOLLERR) != 0)
            events += read_errors(p, sock, sink, user);
        for (int turn = 0; turn < RECEIVE_TURNS && more; turn++)
            events += read_batch(p, sock, sink, user, &more);
    }
    p->ready_count = 0;
    return events;
}
