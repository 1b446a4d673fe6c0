/* Logical against physical addresses, over a transport that only writes down what it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "net/net.h"

#define HANDLES 200

typedef struct stub_net {
    net_t base;
    uint32_t opened;
    uint32_t closed;
    net_open_t last;
    uint32_t last_closed;
    uint32_t last_sent;
    addr_t peer; /* of the event that wait() gives */
    uint32_t peer_handle;
    bool destroyed;
} stub_net_t;

static int64_t stub_now(net_t *net)
{
    (void)net;
    return 11;
}

static int64_t stub_wall(net_t *net)
{
    (void)net;
    return 22;
}

static net_err_t stub_random(net_t *net, void *buf, size_t n)
{
    (void)net;
    memset(buf, 7, n);
    return NET_OK;
}

static net_err_t stub_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                           int *os_error)
{
    stub_net_t *s = (stub_net_t *)net;
    (void)os_error;
    s->last = *how;
    *handle = 1000 + s->opened++;
    memset(local, 0, sizeof *local);
    local->port = 4000;
    return NET_OK;
}

static net_err_t stub_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n,
                           int *os_error)
{
    (void)bytes;
    (void)n;
    *os_error = EPERM;
    ((stub_net_t *)net)->last_sent = handle;
    return NET_E_SYSTEM;
}

static void stub_close(net_t *net, uint32_t handle)
{
    ((stub_net_t *)net)->closed++;
    ((stub_net_t *)net)->last_closed = handle;
}

static net_err_t stub_wait(net_t *net, int64_t deadline, net_event_t *event)
{
    stub_net_t *s = (stub_net_t *)net;
    memset(event, 0, sizeof *event);
    event->at = deadline;
    event->peer = s->peer;
    event->handle = s->peer_handle;
    return s->destroyed ? NET_E_INTERRUPTED : NET_OK;
}

static void stub_destroy(net_t *net)
{
    ((stub_net_t *)net)->destroyed = true;
}

static const net_ops_t stub_ops = {stub_now,  stub_wall,  stub_random, stub_open,
                                   stub_send, stub_close, stub_wait,   stub_destroy};

static addr_t addr(const char *text)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), 53, &a));
    return a;
}

static net_t *lab(stub_net_t *s)
{
    net_map_entry_t entries[3];
    net_t *map = NULL;
    memset(s, 0, sizeof *s);
    s->base.ops = &stub_ops;
    entries[0] = (net_map_entry_t){addr("192.0.2.1"), addr("127.0.0.1#5301")};
    entries[1] = (net_map_entry_t){addr("2001:db8::1"), addr("127.0.0.2#5302")};
    entries[2] = (net_map_entry_t){addr("192.0.2.3"), addr("127.0.0.1#5303")};
    assert_int_equal(net_map_new(&s->base, entries, 3, &map), NET_OK);
    memset(entries, 0, sizeof entries); /* they were copied */
    return map;
}

static net_err_t open_to(net_t *map, const char *dest, const char *source, uint32_t *handle,
                         int *os_error)
{
    net_open_t how = {.kind = NET_UDP, .dest = addr(dest), .ttl = 9};
    addr_t local;
    if (source != NULL)
        how.source = addr(source);
    return map->ops->open(map, &how, handle, &local, os_error);
}

static void destinations(void **state)
{
    stub_net_t s;
    net_t *map = lab(&s);
    uint32_t h = 0;
    int os_error = 0;
    (void)state;
    assert_int_equal(open_to(map, "192.0.2.1", NULL, &h, &os_error), NET_OK);
    assert_true(addr_equal(&s.last.dest, &(addr_t){4, {127, 0, 0, 1}, 5301, 0}));
    assert_int_equal(s.last.ttl, 9);
    assert_int_equal(h, 1000);
    /* the port of the map counts, whatever was asked for */
    assert_int_equal(open_to(map, "192.0.2.1#99", NULL, &h, &os_error), NET_OK);
    assert_int_equal(s.last.dest.port, 5301);
    /* another family: the source cannot be kept */
    assert_int_equal(open_to(map, "2001:db8::1", "2001:db8::9", &h, &os_error), NET_OK);
    assert_true(addr_equal(&s.last.dest, &(addr_t){4, {127, 0, 0, 2}, 5302, 0}));
    assert_int_equal(s.last.source.family, 0);
    assert_int_equal(open_to(map, "192.0.2.1", "127.0.0.9", &h, &os_error), NET_OK);
    assert_int_equal(s.last.source.octets[3], 9);
    map->ops->destroy(map);
    assert_true(s.destroyed);
}

/* What the map does not know never reaches the transport below, physical addresses included. */
static void strangers(void **state)
{
    static const char *const dests[] = {"192.0.2.2", "127.0.0.1#5301", "2001:db8::2",
                                        "198.51.100.1"};
    stub_net_t s;
    net_t *map = lab(&s);
    (void)state;
    for (size_t i = 0; i < sizeof dests / sizeof dests[0]; i++) {
        uint32_t h = 0;
        int os_error = 0;
        assert_int_equal(open_to(map, dests[i], NULL, &h, &os_error), NET_E_SYSTEM);
        assert_int_equal(os_error, ENETUNREACH);
        assert_int_equal(open_to(map, dests[i], NULL, &h, NULL), NET_E_SYSTEM);
    }
    assert_int_equal(s.opened, 0);
    map->ops->destroy(map);
}

static void replies(void **state)
{
    /* what the handle was opened for, who sends, and who that is said to be */
    static const struct {
        const char *dest;
        const char *physical;
        const char *logical;
    } cases[] = {
        {"192.0.2.1", "127.0.0.1#5301", "192.0.2.1"},
        {"192.0.2.1#99", "127.0.0.1#5301", "192.0.2.1#99"}, /* the port that was asked */
        {"2001:db8::1", "127.0.0.2#5302", "2001:db8::1"},
        {"192.0.2.1", "127.0.0.2#5302", "2001:db8::1"},       /* another server of the lab */
        {"192.0.2.1", "127.0.0.1#5303", "192.0.2.3"},         /* the same host, another server */
        {"192.0.2.1#99", "127.0.0.2#5302", "2001:db8::1#99"}, /* which has the same port */
        {"192.0.2.1", "127.0.0.1#6000", "192.0.2.1#6000"},    /* its host, a wrong port */
        {"192.0.2.1", "127.0.0.77#5301", "127.0.0.77#5301"},  /* nobody's: left as it is */
        {"2001:db8::1", "127.0.0.1#6000", "127.0.0.1#6000"},  /* another handle's host */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stub_net_t s;
        net_t *map = lab(&s);
        net_event_t e;
        char buf[ADDR_TEXT_MAX];
        assert_int_equal(open_to(map, cases[i].dest, NULL, &s.peer_handle, NULL), NET_OK);
        s.peer = addr(cases[i].physical);
        assert_int_equal(map->ops->wait(map, 5, &e), NET_OK);
        assert_int_equal(e.at, 5);
        assert_int_equal(e.handle, s.peer_handle);
        if (strcmp(addr_port_text(&e.peer, buf), cases[i].logical) != 0)
            fail_msg("case %zu: %s, not %s", i, buf, cases[i].logical);
        map->ops->destroy(map);
    }
}

/* Many handles open at once, closed in another order: each keeps its own destination. */
static void handles(void **state)
{
    stub_net_t s;
    net_t *map = lab(&s);
    uint32_t h[HANDLES];
    net_event_t e;
    (void)state;
    for (uint32_t i = 0; i < HANDLES; i++) {
        net_open_t how = {.kind = NET_TCP, .dest = addr("192.0.2.1")};
        addr_t local;
        how.dest.port = (uint16_t)(1000 + i);
        assert_int_equal(map->ops->open(map, &how, &h[i], &local, NULL), NET_OK);
    }
    for (uint32_t i = 0; i < HANDLES; i += 2) {
        map->ops->close(map, h[i]);
        assert_int_equal(s.last_closed, h[i]);
    }
    s.peer = addr("127.0.0.1#5301");
    for (uint32_t i = 0; i < HANDLES; i++) {
        s.peer_handle = h[i];
        assert_int_equal(map->ops->wait(map, 0, &e), NET_OK);
        assert_int_equal(e.peer.port, i % 2 == 0 ? 53 : 1000 + i); /* closed: the map's own */
    }
    assert_int_equal(s.closed, HANDLES / 2);
    map->ops->destroy(map);
}

static void passed_on(void **state)
{
    stub_net_t s;
    net_t *map = lab(&s);
    net_event_t e;
    uint8_t r[3] = {0};
    int os_error = 0;
    (void)state;
    assert_int_equal(map->ops->now(map), 11);
    assert_int_equal(map->ops->wall(map), 22);
    assert_int_equal(map->ops->random(map, r, 3), NET_OK);
    assert_memory_equal(r, "\7\7\7", 3);
    assert_int_equal(map->ops->send(map, 1234, r, 3, &os_error), NET_E_SYSTEM);
    assert_int_equal(os_error, EPERM);
    assert_int_equal(s.last_sent, 1234);
    assert_int_equal(map->ops->wait(map, 0, &e), NET_OK);
    assert_int_equal(e.peer.family, 0); /* an event without a peer stays without */
    s.destroyed = true;
    assert_int_equal(map->ops->wait(map, 0, &e), NET_E_INTERRUPTED);
    map->ops->destroy(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(destinations), cmocka_unit_test(strangers), cmocka_unit_test(replies),
        cmocka_unit_test(handles),      cmocka_unit_test(passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
