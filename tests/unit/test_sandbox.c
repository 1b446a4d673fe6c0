/* The sandbox, by trying: each attempt runs in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/sandbox.h"

/* Returns 0 when it could do what it tries, an errno value when that failed. */
typedef int attempt_t(void);

static int error_of(long result)
{
    return result < 0 ? errno : 0;
}

static int try_nothing(void)
{
    return 0;
}

static int try_socket(void)
{
    return error_of(socket(AF_INET, SOCK_DGRAM, 0));
}

static int try_execve(void)
{
    char *argv[] = {"true", NULL};
    return error_of(execve("/bin/true", argv, NULL));
}

static int try_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return error_of(pid);
}

static int try_open(void)
{
    return error_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_create(void)
{
    return error_of(open("/tmp/nsprobe-sandbox", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_unlink(void)
{
    return error_of(unlink("/tmp/nsprobe-sandbox-none"));
}

static int try_ptrace(void)
{
    return error_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_kill(void)
{
    return error_of(kill(getppid(), 0));
}

static int try_setuid(void)
{
    return error_of(setuid(0));
}

static int try_stat(void)
{
    struct stat st;
    return error_of(stat("/etc/passwd", &st));
}

static int try_executable(void)
{
    return error_of(
        (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int try_read_other(void)
{
    char b[1];
    struct iovec v = {b, 1};
    return error_of(process_vm_readv(getppid(), &v, 1, &v, 1, 0));
}

static int try_tty_input(void)
{
    char c = 'x';
    return error_of(ioctl(0, TIOCSTI, &c));
}

static int try_connect(void)
{
    return error_of(connect(0, NULL, 0));
}

static int try_recv(void)
{
    char c;
    return error_of(recvfrom(0, &c, 1, MSG_DONTWAIT, NULL, NULL)) == ENOTSOCK ? 0 : 1;
}

static int try_sendmsg(void)
{
    struct msghdr m;
    memset(&m, 0, sizeof m);
    return error_of(sendmsg(0, &m, 0)) == ENOTSOCK ? 0 : 1;
}

static void *count(void *p)
{
    char *much = malloc((size_t)8 << 20);
    if (much != NULL)
        memset(much, 1, (size_t)8 << 20);
    free(much);
    *(int *)p += 1;
    return NULL;
}

static int try_threads(void)
{
    int n = 0;
    for (int i = 0; i < 3; i++) {
        pthread_t t;
        if (pthread_create(&t, NULL, count, &n) != 0 || pthread_join(t, NULL) != 0)
            return EAGAIN;
    }
    return n == 3 ? 0 : EINVAL;
}

static int try_work(void)
{
    struct winsize w;
    struct timespec t = {0, 1000};
    struct tm tm;
    char text[64];
    time_t now = time(NULL);
    (void)ioctl(1, TIOCGWINSZ, &w);
    (void)isatty(1);
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec = 0;
    t.tv_nsec = 1000;
    nanosleep(&t, NULL);
    if (localtime_r(&now, &tm) == NULL || strftime(text, sizeof text, "%F %T %Z", &tm) == 0)
        return EINVAL;
    FILE *out = fdopen(0, "r");
    if (out == NULL || fflush(NULL) != 0)
        return EIO;
    return try_threads();
}

/* How a child ended: the signal negated, or the attempt's errno value; 255 when the sandbox could
 * not be entered. */
static int run(attempt_t *attempt, unsigned needs, bool locked)
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char error[SANDBOX_ERROR_MAX];
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)signal(SIGSYS, SIG_DFL);
        if (!sandbox_drop(NULL, error) || (locked && !sandbox_lock(needs, error)))
            _exit(255);
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void locked(void **state)
{
    (void)state;
    static const struct {
        attempt_t *attempt;
        unsigned needs;
        int result;
    } cases[] = {
        {try_nothing, SANDBOX_FILES, 0},
        {try_work, SANDBOX_FILES, 0},
        {try_threads, SANDBOX_FILES, 0},
        {try_open, SANDBOX_FILES, EACCES},
        {try_create, SANDBOX_FILES, EACCES},
        {try_open, SANDBOX_LIVE | SANDBOX_RECEIVE, EACCES},
        {try_socket, SANDBOX_FILES, -SIGSYS},
        {try_socket, SANDBOX_LIVE | SANDBOX_RECEIVE, -SIGSYS},
        {try_connect, SANDBOX_LIVE | SANDBOX_RECEIVE, -SIGSYS},
        {try_execve, SANDBOX_LIVE | SANDBOX_RECEIVE, -SIGSYS},
        {try_fork, SANDBOX_LIVE | SANDBOX_RECEIVE, -SIGSYS},
        {try_ptrace, SANDBOX_FILES, -SIGSYS},
        {try_read_other, SANDBOX_FILES, -SIGSYS},
        {try_kill, SANDBOX_FILES, -SIGSYS},
        {try_setuid, SANDBOX_FILES, -SIGSYS},
        {try_stat, SANDBOX_FILES, -SIGSYS},
        {try_unlink, SANDBOX_FILES, -SIGSYS},
        {try_executable, SANDBOX_FILES, -SIGSYS},
        {try_tty_input, SANDBOX_LIVE, -SIGSYS},
        {try_recv, SANDBOX_FILES, -SIGSYS},
        {try_recv, SANDBOX_LIVE, 0},
        {try_sendmsg, SANDBOX_LIVE, -SIGSYS},
        {try_sendmsg, SANDBOX_RECEIVE, 0},
    };
    if (!sandbox_can_lock()) { /* the filter is left out, and the process works */
        assert_int_equal(run(try_work, SANDBOX_FILES, true), 0);
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int result = run(cases[i].attempt, cases[i].needs, true);
        if (result != cases[i].result)
            print_message("attempt %zu: %d, not %d\n", i, result, cases[i].result);
        assert_int_equal(result, cases[i].result);
    }
}

/* All that root has is gone. */
static int try_dropped(void)
{
    if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || getgroups(0, NULL) != 0)
        return 1;
    if (setresuid(0, 0, 0) == 0)
        return 2;
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_get_caps_process() != 0 || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
        return 3;
    if (capng_have_capabilities(CAPNG_SELECT_BOUNDS) != CAPNG_NONE)
        return 4;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 5;
    return open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0 ? 0 : 6;
}

/* An ordinary user has less to lose, and loses it all the same. */
static int try_ordinary(void)
{
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_get_caps_process() != 0 || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
        return 3;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 5;
}

static void dropped(void **state)
{
    (void)state;
    assert_int_equal(run(geteuid() == 0 ? try_dropped : try_ordinary, SANDBOX_FILES, false), 0);
}

static void refuses_users(void **state)
{
    (void)state;
    char error[SANDBOX_ERROR_MAX];
    int status = 0;
    static const char *const users[] = {"no-such-user-here", "root"};
    for (size_t i = 0; i < 2 && geteuid() == 0; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(sandbox_drop(users[i], error) || strstr(error, users[i]) == NULL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locked),
        cmocka_unit_test(dropped),
        cmocka_unit_test(refuses_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
