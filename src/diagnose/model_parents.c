/* Where the servers of the parent do not say the same of the zone, each is asked how new its copy
 * of the parent zone is. */
#include "diagnose/model_fold.h"

/* A number of what a reply says, whatever the order of its records, and their TTLs and signatures.
 */
static uint64_t record_number(const fold_t *f, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_name_t name;
    nsp_rr_owner(m, rr, &name);
    uint64_t n = nsp_name_hash(&name, f->seed) + rr->type;
    if (rr->type == NSP_TYPE_NS && nsp_rdata_name(m, rr, 0, &name))
        return (n ^ nsp_name_hash(&name, f->seed)) * UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < rr->rdlength; i++)
        n = (n ^ m->wire[rr->rdata + i]) * UINT64_C(0x100000001b3);
    return n;
}

static uint64_t reply_number(fold_t *f, const exchange_t *x)
{
    const event_t *reply = x != NULL ? exchange_reply(x) : NULL;
    if (reply == NULL)
        return 0;
    const nsp_msg_t *m = reply_index(&f->scratch, reply->bytes, reply->size);
    uint64_t sum = 1 + nsp_msg_rcode(m);
    for (uint16_t i = 0; i < m->rr_count && i < FOLD_RRS_MAX; i++)
        if (m->rr[i].type == NSP_TYPE_NS || m->rr[i].type == NSP_TYPE_DS ||
            m->rr[i].type == NSP_TYPE_A || m->rr[i].type == NSP_TYPE_AAAA)
            sum += record_number(f, m, &m->rr[i]);
    return sum;
}

static bool said(const model_parent_t *p)
{
    return p->referral || p->answered_aa || p->nxdomain;
}

static bool differ(fold_t *f)
{
    const model_parent_t *first = NULL;
    uint64_t asked = 0;
    uint64_t ds = 0;
    for (uint16_t i = 0; i < f->out->parent_count; i++) {
        const model_parent_t *p = &f->out->parent_addr[i];
        if (!said(p))
            continue;
        uint64_t a = reply_number(f, p->asked);
        uint64_t b = reply_number(f, p->ds);
        if (first != NULL && (a != asked || (b != ds && b != 0 && ds != 0)))
            return true;
        first = p;
        asked = a;
        ds = b != 0 ? b : ds;
    }
    return false;
}

/* No part of the walk: nothing waits for it. */
void fold_parents(fold_t *f)
{
    const bool pending = f->pending;
    model_t *m = f->out;
    bool ask = f->wants != NULL && f->in->ds && differ(f);
    for (uint16_t i = 0; i < m->parent_count; i++) {
        model_parent_t *p = &m->parent_addr[i];
        uint32_t asked = fold_first(f, &p->addr, &m->parent, NSP_TYPE_SOA, false);
        if (ask && said(p) && fold_uses(f, &p->addr) && asked == FOLD_NONE)
            fold_want(f, &p->addr, TRANSPORT_UDP, &m->parent, NSP_TYPE_SOA, false, true);
        p->soa = asked != FOLD_NONE && f->entry[asked].reply != NULL ? f->entry[asked].x : NULL;
    }
    f->pending = pending;
}
