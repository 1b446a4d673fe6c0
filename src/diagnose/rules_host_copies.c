/* The addresses of a server whose name lies in another zone: whether the servers of that zone agree
 * about them. (Where the zone under test holds the name itself: rules_copies.c.) */
#include <stdio.h>

#include "diagnose/host.h"

/* What one server of the host's zone says about one type. */
typedef struct word {
    const exchange_t *x;
    uint64_t digest;
} word_t;

typedef struct words {
    uint16_t type;
    size_t count;
    word_t item[MODEL_ADDRESSES_MAX];
} words_t;

static bool heard(const words_t *w, const addr_t *server)
{
    for (size_t i = 0; i < w->count; i++)
        if (addr_equal(&w->item[i].x->server, server))
            return true;
    return false;
}

/* Each address that answered with authority, once. */
static void hear(diag_t *d, const nsp_name_t *name, words_t *w)
{
    w->count = 0;
    for (uint32_t i = 0; i < d->set->count && w->count < MODEL_ADDRESSES_MAX; i++) {
        const exchange_t *x = d->set->item[i];
        uint16_t count = 0;
        uint32_t ttl = 0;
        if (x->qtype != w->type || !nsp_name_equal(&x->qname, name) || heard(w, &x->server) ||
            !host_vouched(d, x))
            continue;
        uint64_t digest =
            rrset_digest(d->octets, &d->scratch->msg, NSP_ANSWER, name, w->type, &count, &ttl);
        if (count == 0 && d->scratch->msg.found[NSP_ANSWER] > 0)
            continue; /* an alias */
        w->item[w->count++] = (word_t){x, digest + count};
    }
}

static unsigned votes(const words_t *w, size_t i)
{
    unsigned n = 0;
    for (size_t k = 0; k < w->count; k++)
        n += w->item[k].digest == w->item[i].digest;
    return n;
}

/* True when every address of the answer in the scratch serves the zone under test. */
static bool all_serve(const diag_t *d, const nsp_name_t *name)
{
    const nsp_msg_t *m = &d->scratch->msg;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        bool served = false;
        for (size_t k = 0; k < d->subject_count; k++)
            served =
                served || (d->subject[k].serves && host_rr_is_addr(m, rr, &d->subject[k].a->addr));
        if ((rr->type == NSP_TYPE_A || rr->type == NSP_TYPE_AAAA) && !served &&
            nsp_rr_owner_is(m, rr, name))
            return false;
    }
    return m->found[NSP_ANSWER] > 0;
}

/* The word that most agree with; at a draw one whose addresses all serve the zone. */
static size_t reference(diag_t *d, const nsp_name_t *name, const words_t *w)
{
    size_t best = 0;
    unsigned most = 0;
    for (size_t i = 0; i < w->count; i++) {
        host_vouched(d, w->item[i].x);
        unsigned n = 2 * votes(w, i) + all_serve(d, name);
        if (n > most) {
            most = n;
            best = i;
        }
    }
    return best;
}

/* "192.0.2.1, 192.0.2.2", of the answer of one word. */
static void list_addresses(diag_t *d, const nsp_name_t *name, const word_t *w, char *buf,
                           size_t cap)
{
    const nsp_msg_t *m = &d->scratch->msg;
    char text[ADDR_TEXT_MAX];
    size_t len = 0;
    host_vouched(d, w->x);
    snprintf(buf, cap, "no %s record", w->x->qtype == NSP_TYPE_A ? "A" : "AAAA");
    if (nsp_msg_rcode(m) == NSP_RCODE_NXDOMAIN)
        snprintf(buf, cap, "nothing at all (NXDOMAIN)");
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && len + ADDR_TEXT_MAX + 2 < cap; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != w->x->qtype || !nsp_rr_owner_is(m, rr, name) ||
            rr->rdlength != (rr->type == NSP_TYPE_A ? 4 : 16))
            continue;
        addr_t a = addr_from_octets(m->wire + rr->rdata, rr->rdlength, 0);
        len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : "",
                                addr_text(&a, text));
    }
}

static void tell(diag_t *d, const model_server_t *h, const words_t *w, size_t ref, size_t other)
{
    char here[400];
    char there[400];
    char name[NSP_NAME_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX] = "its zone";
    char one[ADDR_TEXT_MAX];
    char two[ADDR_TEXT_MAX];
    nsp_name_t cut;
    list_addresses(d, &h->name, &w->item[ref], there, sizeof there);
    list_addresses(d, &h->name, &w->item[other], here, sizeof here);
    bool meant = all_serve(d, &h->name);
    if (host_zone(d, &h->name, &cut))
        name_label(&cut, zone);
    addr_port_text(&w->item[other].x->server, one);
    addr_port_text(&w->item[ref].x->server, two);
    finding_t *f = finding_add(d->list, FINDING_NS_ADDRESS_DIFFERS,
                               "%s has %s at %s, and %s at %s, both servers of %s.",
                               name_label(&h->name, name), here, one, there, two, zone);
    finding_set_server(f, &h->name);
    finding_add_evidence(f, w->item[other].x);
    finding_add_evidence(f, w->item[ref].x);
    if (f != NULL && meant)
        f->severity = SEVERITY_NOTICE;
    finding_set_fix(f,
                    "Compare the copies of %s at %s and at %s, and have the one that is wrong "
                    "transfer the zone again.",
                    zone, one, two);
}

static void differ_rule(diag_t *d, const model_server_t *h, uint16_t type)
{
    words_t w = {.type = type};
    hear(d, &h->name, &w);
    size_t ref = reference(d, &h->name, &w);
    for (size_t i = 0; i < w.count; i++)
        if (w.item[i].digest != w.item[ref].digest) {
            tell(d, h, &w, ref, i);
            return;
        }
}

void rules_host_copies(diag_t *d)
{
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        if (d->m->server[i].in_zone || d->m->server[i].name.len <= 1)
            continue;
        differ_rule(d, &d->m->server[i], NSP_TYPE_A);
        differ_rule(d, &d->m->server[i], NSP_TYPE_AAAA);
    }
}
