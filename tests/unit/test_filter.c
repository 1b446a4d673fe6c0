/* Generated filters, by what they let pass: packets with and without VLAN tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/bpf.h"
#include "capture/filter.h"
#include "exchange/packet.h"

static addr_t address(const char *text)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), 53, &a));
    return a;
}

/* What is sent, in short. */
typedef enum what { UDP, TCP, FRAGMENT, ERROR4, ERROR6, ECHO4, ECHO6, ARP, HOP6 } what_t;

static void make(packet_t *p, what_t what, const char *from, const char *to)
{
    addr_t a = address(from);
    addr_t b = address(to);
    uint8_t data[40] = {0};
    packet_t *quoted = malloc(sizeof *quoted);
    assert_non_null(quoted);
    packet_udp(quoted, NULL, &b, &a, data, sizeof data);
    if (what == TCP)
        packet_tcp(p, &a, &b, 1, 1, TCP_SYN, NULL, 0);
    else if (what == ERROR4 || what == ECHO4)
        packet_icmp(p, &a, &b, what == ERROR4 ? 3 : 8, 3, 0, quoted);
    else if (what == ERROR6 || what == ECHO6)
        packet_icmp(p, &a, &b, what == ERROR6 ? 1 : 128, 4, 0, quoted);
    else
        packet_udp(p, NULL, &a, &b, data, sizeof data);
    free(quoted);
    if (what == FRAGMENT && a.family == 4) {
        p->octets[6] = 0;
        p->octets[7] = 100;
        memset(p->octets + 20, 0, 8);
    } else if (what == FRAGMENT || what == HOP6) {
        p->octets[6] = what == FRAGMENT ? 44 : 0;
        memset(p->octets + 40, 0, 8);
    }
}

/* Puts Ethernet and tags before it. */
static size_t frame(const packet_t *p, what_t what, unsigned tags, uint8_t *out)
{
    size_t n = 12;
    bool six = p->octets[0] >> 4 == 6;
    memset(out, 2, 12);
    for (unsigned i = 0; i < tags; i++) {
        memcpy(out + n, i + 1 < tags ? "\x88\xa8\0\5" : "\x81\0\0\5", 4);
        n += 4;
    }
    memcpy(out + n, what == ARP ? "\x08\x06" : six ? "\x86\xdd" : "\x08\x00", 2);
    memcpy(out + n + 2, p->octets, p->size);
    return n + 2 + p->size;
}

static bool matches(const cap_bpf_t *b, what_t what, unsigned tags, const char *from,
                    const char *to)
{
    packet_t *p = malloc(sizeof *p);
    uint8_t *octets = malloc(sizeof *p + 64);
    assert_non_null(p);
    assert_non_null(octets);
    make(p, what, from, to);
    cap_packet_t c = {.bytes = octets, .link = CAP_LINK_ETHERNET};
    c.size = (uint32_t)frame(p, what, tags, octets);
    c.original = c.size;
    bpf_verdict_t v = cap_bpf_match(b, &c);
    assert_int_not_equal(v, BPF_UNUSABLE);
    free(octets);
    free(p);
    return v == BPF_YES;
}

static cap_bpf_t *filter(const addr_t *a, size_t count, const uint16_t *port, size_t ports)
{
    char error[256] = "";
    char text[FILTER_TEXT_MAX];
    size_t n = filter_text(a, count, port, ports, CAP_LINK_ETHERNET, text);
    assert_int_equal(n, strlen(text));
    assert_true(n > 0 && n < FILTER_TEXT_MAX - 100);
    cap_bpf_t *b = cap_bpf_new(text, error, sizeof error);
    if (b == NULL)
        print_message("%s\n%s\n", error, text);
    assert_non_null(b);
    return b;
}

#define A4  "192.0.2.1"
#define A6  "2001:db8::1"
#define B4  "198.51.100.7#40000"
#define B6  "[2001:db8:9::7]#40000"
#define R4  "203.0.113.254#7"
#define R6  "[2001:db8:ffff::1]#7"
#define A4X "192.0.2.1#54"
#define C4  "192.0.2.2"
#define C6  "2001:db8::2"

static void selects(void **state)
{
    (void)state;
    static const struct {
        what_t what;
        const char *from;
        const char *to;
        bool named; /* with A4 and A6 given */
        bool any;   /* with no address */
    } cases[] = {
        {UDP, B4, A4, true, true},       {UDP, A4, B4, true, true},
        {TCP, B4, A4, true, true},       {UDP, B6, A6, true, true},
        {TCP, A6, B6, true, true},       {UDP, B4, C4, false, true},
        {UDP, B6, C6, false, true},      {UDP, B4, A4X, false, false},
        {TCP, B4, A4X, false, false},    {FRAGMENT, A4, B4, true, true},
        {FRAGMENT, A6, B6, true, true},  {FRAGMENT, C4, B4, false, true},
        {FRAGMENT, C6, B6, false, true}, {ERROR4, R4, B4, true, true},
        {ERROR6, R6, B6, true, true},    {ECHO4, A4, B4, false, false},
        {ECHO6, A6, B6, false, false},   {ARP, A4, B4, false, false},
        {HOP6, A6, B6, true, true},
    };
    addr_t a[] = {address(A4), address(A6)};
    uint16_t port = 53;
    cap_bpf_t *named = filter(a, 2, &port, 1);
    cap_bpf_t *any = filter(NULL, 0, NULL, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned tags = 0; tags < 3; tags++) {
            bool n = matches(named, cases[i].what, tags, cases[i].from, cases[i].to);
            bool y = matches(any, cases[i].what, tags, cases[i].from, cases[i].to);
            if (n != cases[i].named || y != cases[i].any)
                print_message("case %zu, %u tags: %d %d\n", i, tags, n, y);
            assert_int_equal(n, cases[i].named);
            assert_int_equal(y, cases[i].any);
        }
    }
    cap_bpf_free(named);
    cap_bpf_free(any);
}

static void ports_and_families(void **state)
{
    (void)state;
    addr_t four = address("192.0.2.1#5300");
    uint16_t ports[] = {5300, 8053};
    cap_bpf_t *b = filter(&four, 1, ports, 2);
    assert_true(matches(b, UDP, 0, B4, "192.0.2.1#5300"));
    assert_true(matches(b, TCP, 1, "192.0.2.1#8053", B4));
    assert_false(matches(b, UDP, 0, B4, A4));
    assert_false(matches(b, UDP, 0, B6, "[2001:db8::1]#5300"));
    assert_false(matches(b, ERROR6, 0, R6, B6)); /* no IPv6 address, no ICMPv6 */
    assert_true(matches(b, ERROR4, 2, R4, B4));
    cap_bpf_free(b);
}

/* Many addresses stay within what the kernel takes; with too many, the ports decide. */
static void many_addresses(void **state)
{
    (void)state;
    addr_t *a = calloc(FILTER_ADDRESSES_MAX + 1, sizeof *a);
    char text[FILTER_TEXT_MAX];
    assert_non_null(a);
    for (unsigned i = 0; i <= FILTER_ADDRESSES_MAX; i++) {
        char name[ADDR_TEXT_MAX];
        snprintf(name, sizeof name, "2001:db8:1234:5678:9abc:def0:%x:%x", i * 900 + 4369, i + 4096);
        a[i] = address(name);
    }
    cap_bpf_t *b = filter(a, FILTER_ADDRESSES_MAX, NULL, 0);
    assert_true(matches(b, UDP, 0, B6, "2001:db8:1234:5678:9abc:def0:1111:1000"));
    assert_true(matches(b, UDP, 2, B6, "2001:db8:1234:5678:9abc:def0:1111:1000"));
    assert_false(matches(b, UDP, 0, B6, A6));
    cap_bpf_free(b);
    b = filter(a, FILTER_ADDRESSES_MAX + 1, NULL, 0);
    assert_true(matches(b, UDP, 0, B6, A6));
    cap_bpf_free(b);

    struct bpf_program program;
    pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
    assert_non_null(p);
    (void)filter_text(a, FILTER_ADDRESSES_MAX, NULL, 0, CAP_LINK_ETHERNET, text);
    assert_int_equal(pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN), 0);
    assert_true(program.bf_len < 4096);
    pcap_freecode(&program);
    pcap_close(p);
    free(a);
}

/* Links without VLAN tags get a filter without them. */
static void other_links(void **state)
{
    (void)state;
    char text[FILTER_TEXT_MAX];
    static const int dlts[] = {DLT_RAW, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NULL, DLT_PPP};
    static const uint32_t links[] = {CAP_LINK_RAW, CAP_LINK_LINUX_SLL, CAP_LINK_LINUX_SLL2,
                                     CAP_LINK_NULL, CAP_LINK_PPP};
    for (size_t i = 0; i < 5; i++) {
        struct bpf_program program;
        pcap_t *p = pcap_open_dead(dlts[i], 65535);
        addr_t a[] = {address(A4), address(A6)};
        assert_non_null(p);
        (void)filter_text(a, 2, NULL, 0, links[i], text);
        assert_null(strstr(text, "vlan"));
        assert_int_equal(pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN), 0);
        pcap_freecode(&program);
        pcap_close(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects),
        cmocka_unit_test(ports_and_families),
        cmocka_unit_test(many_addresses),
        cmocka_unit_test(other_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
