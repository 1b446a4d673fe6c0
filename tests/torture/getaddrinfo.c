/* A client for torture: the C library's resolver. It asks the servers of /etc/resolv.conf. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct addrinfo hints;
    struct addrinfo *list = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    int rc = argc == 2 ? getaddrinfo(argv[1], NULL, &hints, &list) : EAI_NONAME;
    if (rc != 0) {
        printf("%s\n", gai_strerror(rc));
        return 1;
    }
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        char text[64] = "";
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
            printf("%s\n", text);
    }
    freeaddrinfo(list);
    return 0;
}
