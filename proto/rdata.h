/* RDATA at the second speed: one RR's fields, decoded on demand, driven by rrtypes.def. */
#ifndef NSPROTO_RDATA_H
#define NSPROTO_RDATA_H

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One decoded field. bytes points into the message. */
typedef struct nsp_field {
    const nsp_fdesc_t *desc;
    uint32_t offset;      /* in the message */
    uint32_t size;        /* octets on the wire, length octets included */
    uint64_t number;      /* for the numeric kinds */
    const uint8_t *bytes; /* for octet kinds, without their length octets */
    uint32_t nbytes;
    nsp_name_t name; /* for NAME and NAME_NC, decompressed */
} nsp_field_t;

typedef struct nsp_rdata {
    nsp_reader_t r; /* cut to RDLENGTH */
    const nsp_rrtype_t *type;
    unsigned next;
} nsp_rdata_t;

/* Starts decoding the RDATA of rr. */
NSP_API void nsp_rdata_begin(nsp_rdata_t *it, const nsp_msg_t *m, const nsp_rr_t *rr);

/* Gives the next field. False at the end or at an error: it->r.err tells which, with
 * E_RDATA_SHORT, E_RDATA_TRAILING, E_RDATA_VALUE or a name's error at it->r.err_at. */
NSP_API bool nsp_rdata_next(nsp_rdata_t *it, nsp_field_t *field);

/* Convenience: field number i (from 0) of rr as a name / a number. False when the RDATA does not
 * hold a valid one. */
NSP_API bool nsp_rdata_name(const nsp_msg_t *m, const nsp_rr_t *rr, unsigned i, nsp_name_t *out);
NSP_API bool nsp_rdata_number(const nsp_msg_t *m, const nsp_rr_t *rr, unsigned i, uint64_t *out);

/* Writes the RDATA in canonical form (RFC 4034 6.2: names decompressed, lower case where the RFC
 * says so): two RDATAs are the same record exactly when these octets are equal. Returns their
 * number, or 0 with *err set (an empty RDATA gives 0 and NSP_OK). cap of 65535 always suffices
 * for decodable RDATA up to 65535 octets. */
NSP_API size_t nsp_rdata_canonical(const nsp_msg_t *m, const nsp_rr_t *rr, uint8_t *buf, size_t cap,
                                   nsp_err_t *err);

#ifdef __cplusplus
}
#endif
#endif
