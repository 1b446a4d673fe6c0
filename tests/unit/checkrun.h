/* One check from end to end over a simulated Internet, and scenarios that tests share. */
#ifndef TESTS_CHECKRUN_H
#define TESTS_CHECKRUN_H

#include "fakezone.h"
#include "probe/check.h"

/* Root and top-level domains that all cases share; each adds its own lines by %s. */
#define ROOT                                                                                       \
    "root 198.41.0.4 2001:db8::4\n"                                                                \
    "zone . {\n"                                                                                   \
    "@ 60 SOA a.root. h. 1 1 1 1 60\n"                                                             \
    "@ 60 NS a.root.\n"                                                                            \
    "a.root. 60 A 198.41.0.4\n"                                                                    \
    "com. 60 NS a.nic.com.\n"                                                                      \
    "a.nic.com. 60 A 192.5.6.30\n"                                                                 \
    "a.nic.com. 60 AAAA 2001:db8::30\n"                                                            \
    "net. 60 NS a.nic.net.\n"                                                                      \
    "a.nic.net. 60 A 192.5.6.31\n"                                                                 \
    "}\n"                                                                                          \
    "address 198.41.0.4 {\nserves .\n}\n"                                                          \
    "address 2001:db8::4 {\nserves .\n}\n"

#define COM_ADDRESSES                                                                              \
    "address 192.5.6.30 {\nserves com\n}\n"                                                        \
    "address 2001:db8::30 {\nserves com\n}\n"

#define COM(lines)                                                                                 \
    "zone com {\n"                                                                                 \
    "@ 60 SOA a.nic h 1 1 1 1 60\n"                                                                \
    "@ 60 NS a.nic\n"                                                                              \
    "a.nic 60 A 192.5.6.30\n"                                                                      \
    "a.nic 60 AAAA 2001:db8::30\n" lines "}\n"

#define NET(lines)                                                                                 \
    "zone net {\n"                                                                                 \
    "@ 60 SOA a.nic h 1 1 1 1 60\n"                                                                \
    "@ 60 NS a.nic\n"                                                                              \
    "a.nic 60 A 192.5.6.31\n" lines "}\n"                                                          \
    "address 192.5.6.31 {\nserves net\n}\n"

#define EXAMPLE(lines)                                                                             \
    "zone example.com {\n"                                                                         \
    "@ 60 SOA ns1 h 1 1 1 1 60\n" lines "}\n"

#define TWO_GLUED                                                                                  \
    "example 60 NS ns1.example\n"                                                                  \
    "example 60 NS ns2.example\n"                                                                  \
    "ns1.example 60 A 192.0.2.1\n"                                                                 \
    "ns1.example 60 AAAA 2001:db8::1\n"                                                            \
    "ns2.example 60 A 192.0.2.2\n"

#define TWO_GLUED_CO "example 60 NS ns1.example\nns1.example 60 A 192.0.2.1\n"

#define TWO_ZONE                                                                                   \
    "@ 60 NS ns1\n"                                                                                \
    "@ 60 NS ns2\n"                                                                                \
    "ns1 60 A 192.0.2.1\n"                                                                         \
    "ns1 60 AAAA 2001:db8::1\n"                                                                    \
    "ns2 60 A 192.0.2.2\n"

#define TWO_ADDRESSES                                                                              \
    "address 192.0.2.1 {\nserves example.com\n}\n"                                                 \
    "address 2001:db8::1 {\nserves example.com\n}\n"                                               \
    "address 192.0.2.2 {\nserves example.com\n}\n"

#define TWO_ADDRESSES_NO_UDP                                                                       \
    "address 192.0.2.1 {\nserves example.com\nbehave drop when udp\n}\n"                           \
    "address 2001:db8::1 {\nserves example.com\n}\n"                                               \
    "address 192.0.2.2 {\nserves example.com\n}\n"

#define NORMAL                                                                                     \
    ROOT COM(TWO_GLUED)                                                                            \
    COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES

#define NORMAL_PARENT                                                                              \
    "parent com.\n"                                                                                \
    " 192.5.6.30 referral\n"                                                                       \
    " 2001:db8::30 referral\n"

#define NORMAL_SERVERS                                                                             \
    "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/gz\n"                                     \
    "ns2.example.com. pcz found 192.0.2.2/gz\n"

typedef struct checkrun {
    fakezone_t *world;
    model_input_t in;
    given_ns_t start[8];
    given_ns_t roots[8];
    exchange_set_t set;
    check_options_t options;
    model_t *m;
    model_t *again;
    model_wants_t *wants;
} checkrun_t;

/* A check of the domain that starts at the roots of the scenario; for checkrun_end. */
void checkrun_begin(checkrun_t *r, const char *scenario, const char *domain);
void checkrun_end(checkrun_t *r);
/* The roots of the scenario, at this port; returns how many. */
size_t checkrun_roots(const fakezone_t *z, given_ns_t *out, uint16_t port);
/* Start number i is this name server; addr may be NULL. It is the last one. */
void checkrun_give(checkrun_t *r, size_t i, const char *name, const char *addr);
/* Runs the check, which succeeds; the model has to be as expected, and checkrun_hold. */
void checkrun_expect(checkrun_t *r, const char *expected);
/* What holds of every finished check: nothing is wanted any more, no question went twice to an
 * address, and the exchanges alone give the same model. */
void checkrun_hold(checkrun_t *r);
/* How many exchanges with an address there are. */
unsigned checkrun_count_to(const checkrun_t *r, const char *addr);

#endif
