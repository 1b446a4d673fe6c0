/* Presentation format, out: records as zone text and as JSON (RFC 1035 5, RFC 3597 5, RFC 8427). */
#ifndef NSPROTO_TEXT_H
#define NSPROTO_TEXT_H

#include <stdarg.h>

#include "edns.h"
#include "rdata.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NUL-ended text in a buffer that the caller owns. When full, the rest is dropped and lost counts
 * the octets that did not fit. */
typedef struct nsp_text {
    char *buf;
    size_t len;
    size_t cap;
    size_t lost;
} nsp_text_t;

/* Begins an empty text in buf[0..cap), which stays the caller's; its NUL takes one of these octets.
 * */
NSP_API void nsp_text_begin(nsp_text_t *t, char *buf, size_t cap);
/* Appends len octets of s, all of a string, or what printf makes. */
NSP_API void nsp_text_add(nsp_text_t *t, const char *s, size_t len);
NSP_API void nsp_text_str(nsp_text_t *t, const char *s);
NSP_API void nsp_text_printf(nsp_text_t *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
NSP_API void nsp_text_vprintf(nsp_text_t *t, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Decimal digits. */
NSP_API void nsp_text_number(nsp_text_t *t, uint64_t v);
/* As nsp_name_to_text writes it, with the final dot (RFC 1035 5.1). */
NSP_API void nsp_text_name(nsp_text_t *t, const nsp_name_t *name);
/* Octets of the UTF-8 sequence at p (RFC 3629 4), of which left are there, at least one; 0 when it
 * is none. */
NSP_API size_t nsp_utf8_length(const uint8_t *p, size_t left);
/* A JSON string with its quotes; octets that are not UTF-8 come as \u00XX, and code points that a
 * terminal would obey in place of showing them are escaped. */
NSP_API void nsp_text_json_string(nsp_text_t *t, const char *s, size_t len);

/* The RDATA alone. RDATA that does not decode is printed as RFC 3597 \# text; returns false then.
 */
NSP_API bool nsp_text_rdata(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr);
/* "owner ttl class type rdata", separated by one space (RFC 1035 5.1). */
NSP_API bool nsp_text_rr(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr);
/* The same as a JSON string, with its quotes. */
NSP_API bool nsp_text_json_rr(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr);
/* One EDNS option as dig and kdig show it, without its name: "75 73 ... (\"us\")", an address ...
 */
NSP_API void nsp_text_option(nsp_text_t *t, const nsp_edns_option_t *o);
/* {"name":...,"ttl":...,"class":...,"type":...,"rdata":{fields...},"text":"..."} */
NSP_API void nsp_json_rr(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr);
/* The whole message as one JSON object: header, question, sections, EDNS, faults. */
NSP_API void nsp_json_msg(nsp_text_t *t, const nsp_msg_t *m);

#ifdef __cplusplus
}
#endif
#endif
