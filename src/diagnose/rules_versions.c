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

/* --- signed and unsigned copies --- */

/* Answers that the zone's name has no record of a type, each with the zone's SOA beside it. */
typedef struct denials {
    unsigned with; /* with a signature of the SOA */
    unsigned without;
    const exchange_t *proof[2]; /* the first of each */
} denials_t;

/* A question for the zone's name, with DO. */
static bool asks_signed(const diag_t *d, const exchange_t *x)
{
    const event_t *sent = exchange_query(x);
    nsp_rr_t arena[4];
    nsp_msg_t m;
    nsp_edns_t e;
    return sent != NULL && x->transport == TRANSPORT_UDP && x->qclass == NSP_CLASS_IN &&
           nsp_name_equal(&x->qname, &d->m->zone) &&
           nsp_msg_index(&m, sent->bytes, sent->size, arena, 4) == NSP_OK && m.flags == 0 &&
           nsp_edns_read(&m, &e, NULL) && e.flags == NSP_EDNS_DO && e.version == 0;
}

/* Whether the reply denies a type, and its SOA is signed (RFC 4035 3.1.3.1). */
static bool is_denial(diag_t *d, const exchange_t *x, bool *with)
{
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_t o;
    bool soa = false;
    outcome_of(x, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED || !nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_TC) ||
        nsp_msg_rcode(m) != NSP_RCODE_NOERROR || m->found[NSP_ANSWER] > 0)
        return false;
    *with = false;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        uint64_t covered = 0;
        if (!nsp_rr_owner_is(m, rr, &d->m->zone))
            continue;
        soa = soa || rr->type == NSP_TYPE_SOA;
        *with = *with || (rr->type == NSP_TYPE_RRSIG && nsp_rdata_number(m, rr, 0, &covered) &&
                          covered == NSP_TYPE_SOA);
    }
    return soa;
}

static void count_denials(diag_t *d, const subject_t *s, denials_t *n)
{
    bool with = false;
    *n = (denials_t){0, 0, {NULL, NULL}};
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!addr_equal(&x->server, &s->a->addr) || !asks_signed(d, x) || !is_denial(d, x, &with))
            continue;
        unsigned *kind = with ? &n->with : &n->without;
        if ((*kind)++ == 0)
            n->proof[with] = x;
    }
}

/* One program signs the SOA in all of these answers, or in none: where it is both, several machines
 * answer. */
static void signatures_one(diag_t *d, subject_t *s)
{
    denials_t n;
    char label[LABEL_MAX];
    count_denials(d, s, &n);
    if (n.with == 0 || n.without == 0 || n.with + n.without < 3)
        return;
    finding_t *f = subject_finding(
        d, s, FINDING_VERSIONS_MIXED,
        "Of %u answers that say that the zone's name has no record of a type, %u have a signature "
        "of the zone's SOA, and %u have none: some machines behind this address have an unsigned "
        "copy.",
        n.with + n.without, n.with, n.without);
    finding_add_evidence(f, n.proof[1]);
    finding_add_evidence(f, n.proof[0]);
    finding_set_fix(f,
                    "Find the machine behind %s whose copy of the zone is not signed, and feed it "
                    "from where the signed zone is.",
                    subject_label(d, s, label));
    s->signed_by_turns = true;
}

void rules_versions(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++)
        if (!d->subject[i].folded && d->subject[i].serves) {
            size_t before = d->list->count;
            versions_one(d, &d->subject[i]);
            if (d->list->count == before)
                signatures_one(d, &d->subject[i]);
        }
}
