#include "cmd/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static bool told;
static bool gone;

/* Writes what was printed. A reader that went away has had enough, which is no fault: from then on
 * what is printed goes nowhere. */
static ssize_t put(void *cookie, const char *text, size_t size)
{
    size_t done = 0;
    (void)cookie;
    while (done < size && !gone) {
        ssize_t n = write(STDOUT_FILENO, text + done, size - done);
        gone = n < 0 && errno == EPIPE;
        if (n < 0 && errno != EINTR && !gone)
            return 0;
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)size;
}

static void replace_stdout(void)
{
    cookie_io_functions_t io = {.write = put};
    FILE *out = fopencookie(NULL, "w", io);
    if (out == NULL)
        return;
    (void)setvbuf(out, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    stdout = out;
}

bool standard_gone(void)
{
    return gone;
}

void standard_keep(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    replace_stdout();
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
    int os_error = 0;
    if (fclose(stdout) != 0) {
        os_error = errno;
        lost = true;
    }
    if (!lost)
        return rc;
    complain(command, os_error);
    return EXIT_UNTESTED;
}
