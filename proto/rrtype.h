/* RR types, as one table (rrtypes.def) that drives decode, encode, print, read and fuzz. */
#ifndef NSPROTO_RRTYPE_H
#define NSPROTO_RRTYPE_H

#include <stdbool.h>

#include "wire.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What one RDATA field is on the wire and in text. rrtypes.def names them without the prefix. */
typedef enum nsp_fkind {
    NSP_F_END,       /* no more fields */
    NSP_F_U8,        /* decimal */
    NSP_F_U16,       /* decimal */
    NSP_F_U32,       /* decimal */
    NSP_F_TTL,       /* 32 bits, decimal seconds; text may use units (SOA) */
    NSP_F_TIME,      /* 32 bits, YYYYMMDDHHmmSS (RRSIG) */
    NSP_F_U48,       /* 48 bits, decimal */
    NSP_F_U64,       /* decimal */
    NSP_F_TYPE,      /* 16 bits, mnemonic of an RR type */
    NSP_F_ALG,       /* 8 bits, DNSSEC algorithm, decimal (text may use the mnemonic) */
    NSP_F_ALG_NAME,  /* the same, printed as mnemonic where there is one (CERT, RFC 4398 2.2) */
    NSP_F_CERT,      /* 16 bits, CERT type: mnemonic or decimal */
    NSP_F_SCHEME,    /* 8 bits, DSYNC scheme: mnemonic or decimal (RFC 9859 2.1) */
    NSP_F_RCODE,     /* 16 bits, rcode mnemonic (TSIG, TKEY) */
    NSP_F_NAME,      /* name that may be compressed (RFC 1035 types) */
    NSP_F_NAME_NC,   /* name never compressed when written; pointers tolerated when read */
    NSP_F_A,         /* 4 octets */
    NSP_F_AAAA,      /* 16 octets */
    NSP_F_STRING,    /* <character-string> */
    NSP_F_STRINGS,   /* one or more <character-string> to the end */
    NSP_F_HEX,       /* octets to the end, hexadecimal */
    NSP_F_HEX8,      /* 8-bit length, then octets, hexadecimal; "-" when empty (NSEC3 salt) */
    NSP_F_B32_8,     /* 8-bit length, then octets, base32hex (NSEC3 next owner) */
    NSP_F_B64,       /* octets to the end, base64 */
    NSP_F_B64_DASH,  /* the same; "-" when empty (DOA) */
    NSP_F_B64_16,    /* 16-bit length, then octets, base64 (TSIG, TKEY) */
    NSP_F_TEXT,      /* octets to the end, as one quoted text (CAA value, URI target) */
    NSP_F_TAG,       /* 8-bit length, then letters and digits, unquoted (CAA tag) */
    NSP_F_BITMAP,    /* type bitmap (RFC 4034 4.1.2) */
    NSP_F_BITS,      /* bit map of types below 128, without windows (NXT, RFC 2535 5.2) */
    NSP_F_APL,       /* RFC 3123 */
    NSP_F_LOC,       /* RFC 1876 */
    NSP_F_WKS,       /* protocol and bit map after the address (RFC 1035 3.4.2) */
    NSP_F_GATEWAY,   /* IPSECKEY: precedence, gateway type, algorithm, gateway (RFC 4025) */
    NSP_F_AMTRELAY,  /* precedence, D bit, type, relay (RFC 8777) */
    NSP_F_SVCPARAMS, /* RFC 9460 */
    NSP_F_EUI48,     /* xx-xx-xx-xx-xx-xx */
    NSP_F_EUI64,     /* eight groups */
    NSP_F_NID64,     /* 64 bits as four groups of hex with colons (NID, L64) */
    NSP_F_HIP,       /* lengths, algorithm, HIT, key, rendezvous servers (RFC 8005) */
    NSP_F_NSAP,      /* 0x and hexadecimal (RFC 1706) */
    NSP_F_ATMA,      /* format octet and address (X.25/E.164), RFC-less registry entry */
    NSP_F_A6,        /* prefix length, suffix, prefix name (RFC 2874) */
    NSP_F_OPTIONS,   /* EDNS options (OPT) */
    NSP_F_UNKNOWN    /* octets to the end as RFC 3597 \# */
} nsp_fkind_t;

typedef struct nsp_fdesc {
    nsp_fkind_t kind;
    const char *name; /* as in the RFC, lower case with hyphens: "original-ttl" */
} nsp_fdesc_t;

#define NSP_FIELDS_MAX 10

#define NSP_TYPE_META 1u /* query type or pseudo RR: never in a zone (ANY, AXFR, OPT, TSIG) */

typedef struct nsp_rrtype {
    uint16_t number;
    uint16_t flags;
    const char *mnemonic;
    const char *rfc;                    /* where the format is defined */
    nsp_fdesc_t fields[NSP_FIELDS_MAX]; /* ended by NSP_F_END */
} nsp_rrtype_t;

/* NSP_TYPE_A, NSP_TYPE_NS, ... */
enum nsp_type {
#define RR(number, ident, mnemonic, flags, rfc, ...) NSP_TYPE_##ident = number,
#include "rrtypes.def"
#undef RR
    NSP_TYPE_LIMIT = 65536
};

#define NSP_CLASS_IN   1
#define NSP_CLASS_CH   3
#define NSP_CLASS_HS   4
#define NSP_CLASS_NONE 254
#define NSP_CLASS_ANY  255

/* Table line of a type; for a type without one, a line that says NSP_F_UNKNOWN. Never NULL. */
NSP_API const nsp_rrtype_t *nsp_rrtype_get(uint16_t type);
/* Number of lines, and the i-th, in order of number: for printing the table itself. */
NSP_API size_t nsp_rrtype_count(void);
NSP_API const nsp_rrtype_t *nsp_rrtype_at(size_t i);

/* "AAAA", or "TYPE65280" (RFC 3597 5). buf holds at least 16 octets and may be the result. */
NSP_API const char *nsp_type_text(uint16_t type, char buf[16]);
/* Mnemonic in any case, or TYPEn. E_TEXT_TYPE. */
NSP_API nsp_err_t nsp_type_from_text(const char *text, size_t len, uint16_t *out);
/* Mnemonic of a DNSSEC algorithm, or NULL (RFC 4034 A.1 and the registry). */
NSP_API const char *nsp_algorithm_text(uint8_t algorithm);
/* Mnemonic of an algorithm in any case. E_TEXT_VALUE. */
NSP_API nsp_err_t nsp_algorithm_from_text(const char *text, size_t len, uint8_t *out);
/* "IN", or "CLASS7". */
NSP_API const char *nsp_class_text(uint16_t cls, char buf[16]);
/* The reverse, in any case of letters; E_TEXT_CLASS. */
NSP_API nsp_err_t nsp_class_from_text(const char *text, size_t len, uint16_t *out);
/* "NOERROR" ..., extended ones included, or "RCODE42". */
NSP_API const char *nsp_rcode_text(uint16_t rcode, char buf[16]);
/* The reverse, in any case of letters; E_TEXT_VALUE. */
NSP_API nsp_err_t nsp_rcode_from_text(const char *text, size_t len, uint16_t *out);
/* "QUERY" ..., or "OPCODE7". */
NSP_API const char *nsp_opcode_text(uint8_t opcode, char buf[16]);
/* The reverse, in any case of letters; E_TEXT_VALUE. */
NSP_API nsp_err_t nsp_opcode_from_text(const char *text, size_t len, uint8_t *out);

enum nsp_rcode {
    NSP_RCODE_NOERROR = 0,
    NSP_RCODE_FORMERR = 1,
    NSP_RCODE_SERVFAIL = 2,
    NSP_RCODE_NXDOMAIN = 3,
    NSP_RCODE_NOTIMP = 4,
    NSP_RCODE_REFUSED = 5,
    NSP_RCODE_YXDOMAIN = 6,
    NSP_RCODE_YXRRSET = 7,
    NSP_RCODE_NXRRSET = 8,
    NSP_RCODE_NOTAUTH = 9,
    NSP_RCODE_NOTZONE = 10,
    NSP_RCODE_DSOTYPENI = 11,
    NSP_RCODE_BADVERS = 16,
    NSP_RCODE_BADKEY = 17,
    NSP_RCODE_BADTIME = 18,
    NSP_RCODE_BADMODE = 19,
    NSP_RCODE_BADNAME = 20,
    NSP_RCODE_BADALG = 21,
    NSP_RCODE_BADTRUNC = 22,
    NSP_RCODE_BADCOOKIE = 23
};

#ifdef __cplusplus
}
#endif
#endif
