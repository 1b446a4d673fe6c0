/* Sockets in batches, over loopback, with the other ends in the same thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bulk/pool.h"

#define PEERS  3
#define ITEMS  200
#define EVENTS 1000
#define WAIT   INT64_C(5000000)

typedef struct end {
    int fd;
    addr_t at;
    pool_peer_t to;
} end_t;

static bool end_open(end_t *e, const char *text)
{
    struct sockaddr_storage sa;
    int size = 4 << 20;
    assert_true(addr_from_text(text, strlen(text), 53, &e->at));
    e->at.port = 0;
    socklen_t n = addr_to_sockaddr(&e->at, &sa);
    e->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (e->fd < 0 || bind(e->fd, (struct sockaddr *)&sa, n) != 0) {
        if (e->fd >= 0)
            close(e->fd);
        return false;
    }
    (void)setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    n = sizeof sa;
    assert_int_equal(getsockname(e->fd, (struct sockaddr *)&sa, &n), 0);
    assert_true(addr_from_sockaddr((struct sockaddr *)&sa, n, &e->at));
    pool_peer_of(&e->at, &e->to);
    return true;
}

static pool_t *pool_with(bool segment, unsigned sockets)
{
    pool_options_t o = {.sockets = sockets, .segment = segment};
    pool_t *p = pool_new(&o);
    assert_non_null(p);
    return p;
}

/* What came, copied. */
typedef struct seen {
    size_t count;
    pool_event_t event[EVENTS];
    uint8_t first[EVENTS][16];
    pool_peer_t peer[EVENTS];
    size_t most; /* at once */
} seen_t;

static void on_events(void *user, const pool_event_t *event, size_t count)
{
    seen_t *s = user;
    s->most = count > s->most ? count : s->most;
    for (size_t i = 0; i < count; i++) {
        assert_true(s->count < EVENTS);
        s->event[s->count] = event[i];
        s->peer[s->count] = *event[i].peer;
        memcpy(s->first[s->count], event[i].bytes, event[i].size < 16 ? event[i].size : 16);
        s->count++;
    }
}

static unsigned open_sockets(pool_t *p, uint8_t family)
{
    int error = 0;
    unsigned n = pool_open(p, family, &error);
    assert_int_equal(error, 0);
    return n;
}

static void receive(pool_t *p, seen_t *s, size_t wanted)
{
    while (s->count < wanted) {
        pool_wait(p, WAIT);
        (void)pool_receive(p, on_events, s);
    }
}

/* Messages of several sizes to several addresses, one call: each arrives whole, and those to one
 * address that have one size in order. Then all are sent back. */
static void batch(const char *text, bool segment)
{
    end_t end[PEERS];
    static uint8_t wire[ITEMS][POOL_SIZES_MAX];
    static pool_item_t item[ITEMS];
    static seen_t seen;
    bool got[ITEMS] = {false};
    pool_t *p = pool_with(segment, 4);
    uint8_t family = strchr(text, ':') != NULL ? 6 : 4;
    memset(&seen, 0, sizeof seen);
    for (size_t i = 0; i < PEERS; i++)
        if (!end_open(&end[i], text))
            skip();
    assert_int_equal(open_sockets(p, family), 4);
    for (size_t i = 0; i < ITEMS; i++) {
        static const uint32_t sizes[] = {30, 40, 41, 300};
        memset(wire[i], (int)i, sizeof wire[i]);
        item[i] = (pool_item_t){
            .to = &end[i % PEERS].to, .wire = wire[i], .size = sizes[i / 3 % 4], .error = -1};
    }
    pool_send(p, (uint16_t)(pool_first(family) + 2), item, ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(item[i].error, 0);
    for (size_t k = 0; k < PEERS; k++) {
        uint8_t buf[POOL_SIZES_MAX];
        int last[POOL_SIZES_MAX];
        pool_peer_t from;
        socklen_t size = sizeof from;
        ssize_t n = 0;
        memset(last, -1, sizeof last);
        while ((n = recvfrom(end[k].fd, buf, sizeof buf, 0, &from.any, &size)) >= 0) {
            assert_int_equal(buf[0] % PEERS, k);
            assert_int_equal(n, item[buf[0]].size);
            for (ssize_t i = 1; i < n; i++)
                assert_int_equal(buf[i], buf[0]);
            assert_true((int)buf[0] > last[n]);
            last[n] = buf[0];
            assert_false(got[buf[0]]);
            got[buf[0]] = true;
            assert_int_equal(sendto(end[k].fd, buf, (size_t)n, 0, &from.any, size), n);
        }
    }
    receive(p, &seen, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        uint8_t mark = seen.first[i][0];
        assert_true(got[mark]);
        got[mark] = false;
        assert_int_equal(seen.event[i].sock, pool_first(family) + 2);
        assert_int_equal(seen.event[i].size, item[mark].size);
        assert_false(seen.event[i].icmp || seen.event[i].cut);
        assert_true(pool_same_peer(&seen.peer[i], &end[mark % PEERS].to));
    }
    assert_true(seen.most > 1 && seen.most <= POOL_EVENTS);
    for (size_t i = 0; i < PEERS; i++)
        close(end[i].fd);
    pool_free(p);
}

static void batches(void **state)
{
    (void)state;
    batch("127.0.0.1", true);
    batch("127.0.0.1", false);
}

static void batches_v6(void **state)
{
    (void)state;
    batch("::1", true);
    batch("::1", false);
}

/* A port where nothing listens, amid others: its messages come back as ICMP errors, with what was
 * sent, and do not stop the rest of the batch, nor a second batch. Sent alone, each of them comes
 * back. */
static void unreachable(void **state)
{
    end_t good;
    end_t closed;
    static seen_t seen;
    static pool_item_t item[40];
    uint8_t wire[40][16];
    uint8_t buf[16];
    size_t arrived = 0;
    pool_t *p = pool_with(true, 1);
    (void)state;
    assert_true(end_open(&good, "127.0.0.1"));
    assert_true(end_open(&closed, "127.0.0.1"));
    close(closed.fd);
    assert_int_equal(open_sockets(p, 4), 1);
    for (int turn = 0; turn < 3; turn++) {
        memset(&seen, 0, sizeof seen);
        for (size_t i = 0; i < 40; i++) {
            memset(wire[i], (int)i, sizeof wire[i]);
            item[i] = (pool_item_t){.to = i % 4 == 1 ? &closed.to : &good.to,
                                    .wire = wire[i],
                                    .size = 12,
                                    .alone = turn == 2};
        }
        pool_send(p, pool_first(4), item, 40);
        for (size_t i = 0; i < 40; i++)
            assert_int_equal(item[i].error, 0);
        receive(p, &seen, turn == 2 ? 10 : 1);
        for (size_t i = 0; i < seen.count; i++) {
            assert_true(seen.event[i].icmp);
            assert_int_equal(seen.event[i].icmp_type, 3);
            assert_int_equal(seen.event[i].icmp_code, 3);
            assert_true(pool_same_peer(&seen.peer[i], &closed.to));
            assert_int_equal(seen.first[i][0] % 4, 1);
        }
    }
    while (recv(good.fd, buf, sizeof buf, 0) == 12)
        arrived++;
    assert_int_equal(arrived, 90);
    close(good.fd);
    pool_free(p);
}

/* Longer than is kept, and empty. */
static void sizes(void **state)
{
    end_t end;
    static seen_t seen;
    static uint8_t big[POOL_REPLY_MAX + 1];
    pool_peer_t from;
    socklen_t size = sizeof from;
    uint8_t buf[16];
    pool_item_t item = {.wire = big, .size = 12};
    pool_t *p = pool_with(true, 1);
    (void)state;
    memset(&seen, 0, sizeof seen);
    assert_true(end_open(&end, "127.0.0.1"));
    item.to = &end.to;
    assert_int_equal(open_sockets(p, 4), 1);
    pool_send(p, pool_first(4), &item, 1);
    assert_int_equal(recvfrom(end.fd, buf, sizeof buf, 0, &from.any, &size), 12);
    assert_int_equal(sendto(end.fd, big, sizeof big, 0, &from.any, size), sizeof big);
    assert_int_equal(sendto(end.fd, big, POOL_REPLY_MAX, 0, &from.any, size), POOL_REPLY_MAX);
    assert_int_equal(sendto(end.fd, "", 0, 0, &from.any, size), 0);
    receive(p, &seen, 3);
    assert_true(seen.event[0].cut);
    assert_int_equal(seen.event[0].size, POOL_REPLY_MAX);
    assert_false(seen.event[1].cut);
    assert_int_equal(seen.event[2].size, 0);
    close(end.fd);
    pool_free(p);
}

/* Where there is no socket to be had, the kernel's reason is told. */
static void no_socket(void **state)
{
    pool_options_t o = {.sockets = 4};
    int error = 0;
    (void)state;
    assert_true(addr_from_text("192.0.2.1", 9, 0, &o.source4)); /* no address of this machine */
    pool_t *p = pool_new(&o);
    assert_non_null(p);
    assert_int_equal(pool_open(p, 4, &error), 0);
    assert_int_equal(error, EADDRNOTAVAIL);
    pool_free(p);
}

/* Ports are random, and a family's sockets are opened once. */
static void ports(void **state)
{
    end_t end;
    uint16_t port[16];
    unsigned next = 0;
    pool_t *p = pool_with(true, 16);
    (void)state;
    assert_true(end_open(&end, "127.0.0.1"));
    assert_int_equal(open_sockets(p, 4), 16);
    assert_int_equal(open_sockets(p, 4), 16);
    for (unsigned i = 0; i < 16; i++) {
        pool_peer_t from;
        socklen_t size = sizeof from;
        uint8_t buf[16];
        pool_item_t item = {.to = &end.to, .wire = (const uint8_t *)"twelve octet", .size = 12};
        pool_send(p, (uint16_t)(pool_first(4) + i), &item, 1);
        assert_int_equal(recvfrom(end.fd, buf, sizeof buf, 0, &from.any, &size), 12);
        port[i] = ntohs(from.v4.sin_port);
        assert_true(port[i] >= 1024);
        next += i > 0 && port[i] == port[i - 1] + 1;
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(port[k], port[i]);
    }
    assert_true(next < 3);
    close(end.fd);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches), cmocka_unit_test(batches_v6), cmocka_unit_test(unreachable),
        cmocka_unit_test(sizes),   cmocka_unit_test(no_socket),  cmocka_unit_test(ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
