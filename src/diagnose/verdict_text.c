#include "diagnose/verdict_text.h"

#include <stdio.h>
#include <time.h>

#include "diagnose/facts.h"
#include "dnssec/audit.h"

#define HOUR     INT64_C(3600)
#define DAY      (24 * HOUR)
#define TAGS_MAX 6

finding_id_t verdict_finding(dnssec_status_t status, bool keys)
{
    switch (status) {
    case DNSSEC_NO_DNSKEY:
    case DNSSEC_DS_NO_KEY:
    case DNSSEC_DS_DIGEST:
    case DNSSEC_DS_KEY_UNFIT:
        return FINDING_DNSSEC_DS_MISMATCH;
    case DNSSEC_UNSUPPORTED:
        return FINDING_DNSSEC_UNKNOWN_ALGORITHM;
    case DNSSEC_EXPIRED:
        return FINDING_DNSSEC_EXPIRED;
    case DNSSEC_NOT_YET_VALID:
        return FINDING_DNSSEC_NOT_YET_VALID;
    case DNSSEC_NO_RRSIG:
        return FINDING_DNSSEC_UNSIGNED;
    case DNSSEC_NO_DENIAL:
    case DNSSEC_DENIAL:
    case DNSSEC_WILDCARD:
        return FINDING_DNSSEC_NO_DENIAL;
    case DNSSEC_NO_ANSWER:
        return keys ? FINDING_DNSSEC_NO_ANSWER : FINDING_COUNT;
    default:
        return dnssec_status_class(status) == DNSSEC_CLASS_BOGUS ? FINDING_DNSSEC_BAD_SIGNATURE
                                                                 : FINDING_COUNT;
    }
}

bool verdict_expires_soon(const dnssec_verdict_t *v, int64_t now)
{
    int64_t left = v->expiration - now;
    int64_t whole = v->expiration - v->inception;
    return v->status == DNSSEC_SECURE && v->has_rrsig &&
           ((left < 7 * DAY && left < whole / 10) || (left < 12 * HOUR && left < whole / 2));
}

const char *verdict_time(int64_t seconds, char buf[32])
{
    time_t at = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&at, &tm) == NULL || strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(buf, 32, "an unknown time");
    return buf;
}

/* Key tags of the records of one type. */
static unsigned gather_tags(const nsp_msg_t *m, const nsp_name_t *owner, uint16_t type,
                            uint16_t tags[TAGS_MAX])
{
    unsigned n = 0;
    for (uint16_t i = 0; i < m->rr_count && n < TAGS_MAX; i++) {
        const nsp_rr_t *rr = &m->rr[i];
        ds_t ds = {.rr = i};
        dnskey_t key = {.rr = i};
        if (rr->type != type || rr->rclass != NSP_CLASS_IN || !nsp_rr_owner_is(m, rr, owner))
            continue;
        bool of_key = type == NSP_TYPE_DNSKEY || type == NSP_TYPE_CDNSKEY;
        if (of_key ? dnskey_read(m, i, &key) : ds_read(m, i, &ds))
            tags[n++] = of_key ? key.tag : ds.key_tag;
    }
    return n;
}

static void add_tags(nsp_text_t *t, const uint16_t *tags, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        nsp_text_printf(t, "%s%u", i > 0 ? ", " : "", tags[i]);
    if (n == 0)
        nsp_text_str(t, "none");
}

void verdict_add_tags(nsp_text_t *t, const nsp_msg_t *m, const nsp_name_t *owner, uint16_t type)
{
    uint16_t tags[TAGS_MAX];
    add_tags(t, tags, m != NULL ? gather_tags(m, owner, type, tags) : 0);
}

static unsigned gather_ksk(const nsp_msg_t *m, const nsp_name_t *owner, bool sep,
                           uint16_t tags[TAGS_MAX])
{
    unsigned n = 0;
    for (uint16_t i = 0; m != NULL && i < m->rr_count && n < TAGS_MAX; i++) {
        dnskey_t key = {.rr = i};
        if (m->rr[i].type == NSP_TYPE_DNSKEY && m->rr[i].rclass == NSP_CLASS_IN &&
            nsp_rr_owner_is(m, &m->rr[i], owner) && dnskey_read(m, i, &key) && dnskey_fits(&key) &&
            (key.sep || !sep))
            tags[n++] = key.tag;
    }
    return n;
}

void verdict_add_ksk_tags(nsp_text_t *t, const nsp_msg_t *m, const nsp_name_t *owner)
{
    uint16_t tags[TAGS_MAX];
    unsigned n = gather_ksk(m, owner, true, tags);
    n = n > 0 ? n : gather_ksk(m, owner, false, tags);
    add_tags(t, tags, n);
}

void verdict_say_ds(nsp_text_t *t, const char *ds_tags, const char *key_tags,
                    const nsp_name_t *zone, dnssec_status_t status, const char *effect)
{
    char name[NSP_NAME_TEXT_MAX];
    nsp_text_printf(t,
                    "The parent's DS records for %s have key tags %s; the zone's DNSKEY records "
                    "have %s: %s. %s",
                    name_label(zone, name), ds_tags, key_tags, dnssec_status_text(status), effect);
}

/* "3 days", "5 hours", "20 minutes" */
static void add_span(nsp_text_t *t, int64_t seconds)
{
    int64_t n = seconds < 0 ? -seconds : seconds;
    if (n >= 2 * DAY)
        nsp_text_printf(t, "%lld days", (long long)(n / DAY));
    else if (n >= 2 * HOUR)
        nsp_text_printf(t, "%lld hours", (long long)(n / HOUR));
    else
        nsp_text_printf(t, "%lld minutes", (long long)(n / 60));
}

static void say_time(nsp_text_t *t, finding_id_t id, const dnssec_verdict_t *v,
                     const char *subjects, int64_t now, const char *effect)
{
    char when[32];
    char clock[32];
    bool later = id == FINDING_DNSSEC_NOT_YET_VALID;
    int64_t at = later ? v->inception : v->expiration;
    const char *verb = later                          ? "is valid only from"
                       : id == FINDING_DNSSEC_EXPIRED ? "expired at"
                                                      : "expires at";
    nsp_text_printf(t, "The signature of %s %s %s (", subjects, verb, verdict_time(at, when));
    if (at > now)
        nsp_text_str(t, "in ");
    add_span(t, at - now);
    nsp_text_printf(t, "%s; key tag %u).", at > now ? "" : " ago", v->key_tag);
    if (id != FINDING_DNSSEC_EXPIRES)
        nsp_text_printf(t, " %s If this machine's clock (%s) is wrong, so is this.", effect,
                        verdict_time(now, clock));
}

static void say_status(nsp_text_t *t, const dnssec_verdict_t *v, const char *subjects,
                       const char *effect)
{
    char name[NSP_NAME_TEXT_MAX];
    nsp_text_printf(t, "About %s: %s", subjects, dnssec_status_text(v->status));
    if (v->status == DNSSEC_SIGNER && v->has_rrsig)
        nsp_text_printf(t, ", but %s", name_label(&v->signer, name));
    if (v->has_rrsig)
        nsp_text_printf(t, " (key tag %u)", v->key_tag);
    nsp_text_printf(t, ". %s", effect);
}

void verdict_say(nsp_text_t *t, finding_id_t id, const dnssec_verdict_t *v, const char *subjects,
                 int64_t now, const char *effect)
{
    switch (id) {
    case FINDING_DNSSEC_EXPIRED:
    case FINDING_DNSSEC_NOT_YET_VALID:
    case FINDING_DNSSEC_EXPIRES:
        say_time(t, id, v, subjects, now, effect);
        break;
    case FINDING_DNSSEC_UNSIGNED:
        nsp_text_printf(t, "Without signature, although the zone is signed: %s. %s", subjects,
                        effect);
        break;
    case FINDING_DNSSEC_NO_ANSWER:
        nsp_text_printf(t, "Asked with DO, there is no usable answer for %s. %s", subjects, effect);
        break;
    default:
        say_status(t, v, subjects, effect);
        break;
    }
}

bool verdict_cured_by_transfer(finding_id_t id)
{
    return id == FINDING_DNSSEC_DS_MISMATCH || id == FINDING_DNSSEC_EXPIRED ||
           id == FINDING_DNSSEC_UNSIGNED || id == FINDING_DNSSEC_BAD_SIGNATURE ||
           id == FINDING_DNSSEC_NO_DENIAL || id == FINDING_DNSSEC_EXPIRES;
}

void verdict_fix_transfer(finding_t *f, const char *label)
{
    finding_set_fix(f,
                    "Other servers have it right: look why %s does not take their copy of the zone "
                    "over (transfers, TSIG key, NOTIFY), and have it do so.",
                    label);
}

void verdict_fix_ds(finding_t *f, const char *where, const char *zone, const char *key_tags,
                    const dnssec_verdict_t *v)
{
    if (v->status == DNSSEC_NO_DNSKEY)
        finding_set_fix(f,
                        "%s, remove the DS record of %s; or sign the zone with the key that the "
                        "DS record names.",
                        where, zone);
    else if (v->status == DNSSEC_DS_DIGEST)
        finding_set_fix(f,
                        "%s, replace the DS record of %s with key tag %u by one that is made anew, "
                        "for this very name, of the key that the zone has (key tag %s); or remove "
                        "it when the zone is not to be signed.",
                        where, zone, v->key_tag, key_tags);
    else
        finding_set_fix(f,
                        "%s, replace the DS record of %s by one for a key that the zone has (key "
                        "tag %s), or remove it when the zone is not to be signed.",
                        where, zone, key_tags);
}
