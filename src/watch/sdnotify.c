#include "watch/sdnotify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool sdnotify_send(const char *socket_name, const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(socket_name);
    if (n < 2 || n >= sizeof to.sun_path || (socket_name[0] != '/' && socket_name[0] != '@'))
        return false;
    memcpy(to.sun_path, socket_name, n);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len);
    close(fd);
    return sent == (ssize_t)strlen(state);
}

int64_t sdnotify_watchdog(const char *usec, const char *pid)
{
    if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    char *end = NULL;
    long long v = strtoll(usec, &end, 10);
    if (end == usec || *end != '\0' || v <= 0)
        return 0;
    return v / 2000 > 0 ? v / 2000 : 1;
}
