/* Any sequence of segments on a few connections: what is given out is in order for each (nothing
 * after a reset, one FIN a side), inside of what was sent, and memory stays inside of its limit.
 * Each segment: flags, which end of which connection, place, octets missing at its end, size. */
#include "capture/tcp.h"
#include "exchange/packet.h"
#include "proto/wire.h"

#define CONNECTIONS 4u
#define MEMORY      4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was given out of each connection. */
typedef struct seen {
    uint8_t said[4096]; /* by number; more are not followed */
    uint64_t sum;
} seen_t;

#define SAID_OPEN  1u
#define SAID_FIN   2u /* and 4 */
#define SAID_RESET 8u

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static seen_t seen;
    nsp_reader_t r = nsp_reader(data, size);
    uint32_t next[CONNECTIONS][2] = {{0xfffffff0u, 100}, {1, 2}, {3, 4}, {5, 6}};
    memset(&seen, 0, sizeof seen);
    tcp_options_t o = {MEMORY, 3, INT64_C(1000), nsp_read_u8(&r), take, &seen};
    tcp_table_t *t = tcp_table_new(&o);
    if (t == NULL)
        return 0;
    while (nsp_left(&r) >= 5) {
        tcp_segment_t s = {.flags = nsp_read_u8(&r), .to_served = true};
        uint8_t which = nsp_read_u8(&r);
        unsigned c = which % CONNECTIONS;
        bool server = (which & 4) != 0;
        s.seq = next[c][server] + nsp_read_u8(&r) - 100u;
        s.ack = next[c][!server];
        s.from = end_of(c, server);
        s.to = end_of(c, !server);
        s.from_served = server;
        s.to_served = !server;
        s.bad_sum = (which & 8) != 0;
        uint32_t missing = nsp_read_u8(&r);
        s.length = nsp_read_u8(&r) * ((which & 16) != 0 ? 16u : 1u);
        s.length = s.length < nsp_left(&r) ? s.length : nsp_left(&r);
        s.data = nsp_read_bytes(&r, s.length);
        s.size = s.length - (missing < s.length ? missing : s.length);
        s.origin.at = (int64_t)(which >> 5) * 100 * (int64_t)r.pos;
        s.origin.number = r.pos;
        next[c][server] = s.seq + s.length + ((s.flags & (TCP_SYN | TCP_FIN)) != 0);
        tcp_take(t, &s);
        if (tcp_deadline(t) <= s.origin.at)
            tcp_expire(t, s.origin.at);
        need(tcp_memory(t) <= MEMORY + 3 * 1024);
    }
    tcp_finish(t);
    need(tcp_memory(t) == 0);
    tcp_table_free(t);
    return 0;
}
