/* Link types that carry another link layer, or come from radio, rings and netfilter: rarer than
 * those of link.h, and read with its help. */
#ifndef CAPTURE_LINK_WRAP_H
#define CAPTURE_LINK_WRAP_H

#include "capture/link.h"

/* The headers of one packet of link type type: FDDI, Token Ring, ATM (RFC 2684), ARCNET, 802.11
 * alone or behind radiotap, Prism, AVS or PPI, PKTAP, NFLOG, ENC. LINK_UNKNOWN for any other. */
link_t link_wrap_read(uint32_t type, const uint8_t *bytes, uint32_t size);

#endif
