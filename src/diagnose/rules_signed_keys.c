/* The DS records at the parent, and the keys of the zone. */
#include "diagnose/signed.h"
#include "diagnose/verdict_text.h"

#define RSA_SMALL 2048u /* bits below which a key is small, and far too small */
#define RSA_TINY  1024u

static bool is_key(const signed_zone_t *z, const nsp_msg_t *m, uint16_t i, dnskey_t *key)
{
    const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
    return rr->type == NSP_TYPE_DNSKEY && rr->rclass == NSP_CLASS_IN &&
           nsp_rr_owner_is(m, rr, &z->d->m->zone) &&
           dnskey_read(m, (uint16_t)(m->first[NSP_ANSWER] + i), key);
}

static bool is_ds(const signed_zone_t *z, uint16_t i, ds_t *ds)
{
    const nsp_msg_t *m = &z->ds_reply->msg;
    const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
    return rr->type == NSP_TYPE_DS && rr->rclass == NSP_CLASS_IN &&
           nsp_rr_owner_is(m, rr, &z->d->m->zone) &&
           ds_read(m, (uint16_t)(m->first[NSP_ANSWER] + i), ds);
}

/* Records of the answer section that are looked at: keys and DS records, with their signatures.
 * More than a validator would look at are not worth a word each. */
static uint16_t looked_at(const nsp_msg_t *m)
{
    uint16_t n = m->found[NSP_ANSWER];
    return n < 2 * DNSSEC_KEYS_MAX ? n : 2 * DNSSEC_KEYS_MAX;
}

/* --- DS --- */

/* Whether there is a better DS record for the same key. */
static bool has_better(const signed_zone_t *z, const ds_t *ds)
{
    for (uint16_t i = 0; i < looked_at(&z->ds_reply->msg); i++) {
        ds_t other;
        if (is_ds(z, i, &other) && other.key_tag == ds->key_tag &&
            other.algorithm == ds->algorithm &&
            dnssec_digest_advice(other.digest_type) == ADVICE_GOOD)
            return true;
    }
    return false;
}

static void digest_rule(signed_zone_t *z, const ds_t *ds)
{
    dnssec_advice_t advice = dnssec_digest_advice(ds->digest_type);
    if (advice == ADVICE_GOOD)
        return;
    bool better = has_better(z, ds);
    sighting_t *s = signed_see(z, FINDING_DNSSEC_DS_WEAK, SIGNED_NOWHERE, z->ds_by,
                               "The DS record with key tag %u has digest type %u (%s)%s.",
                               ds->key_tag, ds->digest_type, dnssec_digest_name(ds->digest_type),
                               better ? "; another for the same key is better"
                                      : ", and the key has no better one");
    if (s != NULL && better)
        s->severity = SEVERITY_NOTICE;
}

/* Whether the DS records lead to the keys of some address: only then is one that does not worth a
 * word of its own. */
static bool any_proved(signed_zone_t *z)
{
    for (size_t i = 0; i < z->place_count; i++) {
        const signed_answer_t *a = &z->place[i].answer[SIGNED_DNSKEY];
        if (z->place[i].keyed && dnssec_check_keys(&z->ds_reply->msg, signed_message(z, a, 0),
                                                   &z->d->m->zone, a->now, z->proved)
                                         .status == DNSSEC_SECURE)
            return true;
    }
    return false;
}

typedef enum match { MATCH_NONE, MATCH_TAG, MATCH_DIGEST } match_t;

/* How well a DS fits some key of a reply; *sep: the key that fits has the flag. */
static match_t match_of(const signed_zone_t *z, const ds_t *ds, const nsp_msg_t *m, bool *sep)
{
    match_t best = MATCH_NONE;
    for (uint16_t i = 0; i < looked_at(m); i++) {
        dnskey_t key;
        if (!is_key(z, m, i, &key) || key.tag != ds->key_tag || key.algorithm != ds->algorithm ||
            !dnskey_fits(&key))
            continue;
        best = best == MATCH_NONE ? MATCH_TAG : best;
        if (!ds_is_of(ds, &z->d->m->zone, &key))
            continue;
        *sep = key.sep;
        best = MATCH_DIGEST;
    }
    return best;
}

/* The same of the keys of all addresses: several signers, each with its own keys, have a DS record
 * each (RFC 8901 2.1.2), and no server has the keys of all when they do not exchange them. */
static match_t match_anywhere(signed_zone_t *z, const ds_t *ds, bool *sep)
{
    match_t best = MATCH_NONE;
    for (size_t i = 0; i < z->place_count && best != MATCH_DIGEST; i++) {
        if (!z->place[i].keyed)
            continue;
        match_t one =
            match_of(z, ds, signed_message(z, &z->place[i].answer[SIGNED_DNSKEY], 0), sep);
        best = one > best ? one : best;
    }
    return best;
}

/* DS records that lead nowhere beside one that leads to a key. */
static void match_rule(signed_zone_t *z)
{
    bool proved = any_proved(z);
    for (uint16_t i = 0; proved && i < looked_at(&z->ds_reply->msg); i++) {
        ds_t ds;
        bool sep = true;
        if (!is_ds(z, i, &ds))
            continue;
        match_t match = match_anywhere(z, &ds, &sep);
        sighting_t *s = NULL;
        if (match == MATCH_NONE || (match == MATCH_TAG && dnssec_digest_known(ds.digest_type)))
            s = signed_see(z, FINDING_DNSSEC_DS_UNUSED, SIGNED_NOWHERE, z->ds_by,
                           "The DS record with key tag %u and algorithm %u (%s) %s.", ds.key_tag,
                           ds.algorithm, dnssec_algorithm_name(ds.algorithm),
                           match == MATCH_NONE ? "fits no DNSKEY of the zone"
                                               : "has another digest than the key with its tag");
        if (s != NULL && match == MATCH_NONE)
            s->ds_algorithm = ds.algorithm;
        if (!sep)
            signed_see(z, FINDING_DNSSEC_SEP_MISSING, SIGNED_NOWHERE, z->ds_by,
                       "The DNSKEY with key tag %u, which a DS record names, has no SEP flag.",
                       ds.key_tag);
    }
}

static void no_ds_rule(signed_zone_t *z)
{
    char name[NSP_NAME_TEXT_MAX];
    const nsp_name_t *zone = &z->d->m->zone;
    signed_see(z, FINDING_DNSSEC_NO_DS, SIGNED_NOWHERE, z->ds_by,
               "%s has DNSKEY records, and its parent says that there is no DS record.",
               name_label(zone, name));
}

void signed_rules_ds(signed_zone_t *z)
{
    if (z->ds == DS_NONE)
        no_ds_rule(z);
    if (z->ds != DS_SOME)
        return;
    for (uint16_t i = 0; i < looked_at(&z->ds_reply->msg); i++) {
        ds_t ds;
        if (is_ds(z, i, &ds))
            digest_rule(z, &ds);
    }
    match_rule(z);
}

/* --- DNSKEY --- */

static void algorithm_rule(signed_zone_t *z, size_t place, const dnskey_t *key)
{
    const exchange_t *by = z->place[place].answer[SIGNED_DNSKEY].x;
    dnssec_advice_t advice = dnssec_algorithm_advice(key->algorithm);
    if (advice == ADVICE_GOOD)
        return;
    sighting_t *s = signed_see(z, FINDING_DNSSEC_ALGORITHM_WEAK, place, by,
                               "The key with tag %u has algorithm %u (%s), %s.", key->tag,
                               key->algorithm, dnssec_algorithm_name(key->algorithm),
                               advice == ADVICE_DISCOURAGED  ? "which is not recommended"
                               : advice == ADVICE_FORBIDDEN  ? "with which zones must not be signed"
                               : advice == ADVICE_UNASSIGNED ? "which means nothing"
                                                             : "which others do not know");
    if (s != NULL && advice == ADVICE_DISCOURAGED)
        s->severity = SEVERITY_NOTICE;
}

static bool is_rsa(uint8_t algorithm)
{
    return algorithm == 5 || algorithm == 7 || algorithm == 8 || algorithm == 10;
}

static void form_rule(signed_zone_t *z, size_t place, const dnskey_t *key)
{
    const exchange_t *by = z->place[place].answer[SIGNED_DNSKEY].x;
    unsigned bits = dnskey_bits(key);
    const char *wrong = NULL;
    if (key->protocol != 3)
        wrong = "has another protocol than 3";
    else if (!key->zone)
        wrong = "has no zone flag: it is none that signs zones";
    else if (bits == 0 && dnssec_algorithm_known(key->algorithm))
        wrong = "has a public key that does not fit its algorithm";
    if (wrong != NULL)
        signed_see(z, FINDING_DNSSEC_KEY_BROKEN, place, by, "The key with tag %u and flags %u %s.",
                   key->tag, key->flags, wrong);
    if (!is_rsa(key->algorithm) || bits == 0 || bits >= RSA_SMALL)
        return;
    sighting_t *s = signed_see(z, FINDING_DNSSEC_KEY_SMALL, place, by,
                               "The RSA key with tag %u has %u bits.", key->tag, bits);
    if (s != NULL && bits < RSA_TINY)
        s->severity = SEVERITY_WARNING;
}

/* Whether the DNSKEY records have a good signature by the key with this tag. */
static bool signs_keys(const dnssec_sig_t *sig, size_t count, uint16_t tag)
{
    for (size_t i = 0; i < count; i++)
        if (sig[i].key_tag == tag && sig[i].status == DNSSEC_SECURE)
            return true;
    return false;
}

static void revoked_rule(signed_zone_t *z, size_t place, const dnskey_t *key,
                         const dnssec_sig_t *sig, size_t count)
{
    if (!key->revoked || !key->zone)
        return;
    bool good = signs_keys(sig, count, key->tag);
    sighting_t *s = signed_see(
        z, FINDING_DNSSEC_KEY_REVOKED, place, z->place[place].answer[SIGNED_DNSKEY].x,
        "The key with tag %u is revoked%s.", key->tag,
        good ? "" : ", and does not sign the DNSKEY records: nobody believes that it is");
    if (s != NULL && !good)
        s->severity = SEVERITY_WARNING;
}

/* The chain to the keys of a place, as far as the parent leads to it. */
static void chain_rule(signed_zone_t *z, const nsp_msg_t *m, size_t place)
{
    const signed_answer_t *a = &z->place[place].answer[SIGNED_DNSKEY];
    bool keyed_elsewhere = false;
    dnssec_verdict_t v = dnssec_check_keys(&z->ds_reply->msg, m, &z->d->m->zone, a->now, z->proved);
    for (size_t i = 0; i < z->place_count; i++)
        keyed_elsewhere = keyed_elsewhere || z->place[i].keyed;
    for (unsigned i = 0; i < z->proved->count; i++)
        z->place[place].led = z->place[place].led || z->proved->key[i].by_ds;
    z->place[place].s->ds_digest = v.status == DNSSEC_DS_DIGEST;
    if (v.status == DNSSEC_NO_DNSKEY && keyed_elsewhere)
        signed_see(z, FINDING_DNSSEC_UNSIGNED, place, a->x,
                   "There are no DNSKEY records here: it is an unsigned copy of the zone. "
                   "Validating resolvers that ask here must ask elsewhere, or answer SERVFAIL.");
    else
        signed_see_verdict(z, verdict_finding(v.status, true), place, SIGNED_DNSKEY, &v);
}

void signed_rules_keys(signed_zone_t *z, size_t place)
{
    const signed_answer_t *a = &z->place[place].answer[SIGNED_DNSKEY];
    const nsp_msg_t *m = signed_message(z, a, 0);
    dnssec_verdict_t none = {.status = DNSSEC_NO_ANSWER, .rr = NSP_NO_RR};
    dnssec_sig_t sig[DNSSEC_SIGS_MAX];
    size_t count = 0;
    uint32_t ttl = 0;
    z->own->status = z->proved->status = DNSSEC_NO_DNSKEY;
    if (m == NULL) {
        if (z->ds == DS_SOME && !z->place[place].s->flapping)
            signed_see_verdict(z, FINDING_DNSSEC_NO_ANSWER, place, SIGNED_DNSKEY, &none);
        return;
    }
    dnssec_take_keys(m, &z->d->m->zone, true, z->own);
    count = dnssec_audit(m, NSP_ANSWER, &z->d->m->zone, NSP_TYPE_DNSKEY, z->own, a->now, sig, &ttl);
    for (uint16_t i = 0; i < looked_at(m); i++) {
        dnskey_t key;
        if (!is_key(z, m, i, &key))
            continue;
        algorithm_rule(z, place, &key);
        form_rule(z, place, &key);
        revoked_rule(z, place, &key, sig, count);
    }
    if (z->ds == DS_SOME)
        chain_rule(z, m, place);
    dnssec_take_keys(m, &z->d->m->zone, false, z->own);
}
