#include "capture/opener.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What is asked and answered: one datagram each. */
typedef struct request {
    uint32_t finish;
    uint32_t number;
    int64_t seconds;
} request_t;

typedef struct helper {
    int socket;
    const char *path;
    bool numbered;
    uint32_t keep;
    char **old; /* names of the files that are kept; a ring of keep */
    uint32_t finished;
    bool direct; /* the open file is a device or a FIFO: it has its name */
    char name[OPENER_NAME_MAX];
    char part[OPENER_NAME_MAX + 8];
} helper_t;

/* ---- The helper's side ---- */

/* "dir/x.pcap" becomes "dir/x-00001-20261125T093000Z.pcap". */
static int make_name(helper_t *h, const request_t *q)
{
    char stamp[32];
    struct tm tm;
    time_t t = (time_t)q->seconds;
    int n = 0;
    if (!h->numbered) {
        n = snprintf(h->name, sizeof h->name, "%s", h->path);
    } else {
        const char *base = strrchr(h->path, '/');
        const char *dot = strrchr(base != NULL ? base : h->path, '.');
        if (dot == NULL || dot == (base != NULL ? base + 1 : h->path))
            dot = h->path + strlen(h->path);
        if (gmtime_r(&t, &tm) == NULL || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm) == 0)
            return EINVAL;
        n = snprintf(h->name, sizeof h->name, "%.*s-%05u-%s%s", (int)(dot - h->path), h->path,
                     q->number, stamp, dot);
    }
    if (n < 0 || (size_t)n >= sizeof h->name)
        return ENAMETOOLONG;
    snprintf(h->part, sizeof h->part, "%s.part", h->name);
    return 0;
}

static int open_file(helper_t *h, const request_t *q, int *fd)
{
    struct stat st;
    int rc = make_name(h, q);
    if (rc != 0)
        return rc;
    h->direct = stat(h->name, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    if (!h->direct && stat(h->name, &st) == 0 && S_ISDIR(st.st_mode))
        return EISDIR;
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;
    if (h->direct) {
        *fd = open(h->name, flags | O_TRUNC, 0644);
    } else {
        /* an earlier run's, or a link or FIFO that somebody else has put there, who may know the
         * name but not what we may write to */
        (void)unlink(h->part);
        *fd = open(h->part, flags | O_EXCL, 0644);
    }
    return *fd >= 0 ? 0 : errno;
}

static int finish_file(helper_t *h)
{
    if (h->direct)
        return 0;
    if (rename(h->part, h->name) != 0)
        return errno;
    if (h->keep == 0)
        return 0;
    char **slot = &h->old[h->finished++ % h->keep];
    if (*slot != NULL)
        (void)unlink(*slot);
    free(*slot);
    *slot = strdup(h->name);
    return *slot != NULL ? 0 : ENOMEM;
}

static bool answer(const helper_t *h, int rc, int fd)
{
    union {
        struct cmsghdr align;
        char octets[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec v = {&rc, sizeof rc};
    struct msghdr m;
    memset(&m, 0, sizeof m);
    m.msg_iov = &v;
    m.msg_iovlen = 1;
    if (fd >= 0) {
        memset(&control, 0, sizeof control);
        m.msg_control = &control;
        m.msg_controllen = sizeof control;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(h->socket, &m, MSG_NOSIGNAL) == (ssize_t)sizeof rc;
}

/* Answers until the other end is closed. Signals for the group are the other process's matter. */
static void serve(helper_t *h)
{
    request_t q;
    while (recv(h->socket, &q, sizeof q, 0) == (ssize_t)sizeof q) {
        int fd = -1;
        int rc = q.finish != 0 ? finish_file(h) : open_file(h, &q, &fd);
        bool sent = answer(h, rc, fd);
        if (fd >= 0)
            close(fd);
        if (!sent)
            return;
    }
}

/* Keeps from root only what lets it write into anybody's folder, and of other rights none. */
static bool keep_little(void)
{
    capng_clear(CAPNG_SELECT_BOTH);
    if (geteuid() == 0)
        (void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_OVERRIDE);
    bool good = capng_apply(CAPNG_SELECT_CAPS) == 0;
    if (!good) { /* root without that right */
        capng_clear(CAPNG_SELECT_BOTH);
        good = capng_apply(CAPNG_SELECT_CAPS) == 0;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && good;
}

static _Noreturn void run_helper(int socket, const char *path, bool numbered, uint32_t keep)
{
    helper_t *h = calloc(1, sizeof *h);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    if (!keep_little() || h == NULL)
        _exit(1);
    h->socket = socket;
    h->path = path;
    h->numbered = numbered;
    h->keep = numbered ? keep : 0;
    h->old = calloc(h->keep > 0 ? h->keep : 1, sizeof *h->old);
    if (h->old != NULL)
        serve(h);
    _exit(0);
}

/* ---- The asking side ---- */

int opener_start(opener_t *o, const char *path, bool numbered, uint32_t keep)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        return errno;
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        /* a pipe that the other process reads or writes must end with that process */
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
            (void)dup2(null, fd);
        run_helper(fds[1], path, numbered, keep);
    }
    int rc = pid < 0 ? errno : 0;
    close(fds[1]);
    o->socket = fds[0];
    if (rc != 0)
        opener_stop(o);
    return rc;
}

/* Sends a request and waits for its answer. A helper that is gone is EPIPE. */
static int ask(const opener_t *o, const request_t *q, int *fd)
{
    int rc = 0;
    union {
        struct cmsghdr align;
        char octets[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec out = {(void *)q, sizeof *q};
    struct iovec in = {&rc, sizeof rc};
    struct msghdr m;
    memset(&m, 0, sizeof m);
    m.msg_iov = &out;
    m.msg_iovlen = 1;
    if (sendmsg(o->socket, &m, MSG_NOSIGNAL) != (ssize_t)sizeof *q)
        return EPIPE;
    m.msg_iov = &in;
    m.msg_control = &control;
    m.msg_controllen = sizeof control;
    ssize_t n = 0;
    do
        n = recvmsg(o->socket, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof rc)
        return EPIPE;
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (rc == 0 && fd != NULL) {
        if (c == NULL || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof *fd))
            return EPIPE;
        memcpy(fd, CMSG_DATA(c), sizeof *fd);
    }
    return rc;
}

int opener_open(const opener_t *o, uint32_t number, int64_t seconds, int *fd)
{
    request_t q = {0, number, seconds};
    return ask(o, &q, fd);
}

int opener_finish(const opener_t *o)
{
    request_t q = {1, 0, 0};
    return ask(o, &q, NULL);
}

void opener_stop(opener_t *o)
{
    if (o->socket >= 0)
        close(o->socket);
    o->socket = -1;
}
