/* Findings about DNSSEC: a signed zone at four addresses, one thing changed, and exactly what must
 * be found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/form.h"
#include "probe/battery.h"
#include "signer.h"
#include "xbuild.h"

#define NOW    INT64_C(1790000000) /* seconds since 1970 */
#define DAY    INT64_C(86400)
#define KEYS   6
#define PLACES 4

typedef enum silence { ANSWERS, KEYS_SILENT, KEYS_REFUSED } silence_t;

/* What one address has and does. */
typedef struct place_plan {
    signature_t how;
    signature_t how_type; /* of the one type below */
    uint16_t type;        /* signed otherwise; 0: none */
    uint16_t unsigned_type;
    bool unsigned_all;
    bool no_proofs;
    bool nsec3;
    bool param_lacks; /* NSEC3 without NSEC3PARAM */
    bool param_other;
    bool denies_txt; /* the NSEC at the apex does not list it */
    uint16_t iterations;
    bool salt;
    bool opt_out;
    bool wildcard; /* answers for names that do not exist, with the proof that is needed */
    bool wildcard_bare;
    silence_t silence;
    uint32_t ttl;
    unsigned key_count;
    const signer_t *key[KEYS]; /* in DNSKEY */
    unsigned ksk_count;
    const signer_t *ksk[KEYS]; /* sign DNSKEY, CDS, CDNSKEY */
    unsigned zsk_count;
    const signer_t *zsk[KEYS]; /* sign all else */
    const signer_t *stray;     /* signs the SOA, too, long ago */
    const char *more_key;      /* text of a further DNSKEY */
    const signer_t *cds;
    const signer_t *cdnskey;
    bool cds_delete;
} place_plan_t;

typedef struct ds_plan {
    unsigned count; /* 0: NODATA */
    bool unknown;   /* not asked */
    const signer_t *of[3];
    uint8_t digest_type[3];
} ds_plan_t;

typedef struct world {
    xlab_t x;
    signer_t ksk, zsk, other, rsa, small, revoked, eight;
    place_plan_t place[PLACES];
    ds_plan_t ds[2];
    uint8_t buf[8192];
} world_t;

static signature_t good_times(void)
{
    signature_t s = {.inception = NOW - 10 * DAY,
                     .expiration = NOW + 20 * DAY,
                     .original_ttl = 3600,
                     .signer = xname("example.net.")};
    return s;
}

static void place_default(world_t *w, place_plan_t *p)
{
    memset(p, 0, sizeof *p);
    p->how = good_times();
    p->ttl = 3600;
    p->key[p->key_count++] = &w->ksk;
    p->key[p->key_count++] = &w->zsk;
    p->ksk[p->ksk_count++] = &w->ksk;
    p->zsk[p->zsk_count++] = &w->zsk;
}

static void world_begin(world_t *w)
{
    memset(w, 0, sizeof *w);
    xlab_healthy(&w->x);
    w->ksk = signer_new(13, 0, 257);
    w->zsk = signer_new(13, 0, 256);
    w->other = signer_new(15, 0, 257);
    w->eight = signer_new(8, 2048, 257);
    w->small = signer_new(8, 1024, 256);
    w->revoked = signer_new(13, 0, 257 | 0x80);
    for (unsigned i = 0; i < PLACES; i++)
        place_default(w, &w->place[i]);
    for (unsigned i = 0; i < 2; i++)
        w->ds[i] = (ds_plan_t){.count = 1, .of = {&w->ksk}, .digest_type = {2}};
    /* what is signed is asked here */
    for (unsigned i = 0; i < PLACES; i++)
        for (unsigned q = XQ_DNSKEY; q <= XQ_TXT_TCP; q++)
            w->x.probe[i][q].act = XA_NONE;
}

static void world_end(world_t *w)
{
    signer_t *all[] = {&w->ksk, &w->zsk, &w->other, &w->eight, &w->small, &w->revoked};
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
        signature_t old = good_times();
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
    signer_add(&set, "ns1.example.net. host.example.net. 1 14400 3600 1209600 3600");
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
        put_proof(b, p, type == NSP_TYPE_A);
}

/* --- exchanges --- */

static exchange_t *exchange_begin(world_t *w, const addr_t *server, const uint8_t *wire,
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

static void exchange_end(world_t *w, exchange_t *x, nsp_builder_t *b)
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

static void reply_begin(world_t *w, nsp_builder_t *b, const exchange_t *x, uint16_t rcode)
{
    nsp_build_begin(b, w->buf, sizeof w->buf, 0, (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA | rcode));
    nsp_build_question(b, &x->qname, x->qtype, NSP_CLASS_IN);
}

static void ask(world_t *w, unsigned place, const char *qname, uint16_t type, uint16_t edns)
{
    const place_plan_t *p = &w->place[place];
    nsp_edns_t e = {.udp_size = edns, .flags = NSP_EDNS_DO};
    nsp_name_t name = xname(qname);
    uint8_t wire[400];
    size_t size = 0;
    nsp_builder_t b;
    nsp_build_query(wire, sizeof wire, 0, 0, &name, type, NSP_CLASS_IN, &e, &size);
    exchange_t *x = exchange_begin(w, &w->x.m->address[place].addr, wire, size, TRANSPORT_UDP);
    if (type == NSP_TYPE_DNSKEY && p->silence == KEYS_SILENT) {
        event_t t = {.kind = EVENT_TIMEOUT, .attempt = 1, .at = w->x.clock + X_SEC};
        exchange_append(x, &t);
        return;
    }
    bool refused = type == NSP_TYPE_DNSKEY && p->silence == KEYS_REFUSED;
    bool nxdomain = type == NSP_TYPE_A && !p->wildcard;
    reply_begin(w, &b, x, refused ? NSP_RCODE_SERVFAIL : nxdomain ? NSP_RCODE_NXDOMAIN : 0);
    if (!refused)
        answer(&b, p, &name, type);
    nsp_edns_t opt = {.udp_size = 1232, .flags = NSP_EDNS_DO};
    nsp_build_opt(&b, &opt);
    exchange_end(w, x, &b);
}

static void ask_parent(world_t *w, uint16_t i)
{
    const ds_plan_t *plan = &w->ds[i];
    model_parent_t *p = &w->x.m->parent_addr[i];
    uint8_t wire[400];
    uint8_t rdata[80];
    nsp_name_t zone = xname("example.net.");
    nsp_name_t above = xname("net.");
    nsp_builder_t b;
    if (plan->unknown)
        return;
    size_t size = battery_question(&zone, NSP_TYPE_DS, false, true, wire, sizeof wire);
    exchange_t *x = exchange_begin(w, &p->addr, wire, size, TRANSPORT_UDP);
    reply_begin(w, &b, x, 0);
    for (unsigned k = 0; k < plan->count; k++) {
        size_t n = signer_ds(plan->of[k], &zone, plan->digest_type[k], rdata);
        nsp_build_rr(&b, NSP_ANSWER, &zone, NSP_TYPE_DS, NSP_CLASS_IN, 3600, rdata, (uint16_t)n);
    }
    if (plan->count == 0) {
        signer_rrset_t soa = set_of("net.", NSP_TYPE_SOA, 900);
        signer_add(&soa, "a.nic.net. host.nic.net. 1 1800 900 604800 900");
        nsp_build_rr(&b, NSP_AUTHORITY, &above, NSP_TYPE_SOA, NSP_CLASS_IN, 900, soa.rr[0].rdata,
                     soa.rr[0].size);
    }
    exchange_end(w, x, &b);
    p->ds = x;
}

static void world_build(world_t *w)
{
    static const uint16_t types[] = {NSP_TYPE_DNSKEY, NSP_TYPE_TXT};
    static const uint16_t more[] = {NSP_TYPE_SOA, NSP_TYPE_NS, NSP_TYPE_CDS, NSP_TYPE_CDNSKEY,
                                    NSP_TYPE_NSEC3PARAM};
    xlab_build(&w->x);
    w->x.set.began_wall = NOW * X_SEC;
    for (unsigned i = 0; i < PLACES; i++) {
        for (unsigned k = 0; k < 2; k++)
            ask(w, i, "example.net.", types[k], PROBE_BIG_SIZE);
        for (unsigned k = 0; k < 5 && w->place[i].key_count > 0; k++)
            ask(w, i, "example.net.", more[k], PROBE_EDNS_SIZE);
        if (w->place[i].key_count > 0)
            ask(w, i, "nsprobe-0123456789ab.example.net.", NSP_TYPE_A, PROBE_EDNS_SIZE);
    }
    ask_parent(w, 0);
    ask_parent(w, 1);
}

/* --- cases --- */

#define ALL(w, statement)                                                                          \
    for (unsigned i_ = 0; i_ < PLACES; i_++) {                                                     \
        place_plan_t *p = &(w)->place[i_];                                                         \
        statement;                                                                                 \
    }

static void healthy(world_t *w)
{
    (void)w;
}

static void nsec3(world_t *w)
{
    ALL(w, p->nsec3 = true)
}

static void expired(world_t *w)
{
    ALL(w, p->how.expiration = NOW - DAY)
}

static void expired_one(world_t *w)
{
    w->place[2].how.expiration = NOW - DAY;
}

static void early(world_t *w)
{
    ALL(w, p->how.inception = NOW + DAY)
}

static void soon(world_t *w)
{
    ALL(w, p->how.expiration = NOW + DAY)
}

static void at_the_last_second(world_t *w)
{
    ALL(w, p->how.expiration = NOW + 1; p->how.inception = NOW - 1)
}

static void long_lived(world_t *w)
{
    ALL(w, p->how.expiration = NOW + 400 * DAY)
}

static void half_a_year(world_t *w)
{
    ALL(w, p->how.expiration = p->how.inception + 183 * DAY)
}

static void ds_other(world_t *w)
{
    w->ds[0].of[0] = w->ds[1].of[0] = &w->other;
}

static void ds_none(world_t *w)
{
    w->ds[0].count = w->ds[1].count = 0;
}

static void ds_unknown(world_t *w)
{
    w->ds[0].unknown = w->ds[1].unknown = true;
}

static void ds_none_expired(world_t *w)
{
    ds_none(w);
    expired(w);
}

static void ds_at_one(world_t *w)
{
    w->ds[1].count = 0;
}

static void ds_sha1(world_t *w)
{
    w->ds[0].digest_type[0] = w->ds[1].digest_type[0] = 1;
}

static void ds_sha384(world_t *w)
{
    w->ds[0].digest_type[0] = w->ds[1].digest_type[0] = 4;
}

static void ds_both(world_t *w)
{
    for (unsigned i = 0; i < 2; i++) {
        w->ds[i].count = 2;
        w->ds[i].of[1] = &w->ksk;
        w->ds[i].digest_type[1] = 1;
    }
}

static void ds_gost(world_t *w)
{
    w->ds[0].digest_type[0] = w->ds[1].digest_type[0] = 3;
}

static void ds_two(world_t *w)
{
    for (unsigned i = 0; i < 2; i++) {
        w->ds[i].count = 2;
        w->ds[i].of[1] = &w->zsk;
        w->ds[i].digest_type[1] = 2;
    }
    ALL(w, p->key_count = 1; p->zsk[0] = &w->ksk)
}

static void ds_of_zsk(world_t *w)
{
    w->ds[0].of[0] = w->ds[1].of[0] = &w->zsk;
    ALL(w, p->ksk[0] = &w->zsk)
}

static void no_keys(world_t *w)
{
    ALL(w, p->key_count = 0; p->unsigned_all = true; p->no_proofs = true)
}

static void unsigned_one(world_t *w)
{
    w->place[3].key_count = 0;
    w->place[3].unsigned_all = w->place[3].no_proofs = true;
}

static void unsigned_soa(world_t *w)
{
    ALL(w, p->unsigned_type = NSP_TYPE_SOA)
}

static void unsigned_ns_one(world_t *w)
{
    w->place[1].unsigned_type = NSP_TYPE_NS;
}

static void no_signature(world_t *w)
{
    w->place[0].unsigned_all = true;
}

static void corrupt_txt(world_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.corrupt = true; p->type = NSP_TYPE_TXT)
}

static void corrupt_keys(world_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.corrupt = true; p->type = NSP_TYPE_DNSKEY)
}

static void wrong_signer(world_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.signer = xname("net."); p->type = NSP_TYPE_SOA)
}

static void labels(world_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.labels = 1; p->type = NSP_TYPE_NS)
}

static void unknown_key(world_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.tag_plus = 1; p->type = NSP_TYPE_NS)
}

static void key_removed(world_t *w)
{
    ALL(w, p->key_count = 1)
}

static void stray(world_t *w)
{
    ALL(w, p->stray = &w->zsk)
}

static void ttl_high(world_t *w)
{
    ALL(w, p->ttl = 7200)
}

static void ttl_low(world_t *w)
{
    ALL(w, p->ttl = 60)
}

static void no_proofs(world_t *w)
{
    ALL(w, p->no_proofs = true)
}

static void no_proofs_one(world_t *w)
{
    w->place[0].no_proofs = true;
}

static void denies_txt(world_t *w)
{
    ALL(w, p->denies_txt = true)
}

static void mixed(world_t *w)
{
    w->place[2].nsec3 = w->place[3].nsec3 = true;
}

static void iterations(world_t *w)
{
    ALL(w, p->nsec3 = true; p->iterations = 10; p->salt = true)
}

static void iterations_many(world_t *w)
{
    ALL(w, p->nsec3 = true; p->iterations = 150)
}

static void salted(world_t *w)
{
    ALL(w, p->nsec3 = true; p->salt = true)
}

static void opt_out(world_t *w)
{
    ALL(w, p->nsec3 = true; p->opt_out = true)
}

static void param_lacks(world_t *w)
{
    ALL(w, p->nsec3 = true; p->param_lacks = true)
}

static void param_other(world_t *w)
{
    ALL(w, p->nsec3 = true; p->param_other = true)
}

static void wildcard(world_t *w)
{
    ALL(w, p->wildcard = true)
}

static void wildcard_bare(world_t *w)
{
    ALL(w, p->wildcard = p->wildcard_bare = true)
}

static void keys_silent(world_t *w)
{
    w->place[1].silence = KEYS_SILENT;
}

static void keys_servfail(world_t *w)
{
    ALL(w, p->silence = KEYS_REFUSED)
}

static void key_small(world_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->small; p->ksk[p->ksk_count++] = &w->small;
        p->zsk[p->zsk_count++] = &w->small)
}

static void key_eight(world_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->eight)
}

static void key_revoked(world_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->revoked; p->ksk[p->ksk_count++] = &w->revoked)
}

static void key_revoked_mute(world_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->revoked)
}

static void ds_revoked(world_t *w)
{
    key_revoked(w);
    w->ds[0].of[0] = w->ds[1].of[0] = &w->revoked;
}

static void key_short(world_t *w)
{
    ALL(w, p->more_key = "256 3 13 AQIDBAUGBwg=")
}

static void key_protocol(world_t *w)
{
    ALL(w, p->more_key = "256 1 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")
}

static void key_no_zone(world_t *w)
{
    ALL(w, p->more_key = "0 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")
}

static void key_unassigned(world_t *w)
{
    ALL(w, p->more_key = "256 3 200 AQIDBA==")
}

static void keys_differ(world_t *w)
{
    w->place[3].key[w->place[3].key_count++] = &w->other;
    w->place[3].ksk[w->place[3].ksk_count++] = &w->other;
    w->place[3].zsk[w->place[3].zsk_count++] = &w->other;
}

static void own_keys(world_t *w)
{
    place_plan_t *p = &w->place[3];
    p->key[0] = p->ksk[0] = p->zsk[0] = &w->other;
    p->key_count = 1;
}

static void cds_good(world_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->ksk)
}

static void cds_alone(world_t *w)
{
    ALL(w, p->cds = &w->ksk)
}

static void cds_apart(world_t *w)
{
    ALL(w, p->cds = &w->ksk; p->cdnskey = &w->zsk)
}

static void cds_stranger(world_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->other)
}

static void cds_next(world_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->revoked; p->cds = p->cdnskey = &w->zsk; p->key_count--)
}

static void cds_delete(world_t *w)
{
    ALL(w, p->cds_delete = true)
}

static void cds_delete_beside(world_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->ksk; p->cds_delete = true)
}

static void cds_differs(world_t *w)
{
    cds_good(w);
    w->place[1].cds = w->place[1].cdnskey = &w->zsk;
}

static void cds_by_zsk(world_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->ksk; p->ksk[p->ksk_count++] = &w->zsk)
}

typedef struct scase {
    const char *name;
    void (*edit)(world_t *w);
    const char *expected; /* dnssec-... findings in order, with a blank between them */
} scase_t;

static const scase_t cases[] = {
    {"healthy, NSEC", healthy, ""},
    {"healthy, NSEC3", nsec3, ""},
    {"expired everywhere", expired, "dnssec-expired"},
    {"expired at one address", expired_one, "dnssec-expired"},
    {"not yet valid", early, "dnssec-not-yet-valid"},
    {"expires soon", soon, "dnssec-expires"},
    {"valid for one second", at_the_last_second, "dnssec-ttl"},
    {"valid for very long", long_lived, "dnssec-lifetime"},
    {"valid for half a year", half_a_year, ""},
    {"DS of another key", ds_other, "dnssec-ds-mismatch dnssec-algorithm-incomplete"},
    {"no DS", ds_none, "dnssec-no-ds"},
    {"DS not known", ds_unknown, ""},
    {"no DS and expired", ds_none_expired, "dnssec-expired dnssec-no-ds"},
    {"DS at one parent", ds_at_one, "dnssec-ds-differs"},
    {"DS with SHA-1", ds_sha1, "dnssec-ds-weak"},
    {"DS with SHA-384", ds_sha384, ""},
    {"DS with SHA-1 and SHA-256", ds_both, "dnssec-ds-weak"},
    {"DS with GOST", ds_gost, "dnssec-ds-weak dnssec-unknown-algorithm"},
    {"a DS too many", ds_two, "dnssec-ds-unused"},
    {"DS of a key without SEP", ds_of_zsk, "dnssec-sep-missing"},
    {"no keys", no_keys, "dnssec-ds-mismatch"},
    {"an unsigned copy", unsigned_one, "dnssec-unsigned dnssec-keys-differ"},
    {"SOA not signed", unsigned_soa, "dnssec-unsigned"},
    {"NS not signed at one address", unsigned_ns_one, "dnssec-unsigned"},
    {"no signature at one address", no_signature, "dnssec-unsigned"},
    {"broken signature of TXT", corrupt_txt, "dnssec-bad-signature"},
    {"broken signature of DNSKEY", corrupt_keys, "dnssec-bad-signature"},
    {"signer is the parent", wrong_signer, "dnssec-bad-signature"},
    {"too many labels", labels, "dnssec-bad-signature"},
    {"key tag of nobody", unknown_key, "dnssec-bad-signature"},
    {"signing key removed", key_removed, "dnssec-bad-signature"},
    {"an old signature beside", stray, "dnssec-signature-stray"},
    {"TTL above the original one", ttl_high, "dnssec-ttl"},
    {"TTL below the original one", ttl_low, ""},
    {"no proofs", no_proofs, "dnssec-no-denial"},
    {"no proofs at one address", no_proofs_one, "dnssec-no-denial"},
    {"TXT denied", denies_txt, "dnssec-denial-types"},
    {"NSEC here, NSEC3 there", mixed, "dnssec-denial-mixed dnssec-denial-mixed"},
    {"iterations and salt", iterations, "dnssec-nsec3-iterations dnssec-nsec3-salt"},
    {"many iterations", iterations_many, "dnssec-nsec3-iterations"},
    {"salt", salted, "dnssec-nsec3-salt"},
    {"opt-out", opt_out, "dnssec-opt-out"},
    {"no NSEC3PARAM", param_lacks, "dnssec-denial-mixed"},
    {"another NSEC3PARAM", param_other, "dnssec-denial-mixed"},
    {"wildcard", wildcard, ""},
    {"wildcard without proof", wildcard_bare, "dnssec-no-denial"},
    {"no answer for the keys at one address", keys_silent, "dnssec-no-answer"},
    {"SERVFAIL for the keys", keys_servfail, "dnssec-no-answer"},
    {"small key", key_small, "dnssec-key-small"},
    {"a key whose algorithm signs nothing", key_eight, "dnssec-algorithm-incomplete"},
    {"revoked key", key_revoked, "dnssec-key-revoked"},
    {"revoked key that does not sign", key_revoked_mute, "dnssec-key-revoked"},
    {"DS of a revoked key", ds_revoked, "dnssec-ds-mismatch dnssec-key-revoked"},
    {"key too short", key_short, "dnssec-key-broken"},
    {"key with another protocol", key_protocol, "dnssec-key-broken"},
    {"key without zone flag", key_no_zone, "dnssec-key-broken"},
    {"unassigned algorithm", key_unassigned, "dnssec-algorithm-incomplete dnssec-algorithm-weak"},
    {"one key more at one address", keys_differ, "dnssec-keys-differ"},
    {"keys of its own at one address", own_keys,
     "dnssec-ds-mismatch dnssec-keys-differ dnssec-algorithm-incomplete"},
    {"CDS and CDNSKEY", cds_good, ""},
    {"CDS alone", cds_alone, "dnssec-cds-broken"},
    {"CDS and CDNSKEY of different keys", cds_apart, "dnssec-cds-broken"},
    {"CDS of nobody's key", cds_stranger, "dnssec-cds-broken dnssec-cds-pending"},
    {"CDS of the next key", cds_next, "dnssec-cds-pending"},
    {"CDS asks for removal", cds_delete, "dnssec-cds-pending"},
    {"removal beside others", cds_delete_beside, "dnssec-cds-broken"},
    {"CDS differs", cds_differs, "dnssec-cds-differs dnssec-cds-pending"},
    {"CDS signed by both keys", cds_by_zsk, ""},
};

static void run_case(const scase_t *c, finding_list_t *list, char *ids, size_t cap)
{
    world_t *w = malloc(sizeof *w);
    size_t len = 0;
    assert_non_null(w);
    world_begin(w);
    c->edit(w);
    world_build(w);
    finding_list_init(list);
    assert_true(diagnose(w->x.m, &w->x.set, NULL, list));
    ids[0] = '\0';
    for (size_t i = 0; i < list->count && len < cap; i++) {
        const char *id = finding_desc(list->item[i].id)->id;
        if (strncmp(id, "dnssec-", 7) == 0)
            len += (size_t)snprintf(ids + len, cap - len, "%s%s", len > 0 ? " " : "", id);
    }
    world_end(w);
    free(w);
}

static void test_cases(void **state)
{
    (void)state;
    char ids[1024];
    unsigned wrong = 0;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const scase_t *c = &cases[k];
        finding_list_t list;
        run_case(c, &list, ids, sizeof ids);
        if (strcmp(ids, c->expected) != 0) {
            print_error("%s: found \"%s\", expected \"%s\"\n", c->name, ids, c->expected);
            for (size_t i = 0; i < list.count; i++)
                print_error("  %s: %s\n", finding_desc(list.item[i].id)->id, list.item[i].text);
            wrong++;
        }
        for (size_t i = 0; i < list.count; i++) {
            const finding_t *f = &list.item[i];
            if (strncmp(finding_desc(f->id)->id, "dnssec-", 7) != 0)
                continue;
            assert_in_range(strlen(f->text), 10, 1590);
            assert_int_equal(f->text[strlen(f->text) - 1], '.');
            assert_true(f->evidence_count > 0);
        }
        finding_list_free(&list);
    }
    assert_int_equal(wrong, 0);
}

/* Every finding of the table appears in a case, but what needs keys of the parent
 * (tests/lab/dnssec, parent-*). */
static void test_every_finding(void **state)
{
    (void)state;
    for (unsigned id = FINDING_DNSSEC_DS_BOGUS; id <= FINDING_DNSSEC_UNKNOWN_ALGORITHM; id++) {
        const char *word = finding_desc((finding_id_t)id)->id;
        bool seen = id == FINDING_DNSSEC_DS_BOGUS;
        for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
            const char *at = strstr(cases[k].expected, word);
            seen = seen || (at != NULL && (at[strlen(word)] == ' ' || at[strlen(word)] == '\0'));
        }
        if (!seen)
            print_error("%s has no case\n", word);
        assert_true(seen);
    }
}

/* Severities that depend on the case. */
static void test_severities(void **state)
{
    static const struct {
        void (*edit)(world_t *w);
        finding_id_t id;
        severity_t severity;
    } rows[] = {{expired, FINDING_DNSSEC_EXPIRED, SEVERITY_ERROR},
                {ds_none_expired, FINDING_DNSSEC_EXPIRED, SEVERITY_WARNING},
                {ds_sha1, FINDING_DNSSEC_DS_WEAK, SEVERITY_WARNING},
                {ds_both, FINDING_DNSSEC_DS_WEAK, SEVERITY_NOTICE},
                {iterations, FINDING_DNSSEC_NSEC3_ITERATIONS, SEVERITY_WARNING},
                {iterations_many, FINDING_DNSSEC_NSEC3_ITERATIONS, SEVERITY_ERROR},
                {key_revoked, FINDING_DNSSEC_KEY_REVOKED, SEVERITY_NOTICE},
                {key_revoked_mute, FINDING_DNSSEC_KEY_REVOKED, SEVERITY_WARNING},
                {cds_alone, FINDING_DNSSEC_CDS_BROKEN, SEVERITY_NOTICE},
                {cds_apart, FINDING_DNSSEC_CDS_BROKEN, SEVERITY_WARNING},
                {ttl_high, FINDING_DNSSEC_TTL, SEVERITY_WARNING},
                {at_the_last_second, FINDING_DNSSEC_TTL, SEVERITY_NOTICE}};
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        const scase_t c = {"", rows[k].edit, ""};
        char ids[1024];
        finding_list_t list;
        bool seen = false;
        run_case(&c, &list, ids, sizeof ids);
        for (size_t i = 0; i < list.count; i++)
            if (list.item[i].id == rows[k].id) {
                seen = true;
                assert_int_equal(list.item[i].severity, rows[k].severity);
            }
        assert_true(seen);
        finding_list_free(&list);
    }
}

/* What one address has alone is about it; what all have is about the zone. */
static void test_subject(void **state)
{
    (void)state;
    const scase_t one = {"", expired_one, ""};
    const scase_t every = {"", expired, ""};
    char ids[1024];
    finding_list_t list;
    run_case(&one, &list, ids, sizeof ids);
    assert_int_equal(list.item[0].id, FINDING_DNSSEC_EXPIRED);
    assert_true(list.item[0].has_addr);
    assert_non_null(strstr(list.item[0].fix, "Other servers have it right"));
    assert_true(list.item[0].likely_count > 0);
    finding_list_free(&list);
    run_case(&every, &list, ids, sizeof ids);
    assert_false(list.item[0].has_addr);
    assert_true(list.item[0].wide);
    assert_non_null(strstr(list.item[0].likely[0].cause, "signer has stopped"));
    finding_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_every_finding),
        cmocka_unit_test(test_severities), cmocka_unit_test(test_subject)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
