/* Pieces of presentation format that several printers share. Internal to libnsproto. */
#ifndef NSPROTO_TEXT_FIELD_H
#define NSPROTO_TEXT_FIELD_H

#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One decoded RDATA field, and the kinds that have a structure of their own. */
void nsp_text_field(nsp_text_t *t, const nsp_field_t *f);
void nsp_text_composite(nsp_text_t *t, const nsp_field_t *f);

void nsp_text_hex(nsp_text_t *t, const uint8_t *p, size_t n);     /* upper case */
void nsp_text_base64(nsp_text_t *t, const uint8_t *p, size_t n);  /* RFC 4648 4 */
void nsp_text_quoted(nsp_text_t *t, const uint8_t *p, size_t n);  /* RFC 1035 5.1 */
void nsp_text_address(nsp_text_t *t, const uint8_t *p, size_t n); /* 4 or 16 octets */
/* The code point of the UTF-8 sequence of n octets at p. */
uint32_t nsp_utf8_code(const uint8_t *p, size_t n);
/* False of a code point that a terminal obeys in place of showing it: control characters, line
 * separators, and marks that have no width or change the direction of what follows (UAX 9). */
bool nsp_utf8_shows(uint32_t code);
/* RFC 3597 5: \# length hex */
void nsp_text_unknown(nsp_text_t *t, const uint8_t *p, size_t n);

#ifdef __cplusplus
}
#endif
#endif
