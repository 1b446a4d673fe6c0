/* Proofs that there is nothing: NSEC and NSEC3, at one address and among all. */
#include "diagnose/signed.h"
#include "diagnose/verdict_text.h"
#include "exchange/noun.h"

/* Iterations from which on validators give up (RFC 9276 3.2: 100 was the first limit). */
#define ITERATIONS_BAD 100u
#define TYPES_MAX      8

/* --- one address --- */

static void iterations_rule(signed_zone_t *z, size_t place, const exchange_t *by,
                            const nsec3_params_t *p)
{
    if (p->iterations > 0) {
        sighting_t *s = signed_see(
            z, FINDING_DNSSEC_NSEC3_ITERATIONS, place, by, "NSEC3 with %u extra %s%s.",
            p->iterations, noun(p->iterations, "iteration", "iterations"),
            p->iterations > ITERATIONS_BAD ? ": more than validators take, for which the zone is "
                                             "as good as unsigned, or broken"
                                           : "");
        if (s != NULL && p->iterations > ITERATIONS_BAD)
            s->severity = SEVERITY_ERROR;
    }
    if (p->salt_size > 0)
        signed_see(z, FINDING_DNSSEC_NSEC3_SALT, place, by, "NSEC3 with a salt of %u %s.",
                   p->salt_size, noun_octets(p->salt_size));
    if ((p->flags & 1) != 0)
        signed_see(z, FINDING_DNSSEC_OPT_OUT, place, by, "NSEC3 with opt-out.");
    if (p->hash != 1)
        signed_see(z, FINDING_DNSSEC_DENIAL_MIXED, place, by,
                   "NSEC3 has hash algorithm %u; there is none but 1 (SHA-1).", p->hash);
}

/* What an answer proves with. */
static void scan(signed_zone_t *z, size_t place, const signed_answer_t *a, const nsp_msg_t *m)
{
    signed_place_t *p = &z->place[place];
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        nsec3_params_t params;
        p->nsec = p->nsec || rr->type == NSP_TYPE_NSEC;
        if (rr->type != NSP_TYPE_NSEC3 ||
            !nsec3_params_read(m, (uint16_t)(m->first[NSP_AUTHORITY] + i), &params))
            continue;
        p->nsec3 = true;
        if (p->has_params && !nsec3_params_equal(&p->params, &params))
            signed_see(z, FINDING_DNSSEC_DENIAL_MIXED, place, a->x,
                       "NSEC3 records have different parameters: %u and %u iterations, salts of "
                       "%u and %u %s.",
                       p->params.iterations, params.iterations, p->params.salt_size,
                       params.salt_size, noun_octets(params.salt_size));
        if (p->has_params && p->params.flags == params.flags)
            continue;
        iterations_rule(z, place, a->x, &params);
        if (p->has_params)
            continue;
        p->has_params = true;
        p->params = params;
    }
}

/* The parameters that NSEC3PARAM tells secondaries (RFC 5155 4). */
static void param_rule(signed_zone_t *z, size_t place)
{
    signed_place_t *p = &z->place[place];
    const signed_answer_t *a = &p->answer[SIGNED_NSEC3PARAM];
    const nsp_msg_t *m = signed_message(z, a, 1);
    bool matches = false;
    if (m == NULL)
        return;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        nsec3_params_t params;
        if (nsp_msg_rr(m, NSP_ANSWER, i)->type == NSP_TYPE_NSEC3PARAM &&
            nsec3_params_read(m, (uint16_t)(m->first[NSP_ANSWER] + i), &params))
            matches = matches || (p->has_params && nsec3_params_equal(&params, &p->params));
    }
    if (p->nsec3 && a->count == 0)
        signed_see(z, FINDING_DNSSEC_DENIAL_MIXED, place, a->x,
                   "There are NSEC3 records, and no NSEC3PARAM record.");
    else if (p->nsec3 && !matches)
        signed_see(z, FINDING_DNSSEC_DENIAL_MIXED, place, a->x,
                   "The NSEC3PARAM record has other parameters than the NSEC3 records.");
    else if (p->nsec && !p->nsec3 && a->count > 0)
        signed_see(z, FINDING_DNSSEC_DENIAL_MIXED, place, a->x,
                   "There is an NSEC3PARAM record, and what is proved is proved with NSEC.");
    if (p->nsec && p->nsec3)
        signed_see(z, FINDING_DNSSEC_DENIAL_MIXED, place, a->x,
                   "Some proofs are NSEC records, others NSEC3.");
}

/* The record at the zone's own name must list what is there. */
static void types_rule(signed_zone_t *z, size_t place, const signed_answer_t *a, const nsp_msg_t *m)
{
    uint16_t types[TYPES_MAX + 2] = {0};
    char text[16];
    size_t n = 0;
    for (unsigned q = 0; q < SIGNED_NAME; q++)
        if (z->place[place].answer[q].count > 0)
            types[n++] = signed_type((signed_question_t)q);
    types[n] = NSP_TYPE_RRSIG;
    uint16_t denied = dnssec_type_denied(m, &z->d->m->zone, &z->d->m->zone, types);
    if (denied != 0)
        signed_see(z, FINDING_DNSSEC_DENIAL_TYPES, place, a->x,
                   "The proof about the zone's own name does not list %s, which is there.",
                   nsp_type_text(denied, text));
}

static void proof_rule(signed_zone_t *z, size_t place, signed_question_t q)
{
    const signed_answer_t *a = &z->place[place].answer[q];
    const nsp_msg_t *m = signed_message(z, a, 1);
    if (m == NULL || (q != SIGNED_NAME && a->count > 0))
        return;
    scan(z, place, a, m);
    types_rule(z, place, a, m);
    if (z->own->status != DNSSEC_SECURE)
        return;
    dnssec_verdict_t v = dnssec_check_answer(m, &a->x->qname, signed_type(q), z->own, a->now);
    signed_see_verdict(z,
                       verdict_expires_soon(&v, a->now) ? FINDING_DNSSEC_EXPIRES
                                                        : verdict_finding(v.status, false),
                       place, q, &v);
}

void signed_rules_denial(signed_zone_t *z, size_t place)
{
    for (unsigned q = SIGNED_CDS; q < SIGNED_COUNT; q++)
        proof_rule(z, place, (signed_question_t)q);
    proof_rule(z, place, SIGNED_TXT);
    param_rule(z, place);
}

/* --- all addresses --- */

static bool has_word(const signed_place_t *p, signed_question_t q)
{
    return p->counts && p->answer[q].reply != NULL;
}

/* Whether another with an answer has a newer version of the zone. */
static bool is_behind(const signed_zone_t *z, const signed_place_t *p, signed_question_t q)
{
    for (size_t i = 0; i < z->place_count; i++)
        if (has_word(&z->place[i], q) && signed_is_newer(z, &z->place[i], p))
            return true;
    return false;
}

/* The address, among those with the newest copy, whose word most others have, too; the first one
 * when it is a draw. NULL when all that were asked agree. */
static const signed_place_t *most(const signed_zone_t *z, signed_question_t q)
{
    const signed_place_t *best = NULL;
    unsigned best_votes = 0;
    unsigned asked = 0;
    bool best_old = false;
    for (size_t i = 0; i < z->place_count; i++) {
        const signed_place_t *p = &z->place[i];
        unsigned votes = 0;
        if (!has_word(p, q))
            continue;
        asked++;
        for (size_t k = 0; k < z->place_count; k++) {
            const signed_place_t *o = &z->place[k];
            votes += has_word(o, q) && o->answer[q].count == p->answer[q].count &&
                     o->answer[q].digest == p->answer[q].digest;
        }
        bool old = is_behind(z, p, q);
        if (best == NULL || (best_old && !old) || (best_old == old && votes > best_votes)) {
            best_votes = votes;
            best_old = old;
            best = p;
        }
    }
    return best_votes < asked ? best : NULL;
}

/* Whether what one address signs verifies with its own keys, and not with those of the other. */
static bool is_foreign(signed_zone_t *z, const signed_place_t *p, const signed_place_t *other)
{
    const signed_answer_t *a = &p->answer[SIGNED_SOA];
    const nsp_name_t *zone = &z->d->m->zone;
    dnssec_status_t status[2];
    if (a->count == 0 || p->answer[SIGNED_DNSKEY].count == 0 ||
        other->answer[SIGNED_DNSKEY].count == 0)
        return false;
    const nsp_msg_t *m = signed_message(z, a, 1);
    for (unsigned i = 0; i < 2; i++) {
        const signed_place_t *by = i == 0 ? p : other;
        dnssec_take_keys(signed_message(z, &by->answer[SIGNED_DNSKEY], 0), zone, false, z->own);
        status[i] = dnssec_check_rrset(m, NSP_ANSWER, zone, NSP_TYPE_SOA, z->own, a->now).status;
    }
    return status[0] == DNSSEC_SECURE && dnssec_status_class(status[1]) == DNSSEC_CLASS_BOGUS;
}

/* Different keys do no harm as long as each address has those that the others sign with. Where one
 * lacks them, whoever has its keys in the cache and asks another verifies in vain (RFC 8901 2.1).
 * Empty when no harm is done, or the copy is an old one, which is told and may be on its way. */
static const char *say_foreign(signed_zone_t *z, const signed_place_t *p, const signed_place_t *ref)
{
    if (signed_is_newer(z, ref, p))
        return "";
    bool here = is_foreign(z, p, ref);
    bool there = is_foreign(z, ref, p);
    if (here && there)
        return " What either signs does not verify with the keys of the other: validating "
               "resolvers that mix the two answer SERVFAIL.";
    if (here)
        return " What is signed here does not verify with the keys there: validating resolvers "
               "that mix the two answer SERVFAIL.";
    return there ? " What is signed there does not verify with the keys here: validating resolvers "
                   "that mix the two answer SERVFAIL."
                 : "";
}

static void differ(signed_zone_t *z, signed_question_t q, finding_id_t id, const char *what)
{
    const signed_place_t *ref = most(z, q);
    char label[LABEL_MAX];
    for (size_t i = 0; ref != NULL && i < z->place_count; i++) {
        const signed_place_t *p = &z->place[i];
        char ours[80] = "";
        char theirs[80] = "";
        nsp_text_t t;
        if (!p->counts || p->answer[q].reply == NULL ||
            (p->answer[q].count == ref->answer[q].count &&
             p->answer[q].digest == ref->answer[q].digest))
            continue;
        const char *harm = q == SIGNED_DNSKEY ? say_foreign(z, p, ref) : "";
        nsp_text_begin(&t, ours, sizeof ours);
        verdict_add_tags(&t, signed_message(z, &p->answer[q], 0), &z->d->m->zone, signed_type(q));
        nsp_text_begin(&t, theirs, sizeof theirs);
        verdict_add_tags(&t, signed_message(z, &ref->answer[q], 0), &z->d->m->zone, signed_type(q));
        sighting_t *s = signed_see(z, id, i, p->answer[q].x,
                                   "Key tags of the %s records here: %s; at %s: %s.%s", what, ours,
                                   subject_label(z->d, ref->s, label), theirs, harm);
        if (s == NULL)
            continue;
        s->other = ref->answer[q].x;
        s->severity = *harm != '\0' ? SEVERITY_ERROR : -1;
    }
}

/* NSEC here and NSEC3 there, or other parameters. The first address with a proof is the measure. */
static void denial_differs(signed_zone_t *z)
{
    const signed_place_t *ref = NULL;
    char label[LABEL_MAX];
    for (size_t i = 0; i < z->place_count; i++) {
        const signed_place_t *p = &z->place[i];
        if (!p->nsec && !p->nsec3)
            continue;
        ref = ref == NULL ? p : ref;
        bool kind = p->nsec3 != ref->nsec3;
        if (!kind &&
            !(p->has_params && ref->has_params && !nsec3_params_equal(&p->params, &ref->params)))
            continue;
        signed_see(z, FINDING_DNSSEC_DENIAL_MIXED, i, p->answer[SIGNED_NAME].x,
                   kind ? "%s here; another kind of proof at %s."
                        : "%s here with other parameters than at %s.",
                   p->nsec3 ? "NSEC3" : "NSEC", subject_label(z->d, ref->s, label));
    }
}

void signed_rules_agree(signed_zone_t *z)
{
    differ(z, SIGNED_DNSKEY, FINDING_DNSSEC_KEYS_DIFFER, "DNSKEY");
    differ(z, SIGNED_CDS, FINDING_DNSSEC_CDS_DIFFERS, "CDS");
    differ(z, SIGNED_CDNSKEY, FINDING_DNSSEC_CDS_DIFFERS, "CDNSKEY");
    denial_differs(z);
}
