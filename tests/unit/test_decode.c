/* From packets to items: link layers, IP, checksums, cut packets, UDP and ICMP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packets.h"

static packet_t packet;
static packet_t other;

static const uint8_t message[] = "a message of some octets";

/* Headers that stand before an IP packet. */
static const struct {
    const char *name;
    uint32_t link;
    unsigned family;
    uint8_t size;
    uint8_t head[40];
} links[] = {
    {"Ethernet", CAP_LINK_ETHERNET, 4, 14, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 0}},
    {"Ethernet 6", CAP_LINK_ETHERNET, 6, 14, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x86, 0xdd}},
    {"VLAN", CAP_LINK_ETHERNET, 4, 18, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x81, 0, 0, 5, 8, 0}},
    {"QinQ", CAP_LINK_ETHERNET, 6, 22, {0,  1,    2,    3, 4, 5,    6, 7, 8, 9,    10,
                                        11, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd}},
    {"SNAP", CAP_LINK_ETHERNET, 4, 22, {0,  1, 2,  3,    4,    5, 6, 7, 8, 9, 10,
                                        11, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
    {"PPPoE", CAP_LINK_ETHERNET, 4, 22, {0,  1,    2,    3,    4, 5, 6, 7, 8,  9, 10,
                                         11, 0x88, 0x64, 0x11, 0, 0, 1, 0, 60, 0, 0x21}},
    {"SLL", CAP_LINK_LINUX_SLL, 4, 16, {0, 0, 0, 1, 0, 6, 0, 1, 2, 3, 4, 5, 0, 0, 8, 0}},
    {"SLL2", CAP_LINK_LINUX_SLL2, 6, 20, {0x86, 0xdd, 0, 0, 0, 0, 0, 1, 0, 1,
                                          0,    6,    0, 1, 2, 3, 4, 5, 0, 0}},
    {"RAW", CAP_LINK_RAW, 4, 0, {0}},
    {"RAW 6", CAP_LINK_RAW, 6, 0, {0}},
    {"IPV4", CAP_LINK_IPV4, 4, 0, {0}},
    {"IPV6", CAP_LINK_IPV6, 6, 0, {0}},
    {"NULL little", CAP_LINK_NULL, 4, 4, {2, 0, 0, 0}},
    {"NULL big", CAP_LINK_NULL, 4, 4, {0, 0, 0, 2}},
    {"NULL 6", CAP_LINK_NULL, 6, 4, {30, 0, 0, 0}},
    {"LOOP", CAP_LINK_LOOP, 6, 4, {0, 0, 0, 24}},
    {"PPP", CAP_LINK_PPP, 4, 4, {0xff, 3, 0, 0x21}},
    {"PPP short", CAP_LINK_PPP, 4, 1, {0x21}},
    {"PPP HDLC", CAP_LINK_PPP_HDLC, 6, 4, {0xff, 3, 0, 0x57}},
    {"PPPoE link", CAP_LINK_PPP_ETHER, 4, 8, {0x11, 0, 0, 1, 0, 60, 0, 0x21}},
};

static uint32_t with_link(size_t i, uint8_t *out)
{
    pudp(&packet, links[i].family == 4 ? "192.0.2.1" : "2001:db8::1", 40000,
         links[i].family == 4 ? "192.0.2.53" : "2001:db8::53", message, sizeof message);
    memcpy(out, links[i].head, links[i].size);
    memcpy(out + links[i].size, packet.octets, packet.size);
    return links[i].size + packet.size;
}

static void test_links(void **state)
{
    static uint8_t frame[2000];
    static pdecode_t p;
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        pdecode_begin(&p, NULL);
        uint32_t n = with_link(i, frame);
        pdecode_feed(&p, links[i].link, frame, n, n);
        if (p.count != 1)
            fail_msg("%s: %zu items", links[i].name, p.count);
        const cap_item_t *item = &p.item[0];
        assert_int_equal(item->kind, CAP_ITEM_UDP);
        assert_int_equal(item->notes, 0);
        assert_int_equal(item->size, sizeof message);
        assert_int_equal(item->original, sizeof message);
        assert_memory_equal(item->bytes, message, sizeof message);
        assert_int_equal(item->from.port, 40000);
        assert_int_equal(item->to.port, 53);
        assert_int_equal(item->from.family, links[i].family);
        assert_int_equal(item->number, 1);
        pdecode_end(&p);
    }
}

/* Every prefix, as a capture with a snap length gives it, and as a frame that ends there. */
static void test_prefixes(void **state)
{
    static uint8_t frame[2000];
    static pdecode_t p;
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        uint32_t n = with_link(i, frame);
        uint32_t headers = n - (uint32_t)sizeof message;
        for (uint32_t size = 0; size < n; size++) {
            pdecode_begin(&p, NULL);
            pdecode_feed(&p, links[i].link, frame, size, n);
            /* of a message without its ID nothing is known */
            assert_int_equal(p.count, size >= headers + 2 ? 1 : 0);
            assert_int_equal(decoder_stats(p.d)->cut > 0, size < headers + 2);
            if (p.count == 1) {
                assert_int_equal(p.item[0].notes, CAP_NOTE_CUT);
                assert_int_equal(p.item[0].size, size - headers);
                assert_int_equal(p.item[0].original, sizeof message);
            }
            pdecode_feed(&p, links[i].link, frame, size, size);
            pdecode_end(&p);
        }
    }
}

/* Ethernet pads short frames: what is behind the IP packet is not of the datagram. */
static void test_padding(void **state)
{
    static pdecode_t p;
    uint8_t frame[200] = {0};
    (void)state;
    pdecode_begin(&p, NULL);
    uint32_t n = with_link(0, frame);
    pdecode_feed(&p, CAP_LINK_ETHERNET, frame, n + 20, n + 20);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.item[0].size, sizeof message);
    pdecode_end(&p);
}

static void test_checksums(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    pudp(&packet, "192.0.2.1", 40000, "192.0.2.53", message, sizeof message);
    packet.octets[packet.size - 1] ^= 1;
    pdecode_raw(&p, &packet);
    packet.octets[26] = packet.octets[27] = 0; /* none: IPv4 allows it */
    pdecode_raw(&p, &packet);
    pudp(&packet, "2001:db8::1", 40000, "2001:db8::53", message, sizeof message);
    packet.octets[46] ^= 0x55;
    pdecode_raw(&p, &packet);
    assert_int_equal(p.count, 3);
    assert_int_equal(p.item[0].notes, CAP_NOTE_CHECKSUM);
    assert_int_equal(p.item[1].notes, 0);
    assert_int_equal(p.item[2].notes, CAP_NOTE_CHECKSUM);
    assert_int_equal(decoder_stats(p.d)->bad_checksum, 2);
    pdecode_end(&p);
}

/* IPv6 extension headers before UDP, and too many of them. */
static void test_extensions(void **state)
{
    static pdecode_t p;
    (void)state;
    for (unsigned count = 1; count < 40; count += 3) {
        pdecode_begin(&p, NULL);
        pudp(&packet, "2001:db8::1", 40000, "2001:db8::53", message, sizeof message);
        other = packet;
        uint32_t extra = count * 8;
        memmove(other.octets + 40 + extra, packet.octets + 40, packet.size - 40);
        for (unsigned i = 0; i < count; i++) {
            uint8_t *h = other.octets + 40 + i * 8;
            memset(h, 0, 8);
            h[0] = i + 1 == count ? 17 : 60; /* destination options */
            h[2] = 1;
            h[3] = 4;
        }
        other.octets[6] = 60;
        other.size += extra;
        other.octets[4] = (uint8_t)((other.size - 40) >> 8);
        other.octets[5] = (uint8_t)(other.size - 40);
        pdecode_raw(&p, &other);
        assert_in_range(p.count, count <= 4 ? 1 : 0, 1);
        if (p.count == 1)
            assert_memory_equal(p.item[0].bytes, message, sizeof message);
        pdecode_end(&p);
    }
}

static void test_icmp(void **state)
{
    static const struct {
        const char *client;
        const char *server;
        const char *router;
        uint8_t type;
        uint8_t code;
        uint32_t mtu;
    } cases[] = {
        {"192.0.2.1", "192.0.2.53", "192.0.2.53", 3, 3, 0},
        {"192.0.2.1", "192.0.2.53", "198.51.100.7", 3, 4, 1400},
        {"2001:db8::1", "2001:db8::53", "2001:db8::7", 1, 1, 0},
        {"2001:db8::1", "2001:db8::53", "2001:db8::7", 2, 0, 1280},
    };
    static pdecode_t p;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t router = paddr(cases[i].router);
        addr_t client = paddr(cases[i].client);
        pdecode_begin(&p, NULL);
        pudp(&packet, cases[i].client, 40000, cases[i].server, message, sizeof message);
        packet_icmp(&other, &router, &client, cases[i].type, cases[i].code, cases[i].mtu, &packet);
        pdecode_raw(&p, &other);
        assert_int_equal(p.count, 1);
        const cap_item_t *item = &p.item[0];
        assert_int_equal(item->kind, CAP_ITEM_ICMP);
        assert_int_equal(item->notes, 0);
        assert_true(addr_same_host(&item->from, &router));
        assert_int_equal(item->icmp_type, cases[i].type);
        assert_int_equal(item->icmp_code, cases[i].code);
        assert_int_equal(item->icmp_mtu, cases[i].mtu);
        assert_int_equal(item->quoted, TRANSPORT_UDP);
        assert_int_equal(item->quoted_from.port, 40000);
        assert_int_equal(item->quoted_to.port, 53);
        assert_memory_equal(item->bytes, message, item->size);
        for (uint32_t n = 0; n < other.size; n++) /* cut anywhere */
            pdecode_feed(&p, CAP_LINK_RAW, other.octets, n, other.size);
        pdecode_end(&p);
    }
}

/* Only datagrams of the ports asked for, when not every UDP port is. */
static void test_ports(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    (void)state;
    o.any_udp_port = false;
    o.port_count = 2;
    o.port[0] = 5300;
    o.port[1] = 53;
    pdecode_begin(&p, &o);
    addr_t a = paddr("192.0.2.1#40000");
    addr_t b = paddr("192.0.2.2#5301");
    packet_udp(&packet, NULL, &a, &b, message, sizeof message);
    pdecode_raw(&p, &packet);
    assert_int_equal(p.count, 0);
    b.port = 5300;
    packet_udp(&packet, NULL, &b, &a, message, sizeof message);
    pdecode_raw(&p, &packet);
    b.port = 53;
    packet_udp(&packet, NULL, &b, &a, message, sizeof message);
    pdecode_raw(&p, &packet);
    assert_int_equal(p.count, 2);
    assert_int_equal(decoder_stats(p.d)->other, 1);
    pdecode_end(&p);
}

/* What is not decoded is counted, each for its reason. */
static void test_counts(void **state)
{
    static const uint8_t arp[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 6, 0, 1, 8, 0};
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    const decode_stats_t *s = decoder_stats(p.d);
    pdecode_feed(&p, CAP_LINK_ETHERNET, arp, sizeof arp, sizeof arp);
    assert_int_equal(s->not_ip, 1);
    pdecode_feed(&p, 187, arp, sizeof arp, sizeof arp);
    assert_int_equal(s->link_unknown, 1);
    pdecode_feed(&p, CAP_LINK_ETHERNET, arp, 13, 60);
    assert_int_equal(s->cut, 1);
    pdecode_feed(&p, CAP_LINK_ETHERNET, arp, 13, 13);
    pdecode_feed(&p, CAP_LINK_RAW, arp, 4, 4);
    assert_int_equal(s->malformed, 2);
    pudp(&packet, "192.0.2.1", 40000, "192.0.2.53", message, sizeof message);
    packet.octets[9] = 132; /* SCTP */
    pdecode_raw(&p, &packet);
    assert_int_equal(s->other, 1);
    assert_int_equal(p.count, 0);
    assert_int_equal(s->packets, 6);
    pdecode_end(&p);
}

/* UDP lengths that disagree with those of IP. */
static void test_udp_lengths(void **state)
{
    static pdecode_t p;
    (void)state;
    for (uint32_t length = 0; length < 60; length++) {
        pudp(&packet, "192.0.2.1", 40000, "192.0.2.53", message, sizeof message);
        packet.octets[24] = 0;
        packet.octets[25] = (uint8_t)length;
        packet.octets[26] = packet.octets[27] = 0;
        pdecode_begin(&p, NULL);
        pdecode_raw(&p, &packet);
        uint32_t has = sizeof message + 8;
        bool good = length == 0 || length >= 8;
        assert_int_equal(p.count, good);
        assert_int_equal(decoder_stats(p.d)->malformed, !good || length > has);
        if (good) {
            assert_int_equal(p.item[0].original, (length == 0 ? has : length) - 8);
            assert_int_equal(p.item[0].size, (length == 0 || length > has ? has : length) - 8);
            assert_int_equal(p.item[0].notes, length > has ? CAP_NOTE_LENGTH : 0);
        }
        pdecode_end(&p);
    }
    /* an IP packet without room for the header */
    packet.octets[3] = 27;
    pdecode_begin(&p, NULL);
    pdecode_feed(&p, CAP_LINK_RAW, packet.octets, 27, 27);
    assert_int_equal(decoder_stats(p.d)->malformed, 1);
    pdecode_end(&p);
}

/* AH (RFC 4302) in both families, with an ICV of any length; lengths that cannot be. */
static void test_ah(void **state)
{
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        for (uint8_t words = 0; words < 12; words++) {
            static pdecode_t p;
            bool six = family == 6;
            uint8_t head[64] = {17, words};
            uint32_t n = (words + 2u) * 4;
            pdecode_begin(&p, NULL);
            pudp(&packet, six ? "2001:db8::1" : "192.0.2.1", 40000,
                 six ? "2001:db8::53" : "192.0.2.53", message, sizeof message);
            uint32_t ip = six ? 40 : 20;
            other = packet;
            memmove(other.octets + ip + n, packet.octets + ip, packet.size - ip);
            memcpy(other.octets + ip, head, n);
            other.size += n;
            other.octets[six ? 6 : 9] = 51;
            other.octets[six ? 5 : 3] = (uint8_t)(other.octets[six ? 5 : 3] + n);
            if (!six)
                other.octets[10] = other.octets[11] = 0;
            pdecode_raw(&p, &other);
            assert_int_equal(p.count, 1);
            assert_int_equal(p.item[0].notes, 0);
            assert_memory_equal(p.item[0].bytes, message, sizeof message);
            other.octets[ip + 1] = 255;
            pdecode_raw(&p, &other);
            assert_int_equal(p.count, 1);
            assert_int_equal(decoder_stats(p.d)->malformed, 1);
            other.octets[ip + 1] = words;
            for (uint32_t k = ip; k < ip + n; k++)
                pdecode_feed(&p, CAP_LINK_RAW, other.octets, k, other.size);
            assert_int_equal(decoder_stats(p.d)->cut, n);
            pdecode_end(&p);
        }
    }
}

/* IP packets of other kinds take the long way, and say the same as on the short one. */
static void test_long_way(void **state)
{
    static pdecode_t p;
    static packet_t optioned;
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        pudp(&packet, "192.0.2.1", 40000, "192.0.2.53", message, sizeof message);
        optioned = packet;
        if (kind == 1) { /* four NOP */
            memmove(optioned.octets + 24, packet.octets + 20, packet.size - 20);
            memset(optioned.octets + 20, 1, 4);
            optioned.octets[0] = 0x46;
            optioned.octets[3] += 4;
            optioned.octets[10] = optioned.octets[11] = 0;
            optioned.size += 4;
        } else if (kind == 2) { /* a trailer within IP, behind UDP */
            memset(optioned.octets + packet.size, 0, 6);
            optioned.octets[3] += 6;
            optioned.octets[10] = optioned.octets[11] = 0;
            optioned.size += 6;
        }
        pdecode_begin(&p, NULL);
        pdecode_raw(&p, &optioned);
        assert_int_equal(p.count, 1);
        assert_int_equal(p.item[0].notes, 0);
        assert_int_equal(p.item[0].size, sizeof message);
        assert_int_equal(p.item[0].original, sizeof message);
        assert_int_equal(p.item[0].at, p.at);
        assert_int_equal(p.item[0].number, 1);
        assert_memory_equal(p.item[0].bytes, message, sizeof message);
        pdecode_end(&p);
    }
}

/* Items do not depend on the seed of hashes. */
static void test_deterministic(void **state)
{
    static pdecode_t p[2];
    static packet_t part[3];
    static uint8_t big[2000];
    (void)state;
    for (uint64_t k = 0; k < 2; k++) {
        decode_options_t o = decode_options_default();
        o.seed = k * UINT64_C(0x123456789abcdef1);
        o.memory = 40000;
        o.connections_max = 5;
        pdecode_begin(&p[k], &o);
        for (uint16_t i = 0; i < 60; i++) {
            addr_t a = paddr("192.0.2.1");
            addr_t b = paddr("192.0.2.53");
            a.port = (uint16_t)(1000 + i * 7 % 30);
            packet_tcp(&packet, &a, &b, 1, 0, TCP_SYN, big, i);
            pdecode_raw(&p[k], &packet);
            packet_udp(&packet, NULL, &a, &b, big, sizeof big);
            pfragment(&packet, i, 0, 1000, &part[0]);
            pdecode_raw(&p[k], &part[0]);
            p[k].at += P_SEC;
        }
        decoder_finish(p[k].d);
    }
    assert_int_equal(p[0].count, p[1].count);
    assert_true(p[0].count > 100);
    for (size_t i = 0; i < p[0].count; i++) {
        assert_int_equal(p[0].item[i].kind, p[1].item[i].kind);
        assert_int_equal(p[0].item[i].number, p[1].item[i].number);
        assert_int_equal(p[0].item[i].connection, p[1].item[i].connection);
        assert_int_equal(p[0].item[i].size, p[1].item[i].size);
        assert_true(addr_equal(&p[0].item[i].from, &p[1].item[i].from));
    }
    pdecode_end(&p[0]);
    pdecode_end(&p[1]);
}

/* Times that go backwards, or stand at the ends of what there is, overflow nothing. */
static void test_times(void **state)
{
    static const int64_t times[] = {0, INT64_MAX, INT64_MIN, -1, INT64_MAX - 1, 5};
    static pdecode_t p;
    static packet_t part;
    static uint8_t big[2000];
    (void)state;
    pdecode_begin(&p, NULL);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        addr_t a = paddr("192.0.2.1#999");
        addr_t b = paddr("192.0.2.53");
        packet_udp(&packet, NULL, &a, &b, big, sizeof big);
        pfragment(&packet, (uint32_t)i, 0, 1000, &part);
        pdecode_raw_at(&p, &part, times[i]);
        packet_tcp(&packet, &a, &b, 1, 0, TCP_SYN, big, 30);
        pdecode_raw(&p, &packet);
    }
    decoder_finish(p.d);
    assert_true(p.count >= 6);
    assert_int_equal(decoder_stats(p.d)->memory, 0);
    pdecode_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),       cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_padding),     cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_extensions),  cmocka_unit_test(test_icmp),
        cmocka_unit_test(test_ports),       cmocka_unit_test(test_counts),
        cmocka_unit_test(test_udp_lengths), cmocka_unit_test(test_ah),
        cmocka_unit_test(test_long_way),    cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
