/* Messages written: compressed, in order, into the caller's buffer. */
#ifndef NSPROTO_ENCODE_H
#define NSPROTO_ENCODE_H

#include "edns.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NSP_COMPRESS_SLOTS 256

/* A message under construction. Sections must be written in order; the counts are kept. */
typedef struct nsp_builder {
    nsp_writer_t w;
    uint16_t count[4];
    uint8_t section;
    bool compress;                     /* true by default; may be cleared after nsp_build_begin */
    uint16_t slot[NSP_COMPRESS_SLOTS]; /* offsets of names already written */
    uint32_t hash[NSP_COMPRESS_SLOTS]; /* of each of them, case-folded */
    uint16_t slots;
} nsp_builder_t;

/* Starts a message of at most cap octets (65535 at most) with this ID and flags word. */
NSP_API void nsp_build_begin(nsp_builder_t *b, uint8_t *buf, size_t cap, uint16_t id,
                             uint16_t flags);
/* Adds a question (RFC 1035 4.1.2), before any record. What goes wrong is told by nsp_build_end. */
NSP_API void nsp_build_question(nsp_builder_t *b, const nsp_name_t *name, uint16_t type,
                                uint16_t qclass);
/* Adds an RR whose rdata is in uncompressed wire form. Names of the RFC 1035 types are
 * compressed. When it does not fit nothing is written, and false is returned without making the
 * error sticky, so that a responder can set TC (RFC 2181 9). */
NSP_API bool nsp_build_rr(nsp_builder_t *b, nsp_section_t section, const nsp_name_t *owner,
                          uint16_t type, uint16_t rclass, uint32_t ttl, const uint8_t *rdata,
                          uint16_t rdlength);
/* Adds the OPT RR (additional section). */
NSP_API bool nsp_build_opt(nsp_builder_t *b, const nsp_edns_t *edns);
/* Writes the counts. Returns NSP_OK and the size in *size. */
NSP_API nsp_err_t nsp_build_end(nsp_builder_t *b, size_t *size);

/* The usual query in one call: question and, when edns is not NULL, an OPT. */
NSP_API nsp_err_t nsp_build_query(uint8_t *buf, size_t cap, uint16_t id, uint16_t flags,
                                  const nsp_name_t *name, uint16_t type, uint16_t qclass,
                                  const nsp_edns_t *edns, size_t *size);

/* Writes an indexed message again: every RR decoded and encoded (round trip). */
NSP_API nsp_err_t nsp_msg_encode(const nsp_msg_t *m, uint8_t *buf, size_t cap, size_t *size);
/* The same with another question in the place of its own: a referral, for instance, is the same for
 * every name below the zone that it refers to. */
NSP_API nsp_err_t nsp_msg_encode_for(const nsp_msg_t *m, const nsp_name_t *name, uint16_t type,
                                     uint16_t qclass, uint8_t *buf, size_t cap, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
