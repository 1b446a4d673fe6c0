/* The keys of a zone, and the DS records at its parent (RFC 4035 5.2). */
#include "dnssec/audit.h"
#include "dnssec/verify.h"

typedef struct ds_list {
    unsigned count; /* of those that are kept */
    unsigned seen;
    bool sha2; /* one that is kept has SHA-256 or SHA-384 */
    ds_t ds[DNSSEC_DS_MAX];
} ds_list_t;

uint16_t dnssec_key_tag(const uint8_t *rdata, size_t size)
{
    uint32_t sum = 0;
    if (size > 6 && rdata[3] == 1) /* RSA/MD5: the middle of the modulus' last octets */
        return (uint16_t)(rdata[size - 3] << 8 | rdata[size - 2]);
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 1 ? rdata[i] : (uint32_t)rdata[i] << 8;
    sum += sum >> 16 & 0xffff;
    return (uint16_t)(sum & 0xffff);
}

static void describe_ds(dnssec_verdict_t *v, const ds_t *ds)
{
    v->rr = ds->rr;
    v->key_tag = ds->key_tag;
    v->algorithm = ds->algorithm;
    v->digest_type = ds->digest_type;
}

/* The DS records in one section that can be used: algorithm and digest type are known. The first
 * that cannot be is described in *v. */
static void gather_ds(const nsp_msg_t *m, nsp_section_t section, const nsp_name_t *zone,
                      ds_list_t *list, dnssec_verdict_t *v)
{
    for (uint16_t i = 0; i < m->found[section] && list->seen < DNSSEC_DS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, section, i);
        ds_t ds;
        if (rr->type != NSP_TYPE_DS || rr->rclass != NSP_CLASS_IN || !nsp_rr_owner_is(m, rr, zone))
            continue;
        list->seen++;
        bool decodes = ds_read(m, (uint16_t)(m->first[section] + i), &ds);
        if (decodes && dnssec_algorithm_known(ds.algorithm) &&
            dnssec_digest_known(ds.digest_type)) {
            list->ds[list->count++] = ds;
            list->sha2 = list->sha2 || ds.digest_type != 1;
        } else if (v->rr == NSP_NO_RR) {
            describe_ds(v, &ds);
        }
    }
}

/* SHA-1 does not count beside SHA-256 or SHA-384 (RFC 4509 3). */
static void drop_sha1(ds_list_t *list)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < list->count; i++) {
        if (!list->sha2 || list->ds[i].digest_type != 1)
            list->ds[kept++] = list->ds[i];
    }
    list->count = kept;
}

/* What the DS records say of one DNSKEY. Keeps the status that comes nearest to a match, with the
 * DS that it is about. */
static bool match_ds(const ds_list_t *list, const nsp_name_t *zone, const dnskey_t *key,
                     dnssec_verdict_t *v)
{
    bool matched = false;
    for (unsigned i = 0; i < list->count && !matched; i++) {
        const ds_t *ds = &list->ds[i];
        if (ds->key_tag != key->tag || ds->algorithm != key->algorithm)
            continue;
        bool same = ds_is_of(ds, zone, key);
        matched = same && dnskey_fits(key);
        if (!matched && (v->status == DNSSEC_DS_NO_KEY || same)) {
            v->status = same ? DNSSEC_DS_KEY_UNFIT : DNSSEC_DS_DIGEST;
            describe_ds(v, ds);
        }
    }
    return matched;
}

void keys_add(dnssec_keys_t *keys, const dnskey_t *key, bool by_ds)
{
    dnssec_key_t *k = &keys->key[keys->count++];
    k->flags = key->flags;
    k->tag = key->tag;
    k->rr = key->rr;
    k->algorithm = key->algorithm;
    k->by_ds = by_ds;
    k->octets = key->key_size;
    memcpy(k->public_key, key->key, key->key_size);
}

/* Adds a DNSKEY to the zone's keys, when it is one that may verify (RFC 4034 2.1, RFC 5011 2.1).
 * False when there are too many. */
static bool add_key(const nsp_msg_t *m, uint16_t rr, const ds_list_t *list, dnssec_keys_t *keys,
                    dnssec_verdict_t *v)
{
    dnskey_t key;
    if (!dnskey_read(m, rr, &key))
        return true;
    bool by_ds = match_ds(list, &keys->zone, &key, v);
    if (by_ds && key.key_size > DNSSEC_KEY_OCTETS_MAX)
        v->status = DNSSEC_DS_KEY_UNFIT;
    if (!dnskey_fits(&key) || key.key_size > DNSSEC_KEY_OCTETS_MAX)
        return true;
    if (keys->count == DNSSEC_KEYS_MAX)
        return false;
    keys_add(keys, &key, by_ds);
    return true;
}

/* Reads the DNSKEYs; v comes to SECURE when a DS names one of them. */
static void gather_keys(const nsp_msg_t *m, const ds_list_t *list, dnssec_keys_t *keys,
                        dnssec_verdict_t *v)
{
    bool any = false;
    bool matched = false;
    *v = verdict_of(DNSSEC_DS_NO_KEY);
    describe_ds(v, &list->ds[0]);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != NSP_TYPE_DNSKEY || rr->rclass != NSP_CLASS_IN ||
            !nsp_rr_owner_is(m, rr, &keys->zone))
            continue;
        any = true;
        if (!add_key(m, (uint16_t)(m->first[NSP_ANSWER] + i), list, keys, v)) {
            v->status = DNSSEC_LIMIT;
            return;
        }
    }
    for (unsigned i = 0; i < keys->count; i++)
        matched = matched || keys->key[i].by_ds;
    if (!any)
        v->status = DNSSEC_NO_DNSKEY;
    else if (matched)
        v->status = DNSSEC_SECURE;
}

/* The DS records that count, or the verdict when there are none. */
static dnssec_verdict_t choose_ds(const nsp_msg_t *m, const nsp_name_t *zone, ds_list_t *list)
{
    dnssec_verdict_t v = verdict_of(DNSSEC_SECURE);
    list->count = 0;
    list->seen = 0;
    list->sha2 = false;
    gather_ds(m, NSP_ANSWER, zone, list, &v);
    if (list->seen == 0) /* in a referral */
        gather_ds(m, NSP_AUTHORITY, zone, list, &v);
    drop_sha1(list);
    if (list->seen == 0)
        v.status = DNSSEC_NO_DS;
    else if (list->count == 0)
        v.status = DNSSEC_UNSUPPORTED;
    return v;
}

dnssec_verdict_t dnssec_check_keys(const nsp_msg_t *ds_reply, const nsp_msg_t *dnskey_reply,
                                   const nsp_name_t *zone, int64_t now, dnssec_keys_t *keys)
{
    ds_list_t list;
    memset(keys, 0, sizeof *keys);
    keys->zone = *zone;
    dnssec_verdict_t v = choose_ds(ds_reply, zone, &list);
    if (v.status == DNSSEC_SECURE)
        gather_keys(dnskey_reply, &list, keys, &v);
    if (v.status == DNSSEC_SECURE) {
        verify_t work = {dnskey_reply, keys, now, 0, true};
        keys->status = DNSSEC_SECURE;
        v = verify_rrset(&work, NSP_ANSWER, zone, NSP_TYPE_DNSKEY);
    }
    keys->status = v.status;
    return v;
}
