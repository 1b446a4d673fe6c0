/* How many servers there are, where they stand, which families they have; and whether the zone as
 * a whole is there. */
#include <stdio.h>

#include "diagnose/host.h"

static void zone_down(diag_t *d)
{
    char zone[NSP_NAME_TEXT_MAX];
    unsigned tested = 0;
    finding_t *f;
    name_label(&d->m->zone, zone);
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        /* replies that must be dropped still show a server; what is wrong there is told already */
        if (s->serves || s->pending)
            return;
        tested += s->udp > REACH_NOT_SENT || s->tcp > REACH_NOT_SENT;
    }
    if (!d->m->finished)
        return;
    if (d->subject_count == 0)
        f = finding_add(d->list, FINDING_ZONE_DOWN, "No address of a server of %s is known.", zone);
    else if (tested > 0)
        f = finding_add(d->list, FINDING_ZONE_DOWN,
                        "None of the %u addresses tested answers for %s.", tested, zone);
    else
        return;
    for (size_t i = 0; i < d->subject_count; i++) {
        const fact_t *k = subject_fact(d, &d->subject[i], PROBE_SOA);
        finding_add_evidence(f, k != NULL ? k->x : NULL);
    }
}

/* True when each own address of a is one of b. */
static bool leads_to(const model_server_t *a, const model_server_t *b)
{
    bool any = false;
    for (uint16_t i = 0; i < a->addr_count; i++) {
        const addr_t *addr = &a->addr[i].addr;
        if (host_has_addr(a, addr) && !host_has_addr(b, addr))
            return false;
        any = any || host_has_addr(a, addr);
    }
    return any;
}

static bool same_addresses(const model_server_t *a, const model_server_t *b)
{
    return leads_to(a, b) && leads_to(b, a);
}

static bool single_server(diag_t *d)
{
    char name[NSP_NAME_TEXT_MAX];
    const model_t *m = d->m;
    const model_server_t *first = &m->server[m->server_count > 1 && m->server[0].name.len == 1];
    if (m->server_count == 0)
        return false;
    for (uint16_t i = 1; i < m->server_count; i++)
        if (!same_addresses(&m->server[0], &m->server[i]))
            return false;
    name_label(&first->name, name);
    finding_t *f;
    if (m->server_count == 1)
        f = finding_add(d->list, FINDING_SINGLE_SERVER, "%s is the only server.", name);
    else
        f = finding_add(d->list, FINDING_SINGLE_SERVER,
                        "The %u names lead to the same addresses, those of %s.", m->server_count,
                        name);
    finding_set_server(f, &first->name);
    return true;
}

/* The first address of a family when all n > 1 of them share a prefix, else NULL. */
static const addr_t *shared_prefix(const model_t *m, unsigned family, unsigned bits)
{
    const addr_t *first = NULL;
    unsigned n = 0;
    for (uint16_t i = 0; i < m->address_count; i++) {
        const addr_t *a = &m->address[i].addr;
        if (a->family != family)
            continue;
        if (first != NULL && !addr_same_prefix(first, a, bits))
            return NULL;
        first = first != NULL ? first : a;
        n++;
    }
    return n > 1 ? first : NULL;
}

static void same_subnet(diag_t *d)
{
    char four[ADDR_TEXT_MAX];
    char six[ADDR_TEXT_MAX];
    const addr_t *v4 = shared_prefix(d->m, 4, 24);
    const addr_t *v6 = shared_prefix(d->m, 6, 64);
    if (v4 != NULL)
        addr_text(v4, four);
    if (v6 != NULL)
        addr_text(v6, six);
    if (v4 != NULL && v6 != NULL)
        finding_add(d->list, FINDING_SAME_SUBNET,
                    "All IPv4 addresses are in the /24 of %s, all IPv6 addresses in the /64 of %s.",
                    four, six);
    else if (v4 != NULL)
        finding_add(d->list, FINDING_SAME_SUBNET, "All IPv4 addresses are in the /24 of %s.", four);
    else if (v6 != NULL)
        finding_add(d->list, FINDING_SAME_SUBNET, "All IPv6 addresses are in the /64 of %s.", six);
}

/* True when a family's records were asked for at the name of some server, and none came: without
 * that, a missing family may only be unknown. */
static bool family_absent(diag_t *d, unsigned family)
{
    bool asked = false;
    for (uint16_t i = 0; i < d->m->address_count; i++)
        if (d->m->address[i].addr.family == family)
            return false;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        outcome_t o;
        if (x->qtype != (family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA))
            continue;
        for (uint16_t k = 0; k < d->m->server_count; k++) {
            if (!nsp_name_equal(&x->qname, &d->m->server[k].name))
                continue;
            outcome_of(x, &o, d->scratch);
            const nsp_msg_t *m = &d->scratch->msg;
            if (o.kind != OUTCOME_ANSWERED || nsp_msg_rcode(m) != NSP_RCODE_NOERROR)
                continue;
            for (uint16_t n = 0; n < m->found[NSP_ANSWER]; n++)
                if (nsp_msg_rr(m, NSP_ANSWER, n)->type == x->qtype)
                    return false;
            asked = asked || nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_RA);
        }
    }
    return asked;
}

static void families(diag_t *d)
{
    if (d->m->address_count == 0)
        return;
    if (family_absent(d, 6))
        finding_add(d->list, FINDING_IPV4_ONLY, "None of the servers has an IPv6 address.");
    if (family_absent(d, 4))
        finding_add(d->list, FINDING_IPV6_ONLY, "None of the servers has an IPv4 address.");
}

void rules_layout(diag_t *d)
{
    zone_down(d);
    if (!single_server(d))
        same_subnet(d);
    families(d);
}
