/* Root causes before symptoms: which finding follows from which, and what is the probable cause of
 * each. Two tables say it: follows.def and likely.def. Nothing is removed: a finding that follows
 * from another stays in the list, and says from which. Internal to diagnose/. */
#ifndef DIAGNOSE_CAUSE_H
#define DIAGNOSE_CAUSE_H

#include "diagnose/facts.h"

/* What was seen at an address, as far as it tells causes from each other: bits. */
#define SIGN_UDP_SILENT  0x00001u
#define SIGN_UDP_ANSWERS 0x00002u
#define SIGN_TCP_SILENT  0x00004u
#define SIGN_TCP_REFUSED 0x00008u
#define SIGN_TCP_OPENS   0x00010u /* a handshake was done */
#define SIGN_NEIGHBOUR   0x00020u /* another address of the same /24 or /48 answers */
#define SIGN_PREFIX_ALL                                                                            \
    0x00040u /* all addresses, at least two, of the /24 or /48 have the finding */
#define SIGN_OTHER_FAMILY  0x00080u /* the same server answers over the other IP family */
#define SIGN_FAMILY_WORKS  0x00100u /* another server answers over the same IP family */
#define SIGN_SERVER_ALL    0x00200u /* all addresses, at least two, of the server have the finding */
#define SIGN_OPERATOR_ALL  0x00400u /* all servers, at least two, below one domain have it */
#define SIGN_ZONE_ALL      0x00800u /* all addresses of the zone have it */
#define SIGN_ICMP_HOST     0x01000u /* port unreachable */
#define SIGN_ICMP_WAY      0x02000u /* any other ICMP error */
#define SIGN_SMALL_ANSWERS 0x04000u
#define SIGN_NOBODY_HERE   0x08000u /* no such neighbour in a network of this machine */
#define SIGN_LEFT_BEHIND   0x10000u /* the server is in the delegation only */
#define SIGN_RECURSION     0x20000u
#define SIGN_NEWEST        0x40000u  /* it has the newest serial that was seen */
#define SIGN_NO_KEYS       0x80000u  /* no DNSKEY, where there should be some */
#define SIGN_AHEAD         0x200000u /* the server is in the zone only */
#define SIGN_SERVES        0x400000u /* some question for the SOA is answered well */
#define SIGN_NO_SIGNATURES 0x100000u /* no signature at all, where there should be some */
/* Of the way to it (diagnose/way.h) */
#define SIGN_WAY_ENDS 0x800000u  /* some router was heard of, and nothing behind it */
#define SIGN_WAY_OUT  0x1000000u /* none was, and nobody at all answers over this IP family */
#define SIGN_WAY_NEAR 0x2000000u /* the last router that was heard of is in its /24 or /48 */
#define SIGN_WAY_LOOP 0x4000000u /* one router was at two hops: packets go round */
#define SIGN_WAY_SHARED                                                                            \
    0x8000000u /* ways to silent addresses of several networks end at that router */
/* What an ICMP error other than of a closed port says, be it of a question or of its way */
#define SIGN_ICMP_NET    0x10000000u /* no route to the network */
#define SIGN_ICMP_FILTER 0x20000000u /* prohibited */
#define SIGN_ICMP_NEXT   0x40000000u /* the router before the host finds no such host */
#define SIGN_ICMP_TTL    0x80000000u /* the hops are used up, of a question that had enough */
/* Of DNSSEC */
/* none of the keys that the DS names, in a newer copy than those with one */
#define SIGN_KEYS_AHEAD UINT64_C(0x100000000)
/* asked for DNSKEY it answers REFUSED, SERVFAIL, or another error */
#define SIGN_KEYS_REFUSED  UINT64_C(0x200000000)
#define SIGN_KEYS_SERVFAIL UINT64_C(0x400000000)
#define SIGN_KEYS_UNKNOWN  UINT64_C(0x800000000)
/* and so it does whatever is asked with DO */
#define SIGN_DO_ERROR UINT64_C(0x1000000000)
/* the DS has the tag of a key of the zone, and not its digest */
#define SIGN_DS_DIGEST UINT64_C(0x2000000000)

/* Links the findings from list->item[first] on, all of them about the zone of d, to their causes,
 * and adds the probable causes. The order of the list does not change; finding_list_sort then puts
 * root causes first. */
void causes_find(diag_t *d, size_t first);

#endif
