/* The pcap that is written, read back octet by octet: lengths, checksums, addresses, order of time,
 * and TCP streams whose numbers fit together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/pcap_write.h"

#define PACKETS_MAX 128
#define WALL        INT64_C(1700000000999999990)

/* A packet of the file, taken apart. */
typedef struct seen {
    int64_t at; /* nanoseconds since WALL */
    addr_t from;
    addr_t to;
    uint8_t protocol;
    uint8_t flags; /* TCP */
    uint32_t seq;
    uint32_t ack;
    uint8_t type; /* ICMP */
    uint8_t code;
    const uint8_t *data; /* payload of UDP or TCP; ICMP: from the fifth octet on */
    uint32_t size;
} seen_t;

typedef struct file {
    char *octets;
    size_t size;
    seen_t seen[PACKETS_MAX];
    size_t count;
} file_t;

static uint32_t be(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static uint32_t own(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Sum of RFC 1071 by its definition; right data together with its checksum give 0xffff. */
static uint32_t ones_sum(uint32_t sum, const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    while (sum > 0xffff)
        sum = (sum >> 16) + (sum & 0xffff);
    return sum;
}

static void read_payload(seen_t *s, const uint8_t *p, uint32_t n, uint32_t pseudo)
{
    assert_int_equal(ones_sum(s->protocol == 1 ? 0 : pseudo, p, n), 0xffff);
    if (s->protocol == 17) {
        assert_true(n >= 8);
        assert_int_equal(be(p + 4, 2), n);
        assert_int_not_equal(be(p + 6, 2), 0); /* 0 would say that there is no checksum */
    } else if (s->protocol == 6) {
        assert_true(n >= 20);
        assert_int_equal(p[12], 0x50);
        s->seq = be(p + 4, 4);
        s->ack = be(p + 8, 4);
        s->flags = p[13];
    } else {
        assert_true(n >= 8 + 28);
        s->type = p[0];
        s->code = p[1];
        s->data = p + 4;
        s->size = n - 4;
        return;
    }
    s->from.port = (uint16_t)be(p, 2);
    s->to.port = (uint16_t)be(p + 2, 2);
    s->data = p + (s->protocol == 17 ? 8 : 20);
    s->size = n - (s->protocol == 17 ? 8 : 20);
}

static void read_packet(seen_t *s, const uint8_t *p, uint32_t n)
{
    bool v4 = p[0] >> 4 == 4;
    uint32_t head = v4 ? 20 : 40;
    assert_true(n >= head);
    s->protocol = p[v4 ? 9 : 6];
    if (v4) {
        assert_int_equal(p[0], 0x45);
        assert_int_equal(be(p + 2, 2), n);
        assert_int_equal(ones_sum(0, p, 20), 0xffff);
    } else {
        assert_int_equal(be(p, 4), 0x60000000);
        assert_int_equal(be(p + 4, 2), n - 40);
    }
    s->from = addr_from_octets(p + (v4 ? 12 : 8), v4 ? 4 : 16, 0);
    s->to = addr_from_octets(p + (v4 ? 16 : 24), v4 ? 4 : 16, 0);
    uint32_t pseudo = ones_sum(s->protocol + n - head, p + (v4 ? 12 : 8), v4 ? 8 : 32);
    read_payload(s, p + head, n - head, pseudo);
}

static void write_file(file_t *f, const exchange_set_t *set)
{
    int os_error = -1;
    memset(f, 0, sizeof *f);
    FILE *out = open_memstream(&f->octets, &f->size);
    assert_true(pcap_write_set(out, set, &os_error));
    assert_int_equal(os_error, 0);
    fclose(out);
    assert_true(f->size >= 24);
    assert_int_equal(own(f->octets), 0xa1b23c4d);
    assert_int_equal(own(f->octets + 20), 101); /* LINKTYPE_RAW */
    size_t at = 24;
    while (at < f->size) {
        assert_true(f->size - at >= 16 && f->count < PACKETS_MAX);
        seen_t *s = &f->seen[f->count++];
        uint32_t n = own(f->octets + at + 8);
        assert_true(own(f->octets + at + 4) < 1000000000);
        assert_int_equal(own(f->octets + at + 12), n);
        assert_true(n >= 20 && f->size - at - 16 >= n);
        s->at = (int64_t)own(f->octets + at) * 1000000000 + own(f->octets + at + 4) - WALL;
        assert_true(f->count == 1 || s->at >= s[-1].at);
        read_packet(s, (const uint8_t *)f->octets + at + 16, n);
        at += 16 + n;
    }
}

/* A query for example. A IN. */
static const uint8_t query[] = {0,   9,   1,   0,   0,   1,   0,   0, 0, 0, 0, 0, 7,
                                'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

typedef struct lab {
    exchange_set_t set;
    exchange_t *x;
} lab_t;

static addr_t addr(const char *text, uint16_t port)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), port, &a));
    return a;
}

static void lab_add(lab_t *l, transport_t transport, bool v4)
{
    addr_t server = addr(v4 ? "192.0.2.1" : "2001:db8::1", 53);
    l->x = exchange_add(&l->set, transport, &server, query, sizeof query);
    l->x->local = addr(v4 ? "198.51.100.7" : "2001:db8::7", (uint16_t)(4000 + l->x->id));
}

static lab_t lab(transport_t transport, bool v4)
{
    lab_t l;
    exchange_set_init(&l.set, WALL);
    lab_add(&l, transport, v4);
    return l;
}

static void add(lab_t *l, event_kind_t kind, int64_t at, const uint8_t *bytes, uint32_t size)
{
    event_t e = {.kind = kind, .attempt = 1, .at = at, .peer = l->x->server};
    e.bytes = bytes;
    e.size = size;
    assert_true(exchange_append(l->x, &e));
}

static void done(lab_t *l, file_t *f)
{
    exchange_set_free(&l->set);
    free(f->octets);
}

/* Sizes around odd and even, and data that sum up to nothing. */
static void udp(void **state)
{
    static const uint32_t sizes[] = {0, 1, 2, 25, 512, 1233, 65507};
    uint8_t *reply = malloc(65536);
    (void)state;
    assert_non_null(reply);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        bool v4 = i % 2 == 0;
        uint32_t size = sizes[i / 2];
        lab_t l = lab(TRANSPORT_UDP, v4);
        file_t f;
        for (uint32_t k = 0; k < size; k++)
            reply[k] = (uint8_t)(k * k + 255);
        add(&l, EVENT_SENT, 0, query, sizeof query);
        add(&l, EVENT_REPLY, 20, reply, size);
        write_file(&f, &l.set);
        assert_int_equal(f.count, 2);
        assert_int_equal(f.seen[0].at, 0);
        assert_int_equal(f.seen[1].at, 20); /* into the next second */
        assert_true(addr_equal(&f.seen[0].from, &l.x->local));
        assert_true(addr_equal(&f.seen[0].to, &l.x->server));
        assert_true(addr_equal(&f.seen[1].from, &l.x->server));
        assert_true(addr_equal(&f.seen[1].to, &l.x->local));
        assert_int_equal(f.seen[0].size, sizeof query);
        assert_memory_equal(f.seen[0].data, query, sizeof query);
        assert_int_equal(f.seen[1].size, size);
        assert_memory_equal(f.seen[1].data, reply, size);
        done(&l, &f);
    }
    free(reply);
}

/* What UDP carries at most (RFC 768; RFC 8200 3 does not count the header); one octet more was
 * never on a wire. */
static void udp_limit(void **state)
{
    uint8_t *reply = calloc(1, 65536);
    (void)state;
    assert_non_null(reply);
    for (uint32_t i = 0; i < 6; i++) {
        lab_t l = lab(TRANSPORT_UDP, i < 3);
        uint32_t size = (i < 3 ? 65506 : 65526) + i % 3;
        file_t f;
        add(&l, EVENT_SENT, 0, query, sizeof query);
        add(&l, EVENT_REPLY, 1, reply, size);
        write_file(&f, &l.set);
        assert_int_equal(f.count, i % 3 == 2 ? 1 : 2);
        done(&l, &f);
    }
    free(reply);
}

/* A checksum that comes out as zero is written as ones (RFC 768). */
static void udp_checksum_zero(void **state)
{
    lab_t l = lab(TRANSPORT_UDP, true);
    file_t f;
    uint8_t data[2] = {0, 0};
    (void)state;
    add(&l, EVENT_SENT, 0, data, 2);
    write_file(&f, &l.set);
    /* the complement of the sum without these octets makes the sum 0xffff */
    uint32_t check = be(f.seen[0].data - 2, 2);
    assert_int_not_equal(check, 0xffff);
    free(f.octets);
    exchange_set_free(&l.set);
    l = lab(TRANSPORT_UDP, true);
    data[0] = (uint8_t)(check >> 8);
    data[1] = (uint8_t)check;
    add(&l, EVENT_SENT, 0, data, 2);
    write_file(&f, &l.set);
    assert_int_equal(be(f.seen[0].data - 2, 2), 0xffff);
    done(&l, &f);
}

/* Packets of several exchanges in order of time; wrong sources keep their own address. */
static void mixed(void **state)
{
    lab_t l = lab(TRANSPORT_UDP, true);
    exchange_t *first = l.x;
    addr_t stranger = addr("203.0.113.5", 5353);
    file_t f;
    (void)state;
    add(&l, EVENT_SENT, 10, query, sizeof query);
    add(&l, EVENT_TIMEOUT, 50, NULL, 0);
    add(&l, EVENT_REPLY, 60, query, 3);
    lab_add(&l, TRANSPORT_UDP, false);
    add(&l, EVENT_SENT, 5, query, sizeof query);
    event_t wrong = {.kind = EVENT_MISMATCH, .at = 30, .peer = stranger, .bytes = query, .size = 4};
    assert_true(exchange_append(first, &wrong));
    add(&l, EVENT_REPLY, 40, query, 5);
    lab_add(&l, TRANSPORT_UDP, true); /* could not be sent: nothing was on the wire */
    add(&l, EVENT_SEND_FAILED, 41, NULL, 0);
    write_file(&f, &l.set);
    static const uint32_t sizes[] = {sizeof query, sizeof query, 4, 5, 3};
    static const int64_t times[] = {5, 10, 30, 40, 60};
    assert_int_equal(f.count, 5);
    for (size_t i = 0; i < f.count; i++) {
        assert_int_equal(f.seen[i].size, sizes[i]);
        assert_int_equal(f.seen[i].at, times[i]);
    }
    assert_true(addr_equal(&f.seen[2].from, &stranger));
    assert_true(addr_equal(&f.seen[2].to, &first->local));
    done(&l, &f);
}

/* An ICMP error quotes the packet that it is about, as far as it may. */
static void icmp(void **state)
{
    static uint8_t long_query[2000];
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool v4 = (i & 1) == 0;
        bool tcp = (i & 2) != 0;
        uint32_t size = (i & 4) != 0 ? sizeof long_query : sizeof query;
        lab_t l = lab(tcp ? TRANSPORT_TCP : TRANSPORT_UDP, v4);
        addr_t router = addr(v4 ? "203.0.113.9" : "2001:db8::99", 0);
        event_t e = {.kind = EVENT_ICMP, .attempt = 1, .at = 3, .peer = router};
        file_t f;
        e.icmp_type = v4 ? 3 : 2;
        e.icmp_code = v4 ? 4 : 0;
        e.icmp_mtu = 1400;
        memcpy(long_query, query, sizeof query);
        add(&l, EVENT_SENT, 1, long_query, size);
        assert_true(exchange_append(l.x, &e));
        write_file(&f, &l.set);
        assert_int_equal(f.count, 2);
        const seen_t *s = &f.seen[1];
        assert_int_equal(s->protocol, v4 ? 1 : 58);
        assert_int_equal(s->type, e.icmp_type);
        assert_int_equal(s->code, e.icmp_code);
        assert_int_equal(be(s->data, 4), 1400);
        assert_true(addr_equal(&s->from, &router));
        assert_true(addr_same_host(&s->to, &l.x->local));
        /* RFC 1812 4.3.2.3: 576 octets in all; RFC 4443 2.4: 1280 */
        assert_true(s->size + 4 + (v4 ? 20 : 40) <= (v4 ? 576u : 1280u));
        const uint8_t *sent = f.seen[0].data - (v4 ? 20 : 40) - (tcp ? 20 : 8);
        assert_true(s->size - 4 >= (v4 ? 28u : 48u));
        assert_memory_equal(s->data + 4, sent, s->size - 4);
        done(&l, &f);
    }
}

/* Follows one stream: numbers go on without a gap, acknowledgements are of what was sent. */
static uint32_t follow(const file_t *f, const exchange_t *x, uint8_t *from_client,
                       uint8_t *from_server, uint32_t *server_size)
{
    uint32_t next[2] = {0, 0};
    uint32_t got[2] = {0, 0};
    bool begun[2] = {false, false};
    for (size_t i = 0; i < f->count; i++) {
        const seen_t *s = &f->seen[i];
        unsigned side = addr_equal(&s->from, &x->server) ? 1 : 0;
        assert_true(side == 1 || addr_equal(&s->from, &x->local));
        assert_true(s->size <= 1400);
        if (begun[side])
            assert_int_equal(s->seq, next[side]);
        else if ((s->flags & 2) == 0)
            assert_int_not_equal(s->flags & 4, 0); /* only a RST may come without a SYN */
        begun[side] = true;
        if ((s->flags & 16) != 0)
            assert_int_equal(s->ack, next[1 - side]);
        next[side] = s->seq + s->size + ((s->flags & 3) != 0);
        memcpy((side == 0 ? from_client : from_server) + got[side], s->data, s->size);
        got[side] += s->size;
    }
    *server_size = got[1];
    return got[0];
}

static void tcp(void **state)
{
    static const uint32_t sizes[] = {0, 1, 1398, 1399, 2798, 65535};
    uint8_t *reply = malloc(65536);
    uint8_t *in = malloc(70000);
    uint8_t out[64];
    (void)state;
    assert_true(reply != NULL && in != NULL);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t size = sizes[i / 2];
        uint32_t got = 0;
        lab_t l = lab(TRANSPORT_TCP, i % 2 == 0);
        file_t f;
        for (uint32_t k = 0; k < size; k++)
            reply[k] = (uint8_t)(k * 13 + k / 256);
        add(&l, EVENT_SENT, 1, query, sizeof query);
        add(&l, EVENT_TCP_OPEN, 2, NULL, 0);
        add(&l, EVENT_REPLY, 3, reply, size);
        write_file(&f, &l.set);
        static const uint8_t flags[] = {2, 18, 16, 24, 24}; /* SYN, SYN-ACK, ACK, data, data */
        for (size_t k = 0; k < 5; k++)
            assert_int_equal(f.seen[k].flags, flags[k]);
        assert_int_equal(f.seen[f.count - 1].flags & 1, 1);
        assert_int_equal(follow(&f, l.x, out, in, &got), sizeof query + 2);
        assert_int_equal(be(out, 2), sizeof query);
        assert_memory_equal(out + 2, query, sizeof query);
        assert_int_equal(got, size + 2);
        assert_int_equal(be(in, 2), size);
        assert_memory_equal(in + 2, reply, size);
        done(&l, &f);
    }
    free(reply);
    free(in);
}

/* How connections fail: the flags of the last packet, and the octets that came of a frame. */
static void tcp_failures(void **state)
{
    static const struct {
        event_kind_t last;
        bool open;
        uint32_t size;
        size_t packets;
        uint8_t flags;
    } cases[] = {
        {EVENT_TCP_REFUSED, false, 0, 2, 20},  {EVENT_TCP_RESET, true, 0, 5, 20},
        {EVENT_TCP_CLOSED, true, 0, 5, 17},    {EVENT_TCP_CLOSED, true, 9, 6, 17},
        {EVENT_TCP_NO_SYNACK, false, 0, 1, 2}, {EVENT_TIMEOUT, true, 0, 4, 24},
        {EVENT_SEND_FAILED, false, 0, 1, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lab_t l = lab(TRANSPORT_TCP, true);
        file_t f;
        uint8_t out[64];
        uint8_t in[64];
        uint32_t got = 0;
        add(&l, EVENT_SENT, 1, query, sizeof query);
        if (cases[i].open)
            add(&l, EVENT_TCP_OPEN, 2, NULL, 0);
        add(&l, cases[i].last, 3, cases[i].size > 0 ? query : NULL, cases[i].size);
        write_file(&f, &l.set);
        if (f.count != cases[i].packets || f.seen[f.count - 1].flags != cases[i].flags)
            fail_msg("case %zu: %zu packets, the last with flags %u", i, f.count,
                     f.seen[f.count - 1].flags);
        assert_int_equal(follow(&f, l.x, out, in, &got), cases[i].open ? sizeof query + 2 : 0);
        assert_int_equal(got, cases[i].size);
        assert_memory_equal(in, query, got);
        done(&l, &f);
    }
}

static uint32_t count_flags(const file_t *f, uint8_t flags)
{
    uint32_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += (f->seen[i].flags & flags) == flags;
    return n;
}

/* Two questions on one connection, one after the other or at once: one handshake, one end, and
 * numbers that go on. */
static void tcp_kept(void **state)
{
    static const struct {
        int64_t open[2]; /* 0: no event of its own */
        int64_t sent[2];
        int64_t end[2];
        event_kind_t kind[2];
        uint32_t syns;
        size_t packets;
        uint8_t last;
    } cases[] = {
        {{2, 0}, {1, 20}, {10, 30}, {EVENT_REPLY, EVENT_REPLY}, 2, 8, 17},
        {{5, 5}, {1, 2}, {30, 20}, {EVENT_REPLY, EVENT_REPLY}, 2, 8, 17},
        {{2, 0}, {1, 4}, {10, 10}, {EVENT_TCP_RESET, EVENT_TCP_RESET}, 2, 6, 20},
        {{2, 0}, {1, 4}, {10, 10}, {EVENT_TCP_CLOSED, EVENT_TCP_CLOSED}, 2, 6, 17},
        {{2, 0}, {1, 4}, {10, 12}, {EVENT_REPLY, EVENT_TCP_CLOSED}, 2, 7, 17},
        {{0, 0}, {1, 2}, {10, 10}, {EVENT_TCP_REFUSED, EVENT_TCP_REFUSED}, 1, 2, 20},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lab_t l = lab(TRANSPORT_TCP, true);
        addr_t local = l.x->local;
        file_t f;
        uint8_t out[128];
        uint8_t in[128];
        uint32_t got = 0;
        for (unsigned k = 0; k < 2; k++) {
            bool reply = cases[i].kind[k] == EVENT_REPLY;
            if (k > 0)
                lab_add(&l, TRANSPORT_TCP, true);
            l.x->local = local;
            add(&l, EVENT_SENT, cases[i].sent[k], query, sizeof query);
            if (cases[i].open[k] > 0)
                add(&l, EVENT_TCP_OPEN, cases[i].open[k], NULL, 0);
            add(&l, cases[i].kind[k], cases[i].end[k], reply ? query : NULL,
                reply ? sizeof query : 0);
        }
        write_file(&f, &l.set);
        if (f.count != cases[i].packets || f.seen[f.count - 1].flags != cases[i].last)
            fail_msg("case %zu: %zu packets, the last with flags %u", i, f.count,
                     f.seen[f.count - 1].flags);
        assert_int_equal(count_flags(&f, 2), cases[i].syns);
        assert_int_equal(follow(&f, l.x, out, in, &got),
                         cases[i].syns == 2 ? 2 * (sizeof query + 2) : 0);
        done(&l, &f);
    }
}

/* The same ports again, after the connection has ended, with a handshake of its own. */
static void tcp_ports_again(void **state)
{
    lab_t l = lab(TRANSPORT_TCP, true);
    addr_t local = l.x->local;
    file_t f;
    (void)state;
    for (int64_t k = 0; k < 2; k++) {
        if (k > 0)
            lab_add(&l, TRANSPORT_TCP, true);
        l.x->local = local;
        add(&l, EVENT_SENT, 100 * k + 1, query, sizeof query);
        add(&l, EVENT_TCP_OPEN, 100 * k + 2, NULL, 0);
        add(&l, EVENT_REPLY, 100 * k + 3, query, sizeof query);
    }
    write_file(&f, &l.set);
    assert_int_equal(f.count, 12);
    assert_int_equal(count_flags(&f, 2), 4);
    assert_int_equal(count_flags(&f, 1), 2);
    done(&l, &f);
}

static void empty(void **state)
{
    exchange_set_t set;
    file_t f;
    (void)state;
    exchange_set_init(&set, WALL);
    write_file(&f, &set);
    assert_int_equal(f.size, 24);
    free(f.octets);
}

/* A medium that is full is an error with its cause, also when only the last octets fail. */
static void full(void **state)
{
    lab_t l = lab(TRANSPORT_UDP, true);
    int os_error = 0;
    FILE *out = fopen("/dev/full", "w");
    (void)state;
    if (out == NULL)
        skip();
    add(&l, EVENT_SENT, 0, query, sizeof query);
    assert_false(pcap_write_set(out, &l.set, &os_error));
    assert_int_equal(os_error, ENOSPC);
    fclose(out);
    exchange_set_free(&l.set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp),
        cmocka_unit_test(udp_limit),
        cmocka_unit_test(udp_checksum_zero),
        cmocka_unit_test(mixed),
        cmocka_unit_test(icmp),
        cmocka_unit_test(tcp),
        cmocka_unit_test(empty),
        cmocka_unit_test(tcp_failures),
        cmocka_unit_test(full),
        cmocka_unit_test(tcp_kept),
        cmocka_unit_test(tcp_ports_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
