#include "fakezone.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MS        INT64_C(1000000)
#define BEGIN     (1000 * 1000 * MS)
#define ONE_WAY   (5 * MS)
#define WALL      INT64_C(1700000000000000000)
#define REPLY_MAX 66200

typedef struct handle {
    bool open;
    net_kind_t kind;
    addr_t dest;
    addr_t local;
} handle_t;

typedef struct pending {
    struct pending *next;
    net_event_t event;
    uint8_t *bytes;
} pending_t;

struct fakezone {
    net_t base;
    scenario_t *scenario;
    int64_t now;
    int64_t interrupt_at;
    uint64_t random;
    uint16_t port;
    uint8_t no_family;
    addr_t resolver;
    size_t handle_count;
    handle_t *handle;
    pending_t *queue; /* in order of time */
    uint8_t *given;   /* bytes of the last event */
    uint8_t *buf;
};

static void fatal(const char *what)
{
    fprintf(stderr, "fakezone: %s\n", what);
    abort();
}

static fakezone_t *self(net_t *net)
{
    return (fakezone_t *)net;
}

static int64_t fz_now(net_t *net)
{
    return self(net)->now;
}

static int64_t fz_wall(net_t *net)
{
    return WALL + self(net)->now - BEGIN;
}

static net_err_t fz_random(net_t *net, void *buf, size_t n)
{
    uint8_t *p = buf;
    for (size_t i = 0; i < n; i++) {
        self(net)->random = self(net)->random * UINT64_C(6364136223846793005) + 1442695040888963407;
        p[i] = (uint8_t)(self(net)->random >> 56);
    }
    return NET_OK;
}

static void post(fakezone_t *z, int64_t delay, const net_event_t *e, const uint8_t *bytes,
                 size_t size)
{
    pending_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        fatal("no memory");
    p->event = *e;
    p->event.at = z->now + delay;
    p->bytes = malloc(size + 1);
    if (p->bytes == NULL)
        fatal("no memory");
    if (size > 0)
        memcpy(p->bytes, bytes, size);
    p->event.bytes = p->bytes;
    p->event.size = (uint32_t)size;
    pending_t **at = &z->queue;
    while (*at != NULL && (*at)->event.at <= p->event.at)
        at = &(*at)->next;
    p->next = *at;
    *at = p;
}

static responder_t *responder_of(fakezone_t *z, const addr_t *a)
{
    for (size_t i = 0; i < z->scenario->addr_count; i++)
        if (addr_same_host(&z->scenario->addr[i].logical, a) && a->port == z->port)
            return &z->scenario->addr[i].responder;
    return NULL;
}

static bool is_closed(const responder_t *r)
{
    for (unsigned i = 0; i < r->behaviour_count; i++)
        if (r->behaviour[i].kind == BEHAVE_CLOSED)
            return true;
    return false;
}

static net_err_t fz_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                         int *os_error)
{
    fakezone_t *z = self(net);
    if (how->dest.family == z->no_family) {
        *os_error = ENETUNREACH;
        return NET_E_SYSTEM;
    }
    z->handle = realloc(z->handle, (z->handle_count + 1) * sizeof *z->handle);
    if (z->handle == NULL)
        fatal("no memory");
    *handle = (uint32_t)z->handle_count;
    handle_t *h = &z->handle[z->handle_count++];
    *h = (handle_t){.open = true, .kind = how->kind, .dest = how->dest};
    h->local = (addr_t){.family = how->dest.family, .port = (uint16_t)(10000 + *handle)};
    h->local.octets[0] = 10;
    *local = h->local;
    const responder_t *r = responder_of(z, &how->dest);
    if (how->kind == NET_TCP && r != NULL) {
        net_event_t e = {.kind = is_closed(r) ? NET_EVENT_REFUSED : NET_EVENT_CONNECTED,
                         .handle = *handle,
                         .peer = how->dest};
        post(z, 2 * ONE_WAY, &e, NULL, 0);
    }
    return NET_OK;
}

/* A recursive resolver's reply: from the deepest zone of all that holds the name. */
static size_t resolve(fakezone_t *z, const uint8_t *query, size_t size, uint8_t *buf, size_t cap)
{
    nsp_rr_t arena[8];
    nsp_msg_t m;
    nsp_name_t qname;
    nsp_builder_t b;
    zone_answer_t how;
    const zone_t *best = NULL;
    if (nsp_msg_index(&m, query, size, arena, 8) != NSP_OK || !nsp_msg_qname(&m, &qname) ||
        !nsp_msg_has(&m, NSP_FLAG_RD))
        return 0;
    for (size_t i = 0; i < z->scenario->zone_count; i++) {
        const zone_t *k = z->scenario->zone[i];
        if (nsp_name_is_subdomain(&qname, &k->apex) &&
            (best == NULL || k->apex.len > best->apex.len))
            best = k;
    }
    if (best == NULL)
        return 0;
    nsp_build_begin(&b, buf, cap, m.id, 0);
    nsp_build_question(&b, &qname, m.qtype, m.qclass);
    zone_respond(best, &b, &qname, m.qtype, &how);
    nsp_patch_u16(&b.w, 2, (uint16_t)(NSP_FLAG_QR | NSP_FLAG_RD | NSP_FLAG_RA | (how.rcode & 15)));
    size_t out = 0;
    return nsp_build_end(&b, &out) == NSP_OK ? out : 0;
}

/* The answer of whoever listens at dest; 0 for none. */
static size_t answer(fakezone_t *z, const addr_t *dest, transport_t transport, const uint8_t *query,
                     size_t size, uint8_t *buf, delivery_t *d)
{
    size_t out = 0;
    memset(d, 0, sizeof *d);
    if (addr_equal(dest, &z->resolver))
        return resolve(z, query, size, buf, 4096);
    responder_t *r = responder_of(z, dest);
    if (r == NULL)
        return 0;
    respond(r, transport, query, size, buf, REPLY_MAX, &out, d);
    return d->drop ? 0 : out;
}

static net_err_t fz_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n, int *os_error)
{
    fakezone_t *z = self(net);
    const handle_t *h = &z->handle[handle];
    bool tcp = h->kind == NET_TCP;
    size_t skip = tcp ? 2 : 0;
    net_event_t e = {
        .kind = tcp ? NET_EVENT_BYTES : NET_EVENT_DATAGRAM, .handle = handle, .peer = h->dest};
    delivery_t d;
    (void)os_error;
    const responder_t *r = responder_of(z, &h->dest);
    if (r != NULL && is_closed(r)) {
        e.kind = NET_EVENT_ICMP;
        e.icmp_type = h->dest.family == 4 ? 3 : 1;
        e.icmp_code = h->dest.family == 4 ? 3 : 4;
        if (!tcp)
            post(z, 2 * ONE_WAY, &e, bytes, n);
        return NET_OK;
    }
    size_t size = answer(z, &h->dest, tcp ? TRANSPORT_TCP : TRANSPORT_UDP, bytes + skip, n - skip,
                         z->buf + 2, &d);
    if (size == 0)
        return NET_OK;
    z->buf[0] = (uint8_t)(size >> 8);
    z->buf[1] = (uint8_t)size;
    int64_t delay = (tcp ? 4 : 2) * ONE_WAY + d.delay_ms * MS;
    post(z, delay, &e, tcp ? z->buf : z->buf + 2, tcp ? size + 2 : size);
    return NET_OK;
}

static void fz_close(net_t *net, uint32_t handle)
{
    self(net)->handle[handle].open = false;
}

static net_err_t fz_wait(net_t *net, int64_t deadline, net_event_t *event)
{
    fakezone_t *z = self(net);
    if (z->interrupt_at != 0 && z->now >= z->interrupt_at)
        return NET_E_INTERRUPTED;
    while (z->queue != NULL && z->queue->event.at <= deadline) {
        pending_t *p = z->queue;
        z->queue = p->next;
        bool open = z->handle[p->event.handle].open;
        *event = p->event;
        free(z->given);
        z->given = p->bytes;
        free(p);
        if (!open)
            continue;
        z->now = event->at > z->now ? event->at : z->now;
        return NET_OK;
    }
    if (deadline == INT64_MAX)
        fatal("waits for ever");
    memset(event, 0, sizeof *event);
    event->kind = NET_EVENT_NONE;
    z->now = deadline > z->now ? deadline : z->now;
    return NET_OK;
}

static void fz_destroy(net_t *net)
{
    (void)net;
}

static const net_ops_t ops = {fz_now,  fz_wall,  fz_random, fz_open,
                              fz_send, fz_close, fz_wait,   fz_destroy};

fakezone_t *fakezone_new(const char *text)
{
    scenario_error_t err;
    fakezone_t *z = calloc(1, sizeof *z);
    if (z == NULL)
        fatal("no memory");
    z->base.ops = &ops;
    z->now = BEGIN;
    z->random = 42;
    z->port = 53;
    z->buf = malloc(REPLY_MAX + 2);
    z->scenario = scenario_parse(text, strlen(text), 0, &err);
    if (z->buf == NULL || z->scenario == NULL) {
        fprintf(stderr, "line %u, column %u: %s\n", err.line, err.column, err.text);
        fatal("bad scenario");
    }
    return z;
}

void fakezone_free(fakezone_t *z)
{
    while (z->queue != NULL) {
        pending_t *p = z->queue;
        z->queue = p->next;
        free(p->bytes);
        free(p);
    }
    free(z->given);
    free(z->handle);
    free(z->buf);
    scenario_free(z->scenario);
    free(z);
}

net_t *fakezone_net(fakezone_t *z)
{
    return &z->base;
}

const scenario_t *fakezone_scenario(const fakezone_t *z)
{
    return z->scenario;
}

void fakezone_set_port(fakezone_t *z, uint16_t port)
{
    z->port = port;
}

void fakezone_cut_family(fakezone_t *z, uint8_t family)
{
    z->no_family = family;
}

void fakezone_interrupt_at(fakezone_t *z, int64_t at)
{
    z->interrupt_at = BEGIN + at;
}

void fakezone_set_resolver(fakezone_t *z, const addr_t *addr)
{
    z->resolver = *addr;
}

int64_t fakezone_elapsed(const fakezone_t *z)
{
    return z->now - BEGIN;
}

/* --- the model as text --- */

typedef struct text {
    char *p;
    size_t n;
    size_t cap;
} text_t;

__attribute__((format(printf, 2, 3))) static void say(text_t *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->p + t->n, t->cap - t->n, format, args);
    va_end(args);
    if (n > 0 && t->n + (size_t)n < t->cap)
        t->n += (size_t)n;
}

static const char *name_text(const nsp_name_t *name)
{
    static char buf[NSP_NAME_TEXT_MAX];
    nsp_name_to_text(name, buf, sizeof buf);
    return buf;
}

static void say_addr(text_t *t, const model_addr_t *a)
{
    char buf[ADDR_TEXT_MAX];
    say(t, " %s/%s%s%s%s%s", addr_port_text(&a->addr, buf), (a->from & FROM_GLUE) ? "g" : "",
        (a->from & FROM_ZONE) ? "z" : "", (a->from & FROM_ELSEWHERE) ? "e" : "",
        (a->from & FROM_USER) ? "u" : "", (a->from & FROM_RESOLVER) ? "r" : "");
}

const char *model_dump(const model_t *m)
{
    static char buf[65536];
    static const char *const states[] = {"unknown", "found",  "nodata", "nxdomain",
                                         "cname",   "failed", "loop"};
    text_t t = {buf, 0, sizeof buf};
    say(&t, "zone %s%s%s%s%s\n", name_text(&m->zone), m->zone_found ? " found" : "",
        m->nxdomain ? " nxdomain" : "", m->no_delegation ? " no-delegation" : "",
        m->finished ? "" : " unfinished");
    if (m->parent_known)
        say(&t, "parent %s\n", name_text(&m->parent));
    for (uint16_t i = 0; i < m->parent_count; i++) {
        const model_parent_t *p = &m->parent_addr[i];
        char addr[ADDR_TEXT_MAX];
        say(&t, " %s%s%s%s%s\n", addr_port_text(&p->addr, addr), p->asked != NULL ? "" : " unasked",
            p->referral ? " referral" : "", p->answered_aa ? " aa" : "",
            p->nxdomain ? " nxdomain" : "");
    }
    for (uint16_t i = 0; i < m->server_count; i++) {
        const model_server_t *s = &m->server[i];
        say(&t, "%s %s%s%s%s", name_text(&s->name), s->in_parent ? "p" : "", s->in_child ? "c" : "",
            s->in_zone ? "z " : " ", states[s->state]);
        for (uint16_t k = 0; k < s->addr_count; k++)
            say_addr(&t, &s->addr[k]);
        say(&t, "\n");
    }
    return buf;
}
