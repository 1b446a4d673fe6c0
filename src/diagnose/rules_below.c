/* A name below the zone's own that begins with an underscore: whether it is answered at all, and
 * whether all servers agree that it exists, when it has names below it (RFC 8020, RFC 9156). */
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/copies.h"
#include "diagnose/form.h"

/* What one address says of the name. */
typedef struct below {
    const exchange_t *x; /* NULL: not asked, or nothing that counts */
    outcome_kind_t kind;
    uint16_t rcode;
    bool child;      /* out of a zone of its own below the one under test, */
    nsp_name_t apex; /* this one */
    bool denies; /* other names, made up, do not exist there: it does not make up names itself */
} below_t;

/* True when a name that nobody can have entered is answered as one that does not exist or that a
 * wildcard has. */
static bool names_work(const diag_t *d, const subject_t *s, bool *denies)
{
    const fact_t *f = subject_fact(d, s, PROBE_NXDOMAIN);
    *denies = fact_answered(f) && f->rcode == NSP_RCODE_NXDOMAIN;
    return fact_answered(f) && (f->rcode == NSP_RCODE_NXDOMAIN || f->rcode == NSP_RCODE_NOERROR);
}

static void read_below(diag_t *d, const form_set_t *forms, const subject_t *s, below_t *b)
{
    outcome_t o;
    *b = (below_t){.x = NULL};
    if (s->folded || !s->serves || s->edns_broken || s->edns_dropped || s->edns_silent ||
        !names_work(d, s, &b->denies))
        return;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!addr_equal(&x->server, &s->a->addr) || form_of(forms, x) != FORM_ID_UNDERSCORE)
            continue;
        outcome_of(x, &o, d->scratch);
        if (o.kind != OUTCOME_ANSWERED && (o.kind != OUTCOME_SILENT || s->flapping))
            return;
        b->x = x;
        b->kind = o.kind;
        b->child = o.kind == OUTCOME_ANSWERED && copy_of_child(d, x, &b->apex);
        b->rcode = o.kind == OUTCOME_ANSWERED ? nsp_msg_rcode(&d->scratch->msg) : 0;
        return;
    }
}

static bool is_error(const below_t *b)
{
    return b->x != NULL && (b->kind == OUTCOME_SILENT ||
                            (b->rcode != NSP_RCODE_NOERROR && b->rcode != NSP_RCODE_NXDOMAIN));
}

static bool is_denied(const below_t *b)
{
    return b->x != NULL && b->kind == OUTCOME_ANSWERED && b->rcode == NSP_RCODE_NXDOMAIN;
}

static bool is_there(const below_t *b)
{
    return b->x != NULL && b->kind == OUTCOME_ANSWERED && b->rcode == NSP_RCODE_NOERROR &&
           b->denies;
}

static void underscore_rule(diag_t *d, const subject_t *s, const below_t *b)
{
    char name[NSP_NAME_TEXT_MAX];
    char label[LABEL_MAX];
    char rcode[16];
    char what[32] = "no answer";
    if (!is_error(b))
        return;
    if (b->kind == OUTCOME_ANSWERED)
        snprintf(what, sizeof what, "%s", nsp_rcode_text(b->rcode, rcode));
    name_label(&b->x->qname, name);
    finding_t *f = subject_finding(d, s, FINDING_UNDERSCORE_BROKEN,
                                   "A question for %s gets %s; one for another name below the zone "
                                   "is answered.",
                                   name, what);
    finding_add_evidence(f, b->x);
    finding_add_evidence(f, subject_fact(d, s, PROBE_NXDOMAIN)->x);
    finding_set_fix(
        f,
        "Find out what stands before %s, or which rule of it does not let names with an "
        "underscore pass, and let them: the zone and the delegation are right.",
        subject_label(d, s, label));
}

static bool comparable(diag_t *d, const subject_t *s, const subject_t *o)
{
    return copy_usable(s) && copy_usable(o) && s->serial == o->serial && copy_same_primary(d, s, o);
}

/* The few are told to differ from the many; at a draw the one that denies. */
static void denied_rule(diag_t *d, const below_t *b, size_t i)
{
    const subject_t *s = &d->subject[i];
    const subject_t *other = NULL;
    unsigned there = 0;
    unsigned denied = 0;
    char name[NSP_NAME_TEXT_MAX];
    char label[LABEL_MAX];
    char text[2 * NSP_NAME_TEXT_MAX + LABEL_MAX + 512];
    if (!is_there(&b[i]) && !is_denied(&b[i]))
        return;
    for (size_t k = 0; k < d->subject_count; k++) {
        if (!comparable(d, s, &d->subject[k]))
            continue;
        there += is_there(&b[k]);
        denied += is_denied(&b[k]);
        if (other == NULL && (is_there(&b[i]) ? is_denied(&b[k]) : is_there(&b[k])))
            other = &d->subject[k];
    }
    if (other == NULL || (is_denied(&b[i]) ? denied > there : there >= denied))
        return;
    const below_t *theirs = &b[other - d->subject];
    name_label(&b[i].x->qname, name);
    finding_t *f = NULL;
    if (is_there(&b[i])) {
        snprintf(text, sizeof text, "%s exists here, and not at %s, with the same serial %u.", name,
                 subject_label(d, other, label), s->serial);
        f = copy_differs(d, s, text);
    } else {
        f = subject_finding(
            d, s, FINDING_EMPTY_NAME_DENIED,
            "%s does not exist here (NXDOMAIN), and does at %s, with the same serial "
            "%u.",
            name, subject_label(d, other, label), s->serial);
        finding_set_fix(f,
                        "Ask %s for a record below %s. Where it has it, update its software: the "
                        "name exists, and is to be answered NOERROR without records. Where it does "
                        "not, have it transfer the zone again, whole.",
                        subject_label(d, s, label), name);
    }
    finding_add_evidence(f, b[i].x);
    finding_add_evidence(f, theirs->x);
}

/* A zone below that only some servers hold hides what the others have there. (A referral, too, is
 * of a zone below; but all copies have that.) */
static bool child_rule(diag_t *d, const below_t *b, size_t i)
{
    const subject_t *s = &d->subject[i];
    for (size_t k = 0; b[i].x != NULL && b[i].child && k < d->subject_count; k++) {
        const subject_t *o = &d->subject[k];
        if (!comparable(d, s, o) || b[k].x == NULL || b[k].child || is_error(&b[k]))
            continue;
        finding_t *f = copy_child_told(d, s, o, &b[i].apex);
        finding_add_evidence(f, b[i].x);
        finding_add_evidence(f, b[k].x);
        return true;
    }
    return false;
}

void rules_below(diag_t *d)
{
    form_set_t *forms = malloc(sizeof *forms);
    below_t *b = malloc(sizeof *b * (d->subject_count + 1));
    if (forms == NULL || b == NULL) {
        d->list->out_of_memory = true;
    } else {
        form_set_init(forms, &d->m->zone);
        for (size_t i = 0; i < d->subject_count; i++)
            read_below(d, forms, &d->subject[i], &b[i]);
        for (size_t i = 0; i < d->subject_count; i++) {
            underscore_rule(d, &d->subject[i], &b[i]);
            if (!child_rule(d, b, i))
                denied_rule(d, b, i);
        }
    }
    free(forms);
    free(b);
}
