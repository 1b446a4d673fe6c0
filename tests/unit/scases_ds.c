/* DS records at the parent, and the CDS and CDNSKEY records that ask for others. */
#include <stddef.h>

#include "scases.h"

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
    ALL(w, p->how.expiration = NOW - DAY)
}

static void ds_at_one(signedworld_t *w)
{
    w->ds[1].count = 0;
}

/* The first one asked has the DS of a key that is gone. */
static void ds_old_at_one(signedworld_t *w)
{
    w->ds[0].of[0] = &w->other;
}

static void parent_signed(signedworld_t *w)
{
    w->signed_parent = true;
}

static void parent_expired(signedworld_t *w)
{
    w->signed_parent = true;
    w->ds[0].expired = w->ds[1].expired = true;
}

static void parent_expired_at_one(signedworld_t *w)
{
    w->signed_parent = true;
    w->ds[1].expired = true;
}

static void ds_by_child(signedworld_t *w)
{
    w->signed_parent = true;
    w->ds[1].count = 0;
    w->ds[1].childs = true;
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

static void ds_unassigned(signedworld_t *w)
{
    w->ds[0].algorithm[0] = w->ds[1].algorithm[0] = 99;
}

static void ds_other_algorithm(signedworld_t *w)
{
    w->ds[0].algorithm[0] = w->ds[1].algorithm[0] = 8;
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

const scase_t scases_ds[] = {
    {"DS of another key", ds_other, "dnssec-ds-mismatch dnssec-algorithm-incomplete"},
    {"no DS", ds_none, "dnssec-no-ds"},
    {"DS not known", ds_unknown, ""},
    {"no DS and expired", ds_none_expired, "dnssec-expired dnssec-no-ds"},
    {"DS at one parent", ds_at_one, "dnssec-ds-differs"},
    {"DS of another key at one parent", ds_old_at_one, "dnssec-ds-differs"},
    {"a signed parent", parent_signed, ""},
    {"the parent's signature has expired", parent_expired, "dnssec-ds-bogus"},
    {"the parent's signature has expired at one", parent_expired_at_one, "dnssec-ds-bogus"},
    {"DS answered by the zone itself at one parent", ds_by_child, "dnssec-ds-bogus"},
    {"DS with SHA-1", ds_sha1, "dnssec-ds-weak"},
    {"DS with SHA-384", ds_sha384, ""},
    {"DS with a wrong digest", ds_mistyped, "dnssec-ds-mismatch"},
    {"DS with SHA-1 and SHA-256", ds_both, "dnssec-ds-weak"},
    {"DS with GOST", ds_gost, "dnssec-ds-weak dnssec-unknown-algorithm"},
    {"DS with an algorithm that nobody knows", ds_unassigned,
     "dnssec-unknown-algorithm dnssec-algorithm-incomplete"},
    {"DS with the algorithm of another key", ds_other_algorithm,
     "dnssec-ds-mismatch dnssec-algorithm-incomplete"},
    {"a DS too many", ds_two, "dnssec-ds-unused"},
    {"DS of a key that is gone", ds_gone, "dnssec-ds-unused dnssec-algorithm-incomplete"},
    {"DS of a key that is gone, and a key that does not sign", ds_gone_and_more,
     "dnssec-algorithm-incomplete dnssec-ds-unused"},
    {"DS of a key without SEP", ds_of_zsk, "dnssec-sep-missing"},
    {"CDS and CDNSKEY", cds_good, ""},
    {"CDS alone", cds_alone, "dnssec-cds-broken"},
    {"CDS and CDNSKEY of different keys", cds_apart, "dnssec-cds-broken"},
    {"CDS of nobody's key", cds_stranger, "dnssec-cds-broken dnssec-cds-pending"},
    {"CDS of the next key", cds_next, "dnssec-cds-pending"},
    {"CDS asks for removal", cds_delete, "dnssec-cds-pending"},
    {"removal beside others", cds_delete_beside, "dnssec-cds-broken"},
    {"CDS differs", cds_differs, "dnssec-cds-differs dnssec-cds-pending"},
    {"CDS signed by both keys", cds_by_zsk, ""},
    {NULL, NULL, NULL}};
