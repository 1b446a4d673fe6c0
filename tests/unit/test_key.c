/* DKIM keys: what verifiers read in them, and every problem with the octet that is meant. Keys of
 * any size are made on the spot: only the number of bits counts here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "dkim/key.h"

/* RFC 8463 A.2 */
#define RSA_1024                                                                                   \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"   \
    "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYL"    \
    "zBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
#define ED25519      "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define ED25519_SPKI "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define EC_SPKI                                                                                    \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n" \
    "60p8D54WK84zV2sxXs7LtkBoN79R9Q=="

enum form { SPKI, PKCS1 };

/* An RSA public key whose modulus is 2^bits - 1: enough to look at. */
static EVP_PKEY *make_rsa(unsigned bits, unsigned long exponent, bool long_exponent)
{
    BIGNUM *n = BN_new();
    BIGNUM *e = BN_new();
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    assert_true(BN_set_bit(n, (int)bits) && BN_sub_word(n, 1) && BN_set_word(e, exponent));
    if (long_exponent)
        assert_true(BN_set_bit(e, 64));
    assert_true(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n));
    assert_true(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    assert_true(EVP_PKEY_fromdata_init(ctx) > 0);
    assert_true(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) > 0);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    EVP_PKEY_CTX_free(ctx);
    BN_free(n);
    BN_free(e);
    return pkey;
}

/* "v=DKIM1; p=..." with such a key, and extra octets of zero behind it. */
static char *rsa_record(enum form form, unsigned bits, unsigned long e, bool long_e, unsigned extra)
{
    EVP_PKEY *pkey = make_rsa(bits, e, long_e);
    unsigned char *der = NULL;
    int n = form == SPKI ? i2d_PUBKEY(pkey, &der) : i2d_PublicKey(pkey, &der);
    assert_true(n > 0);
    unsigned char *octets = calloc(1, (size_t)n + extra);
    char *text = calloc(1, 32 + ((size_t)n + extra) * 2);
    assert_non_null(octets);
    assert_non_null(text);
    memcpy(octets, der, (size_t)n);
    strcpy(text, "v=DKIM1; p=");
    EVP_EncodeBlock((unsigned char *)text + strlen(text), octets, n + (int)extra);
    free(octets);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    return text;
}

static bool read_text(const char *text, dkim_key_t *key)
{
    return dkim_key_read((const uint8_t *)text, strlen(text), key);
}

static void names_of(const dkim_key_t *key, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < key->problem_count && n < cap; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s", i > 0 ? " " : "",
                              dkim_key_problem_name(key->problem[i].kind));
}

static void examples_of_rfcs(void **state)
{
    (void)state;
    dkim_key_t key;
    assert_true(read_text("v=DKIM1; k=rsa; p=" RSA_1024, &key));
    assert_int_equal(key.kind, DKIM_KEY_RSA);
    assert_int_equal(key.bits, 1024);
    assert_int_equal(key.exponent, 65537);
    assert_true(key.decoded && key.is_dkim && !key.revoked && !key.testing && !key.strict);
    assert_int_equal(key.problem_count, 1);
    assert_int_equal(key.problem[0].kind, DKIM_KEY_RSA_WEAK);
    assert_int_equal(key.problem[0].at, 18);
    assert_true(read_text("v=DKIM1; k=ed25519; p=" ED25519, &key));
    assert_int_equal(key.kind, DKIM_KEY_ED25519);
    assert_int_equal(key.bits, 256);
    assert_int_equal(key.key_octets, 32);
    assert_int_equal(key.problem_count, 0);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        enum form form;
        unsigned bits;
        unsigned long exponent;
        bool long_exponent;
        unsigned extra;
        const char *problems;
        bool usable;
    } cases[] = {
        {SPKI, 1023, 65537, false, 0, "rsa-short", false},
        {SPKI, 1024, 65537, false, 0, "rsa-weak", true},
        {SPKI, 1025, 65537, false, 0, "rsa-weak", true},
        {SPKI, 2047, 65537, false, 0, "rsa-weak", true},
        {SPKI, 2048, 65537, false, 0, "", true},
        {SPKI, 4096, 65537, false, 0, "", true},
        {SPKI, 4097, 65537, false, 0, "rsa-long", true},
        {SPKI, 2048, 1, false, 0, "rsa-exponent", false},
        {SPKI, 2048, 2, false, 0, "rsa-exponent", false},
        {SPKI, 2048, 3, false, 0, "", true},
        {SPKI, 2048, 4, false, 0, "rsa-exponent", false},
        {SPKI, 2048, 1, true, 0, "rsa-exponent", false},
        {SPKI, 2048, 65537, false, 1, "trailing", true},
        {PKCS1, 2048, 65537, false, 0, "pkcs1", true},
        {PKCS1, 1024, 65537, false, 3, "pkcs1 rsa-weak trailing", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dkim_key_t key;
        char got[256];
        char *text = rsa_record(cases[i].form, cases[i].bits, cases[i].exponent,
                                cases[i].long_exponent, cases[i].extra);
        assert_int_equal(read_text(text, &key), cases[i].usable);
        names_of(&key, got, sizeof got);
        assert_string_equal(got, cases[i].problems);
        assert_int_equal(key.bits, cases[i].bits);
        assert_int_equal(key.exponent, cases[i].long_exponent ? 0 : cases[i].exponent);
        assert_int_equal(key.pkcs1, cases[i].form == PKCS1);
        free(text);
    }
}

#define GOOD "p=" ED25519
#define HEAD "v=DKIM1; k=ed25519; "

static void problems(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *problems;
        uint32_t at; /* of the first */
    } cases[] = {
        {"", "not-dkim", 0},
        {"v=spf1 -all", "not-dkim", 0},
        {"v=spf1 include:amazonses.com ~all", "not-dkim", 0},
        {"v=DMARC1; p=none", "not-dkim", 0},
        {"google-site-verification=abc", "not-dkim", 0},
        {"hello", "not-dkim", 0},
        {"\"hello\"", "quotes not-dkim", 0},
        {"v=1; a=rsa-sha256; d=example.com; s=x; bh=ab; b=cd", "signature", 0},
        {RSA_1024, "bare-key", 0},
        {"\"" RSA_1024 "\"", "quotes bare-key", 0},
        {"v=DKIM1\\; k=rsa\\; p=" RSA_1024, "escapes", 7},
        {"\"v=DKIM1; k=rsa; p=" RSA_1024 "\"", "quotes", 0},
        {"v=DKIM1; k=ed25519; p=11qYAYKxCrfV\" \"S/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "quotes", 34},
        {"\xe2\x80\x9cv=DKIM1; p=" ED25519 "\xe2\x80\x9d", "smart-quotes", 0},
        {"v=DKIM1;\xc2\xa0p=" ED25519, "invisible", 8},
        {"\xef\xbb\xbfv=DKIM1; p=" ED25519, "invisible", 0},
        {HEAD GOOD "\xe2\x80\x8b", "invisible", 66},
        {HEAD GOOD "\xc3\xa9", "non-ascii base64", 66},
        {HEAD GOOD "\n", "line-break", 66},
        {HEAD "hello; " GOOD, "syntax", 20},
        {HEAD "; " GOOD, "empty-tag", 19},
        {HEAD GOOD "; " GOOD, "duplicate-tag", 68},
        {"v=DKIM1 k=ed25519; " GOOD, "semicolon", 7},
        {"v=DKIM1; k=ed25519 " GOOD, "semicolon", 18},
        {"v=DKIM; k=ed25519; " GOOD, "version", 2},
        {"v=dkim1; k=ed25519; " GOOD, "version", 2},
        {"v=DKIM1.; k=ed25519; " GOOD, "version", 2},
        {"k=ed25519; v=DKIM1; " GOOD, "version-place", 11},
        {"k=ed25519; " GOOD, "no-version", 0},
        {HEAD "P=" ED25519, "tag-case", 20},
        {HEAD, "no-key", 0},
        {"v=DKIM1", "no-key", 0},
        {HEAD "p=", "revoked", 20},
        {"v=DKIM1; p=;", "revoked", 9},
        {"v=DKIM1; k=RSA; " GOOD, "key-type", 11},
        {"v=DKIM1; k=; " GOOD, "key-type", 11},
        {"v=DKIM1; p=-----BEGIN PUBLIC KEY-----" RSA_1024, "pem", 11},
        {HEAD "p=11qYAY_xCrfVS", "base64", 28},
        {HEAD "p=ab=c", "base64", 25},
        {HEAD "p=abc==", "base64", 26},
        {HEAD "p=a=", "base64", 23},
        {HEAD "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", "padding", 64},
        {HEAD "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUR", "ed25519-size padding", 22},
        {HEAD "p=AAAA", "ed25519-size", 22},
        {HEAD "p=" ED25519_SPKI, "ed25519-wrapped", 22},
        {HEAD "p=" RSA_1024, "wrong-key-type", 22},
        {"v=DKIM1; " GOOD, "wrong-key-type", 11},
        {"v=DKIM1; p=" ED25519_SPKI, "wrong-key-type", 11},
        {"v=DKIM1; p=" EC_SPKI, "wrong-key-type", 11},
        {"v=DKIM1; p=AAAA", "not-a-key", 11},
        {"v=DKIM1; p=MAMCAQA=", "not-a-key", 11},
        {"v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTz", "truncated", 11},
        {HEAD "h=sha1; " GOOD, "sha1-only", 22},
        {HEAD "h=sha1:sha512; " GOOD, "sha1-only", 22},
        {HEAD "h=sha512; " GOOD, "hash", 22},
        {HEAD "h=; " GOOD, "hash list", 22},
        {HEAD "h=sha1:sha256; " GOOD, "", 0},
        {HEAD "h=sha256:; " GOOD, "list", 29},
        {HEAD "s=tlsrpt; " GOOD, "service", 22},
        {HEAD "s=email; " GOOD, "", 0},
        {HEAD "s=*; " GOOD, "", 0},
        {HEAD "s=tlsrpt : email; " GOOD, "", 0},
        {HEAD "s=email:; " GOOD, "list", 28},
        {HEAD "t=y; " GOOD, "testing", 22},
        {HEAD "t=y:s; " GOOD, "testing", 22},
        {HEAD "t=s; " GOOD, "", 0},
        {HEAD "t=x; " GOOD, "flag", 22},
        {HEAD "t=; " GOOD, "list", 22},
        {HEAD "g=*; " GOOD, "granularity", 20},
        {HEAD "n=call=20me; " GOOD, "", 0},
        {HEAD "n=a \"b\\; " GOOD, "", 0},
        {HEAD "n=a=b; " GOOD, "notes", 23},
        {HEAD "xyz=any; " GOOD, "", 0},
        {HEAD "p=11qY AYKxCrfVS/7TyWQHOg7hcvPa\r\n piMlrwIaaPcHURo =", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dkim_key_t key;
        char got[256];
        bool usable = read_text(cases[i].text, &key);
        names_of(&key, got, sizeof got);
        assert_string_equal(got, cases[i].problems);
        if (key.problem_count > 0) {
            assert_int_equal(key.problem[0].at, cases[i].at);
            assert_int_equal(usable, dkim_key_problem_level(key.problem[0].kind) < DKIM_KEY_ERROR);
        } else {
            assert_true(usable && key.decoded);
        }
    }
}

static void lists_are_read(void **state)
{
    (void)state;
    dkim_key_t key;
    assert_true(read_text(HEAD "h=sha1:sha256:x; s=email:*:y; t=s:y; " GOOD, &key));
    assert_int_equal(key.hashes, DKIM_HASH_SHA1 | DKIM_HASH_SHA256 | DKIM_HASH_OTHER);
    assert_int_equal(key.services, DKIM_SERVICE_ALL | DKIM_SERVICE_EMAIL | DKIM_SERVICE_OTHER);
    assert_true(key.testing && key.strict);
    assert_true(read_text(HEAD GOOD, &key));
    assert_int_equal(key.hashes, 0);
    assert_int_equal(key.services, 0);
    assert_false(key.testing || key.strict);
    assert_false(read_text("v=DKIM1; p=", &key));
    assert_true(key.revoked && key.is_dkim && !key.decoded);
}

static void syntax_names_its_fault(void **state)
{
    (void)state;
    dkim_key_t key;
    assert_false(read_text(HEAD "hello; " GOOD, &key));
    assert_int_equal(key.problem[0].kind, DKIM_KEY_SYNTAX);
    assert_int_equal(key.problem[0].fault, TAGLIST_NO_EQUALS);
    assert_true(key.decoded); /* what is readable is read */
}

/* Somebody published the private half. */
static void private_key(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(1024);
    unsigned char *der = NULL;
    char text[2048] = "v=DKIM1; p=";
    dkim_key_t key;
    int n = i2d_PrivateKey(pkey, &der);
    assert_in_range(n, 1, 1024);
    EVP_EncodeBlock((unsigned char *)text + strlen(text), der, n);
    assert_false(read_text(text, &key));
    assert_int_equal(key.problem[0].kind, DKIM_KEY_PRIVATE_KEY);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
}

/* 8191, 8192 and 8193 octets of key. */
static void longest_key(void **state)
{
    (void)state;
    for (unsigned octets = DKIM_KEY_OCTETS_MAX - 1; octets <= DKIM_KEY_OCTETS_MAX + 1; octets++) {
        static uint8_t zeros[DKIM_KEY_OCTETS_MAX + 1];
        static char text[16384];
        dkim_key_t key;
        strcpy(text, "v=DKIM1; p=");
        EVP_EncodeBlock((unsigned char *)text + strlen(text), zeros, (int)octets);
        assert_false(read_text(text, &key));
        assert_int_equal(dkim_key_has(&key, DKIM_KEY_KEY_LONG), octets > DKIM_KEY_OCTETS_MAX);
        assert_int_equal(dkim_key_has(&key, DKIM_KEY_NOT_A_KEY), octets <= DKIM_KEY_OCTETS_MAX);
    }
}

/* Each prefix of a good record, in a buffer of exactly that size, is read to its end and is never
 * taken for the whole key. */
static void every_prefix(void **state)
{
    (void)state;
    static const char text[] = "v=DKIM1; k=rsa; p=" RSA_1024;
    for (size_t n = 0; n < sizeof text - 1; n++) {
        uint8_t *exact = malloc(n > 0 ? n : 1);
        dkim_key_t key;
        assert_non_null(exact);
        memcpy(exact, text, n);
        assert_false(dkim_key_read(exact, n, &key));
        assert_true(key.problem_count > 0);
        free(exact);
    }
    dkim_key_t key;
    assert_false(dkim_key_read(NULL, 0, &key));
}

static void error_queue_is_left_alone(void **state)
{
    (void)state;
    dkim_key_t key;
    ERR_clear_error();
    assert_false(read_text("v=DKIM1; p=MAMCAQA=", &key));
    assert_int_equal(ERR_peek_error(), 0);
}

static void every_problem_has_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DKIM_KEY_PROBLEM_COUNT; i++) {
        dkim_key_problem_kind_t kind = (dkim_key_problem_kind_t)i;
        assert_true(strlen(dkim_key_problem_name(kind)) > 2);
        assert_true(strlen(dkim_key_problem_text(kind)) > 10);
        assert_true(strlen(dkim_key_problem_fix(kind)) > 5);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(dkim_key_problem_name(kind),
                                    dkim_key_problem_name((dkim_key_problem_kind_t)k));
    }
    assert_string_equal(dkim_key_problem_name(DKIM_KEY_PROBLEM_COUNT), "unknown");
    assert_string_equal(dkim_key_problem_text(DKIM_KEY_PROBLEM_COUNT), "unknown problem");
    assert_string_equal(dkim_key_problem_fix(DKIM_KEY_PROBLEM_COUNT), "");
    assert_int_equal(dkim_key_problem_level(DKIM_KEY_PROBLEM_COUNT), DKIM_KEY_NOTE);
    assert_string_equal(dkim_key_kind_name(DKIM_KEY_RSA), "rsa");
    assert_string_equal(dkim_key_kind_name(DKIM_KEY_ED25519), "ed25519");
    assert_string_equal(dkim_key_kind_name(DKIM_KEY_OTHER), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_rfcs),
        cmocka_unit_test(sizes),
        cmocka_unit_test(problems),
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(syntax_names_its_fault),
        cmocka_unit_test(private_key),
        cmocka_unit_test(longest_key),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(error_queue_is_left_alone),
        cmocka_unit_test(every_problem_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
