#include "diagnose/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool fact_answered(const fact_t *f)
{
    return f != NULL && f->o.kind == OUTCOME_ANSWERED;
}

bool fact_decided(const fact_t *f)
{
    return f != NULL && f->o.kind != OUTCOME_PENDING && f->o.kind != OUTCOME_NOT_SENT;
}

bool fact_is_soa(const fact_t *f)
{
    return f->kind == PROBE_SOA || f->kind == PROBE_SOA_EDNS || f->kind == PROBE_SOA_TCP ||
           f->kind == PROBE_CASE;
}

bool fact_is_udp(const fact_t *f)
{
    return f->x->transport == TRANSPORT_UDP;
}

bool fact_is_edns(const fact_t *f)
{
    return fact_is_udp(f) && f->query_opt && f->kind != PROBE_BIG;
}

const nsp_msg_t *fact_message(const diag_t *d, const fact_t *f)
{
    return reply_index(d->scratch, f->o.reply->bytes, f->o.reply->size);
}

const fact_t *subject_at(const diag_t *d, const subject_t *s, size_t i)
{
    return &d->fact[s->first + i];
}

const fact_t *subject_fact(const diag_t *d, const subject_t *s, probe_kind_t kind)
{
    const fact_t *best = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->kind == kind && (best == NULL || (fact_answered(f) && !fact_answered(best)) ||
                                (fact_decided(f) && !fact_decided(best))))
            best = f;
    }
    return best;
}

const fact_t *subject_soa(const diag_t *d, const subject_t *s)
{
    static const probe_kind_t order[] = {PROBE_SOA, PROBE_SOA_EDNS, PROBE_SOA_TCP, PROBE_CASE};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        for (size_t i = 0; i < s->count; i++) {
            const fact_t *f = subject_at(d, s, i);
            if (f->kind == order[k] && fact_answered(f) && f->cls == CLASS_GOOD)
                return f;
        }
    return NULL;
}

const char *name_label(const nsp_name_t *name, char buf[NSP_NAME_TEXT_MAX])
{
    if (name->len == 1) {
        snprintf(buf, NSP_NAME_TEXT_MAX, "the root");
        return buf;
    }
    size_t n = nsp_name_to_text(name, buf, NSP_NAME_TEXT_MAX);
    if (n > 1 && buf[n - 1] == '.')
        buf[n - 1] = '\0';
    return buf;
}

const char *subject_label(const diag_t *d, const subject_t *s, char buf[LABEL_MAX])
{
    char name[NSP_NAME_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    addr_port_text(&s->a->addr, addr);
    if (s->a->server_count == 0)
        snprintf(buf, LABEL_MAX, "%s", addr);
    else
        snprintf(buf, LABEL_MAX, "%s (%s)", name_label(&d->m->server[s->a->server[0]].name, name),
                 addr);
    return buf;
}

const char *time_label(int64_t ns, char buf[32])
{
    if (ns >= INT64_C(1000000000))
        snprintf(buf, 32, "%.2f s", (double)ns / 1e9);
    else
        snprintf(buf, 32, "%.0f ms", (double)ns / 1e6);
    return buf;
}

finding_t *subject_finding(diag_t *d, const subject_t *s, finding_id_t id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    finding_t *f = finding_vadd(d->list, id, format, args);
    va_end(args);
    finding_set_addr(f, d->m, &s->a->addr);
    return f;
}

/* FNV-1a, finished so that sums of digests stay spread. */
static uint64_t digest(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    h ^= h >> 32;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

uint64_t rrset_digest(uint8_t *octets, const nsp_msg_t *m, nsp_section_t section,
                      const nsp_name_t *owner, uint16_t type, uint16_t *count, uint32_t *ttl)
{
    uint64_t sum = 0;
    *count = 0;
    for (uint16_t i = 0; i < m->found[section]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, section, i);
        if (rr->type != type || rr->rclass != NSP_CLASS_IN || !nsp_rr_owner_is(m, rr, owner))
            continue;
        nsp_err_t err = NSP_OK;
        size_t n = nsp_rdata_canonical(m, rr, octets, UINT16_MAX, &err);
        if (err != NSP_OK)
            continue;
        if (type == NSP_TYPE_SOA && n >= 20)
            memset(octets + n - 20, 0, 4); /* the serial (RFC 1035 3.3.13) */
        sum += digest(octets, n);
        if (*count == 0 || rr->ttl < *ttl)
            *ttl = rr->ttl;
        (*count)++;
    }
    return sum;
}

bool has_ns(const nsp_msg_t *m, nsp_section_t section, const nsp_name_t *owner,
            const nsp_name_t *target)
{
    nsp_name_t name;
    for (uint16_t i = 0; i < m->found[section]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, section, i);
        if (rr->type == NSP_TYPE_NS && nsp_rr_owner_is(m, rr, owner) &&
            nsp_rdata_name(m, rr, 0, &name) && nsp_name_equal(&name, target))
            return true;
    }
    return false;
}

/* A reply of NOERROR that does not have what was asked: by what its authority section holds. */
static reply_class_t class_without_data(const diag_t *d, const nsp_msg_t *m)
{
    const nsp_name_t *zone = &d->m->zone;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type != NSP_TYPE_NS && rr->type != NSP_TYPE_SOA)
            continue;
        if (rr->type == NSP_TYPE_SOA && nsp_rr_owner_is(m, rr, zone))
            continue;
        if (rr->type == NSP_TYPE_NS && nsp_msg_has(m, NSP_FLAG_AA))
            continue;
        nsp_name_t owner;
        nsp_rr_owner(m, rr, &owner);
        if (rr->type == NSP_TYPE_NS && !nsp_name_equal(&owner, zone) &&
            nsp_name_is_subdomain(zone, &owner))
            return CLASS_UPWARD;
        return CLASS_OTHER;
    }
    if (nsp_msg_has(m, NSP_FLAG_TC))
        return CLASS_TRUNCATED;
    return nsp_msg_has(m, NSP_FLAG_AA) ? CLASS_NODATA : CLASS_NOT_AA;
}

static reply_class_t classify(const diag_t *d, const fact_t *f, const nsp_msg_t *m)
{
    if (f->rcode == NSP_RCODE_NXDOMAIN)
        return CLASS_NXDOMAIN;
    if (f->rcode != NSP_RCODE_NOERROR)
        return CLASS_RCODE;
    if (f->data_count == 0)
        return class_without_data(d, m);
    return nsp_msg_has(m, NSP_FLAG_AA) ? CLASS_GOOD : CLASS_NOT_AA;
}

static bool authority_has_soa(const diag_t *d, const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        nsp_name_t owner;
        if (rr->type != NSP_TYPE_SOA)
            continue;
        nsp_rr_owner(m, rr, &owner);
        if (nsp_name_is_subdomain(&owner, &d->m->zone))
            return true;
    }
    return false;
}

/* The serial of the apex SOA in the answer section. */
static void read_serial(const diag_t *d, const nsp_msg_t *m, fact_t *f)
{
    uint64_t serial = 0;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && !f->has_serial; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != NSP_TYPE_SOA || rr->rclass != NSP_CLASS_IN ||
            !nsp_rr_owner_is(m, rr, &d->m->zone) || !nsp_rdata_number(m, rr, 2, &serial))
            continue;
        f->has_serial = true;
        f->serial = (uint32_t)serial;
    }
}

static void read_reply(diag_t *d, fact_t *f, nsp_msg_t *m)
{
    nsp_name_t qname;
    f->rcode = nsp_msg_rcode(m);
    f->flags = m->flags;
    f->opt = m->opt != NSP_NO_RR;
    f->answers = m->found[NSP_ANSWER];
    f->negative_soa = authority_has_soa(d, m);
    f->case_kept = !nsp_msg_qname(m, &qname) || nsp_name_equal_case(&qname, &f->x->qname);
    f->data_digest = rrset_digest(d->octets, m, NSP_ANSWER, &d->m->zone, f->x->qtype,
                                  &f->data_count, &f->data_ttl);
    read_serial(d, m, f);
    f->cls = classify(d, f, m);
}

static bool query_has_opt(diag_t *d, const exchange_t *x)
{
    const event_t *q = exchange_query(x);
    nsp_msg_t m;
    if (q == NULL)
        return false;
    nsp_msg_index(&m, q->bytes, q->size, d->scratch->arena, NSP_RR_MAX);
    return m.opt != NSP_NO_RR;
}

static void fact_read(diag_t *d, fact_t *f, const exchange_t *x, probe_kind_t kind)
{
    f->x = x;
    f->kind = kind;
    f->query_opt = query_has_opt(d, x);
    outcome_of(x, &f->o, d->scratch);
    if (f->o.kind != OUTCOME_ANSWERED && f->o.kind != OUTCOME_MALFORMED)
        return;
    read_reply(d, f, &d->scratch->msg);
    if (f->o.kind == OUTCOME_ANSWERED)
        return;
    /* What has a fault, but has all that was asked for, is an answer with a fault. */
    f->faulty = true;
    if (d->scratch->msg.complete && (f->cls == CLASS_GOOD || f->negative_soa))
        f->o.kind = OUTCOME_ANSWERED;
}

/* An ICMP error that this machine sent to itself: the address is in a network that it is attached
 * to, and nobody there answered for it (ARP, neighbour discovery). No packet was on the wire. */
static bool icmp_is_own(const fact_t *f)
{
    return f->o.kind == OUTCOME_ICMP && addr_same_host(&f->o.reply->peer, &f->x->local) &&
           !addr_same_host(&f->o.reply->peer, &f->x->server);
}

static reach_t reach_of(const fact_t *f)
{
    if (icmp_is_own(f))
        return REACH_SILENT;
    switch (f->o.kind) {
    case OUTCOME_ANSWERED:
        return REACH_ANSWERED;
    case OUTCOME_MALFORMED:
        return REACH_MALFORMED;
    case OUTCOME_MISMATCHED:
        return REACH_MISMATCHED;
    case OUTCOME_SILENT:
    case OUTCOME_NO_SYNACK:
        return REACH_SILENT;
    case OUTCOME_ICMP:
        return REACH_ICMP;
    case OUTCOME_REFUSED:
        return REACH_REFUSED;
    case OUTCOME_RESET:
        return REACH_RESET;
    case OUTCOME_CLOSED:
        return REACH_CLOSED;
    case OUTCOME_NOT_SENT:
        return REACH_NOT_SENT;
    case OUTCOME_PENDING:
        break;
    }
    return REACH_NONE;
}

/* A question of the battery that the kernel would not send: there is no packet to tell which. */
static bool never_sent(const diag_t *d, const exchange_t *x)
{
    return exchange_query(x) == NULL && exchange_find(x, EVENT_SEND_FAILED) != NULL &&
           nsp_name_is_subdomain(&x->qname, &d->m->zone);
}

static bool edns_silent(const diag_t *d, const subject_t *s)
{
    unsigned asked = 0;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (!fact_is_edns(f) || !fact_decided(f))
            continue;
        if (f->o.kind != OUTCOME_SILENT)
            return false;
        asked++;
    }
    return asked > 0 && fact_answered(subject_fact(d, s, PROBE_SOA));
}

/* Facts of one address, from every exchange with it. */
static void subject_gather(diag_t *d, subject_t *s, uint16_t index)
{
    s->first = d->fact_count;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!addr_equal(&x->server, &s->a->addr))
            continue;
        probe_kind_t kind = probe_kind_of(x, &d->m->zone);
        if (kind == PROBE_NONE && (way_hops_of(x, &d->m->zone) != 0 || !never_sent(d, x)))
            continue;
        fact_t *f = &d->fact[d->fact_count++];
        f->subject = index;
        fact_read(d, f, x, kind);
        reach_t *reach = fact_is_udp(f) ? &s->udp : &s->tcp;
        reach_t now = reach_of(f);
        *reach = now > *reach ? now : *reach;
        s->pending = s->pending || f->o.kind == OUTCOME_PENDING;
        s->no_neighbour = s->no_neighbour || icmp_is_own(f);
    }
    s->count = d->fact_count - s->first;
    way_of(d->set, &s->a->addr, &d->m->zone, &s->way);
    s->edns_silent = edns_silent(d, s);
    /* for TCP the kernel does not tell who sent the error */
    if (s->no_neighbour && s->udp == REACH_SILENT && s->tcp == REACH_ICMP)
        s->tcp = REACH_SILENT;
    const fact_t *soa = subject_soa(d, s);
    s->serves = soa != NULL;
    s->has_serial = soa != NULL && soa->has_serial;
    s->serial = soa != NULL ? soa->serial : 0;
}

/* Labs and internal networks have a parent that is as little reachable as they are. */
static bool is_lab(const model_t *m)
{
    for (uint16_t i = 0; i < m->parent_count; i++)
        if (addr_special(&m->parent_addr[i].addr) != NULL)
            return true;
    if (m->parent_count > 0)
        return false;
    for (uint16_t i = 0; i < m->address_count; i++)
        if (addr_special(&m->address[i].addr) == NULL)
            return false;
    return true;
}

bool facts_gather(diag_t *d)
{
    d->scratch = malloc(sizeof *d->scratch);
    d->octets = malloc(UINT16_MAX);
    d->fact = calloc(d->set->count > 0 ? d->set->count : 1, sizeof *d->fact);
    if (d->scratch == NULL || d->octets == NULL || d->fact == NULL)
        return false;
    for (uint16_t i = 0; i < d->m->address_count; i++) {
        subject_t *s = &d->subject[d->subject_count++];
        s->a = &d->m->address[i];
        subject_gather(d, s, i);
    }
    d->lab = is_lab(d->m);
    return true;
}

void facts_free(diag_t *d)
{
    free(d->scratch);
    free(d->octets);
    free(d->fact);
}
