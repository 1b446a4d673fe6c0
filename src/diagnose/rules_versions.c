/* Versions of the zone at one address. A zone that is loaded anew while it is asked for gets newer,
 * and stays so; where an older version comes behind a newer one, more than one machine answers. */
#include "diagnose/facts.h"

/* An older version that came behind a newer one. */
typedef struct setback {
    const fact_t *newer;
    const fact_t *older;
} setback_t;

static bool has_version(const fact_t *f)
{
    return fact_answered(f) && f->cls == CLASS_GOOD && f->has_serial;
}

/* The first setback between answers over these transports. */
static bool find_setback(const diag_t *d, const subject_t *s, transport_t newer, transport_t older,
                         setback_t *out)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *a = subject_at(d, s, i);
        for (size_t k = 0; k < s->count; k++) {
            const fact_t *b = subject_at(d, s, k);
            if (has_version(a) && has_version(b) && a->x->transport == newer &&
                b->x->transport == older && a->o.reply->at < b->o.reply->at &&
                serial_newer(a->serial, b->serial)) {
                *out = (setback_t){a, b};
                return true;
            }
        }
    }
    return false;
}

static bool over_one_transport(const diag_t *d, const subject_t *s, setback_t *out)
{
    return find_setback(d, s, TRANSPORT_UDP, TRANSPORT_UDP, out) ||
           find_setback(d, s, TRANSPORT_TCP, TRANSPORT_TCP, out);
}

static bool over_both(const diag_t *d, const subject_t *s, setback_t *out)
{
    return find_setback(d, s, TRANSPORT_UDP, TRANSPORT_TCP, out) ||
           find_setback(d, s, TRANSPORT_TCP, TRANSPORT_UDP, out);
}

static void versions_one(diag_t *d, const subject_t *s)
{
    setback_t b;
    finding_t *f = NULL;
    if (over_one_transport(d, s, &b)) {
        f = subject_finding(d, s, FINDING_VERSIONS_MIXED,
                            "Serial %u was given here, and after it serial %u.", b.newer->serial,
                            b.older->serial);
    } else if (over_both(d, s, &b)) {
        const fact_t *udp = fact_is_udp(b.newer) ? b.newer : b.older;
        const fact_t *tcp = udp == b.newer ? b.older : b.newer;
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
