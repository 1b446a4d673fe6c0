#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch/sdnotify.h"

static void receive(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char got[100];
    size_t n = strlen(name);
    memcpy(at.sun_path, name, n);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_true(sdnotify_send(name, "READY=1\nSTATUS=two domains"));
    ssize_t size = recv(fd, got, sizeof got, 0);
    assert_int_equal(size, 26);
    assert_memory_equal(got, "READY=1\nSTATUS=two domains", 26);
    close(fd);
}

static void test_send(void **state)
{
    (void)state;
    char dir[] = "/tmp/nsprobe-sd-XXXXXX";
    char path[64];
    char abstract[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/notify", dir);
    receive(path);
    assert_false(sdnotify_send(path, "nobody listens any more"));
    unlink(path);
    rmdir(dir);
    snprintf(abstract, sizeof abstract, "@nsprobe-test-%ld", (long)getpid());
    receive(abstract);
}

static void test_refused(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    assert_false(sdnotify_send("", "x"));
    assert_false(sdnotify_send("/", "x"));
    assert_false(sdnotify_send("relative", "x"));
    assert_false(sdnotify_send("vsock:2:1", "x"));
    assert_false(sdnotify_send("/nonexistent/notify", "x"));
    assert_false(sdnotify_send(longer, "x"));
}

static void test_watchdog(void **state)
{
    (void)state;
    char pid[40];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_int_equal(sdnotify_watchdog("30000000", pid), 15000);
    assert_int_equal(sdnotify_watchdog("30000000", NULL), 15000);
    assert_int_equal(sdnotify_watchdog("30000000", "1"), 0);
    assert_int_equal(sdnotify_watchdog("100", NULL), 1);
    assert_int_equal(sdnotify_watchdog(NULL, pid), 0);
    assert_int_equal(sdnotify_watchdog("", NULL), 0);
    assert_int_equal(sdnotify_watchdog("soon", NULL), 0);
    assert_int_equal(sdnotify_watchdog("-5", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
