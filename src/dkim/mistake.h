/* What people get wrong when they publish a record: the names where it then is, and what has become
 * of its RDATA. Pure: nothing here asks anybody. */
#ifndef DKIM_MISTAKE_H
#define DKIM_MISTAKE_H

#include "dkim/expect.h"

/* X(code, stable name, what happened, what to do): after "the record was entered ..." */
#define MISTAKES_OF_NAME(X)                                                                        \
    X(DOUBLED, "doubled",                                                                          \
      "with the zone in its name, which the zone's editor then appended again",                    \
      "enter only the part of the name in front of the zone, or end the name with a dot")          \
    X(CUT_SHORT, "cut-short", "without a part of its name",                                        \
      "enter the whole name, up to the zone that is edited")                                       \
    X(NO_UNDERSCORE, "no-underscore", "without the underscore in its name",                        \
      "enter the name with its underscore, which is a part of it")                                 \
    X(HYPHEN, "hyphen", "with a hyphen instead of the underscore in its name",                     \
      "enter the name with its underscore, which is a part of it")                                 \
    X(DOUBLED_LABEL, "doubled-label", "with the underscore label twice",                           \
      "enter the label once; the zone's editor may add it by itself")                              \
    X(ESCAPED, "escaped", "with a backslash, so that a dot or backslash became a part of a label", \
      "enter the name without backslashes")                                                        \
    X(QUOTES, "quotes", "with quotation marks in its name",                                        \
      "enter the name without quotation marks")                                                    \
    X(SMART_QUOTES, "smart-quotes", "with typographic quotation marks in its name",                \
      "type the name, or copy it as plain text")                                                   \
    X(INVISIBLE, "invisible", "with an invisible character in its name",                           \
      "type the name, or copy it as plain text")                                                   \
    X(BLANK, "blank", "with a blank in its name", "enter the name without blanks around it")

typedef enum mistake_name_kind {
#define X(code, name, text, fix) MISTAKE_NAME_##code,
    MISTAKES_OF_NAME(X)
#undef X
        MISTAKE_NAME_COUNT
} mistake_name_kind_t;

typedef struct mistake_name {
    mistake_name_kind_t kind;
    nsp_name_t name;
} mistake_name_t;

#define MISTAKE_NAMES_MAX 64

/* The names at which a record for owner is when its name was entered wrongly, the likeliest first,
 * each once, never owner itself. All lie in the zone, so that its servers can be asked for them; a
 * wildcard answers for most of them.
 *
 * owner   of the expectation
 * domain  that the records are for; at or above owner, or anything
 * zone    apex of the zone that holds owner
 *
 * Returns how many were written to out. */
size_t mistake_names(const nsp_name_t *owner, const nsp_name_t *domain, const nsp_name_t *zone,
                     mistake_name_t out[MISTAKE_NAMES_MAX]);

const char *mistake_name_name(mistake_name_kind_t kind); /* "doubled", ... */
const char *mistake_name_text(mistake_name_kind_t kind); /* what happened, without a full stop */
const char *mistake_name_fix(mistake_name_kind_t kind);

/* X(code, stable name, what is wrong with the value, what to do) */
#define MISTAKES_OF_VALUE(X)                                                                       \
    X(OTHER, "other", "it is something else", "enter the expected value")                          \
    X(ZONE_APPENDED, "zone-appended", "the zone was appended to it: its final dot is missing",     \
      "end the name with a dot, or leave the zone's editor no reason to append the zone")          \
    X(SWAPPED, "swapped", "it is what another expected record should have",                        \
      "exchange the values: each belongs to the name with the same token")                         \
    X(SELF, "self", "the name leads to itself", "enter the name that was given")                   \
    X(CUT, "cut", "a part of it is missing",                                                       \
      "enter the whole value; a text may need several strings")                                    \
    X(LONGER, "longer", "there is more behind it", "remove what is behind the expected value")     \
    X(CASE, "case", "upper and lower case differ, which counts here",                              \
      "enter the value exactly as it was given")                                                   \
    X(QUOTES, "quotes", "quotation marks or backslashes are a part of it",                         \
      "enter the value without quotation marks and backslashes")                                   \
    X(SMART_QUOTES, "smart-quotes", "typographic quotation marks are a part of it",                \
      "copy the value as plain text, not through a word processor")                                \
    X(INVISIBLE, "invisible", "an invisible character is a part of it",                            \
      "copy the value as plain text, not through a word processor")                                \
    X(BLANKS, "blanks", "blanks or line breaks differ", "enter the value without extra blanks")    \
    X(URL, "url", "it is a URL instead of a name", "enter the name alone, without http:// and /")  \
    X(KEY, "key", "it is a DKIM key, but another one", "enter the key that was given")             \
    X(NUMBER, "number", "the name is right, but a number in front of it is not",                   \
      "enter the number (preference, priority) as it was given")

typedef enum mistake_value_kind {
#define X(code, name, text, fix) MISTAKE_VALUE_##code,
    MISTAKES_OF_VALUE(X)
#undef X
        MISTAKE_VALUE_COUNT
} mistake_value_kind_t;

/* Why a record does not meet an expectation of its own type.
 *
 * m, rr  the record, indexed
 * zone   apex of the zone that holds it
 * all    every expectation, for values that were swapped; may be NULL
 * other  for SWAPPED: which of them it is; may be NULL */
mistake_value_kind_t mistake_value(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr,
                                   const nsp_name_t *zone, const expectations_t *all,
                                   size_t *other);

const char *mistake_value_name(mistake_value_kind_t kind); /* "zone-appended", ... */
const char *mistake_value_text(mistake_value_kind_t kind); /* without a full stop */
const char *mistake_value_fix(mistake_value_kind_t kind);

/* Two values, one below the other, and below these a line that marks where they differ. */
#define MISTAKE_DIFF_WIDTH 80
typedef struct mistake_diff {
    char expected[MISTAKE_DIFF_WIDTH + 1];
    char found[MISTAKE_DIFF_WIDTH + 1];
    char mark[MISTAKE_DIFF_WIDTH + 1]; /* blanks and ^; never ends with a blank */
} mistake_diff_t;

/* Shows the difference at a glance: at most width (20 to MISTAKE_DIFF_WIDTH) columns of printable
 * ASCII, octets that are not as \DDD; of long values the part around the first difference, with
 * "..." for what was left out. */
void mistake_diff(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr, unsigned width,
                  mistake_diff_t *out);

#endif
