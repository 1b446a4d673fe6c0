/* Answers for what does not exist (RFC 2308). */
#include "diagnose/facts.h"

static bool usable(const subject_t *s, const fact_t *f)
{
    return fact_answered(f) && (f->flags & NSP_FLAG_TC) == 0 && !(f->query_opt && s->edns_broken);
}

static void broken(diag_t *d, const subject_t *s, const fact_t *f, const char *what)
{
    char rcode[16];
    finding_t *out = subject_finding(d, s, FINDING_NEGATIVE_BROKEN, "%s is answered with %s.", what,
                                     nsp_rcode_text(f->rcode, rcode));
    finding_add_evidence(out, f->x);
}

static void name_rule(diag_t *d, const subject_t *s, bool *no_soa, const fact_t *f)
{
    if (f->rcode != NSP_RCODE_NXDOMAIN && f->rcode != NSP_RCODE_NOERROR)
        broken(d, s, f, "A name that does not exist");
    else if (f->answers == 0 && !f->negative_soa && (f->flags & NSP_FLAG_AA) != 0)
        *no_soa = true;
}

static void type_rule(diag_t *d, const subject_t *s, bool *no_soa, const fact_t *f)
{
    if (f->rcode != NSP_RCODE_NOERROR)
        broken(d, s, f, "A type that the zone's name does not have");
    else if (f->answers == 0 && !f->negative_soa)
        *no_soa = true;
}

static void negative_one(diag_t *d, const subject_t *s)
{
    bool name_bare = false;
    bool type_bare = false;
    const fact_t *name = subject_fact(d, s, PROBE_NXDOMAIN);
    const fact_t *type = subject_fact(d, s, PROBE_NODATA);
    size_t before = d->list->count;
    if (usable(s, name))
        name_rule(d, s, &name_bare, name);
    if (usable(s, type) && d->list->count == before)
        type_rule(d, s, &type_bare, type);
    if (!name_bare && !type_bare)
        return;
    finding_t *f =
        subject_finding(d, s, FINDING_NEGATIVE_WITHOUT_SOA, "No SOA in the answer for %s.",
                        name_bare && type_bare ? "a name and for a type that do not exist"
                        : name_bare            ? "a name that does not exist"
                                               : "a type that does not exist");
    finding_add_evidence(f, name_bare ? name->x : NULL);
    finding_add_evidence(f, type_bare ? type->x : NULL);
}

/* A wildcard is a property of the zone: one remark for all addresses. */
static void wildcard_rule(diag_t *d)
{
    finding_t *f = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const fact_t *k = subject_fact(d, s, PROBE_NXDOMAIN);
        bool answered = !s->folded && s->serves && k != NULL && usable(s, k) &&
                        k->rcode == NSP_RCODE_NOERROR && (k->answers > 0 || k->negative_soa);
        if (!answered)
            continue;
        char name[NSP_NAME_TEXT_MAX];
        if (f == NULL)
            f = finding_add(d->list, FINDING_WILDCARD, "A random name, %s, is %s.",
                            name_label(&k->x->qname, name),
                            k->answers > 0 ? "answered with records" : "said to exist");
        finding_add_evidence(f, k->x);
    }
}

void rules_negative(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (!s->folded && s->serves)
            negative_one(d, s);
    }
    wildcard_rule(d);
}
