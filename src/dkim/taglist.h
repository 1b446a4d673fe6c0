/* Tag lists, the grammar of DKIM keys and signatures: "v=DKIM1; k=rsa; p=..." (RFC 6376 3.2).
 *
 * Nothing is copied or allocated: tags are spans of the text that was given. The work is linear in
 * the size of the text, whatever it holds. */
#ifndef DKIM_TAGLIST_H
#define DKIM_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(code, stable name, sentence) */
#define TAGLIST_FAULTS(X)                                                                          \
    X(NONE, "none", "no fault")                                                                    \
    X(EMPTY, "empty", "there is no tag at all")                                                    \
    X(EMPTY_TAG, "empty-tag", "there is nothing between two semicolons")                           \
    X(NO_EQUALS, "no-equals", "a tag has no equals sign")                                          \
    X(NAME, "tag-name", "a tag's name is not a letter followed by letters, digits or underscores") \
    X(DUPLICATE, "duplicate-tag", "a tag stands there twice, which voids the whole record")        \
    X(OCTET, "bad-octet", "a value holds an octet that is not printable ASCII")                    \
    X(FOLD, "bad-fold", "a line break is not a CRLF followed by a space or tab")                   \
    X(MANY, "too-many-tags", "there are more tags than any DKIM record has use for")               \
    X(LONG, "too-long", "the text is longer than the 65535 octets that a record can hold")

typedef enum taglist_fault_kind {
#define X(code, name, text) TAGLIST_##code,
    TAGLIST_FAULTS(X)
#undef X
        TAGLIST_FAULT_COUNT
} taglist_fault_kind_t;

/* Octets [at, at + len) of the text. */
typedef struct taglist_span {
    uint32_t at;
    uint32_t len;
} taglist_span_t;

typedef struct taglist_tag {
    taglist_span_t name;
    taglist_span_t value; /* without the folding whitespace around it; may be empty */
} taglist_tag_t;

typedef struct taglist_fault {
    taglist_fault_kind_t kind;
    uint32_t at; /* offset in the text */
} taglist_fault_t;

#define TAGLIST_TEXT_MAX    65535u
#define TAGLIST_TAGS_MAX    32
#define TAGLIST_FAULTS_KEPT 8

typedef struct taglist {
    const uint8_t *text; /* the caller's */
    uint32_t size;
    unsigned tag_count;
    taglist_tag_t tag[TAGLIST_TAGS_MAX]; /* well-formed ones and those with a bad value, in order */
    unsigned fault_count;                /* all, also those that were not kept */
    taglist_fault_t fault[TAGLIST_FAULTS_KEPT];
} taglist_t;

/* Splits text into tags (RFC 6376 3.2). After a fault it goes on behind the next semicolon, so
 * that what is readable is read. Whitespace after the last semicolon is no fault. list is filled
 * in any case and borrows text. Returns whether the list has no fault. */
bool taglist_parse(taglist_t *list, const uint8_t *text, size_t size);

/* The first tag of that name, case-sensitive (RFC 6376 3.2), or NULL. */
const taglist_tag_t *taglist_find(const taglist_t *list, const char *name);

/* Whether the octets of a span are exactly this text. */
bool taglist_span_is(const taglist_t *list, taglist_span_t span, const char *text);

/* Steps through a list separated by colons, as in h=, s= and t= (RFC 6376 3.6.1). *pos starts at
 * 0; *item is without whitespace around it and is empty where nothing stands between two colons.
 * False when there is no further item; an empty value has one, empty, item. */
bool taglist_next(const taglist_t *list, taglist_span_t value, uint32_t *pos, taglist_span_t *item);

/* Decodes a qp-section, as in n= (RFC 6376 2.11 and 3.6.1, RFC 2045 6.7): at most cap octets are
 * written to out, and their number to *n. False at an equals sign without two hexadecimal digits
 * in upper case, with its offset in the text in *at. */
bool taglist_qp_decode(const taglist_t *list, taglist_span_t value, uint8_t *out, size_t cap,
                       size_t *n, uint32_t *at);

/* "duplicate-tag", ... stable, for JSON and tests. */
const char *taglist_fault_name(taglist_fault_kind_t kind);
/* One sentence for people, without a full stop. */
const char *taglist_fault_text(taglist_fault_kind_t kind);

#endif
