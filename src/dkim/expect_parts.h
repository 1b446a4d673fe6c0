/* What the ways of reading expectations share. For expect*.c alone. */
#ifndef DKIM_EXPECT_PARTS_H
#define DKIM_EXPECT_PARTS_H

#include "dkim/clean.h"
#include "dkim/expect.h"

/* A piece of text, and where in the source it begins. */
typedef struct expect_span {
    const char *text;
    size_t len;
    size_t at;
} expect_span_t;

/* What is read, for whom, and where faults are told. */
typedef struct expect_source {
    clean_text_t *clean;
    const char *where;
    bool lines; /* faults name line and column; otherwise the character of a single line */
    const nsp_name_t *base;
    char *err;       /* EXPECT_ERROR_MAX */
    uint32_t before; /* lines that stand before the text */
} expect_source_t;

/* One record in pieces. priority may be empty. */
typedef struct expect_fields {
    expect_span_t owner;
    expect_span_t type;
    expect_span_t value;
    expect_span_t priority;
    unsigned odd; /* found in the source so far */
} expect_fields_t;

/* A relative name or an RDATA name is read below this origin, a label that no text has: so it can
 * be told from an absolute one afterwards. */
const nsp_name_t *expect_relative(void);

/* Puts "where:line:column: sentence" into err. Returns false. */
bool expect_fail(const expect_source_t *s, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Cuts blanks off both ends. */
expect_span_t expect_trim(expect_span_t s);

/* Takes a pair of the same mark off, which was meant to show where a text ends. */
bool expect_take_pair(expect_span_t *s, char mark);

/* Makes an expectation of pieces of text. out is the caller's to free (expectation_clear), also
 * after a fault. */
bool expect_read_fields(const expect_source_t *s, const expect_fields_t *f, expectation_t *out);

/* Makes an expectation of a record that was read below expect_relative(), or below an $ORIGIN,
 * where names mean exactly what zone text says they mean: at is where it stands. */
bool expect_settle(const expect_source_t *s, size_t at, const nsp_name_t *owner, uint16_t type,
                   const uint8_t *rdata, size_t rdlen, expectation_t *out);

/* Whether names stand inside of a field of another kind, where expect_settle cannot reach. */
bool expect_hides_names(uint16_t type);

/* Sets origin to "where:line", or to where alone for a single line. */
bool expect_set_origin(const expect_source_t *s, size_t at, expectation_t *out);

/* Takes the expectation over, unless the same is there already; it is empty then. False when
 * memory is out or there are EXPECT_MAX, with a sentence in err. */
bool expect_put(expectations_t *e, expectation_t *item, const expect_source_t *s);
/* Moves everything from one to the other: all or nothing. */
bool expect_move(expectations_t *to, expectations_t *from, const expect_source_t *s);

/* Frees what it owns and leaves it all zero. */
void expectation_clear(expectation_t *e);

/* Text of CSV and of zone files. */
bool expect_read_csv(const expect_source_t *s, expectations_t *e);
bool expect_read_zone(const expect_source_t *s, expectations_t *e);
/* Whether the first line names columns; it may be a fault to look like that: see expect_csv.c. */
bool expect_is_csv(const clean_text_t *clean);

#endif
