#include "text.h"

#include <stdarg.h>
#include <stdio.h>

#include "text_field.h"

void nsp_text_begin(nsp_text_t *t, char *buf, size_t cap)
{
    t->buf = buf;
    t->len = 0;
    t->cap = cap;
    t->lost = 0;
    if (cap > 0)
        buf[0] = '\0';
}

void nsp_text_add(nsp_text_t *t, const char *s, size_t len)
{
    size_t room = t->cap > t->len && t->lost == 0 ? t->cap - t->len - 1 : 0;
    size_t n = len < room ? len : room;
    if (n > 0)
        memcpy(t->buf + t->len, s, n);
    t->len += n;
    t->lost += len - n;
    if (t->cap > 0)
        t->buf[t->len] = '\0';
}

void nsp_text_str(nsp_text_t *t, const char *s)
{
    nsp_text_add(t, s, strlen(s));
}

void nsp_text_vprintf(nsp_text_t *t, const char *format, va_list args)
{
    size_t room = t->cap > t->len && t->lost == 0 ? t->cap - t->len : 0;
    int n = vsnprintf(room > 0 ? t->buf + t->len : NULL, room, format, args);
    size_t made = n > 0 ? (size_t)n : 0;
    size_t kept = made < room ? made : room > 0 ? room - 1 : 0;
    t->len += kept;
    t->lost += made - kept;
    if (t->cap > 0)
        t->buf[t->len] = '\0';
}

void nsp_text_printf(nsp_text_t *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nsp_text_vprintf(t, format, args);
    va_end(args);
}

void nsp_text_number(nsp_text_t *t, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    nsp_text_add(t, digits + at, sizeof digits - at);
}

void nsp_text_name(nsp_text_t *t, const nsp_name_t *name)
{
    char buf[NSP_NAME_TEXT_MAX];
    nsp_text_add(t, buf, nsp_name_to_text(name, buf, sizeof buf));
}

void nsp_text_hex(nsp_text_t *t, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < n; i++) {
        char pair[2] = {digits[p[i] >> 4], digits[p[i] & 15]};
        nsp_text_add(t, pair, 2);
    }
}

void nsp_text_base64(nsp_text_t *t, const uint8_t *p, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
        v |= i + 2 < n ? p[i + 2] : 0;
        char quad[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63],
                        i + 1 < n ? alphabet[v >> 6 & 63] : '=',
                        i + 2 < n ? alphabet[v & 63] : '='};
        nsp_text_add(t, quad, 4);
    }
}

/* RFC 4648 7, no padding. */
static void text_base32(nsp_text_t *t, const uint8_t *p, size_t n)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | p[i];
        for (have += 8; have >= 5; have -= 5)
            nsp_text_add(t, &alphabet[bits >> (have - 5) & 31], 1);
        bits &= (1u << have) - 1;
    }
    if (have > 0)
        nsp_text_add(t, &alphabet[bits << (5 - have) & 31], 1);
}

void nsp_text_quoted(nsp_text_t *t, const uint8_t *p, size_t n)
{
    nsp_text_add(t, "\"", 1);
    for (size_t i = 0; i < n;) {
        size_t run = i;
        while (run < n && p[run] >= 0x20 && p[run] <= 0x7e && p[run] != '"' && p[run] != '\\')
            run++;
        nsp_text_add(t, (const char *)p + i, run - i);
        i = run;
        if (i < n) {
            bool plain = p[i] == '"' || p[i] == '\\';
            nsp_text_printf(t, plain ? "\\%c" : "\\%03u", p[i]);
            i++;
        }
    }
    nsp_text_add(t, "\"", 1);
}

/* Up to four digits, lower case, without leading zeros (RFC 5952 4.1, 4.3). */
static void text_group(nsp_text_t *t, unsigned v)
{
    char digits[4];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v > 0);
    nsp_text_add(t, digits + at, sizeof digits - at);
}

static void text_ipv4(nsp_text_t *t, const uint8_t p[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            nsp_text_add(t, ".", 1);
        nsp_text_number(t, p[i]);
    }
}

void nsp_text_address(nsp_text_t *t, const uint8_t *p, size_t n)
{
    if (n == 4) {
        text_ipv4(t, p);
        return;
    }
    /* RFC 5952: the longest run of zero groups, the first of equals, becomes "::" */
    unsigned group[8];
    int best = -1;
    int best_len = 1;
    for (int i = 0; i < 8; i++)
        group[i] = (unsigned)p[2 * (size_t)i] << 8 | p[2 * (size_t)i + 1];
    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && group[i + run] == 0)
            run++;
        if (run > best_len) {
            best = i;
            best_len = run;
        }
        i += run;
    }
    /* IPv4-mapped and IPv4-compatible addresses show their IPv4 part (RFC 5952 5) */
    bool mixed = best == 0 && ((best_len == 5 && group[5] == 0xffff) || best_len == 6);
    for (int i = 0; i < (mixed ? 6 : 8);) {
        if (i == best) {
            nsp_text_str(t, "::");
            i += best_len;
            continue;
        }
        if (i > 0 && i != best + best_len)
            nsp_text_add(t, ":", 1);
        text_group(t, group[i]);
        i++;
    }
    if (mixed) {
        nsp_text_str(t, best_len == 6 ? "" : ":");
        text_ipv4(t, p + 12);
    }
}

/* YYYYMMDDHHmmSS (RFC 4034 3.2) from the days-to-civil arithmetic of the proleptic calendar. */
static void text_time(nsp_text_t *t, uint32_t seconds)
{
    int64_t days = seconds / 86400 + 719468;
    unsigned rest = seconds % 86400;
    int64_t era = days / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int day = (int)(doy - (153 * mp + 2) / 5 + 1);
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int year = (int)(yoe + era * 400 + (month <= 2));
    nsp_text_printf(t, "%04d%02d%02d%02u%02u%02u", year, month, day, rest / 3600, rest / 60 % 60,
                    rest % 60);
}

static void text_strings(nsp_text_t *t, const nsp_field_t *f)
{
    uint32_t i = 0;
    while (i < f->nbytes) {
        uint32_t n = f->bytes[i];
        if (i > 0)
            nsp_text_add(t, " ", 1);
        nsp_text_quoted(t, f->bytes + i + 1, n);
        i += n + 1;
    }
}

static void text_groups(nsp_text_t *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        nsp_text_printf(t, i > 0 ? "-%02x" : "%02x", p[i]);
}

static void text_mnemonic(nsp_text_t *t, const nsp_field_t *f)
{
    static const char *const certs[] = {"",      "PKIX", "SPKI",   "PGP",    "IPKIX",
                                        "ISPKI", "IPGP", "ACPKIX", "IACPKIX"};
    char buf[16];
    if (f->desc->kind == NSP_F_ALG_NAME) {
        const char *name = nsp_algorithm_text((uint8_t)f->number);
        if (name != NULL)
            nsp_text_str(t, name);
        else
            nsp_text_printf(t, "%u", (unsigned)f->number);
    } else if (f->desc->kind == NSP_F_SCHEME) {
        if (f->number == 1)
            nsp_text_str(t, "NOTIFY");
        else
            nsp_text_printf(t, "%u", (unsigned)f->number);
    } else if (f->desc->kind == NSP_F_TYPE) {
        nsp_text_str(t, nsp_type_text((uint16_t)f->number, buf));
    } else if (f->desc->kind == NSP_F_RCODE) {
        /* 16 is BADSIG in TSIG and TKEY (RFC 8945 3) */
        nsp_text_str(t, f->number == 16 ? "BADSIG" : nsp_rcode_text((uint16_t)f->number, buf));
    } else if (f->number >= 1 && f->number <= 8) {
        nsp_text_str(t, certs[f->number]);
    } else if (f->number == 253 || f->number == 254) {
        nsp_text_str(t, f->number == 253 ? "URI" : "OID");
    } else {
        nsp_text_printf(t, "%u", (unsigned)f->number);
    }
}

/* The kinds that print as one number, mnemonic or name. False: not one of them. */
static bool text_simple(nsp_text_t *t, const nsp_field_t *f)
{
    switch (f->desc->kind) {
    case NSP_F_U8:
    case NSP_F_U16:
    case NSP_F_U32:
    case NSP_F_TTL:
    case NSP_F_U48:
    case NSP_F_U64:
    case NSP_F_ALG:
        nsp_text_number(t, f->number);
        return true;
    case NSP_F_TIME:
        text_time(t, (uint32_t)f->number);
        return true;
    case NSP_F_ALG_NAME:
    case NSP_F_SCHEME:
    case NSP_F_TYPE:
    case NSP_F_CERT:
    case NSP_F_RCODE:
        text_mnemonic(t, f);
        return true;
    case NSP_F_NAME:
    case NSP_F_NAME_NC:
        nsp_text_name(t, &f->name);
        return true;
    default:
        return false;
    }
}

void nsp_text_field(nsp_text_t *t, const nsp_field_t *f)
{
    if (text_simple(t, f))
        return;
    switch (f->desc->kind) {
    case NSP_F_A:
    case NSP_F_AAAA:
        nsp_text_address(t, f->bytes, f->nbytes);
        break;
    case NSP_F_STRING:
    case NSP_F_TEXT:
        nsp_text_quoted(t, f->bytes, f->nbytes);
        break;
    case NSP_F_STRINGS:
        text_strings(t, f);
        break;
    case NSP_F_TAG:
        nsp_text_add(t, (const char *)f->bytes, f->nbytes);
        break;
    case NSP_F_HEX:
        nsp_text_hex(t, f->bytes, f->nbytes);
        break;
    case NSP_F_HEX8:
        if (f->nbytes == 0)
            nsp_text_str(t, "-");
        nsp_text_hex(t, f->bytes, f->nbytes);
        break;
    case NSP_F_B32_8:
        text_base32(t, f->bytes, f->nbytes);
        break;
    case NSP_F_B64_DASH:
        if (f->nbytes == 0)
            nsp_text_str(t, "-");
        nsp_text_base64(t, f->bytes, f->nbytes);
        break;
    case NSP_F_B64:
        nsp_text_base64(t, f->bytes, f->nbytes);
        break;
    case NSP_F_B64_16:
        nsp_text_printf(t, f->nbytes > 0 ? "%u " : "%u", f->nbytes);
        nsp_text_base64(t, f->bytes, f->nbytes);
        break;
    case NSP_F_EUI48:
    case NSP_F_EUI64:
        text_groups(t, f->bytes, f->nbytes);
        break;
    case NSP_F_NID64:
        for (uint32_t i = 0; i + 1 < f->nbytes; i += 2)
            nsp_text_printf(t, "%s%x", i > 0 ? ":" : "",
                            (unsigned)f->bytes[i] << 8 | f->bytes[i + 1]);
        break;
    case NSP_F_NSAP:
        nsp_text_str(t, "0x");
        nsp_text_hex(t, f->bytes, f->nbytes);
        break;
    default:
        nsp_text_composite(t, f);
        break;
    }
}

void nsp_text_unknown(nsp_text_t *t, const uint8_t *p, size_t n)
{
    nsp_text_printf(t, n > 0 ? "\\# %zu " : "\\# %zu", n);
    nsp_text_hex(t, p, n);
}

bool nsp_text_rdata(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_rdata_t it;
    nsp_field_t f;
    size_t mark = t->len;
    size_t lost = t->lost;
    nsp_rdata_begin(&it, m, rr);
    bool unknown = it.type->fields[0].kind == NSP_F_UNKNOWN;
    while (!unknown && nsp_rdata_next(&it, &f)) {
        size_t before = t->len;
        if (before > mark)
            nsp_text_add(t, " ", 1);
        size_t start = t->len;
        nsp_text_field(t, &f);
        if (t->len == start && t->len > before)
            t->len = before; /* an empty field leaves no blank */
    }
    if (t->cap > t->len)
        t->buf[t->len] = '\0';
    if (!unknown && it.r.err == NSP_OK)
        return true;
    /* RFC 3597 5: what does not decode is shown as it is */
    t->len = mark;
    t->lost = lost;
    nsp_text_unknown(t, m->wire + rr->rdata, rr->rdlength);
    return unknown;
}

bool nsp_text_rr(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_name_t owner;
    char type[16];
    char rclass[16];
    nsp_rr_owner(m, rr, &owner);
    nsp_text_name(t, &owner);
    nsp_text_add(t, " ", 1);
    nsp_text_number(t, rr->ttl);
    nsp_text_add(t, " ", 1);
    nsp_text_str(t, nsp_class_text(rr->rclass, rclass));
    nsp_text_add(t, " ", 1);
    nsp_text_str(t, nsp_type_text(rr->type, type));
    if (rr->rdlength == 0 && rr->rclass >= NSP_CLASS_NONE)
        return true;
    nsp_text_add(t, " ", 1);
    return nsp_text_rdata(t, m, rr);
}
