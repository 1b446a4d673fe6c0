/* From packets in tunnels to items: IP in IP, GRE, ERSPAN, and what lies in UDP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packets.h"

static packet_t packet;
static packet_t other;

static const uint8_t message[] = "a message of some octets";

/* Puts an IP packet into another one with this protocol number and these octets between. */
static void wrap(packet_t *out, unsigned family, uint8_t protocol, const uint8_t *between,
                 uint32_t n, const packet_t *inner)
{
    static uint8_t payload[4000];
    if (n > 0)
        memcpy(payload, between, n);
    memcpy(payload + n, inner->octets, inner->size);
    /* a datagram of the same length, whose protocol and payload are replaced */
    pudp(out, family == 4 ? "198.51.100.1" : "2001:db8:9::1", 1,
         family == 4 ? "198.51.100.2" : "2001:db8:9::2", payload, n + inner->size);
    uint32_t head = family == 4 ? 20 : 40;
    memmove(out->octets + head, payload, n + inner->size);
    out->size = head + n + inner->size;
    out->octets[family == 4 ? 9 : 6] = protocol;
    uint32_t length = family == 4 ? out->size : out->size - 40;
    out->octets[family == 4 ? 2 : 4] = (uint8_t)(length >> 8);
    out->octets[family == 4 ? 3 : 5] = (uint8_t)length;
}

static void test_tunnels(void **state)
{
    static const struct {
        unsigned outer;
        unsigned inner;
        uint8_t protocol;
        uint8_t size;
        uint8_t between[16];
    } cases[] = {
        {4, 4, 4, 0, {0}},
        {4, 6, 41, 0, {0}},
        {6, 4, 4, 0, {0}},
        {6, 6, 41, 0, {0}},
        {4, 4, 47, 4, {0, 0, 8, 0}},
        {4, 6, 47, 8, {0x20, 0, 0x86, 0xdd, 1, 2, 3, 4}},
        {4, 4, 47, 12, {0x30, 0, 8, 0, 1, 2, 3, 4, 0, 0, 0, 9}},
    };
    static pdecode_t p;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pdecode_begin(&p, NULL);
        pudp(&packet, cases[i].inner == 4 ? "192.0.2.1" : "2001:db8::1", 40000,
             cases[i].inner == 4 ? "192.0.2.53" : "2001:db8::53", message, sizeof message);
        wrap(&other, cases[i].outer, cases[i].protocol, cases[i].between, cases[i].size, &packet);
        pdecode_raw(&p, &other);
        if (p.count != 1)
            fail_msg("tunnel %zu: %zu items", i, p.count);
        assert_true((p.item[0].notes & CAP_NOTE_TUNNEL) != 0);
        assert_memory_equal(p.item[0].bytes, message, sizeof message);
        pdecode_end(&p);
    }
}

/* Tunnels over UDP, what is none of them at their ports, and DNS servers that have such a port. */
static void test_udp_tunnels(void **state)
{
    static const struct {
        uint16_t port;
        bool good;
        uint8_t size;
        uint8_t between[32];
        bool six;
        uint16_t from; /* 0: 40000 */
    } cases[] = {
        {4789,
         true,
         22,
         {8, 0, 0, 0, 0, 0, 7, 0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 8, 0},
         false,
         0},
        {4789,
         false,
         22,
         {0, 0, 0, 0, 0, 0, 7, 0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 8, 0},
         false,
         0},
        {6081, true, 12, {1, 0, 8, 0, 0, 0, 9, 0, 1, 2, 3, 4}, false, 0},
        {6081, false, 12, {0x41, 0, 8, 0, 0, 0, 9, 0, 1, 2, 3, 4}, false, 0},
        {6081,
         true,
         22,
         {0, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 8, 0},
         false,
         0},
        {2152, true, 8, {0x30, 255, 0, 0, 0, 0, 0, 1}, false, 0},
        {2152, true, 12, {0x32, 255, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0}, false, 0},
        {2152,
         true,
         20,
         {0x34, 255, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 2, 0, 0, 0, 0, 0, 0, 0},
         false,
         0},
        {2152, false, 12, {0x34, 255, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85}, false, 0},
        {2152, false, 8, {0x30, 1, 0, 0, 0, 0, 0, 1}, false, 0},
        {4790, true, 8, {4, 0, 0, 1, 0, 0, 7, 0}, false, 0},
        {4790, true, 8, {0x0c, 0, 0, 2, 0, 0, 7, 0}, true, 0},
        {4790,
         true,
         22,
         {4, 0, 0, 3, 0, 0, 7, 0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 8, 0},
         false,
         0},
        {4790, false, 8, {4, 0, 0, 4, 0, 0, 7, 0}, false, 0},
        {4790, false, 8, {8, 0, 0, 1, 0, 0, 7, 0}, false, 0},
        {4790, false, 8, {0x14, 0, 0, 1, 0, 0, 7, 0}, false, 0},
        {3544, true, 0, {0}, true, 0},
        {3544, true, 8, {0, 0, 0x0d, 0xb7, 1, 2, 3, 4}, true, 0},
        {3544, true, 13, {0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0}, true, 0},
        {3544,
         true,
         26,
         {0, 1, 2, 3, 9, 9, 8, 8, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 2, 1, 2, 3, 4},
         true,
         0},
        {3544, false, 4, {0, 1, 255, 255}, true, 0},
        {3544, false, 8, {0, 2, 0, 0, 1, 2, 3, 4}, true, 0},
        {3544, false, 0, {0}, false, 0},
        {40001, true, 0, {0}, true, 3544},
        {40001, false, 4, {0, 0, 8, 0}, false, 4754},
        {4754, true, 4, {0, 0, 8, 0}, false, 0},
        {4755, false, 4, {0, 0, 8, 0}, false, 0},
        {53, false, 4, {0, 0, 8, 0}, false, 0},
    };
    static pdecode_t p;
    static uint8_t payload[1000];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t a = paddr("198.51.100.1#40000");
        addr_t b = paddr("198.51.100.2#1");
        b.port = cases[i].port;
        a.port = cases[i].from != 0 ? cases[i].from : a.port;
        pudp(&packet, cases[i].six ? "2001::1" : "192.0.2.1", 40000,
             cases[i].six ? "2001:db8::53" : "192.0.2.53", message, sizeof message);
        memcpy(payload, cases[i].between, cases[i].size);
        memcpy(payload + cases[i].size, packet.octets, packet.size);
        packet_udp(&other, NULL, &a, &b, payload, cases[i].size + packet.size);
        pdecode_begin(&p, NULL);
        pdecode_raw(&p, &other);
        bool inside = p.count == 1 && (p.item[0].notes & CAP_NOTE_TUNNEL) != 0;
        if (p.count != 1 || inside != cases[i].good)
            fail_msg("UDP tunnel %zu: %zu items, inside %d", i, p.count, inside);
        if (inside)
            assert_memory_equal(p.item[0].bytes, message, sizeof message);
        pdecode_end(&p);
    }
}

static void test_tunnels_deep(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    pudp(&packet, "192.0.2.1", 40000, "192.0.2.53", message, sizeof message);
    for (int i = 0; i < 20; i++) {
        wrap(&other, 4, 4, NULL, 0, &packet);
        packet = other;
    }
    pdecode_raw(&p, &packet);
    assert_int_equal(p.count, 0);
    assert_int_equal(decoder_stats(p.d)->tunnels_too_deep, 1);
    pdecode_end(&p);
}

/* GRE with everything, cut anywhere; of kinds that are not decoded. */
static void test_gre(void **state)
{
    static const uint8_t full[] = {0xb0, 0, 8, 0, 1, 2, 0, 0, 9, 9, 9, 9, 0, 0, 0, 1};
    static const uint8_t bridged[] = {0, 0, 0x65, 0x58, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 0};
    static const uint8_t erspan[] = {0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 0,  0,  0, 0,
                                     0,    0, 1,    2,    3, 4, 5, 6, 7,    8, 9, 10, 11, 8, 0};
    static const uint8_t erspan1[] = {0, 0, 0x88, 0xbe, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 0};
    static const uint8_t pptp[] = {0x20, 1, 0x88, 0x0b, 0, 0, 0, 0};
    static const uint8_t pptp_acked[] = {0x30, 0x81, 0x88, 0x0b, 0, 0, 0,    0, 0, 0,
                                         0,    1,    0,    0,    0, 2, 0xff, 3, 0, 0x21};
    static const uint8_t routed[] = {0x40, 0, 8, 0, 0, 0, 0, 0};
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    pudp(&packet, "192.0.2.1", 40000, "192.0.2.53", message, sizeof message);
    wrap(&other, 4, 47, bridged, sizeof bridged, &packet);
    pdecode_raw(&p, &other);
    wrap(&other, 4, 47, full, sizeof full, &packet);
    pdecode_raw(&p, &other);
    assert_int_equal(p.count, 2);
    for (uint32_t n = 20; n < 20 + sizeof full; n++)
        pdecode_feed(&p, CAP_LINK_RAW, other.octets, n, other.size);
    assert_int_equal(p.count, 2);
    assert_int_equal(decoder_stats(p.d)->cut, sizeof full);
    wrap(&other, 4, 47, pptp, sizeof pptp, &packet);
    pdecode_raw(&p, &other);
    wrap(&other, 4, 47, routed, sizeof routed, &packet);
    pdecode_raw(&p, &other);
    assert_int_equal(p.count, 2);
    assert_int_equal(decoder_stats(p.d)->not_ip, 2);
    wrap(&other, 4, 47, pptp_acked, sizeof pptp_acked, &packet);
    pdecode_raw(&p, &other);
    assert_int_equal(p.count, 3);
    wrap(&other, 4, 47, erspan, sizeof erspan, &packet);
    pdecode_raw(&p, &other);
    wrap(&other, 4, 47, erspan1, sizeof erspan1, &packet);
    pdecode_raw(&p, &other);
    assert_int_equal(p.count, 5);
    pdecode_end(&p);
}

/* ERSPAN of type III: frames, IP packets, a second header; cut anywhere, and of other kinds. */
static void test_erspan3(void **state)
{
    static const uint8_t head[] = {0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20,
                                   1,    0, 1,    0,    0, 0, 0, 0, 0};
    static const uint8_t frame[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 0};
    static const struct {
        uint8_t flags[2];
        bool sub, frame;
        unsigned items, not_ip;
    } kinds[] = {{{0, 0}, false, true, 1, 0},    {{0x83, 0xfe}, false, true, 1, 0},
                 {{0, 1}, true, true, 1, 0},     {{8, 0}, false, false, 1, 0},
                 {{8, 1}, true, false, 1, 0},    {{4, 0}, false, true, 0, 1},
                 {{0x10, 0}, false, true, 0, 1}, {{0x40, 0}, false, true, 0, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        static pdecode_t p;
        uint8_t all[64] = {0};
        uint32_t n = sizeof head;
        memcpy(all, head, n);
        memcpy(all + n, kinds[i].flags, 2);
        n += kinds[i].sub ? 10 : 2;
        memcpy(all + n, frame, sizeof frame);
        n += kinds[i].frame ? (uint32_t)sizeof frame : 0;
        pdecode_begin(&p, NULL);
        pudp(&packet, "192.0.2.1", 40000, "192.0.2.53", message, sizeof message);
        wrap(&other, 4, 47, all, n, &packet);
        pdecode_raw(&p, &other);
        assert_int_equal(p.count, kinds[i].items);
        assert_int_equal(decoder_stats(p.d)->not_ip, kinds[i].not_ip);
        for (uint32_t k = 20; k < 20 + sizeof head + 2; k++)
            pdecode_feed(&p, CAP_LINK_RAW, other.octets, k, other.size);
        assert_int_equal(p.count, kinds[i].items);
        assert_int_equal(decoder_stats(p.d)->cut, sizeof head + 2);
        pdecode_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnels),      cmocka_unit_test(test_udp_tunnels),
        cmocka_unit_test(test_tunnels_deep), cmocka_unit_test(test_gre),
        cmocka_unit_test(test_erspan3),
    };
    return cmocka_run_group_tests_name("decode_tunnel", tests, NULL, NULL);
}
