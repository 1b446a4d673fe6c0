/* The signatures of the zone's own records at one address. */
#include "diagnose/signed.h"
#include "diagnose/verdict_text.h"

#define DAY INT64_C(86400)
/* Signatures are not to be valid for longer: half a year. */
#define LIFETIME_MAX (183 * DAY)

/* What is looked at: one RRset and its signatures. */
typedef struct work {
    signed_zone_t *z;
    size_t place;
    signed_question_t q;
    const signed_answer_t *a;
    const nsp_msg_t *m;
    size_t count;
    uint32_t ttl;
    dnssec_sig_t sig[DNSSEC_SIGS_MAX];
} work_t;

static void stray_rule(const work_t *w)
{
    char word[32];
    for (size_t i = 0; i < w->count; i++) {
        const dnssec_sig_t *s = &w->sig[i];
        if (s->status == DNSSEC_SECURE || s->status == DNSSEC_SIG_UNSUPPORTED ||
            dnssec_status_class(s->status) != DNSSEC_CLASS_BOGUS)
            continue;
        signed_see(w->z, FINDING_DNSSEC_SIGNATURE_STRAY, w->place, w->a->x,
                   "Beside a good signature of %s there is one with key tag %u: %s.",
                   signed_word(w->q, word), s->key_tag, dnssec_status_text(s->status));
    }
}

/* The good signature that lasts longest, or NULL. */
static const dnssec_sig_t *good_one(const work_t *w)
{
    const dnssec_sig_t *best = NULL;
    for (size_t i = 0; i < w->count; i++)
        if (w->sig[i].status == DNSSEC_SECURE &&
            (best == NULL || w->sig[i].expiration > best->expiration))
            best = &w->sig[i];
    return best;
}

static void ttl_rule(const work_t *w, const dnssec_sig_t *good)
{
    char buf[32];
    char when[32];
    const char *word = signed_word(w->q, buf);
    if (w->ttl > good->original_ttl) {
        signed_see(w->z, FINDING_DNSSEC_TTL, w->place, w->a->x,
                   "%s has a TTL of %u; its signature says %u.", word, w->ttl, good->original_ttl);
    } else if (w->a->now + (int64_t)w->ttl > good->expiration) {
        sighting_t *s =
            signed_see(w->z, FINDING_DNSSEC_TTL, w->place, w->a->x,
                       "%s has a TTL of %u, and its signature expires before that, at %s.", word,
                       w->ttl, verdict_time(good->expiration, when));
        if (s != NULL)
            s->severity = SEVERITY_NOTICE;
    }
}

static void lifetime_rule(const work_t *w, const dnssec_sig_t *good)
{
    if (good->expiration - good->inception <= LIFETIME_MAX)
        return;
    signed_see(w->z, FINDING_DNSSEC_LIFETIME, w->place, w->a->x,
               "The signature with key tag %u is valid for %lld days.", good->key_tag,
               (long long)((good->expiration - good->inception) / DAY));
}

static bool signed_with(const work_t *w, uint8_t algorithm)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->sig[i].algorithm == algorithm)
            return true;
    return false;
}

static void miss_algorithm(const work_t *w, uint8_t algorithm, bool of_ds)
{
    char word[32];
    sighting_t *s = NULL;
    if (!signed_with(w, algorithm))
        s = signed_see(w->z, FINDING_DNSSEC_ALGORITHM_INCOMPLETE, w->place, w->a->x,
                       "%s has no signature with algorithm %u (%s), which %s.",
                       signed_word(w->q, word), algorithm, dnssec_algorithm_name(algorithm),
                       of_ds ? "a DS record has" : "a DNSKEY has");
    if (s != NULL && of_ds)
        s->ds_algorithm = algorithm;
}

/* RFC 4035 2.2: every algorithm of the DS records signs the keys, every one of the keys all. */
static void algorithms_rule(const work_t *w)
{
    const nsp_msg_t *ds = &w->z->ds_reply->msg;
    bool seen[256] = {false};
    for (unsigned i = 0; i < w->z->own->count; i++) {
        uint8_t algorithm = w->z->own->key[i].algorithm;
        if (!seen[algorithm])
            miss_algorithm(w, algorithm, false);
        seen[algorithm] = true;
    }
    for (uint16_t i = 0; w->z->ds == DS_SOME && w->q == SIGNED_DNSKEY && i < ds->found[NSP_ANSWER];
         i++) {
        ds_t one;
        if (nsp_msg_rr(ds, NSP_ANSWER, i)->type != NSP_TYPE_DS ||
            !ds_read(ds, (uint16_t)(ds->first[NSP_ANSWER] + i), &one) || seen[one.algorithm])
            continue;
        miss_algorithm(w, one.algorithm, true);
        seen[one.algorithm] = true;
    }
}

static void records_one(signed_zone_t *z, size_t place, signed_question_t q)
{
    const signed_answer_t *a = &z->place[place].answer[q];
    const nsp_name_t *zone = &z->d->m->zone;
    work_t w = {.z = z, .place = place, .q = q, .a = a};
    if (a->count == 0)
        return;
    w.m = signed_message(z, a, 1);
    dnssec_verdict_t v = dnssec_check_rrset(w.m, NSP_ANSWER, zone, signed_type(q), z->own, a->now);
    if (v.status != DNSSEC_SECURE) {
        /* what is wrong with the keys as such is told, and so is it if none is fit to verify */
        if (v.status != DNSSEC_NO_DNSKEY && (q != SIGNED_DNSKEY || z->ds != DS_SOME))
            signed_see_verdict(z, verdict_finding(v.status, q == SIGNED_DNSKEY), place, q, &v);
        if (v.status == DNSSEC_NO_RRSIG)
            return;
    } else if (verdict_expires_soon(&v, a->now)) {
        signed_see_verdict(z, FINDING_DNSSEC_EXPIRES, place, q, &v);
    }
    /* a revoked key signs the keys, too (RFC 5011 2.1) */
    if (q == SIGNED_DNSKEY)
        dnssec_take_keys(w.m, zone, true, z->own);
    w.count = dnssec_audit(w.m, NSP_ANSWER, zone, signed_type(q), z->own, a->now, w.sig, &w.ttl);
    if (q == SIGNED_DNSKEY)
        dnssec_take_keys(w.m, zone, false, z->own);
    const dnssec_sig_t *good = good_one(&w);
    if (good != NULL) {
        stray_rule(&w);
        ttl_rule(&w, good);
        lifetime_rule(&w, good);
    }
    algorithms_rule(&w);
}

void signed_rules_records(signed_zone_t *z, size_t place)
{
    for (unsigned q = 0; q < SIGNED_NAME; q++)
        records_one(z, place, (signed_question_t)q);
}
