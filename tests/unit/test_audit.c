#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dnssec/audit.h"
#include "signed.h"
#include "signer.h"

#define NOW INT64_C(1790000000)

/* A reply with one RRset of the zone's name, signed. */
typedef struct made {
    uint8_t wire[8192];
    nsp_rr_t arena[SIGNED_RRS];
    nsp_msg_t msg;
} made_t;

static signature_t times(void)
{
    signature_t s = {.inception = NOW - 1000,
                     .expiration = NOW + 1000,
                     .original_ttl = 300,
                     .signer = signed_name("example.net.")};
    return s;
}

static signer_rrset_t keys_of(const signer_t *const *key, size_t count)
{
    signer_rrset_t set = {
        .owner = signed_name("example.net."), .type = NSP_TYPE_DNSKEY, .ttl = 300};
    for (; set.count < count; set.count++) {
        set.rr[set.count].size = key[set.count]->size;
        memcpy(set.rr[set.count].rdata, key[set.count]->rdata, key[set.count]->size);
    }
    return set;
}

static void make(made_t *m, const signer_rrset_t *set, const signature_t *how,
                 const signer_t *const *by, size_t count)
{
    nsp_builder_t b;
    size_t size = 0;
    nsp_build_begin(&b, m->wire, sizeof m->wire, 1, NSP_FLAG_QR | NSP_FLAG_AA);
    signer_put(&b, NSP_ANSWER, set, how, by, count);
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    nsp_msg_index(&m->msg, m->wire, size, m->arena, SIGNED_RRS);
}

/* Every algorithm, signed by a signer that shares no code with us, and its size. */
static void test_algorithms(void **state)
{
    static const struct {
        uint8_t algorithm;
        unsigned bits;
    } rows[] = {{8, 2048}, {8, 1024}, {10, 2048}, {13, 256}, {14, 384}, {15, 256}, {16, 448}};
    nsp_name_t zone = signed_name("example.net.");
    signature_t how = times();
    made_t *m = malloc(sizeof *m);
    dnssec_keys_t *keys = malloc(sizeof *keys);
    (void)state;
    assert_non_null(m);
    assert_non_null(keys);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        signer_t s = signer_new(rows[i].algorithm, rows[i].bits, 257);
        const signer_t *one = &s;
        dnssec_sig_t sig[DNSSEC_SIGS_MAX];
        dnskey_t key;
        uint32_t ttl = 0;
        signer_rrset_t set = keys_of(&one, 1);
        make(m, &set, &how, &one, 1);
        assert_true(dnskey_read(&m->msg, 0, &key));
        assert_int_equal(key.tag, s.tag);
        assert_int_equal(dnskey_bits(&key), rows[i].bits);
        assert_true(dnskey_fits(&key) && key.sep && key.zone && !key.revoked);
        dnssec_take_keys(&m->msg, &zone, false, keys);
        assert_int_equal(keys->status, DNSSEC_SECURE);
        assert_int_equal(
            dnssec_audit(&m->msg, NSP_ANSWER, &zone, NSP_TYPE_DNSKEY, keys, NOW, sig, &ttl), 1);
        assert_int_equal(sig[0].status, DNSSEC_SECURE);
        assert_int_equal(sig[0].expiration, NOW + 1000);
        assert_int_equal(ttl, 300);
        signer_free(&s);
    }
    free(keys);
    free(m);
}

/* Signatures are judged one by one, whatever the others are. */
static void test_each_signature(void **state)
{
    nsp_name_t zone = signed_name("example.net.");
    signer_t a = signer_new(13, 0, 257);
    signer_t b = signer_new(15, 0, 256);
    signer_t stranger = signer_new(15, 0, 256);
    const signer_t *both[] = {&a, &b};
    const signer_t *by[] = {&stranger, &b, &a};
    signature_t how = times();
    dnssec_sig_t sig[DNSSEC_SIGS_MAX];
    uint32_t ttl = 0;
    made_t *m = malloc(sizeof *m);
    dnssec_keys_t *keys = malloc(sizeof *keys);
    (void)state;
    assert_non_null(m);
    assert_non_null(keys);
    signer_rrset_t set = keys_of(both, 2);
    make(m, &set, &how, by, 3);
    dnssec_take_keys(&m->msg, &zone, false, keys);
    assert_int_equal(keys->count, 2);
    size_t n = dnssec_audit(&m->msg, NSP_ANSWER, &zone, NSP_TYPE_DNSKEY, keys, NOW, sig, &ttl);
    assert_int_equal(n, 3);
    assert_int_equal(sig[0].status, DNSSEC_KEY_MISSING);
    assert_int_equal(sig[1].status, DNSSEC_SECURE);
    assert_int_equal(sig[2].status, DNSSEC_SECURE);
    n = dnssec_audit(&m->msg, NSP_ANSWER, &zone, NSP_TYPE_DNSKEY, keys, NOW + 2000, sig, &ttl);
    assert_int_equal(n, 3);
    assert_int_equal(sig[1].status, DNSSEC_EXPIRED);
    assert_int_equal(dnssec_audit(&m->msg, NSP_ANSWER, &zone, NSP_TYPE_SOA, keys, NOW, sig, &ttl),
                     0);
    signer_free(&a);
    signer_free(&b);
    signer_free(&stranger);
    free(keys);
    free(m);
}

static void test_ds(void **state)
{
    nsp_name_t zone = signed_name("Example.NET.");
    static const uint8_t digests[] = {1, 2, 4};
    signer_t a = signer_new(13, 0, 257);
    signer_t b = signer_new(13, 0, 257);
    const signer_t *both[] = {&a, &b};
    made_t *m = malloc(sizeof *m);
    dnskey_t key[2];
    (void)state;
    assert_non_null(m);
    for (size_t i = 0; i < sizeof digests; i++) {
        signer_rrset_t set = {.owner = signed_name("example.net."), .type = NSP_TYPE_DS};
        signature_t how = times();
        ds_t ds;
        made_t *k = malloc(sizeof *k);
        assert_non_null(k);
        signer_rrset_t keys = keys_of(both, 2);
        make(k, &keys, &how, NULL, 0);
        set.rr[0].size = (uint16_t)signer_ds(&a, &set.owner, digests[i], set.rr[0].rdata);
        set.count = 1;
        make(m, &set, &how, NULL, 0);
        assert_true(ds_read(&m->msg, 0, &ds));
        assert_int_equal(ds.digest_type, digests[i]);
        assert_true(dnskey_read(&k->msg, 0, &key[0]) && dnskey_read(&k->msg, 1, &key[1]));
        assert_true(ds_is_of(&ds, &zone, &key[0]));
        assert_false(ds_is_of(&ds, &zone, &key[1]));
        ds.size--;
        assert_false(ds_is_of(&ds, &zone, &key[0]));
        free(k);
    }
    signer_free(&a);
    signer_free(&b);
    free(m);
}

/* Keys that do not fit their algorithm, and RDATA that ends too early. */
static void test_broken(void **state)
{
    static const struct {
        uint16_t size;
        uint8_t rdata[12];
        bool read;
        unsigned bits;
    } rows[] = {{7, {1, 0, 3, 13, 1, 2, 3}, true, 0},
                {8, {1, 0, 3, 8, 3, 1, 0, 1}, true, 0},
                {12, {1, 0, 3, 8, 3, 1, 0, 1, 0, 0, 0, 1}, true, 1},
                {12, {1, 0, 3, 8, 3, 1, 0, 1, 0, 0x81, 0, 1}, true, 24},
                {7, {1, 0, 3, 200, 1, 2, 3}, true, 0},
                {5, {1, 0, 3, 8, 3}, true, 0},
                {4, {1, 0, 3, 8}, true, 0},
                {3, {1, 0, 3}, false, 0},
                {0, {0}, false, 0}};
    nsp_name_t zone = signed_name("example.net.");
    made_t *m = malloc(sizeof *m);
    (void)state;
    assert_non_null(m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nsp_builder_t b;
        dnskey_t key;
        size_t size = 0;
        nsp_build_begin(&b, m->wire, sizeof m->wire, 1, NSP_FLAG_QR);
        nsp_build_rr(&b, NSP_ANSWER, &zone, NSP_TYPE_DNSKEY, NSP_CLASS_IN, 1, rows[i].rdata,
                     rows[i].size);
        assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
        nsp_msg_index(&m->msg, m->wire, size, m->arena, SIGNED_RRS);
        assert_int_equal(dnskey_read(&m->msg, 0, &key), rows[i].read);
        if (rows[i].read)
            assert_int_equal(dnskey_bits(&key), rows[i].bits);
    }
    free(m);
}

static void test_nsec3(void **state)
{
    signed_built_t *b = malloc(sizeof *b);
    nsec3_params_t p[3];
    (void)state;
    assert_non_null(b);
    assert_true(signed_from_text("example.net. 0 IN NSEC3PARAM 1 0 10 aabb\n"
                                 "example.net. 0 IN NSEC3PARAM 1 1 10 aabb\n"
                                 "example.net. 0 IN NSEC3PARAM 1 0 10 -\n",
                                 0, b));
    for (uint16_t i = 0; i < 3; i++)
        assert_true(nsec3_params_read(&b->msg, i, &p[i]));
    assert_int_equal(p[0].iterations, 10);
    assert_int_equal(p[0].salt_size, 2);
    assert_true(nsec3_params_equal(&p[0], &p[1]));
    assert_false(nsec3_params_equal(&p[0], &p[2]));
    free(b);
}

static void test_types(void **state)
{
    static const uint16_t both[] = {NSP_TYPE_SOA, NSP_TYPE_NS, 0};
    static const uint16_t more[] = {NSP_TYPE_SOA, NSP_TYPE_TXT, NSP_TYPE_MX, 0};
    nsp_name_t zone = signed_name("example.net.");
    nsp_name_t other = signed_name("www.example.net.");
    signed_built_t *b = malloc(sizeof *b);
    (void)state;
    assert_non_null(b);
    assert_true(
        signed_from_text("--\nexample.net. 0 IN NSEC www.example.net. NS SOA RRSIG NSEC\n", 0, b));
    assert_int_equal(dnssec_type_denied(&b->msg, &zone, &zone, both), 0);
    assert_int_equal(dnssec_type_denied(&b->msg, &zone, &zone, more), NSP_TYPE_TXT);
    assert_int_equal(dnssec_type_denied(&b->msg, &zone, &other, more), 0);
    free(b);
}

static void test_registry(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t n = (uint8_t)i;
        bool named = strcmp(dnssec_algorithm_name(n), "unassigned") != 0;
        assert_int_equal(named, dnssec_algorithm_advice(n) != ADVICE_UNASSIGNED);
        named = strcmp(dnssec_digest_name(n), "unassigned") != 0;
        assert_int_equal(named, dnssec_digest_advice(n) != ADVICE_UNASSIGNED);
        /* what can be verified here is in the registry */
        assert_true(!dnssec_algorithm_known(n) || dnssec_algorithm_advice(n) != ADVICE_UNASSIGNED);
        assert_true(!dnssec_digest_known(n) || dnssec_digest_advice(n) != ADVICE_UNASSIGNED);
    }
    assert_int_equal(dnssec_algorithm_advice(13), ADVICE_GOOD);
    assert_int_equal(dnssec_algorithm_advice(10), ADVICE_DISCOURAGED);
    assert_int_equal(dnssec_algorithm_advice(5), ADVICE_FORBIDDEN);
    assert_int_equal(dnssec_digest_advice(1), ADVICE_FORBIDDEN);
    assert_int_equal(dnssec_digest_advice(253), ADVICE_PRIVATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_algorithms), cmocka_unit_test(test_each_signature),
        cmocka_unit_test(test_ds),         cmocka_unit_test(test_broken),
        cmocka_unit_test(test_nsec3),      cmocka_unit_test(test_types),
        cmocka_unit_test(test_registry)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
