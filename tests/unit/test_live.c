/* Threads, signals and commands as the watch gets them. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch/live.h"

typedef struct world {
    _Atomic int stop;
    atomic_uint running;
    atomic_uint most;
    atomic_uint ended;
    bool block; /* until it is stopped */
} world_t;

static bool a_round(void *user, const watch_target_t *target, watch_round_t *out,
                    char err[NOTIFY_ERROR_MAX])
{
    world_t *w = user;
    unsigned now = atomic_fetch_add(&w->running, 1) + 1;
    unsigned most = atomic_load(&w->most);
    while (now > most && !atomic_compare_exchange_weak(&w->most, &most, now)) {
    }
    memset(out, 0, sizeof *out);
    /* a system call that only a signal ends, as in a round that waits for replies */
    while (w->block && w->stop == 0)
        poll(NULL, 0, -1);
    out->sample = calloc(1, sizeof *out->sample);
    out->sample_count = 1;
    out->chance = target != NULL ? 1 : 0;
    atomic_fetch_sub(&w->running, 1);
    atomic_fetch_add(&w->ended, 1);
    if (w->stop == 0)
        return true;
    watch_round_free(out);
    snprintf(err, NOTIFY_ERROR_MAX, "interrupted");
    return false;
}

static live_t *new_live(world_t *w, unsigned workers, char *const *argv)
{
    memset(w, 0, sizeof *w);
    live_options_t o = {.workers = workers,
                        .stop = &w->stop,
                        .argv = argv,
                        .argv_timeout = 60000,
                        .round = a_round,
                        .user = w};
    live_t *l = live_new(&o);
    assert_non_null(l);
    return l;
}

static void next(live_t *l, watch_event_t *e)
{
    live_wait(l, live_now(l) + 60000, e);
}

static void test_rounds(void **state)
{
    (void)state;
    world_t w;
    live_t *l = new_live(&w, 5, NULL);
    bool seen[500] = {false};
    watch_event_t e;
    int64_t before = live_wall(l);
    for (size_t i = 0; i < 500; i++)
        assert_true(live_start(l, i, NULL));
    for (size_t i = 0; i < 500; i++) {
        next(l, &e);
        assert_int_equal(e.kind, WATCH_EVENT_ROUND);
        assert_true(e.good && e.item < 500 && !seen[e.item]);
        assert_true(e.round.at >= before && e.round.at <= live_wall(l) && e.round.took >= 0);
        seen[e.item] = true;
        watch_round_free(&e.round);
    }
    live_wait(l, live_now(l), &e);
    assert_int_equal(e.kind, WATCH_EVENT_NONE);
    assert_true(atomic_load(&w.most) <= 5);
    live_free(l);
}

/* Rounds that block end when the watch ends; what had ended before is still given. */
static void test_stop(void **state)
{
    (void)state;
    world_t w;
    live_t *l = new_live(&w, 8, NULL);
    watch_event_t e;
    assert_true(live_start(l, 99, NULL));
    while (atomic_load(&w.ended) == 0)
        usleep(1000);
    w.block = true;
    for (size_t i = 0; i < 20; i++)
        assert_true(live_start(l, i, NULL));
    while (atomic_load(&w.running) < 8)
        usleep(1000);
    live_stop(l);
    assert_int_equal(atomic_load(&w.running), 0);
    assert_int_not_equal(w.stop, 0);
    unsigned good = 0;
    for (live_wait(l, live_now(l), &e); e.kind != WATCH_EVENT_NONE; live_wait(l, live_now(l), &e)) {
        assert_int_equal(e.kind, WATCH_EVENT_ROUND);
        assert_true(e.good == (e.item == 99));
        good += e.good;
        if (e.good)
            watch_round_free(&e.round);
    }
    assert_int_equal(good, 1);
    live_free(l);
}

static void test_signals(void **state)
{
    (void)state;
    world_t w;
    live_t *l = new_live(&w, 1, NULL);
    watch_event_t e;
    kill(getpid(), SIGHUP);
    next(l, &e);
    assert_int_equal(e.kind, WATCH_EVENT_RELOAD);
    kill(getpid(), SIGHUP);
    next(l, &e);
    assert_int_equal(e.kind, WATCH_EVENT_RELOAD);
    assert_int_equal(live_signal(l), 0);
    kill(getpid(), SIGTERM);
    next(l, &e);
    assert_int_equal(e.kind, WATCH_EVENT_STOP);
    assert_int_equal(live_signal(l), SIGTERM);
    live_free(l);
}

static void test_tell(void **state)
{
    (void)state;
    world_t w;
    char path[] = "/tmp/nsprobe-live-XXXXXX";
    char script[120];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof script, "cat >> %s; echo >> %s; test $(wc -l < %s) -lt 3", path, path,
             path);
    char *argv[] = {"sh", "-c", script, NULL};
    live_t *l = new_live(&w, 1, argv);
    watch_event_t e;
    assert_true(live_tell(l, 7, "one") && live_tell(l, 8, "two") && live_tell(l, 9, "three"));
    for (int64_t i = 7; i <= 9; i++) {
        next(l, &e);
        assert_int_equal(e.kind, WATCH_EVENT_TOLD);
        assert_int_equal(e.change, i);
        assert_true(e.good == (i < 9));
    }
    assert_string_equal(e.text, "sh: ended with status 1");
    FILE *f = fopen(path, "r");
    char got[40] = "";
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof got - 1, f);
    fclose(f);
    got[n] = '\0';
    assert_string_equal(got, "one\ntwo\nthree\n");
    unlink(path);
    live_free(l);
}

/* A command that hangs does not keep the watch from ending. */
static void test_tell_hangs(void **state)
{
    (void)state;
    world_t w;
    char *argv[] = {"sleep", "1000", NULL};
    live_t *l = new_live(&w, 1, argv);
    watch_event_t e;
    assert_true(live_tell(l, 1, "one") && live_tell(l, 2, "two"));
    live_stop(l);
    live_wait(l, live_now(l), &e);
    if (e.kind == WATCH_EVENT_TOLD) { /* it had begun */
        assert_false(e.good);
        live_wait(l, live_now(l), &e);
    }
    assert_int_equal(e.kind, WATCH_EVENT_NONE);
    live_free(l);
}

static void test_fixed_wall(void **state)
{
    (void)state;
    world_t w = {0};
    live_options_t o = {.workers = 1, .stop = &w.stop, .wall = 12345, .round = a_round, .user = &w};
    live_t *l = live_new(&o);
    watch_event_t e;
    assert_non_null(l);
    assert_true(live_wall(l) == 12345);
    assert_true(live_start(l, 0, NULL));
    next(l, &e);
    assert_true(e.good && e.round.at == 12345);
    watch_round_free(&e.round);
    live_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds),     cmocka_unit_test(test_stop),
        cmocka_unit_test(test_tell),       cmocka_unit_test(test_tell_hangs),
        cmocka_unit_test(test_fixed_wall), cmocka_unit_test(test_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
