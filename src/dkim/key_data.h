/* What is inside p=: base64, and the public key that it decodes to. For key.c alone. */
#ifndef DKIM_KEY_DATA_H
#define DKIM_KEY_DATA_H

#include "dkim/key.h"

/* Notes a problem at an offset of the text; each kind is kept once. */
void dkim_key_note(dkim_key_t *key, dkim_key_problem_kind_t kind, uint32_t at);

/* Decodes the value of p= (not empty) and looks at the key, as key->kind says what it should be
 * (RFC 6376 3.6.1, RFC 8463 4.2). Fills decoded, bits, exponent, pkcs1, key_octets; notes
 * problems. */
void dkim_key_read_data(dkim_key_t *key, taglist_span_t p);

#endif
