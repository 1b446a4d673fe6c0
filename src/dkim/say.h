/* Parts of sentences that the rules about expected records share. Internal to dkim/. */
#ifndef DKIM_SAY_H
#define DKIM_SAY_H

#include "dkim/expect_text.h"
#include "dkim/facts.h"

#define SAY_MAX 6000 /* octets of one text: several names of the greatest length */

/* A text that grows; what does not fit is left out. */
typedef struct say {
    nsp_text_t t;
    char buf[SAY_MAX];
} say_t;

/* Empties s. say appends, as printf does. */
void say_begin(say_t *s);
void say(say_t *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Empties what was seen and what is to be done; the first begins with a record, or a name. */
void say_begin_record(say_t *s, say_t *fix, const expectation_t *e);
void say_begin_name(say_t *s, say_t *fix, const nsp_name_t *name);
/* "a._domainkey.example.com CNAME" */
void say_record(say_t *s, const expectation_t *e);
/* The expected RDATA, in presentation format. */
void say_value(say_t *s, const expectation_t *e);
/* "example.com" */
void say_name(say_t *s, const nsp_name_t *name);
/* "1 address", "4 addresses": n of a thing with a regular plural. */
void say_count(say_t *s, size_t n, const char *one, const char *many);
/* What came of the questions at servers that gave no answer, a sentence behind others; nothing when
 * there are none. */
void nobody_say(const facts_t *f, say_t *s);
/* "300 s", "90 minutes", "36 hours", "14 days": as exact as fits one unit. */
void say_span(say_t *s, int64_t seconds);

/* The finding with the text of s, and its fix with that of fix (NULL: the table's). NULL when
 * memory is out. */
finding_t *say_finding(facts_t *f, finding_id_t id, const say_t *s, const say_t *fix);
/* The same, whose subject is a place. */
finding_t *say_place_finding(facts_t *f, const place_t *p, finding_id_t id, const say_t *s,
                             const say_t *fix);
/* The exchanges that decided a row of cells: those with a mark in the set (1u << mark). */
void say_evidence(finding_t *out, const facts_t *f, const expected_t *x, unsigned marks);

#endif
