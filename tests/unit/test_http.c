/* Metrics over HTTP: addresses, pages, methods, clients that misbehave. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch/http.h"

static const struct {
    const char *text;
    const char *addr; /* NULL: refused */
    unsigned port;
} addresses[] = {
    {"9100", "127.0.0.1", 9100},
    {"0", "127.0.0.1", 0},
    {"127.0.0.1:9100", "127.0.0.1", 9100},
    {"0.0.0.0:80", "0.0.0.0", 80},
    {"[::1]:9100", "::1", 9100},
    {"[::]:65535", "::", 65535},
    {"::1:9100", NULL, 0},
    {"::1", NULL, 0},
    {"127.0.0.1", NULL, 0},
    {"127.0.0.1:", NULL, 0},
    {"127.0.0.1:65536", NULL, 0},
    {"127.0.0.1:+1", NULL, 0},
    {"127.0.0.1:1x", NULL, 0},
    {"localhost:80", NULL, 0},
    {"[127.0.0.1]:80", NULL, 0},
    {"127.0.0.1#5:80", NULL, 0},
    {"[]:80", NULL, 0},
    {"", NULL, 0},
    {":80", "127.0.0.1", 80},
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        addr_t a;
        char text[ADDR_TEXT_MAX];
        print_message("  '%s'\n", addresses[i].text);
        bool good = http_address(addresses[i].text, &a);
        assert_true(good == (addresses[i].addr != NULL));
        if (good) {
            assert_string_equal(addr_text(&a, text), addresses[i].addr);
            assert_int_equal(a.port, addresses[i].port);
        }
    }
}

typedef struct pages {
    bool healthy;
    size_t size; /* of the metrics */
    bool no_memory;
} pages_t;

static char *metrics(void *user, size_t *size)
{
    const pages_t *p = user;
    char *text = p->no_memory ? NULL : malloc(p->size + 1);
    *size = p->size;
    if (text != NULL)
        memset(text, 'm', p->size);
    return text;
}

static bool health(void *user, char reason[HTTP_REASON_MAX])
{
    const pages_t *p = user;
    snprintf(reason, HTTP_REASON_MAX, "%s", p->healthy ? "all is well" : "the disk is full");
    return p->healthy;
}

static http_t *start(pages_t *p, const char *at)
{
    addr_t a;
    char err[HTTP_ERROR_MAX] = "";
    http_pages_t pages = {metrics, health, p};
    assert_true(http_address(at, &a));
    http_t *h = http_start(&a, &pages, err);
    assert_string_equal(err, "");
    assert_non_null(h);
    assert_int_not_equal(http_port(h), 0);
    return h;
}

static int dial(const http_t *h, const char *host)
{
    addr_t a;
    struct sockaddr_storage to;
    assert_true(addr_from_text(host, strlen(host), http_port(h), &a));
    socklen_t n = addr_to_sockaddr(&a, &to);
    int fd = socket(a.family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, n), 0);
    return fd;
}

/* Sends a request and returns all that comes until the server closes. */
static char *ask(const http_t *h, const char *host, const char *request)
{
    static char got[4000000];
    size_t n = 0;
    int fd = dial(h, host);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    for (ssize_t k = 1; k > 0 && n<sizeof got - 1; n += k> 0 ? (size_t)k : 0)
        k = read(fd, got + n, sizeof got - 1 - n);
    got[n] = '\0';
    close(fd);
    return got;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void test_pages(void **state)
{
    (void)state;
    pages_t p = {.healthy = true, .size = 3};
    http_t *h = start(&p, "0");
    char *got = ask(h, "127.0.0.1", GET("/metrics"));
    assert_non_null(strstr(got, "200 OK"));
    assert_non_null(
        strstr(got, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert_non_null(strstr(got, "\r\n\r\nmmm"));
    got = ask(h, "127.0.0.1", GET("/healthz"));
    assert_non_null(strstr(got, "200 OK"));
    assert_non_null(strstr(got, "\r\n\r\nall is well\n"));
    p.healthy = false;
    got = ask(h, "127.0.0.1", GET("/healthz"));
    assert_non_null(strstr(got, " 503 "));
    assert_non_null(strstr(got, "\r\n\r\nthe disk is full\n"));
    assert_non_null(strstr(ask(h, "127.0.0.1", GET("/")), " 404 "));
    assert_non_null(strstr(ask(h, "127.0.0.1", GET("/metrics/../../etc/passwd")), " 404 "));
    assert_non_null(strstr(ask(h, "127.0.0.1", GET("/metrics?x=1")), " 200 "));
    p.no_memory = true;
    assert_non_null(strstr(ask(h, "127.0.0.1", GET("/metrics")), " 500 "));
    http_stop(h);
}

static void test_large(void **state)
{
    (void)state;
    pages_t p = {.healthy = true, .size = 3000000};
    http_t *h = start(&p, "[::1]:0");
    char *got = ask(h, "::1", GET("/metrics"));
    char *body = strstr(got, "\r\n\r\n");
    assert_non_null(body);
    assert_int_equal(strlen(body + 4), 3000000);
    http_stop(h);
}

static void test_methods(void **state)
{
    (void)state;
    pages_t p = {.healthy = true, .size = 3};
    http_t *h = start(&p, "0");
    char *got =
        ask(h, "127.0.0.1", "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(got, " 200 "));
    assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
    got = ask(h, "127.0.0.1",
              "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
              "body");
    assert_non_null(strstr(got, " 405 "));
    assert_non_null(strstr(got, "Allow: GET, HEAD"));
    http_stop(h);
}

/* Clients that say nothing, or nonsense, neither block others nor the end. */
static void test_misbehaviour(void **state)
{
    (void)state;
    pages_t p = {.healthy = true, .size = 3};
    http_t *h = start(&p, "0");
    int silent[10];
    for (int i = 0; i < 10; i++)
        silent[i] = dial(h, "127.0.0.1");
    assert_non_null(strstr(ask(h, "127.0.0.1", GET("/healthz")), " 200 "));
    (void)ask(h, "127.0.0.1", "\x16\x03\x01 no HTTP at all\r\n\r\n");
    char *big = malloc(100001);
    assert_non_null(big);
    memset(big, 'a', 100000);
    big[100000] = '\0';
    memcpy(big, "GET /", 5);
    int fd = dial(h, "127.0.0.1");
    signal(SIGPIPE, SIG_IGN);
    ssize_t n = write(fd, big, 100000);
    (void)n;
    close(fd);
    free(big);
    assert_non_null(strstr(ask(h, "127.0.0.1", GET("/healthz")), " 200 "));
    http_stop(h);
    for (int i = 0; i < 10; i++)
        close(silent[i]);
}

static void test_taken(void **state)
{
    (void)state;
    pages_t p = {.healthy = true, .size = 3};
    http_t *h = start(&p, "0");
    addr_t a;
    char err[HTTP_ERROR_MAX] = "";
    char at[20];
    char port[30];
    http_pages_t pages = {metrics, health, &p};
    snprintf(at, sizeof at, "%u", http_port(h));
    snprintf(port, sizeof port, "port %u: ", http_port(h));
    assert_true(http_address(at, &a));
    assert_null(http_start(&a, &pages, err));
    assert_non_null(strstr(err, port));
    http_stop(h);
    http_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),    cmocka_unit_test(test_pages),
        cmocka_unit_test(test_large),        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_misbehaviour), cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
