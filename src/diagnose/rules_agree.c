/* Whether servers with one version of the zone give the same records. Only addresses that serve the
 * zone are compared; one that is behind (serial) is not compared any further. */
#include <stdio.h>

#include "diagnose/facts.h"

static bool comparable(const subject_t *s)
{
    return s->serves && !s->folded && s->has_serial;
}

/* What is compared between servers with the same serial. (DNSKEY is, whatever the serial:
 * rules_signed.) */
static const struct {
    uint16_t qtype;
    probe_kind_t kind[4]; /* where the records may be found, best first */
} compared[] = {{NSP_TYPE_SOA, {PROBE_SOA, PROBE_SOA_EDNS, PROBE_SOA_TCP, PROBE_NONE}},
                {NSP_TYPE_NS, {PROBE_NS, PROBE_NS_TCP, PROBE_NONE, PROBE_NONE}},
                {NSP_TYPE_TXT, {PROBE_BIG, PROBE_BIG_TCP, PROBE_NONE, PROBE_NONE}}};

#define COMPARED (sizeof compared / sizeof compared[0])

/* A whole, authoritative answer for the c-th compared type at an address, or NULL. */
static const fact_t *data_fact(const diag_t *d, const subject_t *s, size_t c)
{
    for (size_t k = 0; k < 4 && compared[c].kind[k] != PROBE_NONE; k++)
        for (size_t i = 0; i < s->count; i++) {
            const fact_t *f = subject_at(d, s, i);
            if (f->kind == compared[c].kind[k] && f->x->qtype == compared[c].qtype &&
                fact_answered(f) && (f->flags & NSP_FLAG_TC) == 0 &&
                (f->cls == CLASS_GOOD || f->cls == CLASS_NODATA))
                return f;
        }
    return NULL;
}

static bool same_data(const fact_t *a, const fact_t *b)
{
    return a->data_count == b->data_count && a->data_digest == b->data_digest;
}

static unsigned votes_for(const diag_t *d, const subject_t *s, size_t c, bool with_ttl)
{
    const fact_t *mine = data_fact(d, s, c);
    unsigned votes = 0;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        const fact_t *f = comparable(o) && o->serial == s->serial ? data_fact(d, o, c) : NULL;
        votes += f != NULL && same_data(f, mine) && (!with_ttl || f->data_ttl == mine->data_ttl);
    }
    return votes;
}

/* The address, among those with the serial of s, whose data most others have too; the first one
 * when it is a draw. */
static const subject_t *reference(const diag_t *d, const subject_t *s, size_t c, bool with_ttl)
{
    const subject_t *best = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (!comparable(o) || o->serial != s->serial || data_fact(d, o, c) == NULL)
            continue;
        unsigned votes = votes_for(d, o, c, with_ttl);
        if (votes > most) {
            most = votes;
            best = o;
        }
    }
    return best;
}

/* One finding an address, that names all types that differ. */
static bool data_rule(diag_t *d, const subject_t *s)
{
    char list[128] = "";
    char type[16];
    char label[LABEL_MAX];
    size_t len = 0;
    const subject_t *other = NULL;
    const fact_t *proof[2 * COMPARED];
    size_t proofs = 0;
    for (size_t c = 0; c < COMPARED; c++) {
        const fact_t *mine = data_fact(d, s, c);
        const subject_t *ref = mine != NULL ? reference(d, s, c, false) : NULL;
        const fact_t *theirs = ref != NULL ? data_fact(d, ref, c) : NULL;
        if (theirs == NULL || same_data(mine, theirs))
            continue;
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? ", " : "",
                                nsp_type_text(compared[c].qtype, type));
        proof[proofs++] = mine;
        proof[proofs++] = theirs;
        other = other != NULL ? other : ref;
    }
    if (other == NULL)
        return false;
    finding_t *f = subject_finding(d, s, FINDING_ANSWERS_DIFFER,
                                   "The %s records are not those of %s, with the same serial %u.",
                                   list, subject_label(d, other, label), s->serial);
    for (size_t i = 0; i < proofs; i++)
        finding_add_evidence(f, proof[i]->x);
    return true;
}

static void ttl_rule(diag_t *d, const subject_t *s)
{
    char type[16];
    char label[LABEL_MAX];
    for (size_t c = 0; c < COMPARED; c++) {
        const fact_t *mine = data_fact(d, s, c);
        const subject_t *ref =
            mine != NULL && mine->data_count > 0 ? reference(d, s, c, true) : NULL;
        const fact_t *theirs = ref != NULL ? data_fact(d, ref, c) : NULL;
        if (theirs == NULL || theirs->data_count == 0 || mine->data_ttl == theirs->data_ttl)
            continue;
        finding_t *f = subject_finding(d, s, FINDING_TTL_DIFFERS,
                                       "The %s records have TTL %u here and %u at %s.",
                                       nsp_type_text(compared[c].qtype, type), mine->data_ttl,
                                       theirs->data_ttl, subject_label(d, ref, label));
        finding_add_evidence(f, mine->x);
        finding_add_evidence(f, theirs->x);
        return;
    }
}

void rules_agree(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        if (!comparable(&d->subject[i]))
            continue;
        bool told = data_rule(d, &d->subject[i]);
        told = rules_negative_differ(d, &d->subject[i]) || told;
        if (!told)
            ttl_rule(d, &d->subject[i]);
    }
}
