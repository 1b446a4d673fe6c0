/* Expectations: records that must be published. Read from tokens, zone text, CSV or a line. */
#ifndef DKIM_EXPECT_H
#define DKIM_EXPECT_H

#include "dkim/provider.h"
#include "proto/nsproto.h"

#define EXPECT_ERROR_MAX 400
#define EXPECT_MAX       4096 /* expectations of one verification */

/* What was odd in the text that an expectation was read from, and was put right: bits. */
#define EXPECT_ODD_QUOTES    1u  /* typographic quotation marks */
#define EXPECT_ODD_INVISIBLE 2u  /* zero-width or no-break characters, a BOM in the middle */
#define EXPECT_ODD_BLANKS    4u  /* blanks around a value */
#define EXPECT_ODD_RELATIVE  8u  /* a name without final dot that was taken as absolute */
#define EXPECT_ODD_ENTIRE    16u /* a token that already was a whole name */
#define EXPECT_ODD_ESCAPES   32u /* backslashes of a zone text around a value that is none */

/* One record that must be published. */
typedef struct expectation {
    nsp_name_t owner;
    uint16_t type;
    uint32_t rdlen;
    uint8_t *rdata; /* canonical wire form, owned; TXT: the strings joined are what counts */
    bool any_key;   /* rdata is empty, since only the selector is known: any TXT that is a DKIM key
                       is what is expected */
    char *origin;   /* where it was read: "token abc", "records.csv:3"; owned */
    unsigned odd;   /* EXPECT_ODD_ bits */
} expectation_t;

typedef struct expectations {
    size_t count;
    size_t cap;
    expectation_t *item;
} expectations_t;

/* Empty, and allocates nothing. */
void expectations_init(expectations_t *e);
void expectations_free(expectations_t *e);

/* Each of these adds expectations, or adds none and puts one sentence into err: where, what is
 * wrong, what is accepted. The same record twice is added once. */

/* One record as "NAME TYPE RDATA" (TTL and class may stand there too). where: for origin. base may
 * be NULL.
 *
 * Consoles and people leave final dots out. A NAME without one is a whole name when base is NULL
 * or when it ends in the same top-level label as base; else it is below base, as "@" is base. A
 * name in RDATA without one is a whole name when it has more than one label and its last one has no
 * underscore in front; else it is below base. TXT without quotation marks is taken as the text up
 * to the end, semicolons included. */
bool expect_add_line(expectations_t *e, const char *text, size_t len, const nsp_name_t *base,
                     const char *where, char err[EXPECT_ERROR_MAX]);
/* A file's text: CSV with a header that names the columns (Name, Type, Value; in any order, in any
 * case, further columns passed over; comma, semicolon or tab; RFC 4180 quotes, CRLF, BOM), or zone
 * text (RFC 1035 5). Which of them is told by its first line. Errors name where:line:column. */
bool expect_add_text(expectations_t *e, const char *text, size_t len, const nsp_name_t *base,
                     const char *where, char err[EXPECT_ERROR_MAX]);
/* What a provider wants for one token (or selector) of a domain; SELECTOR=TEXT gives the text of a
 * provider that wants TXT. Without TEXT any_key is set. token is NULL for a provider that takes
 * none (provider_takes_token): its records are the same for every domain. */
bool expect_add_token(expectations_t *e, const provider_t *provider, const char *parameter,
                      const nsp_name_t *domain, const char *token, char err[EXPECT_ERROR_MAX]);

/* What was odd, one EXPECT_ODD_ bit at a time, for people: "typographic quotation marks". */
const char *expect_odd_text(unsigned bit);

/* Whether an indexed record of a reply is what is expected: owner, type and RDATA; names in RDATA
 * without regard to case, TXT after joining its strings. */
bool expectation_met(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr);

#endif
