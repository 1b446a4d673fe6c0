/* A TCP connection whose segments a test makes, and the items that a decoder makes of them. */
#ifndef TESTS_TALK_H
#define TESTS_TALK_H

#include "packets.h"

/* Both ends of a connection, and where their sequence numbers stand. */
typedef struct talk {
    pdecode_t *p;
    addr_t client;
    addr_t server;
    uint32_t c;
    uint32_t s;
} talk_t;

/* A connection from 192.0.2.1 port 40000 to 192.0.2.53 port 53, of which nothing was sent; c and s
 * are the initial sequence numbers of client and server. */
talk_t talk_begin(pdecode_t *p, uint32_t c, uint32_t s);
/* Feeds one segment, with its numbers as given; data may be NULL. */
void talk_segment(const talk_t *t, bool from_client, uint32_t seq, uint32_t ack, unsigned flags,
                  const uint8_t *data, uint32_t size);
/* SYN, SYN with ACK, ACK. */
void talk_handshake(talk_t *t);
/* The next octets of one end, in one segment. */
void talk_client(talk_t *t, const uint8_t *data, uint32_t size);
void talk_server(talk_t *t, const uint8_t *data, uint32_t size);
/* Writes a query behind its two octets of length; returns how many octets that are. */
uint32_t talk_query(uint8_t *out, uint16_t id);
/* The same as a reply. */
uint32_t talk_reply(uint8_t *out, uint16_t id);
/* How many whole messages came out. */
size_t talk_messages(const pdecode_t *p);
/* The items so far are of these kinds. */
void talk_expect(const pdecode_t *p, const cap_item_kind_t *kinds, size_t n);

#define EXPECT_ITEMS(p, ...)                                                                       \
    do {                                                                                           \
        const cap_item_kind_t kinds_[] = {__VA_ARGS__};                                            \
        talk_expect(p, kinds_, sizeof kinds_ / sizeof kinds_[0]);                                  \
    } while (0)

#endif
