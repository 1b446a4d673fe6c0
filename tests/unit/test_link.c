/* Link layers: where IP begins, what is not IP, what makes no sense; every prefix of each. */
#include "capture/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/packet.h"
#include "linkcase.h"

#define MACS 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
#define SLL  0, 0, 0, 1, 0, 6, 0, 1, 2, 3, 4, 5, 0, 0

static const linkcase_t cases[] = {
    {"Ethernet", 1, LINK_IPV4, 14, 14, {MACS, 8, 0}},
    {"ARP", 1, LINK_OTHER, 14, 14, {MACS, 8, 6}},
    {"three tags",
     1,
     LINK_IPV6,
     26,
     26,
     {MACS, 0x88, 0xa8, 0, 1, 0x91, 0, 0, 2, 0x92, 0, 0, 3, 0x86, 0xdd}},
    {"LLC of IP", 1, LINK_IPV4, 17, 17, {MACS, 0, 60, 6, 6, 3}},
    {"LLC of something", 1, LINK_OTHER, 17, 17, {MACS, 0, 60, 0x42, 0x42, 3}},
    {"SNAP of Cisco", 1, LINK_OTHER, 22, 22, {MACS, 0, 60, 0xaa, 0xaa, 3, 0, 0, 12, 0x20, 0}},
    {"SNAP, 802.1H", 1, LINK_IPV6, 22, 22, {MACS, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0xf8, 0x86, 0xdd}},
    {"SNAP behind a tag",
     1,
     LINK_IPV4,
     26,
     26,
     {MACS, 0x81, 0, 0, 1, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
    {"frame in a frame", 1, LINK_IPV4, 28, 28, {MACS, 0x65, 0x58, MACS, 8, 0}},
    {"MPLS, IPv6", 1, LINK_IPV6, 18, 19, {MACS, 0x88, 0x47, 0, 1, 1, 64, 0x60}},
    {"MPLS, three labels",
     1,
     LINK_IPV4,
     26,
     27,
     {MACS, 0x88, 0x48, 0, 1, 0, 64, 0, 2, 0, 64, 0, 3, 1, 64, 0x45}},
    {"MPLS, a frame behind a control word",
     1,
     LINK_IPV4,
     36,
     36,
     {MACS, 0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0, MACS, 8, 0}},
    {"MPLS, something", 1, LINK_OTHER, 18, 19, {MACS, 0x88, 0x47, 0, 1, 1, 64, 0x10}},
    {"PPPoE, IPv6", 1, LINK_IPV6, 22, 22, {MACS, 0x88, 0x64, 0x11, 0, 0, 1, 0, 60, 0, 0x57}},
    {"PPPoE, LCP", 1, LINK_OTHER, 22, 22, {MACS, 0x88, 0x64, 0x11, 0, 0, 1, 0, 60, 0xc0, 0x21}},
    {"PPPoE of version 2", 1, LINK_MALFORMED, 0, 20, {MACS, 0x88, 0x64, 0x21, 0, 0, 1, 0, 60}},
    {"PPPoE discovery", 1, LINK_OTHER, 20, 20, {MACS, 0x88, 0x64, 0x11, 9, 0, 1, 0, 60}},
    {"PPP by EtherType", 1, LINK_IPV4, 16, 16, {MACS, 0x88, 0x0b, 0, 0x21}},
    {"SLL", 113, LINK_IPV4, 16, 16, {SLL, 8, 0}},
    {"SLL, tag", 113, LINK_IPV6, 20, 20, {SLL, 0x81, 0, 0, 9, 0x86, 0xdd}},
    {"SLL, 802.2", 113, LINK_IPV4, 24, 24, {SLL, 0, 4, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
    {"SLL, Novell", 113, LINK_OTHER, 16, 16, {SLL, 0, 1}},
    {"SLL, PPP", 113, LINK_IPV4, 17, 17, {SLL, 0, 7, 0x21}},
    {"SLL2", 276, LINK_IPV4, 20, 20, {8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 1, 2, 3, 4, 5, 0, 0}},
    {"RAW, 4", 101, LINK_IPV4, 0, 1, {0x45}},
    {"RAW, 6", 101, LINK_IPV6, 0, 1, {0x60}},
    {"RAW, BSD", 12, LINK_IPV4, 0, 1, {0x45}},
    {"RAW, OpenBSD", 14, LINK_IPV6, 0, 1, {0x60}},
    {"RAW, neither", 101, LINK_MALFORMED, 0, 1, {0x55}},
    {"NULL, little", 0, LINK_IPV4, 4, 4, {2, 0, 0, 0}},
    {"NULL, big", 0, LINK_IPV4, 4, 4, {0, 0, 0, 2}},
    {"NULL, 10", 0, LINK_IPV6, 4, 4, {10, 0, 0, 0}},
    {"NULL, 24", 0, LINK_IPV6, 4, 4, {0, 0, 0, 24}},
    {"NULL, 28", 0, LINK_IPV6, 4, 4, {28, 0, 0, 0}},
    {"LOOP, 30", 108, LINK_IPV6, 4, 4, {0, 0, 0, 30}},
    {"LOOP, other", 108, LINK_OTHER, 4, 4, {0, 0, 0, 7}},
    {"PPP", 9, LINK_IPV4, 4, 4, {0xff, 3, 0, 0x21}},
    {"PPP, no address", 9, LINK_IPV6, 2, 2, {0, 0x57}},
    {"PPP, one octet", 9, LINK_IPV4, 1, 1, {0x21}},
    {"PPP, IPCP", 9, LINK_OTHER, 2, 2, {0x80, 0x21}},
    {"PPP with HDLC", 50, LINK_IPV6, 4, 4, {0xff, 3, 0, 0x57}},
    {"Cisco, unicast", 50, LINK_IPV4, 4, 4, {0x0f, 0, 8, 0}},
    {"Cisco, all", 104, LINK_IPV6, 4, 4, {0x8f, 0, 0x86, 0xdd}},
    {"PPPoE alone", 51, LINK_IPV4, 8, 8, {0x11, 0, 0, 1, 0, 60, 0, 0x21}},
    {"IPV4", 228, LINK_IPV4, 0, 1, {0x45}},
    {"IPV4 with IPv6", 228, LINK_IPV6, 0, 1, {0x60}},
    {"IPV6", 229, LINK_IPV6, 0, 1, {0x60}},
    {"Bluetooth", 187, LINK_UNKNOWN, 0, 0, {0}},
};

static void test_table(void **state)
{
    (void)state;
    linkcase_check(cases, sizeof cases / sizeof cases[0]);
}

static void test_prefixes(void **state)
{
    (void)state;
    linkcase_prefixes(cases, sizeof cases / sizeof cases[0], false);
}

/* Tags within tags: as many as are followed, and one more. */
static void test_layers(void **state)
{
    uint8_t frame[12 + 4 * 20 + 2] = {0};
    (void)state;
    for (uint32_t tags = 0; tags < 20; tags++) {
        for (uint32_t i = 0; i < tags; i++)
            memcpy(frame + 12 + 4 * i, (const uint8_t[]){0x81, 0, 0, 1}, 4);
        memcpy(frame + 12 + 4 * tags, (const uint8_t[]){8, 0}, 2);
        link_t l = linkcase_read(CAP_LINK_ETHERNET, frame, 14 + 4 * tags);
        assert_int_equal(l.kind, tags < 8 ? LINK_IPV4 : LINK_MALFORMED);
        assert_true(tags >= 8 || l.offset == 14 + 4 * tags);
    }
}

static void test_ethertype(void **state)
{
    static const uint8_t tag[] = {0, 1, 0x86, 0xdd};
    (void)state;
    assert_int_equal(link_read_ethertype(0x0800, tag, 0).kind, LINK_IPV4);
    link_t l = link_read_ethertype(0x8100, tag, sizeof tag);
    assert_int_equal(l.kind, LINK_IPV6);
    assert_int_equal(l.offset, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_ethertype),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
