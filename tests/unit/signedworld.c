#include "signedworld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/form.h"
#include "probe/battery.h"

signature_t signedworld_good_times(void)
{
    signature_t s = {.inception = NOW - 10 * DAY,
                     .expiration = NOW + 20 * DAY,
                     .original_ttl = 3600,
                     .signer = xname("example.net.")};
    return s;
}

static void place_default(signedworld_t *w, place_plan_t *p)
{
    memset(p, 0, sizeof *p);
    p->how = signedworld_good_times();
    p->ttl = 3600;
    p->key[p->key_count++] = &w->ksk;
    p->key[p->key_count++] = &w->zsk;
    p->ksk[p->ksk_count++] = &w->ksk;
    p->zsk[p->zsk_count++] = &w->zsk;
}

void signedworld_begin(signedworld_t *w)
{
    memset(w, 0, sizeof *w);
    xlab_healthy(&w->x);
    w->ksk = signer_new(13, 0, 257);
    w->zsk = signer_new(13, 0, 256);
    w->other = signer_new(15, 0, 257);
    w->eight = signer_new(8, 2048, 257);
    w->small = signer_new(8, 1024, 256);
    w->revoked = signer_new(13, 0, 257 | 0x80);
    w->above = signer_new(13, 0, 257);
    for (unsigned i = 0; i < PLACES; i++)
        place_default(w, &w->place[i]);
    for (unsigned i = 0; i < 2; i++)
        w->ds[i] = (ds_plan_t){.count = 1, .of = {&w->ksk}, .digest_type = {2}};
    /* what is signed is asked here */
    for (unsigned i = 0; i < PLACES; i++)
        for (unsigned q = XQ_DNSKEY; q <= XQ_TXT_TCP; q++)
            w->x.probe[i][q].act = XA_NONE;
}

void signedworld_end(signedworld_t *w)
{
    signer_t *all[] = {&w->ksk, &w->zsk, &w->other, &w->eight, &w->small, &w->revoked, &w->above};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        signer_free(all[i]);
    xlab_free(&w->x);
}

/* --- replies --- */

static signer_rrset_t set_of(const char *owner, uint16_t type, uint32_t ttl)
{
    signer_rrset_t s = {.owner = xname(owner), .type = type, .ttl = ttl};
    return s;
}

static void put(nsp_builder_t *b, nsp_section_t section, const place_plan_t *p,
                const signer_rrset_t *set)
{
    bool by_ksk =
        set->type == NSP_TYPE_DNSKEY || set->type == NSP_TYPE_CDS || set->type == NSP_TYPE_CDNSKEY;
    const signature_t *how = p->type == set->type ? &p->how_type : &p->how;
    unsigned n = by_ksk ? p->ksk_count : p->zsk_count;
    if (p->unsigned_all || p->unsigned_type == set->type)
        n = 0;
    signer_put(b, section, set, how, by_ksk ? p->ksk : p->zsk, n);
    if (set->type == NSP_TYPE_SOA && p->stray != NULL) {
        signer_rrset_t bare = *set;
        signature_t old = signedworld_good_times();
        const signer_t *one = p->stray;
        old.inception -= 60 * DAY;
        old.expiration = NOW - 5 * DAY;
        bare.count = set->count;
        /* the records twice: they are a set */
        signer_put(b, section, &bare, &old, &one, 1);
    }
}

static void put_soa(nsp_builder_t *b, nsp_section_t section, const place_plan_t *p)
{
    signer_rrset_t set = set_of("example.net.", NSP_TYPE_SOA, p->ttl);
    char text[128];
    snprintf(text, sizeof text, "ns1.example.net. host.example.net. %u 14400 3600 1209600 3600",
             p->serial);
    signer_add(&set, text);
    put(b, section, p, &set);
}

static void base32hex(const uint8_t *in, char out[33])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    for (unsigned i = 0; i < 32; i++) {
        unsigned bit = i * 5;
        unsigned two = (unsigned)in[bit / 8] << 8 | (bit / 8 + 1 < 20 ? in[bit / 8 + 1] : 0u);
        out[i] = digits[two >> (11 - bit % 8) & 31];
    }
    out[32] = '\0';
}

/* The hash of the zone's name (RFC 5155 5). */
static void hash_apex(const place_plan_t *p, uint8_t out[20])
{
    nsp_name_t zone = xname("example.net.");
    uint8_t data[300];
    unsigned n = 0;
    size_t len = zone.len;
    memcpy(data, zone.octets, zone.len);
    for (unsigned i = 0; i <= p->iterations; i++) {
        if (p->salt)
            data[len++] = 0xab;
        EVP_Digest(data, len, out, &n, EVP_sha1(), NULL);
        memcpy(data, out, 20);
        len = 20;
    }
}

/* One record that proves all: nothing but the zone's name is there. */
static void put_nsec3(nsp_builder_t *b, const place_plan_t *p)
{
    uint8_t hash[20];
    char label[33];
    char text[300];
    hash_apex(p, hash);
    base32hex(hash, label);
    snprintf(text, sizeof text, "%s.example.net.", label);
    signer_rrset_t set = set_of(text, NSP_TYPE_NSEC3, p->ttl);
    snprintf(text, sizeof text, "1 %d %u %s %s NS SOA TXT RRSIG DNSKEY%s", p->opt_out,
             p->iterations, p->salt ? "ab" : "-", label, p->param_lacks ? "" : " NSEC3PARAM");
    signer_add(&set, text);
    put(b, NSP_AUTHORITY, p, &set);
}

static void put_nsec(nsp_builder_t *b, const place_plan_t *p, const char *owner, const char *text)
{
    signer_rrset_t set = set_of(owner, NSP_TYPE_NSEC, p->ttl);
    signer_add(&set, text);
    put(b, NSP_AUTHORITY, p, &set);
}

static void put_proof(nsp_builder_t *b, const place_plan_t *p, bool name)
{
    put_soa(b, NSP_AUTHORITY, p);
    if (p->no_proofs)
        return;
    if (p->nsec3) {
        put_nsec3(b, p);
        return;
    }
    put_nsec(b, p, "example.net.",
             p->denies_txt ? "ns1.example.net. NS SOA RRSIG NSEC DNSKEY"
             : (p->cds != NULL && p->cdnskey != NULL) || p->cds_delete
                 ? "ns1.example.net. NS SOA TXT RRSIG NSEC DNSKEY CDS CDNSKEY"
             : p->cds != NULL ? "ns1.example.net. NS SOA TXT RRSIG NSEC DNSKEY CDS"
                              : "ns1.example.net. NS SOA TXT RRSIG NSEC DNSKEY");
    if (name)
        put_nsec(b, p, "ns2.example.net.", "example.net. A AAAA RRSIG NSEC");
}

static void put_keys(nsp_builder_t *b, const place_plan_t *p)
{
    signer_rrset_t set = set_of("example.net.", NSP_TYPE_DNSKEY, p->ttl);
    for (unsigned i = 0; i < p->key_count; i++) {
        memcpy(set.rr[i].rdata, p->key[i]->rdata, p->key[i]->size);
        set.rr[i].size = p->key[i]->size;
        set.count++;
    }
    if (p->more_key != NULL)
        signer_add(&set, p->more_key);
    put(b, NSP_ANSWER, p, &set);
}

static bool put_cds(nsp_builder_t *b, const place_plan_t *p)
{
    signer_rrset_t set = set_of("example.net.", NSP_TYPE_CDS, p->ttl);
    if (p->cds != NULL) {
        set.rr[0].size = (uint16_t)signer_ds(p->cds, &set.owner, 2, set.rr[0].rdata);
        set.count = 1;
    }
    if (p->cds_delete)
        signer_add(&set, "0 0 0 00");
    if (set.count > 0)
        put(b, NSP_ANSWER, p, &set);
    return set.count > 0;
}

static bool put_cdnskey(nsp_builder_t *b, const place_plan_t *p)
{
    signer_rrset_t set = set_of("example.net.", NSP_TYPE_CDNSKEY, p->ttl);
    if (p->cdnskey != NULL) {
        memcpy(set.rr[0].rdata, p->cdnskey->rdata, p->cdnskey->size);
        set.rr[0].size = p->cdnskey->size;
        set.count = 1;
    }
    if (p->cds_delete)
        signer_add(&set, "0 3 0 AA==");
    if (set.count > 0)
        put(b, NSP_ANSWER, p, &set);
    return set.count > 0;
}

static bool put_param(nsp_builder_t *b, const place_plan_t *p)
{
    char text[64];
    signer_rrset_t set = set_of("example.net.", NSP_TYPE_NSEC3PARAM, 0);
    if (!p->nsec3 || p->param_lacks)
        return false;
    snprintf(text, sizeof text, "1 0 %u %s", p->iterations,
             p->param_other ? "cd"
             : p->salt      ? "ab"
                            : "-");
    signer_add(&set, text);
    put(b, NSP_ANSWER, p, &set);
    return true;
}

static bool put_text(nsp_builder_t *b, const place_plan_t *p, uint16_t type)
{
    signer_rrset_t set = set_of("example.net.", type, p->ttl);
    if (type == NSP_TYPE_TXT) {
        signer_add(&set, "\"v=spf1 -all\"");
    } else {
        signer_add(&set, "ns1.example.net.");
        signer_add(&set, "ns2.example.net.");
    }
    put(b, NSP_ANSWER, p, &set);
    return true;
}

/* A name that is made from a wildcard: *.example.net A. */
static void put_wildcard(nsp_builder_t *b, const place_plan_t *p, const nsp_name_t *qname)
{
    signer_rrset_t set = set_of("*.example.net.", NSP_TYPE_A, p->ttl);
    nsp_builder_t aside;
    static uint8_t room[2048];
    nsp_rr_t arena[8];
    nsp_msg_t m;
    size_t size = 0;
    signer_add(&set, "192.0.2.7");
    nsp_build_begin(&aside, room, sizeof room, 1, NSP_FLAG_QR);
    signer_put(&aside, NSP_ANSWER, &set, &p->how, p->zsk, 1);
    nsp_build_end(&aside, &size);
    nsp_msg_index(&m, room, size, arena, 8);
    for (uint16_t i = 0; i < m.rr_count; i++) {
        uint8_t rdata[600];
        nsp_err_t err = NSP_OK;
        size_t n = nsp_rdata_canonical(&m, &m.rr[i], rdata, sizeof rdata, &err);
        nsp_build_rr(b, NSP_ANSWER, qname, m.rr[i].type, NSP_CLASS_IN, p->ttl, rdata, (uint16_t)n);
    }
    if (!p->wildcard_bare)
        put_nsec(b, p, "ns2.example.net.", "example.net. A AAAA RRSIG NSEC");
}

static void answer(nsp_builder_t *b, const place_plan_t *p, const nsp_name_t *qname, uint16_t type)
{
    bool there = true;
    place_plan_t other = *p;
    other.unsigned_all = other.no_proofs = true;
    switch (type) {
    case NSP_TYPE_DNSKEY:
        there = p->key_count > 0;
        if (there)
            put_keys(b, p);
        break;
    case NSP_TYPE_SOA:
        put_soa(b, NSP_ANSWER, p);
        break;
    case NSP_TYPE_NS:
    case NSP_TYPE_TXT:
        put_text(b, p, type);
        break;
    case NSP_TYPE_CDS:
        there = put_cds(b, p);
        break;
    case NSP_TYPE_CDNSKEY:
        there = put_cdnskey(b, p);
        break;
    case NSP_TYPE_NSEC3PARAM:
        there = put_param(b, p);
        break;
    default:
        there = p->wildcard;
        if (there)
            put_wildcard(b, p, qname);
        break;
    }
    if (!there)
        put_proof(b, p->by_turns && type == NSP_TYPE_CDNSKEY ? &other : p, type == NSP_TYPE_A);
}

/* --- exchanges --- */

static exchange_t *exchange_begin(signedworld_t *w, const addr_t *server, const uint8_t *wire,
                                  size_t size, transport_t transport)
{
    exchange_t *x = exchange_add(&w->x.set, transport, server, wire, size);
    assert_non_null(x);
    w->x.clock += X_MS;
    event_t e = {
        .kind = EVENT_SENT, .attempt = 1, .at = w->x.clock, .bytes = wire, .size = (uint32_t)size};
    assert_true(exchange_append(x, &e));
    x->finished = true;
    return x;
}

static void exchange_end(signedworld_t *w, exchange_t *x, nsp_builder_t *b)
{
    size_t size = 0;
    assert_int_equal(nsp_build_end(b, &size), NSP_OK);
    event_t e = {.kind = EVENT_REPLY,
                 .attempt = 1,
                 .at = w->x.clock + X_MS,
                 .peer = x->server,
                 .bytes = w->buf,
                 .size = (uint32_t)size};
    assert_true(exchange_append(x, &e));
}

static void reply_begin(signedworld_t *w, nsp_builder_t *b, const exchange_t *x, uint16_t rcode)
{
    nsp_build_begin(b, w->buf, sizeof w->buf, 0, (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA | rcode));
    nsp_build_question(b, &x->qname, x->qtype, NSP_CLASS_IN);
}

static void ask(signedworld_t *w, unsigned place, const char *qname, uint16_t type, uint16_t edns)
{
    const place_plan_t *p = &w->place[place];
    nsp_edns_t e = {.udp_size = edns, .flags = NSP_EDNS_DO};
    nsp_name_t name = xname(qname);
    uint8_t wire[400];
    size_t size = 0;
    nsp_builder_t b;
    nsp_build_query(wire, sizeof wire, 0, 0, &name, type, NSP_CLASS_IN, &e, &size);
    exchange_t *x = exchange_begin(w, &w->x.m->address[place].addr, wire, size, TRANSPORT_UDP);
    if ((type == NSP_TYPE_DNSKEY && p->silence == KEYS_SILENT) || p->silence == ALL_SILENT) {
        event_t t = {.kind = EVENT_TIMEOUT, .attempt = 1, .at = w->x.clock + X_SEC};
        exchange_append(x, &t);
        return;
    }
    bool refused =
        (type == NSP_TYPE_DNSKEY && p->silence == KEYS_REFUSED) || p->silence == ALL_REFUSED;
    uint16_t rcode = p->rcode != 0 ? p->rcode : NSP_RCODE_SERVFAIL;
    bool nxdomain = type == NSP_TYPE_A && !p->wildcard;
    reply_begin(w, &b, x, refused ? rcode : nxdomain ? NSP_RCODE_NXDOMAIN : 0);
    if (!refused)
        answer(&b, p, &name, type);
    nsp_edns_t opt = {.udp_size = 1232, .flags = NSP_EDNS_DO};
    nsp_build_opt(&b, &opt);
    exchange_end(w, x, &b);
}

/* A set of the parent's, signed where the parent is. */
static void put_above(signedworld_t *w, nsp_builder_t *b, nsp_section_t section,
                      const signer_rrset_t *set, bool expired)
{
    signature_t how = signedworld_good_times();
    const signer_t *by = &w->above;
    how.signer = xname("net.");
    how.expiration = expired ? NOW - DAY : how.expiration;
    signer_put(b, section, set, &how, &by, w->signed_parent ? 1 : 0);
}

static void answer_ds(signedworld_t *w, nsp_builder_t *b, const ds_plan_t *plan)
{
    signer_rrset_t set = set_of("example.net.", NSP_TYPE_DS, 3600);
    signer_rrset_t soa = set_of(plan->childs ? "example.net." : "net.", NSP_TYPE_SOA, 900);
    for (unsigned k = 0; k < plan->count; k++) {
        signer_rr_t *rr = &set.rr[set.count++];
        rr->size = (uint16_t)signer_ds(plan->of[k], &set.owner, plan->digest_type[k], rr->rdata);
        rr->rdata[rr->size - 1] ^= plan->mistyped[k];
        rr->rdata[2] = plan->algorithm[k] != 0 ? plan->algorithm[k] : rr->rdata[2];
    }
    if (plan->count > 0) {
        put_above(w, b, NSP_ANSWER, &set, plan->expired);
        return;
    }
    signer_add(&soa, "a.nic.net. host.nic.net. 1 1800 900 604800 900");
    put_above(w, b, NSP_AUTHORITY, &soa, plan->expired);
}

static void ask_parent(signedworld_t *w, uint16_t i)
{
    model_parent_t *p = &w->x.m->parent_addr[i];
    uint8_t wire[400];
    nsp_name_t zone = xname("example.net.");
    nsp_builder_t b;
    if (w->ds[i].unknown)
        return;
    size_t size = battery_question(&zone, NSP_TYPE_DS, false, true, wire, sizeof wire);
    exchange_t *x = exchange_begin(w, &p->addr, wire, size, TRANSPORT_UDP);
    reply_begin(w, &b, x, 0);
    answer_ds(w, &b, &w->ds[i]);
    exchange_end(w, x, &b);
    p->ds = x;
}

static void ask_parent_keys(signedworld_t *w)
{
    uint8_t wire[400];
    nsp_name_t above = xname("net.");
    signer_rrset_t set = set_of("net.", NSP_TYPE_DNSKEY, 3600);
    nsp_builder_t b;
    size_t size = battery_question(&above, NSP_TYPE_DNSKEY, false, true, wire, sizeof wire);
    exchange_t *x = exchange_begin(w, &w->x.m->parent_addr[0].addr, wire, size, TRANSPORT_UDP);
    reply_begin(w, &b, x, 0);
    memcpy(set.rr[0].rdata, w->above.rdata, w->above.size);
    set.rr[0].size = w->above.size;
    set.count = 1;
    put_above(w, &b, NSP_ANSWER, &set, false);
    exchange_end(w, x, &b);
    w->x.m->parent_keys = x;
}

void signedworld_build(signedworld_t *w)
{
    static const uint16_t types[] = {NSP_TYPE_DNSKEY, NSP_TYPE_TXT};
    static const uint16_t more[] = {NSP_TYPE_SOA, NSP_TYPE_NS, NSP_TYPE_CDS, NSP_TYPE_CDNSKEY,
                                    NSP_TYPE_NSEC3PARAM};
    xlab_build(&w->x);
    w->x.set.began_wall = NOW * X_SEC;
    for (unsigned i = 0; i < PLACES; i++) {
        w->place[i].serial = w->x.probe[i][XQ_SOA].serial;
        for (unsigned k = 0; k < 2; k++)
            ask(w, i, "example.net.", types[k], PROBE_BIG_SIZE);
        for (unsigned k = 0; k < 5 && w->place[i].key_count > 0; k++)
            ask(w, i, "example.net.", more[k], PROBE_EDNS_SIZE);
        if (w->place[i].key_count > 0)
            ask(w, i, "nsprobe-0123456789ab.example.net.", NSP_TYPE_A, PROBE_EDNS_SIZE);
    }
    ask_parent(w, 0);
    ask_parent(w, 1);
    if (w->signed_parent)
        ask_parent_keys(w);
}
