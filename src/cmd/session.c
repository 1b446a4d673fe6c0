#include "cmd/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "capture/pcap_write.h"
#include "cmd/cmd.h"
#include "diagnose/tested.h"
#include "exchange/noun.h"

bool session_terminal(int fd)
{
    const char *kind = getenv("TERM");
    return isatty(fd) && kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

void session_terminal_size(int fd, size_t *rows, size_t *columns)
{
    struct winsize size = {.ws_row = 0};
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0;
    *rows = known && size.ws_row > 4 ? size.ws_row : 24;
    *columns = known && size.ws_col > 9 ? size.ws_col : 80;
}

void session_progress_show(const char *format, ...)
{
    char text[200];
    size_t rows = 0;
    size_t columns = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    session_terminal_size(STDERR_FILENO, &rows, &columns);
    fprintf(stderr, "\r\033[K%.*s", (int)(columns < sizeof text ? columns - 1 : sizeof text), text);
    fflush(stderr);
}

void session_progress(void *user, const model_t *m, size_t done, size_t outstanding)
{
    (void)user;
    session_progress_show("%u %s, %zu %s done, %zu outstanding", m->address_count,
                          noun(m->address_count, "address", "addresses"), done,
                          noun(done, "exchange", "exchanges"), outstanding);
}

bool session_wants_progress(bool quiet)
{
    return !quiet && session_terminal(STDERR_FILENO);
}

bool session_wants_progress_beside(bool quiet)
{
    return session_wants_progress(quiet) && !isatty(STDOUT_FILENO);
}

void session_progress_end(void)
{
    fputs("\r\033[K", stderr);
}

bool session_colour(void)
{
    const char *no = getenv("NO_COLOR");
    return session_terminal(STDOUT_FILENO) && (no == NULL || no[0] == '\0');
}

const char *session_lack(net_err_t err)
{
    return err == NET_E_LIMIT    ? "this process may open no more files (ulimit -n)"
           : err == NET_E_MEMORY ? "memory is out"
                                 : "the system gives no socket";
}

int session_exit(const finding_list_t *list, const exchange_set_t *set, bool interrupted)
{
    int worst = finding_list_worst(list);
    if (interrupted)
        return EXIT_INTERRUPTED;
    if (!tested_anything(set))
        return EXIT_UNTESTED;
    return worst == SEVERITY_ERROR     ? EXIT_ERRORS
           : worst == SEVERITY_WARNING ? EXIT_WARNINGS
                                       : EXIT_HEALTHY;
}

int session_pcap_begin(const char *command, const char *path, FILE **out)
{
    *out = NULL;
    if (path == NULL)
        return 0;
    *out = fopen(path, "wbe");
    return *out != NULL ? 0 : usage_error(command, "--pcap %s: %s", path, strerror(errno));
}

static int pcap_failed(const char *command, const char *path, int os_error)
{
    fprintf(stderr, "nsprobe %s: --pcap %s: %s\n", command, path, strerror(os_error));
    return EXIT_UNTESTED;
}

int session_pcap_write(const char *command, const char *path, FILE *pcap, const exchange_set_t *set)
{
    int os_error = 0;
    if (pcap == NULL || pcap_write_set(pcap, set, &os_error))
        return 0;
    return pcap_failed(command, path, os_error);
}

int session_pcap_end(const char *command, const char *path, FILE *pcap)
{
    if (pcap == NULL || fclose(pcap) == 0)
        return 0;
    return pcap_failed(command, path, errno);
}
