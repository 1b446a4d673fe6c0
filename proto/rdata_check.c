#include "rdata_check.h"

#include "name.h"

static void value_fault(nsp_reader_t *r, uint32_t at)
{
    if (r->err == NSP_OK) {
        r->err = NSP_E_RDATA_VALUE;
        r->err_at = at;
    }
}

/* Windows ascend, each with 1 to 32 octets (RFC 4034 4.1.2). An empty bitmap is allowed: NSEC3 of
 * an empty non-terminal has one (RFC 5155 7.1). */
static void check_bitmap(nsp_reader_t *r)
{
    int last = -1;
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        uint32_t at = r->pos;
        int window = nsp_read_u8(r);
        uint8_t n = nsp_read_u8(r);
        if (r->err == NSP_OK && (window <= last || n == 0 || n > 32))
            value_fault(r, at);
        const uint8_t *p = nsp_read_bytes(r, n);
        if (p != NULL && n > 0 && p[n - 1] == 0)
            value_fault(r, at); /* trailing zero octets are left out */
        last = window;
    }
}

/* The last octet is not zero, and there are at most 16; bit 0 would announce another format
 * (RFC 2535 5.2). */
static void check_bits(nsp_reader_t *r)
{
    uint32_t at = r->pos;
    uint32_t n = nsp_left(r);
    const uint8_t *p = nsp_read_bytes(r, n);
    if (p != NULL && (n > 16 || (n > 0 && (p[n - 1] == 0 || (p[0] & 0x80) != 0))))
        value_fault(r, at);
}

/* Address family items (RFC 3123 4): the prefix fits the family, no trailing zero octet. */
static void check_apl(nsp_reader_t *r)
{
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        uint32_t at = r->pos;
        uint16_t family = nsp_read_u16(r);
        uint8_t prefix = nsp_read_u8(r);
        uint8_t n = nsp_read_u8(r) & 0x7f;
        const uint8_t *p = nsp_read_bytes(r, n);
        if (p == NULL)
            return;
        bool bad = (family == 1 && (prefix > 32 || n > 4)) ||
                   (family == 2 && (prefix > 128 || n > 16)) || (n > 0 && p[n - 1] == 0);
        if (bad)
            value_fault(r, at);
    }
}

/* Latitude to 90 degrees, longitude to 180, in thousandths of a second from 2^31. */
static void check_loc_angle(nsp_reader_t *r, uint32_t degrees)
{
    uint32_t at = r->pos;
    uint32_t v = nsp_read_u32(r);
    uint32_t off = v >= 0x80000000u ? v - 0x80000000u : 0x80000000u - v;
    if (r->err == NSP_OK && off > degrees * 3600000u)
        value_fault(r, at);
}

/* Size and precisions: both nibbles are digits, and no power of ten goes with a zero
 * (RFC 1876 2). */
static void check_loc(nsp_reader_t *r)
{
    uint32_t at = r->pos;
    uint8_t version = nsp_read_u8(r);
    if (version != 0) {
        value_fault(r, at);
        return;
    }
    for (int i = 0; i < 3; i++) {
        uint8_t v = nsp_read_u8(r);
        if (r->err == NSP_OK && ((v >> 4) > 9 || (v & 15) > 9 || (v > 0 && v >> 4 == 0)))
            value_fault(r, r->pos - 1);
    }
    check_loc_angle(r, 90);
    check_loc_angle(r, 180);
    nsp_read_u32(r);
}

/* Protocol, and a bit for each of 65536 ports at most (RFC 1035 3.4.2). */
static void check_wks(nsp_reader_t *r)
{
    nsp_read_u8(r);
    uint32_t at = r->pos;
    uint32_t n = nsp_left(r);
    nsp_read_bytes(r, n);
    if (n > 8192)
        value_fault(r, at);
}

/* The gateway or relay of a type whose octet is at offset at (RFC 4025 2.5, RFC 8777 4.2.3). */
static void skip_gateway(nsp_reader_t *r, uint8_t type, uint32_t at)
{
    if (type == 1)
        nsp_read_bytes(r, 4);
    else if (type == 2)
        nsp_read_bytes(r, 16);
    else if (type == 3)
        nsp_name_skip(r, NSP_NAME_UNCOMPRESSED);
    else if (type != 0)
        value_fault(r, at);
}

/* After the precedence: type, algorithm, gateway, key (RFC 4025 2.1). */
static void check_gateway(nsp_reader_t *r)
{
    uint32_t at = r->pos;
    uint8_t type = nsp_read_u8(r);
    nsp_read_u8(r);
    skip_gateway(r, type, at);
    nsp_read_bytes(r, nsp_left(r));
}

/* After the precedence: D bit and type, relay (RFC 8777 4.2). Other types have no format yet. */
static void check_amtrelay(nsp_reader_t *r)
{
    uint32_t at = r->pos;
    uint8_t type = nsp_read_u8(r) & 0x7f;
    skip_gateway(r, type, at);
}

/* One SvcParam's value (RFC 9460 7, 9461 5, 9540 3, 9848 3). */
static void check_svcparam(nsp_reader_t *v, uint16_t key)
{
    uint32_t at = v->pos;
    uint32_t n = nsp_left(v);
    bool bad = false;
    switch (key) {
    case 0: { /* mandatory: ascending keys, not itself */
        uint32_t last = 0;
        bad = n == 0 || n % 2 != 0;
        while (!bad && nsp_left(v) >= 2) {
            uint16_t k = nsp_read_u16(v);
            bad = k <= last;
            last = k;
        }
        break;
    }
    case 1: /* alpn: non-empty strings */
        bad = n == 0;
        while (!bad && nsp_left(v) > 0) {
            uint8_t len = nsp_read_u8(v);
            bad = len == 0 || nsp_read_bytes(v, len) == NULL;
        }
        break;
    case 2: /* no-default-alpn, ohttp: empty */
    case 8:
        bad = n != 0;
        break;
    case 3:
        bad = n != 2;
        break;
    case 4:
        bad = n == 0 || n % 4 != 0;
        break;
    case 5: /* ech: a list of at least one (RFC 9849 4) */
        bad = n == 0;
        break;
    case 6:
        bad = n == 0 || n % 16 != 0;
        break;
    default:
        break;
    }
    v->err = NSP_OK;
    if (bad)
        value_fault(v, at);
}

static void check_svcparams(nsp_reader_t *r)
{
    int last = -1;
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        uint32_t at = r->pos;
        int key = nsp_read_u16(r);
        uint16_t n = nsp_read_u16(r);
        nsp_reader_t v = nsp_read_sub(r, n);
        if (r->err != NSP_OK)
            return;
        if (key <= last)
            value_fault(r, at);
        check_svcparam(&v, (uint16_t)key);
        if (v.err != NSP_OK)
            value_fault(r, v.err_at);
        last = key;
    }
}

/* Lengths first, then HIT, key and rendezvous servers (RFC 8005 5). */
static void check_hip(nsp_reader_t *r)
{
    uint32_t at = r->pos;
    uint8_t hit = nsp_read_u8(r);
    nsp_read_u8(r);
    uint16_t key = nsp_read_u16(r);
    if (r->err == NSP_OK && (hit == 0 || key == 0))
        value_fault(r, at);
    nsp_read_bytes(r, hit);
    nsp_read_bytes(r, key);
    while (r->err == NSP_OK && nsp_left(r) > 0)
        nsp_name_skip(r, NSP_NAME_UNCOMPRESSED);
}

/* Prefix length, the suffix octets that it leaves, and a prefix name unless it is 0. The name is
 * never compressed (RFC 2874 3.1.1). */
static void check_a6(nsp_reader_t *r)
{
    uint32_t at = r->pos;
    uint8_t prefix = nsp_read_u8(r);
    if (prefix > 128) {
        value_fault(r, at);
        return;
    }
    nsp_read_bytes(r, (uint32_t)(128 - prefix + 7) / 8);
    if (prefix > 0)
        nsp_name_skip(r, NSP_NAME_UNCOMPRESSED);
}

static void check_options(nsp_reader_t *r)
{
    while (r->err == NSP_OK && nsp_left(r) > 0) {
        uint32_t at = r->pos;
        nsp_read_u16(r);
        uint16_t n = nsp_read_u16(r);
        nsp_read_bytes(r, n);
        if (r->err != NSP_OK) {
            r->err = NSP_E_OPT_OPTION;
            r->err_at = at;
        }
    }
}

void nsp_rdata_check(nsp_reader_t *r, nsp_fkind_t kind)
{
    switch (kind) {
    case NSP_F_BITMAP:
        check_bitmap(r);
        return;
    case NSP_F_BITS:
        check_bits(r);
        return;
    case NSP_F_APL:
        check_apl(r);
        return;
    case NSP_F_LOC:
        check_loc(r);
        return;
    case NSP_F_WKS:
        check_wks(r);
        return;
    case NSP_F_NSAP: /* at least one octet */
        nsp_read_u8(r);
        break;
    case NSP_F_GATEWAY:
        check_gateway(r);
        return;
    case NSP_F_AMTRELAY:
        check_amtrelay(r);
        return;
    case NSP_F_SVCPARAMS:
        check_svcparams(r);
        return;
    case NSP_F_HIP:
        check_hip(r);
        return;
    case NSP_F_A6:
        check_a6(r);
        return;
    case NSP_F_ATMA:
        nsp_read_u8(r);
        break;
    case NSP_F_OPTIONS:
        check_options(r);
        return;
    default:
        break;
    }
    nsp_read_bytes(r, nsp_left(r));
}
