#include "watch/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 500 /* between SIGTERM and SIGKILL */

static int check_program(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* As posix_spawnp(3) looks: what may not be run in one folder may be in the next. */
int notify_find(const char *command)
{
    char path[PATH_MAX];
    const char *folders = getenv("PATH");
    int why = ENOENT;
    if (strchr(command, '/') != NULL)
        return check_program(command);
    for (const char *at = folders != NULL ? folders : "/bin:/usr/bin";; at++) {
        int size = (int)strcspn(at, ":");
        int n = snprintf(path, sizeof path, "%.*s%s%s", size, at, size > 0 ? "/" : "", command);
        int rc = n > 0 && n < PATH_MAX ? check_program(path) : ENAMETOOLONG;
        if (rc == 0)
            return 0;
        why = rc == EACCES ? rc : why;
        at += size;
        if (*at == '\0')
            return why;
    }
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A descriptor that reads as message: unlike a pipe it can neither fill up nor break. */
static int message_fd(const char *message, size_t size)
{
    int fd = memfd_create("nsprobe-change", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < size) {
        ssize_t n = write(fd, message + done, size - done);
        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    sigemptyset(&none);
    int rc = posix_spawnattr_setsigdefault(attr, &all);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attr, &none);
    if (rc == 0)
        rc = posix_spawnattr_setpgroup(attr, 0);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                POSIX_SPAWN_SETPGROUP);
    return rc;
}

/* Returns 0 or an errno value. */
static int start(char *const *argv, int input, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int rc = posix_spawn_file_actions_init(&files);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc != 0) {
        posix_spawn_file_actions_destroy(&files);
        return rc;
    }
    rc = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (rc == 0)
        rc = set_attributes(&attr);
    if (rc == 0)
        rc = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

typedef enum wait_end { END_EXITED, END_TIME, END_CANCEL } wait_end_t;

static wait_end_t wait_for(int pidfd, int cancel, int64_t timeout)
{
    int64_t deadline = now_ms() + timeout;
    for (;;) {
        struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = cancel, .events = POLLIN}};
        int64_t left = deadline - now_ms();
        int n = poll(p, 2, left <= 0 ? 0 : left > 3600000 ? 3600000 : (int)left);
        if (n > 0 && p[0].revents != 0)
            return END_EXITED;
        if (n > 0 && p[1].revents != 0)
            return END_CANCEL;
        if (n == 0 && left <= 0)
            return END_TIME;
        if (n < 0 && errno != EINTR)
            return END_TIME;
    }
}

/* Ends the command and what it started, and leaves no zombie. */
static void end_group(pid_t pid, int pidfd)
{
    kill(-pid, SIGTERM);
    (void)wait_for(pidfd, -1, GRACE_MS);
    kill(-pid, SIGKILL);
}

static bool judge(const char *name, int status, wait_end_t end, int64_t timeout,
                  char err[NOTIFY_ERROR_MAX])
{
    if (end == END_TIME)
        snprintf(err, NOTIFY_ERROR_MAX, "%s: not done after %.1f s; killed", name,
                 (double)timeout / 1000);
    else if (end == END_CANCEL)
        snprintf(err, NOTIFY_ERROR_MAX, "%s: killed, since watch ends", name);
    else if (WIFSIGNALED(status))
        snprintf(err, NOTIFY_ERROR_MAX, "%s: ended by signal %d", name, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        snprintf(err, NOTIFY_ERROR_MAX, "%s: ended with status %d", name, WEXITSTATUS(status));
    else
        return true;
    return false;
}

bool notify_run(char *const *argv, const char *message, size_t size, int64_t timeout, int cancel,
                char err[NOTIFY_ERROR_MAX])
{
    pid_t pid = 0;
    int status = 0;
    int input = message_fd(message, size);
    if (input < 0) {
        snprintf(err, NOTIFY_ERROR_MAX, "%s: cannot hand over the message: %s", argv[0],
                 strerror(errno));
        return false;
    }
    int rc = start(argv, input, &pid);
    close(input);
    if (rc != 0) {
        snprintf(err, NOTIFY_ERROR_MAX, "%s: cannot be run: %s", argv[0], strerror(rc));
        return false;
    }
    int pidfd = pidfd_open(pid, 0);
    wait_end_t end = pidfd >= 0 ? wait_for(pidfd, cancel, timeout) : END_TIME;
    if (end != END_EXITED)
        end_group(pid, pidfd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pidfd >= 0)
        close(pidfd);
    return judge(argv[0], status, end, timeout, err);
}
