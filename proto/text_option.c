/* EDNS options as text, without their name, as dig and kdig show them. */
#include "text_field.h"

static void option_hex(nsp_text_t *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        nsp_text_printf(t, i > 0 ? " %02x" : "%02x", p[i]);
}

/* Octets and, behind them, the same as text where that says something. */
static void option_hex_text(nsp_text_t *t, const uint8_t *p, size_t n)
{
    option_hex(t, p, n);
    if (n == 0)
        return;
    nsp_text_str(t, " (\"");
    for (size_t i = 0; i < n; i++)
        nsp_text_printf(t, "%c", p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '.');
    nsp_text_str(t, "\")");
}

/* family, source and scope prefix lengths, address (RFC 7871 6) */
static bool option_ecs(nsp_text_t *t, nsp_reader_t *r)
{
    uint16_t family = nsp_read_u16(r);
    uint8_t source = nsp_read_u8(r);
    uint8_t scope = nsp_read_u8(r);
    uint32_t n = nsp_left(r);
    uint32_t full = family == 1 ? 4 : 16;
    uint8_t address[16] = {0};
    if (r->err != NSP_OK || (family != 1 && family != 2) || n > full)
        return false;
    if (n > 0)
        memcpy(address, nsp_read_bytes(r, n), n);
    nsp_text_address(t, address, full);
    nsp_text_printf(t, "/%u/%u", source, scope);
    return true;
}

/* UTF-8 as it is; what is none, and what a terminal would obey, as octets. */
static void option_utf8(nsp_text_t *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t length = nsp_utf8_length(p + i, n - i);
        bool shows = length > 0 && nsp_utf8_shows(nsp_utf8_code(p + i, length));
        if (shows)
            nsp_text_add(t, (const char *)p + i, length);
        else
            nsp_text_printf(t, "\\%03u", p[i]);
        i += shows ? length : 1;
    }
}

/* info code and text (RFC 8914 2) */
static bool option_ede(nsp_text_t *t, nsp_reader_t *r)
{
    uint16_t code = nsp_read_u16(r);
    if (r->err != NSP_OK)
        return false;
    nsp_text_printf(t, "%u", code);
    if (nsp_ede_text(code)[0] != '\0')
        nsp_text_printf(t, " (%s)", nsp_ede_text(code));
    uint32_t n = nsp_left(r);
    const uint8_t *p = nsp_read_bytes(r, n);
    if (n > 0) {
        nsp_text_str(t, ": ");
        option_utf8(t, p, n);
    }
    return true;
}

static bool option_numbers(nsp_text_t *t, nsp_reader_t *r, uint32_t octets)
{
    if (nsp_left(r) == 0 || nsp_left(r) % octets != 0)
        return false;
    for (bool first = true; nsp_left(r) > 0; first = false)
        nsp_text_printf(t, first ? "%u" : " %u", octets == 1 ? nsp_read_u8(r) : nsp_read_u16(r));
    return true;
}

/* tenths of a second (RFC 7828 3.1) */
static bool option_keepalive(nsp_text_t *t, nsp_reader_t *r)
{
    if (nsp_left(r) != 2)
        return false;
    uint16_t v = nsp_read_u16(r);
    nsp_text_printf(t, "%u.%u secs", v / 10u, v % 10u);
    return true;
}

static bool option_name(nsp_text_t *t, nsp_reader_t *r)
{
    nsp_name_t name;
    if (nsp_name_read(r, NSP_NAME_UNCOMPRESSED, &name) != NSP_OK || nsp_left(r) > 0)
        return false;
    nsp_text_name(t, &name);
    return true;
}

/* label count, version type, version (RFC 9660 2) */
static bool option_zoneversion(nsp_text_t *t, nsp_reader_t *r)
{
    uint8_t labels = nsp_read_u8(r);
    uint8_t type = nsp_read_u8(r);
    if (r->err != NSP_OK || type != 0 || nsp_left(r) != 4)
        return false;
    nsp_text_printf(t, "labels %u, SOA-SERIAL %u", labels, nsp_read_u32(r));
    return true;
}

static bool option_known(nsp_text_t *t, const nsp_edns_option_t *o)
{
    nsp_reader_t r = nsp_reader(o->data, o->size);
    switch (o->code) {
    case NSP_OPTION_ECS:
        return option_ecs(t, &r);
    case NSP_OPTION_EDE:
        return option_ede(t, &r);
    case NSP_OPTION_DAU:
    case NSP_OPTION_DHU:
    case NSP_OPTION_N3U:
        return option_numbers(t, &r, 1);
    case NSP_OPTION_KEY_TAG:
    case NSP_OPTION_CLIENT_TAG:
    case NSP_OPTION_SERVER_TAG:
        return option_numbers(t, &r, 2);
    case NSP_OPTION_EXPIRE:
        if (o->size != 4)
            return false;
        nsp_text_printf(t, "%u", nsp_read_u32(&r));
        return true;
    case NSP_OPTION_KEEPALIVE:
        return option_keepalive(t, &r);
    case NSP_OPTION_CHAIN:
    case NSP_OPTION_REPORT_CHANNEL:
        return option_name(t, &r);
    case NSP_OPTION_ZONEVERSION:
        return option_zoneversion(t, &r);
    case NSP_OPTION_PADDING:
        nsp_text_printf(t, "%u octets", o->size);
        return true;
    case NSP_OPTION_COOKIE:
        for (uint16_t i = 0; i < o->size; i++)
            nsp_text_printf(t, "%02x", o->data[i]);
        return true;
    default:
        return false;
    }
}

void nsp_text_option(nsp_text_t *t, const nsp_edns_option_t *o)
{
    size_t mark = t->len;
    if (option_known(t, o))
        return;
    t->len = mark;
    option_hex_text(t, o->data, o->size);
}
