/* Parts of something longer, which come in any order, again, and over each other: what came first
 * stays. Fragments of a datagram and segments of a stream are kept so. */
#ifndef CAPTURE_SPANS_H
#define CAPTURE_SPANS_H

#include "capture/origin.h"

/* Octets [at, at + length), of which the capture has the first size. */
typedef struct span {
    struct span *next;
    uint64_t at;
    uint64_t print; /* of a part that was taken as a whole: what the caller tells it by; else 0 */
    uint32_t length;
    uint32_t size;
    uint8_t data[];
} span_t;

/* In order, without overlaps. All zero at first. Owns its spans. */
typedef struct spans {
    span_t *first;
    span_t *last;
    uint32_t count;
} spans_t;

typedef enum spans_placed {
    SPANS_NEW,    /* at least one octet was not there yet, or nothing differs */
    SPANS_DIFFER, /* octets that were there already came again as others */
    SPANS_MEMORY  /* memory is out: not all is there */
} spans_placed_t;

/* Copies what of [at, at + length) is not there yet; bytes are the first size octets of it. The
 * budget counts octets, and may be overdrawn: the caller looks. *added is how many octets of the
 * range are new. */
spans_placed_t spans_place(spans_t *s, budget_t *budget, const span_t *part, const uint8_t *bytes,
                           uint32_t *added);
/* The last span that begins at or before at; NULL when all begin behind it. */
span_t *spans_before(const spans_t *s, uint64_t at);
/* Whether any octet of [at, at + length) is there. */
bool spans_cover(const spans_t *s, uint64_t at, uint32_t length);
/* Takes the first span out; the caller frees it with span_free. */
span_t *spans_shift(spans_t *s);
void span_free(span_t *span, budget_t *budget);
/* Frees all. */
void spans_clear(spans_t *s, budget_t *budget);
/* Frees the octets, and keeps what tells the parts: their size becomes 0. */
void spans_strip(spans_t *s, budget_t *budget);

#endif
