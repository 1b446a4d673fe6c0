/* EDNS(0): the OPT pseudo RR and its options (RFC 6891). */
#ifndef NSPROTO_EDNS_H
#define NSPROTO_EDNS_H

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NSP_EDNS_DO 0x8000u
/* Options that one OPT is decoded into; more are left out and counted. */
#define NSP_OPTIONS_MAX 32

/* Registry "DNS EDNS0 Option Codes". */
enum nsp_option {
    NSP_OPTION_LLQ = 1,
    NSP_OPTION_UL = 2,
    NSP_OPTION_NSID = 3,
    NSP_OPTION_DAU = 5,
    NSP_OPTION_DHU = 6,
    NSP_OPTION_N3U = 7,
    NSP_OPTION_ECS = 8,
    NSP_OPTION_EXPIRE = 9,
    NSP_OPTION_COOKIE = 10,
    NSP_OPTION_KEEPALIVE = 11,
    NSP_OPTION_PADDING = 12,
    NSP_OPTION_CHAIN = 13,
    NSP_OPTION_KEY_TAG = 14,
    NSP_OPTION_EDE = 15,
    NSP_OPTION_CLIENT_TAG = 16,
    NSP_OPTION_SERVER_TAG = 17,
    NSP_OPTION_REPORT_CHANNEL = 18,
    NSP_OPTION_ZONEVERSION = 19,
    NSP_OPTION_UMBRELLA = 20292,
    NSP_OPTION_DEVICE_ID = 26946
};

typedef struct nsp_edns_option {
    uint16_t code;
    uint16_t size;
    const uint8_t *data; /* borrowed: the message's, or the caller's */
} nsp_edns_option_t;

typedef struct nsp_edns {
    uint16_t udp_size; /* requestor's or responder's payload size, octets */
    uint8_t ext_rcode; /* upper eight bits */
    uint8_t version;
    uint16_t flags; /* NSP_EDNS_DO and Z */
    uint16_t option_count;
    uint16_t option_lost; /* beyond NSP_OPTIONS_MAX */
    nsp_edns_option_t option[NSP_OPTIONS_MAX];
} nsp_edns_t;

/* Decodes the first OPT of a message. False when there is none. Options up to a broken one are
 * kept; *err (may be NULL) is then E_OPT_OPTION. */
NSP_API bool nsp_edns_read(const nsp_msg_t *m, nsp_edns_t *out, nsp_err_t *err);
/* The first option with that code, or NULL. */
NSP_API const nsp_edns_option_t *nsp_edns_find(const nsp_edns_t *e, uint16_t code);
/* "NSID", "COOKIE", or "OPT65001". */
NSP_API const char *nsp_option_text(uint16_t code, char buf[16]);
/* Extended DNS error (RFC 8914): info code's name, such as "Stale Answer"; "" when unknown. */
NSP_API const char *nsp_ede_text(uint16_t info_code);
/* Client subnet (RFC 7871 6): writes the option's data for a query; prefix in bits. Returns its
 * octets, 0 when family is neither 4 nor 6 or prefix is too long. */
NSP_API size_t nsp_ecs_data(unsigned family, const uint8_t *address, unsigned prefix,
                            uint8_t out[20]);

#ifdef __cplusplus
}
#endif
#endif
