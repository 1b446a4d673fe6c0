/* RDATA fields with a structure of their own, from presentation format. */
#include "lex_field.h"

bool nsp_parse_ipv4(const char *text, size_t len, uint8_t out[4])
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t start = i;
        while (i < len && i - start < 3 && text[i] >= '0' && text[i] <= '9')
            v = v * 10 + (unsigned)(text[i++] - '0');
        bool padded = i - start > 1 && text[start] == '0';
        if (i == start || v > 255 || padded)
            return false;
        out[part] = (uint8_t)v;
        if (part < 3 && (i >= len || text[i++] != '.'))
            return false;
    }
    return i == len;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 4291 2.2: groups, one "::", a dotted quad at the end. */
bool nsp_parse_ipv6(const char *text, size_t len, uint8_t out[16])
{
    uint8_t octets[16] = {0};
    size_t n = 0;
    size_t gap = SIZE_MAX;
    size_t i = 0;
    if (len >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        i = 2;
    }
    while (i < len) {
        size_t start = i;
        unsigned v = 0;
        while (i < len && i - start < 4 && hex_value(text[i]) >= 0)
            v = v << 4 | (unsigned)hex_value(text[i++]);
        if (i < len && text[i] == '.') {
            if (n > 12 || !nsp_parse_ipv4(text + start, len - start, octets + n))
                return false;
            n += 4;
            break;
        }
        if (i == start || n > 14)
            return false;
        octets[n++] = (uint8_t)(v >> 8);
        octets[n++] = (uint8_t)v;
        if (i == len)
            break;
        if (text[i++] != ':' || i == len)
            return false;
        if (text[i] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = n;
            i++;
        }
    }
    if (gap == SIZE_MAX ? n != 16 : n > 14)
        return false;
    memset(out, 0, 16);
    size_t head = gap == SIZE_MAX ? n : gap;
    memcpy(out, octets, head);
    memcpy(out + 16 - (n - head), octets + head, n - head);
    return true;
}

/* The types of a bitmap, into windows (RFC 4034 4.1.2). */
static void put_bitmap(nsp_fields_t *f)
{
    uint8_t bits[8192] = {0};
    while (f->err == NSP_OK && !nsp_fields_end(f)) {
        nsp_token_t t = nsp_fields_token(f);
        uint16_t type = 0;
        if (nsp_type_from_text(t.text, t.len, &type) != NSP_OK)
            nsp_fields_fail(f, NSP_E_TEXT_TYPE, t.at);
        bits[type / 8] |= (uint8_t)(0x80u >> type % 8);
    }
    for (unsigned window = 0; window < 256 && f->err == NSP_OK; window++) {
        unsigned n = 32;
        while (n > 0 && bits[window * 32 + n - 1] == 0)
            n--;
        if (n == 0)
            continue;
        nsp_write_u8(f->w, (uint8_t)window);
        nsp_write_u8(f->w, (uint8_t)n);
        nsp_write_bytes(f->w, bits + window * (size_t)32, n);
    }
}

static void put_bits(nsp_fields_t *f)
{
    uint8_t bits[16] = {0};
    uint32_t n = 0;
    while (f->err == NSP_OK && !nsp_fields_end(f)) {
        nsp_token_t t = nsp_fields_token(f);
        uint16_t type = 0;
        if (nsp_type_from_text(t.text, t.len, &type) != NSP_OK || type > 127) {
            nsp_fields_fail(f, NSP_E_TEXT_TYPE, t.at);
            return;
        }
        bits[type / 8] |= (uint8_t)(0x80u >> type % 8);
        n = type / 8 + 1u > n ? type / 8 + 1u : n;
    }
    nsp_write_bytes(f->w, bits, n);
}

/* A part of a token, as a token: empty, at the token's end, when it would begin behind that. */
static nsp_token_t part(const nsp_token_t *t, size_t from, size_t to)
{
    nsp_token_t p = *t;
    if (from > t->len)
        from = t->len;
    p.text += from;
    p.at += from;
    p.len = to > from ? to - from : 0;
    return p;
}

static size_t find_char(const nsp_token_t *t, char c, size_t from)
{
    for (size_t i = from; i < t->len; i++)
        if (t->text[i] == c)
            return i;
    return t->len;
}

/* [!]family:address/prefix (RFC 3123 5); trailing zero octets are left out (RFC 3123 4). */
static void put_apl_item(nsp_fields_t *f, const nsp_token_t *t)
{
    size_t negated = t->len > 0 && t->text[0] == '!';
    size_t colon = find_char(t, ':', negated);
    size_t slash = find_char(t, '/', colon);
    nsp_token_t family_text = part(t, negated, colon);
    nsp_token_t address = part(t, colon + 1, slash);
    nsp_token_t prefix_text = part(t, slash + 1, t->len);
    unsigned family = (unsigned)nsp_fields_number(f, &family_text, 2);
    unsigned prefix = (unsigned)nsp_fields_number(f, &prefix_text, family == 1 ? 32 : 128);
    uint8_t octets[16] = {0};
    uint8_t n = family == 1 ? 4 : 16;
    bool good = family == 1   ? nsp_parse_ipv4(address.text, address.len, octets)
                : family == 2 ? nsp_parse_ipv6(address.text, address.len, octets)
                              : false;
    if (!good)
        nsp_fields_fail(f, NSP_E_TEXT_ADDRESS, t->at);
    while (n > 0 && octets[n - 1] == 0)
        n--;
    nsp_write_u16(f->w, (uint16_t)family);
    nsp_write_u8(f->w, (uint8_t)prefix);
    nsp_write_u8(f->w, (uint8_t)(n | (negated ? 0x80u : 0)));
    nsp_write_bytes(f->w, octets, n);
}

/* A decimal with up to three digits behind the point, in thousandths; an "m" may follow. */
static uint64_t thousandths(nsp_fields_t *f, const nsp_token_t *t, uint64_t max)
{
    nsp_token_t text = *t;
    if (text.len > 1 && (text.text[text.len - 1] | 32) == 'm')
        text.len--;
    size_t point = find_char(&text, '.', 0);
    nsp_token_t whole = part(&text, 0, point);
    uint64_t v = nsp_fields_number(f, &whole, max) * 1000;
    uint64_t unit = 100;
    for (size_t i = point + 1; i < text.len; i++, unit /= 10) {
        if (text.text[i] < '0' || text.text[i] > '9' || unit == 0) {
            nsp_fields_fail(f, NSP_E_TEXT_NUMBER, text.at + i);
            return 0;
        }
        v += unit * (uint64_t)(text.text[i] - '0');
    }
    return v;
}

/* "d [m [s]] N|S" (RFC 1876 3). */
static void put_loc_angle(nsp_fields_t *f, uint64_t max, char positive, char negative)
{
    uint64_t ms = 0;
    static const uint32_t unit[] = {3600, 60, 1};
    for (int i = 0; i < 4 && f->err == NSP_OK; i++) {
        nsp_token_t t = nsp_fields_token(f);
        char c = t.len == 1 ? (char)(t.text[0] & ~32) : '\0';
        if (i > 0 && (c == positive || c == negative)) {
            if (ms > max * 3600000)
                nsp_fields_fail(f, NSP_E_TEXT_RANGE, t.at);
            nsp_write_u32(f->w, (uint32_t)(c == positive ? 2147483648u + ms : 2147483648u - ms));
            return;
        }
        if (i == 3)
            nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at);
        else
            ms += thousandths(f, &t, i == 0 ? max : 59) * unit[i];
    }
}

/* A length in metres as one digit and a power of ten of centimetres (RFC 1876 2). */
static uint8_t loc_size(nsp_fields_t *f, const nsp_token_t *t)
{
    uint64_t cm = thousandths(f, t, 90000000) / 10;
    uint8_t exponent = 0;
    while (cm > 9) {
        cm /= 10;
        exponent++;
    }
    return (uint8_t)(cm << 4 | exponent);
}

static void put_loc(nsp_fields_t *f)
{
    uint8_t size[3] = {0x12, 0x16, 0x13}; /* 1 m, 10 km, 10 m */
    nsp_write_u8(f->w, 0);
    uint8_t *sizes = nsp_write_room(f->w, 3);
    put_loc_angle(f, 90, 'N', 'S');
    put_loc_angle(f, 180, 'E', 'W');
    nsp_token_t t = nsp_fields_token(f);
    bool below = t.len > 0 && t.text[0] == '-';
    nsp_token_t altitude = part(&t, below, t.len);
    uint64_t cm = thousandths(f, &altitude, 42849672) / 10;
    if (below && cm > 10000000)
        nsp_fields_fail(f, NSP_E_TEXT_RANGE, t.at);
    nsp_write_u32(f->w, (uint32_t)(below ? 10000000 - cm : 10000000 + cm));
    for (int i = 0; i < 3 && f->err == NSP_OK && !nsp_fields_end(f); i++) {
        t = nsp_fields_token(f);
        size[i] = loc_size(f, &t);
    }
    if (sizes != NULL)
        memcpy(sizes, size, 3);
}

static void put_wks(nsp_fields_t *f)
{
    uint8_t bits[8192] = {0};
    nsp_token_t t = nsp_fields_token(f);
    bool tcp = t.len == 3 && (t.text[0] | 32) == 't';
    bool udp = t.len == 3 && (t.text[0] | 32) == 'u';
    nsp_write_u8(f->w, tcp ? 6 : udp ? 17 : (uint8_t)nsp_fields_number(f, &t, 255));
    size_t n = 0;
    while (f->err == NSP_OK && !nsp_fields_end(f)) {
        t = nsp_fields_token(f);
        size_t port = (size_t)nsp_fields_number(f, &t, UINT16_MAX);
        bits[port / 8] |= (uint8_t)(0x80u >> port % 8);
        n = port / 8 + 1 > n ? port / 8 + 1 : n;
    }
    nsp_write_bytes(f->w, bits, (uint32_t)n);
}

static void put_gateway_value(nsp_fields_t *f, unsigned type)
{
    nsp_token_t t = nsp_fields_token(f);
    if (type == 1 || type == 2)
        nsp_fields_put_address(f, &t, type == 1 ? 4 : 6);
    else if (type == 3)
        nsp_fields_put_name(f, &t);
    else if (t.len != 1 || t.text[0] != '.')
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at);
}

static void put_gateway(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    unsigned type = (unsigned)nsp_fields_number(f, &t, 3);
    nsp_write_u8(f->w, (uint8_t)type);
    t = nsp_fields_token(f);
    nsp_write_u8(f->w, (uint8_t)nsp_fields_number(f, &t, 255));
    put_gateway_value(f, type);
    nsp_fields_put_base64_rest(f);
}

static void put_amtrelay(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    uint64_t discovery = nsp_fields_number(f, &t, 1);
    t = nsp_fields_token(f);
    unsigned type = (unsigned)nsp_fields_number(f, &t, 3);
    nsp_write_u8(f->w, (uint8_t)(discovery << 7 | type));
    put_gateway_value(f, type);
}

/* algorithm, HIT in hex, key in base64, servers; lengths stand first on the wire (RFC 8005 5, 6).
 */
static void put_hip(nsp_fields_t *f)
{
    uint32_t start = f->w->pos;
    nsp_write_bytes(f->w, "\0\0\0\0", 4);
    nsp_token_t t = nsp_fields_token(f);
    uint8_t algorithm = (uint8_t)nsp_fields_number(f, &t, 255);
    t = nsp_fields_token(f);
    uint32_t at = f->w->pos;
    for (size_t i = 0; i + 1 < t.len && f->err == NSP_OK; i += 2) {
        int high = hex_value(t.text[i]);
        int low = hex_value(t.text[i + 1]);
        if (high < 0 || low < 0)
            nsp_fields_fail(f, NSP_E_TEXT_HEX, t.at + i);
        nsp_write_u8(f->w, (uint8_t)((unsigned)high << 4 | (unsigned)low));
    }
    uint32_t hit = f->w->pos - at;
    if (t.len % 2 != 0 || hit > 255)
        nsp_fields_fail(f, NSP_E_TEXT_HEX, t.at);
    t = nsp_fields_token(f);
    at = f->w->pos;
    nsp_fields_put_base64(f, &t);
    uint32_t key = f->w->pos - at;
    while (f->err == NSP_OK && !nsp_fields_end(f)) {
        t = nsp_fields_token(f);
        nsp_fields_put_name(f, &t);
    }
    if (f->err == NSP_OK && f->w->err == NSP_OK) {
        f->w->base[start] = (uint8_t)hit;
        f->w->base[start + 1] = algorithm;
        nsp_patch_u16(f->w, start + 2, (uint16_t)key);
    }
}

static void put_a6(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    unsigned prefix = (unsigned)nsp_fields_number(f, &t, 128);
    nsp_write_u8(f->w, (uint8_t)prefix);
    if (prefix < 128) {
        uint8_t octets[16];
        t = nsp_fields_token(f);
        if (!nsp_parse_ipv6(t.text, t.len, octets)) {
            nsp_fields_fail(f, NSP_E_TEXT_ADDRESS, t.at);
            return;
        }
        uint32_t n = (128 - prefix + 7) / 8;
        if (prefix % 8 != 0)
            octets[16 - n] &= (uint8_t)(0xffu >> prefix % 8);
        nsp_write_bytes(f->w, octets + 16 - n, n);
    }
    if (prefix > 0) {
        t = nsp_fields_token(f);
        nsp_fields_put_name(f, &t);
    }
}

static void put_atma(nsp_fields_t *f)
{
    nsp_token_t t = nsp_fields_token(f);
    if (t.len > 1 && t.text[0] == '+') {
        nsp_token_t digits = part(&t, 1, t.len);
        nsp_write_u8(f->w, 1);
        for (size_t i = 0; i < digits.len; i++)
            if (digits.text[i] < '0' || digits.text[i] > '9')
                nsp_fields_fail(f, NSP_E_TEXT_VALUE, digits.at + i);
        nsp_write_bytes(f->w, digits.text, (uint32_t)digits.len);
        return;
    }
    nsp_write_u8(f->w, 0);
    nsp_lex_put_back(f->x, t);
    nsp_fields_put_hex_rest(f);
}

void nsp_fields_put_composite(nsp_fields_t *f, nsp_fkind_t kind)
{
    switch (kind) {
    case NSP_F_BITMAP:
        put_bitmap(f);
        break;
    case NSP_F_BITS:
        put_bits(f);
        break;
    case NSP_F_APL:
        while (f->err == NSP_OK && !nsp_fields_end(f)) {
            nsp_token_t t = nsp_fields_token(f);
            put_apl_item(f, &t);
        }
        break;
    case NSP_F_LOC:
        put_loc(f);
        break;
    case NSP_F_WKS:
        put_wks(f);
        break;
    case NSP_F_GATEWAY:
        put_gateway(f);
        break;
    case NSP_F_AMTRELAY:
        put_amtrelay(f);
        break;
    case NSP_F_SVCPARAMS:
        nsp_fields_put_svcparams(f);
        break;
    case NSP_F_HIP:
        put_hip(f);
        break;
    case NSP_F_A6:
        put_a6(f);
        break;
    case NSP_F_ATMA:
        put_atma(f);
        break;
    default: /* OPT, UNKNOWN: only as \# */
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, f->x->pos);
        break;
    }
}
