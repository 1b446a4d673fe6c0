/* A client for torture: c-ares. cares ADDR PORT NAME */
#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    (void)timeouts;
    *(int *)arg = status;
    if (status != ARES_SUCCESS) {
        printf("%s\n", ares_strerror(status));
        return;
    }
    for (struct ares_addrinfo_node *a = result->nodes; a != NULL; a = a->ai_next) {
        char text[64] = "";
        if (getnameinfo(a->ai_addr, (socklen_t)a->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0)
            printf("%s\n", text);
    }
    ares_freeaddrinfo(result);
}

int main(int argc, char **argv)
{
    ares_channel channel;
    struct ares_options options;
    struct ares_addrinfo_hints hints;
    int status = -1;
    char server[128];
    memset(&options, 0, sizeof options);
    memset(&hints, 0, sizeof hints);
    options.timeout = 1000;
    options.tries = 2;
    if (argc != 4 || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
        return 2;
    snprintf(server, sizeof server, "%s:%s", argv[1], argv[2]);
    if (ares_set_servers_ports_csv(channel, server) != ARES_SUCCESS)
        return 2;
    ares_getaddrinfo(channel, argv[3], NULL, &hints, print, &status);
    while (status == -1) {
        ares_socket_t s[ARES_GETSOCK_MAXNUM];
        struct pollfd fds[ARES_GETSOCK_MAXNUM];
        int bits = ares_getsock(channel, s, ARES_GETSOCK_MAXNUM);
        nfds_t n = 0;
        for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            short events = (short)((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) |
                                   (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));
            if (events != 0)
                fds[n++] = (struct pollfd){.fd = s[i], .events = events};
        }
        poll(fds, n, 50);
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        for (nfds_t i = 0; i < n; i++)
            if (fds[i].revents != 0)
                ares_process_fd(channel, (fds[i].revents & POLLIN) ? fds[i].fd : ARES_SOCKET_BAD,
                                (fds[i].revents & POLLOUT) ? fds[i].fd : ARES_SOCKET_BAD);
    }
    ares_destroy(channel);
    ares_library_cleanup();
    return status == ARES_SUCCESS ? 0 : 1;
}
