/* Findings about DNSSEC: a signed zone at four addresses, one thing changed, and exactly what must
 * be found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dnssec/dnssec.h"
#include "signedworld.h"

#define ALL(w, statement)                                                                          \
    for (unsigned i_ = 0; i_ < PLACES; i_++) {                                                     \
        place_plan_t *p = &(w)->place[i_];                                                         \
        statement;                                                                                 \
    }

static void healthy(signedworld_t *w)
{
    (void)w;
}

static void nsec3(signedworld_t *w)
{
    ALL(w, p->nsec3 = true)
}

static void expired(signedworld_t *w)
{
    ALL(w, p->how.expiration = NOW - DAY)
}

static void expired_one(signedworld_t *w)
{
    w->place[2].how.expiration = NOW - DAY;
}

static void early(signedworld_t *w)
{
    ALL(w, p->how.inception = NOW + DAY)
}

static void soon(signedworld_t *w)
{
    ALL(w, p->how.expiration = NOW + DAY)
}

static void at_the_last_second(signedworld_t *w)
{
    ALL(w, p->how.expiration = NOW + 1; p->how.inception = NOW - 1)
}

static void long_lived(signedworld_t *w)
{
    ALL(w, p->how.expiration = NOW + 400 * DAY)
}

static void half_a_year(signedworld_t *w)
{
    ALL(w, p->how.expiration = p->how.inception + 183 * DAY)
}

static void ds_other(signedworld_t *w)
{
    w->ds[0].of[0] = w->ds[1].of[0] = &w->other;
}

static void ds_none(signedworld_t *w)
{
    w->ds[0].count = w->ds[1].count = 0;
}

static void ds_unknown(signedworld_t *w)
{
    w->ds[0].unknown = w->ds[1].unknown = true;
}

static void ds_none_expired(signedworld_t *w)
{
    ds_none(w);
    expired(w);
}

static void ds_at_one(signedworld_t *w)
{
    w->ds[1].count = 0;
}

static void ds_sha1(signedworld_t *w)
{
    w->ds[0].digest_type[0] = w->ds[1].digest_type[0] = 1;
}

static void ds_sha384(signedworld_t *w)
{
    w->ds[0].digest_type[0] = w->ds[1].digest_type[0] = 4;
}

static void ds_mistyped(signedworld_t *w)
{
    w->ds[0].mistyped[0] = w->ds[1].mistyped[0] = true;
}

static void ds_both(signedworld_t *w)
{
    for (unsigned i = 0; i < 2; i++) {
        w->ds[i].count = 2;
        w->ds[i].of[1] = &w->ksk;
        w->ds[i].digest_type[1] = 1;
    }
}

static void ds_gost(signedworld_t *w)
{
    w->ds[0].digest_type[0] = w->ds[1].digest_type[0] = 3;
}

static void ds_two(signedworld_t *w)
{
    for (unsigned i = 0; i < 2; i++) {
        w->ds[i].count = 2;
        w->ds[i].of[1] = &w->zsk;
        w->ds[i].digest_type[1] = 2;
    }
    ALL(w, p->key_count = 1; p->zsk[0] = &w->ksk)
}

/* The DS of a key that is gone, with an algorithm that no other key has. */
static void ds_gone(signedworld_t *w)
{
    for (unsigned i = 0; i < 2; i++) {
        w->ds[i].count = 2;
        w->ds[i].of[1] = &w->eight;
        w->ds[i].digest_type[1] = 2;
    }
}

/* And a key beside it whose algorithm does not sign either: that is another matter. */
static void ds_gone_and_more(signedworld_t *w)
{
    ds_gone(w);
    ALL(w, p->key[p->key_count++] = &w->other)
}

static void ds_of_zsk(signedworld_t *w)
{
    w->ds[0].of[0] = w->ds[1].of[0] = &w->zsk;
    ALL(w, p->ksk[0] = &w->zsk)
}

static void no_keys(signedworld_t *w)
{
    ALL(w, p->key_count = 0; p->unsigned_all = true; p->no_proofs = true)
}

static void unsigned_one(signedworld_t *w)
{
    w->place[3].key_count = 0;
    w->place[3].unsigned_all = w->place[3].no_proofs = true;
}

static void unsigned_soa(signedworld_t *w)
{
    ALL(w, p->unsigned_type = NSP_TYPE_SOA)
}

static void unsigned_ns_one(signedworld_t *w)
{
    w->place[1].unsigned_type = NSP_TYPE_NS;
}

static void no_signature(signedworld_t *w)
{
    w->place[0].unsigned_all = true;
}

static void corrupt_txt(signedworld_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.corrupt = true; p->type = NSP_TYPE_TXT)
}

static void corrupt_keys(signedworld_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.corrupt = true; p->type = NSP_TYPE_DNSKEY)
}

static void wrong_signer(signedworld_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.signer = xname("net."); p->type = NSP_TYPE_SOA)
}

static void labels(signedworld_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.labels = 1; p->type = NSP_TYPE_NS)
}

static void unknown_key(signedworld_t *w)
{
    ALL(w, p->how_type = p->how; p->how_type.tag_plus = 1; p->type = NSP_TYPE_NS)
}

static void key_removed(signedworld_t *w)
{
    ALL(w, p->key_count = 1)
}

static void stray(signedworld_t *w)
{
    ALL(w, p->stray = &w->zsk)
}

static void ttl_high(signedworld_t *w)
{
    ALL(w, p->ttl = 7200)
}

static void ttl_low(signedworld_t *w)
{
    ALL(w, p->ttl = 60)
}

static void no_proofs(signedworld_t *w)
{
    ALL(w, p->no_proofs = true)
}

static void no_proofs_one(signedworld_t *w)
{
    w->place[0].no_proofs = true;
}

static void denies_txt(signedworld_t *w)
{
    ALL(w, p->denies_txt = true)
}

static void mixed(signedworld_t *w)
{
    w->place[2].nsec3 = w->place[3].nsec3 = true;
}

static void iterations(signedworld_t *w)
{
    ALL(w, p->nsec3 = true; p->iterations = 10; p->salt = true)
}

static void iterations_many(signedworld_t *w)
{
    ALL(w, p->nsec3 = true; p->iterations = 150)
}

static void salted(signedworld_t *w)
{
    ALL(w, p->nsec3 = true; p->salt = true)
}

static void opt_out(signedworld_t *w)
{
    ALL(w, p->nsec3 = true; p->opt_out = true)
}

static void param_lacks(signedworld_t *w)
{
    ALL(w, p->nsec3 = true; p->param_lacks = true)
}

static void param_other(signedworld_t *w)
{
    ALL(w, p->nsec3 = true; p->param_other = true)
}

static void wildcard(signedworld_t *w)
{
    ALL(w, p->wildcard = true)
}

static void wildcard_bare(signedworld_t *w)
{
    ALL(w, p->wildcard = p->wildcard_bare = true)
}

static void keys_silent(signedworld_t *w)
{
    w->place[1].silence = KEYS_SILENT;
}

static void keys_servfail(signedworld_t *w)
{
    ALL(w, p->silence = KEYS_REFUSED)
}

static void keys_servfail_one(signedworld_t *w)
{
    w->place[1].silence = KEYS_REFUSED;
}

static void keys_refused(signedworld_t *w)
{
    w->place[1].silence = KEYS_REFUSED;
    w->place[1].rcode = NSP_RCODE_REFUSED;
}

static void keys_notimp(signedworld_t *w)
{
    w->place[1].silence = KEYS_REFUSED;
    w->place[1].rcode = NSP_RCODE_NOTIMP;
}

static void do_refused(signedworld_t *w)
{
    w->place[1].silence = ALL_REFUSED;
    w->place[1].rcode = NSP_RCODE_REFUSED;
}

static void key_small(signedworld_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->small; p->ksk[p->ksk_count++] = &w->small;
        p->zsk[p->zsk_count++] = &w->small)
}

static void key_eight(signedworld_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->eight)
}

static void key_revoked(signedworld_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->revoked; p->ksk[p->ksk_count++] = &w->revoked)
}

static void key_revoked_mute(signedworld_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->revoked)
}

static void ds_revoked(signedworld_t *w)
{
    key_revoked(w);
    w->ds[0].of[0] = w->ds[1].of[0] = &w->revoked;
}

static void key_short(signedworld_t *w)
{
    ALL(w, p->more_key = "256 3 13 AQIDBAUGBwg=")
}

static void key_protocol(signedworld_t *w)
{
    ALL(w, p->more_key = "256 1 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")
}

static void key_no_zone(signedworld_t *w)
{
    ALL(w, p->more_key = "0 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")
}

static void key_unassigned(signedworld_t *w)
{
    ALL(w, p->more_key = "256 3 200 AQIDBA==")
}

static void keys_differ(signedworld_t *w)
{
    w->place[3].key[w->place[3].key_count++] = &w->other;
    w->place[3].ksk[w->place[3].ksk_count++] = &w->other;
    w->place[3].zsk[w->place[3].zsk_count++] = &w->other;
}

static void own_keys(signedworld_t *w)
{
    place_plan_t *p = &w->place[3];
    p->key[0] = p->ksk[0] = p->zsk[0] = &w->other;
    p->key_count = 1;
}

/* Two signers, each with the DS of its own key, who do not publish each other's. */
static void two_signers(signedworld_t *w)
{
    for (unsigned i = 2; i < PLACES; i++) {
        place_plan_t *p = &w->place[i];
        p->key[0] = p->ksk[0] = p->zsk[0] = &w->other;
        p->key_count = 1;
    }
    for (unsigned i = 0; i < 2; i++) {
        w->ds[i].count = 2;
        w->ds[i].of[1] = &w->other;
        w->ds[i].digest_type[1] = 2;
    }
}

/* The second publishes the keys of the first as well, which is not enough: the first has to do the
 * same. */
static void two_signers_half(signedworld_t *w)
{
    two_signers(w);
    for (unsigned i = 2; i < PLACES; i++) {
        w->place[i].key[w->place[i].key_count++] = &w->ksk;
        w->place[i].key[w->place[i].key_count++] = &w->zsk;
    }
}

static void set_serial(signedworld_t *w, unsigned place, uint32_t serial)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        w->x.probe[place][q].serial = serial;
}

/* The keys were changed, the DS was not, and two addresses still have the zone from before. */
static void keys_ahead(signedworld_t *w)
{
    for (unsigned i = 2; i < PLACES; i++) {
        place_plan_t *p = &w->place[i];
        p->key[0] = p->ksk[0] = &w->other;
        p->key[1] = p->zsk[0] = &w->small;
        set_serial(w, i, 2);
    }
    for (unsigned i = 0; i < 2; i++)
        set_serial(w, i, 1);
    /* the primary is among those with the new keys */
    for (unsigned i = 0; i < PLACES; i++)
        for (unsigned q = 0; q < XQ_COUNT; q++)
            w->x.probe[i][q].soa_names = "ns2.example.net. host.example.net.";
}

/* The same, most addresses being behind. */
static void keys_ahead_one(signedworld_t *w)
{
    keys_ahead(w);
    w->place[2] = w->place[0];
    set_serial(w, 2, 1);
}

/* It is not the same zone: its SOA is another. */
static void keys_of_another(signedworld_t *w)
{
    keys_ahead(w);
    for (unsigned i = 2; i < PLACES; i++)
        for (unsigned q = 0; q < XQ_COUNT; q++)
            w->x.probe[i][q].soa_names = "ns1.provider.example. host.provider.example.";
}

/* The keys and the DS were changed, and one address has the zone from before. */
static void keys_behind(signedworld_t *w)
{
    own_keys(w);
    for (unsigned i = 0; i < 3; i++)
        set_serial(w, i, 2);
    set_serial(w, 3, 1);
}

static void unsigned_ahead(signedworld_t *w)
{
    unsigned_one(w);
    for (unsigned i = 0; i < 3; i++)
        set_serial(w, i, 1);
    set_serial(w, 3, 2);
}

static void unsigned_behind(signedworld_t *w)
{
    unsigned_one(w);
    for (unsigned i = 0; i < 3; i++)
        set_serial(w, i, 2);
    set_serial(w, 3, 1);
}

static void expired_behind(signedworld_t *w)
{
    w->place[3].how.expiration = NOW - DAY;
    for (unsigned i = 0; i < 3; i++)
        set_serial(w, i, 2);
    set_serial(w, 3, 1);
}

/* Signatures are asked for in vain. */
static void stripped(signedworld_t *w)
{
    w->place[0].unsigned_all = w->place[0].no_proofs = true;
}

static void cds_good(signedworld_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->ksk)
}

static void cds_alone(signedworld_t *w)
{
    ALL(w, p->cds = &w->ksk)
}

static void cds_apart(signedworld_t *w)
{
    ALL(w, p->cds = &w->ksk; p->cdnskey = &w->zsk)
}

static void cds_stranger(signedworld_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->other)
}

static void cds_next(signedworld_t *w)
{
    ALL(w, p->key[p->key_count++] = &w->revoked; p->cds = p->cdnskey = &w->zsk; p->key_count--)
}

static void cds_delete(signedworld_t *w)
{
    ALL(w, p->cds_delete = true)
}

static void cds_delete_beside(signedworld_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->ksk; p->cds_delete = true)
}

static void cds_differs(signedworld_t *w)
{
    cds_good(w);
    w->place[1].cds = w->place[1].cdnskey = &w->zsk;
}

static void cds_by_zsk(signedworld_t *w)
{
    ALL(w, p->cds = p->cdnskey = &w->ksk; p->ksk[p->ksk_count++] = &w->zsk)
}

typedef struct scase {
    const char *name;
    void (*edit)(signedworld_t *w);
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
    {"DS with a wrong digest", ds_mistyped, "dnssec-ds-mismatch"},
    {"DS at one parent", ds_at_one, "dnssec-ds-differs"},
    {"DS with SHA-1", ds_sha1, "dnssec-ds-weak"},
    {"DS with SHA-384", ds_sha384, ""},
    {"DS with SHA-1 and SHA-256", ds_both, "dnssec-ds-weak"},
    {"DS with GOST", ds_gost, "dnssec-ds-weak dnssec-unknown-algorithm"},
    {"a DS too many", ds_two, "dnssec-ds-unused"},
    {"DS of a key that is gone", ds_gone, "dnssec-ds-unused dnssec-algorithm-incomplete"},
    {"DS of a key that is gone, and a key that does not sign", ds_gone_and_more,
     "dnssec-algorithm-incomplete dnssec-ds-unused"},
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
    {"REFUSED for the keys at one address", keys_refused, "dnssec-no-answer"},
    {"REFUSED for all with DO at one address", do_refused, "dnssec-no-answer"},
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
    {"two signers that do not know each other", two_signers,
     "dnssec-keys-differ dnssec-keys-differ dnssec-algorithm-incomplete"},
    {"two signers of which one knows the other", two_signers_half,
     "dnssec-keys-differ dnssec-keys-differ dnssec-algorithm-incomplete"},
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
    signedworld_t *w = malloc(sizeof *w);
    size_t len = 0;
    assert_non_null(w);
    signedworld_begin(w);
    c->edit(w);
    signedworld_build(w);
    finding_list_init(list);
    assert_true(diagnose(w->x.m, &w->x.set, NULL, list));
    ids[0] = '\0';
    for (size_t i = 0; i < list->count && len < cap; i++) {
        const char *id = finding_desc(list->item[i].id)->id;
        if (strncmp(id, "dnssec-", 7) == 0)
            len += (size_t)snprintf(ids + len, cap - len, "%s%s", len > 0 ? " " : "", id);
    }
    signedworld_end(w);
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
        void (*edit)(signedworld_t *w);
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
                {keys_differ, FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_WARNING},
                {unsigned_one, FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_WARNING},
                {own_keys, FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_ERROR},
                {two_signers, FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_ERROR},
                {two_signers_half, FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_ERROR},
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
    assert_non_null(strstr(list.item[0].fix, "a forced transfer: no serial is newer"));
    assert_true(list.item[0].likely_count > 0);
    finding_list_free(&list);
    run_case(&every, &list, ids, sizeof ids);
    assert_false(list.item[0].has_addr);
    assert_true(list.item[0].wide);
    assert_non_null(strstr(list.item[0].likely[0].cause, "signer has stopped"));
    finding_list_free(&list);
}

/* The first of a kind. */
static const finding_t *of(const finding_list_t *list, finding_id_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].id == id)
            return &list->item[i];
    return NULL;
}

/* What is most probably the cause of what one address has alone, and what is to be done: a transfer
 * only brings what has a newer serial, and from a copy that would break the whole zone none may
 * come before the DS record is changed. */
static const struct advice {
    void (*edit)(signedworld_t *w);
    finding_id_t id;
    const char *cause;
    const char *fix;
} advices[] = {
    {keys_ahead, FINDING_DNSSEC_DS_MISMATCH, "The zone's keys were changed, and the DS record",
     "first publish a DS record of example.net for the new key"},
    {keys_ahead, FINDING_SERIAL_DIFFERS, "", "Not before the DS record"},
    {keys_ahead, FINDING_DNSSEC_KEYS_DIFFER, "This server has a copy from before",
     "Not before the DS record"},
    {keys_ahead_one, FINDING_DNSSEC_DS_MISMATCH, "The zone's keys were changed",
     "first publish a DS record"},
    {keys_of_another, FINDING_DNSSEC_DS_MISMATCH, "This server signs the zone itself",
     "take the signed zone from the others, whole"},
    {own_keys, FINDING_DNSSEC_DS_MISMATCH, "This server signs the zone itself",
     "take the signed zone from the others, whole"},
    {keys_behind, FINDING_DNSSEC_DS_MISMATCH, "This server signs the zone itself, or has a copy",
     "does not take their copy of the zone over"},
    {unsigned_ahead, FINDING_DNSSEC_UNSIGNED, "Signing was given up or broke",
     "first remove the DS record"},
    {unsigned_one, FINDING_DNSSEC_UNSIGNED, "This server has an unsigned copy", "Feed "},
    {unsigned_behind, FINDING_DNSSEC_UNSIGNED, "This server has an unsigned copy",
     "does not take their copy of the zone over"},
    {stripped, FINDING_DNSSEC_UNSIGNED, "The server's software does not do DNSSEC",
     "remove what takes signatures out"},
    {stripped, FINDING_DNSSEC_NO_DENIAL, "The server's software does not do DNSSEC",
     "remove what takes signatures out"},
    {expired_one, FINDING_DNSSEC_EXPIRED, "This server did not get the signatures",
     "no serial is newer"},
    {expired_behind, FINDING_DNSSEC_EXPIRED, "A secondary whose transfers fail",
     "does not take their copy of the zone over"},
    {unsigned_ns_one, FINDING_DNSSEC_UNSIGNED, "Records were added behind the signer",
     "no serial is newer"},
    {keys_silent, FINDING_DNSSEC_NO_ANSWER, "Old software, or a firewall that drops", ""},
    {keys_servfail, FINDING_DNSSEC_NO_ANSWER, "The server signs by itself and cannot",
     "(SERVFAIL)"},
    {keys_servfail_one, FINDING_DNSSEC_NO_ANSWER, "The server signs by itself and cannot",
     "(SERVFAIL)"},
    {keys_refused, FINDING_DNSSEC_NO_ANSWER, "An access list or a filter of query types",
     "(REFUSED)"},
    {do_refused, FINDING_DNSSEC_NO_ANSWER, "A policy, or something in front", "(REFUSED)"},
    {keys_notimp, FINDING_DNSSEC_NO_ANSWER, "Old software, at the server or", "(NOTIMP)"},
    {ds_mistyped, FINDING_DNSSEC_DS_MISMATCH, "The DS record was mistyped", "for this very name"},
    {ds_other, FINDING_DNSSEC_DS_MISMATCH, "The keys, or the provider that signs",
     "At the registrar, replace the DS record"},
};

static void test_advice(void **state)
{
    unsigned wrong = 0;
    (void)state;
    for (size_t k = 0; k < sizeof advices / sizeof advices[0]; k++) {
        const struct advice *a = &advices[k];
        const scase_t c = {"", a->edit, ""};
        char ids[1024];
        finding_list_t list;
        run_case(&c, &list, ids, sizeof ids);
        const finding_t *f = of(&list, a->id);
        if (f == NULL || strncmp(finding_cause(f), a->cause, strlen(a->cause)) != 0 ||
            (*a->fix != '\0' && (f->fix == NULL || strstr(f->fix, a->fix) == NULL))) {
            print_error("advice %zu: %s\n  %s\n", k, f != NULL ? finding_cause(f) : "not found",
                        f != NULL && f->fix != NULL ? f->fix : "no fix");
            wrong++;
        }
        finding_list_free(&list);
    }
    assert_int_equal(wrong, 0);
}

/* That the newest copy breaks the zone stands before that others do not have it yet. */
static void test_ahead_is_first(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        const scase_t c = {"", k == 0 ? keys_ahead : keys_ahead_one, ""};
        char ids[1024];
        finding_list_t list;
        run_case(&c, &list, ids, sizeof ids);
        assert_int_equal(list.item[0].id, FINDING_DNSSEC_DS_MISMATCH);
        assert_non_null(strstr(list.item[0].text, "once all servers have it"));
        for (size_t i = 0; i < list.count; i++)
            if (list.item[i].id == FINDING_DNSSEC_KEYS_DIFFER)
                assert_int_equal(finding_root(&list, &list.item[i])->id, FINDING_SERIAL_DIFFERS);
        finding_list_free(&list);
    }
}

/* A DS record is made of a key with the flag SEP, and of no other (RFC 4034 2.1.1). */
static void test_ds_is_of_sep(void **state)
{
    static void (*const edits[])(signedworld_t * w) = {ds_mistyped, ds_other};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        signedworld_t *w = malloc(sizeof *w);
        char ksk[32];
        finding_list_t list;
        assert_non_null(w);
        signedworld_begin(w);
        edits[i](w);
        snprintf(ksk, sizeof ksk, "(key tag %u)", dnssec_key_tag(w->ksk.rdata, w->ksk.size));
        signedworld_build(w);
        finding_list_init(&list);
        assert_true(diagnose(w->x.m, &w->x.set, NULL, &list));
        const finding_t *f = of(&list, FINDING_DNSSEC_DS_MISMATCH);
        assert_non_null(f);
        assert_non_null(strstr(f->fix, ksk));
        finding_list_free(&list);
        signedworld_end(w);
        free(w);
    }
}

/* A DS record that leads nowhere is why nothing is signed with its algorithm, when that is all. */
static void test_unused_ds_is_first(void **state)
{
    static void (*const edits[])(signedworld_t * w) = {ds_gone, ds_gone_and_more};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const scase_t c = {"", edits[i], ""};
        char ids[1024];
        finding_list_t list;
        run_case(&c, &list, ids, sizeof ids);
        const finding_t *f = of(&list, FINDING_DNSSEC_ALGORITHM_INCOMPLETE);
        const finding_t *root = finding_root(&list, f);
        assert_int_equal(root->id,
                         i == 0 ? FINDING_DNSSEC_DS_UNUSED : FINDING_DNSSEC_ALGORITHM_INCOMPLETE);
        assert_int_equal(root->severity, SEVERITY_WARNING);
        finding_list_free(&list);
    }
}

/* An error that is answered is named. */
static void test_rcode_is_named(void **state)
{
    static const struct {
        void (*edit)(signedworld_t *w);
        const char *words;
    } rows[] = {{keys_silent, "there is no usable answer for DNSKEY"},
                {keys_servfail, "for DNSKEY of example.net, it answers SERVFAIL, while"},
                {keys_refused, "it answers REFUSED, while"},
                {do_refused, "it answers REFUSED, as it does whatever it is asked with DO"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const scase_t c = {"", rows[i].edit, ""};
        char ids[1024];
        finding_list_t list;
        run_case(&c, &list, ids, sizeof ids);
        const finding_t *f = of(&list, FINDING_DNSSEC_NO_ANSWER);
        assert_non_null(f);
        assert_non_null(strstr(f->text, rows[i].words));
        finding_list_free(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
                                       cmocka_unit_test(test_every_finding),
                                       cmocka_unit_test(test_severities),
                                       cmocka_unit_test(test_subject),
                                       cmocka_unit_test(test_advice),
                                       cmocka_unit_test(test_ahead_is_first),
                                       cmocka_unit_test(test_rcode_is_named),
                                       cmocka_unit_test(test_ds_is_of_sep),
                                       cmocka_unit_test(test_unused_ds_is_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
