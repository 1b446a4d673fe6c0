#include "exchange/icmp.h"

#include <stddef.h>

static const char *icmp4_unreachable(uint8_t code)
{
    static const char *const names[] = {
        "network unreachable",
        "host unreachable",
        "protocol unreachable",
        "port unreachable",
        "fragmentation needed",
        "source route failed",
        "destination network unknown",
        "destination host unknown",
        "source host isolated",
        "network administratively prohibited",
        "host administratively prohibited",
        "network unreachable for this type of service",
        "host unreachable for this type of service",
        "communication administratively prohibited",
        "host precedence violation",
        "precedence cutoff in effect",
    };
    return code < sizeof names / sizeof names[0] ? names[code] : "destination unreachable";
}

static const char *icmp6_unreachable(uint8_t code)
{
    static const char *const names[] = {
        "no route to destination",
        "communication administratively prohibited",
        "beyond scope of source address",
        "address unreachable",
        "port unreachable",
        "source address failed ingress/egress policy",
        "reject route to destination",
        "error in source routing header",
    };
    return code < sizeof names / sizeof names[0] ? names[code] : "destination unreachable";
}

const char *icmp_text(unsigned family, uint8_t type, uint8_t code)
{
    if (family == 4) {
        if (type == 3)
            return icmp4_unreachable(code);
        if (type == 11)
            return code == 0 ? "time to live exceeded" : "fragment reassembly time exceeded";
        return type == 12 ? "parameter problem" : type == 4 ? "source quench" : "ICMP error";
    }
    if (type == 1)
        return icmp6_unreachable(code);
    if (type == 2)
        return "packet too big";
    if (type == 3)
        return code == 0 ? "hop limit exceeded" : "fragment reassembly time exceeded";
    return type == 4 ? "parameter problem" : "ICMPv6 error";
}
