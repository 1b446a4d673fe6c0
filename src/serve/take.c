#include "serve/take.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int take_connection(take_t *t, int listener, int64_t now)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    /* somebody else's errors: the connection is gone, and the next one is as good as any */
    if (fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
        return fd;
    t->paused_until = now + TAKE_PAUSE;
    if (!t->told)
        fprintf(stderr,
                "nsprobe: a TCP connection cannot be accepted: %s; clients wait until others have "
                "closed theirs%s\n",
                strerror(errno), errno == EMFILE ? " (ulimit -n says how many there can be)" : "");
    t->told = true;
    return -1;
}

bool take_watches(const take_t *t, int64_t now)
{
    return now >= t->paused_until;
}

void take_room(take_t *t)
{
    t->paused_until = 0;
}

int64_t take_due(const take_t *t, int64_t now)
{
    return take_watches(t, now) ? INT64_MAX : t->paused_until;
}
