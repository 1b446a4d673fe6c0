#include "generate.h"

#include "fixed.h"

uint64_t nsp_random_next(nsp_random_t *r)
{
    r->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = r->state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t nsp_random_below(nsp_random_t *r, uint32_t n)
{
    return (uint32_t)((nsp_random_next(r) >> 32) * n >> 32);
}

static void put_name(nsp_random_t *r, nsp_writer_t *w)
{
    nsp_name_t name;
    nsp_name_generate(r, &name);
    nsp_write_bytes(w, name.octets, name.len);
}

static void put_octets(nsp_random_t *r, nsp_writer_t *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        nsp_write_u8(w, (uint8_t)nsp_random_next(r));
}

/* Small numbers mostly, and the ends of the range: where parsers have their branches. */
static uint64_t number(nsp_random_t *r, unsigned bits)
{
    uint64_t all = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
    switch (nsp_random_below(r, 5)) {
    case 0:
        return nsp_random_below(r, 18);
    case 1:
        return all - nsp_random_below(r, 3);
    case 2:
        return UINT64_C(1) << nsp_random_below(r, bits);
    default:
        return nsp_random_next(r) & all;
    }
}

void nsp_name_generate(nsp_random_t *r, nsp_name_t *out)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_*";
    bool greatest = nsp_random_below(r, 40) == 0;
    unsigned labels = greatest ? 127 : nsp_random_below(r, 7);
    unsigned at = 0;
    for (unsigned i = 0; i < labels; i++) {
        unsigned room = NSP_NAME_MAX - 1 - at;
        unsigned n = greatest ? 63 : 1 + nsp_random_below(r, nsp_random_below(r, 8) == 0 ? 63 : 12);
        if (room < 2)
            break;
        if (n > room - 1)
            n = room - 1;
        out->octets[at++] = (uint8_t)n;
        for (unsigned k = 0; k < n; k++)
            out->octets[at++] = nsp_random_below(r, 64) == 0
                                    ? (uint8_t)nsp_random_next(r)
                                    : (uint8_t)letters[nsp_random_below(r, sizeof letters - 1)];
    }
    out->octets[at++] = 0;
    out->len = (uint8_t)at;
}

static void put_strings(nsp_random_t *r, nsp_writer_t *w)
{
    for (uint32_t i = 0, n = 1 + nsp_random_below(r, 4); i < n; i++) {
        uint32_t len = nsp_random_below(r, nsp_random_below(r, 4) == 0 ? 256 : 20);
        nsp_write_u8(w, (uint8_t)len);
        put_octets(r, w, len);
    }
}

static void put_tag(nsp_random_t *r, nsp_writer_t *w)
{
    static const char *const tags[] = {"issue", "issuewild", "iodef", "x", "Contact9"};
    const char *tag = tags[nsp_random_below(r, sizeof tags / sizeof tags[0])];
    nsp_write_u8(w, (uint8_t)strlen(tag));
    nsp_write_bytes(w, tag, (uint32_t)strlen(tag));
}

/* Octets whose last one is not zero (RFC 4034 4.1.2, RFC 3123 4). */
static void put_trimmed(nsp_random_t *r, nsp_writer_t *w, uint32_t n, uint8_t first_mask)
{
    for (uint32_t i = 0; i < n; i++) {
        uint8_t v = (uint8_t)nsp_random_next(r);
        if (i == 0)
            v &= first_mask;
        nsp_write_u8(w, i + 1 == n && v == 0 ? 1 : v);
    }
}

static void put_bitmap(nsp_random_t *r, nsp_writer_t *w)
{
    uint32_t window = 0;
    for (uint32_t i = 0, n = nsp_random_below(r, 4); i < n && window < 256; i++) {
        uint32_t octets = 1 + nsp_random_below(r, 32);
        nsp_write_u8(w, (uint8_t)window);
        nsp_write_u8(w, (uint8_t)octets);
        put_trimmed(r, w, octets, 0xff);
        window += 1 + nsp_random_below(r, 3);
    }
}

static void put_apl(nsp_random_t *r, nsp_writer_t *w)
{
    for (uint32_t i = 0, n = nsp_random_below(r, 4); i < n; i++) {
        bool v4 = nsp_random_below(r, 2) == 0;
        uint32_t octets = nsp_random_below(r, v4 ? 5 : 17);
        nsp_write_u16(w, v4 ? 1 : 2);
        nsp_write_u8(w, (uint8_t)nsp_random_below(r, v4 ? 33 : 129));
        nsp_write_u8(w, (uint8_t)(octets | nsp_random_below(r, 2) << 7));
        put_trimmed(r, w, octets, 0xff);
    }
}

static void put_angle(nsp_random_t *r, nsp_writer_t *w, uint32_t degrees)
{
    nsp_write_u32(w, 0x80000000u - degrees * 3600000u +
                         nsp_random_below(r, 2 * degrees * 3600000u + 1));
}

static void put_loc(nsp_random_t *r, nsp_writer_t *w)
{
    nsp_write_u8(w, 0);
    for (int i = 0; i < 3; i++)
        nsp_write_u8(w, (uint8_t)((1 + nsp_random_below(r, 9)) << 4 | nsp_random_below(r, 10)));
    put_angle(r, w, 90);
    put_angle(r, w, 180);
    nsp_write_u32(w, (uint32_t)number(r, 32));
}

/* A relay or gateway of type 0 to 3 (RFC 4025 2.5, RFC 8777 4.2.3). */
static void put_relay(nsp_random_t *r, nsp_writer_t *w, uint32_t type)
{
    if (type == 1)
        put_octets(r, w, 4);
    else if (type == 2)
        put_octets(r, w, 16);
    else if (type == 3)
        put_name(r, w);
}

static void put_gateway(nsp_random_t *r, nsp_writer_t *w)
{
    uint32_t type = nsp_random_below(r, 4);
    nsp_write_u8(w, (uint8_t)type);
    nsp_write_u8(w, (uint8_t)nsp_random_below(r, 4));
    put_relay(r, w, type);
    put_octets(r, w, nsp_random_below(r, 40));
}

static void put_amtrelay(nsp_random_t *r, nsp_writer_t *w)
{
    uint32_t type = nsp_random_below(r, 4);
    nsp_write_u8(w, (uint8_t)(type | nsp_random_below(r, 2) << 7));
    put_relay(r, w, type);
}

static void put_svcparam(nsp_random_t *r, nsp_writer_t *w, uint32_t key)
{
    uint32_t n = 1 + nsp_random_below(r, 3);
    switch (key) {
    case 0: /* mandatory: ascending keys */
        nsp_write_u16(w, (uint16_t)(2 * n));
        for (uint32_t i = 0; i < n; i++)
            nsp_write_u16(w, (uint16_t)(1 + i * 2));
        break;
    case 1: /* alpn */
        nsp_write_u16(w, (uint16_t)(3 * n));
        for (uint32_t i = 0; i < n; i++) {
            nsp_write_u8(w, 2);
            put_octets(r, w, 2);
        }
        break;
    case 2:
    case 8:
        nsp_write_u16(w, 0);
        break;
    case 3:
        nsp_write_u16(w, 2);
        put_octets(r, w, 2);
        break;
    default:
        n *= key == 6 ? 16 : 4;
        nsp_write_u16(w, (uint16_t)n);
        put_octets(r, w, n);
        break;
    }
}

static void put_svcparams(nsp_random_t *r, nsp_writer_t *w)
{
    for (uint32_t key = 0; key < 12; key++) {
        if (nsp_random_below(r, 3) != 0)
            continue;
        nsp_write_u16(w, (uint16_t)key);
        put_svcparam(r, w, key);
    }
}

static void put_hip(nsp_random_t *r, nsp_writer_t *w)
{
    uint32_t hit = 1 + nsp_random_below(r, 32);
    uint32_t key = 1 + nsp_random_below(r, 100);
    nsp_write_u8(w, (uint8_t)hit);
    nsp_write_u8(w, (uint8_t)nsp_random_below(r, 4));
    nsp_write_u16(w, (uint16_t)key);
    put_octets(r, w, hit + key);
    for (uint32_t i = 0, n = nsp_random_below(r, 3); i < n; i++)
        put_name(r, w);
}

static void put_a6(nsp_random_t *r, nsp_writer_t *w)
{
    uint32_t prefix = nsp_random_below(r, 129);
    nsp_write_u8(w, (uint8_t)prefix);
    put_octets(r, w, (128 - prefix + 7) / 8);
    if (prefix > 0)
        put_name(r, w);
}

static void put_options(nsp_random_t *r, nsp_writer_t *w)
{
    for (uint32_t i = 0, n = nsp_random_below(r, 5); i < n; i++) {
        uint32_t size = nsp_random_below(r, 40);
        nsp_write_u16(w, (uint16_t)nsp_random_below(r, 22));
        nsp_write_u16(w, (uint16_t)size);
        put_octets(r, w, size);
    }
}

/* Octets behind a length of one or two octets. */
static void put_counted(nsp_random_t *r, nsp_writer_t *w, nsp_fkind_t kind)
{
    uint32_t n = nsp_random_below(r, 40) + (kind == NSP_F_B32_8);
    if (kind == NSP_F_B64_16)
        nsp_write_u16(w, (uint16_t)n);
    else
        nsp_write_u8(w, (uint8_t)n);
    put_octets(r, w, n);
}

static void put_composite(nsp_random_t *r, nsp_writer_t *w, nsp_fkind_t kind)
{
    switch (kind) {
    case NSP_F_BITMAP:
        put_bitmap(r, w);
        break;
    case NSP_F_BITS:
        put_trimmed(r, w, nsp_random_below(r, 17), 0x7f);
        break;
    case NSP_F_APL:
        put_apl(r, w);
        break;
    case NSP_F_LOC:
        put_loc(r, w);
        break;
    case NSP_F_GATEWAY:
        put_gateway(r, w);
        break;
    case NSP_F_AMTRELAY:
        put_amtrelay(r, w);
        break;
    case NSP_F_SVCPARAMS:
        put_svcparams(r, w);
        break;
    case NSP_F_HIP:
        put_hip(r, w);
        break;
    case NSP_F_A6:
        put_a6(r, w);
        break;
    case NSP_F_OPTIONS:
        put_options(r, w);
        break;
    default: /* octets to the end, at least one */
        put_octets(r, w, 1 + nsp_random_below(r, 64));
        break;
    }
}

static void put_field(nsp_random_t *r, nsp_writer_t *w, nsp_fkind_t kind)
{
    uint32_t octets = nsp_fixed_octets(kind);
    if (nsp_is_number(kind)) {
        uint64_t v = number(r, octets * 8);
        for (unsigned i = octets; i-- > 0;)
            nsp_write_u8(w, (uint8_t)(v >> 8 * i));
        return;
    }
    if (octets > 0) {
        put_octets(r, w, octets);
        return;
    }
    switch (kind) {
    case NSP_F_NAME:
    case NSP_F_NAME_NC:
        put_name(r, w);
        break;
    case NSP_F_STRING:
    case NSP_F_HEX8:
    case NSP_F_B32_8:
    case NSP_F_B64_16:
        put_counted(r, w, kind);
        break;
    case NSP_F_STRINGS:
        put_strings(r, w);
        break;
    case NSP_F_TAG:
        put_tag(r, w);
        break;
    default:
        put_composite(r, w, kind);
        break;
    }
}

size_t nsp_rdata_generate(uint16_t type, nsp_random_t *r, uint8_t *buf, size_t cap)
{
    const nsp_rrtype_t *line = nsp_rrtype_get(type);
    nsp_writer_t w = nsp_writer(buf, cap);
    for (unsigned i = 0; i < NSP_FIELDS_MAX && line->fields[i].kind != NSP_F_END; i++)
        put_field(r, &w, line->fields[i].kind);
    return w.err == NSP_OK ? w.pos : 0;
}
