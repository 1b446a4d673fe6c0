#include "capture/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_PCAPNG 0x0a0d0d0au
#define MAGIC_SNOOP  0x736e6f6fu /* "snoo" */

void reader_init(reader_t *r)
{
    memset(r, 0, sizeof *r);
    r->input.unpack.fd = -1;
}

void reader_close(reader_t *r)
{
    input_close(&r->input);
    free(r->comment);
    free(r->ng.interface);
    r->comment = NULL;
    r->ng.interface = NULL;
}

reader_status_t reader_bad(reader_t *r, size_t ahead, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(r->fault, sizeof r->fault, format, ap);
    va_end(ap);
    r->fault_at = r->input.offset + ahead;
    return READER_BAD;
}

reader_status_t reader_short(reader_t *r, const char *within)
{
    const input_t *s = &r->input;
    const unpack_t *u = &s->unpack; /* where nothing follows, nobody else uses it */
    const char *codec = codec_name(u->kind);
    switch (s->state) {
    case INPUT_OPEN:
        return READER_SIGNAL;
    case INPUT_READ_FAILED:
        return reader_bad(r, s->avail, "cannot be read on: %s", strerror(u->os_error));
    case INPUT_DAMAGED:
        return reader_bad(r, s->avail, "the %s data is damaged at octet %llu of the file", codec,
                          (unsigned long long)u->packed_offset);
    case INPUT_LIMIT:
        return reader_bad(r, s->avail, "the %s data wants more than 128 MiB of memory", codec);
    case INPUT_MEMORY:
        return reader_bad(r, s->avail, "out of memory");
    case INPUT_CUT:
        (void)reader_bad(r, s->avail, "the %s data ends early, at octet %llu of the file", codec,
                         (unsigned long long)u->packed_offset);
        return READER_CUT;
    default:
        (void)reader_bad(r, s->avail, "the file ends within %s", within);
        return READER_CUT;
    }
}

/* What begins like this and is no capture, or one that is not read here. */
static const char *foreign(const uint8_t *octets, size_t size)
{
    static const struct {
        const char *magic;
        size_t size;
        const char *what;
    } table[] = {
        {"BZh", 3, "bzip2; decompress it first"},
        {"\x04\x22\x4d\x18", 4, "LZ4; decompress it first"},
        {"PK\x03\x04", 4, "a ZIP archive"},
        {"GMBU", 4, "Microsoft Network Monitor"},
        {"RTSS", 4, "Microsoft Network Monitor"},
        {"XCP", 4, "NetXRay"},
        {"TRSN", 4, "Sniffer"},
        {"btsn", 4, "btsnoop"},
        {"\x1c\x00\x01\xac", 4, "pcap of IXIA hardware"},
        {"\xac\x01\x00\x1c", 4, "pcap of IXIA hardware"},
        {"\x1c\x00\x01\xab", 4, "pcap of IXIA software"},
        {"\xab\x01\x00\x1c", 4, "pcap of IXIA software"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (size >= table[i].size && memcmp(octets, table[i].magic, table[i].size) == 0)
            return table[i].what;
    return NULL;
}

static reader_status_t begin(reader_t *r)
{
    input_t *s = &r->input;
    if (!input_need(s, 4)) {
        if (s->state == INPUT_END && s->avail == 0) {
            (void)reader_bad(r, 0, "the file is empty");
            return READER_CUT;
        }
        return reader_short(r, "the first four octets");
    }
    nsp_reader_t c = nsp_reader(s->bytes, 4);
    uint32_t magic = nsp_read_u32(&c);
    if (reader_pcap_magic(magic))
        r->next = reader_pcap_next;
    else if (magic == MAGIC_PCAPNG)
        r->next = reader_pcapng_next;
    else if (magic == MAGIC_SNOOP)
        r->next = reader_snoop_next;
    else {
        const char *what = foreign(s->bytes, s->avail);
        return reader_bad(r, 0, "not a capture file that can be read: it begins with %08x%s%s%s",
                          magic, what != NULL ? " (" : "", what != NULL ? what : "",
                          what != NULL ? ")" : "");
    }
    return READER_PACKET;
}

reader_status_t reader_begin(reader_t *r, cap_packet_t *out, bool refill)
{
    if (!refill)
        return READER_REFILL;
    reader_status_t status = begin(r);
    return status == READER_PACKET ? r->next(r, out, refill) : status;
}
