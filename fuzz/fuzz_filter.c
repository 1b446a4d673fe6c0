/* Filters for any addresses and ports: libpcap takes each of them, with the link type that it is
 * made for, and it lets through what it is about: questions and replies of these addresses and
 * ports, their later fragments and ICMP errors, also behind VLAN tags; and not what is of other
 * ports.
 *
 * Number of addresses, of ports; then the ports and the addresses. */
#include <pcap/pcap.h>
#include <string.h>

#include "capture/filter.h"
#include "capture/packet.h"
#include "exchange/packet.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static addr_t read_addr(nsp_reader_t *r)
{
    uint8_t octets[16] = {0};
    uint8_t family = (nsp_read_u8(r) & 1) != 0 ? 6 : 4;
    const uint8_t *p = nsp_read_bytes(r, family == 4 ? 4 : 16);
    if (p != NULL)
        memcpy(octets, p, family == 4 ? 4 : 16);
    return addr_from_octets(octets, family == 4 ? 4 : 16, 53);
}

static bool passes(const struct bpf_program *f, bool ethernet, unsigned tags, const packet_t *p)
{
    static uint8_t frame[PACKET_MAX + 32];
    uint32_t n = 0;
    if (ethernet) {
        memset(frame, 2, 12);
        n = 12;
        for (; tags > 0; tags--, n += 4)
            memcpy(frame + n, "\x81\0\0\1", 4);
        memcpy(frame + n, p->octets[0] >> 4 == 4 ? "\x08\0" : "\x86\xdd", 2);
        n += 2;
    }
    memcpy(frame + n, p->octets, p->size);
    return bpf_filter(f->bf_insns, frame, n + p->size, n + p->size) != 0;
}

/* What one address sends and gets. */
static void try_address(const struct bpf_program *f, bool ethernet, unsigned tags, addr_t server,
                        uint16_t port, bool other)
{
    static packet_t udp;
    static packet_t icmp;
    addr_t client = server;
    client.octets[1] ^= 1;
    client.port = 40000;
    server.port = port;
    packet_udp(&udp, NULL, &client, &server, (const uint8_t *)"12345678", 8);
    need(passes(f, ethernet, tags, &udp) != other);
    packet_tcp(&udp, &server, &client, 1, 1, TCP_ACK, NULL, 0);
    need(passes(f, ethernet, tags, &udp) != other);
    packet_icmp(&icmp, &client, &server, server.family == 4 ? 3 : 1, 1, 0, &udp);
    need(passes(f, ethernet, tags, &icmp));
    if (server.family == 4) {
        udp.octets[7] |= 1; /* no first fragment: has no ports */
        need(passes(f, ethernet, tags, &udp));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[FILTER_TEXT_MAX];
    static addr_t address[FILTER_ADDRESSES_MAX + 8];
    uint16_t port[FILTER_PORTS_MAX + 2];
    nsp_reader_t r = nsp_reader(data, size);
    size_t addresses = nsp_read_u8(&r) % (FILTER_ADDRESSES_MAX + 8);
    size_t ports = nsp_read_u8(&r) % (FILTER_PORTS_MAX + 2);
    bool ethernet = (nsp_read_u8(&r) & 1) != 0;
    struct bpf_program f;
    for (size_t i = 0; i < ports; i++)
        port[i] = nsp_read_u16(&r);
    /* those that are left out are looked for in vain: not more than the input has */
    if (addresses > nsp_left(&r))
        addresses = nsp_left(&r);
    for (size_t i = 0; i < addresses; i++)
        address[i] = read_addr(&r);
    uint32_t link = ethernet ? CAP_LINK_ETHERNET : CAP_LINK_RAW;
    size_t n = filter_text(address, addresses, port, ports, link, text);
    need(n < sizeof text && strlen(text) == n);
    pcap_t *p = pcap_open_dead(ethernet ? DLT_EN10MB : DLT_RAW, PACKET_MAX);
    if (p == NULL)
        return 0;
    need(pcap_compile(p, &f, text, 1, PCAP_NETMASK_UNKNOWN) == 0);
    pcap_close(p);
    if (ports == 0 || ports > FILTER_PORTS_MAX)
        port[0] = 53;
    bool other = port[0] != 9 && port[0] != 40000;
    for (size_t i = 1; i < ports && ports <= FILTER_PORTS_MAX; i++)
        other = other && port[i] != 9 && port[i] != 40000;
    for (unsigned i = 0; i < addresses && i < 4; i++) {
        try_address(&f, ethernet, ethernet ? i % 3 : 0, address[i], port[0], false);
        if (other)
            try_address(&f, ethernet, ethernet ? i % 3 : 0, address[i], 9, true);
    }
    pcap_freecode(&f);
    return 0;
}
