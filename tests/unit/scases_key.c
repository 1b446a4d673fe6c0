/* Keys, and servers that do not answer when they are asked for them. */
#include <stddef.h>

#include "scases.h"

/* Whatever has DO, over UDP. */
static void all_silent(signedworld_t *w)
{
    w->place[1].silence = ALL_SILENT;
}

/* The key that the DS names signs, and is not published. */
static void ksk_unpublished(signedworld_t *w)
{
    ALL(w, p->key[0] = &w->zsk; p->key_count = 1)
}

static void no_keys(signedworld_t *w)
{
    ALL(w, p->key_count = 0; p->unsigned_all = true; p->no_proofs = true)
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

const scase_t scases_key[] = {
    {"no answer to DO at one address", all_silent, "dnssec-no-answer"},
    {"the key that signs the keys is not published", ksk_unpublished, "dnssec-ds-mismatch"},
    {"no keys", no_keys, "dnssec-ds-mismatch"},
    {"no answer for the keys at one address", keys_silent, "dnssec-no-answer"},
    {"SERVFAIL for the keys", keys_servfail, "dnssec-no-answer"},
    {"SERVFAIL for the keys at one address", keys_servfail_one, "dnssec-no-answer"},
    {"REFUSED for the keys at one address", keys_refused, "dnssec-no-answer"},
    {"NOTIMP for the keys at one address", keys_notimp, "dnssec-no-answer"},
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
    {NULL, NULL, NULL}};
