/* DNSSEC chains of zones that hold expected records: what is right, and each way to be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "chaincase.h"

static signed_replies_t replies;

static void test_right(void **state)
{
    (void)state;
    chaincase_t *b = chaincase_new(&replies);
    chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, chaincase_ds(b));
    chaincase_serve_right(b, 0);
    chaincase_serve_right(b, 1);
    chaincase_run(b);
    assert_int_equal(b->findings.count, 0);
    chaincase_bogus(b, false, false, false, false);
    chaincase_free(b);
}

/* Without a DS nothing matters. */
static void test_insecure(void **state)
{
    (void)state;
    made_t m;
    chaincase_t *b = chaincase_new(&replies);
    chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS,
                  made_nothing(&m, ZONE ".", NSP_TYPE_DS, NSP_RCODE_NOERROR, "test."));
    b->facts.now += DAYS(400);
    chaincase_serve_right(b, 0);
    chaincase_serve_right(b, 1);
    chaincase_run(b);
    assert_int_equal(b->findings.count, 0);
    chaincase_bogus(b, false, false, false, false);
    chaincase_free(b);
}

/* Signatures at other times. */
static void test_times(void **state)
{
    (void)state;
    static const struct {
        int64_t shift;
        finding_id_t id;
        const char *words;
        bool bogus;
    } cases[] = {
        {DAYS(60), FINDING_DNSSEC_EXPIRED, "the DNSKEY records of " ZONE " expired at", true},
        {-DAYS(10), FINDING_DNSSEC_NOT_YET_VALID, "is valid only from", true},
        {DAYS(29), FINDING_DNSSEC_EXPIRES, "expires at", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        chaincase_t *b = chaincase_new(&replies);
        b->facts.now += cases[i].shift;
        chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, chaincase_ds(b));
        chaincase_serve_right(b, 0);
        chaincase_serve_right(b, 1);
        chaincase_run(b);
        const finding_t *f = chaincase_only(b, cases[i].id, NULL, cases[i].words);
        bool clock = strstr(f->text, "this machine's clock") != NULL;
        assert_int_equal(clock, cases[i].bogus);
        bool c = cases[i].bogus;
        chaincase_bogus(b, c, c, c, c);
        chaincase_free(b);
    }
}

/* Changes one octet of the DS: 0 and 1 are the key tag, from 4 on the digest. */
static void test_ds(void **state)
{
    (void)state;
    static const struct {
        unsigned octet;
        const char *words;
    } cases[] = {{0, "no DNSKEY of the zone has the key tag"}, {10, "the digest in the DS record"}};
    for (size_t i = 0; i < 2; i++) {
        chaincase_t *b = chaincase_new(&replies);
        signed_reply_t ds = signed_copy(signed_find(&replies, "test", ZONE, "DS"));
        const nsp_rr_t *rr = nsp_msg_rr(&ds.msg, NSP_ANSWER, 0);
        assert_int_equal(rr->type, NSP_TYPE_DS);
        ds.wire[rr->rdata + cases[i].octet] ^= 1;
        chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, &ds.msg);
        chaincase_serve_right(b, 0);
        chaincase_serve_right(b, 1);
        chaincase_run(b);
        const finding_t *f = chaincase_only(b, FINDING_DNSSEC_DS_MISMATCH, NULL, cases[i].words);
        assert_non_null(strstr(f->fix, "At the registrar, replace the DS record of " ZONE));
        chaincase_bogus(b, true, true, true, true);
        chaincase_free(b);
        signed_drop(&ds);
    }
}

/* A server that has no keys: it alone, or all of them. */
static void test_unsigned_zone(void **state)
{
    (void)state;
    made_t keys;
    made_t there;
    made_t missing;
    made_nothing(&keys, ZONE ".", NSP_TYPE_DNSKEY, NSP_RCODE_NOERROR, ZONE ".");
    made_nothing(&missing, MISSING ".", NSP_TYPE_TXT, NSP_RCODE_NXDOMAIN, ZONE ".");
    made_cname(&there, WANTED ".", "tok.dkim.amazonses.com.");
    for (int all = 0; all < 2; all++) {
        chaincase_t *b = chaincase_new(&replies);
        chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, chaincase_ds(b));
        if (all)
            chaincase_serve(b, 0, &keys.msg, &there.msg, &missing.msg);
        else
            chaincase_serve_right(b, 0);
        chaincase_serve(b, 1, &keys.msg, &there.msg, &missing.msg);
        chaincase_run(b);
        const finding_t *f =
            chaincase_only(b, FINDING_DNSSEC_DS_MISMATCH, all ? NULL : chaincase_servers[1],
                           "the zone has no DNSKEY");
        assert_non_null(strstr(f->fix, all ? "remove the DS record of" : "Other servers"));
        chaincase_bogus(b, all, true, all, true);
        chaincase_free(b);
    }
}

/* The keys are there, but a record is not signed, or nothing proves that it is missing. */
static void test_unsigned_record(void **state)
{
    (void)state;
    made_t there;
    made_t missing;
    made_nothing(&missing, MISSING ".", NSP_TYPE_TXT, NSP_RCODE_NXDOMAIN, ZONE ".");
    made_cname(&there, WANTED ".", "tok.dkim.amazonses.com.");
    for (int denial = 0; denial < 2; denial++) {
        chaincase_t *b = chaincase_new(&replies);
        chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, chaincase_ds(b));
        chaincase_serve_right(b, 0);
        chaincase_serve(b, 1, chaincase_recorded(b, ZONE, ZONE, "DNSKEY"),
                        denial ? chaincase_recorded(b, ZONE, WANTED, "CNAME") : &there.msg,
                        denial ? &missing.msg : chaincase_recorded(b, ZONE, MISSING, "TXT"));
        chaincase_run(b);
        chaincase_only(b, denial ? FINDING_DNSSEC_NO_DENIAL : FINDING_DNSSEC_UNSIGNED,
                       chaincase_servers[1], denial ? MISSING " TXT" : WANTED " CNAME");
        chaincase_bogus(b, false, !denial, false, denial);
        chaincase_free(b);
    }
}

/* Both servers have keys that the parent knows, not the same ones. */
static void test_keys_differ(void **state)
{
    (void)state;
    made_t key;
    made_t ds;
    chaincase_t *b = chaincase_new(&replies);
    made_key(&key, ZONE ".", replies.now);
    made_begin(&ds, ZONE ".", NSP_TYPE_DS, NSP_RCODE_NOERROR);
    made_ds(&ds, ZONE ".", &key.msg);
    made_ds(&ds, ZONE ".", chaincase_recorded(b, ZONE, ZONE, "DNSKEY"));
    chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, made_end(&ds));
    chaincase_serve(b, 0, &key.msg, NULL, NULL);
    chaincase_serve_right(b, 1);
    chaincase_run(b);
    /* the first server is silent about the records themselves: another finding, not of interest */
    unsigned seen = 0;
    for (size_t i = 0; i < b->findings.count; i++)
        if (b->findings.item[i].id == FINDING_DNSSEC_KEYS_DIFFER) {
            addr_t addr = xaddr(chaincase_servers[1]);
            assert_true(addr_equal(&b->findings.item[i].addr, &addr));
            assert_non_null(strstr(b->findings.item[i].text, "not with those of ns1.example"));
            seen++;
        }
    assert_int_equal(seen, 1);
    chaincase_bogus(b, true, false, true, false);
    chaincase_free(b);
}

/* One octet of the signature of one record, at one server. */
static void test_bad_signature(void **state)
{
    (void)state;
    chaincase_t *b = chaincase_new(&replies);
    signed_reply_t bad = signed_copy(signed_find(&replies, ZONE, WANTED, "CNAME"));
    for (uint16_t i = 0; i < bad.msg.found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(&bad.msg, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_RRSIG)
            bad.wire[rr->rdata + rr->rdlength - 1u] ^= 1;
    }
    chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, chaincase_ds(b));
    chaincase_serve(b, 0, chaincase_recorded(b, ZONE, ZONE, "DNSKEY"), &bad.msg,
                    chaincase_recorded(b, ZONE, MISSING, "TXT"));
    chaincase_serve_right(b, 1);
    chaincase_run(b);
    chaincase_only(b, FINDING_DNSSEC_BAD_SIGNATURE, chaincase_servers[0],
                   "the signature does not fit the records");
    chaincase_bogus(b, true, false, false, false);
    chaincase_free(b);
    signed_drop(&bad);
}

/* Silence on questions with DO, from a server that answers others. */
static void test_no_answer(void **state)
{
    (void)state;
    chaincase_t *b = chaincase_new(&replies);
    chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, chaincase_ds(b));
    chaincase_serve_right(b, 0);
    chaincase_serve(b, 1, chaincase_recorded(b, ZONE, ZONE, "DNSKEY"), NULL,
                    chaincase_recorded(b, ZONE, MISSING, "TXT"));
    chaincase_run(b);
    chaincase_only(b, FINDING_DNSSEC_NO_ANSWER, chaincase_servers[1], WANTED " CNAME");
    chaincase_bogus(b, false, true, false, false);
    chaincase_free(b);
    b = chaincase_new(&replies);
    chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, chaincase_ds(b));
    chaincase_serve_right(b, 0);
    chaincase_serve(b, 1, NULL, chaincase_recorded(b, ZONE, WANTED, "CNAME"),
                    chaincase_recorded(b, ZONE, MISSING, "TXT"));
    chaincase_run(b);
    chaincase_only(b, FINDING_DNSSEC_NO_ANSWER, chaincase_servers[1],
                   "the DNSKEY records of " ZONE);
    chaincase_free(b);
}

/* A DS with an algorithm that nobody knows makes the zone insecure, not bogus. */
static void test_unknown_algorithm(void **state)
{
    (void)state;
    chaincase_t *b = chaincase_new(&replies);
    signed_reply_t ds = signed_copy(signed_find(&replies, "test", ZONE, "DS"));
    ds.wire[nsp_msg_rr(&ds.msg, NSP_ANSWER, 0)->rdata + 2] = 200;
    chaincase_ask(b, PARENT, ZONE ".", NSP_TYPE_DS, &ds.msg);
    chaincase_serve_right(b, 0);
    chaincase_serve_right(b, 1);
    chaincase_run(b);
    const finding_t *f =
        chaincase_only(b, FINDING_DNSSEC_UNKNOWN_ALGORITHM, NULL, "validators do not know");
    assert_int_equal(f->severity, SEVERITY_NOTICE);
    chaincase_bogus(b, false, false, false, false);
    chaincase_free(b);
    signed_drop(&ds);
}

typedef enum parent_case { PARENT_RIGHT, PARENT_BROKEN, PARENT_DENIES } parent_case_t;

static void check_parent(parent_case_t c)
{
    made_t root;
    const signed_reply_t *keys = signed_find(&replies, "test", "test", "DNSKEY");
    const char *apex = c == PARENT_DENIES ? "unsigned.test" : ZONE;
    signed_reply_t ds = signed_copy(signed_find(&replies, "test", apex, "DS"));
    chaincase_t *b = chaincase_new(&replies);
    if (c == PARENT_BROKEN)
        ds.wire[nsp_msg_rr(&ds.msg, NSP_ANSWER, 0)->rdata + 10] ^= 1;
    made_begin(&root, "test.", NSP_TYPE_DS, NSP_RCODE_NOERROR);
    made_ds(&root, "test.", &keys->msg);
    chaincase_ask(b, PARENT, "test.", NSP_TYPE_DS, made_end(&root));
    chaincase_ask(b, PARENT, "test.", NSP_TYPE_DNSKEY, &keys->msg);
    chaincase_ask(b, PARENT, apex, NSP_TYPE_DS, &ds.msg);
    b->facts.zone[0].place_count = 1;
    b->facts.zone[0].place = &b->above;
    b->above.addr = xaddr(PARENT);
    b->above.delegated = true;
    b->above.in_use = true;
    b->facts.zone[1].above = 0;
    chaincase_serve_right(b, 0);
    chaincase_serve_right(b, 1);
    b->apex = apex;
    chaincase_run(b);
    if (c == PARENT_BROKEN)
        chaincase_only(b, FINDING_DNSSEC_DS_BOGUS, NULL, "What the parent test says");
    else
        assert_int_equal(b->findings.count, 0);
    bool bogus = c == PARENT_BROKEN;
    chaincase_bogus(b, bogus, bogus, bogus, bogus);
    chaincase_free(b);
    signed_drop(&ds);
}

/* The parent's keys are known: its DS must verify; a proof that there is none makes it insecure. */
static void test_parent(void **state)
{
    (void)state;
    check_parent(PARENT_RIGHT);
    check_parent(PARENT_BROKEN);
    check_parent(PARENT_DENIES);
}

static int load(void **state)
{
    (void)state;
    return signed_read(&replies) ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    signed_free(&replies);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),         cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_times),         cmocka_unit_test(test_ds),
        cmocka_unit_test(test_unsigned_zone), cmocka_unit_test(test_unsigned_record),
        cmocka_unit_test(test_keys_differ),   cmocka_unit_test(test_bad_signature),
        cmocka_unit_test(test_no_answer),     cmocka_unit_test(test_unknown_algorithm),
        cmocka_unit_test(test_parent)};
    return cmocka_run_group_tests_name("chain", tests, load, drop);
}
