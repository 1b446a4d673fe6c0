/* Messages at the first of two speeds: index once, decode on demand.
 *
 * nsp_msg_index() walks the whole message in one pass, without copying or allocating, and records
 * where each RR is in an arena that the caller gives. A broken message is not refused: what could
 * be indexed stays reachable, and faults say what is wrong at which offset.
 */
#ifndef NSPROTO_MESSAGE_H
#define NSPROTO_MESSAGE_H

#include "name.h"
#include "rrtype.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NSP_HEADER_SIZE 12
/* Most RRs that 65535 octets can hold: 11 octets each (RFC 1035 4.1.3). */
#define NSP_RR_MAX 5957

/* Header bits, as in the 16-bit flags word (RFC 1035 4.1.1, RFC 4035 3.1.6, 3.2.2). */
#define NSP_FLAG_QR 0x8000u
#define NSP_FLAG_AA 0x0400u
#define NSP_FLAG_TC 0x0200u
#define NSP_FLAG_RD 0x0100u
#define NSP_FLAG_RA 0x0080u
#define NSP_FLAG_Z  0x0040u
#define NSP_FLAG_AD 0x0020u
#define NSP_FLAG_CD 0x0010u

typedef enum nsp_section {
    NSP_QUESTION = 0,
    NSP_ANSWER = 1,
    NSP_AUTHORITY = 2,
    NSP_ADDITIONAL = 3
} nsp_section_t;

/* Where one RR is. Offsets are from the start of the message. */
typedef struct nsp_rr {
    uint16_t owner;    /* offset of the owner name (may be a pointer) */
    uint16_t fixed;    /* offset of TYPE, CLASS, TTL, RDLENGTH */
    uint16_t rdata;    /* offset of RDATA */
    uint16_t rdlength; /* octets of RDATA, all inside the message */
    uint16_t type;
    uint16_t rclass;
    uint32_t ttl;
    uint8_t section;
} nsp_rr_t;

/* One thing that is wrong with a message. */
typedef struct nsp_fault {
    nsp_err_t err;
    uint32_t offset; /* in the message */
    uint16_t rr;     /* index into nsp_msg_t.rr, or NSP_NO_RR */
    uint8_t section;
} nsp_fault_t;

#define NSP_NO_RR       0xffffu
#define NSP_FAULTS_KEPT 8

typedef struct nsp_msg {
    const uint8_t *wire; /* the caller's octets; never modified */
    uint32_t size;
    uint16_t id;
    uint16_t flags;
    uint16_t count[4]; /* as the header claims */
    uint16_t found[4]; /* as indexed; smaller when indexing had to stop */
    uint16_t first[4]; /* index in rr of the first RR of a section ([0] unused) */
    uint16_t qname;    /* offset of the first QNAME, 0 when there is no question */
    uint16_t qtype;
    uint16_t qclass;
    uint16_t opt; /* index of the first OPT in rr, or NSP_NO_RR */
    nsp_rr_t *rr; /* the caller's arena */
    uint16_t rr_count;
    uint16_t rr_cap;
    bool complete;        /* every record that the header claims was indexed */
    uint32_t stopped;     /* offset after the last octet that was understood */
    uint16_t fault_count; /* all, also those that were not kept */
    nsp_fault_t fault[NSP_FAULTS_KEPT];
} nsp_msg_t;

/* Indexes a message. Validates the header, every owner and question name, every RDLENGTH, and
 * the names in RDATA of the RFC 1035 types, which may be compressed.
 *
 * m      filled in, also on error; it borrows wire and arena
 * wire   size octets; more than 65535 is E_MSG_LONG
 * arena  cap entries that the caller owns
 *
 * Returns NSP_OK when the message is complete and has no fault. Otherwise the first fault's code;
 * m->complete then tells "decoded, with faults" from "stopped at m->stopped". RFC 1035 4.1. */
NSP_API nsp_err_t nsp_msg_index(nsp_msg_t *m, const uint8_t *wire, size_t size, nsp_rr_t *arena,
                                uint16_t cap);

/* Decodes every RDATA of an indexed message and adds the faults found (RDATA that is cut short,
 * leftovers, values that are not allowed, EDNS options). Returns the first fault of the message,
 * or NSP_OK. */
NSP_API nsp_err_t nsp_msg_validate(nsp_msg_t *m);

/* Copies the question's name. False when the message has no (readable) question. */
NSP_API bool nsp_msg_qname(const nsp_msg_t *m, nsp_name_t *out);
/* Copies the owner of an indexed RR, decompressed. Cannot fail after a successful index. */
NSP_API void nsp_rr_owner(const nsp_msg_t *m, const nsp_rr_t *rr, nsp_name_t *out);
/* Case-insensitive comparison without a copy. */
NSP_API bool nsp_rr_owner_is(const nsp_msg_t *m, const nsp_rr_t *rr, const nsp_name_t *name);

/* Header rcode and, where there is an OPT, its upper eight bits (RFC 6891 6.1.3). */
NSP_API uint16_t nsp_msg_rcode(const nsp_msg_t *m);

/* OPCODE, and one or several of the NSP_FLAG_ bits, of the header (RFC 1035 4.1.1). */
static inline uint8_t nsp_msg_opcode(const nsp_msg_t *m)
{
    return (uint8_t)(m->flags >> 11 & 15);
}

static inline bool nsp_msg_has(const nsp_msg_t *m, uint16_t flag)
{
    return (m->flags & flag) != 0;
}

/* RRs of a section: for (i = 0; i < m->found[s]; i++) use nsp_msg_rr(m, s, i). */
static inline const nsp_rr_t *nsp_msg_rr(const nsp_msg_t *m, nsp_section_t s, uint16_t i)
{
    return &m->rr[m->first[s] + i];
}

#ifdef __cplusplus
}
#endif
#endif
