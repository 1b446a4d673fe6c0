/* Packets made by hand and the items that a decoder makes of them, for tests of capture/. */
#ifndef TESTS_PACKETS_H
#define TESTS_PACKETS_H

#include "capture/decode.h"
#include "exchange/packet.h"

#define P_SEC INT64_C(1000000000)

/* A decoder with what it gave out. */
typedef struct pdecode {
    decoder_t *d;
    uint64_t number;
    int64_t at;
    size_t count;
    cap_item_t item[512]; /* bytes are copies, owned */
} pdecode_t;

/* Aborts the test when memory is out. options may be NULL. */
void pdecode_begin(pdecode_t *p, const decode_options_t *options);
void pdecode_end(pdecode_t *p);
/* Drops the items so far. */
void pdecode_forget(pdecode_t *p);
/* Feeds size octets of a packet that had original octets, at p->at. */
void pdecode_feed(pdecode_t *p, uint32_t link, const uint8_t *bytes, uint32_t size,
                  uint32_t original);
/* A whole packet of link type RAW. */
void pdecode_raw(pdecode_t *p, const packet_t *packet);
/* The same at a time. */
void pdecode_raw_at(pdecode_t *p, const packet_t *packet, int64_t at);

addr_t paddr(const char *text);
/* An IP packet with one datagram, from this port to port 53 unless to has another (ADDR#PORT). */
void pudp(packet_t *p, const char *from, uint16_t from_port, const char *to, const uint8_t *data,
          uint32_t size);
/* Fragment [from, to) of the payload of an IP packet; id as given. Units of 8 octets but for the
 * end. An IPv6 one gets a fragment header. */
void pfragment(const packet_t *whole, uint32_t id, uint32_t from, uint32_t to, packet_t *out);
/* Octets that tell their place. */
void pfill(uint8_t *out, uint32_t n, unsigned seed);
/* A DNS query for a name of that many labels; returns its octets. */
uint32_t pquery(uint8_t *out, uint16_t id);

#endif
