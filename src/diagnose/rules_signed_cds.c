/* CDS and CDNSKEY: what the zone asks its parent for (RFC 7344, RFC 8078). */
#include "diagnose/signed.h"
#include "diagnose/verdict_text.h"

#define RECORDS_MAX 16

/* CDS and CDNSKEY of one address, and the keys beside them. */
typedef struct wishes {
    signed_zone_t *z;
    size_t place;
    const signed_answer_t *cds_answer;
    const signed_answer_t *cdnskey_answer;
    unsigned cds_count; /* without those that ask for removal */
    unsigned cdnskey_count;
    unsigned key_count;
    bool cds_delete;
    bool cdnskey_delete;
    ds_t cds[RECORDS_MAX];
    dnskey_t cdnskey[RECORDS_MAX];
    dnskey_t key[RECORDS_MAX];
} wishes_t;

static bool at_apex(const wishes_t *w, const nsp_msg_t *m, uint16_t i, uint16_t type)
{
    const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
    return rr->type == type && nsp_rr_owner_is(m, rr, &w->z->d->m->zone);
}

static unsigned read_keys(const wishes_t *w, const nsp_msg_t *m, uint16_t type, dnskey_t *out,
                          bool *remove)
{
    unsigned n = 0;
    for (uint16_t i = 0; m != NULL && i < m->found[NSP_ANSWER] && n < RECORDS_MAX; i++) {
        dnskey_t *key = &out[n];
        if (!at_apex(w, m, i, type) || !dnskey_read(m, (uint16_t)(m->first[NSP_ANSWER] + i), key))
            continue;
        bool removes = type == NSP_TYPE_CDNSKEY && key->algorithm == 0; /* RFC 8078 4 */
        *remove = *remove || removes;
        n += !removes;
    }
    return n;
}

static void read_cds(wishes_t *w, const nsp_msg_t *m)
{
    for (uint16_t i = 0; m != NULL && i < m->found[NSP_ANSWER] && w->cds_count < RECORDS_MAX; i++) {
        ds_t *ds = &w->cds[w->cds_count];
        if (!at_apex(w, m, i, NSP_TYPE_CDS) ||
            !ds_read(m, (uint16_t)(m->first[NSP_ANSWER] + i), ds))
            continue;
        bool removes = ds->algorithm == 0; /* RFC 8078 4 */
        w->cds_delete = w->cds_delete || removes;
        w->cds_count += !removes;
    }
}

static void wishes_read(wishes_t *w)
{
    signed_zone_t *z = w->z;
    const signed_place_t *p = &z->place[w->place];
    bool ignored = false;
    w->cds_answer = &p->answer[SIGNED_CDS];
    w->cdnskey_answer = &p->answer[SIGNED_CDNSKEY];
    read_cds(w, signed_message(z, w->cds_answer, 0));
    w->cdnskey_count = read_keys(w, signed_message(z, w->cdnskey_answer, 1), NSP_TYPE_CDNSKEY,
                                 w->cdnskey, &w->cdnskey_delete);
    w->key_count = read_keys(w, signed_message(z, &p->answer[SIGNED_DNSKEY], 2), NSP_TYPE_DNSKEY,
                             w->key, &ignored);
}

static bool same_key(const dnskey_t *a, const dnskey_t *b)
{
    return a->size == b->size && memcmp(a->rdata, b->rdata, a->size) == 0;
}

/* Whether a CDS fits one of some keys; what has a digest that is not known is told by its tag. */
static bool cds_fits(const wishes_t *w, const ds_t *cds, const dnskey_t *key, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (cds->key_tag == key[i].tag && cds->algorithm == key[i].algorithm &&
            (!dnssec_digest_known(cds->digest_type) || ds_is_of(cds, &w->z->d->m->zone, &key[i])))
            return true;
    return false;
}

static void fit_rules(const wishes_t *w)
{
    for (unsigned i = 0; i < w->cds_count; i++)
        if (!cds_fits(w, &w->cds[i], w->key, w->key_count))
            signed_see(w->z, FINDING_DNSSEC_CDS_BROKEN, w->place, w->cds_answer->x,
                       "The CDS record with key tag %u fits no DNSKEY of the zone.",
                       w->cds[i].key_tag);
    for (unsigned i = 0; i < w->cdnskey_count; i++) {
        bool found = false;
        for (unsigned k = 0; k < w->key_count; k++)
            found = found || same_key(&w->cdnskey[i], &w->key[k]);
        if (!found)
            signed_see(w->z, FINDING_DNSSEC_CDS_BROKEN, w->place, w->cdnskey_answer->x,
                       "The CDNSKEY record with key tag %u is no DNSKEY of the zone.",
                       w->cdnskey[i].tag);
    }
}

/* CDS and CDNSKEY must say the same (RFC 7344 4). */
static void together_rule(const wishes_t *w)
{
    bool same = w->cds_delete == w->cdnskey_delete;
    bool has_cds = w->cds_answer->count > 0;
    bool has_cdnskey = w->cdnskey_answer->count > 0;
    if (has_cds != has_cdnskey) {
        if (w->cds_answer->reply == NULL || w->cdnskey_answer->reply == NULL)
            return;
        sighting_t *s = signed_see(
            w->z, FINDING_DNSSEC_CDS_BROKEN, w->place,
            has_cds ? w->cds_answer->x : w->cdnskey_answer->x,
            "There are %s records and no %s records: parents that take the other kind miss them.",
            has_cds ? "CDS" : "CDNSKEY", has_cds ? "CDNSKEY" : "CDS");
        if (s != NULL)
            s->severity = SEVERITY_NOTICE;
        return;
    }
    for (unsigned i = 0; i < w->cds_count; i++)
        same = same && cds_fits(w, &w->cds[i], w->cdnskey, w->cdnskey_count);
    for (unsigned k = 0; k < w->cdnskey_count; k++) {
        bool found = false;
        for (unsigned i = 0; i < w->cds_count; i++)
            found = found || cds_fits(w, &w->cds[i], &w->cdnskey[k], 1);
        same = same && found;
    }
    sighting_t *s = same ? NULL
                         : signed_see(w->z, FINDING_DNSSEC_CDS_BROKEN, w->place, w->cds_answer->x,
                                      "CDS and CDNSKEY are not about the same keys.");
    if (s != NULL)
        s->other = w->cdnskey_answer->x;
}

/* A request for removal stands alone (RFC 8078 4). */
static void delete_rule(const wishes_t *w)
{
    bool both = (w->cds_delete && w->cds_count > 0) || (w->cdnskey_delete && w->cdnskey_count > 0);
    if (both)
        signed_see(w->z, FINDING_DNSSEC_CDS_BROKEN, w->place,
                   w->cds_delete ? w->cds_answer->x : w->cdnskey_answer->x,
                   "A record that asks for the removal of all DS records stands beside others.");
    else if ((w->cds_delete || w->cdnskey_delete) && w->z->ds == DS_SOME)
        signed_see(w->z, FINDING_DNSSEC_CDS_PENDING, w->place,
                   w->cds_delete ? w->cds_answer->x : w->cdnskey_answer->x,
                   "The zone asks for the removal of its DS records: signing is to end.");
}

/* The parent believes what is signed by a key that its present DS names (RFC 7344 4.1). */
static void signer_rule(const wishes_t *w, signed_question_t q)
{
    signed_zone_t *z = w->z;
    const signed_answer_t *a = &z->place[w->place].answer[q];
    dnssec_sig_t sig[DNSSEC_SIGS_MAX];
    uint32_t ttl = 0;
    char word[32];
    if (a->count == 0 || z->proved->status != DNSSEC_SECURE)
        return;
    const nsp_msg_t *m = signed_message(z, a, q == SIGNED_CDS ? 0 : 1);
    size_t n =
        dnssec_audit(m, NSP_ANSWER, &z->d->m->zone, signed_type(q), z->proved, a->now, sig, &ttl);
    bool good = n == 0; /* without any signature: told */
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < z->proved->count; k++)
            good = good || (z->proved->key[k].by_ds && z->proved->key[k].tag == sig[i].key_tag &&
                            sig[i].status == DNSSEC_SECURE);
    if (!good)
        signed_see(z, FINDING_DNSSEC_CDS_BROKEN, w->place, a->x,
                   "%s is not signed by a key that a DS record names.", signed_word(q, word));
}

static bool ds_is_wished(const wishes_t *w, const ds_t *ds)
{
    for (unsigned i = 0; i < w->cds_count; i++)
        if (ds->key_tag == w->cds[i].key_tag && ds->algorithm == w->cds[i].algorithm &&
            ds->digest_type == w->cds[i].digest_type && ds->size == w->cds[i].size &&
            memcmp(ds->digest, w->cds[i].digest, ds->size) == 0)
            return true;
    return false;
}

/* Whether the parent has what the zone asks for. */
static void pending_rule(const wishes_t *w)
{
    const nsp_msg_t *m = &w->z->ds_reply->msg;
    char ours[80] = "";
    char theirs[80] = "";
    nsp_text_t t;
    unsigned same = 0;
    unsigned all = 0;
    if (w->z->ds == DS_UNKNOWN || w->cds_count == 0 || w->cds_delete)
        return;
    for (uint16_t i = 0; w->z->ds == DS_SOME && i < m->found[NSP_ANSWER]; i++) {
        ds_t ds;
        if (!at_apex(w, m, i, NSP_TYPE_DS) ||
            !ds_read(m, (uint16_t)(m->first[NSP_ANSWER] + i), &ds))
            continue;
        all++;
        same += ds_is_wished(w, &ds);
    }
    if (same == all && all == w->cds_count)
        return;
    nsp_text_begin(&t, ours, sizeof ours);
    verdict_add_tags(&t, signed_message(w->z, w->cds_answer, 0), &w->z->d->m->zone, NSP_TYPE_CDS);
    nsp_text_begin(&t, theirs, sizeof theirs);
    verdict_add_tags(&t, w->z->ds == DS_SOME ? m : NULL, &w->z->d->m->zone, NSP_TYPE_DS);
    signed_see(w->z, FINDING_DNSSEC_CDS_PENDING, w->place, w->cds_answer->x,
               "The zone asks for DS records with key tags %s; the parent has %s%s.", ours, theirs,
               strcmp(ours, theirs) == 0 ? ", with other digests" : "");
}

void signed_rules_cds(signed_zone_t *z, size_t place)
{
    wishes_t w = {.z = z, .place = place};
    wishes_read(&w);
    if (w.cds_answer->count == 0 && w.cdnskey_answer->count == 0)
        return;
    fit_rules(&w);
    together_rule(&w);
    delete_rule(&w);
    pending_rule(&w);
    signer_rule(&w, SIGNED_CDS);
    signer_rule(&w, SIGNED_CDNSKEY);
}
