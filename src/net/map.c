/* net_t whose addresses are translated: a lab on loopback stands for an Internet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

/* An open handle: whom it is for, in both languages. */
typedef struct map_open {
    uint32_t handle;
    addr_t logical; /* with the port that was asked for */
    addr_t physical;
} map_open_t;

typedef struct map_net {
    net_t base;
    net_t *inner;
    net_map_entry_t *entry;
    size_t count;
    map_open_t *open;
    size_t open_count;
    size_t open_cap;
} map_net_t;

static const net_map_entry_t *by_logical(const map_net_t *m, const addr_t *a)
{
    for (size_t i = 0; i < m->count; i++)
        if (addr_same_host(&m->entry[i].logical, a))
            return &m->entry[i];
    return NULL;
}

static const map_open_t *open_of(const map_net_t *m, uint32_t handle)
{
    for (size_t i = 0; i < m->open_count; i++)
        if (m->open[i].handle == handle)
            return &m->open[i];
    return NULL;
}

/* Physical back to logical. The handle's own destination comes first, so that a reply from its
 * host but another port keeps that port; another server has the port that was asked for, as all
 * have; an address that is nobody's stays: it is the evidence. */
static void to_logical(const map_net_t *m, uint32_t handle, addr_t *a)
{
    uint16_t port = a->port;
    const map_open_t *o = open_of(m, handle);
    if (o != NULL && addr_equal(&o->physical, a)) {
        *a = o->logical;
        return;
    }
    for (size_t i = 0; i < m->count; i++) {
        if (addr_equal(&m->entry[i].physical, a)) {
            *a = m->entry[i].logical;
            a->port = o != NULL ? o->logical.port : 53;
            return;
        }
    }
    if (o != NULL && addr_same_host(&o->physical, a)) {
        *a = o->logical;
        a->port = port;
    }
}

static bool remember_open(map_net_t *m, const map_open_t *o)
{
    if (m->open_count == m->open_cap) {
        size_t cap = m->open_cap == 0 ? 64 : m->open_cap * 2;
        map_open_t *grown = realloc(m->open, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        m->open = grown;
        m->open_cap = cap;
    }
    m->open[m->open_count++] = *o;
    return true;
}

static int64_t map_now(net_t *net)
{
    net_t *in = ((map_net_t *)net)->inner;
    return in->ops->now(in);
}

static int64_t map_wall(net_t *net)
{
    net_t *in = ((map_net_t *)net)->inner;
    return in->ops->wall(in);
}

static net_err_t map_random(net_t *net, void *buf, size_t n)
{
    net_t *in = ((map_net_t *)net)->inner;
    return in->ops->random(in, buf, n);
}

static net_err_t map_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                          int *os_error)
{
    map_net_t *m = (map_net_t *)net;
    const net_map_entry_t *e = by_logical(m, &how->dest);
    if (e == NULL) {
        /* never let a lab's packets out to the real network */
        if (os_error != NULL)
            *os_error = ENETUNREACH;
        return NET_E_SYSTEM;
    }
    net_open_t inner = *how;
    inner.dest = e->physical;
    if (inner.source.family != 0 && inner.source.family != inner.dest.family)
        inner.source.family = 0;
    net_err_t err = m->inner->ops->open(m->inner, &inner, handle, local, os_error);
    if (err != NET_OK)
        return err;
    map_open_t o = {*handle, how->dest, e->physical};
    if (remember_open(m, &o))
        return NET_OK;
    m->inner->ops->close(m->inner, *handle);
    return NET_E_MEMORY;
}

static net_err_t map_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n,
                          int *os_error)
{
    net_t *in = ((map_net_t *)net)->inner;
    return in->ops->send(in, handle, bytes, n, os_error);
}

static void map_close(net_t *net, uint32_t handle)
{
    map_net_t *m = (map_net_t *)net;
    for (size_t i = 0; i < m->open_count; i++) {
        if (m->open[i].handle == handle) {
            m->open[i] = m->open[--m->open_count];
            break;
        }
    }
    m->inner->ops->close(m->inner, handle);
}

static net_err_t map_wait(net_t *net, int64_t deadline, net_event_t *event)
{
    map_net_t *m = (map_net_t *)net;
    net_err_t err = m->inner->ops->wait(m->inner, deadline, event);
    if (err == NET_OK && event->peer.family != 0)
        to_logical(m, event->handle, &event->peer);
    return err;
}

static void map_destroy(net_t *net)
{
    map_net_t *m = (map_net_t *)net;
    m->inner->ops->destroy(m->inner);
    free(m->entry);
    free(m->open);
    free(m);
}

net_err_t net_map_new(net_t *inner, const net_map_entry_t *entries, size_t count, net_t **out)
{
    static const net_ops_t ops = {map_now,  map_wall,  map_random, map_open,
                                  map_send, map_close, map_wait,   map_destroy};
    map_net_t *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NET_E_MEMORY;
    m->entry = calloc(count > 0 ? count : 1, sizeof *m->entry);
    if (m->entry == NULL) {
        free(m);
        return NET_E_MEMORY;
    }
    memcpy(m->entry, entries, count * sizeof *entries);
    m->base.ops = &ops;
    m->inner = inner;
    m->count = count;
    *out = &m->base;
    return NET_OK;
}
