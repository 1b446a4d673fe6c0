/* The engine against a peer that does anything: datagrams from anybody, errors, pieces of streams,
 * at any time. Every question ends, and what came of it can be read. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/outcome.h"
#include "fuzz/items.h"
#include "probe/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HANDLES 16

/* The peer's script is the input. */
typedef struct peer {
    net_t net;
    nsp_reader_t script;
    int64_t now;
    uint32_t handles;
    addr_t dest[HANDLES];
    uint8_t sent[HANDLES][512];
    size_t sent_size[HANDLES];
    size_t came[HANDLES]; /* octets of it that came back on a stream */
    uint8_t *bytes;       /* of the last event, in memory of their size */
    unsigned steps;
} peer_t;

static int64_t p_now(net_t *net)
{
    return ((peer_t *)net)->now;
}

static net_err_t p_random(net_t *net, void *buf, size_t n)
{
    peer_t *p = (peer_t *)net;
    memset(buf, (int)(p->steps++ * 37 + 1), n);
    return NET_OK;
}

static net_err_t p_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                        int *os_error)
{
    peer_t *p = (peer_t *)net;
    if (nsp_read_u8(&p->script) == 0xee) {
        if (os_error != NULL)
            *os_error = 101;
        return NET_E_SYSTEM;
    }
    *handle = p->handles++ % HANDLES;
    p->dest[*handle] = how->dest;
    p->sent_size[*handle] = 0;
    *local = how->dest;
    local->port = (uint16_t)(40000 + *handle);
    return NET_OK;
}

static net_err_t p_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n, int *os_error)
{
    peer_t *p = (peer_t *)net;
    if (nsp_read_u8(&p->script) == 0xed) {
        if (os_error != NULL)
            *os_error = 1;
        return NET_E_SYSTEM;
    }
    n = n < sizeof p->sent[0] ? n : sizeof p->sent[0];
    memcpy(p->sent[handle % HANDLES], bytes, n);
    p->sent_size[handle % HANDLES] = n;
    return NET_OK;
}

static void p_close(net_t *net, uint32_t handle)
{
    (void)net;
    (void)handle;
}

/* What was sent comes back as a reply, changed a little or a lot; of a stream also in pieces, where
 * the next one goes on. */
static void make_reply(peer_t *p, net_event_t *e, uint8_t how)
{
    uint8_t bytes[sizeof p->sent[0] + 64];
    uint32_t h = e->handle % HANDLES;
    size_t n = p->sent_size[h];
    size_t from = 0;
    memcpy(bytes, p->sent[h], n);
    bool framed = e->kind == NET_EVENT_BYTES;
    if (n > (framed ? 4u : 2u) && (how & 1) == 0)
        bytes[framed ? 4 : 2] |= 0x80;
    if (n > 0 && (how & 2) != 0)
        bytes[nsp_read_u8(&p->script) % n] ^= nsp_read_u8(&p->script);
    if (framed && (how & 0x10) != 0)
        from = p->came[h] < n ? p->came[h] : 0;
    if ((how & 4) != 0) {
        size_t cut = from + nsp_read_u8(&p->script);
        n = cut < n ? cut : n;
    }
    p->came[h] = n < p->sent_size[h] ? n : 0;
    uint32_t more = (how & 8) != 0 ? nsp_read_u8(&p->script) % 64u : 0;
    const uint8_t *tail = nsp_read_bytes(&p->script, more);
    if (tail != NULL) {
        memcpy(bytes + n, tail, more);
        n += more;
    }
    free(p->bytes);
    p->bytes = exact_copy(bytes + from, (uint32_t)(n - from));
    e->bytes = p->bytes;
    e->size = (uint32_t)(n - from);
}

static net_err_t p_wait(net_t *net, int64_t deadline, net_event_t *e)
{
    peer_t *p = (peer_t *)net;
    memset(e, 0, sizeof *e);
    uint8_t kind = nsp_read_u8(&p->script);
    p->now += nsp_read_u8(&p->script) * INT64_C(20000000);
    if (p->script.err != NSP_OK || kind == 0 || p->handles == 0 || p->now >= deadline) {
        p->now = deadline < INT64_MAX && deadline > p->now ? deadline : p->now;
        e->at = p->now;
        return NET_OK; /* NET_EVENT_NONE */
    }
    uint8_t how = nsp_read_u8(&p->script);
    e->kind = (net_event_kind_t)(1 + kind % NET_EVENT_FAILED);
    e->handle = nsp_read_u8(&p->script) % (p->handles < HANDLES ? p->handles : HANDLES);
    e->at = p->now;
    e->peer = p->dest[e->handle];
    if ((how & 0x40) != 0)
        e->peer.octets[3] ^= 1;
    if ((how & 0x80) != 0)
        e->peer.port ^= 1;
    e->icmp_type = how & 7;
    e->icmp_code = nsp_read_u8(&p->script);
    e->os_error = 111;
    make_reply(p, e, how);
    return NET_OK;
}

static void p_destroy(net_t *net)
{
    (void)net;
}

static void ask(engine_t *e, transport_t transport, const char *server)
{
    uint8_t wire[64];
    size_t n = 0;
    nsp_name_t name;
    engine_query_t q = {.transport = transport};
    nsp_name_from_text("a.test.", 7, NULL, &name, NULL);
    nsp_build_query(wire, sizeof wire, 0, 0, &name, NSP_TYPE_A, NSP_CLASS_IN, NULL, &n);
    addr_from_text(server, strlen(server), 53, &q.server);
    q.wire = wire;
    q.size = n;
    q.keep_open = transport == TRANSPORT_TCP;
    if (engine_submit(e, &q, NULL) != NET_OK)
        return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const net_ops_t ops = {p_now,  p_now,   p_random, p_open,
                                  p_send, p_close, p_wait,   p_destroy};
    static reply_t scratch;
    static peer_t p;
    exchange_set_t set;
    engine_t *e = NULL;
    schedule_t schedule = schedule_default();
    memset(&p, 0, sizeof p);
    p.net.ops = &ops;
    p.script = nsp_reader(data, size);
    exchange_set_init(&set, 0);
    if (engine_new(&p.net, &set, &schedule, &e) == NET_OK) {
        ask(e, TRANSPORT_UDP, "192.0.2.1");
        ask(e, TRANSPORT_TCP, "192.0.2.1");
        ask(e, TRANSPORT_TCP, "192.0.2.1");
        ask(e, TRANSPORT_UDP, "2001:db8::1");
        (void)engine_run(e, INT64_MAX);
        if (engine_outstanding(e) != 0)
            __builtin_trap();
    }
    for (uint32_t i = 0; i < set.count; i++) {
        outcome_t o;
        outcome_of(set.item[i], &o, &scratch);
        if (!set.item[i]->finished || o.kind == OUTCOME_PENDING)
            __builtin_trap();
    }
    engine_free(e);
    exchange_set_free(&set);
    free(p.bytes);
    return 0;
}
