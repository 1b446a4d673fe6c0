/* IPv4 and IPv6 headers: lengths, options, extension headers, limits. */
#include "capture/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packets.h"

static packet_t packet;
static const uint8_t data[] = "eighteen octets..";

static void make(unsigned family)
{
    addr_t a = paddr(family == 4 ? "192.0.2.1#4000" : "2001:db8::1#4000");
    addr_t b = paddr(family == 4 ? "192.0.2.53" : "2001:db8::53");
    packet_udp(&packet, NULL, &a, &b, data, sizeof data);
}

/* Puts n octets in behind the header proper, and sets the lengths. */
static void insert(const uint8_t *octets, uint32_t n)
{
    bool v4 = packet.octets[0] >> 4 == 4;
    uint32_t head = v4 ? 20 : 40;
    memmove(packet.octets + head + n, packet.octets + head, packet.size - head);
    memcpy(packet.octets + head, octets, n);
    packet.size += n;
    uint32_t length = v4 ? packet.size : packet.size - 40;
    packet.octets[v4 ? 2 : 4] = (uint8_t)(length >> 8);
    packet.octets[v4 ? 3 : 5] = (uint8_t)length;
    if (v4) {
        packet.octets[0] = (uint8_t)(0x45 + n / 4);
        packet.octets[10] = packet.octets[11] = 0;
    }
}

static ip_kind_t read_exact(ip_view_t *v, unsigned family, uint32_t size, uint32_t wire)
{
    static uint8_t *copy;
    free(copy);
    copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, packet.octets, size);
    ip_kind_t kind = ip_read(v, family, copy, size, wire);
    if (kind == IP_GOOD)
        assert_true(v->payload >= copy && v->payload + v->size <= copy + size);
    return kind;
}

static ip_kind_t read_all(ip_view_t *v, unsigned family)
{
    return read_exact(v, family, packet.size, packet.size);
}

static void test_plain(void **state)
{
    ip_view_t v;
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        make(family);
        assert_int_equal(read_all(&v, family), IP_GOOD);
        assert_int_equal(v.protocol, IP_UDP);
        assert_int_equal(v.size, sizeof data + 8);
        assert_int_equal(v.length, sizeof data + 8);
        assert_false(v.fragment || v.beyond || v.bad_header || v.rerouted);
        /* padding of the link is left out */
        assert_int_equal(read_exact(&v, family, packet.size + 30, packet.size + 30), IP_GOOD);
        assert_int_equal(v.size, sizeof data + 8);
        /* the other family's header */
        assert_int_equal(read_all(&v, 10 - family), IP_MALFORMED);
    }
}

/* Every prefix: cut within the headers, then with as much payload as there is. */
static void test_prefixes(void **state)
{
    ip_view_t v;
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        make(family);
        uint32_t head = family == 4 ? 20 : 40;
        for (uint32_t n = 0; n < packet.size; n++) {
            assert_int_equal(read_exact(&v, family, n, packet.size), n < head ? IP_CUT : IP_GOOD);
            if (n < head)
                continue;
            assert_int_equal(v.size, n - head);
            assert_int_equal(v.length, packet.size - head);
            assert_false(v.beyond);
            assert_int_equal(read_exact(&v, family, n, n), IP_GOOD);
            assert_true(v.beyond);
        }
    }
}

static void test_v4_lengths(void **state)
{
    ip_view_t v;
    (void)state;
    for (uint8_t words = 0; words < 16; words++) {
        make(4);
        packet.octets[0] = 0x40 | words;
        uint32_t head = words * 4u;
        assert_int_equal(read_all(&v, 4), head < 20 || head > packet.size ? IP_MALFORMED : IP_GOOD);
        assert_int_equal(read_exact(&v, 4, 20, packet.size), head < 20 || head > packet.size
                                                                 ? IP_MALFORMED
                                                             : head == 20 ? IP_GOOD
                                                                          : IP_CUT);
    }
    make(4);
    for (uint8_t total = 1; total < 20; total++) {
        packet.octets[3] = total;
        assert_int_equal(read_all(&v, 4), IP_MALFORMED);
    }
    /* 0 is filled in by the card: then it is what was on the wire */
    packet.octets[3] = 0;
    assert_int_equal(read_all(&v, 4), IP_GOOD);
    assert_int_equal(v.length, sizeof data + 8);
    assert_int_equal(read_exact(&v, 4, packet.size, UINT32_MAX), IP_GOOD);
    assert_in_range(v.length, sizeof data + 8, 1 << 20);
}

static void test_v4_header_sum(void **state)
{
    ip_view_t v;
    (void)state;
    make(4);
    packet.octets[8]--;
    assert_int_equal(read_all(&v, 4), IP_GOOD);
    assert_true(v.bad_header);
    packet.octets[10] = packet.octets[11] = 0; /* left to the card */
    assert_int_equal(read_all(&v, 4), IP_GOOD);
    assert_false(v.bad_header);
}

static void test_v4_options(void **state)
{
    static const struct {
        uint8_t octets[12];
        uint8_t size;
        bool rerouted;
    } cases[] = {
        {{1, 1, 1, 0}, 4, false},                    /* NOP, END */
        {{148, 4, 0, 0}, 4, false},                  /* router alert */
        {{131, 7, 4, 10, 0, 0, 1, 0}, 8, true},      /* loose source route */
        {{1, 137, 7, 4, 10, 0, 0, 1}, 8, true},      /* strict, behind a NOP */
        {{148, 4, 0, 0, 131, 7, 4, 10}, 8, true},    /* behind another option */
        {{0, 131, 7, 4}, 4, false},                  /* behind the end */
        {{148, 1, 131, 7}, 4, false},                /* a length that cannot be */
        {{148, 200, 131, 7, 4, 10, 0, 0}, 8, false}, /* a length beyond the header */
    };
    ip_view_t v;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(4);
        insert(cases[i].octets, cases[i].size);
        assert_int_equal(read_all(&v, 4), IP_GOOD);
        assert_int_equal(v.rerouted, cases[i].rerouted);
        assert_int_equal(v.size, sizeof data + 8);
        for (uint32_t n = 20; n < 20u + cases[i].size; n++)
            assert_int_equal(read_exact(&v, 4, n, packet.size), IP_CUT);
    }
}

static void test_v4_fragment(void **state)
{
    ip_view_t v;
    (void)state;
    make(4);
    packet.octets[6] = 0x40; /* DF is no fragment */
    assert_int_equal(read_all(&v, 4), IP_GOOD);
    assert_false(v.fragment);
    packet.octets[6] = 0x20;
    packet.octets[4] = 0xbe;
    packet.octets[5] = 0xef;
    assert_int_equal(read_all(&v, 4), IP_GOOD);
    assert_true(v.fragment && v.more && v.offset == 0 && v.id == 0xbeef);
    packet.octets[6] = 0x1f;
    packet.octets[7] = 0xff;
    assert_int_equal(read_all(&v, 4), IP_GOOD);
    assert_true(v.fragment && !v.more && v.offset == 0x1fff * 8);
}

static void test_v6_extensions(void **state)
{
    static const struct {
        uint8_t first; /* kind of the header */
        uint8_t octets[24];
        uint8_t size;
        ip_kind_t kind;
        bool rerouted;
    } cases[] = {
        {0, {17, 0, 1, 4, 0, 0, 0, 0}, 8, IP_GOOD, false},
        {60, {17, 0, 5, 2, 0, 0, 1, 0}, 8, IP_GOOD, false},
        {60, {17, 0, 0, 0, 0, 0, 0, 0}, 8, IP_GOOD, false}, /* padding of one octet each */
        {60, {17, 1, 1, 2, 0, 0, 0xc9, 8, 1, 2, 3, 4, 5, 6, 7, 8}, 16, IP_GOOD, true},
        {43, {17, 0, 2, 0, 0, 0, 0, 0}, 8, IP_GOOD, false}, /* no segments left */
        {43, {17, 2, 2, 1, 0, 0, 0, 0, 1}, 24, IP_GOOD, true},
        {51, {17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2}, 12, IP_GOOD, false}, /* in fours */
        {135, {17, 0, 0, 0, 0, 0, 0, 0}, 8, IP_GOOD, false},
        {139, {17, 0, 0, 0, 0, 0, 0, 0}, 8, IP_GOOD, false},
        {140, {17, 0, 0, 0, 0, 0, 0, 0}, 8, IP_GOOD, false},
        {44, {17, 0, 0, 0, 1, 2, 3, 4}, 8, IP_GOOD, false}, /* atomic fragment (RFC 6946) */
        {60, {17, 200, 1, 4, 0, 0, 0, 0}, 8, IP_MALFORMED, false},
    };
    ip_view_t v;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(6);
        insert(cases[i].octets, cases[i].size);
        packet.octets[6] = cases[i].first;
        assert_int_equal(read_all(&v, 6), cases[i].kind);
        if (cases[i].kind != IP_GOOD)
            continue;
        assert_int_equal(v.protocol, IP_UDP);
        assert_int_equal(v.size, sizeof data + 8);
        assert_int_equal(v.rerouted, cases[i].rerouted);
        assert_false(v.fragment);
        for (uint32_t n = 40; n < 40u + cases[i].size; n++)
            assert_int_equal(read_exact(&v, 6, n, packet.size), IP_CUT);
    }
}

static void test_v6_fragment(void **state)
{
    static const uint8_t part[] = {60, 0, 0x05, 0xd1, 0xde, 0xad, 0xbe, 0xef};
    ip_view_t v;
    (void)state;
    make(6);
    insert(part, sizeof part);
    packet.octets[6] = 44;
    assert_int_equal(read_all(&v, 6), IP_GOOD);
    assert_true(v.fragment && v.more && v.offset == 0x5d0 && v.id == 0xdeadbeef);
    /* what is behind it belongs to the whole: it is not read yet */
    assert_int_equal(v.protocol, 60);
    assert_int_equal(v.size, sizeof data + 8);
}

/* The last number of headers that is taken, and one more. */
static void test_v6_limit(void **state)
{
    uint8_t header[8] = {60, 0, 1, 4, 0, 0, 0, 0};
    ip_view_t v;
    (void)state;
    make(6);
    for (unsigned count = 1; count <= IP_EXTENSIONS_MAX + 1; count++) {
        header[0] = count == 1 ? 17 : 60;
        insert(header, sizeof header);
        packet.octets[6] = 60;
        assert_int_equal(read_all(&v, 6), count <= IP_EXTENSIONS_MAX ? IP_GOOD : IP_MALFORMED);
    }
    /* a packet that is nothing but half a header */
    make(6);
    packet.octets[6] = 60;
    packet.octets[5] = 4;
    assert_int_equal(read_all(&v, 6), IP_MALFORMED);
}

static void test_v6_no_length(void **state)
{
    static const uint8_t jumbo[] = {17, 0, 0xc2, 4, 0, 1, 0, 0};
    ip_view_t v;
    (void)state;
    make(6);
    packet.octets[4] = packet.octets[5] = 0; /* filled in by the card */
    assert_int_equal(read_all(&v, 6), IP_GOOD);
    assert_int_equal(v.length, sizeof data + 8);
    packet.octets[6] = IP_NONEXT;
    assert_int_equal(read_all(&v, 6), IP_GOOD);
    assert_int_equal(v.length, 0);
    make(6);
    insert(jumbo, sizeof jumbo);
    packet.octets[6] = 0;
    packet.octets[4] = packet.octets[5] = 0;
    assert_int_equal(read_all(&v, 6), IP_JUMBO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),         cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_v4_lengths),    cmocka_unit_test(test_v4_header_sum),
        cmocka_unit_test(test_v4_options),    cmocka_unit_test(test_v4_fragment),
        cmocka_unit_test(test_v6_extensions), cmocka_unit_test(test_v6_fragment),
        cmocka_unit_test(test_v6_limit),      cmocka_unit_test(test_v6_no_length),
    };
    return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
