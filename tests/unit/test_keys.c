/* A zone's keys and its DS records: what real tools made, the examples of RFCs, and each way in
 * which the link breaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "signed.h"

static const char *const zones[] = {"rsasha1.test",   "rsasha1n3.test", "rsasha256.test",
                                    "rsasha512.test", "p256.test",      "p384.test",
                                    "ed25519.test",   "ed448.test",     "knot3.test"};
#define ZONES (sizeof zones / sizeof zones[0])

static const signed_reply_t *ds_reply(const char *zone)
{
    return signed_find(&signed_all, "test", zone, "DS");
}

static const signed_reply_t *key_reply(const char *zone)
{
    return signed_find(&signed_all, zone, zone, "DNSKEY");
}

/* The record number n (from 0) of a type in the answer. */
static uint16_t nth(const signed_reply_t *r, uint16_t type, unsigned n)
{
    for (uint16_t i = 0; i < r->msg.rr_count; i++) {
        if (r->arena[i].type == type && r->arena[i].section == NSP_ANSWER && n-- == 0)
            return i;
    }
    return NSP_NO_RR;
}

static void real_zones(void **state)
{
    (void)state;
    for (size_t i = 0; i < ZONES; i++) {
        static dnssec_keys_t keys;
        dnssec_verdict_t v = signed_zone_keys(&signed_all, zones[i], &keys);
        assert_string_equal(dnssec_status_name(v.status), "secure");
        assert_int_equal(keys.status, DNSSEC_SECURE);
        assert_int_equal(keys.count, 2);
        assert_int_equal(keys.key[0].by_ds + keys.key[1].by_ds, 1);
        assert_int_equal(v.tries, 1);
        assert_true(v.has_rrsig && v.inception < signed_all.now && v.expiration > signed_all.now);
        assert_int_equal(key_reply(zones[i])->arena[v.rr].type, NSP_TYPE_RRSIG);
        assert_true(nsp_name_equal(&v.signer, &keys.zone));
        for (unsigned k = 0; k < keys.count; k++)
            assert_int_equal(key_reply(zones[i])->arena[keys.key[k].rr].type, NSP_TYPE_DNSKEY);
    }
}

static void clock_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ZONES; i++) {
        static dnssec_keys_t keys;
        const signed_reply_t *ds = ds_reply(zones[i]);
        const signed_reply_t *dnskey = key_reply(zones[i]);
        dnssec_verdict_t v = signed_zone_keys(&signed_all, zones[i], &keys);
        const struct {
            int64_t now;
            dnssec_status_t status;
        } cases[] = {
            {v.inception - 1, DNSSEC_NOT_YET_VALID}, {v.inception, DNSSEC_SECURE},
            {v.inception + 1, DNSSEC_SECURE},        {v.expiration - 1, DNSSEC_SECURE},
            {v.expiration, DNSSEC_SECURE},           {v.expiration + 1, DNSSEC_EXPIRED},
        };
        for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
            dnssec_verdict_t w =
                dnssec_check_keys(&ds->msg, &dnskey->msg, &dnskey->zone_name, cases[c].now, &keys);
            assert_int_equal(w.status, cases[c].status);
            assert_int_equal(keys.status, cases[c].status);
            assert_int_equal(w.inception, v.inception);
            assert_int_equal(w.expiration, v.expiration);
        }
    }
}

/* The DS records of a zone changed in one octet each. */
static void changed_ds(void **state)
{
    (void)state;
    static const struct {
        unsigned at; /* in the RDATA */
        uint8_t flip;
        dnssec_status_t status;
    } cases[] = {
        {0, 0x80, DNSSEC_DS_NO_KEY},   {1, 0x01, DNSSEC_DS_NO_KEY},   {2, 0x03, DNSSEC_DS_NO_KEY},
        {2, 0x80, DNSSEC_UNSUPPORTED}, {3, 0x80, DNSSEC_UNSUPPORTED}, {3, 0x03, DNSSEC_DS_DIGEST},
        {4, 0x01, DNSSEC_DS_DIGEST},   {35, 0x80, DNSSEC_DS_DIGEST},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        static dnssec_keys_t keys;
        signed_reply_t ds = signed_copy(ds_reply("p256.test"));
        const signed_reply_t *dnskey = key_reply("p256.test");
        uint16_t rr = nth(&ds, NSP_TYPE_DS, 0);
        ds.wire[ds.arena[rr].rdata + cases[c].at] ^= cases[c].flip;
        dnssec_verdict_t v =
            dnssec_check_keys(&ds.msg, &dnskey->msg, &dnskey->zone_name, signed_all.now, &keys);
        assert_string_equal(dnssec_status_name(v.status), dnssec_status_name(cases[c].status));
        assert_int_equal(v.rr, rr);
        assert_int_equal(v.key_tag,
                         ds.wire[ds.arena[rr].rdata] << 8 | ds.wire[ds.arena[rr].rdata + 1]);
        assert_int_equal(v.algorithm, ds.wire[ds.arena[rr].rdata + 2]);
        assert_int_equal(v.digest_type, ds.wire[ds.arena[rr].rdata + 3]);
        assert_int_equal(keys.status, cases[c].status);
        signed_drop(&ds);
    }
}

/* A wrong SHA-1 digest beside a right SHA-256 does not count, the other way round it does
 * (RFC 4509 3). */
static void sha1_beside_sha2(void **state)
{
    (void)state;
    static dnssec_keys_t keys;
    const signed_reply_t *dnskey = key_reply("rsasha256.test");
    for (unsigned wrong = 1; wrong <= 2; wrong++) {
        signed_reply_t ds = signed_copy(ds_reply("rsasha256.test"));
        for (unsigned i = 0; nth(&ds, NSP_TYPE_DS, i) != NSP_NO_RR; i++) {
            uint8_t *rdata = ds.wire + ds.arena[nth(&ds, NSP_TYPE_DS, i)].rdata;
            if ((rdata[3] == 1) == (wrong == 1))
                rdata[10] ^= 1;
        }
        dnssec_verdict_t v =
            dnssec_check_keys(&ds.msg, &dnskey->msg, &dnskey->zone_name, signed_all.now, &keys);
        assert_int_equal(v.status, wrong == 1 ? DNSSEC_SECURE : DNSSEC_DS_DIGEST);
        signed_drop(&ds);
    }
}

static void no_chain(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        dnssec_status_t status;
    } cases[] = {{"unsigned.test", DNSSEC_NO_DS},
                 {"gost.test", DNSSEC_UNSUPPORTED},
                 {"md5.test", DNSSEC_UNSUPPORTED},
                 {"nothing.test", DNSSEC_NO_DS}};
    const signed_reply_t *other = key_reply("p256.test");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static dnssec_keys_t keys;
        nsp_name_t zone = signed_name(cases[i].zone);
        const signed_reply_t *ds = ds_reply(cases[i].zone);
        dnssec_verdict_t v = dnssec_check_keys(&ds->msg, &other->msg, &zone, signed_all.now, &keys);
        assert_int_equal(v.status, cases[i].status);
        assert_int_equal(dnssec_status_class(v.status), DNSSEC_CLASS_INSECURE);
        assert_int_equal(keys.count, 0);
        /* and what uses the keys says the same */
        v = dnssec_check_answer(&other->msg, &zone, NSP_TYPE_SOA, &keys, signed_all.now);
        assert_int_equal(v.status, cases[i].status);
        v = dnssec_check_rrset(&other->msg, NSP_ANSWER, &zone, NSP_TYPE_SOA, &keys, signed_all.now);
        assert_int_equal(v.status, cases[i].status);
        v = dnssec_check_denial(&other->msg, &zone, NSP_TYPE_SOA, &keys, signed_all.now);
        assert_int_equal(v.status, cases[i].status);
    }
}

/* What a DNSKEY reply lacks. Types are changed in the index, so that a record counts as gone. */
static void changed_keys(void **state)
{
    (void)state;
    static dnssec_keys_t keys;
    const signed_reply_t *ds = ds_reply("p256.test");
    static const struct {
        uint16_t without;
        dnssec_status_t status;
    } cases[] = {{NSP_TYPE_RRSIG, DNSSEC_NO_RRSIG}, {NSP_TYPE_DNSKEY, DNSSEC_NO_DNSKEY}};
    for (size_t i = 0; i < 2; i++) {
        signed_reply_t r = signed_copy(key_reply("p256.test"));
        for (uint16_t k = 0; k < r.msg.rr_count; k++)
            r.arena[k].type = r.arena[k].type == cases[i].without ? 0 : r.arena[k].type;
        dnssec_verdict_t v =
            dnssec_check_keys(&ds->msg, &r.msg, &r.zone_name, signed_all.now, &keys);
        assert_int_equal(v.status, cases[i].status);
        assert_true(v.rr != NSP_NO_RR);
        signed_drop(&r);
    }
    /* one octet of a key that no DS names: the signature no longer fits */
    signed_reply_t r = signed_copy(key_reply("p256.test"));
    for (unsigned n = 0; n < 2; n++) {
        uint8_t *rdata = r.wire + r.arena[nth(&r, NSP_TYPE_DNSKEY, n)].rdata;
        rdata[20] ^= rdata[1] == 0 ? 1 : 0; /* flags 256: the ZSK */
    }
    dnssec_verdict_t v = dnssec_check_keys(&ds->msg, &r.msg, &r.zone_name, signed_all.now, &keys);
    assert_int_equal(v.status, DNSSEC_BAD_SIGNATURE);
    signed_drop(&r);
}

/* RFC 4034 5.4 and RFC 4509 2.3: one key, its tag, its digests. */
#define RFC4034_KEY                                                                                \
    "dskey.example.com. 86400 IN DNSKEY 256 3 5 ( AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXV"    \
    "bfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5"   \
    "f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw== )\n"
#define DS_OWNER "dskey.example.com. 86400 IN DS "

static void rfc4034_example(void **state)
{
    (void)state;
    static const struct {
        const char *ds;
        dnssec_status_t status;
    } cases[] = {
        {DS_OWNER "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n", DNSSEC_NO_RRSIG},
        {DS_OWNER "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292119\n", DNSSEC_DS_DIGEST},
        {DS_OWNER "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A2921\n", DNSSEC_DS_DIGEST},
        {DS_OWNER "60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A\n",
         DNSSEC_NO_RRSIG},
        {DS_OWNER "60484 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n", DNSSEC_DS_NO_KEY},
        {DS_OWNER "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292119\n" DS_OWNER
                  "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n",
         DNSSEC_NO_RRSIG},
    };
    static dnssec_keys_t keys;
    static signed_built_t ds;
    static signed_built_t dnskey;
    nsp_name_t zone = signed_name("DSKEY.example.com");
    assert_true(signed_from_text(RFC4034_KEY, 0, &dnskey));
    assert_int_equal(dnssec_key_tag(dnskey.wire + dnskey.arena[0].rdata, dnskey.arena[0].rdlength),
                     60485);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(signed_from_text(cases[i].ds, 0, &ds));
        dnssec_verdict_t v = dnssec_check_keys(&ds.msg, &dnskey.msg, &zone, signed_all.now, &keys);
        assert_string_equal(dnssec_status_name(v.status), dnssec_status_name(cases[i].status));
    }
    /* in the authority section of a referral too */
    assert_true(signed_from_text(
        "--\n" DS_OWNER "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n", 0, &ds));
    dnssec_verdict_t v = dnssec_check_keys(&ds.msg, &dnskey.msg, &zone, signed_all.now, &keys);
    assert_int_equal(v.status, DNSSEC_NO_RRSIG);
}

/* RFC 8080 6.1: Ed25519, key 3613. */
#define RFC8080_KEY                                                                                \
    "example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n"
#define RFC8080_MX "example.com. 3600 IN MX 10 mail.example.com.\n"
#define RFC8080_RRSIG                                                                              \
    "example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. "             \
    "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==\n"

static void rfc8080_example(void **state)
{
    (void)state;
    static dnssec_keys_t keys;
    static signed_built_t b;
    nsp_name_t zone = signed_name("example.com");
    assert_true(signed_from_text(RFC8080_KEY, 0, &b));
    assert_int_equal(dnssec_key_tag(b.wire + b.arena[0].rdata, b.arena[0].rdlength), 3613);
    memset(&keys, 0, sizeof keys);
    keys.status = DNSSEC_SECURE;
    keys.zone = zone;
    keys.count = 1;
    keys.key[0].tag = 3613;
    keys.key[0].algorithm = 15;
    keys.key[0].octets = 32;
    memcpy(keys.key[0].public_key, b.wire + b.arena[0].rdata + 4, 32);
    assert_true(signed_from_text(RFC8080_MX RFC8080_RRSIG, 0, &b));
    static const struct {
        int64_t now;
        dnssec_status_t status;
    } cases[] = {
        {1438207199, DNSSEC_NOT_YET_VALID},
        {1438207200, DNSSEC_SECURE},
        {1440021600, DNSSEC_SECURE},
        {1440021601, DNSSEC_EXPIRED},
        /* 32 bits of time come round again (RFC 4034 3.1.5) */
        {1438207200 + (INT64_C(1) << 32), DNSSEC_SECURE},
        {1438207199 + (INT64_C(1) << 32), DNSSEC_NOT_YET_VALID},
        {1440021601 + (INT64_C(1) << 32), DNSSEC_EXPIRED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dnssec_verdict_t v =
            dnssec_check_rrset(&b.msg, NSP_ANSWER, &zone, NSP_TYPE_MX, &keys, cases[i].now);
        assert_string_equal(dnssec_status_name(v.status), dnssec_status_name(cases[i].status));
    }
}

/* Flags and protocol of the key that the DS names (RFC 4034 2.1, RFC 5011 2.1). */
static void key_flags(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        dnssec_status_t status;
    } cases[] = {
        {"257 3", DNSSEC_NO_RRSIG},     {"256 3", DNSSEC_NO_RRSIG},
        {"384 3", DNSSEC_DS_KEY_UNFIT}, {"385 3", DNSSEC_DS_KEY_UNFIT},
        {"0 3", DNSSEC_DS_KEY_UNFIT},   {"1 3", DNSSEC_DS_KEY_UNFIT},
        {"257 2", DNSSEC_DS_KEY_UNFIT},
    };
    nsp_name_t zone = signed_name("example.com");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static dnssec_keys_t keys;
        static signed_built_t dnskey;
        static signed_built_t ds;
        char text[256];
        snprintf(text, sizeof text,
                 "example.com. 3600 IN DNSKEY %s 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n",
                 cases[i].key);
        assert_true(signed_from_text(text, 0, &dnskey));
        signed_make_ds(&dnskey.msg, &zone, 0, &ds);
        dnssec_verdict_t v = dnssec_check_keys(&ds.msg, &dnskey.msg, &zone, signed_all.now, &keys);
        assert_string_equal(dnssec_status_name(v.status), dnssec_status_name(cases[i].status));
    }
}

/* A DS names the zone-signing key, which does not sign the keys. */
static void signed_by_another(void **state)
{
    (void)state;
    static dnssec_keys_t keys;
    static signed_built_t ds;
    const signed_reply_t *r = key_reply("ed25519.test");
    signed_make_ds(&r->msg, &r->zone_name, 256, &ds);
    dnssec_verdict_t v = dnssec_check_keys(&ds.msg, &r->msg, &r->zone_name, signed_all.now, &keys);
    assert_int_equal(v.status, DNSSEC_KEYS_NOT_SIGNED);
    assert_int_equal(r->arena[v.rr].type, NSP_TYPE_RRSIG);
    signed_make_ds(&r->msg, &r->zone_name, 257, &ds);
    v = dnssec_check_keys(&ds.msg, &r->msg, &r->zone_name, signed_all.now, &keys);
    assert_int_equal(v.status, DNSSEC_SECURE);
}

/* One less than DNSSEC_KEYS_MAX, as many, one more. */
static void many_keys(void **state)
{
    (void)state;
    nsp_name_t zone = signed_name("example.com");
    for (unsigned count = DNSSEC_KEYS_MAX - 1; count <= DNSSEC_KEYS_MAX + 1; count++) {
        static dnssec_keys_t keys;
        static signed_built_t dnskey;
        static signed_built_t ds;
        nsp_builder_t b;
        size_t size = 0;
        nsp_build_begin(&b, dnskey.wire, sizeof dnskey.wire, 1, NSP_FLAG_QR);
        for (unsigned i = 0; i < count; i++) {
            uint8_t rdata[36] = {1, 1, 3, 15, (uint8_t)i};
            assert_true(nsp_build_rr(&b, NSP_ANSWER, &zone, NSP_TYPE_DNSKEY, NSP_CLASS_IN, 60,
                                     rdata, sizeof rdata));
        }
        assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
        nsp_msg_index(&dnskey.msg, dnskey.wire, size, dnskey.arena, SIGNED_RRS);
        signed_make_ds(&dnskey.msg, &zone, 0, &ds);
        dnssec_verdict_t v = dnssec_check_keys(&ds.msg, &dnskey.msg, &zone, signed_all.now, &keys);
        assert_int_equal(v.status, count > DNSSEC_KEYS_MAX ? DNSSEC_LIMIT : DNSSEC_NO_RRSIG);
        assert_int_equal(keys.count, count > DNSSEC_KEYS_MAX ? DNSSEC_KEYS_MAX : count);
    }
}

/* A key of the greatest size that is kept, and one octet more. */
static void longest_key(void **state)
{
    (void)state;
    nsp_name_t zone = signed_name("example.com");
    for (uint16_t n = DNSSEC_KEY_OCTETS_MAX - 1; n <= DNSSEC_KEY_OCTETS_MAX + 1; n++) {
        static dnssec_keys_t keys;
        static signed_built_t dnskey;
        static signed_built_t ds;
        uint8_t rdata[4 + DNSSEC_KEY_OCTETS_MAX + 1] = {1, 1, 3, 8};
        nsp_builder_t b;
        size_t size = 0;
        nsp_build_begin(&b, dnskey.wire, sizeof dnskey.wire, 1, NSP_FLAG_QR);
        assert_true(nsp_build_rr(&b, NSP_ANSWER, &zone, NSP_TYPE_DNSKEY, NSP_CLASS_IN, 60, rdata,
                                 (uint16_t)(4 + n)));
        assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
        nsp_msg_index(&dnskey.msg, dnskey.wire, size, dnskey.arena, SIGNED_RRS);
        signed_make_ds(&dnskey.msg, &zone, 0, &ds);
        dnssec_verdict_t v = dnssec_check_keys(&ds.msg, &dnskey.msg, &zone, signed_all.now, &keys);
        assert_int_equal(keys.count, n > DNSSEC_KEY_OCTETS_MAX ? 0 : 1);
        assert_int_equal(v.status,
                         n > DNSSEC_KEY_OCTETS_MAX ? DNSSEC_DS_KEY_UNFIT : DNSSEC_NO_RRSIG);
    }
}

/* Key tags of the smallest RDATA, and of RSA/MD5 (RFC 4034 B.1). */
static void key_tags(void **state)
{
    (void)state;
    static const uint8_t md5[] = {1, 1, 3, 1, 1, 3, 0xab, 0xcd, 0xef};
    assert_int_equal(dnssec_key_tag(NULL, 0), 0);
    assert_int_equal(dnssec_key_tag(md5, 1), 0x0100);
    assert_int_equal(dnssec_key_tag(md5, 6), 0x0101 + 0x0301 + 0x0103);
    assert_int_equal(dnssec_key_tag(md5, sizeof md5), 0xabcd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_zones),      cmocka_unit_test(clock_decides),
        cmocka_unit_test(changed_ds),      cmocka_unit_test(sha1_beside_sha2),
        cmocka_unit_test(no_chain),        cmocka_unit_test(changed_keys),
        cmocka_unit_test(rfc4034_example), cmocka_unit_test(rfc8080_example),
        cmocka_unit_test(key_flags),       cmocka_unit_test(signed_by_another),
        cmocka_unit_test(many_keys),       cmocka_unit_test(longest_key),
        cmocka_unit_test(key_tags),
    };
    return cmocka_run_group_tests(tests, signed_setup, signed_teardown);
}
