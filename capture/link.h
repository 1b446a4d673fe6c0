/* Link layers: where in a captured packet the IP packet begins. */
#ifndef CAPTURE_LINK_H
#define CAPTURE_LINK_H

#include <stdint.h>

typedef enum link_kind {
    LINK_IPV4,
    LINK_IPV6,
    LINK_OTHER,    /* well-formed, and not IP */
    LINK_UNKNOWN,  /* a link type that is not decoded */
    LINK_CUT,      /* the octets end within the link's headers */
    LINK_MALFORMED /* headers that make no sense */
} link_kind_t;

/* What is inside of a frame; the IP packet begins at offset. */
typedef struct link {
    link_kind_t kind;
    uint32_t offset;
} link_t;

/* Reads the headers of one packet of link type type (CAP_LINK_* or any other number). */
link_t link_read(uint32_t type, const uint8_t *bytes, uint32_t size);

/* The same without those of link_wrap.h, which may themselves have another link layer inside. */
link_t link_read_plain(uint32_t type, const uint8_t *bytes, uint32_t size);

/* The same for what follows an EtherType that was read elsewhere (GRE, RFC 2784 2.4). */
link_t link_read_ethertype(uint16_t ethertype, const uint8_t *bytes, uint32_t size);

#endif
