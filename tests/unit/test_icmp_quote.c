/* ICMP errors and what they quote: every kind, extensions, fragments, TCP, cut quotes. */
#include "capture/icmp_quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packets.h"

static packet_t inner;
static packet_t outer;
static const uint8_t data[] = "some octets of a query";

static addr_t client_of(unsigned family)
{
    return paddr(family == 4 ? "192.0.2.1#4000" : "2001:db8::1#4000");
}

static addr_t server_of(unsigned family)
{
    return paddr(family == 4 ? "192.0.2.53" : "2001:db8::53");
}

static void quote_udp(unsigned family)
{
    addr_t a = client_of(family);
    addr_t b = server_of(family);
    packet_udp(&inner, NULL, &a, &b, data, sizeof data);
}

/* An error about inner from a router. */
static void make_error(unsigned family, uint8_t type, uint8_t code, uint32_t mtu)
{
    addr_t router = paddr(family == 4 ? "198.51.100.9" : "2001:db8:9::9");
    addr_t to = client_of(family);
    packet_icmp(&outer, &router, &to, type, code, mtu, &inner);
}

/* Reads outer, of which size octets were captured. */
static quote_kind_t read_cut(icmp_quote_t *q, unsigned family, uint32_t size)
{
    static uint8_t *copy;
    ip_view_t v;
    free(copy);
    copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, outer.octets, size);
    assert_int_equal(ip_read(&v, family, copy, size, outer.size), IP_GOOD);
    return icmp_quote_read(q, &v);
}

static void test_kinds(void **state)
{
    static const struct {
        unsigned family;
        uint8_t type;
        uint8_t code;
        quote_kind_t kind;
        uint32_t mtu;
    } cases[] = {
        {4, 3, 3, QUOTE_GOOD, 0},  {4, 3, 4, QUOTE_GOOD, 1400}, {4, 3, 13, QUOTE_GOOD, 0},
        {4, 4, 0, QUOTE_GOOD, 0},  {4, 11, 0, QUOTE_GOOD, 0},   {4, 11, 1, QUOTE_GOOD, 0},
        {4, 12, 0, QUOTE_GOOD, 0}, {4, 0, 0, QUOTE_OTHER, 0},   {4, 8, 0, QUOTE_OTHER, 0},
        {4, 5, 1, QUOTE_OTHER, 0}, /* a redirect is no error */
        {6, 1, 4, QUOTE_GOOD, 0},  {6, 2, 0, QUOTE_GOOD, 1400}, {6, 3, 0, QUOTE_GOOD, 0},
        {6, 4, 1, QUOTE_GOOD, 0},  {6, 128, 0, QUOTE_OTHER, 0}, {6, 135, 0, QUOTE_OTHER, 0},
        {6, 0, 0, QUOTE_OTHER, 0}, {6, 5, 0, QUOTE_OTHER, 0},
    };
    icmp_quote_t q;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned family = cases[i].family;
        quote_udp(family);
        make_error(family, cases[i].type, cases[i].code, cases[i].mtu);
        assert_int_equal(read_cut(&q, family, outer.size), cases[i].kind);
        if (cases[i].kind != QUOTE_GOOD)
            continue;
        assert_int_equal(q.type, cases[i].type);
        assert_int_equal(q.code, cases[i].code);
        assert_int_equal(q.mtu, cases[i].mtu);
        assert_true(q.ports);
        assert_int_equal(q.from_port, 4000);
        assert_int_equal(q.to_port, 53);
        assert_int_equal(q.size, sizeof data);
        assert_int_equal(q.original, sizeof data);
        assert_memory_equal(q.bytes, data, sizeof data);
    }
}

/* Every prefix: nothing, then ports, then more and more of the payload. */
static void test_prefixes(void **state)
{
    icmp_quote_t q;
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        uint32_t ip = family == 4 ? 20 : 40;
        quote_udp(family);
        make_error(family, family == 4 ? 3 : 1, 3, 0);
        for (uint32_t n = ip; n <= outer.size; n++) {
            quote_kind_t kind = read_cut(&q, family, n);
            uint32_t ports = ip + 8 + ip + 4;
            assert_int_equal(kind, n < ports - 2 ? QUOTE_CUT : QUOTE_GOOD);
            assert_int_equal(q.ports, n >= ports);
            if (!q.ports)
                continue;
            assert_int_equal(q.to_port, 53);
            assert_int_equal(q.size, n < ports + 4 ? 0 : n - ports - 4);
            assert_int_equal(q.original, n < ports + 4 ? 0 : sizeof data);
        }
    }
}

/* Extensions behind the quote are no part of it (RFC 4884 5). */
static void test_extensions(void **state)
{
    icmp_quote_t q;
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        static uint8_t big[600];
        addr_t a = client_of(family);
        addr_t b = server_of(family);
        uint32_t ip = family == 4 ? 20 : 40;
        packet_udp(&inner, NULL, &a, &b, big, 500);
        make_error(family, family == 4 ? 11 : 3, 0, 0);
        outer.octets[ip + (family == 4 ? 5 : 4)] = family == 4 ? 32 : 16; /* 128 octets */
        assert_int_equal(read_cut(&q, family, outer.size), QUOTE_GOOD);
        assert_int_equal(q.size, 128 - ip - 8);
        assert_int_equal(q.original, 500);
        outer.octets[ip + (family == 4 ? 5 : 4)] = 255; /* more than there is */
        assert_int_equal(read_cut(&q, family, outer.size), QUOTE_GOOD);
        assert_true(q.size > 128);
    }
}

static void test_tcp(void **state)
{
    icmp_quote_t q;
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        uint32_t ip = family == 4 ? 20 : 40;
        addr_t a = client_of(family);
        addr_t b = server_of(family);
        packet_tcp(&inner, &a, &b, 1000, 0, TCP_PSH | TCP_ACK, data, sizeof data);
        make_error(family, family == 4 ? 3 : 1, 0, 0);
        assert_int_equal(read_cut(&q, family, outer.size), QUOTE_GOOD);
        assert_int_equal(q.ip.protocol, IP_TCP);
        assert_int_equal(q.size, sizeof data);
        assert_memory_equal(q.bytes, data, sizeof data);
        for (uint32_t n = 2 * ip + 8 + 4; n < 2 * ip + 8 + 20; n++) {
            assert_int_equal(read_cut(&q, family, n), QUOTE_GOOD);
            assert_int_equal(q.size, 0);
            assert_int_equal(q.from_port, 4000);
        }
        /* header lengths that cannot be, and one that the quote does not reach */
        for (unsigned words = 0; words < 16; words++) {
            outer.octets[2 * ip + 8 + 12] = (uint8_t)(words << 4);
            assert_int_equal(read_cut(&q, family, outer.size), QUOTE_GOOD);
            assert_true(words >= 5 ? q.size <= sizeof data : q.size == 0);
        }
        outer.octets[2 * ip + 8 + 12] = 0x60;
        assert_int_equal(read_cut(&q, family, 2 * ip + 8 + 20), QUOTE_GOOD);
        assert_int_equal(q.size, 0);
        assert_int_equal(q.original, sizeof data - 4);
    }
}

static void test_not_ours(void **state)
{
    icmp_quote_t q;
    (void)state;
    quote_udp(4);
    inner.octets[9] = 1; /* an error about an echo */
    make_error(4, 3, 1, 0);
    assert_int_equal(read_cut(&q, 4, outer.size), QUOTE_OTHER);
    quote_udp(4);
    inner.octets[0] = 0x65;
    make_error(4, 3, 1, 0);
    assert_int_equal(read_cut(&q, 4, outer.size), QUOTE_MALFORMED);
    quote_udp(4);
    make_error(4, 3, 1, 0);
    outer.octets[2] = 0;
    outer.octets[3] = 24; /* an ICMP message of 4 octets */
    assert_int_equal(read_cut(&q, 4, 24), QUOTE_MALFORMED);
    outer.octets[20] = 8;
    assert_int_equal(read_cut(&q, 4, 24), QUOTE_OTHER);
}

/* Extension headers of the quoted packet are stepped over. */
static void test_v6_headers(void **state)
{
    static const uint8_t options[] = {17, 0, 1, 4, 0, 0, 0, 0};
    icmp_quote_t q;
    (void)state;
    quote_udp(6);
    memmove(inner.octets + 48, inner.octets + 40, inner.size - 40);
    memcpy(inner.octets + 40, options, 8);
    inner.size += 8;
    inner.octets[5] = (uint8_t)(inner.octets[5] + 8);
    inner.octets[6] = 0;
    make_error(6, 2, 0, 1280);
    assert_int_equal(read_cut(&q, 6, outer.size), QUOTE_GOOD);
    assert_int_equal(q.to_port, 53);
    assert_int_equal(q.size, sizeof data);
}

/* An error about a fragment that is not the first: its ports are those of the first, when that was
 * seen, and 0 when it was not. */
static void test_quoted_fragment(void **state)
{
    static pdecode_t p;
    static packet_t part[2];
    static uint8_t big[2000];
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        addr_t a = client_of(family);
        addr_t b = server_of(family);
        packet_udp(&outer, NULL, &a, &b, big, sizeof big);
        pfragment(&outer, 99, 0, 1200, &part[0]);
        pfragment(&outer, 99, 1200, 2008, &part[1]);
        for (int seen = 0; seen < 2; seen++) {
            pdecode_begin(&p, NULL);
            if (seen == 1)
                pdecode_raw(&p, &part[0]);
            inner = part[1];
            make_error(family, family == 4 ? 11 : 3, 0, 0);
            pdecode_raw(&p, &outer);
            assert_int_equal(p.count, 1);
            assert_int_equal(p.item[0].kind, CAP_ITEM_ICMP);
            assert_int_equal(p.item[0].notes, seen == 1 ? 0 : CAP_NOTE_NO_FIRST);
            assert_int_equal(p.item[0].quoted_from.port, seen == 1 ? 4000 : 0);
            assert_int_equal(p.item[0].quoted_to.port, seen == 1 ? 53 : 0);
            assert_true(addr_same_host(&p.item[0].quoted_to, &b));
            pdecode_end(&p);
            packet_udp(&outer, NULL, &a, &b, big, sizeof big);
        }
    }
}

/* An error that itself came in fragments, and one about a connection that is known. */
static void test_through_decoder(void **state)
{
    static pdecode_t p;
    static packet_t part[2];
    static uint8_t big[500];
    (void)state;
    addr_t a = client_of(4);
    addr_t b = server_of(4);
    pdecode_begin(&p, NULL);
    packet_udp(&inner, NULL, &a, &b, big, sizeof big);
    make_error(4, 3, 3, 0);
    pfragment(&outer, 7, 0, 200, &part[0]);
    pfragment(&outer, 7, 200, outer.size - 20, &part[1]);
    pdecode_raw(&p, &part[1]);
    pdecode_raw(&p, &part[0]);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.item[0].kind, CAP_ITEM_ICMP);
    assert_int_equal(p.item[0].notes, CAP_NOTE_FRAGMENTS);
    assert_int_equal(p.item[0].quoted_from.port, 4000);
    packet_tcp(&inner, &a, &b, 1, 0, TCP_SYN, NULL, 0);
    pdecode_raw(&p, &inner);
    make_error(4, 3, 13, 0);
    pdecode_raw(&p, &outer);
    assert_int_equal(p.count, 3);
    assert_int_equal(p.item[2].quoted, TRANSPORT_TCP);
    assert_int_equal(p.item[1].connection, 1);
    assert_int_equal(p.item[2].connection, 1);
    /* of ports that nobody asked for */
    a.port = 4001;
    b.port = 80;
    packet_tcp(&inner, &a, &b, 1, 0, TCP_SYN, NULL, 0);
    make_error(4, 3, 13, 0);
    pdecode_raw(&p, &outer);
    assert_int_equal(p.count, 3);
    /* damaged */
    packet_tcp(&inner, &b, &b, 1, 0, TCP_SYN, NULL, 0);
    quote_udp(4);
    make_error(4, 3, 13, 0);
    outer.octets[outer.size - 1] ^= 1;
    pdecode_raw(&p, &outer);
    assert_int_equal(p.item[3].notes, CAP_NOTE_CHECKSUM);
    pdecode_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),           cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_extensions),      cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_not_ours),        cmocka_unit_test(test_v6_headers),
        cmocka_unit_test(test_quoted_fragment), cmocka_unit_test(test_through_decoder),
    };
    return cmocka_run_group_tests_name("icmp_quote", tests, NULL, NULL);
}
