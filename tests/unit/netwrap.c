#include "netwrap.h"

net_t *netwrap_inner(net_t *net)
{
    return ((netwrap_t *)(void *)net)->inner;
}

static int64_t pass_now(net_t *net)
{
    net_t *inner = netwrap_inner(net);
    return inner->ops->now(inner);
}

static int64_t pass_wall(net_t *net)
{
    net_t *inner = netwrap_inner(net);
    return inner->ops->wall(inner);
}

static net_err_t pass_random(net_t *net, void *buf, size_t n)
{
    net_t *inner = netwrap_inner(net);
    return inner->ops->random(inner, buf, n);
}

static net_err_t pass_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                           int *os_error)
{
    net_t *inner = netwrap_inner(net);
    return inner->ops->open(inner, how, handle, local, os_error);
}

static net_err_t pass_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n,
                           int *os_error)
{
    net_t *inner = netwrap_inner(net);
    return inner->ops->send(inner, handle, bytes, n, os_error);
}

static void pass_close(net_t *net, uint32_t handle)
{
    net_t *inner = netwrap_inner(net);
    inner->ops->close(inner, handle);
}

static net_err_t pass_wait(net_t *net, int64_t deadline, net_event_t *event)
{
    net_t *inner = netwrap_inner(net);
    return inner->ops->wait(inner, deadline, event);
}

static void keep(net_t *net)
{
    (void)net;
}

void netwrap_init(netwrap_t *w, net_t *inner)
{
    w->ops = (net_ops_t){pass_now,  pass_wall,  pass_random, pass_open,
                         pass_send, pass_close, pass_wait,   keep};
    w->net.ops = &w->ops;
    w->inner = inner;
}
