/* One RRset and its signatures: every algorithm, every bit, the clock, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signed.h"

/* One zone for each algorithm. */
static const char *const zones[] = {"rsasha1.test",   "rsasha1n3.test", "rsasha256.test",
                                    "rsasha512.test", "p256.test",      "p384.test",
                                    "ed25519.test",   "ed448.test"};
#define ZONES (sizeof zones / sizeof zones[0])

static void keys_of(const char *zone, dnssec_keys_t *keys)
{
    assert_int_equal(signed_zone_keys(&signed_all, zone, keys).status, DNSSEC_SECURE);
}

static const signed_reply_t *key_record(const char *zone)
{
    char qname[256];
    snprintf(qname, sizeof qname, "key._domainkey.%s", zone);
    return signed_find(&signed_all, zone, qname, "TXT");
}

static uint16_t find(const signed_reply_t *r, uint16_t type)
{
    for (uint16_t i = 0; i < r->msg.rr_count; i++) {
        if (r->arena[i].type == type && r->arena[i].section == NSP_ANSWER)
            return i;
    }
    return NSP_NO_RR;
}

static dnssec_verdict_t check(const signed_reply_t *r, const dnssec_keys_t *keys, int64_t now)
{
    return dnssec_check_rrset(&r->msg, NSP_ANSWER, &r->name, r->type, keys, now);
}

static void every_algorithm(void **state)
{
    (void)state;
    static const uint8_t algorithms[] = {5, 7, 8, 10, 13, 14, 15, 16};
    for (size_t i = 0; i < ZONES; i++) {
        dnssec_keys_t keys;
        keys_of(zones[i], &keys);
        const signed_reply_t *r = key_record(zones[i]);
        dnssec_verdict_t v = check(r, &keys, signed_all.now);
        assert_int_equal(v.status, DNSSEC_SECURE);
        assert_int_equal(v.algorithm, algorithms[i]);
        assert_int_equal(v.rr, find(r, NSP_TYPE_RRSIG));
        assert_false(v.wildcard);
        assert_int_equal(v.tries, 1);
    }
}

/* Each bit of each algorithm's signature. */
static void signature_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ZONES; i++) {
        dnssec_keys_t keys;
        keys_of(zones[i], &keys);
        signed_reply_t r = signed_copy(key_record(zones[i]));
        const nsp_rr_t *sig = &r.arena[find(&r, NSP_TYPE_RRSIG)];
        unsigned head = 18u + keys.zone.len;
        for (unsigned bit = 0; bit < 8u * (sig->rdlength - head); bit++) {
            uint8_t *octet = r.wire + sig->rdata + head + bit / 8;
            *octet ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(check(&r, &keys, signed_all.now).status, DNSSEC_BAD_SIGNATURE);
            *octet ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(check(&r, &keys, signed_all.now).status, DNSSEC_SECURE);
        signed_drop(&r);
    }
}

/* Each bit of the record and of the RRSIG's other fields. */
static void signed_bits(void **state)
{
    (void)state;
    dnssec_keys_t keys;
    keys_of("ed25519.test", &keys);
    signed_reply_t r = signed_copy(key_record("ed25519.test"));
    const nsp_rr_t *txt = &r.arena[find(&r, NSP_TYPE_TXT)];
    const nsp_rr_t *sig = &r.arena[find(&r, NSP_TYPE_RRSIG)];
    for (unsigned bit = 0; bit < 8u * txt->rdlength; bit++) {
        uint8_t *octet = r.wire + txt->rdata + bit / 8;
        *octet ^= (uint8_t)(1u << bit % 8);
        dnssec_status_t s = check(&r, &keys, signed_all.now).status;
        assert_true(s == DNSSEC_BAD_SIGNATURE || s == DNSSEC_MALFORMED);
        *octet ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned bit = 0; bit < 8u * 18; bit++) {
        uint8_t *octet = r.wire + sig->rdata + bit / 8;
        *octet ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(check(&r, &keys, signed_all.now).status, DNSSEC_SECURE);
        *octet ^= (uint8_t)(1u << bit % 8);
    }
    /* the TTL may run down, and letters of the owner may have any case (RFC 4034 6.2) */
    r.arena[find(&r, NSP_TYPE_TXT)].ttl = 1;
    r.wire[13] ^= 0x20;
    assert_int_equal(check(&r, &keys, signed_all.now).status, DNSSEC_SECURE);
    signed_drop(&r);
}

static void clock_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ZONES; i++) {
        dnssec_keys_t keys;
        keys_of(zones[i], &keys);
        const signed_reply_t *r = key_record(zones[i]);
        dnssec_verdict_t v = check(r, &keys, signed_all.now);
        assert_int_equal(check(r, &keys, v.inception - 1).status, DNSSEC_NOT_YET_VALID);
        assert_int_equal(check(r, &keys, v.inception).status, DNSSEC_SECURE);
        assert_int_equal(check(r, &keys, v.expiration).status, DNSSEC_SECURE);
        dnssec_verdict_t w = check(r, &keys, v.expiration + 1);
        assert_int_equal(w.status, DNSSEC_EXPIRED);
        assert_int_equal(w.expiration, v.expiration);
        assert_int_equal(w.inception, v.inception);
        assert_int_equal(w.rr, v.rr);
        assert_int_equal(w.key_tag, v.key_tag);
    }
}

/* One field of the RRSIG each. */
static void fields(void **state)
{
    (void)state;
    static const struct {
        unsigned at;
        uint8_t flip;
        dnssec_status_t status;
    } cases[] = {
        {1, 0x01, DNSSEC_NO_RRSIG},        /* type covered: another */
        {2, 0x02, DNSSEC_KEY_MISSING},     /* algorithm 15 to 13 */
        {2, 0x80, DNSSEC_SIG_UNSUPPORTED}, /* algorithm 143 */
        {3, 0x08, DNSSEC_LABELS},          /* labels 4 to 12 */
        {3, 0x01, DNSSEC_LABELS},          /* labels 4 to 5 */
        {7, 0x01, DNSSEC_BAD_SIGNATURE},   /* original TTL */
        {11, 0x01, DNSSEC_BAD_SIGNATURE},  /* expiration */
        {17, 0x01, DNSSEC_KEY_MISSING},    /* key tag */
        {19, 0x01, DNSSEC_SIGNER},         /* a letter of the signer */
        {19, 0x20, DNSSEC_SECURE},         /* its case */
    };
    dnssec_keys_t keys;
    keys_of("ed25519.test", &keys);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        signed_reply_t r = signed_copy(key_record("ed25519.test"));
        r.wire[r.arena[find(&r, NSP_TYPE_RRSIG)].rdata + cases[i].at] ^= cases[i].flip;
        dnssec_verdict_t v = check(&r, &keys, signed_all.now);
        assert_string_equal(dnssec_status_name(v.status), dnssec_status_name(cases[i].status));
        assert_true(v.rr != NSP_NO_RR);
        signed_drop(&r);
    }
}

static void missing_parts(void **state)
{
    (void)state;
    dnssec_keys_t keys;
    keys_of("ed25519.test", &keys);
    signed_reply_t r = signed_copy(key_record("ed25519.test"));
    uint16_t sig = find(&r, NSP_TYPE_RRSIG);
    uint16_t txt = find(&r, NSP_TYPE_TXT);
    r.arena[sig].type = 0;
    dnssec_verdict_t v = check(&r, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_NO_RRSIG);
    assert_int_equal(v.rr, txt);
    r.arena[sig].type = NSP_TYPE_RRSIG;
    r.arena[sig].rdlength = 18;
    v = check(&r, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_MALFORMED);
    assert_int_equal(v.rr, sig);
    r.arena[txt].rdlength = 3;
    v = check(&r, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_MALFORMED);
    assert_int_equal(v.rr, txt);
    r.arena[txt].type = 0;
    v = check(&r, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_NO_RRSET);
    assert_int_equal(v.rr, NSP_NO_RR);
    signed_drop(&r);
}

/* The keys of another zone, and keys of which the right one is missing. */
static void wrong_keys(void **state)
{
    (void)state;
    dnssec_keys_t keys;
    const signed_reply_t *r = key_record("ed25519.test");
    keys_of("p256.test", &keys);
    assert_int_equal(check(r, &keys, signed_all.now).status, DNSSEC_SIGNER);
    keys_of("ed25519.test", &keys);
    for (unsigned i = 0; i < keys.count; i++)
        keys.key[i].tag ^= 1;
    dnssec_verdict_t v = check(r, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_KEY_MISSING);
    assert_int_equal(v.tries, 0);
}

#define OWNER "example.com. 3600 IN "
#define BAD_RRSIG                                                                                  \
    OWNER "RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. "                            \
          "%02u0krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqN" \
          "Ag==\n"
#define GOOD_RRSIG                                                                                 \
    OWNER "RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. "                            \
          "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg" \
          "==\n"

/* RFC 8080 6.1, key 3613, as many times as asked for; the right one is the last. */
static void same_tag_keys(unsigned count, dnssec_keys_t *keys)
{
    static const uint8_t good[32] = {0x97, 0x4d, 0x96, 0xa2, 0x2d, 0x22, 0x4b, 0xc0,
                                     0x1a, 0xdb, 0x91, 0x50, 0x91, 0x47, 0x7d, 0x44,
                                     0xcc, 0xd9, 0x1c, 0x9a, 0x41, 0xa1, 0x14, 0x30,
                                     0x01, 0x01, 0x17, 0xd5, 0x2c, 0x59, 0x24, 0x0e};
    memset(keys, 0, sizeof *keys);
    keys->status = DNSSEC_SECURE;
    keys->zone = signed_name("example.com");
    keys->count = count;
    for (unsigned i = 0; i < count; i++) {
        keys->key[i].tag = 3613;
        keys->key[i].algorithm = 15;
        keys->key[i].octets = 32;
        memcpy(keys->key[i].public_key, good, 32);
        keys->key[i].public_key[0] ^= i + 1 < count ? (uint8_t)(i + 1) : 0;
    }
}

/* Keys that share a tag are tried, yet not for ever (CVE-2023-50387). */
static void colliding_tags(void **state)
{
    (void)state;
    for (unsigned count = DNSSEC_TAG_KEYS_MAX - 1; count <= DNSSEC_TAG_KEYS_MAX + 1; count++) {
        dnssec_keys_t keys;
        static signed_built_t b;
        same_tag_keys(count, &keys);
        assert_true(signed_from_text(OWNER "MX 10 mail.example.com.\n" GOOD_RRSIG, 0, &b));
        dnssec_verdict_t v =
            dnssec_check_rrset(&b.msg, NSP_ANSWER, &keys.zone, NSP_TYPE_MX, &keys, 1440000000);
        bool over = count > DNSSEC_TAG_KEYS_MAX;
        assert_int_equal(v.status, over ? DNSSEC_LIMIT : DNSSEC_SECURE);
        assert_int_equal(v.tries, over ? DNSSEC_TAG_KEYS_MAX : count);
    }
}

/* Many signatures of which only the last is good. */
static void many_signatures(void **state)
{
    (void)state;
    for (unsigned count = DNSSEC_TRIES_MAX - 1; count <= DNSSEC_TRIES_MAX + 1; count++) {
        dnssec_keys_t keys;
        static signed_built_t b;
        static char text[16384];
        size_t n = (size_t)snprintf(text, sizeof text, OWNER "MX 10 mail.example.com.\n");
        for (unsigned i = 1; i < count; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, BAD_RRSIG, i);
        snprintf(text + n, sizeof text - n, GOOD_RRSIG);
        same_tag_keys(1, &keys);
        assert_true(signed_from_text(text, 0, &b));
        dnssec_verdict_t v =
            dnssec_check_rrset(&b.msg, NSP_ANSWER, &keys.zone, NSP_TYPE_MX, &keys, 1440000000);
        bool over = count > DNSSEC_TRIES_MAX;
        assert_int_equal(v.status, over ? DNSSEC_LIMIT : DNSSEC_SECURE);
        assert_int_equal(v.tries, over ? DNSSEC_TRIES_MAX : count);
    }
}

/* What is told of several bad signatures: the one that comes nearest. */
static void nearest_is_told(void **state)
{
    (void)state;
    static const char foreign[] =
        OWNER "RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.net. AAAA\n";
    static const char unknown[] =
        OWNER "RRSIG MX 15 2 3600 1440021600 1438207200 1 example.com. AAAA\n";
    char bad[512];
    char text[2048];
    snprintf(bad, sizeof bad, BAD_RRSIG, 1u);
    const struct {
        const char *first;
        const char *second;
        dnssec_status_t status;
    } cases[] = {
        {foreign, unknown, DNSSEC_KEY_MISSING}, {unknown, foreign, DNSSEC_KEY_MISSING},
        {bad, unknown, DNSSEC_BAD_SIGNATURE},   {unknown, bad, DNSSEC_BAD_SIGNATURE},
        {bad, GOOD_RRSIG, DNSSEC_EXPIRED},      {GOOD_RRSIG, foreign, DNSSEC_EXPIRED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dnssec_keys_t keys;
        static signed_built_t b;
        same_tag_keys(1, &keys);
        snprintf(text, sizeof text, OWNER "MX 10 mail.example.com.\n%s%s", cases[i].first,
                 cases[i].second);
        assert_true(signed_from_text(text, 0, &b));
        dnssec_verdict_t v =
            dnssec_check_rrset(&b.msg, NSP_ANSWER, &keys.zone, NSP_TYPE_MX, &keys, 1440021601);
        assert_string_equal(dnssec_status_name(v.status), dnssec_status_name(cases[i].status));
    }
}

/* The same record twice counts once (RFC 4034 6.3), and another section is another RRset. */
static void twice_is_once(void **state)
{
    (void)state;
    dnssec_keys_t keys;
    static signed_built_t b;
    same_tag_keys(1, &keys);
    assert_true(signed_from_text(
        OWNER "MX 10 mail.example.com.\n" OWNER "MX 10 MAIL.example.com.\n" GOOD_RRSIG, 0, &b));
    assert_int_equal(
        dnssec_check_rrset(&b.msg, NSP_ANSWER, &keys.zone, NSP_TYPE_MX, &keys, 1440000000).status,
        DNSSEC_SECURE);
    assert_int_equal(
        dnssec_check_rrset(&b.msg, NSP_AUTHORITY, &keys.zone, NSP_TYPE_MX, &keys, 1440000000)
            .status,
        DNSSEC_NO_RRSET);
}

/* An RRset whose canonical form is far larger than the message: names that are one pointer there.
 */
static void largest_rrset(void **state)
{
    (void)state;
    static uint8_t wire[65535];
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_writer_t w = nsp_writer(wire, sizeof wire);
    nsp_msg_t m;
    dnssec_keys_t keys;
    same_tag_keys(1, &keys);
    static const uint8_t head[12] = {0, 1, 0x84, 0, 0, 1};
    nsp_write_bytes(&w, head, sizeof head);
    nsp_write_bytes(&w, keys.zone.octets, keys.zone.len);
    nsp_write_u32(&w, 0x000f0001);
    uint16_t long_name = 0;
    uint16_t count = 0;
    for (; sizeof wire - w.pos > 300; count++) {
        nsp_write_u16(&w, 0xc00c);
        nsp_write_u32(&w, 0x000f0001);
        nsp_write_u32(&w, 60);
        if (count > 0) {
            nsp_write_u16(&w, 4);
            nsp_write_u16(&w, count);
            nsp_write_u16(&w, (uint16_t)(0xc000 | long_name));
            continue;
        }
        nsp_write_u16(&w, 2 + 3 * 64 + 1);
        nsp_write_u16(&w, count);
        long_name = (uint16_t)w.pos;
        for (unsigned i = 0; i < 3; i++) {
            nsp_write_u8(&w, 63);
            memset(nsp_write_room(&w, 63), 'a', 63);
        }
        nsp_write_u8(&w, 0);
    }
    nsp_patch_u16(&w, 6, count);
    assert_int_equal(nsp_msg_index(&m, wire, w.pos, arena, NSP_RR_MAX), NSP_OK);
    dnssec_verdict_t v =
        dnssec_check_rrset(&m, NSP_ANSWER, &keys.zone, NSP_TYPE_MX, &keys, 1440000000);
    assert_int_equal(v.status, DNSSEC_LIMIT);
}

static void every_status_has_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DNSSEC_STATUS_COUNT; i++) {
        assert_true(strlen(dnssec_status_name((dnssec_status_t)i)) > 3);
        assert_true(strlen(dnssec_status_text((dnssec_status_t)i)) > 10);
    }
    assert_string_equal(dnssec_status_name(DNSSEC_STATUS_COUNT), "unknown");
    assert_string_equal(dnssec_status_text(DNSSEC_STATUS_COUNT), "unknown status");
    assert_int_equal(dnssec_status_class(DNSSEC_STATUS_COUNT), DNSSEC_CLASS_INDETERMINATE);
    assert_int_equal(dnssec_status_class(DNSSEC_SECURE), DNSSEC_CLASS_SECURE);
    assert_int_equal(dnssec_status_class(DNSSEC_OPT_OUT), DNSSEC_CLASS_INSECURE);
    assert_int_equal(dnssec_status_class(DNSSEC_EXPIRED), DNSSEC_CLASS_BOGUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm),
        cmocka_unit_test(signature_bits),
        cmocka_unit_test(signed_bits),
        cmocka_unit_test(clock_decides),
        cmocka_unit_test(fields),
        cmocka_unit_test(missing_parts),
        cmocka_unit_test(wrong_keys),
        cmocka_unit_test(colliding_tags),
        cmocka_unit_test(many_signatures),
        cmocka_unit_test(nearest_is_told),
        cmocka_unit_test(twice_is_once),
        cmocka_unit_test(largest_rrset),
        cmocka_unit_test(every_status_has_words),
    };
    return cmocka_run_group_tests(tests, signed_setup, signed_teardown);
}
