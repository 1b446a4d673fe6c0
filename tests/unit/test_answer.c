/* Whole replies of real servers: what they prove, what they do not prove, and what is left of them
 * when a part is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signed.h"

static const char *const zones[] = {"rsasha1.test",   "rsasha1n3.test", "rsasha256.test",
                                    "rsasha512.test", "p256.test",      "p384.test",
                                    "ed25519.test",   "ed448.test",     "knot3.test",
                                    "optout.test",    "iter50.test",    "iter51.test"};
#define ZONES (sizeof zones / sizeof zones[0])

/* What a question comes to. */
typedef enum kind { POSITIVE, WILDCARD, NXDOMAIN, NODATA, STAR_NODATA, NO_DS, NO_ANSWER } kind_t;

static const struct {
    const char *owner; /* NULL: the apex */
    const char *type;
    kind_t kind;
} questions[] = {
    {NULL, "SOA", POSITIVE},
    {NULL, "DNSKEY", POSITIVE},
    {NULL, "MX", POSITIVE},
    {NULL, "TXT", POSITIVE},
    {NULL, "CAA", POSITIVE},
    {NULL, "NS", POSITIVE},
    {"host", "A", POSITIVE},
    {"www", "A", POSITIVE},
    {"www", "CNAME", POSITIVE},
    {"tok._domainkey", "CNAME", POSITIVE},
    {"tok._domainkey", "TXT", POSITIVE},
    {"key._domainkey", "TXT", POSITIVE},
    {"_sip._tcp", "SRV", POSITIVE},
    {"odd", "TYPE65280", POSITIVE},
    {"dn", "DNAME", POSITIVE},
    {"foo.dn", "A", POSITIVE},
    {"foo.dn", "CNAME", POSITIVE},
    {"q.wild", "TXT", WILDCARD},
    {"p.q.wild", "TXT", WILDCARD},
    {"*.wild", "TXT", POSITIVE},
    {"q.alias", "A", WILDCARD},
    {"nope", "A", NXDOMAIN},
    {"zzz.nope", "TXT", NXDOMAIN},
    {"0", "A", NXDOMAIN},
    {"nope._domainkey", "TXT", NXDOMAIN},
    {"y.x.wild", "TXT", NXDOMAIN},
    {"host", "TXT", NODATA},
    {NULL, "DS", NO_ANSWER},
    {"_domainkey", "TXT", NODATA},
    {"deep.ent", "A", NODATA},
    {"q.wild", "MX", STAR_NODATA},
    {"open", "DS", NO_DS},
    {"safe", "DS", POSITIVE},
    {"open", "A", NO_ANSWER},
};
#define QUESTIONS (sizeof questions / sizeof questions[0])

static void full_name(const char *owner, const char *zone, char out[256])
{
    snprintf(out, 256, "%s%s%s", owner != NULL ? owner : "", owner != NULL ? "." : "", zone);
}

static const signed_reply_t *reply_to(size_t question, const char *zone)
{
    char qname[256];
    full_name(questions[question].owner, zone, qname);
    const signed_reply_t *r = signed_find(&signed_all, zone, qname, questions[question].type);
    assert_non_null(r);
    return r;
}

static dnssec_status_t expected(kind_t kind, const char *zone)
{
    bool proof = kind != POSITIVE && kind != NO_ANSWER;
    if (kind == NO_ANSWER)
        return DNSSEC_NO_ANSWER;
    if (proof && strcmp(zone, "iter51.test") == 0)
        return DNSSEC_ITERATIONS;
    if (proof && kind != NODATA && strcmp(zone, "optout.test") == 0)
        return DNSSEC_OPT_OUT;
    return DNSSEC_SECURE;
}

static void keys_of(const char *zone, dnssec_keys_t *keys)
{
    assert_int_equal(signed_zone_keys(&signed_all, zone, keys).status, DNSSEC_SECURE);
}

static void every_question(void **state)
{
    (void)state;
    for (size_t z = 0; z < ZONES; z++) {
        dnssec_keys_t keys;
        keys_of(zones[z], &keys);
        for (size_t q = 0; q < QUESTIONS; q++) {
            const signed_reply_t *r = reply_to(q, zones[z]);
            dnssec_verdict_t v =
                dnssec_check_answer(&r->msg, &r->name, r->type, &keys, signed_all.now);
            if (v.status != expected(questions[q].kind, zones[z]))
                print_message("%s %s: %s\n", r->qname, r->qtype, dnssec_status_name(v.status));
            assert_int_equal(v.status, expected(questions[q].kind, zones[z]));
            assert_int_equal(v.wildcard, questions[q].kind == WILDCARD);
            assert_true(v.tries <= 6);
            if (v.status == DNSSEC_SECURE)
                assert_true(v.has_rrsig && v.expiration > signed_all.now &&
                            v.inception < signed_all.now);
        }
    }
}

/* DS records, or the proof that there are none, by the parent. */
static void parent(void **state)
{
    (void)state;
    dnssec_keys_t keys;
    assert_true(signed_parent_keys(&signed_all, &keys));
    for (size_t i = 0; i < signed_all.count; i++) {
        const signed_reply_t *r = &signed_all.reply[i];
        if (strcmp(r->zone, "test") != 0 || r->type != NSP_TYPE_DS)
            continue;
        bool none = strstr("unsigned.test nothing.test", r->qname) != NULL;
        dnssec_verdict_t v = dnssec_check_ds(&r->msg, &r->name, &keys, signed_all.now);
        assert_int_equal(v.status, none ? DNSSEC_NO_DS : DNSSEC_SECURE);
        v = dnssec_check_ds(&r->msg, &r->name, &keys, v.expiration + 1);
        assert_int_equal(v.status, DNSSEC_EXPIRED);
    }
    for (size_t z = 0; z < ZONES; z++) {
        dnssec_keys_t zone;
        char qname[256];
        keys_of(zones[z], &zone);
        full_name("open", zones[z], qname);
        const signed_reply_t *r = signed_find(&signed_all, zones[z], qname, "DS");
        dnssec_status_t s = expected(NO_DS, zones[z]);
        assert_int_equal(dnssec_check_ds(&r->msg, &r->name, &zone, signed_all.now).status,
                         s == DNSSEC_SECURE ? DNSSEC_NO_DS : s);
        r = signed_find(&signed_all, zones[z], qname, "A"); /* the referral says it too */
        dnssec_status_t got = dnssec_check_ds(&r->msg, &r->name, &zone, signed_all.now).status;
        assert_int_equal(got, s == DNSSEC_SECURE ? DNSSEC_NO_DS : s);
    }
}

static void clock_decides(void **state)
{
    (void)state;
    for (size_t z = 0; z < ZONES; z++) {
        dnssec_keys_t keys;
        keys_of(zones[z], &keys);
        for (size_t q = 0; q < QUESTIONS; q++) {
            const signed_reply_t *r = reply_to(q, zones[z]);
            if (questions[q].kind == NO_ANSWER)
                continue;
            int64_t year = INT64_C(366) * 86400;
            dnssec_verdict_t v =
                dnssec_check_answer(&r->msg, &r->name, r->type, &keys, signed_all.now + year);
            assert_int_equal(v.status, DNSSEC_EXPIRED);
            v = dnssec_check_answer(&r->msg, &r->name, r->type, &keys, signed_all.now - year);
            assert_int_equal(v.status, DNSSEC_NOT_YET_VALID);
        }
    }
}

/* Names that exist in every zone, or that a wildcard or a delegation answers for. */
static const char *const existing[] = {
    "host",   "www",      "_domainkey", "key._domainkey", "wild", "*.wild", "x.wild",
    "ent",    "deep.ent", "a.deep.ent", "open",           "safe", "a.open", "a.b.safe",
    "q.wild", "p.q.wild", "q.alias",    "foo.dn",         "NS",   "ns.open"};

/* No reply proves that one of these does not exist, whatever it was the answer to. */
static void existing_names_stay(void **state)
{
    (void)state;
    for (size_t z = 0; z < ZONES; z++) {
        dnssec_keys_t keys;
        keys_of(zones[z], &keys);
        for (size_t q = 0; q < QUESTIONS; q++) {
            signed_reply_t r = signed_copy(reply_to(q, zones[z]));
            r.msg.flags = (uint16_t)((r.msg.flags & ~15u) | NSP_RCODE_NXDOMAIN);
            for (size_t e = 0; e < sizeof existing / sizeof existing[0]; e++) {
                char text[256];
                full_name(existing[e], zones[z], text);
                nsp_name_t name = signed_name(text);
                dnssec_verdict_t v =
                    dnssec_check_denial(&r.msg, &name, NSP_TYPE_A, &keys, signed_all.now);
                assert_int_not_equal(v.status, DNSSEC_SECURE);
            }
            signed_drop(&r);
        }
    }
}

/* Nor that one of these records is absent. */
static void existing_records_stay(void **state)
{
    (void)state;
    static const struct {
        const char *owner;
        uint16_t type;
    } records[] = {
        {NULL, NSP_TYPE_SOA},
        {NULL, NSP_TYPE_MX},
        {NULL, NSP_TYPE_DNSKEY},
        {"host", NSP_TYPE_A},
        {"www", NSP_TYPE_A}, /* by the CNAME */
        {"tok._domainkey", NSP_TYPE_TXT},
        {"key._domainkey", NSP_TYPE_TXT},
        {"q.wild", NSP_TYPE_TXT},
        {"*.wild", NSP_TYPE_TXT},
        {"x.wild", NSP_TYPE_A},
        {"safe", NSP_TYPE_DS},
        {"open", NSP_TYPE_A}, /* below the cut: this zone has no say */
        {"safe", NSP_TYPE_A},
        {"odd", 65280},
    };
    for (size_t z = 0; z < ZONES; z++) {
        dnssec_keys_t keys;
        keys_of(zones[z], &keys);
        for (size_t q = 0; q < QUESTIONS; q++) {
            signed_reply_t r = signed_copy(reply_to(q, zones[z]));
            r.msg.flags = (uint16_t)(r.msg.flags & ~15u);
            for (size_t e = 0; e < sizeof records / sizeof records[0]; e++) {
                char text[256];
                full_name(records[e].owner, zones[z], text);
                nsp_name_t name = signed_name(text);
                dnssec_verdict_t v =
                    dnssec_check_denial(&r.msg, &name, records[e].type, &keys, signed_all.now);
                assert_int_not_equal(v.status, DNSSEC_SECURE);
            }
            signed_drop(&r);
        }
    }
}

static bool is_proof(uint16_t type)
{
    return type == NSP_TYPE_NSEC || type == NSP_TYPE_NSEC3;
}

/* Without its NSEC and NSEC3 records a reply proves nothing. */
static void without_proof(void **state)
{
    (void)state;
    static const dnssec_status_t left[] = {
        [POSITIVE] = DNSSEC_SECURE,       [WILDCARD] = DNSSEC_WILDCARD,
        [NXDOMAIN] = DNSSEC_NO_DENIAL,    [NODATA] = DNSSEC_NO_DENIAL,
        [STAR_NODATA] = DNSSEC_NO_DENIAL, [NO_DS] = DNSSEC_NO_DENIAL,
        [NO_ANSWER] = DNSSEC_NO_ANSWER};
    for (size_t z = 0; z < ZONES; z++) {
        dnssec_keys_t keys;
        keys_of(zones[z], &keys);
        for (size_t q = 0; q < QUESTIONS; q++) {
            signed_reply_t r = signed_copy(reply_to(q, zones[z]));
            for (uint16_t i = 0; i < r.msg.rr_count; i++) {
                if (is_proof(r.arena[i].type))
                    r.arena[i].type = 0;
            }
            dnssec_verdict_t v =
                dnssec_check_answer(&r.msg, &r.name, r.type, &keys, signed_all.now);
            assert_string_equal(dnssec_status_name(v.status),
                                dnssec_status_name(left[questions[q].kind]));
            signed_drop(&r);
        }
    }
}

/* A minimal proof: NSD and Knot send nothing that is not needed, so that each NSEC and NSEC3, and
 * each signature of them, is missed. */
static void each_part_is_needed(void **state)
{
    (void)state;
    static const char *const minimal[] = {"rsasha512.test", "p384.test",    "knot3.test",
                                          "iter50.test",    "ed25519.test", "p256.test"};
    unsigned removed = 0;
    for (size_t z = 0; z < sizeof minimal / sizeof minimal[0]; z++) {
        dnssec_keys_t keys;
        keys_of(minimal[z], &keys);
        for (size_t q = 0; q < QUESTIONS; q++) {
            signed_reply_t r = signed_copy(reply_to(q, minimal[z]));
            bool open = expected(questions[q].kind, minimal[z]) != DNSSEC_SECURE;
            for (uint16_t i = 0; i < r.msg.rr_count && !open; i++) {
                uint16_t type = r.arena[i].type;
                bool sig =
                    type == NSP_TYPE_RRSIG && is_proof((uint16_t)(r.wire[r.arena[i].rdata] << 8 |
                                                                  r.wire[r.arena[i].rdata + 1]));
                if (!is_proof(type) && !sig)
                    continue;
                r.arena[i].type = 0;
                dnssec_verdict_t v =
                    dnssec_check_answer(&r.msg, &r.name, r.type, &keys, signed_all.now);
                if (v.status == DNSSEC_SECURE)
                    print_message("%s %s without record %u\n", r.qname, r.qtype, i);
                assert_int_not_equal(v.status, DNSSEC_SECURE);
                r.arena[i].type = type;
                removed++;
            }
            signed_drop(&r);
        }
    }
    assert_true(removed > 100);
}

/* Each bit of the RDATA of NSEC and NSEC3 records. */
static void proof_bits(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *owner;
    } cases[] = {{"p256.test", "nope"}, {"knot3.test", "nope"}, {"iter50.test", "nope"}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        dnssec_keys_t keys;
        char qname[256];
        keys_of(cases[c].zone, &keys);
        full_name(cases[c].owner, cases[c].zone, qname);
        signed_reply_t r = signed_copy(signed_find(&signed_all, cases[c].zone, qname, "A"));
        for (uint16_t i = 0; i < r.msg.rr_count; i++) {
            const nsp_rr_t *rr = &r.arena[i];
            for (unsigned bit = 0; is_proof(rr->type) && bit < 8u * rr->rdlength; bit++) {
                uint8_t *octet = r.wire + rr->rdata + bit / 8;
                *octet ^= (uint8_t)(1u << bit % 8);
                dnssec_verdict_t v =
                    dnssec_check_answer(&r.msg, &r.name, r.type, &keys, signed_all.now);
                assert_int_equal(dnssec_status_class(v.status), DNSSEC_CLASS_BOGUS);
                *octet ^= (uint8_t)(1u << bit % 8);
            }
        }
        signed_drop(&r);
    }
}

/* The reply for q.wild, with the owner changed to x.wild, which exists: the signature fits, the
 * proof does not (RFC 4035 5.3.4). */
static void wildcard_replayed(void **state)
{
    (void)state;
    for (size_t z = 0; z < ZONES; z++) {
        dnssec_keys_t keys;
        char qname[256];
        keys_of(zones[z], &keys);
        full_name("q.wild", zones[z], qname);
        signed_reply_t r = signed_copy(signed_find(&signed_all, zones[z], qname, "TXT"));
        r.wire[13] = 'x';
        full_name("x.wild", zones[z], qname);
        nsp_name_t name = signed_name(qname);
        dnssec_verdict_t v =
            dnssec_check_answer(&r.msg, &name, NSP_TYPE_TXT, &keys, signed_all.now);
        bool unproved = strcmp(zones[z], "iter51.test") == 0;
        assert_int_equal(v.status, unproved ? DNSSEC_ITERATIONS : DNSSEC_WILDCARD);
        assert_true(v.wildcard);
        signed_drop(&r);
    }
}

/* A DNAME's signature covers the CNAME that it gives, and no other (RFC 6672 5.3.1). */
static void synthesized_cname(void **state)
{
    (void)state;
    dnssec_keys_t keys;
    keys_of("p256.test", &keys);
    const signed_reply_t *good = signed_find(&signed_all, "p256.test", "foo.dn.p256.test", "CNAME");
    signed_reply_t r = signed_copy(good);
    dnssec_verdict_t v =
        dnssec_check_rrset(&r.msg, NSP_ANSWER, &r.name, NSP_TYPE_CNAME, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_SECURE);
    for (uint16_t i = 0; i < r.msg.rr_count; i++) {
        if (r.arena[i].type == NSP_TYPE_CNAME)
            r.wire[r.arena[i].rdata + 1] ^= 1;
    }
    v = dnssec_check_rrset(&r.msg, NSP_ANSWER, &r.name, NSP_TYPE_CNAME, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_NO_RRSIG);
    signed_drop(&r);
    r = signed_copy(good);
    for (uint16_t i = 0; i < r.msg.rr_count; i++)
        r.arena[i].type = r.arena[i].type == NSP_TYPE_RRSIG ? 0 : r.arena[i].type;
    v = dnssec_check_rrset(&r.msg, NSP_ANSWER, &r.name, NSP_TYPE_CNAME, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_NO_RRSIG);
    signed_drop(&r);
}

static void not_an_answer(void **state)
{
    (void)state;
    static const uint16_t rcodes[] = {NSP_RCODE_SERVFAIL, NSP_RCODE_REFUSED, NSP_RCODE_FORMERR};
    dnssec_keys_t keys;
    keys_of("p256.test", &keys);
    signed_reply_t r = signed_copy(signed_find(&signed_all, "p256.test", "host.p256.test", "A"));
    nsp_name_t foreign = signed_name("host.p384.test");
    dnssec_verdict_t v = dnssec_check_answer(&r.msg, &foreign, NSP_TYPE_A, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_NO_ANSWER);
    v = dnssec_check_denial(&r.msg, &foreign, NSP_TYPE_A, &keys, signed_all.now);
    assert_int_equal(v.status, DNSSEC_NO_ANSWER);
    for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++) {
        r.msg.flags = (uint16_t)((r.msg.flags & ~15u) | rcodes[i]);
        v = dnssec_check_answer(&r.msg, &r.name, NSP_TYPE_A, &keys, signed_all.now);
        assert_int_equal(v.status, DNSSEC_NO_ANSWER);
        v = dnssec_check_ds(&r.msg, &r.name, &keys, signed_all.now);
        assert_int_equal(v.status, DNSSEC_NO_ANSWER);
    }
    signed_drop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_question),        cmocka_unit_test(parent),
        cmocka_unit_test(clock_decides),         cmocka_unit_test(existing_names_stay),
        cmocka_unit_test(existing_records_stay), cmocka_unit_test(without_proof),
        cmocka_unit_test(each_part_is_needed),   cmocka_unit_test(proof_bits),
        cmocka_unit_test(wildcard_replayed),     cmocka_unit_test(synthesized_cname),
        cmocka_unit_test(not_an_answer),
    };
    return cmocka_run_group_tests(tests, signed_setup, signed_teardown);
}
