/* Versions of the zone at one address. A zone that is loaded anew while it is asked for gets newer,
 * and stays so; where an older version comes behind a newer one, more than one machine answers. */
#include "diagnose/facts.h"

#define VERSIONS_MAX 64

/* One answer for the zone's SOA, whatever the form of the question (diagnose/form.h). */
typedef struct version {
    const exchange_t *x;
    int64_t at;
    uint32_t serial;
} version_t;

typedef struct versions {
    size_t count;
    version_t item[VERSIONS_MAX];
} versions_t;

/* An older version that came behind a newer one. */
typedef struct setback {
    const version_t *newer;
    const version_t *older;
} setback_t;

static bool read_version(diag_t *d, const exchange_t *x, version_t *v)
{
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_t o;
    outcome_of(x, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED || !nsp_msg_has(m, NSP_FLAG_AA) ||
        nsp_msg_rcode(m) != NSP_RCODE_NOERROR)
        return false;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        uint64_t serial = 0;
        if (rr->type != NSP_TYPE_SOA || !nsp_rr_owner_is(m, rr, &d->m->zone) ||
            !nsp_rdata_number(m, rr, 2, &serial))
            continue;
        *v = (version_t){x, o.reply->at, (uint32_t)serial};
        return true;
    }
    return false;
}

static void gather(diag_t *d, const subject_t *s, versions_t *v)
{
    v->count = 0;
    for (uint32_t i = 0; i < d->set->count && v->count < VERSIONS_MAX; i++) {
        const exchange_t *x = d->set->item[i];
        if (x->qtype == NSP_TYPE_SOA && addr_equal(&x->server, &s->a->addr) &&
            nsp_name_equal(&x->qname, &d->m->zone) && read_version(d, x, &v->item[v->count]))
            v->count++;
    }
}

/* The first setback between answers over these transports. */
static bool find_setback(const versions_t *v, transport_t newer, transport_t older, setback_t *out)
{
    for (size_t i = 0; i < v->count; i++) {
        const version_t *a = &v->item[i];
        for (size_t k = 0; k < v->count; k++) {
            const version_t *b = &v->item[k];
            if (a->x->transport == newer && b->x->transport == older && a->at < b->at &&
                serial_newer(a->serial, b->serial)) {
                *out = (setback_t){a, b};
                return true;
            }
        }
    }
    return false;
}

static bool over_one_transport(const versions_t *v, setback_t *out)
{
    return find_setback(v, TRANSPORT_UDP, TRANSPORT_UDP, out) ||
           find_setback(v, TRANSPORT_TCP, TRANSPORT_TCP, out);
}

static bool over_both(const versions_t *v, setback_t *out)
{
    return find_setback(v, TRANSPORT_UDP, TRANSPORT_TCP, out) ||
           find_setback(v, TRANSPORT_TCP, TRANSPORT_UDP, out);
}

static void versions_one(diag_t *d, const subject_t *s)
{
    versions_t v;
    setback_t b;
    finding_t *f = NULL;
    gather(d, s, &v);
    if (over_one_transport(&v, &b)) {
        f = subject_finding(d, s, FINDING_VERSIONS_MIXED,
                            "Serial %u was given here, and after it serial %u.", b.newer->serial,
                            b.older->serial);
    } else if (over_both(&v, &b)) {
        const version_t *udp = b.newer->x->transport == TRANSPORT_UDP ? b.newer : b.older;
        const version_t *tcp = udp == b.newer ? b.older : b.newer;
        f = subject_finding(d, s, FINDING_TCP_WRONG_ANSWER,
                            "Over UDP the zone has serial %u, and over TCP serial %u.", udp->serial,
                            tcp->serial);
    }
    if (f == NULL)
        return;
    finding_add_evidence(f, b.newer->x);
    finding_add_evidence(f, b.older->x);
}

void rules_versions(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++)
        if (!d->subject[i].folded && d->subject[i].serves)
            versions_one(d, &d->subject[i]);
}
