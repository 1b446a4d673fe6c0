/* The addresses of the zone's own name: a web site, mostly. Servers with one version of the zone
 * have them or not; which ones they give may depend on the client, on purpose. */
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/copies.h"
#include "diagnose/form_reply.h"

/* What the addresses of the zone say to one question. */
typedef struct apex {
    uint16_t type;
    form_id_t form;
    const subject_t *top; /* the newest version counts */
    unsigned with;
    unsigned without;
    const subject_t *holder; /* the first with records, */
    const subject_t *lacks;  /* and the first without any */
    struct {
        const exchange_t *x; /* NULL: nothing that counts */
        uint16_t count;
        uint64_t digest;
    } said[MODEL_ADDRESSES_MAX];
} apex_t;

static void apex_read(diag_t *d, const form_set_t *forms, apex_t *a)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        uint32_t ttl = 0;
        if (s->folded || !s->serves || !s->has_serial || s->serial != a->top->serial)
            continue;
        const exchange_t *x = form_reply(d, s, forms, a->form);
        const nsp_msg_t *m = &d->scratch->msg;
        if (x == NULL)
            continue;
        a->said[i].digest =
            rrset_digest(d->octets, m, NSP_ANSWER, &d->m->zone, a->type, &a->said[i].count, &ttl);
        if (a->said[i].count == 0 && m->found[NSP_ANSWER] > 0)
            continue; /* something else, an alias for one */
        a->said[i].x = x;
        if (a->said[i].count > 0 && a->with++ == 0)
            a->holder = s;
        if (a->said[i].count == 0 && a->without++ == 0)
            a->lacks = s;
    }
}

/* True when whoever has the record has one for any name, and others deny such names: then it is
 * made up, whatever their number. */
static bool is_invented(const diag_t *d, const apex_t *a)
{
    bool denied = false;
    for (size_t i = 0; i < d->subject_count; i++) {
        if (a->said[i].x == NULL)
            continue;
        const fact_t *f = subject_fact(d, &d->subject[i], PROBE_NXDOMAIN);
        bool any = fact_answered(f) && f->rcode == NSP_RCODE_NOERROR && f->answers > 0;
        if (a->said[i].count > 0 && !any)
            return false;
        denied =
            denied || (a->said[i].count == 0 && fact_answered(f) && f->rcode == NSP_RCODE_NXDOMAIN);
    }
    return denied;
}

/* The few are told to differ from the many; where as many have records as have none, none is what
 * is wrong. */
static void apex_missing(diag_t *d, const apex_t *a, size_t i)
{
    const subject_t *s = &d->subject[i];
    const subject_t *other = a->said[i].count > 0 ? a->lacks : a->holder;
    const size_t there = (size_t)(other - d->subject);
    char zone[NSP_NAME_TEXT_MAX];
    char label[LABEL_MAX];
    char type[16];
    char text[LABEL_MAX + NSP_NAME_TEXT_MAX + 128];
    snprintf(text, sizeof text,
             a->said[i].count == 0
                 ? "%s has no %s record here, and %u at %s, with the same serial %u."
                 : "%s has an %s record here; of such it has %u at %s, with the same serial %u.",
             name_label(&d->m->zone, zone), nsp_type_text(a->type, type), a->said[there].count,
             subject_label(d, other, label), s->serial);
    finding_t *f = copy_differs(d, s, text);
    finding_add_evidence(f, a->said[i].x);
    finding_add_evidence(f, a->said[there].x);
}

/* "203.0.113.1, 203.0.113.2" */
static void list_addresses(diag_t *d, const exchange_t *x, uint16_t type, char *buf, size_t cap)
{
    outcome_t o;
    char text[ADDR_TEXT_MAX];
    size_t len = 0;
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_of(x, &o, d->scratch);
    buf[0] = '\0';
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && len + ADDR_TEXT_MAX + 8 < cap; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        addr_t a;
        if (rr->type != type || !nsp_rr_owner_is(m, rr, &d->m->zone) ||
            rr->rdlength != (type == NSP_TYPE_A ? 4 : 16))
            continue;
        a = addr_from_octets(m->wire + rr->rdata, rr->rdlength, 0);
        addr_text(&a, text);
        len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : "", text);
    }
}

/* Records everywhere, and not the same: that may be meant. One remark for the zone. */
static finding_t *apex_others(diag_t *d, const apex_t *a, finding_t *f)
{
    char here[256];
    char there[256];
    char label[2][LABEL_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    char type[16];
    const size_t first = (size_t)(a->holder - d->subject);
    size_t i = first;
    while (i < d->subject_count && (a->said[i].x == NULL || a->said[i].count == 0 ||
                                    a->said[i].digest == a->said[first].digest))
        i++;
    if (i == d->subject_count)
        return f;
    list_addresses(d, a->said[first].x, a->type, here, sizeof here);
    list_addresses(d, a->said[i].x, a->type, there, sizeof there);
    subject_label(d, a->holder, label[0]);
    subject_label(d, &d->subject[i], label[1]);
    name_label(&d->m->zone, zone);
    char text[2 * LABEL_MAX + NSP_NAME_TEXT_MAX + 640];
    snprintf(text, sizeof text,
             "%s has the %s records %s at %s and %s at %s, with the same serial.", zone,
             nsp_type_text(a->type, type), here, label[0], there, label[1]);
    if (f == NULL) {
        f = finding_add(d->list, FINDING_ADDRESSES_DIFFER, "%s", text);
    } else {
        finding_add_text(f, " ");
        finding_add_text(f, text);
    }
    finding_add_evidence(f, a->said[first].x);
    finding_add_evidence(f, a->said[i].x);
    return f;
}

static finding_t *apex_rule(diag_t *d, const apex_t *a, finding_t *others)
{
    bool at_holders = a->with < a->without || is_invented(d, a);
    for (size_t i = 0; a->with > 0 && a->without > 0 && i < d->subject_count; i++)
        if (a->said[i].x != NULL && (a->said[i].count > 0) == at_holders)
            apex_missing(d, a, i);
    return a->holder != NULL ? apex_others(d, a, others) : others;
}

static const subject_t *newest(const diag_t *d)
{
    const subject_t *top = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (!s->folded && s->serves && s->has_serial &&
            (top == NULL || serial_newer(s->serial, top->serial)))
            top = s;
    }
    return top;
}

void rules_apex(diag_t *d)
{
    static const struct {
        uint16_t type;
        form_id_t form;
    } asked[] = {{NSP_TYPE_A, FORM_ID_A}, {NSP_TYPE_AAAA, FORM_ID_AAAA}};
    const subject_t *top = newest(d);
    if (top == NULL)
        return;
    form_set_t *forms = malloc(sizeof *forms);
    apex_t *a = malloc(sizeof *a);
    finding_t *others = NULL;
    if (forms == NULL || a == NULL) {
        d->list->out_of_memory = true;
    } else {
        form_set_init(forms, &d->m->zone);
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
            *a = (apex_t){.type = asked[i].type, .form = asked[i].form, .top = top};
            apex_read(d, forms, a);
            others = apex_rule(d, a, others);
        }
    }
    free(forms);
    free(a);
}
