#include "edns.h"

#include <stdio.h>

/* OPT carries the requestor's size in CLASS and the rest of its fixed part in TTL (RFC 6891 6.1.3).
 */
bool nsp_edns_read(const nsp_msg_t *m, nsp_edns_t *out, nsp_err_t *err)
{
    nsp_err_t status = NSP_OK;
    if (err == NULL)
        err = &status;
    *err = NSP_OK;
    if (m->opt == NSP_NO_RR || m->opt >= m->rr_count)
        return false;
    const nsp_rr_t *rr = &m->rr[m->opt];
    out->udp_size = rr->rclass;
    out->ext_rcode = (uint8_t)(rr->ttl >> 24);
    out->version = (uint8_t)(rr->ttl >> 16);
    out->flags = (uint16_t)rr->ttl;
    out->option_count = 0;
    out->option_lost = 0;
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = rr->rdata;
    r.end = (uint32_t)rr->rdata + rr->rdlength;
    while (nsp_left(&r) > 0) {
        nsp_edns_option_t o;
        o.code = nsp_read_u16(&r);
        o.size = nsp_read_u16(&r);
        o.data = nsp_read_bytes(&r, o.size);
        if (r.err != NSP_OK) {
            *err = NSP_E_OPT_OPTION;
            break;
        }
        if (out->option_count < NSP_OPTIONS_MAX)
            out->option[out->option_count++] = o;
        else
            out->option_lost++;
    }
    return true;
}

const nsp_edns_option_t *nsp_edns_find(const nsp_edns_t *e, uint16_t code)
{
    for (uint16_t i = 0; i < e->option_count; i++)
        if (e->option[i].code == code)
            return &e->option[i];
    return NULL;
}

typedef struct code_name {
    uint16_t code;
    const char *name;
} code_name_t;

static const char *name_of(const code_name_t *table, size_t n, uint16_t code)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].code == code)
            return table[i].name;
    return NULL;
}

const char *nsp_option_text(uint16_t code, char buf[16])
{
    static const code_name_t names[] = {
        {NSP_OPTION_LLQ, "LLQ"},
        {NSP_OPTION_UL, "UL"},
        {NSP_OPTION_NSID, "NSID"},
        {NSP_OPTION_DAU, "DAU"},
        {NSP_OPTION_DHU, "DHU"},
        {NSP_OPTION_N3U, "N3U"},
        {NSP_OPTION_ECS, "CLIENT-SUBNET"},
        {NSP_OPTION_EXPIRE, "EXPIRE"},
        {NSP_OPTION_COOKIE, "COOKIE"},
        {NSP_OPTION_KEEPALIVE, "TCP-KEEPALIVE"},
        {NSP_OPTION_PADDING, "PADDING"},
        {NSP_OPTION_CHAIN, "CHAIN"},
        {NSP_OPTION_KEY_TAG, "KEY-TAG"},
        {NSP_OPTION_EDE, "EDE"},
        {NSP_OPTION_CLIENT_TAG, "CLIENT-TAG"},
        {NSP_OPTION_SERVER_TAG, "SERVER-TAG"},
        {NSP_OPTION_REPORT_CHANNEL, "REPORT-CHANNEL"},
        {NSP_OPTION_ZONEVERSION, "ZONEVERSION"},
        {NSP_OPTION_UMBRELLA, "UMBRELLA-IDENT"},
        {NSP_OPTION_DEVICE_ID, "DEVICE-ID"},
    };
    const char *name = name_of(names, sizeof names / sizeof names[0], code);
    snprintf(buf, 16, "OPT%u", code);
    return name != NULL ? name : buf;
}

const char *nsp_ede_text(uint16_t info_code)
{
    /* Registry "Extended DNS Error Codes" (RFC 8914 5.2 and later entries). */
    static const char *const names[] = {
        "Other",
        "Unsupported DNSKEY Algorithm",
        "Unsupported DS Digest Type",
        "Stale Answer",
        "Forged Answer",
        "DNSSEC Indeterminate",
        "DNSSEC Bogus",
        "Signature Expired",
        "Signature Not Yet Valid",
        "DNSKEY Missing",
        "RRSIGs Missing",
        "No Zone Key Bit Set",
        "NSEC Missing",
        "Cached Error",
        "Not Ready",
        "Blocked",
        "Censored",
        "Filtered",
        "Prohibited",
        "Stale NXDomain Answer",
        "Not Authoritative",
        "Not Supported",
        "No Reachable Authority",
        "Network Error",
        "Invalid Data",
        "Signature Expired before Valid",
        "Too Early",
        "Unsupported NSEC3 Iterations Value",
        "Unable to conform to policy",
        "Synthesized",
        "Invalid Query Type",
    };
    return info_code < sizeof names / sizeof names[0] ? names[info_code] : "";
}

size_t nsp_ecs_data(unsigned family, const uint8_t *address, unsigned prefix, uint8_t out[20])
{
    unsigned bits = family == 4 ? 32 : 128;
    if ((family != 4 && family != 6) || prefix > bits)
        return 0;
    size_t octets = (prefix + 7) / 8;
    out[0] = 0;
    out[1] = family == 4 ? 1 : 2; /* address family number */
    out[2] = (uint8_t)prefix;
    out[3] = 0; /* scope: 0 in queries (RFC 7871 6) */
    memcpy(out + 4, address, octets);
    if (prefix % 8 != 0)
        out[3 + octets] &= (uint8_t)(0xffu << (8 - prefix % 8));
    return 4 + octets;
}
