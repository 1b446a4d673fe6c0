#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/verdict_text.h"
#include "signed.h"

#define NOW INT64_C(1790000000)
#define DAY INT64_C(86400)

static dnssec_verdict_t good(int64_t inception, int64_t expiration)
{
    dnssec_verdict_t v = {.status = DNSSEC_SECURE,
                          .has_rrsig = true,
                          .key_tag = 7,
                          .inception = inception,
                          .expiration = expiration};
    return v;
}

/* At the edges: a tenth of the time, a week; half of the time, twelve hours. */
static void test_expires_soon(void **state)
{
    static const struct {
        int64_t whole, left; /* seconds */
        bool soon;
    } rows[] = {
        {30 * DAY, 3 * DAY, false},     {30 * DAY, 3 * DAY - 1, true}, {300 * DAY, 7 * DAY, false},
        {300 * DAY, 7 * DAY - 1, true}, {4 * DAY, DAY / 2, false},     {4 * DAY, DAY / 2 - 1, true},
        {DAY / 2, DAY / 4, false},      {DAY / 2, DAY / 4 - 1, true},  {30 * DAY, -1, true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dnssec_verdict_t v = good(NOW + rows[i].left - rows[i].whole, NOW + rows[i].left);
        assert_int_equal(verdict_expires_soon(&v, NOW), rows[i].soon);
        v.status = DNSSEC_EXPIRED;
        assert_false(verdict_expires_soon(&v, NOW));
    }
}

/* Every status of a broken chain is some finding; what is secure, insecure or unknown is none, but
 * for algorithms that are not known. */
static void test_finding(void **state)
{
    (void)state;
    for (unsigned s = 0; s < DNSSEC_STATUS_COUNT; s++) {
        dnssec_class_t cls = dnssec_status_class((dnssec_status_t)s);
        finding_id_t id = verdict_finding((dnssec_status_t)s, false);
        assert_true((id != FINDING_COUNT) ==
                    (cls == DNSSEC_CLASS_BOGUS || s == DNSSEC_UNSUPPORTED));
    }
    assert_int_equal(verdict_finding(DNSSEC_NO_ANSWER, true), FINDING_DNSSEC_NO_ANSWER);
}

static void test_sentences(void **state)
{
    static const struct {
        finding_id_t id;
        dnssec_status_t status;
        const char *text;
    } rows[] = {
        {FINDING_DNSSEC_EXPIRED, DNSSEC_EXPIRED,
         "The signature of SOA expired at 2026-09-18 14:13:20 UTC (3 days ago; key tag 7). So. If "
         "this machine's clock (2026-09-21 14:13:20 UTC) is wrong, so is this."},
        {FINDING_DNSSEC_UNSIGNED, DNSSEC_NO_RRSIG,
         "Without signature, although the zone is signed: SOA. So."},
        {FINDING_DNSSEC_NO_ANSWER, DNSSEC_NO_ANSWER,
         "Asked with DO, there is no usable answer for SOA. So."},
        {FINDING_DNSSEC_BAD_SIGNATURE, DNSSEC_SIGNER,
         "About SOA: the signer is not the zone, but net (key tag 7). So."}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[400] = "";
        nsp_text_t t;
        dnssec_verdict_t v = good(NOW - 30 * DAY, NOW - 3 * DAY);
        v.status = rows[i].status;
        v.signer = signed_name("net.");
        nsp_text_begin(&t, buf, sizeof buf);
        verdict_say(&t, rows[i].id, &v, "SOA", NOW, "So.");
        assert_string_equal(buf, rows[i].text);
    }
}

static void test_tags(void **state)
{
    signed_built_t b;
    char buf[64] = "";
    nsp_text_t t;
    nsp_name_t zone = signed_name("example.net.");
    (void)state;
    assert_true(
        signed_from_text("example.net. 1 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n"
                         "example.net. 1 IN DS 7 13 2 00\n"
                         "www.example.net. 1 IN DS 8 13 2 00\n",
                         0, &b));
    nsp_text_begin(&t, buf, sizeof buf);
    verdict_add_tags(&t, &b.msg, &zone, NSP_TYPE_DS);
    assert_string_equal(buf, "60485, 7");
    nsp_text_begin(&t, buf, sizeof buf);
    verdict_add_tags(&t, &b.msg, &zone, NSP_TYPE_DNSKEY);
    assert_string_equal(buf, "none");
    nsp_text_begin(&t, buf, sizeof buf);
    verdict_add_tags(&t, NULL, &zone, NSP_TYPE_DS);
    assert_string_equal(buf, "none");
}

/* What belongs into a DS record: keys with the flag SEP; where none has it, all; revoked keys and
 * those of something else never. */
static void test_ksk_tags(void **state)
{
    static const struct {
        const char *text;
        const char *tags;
    } rows[] = {{"example.net. 1 IN DNSKEY 257 3 15 AQIDBA==\n"
                 "example.net. 1 IN DNSKEY 256 3 15 AQIDBQ==\n"
                 "www.example.net. 1 IN DNSKEY 257 3 15 AQIDBg==\n"
                 "example.net. 1 IN DNSKEY 385 3 15 AQIDBw==\n",
                 "2070"},
                {"example.net. 1 IN DNSKEY 256 3 15 AQIDBA==\n"
                 "example.net. 1 IN DNSKEY 0 3 15 AQIDBQ==\n",
                 "2069"},
                {"example.net. 1 IN DNSKEY 0 3 15 AQIDBQ==\n", "none"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        signed_built_t b;
        char buf[64] = "";
        nsp_text_t t;
        nsp_name_t zone = signed_name("example.net.");
        assert_true(signed_from_text(rows[i].text, 0, &b));
        nsp_text_begin(&t, buf, sizeof buf);
        verdict_add_ksk_tags(&t, &b.msg, &zone);
        assert_string_equal(buf, rows[i].tags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expires_soon), cmocka_unit_test(test_finding),
        cmocka_unit_test(test_sentences), cmocka_unit_test(test_tags),
        cmocka_unit_test(test_ksk_tags)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
