/* Presentation format, in: one RDATA, one record, or a whole zone text (RFC 1035 5, RFC 3597 5). */
#ifndef NSPROTO_ZONE_H
#define NSPROTO_ZONE_H

#include "name.h"
#include "rrtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where in a text an error is; line and column count from 1. */
typedef struct nsp_place {
    uint32_t line;
    uint32_t column;
} nsp_place_t;

/* One record read from text. rdata is uncompressed wire form. */
typedef struct nsp_zone_rr {
    nsp_name_t owner;
    uint32_t ttl;
    bool ttl_given; /* from the record or $TTL, not by default */
    uint16_t type;
    uint16_t rclass;
    uint16_t rdlength;
    uint8_t rdata[65535];
} nsp_zone_rr_t;

/* Reads records one by one from a text in memory. Handles $ORIGIN, $TTL, parentheses, comments,
 * blank owners, TTL units, RFC 3597 types and \# data. $INCLUDE and $GENERATE are
 * E_TEXT_DIRECTIVE: the text stands alone. */
typedef struct nsp_zone_reader {
    const char *text;
    size_t len;
    size_t pos;
    uint32_t line;
    size_t line_start;
    nsp_name_t origin;
    bool has_origin;
    nsp_name_t last_owner;
    bool has_owner;
    uint32_t default_ttl;
    bool has_ttl;
    uint32_t last_ttl;
    bool has_last_ttl;
    nsp_err_t err;
    nsp_place_t err_at;
} nsp_zone_reader_t;

/* text is borrowed and need not end with NUL; origin may be NULL. */
NSP_API void nsp_zone_begin(nsp_zone_reader_t *z, const char *text, size_t len,
                            const nsp_name_t *origin);
/* Reads the next record. False at the end or at an error: z->err and z->err_at tell. After an
 * error the next call goes on with the following record, so that all errors can be listed. */
NSP_API bool nsp_zone_next(nsp_zone_reader_t *z, nsp_zone_rr_t *out);

/* The RDATA of one record from text (may span lines inside parentheses). Writes at most cap
 * octets in uncompressed wire form and their number to *size. On error *err_at (may be NULL) is
 * the offset in text. */
NSP_API nsp_err_t nsp_rdata_from_text(uint16_t type, const char *text, size_t len,
                                      const nsp_name_t *origin, uint8_t *buf, size_t cap,
                                      size_t *size, size_t *err_at);

/* A TTL: seconds, or with units as in "1h30m" (w d h m s). */
NSP_API nsp_err_t nsp_ttl_from_text(const char *text, size_t len, uint32_t *out);

#ifdef __cplusplus
}
#endif
#endif
