#include "signer.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

static EVP_PKEY *make_key(uint8_t algorithm, unsigned bits)
{
    switch (algorithm) {
    case 13:
        return EVP_EC_gen("P-256");
    case 14:
        return EVP_EC_gen("P-384");
    case 15:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case 16:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    default:
        return EVP_RSA_gen(bits);
    }
}

/* RFC 3110 2, RFC 6605 4, RFC 8080 3. */
static size_t public_key(const signer_t *s, uint8_t *out, size_t cap)
{
    uint8_t point[200];
    size_t n = cap;
    if (s->algorithm == 15 || s->algorithm == 16)
        return EVP_PKEY_get_raw_public_key(s->key, out, &n) == 1 ? n : 0;
    if (s->algorithm == 13 || s->algorithm == 14) {
        if (EVP_PKEY_get_octet_string_param(s->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                            &n) != 1)
            return 0;
        memcpy(out, point + 1, n - 1);
        return n - 1;
    }
    BIGNUM *e = NULL;
    BIGNUM *m = NULL;
    EVP_PKEY_get_bn_param(s->key, OSSL_PKEY_PARAM_RSA_E, &e);
    EVP_PKEY_get_bn_param(s->key, OSSL_PKEY_PARAM_RSA_N, &m);
    out[0] = (uint8_t)BN_bn2bin(e, out + 1);
    n = 1u + out[0] + (size_t)BN_bn2bin(m, out + 1 + out[0]);
    BN_free(e);
    BN_free(m);
    return n;
}

/* RFC 4034 appendix B. */
static uint16_t tag_of(const uint8_t *rdata, size_t size)
{
    uint32_t ac = 0;
    for (size_t i = 0; i < size; i++)
        ac += (i & 1) != 0 ? rdata[i] : (uint32_t)rdata[i] << 8;
    return (uint16_t)((ac + (ac >> 16)) & 0xffff);
}

signer_t signer_new(uint8_t algorithm, unsigned bits, uint16_t flags)
{
    signer_t s = {.algorithm = algorithm, .key = make_key(algorithm, bits)};
    if (s.key == NULL)
        abort();
    s.rdata[0] = (uint8_t)(flags >> 8);
    s.rdata[1] = (uint8_t)flags;
    s.rdata[2] = 3;
    s.rdata[3] = algorithm;
    s.size = (uint16_t)(4 + public_key(&s, s.rdata + 4, sizeof s.rdata - 4));
    s.tag = tag_of(s.rdata, s.size);
    return s;
}

void signer_free(signer_t *s)
{
    EVP_PKEY_free(s->key);
    s->key = NULL;
}

/* r and s side by side (RFC 6605 4). */
static size_t from_der(const uint8_t *der, size_t size, uint8_t *out, int half)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)size);
    if (sig == NULL)
        abort();
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, half);
    ECDSA_SIG_free(sig);
    return (size_t)half * 2;
}

static size_t sign(const signer_t *s, const uint8_t *data, size_t size, uint8_t *out)
{
    static const char *const digests[] = {
        [8] = "SHA256", [10] = "SHA512", [13] = "SHA256", [14] = "SHA384", [16] = NULL};
    uint8_t der[600];
    size_t n = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_DigestSignInit_ex(ctx, NULL, digests[s->algorithm], NULL, NULL, s->key, NULL) != 1 ||
        EVP_DigestSign(ctx, der, &n, data, size) != 1)
        abort();
    EVP_MD_CTX_free(ctx);
    if (s->algorithm == 13 || s->algorithm == 14)
        return from_der(der, n, out, s->algorithm == 13 ? 32 : 48);
    memcpy(out, der, n);
    return n;
}

static int by_rdata(const void *a, const void *b)
{
    const signer_rr_t *x = a;
    const signer_rr_t *y = b;
    size_t n = x->size < y->size ? x->size : y->size;
    int c = memcmp(x->rdata, y->rdata, n);
    return c != 0 ? c : (int)x->size - (int)y->size;
}

static unsigned labels_of(const nsp_name_t *owner)
{
    return nsp_name_labels(owner) - (nsp_name_is_wildcard(owner) ? 1 : 0);
}

/* RRSIG RDATA without the signature (RFC 4034 3.1). */
static void put_head(nsp_writer_t *w, const signer_rrset_t *set, const signature_t *how,
                     const signer_t *s)
{
    nsp_write_u16(w, set->type);
    nsp_write_u8(w, s->algorithm);
    nsp_write_u8(w, (uint8_t)((int)labels_of(&set->owner) + how->labels));
    nsp_write_u32(w, how->original_ttl);
    nsp_write_u32(w, (uint32_t)how->expiration);
    nsp_write_u32(w, (uint32_t)how->inception);
    nsp_write_u16(w, (uint16_t)(s->tag + how->tag_plus));
    nsp_write_bytes(w, how->signer.octets, how->signer.len);
}

void signer_put(nsp_builder_t *b, nsp_section_t section, const signer_rrset_t *set,
                const signature_t *how, const signer_t *const *by, size_t count)
{
    static signer_rrset_t sorted;
    static uint8_t data[16384];
    uint8_t rdata[900];
    sorted = *set;
    qsort(sorted.rr, sorted.count, sizeof sorted.rr[0], by_rdata);
    for (size_t i = 0; i < set->count; i++)
        nsp_build_rr(b, section, &set->owner, set->type, NSP_CLASS_IN, set->ttl, set->rr[i].rdata,
                     set->rr[i].size);
    for (size_t k = 0; k < count; k++) {
        nsp_writer_t w = nsp_writer(data, sizeof data);
        nsp_writer_t r = nsp_writer(rdata, sizeof rdata);
        put_head(&w, set, how, by[k]);
        put_head(&r, set, how, by[k]);
        for (size_t i = 0; i < sorted.count; i++) {
            nsp_write_bytes(&w, set->owner.octets, set->owner.len);
            nsp_write_u16(&w, set->type);
            nsp_write_u16(&w, NSP_CLASS_IN);
            nsp_write_u32(&w, how->original_ttl);
            nsp_write_u16(&w, sorted.rr[i].size);
            nsp_write_bytes(&w, sorted.rr[i].rdata, sorted.rr[i].size);
        }
        size_t n = sign(by[k], data, w.pos, rdata + r.pos);
        rdata[r.pos + 5] ^= how->corrupt ? 0x55 : 0;
        nsp_build_rr(b, section, &set->owner, NSP_TYPE_RRSIG, NSP_CLASS_IN, set->ttl, rdata,
                     (uint16_t)(r.pos + n));
    }
}

size_t signer_ds(const signer_t *s, const nsp_name_t *zone, uint8_t digest_type, uint8_t out[80])
{
    uint8_t data[900];
    unsigned n = 0;
    memcpy(data, zone->octets, zone->len);
    memcpy(data + zone->len, s->rdata, s->size);
    out[0] = (uint8_t)(s->tag >> 8);
    out[1] = (uint8_t)s->tag;
    out[2] = s->algorithm;
    out[3] = digest_type;
    const EVP_MD *md = digest_type == 1   ? EVP_sha1()
                       : digest_type == 4 ? EVP_sha384()
                                          : EVP_sha256();
    EVP_Digest(data, (size_t)zone->len + s->size, out + 4, &n, md, NULL);
    return 4u + n;
}

void signer_add(signer_rrset_t *set, const char *text)
{
    size_t size = 0;
    if (nsp_rdata_from_text(set->type, text, strlen(text), NULL, set->rr[set->count].rdata,
                            sizeof set->rr[0].rdata, &size, NULL) != NSP_OK)
        abort();
    set->rr[set->count++].size = (uint16_t)size;
}
