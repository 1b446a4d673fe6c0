#include "chaincase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signer.h"

const char *const chaincase_servers[PLACES] = {"192.0.2.1", "192.0.2.2"};

chaincase_t *chaincase_new(const signed_replies_t *replies)
{
    chaincase_t *b = calloc(1, sizeof *b);
    assert_non_null(b);
    exchange_set_init(&b->set, 0);
    finding_list_init(&b->findings);
    b->replies = replies;
    b->apex = ZONE ".";
    b->in.domain = xname(ZONE ".");
    b->facts.in = &b->in;
    b->facts.set = &b->set;
    b->facts.list = &b->findings;
    b->facts.now = replies->now;
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
        b->place[i].addr = xaddr(chaincase_servers[i]);
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

void chaincase_free(chaincase_t *b)
{
    answers_free(b->facts.answers);
    free(b->facts.scratch);
    finding_list_free(&b->findings);
    exchange_set_free(&b->set);
    free(b);
}

static void append(exchange_t *x, event_kind_t kind, const uint8_t *bytes, uint32_t size)
{
    event_t e = {.kind = kind, .attempt = 1, .peer = x->server, .bytes = bytes, .size = size};
    e.at = kind == EVENT_SENT ? 0 : 5 * X_MS;
    assert_true(exchange_append(x, &e));
}

void chaincase_ask(chaincase_t *b, const char *server, const char *name, uint16_t type,
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

const nsp_msg_t *chaincase_recorded(const chaincase_t *b, const char *zone, const char *qname,
                                    const char *qtype)
{
    const signed_reply_t *r = signed_find(b->replies, zone, qname, qtype);
    assert_non_null(r);
    return &r->msg;
}

const nsp_msg_t *chaincase_ds(const chaincase_t *b)
{
    return chaincase_recorded(b, "test", ZONE, "DS");
}

void chaincase_serve(chaincase_t *b, size_t place, const nsp_msg_t *dnskey, const nsp_msg_t *wanted,
                     const nsp_msg_t *missing)
{
    chaincase_ask(b, chaincase_servers[place], ZONE ".", NSP_TYPE_SOA,
                  chaincase_recorded(b, ZONE, ZONE, "SOA"));
    chaincase_ask(b, chaincase_servers[place], ZONE ".", NSP_TYPE_DNSKEY, dnskey);
    chaincase_ask(b, chaincase_servers[place], WANTED ".", NSP_TYPE_CNAME, wanted);
    chaincase_ask(b, chaincase_servers[place], MISSING ".", NSP_TYPE_TXT, missing);
}

void chaincase_serve_right(chaincase_t *b, size_t place)
{
    chaincase_serve(b, place, chaincase_recorded(b, ZONE, ZONE, "DNSKEY"),
                    chaincase_recorded(b, ZONE, WANTED, "CNAME"),
                    chaincase_recorded(b, ZONE, MISSING, "TXT"));
}

static const answer_t *chaincase_found(chaincase_t *b, const char *server, const char *name,
                                       uint16_t type)
{
    addr_t addr = xaddr(server);
    nsp_name_t qname = xname(name);
    return answers_find(b->facts.answers, &addr, TRANSPORT_UDP, &qname, type, ASK_EDNS | ASK_DO);
}

void chaincase_run(chaincase_t *b)
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
    z->ds = chaincase_found(b, PARENT, b->apex, NSP_TYPE_DS);
    assert_non_null(z->ds);
    z->has_ds = z->ds->count > 0;
    if (b->facts.zone[0].place_count > 0) {
        b->facts.zone[0].ds = chaincase_found(b, PARENT, "test.", NSP_TYPE_DS);
        b->facts.zone[0].has_ds = b->facts.zone[0].ds->count > 0;
        b->above.dnskey = chaincase_found(b, PARENT, "test.", NSP_TYPE_DNSKEY);
    }
    for (size_t i = 0; i < PLACES; i++) {
        b->place[i].soa = chaincase_found(b, chaincase_servers[i], ZONE ".", NSP_TYPE_SOA);
        b->place[i].dnskey = chaincase_found(b, chaincase_servers[i], ZONE ".", NSP_TYPE_DNSKEY);
        b->cell[0][i].dnssec = chaincase_found(b, chaincase_servers[i], WANTED ".", NSP_TYPE_CNAME);
        b->cell[0][i].udp = MARK_MATCH;
        b->cell[1][i].dnssec = chaincase_found(b, chaincase_servers[i], MISSING ".", NSP_TYPE_TXT);
        b->cell[1][i].udp = MARK_NXDOMAIN;
    }
    rules_dnssec(&b->facts);
    assert_false(b->facts.out_of_memory);
    finding_list_sort(&b->findings);
}

const finding_t *chaincase_only(const chaincase_t *b, finding_id_t id, const char *server,
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

void chaincase_bogus(const chaincase_t *b, bool w0, bool w1, bool m0, bool m1)
{
    assert_int_equal(b->cell[0][0].bogus, w0);
    assert_int_equal(b->cell[0][1].bogus, w1);
    assert_int_equal(b->cell[1][0].bogus, m0);
    assert_int_equal(b->cell[1][1].bogus, m1);
}

void made_begin(made_t *m, const char *name, uint16_t type, uint16_t rcode)
{
    nsp_name_t qname = xname(name);
    nsp_build_begin(&m->b, m->wire, sizeof m->wire, 1,
                    (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA | rcode));
    nsp_build_question(&m->b, &qname, type, NSP_CLASS_IN);
}

void made_rr(made_t *m, nsp_section_t section, const char *owner, uint16_t type,
             const uint8_t *rdata, size_t size)
{
    nsp_name_t name = xname(owner);
    assert_true(nsp_build_rr(&m->b, section, &name, type, NSP_CLASS_IN, 60, rdata, (uint16_t)size));
}

const nsp_msg_t *made_end(made_t *m)
{
    size_t size = 0;
    assert_int_equal(nsp_build_end(&m->b, &size), NSP_OK);
    assert_int_equal(nsp_msg_index(&m->msg, m->wire, size, m->arena, 16), NSP_OK);
    return &m->msg;
}

const nsp_msg_t *made_nothing(made_t *m, const char *name, uint16_t type, uint16_t rcode,
                              const char *apex)
{
    static const uint8_t soa[] = "\002ns\000\004host\000\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4"
                                 "\0\0\0\5";
    made_begin(m, name, type, rcode);
    made_rr(m, NSP_AUTHORITY, apex, NSP_TYPE_SOA, soa, sizeof soa - 1);
    return made_end(m);
}

const nsp_msg_t *made_cname(made_t *m, const char *name, const char *target)
{
    nsp_name_t to = xname(target);
    made_begin(m, name, NSP_TYPE_CNAME, NSP_RCODE_NOERROR);
    made_rr(m, NSP_ANSWER, name, NSP_TYPE_CNAME, to.octets, to.len);
    return made_end(m);
}

void made_ds(made_t *m, const char *zone, const nsp_msg_t *dnskey)
{
    signed_built_t *ds = calloc(1, sizeof *ds);
    nsp_name_t apex = xname(zone);
    assert_non_null(ds);
    signed_make_ds(dnskey, &apex, 0, ds);
    for (uint16_t i = 0; i < ds->msg.found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(&ds->msg, NSP_ANSWER, i);
        made_rr(m, NSP_ANSWER, zone, NSP_TYPE_DS, ds->wire + rr->rdata, rr->rdlength);
    }
    free(ds);
}

const nsp_msg_t *made_key(made_t *m, const char *zone, int64_t now)
{
    signer_t s = signer_new(15, 0, 257);
    const signer_t *by = &s;
    signature_t how = {.inception = now - DAYS(10),
                       .expiration = now + DAYS(20),
                       .original_ttl = 60,
                       .signer = xname(zone)};
    signer_rrset_t set = {.owner = how.signer, .type = NSP_TYPE_DNSKEY, .ttl = 60, .count = 1};
    set.rr[0].size = s.size;
    memcpy(set.rr[0].rdata, s.rdata, s.size);
    made_begin(m, zone, NSP_TYPE_DNSKEY, NSP_RCODE_NOERROR);
    signer_put(&m->b, NSP_ANSWER, &set, &how, &by, 1);
    signer_free(&s);
    return made_end(m);
}
