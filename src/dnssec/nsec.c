/* Proofs by NSEC (RFC 4034 4, RFC 4035 5.4, RFC 6840 4.1). */
#include "dnssec/proof.h"

typedef struct nsec {
    uint16_t rr;
    nsp_name_t owner;
    nsp_name_t next;
    octets_t bitmap;
} nsec_t;

typedef struct nsec_list {
    unsigned count;
    nsec_t item[PROOF_RECORDS_MAX];
} nsec_list_t;

static bool nsec_read(const nsp_msg_t *m, uint16_t rr, nsec_t *out)
{
    nsp_rdata_t it;
    nsp_field_t f;
    nsp_rdata_begin(&it, m, &m->rr[rr]);
    if (!nsp_rdata_next(&it, &f))
        return false;
    out->next = f.name;
    if (!nsp_rdata_next(&it, &f))
        return false;
    out->rr = rr;
    out->bitmap = (octets_t){f.bytes, f.nbytes};
    nsp_rr_owner(m, &m->rr[rr], &out->owner);
    return true;
}

static void gather(const nsp_msg_t *m, const nsp_name_t *zone, nsec_list_t *list)
{
    list->count = 0;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY] && list->count < PROOF_RECORDS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        nsec_t *n = &list->item[list->count];
        if (rr->type == NSP_TYPE_NSEC && rr->rclass == NSP_CLASS_IN &&
            nsec_read(m, (uint16_t)(m->first[NSP_AUTHORITY] + i), n) &&
            nsp_name_is_subdomain(&n->owner, zone) && nsp_name_is_subdomain(&n->next, zone))
            list->count++;
    }
}

static const nsec_t *find_match(const nsec_list_t *list, const nsp_name_t *name)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (nsp_name_equal(&list->item[i].owner, name))
            return &list->item[i];
    }
    return NULL;
}

/* Whether the name, which is in the zone, comes between owner and next; the last NSEC of a zone
 * points back at the apex. One above a zone cut says nothing of names below it. */
static bool covers(const nsec_t *n, const nsp_name_t *name)
{
    if (nsp_name_compare(&n->owner, name) >= 0)
        return false;
    if (nsp_name_is_subdomain(name, &n->owner) && proof_is_cut(n->bitmap))
        return false;
    bool last = nsp_name_compare(&n->next, &n->owner) <= 0;
    return last || nsp_name_compare(name, &n->next) < 0;
}

/* The NSEC that covers a name; *between is set when the name exists all the same, without records,
 * since there are names below it. */
static const nsec_t *find_cover(const nsec_list_t *list, const nsp_name_t *name, bool *between)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (covers(&list->item[i], name)) {
            *between = nsp_name_is_subdomain(&list->item[i].next, name);
            return &list->item[i];
        }
    }
    return NULL;
}

/* Labels of the longest name above both. */
static unsigned common_labels(const nsp_name_t *a, const nsp_name_t *b)
{
    unsigned la = nsp_name_labels(a);
    unsigned lb = nsp_name_labels(b);
    unsigned n = la < lb ? la : lb;
    nsp_name_t x;
    nsp_name_t y;
    for (; n > 0; n--) {
        nsp_name_strip(a, la - n, &x);
        nsp_name_strip(b, lb - n, &y);
        if (nsp_name_equal(&x, &y))
            return n;
    }
    return 0;
}

/* Labels of the closest encloser of a name that n covers: what the name shares with owner or next
 * exists. */
static unsigned encloser_labels(const nsec_t *n, const nsp_name_t *name)
{
    unsigned a = common_labels(name, &n->owner);
    unsigned b = common_labels(name, &n->next);
    return a > b ? a : b;
}

/* "*" below the last labels of a name. */
static bool wildcard_at(const nsp_name_t *name, unsigned labels, nsp_name_t *out)
{
    static const nsp_name_t star = {3, {1, '*', 0}};
    nsp_name_t rest;
    nsp_name_strip(name, nsp_name_labels(name) - labels, &rest);
    return nsp_name_join(&star, &rest, out) == NSP_OK;
}

static bool prove_nxdomain(const nsec_list_t *list, const nsp_name_t *qname, proof_t *out)
{
    bool between = false;
    nsp_name_t wildcard;
    const nsec_t *at = find_match(list, qname);
    if (at != NULL) { /* made on the spot (RFC 9824 3.2) */
        proof_use(out, at->rr);
        return proof_has_type(at->bitmap, NSP_TYPE_NXNAME);
    }
    const nsec_t *name = find_cover(list, qname, &between);
    if (name == NULL || between || !wildcard_at(qname, encloser_labels(name, qname), &wildcard))
        return false;
    const nsec_t *star = find_cover(list, &wildcard, &between);
    if (star == NULL || between)
        return false;
    proof_use(out, name->rr);
    proof_use(out, star->rr);
    return true;
}

static bool prove_nodata(const nsec_list_t *list, const nsp_name_t *qname, uint16_t qtype,
                         proof_t *out)
{
    bool between = false;
    nsp_name_t wildcard;
    const nsec_t *at = find_match(list, qname);
    if (at != NULL) {
        proof_use(out, at->rr);
        return proof_lacks_type(at->bitmap, qtype);
    }
    const nsec_t *name = find_cover(list, qname, &between);
    if (name == NULL)
        return false;
    proof_use(out, name->rr);
    if (between) /* an empty non-terminal */
        return true;
    if (!wildcard_at(qname, encloser_labels(name, qname), &wildcard))
        return false;
    const nsec_t *star = find_match(list, &wildcard);
    if (star == NULL)
        return false;
    proof_use(out, star->rr);
    return proof_lacks_type(star->bitmap, qtype);
}

/* RFC 4035 5.3.4: the name does not exist, and what encloses it is the wildcard's parent. */
static bool prove_wildcard(const nsec_list_t *list, const proof_question_t *q, proof_t *out)
{
    bool between = false;
    const nsec_t *name = find_cover(list, q->qname, &between);
    if (name == NULL)
        return false;
    proof_use(out, name->rr);
    return !between && encloser_labels(name, q->qname) <= q->labels;
}

void nsec_prove(const nsp_msg_t *m, const proof_question_t *q, proof_t *out)
{
    nsec_list_t list;
    bool proved;
    out->used_count = 0;
    out->status = DNSSEC_NO_DENIAL;
    gather(m, q->zone, &list);
    if (list.count == 0)
        return;
    if (q->goal == PROOF_NXDOMAIN)
        proved = prove_nxdomain(&list, q->qname, out);
    else if (q->goal == PROOF_NODATA)
        proved = prove_nodata(&list, q->qname, q->qtype, out);
    else
        proved = prove_wildcard(&list, q, out);
    out->status = proved ? DNSSEC_SECURE : DNSSEC_DENIAL;
    if (out->used_count == 0)
        proof_use(out, list.item[0].rr);
}

bool nsec_types_at(const nsp_msg_t *m, const nsp_name_t *zone, const nsp_name_t *name,
                   octets_t *bitmap)
{
    nsec_list_t list;
    gather(m, zone, &list);
    const nsec_t *n = find_match(&list, name);
    if (n != NULL)
        *bitmap = n->bitmap;
    return n != NULL;
}
