/* What a reply means to the walk. */
#include "diagnose/model_fold.h"

static uint16_t looked_at(const nsp_msg_t *m, nsp_section_t s)
{
    return m->found[s] < FOLD_RRS_MAX ? m->found[s] : FOLD_RRS_MAX;
}

static void digest_answer(digest_t *d, const nsp_msg_t *m, const nsp_name_t *qname, uint16_t qtype)
{
    for (uint16_t i = 0; i < looked_at(m, NSP_ANSWER); i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if ((rr->type != qtype && rr->type != NSP_TYPE_CNAME) || rr->rclass != NSP_CLASS_IN ||
            !nsp_rr_owner_is(m, rr, qname))
            continue;
        if (rr->type == qtype)
            d->match = true;
        else
            d->cname = true;
    }
}

static void digest_authority(digest_t *d, const nsp_msg_t *m, const nsp_name_t *qname)
{
    for (uint16_t i = 0; i < looked_at(m, NSP_AUTHORITY); i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        bool soa = rr->type == NSP_TYPE_SOA && !d->has_soa;
        bool ns = rr->type == NSP_TYPE_NS && !d->has_ns;
        if ((!soa && !ns) || rr->rclass != NSP_CLASS_IN)
            continue;
        nsp_name_t owner;
        nsp_rr_owner(m, rr, &owner);
        if (!nsp_name_is_subdomain(qname, &owner))
            continue;
        if (soa) {
            d->has_soa = true;
            d->soa = owner;
        } else {
            d->has_ns = true;
            d->ns = owner;
        }
    }
}

void digest_read(digest_t *d, const nsp_msg_t *m, const nsp_name_t *qname, uint16_t qtype)
{
    d->aa = nsp_msg_has(m, NSP_FLAG_AA);
    d->tc = nsp_msg_has(m, NSP_FLAG_TC);
    d->rcode = nsp_msg_rcode(m);
    digest_answer(d, m, qname, qtype);
    digest_authority(d, m, qname);
}

static bool strictly_below(const nsp_name_t *name, const nsp_name_t *zone)
{
    return nsp_name_is_subdomain(name, zone) && !nsp_name_equal(name, zone);
}

reply_kind_t digest_kind(const digest_t *d, const nsp_name_t *qname, const nsp_name_t *zone)
{
    if (!d->usable || !nsp_name_is_subdomain(qname, zone))
        return REPLY_USELESS;
    if (d->rcode == NSP_RCODE_NXDOMAIN)
        return d->aa ? REPLY_NXDOMAIN : REPLY_USELESS;
    if (d->rcode != NSP_RCODE_NOERROR)
        return REPLY_USELESS;
    if (d->match || d->cname) {
        if (!d->aa)
            return REPLY_USELESS; /* somebody's cache */
        return d->match ? REPLY_ANSWER : REPLY_CNAME;
    }
    bool soa = d->has_soa && nsp_name_is_subdomain(&d->soa, zone);
    if (d->has_ns && strictly_below(&d->ns, zone) && !(d->aa && soa))
        return REPLY_REFERRAL; /* RFC 1034 4.3.2 3b; AA is not looked at: some servers set it */
    if (!d->aa || (d->has_soa && !soa) || (d->has_ns && !nsp_name_is_subdomain(&d->ns, zone)))
        return REPLY_USELESS; /* an upward referral, or the answer of another zone */
    return REPLY_NODATA;      /* RFC 2308 2.2 */
}

reply_kind_t digest_kind_resolved(const digest_t *d)
{
    if (!d->usable)
        return REPLY_USELESS;
    if (d->rcode == NSP_RCODE_NXDOMAIN)
        return d->cname ? REPLY_CNAME : REPLY_NXDOMAIN;
    if (d->rcode != NSP_RCODE_NOERROR)
        return REPLY_USELESS;
    if (d->match || d->cname)
        return d->match ? REPLY_ANSWER : REPLY_CNAME;
    return REPLY_NODATA;
}

bool fold_rr_addr(const fold_t *f, const nsp_msg_t *m, const nsp_rr_t *rr, addr_t *out)
{
    bool a = rr->type == NSP_TYPE_A && rr->rdlength == 4;
    bool aaaa = rr->type == NSP_TYPE_AAAA && rr->rdlength == 16;
    if ((!a && !aaaa) || rr->rclass != NSP_CLASS_IN)
        return false;
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = rr->rdata;
    const uint8_t *octets = nsp_read_bytes(&r, rr->rdlength);
    if (octets == NULL)
        return false;
    *out = addr_from_octets(octets, rr->rdlength, f->in->port);
    return true;
}
