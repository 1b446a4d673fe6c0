#include "dnssec/audit.h"

#include "dnssec/proof.h"
#include "dnssec/verify.h"

#define DNSKEY_ZONE   0x0100u /* RFC 4034 2.1.1 */
#define DNSKEY_REVOKE 0x0080u /* RFC 5011 3 */
#define DNSKEY_SEP    0x0001u

/* A reader of one record's RDATA. */
static nsp_reader_t reader_of(const nsp_msg_t *m, uint16_t rr)
{
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = m->rr[rr].rdata;
    r.end = (uint32_t)m->rr[rr].rdata + m->rr[rr].rdlength;
    return r;
}

bool dnskey_read(const nsp_msg_t *m, uint16_t rr, dnskey_t *out)
{
    nsp_reader_t r = reader_of(m, rr);
    nsp_reader_t whole = r;
    memset(out, 0, sizeof *out);
    out->rr = rr;
    out->size = m->rr[rr].rdlength;
    out->rdata = nsp_read_bytes(&whole, out->size);
    out->flags = nsp_read_u16(&r);
    out->protocol = nsp_read_u8(&r);
    out->algorithm = nsp_read_u8(&r);
    out->key_size = (uint16_t)nsp_left(&r);
    out->key = nsp_read_bytes(&r, out->key_size);
    if (r.err != NSP_OK || whole.err != NSP_OK)
        return false;
    out->tag = dnssec_key_tag(out->rdata, out->size);
    out->zone = (out->flags & DNSKEY_ZONE) != 0;
    out->revoked = (out->flags & DNSKEY_REVOKE) != 0;
    out->sep = (out->flags & DNSKEY_SEP) != 0;
    return true;
}

bool ds_read(const nsp_msg_t *m, uint16_t rr, ds_t *out)
{
    nsp_reader_t r = reader_of(m, rr);
    memset(out, 0, sizeof *out);
    out->rr = rr;
    out->key_tag = nsp_read_u16(&r);
    out->algorithm = nsp_read_u8(&r);
    out->digest_type = nsp_read_u8(&r);
    out->size = nsp_left(&r);
    out->digest = nsp_read_bytes(&r, (uint32_t)out->size);
    return r.err == NSP_OK;
}

bool ds_is_of(const ds_t *ds, const nsp_name_t *zone, const dnskey_t *key)
{
    uint8_t out[CRYPTO_DIGEST_MAX];
    nsp_name_t owner = *zone;
    nsp_name_lower(&owner);
    size_t n = crypto_digest(ds->digest_type, (octets_t){owner.octets, owner.len},
                             (octets_t){key->rdata, key->size}, out);
    return n > 0 && n == ds->size && memcmp(out, ds->digest, n) == 0;
}

bool dnskey_fits(const dnskey_t *key)
{
    return key->zone && !key->revoked && key->protocol == 3;
}

unsigned dnskey_bits(const dnskey_t *key)
{
    return crypto_key_bits(key->algorithm, (octets_t){key->key, key->key_size});
}

void dnssec_take_keys(const nsp_msg_t *reply, const nsp_name_t *zone, bool revoked,
                      dnssec_keys_t *keys)
{
    memset(keys, 0, sizeof *keys);
    keys->zone = *zone;
    keys->status = DNSSEC_NO_DNSKEY;
    for (uint16_t i = 0; i < reply->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(reply, NSP_ANSWER, i);
        dnskey_t key;
        if (rr->type != NSP_TYPE_DNSKEY || rr->rclass != NSP_CLASS_IN ||
            !nsp_rr_owner_is(reply, rr, zone) ||
            !dnskey_read(reply, (uint16_t)(reply->first[NSP_ANSWER] + i), &key))
            continue;
        key.revoked = key.revoked && !revoked;
        if (!dnskey_fits(&key) || key.key_size > DNSSEC_KEY_OCTETS_MAX)
            continue;
        if (keys->count == DNSSEC_KEYS_MAX) {
            keys->status = DNSSEC_LIMIT;
            return;
        }
        keys->status = DNSSEC_SECURE;
        keys_add(keys, &key, false);
    }
}

typedef struct audit {
    verify_t v;
    const rrset_t *set;
    dnssec_sig_t *out;
    size_t count;
} audit_t;

static void audit_one(audit_t *a, uint16_t index)
{
    rrsig_t sig;
    if (!rrsig_read(a->v.msg, index, &sig) || sig.covered != a->set->type ||
        a->count == DNSSEC_SIGS_MAX)
        return;
    dnssec_verdict_t v = verify_rrsig(&a->v, a->set, &sig);
    a->out[a->count++] = (dnssec_sig_t){.status = v.status,
                                        .rr = index,
                                        .key_tag = sig.key_tag,
                                        .algorithm = sig.algorithm,
                                        .wildcard = v.wildcard,
                                        .original_ttl = sig.original_ttl,
                                        .inception = v.inception,
                                        .expiration = v.expiration,
                                        .signer = sig.signer};
}

size_t dnssec_audit(const nsp_msg_t *reply, nsp_section_t section, const nsp_name_t *owner,
                    uint16_t type, const dnssec_keys_t *keys, int64_t now,
                    dnssec_sig_t out[DNSSEC_SIGS_MAX], uint32_t *ttl)
{
    rrset_t set;
    audit_t a = {.v = {.msg = reply, .keys = keys, .now = now}, .set = &set, .out = out};
    bool good = rrset_collect(reply, section, owner, type, &set) == DNSSEC_SECURE;
    *ttl = 0;
    for (uint16_t i = 0; good && i < reply->found[section]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(reply, section, i);
        if (rr->rclass != NSP_CLASS_IN || !nsp_rr_owner_is(reply, rr, owner))
            continue;
        if (rr->type == type && rr->ttl > *ttl)
            *ttl = rr->ttl;
        if (rr->type == NSP_TYPE_RRSIG)
            audit_one(&a, (uint16_t)(reply->first[section] + i));
    }
    rrset_free(&set);
    return a.count;
}

bool nsec3_params_read(const nsp_msg_t *m, uint16_t rr, nsec3_params_t *out)
{
    nsp_reader_t r = reader_of(m, rr);
    memset(out, 0, sizeof *out);
    out->hash = nsp_read_u8(&r);
    out->flags = nsp_read_u8(&r);
    out->iterations = nsp_read_u16(&r);
    out->salt_size = nsp_read_u8(&r);
    out->salt = nsp_read_bytes(&r, out->salt_size);
    return r.err == NSP_OK;
}

bool nsec3_params_equal(const nsec3_params_t *a, const nsec3_params_t *b)
{
    return a->hash == b->hash && a->iterations == b->iterations && a->salt_size == b->salt_size &&
           memcmp(a->salt, b->salt, a->salt_size) == 0;
}

uint16_t dnssec_type_denied(const nsp_msg_t *m, const nsp_name_t *zone, const nsp_name_t *name,
                            const uint16_t *types)
{
    octets_t bitmap;
    if (!nsec_types_at(m, zone, name, &bitmap) && !nsec3_types_at(m, zone, name, &bitmap))
        return 0;
    while (*types != 0 && proof_has_type(bitmap, *types))
        types++;
    return *types;
}
