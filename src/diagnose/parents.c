#include "diagnose/parents.h"

#include <stdio.h>

#include "diagnose/copies.h"
#include "diagnose/host.h"

/* --- the copies of the parent zone --- */

bool parents_serial(diag_t *d, const model_parent_t *p, uint32_t *serial)
{
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_t o;
    if (p->soa == NULL)
        return false;
    outcome_of(p->soa, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED || !nsp_msg_has(m, NSP_FLAG_AA))
        return false;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        uint64_t number = 0;
        if (rr->type != NSP_TYPE_SOA || !nsp_rr_owner_is(m, rr, &d->m->parent) ||
            !nsp_rdata_number(m, rr, 2, &number))
            continue;
        *serial = (uint32_t)number;
        return true;
    }
    return false;
}

bool parents_older(diag_t *d, const model_parent_t *p, const model_parent_t *q)
{
    uint32_t one = 0;
    uint32_t two = 0;
    return parents_serial(d, p, &one) && parents_serial(d, q, &two) && serial_newer(two, one);
}

const model_parent_t *parents_at(const diag_t *d, const addr_t *a)
{
    for (uint16_t i = 0; i < d->m->parent_count; i++)
        if (addr_equal(&d->m->parent_addr[i].addr, a))
            return &d->m->parent_addr[i];
    return NULL;
}

const char *parents_age_text(diag_t *d, const model_parent_t *p, const model_parent_t *ref,
                             char buf[PARENTS_AGE_MAX])
{
    char parent[NSP_NAME_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    uint32_t one = 0;
    uint32_t two = 0;
    buf[0] = '\0';
    if (ref == NULL || !parents_older(d, p, ref))
        return buf;
    parents_serial(d, p, &one);
    parents_serial(d, ref, &two);
    snprintf(buf, PARENTS_AGE_MAX, " Its copy of %s is older: serial %u, against %u at %s.",
             name_label(&d->m->parent, parent), one, two, addr_port_text(&ref->addr, addr));
    return buf;
}

void parents_fix(diag_t *d, finding_t *f, const model_parent_t *p, const model_parent_t *ref,
                 bool better)
{
    char parent[NSP_NAME_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    name_label(&d->m->parent, parent);
    addr_port_text(&p->addr, addr);
    addr_port_text(&ref->addr, other);
    if (better && parents_older(d, p, ref)) {
        finding_add_likely(f,
                           "A change of the delegation that is wrong, and has not reached that "
                           "server of the parent.",
                           "Its copy of the parent zone is older, and fits the zone better than "
                           "the newest one.");
        finding_set_fix(f,
                        "At the registrar, put right what %s has, before it reaches %s: what that "
                        "old copy says is what still fits the zone.",
                        other, addr);
        return;
    }
    if (parents_older(d, p, ref)) {
        finding_add_likely(f, "That server of the parent has an old copy of the parent zone.",
                           "Its SOA has a lower serial than that of another server of the parent.");
        finding_set_fix(f,
                        "Nothing in the zone itself: if it does not pass within an hour, tell the "
                        "operator of %s that its server %s has an old copy, and does not take over "
                        "the one that %s has.",
                        parent, addr, other);
        return;
    }
    finding_set_fix(
        f,
        "Wait an hour for the parent's next publication. If it stays, tell the operator "
        "of %s that its servers %s and %s say different things about the zone.",
        parent, addr, other);
}

/* --- their referrals --- */

static const nsp_msg_t *referral_of(diag_t *d, const model_parent_t *p)
{
    outcome_t o;
    if (p->asked == NULL || !p->referral)
        return NULL;
    outcome_of(p->asked, &o, d->scratch);
    return o.kind == OUTCOME_ANSWERED ? &d->scratch->msg : NULL;
}

static uint64_t ns_digest(diag_t *d, const model_parent_t *p)
{
    uint16_t count = 0;
    uint32_t ttl = 0;
    const nsp_msg_t *m = referral_of(d, p);
    if (m == NULL)
        return 0;
    return rrset_digest(d->octets, m, NSP_AUTHORITY, &d->m->zone, NSP_TYPE_NS, &count, &ttl);
}

/* The glue of one family of a server. */
typedef struct glue {
    size_t count;
    addr_t addr[MODEL_ADDRS_MAX];
} glue_t;

static bool glue_has(const glue_t *g, const addr_t *a)
{
    for (size_t i = 0; i < g->count; i++)
        if (addr_same_host(&g->addr[i], a))
            return true;
    return false;
}

static void read_glue(diag_t *d, const model_parent_t *p, const nsp_name_t *server, unsigned family,
                      glue_t *g)
{
    const nsp_msg_t *m = referral_of(d, p);
    g->count = 0;
    if (!nsp_name_is_subdomain(server, &d->m->parent))
        return;
    for (uint16_t i = 0; m != NULL && i < m->found[NSP_ADDITIONAL]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ADDITIONAL, i);
        if (rr->type != (family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA) ||
            rr->rdlength != (family == 4 ? 4 : 16) || !nsp_rr_owner_is(m, rr, server) ||
            g->count == MODEL_ADDRS_MAX)
            continue;
        g->addr[g->count++] = addr_from_octets(m->wire + rr->rdata, rr->rdlength, 53);
    }
}

bool parents_glue_differs(diag_t *d, const model_parent_t *p, const model_parent_t *ref,
                          const nsp_name_t *server, char one[ADDR_TEXT_MAX],
                          char two[ADDR_TEXT_MAX])
{
    glue_t mine;
    glue_t theirs;
    for (unsigned family = 4; family <= 6; family += 2) {
        read_glue(d, p, server, family, &mine);
        read_glue(d, ref, server, family, &theirs);
        for (size_t i = 0; theirs.count > 0 && i < mine.count; i++) {
            if (glue_has(&theirs, &mine.addr[i]))
                continue;
            if (one != NULL)
                addr_text(&mine.addr[i], one);
            if (two != NULL)
                addr_text(&theirs.addr[0], two);
            return true;
        }
    }
    return false;
}

bool parents_glue_only_at(diag_t *d, const model_parent_t *p, const model_parent_t *ref,
                          const nsp_name_t *server, const addr_t *a)
{
    glue_t mine;
    glue_t theirs;
    for (unsigned family = 4; family <= 6; family += 2) {
        read_glue(d, p, server, family, &mine);
        read_glue(d, ref, server, family, &theirs);
        for (size_t i = 0; i < mine.count; i++)
            if (!glue_has(&theirs, &mine.addr[i]) &&
                (a == NULL || addr_same_host(&mine.addr[i], a)))
                return true;
    }
    return false;
}

static bool agree(diag_t *d, const model_parent_t *p, const model_parent_t *q)
{
    if (ns_digest(d, p) != ns_digest(d, q))
        return false;
    for (uint16_t i = 0; i < d->m->server_count; i++)
        if (parents_glue_differs(d, p, q, &d->m->server[i].name, NULL, NULL) ||
            parents_glue_differs(d, q, p, &d->m->server[i].name, NULL, NULL))
            return false;
    return true;
}

/* How much of a referral the zone itself contradicts: names that it does not have, and addresses
 * that their own zone does not have. */
static unsigned contradictions(diag_t *d, const model_parent_t *p)
{
    unsigned n = 0;
    glue_t glue;
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        const model_server_t *s = &d->m->server[i];
        const nsp_msg_t *m = referral_of(d, p);
        bool named = m != NULL && has_ns(m, NSP_AUTHORITY, &d->m->zone, &s->name);
        n += named != copies_name(d, &s->name);
        for (unsigned family = 4; named && family <= 6; family += 2) {
            read_glue(d, p, &s->name, family, &glue);
            for (uint16_t k = 0; k < s->addr_count; k++)
                n += glue_has(&glue, &s->addr[k].addr) && !copies_have_addr(d, s, &s->addr[k]);
        }
    }
    return n;
}

bool parents_fits_better(diag_t *d, const model_parent_t *p, const model_parent_t *ref)
{
    return contradictions(d, p) < contradictions(d, ref);
}

bool parents_fits_zone(diag_t *d)
{
    const model_parent_t *ref = parents_reference(d);
    for (uint16_t i = 0; ref != NULL && i < d->m->server_count; i++) {
        const nsp_msg_t *m = referral_of(d, ref);
        const nsp_name_t *name = &d->m->server[i].name;
        if (m == NULL || has_ns(m, NSP_AUTHORITY, &d->m->zone, name) != copies_name(d, name))
            return false;
    }
    return ref != NULL;
}

/* True when the word of p counts for more than that of q. */
static bool weighs_more(diag_t *d, const model_parent_t *p, const model_parent_t *q)
{
    unsigned mine = 0;
    unsigned theirs = 0;
    if (agree(d, p, q))
        return false;
    if (parents_older(d, q, p) || parents_older(d, p, q))
        return parents_older(d, q, p);
    for (uint16_t i = 0; i < d->m->parent_count; i++) {
        const model_parent_t *o = &d->m->parent_addr[i];
        mine += o->referral && agree(d, o, p);
        theirs += o->referral && agree(d, o, q);
    }
    if (mine != theirs)
        return mine > theirs;
    return contradictions(d, p) < contradictions(d, q);
}

const model_parent_t *parents_reference(diag_t *d)
{
    const model_parent_t *best = NULL;
    for (uint16_t i = 0; i < d->m->parent_count; i++) {
        const model_parent_t *p = &d->m->parent_addr[i];
        if (referral_of(d, p) != NULL && (best == NULL || weighs_more(d, p, best)))
            best = p;
    }
    return best;
}
