/* One capture file while it is read. Internal to capture/: callers use source.h. */
#ifndef CAPTURE_READER_H
#define CAPTURE_READER_H

#include "capture/input.h"
#include "capture/packet.h"
#include "proto/wire.h"

#define READER_FAULT_MAX      160
#define READER_INTERFACES_MAX 1024 /* of one pcapng section */
#define READER_COMMENT_MAX    65536

typedef enum reader_status {
    READER_PACKET,
    READER_REFILL, /* needs more octets, and was not allowed to move those that it has */
    READER_SIGNAL, /* a signal came while a pipe was waited for; nothing is lost */
    READER_END,
    READER_CUT, /* ends early; fault and fault_at tell where */
    READER_BAD  /* what follows cannot be read; the same */
} reader_status_t;

/* What a classic pcap file says about all of its packets. */
typedef struct reader_pcap {
    uint32_t link;
    uint32_t header; /* octets before each packet */
    uint32_t nanos;  /* of one unit of the fraction */
    bool swap;       /* little-endian */
    bool old_order;  /* lengths may stand in the wrong order (version 2.3 and before) */
    bool old_fixed;  /* they always do */
} reader_pcap_t;

/* One interface of a pcapng section. */
typedef struct reader_interface {
    uint32_t link;
    uint32_t snaplen; /* 0: no limit */
    uint8_t tsresol;  /* as in the file: a power of 10, or of 2 with the high bit */
    int64_t tsoffset; /* seconds */
    uint64_t dropped; /* the last word of its statistics */
    uint64_t if_dropped;
} reader_interface_t;

/* What a pcapng file has said so far in its section. */
typedef struct reader_pcapng {
    bool swap;
    bool section; /* a section header was read */
    uint32_t interface_count;
    uint32_t interface_cap;
    reader_interface_t *interface; /* owned */
    uint64_t dropped;              /* of sections that are over */
    uint64_t if_dropped;
    uint64_t skip; /* octets of a block that is being stepped over */
} reader_pcapng_t;

typedef struct reader reader_t;
/* Gives the next packet; with refill false only if it is wholly available. */
typedef reader_status_t reader_next_t(reader_t *r, cap_packet_t *out, bool refill);

struct reader {
    input_t input;
    reader_next_t *next; /* NULL until the format is known */
    uint64_t number;     /* of the last packet */
    int64_t at;          /* of the last packet */
    char *comment;       /* of the current section, owned, or NULL */
    char fault[READER_FAULT_MAX];
    uint64_t fault_at; /* offset, in the decompressed data */
    uint32_t snoop_link;
    reader_pcap_t pcap;
    reader_pcapng_t ng;
};

/* The input is opened by the caller; reader_close closes it. */
void reader_init(reader_t *r);
void reader_close(reader_t *r);
/* Learns the format from the first octets, and gives the first packet. */
reader_status_t reader_begin(reader_t *r, cap_packet_t *out, bool refill);
/* The next packet of whatever format it is. file is left alone. */
static inline reader_status_t reader_read(reader_t *r, cap_packet_t *out, bool refill)
{
    return r->next != NULL ? r->next(r, out, refill) : reader_begin(r, out, refill);
}

/* For the formats: n octets could not be had; within names what they are of. */
reader_status_t reader_short(reader_t *r, const char *within);
/* For the formats: records a fault at the input's offset plus ahead. */
reader_status_t reader_bad(reader_t *r, size_t ahead, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The formats, told by the magic that stands at the beginning. Each reads its header at the first
 * call. */
reader_next_t reader_pcap_next;
reader_next_t reader_pcapng_next;
reader_next_t reader_snoop_next;
/* True when the magic, as read in big-endian order, is one of the format's. */
bool reader_pcap_magic(uint32_t magic);

/* A number that stands in the file's order. */
static inline uint32_t reader_u32(nsp_reader_t *c, bool swap)
{
    uint32_t v = nsp_read_u32(c);
    return swap ? __builtin_bswap32(v) : v;
}

static inline uint16_t reader_u16(nsp_reader_t *c, bool swap)
{
    uint16_t v = nsp_read_u16(c);
    return swap ? __builtin_bswap16(v) : v;
}

#endif
