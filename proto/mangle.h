/* Messages written wrongly on purpose: the one explicit way to make a bad message.
 *
 * Used by serve, by fuzzing and by tests; never by a code path that means well. */
#ifndef NSPROTO_MANGLE_H
#define NSPROTO_MANGLE_H

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

/* MANGLE(identifier, "name-for-scenarios", "what it does", "RFC section that it breaks") */
#define NSP_MANGLES(X)                                                                             \
    X(SHORT_HEADER, "short-header", "only the first 7 octets are sent", "RFC 1035 4.1.1")          \
    X(CUT, "cut", "the message ends inside its last record", "RFC 1035 4.1.3")                     \
    X(TRAILING, "trailing", "octets follow the last record", "RFC 1035 4.1")                       \
    X(COUNT_HIGH, "count-high", "ANCOUNT claims one more record", "RFC 1035 4.1.1")                \
    X(COUNT_HUGE, "count-huge", "all record counts are 65535", "RFC 1035 4.1.1")                   \
    X(POINTER_LOOP, "pointer-loop", "the last owner name points at itself", "RFC 1035 4.1.4")      \
    X(POINTER_FORWARD, "pointer-forward", "the last owner name points ahead", "RFC 1035 4.1.4")    \
    X(POINTER_PAST, "pointer-past", "the last owner points past the end", "RFC 1035 4.1.4")        \
    X(LABEL_TYPE, "label-type", "a label of the reserved type 0x40", "RFC 6891 5")                 \
    X(LABEL_PAST, "label-past", "a label longer than the rest of the message", "RFC 1035 3.1")     \
    X(NAME_LONG, "name-long", "an owner name of more than 255 octets", "RFC 1035 2.3.4")           \
    X(RDLENGTH_LONG, "rdlength-long", "the last RDLENGTH runs past the end", "RFC 1035 4.1.3")     \
    X(RDLENGTH_SHORT, "rdlength-short", "the first RDLENGTH is one too small", "RFC 1035 4.1.3")   \
    X(RDATA_EMPTY, "rdata-empty", "the first record has no RDATA", "RFC 1035 4.1.3")               \
    X(NO_QUESTION, "no-question", "the question is left out", "RFC 1035 4.1.2")                    \
    X(TWO_QUESTIONS, "two-questions", "the question is there twice", "RFC 9619")                   \
    X(OPT_TWICE, "opt-twice", "two OPT records", "RFC 6891 6.1.1")                                 \
    X(OPT_ANSWER, "opt-answer", "an OPT record in the answer section", "RFC 6891 6.1.1")           \
    X(OPTION_LONG, "option-long", "an EDNS option longer than the OPT", "RFC 6891 6.1.2")          \
    X(NOT_RESPONSE, "not-response", "the QR bit is clear", "RFC 1035 4.1.1")                       \
    X(ZEROES, "zeroes", "every octet after the ID is zero", "RFC 1035 4.1.1")                      \
    X(EMPTY, "empty", "a datagram without a single octet", "RFC 1035 4.2.1")

typedef enum nsp_mangle {
#define X(ident, name, what, rfc) NSP_MANGLE_##ident,
    NSP_MANGLES(X)
#undef X
        NSP_MANGLE_COUNT
} nsp_mangle_t;

/* The strings of the kind's line above; "" for no kind. Never freed. */
NSP_API const char *nsp_mangle_name(nsp_mangle_t kind);
NSP_API const char *nsp_mangle_what(nsp_mangle_t kind);
NSP_API const char *nsp_mangle_rfc(nsp_mangle_t kind);
/* False when there is no such kind. */
NSP_API bool nsp_mangle_from_name(const char *name, size_t len, nsp_mangle_t *out);

/* Makes the well-formed message in buf[0..*size) wrong in the given way, in place. A message that
 * lacks what the kind needs (no record to spoil) gets it added first. cap is buf's size;
 * E_SPACE when it does not suffice (*size + 600 always does). */
NSP_API nsp_err_t nsp_mangle(nsp_mangle_t kind, uint8_t *buf, size_t *size, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
