#include "dnssec/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

/* What an algorithm number means (RFC 8624 3.1 and the IANA registry). */
typedef enum family { FAMILY_RSA, FAMILY_EC, FAMILY_ED } family_t;

typedef struct algorithm {
    uint8_t number;
    family_t family;
    const char *digest; /* NULL: the algorithm hashes by itself */
    const char *group;  /* EC: the curve; ED: the type of key */
    size_t key_size;    /* EC and ED */
    size_t sig_size;
} algorithm_t;

static const algorithm_t algorithms[] = {
    {5, FAMILY_RSA, "SHA1", NULL, 0, 0},        {7, FAMILY_RSA, "SHA1", NULL, 0, 0},
    {8, FAMILY_RSA, "SHA256", NULL, 0, 0},      {10, FAMILY_RSA, "SHA512", NULL, 0, 0},
    {13, FAMILY_EC, "SHA256", "P-256", 64, 64}, {14, FAMILY_EC, "SHA384", "P-384", 96, 96},
    {15, FAMILY_ED, NULL, "ED25519", 32, 64},   {16, FAMILY_ED, NULL, "ED448", 57, 114},
};

static const algorithm_t *algorithm_get(uint8_t number)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (algorithms[i].number == number)
            return &algorithms[i];
    }
    return NULL;
}

bool dnssec_algorithm_known(uint8_t algorithm)
{
    return algorithm_get(algorithm) != NULL;
}

static EVP_PKEY *key_from_params(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

/* Most octets of a modulus: 4096 bits (RFC 3110 2). */
#define RSA_MODULUS_MAX 512u
/* Most octets of an exponent: far above what is in use, and little work. */
#define RSA_EXPONENT_MAX 16u

/* Exponent length, exponent, modulus (RFC 3110 2). */
static bool rsa_split(octets_t key, octets_t *e, octets_t *n)
{
    nsp_reader_t r = nsp_reader(key.at, key.len);
    e->len = nsp_read_u8(&r);
    if (e->len == 0)
        e->len = nsp_read_u16(&r);
    e->at = nsp_read_bytes(&r, (uint32_t)e->len);
    n->len = nsp_left(&r);
    n->at = nsp_read_bytes(&r, nsp_left(&r));
    return r.err == NSP_OK && e->len > 0 && e->len <= RSA_EXPONENT_MAX && n->len > 0 &&
           n->len <= RSA_MODULUS_MAX;
}

static EVP_PKEY *key_rsa(octets_t key)
{
    octets_t e;
    octets_t n;
    if (!rsa_split(key, &e, &n))
        return NULL;
    EVP_PKEY *pkey = NULL;
    BIGNUM *be = BN_bin2bn(e.at, (int)e.len, NULL);
    BIGNUM *bn = BN_bin2bn(n.at, (int)n.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (be != NULL && bn != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, be) == 1)
        pkey = key_from_params("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(be);
    BN_free(bn);
    return pkey;
}

/* The point without its leading octet (RFC 6605 4). */
static EVP_PKEY *key_ec(const algorithm_t *a, octets_t key)
{
    uint8_t point[1 + 96] = {POINT_CONVERSION_UNCOMPRESSED};
    if (key.len != a->key_size)
        return NULL;
    memcpy(point + 1, key.at, key.len);
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, a->group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, key.len + 1) == 1)
        pkey = key_from_params("EC", build);
    OSSL_PARAM_BLD_free(build);
    return pkey;
}

static EVP_PKEY *key_make(const algorithm_t *a, octets_t key)
{
    switch (a->family) {
    case FAMILY_RSA:
        return key_rsa(key);
    case FAMILY_EC:
        return key_ec(a, key);
    default:
        return key.len == a->key_size
                   ? EVP_PKEY_new_raw_public_key_ex(NULL, a->group, NULL, key.at, key.len)
                   : NULL;
    }
}

/* r and s side by side (RFC 6605 4), as the DER that OpenSSL takes. Returns its octets, or 0. */
static size_t ec_sig_to_der(octets_t sig, unsigned char **der)
{
    ECDSA_SIG *es = ECDSA_SIG_new();
    int half = (int)(sig.len / 2);
    BIGNUM *r = BN_bin2bn(sig.at, half, NULL);
    BIGNUM *s = BN_bin2bn(sig.at + half, half, NULL);
    int n = 0;
    if (es != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(es, r, s) == 1) {
        n = i2d_ECDSA_SIG(es, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(es);
    return n > 0 ? (size_t)n : 0;
}

static bool verify_with(const algorithm_t *a, EVP_PKEY *pkey, octets_t data, octets_t sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL &&
                EVP_DigestVerifyInit_ex(ctx, NULL, a->digest, NULL, NULL, pkey, NULL) == 1 &&
                EVP_DigestVerify(ctx, sig.at, sig.len, data.at, data.len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static bool verify_known(const algorithm_t *a, octets_t key, octets_t data, octets_t sig)
{
    unsigned char *der = NULL;
    if (a->family != FAMILY_RSA && sig.len != a->sig_size)
        return false;
    EVP_PKEY *pkey = key_make(a, key);
    if (pkey == NULL)
        return false;
    if (a->family == FAMILY_EC) {
        sig.len = ec_sig_to_der(sig, &der);
        sig.at = der;
    }
    bool good = sig.len > 0 && verify_with(a, pkey, data, sig);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    return good;
}

bool crypto_verify(uint8_t algorithm, octets_t key, octets_t data, octets_t sig)
{
    const algorithm_t *a = algorithm_get(algorithm);
    if (a == NULL)
        return false;
    ERR_set_mark();
    bool good = verify_known(a, key, data, sig);
    ERR_pop_to_mark();
    return good;
}

unsigned crypto_key_bits(uint8_t algorithm, octets_t key)
{
    const algorithm_t *a = algorithm_get(algorithm);
    octets_t e;
    octets_t n;
    if (a == NULL)
        return 0;
    if (a->family == FAMILY_EC)
        return key.len == a->key_size ? (unsigned)key.len * 4 : 0;
    if (a->family == FAMILY_ED)
        return key.len != a->key_size ? 0 : a->key_size == 32 ? 256 : 448;
    if (!rsa_split(key, &e, &n))
        return 0;
    while (n.len > 0 && n.at[0] == 0) {
        n.at++;
        n.len--;
    }
    unsigned bits = (unsigned)n.len * 8;
    for (unsigned top = n.len > 0 ? n.at[0] : 0; top != 0 && (top & 0x80) == 0; top <<= 1)
        bits--;
    return bits;
}

/* Digest types of DS (the IANA registry). */
static const char *digest_name(uint8_t digest_type)
{
    switch (digest_type) {
    case 1:
        return "SHA1";
    case 2:
        return "SHA256";
    case 4:
        return "SHA384";
    default:
        return NULL;
    }
}

bool dnssec_digest_known(uint8_t digest_type)
{
    return digest_name(digest_type) != NULL;
}

/* Hashes two pieces with a context whose digest is chosen already. */
static size_t digest_with(EVP_MD_CTX *ctx, const EVP_MD *md, octets_t a, octets_t b,
                          uint8_t out[CRYPTO_DIGEST_MAX])
{
    unsigned n = 0;
    if (EVP_DigestInit_ex2(ctx, md, NULL) != 1 || EVP_DigestUpdate(ctx, a.at, a.len) != 1 ||
        EVP_DigestUpdate(ctx, b.at, b.len) != 1 || EVP_DigestFinal_ex(ctx, out, &n) != 1)
        return 0;
    return n;
}

size_t crypto_digest(uint8_t digest_type, octets_t a, octets_t b, uint8_t out[CRYPTO_DIGEST_MAX])
{
    const char *name = digest_name(digest_type);
    size_t n = 0;
    if (name == NULL)
        return 0;
    EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (md != NULL && ctx != NULL)
        n = digest_with(ctx, md, a, b, out);
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return n;
}

/* IH(salt, x, 0) = H(x || salt); IH(salt, x, k) = H(IH(salt, x, k-1) || salt) (RFC 5155 5). */
bool crypto_nsec3_hash(const nsp_name_t *name, unsigned iterations, octets_t salt,
                       uint8_t out[CRYPTO_SHA1_SIZE])
{
    nsp_name_t lower = *name;
    uint8_t hash[CRYPTO_DIGEST_MAX];
    nsp_name_lower(&lower);
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA1", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    octets_t x = {lower.octets, lower.len};
    bool good = md != NULL && ctx != NULL;
    for (unsigned i = 0; good && i <= iterations; i++) {
        good = digest_with(ctx, md, x, salt, hash) == CRYPTO_SHA1_SIZE;
        x = (octets_t){hash, CRYPTO_SHA1_SIZE};
    }
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    if (good)
        memcpy(out, hash, CRYPTO_SHA1_SIZE);
    return good;
}
