/* The primitives, with the examples of the RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "signed.h"

#include "dnssec/crypto.h"

/* RFC 5155 appendix A: salt aabbccdd, 12 iterations. */
static void nsec3_hashes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *hash;
    } cases[] = {
        {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
        {"a.Example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
        {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
        {"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
    };
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    static const uint8_t salt[] = {0xaa, 0xbb, 0xcc, 0xdd};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nsp_name_t name = signed_name(cases[i].name);
        uint8_t hash[CRYPTO_SHA1_SIZE];
        char text[33] = "";
        assert_true(crypto_nsec3_hash(&name, 12, (octets_t){salt, sizeof salt}, hash));
        for (unsigned k = 0; k < 32; k++) {
            unsigned bit = k * 5;
            unsigned two = (unsigned)hash[bit / 8] << 8;
            two |= bit / 8 + 1 < sizeof hash ? hash[bit / 8 + 1] : 0;
            text[k] = digits[two >> (11 - bit % 8) & 31];
        }
        assert_string_equal(text, cases[i].hash);
    }
}

static void digests(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 20, 32, 0, 48, 0, 0};
    uint8_t out[CRYPTO_DIGEST_MAX];
    octets_t a = {(const uint8_t *)"ab", 2};
    octets_t b = {(const uint8_t *)"c", 1};
    for (uint8_t type = 0; type < 7; type++) {
        assert_int_equal(crypto_digest(type, a, b, out), sizes[type]);
        assert_int_equal(dnssec_digest_known(type), sizes[type] > 0);
    }
    static const uint8_t abc[] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                  0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    assert_int_equal(crypto_digest(1, a, b, out), 20);
    assert_memory_equal(out, abc, sizeof abc);
}

/* No size of key or signature is taken for good, and none is read past. */
static void sizes_are_checked(void **state)
{
    (void)state;
    static const uint8_t algorithms[] = {0, 1, 3, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17, 252, 255};
    static uint8_t zeros[600];
    octets_t data = {zeros, 10};
    for (size_t i = 0; i < sizeof algorithms; i++) {
        for (size_t key = 0; key < 150; key++) {
            octets_t k = {zeros, key};
            assert_false(crypto_verify(algorithms[i], k, data, (octets_t){zeros, key}));
            assert_false(crypto_verify(algorithms[i], k, data, (octets_t){zeros, 64}));
        }
    }
    assert_false(dnssec_algorithm_known(1));
    assert_false(dnssec_algorithm_known(3));
    assert_false(dnssec_algorithm_known(12));
    assert_true(dnssec_algorithm_known(5) && dnssec_algorithm_known(16));
}

/* RSA keys at the limits of RFC 3110: 512 and 513 octets of modulus, 16 and 17 of exponent, and an
 * exponent's length that runs past the key. */
static void rsa_limits(void **state)
{
    (void)state;
    static uint8_t key[700];
    static uint8_t sig[513];
    octets_t data = {sig, 4};
    static const size_t modulus[] = {511, 512, 513};
    for (size_t i = 0; i < 3; i++) {
        memset(key, 0xff, sizeof key);
        key[0] = 1;
        key[1] = 3;
        assert_false(
            crypto_verify(8, (octets_t){key, 2 + modulus[i]}, data, (octets_t){sig, modulus[i]}));
    }
    for (uint8_t e = 15; e <= 17; e++) {
        key[0] = e;
        assert_false(crypto_verify(8, (octets_t){key, 200}, data, (octets_t){sig, 199u - e}));
    }
    key[0] = 200;
    assert_false(crypto_verify(8, (octets_t){key, 200}, data, (octets_t){sig, 128}));
    key[0] = 0;
    key[1] = 0xff;
    assert_false(crypto_verify(8, (octets_t){key, 200}, data, (octets_t){sig, 128}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nsec3_hashes),
        cmocka_unit_test(digests),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(rsa_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
