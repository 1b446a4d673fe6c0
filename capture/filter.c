#include "capture/filter.h"

#include <stdarg.h>
#include <stdio.h>

#include "capture/packet.h"

/* Text under construction; what does not fit is cut, which FILTER_TEXT_MAX makes impossible. */
typedef struct text {
    char *at;
    size_t size;
} text_t;

static void put(text_t *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(text_t *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(t->at + t->size, FILTER_TEXT_MAX - t->size, format, ap);
    va_end(ap);
    if (n > 0 && (size_t)n < FILTER_TEXT_MAX - t->size)
        t->size += (size_t)n;
}

static void put_ports(text_t *t, const uint16_t *port, size_t count)
{
    put(t, "(");
    for (size_t i = 0; i < count; i++)
        put(t, "%sport %u", i > 0 ? " or " : "", port[i]);
    put(t, ")");
}

static void put_hosts(text_t *t, const addr_t *address, size_t count, uint8_t family)
{
    const char *between = "";
    for (size_t i = 0; i < count; i++) {
        char name[ADDR_TEXT_MAX];
        addr_t a = address[i];
        if (a.family != family)
            continue;
        a.scope = 0; /* is about this host, not in packets */
        put(t, "%shost %s", between, addr_text(&a, name));
        between = " or ";
    }
}

static bool has_family(const addr_t *address, size_t count, uint8_t family)
{
    for (size_t i = 0; i < count; i++)
        if (address[i].family == family)
            return true;
    return count == 0;
}

/* One family: its hosts' ports and fragments. A first fragment is found by its port. IPv6 headers
 * before UDP or TCP hide the port from BPF: fragments (44) are taken whole, and so are packets with
 * options (0, 43, 60). */
static void put_family(text_t *t, const addr_t *address, size_t count, const uint16_t *port,
                       size_t port_count, uint8_t family)
{
    put(t, family == 4 ? "(ip and " : "(ip6 and ");
    if (count > 0) {
        put(t, "(");
        put_hosts(t, address, count, family);
        put(t, ") and ");
    }
    put(t, "(");
    put_ports(t, port, port_count);
    put(t, family == 4 ? " or (ip[6:2] & 0x1fff != 0)))"
                       : " or ip6[6] == 44 or ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 60))");
}

/* Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792); and
 * all types below 128 (RFC 4443 2.1). */
static void put_errors(text_t *t, bool four, bool six)
{
    const char *between = "";
    put(t, "(");
    if (four) {
        put(t, "(icmp and (icmp[0] == 3 or icmp[0] == 4 or icmp[0] == 5 or icmp[0] == 11 or "
               "icmp[0] == 12))");
        between = " or ";
    }
    if (six)
        put(t, "%s(ip6 and ip6[6] == 58 and ip6[40] < 128)", between);
    put(t, ")");
}

static void put_body(text_t *t, const addr_t *address, size_t count, const uint16_t *port,
                     size_t port_count)
{
    bool four = has_family(address, count, 4);
    bool six = has_family(address, count, 6);
    put(t, "(");
    if (four)
        put_family(t, address, count, port, port_count, 4);
    if (four && six)
        put(t, " or ");
    if (six)
        put_family(t, address, count, port, port_count, 6);
    put(t, " or ");
    put_errors(t, four, six);
    put(t, ")");
}

size_t filter_text(const addr_t *address, size_t address_count, const uint16_t *port,
                   size_t port_count, uint32_t link, char text[FILTER_TEXT_MAX])
{
    static const uint16_t dns = 53;
    text_t t = {text, 0};
    text[0] = '\0';
    if (address_count > FILTER_ADDRESSES_MAX)
        address_count = 0;
    if (port_count == 0 || port_count > FILTER_PORTS_MAX) {
        port = &dns;
        port_count = 1;
    }
    put_body(&t, address, address_count, port, port_count);
    if (link != CAP_LINK_ETHERNET)
        return t.size;
    /* "vlan" moves all offsets behind it, for all that follows: hence in this order */
    put(&t, " or (vlan and (");
    put_body(&t, address, address_count, port, port_count);
    put(&t, " or (vlan and ");
    put_body(&t, address, address_count, port, port_count);
    put(&t, ")))");
    return t.size;
}
