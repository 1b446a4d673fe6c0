#include "rdata_quick.h"

#include "rdata_check.h"

/* Octets after a name without pointers at pos that ends before end; 0 when it is no such name. */
static uint32_t after_plain_name(const uint8_t *wire, uint32_t pos, uint32_t end)
{
    uint32_t start = pos;
    while (pos < end && wire[pos] <= NSP_LABEL_MAX) {
        uint32_t n = wire[pos++];
        if (n == 0)
            return pos - start <= NSP_NAME_MAX ? pos : 0;
        pos += n;
    }
    return 0;
}

/* One or more character strings that fill it (RFC 1035 3.3.14). */
static bool is_strings(const uint8_t *wire, uint32_t pos, uint32_t end)
{
    if (pos == end)
        return false;
    while (pos < end)
        pos += wire[pos] + 1u;
    return pos == end;
}

/* Options, each behind code and length (RFC 6891 6.1.2). */
static bool is_options(const uint8_t *wire, uint32_t pos, uint32_t end)
{
    while (end - pos >= 4) {
        uint32_t n = (uint32_t)wire[pos + 2] << 8 | wire[pos + 3];
        if (end - pos - 4 < n)
            return false;
        pos += 4 + n;
    }
    return pos == end;
}

/* A type bitmap to the end. */
static bool is_bitmap(const uint8_t *wire, uint32_t pos, uint32_t end)
{
    nsp_reader_t r = nsp_reader(wire, end);
    r.pos = pos;
    r.end = end;
    nsp_rdata_check(&r, NSP_F_BITMAP);
    return r.err == NSP_OK && r.pos == end;
}

/* Four octets, the salt, the next hashed owner, which is not empty, a bitmap (RFC 5155 3.2). */
static bool is_nsec3(const uint8_t *wire, uint32_t pos, uint32_t end)
{
    if (end - pos < 5)
        return false;
    pos += 4;
    pos += wire[pos] + 1u;
    if (pos >= end || wire[pos] == 0)
        return false;
    pos += wire[pos] + 1u;
    return pos <= end && is_bitmap(wire, pos, end);
}

bool nsp_rdata_quick(const uint8_t *wire, uint16_t type, uint32_t pos, uint32_t end)
{
    switch (type) {
    case NSP_TYPE_A:
        return end - pos == 4;
    case NSP_TYPE_AAAA:
        return end - pos == 16;
    case NSP_TYPE_TXT:
        return is_strings(wire, pos, end);
    case NSP_TYPE_OPT:
        return is_options(wire, pos, end);
    case NSP_TYPE_DS:
    case NSP_TYPE_DNSKEY:
    case NSP_TYPE_CDS:
    case NSP_TYPE_CDNSKEY:
        return end - pos >= 4;
    case NSP_TYPE_RRSIG: /* RFC 4034 3.1 */
        return end - pos > 18 && after_plain_name(wire, pos + 18, end) != 0;
    case NSP_TYPE_NSEC:
        pos = after_plain_name(wire, pos, end);
        return pos != 0 && is_bitmap(wire, pos, end);
    case NSP_TYPE_NSEC3:
        return is_nsec3(wire, pos, end);
    default:
        return false;
    }
}
