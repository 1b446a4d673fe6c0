#include "net/errqueue.h"

#include <string.h>

/* The offender's address stands behind the error. */
static void read_offender(const struct cmsghdr *c, addr_t *who)
{
    size_t left = c->cmsg_len - CMSG_LEN(sizeof(struct sock_extended_err));
    struct sockaddr_storage sa = {0};
    memset(who, 0, sizeof *who);
    memcpy(&sa, CMSG_DATA(c) + sizeof(struct sock_extended_err),
           left < sizeof sa ? left : sizeof sa);
    (void)addr_from_sockaddr((struct sockaddr *)&sa, (socklen_t)left, who);
    who->port = 0;
}

bool errqueue_read(struct msghdr *m, struct sock_extended_err *out, addr_t *who)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        if ((!v4 && !v6) || c->cmsg_len < CMSG_LEN(sizeof *out))
            continue;
        memcpy(out, CMSG_DATA(c), sizeof *out);
        if (who != NULL)
            read_offender(c, who);
        return true;
    }
    return false;
}
