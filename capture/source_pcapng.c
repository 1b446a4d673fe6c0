/* pcapng files (draft-ietf-opsawg-pcapng): several sections, each with a byte order and interfaces
 * of its own. Blocks that hold no packets are stepped over. */
#include <stdlib.h>
#include <string.h>

#include "capture/reader.h"
#include "capture/source.h"

#define BLOCK_SECTION    0x0a0d0d0au
#define BLOCK_INTERFACE  1u
#define BLOCK_PACKET     2u
#define BLOCK_SIMPLE     3u
#define BLOCK_STATISTICS 5u
#define BLOCK_ENHANCED   6u
/* No packets, but Wireshark gives them numbers: entries of systemd's journal, and what is private
 * to an organisation. */
#define BLOCK_JOURNAL     9u
#define BLOCK_CUSTOM      0x00000badu
#define BLOCK_CUSTOM_KEEP 0x40000badu

#define ORDER_MAGIC 0x1a2b3c4du

#define OPT_END          0u
#define OPT_COMMENT      1u
#define OPT_IF_TSRESOL   9u
#define OPT_IF_TSOFFSET  14u
#define OPT_ISB_IFDROP   5u
#define OPT_ISB_OSDROP   7u
#define OPTIONS_READ_MAX ((size_t)READER_COMMENT_MAX * 2) /* of one block; the rest is skipped */

/* Type and length before, length behind. */
#define BLOCK_OVERHEAD 12u

/* A block whose type and length were read, and whose beginning is available. */
typedef struct block {
    uint32_t type;
    uint32_t length; /* of all of it */
    size_t have;     /* of its body, available now */
} block_t;

/* One option within a block. */
typedef struct option {
    uint16_t code;
    uint16_t length;
    const uint8_t *value;
} option_t;

/* Gives the next option. False at the end of options, and where they make no sense: they are
 * comments on what was read already, so the block is good without them. */
static bool next_option(nsp_reader_t *c, bool swap, option_t *out)
{
    if (nsp_left(c) < 4)
        return false;
    out->code = reader_u16(c, swap);
    out->length = reader_u16(c, swap);
    out->value = nsp_read_bytes(c, out->length);
    uint32_t pad = (4u - (out->length & 3u)) & 3u;
    if (out->code == OPT_END || out->value == NULL)
        return false;
    if (nsp_left(c) >= pad)
        nsp_read_bytes(c, pad);
    return true;
}

static uint64_t option_u64(const option_t *o, bool swap)
{
    nsp_reader_t c = nsp_reader(o->value, o->length);
    uint64_t first = reader_u32(&c, swap);
    uint64_t second = reader_u32(&c, swap);
    if (c.err != NSP_OK)
        return 0;
    return swap ? second << 32 | first : first << 32 | second;
}

/* Appends one comment; those beyond READER_COMMENT_MAX are left out. NULs become blanks. */
static bool add_comment(reader_t *r, const option_t *o)
{
    size_t had = r->comment != NULL ? strlen(r->comment) + 1 : 0;
    if (had + o->length >= READER_COMMENT_MAX)
        return true;
    char *grown = realloc(r->comment, had + o->length + 1);
    if (grown == NULL)
        return false;
    r->comment = grown;
    if (had > 0)
        grown[had - 1] = '\n';
    for (size_t i = 0; i < o->length; i++)
        grown[had + i] = o->value[i] != 0 ? (char)o->value[i] : ' ';
    grown[had + o->length] = '\0';
    return true;
}

/* Keeps what the interfaces of a section that is over have counted. */
static void end_section(reader_t *r)
{
    for (uint32_t i = 0; i < r->ng.interface_count; i++) {
        r->ng.dropped += r->ng.interface[i].dropped;
        r->ng.if_dropped += r->ng.interface[i].if_dropped;
    }
    r->ng.interface_count = 0;
    free(r->comment);
    r->comment = NULL;
}

static reader_status_t read_section(reader_t *r, const block_t *b)
{
    nsp_reader_t c = nsp_reader(r->input.bytes + 8, b->have);
    nsp_read_u32(&c); /* the order is known already */
    uint16_t major = reader_u16(&c, r->ng.swap);
    uint16_t minor = reader_u16(&c, r->ng.swap);
    nsp_read_bytes(&c, 8); /* length of the section */
    if (c.err != NSP_OK)
        return reader_bad(r, 4, "a section header of %u octets cannot be", b->length);
    if (major != 1)
        return reader_bad(r, 12, "pcapng version %u.%u is not known", major, minor);
    end_section(r);
    r->ng.section = true;
    option_t o;
    while (next_option(&c, r->ng.swap, &o))
        if (o.code == OPT_COMMENT && !add_comment(r, &o))
            return reader_bad(r, 0, "out of memory");
    return READER_PACKET;
}

static reader_interface_t *add_interface(reader_pcapng_t *ng)
{
    if (ng->interface_count == ng->interface_cap) {
        uint32_t cap = ng->interface_cap == 0 ? 4 : ng->interface_cap * 2;
        reader_interface_t *grown = realloc(ng->interface, cap * sizeof *grown);
        if (grown == NULL)
            return NULL;
        ng->interface = grown;
        ng->interface_cap = cap;
    }
    reader_interface_t *i = &ng->interface[ng->interface_count++];
    memset(i, 0, sizeof *i);
    i->tsresol = 6;
    return i;
}

static reader_status_t read_interface(reader_t *r, const block_t *b)
{
    bool swap = r->ng.swap;
    nsp_reader_t c = nsp_reader(r->input.bytes + 8, b->have);
    uint16_t link = reader_u16(&c, swap);
    reader_u16(&c, swap);
    uint32_t snaplen = reader_u32(&c, swap);
    if (c.err != NSP_OK)
        return reader_bad(r, 4, "an interface block of %u octets cannot be", b->length);
    if (r->ng.interface_count == READER_INTERFACES_MAX)
        return reader_bad(r, 0, "more than %d interfaces in one section", READER_INTERFACES_MAX);
    reader_interface_t *i = add_interface(&r->ng);
    if (i == NULL)
        return reader_bad(r, 0, "out of memory");
    i->link = link;
    i->snaplen = snaplen;
    option_t o;
    while (next_option(&c, swap, &o)) {
        if (o.code == OPT_IF_TSRESOL && o.length >= 1)
            i->tsresol = o.value[0];
        else if (o.code == OPT_IF_TSOFFSET && o.length >= 8)
            i->tsoffset = (int64_t)option_u64(&o, swap);
    }
    return READER_PACKET;
}

static void read_statistics(reader_t *r, const block_t *b)
{
    bool swap = r->ng.swap;
    nsp_reader_t c = nsp_reader(r->input.bytes + 8, b->have);
    uint32_t index = reader_u32(&c, swap);
    nsp_read_bytes(&c, 8);
    if (c.err != NSP_OK || index >= r->ng.interface_count)
        return;
    option_t o;
    while (next_option(&c, swap, &o)) {
        if (o.code == OPT_ISB_IFDROP && o.length >= 8)
            r->ng.interface[index].if_dropped = option_u64(&o, swap);
        else if (o.code == OPT_ISB_OSDROP && o.length >= 8)
            r->ng.interface[index].dropped = option_u64(&o, swap);
    }
}

#define BILLION 1000000000

static uint64_t power_of_ten(unsigned n)
{
    uint64_t p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

/* Splits units of 10^-digits seconds. */
static void split_decimal(uint64_t units, unsigned digits, uint64_t *seconds, uint64_t *nanos)
{
    uint64_t one = digits <= 19 ? power_of_ten(digits) : 0; /* 10^20 does not fit: below one */
    uint64_t rest = one > 0 ? units % one : units;
    *seconds = one > 0 ? units / one : 0;
    if (digits <= 9)
        *nanos = rest * power_of_ten(9 - digits);
    else
        *nanos = digits - 9 <= 19 ? rest / power_of_ten(digits - 9) : 0;
}

/* Splits units of 2^-bits seconds; 34 bits of a fraction are finer than a nanosecond. */
static void split_binary(uint64_t units, unsigned bits, uint64_t *seconds, uint64_t *nanos)
{
    uint64_t rest = bits < 64 ? units & ((UINT64_C(1) << bits) - 1) : units;
    *seconds = bits < 64 ? units >> bits : 0;
    if (bits > 34) {
        rest = bits - 34 < 64 ? rest >> (bits - 34) : 0;
        bits = 34;
    }
    *nanos = rest * BILLION >> bits;
}

/* Units of the interface as nanoseconds since 1970; the nearest that there is when they are too
 * far away. */
static int64_t time_of(const reader_interface_t *i, uint64_t units)
{
    uint64_t seconds = 0;
    uint64_t nanos = 0;
    if (i->tsresol == 6 && i->tsoffset == 0 && units <= CAP_TIME_MAX / 1000)
        return (int64_t)(units * 1000);
    if ((i->tsresol & 0x80u) != 0)
        split_binary(units, i->tsresol & 0x7fu, &seconds, &nanos);
    else
        split_decimal(units, i->tsresol, &seconds, &nanos);
    int64_t whole = 0;
    if (seconds > INT64_MAX || __builtin_add_overflow((int64_t)seconds, i->tsoffset, &whole))
        return i->tsoffset < 0 && seconds <= INT64_MAX ? -CAP_TIME_MAX : CAP_TIME_MAX;
    if (whole >= CAP_TIME_MAX / BILLION)
        return CAP_TIME_MAX;
    if (whole <= -CAP_TIME_MAX / BILLION)
        return -CAP_TIME_MAX;
    return whole * BILLION + (int64_t)nanos;
}

static reader_status_t give(reader_t *r, cap_packet_t *out, const reader_interface_t *i,
                            size_t ahead, uint32_t size, uint32_t original)
{
    out->bytes = r->input.bytes + ahead;
    out->at = r->at;
    out->number = r->number;
    out->link = i->link;
    out->size = size;
    out->original = original > size ? original : size;
    return READER_PACKET;
}

/* The interface of a packet, or NULL. */
static const reader_interface_t *interface_of(const reader_t *r, uint32_t index)
{
    return index < r->ng.interface_count ? &r->ng.interface[index] : NULL;
}

/* Enhanced and old packet blocks: 20 octets of header, which differ in the first four. */
static reader_status_t read_enhanced(reader_t *r, const block_t *b, cap_packet_t *out)
{
    bool swap = r->ng.swap;
    nsp_reader_t c = nsp_reader(r->input.bytes + 8, b->length - BLOCK_OVERHEAD);
    uint32_t index = b->type == BLOCK_ENHANCED ? reader_u32(&c, swap) : reader_u16(&c, swap);
    if (b->type == BLOCK_PACKET)
        reader_u16(&c, swap); /* drops before it */
    uint64_t high = reader_u32(&c, swap);
    uint64_t low = reader_u32(&c, swap);
    uint32_t size = reader_u32(&c, swap);
    uint32_t original = reader_u32(&c, swap);
    if (c.err != NSP_OK || size > nsp_left(&c))
        return reader_bad(r, 4, "a packet of %u octets in a block of %u cannot be", size,
                          b->length);
    const reader_interface_t *i = interface_of(r, index);
    if (i == NULL)
        return reader_bad(r, 8, "interface %u is not described", index);
    r->at = time_of(i, high << 32 | low);
    return give(r, out, i, 28, size, original);
}

/* Simple packets are of the first interface and have no time. */
static reader_status_t read_simple(reader_t *r, const block_t *b, cap_packet_t *out)
{
    nsp_reader_t c = nsp_reader(r->input.bytes + 8, b->length - BLOCK_OVERHEAD);
    uint32_t original = reader_u32(&c, r->ng.swap);
    const reader_interface_t *i = interface_of(r, 0);
    if (c.err != NSP_OK)
        return reader_bad(r, 4, "a packet block of %u octets cannot be", b->length);
    if (i == NULL)
        return reader_bad(r, 0, "interface 0 is not described");
    uint32_t size = i->snaplen > 0 && i->snaplen < original ? i->snaplen : original;
    if (size > nsp_left(&c))
        return reader_bad(r, 8, "a packet of %u octets in a block of %u cannot be", size,
                          b->length);
    return give(r, out, i, 12, size, original);
}

/* The length behind a block, whose whole is available, must be that before it. */
static bool same_length(const reader_t *r, const block_t *b)
{
    nsp_reader_t c = nsp_reader(r->input.bytes + b->length - 4, 4);
    return reader_u32(&c, r->ng.swap) == b->length;
}

static bool is_packet(uint32_t type)
{
    return type == BLOCK_ENHANCED || type == BLOCK_SIMPLE || type == BLOCK_PACKET;
}

static bool has_options(uint32_t type)
{
    return type == BLOCK_SECTION || type == BLOCK_INTERFACE || type == BLOCK_STATISTICS;
}

/* The byte order of a section stands behind the length of its header. */
static reader_status_t read_order(reader_t *r)
{
    if (!input_need(&r->input, 12))
        return reader_short(r, "a section header");
    nsp_reader_t c = nsp_reader(r->input.bytes + 8, 4);
    uint32_t order = nsp_read_u32(&c);
    if (order != ORDER_MAGIC && order != __builtin_bswap32(ORDER_MAGIC))
        return reader_bad(r, 8, "%08x is no byte order", order);
    r->ng.swap = order != ORDER_MAGIC;
    return READER_PACKET;
}

/* Reads type and length of the next block, and makes as much of it available as is looked at. */
static reader_status_t read_block(reader_t *r, block_t *b)
{
    input_t *s = &r->input;
    if (!input_need(s, 8))
        return s->avail == 0 && s->state == INPUT_END ? READER_END
                                                      : reader_short(r, "a block's header");
    nsp_reader_t c = nsp_reader(s->bytes, 8);
    b->type = reader_u32(&c, r->ng.swap);
    if (b->type == BLOCK_SECTION) { /* the same in both orders */
        reader_status_t status = read_order(r);
        if (status != READER_PACKET)
            return status;
    }
    b->length = reader_u32(&c, r->ng.swap);
    if (b->length < BLOCK_OVERHEAD || (b->length & 3u) != 0)
        return reader_bad(r, 4, "a block of %u octets cannot be", b->length);
    size_t want = 8;
    if (is_packet(b->type))
        want = b->length;
    else if (has_options(b->type))
        want = b->length < OPTIONS_READ_MAX ? b->length : OPTIONS_READ_MAX;
    if (want > INPUT_NEED_MAX)
        return reader_bad(r, 4, "a packet block of %u octets cannot be", b->length);
    if (!input_need(s, want))
        return reader_short(r, is_packet(b->type) ? "a packet" : "a block");
    if (want == b->length && !same_length(r, b))
        return reader_bad(r, b->length - 4, "a block does not end with its length, %u", b->length);
    b->have = want == b->length ? want - BLOCK_OVERHEAD : want - 8;
    return READER_PACKET;
}

/* Steps over what is left of a block. */
static reader_status_t skip(reader_t *r, bool refill)
{
    while (r->ng.skip > 0) {
        input_t *s = &r->input;
        if (s->avail == 0 && !refill)
            return READER_REFILL;
        if (!input_need(s, 1))
            return reader_short(r, "a block");
        size_t n = s->avail < r->ng.skip ? s->avail : (size_t)r->ng.skip;
        input_take(s, n);
        r->ng.skip -= n;
    }
    return READER_PACKET;
}

/* A block without a packet. */
static reader_status_t read_other(reader_t *r, const block_t *b)
{
    reader_status_t status = READER_PACKET;
    if (b->type == BLOCK_SECTION)
        status = read_section(r, b);
    else if (b->type == BLOCK_INTERFACE)
        status = read_interface(r, b);
    else if (b->type == BLOCK_STATISTICS)
        read_statistics(r, b);
    else if (b->type == BLOCK_JOURNAL || b->type == BLOCK_CUSTOM || b->type == BLOCK_CUSTOM_KEEP)
        r->number++;
    return status;
}

/* True when the next block is a packet, and wholly available. */
static bool is_ready(const reader_t *r)
{
    const input_t *s = &r->input;
    if (s->avail < 8)
        return false;
    nsp_reader_t c = nsp_reader(s->bytes, 8);
    bool packet = is_packet(reader_u32(&c, r->ng.swap));
    return packet && reader_u32(&c, r->ng.swap) <= s->avail;
}

reader_status_t reader_pcapng_next(reader_t *r, cap_packet_t *out, bool refill)
{
    block_t b = {0, 0, 0};
    for (;;) {
        reader_status_t status = skip(r, refill);
        if (status != READER_PACKET)
            return status;
        if (!refill && !is_ready(r))
            return READER_REFILL;
        status = read_block(r, &b);
        if (status != READER_PACKET)
            return status;
        if (is_packet(b.type))
            break;
        status = read_other(r, &b);
        if (status != READER_PACKET)
            return status;
        r->ng.skip = b.length;
    }
    reader_status_t status =
        b.type == BLOCK_SIMPLE ? read_simple(r, &b, out) : read_enhanced(r, &b, out);
    if (status != READER_PACKET)
        return status;
    if (out->size > CAP_PACKET_MAX)
        return reader_bad(r, 4, "a packet of %u octets cannot be", out->size);
    out->number = ++r->number;
    r->ng.skip = b.length;
    return READER_PACKET;
}
