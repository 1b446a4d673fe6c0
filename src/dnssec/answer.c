/* What a whole reply says: RRsets with the proofs that they need, and negative answers. */
#include "dnssec/proof.h"
#include "dnssec/verify.h"

/* Verifies the records that a proof needs. None of them may itself come from a wildcard. */
static dnssec_verdict_t verify_used(verify_t *v, const proof_t *p)
{
    dnssec_verdict_t all = verdict_of(DNSSEC_SECURE);
    for (unsigned i = 0; i < p->used_count; i++) {
        const nsp_rr_t *rr = &v->msg->rr[p->used[i]];
        nsp_name_t owner;
        nsp_rr_owner(v->msg, rr, &owner);
        dnssec_verdict_t part = verify_rrset(v, NSP_AUTHORITY, &owner, rr->type);
        if (part.status == DNSSEC_SECURE && part.wildcard)
            part.status = DNSSEC_DENIAL;
        verdict_add(&all, &part);
    }
    all.wildcard = false;
    return all;
}

/* Looks for a proof of either kind and verifies it. failure is what it is when there is none. */
static dnssec_verdict_t check_proof(verify_t *v, const proof_question_t *q, dnssec_status_t failure)
{
    proof_t p;
    proof_t p3;
    nsec_prove(v->msg, q, &p);
    if (p.status != DNSSEC_SECURE) {
        nsec3_prove(v->msg, q, &p3);
        p = p3.status != DNSSEC_NO_DENIAL ? p3 : p;
    }
    if (p.status == DNSSEC_DENIAL || p.status == DNSSEC_NO_DENIAL) {
        dnssec_verdict_t out = verdict_of(p.status);
        if (q->goal == PROOF_WILDCARD)
            out.status = failure;
        out.rr = p.used_count > 0 ? p.used[0] : NSP_NO_RR;
        return out;
    }
    dnssec_verdict_t out = verify_used(v, &p);
    if (out.status == DNSSEC_SECURE && p.status != DNSSEC_SECURE) {
        out.status = p.status;
        out.rr = p.used[0];
    }
    return out;
}

static bool in_zone(const verify_t *v, const nsp_name_t *name)
{
    return nsp_name_is_subdomain(name, &v->keys->zone);
}

/* The DS of a zone is its parent's (RFC 4035 3.1.4.1): the zone itself has no say. */
static bool may_answer(const verify_t *v, const nsp_name_t *qname, uint16_t qtype)
{
    bool apex = nsp_name_equal(qname, &v->keys->zone) && qname->len > 1;
    return in_zone(v, qname) && !(apex && qtype == NSP_TYPE_DS);
}

/* The CNAME that a DNAME gives: the part of owner below the DNAME's, in front of its target
 * (RFC 6672 2.2). */
static bool dname_gives(const nsp_msg_t *m, const nsp_rr_t *dname, const nsp_name_t *owner,
                        const nsp_name_t *cname)
{
    nsp_name_t at;
    nsp_name_t target;
    nsp_name_t made;
    nsp_rr_owner(m, dname, &at);
    if (!nsp_name_is_subdomain(owner, &at) || nsp_name_equal(owner, &at) ||
        !nsp_rdata_name(m, dname, 0, &target))
        return false;
    nsp_name_t prefix = *owner;
    prefix.len = (uint8_t)(owner->len - at.len + 1);
    prefix.octets[prefix.len - 1] = 0;
    return nsp_name_join(&prefix, &target, &made) == NSP_OK && nsp_name_equal(&made, cname);
}

static const nsp_rr_t *find_rr(const nsp_msg_t *m, nsp_section_t section, const nsp_name_t *owner,
                               uint16_t type)
{
    for (uint16_t i = 0; i < m->found[section]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, section, i);
        if (rr->type == type && rr->rclass == NSP_CLASS_IN &&
            (owner == NULL || nsp_rr_owner_is(m, rr, owner)))
            return rr;
    }
    return NULL;
}

/* A CNAME without signature: verifies the DNAME that gives it, when there is one. */
static bool check_dname(verify_t *v, nsp_section_t section, const nsp_name_t *owner,
                        dnssec_verdict_t *out)
{
    nsp_name_t cname;
    const nsp_rr_t *rr = find_rr(v->msg, section, owner, NSP_TYPE_CNAME);
    if (rr == NULL || !nsp_rdata_name(v->msg, rr, 0, &cname))
        return false;
    for (uint16_t i = 0; i < v->msg->found[section]; i++) {
        const nsp_rr_t *dname = nsp_msg_rr(v->msg, section, i);
        nsp_name_t at;
        if (dname->type != NSP_TYPE_DNAME || dname->rclass != NSP_CLASS_IN ||
            !dname_gives(v->msg, dname, owner, &cname))
            continue;
        nsp_rr_owner(v->msg, dname, &at);
        *out = verify_rrset(v, section, &at, NSP_TYPE_DNAME);
        return true;
    }
    return false;
}

/* RFC 4035 5.3.4. The RRSIG that verified tells which wildcard it was. */
static void check_wildcard(verify_t *v, const nsp_name_t *owner, dnssec_verdict_t *out)
{
    rrsig_t sig;
    if (!rrsig_read(v->msg, out->rr, &sig))
        return;
    proof_question_t q = {PROOF_WILDCARD, &v->keys->zone, owner, 0, sig.labels};
    dnssec_verdict_t part = check_proof(v, &q, DNSSEC_WILDCARD);
    verdict_add(out, &part);
    out->wildcard = true;
}

static dnssec_verdict_t check_one(verify_t *v, nsp_section_t section, const nsp_name_t *owner,
                                  uint16_t type)
{
    dnssec_verdict_t out = verify_rrset(v, section, owner, type);
    if (out.status == DNSSEC_NO_RRSIG && type == NSP_TYPE_CNAME)
        (void)check_dname(v, section, owner, &out);
    if (out.status == DNSSEC_SECURE && out.wildcard)
        check_wildcard(v, owner, &out);
    return out;
}

dnssec_verdict_t dnssec_check_rrset(const nsp_msg_t *reply, nsp_section_t section,
                                    const nsp_name_t *owner, uint16_t type,
                                    const dnssec_keys_t *keys, int64_t now)
{
    verify_t v = {reply, keys, now, 0, false};
    return check_one(&v, section, owner, type);
}

/* The SOA of a negative answer is a part of it (RFC 2308 2): resolvers verify it too. */
static void check_soa(verify_t *v, dnssec_verdict_t *out)
{
    if (find_rr(v->msg, NSP_AUTHORITY, &v->keys->zone, NSP_TYPE_SOA) == NULL)
        return;
    dnssec_verdict_t soa = verify_rrset(v, NSP_AUTHORITY, &v->keys->zone, NSP_TYPE_SOA);
    verdict_add(out, &soa);
}

static dnssec_verdict_t check_negative(verify_t *v, const nsp_name_t *qname, uint16_t qtype)
{
    if (v->keys->status != DNSSEC_SECURE)
        return verdict_of(v->keys->status);
    if (!may_answer(v, qname, qtype))
        return verdict_of(DNSSEC_NO_ANSWER);
    bool nxdomain = nsp_msg_rcode(v->msg) == NSP_RCODE_NXDOMAIN;
    proof_question_t q = {nxdomain ? PROOF_NXDOMAIN : PROOF_NODATA, &v->keys->zone, qname, qtype,
                          0};
    dnssec_verdict_t out = check_proof(v, &q, DNSSEC_DENIAL);
    if (dnssec_status_class(out.status) == DNSSEC_CLASS_SECURE)
        check_soa(v, &out);
    return out;
}

dnssec_verdict_t dnssec_check_denial(const nsp_msg_t *reply, const nsp_name_t *qname,
                                     uint16_t qtype, const dnssec_keys_t *keys, int64_t now)
{
    verify_t v = {reply, keys, now, 0, false};
    return check_negative(&v, qname, qtype);
}

dnssec_verdict_t dnssec_check_ds(const nsp_msg_t *reply, const nsp_name_t *zone,
                                 const dnssec_keys_t *keys, int64_t now)
{
    verify_t v = {reply, keys, now, 0, false};
    if (find_rr(reply, NSP_ANSWER, zone, NSP_TYPE_DS) != NULL)
        return check_one(&v, NSP_ANSWER, zone, NSP_TYPE_DS);
    if (find_rr(reply, NSP_AUTHORITY, zone, NSP_TYPE_DS) != NULL)
        return check_one(&v, NSP_AUTHORITY, zone, NSP_TYPE_DS);
    uint16_t rcode = nsp_msg_rcode(reply);
    if (rcode != NSP_RCODE_NOERROR && rcode != NSP_RCODE_NXDOMAIN)
        return verdict_of(DNSSEC_NO_ANSWER);
    dnssec_verdict_t out = check_negative(&v, zone, NSP_TYPE_DS);
    if (out.status == DNSSEC_SECURE)
        out.status = DNSSEC_NO_DS;
    return out;
}

/* Neither an answer nor a negative one: an NS below the zone, and no SOA (RFC 2308 2.2). */
static bool is_referral(const verify_t *v)
{
    const nsp_msg_t *m = v->msg;
    const nsp_rr_t *ns = find_rr(m, NSP_AUTHORITY, NULL, NSP_TYPE_NS);
    return ns != NULL && !nsp_rr_owner_is(m, ns, &v->keys->zone) &&
           find_rr(m, NSP_AUTHORITY, NULL, NSP_TYPE_SOA) == NULL;
}

/* The last name of a chain: its records, or the proof that there are none. */
static dnssec_verdict_t check_end(verify_t *v, const nsp_name_t *name, uint16_t qtype)
{
    if (find_rr(v->msg, NSP_ANSWER, name, qtype) != NULL)
        return check_one(v, NSP_ANSWER, name, qtype);
    if (is_referral(v))
        return verdict_of(DNSSEC_NO_ANSWER);
    return check_negative(v, name, qtype);
}

dnssec_verdict_t dnssec_check_answer(const nsp_msg_t *reply, const nsp_name_t *qname,
                                     uint16_t qtype, const dnssec_keys_t *keys, int64_t now)
{
    verify_t v = {reply, keys, now, 0, false};
    nsp_name_t name = *qname;
    uint16_t rcode = nsp_msg_rcode(reply);
    dnssec_verdict_t all = verdict_of(DNSSEC_SECURE);
    if (keys->status != DNSSEC_SECURE)
        return verdict_of(keys->status);
    if ((rcode != NSP_RCODE_NOERROR && rcode != NSP_RCODE_NXDOMAIN) ||
        !may_answer(&v, qname, qtype))
        return verdict_of(DNSSEC_NO_ANSWER);
    for (unsigned i = 0; i < DNSSEC_CHAIN_MAX && in_zone(&v, &name); i++) {
        const nsp_rr_t *cname = find_rr(reply, NSP_ANSWER, &name, NSP_TYPE_CNAME);
        bool follow = cname != NULL && qtype != NSP_TYPE_CNAME;
        dnssec_verdict_t part =
            follow ? check_one(&v, NSP_ANSWER, &name, NSP_TYPE_CNAME) : check_end(&v, &name, qtype);
        verdict_add(&all, &part);
        if (!follow || all.status != DNSSEC_SECURE || !nsp_rdata_name(reply, cname, 0, &name))
            break;
    }
    return all;
}
