/* An IP address with a port: the unit that is probed. */
#ifndef EXCHANGE_ADDR_H
#define EXCHANGE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* family 4 or 6 (0: none), octets in network order, port in host order. */
typedef struct addr {
    uint8_t family;
    uint8_t octets[16]; /* 4 used for IPv4, the rest zero */
    uint16_t port;
    uint32_t scope; /* interface index of a link-local IPv6 address */
} addr_t;

#define ADDR_TEXT_MAX 64

/* "192.0.2.1", "192.0.2.1#5300", "2001:db8::1", "[2001:db8::1]#53", "fe80::1%eth0". A missing
 * port becomes default_port. False when text is none of them. */
bool addr_from_text(const char *text, size_t len, uint16_t default_port, addr_t *out);
/* Address alone, and with "#port" when the port is not 53. Returns buf. */
const char *addr_text(const addr_t *a, char buf[ADDR_TEXT_MAX]);
const char *addr_port_text(const addr_t *a, char buf[ADDR_TEXT_MAX]);
#define ADDR_REVERSE_MAX 76
/* Its name in the reverse tree: "1.2.0.192.in-addr.arpa." (RFC 1035 3.5), by nibbles in "ip6.arpa."
 * (RFC 3596 2.5). Returns buf. */
const char *addr_reverse(const addr_t *a, char buf[ADDR_REVERSE_MAX]);
/* From RDATA of A (4 octets) or AAAA (16 octets). */
addr_t addr_from_octets(const uint8_t *octets, size_t n, uint16_t port);
/* Same address and scope, whatever the port. */
static inline bool addr_same_host(const addr_t *a, const addr_t *b)
{
    return a->family == b->family && a->scope == b->scope &&
           memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

/* Same address, scope and port. */
static inline bool addr_equal(const addr_t *a, const addr_t *b)
{
    return a->port == b->port && addr_same_host(a, b);
}

/* Total order: family, octets, port. */
int addr_compare(const addr_t *a, const addr_t *b);
/* True when the first bits bits are the same (and the family is). */
bool addr_same_prefix(const addr_t *a, const addr_t *b, unsigned bits);
/* NULL for an address that is globally reachable, else what it is and which RFC says so:
 * "private (RFC 1918)", "loopback (RFC 1122)", "documentation (RFC 5737)", ... after the IANA
 * special-purpose registries (RFC 6890). */
const char *addr_special(const addr_t *a);
/* As the kernel takes it; returns the octets in use. IPv6 for every family but 4. */
socklen_t addr_to_sockaddr(const addr_t *a, struct sockaddr_storage *out);
/* The same back. False for a family that is neither IPv4 nor IPv6, or when len is too small. */
bool addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, addr_t *out);

#endif
