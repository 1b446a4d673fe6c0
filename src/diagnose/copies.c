#include "diagnose/copies.h"

#include <stdio.h>

#include "diagnose/host.h"

bool copy_usable(const subject_t *s)
{
    return s->serves && !s->folded && s->has_serial;
}

const nsp_name_t *copy_primary(diag_t *d, const subject_t *s)
{
    subject_t *mine = &d->subject[s - d->subject];
    if (mine->primary.len > 0)
        return &mine->primary;
    nsp_name_root(&mine->primary);
    const fact_t *f = subject_soa(d, s);
    if (f == NULL)
        return &mine->primary;
    const nsp_msg_t *m = fact_message(d, f);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != NSP_TYPE_SOA || !nsp_rr_owner_is(m, rr, &d->m->zone))
            continue;
        if (!nsp_rdata_name(m, rr, 0, &mine->primary))
            nsp_name_root(&mine->primary);
        break;
    }
    return &mine->primary;
}

bool copy_same_primary(diag_t *d, const subject_t *a, const subject_t *b)
{
    return nsp_name_equal(copy_primary(d, a), copy_primary(d, b));
}

const subject_t *copy_newest(diag_t *d, const subject_t *s)
{
    const subject_t *best = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (copy_usable(o) && copy_same_primary(d, s, o) &&
            (best == NULL || serial_newer(o->serial, best->serial)))
            best = o;
    }
    return best;
}

bool copy_is_first(diag_t *d, const subject_t *s)
{
    if (!copy_usable(s))
        return false;
    for (const subject_t *o = d->subject; o < s; o++)
        if (copy_usable(o) && copy_same_primary(d, o, s))
            return false;
    return true;
}

/* True for a copy of the primary of s with the newest serial. */
static bool is_current(diag_t *d, const subject_t *o, const subject_t *newest)
{
    return newest != NULL && copy_usable(o) && o->serial == newest->serial &&
           copy_same_primary(d, o, newest);
}

/* --- NS --- */

const fact_t *copy_ns(const diag_t *d, const subject_t *s)
{
    static const probe_kind_t kinds[] = {PROBE_NS, PROBE_NS_TCP};
    for (size_t k = 0; k < 2; k++) {
        const fact_t *f = subject_fact(d, s, kinds[k]);
        if (fact_answered(f) && f->cls == CLASS_GOOD && (f->flags & NSP_FLAG_TC) == 0)
            return f;
    }
    return NULL;
}

copy_word_t copy_names(diag_t *d, const subject_t *s, const nsp_name_t *server)
{
    const fact_t *f = copy_ns(d, s);
    if (f == NULL)
        return COPY_SILENT;
    return has_ns(fact_message(d, f), NSP_ANSWER, &d->m->zone, server) ? COPY_YES : COPY_NO;
}

static bool is_delegation(diag_t *d, const fact_t *f)
{
    unsigned parent = 0;
    const nsp_msg_t *m = fact_message(d, f);
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        if (!d->m->server[i].in_parent)
            continue;
        parent++;
        if (!has_ns(m, NSP_ANSWER, &d->m->zone, &d->m->server[i].name))
            return false;
    }
    return parent == f->data_count;
}

const subject_t *copy_ns_reference(diag_t *d, const subject_t *source)
{
    const subject_t *newest = copy_newest(d, source);
    const subject_t *best = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < d->subject_count; i++) {
        const fact_t *f = is_current(d, &d->subject[i], newest) ? copy_ns(d, &d->subject[i]) : NULL;
        unsigned votes = 0;
        if (f == NULL)
            continue;
        for (size_t k = 0; k < d->subject_count; k++) {
            const fact_t *g =
                is_current(d, &d->subject[k], newest) ? copy_ns(d, &d->subject[k]) : NULL;
            votes += g != NULL && g->data_digest == f->data_digest ? 2 : 0;
        }
        votes += is_delegation(d, f);
        if (votes > most) {
            most = votes;
            best = &d->subject[i];
        }
    }
    return best;
}

bool copies_name(diag_t *d, const nsp_name_t *server)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const subject_t *ref = copy_is_first(d, s) ? copy_ns_reference(d, s) : NULL;
        if (ref != NULL && copy_names(d, ref, server) == COPY_YES)
            return true;
    }
    return false;
}

/* --- addresses --- */

const exchange_t *copy_asked(diag_t *d, const subject_t *s, const nsp_name_t *name, uint16_t type)
{
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_t o;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (x->qtype != type || !addr_equal(&x->server, &s->a->addr) ||
            !nsp_name_equal(&x->qname, name))
            continue;
        outcome_of(x, &o, d->scratch);
        uint16_t rcode = o.kind == OUTCOME_ANSWERED ? nsp_msg_rcode(m) : NSP_RCODE_SERVFAIL;
        if (nsp_msg_has(m, NSP_FLAG_AA) && !nsp_msg_has(m, NSP_FLAG_TC) &&
            (rcode == NSP_RCODE_NOERROR || rcode == NSP_RCODE_NXDOMAIN))
            return x;
    }
    return NULL;
}

copy_word_t copy_has_addr(diag_t *d, const subject_t *s, const nsp_name_t *name, const addr_t *a)
{
    const nsp_msg_t *m = &d->scratch->msg;
    if (copy_asked(d, s, name, a->family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA) == NULL)
        return COPY_SILENT;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (host_rr_is_addr(m, rr, a) && nsp_rr_owner_is(m, rr, name))
            return COPY_YES;
    }
    return COPY_NO;
}

/* The addresses that a copy gives to a name, as a number to compare; false when it was not asked.
 */
static bool addr_digest(diag_t *d, const subject_t *s, const nsp_name_t *name, uint16_t type,
                        uint64_t *out)
{
    uint16_t count = 0;
    uint32_t ttl = 0;
    if (copy_asked(d, s, name, type) == NULL)
        return false;
    *out = rrset_digest(d->octets, &d->scratch->msg, NSP_ANSWER, name, type, &count, &ttl) + count;
    return true;
}

/* True when the copy gives a host exactly the addresses of a family that the parent gives. */
static bool is_glue(diag_t *d, const subject_t *s, const model_server_t *h, uint16_t type)
{
    for (uint16_t i = 0; i < h->addr_count; i++) {
        const model_addr_t *a = &h->addr[i];
        bool glue = (a->from & FROM_GLUE) != 0;
        if (a->addr.family == (type == NSP_TYPE_A ? 4 : 6) &&
            (copy_has_addr(d, s, &h->name, &a->addr) == COPY_YES) != glue)
            return false;
    }
    return true;
}

const subject_t *copy_addr_reference(diag_t *d, const subject_t *source, const model_server_t *h,
                                     uint16_t type)
{
    const subject_t *newest = copy_newest(d, source);
    const subject_t *best = NULL;
    uint64_t digest[MODEL_ADDRESSES_MAX];
    bool known[MODEL_ADDRESSES_MAX];
    unsigned most = 0;
    for (size_t i = 0; i < d->subject_count; i++)
        known[i] = is_current(d, &d->subject[i], newest) &&
                   addr_digest(d, &d->subject[i], &h->name, type, &digest[i]);
    for (size_t i = 0; i < d->subject_count; i++) {
        unsigned votes = 0;
        for (size_t k = 0; known[i] && k < d->subject_count; k++)
            votes += known[k] && digest[k] == digest[i] ? 2 : 0;
        votes += known[i] && is_glue(d, &d->subject[i], h, type);
        if (votes > most && known[i]) {
            most = votes;
            best = &d->subject[i];
        }
    }
    return best;
}

bool copies_have_addr(diag_t *d, const model_server_t *h, const model_addr_t *a)
{
    uint16_t type = a->addr.family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA;
    bool asked = false;
    if ((a->from & FROM_ELSEWHERE) != 0 || (a->from & FROM_ZONE) == 0)
        return (a->from & FROM_ELSEWHERE) != 0;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const subject_t *ref = copy_is_first(d, s) ? copy_addr_reference(d, s, h, type) : NULL;
        if (ref != NULL && copy_has_addr(d, ref, &h->name, &a->addr) == COPY_YES)
            return true;
        asked = asked || ref != NULL;
    }
    return !asked;
}

/* --- what only some copies know --- */

bool copies_leave_server_out(diag_t *d, const model_server_t *h, const subject_t *s)
{
    if (h->in_parent || !h->in_child || copies_name(d, &h->name))
        return false;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (copy_usable(o) && o->serial == s->serial && copy_names(d, o, &h->name) == COPY_YES)
            return true;
    }
    return false;
}

bool copies_leave_addr_out(diag_t *d, const model_server_t *h, const addr_t *a, const subject_t *s)
{
    for (uint16_t i = 0; i < h->addr_count; i++)
        if (addr_equal(&h->addr[i].addr, a))
            return (h->addr[i].from & FROM_GLUE) == 0 && !copies_have_addr(d, h, &h->addr[i]) &&
                   copy_has_addr(d, s, &h->name, a) == COPY_YES;
    return false;
}

bool copies_split(diag_t *d)
{
    const fact_t *first = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const subject_t *ref = copy_is_first(d, s) ? copy_ns_reference(d, s) : NULL;
        if (ref == NULL)
            continue;
        const fact_t *f = copy_ns(d, ref);
        if (first != NULL && f->data_digest != first->data_digest)
            return true;
        first = f;
    }
    return false;
}

finding_t *copy_told(diag_t *d, const subject_t *s)
{
    for (size_t i = d->first; i < d->list->count; i++) {
        finding_t *f = &d->list->item[i];
        if (f->id == FINDING_ANSWERS_DIFFER && f->has_addr && addr_equal(&f->addr, &s->a->addr))
            return f;
    }
    return NULL;
}

finding_t *copy_differs(diag_t *d, const subject_t *s, const char *sentence)
{
    finding_t *f = copy_told(d, s);
    if (f == NULL)
        return subject_finding(d, s, FINDING_ANSWERS_DIFFER, "%s", sentence);
    finding_add_text(f, " ");
    finding_add_text(f, sentence);
    return f;
}

bool copy_of_child(diag_t *d, const exchange_t *x, nsp_name_t *apex)
{
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_t o;
    outcome_of(x, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED || !nsp_msg_has(m, NSP_FLAG_AA))
        return false;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type != NSP_TYPE_SOA && rr->type != NSP_TYPE_NS)
            continue;
        nsp_rr_owner(m, rr, apex);
        if (apex->len > d->m->zone.len && nsp_name_is_subdomain(apex, &d->m->zone) &&
            nsp_name_is_subdomain(&x->qname, apex))
            return true;
    }
    return false;
}

finding_t *copy_child_told(diag_t *d, const subject_t *s, const subject_t *o,
                           const nsp_name_t *apex)
{
    char name[NSP_NAME_TEXT_MAX];
    char label[LABEL_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    char text[2 * NSP_NAME_TEXT_MAX + LABEL_MAX + 200];
    name_label(apex, name);
    snprintf(
        text, sizeof text,
        "This server holds a zone %s of its own, and %s, with the same serial %u, does not: what "
        "%s has at and below that name is hidden here.",
        name, subject_label(d, o, label), s->serial, name_label(&d->m->zone, zone));
    finding_t *f = copy_differs(d, s, text);
    finding_add_likely(f, "A zone of that name was set up at this server, and is not delegated.",
                       "Its answer about the name is out of that zone.");
    finding_set_fix(
        f,
        "Remove the zone %s from the configuration of %s, unless it is to be a zone of its "
        "own: then delegate it in %s, and have it at the servers that are named there.",
        name, subject_label(d, s, label), zone);
    return f;
}
