#include "dkim/key_data.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "proto/base64.h"

/* A decoded p=, and where its text is. */
typedef struct data {
    uint8_t octets[DKIM_KEY_OCTETS_MAX];
    uint32_t len;
    uint32_t at;  /* of the first character in the text */
    uint32_t end; /* of the last one */
} data_t;

#define ED25519_OCTETS 32u

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* State of a base64 decoder: whole characters seen, padding seen, bits not yet written. */
typedef struct b64 {
    uint32_t chars;
    uint32_t pads;
    uint32_t bits;
} b64_t;

/* One character; false when it may not stand there. */
static bool b64_put(b64_t *b, uint8_t c, data_t *d, bool *full)
{
    int v = nsp_base64_digit((char)c);
    if (c == '=') {
        b->pads++;
        return b->chars % 4 >= 2 && b->pads <= 4 - b->chars % 4;
    }
    if (v < 0 || b->pads > 0)
        return false;
    b->bits = b->bits << 6 | (uint32_t)v;
    b->chars++;
    if (b->chars % 4 != 1) {
        unsigned spare = (4 - b->chars % 4) % 4 * 2;
        if (d->len == DKIM_KEY_OCTETS_MAX)
            *full = true;
        else
            d->octets[d->len++] = (uint8_t)(b->bits >> spare);
    }
    b->bits &= 0xff;
    return true;
}

/* RFC 6376 2.10: folding whitespace may stand between any two characters. */
static bool decode_base64(dkim_key_t *key, taglist_span_t p, data_t *d)
{
    b64_t b = {0, 0, 0};
    bool full = false;
    const uint8_t *t = key->tags.text;
    d->len = 0;
    d->at = p.at;
    d->end = p.at + p.len - 1;
    for (uint32_t i = p.at; i < p.at + p.len; i++) {
        if (!is_space(t[i]) && !b64_put(&b, t[i], d, &full)) {
            dkim_key_note(key, DKIM_KEY_BASE64, i);
            return false;
        }
    }
    if ((b.chars + b.pads) % 4 != 0)
        dkim_key_note(key, DKIM_KEY_PADDING, d->end);
    if (full)
        dkim_key_note(key, DKIM_KEY_KEY_LONG, p.at);
    key->key_octets = d->len;
    return !full;
}

/* Octets that the DER value at the front claims, header included; 0 when it is no SEQUENCE
 * (X.690 8.1.3). */
static size_t der_claims(const data_t *d)
{
    const uint8_t *o = d->octets;
    if (d->len < 2 || o[0] != 0x30)
        return 0;
    if (o[1] < 0x80)
        return (size_t)o[1] + 2;
    unsigned n = o[1] & 0x7fu;
    if (n == 0 || n > 4 || d->len < 2 + n)
        return 0;
    size_t size = 0;
    for (unsigned i = 0; i < n; i++)
        size = size << 8 | o[2 + i];
    return size + 2 + n;
}

/* SubjectPublicKeyInfo, as everybody publishes, or the RSAPublicKey that RFC 6376 3.6.1 names. */
static EVP_PKEY *decode_public(const data_t *d, size_t size, bool *pkcs1)
{
    const unsigned char *o = d->octets;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &o, (long)size);
    *pkcs1 = false;
    if (pkey == NULL) {
        o = d->octets;
        pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &o, (long)size);
        *pkcs1 = pkey != NULL;
    }
    return pkey;
}

static bool is_private(const data_t *d, size_t size)
{
    const unsigned char *o = d->octets;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &o, (long)size);
    EVP_PKEY_free(pkey);
    return pkey != NULL;
}

/* RFC 8301 3.2 for the sizes; RFC 8017 3.1 for the exponent. */
static void look_at_rsa(dkim_key_t *key, const EVP_PKEY *pkey, const data_t *d)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(pkey);
    key->bits = bits > 0 ? (unsigned)bits : 0;
    key->decoded = true;
    if (key->bits < 1024)
        dkim_key_note(key, DKIM_KEY_RSA_SHORT, d->at);
    else if (key->bits < 2048)
        dkim_key_note(key, DKIM_KEY_RSA_WEAK, d->at);
    else if (key->bits > 4096)
        dkim_key_note(key, DKIM_KEY_RSA_LONG, d->at);
    bool good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1;
    if (good && BN_num_bits(e) <= 64)
        key->exponent = (uint64_t)BN_get_word(e);
    if (!good || key->exponent < 3 || key->exponent % 2 == 0)
        dkim_key_note(key, DKIM_KEY_RSA_EXPONENT, d->at);
    BN_free(e);
}

/* A key in DER that is no RSA key, or is the wrong way for what k= says. */
static void look_at_der(dkim_key_t *key, const EVP_PKEY *pkey, bool pkcs1, const data_t *d)
{
    bool rsa = EVP_PKEY_is_a(pkey, "RSA") == 1;
    if (key->kind == DKIM_KEY_ED25519 && EVP_PKEY_is_a(pkey, "ED25519") == 1) {
        dkim_key_note(key, DKIM_KEY_ED25519_WRAPPED, d->at);
    } else if (key->kind != DKIM_KEY_RSA || !rsa) {
        dkim_key_note(key, DKIM_KEY_WRONG_KIND, d->at);
    } else {
        key->pkcs1 = pkcs1;
        if (pkcs1)
            dkim_key_note(key, DKIM_KEY_PKCS1, d->at);
        look_at_rsa(key, pkey, d);
    }
}

/* Why octets that OpenSSL does not take for a public key are none. */
static dkim_key_problem_kind_t explain(const dkim_key_t *key, const data_t *d, size_t claims)
{
    if (claims > d->len)
        return DKIM_KEY_TRUNCATED;
    if (claims > 0 && is_private(d, claims))
        return DKIM_KEY_PRIVATE_KEY;
    if (key->kind == DKIM_KEY_ED25519)
        return DKIM_KEY_ED25519_SIZE;
    return d->len == ED25519_OCTETS ? DKIM_KEY_WRONG_KIND : DKIM_KEY_NOT_A_KEY;
}

static void look_at_data(dkim_key_t *key, const data_t *d)
{
    size_t claims = der_claims(d);
    if (key->kind == DKIM_KEY_ED25519 && d->len == ED25519_OCTETS) {
        key->decoded = true;
        key->bits = 256;
        return;
    }
    bool pkcs1 = false;
    EVP_PKEY *pkey = claims > 0 && claims <= d->len ? decode_public(d, claims, &pkcs1) : NULL;
    if (pkey == NULL) {
        dkim_key_note(key, explain(key, d, claims), d->at);
        return;
    }
    look_at_der(key, pkey, pkcs1, d);
    if (claims < d->len)
        dkim_key_note(key, DKIM_KEY_TRAILING, d->end);
    EVP_PKEY_free(pkey);
}

void dkim_key_read_data(dkim_key_t *key, taglist_span_t p)
{
    data_t d;
    const char *pem = memmem(key->tags.text + p.at, p.len, "-----", 5);
    if (pem != NULL) {
        dkim_key_note(key, DKIM_KEY_PEM, (uint32_t)((const uint8_t *)pem - key->tags.text));
        return;
    }
    if (!decode_base64(key, p, &d) || key->kind == DKIM_KEY_OTHER)
        return;
    ERR_set_mark();
    look_at_data(key, &d);
    ERR_pop_to_mark();
}
