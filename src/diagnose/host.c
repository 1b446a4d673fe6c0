#include "diagnose/host.h"

#include <stdio.h>

bool host_asks(const exchange_t *x, const nsp_name_t *name)
{
    return (x->qtype == NSP_TYPE_A || x->qtype == NSP_TYPE_AAAA) && nsp_name_equal(&x->qname, name);
}

/* Owner of the NS records of a referral that leads towards a name; false when m is none. */
static bool referral_to(const nsp_msg_t *m, const nsp_name_t *name, nsp_name_t *out)
{
    if (nsp_msg_rcode(m) != NSP_RCODE_NOERROR || nsp_msg_has(m, NSP_FLAG_AA) ||
        m->found[NSP_ANSWER] > 0)
        return false;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type != NSP_TYPE_NS)
            continue;
        nsp_rr_owner(m, rr, out);
        return nsp_name_is_subdomain(name, out);
    }
    return false;
}

typedef enum word { WORD_NONE, WORD_TOLD, WORD_REFERRAL, WORD_FAILED, WORD_PENDING } word_t;

/* What an exchange says about the name that it asks for; *o is its outcome. */
static word_t word_of(diag_t *d, const exchange_t *x, outcome_t *o)
{
    const nsp_msg_t *m = &d->scratch->msg;
    nsp_name_t cut;
    outcome_of(x, o, d->scratch);
    if (o->kind == OUTCOME_NOT_SENT)
        return WORD_NONE;
    if (o->kind == OUTCOME_PENDING)
        return WORD_PENDING;
    if (o->kind != OUTCOME_ANSWERED)
        return WORD_FAILED;
    uint16_t rcode = nsp_msg_rcode(m);
    bool word = nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_RA);
    if (word && (rcode == NSP_RCODE_NOERROR || rcode == NSP_RCODE_NXDOMAIN))
        return WORD_TOLD;
    /* the rest of a cut answer comes over TCP, in an exchange of its own */
    if (nsp_msg_has(m, NSP_FLAG_TC))
        return WORD_NONE;
    return referral_to(m, &x->qname, &cut) ? WORD_REFERRAL : WORD_FAILED;
}

host_word_t host_word(diag_t *d, const nsp_name_t *name)
{
    host_word_t n = {0, 0, 0};
    outcome_t o;
    for (uint32_t i = 0; i < d->set->count; i++) {
        if (!host_asks(d->set->item[i], name))
            continue;
        word_t word = word_of(d, d->set->item[i], &o);
        n.told += word == WORD_TOLD;
        n.failed += word == WORD_FAILED;
        n.pending += word == WORD_PENDING;
    }
    return n;
}

bool host_vouched(diag_t *d, const exchange_t *x)
{
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_t o;
    outcome_of(x, &o, d->scratch);
    return o.kind == OUTCOME_ANSWERED && nsp_msg_has(m, NSP_FLAG_AA) &&
           !nsp_msg_has(m, NSP_FLAG_TC) &&
           (nsp_msg_rcode(m) == NSP_RCODE_NOERROR || nsp_msg_rcode(m) == NSP_RCODE_NXDOMAIN);
}

bool host_disputed(diag_t *d, const nsp_name_t *name, const addr_t *a)
{
    const nsp_msg_t *m = &d->scratch->msg;
    bool some = false;
    bool others = false;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        bool has = false;
        if (x->qtype != (a->family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA) ||
            !nsp_name_equal(&x->qname, name) || !host_vouched(d, x))
            continue;
        for (uint16_t k = 0; k < m->found[NSP_ANSWER]; k++)
            has = has || host_rr_is_addr(m, nsp_msg_rr(m, NSP_ANSWER, k), a);
        some = some || has;
        others = others || !has;
    }
    return some && others;
}

bool host_failure(diag_t *d, const exchange_t *x, char *buf, size_t cap)
{
    char addr[ADDR_TEXT_MAX];
    char rcode[16];
    outcome_t o;
    if (word_of(d, x, &o) != WORD_FAILED)
        return false;
    addr_port_text(&x->server, addr);
    if (o.kind == OUTCOME_SILENT || o.kind == OUTCOME_NO_SYNACK)
        snprintf(buf, cap, "%s is silent", addr);
    else if (o.kind == OUTCOME_ICMP)
        snprintf(buf, cap, "%s is unreachable (ICMP)", addr);
    else if (o.kind != OUTCOME_ANSWERED)
        snprintf(buf, cap, "%s: %s", addr, outcome_name(o.kind));
    else if (nsp_msg_rcode(&d->scratch->msg) != NSP_RCODE_NOERROR)
        snprintf(buf, cap, "%s answers %s", addr,
                 nsp_rcode_text(nsp_msg_rcode(&d->scratch->msg), rcode));
    else
        snprintf(buf, cap, "%s answers without authority", addr);
    return true;
}

bool host_zone(diag_t *d, const nsp_name_t *name, nsp_name_t *out)
{
    nsp_name_t cut;
    outcome_t o;
    bool found = false;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        outcome_of(x, &o, d->scratch);
        if (o.kind != OUTCOME_ANSWERED || !referral_to(&d->scratch->msg, name, &cut) ||
            cut.len <= 1 || (found && cut.len <= out->len))
            continue;
        *out = cut;
        found = true;
    }
    return found;
}

/* The targets of the NS records of a zone in one referral. */
static size_t list_targets(const nsp_msg_t *m, const nsp_name_t *cut, char *buf, size_t cap)
{
    char text[NSP_NAME_TEXT_MAX];
    nsp_name_t target;
    size_t len = 0;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY] && len < cap; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type == NSP_TYPE_NS && nsp_rr_owner_is(m, rr, cut) &&
            nsp_rdata_name(m, rr, 0, &target))
            len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : "",
                                    name_label(&target, text));
    }
    return len;
}

void host_zone_servers(diag_t *d, const nsp_name_t *cut, char *buf, size_t cap)
{
    nsp_name_t owner;
    outcome_t o;
    buf[0] = '\0';
    for (uint32_t i = 0; i < d->set->count; i++) {
        const nsp_msg_t *m = &d->scratch->msg;
        outcome_of(d->set->item[i], &o, d->scratch);
        if (o.kind == OUTCOME_ANSWERED && referral_to(m, cut, &owner) &&
            nsp_name_equal(&owner, cut) && list_targets(m, cut, buf, cap) > 0)
            return;
    }
}

/* Labels of a name, without the root's. */
static unsigned labels_of(const nsp_name_t *name)
{
    unsigned n = 0;
    for (unsigned at = 0; name->octets[at] != 0; at += name->octets[at] + 1u)
        n++;
    return n;
}

/* The zone that says in a reply that the name asked for does not exist. */
static bool denied_by(const nsp_msg_t *m, nsp_name_t *zone)
{
    if (nsp_msg_rcode(m) != NSP_RCODE_NXDOMAIN || !nsp_msg_has(m, NSP_FLAG_AA) ||
        m->found[NSP_ANSWER] > 0)
        return false;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type != NSP_TYPE_SOA)
            continue;
        nsp_rr_owner(m, rr, zone);
        return true;
    }
    return false;
}

bool host_unregistered(diag_t *d, const nsp_name_t *name, nsp_name_t *domain)
{
    nsp_name_t zone;
    outcome_t o;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!host_asks(x, name))
            continue;
        outcome_of(x, &o, d->scratch);
        if (o.kind != OUTCOME_ANSWERED || !denied_by(&d->scratch->msg, &zone) ||
            !nsp_name_is_subdomain(name, &zone))
            continue;
        /* a registry is a top-level domain, or whoever has delegated the zone in question */
        bool registry = labels_of(&zone) <= 1 ||
                        (labels_of(&zone) == 2 && nsp_name_equal(&zone, &d->m->parent));
        unsigned more = labels_of(name) - labels_of(&zone);
        if (registry && more > 1 && zone.len > 1) {
            nsp_name_strip(name, more - 1, domain);
            return true;
        }
    }
    return false;
}

bool host_without_tld(diag_t *d, const nsp_name_t *name, nsp_name_t *tld)
{
    nsp_name_t zone;
    outcome_t o;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!host_asks(x, name) || labels_of(name) < 2)
            continue;
        outcome_of(x, &o, d->scratch);
        if (o.kind != OUTCOME_ANSWERED || !denied_by(&d->scratch->msg, &zone) || zone.len > 1)
            continue;
        nsp_name_strip(name, labels_of(name) - 1, tld);
        return true;
    }
    return false;
}

static bool in_delegation(const diag_t *d, const nsp_name_t *name)
{
    for (uint16_t i = 0; i < d->m->server_count; i++)
        if (d->m->server[i].in_parent && nsp_name_equal(&d->m->server[i].name, name))
            return true;
    return false;
}

bool host_doubled(const diag_t *d, const nsp_name_t *name, nsp_name_t *meant)
{
    const nsp_name_t *zone = &d->m->zone;
    uint8_t octets[NSP_NAME_MAX];
    if (zone->len <= 1 || !nsp_name_is_subdomain(name, zone) || name->len == zone->len)
        return false;
    size_t n = (size_t)name->len - zone->len;
    memcpy(octets, name->octets, n);
    octets[n] = 0;
    nsp_reader_t r = nsp_reader(octets, (uint32_t)n + 1);
    return nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, meant) == NSP_OK &&
           ((nsp_name_is_subdomain(meant, zone) && meant->len > zone->len) ||
            in_delegation(d, meant));
}

bool host_has_addr(const model_server_t *s, const addr_t *a)
{
    bool own = false;
    for (uint16_t i = 0; i < s->addr_count; i++)
        own = own || (s->addr[i].from & ~FROM_GLUE) != 0;
    for (uint16_t i = 0; i < s->addr_count; i++)
        if (addr_equal(&s->addr[i].addr, a))
            return !own || (s->addr[i].from & ~FROM_GLUE) != 0;
    return false;
}

bool host_rr_is_addr(const nsp_msg_t *m, const nsp_rr_t *rr, const addr_t *a)
{
    size_t n = a->family == 4 ? 4 : 16;
    return rr->type == (a->family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA) && rr->rdlength == n &&
           memcmp(m->wire + rr->rdata, a->octets, n) == 0;
}

bool host_by_wildcard(diag_t *d, const addr_t *a)
{
    for (size_t i = 0; i < d->fact_count; i++) {
        const fact_t *f = &d->fact[i];
        if (f->kind != PROBE_NXDOMAIN || !fact_answered(f) || f->answers == 0)
            continue;
        const nsp_msg_t *m = fact_message(d, f);
        for (uint16_t k = 0; k < m->found[NSP_ANSWER]; k++)
            if (host_rr_is_addr(m, nsp_msg_rr(m, NSP_ANSWER, k), a))
                return true;
    }
    return false;
}
