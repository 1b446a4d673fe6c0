/* Domain names, kept as uncompressed wire octets (RFC 1035 3.1). Text exists only at the edges. */
#ifndef NSPROTO_NAME_H
#define NSPROTO_NAME_H

#include <stdbool.h>

#include "wire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NSP_NAME_MAX  255 /* octets on the wire, root label included (RFC 1035 2.3.4) */
#define NSP_LABEL_MAX 63
/* every octet as \DDD, every label with its dot, and the final NUL */
#define NSP_NAME_TEXT_MAX 1025

/* A whole name: len octets, the last of which is the root label. len is 1..255 in a valid name. */
typedef struct nsp_name {
    uint8_t len;
    uint8_t octets[NSP_NAME_MAX];
} nsp_name_t;

/* Most pointers that one name may take: more than its 127 labels can have use for. */
#define NSP_HOPS_MAX 128

/* Name decoding policy. */
typedef enum nsp_name_mode {
    NSP_NAME_COMPRESSED,  /* pointers are followed */
    NSP_NAME_UNCOMPRESSED /* a pointer is E_POINTER_FORBIDDEN (RFC 3597 4) */
} nsp_name_mode_t;

/* Reads the name at r->pos into *out (decompressed, case kept) and steps over it. Pointers must
 * point strictly backwards from where the name segment began, so loops cannot be built
 * (RFC 1035 4.1.4). What is pointed at may lie anywhere in the message from octet 12 on, also
 * outside of a sub-reader. */
NSP_API nsp_err_t nsp_name_read(nsp_reader_t *r, nsp_name_mode_t mode, nsp_name_t *out);

/* Steps over the name at r->pos, validating it as nsp_name_read does, without copying. */
NSP_API nsp_err_t nsp_name_skip(nsp_reader_t *r, nsp_name_mode_t mode);

/* Names already validated in this message, by offset: what a pointer to them expands to. Keeps
 * the whole work for a message linear. Start with all zero; use for one message only. */
#define NSP_NAME_CACHE_SLOTS 64
typedef struct nsp_name_cache {
    /* offset << 16 | expanded octets, root included << 8 | pointers followed; 0 is empty */
    uint32_t seen[NSP_NAME_CACHE_SLOTS];
} nsp_name_cache_t;

/* nsp_name_skip with pointers allowed, and a memory. */
NSP_API nsp_err_t nsp_name_skip_cached(nsp_reader_t *r, nsp_name_cache_t *cache);

/* The root. */
NSP_API void nsp_name_root(nsp_name_t *out);

/* From presentation format (RFC 1035 5.1, escapes \X and \DDD). "@" is the origin. A name
 * without a final dot gets origin appended, or the root when origin is NULL. On error *err_at
 * (may be NULL) is the offset in text. text need not end with NUL. */
NSP_API nsp_err_t nsp_name_from_text(const char *text, size_t len, const nsp_name_t *origin,
                                     nsp_name_t *out, size_t *err_at);

/* To presentation format with a final dot, as NUL-ended text; cap should be NSP_NAME_TEXT_MAX.
 * Returns the length without NUL, or 0 when it does not fit (buf is then ""). */
NSP_API size_t nsp_name_to_text(const nsp_name_t *name, char *buf, size_t cap);

/* Case-insensitive for ASCII (RFC 4343). */
NSP_API bool nsp_name_equal(const nsp_name_t *a, const nsp_name_t *b);
/* Octet for octet: used to see whether a server kept the case. */
NSP_API bool nsp_name_equal_case(const nsp_name_t *a, const nsp_name_t *b);
/* True when name is at or below ancestor. */
NSP_API bool nsp_name_is_subdomain(const nsp_name_t *name, const nsp_name_t *ancestor);
/* Canonical order (RFC 4034 6.1): <0, 0, >0. */
NSP_API int nsp_name_compare(const nsp_name_t *a, const nsp_name_t *b);
/* Case-folded hash, with seed against chosen collisions. */
NSP_API uint64_t nsp_name_hash(const nsp_name_t *name, uint64_t seed);
/* Labels without the root: "example.com." has 2. */
NSP_API unsigned nsp_name_labels(const nsp_name_t *name);
/* Removes the first n labels (stops at the root). out may be the same object as name. */
NSP_API void nsp_name_strip(const nsp_name_t *name, unsigned n, nsp_name_t *out);
/* prefix (its root label left out) followed by suffix; E_NAME_LONG when over 255. */
NSP_API nsp_err_t nsp_name_join(const nsp_name_t *prefix, const nsp_name_t *suffix,
                                nsp_name_t *out);
/* Lower-cases ASCII letters in place (RFC 4034 6.2). */
NSP_API void nsp_name_lower(nsp_name_t *name);
/* True when the first label is "*" (RFC 4592). */
NSP_API bool nsp_name_is_wildcard(const nsp_name_t *name);

#ifdef __cplusplus
}
#endif
#endif
