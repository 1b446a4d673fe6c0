/* Proofs that names and types do not exist. */
#include <stddef.h>

#include "scases.h"

static void nsec3(signedworld_t *w)
{
    ALL(w, p->nsec3 = true)
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

const scase_t scases_denial[] = {
    {"healthy, NSEC3", nsec3, ""},
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
    {NULL, NULL, NULL}};
