/* Fields of RDATA read from text. Internal to libnsproto. */
#ifndef NSPROTO_LEX_FIELD_H
#define NSPROTO_LEX_FIELD_H

#include "lex.h"
#include "rrtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The fields of one record on their way from words to octets; the error is sticky. */
typedef struct nsp_fields {
    nsp_lex_t *x;
    nsp_writer_t *w;
    const uint8_t *origin; /* NULL: none */
    uint8_t origin_len;
    nsp_err_t err;
    size_t err_at; /* offset in the text */
} nsp_fields_t;

/* Sets the sticky error with its offset in the text, unless there is one; returns err. */
nsp_err_t nsp_fields_fail(nsp_fields_t *f, nsp_err_t err, size_t at);
/* The next word or quoted text; E_TEXT_MISSING at the end of the record. */
nsp_token_t nsp_fields_token(nsp_fields_t *f);
/* Whether nothing more stands in the record. */
bool nsp_fields_end(nsp_fields_t *f);
/* A number of at most max; 0 with E_TEXT_NUMBER or E_TEXT_RANGE. */
uint64_t nsp_fields_number(nsp_fields_t *f, const nsp_token_t *t, uint64_t max);
/* A token, or all words of the rest of the record, as octets of a field of that kind. max and
 * family: octets of the text at most, 4 or 6. */
void nsp_fields_put_name(nsp_fields_t *f, const nsp_token_t *t);
void nsp_fields_put_address(nsp_fields_t *f, const nsp_token_t *t, unsigned family);
void nsp_fields_put_base64(nsp_fields_t *f, const nsp_token_t *t);
void nsp_fields_put_base64_rest(nsp_fields_t *f);
void nsp_fields_put_hex_rest(nsp_fields_t *f);
/* The kinds that have a structure of their own (lex_composite.c). */
void nsp_fields_put_composite(nsp_fields_t *f, nsp_fkind_t kind);

/* SvcParams (lex_svcb.c). */
void nsp_fields_put_svcparams(nsp_fields_t *f);

/* Addresses as inet_pton(3) takes them (RFC 4291 2.2); false, and out is anything, for others. */
bool nsp_parse_ipv4(const char *text, size_t len, uint8_t out[4]);
bool nsp_parse_ipv6(const char *text, size_t len, uint8_t out[16]);

#ifdef __cplusplus
}
#endif
#endif
