/* What copies of one version of the zone say differently about its servers: which there are, and
 * which addresses they have. A server that only one copy knows is a mistake of that copy. */
#include <stdio.h>

#include "diagnose/copies.h"

/* --- NS --- */

/* A copy of the same version with another NS set: the one of most, when that is another. */
static const subject_t *other_ns(diag_t *d, const subject_t *s)
{
    const fact_t *mine = copy_ns(d, s);
    const subject_t *ref = copy_ns_reference(d, s);
    if (mine == NULL || ref == NULL)
        return NULL;
    if (ref->serial == s->serial && copy_ns(d, ref)->data_digest != mine->data_digest)
        return ref;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        const fact_t *f = copy_usable(o) && o->serial == s->serial ? copy_ns(d, o) : NULL;
        if (f != NULL && f->data_digest != mine->data_digest)
            return o;
    }
    return NULL;
}

/* "; only here ns3.example.net" */
static size_t list_only(diag_t *d, const subject_t *here, const subject_t *there, const char *where,
                        char *buf, size_t cap)
{
    char name[NSP_NAME_TEXT_MAX];
    size_t len = 0;
    for (uint16_t i = 0; i < d->m->server_count && len < cap; i++) {
        const nsp_name_t *n = &d->m->server[i].name;
        if (copy_names(d, here, n) != COPY_YES || copy_names(d, there, n) != COPY_NO)
            continue;
        len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : where,
                                name_label(n, name));
    }
    return len < cap ? len : cap - 1;
}

static void ns_detail(diag_t *d, const subject_t *s)
{
    char text[1536] = "";
    finding_t *f = copy_told(d, s);
    const subject_t *o = f != NULL ? other_ns(d, s) : NULL;
    if (o == NULL)
        return;
    size_t len = list_only(d, s, o, " Only here is a server named ", text, sizeof text);
    list_only(d, o, s, len > 0 ? ", and only there " : " Only there is a server named ", text + len,
              sizeof text - len);
    if (text[0] == '\0')
        return;
    finding_add_text(f, text);
    finding_add_text(f, ".");
}

/* --- addresses --- */

/* The addresses that a copy gives to a host, as text; returns who was asked, or NULL. */
static const exchange_t *addr_list(diag_t *d, const subject_t *s, const model_server_t *h,
                                   uint16_t type, char *buf, size_t cap)
{
    size_t len = 0;
    const exchange_t *x = copy_asked(d, s, &h->name, type);
    snprintf(buf, cap, "no address");
    for (uint16_t i = 0; x != NULL && i < h->addr_count && len < cap; i++) {
        char addr[ADDR_TEXT_MAX];
        const addr_t *a = &h->addr[i].addr;
        if (a->family != (type == NSP_TYPE_A ? 4 : 6) ||
            copy_has_addr(d, s, &h->name, a) != COPY_YES)
            continue;
        addr_text(a, addr);
        len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : "", addr);
    }
    return x;
}

static void addr_differs(diag_t *d, const subject_t *s, const subject_t *ref,
                         const model_server_t *h, uint16_t type)
{
    char here[512];
    char there[512];
    char name[NSP_NAME_TEXT_MAX];
    char label[LABEL_MAX];
    char text[2048];
    const exchange_t *x = addr_list(d, s, h, type, here, sizeof here);
    const exchange_t *y = addr_list(d, ref, h, type, there, sizeof there);
    nsp_name_t apex;
    if (x == NULL || y == NULL || strcmp(here, there) == 0)
        return;
    if (copy_of_child(d, x, &apex) && !copy_of_child(d, y, &apex) && copy_of_child(d, x, &apex)) {
        finding_t *child = copy_child_told(d, s, ref, &apex);
        finding_add_evidence(child, x);
        finding_add_evidence(child, y);
        return;
    }
    snprintf(text, sizeof text, "%s has %s here, and %s at %s, with the same serial %u.",
             name_label(&h->name, name), here, there, subject_label(d, ref, label), s->serial);
    finding_t *f = copy_differs(d, s, text);
    finding_add_evidence(f, x);
    finding_add_evidence(f, y);
}

static void addr_rule(diag_t *d, const model_server_t *h, uint16_t type)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        if (!copy_is_first(d, &d->subject[i]))
            continue;
        const subject_t *ref = copy_addr_reference(d, &d->subject[i], h, type);
        for (size_t k = 0; ref != NULL && k < d->subject_count; k++) {
            const subject_t *s = &d->subject[k];
            if (s != ref && copy_usable(s) && s->serial == ref->serial &&
                copy_same_primary(d, s, ref))
                addr_differs(d, s, ref, h, type);
        }
    }
}

void rules_copies(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++)
        if (copy_usable(&d->subject[i]))
            ns_detail(d, &d->subject[i]);
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        if (!d->m->server[i].in_zone)
            continue;
        addr_rule(d, &d->m->server[i], NSP_TYPE_A);
        addr_rule(d, &d->m->server[i], NSP_TYPE_AAAA);
    }
}
