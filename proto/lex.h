/* Words of zone text (RFC 1035 5.1): blanks, comments, quotes, escapes, parentheses. Internal to
 * libnsproto. */
#ifndef NSPROTO_LEX_H
#define NSPROTO_LEX_H

#include <stdbool.h>

#include "wire.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nsp_token_kind {
    NSP_TOKEN_WORD,
    NSP_TOKEN_QUOTED,  /* text between the quotes */
    NSP_TOKEN_NEWLINE, /* end of a line outside parentheses */
    NSP_TOKEN_END,
    NSP_TOKEN_ERROR
} nsp_token_kind_t;

typedef struct nsp_token {
    nsp_token_kind_t kind;
    const char *text; /* escapes are still in it */
    size_t len;
    size_t at;  /* offset in the whole text */
    bool first; /* nothing stood before it on its line, not even a blank */
} nsp_token_t;

typedef struct nsp_lex {
    const char *text;
    size_t len;
    size_t pos;
    unsigned depth; /* open parentheses */
    nsp_err_t err;  /* of an ERROR token */
    size_t err_at;
    bool pushed; /* again holds a token that was put back */
    nsp_token_t again;
} nsp_lex_t;

/* Words of text[0..len) from offset pos on. The text stays the caller's and outlives the tokens. */
nsp_lex_t nsp_lex_begin(const char *text, size_t len, size_t pos);
/* The next token; END again and again behind the last one. */
nsp_token_t nsp_lex_next(nsp_lex_t *x);
/* The token is the next one again; one at a time. */
void nsp_lex_put_back(nsp_lex_t *x, nsp_token_t token);
/* Steps over the rest of the record after an error. */
void nsp_lex_skip_record(nsp_lex_t *x);

/* Takes the escapes out (RFC 1035 5.1). Returns the number of octets, or -1 with *bad the offset
 * in the token of a wrong escape, or -2 when more than cap. */
long nsp_lex_unescape(const nsp_token_t *token, uint8_t *out, size_t cap, size_t *bad);

/* Reads the RDATA of a type up to the end of the record. */
nsp_err_t nsp_lex_rdata(nsp_lex_t *x, uint16_t type, const uint8_t *origin, uint8_t origin_len,
                        nsp_writer_t *w, size_t *err_at);

#ifdef __cplusplus
}
#endif
#endif
