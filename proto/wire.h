/* The cursor: the only way in which wire octets are read or written.
 *
 * Both types carry a sticky error: after the first failure every further call does nothing and
 * reads give zero, so that a run of reads is checked once, at its end. err_at is the offset of
 * the first failure, counted from the start of the whole message even for a sub-cursor.
 * All bounds are checked in release builds too.
 */
#ifndef NSPROTO_WIRE_H
#define NSPROTO_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reader over octets that the caller owns. Offsets are from base; [pos, end) is readable. A
 * sub-reader has a smaller end, but keeps size, since a name in it may point anywhere back. */
typedef struct nsp_reader {
    const uint8_t *base;
    uint32_t size; /* of the whole message */
    uint32_t pos;
    uint32_t end;
    uint32_t err_at;
    nsp_err_t err;
} nsp_reader_t;

/* Writer into a buffer of cap octets that the caller owns; pos octets are written. */
typedef struct nsp_writer {
    uint8_t *base;
    uint32_t pos;
    uint32_t cap;
    uint32_t err_at;
    nsp_err_t err;
} nsp_writer_t;

/* Reads base[0..size), which stays the caller's; what is behind UINT32_MAX octets is not seen. */
static inline nsp_reader_t nsp_reader(const uint8_t *base, size_t size)
{
    uint32_t n = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    nsp_reader_t r = {base, n, 0, n, 0, NSP_OK};
    return r;
}

/* Octets not read yet. */
static inline uint32_t nsp_left(const nsp_reader_t *r)
{
    return r->end - r->pos;
}

/* Sets the sticky error at the current position; the first error wins. */
static inline void nsp_read_fail(nsp_reader_t *r, nsp_err_t err)
{
    if (r->err == NSP_OK) {
        r->err = err;
        r->err_at = r->pos;
    }
}

/* Pointer to the next n octets, which stay owned by the buffer, or NULL with E_SHORT. */
static inline const uint8_t *nsp_read_bytes(nsp_reader_t *r, uint32_t n)
{
    if (r->err != NSP_OK || nsp_left(r) < n) {
        nsp_read_fail(r, NSP_E_SHORT);
        return NULL;
    }
    const uint8_t *p = r->base + r->pos;
    r->pos += n;
    return p;
}

/* Numbers in network order (RFC 1035 2.3.2); 0 with E_SHORT when their octets are not all there. */
static inline uint8_t nsp_read_u8(nsp_reader_t *r)
{
    const uint8_t *p = nsp_read_bytes(r, 1);
    return p ? p[0] : 0;
}

static inline uint16_t nsp_read_u16(nsp_reader_t *r)
{
    const uint8_t *p = nsp_read_bytes(r, 2);
    uint32_t v = p ? (uint32_t)p[0] << 8 | p[1] : 0;
    return (uint16_t)v;
}

static inline uint32_t nsp_read_u32(nsp_reader_t *r)
{
    const uint8_t *p = nsp_read_bytes(r, 4);
    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* 48 bits, as in TSIG's time signed (RFC 8945, 4.2). */
static inline uint64_t nsp_read_u48(nsp_reader_t *r)
{
    uint64_t high = nsp_read_u16(r);
    return high << 32 | nsp_read_u32(r);
}

/* Cuts the next n octets into a reader of their own (RDATA by RDLENGTH, an option by its
 * length) and steps over them. Offsets stay those of the message. On E_SHORT the parent has the
 * sticky error and the sub-reader is empty with the same error. */
static inline nsp_reader_t nsp_read_sub(nsp_reader_t *r, uint32_t n)
{
    nsp_reader_t sub = *r;
    if (nsp_read_bytes(r, n) == NULL) {
        sub.end = sub.pos;
        sub.err = r->err;
        sub.err_at = r->err_at;
        return sub;
    }
    sub.end = r->pos;
    return sub;
}

/* Writes into base[0..cap), which stays the caller's. */
static inline nsp_writer_t nsp_writer(uint8_t *base, size_t cap)
{
    nsp_writer_t w = {NULL, 0, cap > UINT32_MAX ? UINT32_MAX : (uint32_t)cap, 0, NSP_OK};
    w.base = base;
    return w;
}

/* Sets the sticky error at the current position; the first error wins. */
static inline void nsp_write_fail(nsp_writer_t *w, nsp_err_t err)
{
    if (w->err == NSP_OK) {
        w->err = err;
        w->err_at = w->pos;
    }
}

/* Room for n octets, or NULL with E_SPACE. */
static inline uint8_t *nsp_write_room(nsp_writer_t *w, uint32_t n)
{
    if (w->err != NSP_OK || w->cap - w->pos < n) {
        nsp_write_fail(w, NSP_E_SPACE);
        return NULL;
    }
    uint8_t *p = w->base + w->pos;
    w->pos += n;
    return p;
}

/* Octets as they are, and numbers in network order: whole, or not at all with E_SPACE. */
static inline void nsp_write_bytes(nsp_writer_t *w, const void *bytes, uint32_t n)
{
    uint8_t *p = nsp_write_room(w, n);
    if (p != NULL && n > 0)
        memcpy(p, bytes, n);
}

static inline void nsp_write_u8(nsp_writer_t *w, uint8_t v)
{
    nsp_write_bytes(w, &v, 1);
}

static inline void nsp_write_u16(nsp_writer_t *w, uint16_t v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    nsp_write_bytes(w, b, 2);
}

static inline void nsp_write_u32(nsp_writer_t *w, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    nsp_write_bytes(w, b, 4);
}

static inline void nsp_write_u48(nsp_writer_t *w, uint64_t v)
{
    nsp_write_u16(w, (uint16_t)(v >> 32));
    nsp_write_u32(w, (uint32_t)v);
}

/* Overwrites two octets already written at offset at (a count, a length). */
static inline void nsp_patch_u16(nsp_writer_t *w, uint32_t at, uint16_t v)
{
    if (w->err != NSP_OK || at > w->pos || w->pos - at < 2) {
        nsp_write_fail(w, NSP_E_SPACE);
        return;
    }
    w->base[at] = (uint8_t)(v >> 8);
    w->base[at + 1] = (uint8_t)v;
}

#ifdef __cplusplus
}
#endif
#endif
