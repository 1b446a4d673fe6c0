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
        f = tested == 1
                ? finding_add(d->list, FINDING_ZONE_DOWN,
                              "The only address tested does not answer for %s.", zone)
                : finding_add(d->list, FINDING_ZONE_DOWN,
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

/* What is known about the records of one family at a server's name. */
typedef enum family_word {
    FAMILY_UNKNOWN, /* nobody was asked, or nobody answered */
    FAMILY_NONE,
    FAMILY_SOME
} family_word_t;

static family_word_t family_word(diag_t *d, const model_server_t *s, unsigned family)
{
    family_word_t word = FAMILY_UNKNOWN;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        outcome_t o;
        if (x->qtype != (family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA) ||
            !nsp_name_equal(&x->qname, &s->name))
            continue;
        outcome_of(x, &o, d->scratch);
        const nsp_msg_t *m = &d->scratch->msg;
        if (o.kind != OUTCOME_ANSWERED || nsp_msg_rcode(m) != NSP_RCODE_NOERROR)
            continue;
        for (uint16_t n = 0; n < m->found[NSP_ANSWER]; n++)
            if (nsp_msg_rr(m, NSP_ANSWER, n)->type == x->qtype)
                return FAMILY_SOME;
        if (nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_RA))
            word = FAMILY_NONE;
    }
    return word;
}

/* True when a family's records were asked for at the name of some server, and none came: without
 * that, a missing family may only be unknown. */
static bool family_absent(diag_t *d, unsigned family)
{
    bool none = false;
    for (uint16_t i = 0; i < d->m->address_count; i++)
        if (d->m->address[i].addr.family == family)
            return false;
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        family_word_t word = family_word(d, &d->m->server[i], family);
        if (word == FAMILY_SOME)
            return false;
        none = none || word == FAMILY_NONE;
    }
    return none;
}

static bool has_family(const model_server_t *s, unsigned family)
{
    for (uint16_t i = 0; i < s->addr_count; i++)
        if (s->addr[i].addr.family == family)
            return true;
    return false;
}

/* The one server of several that has addresses of a family, or NULL. That the others have none must
 * have been said; those without any address are told elsewhere. */
static const model_server_t *family_alone(diag_t *d, unsigned family)
{
    const model_server_t *alone = NULL;
    unsigned others = 0;
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        const model_server_t *s = &d->m->server[i];
        if (s->addr_count == 0)
            continue;
        if (has_family(s, family)) {
            if (alone != NULL && !same_addresses(alone, s))
                return NULL;
            alone = alone != NULL ? alone : s;
            continue;
        }
        if (family_word(d, s, family) != FAMILY_NONE)
            return NULL;
        others++;
    }
    return others > 0 ? alone : NULL;
}

static void one_with_family(diag_t *d, unsigned family, finding_id_t id)
{
    char name[NSP_NAME_TEXT_MAX];
    const model_server_t *s = family_alone(d, family);
    if (s != NULL)
        finding_set_server(finding_add(d->list, id, "%s alone has an IPv%u address.",
                                       name_label(&s->name, name), family),
                           &s->name);
}

static void families(diag_t *d, bool single)
{
    if (d->m->address_count == 0)
        return;
    if (family_absent(d, 6))
        finding_add(d->list, FINDING_IPV4_ONLY, "None of the servers has an IPv6 address.");
    if (family_absent(d, 4))
        finding_add(d->list, FINDING_IPV6_ONLY, "None of the servers has an IPv4 address.");
    if (single)
        return;
    one_with_family(d, 4, FINDING_IPV4_SINGLE);
    one_with_family(d, 6, FINDING_IPV6_SINGLE);
}

/* --- the size of a referral --- */

/* UDP without EDNS (RFC 1035 2.3.4). */
#define UDP_PLAIN_MAX 512

/* Adds one address of a family, as glue. */
static void add_glue(nsp_builder_t *b, const model_t *m, unsigned family)
{
    for (uint16_t i = 0; i < m->server_count; i++)
        for (uint16_t k = 0; k < m->server[i].addr_count; k++) {
            const model_server_t *s = &m->server[i];
            const addr_t *a = &s->addr[k].addr;
            if (a->family != family || !s->in_parent)
                continue;
            nsp_build_rr(b, NSP_ADDITIONAL, &s->name, family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA,
                         NSP_CLASS_IN, 0, a->octets, family == 4 ? 4 : 16);
            return;
        }
}

/* Octets of the smallest referral to the zone for the longest name below it: all NS records and,
 * when no server is outside of the parent, one address of each family. 0 when there is none. */
static size_t referral_size(const model_t *m)
{
    uint8_t buf[UDP_PLAIN_MAX + MODEL_SERVERS_MAX * (NSP_NAME_MAX + 12u)];
    nsp_builder_t b;
    size_t size = 0;
    bool any = false;
    bool glue = true;
    nsp_build_begin(&b, buf, sizeof buf, 0, NSP_FLAG_QR);
    nsp_build_question(&b, &m->zone, NSP_TYPE_NS, NSP_CLASS_IN);
    for (uint16_t i = 0; i < m->server_count; i++) {
        const model_server_t *s = &m->server[i];
        if (!s->in_parent)
            continue;
        any = true;
        glue = glue && nsp_name_is_subdomain(&s->name, &m->parent);
        nsp_build_rr(&b, NSP_AUTHORITY, &m->zone, NSP_TYPE_NS, NSP_CLASS_IN, 0, s->name.octets,
                     s->name.len);
    }
    for (unsigned family = 4; glue && family <= 6; family += 2)
        add_glue(&b, m, family);
    if (!any || nsp_build_end(&b, &size) != NSP_OK)
        return 0;
    return size + NSP_NAME_MAX - m->zone.len;
}

static void referral_large(diag_t *d)
{
    size_t size = d->m->parent_known && d->m->zone.len > 1 ? referral_size(d->m) : 0;
    if (size > UDP_PLAIN_MAX)
        finding_add(d->list, FINDING_REFERRAL_LARGE,
                    "A referral to the servers takes %zu octets for the longest name, with no more "
                    "than one address of each family: %zu too many.",
                    size, size - UDP_PLAIN_MAX);
}

void rules_layout(diag_t *d)
{
    zone_down(d);
    bool single = single_server(d);
    if (!single)
        same_subnet(d);
    families(d, single);
    referral_large(d);
}
