/* Forms of a question that a server must bear (forms.def): flags, opcodes, types and EDNS that it
 * need not know, but must answer. Which one a query is, is told from its octets alone. */
#ifndef DIAGNOSE_FORM_H
#define DIAGNOSE_FORM_H

#include "exchange/exchange.h"
#include "proto/nsproto.h"

/* What a form tests. */
typedef enum form_family {
    FAMILY_FLAG,
    FAMILY_OPCODE,
    FAMILY_TYPE,
    FAMILY_VERSION,
    FAMILY_SIZE,
    FAMILY_OPTION,
    FAMILY_EDNS_FLAG,
    FAMILY_STRANGER,
    FAMILY_DATA,
    FAMILY_NAME
} form_family_t;

typedef enum form_id {
#define FORM(ident, name, words, family, flags, type, size, version, edns, options, thorough)      \
    FORM_ID_##ident,
#include "diagnose/forms.def"
#undef FORM
    FORM_COUNT /* not a form */
} form_id_t;

/* EDNS options of a form: bits. */
#define FORM_UNKNOWN 1u
#define FORM_NSID    2u
#define FORM_COOKIE  4u
#define FORM_EXPIRE  8u
#define FORM_ECS     16u

/* The option that is not assigned, and the client's half of the cookie. */
#define FORM_OPTION_CODE 100
#define FORM_COOKIE_DATA "\1\2\3\4\5\6\7\10"
#define FORM_COOKIE_SIZE 8

/* The first label of FORM_ID_UNDERSCORE, behind its length. */
#define FORM_UNDERSCORE "\012_domainkey"

/* Octets of one: header, the longest name, an OPT with every option. */
#define FORM_QUERY_SIZE 320

/* One form as a query for a zone, with ID 0. */
typedef struct form_query {
    transport_t transport;
    size_t size;
    uint8_t wire[FORM_QUERY_SIZE];
} form_query_t;

/* All forms for the apex of a zone; size 0 for one that makes no sense there. */
typedef struct form_set {
    form_query_t query[FORM_COUNT];
} form_set_t;

/* Writes all forms for the apex of a zone. */
void form_set_init(form_set_t *set, const nsp_name_t *zone);
/* Which form the query of x is, whatever its ID; FORM_COUNT for none. */
form_id_t form_of(const form_set_t *set, const exchange_t *x);
/* The same for a query of whatever zone: its own name decides. For queries of strangers: those that
 * are none cost a look at their flags and type. */
form_id_t form_of_query(const uint8_t *query, size_t size, transport_t transport);
/* "flag-aa", "edns1", ... stable, for JSON; "none" for FORM_COUNT. */
const char *form_name(form_id_t id);
/* "with the flag AA", ... what it is in a sentence, behind "A query"; for forms, not FORM_COUNT. */
const char *form_words(form_id_t id);
/* What it tests; for forms, not FORM_COUNT. */
form_family_t form_family(form_id_t id);
/* True for what no resolver sends: asked by check --thorough alone. */
bool form_is_thorough(form_id_t id);

#endif
