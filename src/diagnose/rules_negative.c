/* Answers for what does not exist (RFC 2308). */
#include <stdio.h>

#include "diagnose/copies.h"

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

/* An SOA in the authority section of a negative answer that is not the zone's (RFC 2308 3). */
static bool other_soa(diag_t *d, const fact_t *f, nsp_name_t *owner)
{
    nsp_msg_t *m = &d->scratch->msg;
    nsp_msg_index(m, f->o.reply->bytes, f->o.reply->size, d->scratch->arena, NSP_RR_MAX);
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type != NSP_TYPE_SOA)
            continue;
        nsp_rr_owner(m, rr, owner);
        return true;
    }
    return false;
}

static finding_t *without_soa(diag_t *d, const subject_t *s, const fact_t *f, const char *what)
{
    char text[NSP_NAME_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    nsp_name_t owner;
    if (!other_soa(d, f, &owner))
        return subject_finding(d, s, FINDING_NEGATIVE_WITHOUT_SOA, "No SOA in the answer for %s.",
                               what);
    return subject_finding(d, s, FINDING_NEGATIVE_WITHOUT_SOA,
                           "The answer for %s has the SOA of %s in the place of that of %s.", what,
                           name_label(&owner, text), name_label(&d->m->zone, zone));
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
    finding_t *f = without_soa(d, s, name_bare ? name : type,
                               name_bare && type_bare ? "a name and for a type that do not exist"
                               : name_bare            ? "a name that does not exist"
                                                      : "a type that does not exist");
    finding_add_evidence(f, name_bare ? name->x : NULL);
    finding_add_evidence(f, type_bare ? type->x : NULL);
}

/* What an address says about a name that nobody can have entered. */
typedef enum existence {
    EXISTENCE_UNKNOWN,
    EXISTENCE_NONE, /* NXDOMAIN */
    EXISTENCE_DATA  /* it has records: a wildcard, or somebody makes them up */
} existence_t;

static existence_t existence_of(const diag_t *d, const subject_t *s)
{
    const fact_t *k = subject_fact(d, s, PROBE_NXDOMAIN);
    if (s->folded || !s->serves || !s->has_serial || k == NULL || !usable(s, k))
        return EXISTENCE_UNKNOWN;
    if (k->rcode == NSP_RCODE_NXDOMAIN)
        return EXISTENCE_NONE;
    return k->rcode == NSP_RCODE_NOERROR && k->answers > 0 ? EXISTENCE_DATA : EXISTENCE_UNKNOWN;
}

/* Addresses with the serial of s that say so; *first is one of them. */
static unsigned count_existence(const diag_t *d, const subject_t *s, existence_t what,
                                const subject_t **first)
{
    unsigned n = 0;
    *first = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (o->serial != s->serial || existence_of(d, o) != what)
            continue;
        *first = *first != NULL ? *first : o;
        n++;
    }
    return n;
}

/* With one version of the zone a name exists everywhere or nowhere. Where as many say that it does
 * as that it does not, records are what is made up. */
bool rules_negative_differ(diag_t *d, const subject_t *s)
{
    char label[LABEL_MAX];
    const subject_t *none = NULL;
    const subject_t *data = NULL;
    existence_t mine = existence_of(d, s);
    unsigned without = count_existence(d, s, EXISTENCE_NONE, &none);
    unsigned with = count_existence(d, s, EXISTENCE_DATA, &data);
    const subject_t *other = mine == EXISTENCE_DATA ? none : data;
    if (none == NULL || data == NULL || mine == EXISTENCE_UNKNOWN ||
        (mine == EXISTENCE_DATA ? with > without : without >= with))
        return false;
    subject_label(d, other, label);
    char text[LABEL_MAX + 128];
    snprintf(
        text, sizeof text,
        mine == EXISTENCE_DATA
            ? "A random name is answered with records; for %s, with the same serial %u, it does "
              "not exist."
            : "A random name does not exist; %s, with the same serial %u, has records for it.",
        label, s->serial);
    finding_t *f = copy_differs(d, s, text);
    finding_add_evidence(f, subject_fact(d, s, PROBE_NXDOMAIN)->x);
    finding_add_evidence(f, subject_fact(d, other, PROBE_NXDOMAIN)->x);
    if (mine == EXISTENCE_DATA)
        finding_set_fix(f,
                        "Look for a wildcard that only the copy of %s has, or for a device before "
                        "it that makes up answers to names that do not exist.",
                        subject_label(d, s, label));
    return true;
}

/* A wildcard is a property of the zone: one remark for all addresses. */
static void wildcard_rule(diag_t *d)
{
    finding_t *f = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const fact_t *k = subject_fact(d, s, PROBE_NXDOMAIN);
        const subject_t *none = NULL;
        bool answered = !s->folded && s->serves && k != NULL && usable(s, k) &&
                        k->rcode == NSP_RCODE_NOERROR && (k->answers > 0 || k->negative_soa) &&
                        count_existence(d, s, EXISTENCE_NONE, &none) == 0;
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
