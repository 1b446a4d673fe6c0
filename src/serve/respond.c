#include "serve/respond.h"

#include <stdlib.h>
#include <strings.h>

#define SERVER_UDP_SIZE 4096
#define EDNS_SIZE       1232

/* A query that is being answered. */
typedef struct work {
    responder_t *r;
    query_facts_t facts;
    nsp_msg_t msg;
    nsp_rr_t arena[64];
    nsp_name_t qname;
    nsp_edns_t edns;
    bool on[BEHAVE_COUNT];
    const behaviour_t *with[BEHAVE_COUNT];
    bool heeds_edns; /* the query has it, and the server knows it */
    uint8_t *buf;
    size_t limit;
} work_t;

static bool name_applies(const behaviour_t *b, const nsp_name_t *name)
{
    bool underscore = false;
    for (unsigned at = 0; name->octets[at] != 0; at += name->octets[at] + 1u)
        underscore = underscore || name->octets[at + 1] == '_';
    if (b->underscore && !underscore)
        return false;
    return b->label[0] == 0 || (b->label[0] == name->octets[0] &&
                                strncasecmp((const char *)b->label + 1,
                                            (const char *)name->octets + 1, b->label[0]) == 0);
}

/* True when every condition holds; counts the query for "every N". */
static bool behaviour_applies(behaviour_t *b, const query_facts_t *q)
{
    if ((b->udp_only && q->transport != TRANSPORT_UDP) ||
        (b->tcp_only && q->transport != TRANSPORT_TCP) || (b->edns_only && !q->edns) ||
        (b->plain_only && q->edns) || (b->type != 0 && b->type != q->qtype) ||
        !name_applies(b, &q->qname))
        return false;
    if (b->larger > 0 && q->reply_size <= b->larger)
        return false;
    b->counter++;
    return b->every == 0 || b->counter % b->every == 0;
}

/* Decides which behaviours hold, before (late false) or after the honest reply's size is known. */
static void decide(work_t *w, bool late)
{
    for (unsigned i = 0; i < w->r->behaviour_count; i++) {
        behaviour_t *b = &w->r->behaviour[i];
        if ((b->larger > 0) != late || !behaviour_applies(b, &w->facts))
            continue;
        w->on[b->kind] = true;
        w->with[b->kind] = b;
    }
}

/* The zone nearest to the name, or NULL. */
static const zone_t *zone_for(const responder_t *r, const nsp_name_t *qname)
{
    const zone_t *best = NULL;
    for (unsigned i = 0; i < r->zone_count; i++) {
        const zone_t *z = r->zone[i];
        if (nsp_name_is_subdomain(qname, &z->apex) &&
            (best == NULL || z->apex.len > best->apex.len))
            best = z;
    }
    return best;
}

static void put_upward_referral(nsp_builder_t *b)
{
    nsp_name_t root;
    nsp_name_root(&root);
    for (int i = 0; i < 13; i++) {
        char text[] = "a.root-servers.net.";
        nsp_name_t name;
        text[0] = (char)('a' + i);
        nsp_name_from_text(text, sizeof text - 1, NULL, &name, NULL);
        nsp_build_rr(b, NSP_AUTHORITY, &root, NSP_TYPE_NS, NSP_CLASS_IN, 518400, name.octets,
                     name.len);
    }
}

/* The rcode that a behaviour forces, or -1. */
static int forced_rcode(const work_t *w)
{
    static const struct {
        behaviour_kind_t kind;
        int rcode;
    } forced[] = {{BEHAVE_REFUSE, NSP_RCODE_REFUSED},
                  {BEHAVE_SERVFAIL, NSP_RCODE_SERVFAIL},
                  {BEHAVE_FORMERR, NSP_RCODE_FORMERR},
                  {BEHAVE_NOTIMP, NSP_RCODE_NOTIMP},
                  {BEHAVE_NXDOMAIN, NSP_RCODE_NXDOMAIN}};
    for (size_t i = 0; i < sizeof forced / sizeof forced[0]; i++)
        if (w->on[forced[i].kind])
            return forced[i].rcode;
    return -1;
}

static void put_question(work_t *w, nsp_builder_t *b)
{
    nsp_name_t name = w->qname;
    uint16_t type = w->msg.qtype;
    if (w->on[BEHAVE_LOWERCASE])
        nsp_name_lower(&name);
    if (w->on[BEHAVE_WRONG_QUESTION])
        type = type == NSP_TYPE_TXT ? NSP_TYPE_A : NSP_TYPE_TXT;
    if (w->msg.qname != 0)
        nsp_build_question(b, &name, type, w->msg.qclass);
}

/* Writes the records of the answer. Gives the rcode; *aa and *fits are set. */
static uint16_t put_records(work_t *w, nsp_builder_t *b, bool *aa, bool *fits)
{
    int forced = forced_rcode(w);
    const zone_t *z = zone_for(w->r, &w->qname);
    *aa = forced == NSP_RCODE_NXDOMAIN;
    *fits = true;
    if (forced >= 0)
        return (uint16_t)forced;
    if (w->on[BEHAVE_UPWARD]) {
        put_upward_referral(b);
        return NSP_RCODE_NOERROR;
    }
    if (nsp_msg_opcode(&w->msg) != 0)
        return NSP_RCODE_NOTIMP;
    if (w->msg.qname == 0 || w->msg.count[0] != 1)
        return NSP_RCODE_FORMERR;
    if (w->heeds_edns && w->edns.version != 0)
        return NSP_RCODE_BADVERS;
    if (z == NULL || w->msg.qclass != NSP_CLASS_IN)
        return NSP_RCODE_REFUSED;
    zone_answer_t answer;
    *fits = zone_respond(z, b, &w->qname, w->msg.qtype, &answer);
    *aa = answer.aa;
    return answer.rcode;
}

/* Builds the reply; truncated says that the records did not fit or must not be there. */
static size_t build(work_t *w, bool truncated, bool *fits)
{
    nsp_builder_t b;
    bool aa = false;
    uint16_t rcode = NSP_RCODE_NOERROR;
    bool want_opt = w->heeds_edns && !w->on[BEHAVE_FORMERR] && !w->on[BEHAVE_NOTIMP];
    size_t room = w->limit - (want_opt ? 11 : 0);
    nsp_build_begin(&b, w->buf, room, w->msg.id, 0);
    put_question(w, &b);
    *fits = true;
    if (truncated)
        aa = zone_for(w->r, &w->qname) != NULL;
    else
        rcode = put_records(w, &b, &aa, fits);
    if (w->on[BEHAVE_BADVERS] && w->facts.edns)
        rcode = NSP_RCODE_BADVERS;
    b.w.cap = (uint32_t)w->limit;
    if (want_opt) {
        nsp_edns_t opt = {.udp_size = EDNS_SIZE,
                          .ext_rcode = (uint8_t)(rcode >> 4),
                          .flags = w->edns.flags & NSP_EDNS_DO};
        nsp_build_opt(&b, &opt);
    }
    uint16_t flags = (uint16_t)(NSP_FLAG_QR | (w->msg.flags & (0x7800u | NSP_FLAG_RD)));
    flags |= (uint16_t)(rcode & 15);
    if (aa && !w->on[BEHAVE_NOT_AA])
        flags |= NSP_FLAG_AA;
    if (truncated)
        flags |= NSP_FLAG_TC;
    if (w->on[BEHAVE_RECURSION])
        flags |= NSP_FLAG_RA;
    size_t size = 0;
    nsp_patch_u16(&b.w, 2, flags);
    return nsp_build_end(&b, &size) == NSP_OK ? size : 0;
}

/* Changes that are easier in the finished message than while it is built. */
static void rewrite(work_t *w, size_t *size)
{
    nsp_rr_t *arena = malloc(sizeof *arena * NSP_RR_MAX);
    uint8_t *copy = malloc(*size > 0 ? *size : 1);
    nsp_msg_t m;
    if (arena == NULL || copy == NULL || *size == 0) {
        free(arena);
        free(copy);
        return;
    }
    memcpy(copy, w->buf, *size);
    nsp_msg_index(&m, copy, *size, arena, NSP_RR_MAX);
    for (uint16_t i = 0; i < m.rr_count; i++) {
        const nsp_rr_t *rr = &m.rr[i];
        if (rr->type == NSP_TYPE_OPT)
            continue;
        nsp_writer_t at = nsp_writer(w->buf, *size);
        if (w->on[BEHAVE_TTL]) {
            at.pos = rr->fixed + 4u;
            nsp_write_u32(&at, w->with[BEHAVE_TTL]->number);
        }
        if (w->on[BEHAVE_SERIAL] && rr->type == NSP_TYPE_SOA && rr->rdlength >= 20) {
            at.pos = (uint32_t)rr->rdata + rr->rdlength - 20u;
            nsp_write_u32(&at, w->with[BEHAVE_SERIAL]->number);
        }
    }
    if (w->on[BEHAVE_NO_SOA] && m.found[NSP_ANSWER] == 0) {
        /* written again without the authority section */
        size_t out = 0;
        uint16_t kept = 0;
        for (uint16_t i = 0; i < m.rr_count; i++)
            if (m.rr[i].section != NSP_AUTHORITY || m.rr[i].type != NSP_TYPE_SOA)
                m.rr[kept++] = m.rr[i];
        m.rr_count = kept;
        if (nsp_msg_encode(&m, w->buf, w->limit, &out) == NSP_OK)
            *size = out;
    }
    free(arena);
    free(copy);
}

static void deliver(const work_t *w, delivery_t *d)
{
    d->drop = w->on[BEHAVE_DROP];
    d->wrong_source = w->on[BEHAVE_WRONG_SOURCE];
    d->wrong_port = w->on[BEHAVE_WRONG_PORT];
    d->reset = w->on[BEHAVE_RESET];
    d->dribble = w->on[BEHAVE_DRIBBLE];
    d->close_early = w->on[BEHAVE_CLOSE];
    if (d->close_early)
        d->close_after = w->with[BEHAVE_CLOSE]->number;
    if (w->on[BEHAVE_SLOW])
        d->delay_ms = w->with[BEHAVE_SLOW]->number;
}

static size_t udp_limit(const work_t *w)
{
    size_t n = w->heeds_edns ? w->edns.udp_size : 512;
    if (n < 512)
        n = 512; /* RFC 6891 6.2.3 */
    return n < SERVER_UDP_SIZE ? n : SERVER_UDP_SIZE;
}

static bool read_query(work_t *w, transport_t transport, const uint8_t *query, size_t size)
{
    nsp_msg_index(&w->msg, query, size, w->arena, 64);
    if (size < NSP_HEADER_SIZE || nsp_msg_has(&w->msg, NSP_FLAG_QR))
        return false;
    nsp_msg_qname(&w->msg, &w->qname);
    w->facts.transport = transport;
    w->facts.edns = nsp_edns_read(&w->msg, &w->edns, NULL);
    w->facts.qtype = w->msg.qtype;
    w->facts.qname = w->qname;
    return true;
}

void respond(responder_t *r, transport_t transport, const uint8_t *query, size_t query_size,
             uint8_t *buf, size_t cap, size_t *size, delivery_t *d)
{
    work_t *w = calloc(1, sizeof *w);
    memset(d, 0, sizeof *d);
    *size = 0;
    d->drop = true;
    if (w == NULL)
        return;
    w->r = r;
    w->buf = buf;
    if (!read_query(w, transport, query, query_size)) {
        free(w);
        return;
    }
    decide(w, false);
    w->heeds_edns = w->facts.edns && !w->on[BEHAVE_IGNORE_EDNS];
    w->limit = transport == TRANSPORT_UDP ? udp_limit(w) : UINT16_MAX;
    if (w->limit > cap)
        w->limit = cap;
    bool fits = true;
    *size = build(w, w->on[BEHAVE_TRUNCATE], &fits);
    if (!fits)
        *size = build(w, true, &fits);
    w->facts.reply_size = *size;
    decide(w, true);
    if (w->on[BEHAVE_TTL] || w->on[BEHAVE_SERIAL] || w->on[BEHAVE_NO_SOA])
        rewrite(w, size);
    if (w->on[BEHAVE_WRONG_ID] && *size >= 2)
        buf[0] ^= 0x5a;
    deliver(w, d);
    if (w->on[BEHAVE_MALFORMED] &&
        nsp_mangle(w->with[BEHAVE_MALFORMED]->mangle, buf, size, cap) != NSP_OK)
        d->drop = true;
    free(w);
}
