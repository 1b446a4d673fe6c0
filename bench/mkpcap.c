/* Writes a capture of any size to standard output, the same octets each time.
 *
 *   mkpcap KIND PACKETS [REPLIES]
 *
 * KIND  traffic   what resolvers and servers say to each other, made of the messages in REPLIES
 *                 (each behind its length in two octets; without the file, of a few made ones)
 *       syn, fragments, ids, ports, names, servers
 *                 floods that would have memory grow in a reader that remembers all it sees
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/made.h"
#include "exchange/checksum.h"
#include "exchange/packet.h"
#include "proto/nsproto.h"

#define START    INT64_C(1700000000000000000)
#define MS       INT64_C(1000000)
#define CLIENTS  5000
#define SERVERS  200
#define FRAGMENT 1208u /* octets of IP payload in each: a multiple of 8 */

/* What is still to be sent, by time. */
typedef enum step { ASK, ASK_AGAIN, ASK_LAST, ANSWER, SYN, SYN_ACK, TCP_ASK, TCP_ANSWER } step_t;

typedef struct todo {
    int64_t at;
    uint32_t reply;
    uint16_t id;
    uint16_t port;
    uint16_t client;
    uint8_t step;
    bool answered;
} todo_t;

typedef struct maker {
    uint64_t seed;
    uint64_t left;
    int64_t now;
    uint8_t *bytes;
    size_t count;
    uint8_t **msg;
    uint16_t *len;
    uint16_t *question; /* octets of header and question */
    size_t todo_count;
    size_t todo_cap;
    todo_t *todo; /* a heap */
    packet_t packet;
    packet_t quoted;
} maker_t;

static uint64_t chance(maker_t *k)
{
    k->seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = k->seed;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static addr_t address(uint32_t v4, uint16_t port)
{
    addr_t a = {.family = 4, .port = port};
    for (int i = 0; i < 4; i++)
        a.octets[i] = (uint8_t)(v4 >> (24 - 8 * i));
    return a;
}

/* Every seventh server has an IPv6 address; clients have both. */
static addr_t end_of(uint32_t number, uint16_t port, bool six)
{
    addr_t a = address(0x0a000000u + number, port);
    if (!six)
        return a;
    addr_t b = {.family = 6, .port = port, .octets = {0x20, 0x01, 0x0d, 0xb8}};
    memcpy(b.octets + 12, a.octets, 4);
    return b;
}

/* --- the file --- */

static void put32(uint32_t v)
{
    fwrite(&v, sizeof v, 1, stdout);
}

static void put_head(void)
{
    put32(0xa1b23c4du);
    put32(2 | 4u << 16);
    put32(0);
    put32(0);
    put32(65535);
    put32(1);
}

/* One Ethernet frame around size octets of an IP packet. */
static void put_ip(maker_t *k, const uint8_t *ip, uint32_t size)
{
    static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    bool six = ip[0] >> 4 == 6;
    const uint8_t type[2] = {six ? 0x86 : 0x08, six ? 0xdd : 0};
    if (k->left == 0)
        return;
    k->left--;
    put32((uint32_t)(k->now / 1000000000));
    put32((uint32_t)(k->now % 1000000000));
    put32(size + 14);
    put32(size + 14);
    fwrite(macs, sizeof macs, 1, stdout);
    fwrite(type, sizeof type, 1, stdout);
    fwrite(ip, size, 1, stdout);
}

/* One fragment of the IPv4 packet in k->packet. */
static void put_fragment(maker_t *k, uint32_t offset, uint32_t size, bool more, uint16_t id)
{
    uint8_t f[20 + FRAGMENT];
    memcpy(f, k->packet.octets, 20);
    memcpy(f + 20, k->packet.octets + 20 + offset, size);
    uint16_t field[] = {(uint16_t)(size + 20), id, (uint16_t)(offset / 8 | (more ? 0x2000u : 0))};
    for (int i = 0; i < 3; i++) {
        f[2 + 2 * i] = (uint8_t)(field[i] >> 8);
        f[3 + 2 * i] = (uint8_t)field[i];
    }
    f[10] = f[11] = 0;
    uint16_t sum = (uint16_t)~checksum_fold(checksum_sum(f, 20));
    f[10] = (uint8_t)(sum >> 8);
    f[11] = (uint8_t)sum;
    put_ip(k, f, size + 20);
}

static void put_packet(maker_t *k)
{
    uint32_t size = k->packet.size - 20;
    if (k->packet.octets[0] != 0x45 || size <= FRAGMENT) {
        put_ip(k, k->packet.octets, k->packet.size);
        return;
    }
    uint16_t id = (uint16_t)chance(k);
    for (uint32_t at = 0; at < size; at += FRAGMENT) {
        bool more = size - at > FRAGMENT;
        put_fragment(k, at, more ? FRAGMENT : size - at, more, id);
    }
}

static void put_udp(maker_t *k, const addr_t *from, const addr_t *to, const uint8_t *b, uint32_t n)
{
    packet_udp(&k->packet, NULL, from, to, b, n);
    put_packet(k);
}

/* --- ordinary traffic --- */

static void push(maker_t *k, todo_t t, int64_t after)
{
    t.at = k->now + after;
    if (k->todo_count == k->todo_cap) {
        k->todo_cap = k->todo_cap * 2 + 1024;
        k->todo = realloc(k->todo, k->todo_cap * sizeof *k->todo);
        if (k->todo == NULL)
            exit(1);
    }
    size_t i = k->todo_count++;
    for (; i > 0 && k->todo[(i - 1) / 2].at > t.at; i = (i - 1) / 2)
        k->todo[i] = k->todo[(i - 1) / 2];
    k->todo[i] = t;
}

static todo_t pop(maker_t *k)
{
    todo_t first = k->todo[0];
    todo_t last = k->todo[--k->todo_count];
    size_t i = 0;
    for (size_t c = 1; c < k->todo_count; c = 2 * i + 1) {
        if (c + 1 < k->todo_count && k->todo[c + 1].at < k->todo[c].at)
            c++;
        if (k->todo[c].at >= last.at)
            break;
        k->todo[i] = k->todo[c];
        i = c;
    }
    k->todo[i] = last;
    return first;
}

/* The query that the reply is to: as resolvers ask, with EDNS. Two octets are left in front. */
static uint32_t make_query(const maker_t *k, const todo_t *t, uint8_t *out)
{
    static const uint8_t opt[11] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0};
    uint32_t n = k->question[t->reply];
    memcpy(out + 2, k->msg[t->reply], n);
    memset(out + 4, 0, 10);
    out[2] = (uint8_t)(t->id >> 8);
    out[3] = (uint8_t)t->id;
    out[7] = 1;
    out[13] = 1;
    memcpy(out + 2 + n, opt, sizeof opt);
    n += (uint32_t)sizeof opt;
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    return n;
}

static uint32_t make_reply(const maker_t *k, const todo_t *t, uint8_t *out)
{
    uint32_t n = k->len[t->reply];
    memcpy(out + 2, k->msg[t->reply], n);
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    out[2] = (uint8_t)(t->id >> 8);
    out[3] = (uint8_t)t->id;
    return n;
}

/* The connection: numbers that count from 1 on both sides, closed after one question. */
static void tcp_step(maker_t *k, const todo_t *t, const addr_t *c, const addr_t *s, uint8_t *b)
{
    todo_t next = *t;
    next.step = (uint8_t)(t->step + 1);
    uint32_t q = make_query(k, t, b) + 2;
    uint32_t r = (uint32_t)k->len[t->reply] + 2;
    if (t->step == SYN) {
        packet_tcp(&k->packet, c, s, 0, 0, TCP_SYN, NULL, 0);
    } else if (t->step == SYN_ACK) {
        packet_tcp(&k->packet, s, c, 0, 1, TCP_SYN | TCP_ACK, NULL, 0);
    } else if (t->step == TCP_ASK) {
        packet_tcp(&k->packet, c, s, 1, 1, TCP_ACK, NULL, 0);
        put_packet(k);
        packet_tcp(&k->packet, c, s, 1, 1, TCP_PSH | TCP_ACK, b, q);
    } else {
        (void)make_reply(k, t, b);
        for (uint32_t at = 0; at < r; at += 1160) {
            packet_tcp(&k->packet, s, c, 1 + at, 1 + q, TCP_PSH | TCP_ACK, b + at,
                       r - at > 1160 ? 1160 : r - at);
            put_packet(k);
        }
        packet_tcp(&k->packet, c, s, 1 + q, 1 + r, TCP_FIN | TCP_ACK, NULL, 0);
        put_packet(k);
        packet_tcp(&k->packet, s, c, 1 + r, 2 + q, TCP_FIN | TCP_ACK, NULL, 0);
        put_packet(k);
        packet_tcp(&k->packet, c, s, 2 + q, 2 + r, TCP_ACK, NULL, 0);
    }
    put_packet(k);
    if (t->step != TCP_ANSWER)
        push(k, next, 10 * MS);
}

static void step(maker_t *k, const todo_t *t)
{
    static uint8_t b[2 + 65535 + 16];
    uint32_t server = 0x00640000u + t->reply % SERVERS;
    bool six = server % 7 == 0;
    addr_t c = end_of(t->client, t->port, six);
    addr_t s = end_of(server, 53, six);
    todo_t next = *t;
    if (t->step >= SYN) {
        tcp_step(k, t, &c, &s, b);
    } else if (t->step == ANSWER) {
        uint32_t n = make_reply(k, t, b);
        put_udp(k, &s, &c, b + 2, n);
    } else {
        uint32_t n = make_query(k, t, b);
        put_udp(k, &c, &s, b + 2, n);
        next.step = t->answered ? ANSWER : (uint8_t)(t->step + 1);
        next.answered = true;
        if (t->answered)
            push(k, next, MS + (int64_t)(chance(k) % 60) * MS);
        else if (t->step < ASK_LAST) {
            next.answered = t->id % 4 == 0; /* of those that are asked again */
            push(k, next, 1000 * MS);
        }
    }
}

/* Of 200 questions 2 go over TCP, 3 are not answered at first, and one meets an unreachable port.
 */
static void begin_exchange(maker_t *k)
{
    uint64_t r = chance(k);
    todo_t t = {.reply = (uint32_t)(r % k->count),
                .id = (uint16_t)(r >> 32),
                .port = (uint16_t)(1024 + (r >> 48) % 64000),
                .client = (uint16_t)(chance(k) % CLIENTS),
                .step = ASK,
                .answered = true};
    unsigned fate = (unsigned)(chance(k) % 200);
    if (fate < 2)
        t.step = SYN;
    if (fate >= 2 && fate < 5)
        t.answered = false;
    push(k, t, 0);
    if (fate != 5)
        return;
    addr_t c = end_of(t.client, t.port, false);
    addr_t s = end_of(0x00650000u, 53, false);
    uint8_t b[600];
    uint32_t n = make_query(k, &t, b);
    put_udp(k, &c, &s, b + 2, n);
    k->quoted = k->packet;
    packet_icmp(&k->packet, &s, &c, 3, 3, 0, &k->quoted);
    put_packet(k);
}

static void make_traffic(maker_t *k)
{
    while (k->left > 0) {
        begin_exchange(k);
        int64_t until = k->now + MS / 10;
        while (k->todo_count > 0 && k->todo[0].at <= until) {
            todo_t t = pop(k);
            k->now = t.at;
            step(k, &t);
        }
        k->now = until;
    }
}

/* --- floods --- */

static uint32_t flood_query(uint8_t *b, uint64_t id, uint64_t label)
{
    static const uint8_t tail[] = {4, 'e', 'v', 'i', 'l', 0, 0, 6, 0, 1};
    memset(b, 0, 12);
    b[0] = (uint8_t)(id >> 8);
    b[1] = (uint8_t)id;
    b[5] = 1;
    b[12] = 16;
    for (unsigned i = 0; i < 16; i++)
        b[13 + i] = (uint8_t)('a' + (label >> 4 * i & 15));
    memcpy(b + 29, tail, sizeof tail);
    return 29 + (uint32_t)sizeof tail;
}

/* The query again, with an SOA record whose names are the root. */
static uint32_t flood_reply(uint8_t *b, uint32_t n)
{
    static const uint8_t soa[] = {0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0};
    b[2] = 0x84;
    b[7] = 1;
    memcpy(b + n, soa, sizeof soa);
    memset(b + n + sizeof soa, 1, 20);
    return n + (uint32_t)sizeof soa + 20;
}

static void make_flood(maker_t *k, const char *kind)
{
    uint8_t b[1400] = {0};
    addr_t s = address(0xc0000201u, 53);
    bool ids = strcmp(kind, "ids") == 0;
    bool names = strcmp(kind, "names") == 0;
    bool servers = strcmp(kind, "servers") == 0;
    for (uint64_t i = 0; k->left > 0; i++) {
        uint64_t r = chance(k);
        addr_t c = address((uint32_t)r, (uint16_t)(1024 + (r >> 40) % 60000));
        if (strcmp(kind, "syn") == 0) {
            packet_tcp(&k->packet, &c, &s, (uint32_t)(r >> 8), 0, TCP_SYN, NULL, 0);
            put_packet(k);
        } else if (strcmp(kind, "fragments") == 0) {
            packet_udp(&k->packet, NULL, &s, &c, b, sizeof b);
            put_fragment(k, 0, 600, true, (uint16_t)(r >> 24));
        } else {
            if (ids)
                c = address(0xc6336401u, 4000);
            if (servers)
                s = address((uint32_t)(r >> 20), 53);
            uint32_t n = flood_query(b, ids ? i : r >> 16, ids ? 0 : r);
            put_udp(k, &c, &s, b, n);
            if (names || servers)
                put_udp(k, &s, &c, b, flood_reply(b, n));
        }
        k->now += MS / 100;
    }
}

/* --- replies --- */

/* Octets of header and question; 0 when there is not just one plain question, or no reply. */
static uint16_t question_end(const uint8_t *m, uint16_t size)
{
    uint32_t at = 12;
    if (size < 12 || m[4] != 0 || m[5] != 1 || (m[2] & 0x80) == 0)
        return 0;
    while (at < size && m[at] != 0 && m[at] < 64)
        at += m[at] + 1u;
    return at + 5 <= size && m[at] == 0 ? (uint16_t)(at + 5) : 0;
}

static bool split(maker_t *k, size_t size)
{
    uint16_t n = 0;
    k->msg = calloc(size / 12 + 1, sizeof *k->msg);
    k->len = calloc(size / 12 + 1, sizeof *k->len);
    k->question = calloc(size / 12 + 1, sizeof *k->question);
    if (k->msg == NULL || k->len == NULL || k->question == NULL)
        return false;
    for (size_t at = 0; nsp_frame_peek(k->bytes + at, size - at, &n) == NSP_FRAME_READY;
         at += 2u + n) {
        uint16_t q = question_end(k->bytes + at + 2, n);
        if (q == 0)
            continue;
        k->msg[k->count] = k->bytes + at + 2;
        k->len[k->count] = n;
        k->question[k->count++] = q;
    }
    return k->count > 0;
}

static bool read_replies(maker_t *k, const char *path)
{
    FILE *f = path != NULL ? fopen(path, "rb") : NULL;
    size_t cap = (size_t)64 << 20;
    k->bytes = malloc(cap);
    if (f == NULL || k->bytes == NULL)
        return false;
    size_t size = fread(k->bytes, 1, cap, f);
    fclose(f);
    return split(k, size);
}

/* Authoritative answers under many names, of about the size that real ones have. */
static bool make_replies(maker_t *k)
{
    enum { MADE = 1000, MOST = 600 };
    size_t done = 0;
    free(k->bytes);
    k->bytes = malloc((size_t)MADE * (MOST + 2));
    for (unsigned i = 0; k->bytes != NULL && i < MADE; i++) {
        char owner[40];
        char host[48];
        nsp_builder_t b;
        nsp_name_t qname;
        size_t size = 0;
        snprintf(owner, sizeof owner, "zone%u.example.", i);
        snprintf(host, sizeof host, "ns1.zone%u.example.", i);
        nsp_name_from_text(owner, strlen(owner), NULL, &qname, NULL);
        nsp_build_begin(&b, k->bytes + done + 2, MOST, 1, NSP_FLAG_QR | NSP_FLAG_AA);
        nsp_build_question(&b, &qname, i % 2 ? NSP_TYPE_NS : NSP_TYPE_MX, NSP_CLASS_IN);
        if (i % 2 == 0)
            made_rr(&b, NSP_ANSWER, owner, "MX", "10 mail.example.net.");
        made_rr(&b, i % 2 ? NSP_ANSWER : NSP_AUTHORITY, owner, "NS", host);
        made_rr(&b, i % 2 ? NSP_ANSWER : NSP_AUTHORITY, owner, "NS", "ns2.example.net.");
        made_rr(&b, NSP_ADDITIONAL, host, "A", "192.0.2.1");
        made_rr(&b, NSP_ADDITIONAL, host, "AAAA", "2001:db8::1");
        if (nsp_build_end(&b, &size) != NSP_OK)
            return false;
        k->bytes[done] = (uint8_t)(size >> 8);
        k->bytes[done + 1] = (uint8_t)size;
        done += size + 2;
    }
    return k->bytes != NULL && split(k, done);
}

int main(int argc, char **argv)
{
    static maker_t k = {.now = START};
    static const char *const floods[] = {"syn", "fragments", "ids", "ports", "names", "servers"};
    const char *kind = argc > 2 ? argv[1] : "";
    k.left = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    bool known = strcmp(kind, "traffic") == 0;
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++)
        known |= strcmp(kind, floods[i]) == 0;
    if (!known || k.left == 0) {
        fprintf(stderr, "usage: mkpcap traffic|syn|fragments|ids|ports|names|servers PACKETS "
                        "[REPLIES]\n");
        return 64;
    }
    put_head();
    if (strcmp(kind, "traffic") != 0)
        make_flood(&k, kind);
    else if (read_replies(&k, argc > 3 ? argv[3] : NULL) || make_replies(&k))
        make_traffic(&k);
    free(k.bytes);
    free(k.msg);
    free(k.len);
    free(k.question);
    free(k.todo);
    return fflush(stdout) != 0 || k.left > 0;
}
