#include "exchange/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static bool parse_port(const char *text, size_t len, uint16_t *out)
{
    uint32_t v = 0;
    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (uint32_t)(text[i] - '0');
    }
    *out = (uint16_t)v;
    return v > 0 && v <= UINT16_MAX;
}

/* Takes a "#port" off the end, when there is one. */
static bool split_port(const char *text, size_t *len, uint16_t *port)
{
    for (size_t i = *len; i > 0; i--) {
        if (text[i - 1] == '#') {
            bool good = parse_port(text + i, *len - i, port);
            *len = i - 1;
            return good;
        }
    }
    return true;
}

bool addr_from_text(const char *text, size_t len, uint16_t default_port, addr_t *out)
{
    char buf[INET6_ADDRSTRLEN + 1];
    addr_t a = {0};
    a.port = default_port;
    if (memchr(text, '\0', len) != NULL || !split_port(text, &len, &a.port))
        return false;
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    const char *zone = memchr(text, '%', len);
    if (zone != NULL) {
        char name[IF_NAMESIZE] = "";
        size_t n = len - (size_t)(zone - text) - 1;
        if (n == 0 || n >= sizeof name)
            return false;
        memcpy(name, zone + 1, n);
        a.scope = if_nametoindex(name);
        len = (size_t)(zone - text);
        if (a.scope == 0)
            return false;
    }
    if (len == 0 || len >= sizeof buf)
        return false;
    memcpy(buf, text, len);
    buf[len] = '\0';
    if (a.scope == 0 && inet_pton(AF_INET, buf, a.octets) == 1)
        a.family = 4;
    else if (inet_pton(AF_INET6, buf, a.octets) == 1)
        a.family = 6;
    else
        return false;
    *out = a;
    return true;
}

const char *addr_text(const addr_t *a, char buf[ADDR_TEXT_MAX])
{
    if (a->family == 0) {
        snprintf(buf, ADDR_TEXT_MAX, "-");
        return buf;
    }
    inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->octets, buf, ADDR_TEXT_MAX);
    if (a->scope != 0) {
        size_t n = strlen(buf);
        snprintf(buf + n, ADDR_TEXT_MAX - n, "%%%u", a->scope);
    }
    return buf;
}

const char *addr_port_text(const addr_t *a, char buf[ADDR_TEXT_MAX])
{
    addr_text(a, buf);
    if (a->port != 53) {
        size_t n = strlen(buf);
        snprintf(buf + n, ADDR_TEXT_MAX - n, "#%u", a->port);
    }
    return buf;
}

const char *addr_reverse(const addr_t *a, char buf[ADDR_REVERSE_MAX])
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    if (a->family == 4) {
        snprintf(buf, ADDR_REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa.", a->octets[3], a->octets[2],
                 a->octets[1], a->octets[0]);
        return buf;
    }
    for (int i = 15; i >= 0; i--) {
        buf[n++] = digits[a->octets[i] & 15];
        buf[n++] = '.';
        buf[n++] = digits[a->octets[i] >> 4];
        buf[n++] = '.';
    }
    memcpy(buf + n, "ip6.arpa.", 10);
    return buf;
}

addr_t addr_from_octets(const uint8_t *octets, size_t n, uint16_t port)
{
    addr_t a = {0};
    if (n == 4 || n == 16) {
        a.family = n == 4 ? 4 : 6;
        memcpy(a.octets, octets, n);
        a.port = port;
    }
    return a;
}

int addr_compare(const addr_t *a, const addr_t *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    int d = memcmp(a->octets, b->octets, sizeof a->octets);
    if (d != 0)
        return d;
    return (a->port > b->port) - (a->port < b->port);
}

bool addr_same_prefix(const addr_t *a, const addr_t *b, unsigned bits)
{
    unsigned max = a->family == 4 ? 32 : 128;
    if (a->family != b->family || a->family == 0)
        return false;
    if (bits > max)
        bits = max;
    if (memcmp(a->octets, b->octets, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    unsigned mask = 0xff00u >> rest & 0xffu;
    return rest == 0 || ((a->octets[bits / 8] ^ b->octets[bits / 8]) & mask) == 0;
}

typedef struct special {
    const char *prefix;
    unsigned bits;
    const char *what;
} special_t;

/* IANA IPv4 and IPv6 special-purpose address registries (RFC 6890): what is not globally
 * reachable, more specific lines first. */
static const special_t specials[] = {
    {"0.0.0.0", 8, "\"this network\" (RFC 791)"},
    {"10.0.0.0", 8, "private (RFC 1918)"},
    {"100.64.0.0", 10, "shared address space (RFC 6598)"},
    {"127.0.0.0", 8, "loopback (RFC 1122)"},
    {"169.254.0.0", 16, "link-local (RFC 3927)"},
    {"172.16.0.0", 12, "private (RFC 1918)"},
    {"192.0.0.9", 32, NULL},
    {"192.0.0.10", 32, NULL},
    {"192.0.0.0", 24, "IETF protocol assignments (RFC 6890)"},
    {"192.0.2.0", 24, "documentation (RFC 5737)"},
    {"192.168.0.0", 16, "private (RFC 1918)"},
    {"198.18.0.0", 15, "benchmarking (RFC 2544)"},
    {"198.51.100.0", 24, "documentation (RFC 5737)"},
    {"203.0.113.0", 24, "documentation (RFC 5737)"},
    {"224.0.0.0", 4, "multicast (RFC 5771)"},
    {"240.0.0.0", 4, "reserved (RFC 1112)"},
    {"::", 128, "unspecified (RFC 4291)"},
    {"::1", 128, "loopback (RFC 4291)"},
    {"::ffff:0:0", 96, "IPv4-mapped (RFC 4291)"},
    {"64:ff9b:1::", 48, "local IPv4/IPv6 translation (RFC 8215)"},
    {"100::", 64, "discard-only (RFC 6666)"},
    {"2001:2::", 48, "benchmarking (RFC 5180)"},
    {"2001:db8::", 32, "documentation (RFC 3849)"},
    {"3fff::", 20, "documentation (RFC 9637)"},
    {"5f00::", 16, "segment routing SIDs (RFC 9602)"},
    {"fc00::", 7, "unique local (RFC 4193)"},
    {"fe80::", 10, "link-local (RFC 4291)"},
    {"fec0::", 10, "deprecated site-local (RFC 3879)"},
    {"ff00::", 8, "multicast (RFC 4291)"},
};

const char *addr_special(const addr_t *a)
{
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        addr_t p;
        if (addr_from_text(specials[i].prefix, strlen(specials[i].prefix), 0, &p) &&
            addr_same_prefix(a, &p, specials[i].bits))
            return specials[i].what;
    }
    return NULL;
}

socklen_t addr_to_sockaddr(const addr_t *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == 4) {
        struct sockaddr_in s = {0};
        s.sin_family = AF_INET;
        s.sin_port = htons(a->port);
        memcpy(&s.sin_addr, a->octets, 4);
        memcpy(out, &s, sizeof s);
        return sizeof s;
    }
    struct sockaddr_in6 s = {0};
    s.sin6_family = AF_INET6;
    s.sin6_port = htons(a->port);
    s.sin6_scope_id = a->scope;
    memcpy(&s.sin6_addr, a->octets, 16);
    memcpy(out, &s, sizeof s);
    return sizeof s;
}

bool addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, addr_t *out)
{
    addr_t a = {0};
    if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
        struct sockaddr_in s;
        memcpy(&s, sa, sizeof s);
        a.family = 4;
        a.port = ntohs(s.sin_port);
        memcpy(a.octets, &s.sin_addr, 4);
    } else if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 s;
        memcpy(&s, sa, sizeof s);
        a.family = 6;
        a.port = ntohs(s.sin6_port);
        a.scope = s.sin6_scope_id;
        memcpy(a.octets, &s.sin6_addr, 16);
    } else {
        return false;
    }
    *out = a;
    return true;
}
