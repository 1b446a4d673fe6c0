/* Classic pcap files: every byte order, micro- and nanoseconds, the variants of old Linux systems.
 * And snoop, the format of Solaris (RFC 1761). */
#include "capture/reader.h"
#include "capture/source.h"

#define MAGIC_MICRO    0xa1b2c3d4u
#define MAGIC_NANO     0xa1b23c4du
#define MAGIC_MODIFIED 0xa1b2cd34u /* eight octets more before each packet */

#define FILE_HEADER     24u
#define RECORD          16u
#define RECORD_MODIFIED 24u
#define SNOOP_HEADER    16u
#define SNOOP_RECORD    24u

static bool is_magic(uint32_t magic)
{
    return magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_MODIFIED;
}

bool reader_pcap_magic(uint32_t magic)
{
    return is_magic(magic) || is_magic(__builtin_bswap32(magic));
}

static reader_status_t read_header(reader_t *r)
{
    reader_pcap_t *p = &r->pcap;
    if (!input_need(&r->input, FILE_HEADER))
        return reader_short(r, "the file header");
    nsp_reader_t c = nsp_reader(r->input.bytes, FILE_HEADER);
    uint32_t magic = nsp_read_u32(&c);
    p->swap = !is_magic(magic);
    magic = p->swap ? __builtin_bswap32(magic) : magic;
    uint16_t major = reader_u16(&c, p->swap);
    uint16_t minor = reader_u16(&c, p->swap);
    nsp_read_bytes(&c, 12); /* time zone, accuracy: no writer fills them; the snap length */
    uint32_t link = reader_u32(&c, p->swap);
    if (major < 2 || (major > 2 && major != 543))
        return reader_bad(r, 4, "pcap version %u.%u is not known", major, minor);
    p->nanos = magic == MAGIC_NANO ? 1 : 1000;
    p->header = magic == MAGIC_MODIFIED ? RECORD_MODIFIED : RECORD;
    p->old_fixed = major == 543 || minor < 3; /* 543: tcpdump of DG/UX */
    p->old_order = minor == 3;
    p->link = link & 0x03ffffffu; /* what is above says how long the frame check sequence is */
    input_take(&r->input, FILE_HEADER);
    return READER_PACKET;
}

/* The lengths of a record, wherever an old writer put them. */
static void order_lengths(const reader_pcap_t *p, uint32_t *size, uint32_t *original)
{
    if (p->old_fixed || (p->old_order && *size > *original)) {
        uint32_t t = *size;
        *size = *original;
        *original = t;
    }
}

reader_status_t reader_pcap_next(reader_t *r, cap_packet_t *out, bool refill)
{
    const reader_pcap_t *p = &r->pcap;
    input_t *s = &r->input;
    if (p->header == 0) {
        if (!refill)
            return READER_REFILL;
        reader_status_t status = read_header(r);
        if (status != READER_PACKET)
            return status;
    }
    if (s->avail < p->header) {
        if (!refill)
            return READER_REFILL;
        if (!input_need(s, p->header))
            return s->avail == 0 && s->state == INPUT_END ? READER_END
                                                          : reader_short(r, "a packet's header");
    }
    nsp_reader_t c = nsp_reader(s->bytes, RECORD);
    uint32_t seconds = reader_u32(&c, p->swap);
    uint32_t fraction = reader_u32(&c, p->swap);
    uint32_t size = reader_u32(&c, p->swap);
    uint32_t original = reader_u32(&c, p->swap);
    if (p->old_fixed || p->old_order)
        order_lengths(p, &size, &original);
    if (size > CAP_PACKET_MAX)
        return reader_bad(r, 8, "a packet of %u octets cannot be", size);
    if (s->avail < p->header + size) {
        if (!refill)
            return READER_REFILL;
        if (!input_need(s, p->header + size))
            return reader_short(r, "a packet");
    }
    out->bytes = s->bytes + p->header;
    out->at = (int64_t)seconds * 1000000000 + (int64_t)fraction * p->nanos;
    out->number = ++r->number;
    out->link = p->link;
    out->size = size;
    out->original = original > size ? original : size;
    r->at = out->at;
    input_take(s, p->header + size);
    return READER_PACKET;
}

static reader_status_t read_snoop_header(reader_t *r)
{
    if (!input_need(&r->input, SNOOP_HEADER))
        return reader_short(r, "the file header");
    nsp_reader_t c = nsp_reader(r->input.bytes, SNOOP_HEADER);
    nsp_read_bytes(&c, 4);
    uint32_t rest = nsp_read_u32(&c);
    uint32_t version = nsp_read_u32(&c);
    uint32_t link = nsp_read_u32(&c);
    if (rest != 0x70000000u) /* "p" and zeros */
        return reader_bad(r, 4, "not a capture file that can be read: it begins with 736e6f6f%08x",
                          rest);
    if (version != 2)
        return reader_bad(r, 8, "snoop version %u is not known", version);
    /* 0: IEEE 802.3, 4: Ethernet; the others are not decoded, and have no number in our registry */
    r->snoop_link = link == 0 || link == 4 ? CAP_LINK_ETHERNET : UINT32_MAX;
    input_take(&r->input, SNOOP_HEADER);
    return READER_PACKET;
}

reader_status_t reader_snoop_next(reader_t *r, cap_packet_t *out, bool refill)
{
    input_t *s = &r->input;
    if (!refill)
        return READER_REFILL; /* rare files: one packet a batch will do */
    if (r->snoop_link == 0) {
        reader_status_t status = read_snoop_header(r);
        if (status != READER_PACKET)
            return status;
    }
    if (!input_need(s, SNOOP_RECORD))
        return s->avail == 0 && s->state == INPUT_END ? READER_END
                                                      : reader_short(r, "a packet's header");
    nsp_reader_t c = nsp_reader(s->bytes, SNOOP_RECORD);
    uint32_t original = nsp_read_u32(&c);
    uint32_t size = nsp_read_u32(&c);
    uint32_t record = nsp_read_u32(&c);
    nsp_read_u32(&c); /* drops so far */
    uint32_t seconds = nsp_read_u32(&c);
    uint32_t micros = nsp_read_u32(&c);
    if (size > CAP_PACKET_MAX)
        return reader_bad(r, 4, "a packet of %u octets cannot be", size);
    if (record < SNOOP_RECORD + size || record > SNOOP_RECORD + CAP_PACKET_MAX)
        return reader_bad(r, 8, "a record of %u octets for a packet of %u cannot be", record, size);
    if (!input_need(s, record))
        return reader_short(r, "a packet");
    out->bytes = s->bytes + SNOOP_RECORD;
    out->at = (int64_t)seconds * 1000000000 + (int64_t)micros * 1000;
    out->number = ++r->number;
    out->link = r->snoop_link;
    out->size = size;
    out->original = original > size ? original : size;
    r->at = out->at;
    input_take(s, record);
    return READER_PACKET;
}
