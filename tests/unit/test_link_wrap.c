/* Link types around other link types, of radio and of rings: where IP begins, every prefix. */
#include "capture/link_wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "linkcase.h"

#define MACS    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
#define SNAP    0xaa, 0xaa, 3, 0, 0, 0, 8, 0
#define WLAN    0, 0, MACS, 1, 2, 3, 4, 5, 6, 0, 0 /* duration to sequence */
#define FOUR(x) (x), 0, 0, 0
#define ZERO8   0, 0, 0, 0, 0, 0, 0, 0
#define ZERO96  ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8

static const linkcase_t cases[] = {
    {"802.11", 105, LINK_IPV4, 32, 32, {8, 1, WLAN, SNAP}},
    {"802.11, QoS", 105, LINK_IPV4, 34, 34, {0x88, 2, WLAN, 0, 0, SNAP}},
    {"802.11, QoS, HT control", 105, LINK_IPV4, 38, 38, {0x88, 0x82, WLAN, 0, 0, 1, 2, 3, 4, SNAP}},
    {"802.11, four addresses", 105, LINK_IPV4, 38, 38, {8, 3, WLAN, 1, 2, 3, 4, 5, 6, SNAP}},
    {"802.11, aggregate", 105, LINK_OTHER, 0, 26, {0x88, 2, WLAN, 0x80, 0}},
    {"802.11, encrypted", 105, LINK_OTHER, 0, 24, {8, 0x41, WLAN}},
    {"802.11, no data", 105, LINK_OTHER, 0, 24, {0x48, 1, WLAN}},
    {"802.11, beacon", 105, LINK_OTHER, 0, 24, {0x80, 0, WLAN}},
    {"802.11, version 1", 105, LINK_MALFORMED, 0, 24, {9, 0, WLAN}},
    {"radiotap", 127, LINK_IPV4, 40, 40, {0, 0, 8, 0, 0, 0, 0, 0, 8, 1, WLAN, SNAP}},
    {"radiotap of 7 octets", 127, LINK_MALFORMED, 0, 4, {0, 0, 7, 0}},
    {"Prism",
     119,
     LINK_IPV4,
     176,
     176,
     {0x44, 0, 0, 0, 0x90, 0, 0, 0, ZERO96, ZERO8, ZERO8, ZERO8, ZERO8, ZERO8, 8, 1, WLAN, SNAP}},
    {"AVS", 163, LINK_IPV4, 40, 40, {0x80, 0x21, 0, 1, 0, 0, 0, 8, 8, 1, WLAN, SNAP}},
    {"PPI of 802.11", 192, LINK_IPV4, 40, 40, {0, 0, 8, 0, FOUR(105), 8, 1, WLAN, SNAP}},
    {"PPI of Ethernet", 192, LINK_IPV4, 22, 22, {0, 0, 8, 0, FOUR(1), MACS, 8, 0}},
    {"PPI of PPI", 192, LINK_UNKNOWN, 0, 8, {0, 0, 8, 0, FOUR(192)}},
    {"PKTAP", 258, LINK_IPV4, 122, 122, {FOUR(108), FOUR(1), FOUR(1), ZERO96, MACS, 8, 0}},
    {"PKTAP, USER2", 149, LINK_IPV6, 108, 109, {FOUR(108), FOUR(1), FOUR(12), ZERO96, 0x60}},
    {"PKTAP, no packet", 258, LINK_OTHER, 0, 12, {FOUR(108), FOUR(2), FOUR(1)}},
    {"PKTAP, short", 258, LINK_MALFORMED, 0, 12, {FOUR(107), FOUR(1), FOUR(1)}},
    {"NFLOG", 239, LINK_IPV4, 16, 17, {2, 0, 0, 0, 5, 0, 10, 0, 'x', 0, 0, 0, 24, 0, 9, 0, 0x45}},
    {"NFLOG, big-endian", 239, LINK_IPV6, 8, 9, {10, 0, 0, 0, 0, 24, 0, 9, 0x60}},
    {"NFLOG of length 3", 239, LINK_MALFORMED, 0, 8, {2, 0, 0, 0, 3, 0, 1, 0}},
    {"ARCNET, RFC 1051", 7, LINK_IPV4, 3, 3, {1, 2, 240}},
    {"ARCNET, RFC 1201", 7, LINK_IPV4, 6, 6, {1, 2, 212, 0, 0, 9}},
    {"ARCNET, a part", 7, LINK_OTHER, 0, 6, {1, 2, 212, 1, 0, 9}},
    {"ARCNET, ARP", 7, LINK_OTHER, 0, 3, {1, 2, 241}},
    {"ARCNET of Linux", 129, LINK_IPV4, 5, 5, {1, 2, 0, 0, 240}},
    {"FDDI", 10, LINK_IPV4, 21, 21, {0x50, MACS, SNAP}},
    {"FDDI, token", 10, LINK_OTHER, 0, 13, {0x80, MACS}},
    {"Token Ring", 6, LINK_IPV4, 22, 22, {0x10, 0x40, MACS, SNAP}},
    {"Token Ring, routed",
     6,
     LINK_IPV4,
     26,
     26,
     {0x10, 0x40, 0, 1, 2, 3, 4, 5, 0x86, 7, 8, 9, 10, 11, 4, 0, 0, 1, SNAP}},
    {"ATM", 100, LINK_IPV4, 8, 8, {SNAP}},
    {"ENC", 109, LINK_IPV4, 12, 13, {2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x45}},
    {"none of them", 187, LINK_UNKNOWN, 0, 0, {0}},
};

static void test_table(void **state)
{
    (void)state;
    linkcase_check(cases, sizeof cases / sizeof cases[0]);
}

static void test_prefixes(void **state)
{
    (void)state;
    linkcase_prefixes(cases, sizeof cases / sizeof cases[0], true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests_name("link_wrap", tests, NULL, NULL);
}
