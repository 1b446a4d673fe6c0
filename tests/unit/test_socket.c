/* The kernel's sockets over loopback, with a responder in the same thread. The time limits below
 * only keep a broken build from hanging; nothing is measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net.h"

#define PATIENCE INT64_C(20000000000)
#define BIG      3000000u

/* A socket of the test's own side, bound to a free port of a loopback address. */
static int peer_socket(const char *text, int type, addr_t *at)
{
    struct sockaddr_storage sa;
    assert_true(addr_from_text(text, strlen(text), 53, at));
    at->port = 0;
    socklen_t n = addr_to_sockaddr(at, &sa);
    int fd = socket(sa.ss_family, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, n) != 0) {
        print_message("no %s on this machine\n", text);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    n = sizeof sa;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
    assert_true(addr_from_sockaddr((struct sockaddr *)&sa, n, at));
    return fd;
}

static net_t *sockets(void)
{
    net_t *net = NULL;
    assert_int_equal(net_socket_new(NULL, &net), NET_OK);
    return net;
}

static uint32_t open_to(net_t *net, net_kind_t kind, const addr_t *dest, addr_t *local)
{
    net_open_t how = {.kind = kind, .dest = *dest};
    uint32_t h = 0;
    assert_int_equal(net->ops->open(net, &how, &h, local, NULL), NET_OK);
    return h;
}

static net_event_t next(net_t *net, net_event_kind_t kind, uint32_t handle)
{
    net_event_t e;
    assert_int_equal(net->ops->wait(net, net->ops->now(net) + PATIENCE, &e), NET_OK);
    if (e.kind != kind || e.handle != handle)
        fail_msg("event %d of handle %u, not %d of %u", e.kind, e.handle, kind, handle);
    return e;
}

static void udp_family(const char *text)
{
    addr_t at;
    addr_t local;
    addr_t from;
    addr_t other_at;
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    uint8_t buf[16];
    net_event_t e;
    int fd = peer_socket(text, SOCK_DGRAM, &at);
    if (fd < 0)
        skip();
    int other = peer_socket(text, SOCK_DGRAM, &other_at);
    net_t *net = sockets();
    uint32_t h = open_to(net, NET_UDP, &at, &local);
    assert_true(local.port >= 1024);
    assert_true(addr_same_host(&local, &at)); /* what the kernel would send from */
    assert_int_equal(net->ops->send(net, h, (const uint8_t *)"ask", 3, NULL), NET_OK);
    assert_int_equal(recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&sa, &n), 3);
    assert_memory_equal(buf, "ask", 3);
    assert_true(addr_from_sockaddr((struct sockaddr *)&sa, n, &from));
    assert_true(addr_equal(&from, &local));
    assert_int_equal(sendto(fd, "reply", 5, 0, (struct sockaddr *)&sa, n), 5);
    e = next(net, NET_EVENT_DATAGRAM, h);
    assert_int_equal(e.size, 5);
    assert_memory_equal(e.bytes, "reply", 5);
    assert_true(addr_equal(&e.peer, &at));
    assert_true(e.at <= net->ops->now(net));
    /* from a wrong port, and empty: seen all the same */
    assert_int_equal(sendto(other, "", 0, 0, (struct sockaddr *)&sa, n), 0);
    e = next(net, NET_EVENT_DATAGRAM, h);
    assert_int_equal(e.size, 0);
    assert_true(addr_equal(&e.peer, &other_at));
    net->ops->destroy(net); /* with an open handle */
    close(fd);
    close(other);
}

static void udp_v4(void **state)
{
    (void)state;
    udp_family("127.0.0.1");
}

static void udp_v6(void **state)
{
    (void)state;
    udp_family("::1");
}

/* A closed port: the ICMP error with its reporter, and the octets that it quotes. */
static void unreachable_family(const char *text, uint8_t type, uint8_t code)
{
    addr_t at;
    addr_t local;
    int fd = peer_socket(text, SOCK_DGRAM, &at);
    if (fd < 0)
        skip();
    close(fd);
    net_t *net = sockets();
    uint32_t h = open_to(net, NET_UDP, &at, &local);
    /* twice: an error that waits in the queue must not stop the next datagram */
    assert_int_equal(net->ops->send(net, h, (const uint8_t *)"one", 3, NULL), NET_OK);
    assert_int_equal(net->ops->send(net, h, (const uint8_t *)"two", 3, NULL), NET_OK);
    for (int i = 0; i < 2; i++) {
        net_event_t e = next(net, NET_EVENT_ICMP, h);
        assert_int_equal(e.icmp_type, type);
        assert_int_equal(e.icmp_code, code);
        assert_int_equal(e.icmp_mtu, 0);
        assert_int_equal(e.os_error, ECONNREFUSED);
        assert_true(addr_same_host(&e.peer, &at));
        assert_int_equal(e.size, 3);
        assert_memory_equal(e.bytes, i == 0 ? "one" : "two", 3);
    }
    net->ops->close(net, h);
    net->ops->destroy(net);
}

static void unreachable_v4(void **state)
{
    (void)state;
    unreachable_family("127.0.0.1", 3, 3); /* RFC 792 */
}

static void unreachable_v6(void **state)
{
    (void)state;
    unreachable_family("::1", 1, 4); /* RFC 4443 3.1 */
}

static void tcp_family(const char *text)
{
    addr_t at;
    addr_t local;
    uint8_t buf[16];
    int fd = peer_socket(text, SOCK_STREAM, &at);
    if (fd < 0)
        skip();
    assert_int_equal(listen(fd, 1), 0);
    net_t *net = sockets();
    uint32_t h = open_to(net, NET_TCP, &at, &local);
    assert_true(addr_same_host(&local, &at));
    assert_int_not_equal(local.port, 0);
    /* queued before the handshake is done */
    assert_int_equal(net->ops->send(net, h, (const uint8_t *)"he", 2, NULL), NET_OK);
    assert_int_equal(net->ops->send(net, h, (const uint8_t *)"llo", 3, NULL), NET_OK);
    next(net, NET_EVENT_CONNECTED, h);
    int peer = accept(fd, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(recv(peer, buf, 5, MSG_WAITALL), 5);
    assert_memory_equal(buf, "hello", 5);
    for (uint8_t i = 0; i < 4; i++) { /* dribbled */
        assert_int_equal(send(peer, &i, 1, 0), 1);
        net_event_t e = next(net, NET_EVENT_BYTES, h);
        assert_int_equal(e.size, 1);
        assert_int_equal(e.bytes[0], i);
        assert_true(addr_equal(&e.peer, &at));
    }
    assert_int_equal(send(peer, "end", 3, 0), 3);
    close(peer);
    assert_int_equal(next(net, NET_EVENT_BYTES, h).size, 3);
    next(net, NET_EVENT_CLOSED, h);
    net_event_t none; /* a dead handle is quiet until it is closed */
    assert_int_equal(net->ops->wait(net, net->ops->now(net), &none), NET_OK);
    assert_int_equal(none.kind, NET_EVENT_NONE);
    net->ops->close(net, h);
    net->ops->destroy(net);
    close(fd);
}

static void tcp_v4(void **state)
{
    (void)state;
    tcp_family("127.0.0.1");
}

static void tcp_v6(void **state)
{
    (void)state;
    tcp_family("::1");
}

/* More octets than the kernel takes at once: the rest goes when there is room. */
static void tcp_partial(void **state)
{
    addr_t at;
    addr_t local;
    size_t got = 0;
    uint8_t *big = malloc(BIG);
    uint8_t *in = malloc(BIG);
    int fd = peer_socket("127.0.0.1", SOCK_STREAM, &at);
    (void)state;
    assert_true(fd >= 0 && big != NULL && in != NULL);
    for (uint32_t i = 0; i < BIG; i++)
        big[i] = (uint8_t)(i * 7 + (i >> 8));
    assert_int_equal(listen(fd, 1), 0);
    net_t *net = sockets();
    uint32_t h = open_to(net, NET_TCP, &at, &local);
    next(net, NET_EVENT_CONNECTED, h);
    int peer = accept(fd, NULL, NULL);
    assert_int_equal(net->ops->send(net, h, big, BIG, NULL), NET_OK);
    while (got < BIG) {
        net_event_t e;
        ssize_t n = recv(peer, in + got, BIG - got, MSG_DONTWAIT);
        if (n > 0)
            got += (size_t)n;
        assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        assert_int_equal(net->ops->wait(net, net->ops->now(net) + 1000000, &e), NET_OK);
        assert_int_equal(e.kind, NET_EVENT_NONE);
    }
    assert_memory_equal(in, big, BIG);
    net->ops->destroy(net);
    close(peer);
    close(fd);
    free(big);
    free(in);
}

static void tcp_refused(void **state)
{
    static const char *const texts[] = {"127.0.0.1", "::1"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        addr_t at;
        addr_t local;
        int fd = peer_socket(texts[i], SOCK_STREAM, &at);
        if (fd < 0)
            continue;
        close(fd);
        net_t *net = sockets();
        uint32_t h = open_to(net, NET_TCP, &at, &local);
        net_event_t e = next(net, NET_EVENT_REFUSED, h);
        assert_true(addr_equal(&e.peer, &at));
        net->ops->close(net, h);
        net->ops->destroy(net);
    }
}

static void tcp_reset(void **state)
{
    addr_t at;
    addr_t local;
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    int fd = peer_socket("127.0.0.1", SOCK_STREAM, &at);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(listen(fd, 1), 0);
    net_t *net = sockets();
    uint32_t h = open_to(net, NET_TCP, &at, &local);
    next(net, NET_EVENT_CONNECTED, h);
    int peer = accept(fd, NULL, NULL);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(peer);
    next(net, NET_EVENT_RESET, h);
    /* nothing can be sent on it now, and saying so is all that happens */
    assert_int_not_equal(net->ops->send(net, h, (const uint8_t *)"x", 1, NULL), NET_OK);
    net->ops->destroy(net);
    close(fd);
}

/* Source address and port, TTL: what was asked for is what the socket has. */
static void options(void **state)
{
    addr_t at;
    addr_t from;
    addr_t local;
    struct sockaddr_storage sa;
    char control[64];
    uint8_t buf[4];
    struct iovec iov = {buf, sizeof buf};
    struct msghdr msg = {.msg_name = &sa,
                         .msg_namelen = sizeof sa,
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof control};
    int on = 1;
    int ttl = 0;
    uint32_t h = 0;
    int fd = peer_socket("127.0.0.1", SOCK_DGRAM, &at);
    (void)state;
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on), 0);
    net_t *net = sockets();
    net_open_t how = {.kind = NET_UDP, .dest = at, .ttl = 7, .dont_fragment = true};
    how.source = (addr_t){4, {127, 0, 0, 9}, 0, 0};
    assert_int_equal(net->ops->open(net, &how, &h, &local, NULL), NET_OK);
    assert_true(addr_same_host(&local, &how.source));
    assert_int_equal(net->ops->send(net, h, buf, 1, NULL), NET_OK);
    assert_int_equal(recvmsg(fd, &msg, 0), 1);
    assert_true(addr_from_sockaddr((struct sockaddr *)&sa, msg.msg_namelen, &from));
    assert_true(addr_equal(&from, &local));
    assert_non_null(CMSG_FIRSTHDR(&msg));
    memcpy(&ttl, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof ttl);
    assert_int_equal(ttl, 7);
    /* a port that is taken, and an address that is not ours (RFC 5737): refused with the cause */
    int os_error = 0;
    uint32_t other = 0;
    how.source = local;
    assert_int_equal(net->ops->open(net, &how, &other, &from, &os_error), NET_E_SYSTEM);
    assert_int_equal(os_error, EADDRINUSE);
    how.source = (addr_t){4, {192, 0, 2, 1}, 0, 0};
    assert_int_equal(net->ops->open(net, &how, &other, &from, &os_error), NET_E_SYSTEM);
    assert_int_equal(os_error, EADDRNOTAVAIL);
    net->ops->destroy(net);
    close(fd);
}

/* A datagram that no interface takes is refused with its errno, never sent in part. */
static void too_long(void **state)
{
    addr_t at;
    addr_t local;
    int os_error = 0;
    uint8_t *big = calloc(1, 65535);
    int fd = peer_socket("127.0.0.1", SOCK_DGRAM, &at);
    (void)state;
    assert_non_null(big);
    net_t *net = sockets();
    uint32_t h = open_to(net, NET_UDP, &at, &local);
    assert_int_equal(net->ops->send(net, h, big, 65535, &os_error), NET_E_SYSTEM);
    assert_int_equal(os_error, EMSGSIZE);
    net->ops->destroy(net);
    close(fd);
    free(big);
}

/* A handle that was closed is nobody's: neither the next socket in its place, nor a crash. */
static void stale_handles(void **state)
{
    addr_t at;
    addr_t local;
    net_event_t e;
    int fd = peer_socket("127.0.0.1", SOCK_DGRAM, &at);
    (void)state;
    net_t *net = sockets();
    uint32_t old = open_to(net, NET_UDP, &at, &local);
    net->ops->close(net, old);
    uint32_t now = open_to(net, NET_UDP, &at, &local);
    assert_int_not_equal(now, old);
    assert_int_not_equal(net->ops->send(net, old, (const uint8_t *)"x", 1, NULL), NET_OK);
    net->ops->close(net, old);
    assert_int_equal(net->ops->send(net, now, (const uint8_t *)"x", 1, NULL), NET_OK);
    assert_int_equal(net->ops->wait(net, net->ops->now(net), &e), NET_OK);
    assert_int_equal(e.kind, NET_EVENT_NONE);
    net->ops->destroy(net);
    close(fd);
}

static void interrupted(void **state)
{
    _Atomic int stop = 0;
    net_t *net = NULL;
    net_event_t e;
    (void)state;
    assert_int_equal(net_socket_new(&stop, &net), NET_OK);
    assert_int_equal(net->ops->wait(net, net->ops->now(net), &e), NET_OK);
    assert_int_equal(e.kind, NET_EVENT_NONE);
    stop = 1;
    assert_int_equal(net->ops->wait(net, INT64_MAX, &e), NET_E_INTERRUPTED);
    net->ops->destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_v4),         cmocka_unit_test(udp_v6),
        cmocka_unit_test(unreachable_v4), cmocka_unit_test(unreachable_v6),
        cmocka_unit_test(tcp_v4),         cmocka_unit_test(tcp_v6),
        cmocka_unit_test(tcp_partial),    cmocka_unit_test(tcp_refused),
        cmocka_unit_test(tcp_reset),      cmocka_unit_test(options),
        cmocka_unit_test(too_long),       cmocka_unit_test(stale_handles),
        cmocka_unit_test(interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
