/* RDATA from presentation format, field by field along the type's line in rrtypes.def. */
#include "base64.h"
#include "fixed.h"
#include "lex.h"
#include "lex_field.h"
#include "message.h"
#include "rdata.h"
#include "zone.h"

/* What is left of the record; used by fields that take all of it. */
static bool at_end(nsp_lex_t *x)
{
    nsp_token_t t = nsp_lex_next(x);
    nsp_lex_put_back(x, t);
    return t.kind == NSP_TOKEN_NEWLINE || t.kind == NSP_TOKEN_END;
}

bool nsp_fields_end(nsp_fields_t *f)
{
    return at_end(f->x);
}

nsp_err_t nsp_fields_fail(nsp_fields_t *f, nsp_err_t err, size_t at)
{
    if (f->err == NSP_OK) {
        f->err = err;
        f->err_at = at;
    }
    return f->err;
}

nsp_token_t nsp_fields_token(nsp_fields_t *f)
{
    nsp_token_t t = nsp_lex_next(f->x);
    if (t.kind == NSP_TOKEN_ERROR)
        nsp_fields_fail(f, f->x->err, f->x->err_at);
    else if (t.kind != NSP_TOKEN_WORD && t.kind != NSP_TOKEN_QUOTED)
        nsp_fields_fail(f, NSP_E_TEXT_MISSING, t.at);
    if (f->err != NSP_OK) {
        t.text = "";
        t.len = 0;
        nsp_lex_put_back(f->x, t);
    }
    return t;
}

uint64_t nsp_fields_number(nsp_fields_t *f, const nsp_token_t *t, uint64_t max)
{
    uint64_t v = 0;
    if (f->err != NSP_OK)
        return 0;
    if (t->len == 0)
        nsp_fields_fail(f, NSP_E_TEXT_NUMBER, t->at);
    for (size_t i = 0; i < t->len && f->err == NSP_OK; i++) {
        char c = t->text[i];
        if (c < '0' || c > '9')
            nsp_fields_fail(f, NSP_E_TEXT_NUMBER, t->at + i);
        else if (v > (max - (uint64_t)(c - '0')) / 10)
            nsp_fields_fail(f, NSP_E_TEXT_RANGE, t->at);
        else
            v = v * 10 + (uint64_t)(c - '0');
    }
    return v;
}

void nsp_fields_put_name(nsp_fields_t *f, const nsp_token_t *t)
{
    nsp_name_t origin;
    nsp_name_t name;
    size_t bad = 0;
    if (f->err != NSP_OK)
        return;
    if (f->origin != NULL) {
        memcpy(origin.octets, f->origin, f->origin_len);
        origin.len = f->origin_len;
    }
    nsp_err_t err =
        nsp_name_from_text(t->text, t->len, f->origin != NULL ? &origin : NULL, &name, &bad);
    if (err == NSP_OK && f->origin == NULL && t->text[t->len - 1] != '.')
        err = NSP_E_TEXT_ORIGIN;
    if (err != NSP_OK)
        nsp_fields_fail(f, err, t->at + bad);
    else
        nsp_write_bytes(f->w, name.octets, name.len);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal digits of one token; *half carries a digit over to the next token. */
static void put_hex(nsp_fields_t *f, const nsp_token_t *t, int *half)
{
    for (size_t i = 0; i < t->len && f->err == NSP_OK; i++) {
        int d = hex_digit(t->text[i]);
        if (d < 0) {
            nsp_fields_fail(f, NSP_E_TEXT_HEX, t->at + i);
        } else if (*half < 0) {
            *half = d;
        } else {
            nsp_write_u8(f->w, (uint8_t)(*half << 4 | d));
            *half = -1;
        }
    }
}

void nsp_fields_put_hex_rest(nsp_fields_t *f)
{
    int half = -1;
    size_t at = f->x->pos;
    while (f->err == NSP_OK && !at_end(f->x)) {
        nsp_token_t t = nsp_fields_token(f);
        at = t.at;
        put_hex(f, &t, &half);
    }
    if (half >= 0)
        nsp_fields_fail(f, NSP_E_TEXT_HEX, at);
}

/* base64 over several tokens (RFC 4648 4): groups of four, padding only at the end. */
typedef struct base64 {
    uint32_t bits;
    unsigned have; /* digits in the open group, padding included */
    unsigned pad;
} base64_t;

static void put_base64(nsp_fields_t *f, base64_t *b, const nsp_token_t *t)
{
    for (size_t i = 0; i < t->len && f->err == NSP_OK; i++) {
        int d = nsp_base64_digit(t->text[i]);
        bool pad = t->text[i] == '=';
        bool good = pad ? b->have >= 2 : d >= 0 && b->pad == 0;
        if (!good) {
            nsp_fields_fail(f, NSP_E_TEXT_BASE64, t->at + i);
            return;
        }
        b->bits = b->bits << 6 | (uint32_t)(pad ? 0 : d);
        b->pad += pad;
        if (++b->have < 4)
            continue;
        for (unsigned k = 0; k + b->pad < 3; k++)
            nsp_write_u8(f->w, (uint8_t)(b->bits >> (16 - 8 * k)));
        b->have = 0;
        b->bits = 0;
        if (b->pad > 0 && i + 1 < t->len)
            nsp_fields_fail(f, NSP_E_TEXT_BASE64, t->at + i + 1);
    }
}

void nsp_fields_put_base64_rest(nsp_fields_t *f)
{
    base64_t b = {0};
    size_t at = f->x->pos;
    while (f->err == NSP_OK && !at_end(f->x)) {
        nsp_token_t t = nsp_fields_token(f);
        at = t.at;
        if (b.pad > 0)
            nsp_fields_fail(f, NSP_E_TEXT_BASE64, t.at);
        put_base64(f, &b, &t);
    }
    if (b.have != 0)
        nsp_fields_fail(f, NSP_E_TEXT_BASE64, at);
}

void nsp_fields_put_base64(nsp_fields_t *f, const nsp_token_t *t)
{
    base64_t b = {0};
    put_base64(f, &b, t);
    if (b.have != 0)
        nsp_fields_fail(f, NSP_E_TEXT_BASE64, t->at);
}

static void put_text(nsp_fields_t *f, const nsp_token_t *t, size_t max)
{
    uint8_t out[65535];
    size_t bad = 0;
    if (f->err != NSP_OK)
        return;
    long n = nsp_lex_unescape(t, out, max < sizeof out ? max : sizeof out, &bad);
    size_t at = t->at + (t->kind == NSP_TOKEN_QUOTED) + bad; /* at is the quote itself */
    if (n == -1)
        nsp_fields_fail(f, NSP_E_TEXT_ESCAPE, at);
    else if (n < 0)
        nsp_fields_fail(f, NSP_E_TEXT_STRING, at);
    else
        nsp_write_bytes(f->w, out, (uint32_t)n);
}

/* One <character-string> with its length octet (RFC 1035 3.3). */
static void put_string(nsp_fields_t *f, const nsp_token_t *t)
{
    uint32_t at = f->w->pos;
    nsp_write_u8(f->w, 0);
    put_text(f, t, 255);
    if (f->err == NSP_OK && f->w->err == NSP_OK)
        f->w->base[at] = (uint8_t)(f->w->pos - at - 1);
}

static void put_strings(nsp_fields_t *f)
{
    do {
        nsp_token_t t = nsp_fields_token(f);
        put_string(f, &t);
    } while (f->err == NSP_OK && !at_end(f->x));
}

void nsp_fields_put_address(nsp_fields_t *f, const nsp_token_t *t, unsigned family)
{
    uint8_t octets[16];
    if (f->err != NSP_OK)
        return;
    bool good = family == 4 ? nsp_parse_ipv4(t->text, t->len, octets)
                            : nsp_parse_ipv6(t->text, t->len, octets);
    if (!good)
        nsp_fields_fail(f, NSP_E_TEXT_ADDRESS, t->at);
    else
        nsp_write_bytes(f->w, octets, family == 4 ? 4 : 16);
}

/* YYYYMMDDHHmmSS, or seconds since 1970 (RFC 4034 3.2). */
static void put_time(nsp_fields_t *f, const nsp_token_t *t)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    if (t->len != 14) {
        nsp_write_u32(f->w, (uint32_t)nsp_fields_number(f, t, UINT32_MAX));
        return;
    }
    uint64_t v = nsp_fields_number(f, t, UINT64_MAX / 16);
    unsigned second = (unsigned)(v % 100);
    unsigned minute = (unsigned)(v / 100 % 100);
    unsigned hour = (unsigned)(v / 10000 % 100);
    unsigned day = (unsigned)(v / 1000000 % 100);
    unsigned month = (unsigned)(v / 100000000 % 100);
    uint64_t year = v / 10000000000u;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 ||
        year < 1970) {
        nsp_fields_fail(f, NSP_E_TEXT_TIME, t->at);
        return;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    uint64_t days = (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 +
                    (year - 1601) / 400 + before[month - 1] + (leap && month > 2) + day - 1;
    /* serial arithmetic: only the low 32 bits count */
    nsp_write_u32(
        f->w, (uint32_t)(days * 86400 + hour * UINT64_C(3600) + minute * UINT64_C(60) + second));
}

typedef struct word_number {
    const char *word;
    uint16_t number;
} word_number_t;

static bool find_word(const word_number_t *table, size_t n, const nsp_token_t *t, uint16_t *out)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(table[i].word);
        bool same = len == t->len;
        for (size_t k = 0; same && k < len; k++)
            same = (t->text[k] >= 'a' ? t->text[k] - 32 : t->text[k]) == table[i].word[k];
        if (same) {
            *out = table[i].number;
            return true;
        }
    }
    return false;
}

/* Mnemonics of CERT types (RFC 4398 2.1). */
static const word_number_t cert_types[] = {{"PKIX", 1},  {"SPKI", 2}, {"PGP", 3},    {"IPKIX", 4},
                                           {"ISPKI", 5}, {"IPGP", 6}, {"ACPKIX", 7}, {"IACPKIX", 8},
                                           {"URI", 253}, {"OID", 254}};

static void put_mnemonic(nsp_fields_t *f, nsp_fkind_t kind, const nsp_token_t *t)
{
    uint16_t v = 0;
    bool found = false;
    bool is_alg = kind == NSP_F_ALG || kind == NSP_F_ALG_NAME;
    bool octet = is_alg || kind == NSP_F_SCHEME;
    if (f->err != NSP_OK)
        return;
    if (kind == NSP_F_TYPE) {
        found = true;
        if (nsp_type_from_text(t->text, t->len, &v) != NSP_OK)
            nsp_fields_fail(f, NSP_E_TEXT_TYPE, t->at);
    } else if (kind == NSP_F_RCODE) {
        const word_number_t badsig = {"BADSIG", 16};
        found = find_word(&badsig, 1, t, &v) || nsp_rcode_from_text(t->text, t->len, &v) == NSP_OK;
    } else if (kind == NSP_F_SCHEME) {
        const word_number_t notify = {"NOTIFY", 1};
        found = find_word(&notify, 1, t, &v);
    } else if (is_alg) {
        uint8_t algorithm = 0;
        found = nsp_algorithm_from_text(t->text, t->len, &algorithm) == NSP_OK;
        v = algorithm;
    } else {
        found = find_word(cert_types, sizeof cert_types / sizeof cert_types[0], t, &v);
    }
    if (!found)
        v = (uint16_t)nsp_fields_number(f, t, octet ? 255 : UINT16_MAX);
    if (octet)
        nsp_write_u8(f->w, (uint8_t)v);
    else
        nsp_write_u16(f->w, v);
}

static void put_ttl(nsp_fields_t *f, const nsp_token_t *t);

/* Kinds that take one word and give a number, a name or an address. False: not one of them. */
static bool put_simple(nsp_fields_t *f, nsp_fkind_t kind)
{
    nsp_token_t t;
    switch (kind) {
    case NSP_F_U8:
    case NSP_F_U16:
    case NSP_F_U32:
    case NSP_F_U48:
    case NSP_F_U64: {
        t = nsp_fields_token(f);
        unsigned n = nsp_fixed_octets(kind);
        uint64_t v = nsp_fields_number(f, &t, n == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * n) - 1);
        for (unsigned i = n; i > 0; i--)
            nsp_write_u8(f->w, (uint8_t)(v >> 8 * (i - 1)));
        return true;
    }
    case NSP_F_TTL:
        t = nsp_fields_token(f);
        put_ttl(f, &t);
        return true;
    case NSP_F_TIME:
        t = nsp_fields_token(f);
        put_time(f, &t);
        return true;
    case NSP_F_TYPE:
    case NSP_F_ALG:
    case NSP_F_ALG_NAME:
    case NSP_F_SCHEME:
    case NSP_F_CERT:
    case NSP_F_RCODE:
        t = nsp_fields_token(f);
        put_mnemonic(f, kind, &t);
        return true;
    case NSP_F_NAME:
    case NSP_F_NAME_NC:
        t = nsp_fields_token(f);
        nsp_fields_put_name(f, &t);
        return true;
    case NSP_F_A:
    case NSP_F_AAAA:
        t = nsp_fields_token(f);
        nsp_fields_put_address(f, &t, kind == NSP_F_A ? 4 : 6);
        return true;
    default:
        return false;
    }
}

static void put_tag(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    for (size_t i = 0; i < t.len; i++) {
        char c = t.text[i];
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z')))
            nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at + i);
    }
    put_string(f, &t);
}

static void put_ttl(nsp_fields_t *f, const nsp_token_t *t)
{
    uint32_t v = 0;
    if (f->err != NSP_OK)
        return;
    nsp_err_t err = nsp_ttl_from_text(t->text, t->len, &v);
    if (err != NSP_OK)
        nsp_fields_fail(f, err, t->at);
    nsp_write_u32(f->w, v);
}

/* Octets as pairs of hexadecimal digits with a hyphen between them (RFC 7043 3.2, 4.2). */
static void put_eui(nsp_fields_t *f, size_t octets)
{
    nsp_token_t t = nsp_fields_token(f);
    if (f->err == NSP_OK && t.len != octets * 3 - 1)
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at);
    for (size_t i = 0; i + 1 < t.len && f->err == NSP_OK; i += 3) {
        int high = hex_digit(t.text[i]);
        int low = hex_digit(t.text[i + 1]);
        if (high < 0 || low < 0 || (i + 2 < t.len && t.text[i + 2] != '-'))
            nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at + i);
        else
            nsp_write_u8(f->w, (uint8_t)(high << 4 | low));
    }
}

/* Four groups of one to four hexadecimal digits (RFC 6742 2.1.2). */
static void put_groups(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    size_t i = 0;
    for (int group = 0; group < 4 && f->err == NSP_OK; group++) {
        unsigned v = 0;
        size_t start = i;
        while (i < t.len && i - start < 4 && hex_digit(t.text[i]) >= 0)
            v = v << 4 | (unsigned)hex_digit(t.text[i++]);
        bool separated = group == 3 ? i == t.len : i < t.len && t.text[i] == ':';
        if (i == start || !separated)
            nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at + i);
        i++;
        nsp_write_u16(f->w, (uint16_t)v);
    }
}

static void put_salt(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    uint32_t at = f->w->pos;
    int half = -1;
    nsp_write_u8(f->w, 0);
    if (t.len != 1 || t.text[0] != '-')
        put_hex(f, &t, &half);
    if (half >= 0)
        nsp_fields_fail(f, NSP_E_TEXT_HEX, t.at);
    if (f->w->err != NSP_OK || f->err != NSP_OK)
        return;
    if (f->w->pos - at - 1 > 255)
        nsp_fields_fail(f, NSP_E_TEXT_RANGE, t.at);
    else
        f->w->base[at] = (uint8_t)(f->w->pos - at - 1);
}

static void put_base32(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    uint32_t at = f->w->pos;
    uint32_t bits = 0;
    unsigned have = 0;
    nsp_write_u8(f->w, 0);
    for (size_t i = 0; i < t.len && f->err == NSP_OK; i++) {
        char c = (char)(t.text[i] | 32);
        int d = t.text[i] >= '0' && t.text[i] <= '9' ? t.text[i] - '0'
                : c >= 'a' && c <= 'v'               ? c - 'a' + 10
                                                     : -1;
        if (d < 0) {
            nsp_fields_fail(f, NSP_E_TEXT_BASE32, t.at + i);
            return;
        }
        bits = (bits << 5 | (uint32_t)d) & 0xfff;
        have += 5;
        if (have >= 8) {
            have -= 8;
            nsp_write_u8(f->w, (uint8_t)(bits >> have));
        }
    }
    if (f->w->err != NSP_OK || f->err != NSP_OK)
        return;
    uint32_t n = f->w->pos - at - 1;
    if (n == 0 || n > 255 || have >= 5 || (bits & ((1u << have) - 1)) != 0)
        nsp_fields_fail(f, NSP_E_TEXT_BASE32, t.at);
    else
        f->w->base[at] = (uint8_t)n;
}

/* Length and base64, as TSIG and TKEY print their octets. */
static void put_counted_base64(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    uint16_t n = (uint16_t)nsp_fields_number(f, &t, UINT16_MAX);
    nsp_write_u16(f->w, n);
    uint32_t start = f->w->pos;
    if (n > 0 && f->err == NSP_OK) {
        nsp_token_t data = nsp_fields_token(f);
        nsp_fields_put_base64(f, &data);
    }
    if (f->err == NSP_OK && f->w->pos - start != n)
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at);
}

/* base64 to the end, or "-" for nothing (draft-durand-doa-over-dns 3.3). */
static void put_base64_dash(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    if (t.len == 1 && t.text[0] == '-')
        return;
    nsp_lex_put_back(f->x, t);
    nsp_fields_put_base64_rest(f);
}

static void put_nsap(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    int half = -1;
    if (f->err == NSP_OK && (t.len < 4 || t.text[0] != '0' || (t.text[1] | 32) != 'x')) {
        nsp_fields_fail(f, NSP_E_TEXT_HEX, t.at);
        return;
    }
    for (size_t i = 2; i < t.len && f->err == NSP_OK; i++) {
        nsp_token_t one = t;
        one.text += i;
        one.at += i;
        one.len = 1;
        if (t.text[i] != '.')
            put_hex(f, &one, &half);
    }
    if (half >= 0)
        nsp_fields_fail(f, NSP_E_TEXT_HEX, t.at);
}

static void put_field(nsp_fields_t *f, nsp_fkind_t kind)
{
    nsp_token_t t;
    if (put_simple(f, kind))
        return;
    switch (kind) {
    case NSP_F_STRING:
        t = nsp_fields_token(f);
        put_string(f, &t);
        break;
    case NSP_F_STRINGS:
        put_strings(f);
        break;
    case NSP_F_TEXT:
        t = nsp_fields_token(f);
        put_text(f, &t, UINT16_MAX);
        break;
    case NSP_F_TAG:
        put_tag(f);
        break;
    case NSP_F_HEX:
        nsp_fields_put_hex_rest(f);
        break;
    case NSP_F_HEX8:
        put_salt(f);
        break;
    case NSP_F_B32_8:
        put_base32(f);
        break;
    case NSP_F_B64_DASH:
        put_base64_dash(f);
        break;
    case NSP_F_B64:
        nsp_fields_put_base64_rest(f);
        break;
    case NSP_F_B64_16:
        put_counted_base64(f);
        break;
    case NSP_F_EUI48:
        put_eui(f, 6);
        break;
    case NSP_F_EUI64:
        put_eui(f, 8);
        break;
    case NSP_F_NID64:
        put_groups(f);
        break;
    case NSP_F_NSAP:
        put_nsap(f);
        break;
    default:
        nsp_fields_put_composite(f, kind);
        break;
    }
}

/* \# length hex (RFC 3597 5). */
static void put_unknown(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    uint64_t n = nsp_fields_number(f, &t, UINT16_MAX);
    uint32_t start = f->w->pos;
    nsp_fields_put_hex_rest(f);
    if (f->err == NSP_OK && f->w->err == NSP_OK && f->w->pos - start != n)
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at);
}

/* What was read must be sound for a type whose format is known, \# data above all: it stands alone,
 * so that no name in it may be compressed (RFC 3597 4). */
static void check_rdata(nsp_fields_t *f, uint16_t type, size_t at)
{
    nsp_msg_t m = {.wire = f->w->base, .size = f->w->pos};
    nsp_rr_t rr = {.type = type, .rdlength = (uint16_t)f->w->pos};
    nsp_rdata_t it;
    nsp_field_t field;
    nsp_rdata_begin(&it, &m, &rr);
    field.name.len = 0;
    while (nsp_rdata_next(&it, &field)) {
        bool is_name = field.desc->kind == NSP_F_NAME || field.desc->kind == NSP_F_NAME_NC;
        if (is_name && field.size != field.name.len)
            nsp_fields_fail(f, NSP_E_POINTER_FORBIDDEN, at);
    }
    if (it.r.err != NSP_OK)
        nsp_fields_fail(f, it.r.err, at);
}

static bool is_unknown_mark(const nsp_token_t *t)
{
    return t->kind == NSP_TOKEN_WORD && t->len == 2 && t->text[0] == '\\' && t->text[1] == '#';
}

nsp_err_t nsp_lex_rdata(nsp_lex_t *x, uint16_t type, const uint8_t *origin, uint8_t origin_len,
                        nsp_writer_t *w, size_t *err_at)
{
    nsp_fields_t f = {.x = x, .w = w, .origin = origin, .origin_len = origin_len};
    const nsp_rrtype_t *line = nsp_rrtype_get(type);
    nsp_token_t mark = nsp_lex_next(x);
    if (is_unknown_mark(&mark)) {
        put_unknown(&f);
    } else {
        nsp_lex_put_back(x, mark);
        if (line->fields[0].kind == NSP_F_UNKNOWN)
            nsp_fields_fail(&f, NSP_E_TEXT_VALUE, mark.at);
        for (int i = 0; i < NSP_FIELDS_MAX && line->fields[i].kind != NSP_F_END; i++)
            if (f.err == NSP_OK)
                put_field(&f, line->fields[i].kind);
    }
    nsp_token_t rest = nsp_lex_next(x);
    if (f.err == NSP_OK && rest.kind == NSP_TOKEN_ERROR)
        nsp_fields_fail(&f, x->err, x->err_at);
    else if (f.err == NSP_OK && rest.kind != NSP_TOKEN_NEWLINE && rest.kind != NSP_TOKEN_END)
        nsp_fields_fail(&f, NSP_E_TEXT_EXTRA, rest.at);
    if (f.err == NSP_OK && w->err != NSP_OK)
        nsp_fields_fail(&f, w->err, mark.at);
    if (f.err == NSP_OK)
        check_rdata(&f, type, mark.at);
    *err_at = f.err == NSP_OK ? 0 : f.err_at;
    return f.err;
}
