/* Addresses whose copies of the zone differ in their keys, in whether they are signed, in age. */
#include <stddef.h>

#include "scases.h"

static void unsigned_one(signedworld_t *w)
{
    w->place[3].key_count = 0;
    w->place[3].unsigned_all = w->place[3].no_proofs = true;
}

/* Signatures are asked for in vain. */
static void stripped(signedworld_t *w)
{
    w->place[0].unsigned_all = w->place[0].no_proofs = true;
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

/* The serial of the first three places, and that of the last. */
static void set_serials(signedworld_t *w, uint32_t most, uint32_t last)
{
    for (unsigned i = 0; i < PLACES - 1; i++)
        set_serial(w, i, most);
    set_serial(w, PLACES - 1, last);
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
    set_serials(w, 2, 1);
}

static void unsigned_ahead(signedworld_t *w)
{
    unsigned_one(w);
    set_serials(w, 1, 2);
}

static void unsigned_behind(signedworld_t *w)
{
    unsigned_one(w);
    set_serials(w, 2, 1);
}

/* Half of a move to a provider that does not sign: its serials do not compare. */
static void unsigned_provider(signedworld_t *w)
{
    unsigned_behind(w);
    for (unsigned q = 0; q < XQ_COUNT; q++)
        w->x.probe[3][q].soa_names = "ns.example.org. host.example.org.";
}

/* Two machines at one address, of which one has an unsigned copy: nothing more is judged there. */
static void by_turns(signedworld_t *w)
{
    w->place[3].by_turns = true;
}

static void expired_behind(signedworld_t *w)
{
    w->place[3].how.expiration = NOW - DAY;
    set_serials(w, 2, 1);
}

const scase_t scases_copy[] = {
    {"an unsigned copy", unsigned_one, "dnssec-unsigned dnssec-keys-differ"},
    {"signatures are asked for in vain at one address", stripped,
     "dnssec-unsigned dnssec-no-denial"},
    {"one key more at one address", keys_differ, "dnssec-keys-differ"},
    {"keys of its own at one address", own_keys,
     "dnssec-ds-mismatch dnssec-keys-differ dnssec-algorithm-incomplete"},
    {"two signers that do not know each other", two_signers,
     "dnssec-keys-differ dnssec-keys-differ dnssec-algorithm-incomplete"},
    {"two signers of which one knows the other", two_signers_half,
     "dnssec-keys-differ dnssec-keys-differ dnssec-algorithm-incomplete"},
    {"new keys without a DS at two addresses, of the newest zone", keys_ahead,
     "dnssec-ds-mismatch dnssec-ds-mismatch dnssec-keys-differ dnssec-keys-differ "
     "dnssec-algorithm-incomplete dnssec-algorithm-incomplete dnssec-key-small dnssec-key-small"},
    {"new keys without a DS at one address, of the newest zone", keys_ahead_one,
     "dnssec-ds-mismatch dnssec-keys-differ dnssec-keys-differ dnssec-keys-differ "
     "dnssec-algorithm-incomplete dnssec-key-small"},
    {"keys of another zone with a newer serial at two addresses", keys_of_another,
     "dnssec-ds-mismatch dnssec-ds-mismatch dnssec-keys-differ dnssec-keys-differ "
     "dnssec-algorithm-incomplete dnssec-algorithm-incomplete dnssec-key-small dnssec-key-small"},
    {"keys of its own at one address, of an older zone", keys_behind,
     "dnssec-ds-mismatch dnssec-keys-differ dnssec-algorithm-incomplete"},
    {"an unsigned copy of the newest zone", unsigned_ahead,
     "dnssec-unsigned dnssec-keys-differ dnssec-keys-differ dnssec-keys-differ"},
    {"an unsigned copy of an older zone", unsigned_behind, "dnssec-unsigned dnssec-keys-differ"},
    {"an unsigned copy of another provider", unsigned_provider,
     "dnssec-unsigned dnssec-keys-differ"},
    {"signed and unsigned by turns", by_turns, ""},
    {"expired at one address, of an older zone", expired_behind, "dnssec-expired"},
    {NULL, NULL, NULL}};
