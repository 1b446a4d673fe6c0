/* net_t whose UDP queries are packets of our own making, IP and UDP headers included (CAP_NET_RAW).
 *
 * An ordinary UDP socket on the same port stands behind each handle: it keeps the kernel from
 * answering replies with ICMP port unreachable, takes the replies, and collects the ICMP errors,
 * since the kernel finds it by the ports that they quote. TCP is the kernel's. */
#include <cap-ng.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exchange/packet.h"
#include "net/net.h"

/* An open UDP handle and what its packets need. */
typedef struct raw_open {
    uint32_t handle;
    addr_t local;
    addr_t dest;
    packet_ip_t ip;
} raw_open_t;

typedef struct raw_net {
    net_t base;
    net_t *inner;
    int fd4;
    int fd6;
    raw_open_t *open;
    size_t open_count;
    size_t open_cap;
    packet_t packet;
} raw_net_t;

static int64_t raw_now(net_t *net)
{
    net_t *in = ((raw_net_t *)net)->inner;
    return in->ops->now(in);
}

static int64_t raw_wall(net_t *net)
{
    net_t *in = ((raw_net_t *)net)->inner;
    return in->ops->wall(in);
}

static net_err_t raw_random(net_t *net, void *buf, size_t n)
{
    net_t *in = ((raw_net_t *)net)->inner;
    return in->ops->random(in, buf, n);
}

static bool remember(raw_net_t *r, const raw_open_t *o)
{
    if (r->open_count == r->open_cap) {
        size_t cap = r->open_cap == 0 ? 64 : r->open_cap * 2;
        raw_open_t *grown = realloc(r->open, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        r->open = grown;
        r->open_cap = cap;
    }
    r->open[r->open_count++] = *o;
    return true;
}

static net_err_t raw_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                          int *os_error)
{
    raw_net_t *r = (raw_net_t *)net;
    net_err_t err = r->inner->ops->open(r->inner, how, handle, local, os_error);
    if (err != NET_OK || how->kind != NET_UDP)
        return err;
    raw_open_t o = {*handle, *local, how->dest, {how->ttl, how->dont_fragment}};
    if (remember(r, &o))
        return NET_OK;
    r->inner->ops->close(r->inner, *handle);
    return NET_E_MEMORY;
}

static net_err_t raw_send_packet(raw_net_t *r, const raw_open_t *o, const uint8_t *bytes, size_t n,
                                 int *os_error)
{
    addr_t to = o->dest;
    struct sockaddr_storage sa;
    int error = EMSGSIZE;
    if (n <= PACKET_MAX) {
        packet_udp(&r->packet, &o->ip, &o->local, &o->dest, bytes, (uint32_t)n);
        to.port = 0; /* a raw socket has none; IPv6 insists */
        socklen_t len = addr_to_sockaddr(&to, &sa);
        int fd = o->dest.family == 4 ? r->fd4 : r->fd6;
        if (r->packet.size > 0) {
            if (sendto(fd, r->packet.octets, r->packet.size, 0, (struct sockaddr *)&sa, len) >= 0)
                return NET_OK;
            error = errno;
        }
    }
    if (os_error != NULL)
        *os_error = error;
    return NET_E_SYSTEM;
}

static net_err_t raw_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n,
                          int *os_error)
{
    raw_net_t *r = (raw_net_t *)net;
    for (size_t i = 0; i < r->open_count; i++)
        if (r->open[i].handle == handle)
            return raw_send_packet(r, &r->open[i], bytes, n, os_error);
    return r->inner->ops->send(r->inner, handle, bytes, n, os_error);
}

static void raw_close(net_t *net, uint32_t handle)
{
    raw_net_t *r = (raw_net_t *)net;
    for (size_t i = 0; i < r->open_count; i++) {
        if (r->open[i].handle == handle) {
            r->open[i] = r->open[--r->open_count];
            break;
        }
    }
    r->inner->ops->close(r->inner, handle);
}

static net_err_t raw_wait(net_t *net, int64_t deadline, net_event_t *event)
{
    net_t *in = ((raw_net_t *)net)->inner;
    return in->ops->wait(in, deadline, event);
}

static void raw_destroy(net_t *net)
{
    raw_net_t *r = (raw_net_t *)net;
    r->inner->ops->destroy(r->inner);
    close(r->fd4);
    if (r->fd6 >= 0)
        close(r->fd6);
    free(r->open);
    free(r);
}

/* Once the raw sockets are open no capability is needed any more: none is kept. */
static net_err_t drop_capabilities(void)
{
    capng_clear(CAPNG_SELECT_CAPS);
    return capng_apply(CAPNG_SELECT_CAPS) == 0 ? NET_OK : NET_E_PRIVILEGE;
}

net_err_t net_raw_new(const _Atomic int *stop, net_t **out)
{
    static const net_ops_t ops = {raw_now,  raw_wall,  raw_random, raw_open,
                                  raw_send, raw_close, raw_wait,   raw_destroy};
    raw_net_t *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NET_E_MEMORY;
    r->base.ops = &ops;
    r->fd4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    net_err_t err = NET_OK;
    if (r->fd4 < 0)
        err = errno == EPERM || errno == EACCES ? NET_E_PRIVILEGE : NET_E_SYSTEM;
    /* a kernel without IPv6 still has the IPv4 half */
    r->fd6 = err == NET_OK ? socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW) : -1;
    if (err == NET_OK)
        err = drop_capabilities();
    if (err == NET_OK)
        err = net_socket_new(stop, &r->inner);
    if (err != NET_OK) {
        if (r->fd4 >= 0)
            close(r->fd4);
        if (r->fd6 >= 0)
            close(r->fd6);
        free(r);
        return err;
    }
    *out = &r->base;
    return NET_OK;
}
