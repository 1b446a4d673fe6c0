/* A command that is told: its input, its descriptors, its end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch/notify.h"

static bool run(const char *script, const char *message, int64_t timeout, int cancel,
                char err[NOTIFY_ERROR_MAX])
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)script, "name", NULL};
    err[0] = '\0';
    return notify_run(argv, message, strlen(message), timeout, cancel, err);
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

static void no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static char *read_all(const char *path)
{
    char *text = calloc(1, 200001);
    FILE *f = fopen(path, "r");
    assert_non_null(text);
    assert_non_null(f);
    size_t n = fread(text, 1, 200000, f);
    assert_true(n < 200000);
    fclose(f);
    return text;
}

static void test_input(void **state)
{
    (void)state;
    char path[] = "/tmp/nsprobe-notify-XXXXXX";
    char script[100];
    char err[NOTIFY_ERROR_MAX];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof script, "cat > %s", path);
    /* larger than any pipe */
    char *message = malloc(150001);
    assert_non_null(message);
    memset(message, 'x', 150000);
    message[150000] = '\0';
    assert_true(run(script, message, 10000, -1, err));
    char *got = read_all(path);
    assert_string_equal(got, message);
    free(got);
    /* nobody reads it */
    assert_true(run("exec true", message, 10000, -1, err));
    free(message);
    unlink(path);
    no_children();
}

/* Every word arrives as it is: there is no shell between. */
static void test_arguments(void **state)
{
    (void)state;
    char path[] = "/tmp/nsprobe-notify-XXXXXX";
    char err[NOTIFY_ERROR_MAX];
    char script[200];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof script, "printf '[%%s]' \"$@\" > %s", path);
    char *argv[] = {"sh", "-c", script, "x", "a b", "$(id)", "; rm -rf *", "", NULL};
    assert_true(notify_run(argv, "", 0, 10000, -1, err));
    char *got = read_all(path);
    assert_string_equal(got, "[a b][$(id)][; rm -rf *][]");
    free(got);
    unlink(path);
}

static void test_descriptors(void **state)
{
    (void)state;
    char err[NOTIFY_ERROR_MAX];
    /* deliberately without O_CLOEXEC */
    int leak = open("/dev/null", O_RDONLY);
    assert_true(leak > 2);
    unsigned before = open_descriptors();
    for (int i = 0; i < 20; i++)
        /* ls itself opens one to read the directory */
        assert_true(
            run("test \"$(ls /proc/self/fd | tr '\\n' ' ')\" = '0 1 2 3 '", "", 10000, -1, err));
    assert_int_equal(open_descriptors(), before);
    close(leak);
    no_children();
}

static void test_signals(void **state)
{
    (void)state;
    char err[NOTIFY_ERROR_MAX];
    sigset_t set;
    sigset_t old;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, &old);
    /* glibc has two real-time signals of its own, 32 and 33: they do not count */
    assert_true(run("grep -q '^SigBlk:.0*$' /proc/self/status && "
                    "grep -q '^SigIgn:.*0000000$' /proc/self/status",
                    "", 10000, -1, err));
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_failures(void **state)
{
    (void)state;
    char err[NOTIFY_ERROR_MAX];
    unsigned before = open_descriptors();
    assert_false(run("exit 3", "{}", 10000, -1, err));
    assert_string_equal(err, "sh: ended with status 3");
    assert_false(run("kill -9 $$", "{}", 10000, -1, err));
    assert_string_equal(err, "sh: ended by signal 9");
    char *missing[] = {"/nonexistent/command", NULL};
    assert_false(notify_run(missing, "", 0, 1000, -1, err));
    assert_string_equal(err, "/nonexistent/command: cannot be run: No such file or directory");
    assert_int_equal(open_descriptors(), before);
    no_children();
}

/* As it is run: by its path, or from PATH, where a folder of that name is none. */
static void test_find(void **state)
{
    (void)state;
    const char *path = getenv("PATH");
    char *old = path != NULL ? strdup(path) : NULL;
    assert_int_equal(notify_find("sh"), 0);
    assert_int_equal(notify_find("/bin/sh"), 0);
    assert_int_equal(notify_find("no-such-command"), ENOENT);
    assert_int_equal(notify_find("/nonexistent/command"), ENOENT);
    assert_int_equal(notify_find("/etc/passwd"), EACCES);
    assert_int_equal(notify_find("/bin/"), EACCES);
    setenv("PATH", "/:/nonexistent:/bin", 1);
    assert_int_equal(notify_find("sh"), 0);
    assert_int_equal(notify_find("etc"), EACCES);
    setenv("PATH", "/etc::", 1);
    assert_int_equal(notify_find("sh"), ENOENT);
    assert_int_equal(notify_find("passwd"), EACCES);
    unsetenv("PATH");
    assert_int_equal(notify_find("sh"), 0);
    if (old != NULL)
        setenv("PATH", old, 1);
    free(old);
}

/* Neither a command that ignores SIGTERM nor its children outlive their time. */
static void test_time(void **state)
{
    (void)state;
    char err[NOTIFY_ERROR_MAX];
    char path[] = "/tmp/nsprobe-notify-XXXXXX";
    char script[200];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof script, "trap '' TERM; sleep 1000 & echo $! > %s; sleep 1000", path);
    assert_false(run(script, "{}", 1500, -1, err));
    assert_string_equal(err, "sh: not done after 1.5 s; killed");
    char *got = read_all(path);
    long grandchild = strtol(got, NULL, 10);
    free(got);
    assert_true(grandchild > 1);
    /* it may still be on its way out, but not alive: killed processes that init has not reaped
     * yet are zombies */
    char stat[64];
    char command[200];
    snprintf(stat, sizeof stat, "/proc/%ld/stat", grandchild);
    snprintf(command, sizeof command, "! test -e %s || grep -q ') Z' %s", stat, stat);
    int rc = -1;
    for (int i = 0; i < 500 && rc != 0; i++) {
        rc = system(command);
        usleep(10000);
    }
    assert_int_equal(rc, 0);
    unlink(path);
    no_children();
}

static void test_cancel(void **state)
{
    (void)state;
    char err[NOTIFY_ERROR_MAX];
    int fd = eventfd(1, EFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_false(run("exec sleep 1000", "{}", 1000000, fd, err));
    assert_string_equal(err, "sh: killed, since watch ends");
    close(fd);
    no_children();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input),       cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_descriptors), cmocka_unit_test(test_signals),
        cmocka_unit_test(test_failures),    cmocka_unit_test(test_time),
        cmocka_unit_test(test_cancel),      cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
