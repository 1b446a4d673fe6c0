#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "dkim/chain.h"
#include "dnssec/rrset.h"
#include "signed.h"
#include "xbuild.h"

#define PLACES  2
#define RECORDS 2
#define ZONE    "ed25519.test"
#define WANTED  "tok._domainkey." ZONE
#define MISSING "nope._domainkey." ZONE
#define PARENT  "192.0.2.100"
#define DAYS(n) ((n)*INT64_C(86400))

static signed_replies_t replies;

/* A zone with two servers of which two records are expected: one that is there, and one that is
 * not. */
typedef struct bench {
    const char *apex; /* of the zone that the parent was asked about */
    model_input_t in;
    exchange_set_t set;
    finding_list_t findings;
    facts_t facts;
    expectations_t wanted;
    expectation_t expectation[RECORDS];
    place_t place[PLACES];
    place_t above;
    cell_t cell[RECORDS][PLACES];
    expected_t expected[RECORDS];
} bench_t;

static void append(exchange_t *x, event_kind_t kind, const uint8_t *bytes, uint32_t size)
{
    event_t e = {.kind = kind, .attempt = 1, .peer = x->server, .bytes = bytes, .size = size};
    e.at = kind == EVENT_SENT ? 0 : 5 * X_MS;
    assert_true(exchange_append(x, &e));
}

/* Asks one question with DO; a reply of NULL is silence. */
static void ask(bench_t *b, const char *server, const char *name, uint16_t type,
                const nsp_msg_t *reply)
{
    uint8_t query[512];
    uint8_t octets[8192];
    size_t size = 0;
    addr_t addr = xaddr(server);
    nsp_name_t qname = xname(name);
    nsp_edns_t edns;
    memset(&edns, 0, sizeof edns);
    edns.udp_size = PROBE_EDNS_SIZE;
    edns.flags = NSP_EDNS_DO;
    assert_int_equal(
        nsp_build_query(query, sizeof query, 4711, 0, &qname, type, NSP_CLASS_IN, &edns, &size),
        NSP_OK);
    exchange_t *x = exchange_add(&b->set, TRANSPORT_UDP, &addr, query, size);
    assert_non_null(x);
    append(x, EVENT_SENT, query, (uint32_t)size);
    if (reply != NULL) {
        assert_true(reply->size <= sizeof octets);
        memcpy(octets, reply->wire, reply->size);
        octets[0] = query[0];
        octets[1] = query[1];
        append(x, EVENT_REPLY, octets, reply->size);
    } else {
        append(x, EVENT_TIMEOUT, NULL, 0);
    }
    x->finished = true;
}

static const nsp_msg_t *recorded(const char *zone, const char *qname, const char *qtype)
{
    const signed_reply_t *r = signed_find(&replies, zone, qname, qtype);
    assert_non_null(r);
    return &r->msg;
}

static const answer_t *found(bench_t *b, const char *server, const char *name, uint16_t type)
{
    addr_t addr = xaddr(server);
    nsp_name_t qname = xname(name);
    return answers_find(b->facts.answers, &addr, TRANSPORT_UDP, &qname, type, ASK_EDNS | ASK_DO);
}

/* A reply that a test builds. */
typedef struct made {
    uint8_t wire[4096];
    nsp_rr_t arena[16];
    nsp_msg_t msg;
    nsp_builder_t b;
} made_t;

static void make_begin(made_t *m, const char *name, uint16_t type, uint16_t rcode)
{
    nsp_name_t qname = xname(name);
    nsp_build_begin(&m->b, m->wire, sizeof m->wire, 1,
                    (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA | rcode));
    nsp_build_question(&m->b, &qname, type, NSP_CLASS_IN);
}

static void make_rr(made_t *m, nsp_section_t section, const char *owner, uint16_t type,
                    const uint8_t *rdata, size_t size)
{
    nsp_name_t name = xname(owner);
    assert_true(nsp_build_rr(&m->b, section, &name, type, NSP_CLASS_IN, 60, rdata, (uint16_t)size));
}

static const nsp_msg_t *make_end(made_t *m)
{
    size_t size = 0;
    assert_int_equal(nsp_build_end(&m->b, &size), NSP_OK);
    assert_int_equal(nsp_msg_index(&m->msg, m->wire, size, m->arena, 16), NSP_OK);
    return &m->msg;
}

/* Nothing, with the SOA of an owner, and without any signature. */
static const nsp_msg_t *make_nothing(made_t *m, const char *name, uint16_t type, uint16_t rcode,
                                     const char *apex)
{
    static const uint8_t soa[] = "\002ns\000\004host\000\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4"
                                 "\0\0\0\5";
    make_begin(m, name, type, rcode);
    make_rr(m, NSP_AUTHORITY, apex, NSP_TYPE_SOA, soa, sizeof soa - 1);
    return make_end(m);
}

static const nsp_msg_t *make_cname(made_t *m, const char *name, const char *target)
{
    nsp_name_t to = xname(target);
    make_begin(m, name, NSP_TYPE_CNAME, NSP_RCODE_NOERROR);
    make_rr(m, NSP_ANSWER, name, NSP_TYPE_CNAME, to.octets, to.len);
    return make_end(m);
}

/* DS records for every key of a message, added to a reply. */
static void make_ds(made_t *m, const char *zone, const nsp_msg_t *dnskey)
{
    signed_built_t *ds = calloc(1, sizeof *ds);
    nsp_name_t apex = xname(zone);
    assert_non_null(ds);
    signed_make_ds(dnskey, &apex, 0, ds);
    for (uint16_t i = 0; i < ds->msg.found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(&ds->msg, NSP_ANSWER, i);
        make_rr(m, NSP_ANSWER, zone, NSP_TYPE_DS, ds->wire + rr->rdata, rr->rdlength);
    }
    free(ds);
}

static const char *const servers[PLACES] = {"192.0.2.1", "192.0.2.2"};

/* What every test begins with: the parent's DS, nothing else asked. */
static bench_t *bench_new(void)
{
    bench_t *b = calloc(1, sizeof *b);
    assert_non_null(b);
    exchange_set_init(&b->set, 0);
    finding_list_init(&b->findings);
    b->apex = ZONE ".";
    b->in.domain = xname(ZONE ".");
    b->facts.in = &b->in;
    b->facts.set = &b->set;
    b->facts.list = &b->findings;
    b->facts.now = replies.now;
    b->facts.expected = b->expected;
    b->facts.expected_count = RECORDS;
    b->facts.zone_count = 2;
    b->facts.zone[0].apex = xname("test.");
    b->facts.zone[0].above = FACTS_NONE;
    b->facts.zone[0].chained = true;
    b->facts.zone[1].apex = xname(ZONE ".");
    b->facts.zone[1].holds = true;
    b->facts.zone[1].parent = xname("test.");
    b->facts.zone[1].parent_known = true;
    b->facts.zone[1].above = FACTS_NONE; /* unless a test wants the parent verified */
    b->facts.zone[1].place_count = PLACES;
    b->facts.zone[1].place = b->place;
    for (size_t i = 0; i < PLACES; i++) {
        b->place[i].addr = xaddr(servers[i]);
        b->place[i].server = xname(i == 0 ? "ns1.example." : "ns2.example.");
        b->place[i].delegated = true;
        b->place[i].in_use = true;
    }
    for (size_t i = 0; i < RECORDS; i++) {
        b->expectation[i].owner = xname(i == 0 ? WANTED "." : MISSING ".");
        b->expectation[i].type = i == 0 ? NSP_TYPE_CNAME : NSP_TYPE_TXT;
        b->expected[i].e = &b->expectation[i];
        b->expected[i].zone = 1;
        b->expected[i].cell_count = PLACES;
        b->expected[i].cell = b->cell[i];
        b->expected[i].follow = FACTS_NONE;
    }
    return b;
}

/* The replies of one server: as recorded, or what a test gives. */
static void serve(bench_t *b, size_t place, const nsp_msg_t *dnskey, const nsp_msg_t *wanted,
                  const nsp_msg_t *missing)
{
    ask(b, servers[place], ZONE ".", NSP_TYPE_SOA, recorded(ZONE, ZONE, "SOA"));
    ask(b, servers[place], ZONE ".", NSP_TYPE_DNSKEY, dnskey);
    ask(b, servers[place], WANTED ".", NSP_TYPE_CNAME, wanted);
    ask(b, servers[place], MISSING ".", NSP_TYPE_TXT, missing);
}

static void serve_right(bench_t *b, size_t place)
{
    serve(b, place, recorded(ZONE, ZONE, "DNSKEY"), recorded(ZONE, WANTED, "CNAME"),
          recorded(ZONE, MISSING, "TXT"));
}

static void run(bench_t *b)
{
    bool ok = false;
    b->facts.answers = answers_new(&b->set);
    assert_non_null(b->facts.answers);
    b->facts.scratch = calloc(1, sizeof *b->facts.scratch);
    assert_non_null(b->facts.scratch);
    answers_update(b->facts.answers, &ok);
    assert_true(ok);
    zone_facts_t *z = &b->facts.zone[1];
    z->apex = xname(b->apex);
    z->ds = found(b, PARENT, b->apex, NSP_TYPE_DS);
    assert_non_null(z->ds);
    z->has_ds = z->ds->count > 0;
    if (b->facts.zone[0].place_count > 0) {
        b->facts.zone[0].ds = found(b, PARENT, "test.", NSP_TYPE_DS);
        b->facts.zone[0].has_ds = b->facts.zone[0].ds->count > 0;
        b->above.dnskey = found(b, PARENT, "test.", NSP_TYPE_DNSKEY);
    }
    for (size_t i = 0; i < PLACES; i++) {
        b->place[i].soa = found(b, servers[i], ZONE ".", NSP_TYPE_SOA);
        b->place[i].dnskey = found(b, servers[i], ZONE ".", NSP_TYPE_DNSKEY);
        b->cell[0][i].dnssec = found(b, servers[i], WANTED ".", NSP_TYPE_CNAME);
        b->cell[0][i].udp = MARK_MATCH;
        b->cell[1][i].dnssec = found(b, servers[i], MISSING ".", NSP_TYPE_TXT);
        b->cell[1][i].udp = MARK_NXDOMAIN;
    }
    rules_dnssec(&b->facts);
    assert_false(b->facts.out_of_memory);
    finding_list_sort(&b->findings);
}

static void bench_free(bench_t *b)
{
    answers_free(b->facts.answers);
    free(b->facts.scratch);
    finding_list_free(&b->findings);
    exchange_set_free(&b->set);
    free(b);
}

/* Exactly this finding, of the zone (server NULL) or of one server, with words in its text. */
static const finding_t *only(const bench_t *b, finding_id_t id, const char *server,
                             const char *words)
{
    if (b->findings.count != 1)
        for (size_t i = 0; i < b->findings.count; i++)
            print_error("%s: %s\n", finding_desc(b->findings.item[i].id)->id,
                        b->findings.item[i].text);
    assert_int_equal(b->findings.count, 1);
    const finding_t *f = &b->findings.item[0];
    assert_string_equal(finding_desc(f->id)->id, finding_desc(id)->id);
    assert_int_equal(f->has_addr, server != NULL);
    if (server != NULL) {
        addr_t addr = xaddr(server);
        assert_true(addr_equal(&f->addr, &addr));
    }
    if (strstr(f->text, words) == NULL)
        print_error("'%s' is not in: %s\n", words, f->text);
    assert_non_null(strstr(f->text, words));
    assert_true(f->evidence_count > 0);
    return f;
}

static void assert_bogus(const bench_t *b, bool w0, bool w1, bool m0, bool m1)
{
    assert_int_equal(b->cell[0][0].bogus, w0);
    assert_int_equal(b->cell[0][1].bogus, w1);
    assert_int_equal(b->cell[1][0].bogus, m0);
    assert_int_equal(b->cell[1][1].bogus, m1);
}

static const nsp_msg_t *the_ds(void)
{
    return recorded("test", ZONE, "DS");
}

static void test_right(void **state)
{
    (void)state;
    bench_t *b = bench_new();
    ask(b, PARENT, ZONE ".", NSP_TYPE_DS, the_ds());
    serve_right(b, 0);
    serve_right(b, 1);
    run(b);
    assert_int_equal(b->findings.count, 0);
    assert_bogus(b, false, false, false, false);
    bench_free(b);
}

/* Without a DS nothing matters. */
static void test_insecure(void **state)
{
    (void)state;
    made_t m;
    bench_t *b = bench_new();
    ask(b, PARENT, ZONE ".", NSP_TYPE_DS,
        make_nothing(&m, ZONE ".", NSP_TYPE_DS, NSP_RCODE_NOERROR, "test."));
    b->facts.now += DAYS(400);
    serve_right(b, 0);
    serve_right(b, 1);
    run(b);
    assert_int_equal(b->findings.count, 0);
    assert_bogus(b, false, false, false, false);
    bench_free(b);
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
        bench_t *b = bench_new();
        b->facts.now += cases[i].shift;
        ask(b, PARENT, ZONE ".", NSP_TYPE_DS, the_ds());
        serve_right(b, 0);
        serve_right(b, 1);
        run(b);
        const finding_t *f = only(b, cases[i].id, NULL, cases[i].words);
        bool clock = strstr(f->text, "this machine's clock") != NULL;
        assert_int_equal(clock, cases[i].bogus);
        bool c = cases[i].bogus;
        assert_bogus(b, c, c, c, c);
        bench_free(b);
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
        bench_t *b = bench_new();
        signed_reply_t ds = signed_copy(signed_find(&replies, "test", ZONE, "DS"));
        const nsp_rr_t *rr = nsp_msg_rr(&ds.msg, NSP_ANSWER, 0);
        assert_int_equal(rr->type, NSP_TYPE_DS);
        ds.wire[rr->rdata + cases[i].octet] ^= 1;
        ask(b, PARENT, ZONE ".", NSP_TYPE_DS, &ds.msg);
        serve_right(b, 0);
        serve_right(b, 1);
        run(b);
        const finding_t *f = only(b, FINDING_DNSSEC_DS_MISMATCH, NULL, cases[i].words);
        assert_non_null(strstr(f->fix, "At the registrar, replace the DS record of " ZONE));
        assert_bogus(b, true, true, true, true);
        bench_free(b);
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
    make_nothing(&keys, ZONE ".", NSP_TYPE_DNSKEY, NSP_RCODE_NOERROR, ZONE ".");
    make_nothing(&missing, MISSING ".", NSP_TYPE_TXT, NSP_RCODE_NXDOMAIN, ZONE ".");
    make_cname(&there, WANTED ".", "tok.dkim.amazonses.com.");
    for (int all = 0; all < 2; all++) {
        bench_t *b = bench_new();
        ask(b, PARENT, ZONE ".", NSP_TYPE_DS, the_ds());
        if (all)
            serve(b, 0, &keys.msg, &there.msg, &missing.msg);
        else
            serve_right(b, 0);
        serve(b, 1, &keys.msg, &there.msg, &missing.msg);
        run(b);
        const finding_t *f =
            only(b, FINDING_DNSSEC_DS_MISMATCH, all ? NULL : servers[1], "the zone has no DNSKEY");
        assert_non_null(strstr(f->fix, all ? "remove the DS record of" : "Other servers"));
        assert_bogus(b, all, true, all, true);
        bench_free(b);
    }
}

/* The keys are there, but a record is not signed, or nothing proves that it is missing. */
static void test_unsigned_record(void **state)
{
    (void)state;
    made_t there;
    made_t missing;
    make_nothing(&missing, MISSING ".", NSP_TYPE_TXT, NSP_RCODE_NXDOMAIN, ZONE ".");
    make_cname(&there, WANTED ".", "tok.dkim.amazonses.com.");
    for (int denial = 0; denial < 2; denial++) {
        bench_t *b = bench_new();
        ask(b, PARENT, ZONE ".", NSP_TYPE_DS, the_ds());
        serve_right(b, 0);
        serve(b, 1, recorded(ZONE, ZONE, "DNSKEY"),
              denial ? recorded(ZONE, WANTED, "CNAME") : &there.msg,
              denial ? &missing.msg : recorded(ZONE, MISSING, "TXT"));
        run(b);
        only(b, denial ? FINDING_DNSSEC_NO_DENIAL : FINDING_DNSSEC_UNSIGNED, servers[1],
             denial ? MISSING " TXT" : WANTED " CNAME");
        assert_bogus(b, false, !denial, false, denial);
        bench_free(b);
    }
}

static void put(uint8_t *at, unsigned octets, uint32_t v)
{
    while (octets-- > 0) {
        at[octets] = (uint8_t)v;
        v >>= 8;
    }
}

/* A DNSKEY reply with a new key alone, signed by it. */
static const nsp_msg_t *make_key(made_t *m, const char *zone, int64_t now)
{
    uint8_t rdata[36] = {1, 1, 3, 15};
    uint8_t sig[400];
    size_t size = 32;
    rrset_t set;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_true(key != NULL && ctx != NULL);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, rdata + 4, &size), 1);
    make_begin(m, zone, NSP_TYPE_DNSKEY, NSP_RCODE_NOERROR);
    make_rr(m, NSP_ANSWER, zone, NSP_TYPE_DNSKEY, rdata, sizeof rdata);
    nsp_builder_t more = m->b;
    make_end(m);
    rrsig_t r = {.covered = NSP_TYPE_DNSKEY,
                 .key_tag = dnssec_key_tag(rdata, sizeof rdata),
                 .algorithm = 15,
                 .labels = 2,
                 .original_ttl = 60,
                 .expiration = (uint32_t)(now + DAYS(20)),
                 .inception = (uint32_t)(now - DAYS(10)),
                 .signer = xname(zone)};
    assert_int_equal(rrset_collect(&m->msg, NSP_ANSWER, &r.signer, NSP_TYPE_DNSKEY, &set),
                     DNSSEC_SECURE);
    uint8_t *data = rrset_signed_data(&set, &r, &size);
    assert_non_null(data);
    put(sig, 2, r.covered);
    put(sig + 2, 1, r.algorithm);
    put(sig + 3, 1, r.labels);
    put(sig + 4, 4, r.original_ttl);
    put(sig + 8, 4, r.expiration);
    put(sig + 12, 4, r.inception);
    put(sig + 16, 2, r.key_tag);
    memcpy(sig + 18, r.signer.octets, r.signer.len);
    size_t head = 18u + r.signer.len;
    size_t length = 64;
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, sig + head, &length, data, size), 1);
    m->b = more;
    make_rr(m, NSP_ANSWER, zone, NSP_TYPE_RRSIG, sig, head + length);
    free(data);
    rrset_free(&set);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return make_end(m);
}

/* Both servers have keys that the parent knows, not the same ones. */
static void test_keys_differ(void **state)
{
    (void)state;
    made_t key;
    made_t ds;
    bench_t *b = bench_new();
    make_key(&key, ZONE ".", replies.now);
    make_begin(&ds, ZONE ".", NSP_TYPE_DS, NSP_RCODE_NOERROR);
    make_ds(&ds, ZONE ".", &key.msg);
    make_ds(&ds, ZONE ".", recorded(ZONE, ZONE, "DNSKEY"));
    ask(b, PARENT, ZONE ".", NSP_TYPE_DS, make_end(&ds));
    serve(b, 0, &key.msg, NULL, NULL);
    serve_right(b, 1);
    run(b);
    /* the first server is silent about the records themselves: another finding, not of interest */
    unsigned seen = 0;
    for (size_t i = 0; i < b->findings.count; i++)
        if (b->findings.item[i].id == FINDING_DNSSEC_KEYS_DIFFER) {
            addr_t addr = xaddr(servers[1]);
            assert_true(addr_equal(&b->findings.item[i].addr, &addr));
            assert_non_null(strstr(b->findings.item[i].text, "not with those of ns1.example"));
            seen++;
        }
    assert_int_equal(seen, 1);
    assert_bogus(b, true, false, true, false);
    bench_free(b);
}

/* One octet of the signature of one record, at one server. */
static void test_bad_signature(void **state)
{
    (void)state;
    bench_t *b = bench_new();
    signed_reply_t bad = signed_copy(signed_find(&replies, ZONE, WANTED, "CNAME"));
    for (uint16_t i = 0; i < bad.msg.found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(&bad.msg, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_RRSIG)
            bad.wire[rr->rdata + rr->rdlength - 1u] ^= 1;
    }
    ask(b, PARENT, ZONE ".", NSP_TYPE_DS, the_ds());
    serve(b, 0, recorded(ZONE, ZONE, "DNSKEY"), &bad.msg, recorded(ZONE, MISSING, "TXT"));
    serve_right(b, 1);
    run(b);
    only(b, FINDING_DNSSEC_BAD_SIGNATURE, servers[0], "the signature does not fit the records");
    assert_bogus(b, true, false, false, false);
    bench_free(b);
    signed_drop(&bad);
}

/* Silence on questions with DO, from a server that answers others. */
static void test_no_answer(void **state)
{
    (void)state;
    bench_t *b = bench_new();
    ask(b, PARENT, ZONE ".", NSP_TYPE_DS, the_ds());
    serve_right(b, 0);
    serve(b, 1, recorded(ZONE, ZONE, "DNSKEY"), NULL, recorded(ZONE, MISSING, "TXT"));
    run(b);
    only(b, FINDING_DNSSEC_NO_ANSWER, servers[1], WANTED " CNAME");
    assert_bogus(b, false, true, false, false);
    bench_free(b);
    b = bench_new();
    ask(b, PARENT, ZONE ".", NSP_TYPE_DS, the_ds());
    serve_right(b, 0);
    serve(b, 1, NULL, recorded(ZONE, WANTED, "CNAME"), recorded(ZONE, MISSING, "TXT"));
    run(b);
    only(b, FINDING_DNSSEC_NO_ANSWER, servers[1], "the DNSKEY records of " ZONE);
    bench_free(b);
}

/* A DS with an algorithm that nobody knows makes the zone insecure, not bogus. */
static void test_unknown_algorithm(void **state)
{
    (void)state;
    bench_t *b = bench_new();
    signed_reply_t ds = signed_copy(signed_find(&replies, "test", ZONE, "DS"));
    ds.wire[nsp_msg_rr(&ds.msg, NSP_ANSWER, 0)->rdata + 2] = 200;
    ask(b, PARENT, ZONE ".", NSP_TYPE_DS, &ds.msg);
    serve_right(b, 0);
    serve_right(b, 1);
    run(b);
    const finding_t *f = only(b, FINDING_DNSSEC_UNKNOWN_ALGORITHM, NULL, "validators do not know");
    assert_int_equal(f->severity, SEVERITY_NOTICE);
    assert_bogus(b, false, false, false, false);
    bench_free(b);
    signed_drop(&ds);
}

typedef enum parent_case { PARENT_RIGHT, PARENT_BROKEN, PARENT_DENIES } parent_case_t;

static void check_parent(parent_case_t c)
{
    made_t root;
    const signed_reply_t *keys = signed_find(&replies, "test", "test", "DNSKEY");
    const char *apex = c == PARENT_DENIES ? "unsigned.test" : ZONE;
    signed_reply_t ds = signed_copy(signed_find(&replies, "test", apex, "DS"));
    bench_t *b = bench_new();
    if (c == PARENT_BROKEN)
        ds.wire[nsp_msg_rr(&ds.msg, NSP_ANSWER, 0)->rdata + 10] ^= 1;
    make_begin(&root, "test.", NSP_TYPE_DS, NSP_RCODE_NOERROR);
    make_ds(&root, "test.", &keys->msg);
    ask(b, PARENT, "test.", NSP_TYPE_DS, make_end(&root));
    ask(b, PARENT, "test.", NSP_TYPE_DNSKEY, &keys->msg);
    ask(b, PARENT, apex, NSP_TYPE_DS, &ds.msg);
    b->facts.zone[0].place_count = 1;
    b->facts.zone[0].place = &b->above;
    b->above.addr = xaddr(PARENT);
    b->above.delegated = true;
    b->above.in_use = true;
    b->facts.zone[1].above = 0;
    serve_right(b, 0);
    serve_right(b, 1);
    b->apex = apex;
    run(b);
    if (c == PARENT_BROKEN)
        only(b, FINDING_DNSSEC_DS_BOGUS, NULL, "What the parent test says");
    else
        assert_int_equal(b->findings.count, 0);
    bool bogus = c == PARENT_BROKEN;
    assert_bogus(b, bogus, bogus, bogus, bogus);
    bench_free(b);
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
    return cmocka_run_group_tests(tests, load, drop);
}
