#include "dnssec/verify.h"

#include <stdlib.h>

dnssec_verdict_t verdict_of(dnssec_status_t status)
{
    dnssec_verdict_t v;
    memset(&v, 0, sizeof v);
    v.status = status;
    v.rr = NSP_NO_RR;
    return v;
}

void verdict_add(dnssec_verdict_t *all, const dnssec_verdict_t *part)
{
    unsigned tries = all->tries + part->tries;
    bool wildcard = all->wildcard || part->wildcard;
    bool worse = all->status == DNSSEC_SECURE && part->status != DNSSEC_SECURE;
    bool sooner = all->status == part->status && part->has_rrsig &&
                  (!all->has_rrsig || part->expiration < all->expiration);
    if (worse || sooner)
        *all = *part;
    all->tries = tries;
    all->wildcard = wildcard;
}

/* A 32-bit time as seconds since 1970: the one nearest to now (RFC 4034 3.1.5, RFC 1982). */
static int64_t unwrap_time(uint32_t t, int64_t now)
{
    uint32_t diff = t - (uint32_t)now;
    return diff < 0x80000000u ? now + (int64_t)diff : now - (int64_t)(uint32_t)(0u - diff);
}

/* How near a status comes to a good signature: what is told when none is good. */
static unsigned nearness(dnssec_status_t s)
{
    static const dnssec_status_t order[] = {
        DNSSEC_NO_RRSIG,      DNSSEC_MALFORMED,       DNSSEC_SIG_UNSUPPORTED, DNSSEC_SIGNER,
        DNSSEC_LABELS,        DNSSEC_KEYS_NOT_SIGNED, DNSSEC_KEY_MISSING,     DNSSEC_BAD_SIGNATURE,
        DNSSEC_NOT_YET_VALID, DNSSEC_EXPIRED,         DNSSEC_LIMIT,           DNSSEC_MEMORY,
        DNSSEC_SECURE};
    unsigned n = 0;
    while (n < sizeof order / sizeof order[0] && order[n] != s)
        n++;
    return n;
}

static void describe(dnssec_verdict_t *v, const rrsig_t *sig, int64_t now)
{
    v->rr = sig->rr;
    v->key_tag = sig->key_tag;
    v->algorithm = sig->algorithm;
    v->has_rrsig = true;
    v->inception = unwrap_time(sig->inception, now);
    v->expiration = unwrap_time(sig->expiration, now);
    v->signer = sig->signer;
}

/* RFC 4035 5.3.1: all that can be said without the key. */
static dnssec_status_t check_fields(const verify_t *v, const rrset_t *set, const rrsig_t *sig)
{
    if (!nsp_name_equal(&sig->signer, &v->keys->zone))
        return DNSSEC_SIGNER;
    if (sig->labels > rrset_labels(&set->owner))
        return DNSSEC_LABELS;
    return dnssec_algorithm_known(sig->algorithm) ? DNSSEC_SECURE : DNSSEC_SIG_UNSUPPORTED;
}

static bool key_fits(const verify_t *v, const dnssec_key_t *key, const rrsig_t *sig)
{
    return key->tag == sig->key_tag && key->algorithm == sig->algorithm &&
           (key->by_ds || !v->by_ds);
}

/* Tries the keys that the signature may mean: several may share a tag (RFC 4034 5.4), but only so
 * many are tried (CVE-2023-50387). */
static dnssec_status_t try_keys(verify_t *v, const rrsig_t *sig, octets_t data)
{
    unsigned fitting = 0;
    for (unsigned i = 0; i < v->keys->count; i++) {
        const dnssec_key_t *key = &v->keys->key[i];
        if (!key_fits(v, key, sig))
            continue;
        if (fitting == DNSSEC_TAG_KEYS_MAX || v->tries == DNSSEC_TRIES_MAX)
            return DNSSEC_LIMIT;
        fitting++;
        v->tries++;
        octets_t k = {key->public_key, key->octets};
        if (crypto_verify(sig->algorithm, k, data, sig->signature))
            return DNSSEC_SECURE;
    }
    return DNSSEC_BAD_SIGNATURE;
}

static bool any_key_fits(const verify_t *v, const rrsig_t *sig)
{
    for (unsigned i = 0; i < v->keys->count; i++) {
        if (key_fits(v, &v->keys->key[i], sig))
            return true;
    }
    return false;
}

/* The clock comes last, so that a signature that is called expired is otherwise good. */
static dnssec_status_t check_rrsig(verify_t *v, const rrset_t *set, const rrsig_t *sig)
{
    dnssec_status_t s = check_fields(v, set, sig);
    if (s != DNSSEC_SECURE)
        return s;
    if (!any_key_fits(v, sig))
        return v->by_ds ? DNSSEC_KEYS_NOT_SIGNED : DNSSEC_KEY_MISSING;
    size_t size = 0;
    uint8_t *data = rrset_signed_data(set, sig, &size);
    if (data == NULL)
        return DNSSEC_MEMORY;
    s = try_keys(v, sig, (octets_t){data, size});
    free(data);
    if (s != DNSSEC_SECURE)
        return s;
    if (unwrap_time(sig->expiration, v->now) < v->now)
        return DNSSEC_EXPIRED;
    return unwrap_time(sig->inception, v->now) > v->now ? DNSSEC_NOT_YET_VALID : DNSSEC_SECURE;
}

dnssec_verdict_t verify_rrsig(verify_t *v, const rrset_t *set, const rrsig_t *sig)
{
    dnssec_verdict_t out = verdict_of(check_rrsig(v, set, sig));
    out.wildcard = sig->labels < rrset_labels(&set->owner);
    describe(&out, sig, v->now);
    return out;
}

/* One RRSIG record: keeps its verdict when it comes nearer than what was seen. */
static void look_at_rrsig(verify_t *v, const rrset_t *set, uint16_t index, dnssec_verdict_t *best)
{
    rrsig_t sig;
    if (!rrsig_read(v->msg, index, &sig)) {
        if (nearness(DNSSEC_MALFORMED) > nearness(best->status)) {
            *best = verdict_of(DNSSEC_MALFORMED);
            best->rr = index;
        }
        return;
    }
    if (sig.covered != set->type)
        return;
    dnssec_verdict_t one = verify_rrsig(v, set, &sig);
    bool later = one.status == best->status && one.status == DNSSEC_EXPIRED &&
                 one.expiration > best->expiration;
    if (nearness(one.status) > nearness(best->status) || later)
        *best = one;
}

static dnssec_verdict_t check_all_rrsigs(verify_t *v, nsp_section_t section, const rrset_t *set)
{
    dnssec_verdict_t best = verdict_of(DNSSEC_NO_RRSIG);
    best.rr = set->first;
    for (uint16_t i = 0; i < v->msg->found[section]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(v->msg, section, i);
        if (rr->type != NSP_TYPE_RRSIG || rr->rclass != NSP_CLASS_IN ||
            !nsp_rr_owner_is(v->msg, rr, &set->owner))
            continue;
        look_at_rrsig(v, set, (uint16_t)(v->msg->first[section] + i), &best);
        if (best.status == DNSSEC_SECURE || best.status == DNSSEC_LIMIT)
            break;
    }
    return best;
}

dnssec_verdict_t verify_rrset(verify_t *v, nsp_section_t section, const nsp_name_t *owner,
                              uint16_t type)
{
    if (v->keys->status != DNSSEC_SECURE)
        return verdict_of(v->keys->status);
    rrset_t set;
    unsigned before = v->tries;
    dnssec_verdict_t out;
    dnssec_status_t s = rrset_collect(v->msg, section, owner, type, &set);
    if (s == DNSSEC_SECURE) {
        out = check_all_rrsigs(v, section, &set);
    } else {
        out = verdict_of(s);
        out.rr = set.first;
    }
    rrset_free(&set);
    out.tries = v->tries - before;
    return out;
}
