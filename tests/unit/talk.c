#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

talk_t talk_begin(pdecode_t *p, uint32_t c, uint32_t s)
{
    talk_t t = {
        .p = p, .client = paddr("192.0.2.1#40000"), .server = paddr("192.0.2.53"), .c = c, .s = s};
    return t;
}

void talk_segment(const talk_t *t, bool from_client, uint32_t seq, uint32_t ack, unsigned flags,
                  const uint8_t *data, uint32_t size)
{
    static packet_t packet;
    const addr_t *from = from_client ? &t->client : &t->server;
    const addr_t *to = from_client ? &t->server : &t->client;
    packet_tcp(&packet, from, to, seq, ack, flags, data, size);
    pdecode_raw(t->p, &packet);
}

void talk_handshake(talk_t *t)
{
    talk_segment(t, true, t->c++, 0, TCP_SYN, NULL, 0);
    talk_segment(t, false, t->s++, t->c, TCP_SYN | TCP_ACK, NULL, 0);
    talk_segment(t, true, t->c, t->s, TCP_ACK, NULL, 0);
}

void talk_client(talk_t *t, const uint8_t *data, uint32_t size)
{
    talk_segment(t, true, t->c, t->s, TCP_ACK | TCP_PSH, data, size);
    t->c += size;
}

void talk_server(talk_t *t, const uint8_t *data, uint32_t size)
{
    talk_segment(t, false, t->s, t->c, TCP_ACK | TCP_PSH, data, size);
    t->s += size;
}

uint32_t talk_query(uint8_t *out, uint16_t id)
{
    uint32_t n = pquery(out + 2, id);
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    return n + 2;
}

uint32_t talk_reply(uint8_t *out, uint16_t id)
{
    uint32_t n = talk_query(out, id);
    out[4] |= 0x80;
    return n;
}

size_t talk_messages(const pdecode_t *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        n += p->item[i].kind == CAP_ITEM_TCP_MESSAGE;
    return n;
}

void talk_expect(const pdecode_t *p, const cap_item_kind_t *kinds, size_t n)
{
    for (size_t i = 0; i < n && i < p->count; i++)
        if (p->item[i].kind != kinds[i])
            fail_msg("item %zu is %d instead of %d", i, (int)p->item[i].kind, (int)kinds[i]);
    assert_int_equal(p->count, n);
}
