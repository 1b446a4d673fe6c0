#include "xbuild.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/battery.h"

nsp_name_t xname(const char *text)
{
    nsp_name_t n;
    if (nsp_name_from_text(text, strlen(text), NULL, &n, NULL) != NSP_OK)
        abort();
    return n;
}

addr_t xaddr(const char *text)
{
    addr_t a;
    if (!addr_from_text(text, strlen(text), 53, &a))
        abort();
    return a;
}

bool xquery_is_tcp(xquery_t q)
{
    return q == XQ_TCP || q == XQ_NS_TCP || q == XQ_DNSKEY_TCP || q == XQ_TXT_TCP;
}

static const char *const addresses[4] = {"8.0.1.1", "2a00:1::1", "8.0.2.1", "2a00:2::1"};

static void model_server(model_t *m, uint16_t i, const char *name)
{
    model_server_t *s = &m->server[i];
    s->name = xname(name);
    s->in_parent = s->in_child = s->in_zone = true;
    s->state = HOST_FOUND;
    s->addr_count = 2;
    for (uint16_t k = 0; k < 2; k++) {
        model_address_t *a = &m->address[2 * i + k];
        a->addr = xaddr(addresses[2 * i + k]);
        a->from = FROM_GLUE | FROM_ZONE;
        a->server_count = 1;
        a->server[0] = i;
        s->addr[k].addr = a->addr;
        s->addr[k].from = a->from;
    }
}

static void model_healthy(model_t *m)
{
    m->domain = m->zone = xname("example.net.");
    m->parent = xname("net.");
    m->zone_found = m->parent_known = m->finished = true;
    m->server_count = 2;
    m->address_count = 4;
    model_server(m, 0, "ns1.example.net.");
    model_server(m, 1, "ns2.example.net.");
    m->parent_count = 2;
    m->parent_addr[0].addr = xaddr("8.0.9.1");
    m->parent_addr[1].addr = xaddr("2a00:9::1");
    m->parent_addr[0].referral = m->parent_addr[1].referral = true;
}

void xlab_healthy(xlab_t *x)
{
    static const xprobe_t good = {.rtt = 20 * X_MS,
                                  .serial = 2024010101,
                                  .ttl = 3600,
                                  .ns = {"ns1.example.net.", "ns2.example.net."},
                                  .txt = 40,
                                  .soa_names = "ns1.example.net. host.example.net.",
                                  .soa_timers = "14400 3600 1209600 3600"};
    memset(x, 0, sizeof *x);
    exchange_set_init(&x->set, 1);
    x->m = calloc(1, sizeof *x->m);
    if (x->m == NULL)
        abort();
    model_healthy(x->m);
    x->count = 4;
    for (unsigned i = 0; i < X_ADDR; i++)
        for (unsigned q = 0; q < XQ_COUNT; q++)
            x->probe[i][q] = good;
    for (unsigned i = 0; i < 2; i++) {
        x->parent[i].ns[0] = "ns1.example.net.";
        x->parent[i].ns[1] = "ns2.example.net.";
        x->host_a[i] = addresses[2 * i];
        x->host_aaaa[i] = addresses[2 * i + 1];
    }
}

void xlab_free(xlab_t *x)
{
    exchange_set_free(&x->set);
    free(x->m);
}

void xlab_act_udp(xlab_t *x, unsigned addr, xact_t act)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (!xquery_is_tcp((xquery_t)q))
            x->probe[addr][q].act = act;
}

void xlab_act_tcp(xlab_t *x, unsigned addr, xact_t act)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (xquery_is_tcp((xquery_t)q))
            x->probe[addr][q].act = act;
}

void xlab_act(xlab_t *x, unsigned addr, xact_t act)
{
    xlab_act_udp(x, addr, act);
    xlab_act_tcp(x, addr, act);
}

void xlab_readdress(xlab_t *x, unsigned addr, const char *text)
{
    model_address_t *a = &x->m->address[addr];
    model_server_t *s = &x->m->server[a->server[0]];
    for (uint16_t i = 0; i < s->addr_count; i++)
        if (addr_equal(&s->addr[i].addr, &a->addr))
            s->addr[i].addr = xaddr(text);
    a->addr = xaddr(text);
    if (addr < 4)
        *(addr % 2 == 0 ? &x->host_a[addr / 2] : &x->host_aaaa[addr / 2]) = text;
}

void xlab_keep(xlab_t *x, bool (*keep)(const model_address_t *a))
{
    model_t *m = x->m;
    uint16_t n = 0;
    for (uint16_t i = 0; i < m->server_count; i++)
        m->server[i].addr_count = 0;
    for (uint16_t i = 0; i < m->address_count; i++) {
        if (!keep(&m->address[i]))
            continue;
        model_address_t a = m->address[i];
        model_server_t *s = &m->server[a.server[0]];
        s->addr[s->addr_count].addr = a.addr;
        s->addr[s->addr_count++].from = a.from;
        memcpy(x->probe[n], x->probe[i], sizeof x->probe[n]);
        m->address[n++] = a;
    }
    m->address_count = n;
    x->count = n;
}

static void put_class(nsp_builder_t *b, nsp_section_t section, const nsp_name_t *owner,
                      uint16_t type, uint16_t rclass, uint32_t ttl, const char *text)
{
    uint8_t rdata[4096];
    size_t size = 0;
    if (nsp_rdata_from_text(type, text, strlen(text), NULL, rdata, sizeof rdata, &size, NULL) !=
            NSP_OK ||
        !nsp_build_rr(b, section, owner, type, rclass, ttl, rdata, (uint16_t)size))
        abort();
}

static void put_rr(nsp_builder_t *b, nsp_section_t section, const nsp_name_t *owner, uint16_t type,
                   uint32_t ttl, const char *text)
{
    put_class(b, section, owner, type, NSP_CLASS_IN, ttl, text);
}

static void put_soa(nsp_builder_t *b, nsp_section_t section, const char *owner, const xprobe_t *p)
{
    char text[300];
    nsp_name_t name = xname(owner);
    snprintf(text, sizeof text, "%s %u %s", p->soa_names, p->serial, p->soa_timers);
    put_class(b, section, &name, NSP_TYPE_SOA, p->soa_class != 0 ? p->soa_class : NSP_CLASS_IN,
              p->ttl, text);
}

static void put_txt(nsp_builder_t *b, const nsp_name_t *owner, const xprobe_t *p)
{
    char text[4096] = "";
    size_t len = 0;
    for (unsigned left = p->txt; left > 0;) {
        unsigned n = left < 200 ? left : 200;
        len += (size_t)snprintf(text + len, sizeof text - len, "\"%0*d\" ", (int)n, 7);
        left -= n;
    }
    put_rr(b, NSP_ANSWER, owner, NSP_TYPE_TXT, p->ttl, text);
}

static void put_answer(nsp_builder_t *b, const nsp_name_t *qname, uint16_t qtype, const xprobe_t *p)
{
    if (p->cname != NULL) {
        put_rr(b, NSP_ANSWER, qname, NSP_TYPE_CNAME, p->ttl, p->cname);
        return;
    }
    if (qtype == NSP_TYPE_SOA)
        put_soa(b, NSP_ANSWER, "example.net.", p);
    if (qtype == NSP_TYPE_SOA && p->soa_twice) {
        xprobe_t second = *p;
        second.soa_names = "ns9.example.net. host.example.net.";
        put_soa(b, NSP_ANSWER, "example.net.", &second);
    }
    for (unsigned i = 0; qtype == NSP_TYPE_TXT && i < 2 && p->spf[i] != NULL; i++)
        put_rr(b, NSP_ANSWER, qname, NSP_TYPE_TXT, p->ttl, p->spf[i]);
    for (unsigned i = 0; qtype == NSP_TYPE_NS && i < 4 && p->ns[i] != NULL; i++)
        put_rr(b, NSP_ANSWER, qname, NSP_TYPE_NS, p->ttl, p->ns[i]);
    if (qtype == NSP_TYPE_TXT)
        put_txt(b, qname, p);
    if (p->data)
        put_rr(b, NSP_ANSWER, qname, NSP_TYPE_A, p->ttl, "8.0.7.7");
}

static void put_beside(nsp_builder_t *b, nsp_section_t section, uint16_t type,
                       const char *const of[2])
{
    nsp_name_t owner;
    if (of[0] == NULL)
        return;
    owner = xname(of[0]);
    put_rr(b, section, &owner, type, 60, of[1]);
}

static void put_authority(nsp_builder_t *b, const xprobe_t *p)
{
    static const char *const other = "other.example.";
    nsp_name_t root = xname(".");
    nsp_name_t self = xname("example.net.");
    if (p->auth == XAUTH_SOA)
        put_soa(b, NSP_AUTHORITY, "example.net.", p);
    else if (p->auth == XAUTH_ROOT)
        put_rr(b, NSP_AUTHORITY, &root, NSP_TYPE_NS, 60, "a.root-servers.net.");
    else if (p->auth == XAUTH_SELF)
        put_rr(b, NSP_AUTHORITY, &self, NSP_TYPE_NS, 60, "ns1.example.net.");
    else if (p->auth == XAUTH_OTHER)
        put_soa(b, NSP_AUTHORITY, other, p);
}

static uint16_t reply_flags(const nsp_msg_t *query, const xprobe_t *p)
{
    unsigned flags = NSP_FLAG_QR | (query->flags & NSP_FLAG_RD) | (p->rcode & 15u);
    flags |= p->no_aa ? 0 : NSP_FLAG_AA;
    flags |= p->tc ? NSP_FLAG_TC : 0;
    flags |= p->ra ? NSP_FLAG_RA : 0;
    return (uint16_t)flags;
}

/* The reply that the plan gives to a query of the battery. */
static size_t make_reply(const uint8_t *wire, size_t size, const xprobe_t *p, uint8_t *buf,
                         size_t cap)
{
    nsp_rr_t arena[8];
    nsp_msg_t q;
    nsp_name_t qname;
    nsp_builder_t b;
    const uint8_t ede[2] = {0, p->ede};
    nsp_edns_t edns = {.udp_size = 1232, .ext_rcode = (uint8_t)(p->rcode >> 4)};
    if (p->ede != 0) {
        edns.option_count = 1;
        edns.option[0].code = NSP_OPTION_EDE;
        edns.option[0].size = sizeof ede;
        edns.option[0].data = ede;
    }
    nsp_msg_index(&q, wire, size, arena, 8);
    nsp_msg_qname(&q, &qname);
    bool apex = nsp_name_labels(&qname) == 2;
    bool nodata = q.qtype == NSP_TYPE_DNSKEY || q.qtype == PROBE_NODATA_TYPE;
    xprobe_t plan = *p;
    if (!apex && !p->data && p->rcode == 0)
        plan.rcode = NSP_RCODE_NXDOMAIN;
    if (p->lower)
        nsp_name_lower(&qname);
    nsp_build_begin(&b, buf, cap, q.id, reply_flags(&q, &plan));
    nsp_build_question(&b, &qname, q.qtype, q.qclass);
    bool answered = p->rcode == 0 && !p->no_data && !p->tc && (p->data || (apex && !nodata));
    if (answered)
        put_answer(&b, &qname, q.qtype, p);
    else if (p->rcode == 0 || p->rcode == NSP_RCODE_NXDOMAIN)
        put_authority(&b, p);
    if (answered)
        put_beside(&b, NSP_AUTHORITY, NSP_TYPE_NS, p->beside_ns);
    if (answered)
        put_beside(&b, NSP_ADDITIONAL, NSP_TYPE_A, p->beside_a);
    if (q.opt != NSP_NO_RR && !p->no_opt)
        nsp_build_opt(&b, &edns);
    if (nsp_build_end(&b, &size) != NSP_OK)
        abort();
    return size;
}

static void append(exchange_t *x, const event_t *e)
{
    if (!exchange_append(x, e))
        abort();
}

static void append_reply(exchange_t *x, const xprobe_t *p, const uint8_t *reply, size_t n,
                         uint8_t attempt, int64_t at)
{
    event_t e = {.kind = p->act == XA_MISMATCH ? EVENT_MISMATCH : EVENT_REPLY,
                 .attempt = attempt,
                 .at = at,
                 .peer = x->server,
                 .bytes = reply,
                 .size = (uint32_t)n};
    if (p->act == XA_MISMATCH || p->extra_mismatch) {
        e.mismatch = p->mismatch;
        e.peer = (p->mismatch & MISMATCH_ADDRESS) != 0 ? xaddr("8.0.8.8") : e.peer;
        e.peer.port = (p->mismatch & MISMATCH_PORT) != 0 ? 5353 : 53;
    }
    if (p->extra_mismatch) {
        e.kind = EVENT_MISMATCH;
        append(x, &e);
        e.kind = EVENT_REPLY;
        e.mismatch = 0;
        e.peer = x->server;
    }
    if (p->act == XA_CUT)
        e.size -= 5;
    if (p->act == XA_TRAILING)
        e.size += 3;
    append(x, &e);
}

static void sent(exchange_t *x, uint8_t *wire, size_t size, uint8_t attempt, int64_t at)
{
    wire[0] = attempt;
    event_t e = {.kind = EVENT_SENT,
                 .attempt = attempt,
                 .at = at,
                 .peer = xaddr("8.0.0.9"),
                 .bytes = wire,
                 .size = (uint32_t)size};
    append(x, &e);
}

static void simple(exchange_t *x, event_kind_t kind, uint8_t attempt, int64_t at)
{
    event_t e = {.kind = kind, .attempt = attempt, .at = at, .peer = x->server};
    e.os_error = kind == EVENT_SEND_FAILED ? ENETUNREACH : 0;
    append(x, &e);
}

static void build_udp(exchange_t *x, uint8_t *wire, size_t size, const xprobe_t *p, int64_t at)
{
    uint8_t reply[8192] = {0};
    unsigned last = p->act == XA_SILENT ? 3 : p->lost + 1 + p->late;
    for (unsigned k = 1; k <= last; k++) {
        uint8_t i = (uint8_t)k;
        sent(x, wire, size, i, at);
        if (k < last || p->act == XA_SILENT) {
            at += X_SEC;
            simple(x, EVENT_TIMEOUT, i, at);
        }
    }
    if (p->act == XA_SILENT || p->act == XA_PENDING)
        return;
    if (p->act == XA_ICMP) {
        event_t e = {.kind = EVENT_ICMP,
                     .attempt = 1,
                     .at = at + p->rtt,
                     .icmp_type = p->icmp_type,
                     .icmp_code = p->icmp_code};
        e.peer = x->server.family == 4 ? xaddr("8.0.0.254") : xaddr("2a00::254");
        e.peer = p->icmp_own ? x->local : e.peer;
        append(x, &e);
        return;
    }
    wire[0] = (uint8_t)(p->late ? 1 : last);
    size_t n = make_reply(wire, size, p, reply, sizeof reply);
    append_reply(x, p, reply, n, wire[0], at + p->rtt);
}

static void build_tcp(exchange_t *x, uint8_t *wire, size_t size, const xprobe_t *p, int64_t at)
{
    uint8_t reply[8192] = {0};
    sent(x, wire, size, 1, at);
    switch (p->act) {
    case XA_SILENT:
        simple(x, EVENT_TCP_NO_SYNACK, 1, at + 7 * X_SEC);
        return;
    case XA_REFUSED:
        simple(x, EVENT_TCP_REFUSED, 1, at + p->rtt);
        return;
    case XA_ICMP: {
        event_t e = {.kind = EVENT_ICMP,
                     .attempt = 1,
                     .at = at + p->rtt,
                     .peer = p->icmp_own ? x->server : xaddr("8.0.0.254"),
                     .icmp_type = p->icmp_type,
                     .icmp_code = p->icmp_code};
        append(x, &e);
        return;
    }
    default:
        break;
    }
    simple(x, EVENT_TCP_OPEN, 1, at + p->rtt);
    if (p->act == XA_OPEN_SILENT)
        simple(x, EVENT_TIMEOUT, 1, at + 7 * X_SEC);
    else if (p->act == XA_RESET)
        simple(x, EVENT_TCP_RESET, 1, at + 2 * p->rtt);
    else if (p->act == XA_CLOSED)
        simple(x, EVENT_TCP_CLOSED, 1, at + 2 * p->rtt);
    else if (p->act != XA_PENDING)
        append_reply(x, p, reply, make_reply(wire, size, p, reply, sizeof reply), 1,
                     at + 2 * p->rtt);
}

static exchange_t *build_one(xlab_t *x, transport_t transport, const addr_t *server, uint8_t *wire,
                             size_t size, const xprobe_t *p)
{
    if (p->act == XA_NONE)
        return NULL;
    exchange_t *out = exchange_add(&x->set, transport, server, wire, size);
    if (out == NULL)
        abort();
    x->clock += X_MS;
    out->finished = p->act != XA_PENDING;
    out->local = xaddr("8.0.0.9");
    if (p->act == XA_NOT_SENT)
        simple(out, EVENT_SEND_FAILED, 1, x->clock);
    else if (transport == TRANSPORT_UDP)
        build_udp(out, wire, size, p, x->clock);
    else
        build_tcp(out, wire, size, p, x->clock);
    return out;
}

static void build_battery(xlab_t *x, unsigned i)
{
    battery_query_t q[BATTERY_MAX];
    size_t n = battery_build(&x->m->zone, 42, NULL, q);
    for (size_t k = 0; k < n && k < XQ_COUNT; k++)
        build_one(x, q[k].transport, &x->m->address[i].addr, q[k].wire, q[k].size, &x->probe[i][k]);
}

/* The question for the delegation, and a referral. */
static void build_parent(xlab_t *x, uint16_t i)
{
    uint8_t wire[512];
    uint8_t buf[1024];
    const xparent_t *plan = &x->parent[i];
    model_parent_t *p = &x->m->parent_addr[i];
    size_t size = battery_question(&x->m->domain, NSP_TYPE_NS, false, false, wire, sizeof wire);
    xprobe_t act = {.act = plan->act == XA_ANSWER ? XA_PENDING : plan->act, .rtt = 10 * X_MS};
    exchange_t *e = build_one(x, TRANSPORT_UDP, &p->addr, wire, size, &act);
    p->asked = e;
    if (plan->act != XA_ANSWER) {
        p->referral = false;
        return;
    }
    nsp_builder_t b;
    nsp_build_begin(&b, buf, sizeof buf, (uint16_t)(wire[0] << 8 | wire[1]),
                    (uint16_t)(NSP_FLAG_QR | plan->rcode | (plan->nxdomain ? 3u : 0u)));
    nsp_build_question(&b, &x->m->domain, NSP_TYPE_NS, NSP_CLASS_IN);
    bool referral = plan->rcode == 0 && !plan->nxdomain;
    for (unsigned k = 0; referral && k < 4 && plan->ns[k] != NULL; k++)
        put_rr(&b, NSP_AUTHORITY, &x->m->domain, NSP_TYPE_NS, 172800, plan->ns[k]);
    nsp_build_end(&b, &size);
    event_t r = {.kind = EVENT_REPLY,
                 .attempt = 1,
                 .at = x->clock + 10 * X_MS,
                 .peer = p->addr,
                 .bytes = buf,
                 .size = (uint32_t)size};
    append(e, &r);
    e->finished = true;
    p->referral = referral;
    p->nxdomain = plan->nxdomain;
}

/* What the zone says about a server's addresses. */
static void build_host(xlab_t *x, uint16_t i, uint16_t type, const char *text)
{
    uint8_t wire[512];
    uint8_t buf[1024];
    const nsp_name_t *name = &x->m->server[i].name;
    xprobe_t act = {.act = XA_PENDING,
                    .rtt = X_MS,
                    .serial = 1,
                    .ttl = 60,
                    .soa_names = "ns1.example.net. host.example.net.",
                    .soa_timers = "14400 3600 1209600 3600"};
    size_t size = battery_question(name, type, false, true, wire, sizeof wire);
    exchange_t *e = build_one(x, TRANSPORT_UDP, &x->m->address[0].addr, wire, size, &act);
    nsp_builder_t b;
    nsp_build_begin(&b, buf, sizeof buf, (uint16_t)(wire[0] << 8 | wire[1]),
                    (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA));
    nsp_build_question(&b, name, type, NSP_CLASS_IN);
    if (text != NULL)
        put_rr(&b, NSP_ANSWER, name, type, 3600, text);
    else
        put_soa(&b, NSP_AUTHORITY, "example.net.", &act);
    nsp_build_end(&b, &size);
    event_t r = {.kind = EVENT_REPLY,
                 .attempt = 1,
                 .at = x->clock + X_MS,
                 .peer = e->server,
                 .bytes = buf,
                 .size = (uint32_t)size};
    append(e, &r);
    e->finished = true;
}

void xlab_build(xlab_t *x)
{
    for (uint16_t i = 0; i < x->m->parent_count && i < 2; i++)
        build_parent(x, i);
    for (uint16_t i = 0; !x->no_host_answers && i < x->m->server_count && i < 2; i++) {
        build_host(x, i, NSP_TYPE_A, x->host_a[i]);
        build_host(x, i, NSP_TYPE_AAAA, x->host_aaaa[i]);
    }
    for (unsigned i = 0; i < x->count; i++)
        build_battery(x, i);
}
