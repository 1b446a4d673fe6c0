/* Datagrams that wait: each is sent at its time, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "serve/later.h"

typedef struct pair {
    int fd[2];
    later_queue_t *q;
} pair_t;

static pair_t pair_new(void)
{
    pair_t p;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, p.fd), 0);
    p.q = calloc(1, sizeof *p.q);
    assert_non_null(p.q);
    return p;
}

static void pair_free(pair_t *p)
{
    later_clear(p->q);
    free(p->q);
    close(p->fd[0]);
    close(p->fd[1]);
}

static void put(pair_t *p, const char *word, int64_t due, int64_t now)
{
    char bytes[16];
    size_t n = strlen(word);
    memcpy(bytes, word, n);
    later_t l = {.due = due, .fd = p->fd[0], .bytes = (uint8_t *)bytes, .size = n};
    later_send(p->q, &l, now);
    memset(bytes, '!', sizeof bytes); /* they are the caller's again */
}

/* What came, one datagram after the other, with a blank behind each. */
static void came(pair_t *p, const char *words)
{
    char got[200] = "";
    size_t len = 0;
    ssize_t n;
    while ((n = recv(p->fd[1], got + len, 20, 0)) > 0) {
        len += (size_t)n;
        got[len++] = ' ';
    }
    got[len] = '\0';
    assert_string_equal(got, words);
}

static void in_time(void **state)
{
    (void)state;
    pair_t p = pair_new();
    assert_int_equal(later_due(p.q), INT64_MAX);
    put(&p, "now", 100, 100);
    came(&p, "now ");
    put(&p, "third", 130, 100);
    put(&p, "first", 110, 100);
    put(&p, "second", 120, 100);
    came(&p, "");
    assert_int_equal(later_due(p.q), 110);
    later_flush(p.q, 109);
    came(&p, "");
    later_flush(p.q, 120);
    came(&p, "first second ");
    assert_int_equal(later_due(p.q), 130);
    later_flush(p.q, 1000);
    later_flush(p.q, 2000);
    came(&p, "third ");
    assert_int_equal(later_due(p.q), INT64_MAX);
    pair_free(&p);
}

/* Whatever finds no room is sent at once; what waits at the end is freed. */
static void full(void **state)
{
    (void)state;
    pair_t p = pair_new();
    for (int i = 0; i < LATER_MAX; i++)
        put(&p, "x", 10, 0);
    came(&p, "");
    put(&p, "more", 10, 0);
    came(&p, "more ");
    assert_int_equal(p.q->count, LATER_MAX);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_time), cmocka_unit_test(full)};
    return cmocka_run_group_tests_name("later", tests, NULL, NULL);
}
