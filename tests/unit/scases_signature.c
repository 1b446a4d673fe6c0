/* Signatures that are expired, missing or wrong. */
#include <stddef.h>

#include "scases.h"

static void healthy(signedworld_t *w)
{
    (void)w;
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

const scase_t scases_signature[] = {
    {"healthy, NSEC", healthy, ""},
    {"expired everywhere", expired, "dnssec-expired"},
    {"expired at one address", expired_one, "dnssec-expired"},
    {"not yet valid", early, "dnssec-not-yet-valid"},
    {"expires soon", soon, "dnssec-expires"},
    {"valid for one second", at_the_last_second, "dnssec-ttl"},
    {"valid for very long", long_lived, "dnssec-lifetime"},
    {"valid for half a year", half_a_year, ""},
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
    {NULL, NULL, NULL}};
