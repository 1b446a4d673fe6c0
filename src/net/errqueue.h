/* ICMP errors as the kernel keeps them: in the error queue of the socket that they are about
 * (IP_RECVERR and IPV6_RECVERR, ip(7)). */
#ifndef NET_ERRQUEUE_H
#define NET_ERRQUEUE_H

/* the kernel's header needs it first */
#include <time.h>

#include <linux/errqueue.h>

#include "exchange/addr.h"

/* The error that a message from recvmsg with MSG_ERRQUEUE tells of, and who reported it: family 0
 * when that is not known; NULL: not wanted. False when it tells of none. */
bool errqueue_read(struct msghdr *m, struct sock_extended_err *out, addr_t *who);

/* Whether it came in an ICMP message, rather than being this host's own. */
static inline bool errqueue_is_icmp(const struct sock_extended_err *e)
{
    return e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6;
}

#endif
