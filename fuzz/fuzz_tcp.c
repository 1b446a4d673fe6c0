/* Any sequence of segments on a few connections: what is given out is in order for each (nothing
 * after a reset, one FIN a side), inside of what was sent, and memory stays inside of its limit.
 * What two of the connections carry is made here, message after message, each of them known by
 * where it stands: whatever order, repetition and loss there is, every message given out must be
 * one of them. Each segment: flags, which end of which connection, place, octets missing at its
 * end, size. */
#include <stdlib.h>
#include <string.h>

#include "capture/tcp.h"
#include "exchange/packet.h"
#include "fuzz/items.h"
#include "proto/wire.h"

#define CONNECTIONS 4u
#define MEMORY      4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was given out of each connection. */
typedef struct seen {
    uint8_t said[4096]; /* by number; more are not followed */
    uint64_t sum;
    bool lost; /* something was not captured: messages were looked for */
    bool began[CONNECTIONS][2];
} seen_t;

#define SAID_OPEN  1u
#define SAID_FIN   2u /* and 4 */
#define SAID_RESET 8u

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Octet at a position of the streams that are made here: messages of 17 octets, each with its
 * number as ID, one question for the root. */
#define MADE_SIZE 17u
static uint8_t made_octet(uint32_t pos, bool server)
{
    uint8_t frame[2 + MADE_SIZE] = {0, MADE_SIZE, 0, 0, server ? 0x80 : 0, 0, 0, 1};
    uint32_t number = pos / sizeof frame;
    frame[2] = (uint8_t)(number >> 8) & 0x7f;
    frame[3] = (uint8_t)number;
    frame[16] = 1; /* type A, class IN */
    frame[18] = 1;
    return frame[pos % sizeof frame];
}

static void check_made(const cap_item_t *item, bool server)
{
    if (item->size < 2)
        return;
    uint32_t number = (uint32_t)item->bytes[0] << 8 | item->bytes[1];
    need(item->kind != CAP_ITEM_TCP_MESSAGE || item->size == MADE_SIZE);
    for (uint32_t i = 0; i < item->size && i < MADE_SIZE; i++)
        need(item->bytes[i] == made_octet(number * (2 + MADE_SIZE) + 2 + i, server));
}

static void take(void *user, const cap_item_t *item)
{
    seen_t *s = user;
    uint64_t number = item->connection;
    unsigned server = item->from.port == 53;
    for (uint32_t i = 0; i < item->size; i++)
        s->sum += item->bytes[i];
    need(number > 0 && item->size <= item->original);
    need(item->kind >= CAP_ITEM_TCP_SYN && item->kind <= CAP_ITEM_TCP_RESET);
    need(item->kind != CAP_ITEM_TCP_MESSAGE || item->size == item->original);
    s->lost |= (item->notes & (CAP_NOTE_GAP | CAP_NOTE_CUT | CAP_NOTE_MIDSTREAM)) != 0;
    unsigned client = server ? item->to.port : item->from.port;
    if (client >= 1002 &&
        (item->kind == CAP_ITEM_TCP_MESSAGE || item->kind == CAP_ITEM_TCP_PARTIAL) && !s->lost)
        check_made(item, server != 0);
    if (number >= sizeof s->said)
        return;
    unsigned said = s->said[number];
    unsigned says = item->kind == CAP_ITEM_TCP_OPEN    ? SAID_OPEN
                    : item->kind == CAP_ITEM_TCP_FIN   ? SAID_FIN << server
                    : item->kind == CAP_ITEM_TCP_RESET ? SAID_RESET
                                                       : 0;
    need((said & SAID_RESET) == 0 && (said & says) == 0);
    s->said[number] = (uint8_t)(said | says);
}

static addr_t end_of(unsigned connection, bool server)
{
    static const uint8_t hosts[2][4] = {{192, 0, 2, 1}, {192, 0, 2, 53}};
    return addr_from_octets(hosts[server], 4, server ? 53 : (uint16_t)(1000 + connection));
}

/* Sequence numbers that the two ends of each connection begin with. */
static const uint32_t first_of[CONNECTIONS][2] = {{0xfffffff0u, 100}, {1, 2}, {3, 4}, {5, 6}};

/* Puts the octets that are made in place of those of the input. */
static void make_octets(seen_t *seen, tcp_segment_t *s, uint8_t *to, unsigned c, bool server)
{
    if ((s->flags & TCP_SYN) != 0) {
        if ((s->flags & TCP_RST) == 0) /* else it is a reset (RFC 9293 3.10.7.3) */
            seen->began[c][server] = true;
        if ((s->flags & TCP_ACK) == 0)
            seen->began[c][!server] = false;
        s->seq = first_of[c][server];
        s->ack = first_of[c][!server] + 1;
    }
    seen->lost |= !seen->began[c][server];
    uint32_t pos = s->seq + ((s->flags & TCP_SYN) != 0) - first_of[c][server] - 1;
    for (uint32_t i = 0; i < s->size; i++)
        to[i] = made_octet(pos + i, server);
}

static bool next_segment(seen_t *seen, nsp_reader_t *r, tcp_segment_t *s,
                         uint32_t next[CONNECTIONS][2])
{
    if (nsp_left(r) < 5)
        return false;
    *s = (tcp_segment_t){.flags = nsp_read_u8(r)};
    uint8_t which = nsp_read_u8(r);
    unsigned c = which % CONNECTIONS;
    bool server = (which & 4) != 0;
    s->seq = next[c][server] + nsp_read_u8(r) - 100u;
    s->ack = next[c][!server];
    s->from = end_of(c, server);
    s->to = end_of(c, !server);
    s->from_served = server;
    s->to_served = !server;
    s->bad_sum = (which & 8) != 0;
    uint32_t missing = nsp_read_u8(r);
    s->length = nsp_read_u8(r) * ((which & 16) == 0 ? 1u : c < 2 ? 16u : 2u);
    if (c < 2)
        s->length = s->length < nsp_left(r) ? s->length : nsp_left(r);
    s->size = s->length - (missing < s->length ? missing : s->length);
    const uint8_t *given = c < 2 ? nsp_read_bytes(r, s->length) : NULL;
    uint8_t *copy = exact_copy(c < 2 ? given : NULL, c < 2 ? s->size : 0);
    if (c >= 2) {
        copy = realloc(copy, s->size > 0 ? s->size : 1);
        if (copy == NULL)
            abort();
        make_octets(seen, s, copy, c, server);
    }
    s->data = copy;
    s->origin.at = (int64_t)(which >> 5) * 100 * (int64_t)r->pos;
    s->origin.number = r->pos;
    next[c][server] = s->seq + s->length + ((s->flags & (TCP_SYN | TCP_FIN)) != 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static seen_t seen;
    nsp_reader_t r = nsp_reader(data, size);
    uint32_t next[CONNECTIONS][2];
    tcp_segment_t s;
    memset(&seen, 0, sizeof seen);
    memcpy(next, first_of, sizeof next);
    tcp_options_t o = {MEMORY, 3, INT64_C(1000), nsp_read_u8(&r), take, &seen};
    tcp_table_t *t = tcp_table_new(&o);
    if (t == NULL)
        return 0;
    while (next_segment(&seen, &r, &s, next)) {
        tcp_take(t, &s);
        free((void *)(uintptr_t)s.data);
        if (tcp_deadline(t) <= s.origin.at)
            tcp_expire(t, s.origin.at);
        need(tcp_memory(t) <= MEMORY + 3 * 1024);
    }
    tcp_finish(t);
    need(tcp_memory(t) == 0);
    tcp_table_free(t);
    return 0;
}
