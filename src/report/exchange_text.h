/* One line of text for one event of an exchange. */
#ifndef REPORT_EXCHANGE_TEXT_H
#define REPORT_EXCHANGE_TEXT_H

#include <stdio.h>

#include "diagnose/outcome.h"

#define QUESTION_TEXT_MAX (NSP_NAME_TEXT_MAX + 24)
/* False when the question was not captured, or there was none. */
bool question_is_known(const exchange_t *x);
/* "A www.example.", "(question cut)" or, of a query that asks nothing, "(no question)". */
const char *question_text(const exchange_t *x, char buf[QUESTION_TEXT_MAX]);
/* What happened, in words, without its time: "sent     UDP SOA shop.example. id 4660, 42 octets".
 * scratch is needed to read replies; its contents change. */
void event_describe(const exchange_t *x, const event_t *e, reply_t *scratch, char *buf, size_t cap);
/* Why a message does not match, in words: "address, id". bits are MISMATCH_*. Returns buf. */
const char *mismatch_describe(uint8_t bits, char *buf, size_t cap);
/* The number by which a report names an exchange: that of its flow, or its ID when it was probed.
 */
uint64_t exchange_number(const exchange_t *x);
/* Stable name of an event kind for JSON: "sent", "reply", ... */
const char *event_name(event_kind_t kind);
/* Prints every event with its time since the exchange's first, each line behind indent. At most
 * max lines; says how many were left out. */
void exchange_print(FILE *out, const exchange_t *x, reply_t *scratch, const char *indent,
                    unsigned max);
/* Prints every exchange of a set below a heading. */
void exchanges_print(FILE *out, const exchange_set_t *set, reply_t *scratch);

#endif
