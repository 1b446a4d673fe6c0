/* Text of the RDATA fields that have a structure of their own. They were validated when they were
 * decoded; the cursor guards every read here all the same. */
#include "text_field.h"

static void text_bitmap(nsp_text_t *t, nsp_reader_t *r)
{
    bool first = true;
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        unsigned window = nsp_read_u8(r);
        uint8_t n = nsp_read_u8(r);
        const uint8_t *p = nsp_read_bytes(r, n);
        for (unsigned bit = 0; p != NULL && bit < n * 8u; bit++) {
            char buf[16];
            if ((p[bit / 8] & (0x80u >> bit % 8)) == 0)
                continue;
            nsp_text_str(t, first ? "" : " ");
            nsp_text_str(t, nsp_type_text((uint16_t)(window << 8 | bit), buf));
            first = false;
        }
    }
}

static void text_bits(nsp_text_t *t, nsp_reader_t *r)
{
    uint32_t n = nsp_left(r);
    const uint8_t *p = nsp_read_bytes(r, n);
    bool first = true;
    for (uint32_t bit = 0; p != NULL && bit < n * 8; bit++) {
        char buf[16];
        if ((p[bit / 8] & (0x80u >> bit % 8)) == 0)
            continue;
        nsp_text_str(t, first ? "" : " ");
        nsp_text_str(t, nsp_type_text((uint16_t)bit, buf));
        first = false;
    }
}

/* True when every item is of a family whose addresses have a text: IPv4 or IPv6. */
static bool apl_has_text(nsp_reader_t r)
{
    while (r.err == NSP_OK && nsp_left(&r) > 0) {
        uint16_t family = nsp_read_u16(&r);
        nsp_read_u8(&r);
        nsp_read_bytes(&r, nsp_read_u8(&r) & 0x7fu);
        if (family != 1 && family != 2)
            return false;
    }
    return true;
}

/* "!1:192.168.38.0/28" (RFC 3123 5); \# when there is another family, which no text can say */
static void text_apl(nsp_text_t *t, nsp_reader_t *r)
{
    bool first = true;
    if (!apl_has_text(*r)) {
        nsp_text_unknown(t, r->base, nsp_left(r));
        return;
    }
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        uint16_t family = nsp_read_u16(r);
        uint8_t prefix = nsp_read_u8(r);
        uint8_t n = nsp_read_u8(r);
        bool negated = (n & 0x80) != 0;
        n &= 0x7f;
        const uint8_t *p = nsp_read_bytes(r, n);
        uint8_t full[16] = {0};
        if (p == NULL)
            return;
        nsp_text_printf(t, "%s%s%u:", first ? "" : " ", negated ? "!" : "", family);
        memcpy(full, p, n < 16 ? n : 16);
        nsp_text_address(t, full, family == 1 ? 4 : 16);
        nsp_text_printf(t, "/%u", prefix);
        first = false;
    }
}

/* Base and exponent in centimetres, as metres with two decimals (RFC 1876 2, 3). */
static void text_loc_size(nsp_text_t *t, uint8_t v)
{
    uint64_t cm = v >> 4;
    for (int i = v & 15; i > 0; i--)
        cm *= 10;
    if (v >= 0x10 && (v & 15) >= 2) /* below a metre with its decimals, as BIND does */
        nsp_text_printf(t, " %llum", (unsigned long long)(cm / 100));
    else
        nsp_text_printf(t, " %llu.%02um", (unsigned long long)(cm / 100), (unsigned)(cm % 100));
}

static void text_loc_angle(nsp_text_t *t, uint32_t v, char positive, char negative)
{
    int64_t a = (int64_t)v - 2147483648;
    char side = a < 0 ? negative : positive;
    uint64_t ms = (uint64_t)(a < 0 ? -a : a);
    nsp_text_printf(t, "%llu %llu %llu.%03llu %c ", (unsigned long long)(ms / 3600000),
                    (unsigned long long)(ms / 60000 % 60), (unsigned long long)(ms / 1000 % 60),
                    (unsigned long long)(ms % 1000), side);
}

static void text_loc(nsp_text_t *t, nsp_reader_t *r)
{
    nsp_read_u8(r);
    uint8_t size[3];
    for (int i = 0; i < 3; i++)
        size[i] = nsp_read_u8(r);
    uint32_t latitude = nsp_read_u32(r);
    uint32_t longitude = nsp_read_u32(r);
    int64_t altitude = (int64_t)nsp_read_u32(r) - 10000000;
    text_loc_angle(t, latitude, 'N', 'S');
    text_loc_angle(t, longitude, 'E', 'W');
    uint64_t cm = (uint64_t)(altitude < 0 ? -altitude : altitude);
    nsp_text_printf(t, "%s%llu.%02llum", altitude < 0 ? "-" : "", (unsigned long long)(cm / 100),
                    (unsigned long long)(cm % 100));
    for (int i = 0; i < 3; i++)
        text_loc_size(t, size[i]);
}

/* Protocol and ports (RFC 1035 3.4.2) */
static void text_wks(nsp_text_t *t, nsp_reader_t *r)
{
    nsp_text_printf(t, "%u", nsp_read_u8(r));
    uint32_t n = nsp_left(r);
    const uint8_t *p = nsp_read_bytes(r, n);
    for (uint32_t bit = 0; p != NULL && bit < n * 8; bit++)
        if ((p[bit / 8] & (0x80u >> bit % 8)) != 0)
            nsp_text_printf(t, " %u", bit);
}

/* A gateway or relay of one of four types. */
static void text_gateway(nsp_text_t *t, nsp_reader_t *r, unsigned type)
{
    nsp_name_t name;
    if (type == 1 || type == 2) {
        uint32_t n = type == 1 ? 4 : 16;
        const uint8_t *p = nsp_read_bytes(r, n);
        if (p != NULL)
            nsp_text_address(t, p, n);
    } else if (type == 3) {
        nsp_name_read(r, NSP_NAME_UNCOMPRESSED, &name);
        nsp_text_name(t, &name);
    } else {
        nsp_text_str(t, ".");
    }
}

static void text_ipseckey(nsp_text_t *t, nsp_reader_t *r)
{
    unsigned type = nsp_read_u8(r);
    unsigned algorithm = nsp_read_u8(r);
    nsp_text_printf(t, "%u %u ", type, algorithm);
    text_gateway(t, r, type);
    uint32_t n = nsp_left(r);
    if (n > 0) {
        nsp_text_str(t, " ");
        nsp_text_base64(t, nsp_read_bytes(r, n), n);
    }
}

static void text_amtrelay(nsp_text_t *t, nsp_reader_t *r)
{
    unsigned v = nsp_read_u8(r);
    nsp_text_printf(t, "%u %u ", v >> 7, v & 0x7f);
    text_gateway(t, r, v & 0x7f);
}

static void svcparam_key(nsp_text_t *t, uint16_t key)
{
    static const char *const names[] = {"mandatory", "alpn",     "no-default-alpn",
                                        "port",      "ipv4hint", "ech",
                                        "ipv6hint",  "dohpath",  "ohttp"};
    if (key < sizeof names / sizeof names[0])
        nsp_text_str(t, names[key]);
    else
        nsp_text_printf(t, "key%u", key);
}

/* Inside a quoted value: a comma or backslash of an alpn id is escaped twice (RFC 9460 A.1). */
static void alpn_octets(nsp_text_t *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == ',')
            nsp_text_str(t, "\\\\,");
        else if (p[i] == '\\')
            nsp_text_str(t, "\\\\\\\\");
        else if (p[i] == '"')
            nsp_text_str(t, "\\\"");
        else if (p[i] < 0x20 || p[i] > 0x7e)
            nsp_text_printf(t, "\\%03u", p[i]);
        else
            nsp_text_add(t, (const char *)&p[i], 1);
    }
}

static void svcparam_list(nsp_text_t *t, uint16_t key, nsp_reader_t *v)
{
    for (bool first = true; v->err == NSP_OK && nsp_left(v) > 0; first = false) {
        nsp_text_str(t, first ? "" : ",");
        if (key == 0) {
            svcparam_key(t, nsp_read_u16(v));
        } else if (key == 1) {
            uint8_t n = nsp_read_u8(v);
            const uint8_t *p = nsp_read_bytes(v, n);
            if (p != NULL)
                alpn_octets(t, p, n);
        } else {
            uint32_t n = key == 4 ? 4 : 16;
            const uint8_t *p = nsp_read_bytes(v, n);
            if (p != NULL)
                nsp_text_address(t, p, n);
        }
    }
}

static void svcparam_value(nsp_text_t *t, uint16_t key, nsp_reader_t *v)
{
    uint32_t n = nsp_left(v);
    switch (key) {
    case 0:
    case 4:
    case 6:
        nsp_text_str(t, "=");
        svcparam_list(t, key, v);
        break;
    case 1:
        nsp_text_str(t, "=\"");
        svcparam_list(t, key, v);
        nsp_text_str(t, "\"");
        break;
    case 3:
        nsp_text_printf(t, "=%u", nsp_read_u16(v));
        break;
    case 5:
        nsp_text_str(t, "=");
        nsp_text_base64(t, nsp_read_bytes(v, n), n);
        break;
    default:
        if (n > 0) {
            nsp_text_str(t, "=");
            nsp_text_quoted(t, nsp_read_bytes(v, n), n);
        }
        break;
    }
}

static void text_svcparams(nsp_text_t *t, nsp_reader_t *r)
{
    for (bool first = true; r->err == NSP_OK && nsp_left(r) > 0; first = false) {
        uint16_t key = nsp_read_u16(r);
        uint16_t n = nsp_read_u16(r);
        nsp_reader_t v = nsp_read_sub(r, n);
        nsp_text_str(t, first ? "" : " ");
        svcparam_key(t, key);
        svcparam_value(t, key, &v);
    }
}

static void text_hip(nsp_text_t *t, nsp_reader_t *r)
{
    uint8_t hit = nsp_read_u8(r);
    unsigned algorithm = nsp_read_u8(r);
    uint16_t key = nsp_read_u16(r);
    const uint8_t *h = nsp_read_bytes(r, hit);
    const uint8_t *k = nsp_read_bytes(r, key);
    if (h == NULL || k == NULL)
        return;
    nsp_text_printf(t, "%u ", algorithm);
    nsp_text_hex(t, h, hit);
    nsp_text_str(t, " ");
    nsp_text_base64(t, k, key);
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        nsp_name_t name;
        nsp_name_read(r, NSP_NAME_UNCOMPRESSED, &name);
        nsp_text_str(t, " ");
        nsp_text_name(t, &name);
    }
}

static void text_a6(nsp_text_t *t, nsp_reader_t *r)
{
    uint8_t prefix = nsp_read_u8(r);
    uint32_t n = prefix <= 128 ? (uint32_t)(128 - prefix + 7) / 8 : 0;
    const uint8_t *p = nsp_read_bytes(r, n);
    uint8_t full[16] = {0};
    nsp_text_printf(t, "%u", prefix);
    if (p != NULL && prefix < 128) {
        memcpy(full + 16 - n, p, n);
        nsp_text_str(t, " ");
        nsp_text_address(t, full, 16);
    }
    if (prefix > 0) {
        nsp_name_t name;
        nsp_name_read(r, NSP_NAME_UNCOMPRESSED, &name);
        nsp_text_str(t, " ");
        nsp_text_name(t, &name);
    }
}

/* Format 0 is an NSAP in hexadecimal, format 1 a telephone number. */
static void text_atma(nsp_text_t *t, nsp_reader_t *r)
{
    uint8_t format = nsp_read_u8(r);
    uint32_t n = nsp_left(r);
    const uint8_t *p = nsp_read_bytes(r, n);
    bool digits = format == 1 && n > 0;
    for (uint32_t i = 0; digits && i < n; i++)
        digits = p[i] >= '0' && p[i] <= '9';
    if (digits) {
        nsp_text_str(t, "+");
        nsp_text_add(t, (const char *)p, n);
    } else if (format == 0 && n > 0) {
        nsp_text_hex(t, p, n);
    } else {
        nsp_text_unknown(t, r->base + r->pos - n - 1, n + 1u);
    }
}

static void text_options(nsp_text_t *t, nsp_reader_t *r)
{
    for (bool first = true; r->err == NSP_OK && nsp_left(r) > 0; first = false) {
        char buf[16];
        nsp_edns_option_t o;
        o.code = nsp_read_u16(r);
        o.size = nsp_read_u16(r);
        o.data = nsp_read_bytes(r, o.size);
        if (o.data == NULL)
            return;
        nsp_text_printf(t, "%s%s: ", first ? "" : "; ", nsp_option_text(o.code, buf));
        nsp_text_option(t, &o);
    }
}

void nsp_text_composite(nsp_text_t *t, const nsp_field_t *f)
{
    nsp_reader_t r = nsp_reader(f->bytes, f->nbytes);
    switch (f->desc->kind) {
    case NSP_F_BITMAP:
        text_bitmap(t, &r);
        break;
    case NSP_F_BITS:
        text_bits(t, &r);
        break;
    case NSP_F_APL:
        text_apl(t, &r);
        break;
    case NSP_F_LOC:
        text_loc(t, &r);
        break;
    case NSP_F_WKS:
        text_wks(t, &r);
        break;
    case NSP_F_GATEWAY:
        text_ipseckey(t, &r);
        break;
    case NSP_F_AMTRELAY:
        text_amtrelay(t, &r);
        break;
    case NSP_F_SVCPARAMS:
        text_svcparams(t, &r);
        break;
    case NSP_F_HIP:
        text_hip(t, &r);
        break;
    case NSP_F_A6:
        text_a6(t, &r);
        break;
    case NSP_F_ATMA:
        text_atma(t, &r);
        break;
    case NSP_F_OPTIONS:
        text_options(t, &r);
        break;
    default:
        nsp_text_unknown(t, f->bytes, f->nbytes);
        break;
    }
}
