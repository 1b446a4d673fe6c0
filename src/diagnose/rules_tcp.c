/* What one address says over TCP and over UDP: the same records (RFC 7766 5). */
#include <stdio.h>

#include "diagnose/facts.h"

/* The questions that are asked over both, with the same words. */
static const struct {
    uint16_t qtype;
    probe_kind_t udp;
    probe_kind_t tcp;
} both[] = {{NSP_TYPE_NS, PROBE_NS, PROBE_NS_TCP},
            {NSP_TYPE_DNSKEY, PROBE_BIG, PROBE_BIG_TCP},
            {NSP_TYPE_TXT, PROBE_BIG, PROBE_BIG_TCP}};

#define BOTH (sizeof both / sizeof both[0])

/* A whole, authoritative answer, or NULL. */
static const fact_t *whole(const diag_t *d, const subject_t *s, probe_kind_t kind, uint16_t qtype)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->kind == kind && f->x->qtype == qtype && fact_answered(f) && !f->faulty &&
            (f->flags & NSP_FLAG_TC) == 0 && (f->cls == CLASS_GOOD || f->cls == CLASS_NODATA))
            return f;
    }
    return NULL;
}

/* Told already that the address, or TCP at it, leads to something else. */
static bool is_told(const diag_t *d, const subject_t *s)
{
    for (size_t i = d->first; i < d->list->count; i++) {
        const finding_t *f = &d->list->item[i];
        if ((f->id == FINDING_TCP_WRONG_ANSWER || f->id == FINDING_VERSIONS_MIXED) && f->has_addr &&
            addr_equal(&f->addr, &s->a->addr))
            return true;
    }
    return false;
}

static void tcp_one(diag_t *d, const subject_t *s)
{
    char text[256];
    char type[16];
    size_t len = 0;
    size_t proofs = 0;
    const fact_t *proof[2 * BOTH];
    for (size_t i = 0; i < BOTH; i++) {
        const fact_t *udp = whole(d, s, both[i].udp, both[i].qtype);
        const fact_t *tcp = whole(d, s, both[i].tcp, both[i].qtype);
        if (udp == NULL || tcp == NULL ||
            (udp->data_count == tcp->data_count && udp->data_digest == tcp->data_digest))
            continue;
        len += (size_t)snprintf(
            text + len, sizeof text - len, "%s%u %s records over UDP and %u%s", len > 0 ? "; " : "",
            udp->data_count, nsp_type_text(both[i].qtype, type), tcp->data_count,
            udp->data_count == tcp->data_count ? " others over TCP" : " over TCP");
        proof[proofs++] = udp;
        proof[proofs++] = tcp;
    }
    if (proofs == 0)
        return;
    finding_t *f = subject_finding(d, s, FINDING_TCP_WRONG_ANSWER, "The address gives %s.", text);
    for (size_t i = 0; i < proofs; i++)
        finding_add_evidence(f, proof[i]->x);
}

void rules_tcp(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (!s->folded && s->serves && !s->edns_broken && !is_told(d, s))
            tcp_one(d, s);
    }
}
