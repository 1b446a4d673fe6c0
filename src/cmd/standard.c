#include "cmd/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static bool told;

void standard_keep(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* the lowest that is free, which is fd; open the wrong way round */
        int wrong = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (open("/dev/null", wrong | O_NOCTTY) < 0)
            (void)open("/", O_RDONLY | O_DIRECTORY);
    }
}

bool standard_lost(void)
{
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}

/* A pipe or socket whose other end is closed. */
static bool reader_gone(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
}

static void complain(const char *command, int os_error)
{
    const char *space = command[0] != '\0' ? " " : "";
    if (told)
        return;
    told = true;
    if (os_error != 0)
        fprintf(stderr, "nsprobe%s%s: standard output: %s\n", space, command, strerror(os_error));
    else
        fprintf(stderr, "nsprobe%s%s: standard output cannot be written\n", space, command);
}

void standard_complain(const char *command)
{
    complain(command, 0);
}

int standard_end(const char *command, int rc)
{
    /* of a write that failed earlier the cause is not known any more */
    bool lost = ferror(stdout) != 0;
    bool gone = lost && reader_gone();
    int os_error = 0;
    if (fclose(stdout) != 0) {
        os_error = errno;
        lost = true;
    }
    if (!lost || gone || os_error == EPIPE)
        return rc;
    complain(command, os_error);
    return EXIT_UNTESTED;
}
