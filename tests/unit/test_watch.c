/* The watch in a world of its own: days pass in milliseconds, rounds say what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "storecase.h"
#include "watch/watch.h"

#define T0     INT64_C(1764000000000)
#define H      WATCH_HOUR_MS
#define MINUTE INT64_C(60000)

#define RUNNING_MAX 64

typedef struct fake_round {
    size_t item;
    int64_t done;
    const watch_target_t *target;
} fake_round_t;

typedef struct fake {
    char dir[64];
    char db[128];
    int64_t now; /* milliseconds since T0, on both clocks */
    int64_t end; /* when SIGTERM comes */
    int64_t took;
    bool stopped;
    int64_t wall_step; /* wall clock beside the other one */
    /* what a round of that target at that time comes to */
    round_outcome_t (*outcome)(const watch_target_t *t, int64_t now);
    size_t running;
    fake_round_t round[RUNNING_MAX];
    size_t running_most;
    unsigned rounds;
    bool tell_fails;
    int64_t told[256];
    size_t told_count;
    size_t tell_next; /* of told, whose end was not given yet */
    unsigned complaints;
    char complaint[400];
    int64_t reload_at;
    watch_targets_t reload;
    char log[4000]; /* transitions: "hour:domain:name " */
} fake_t;

static int64_t fake_now(void *user)
{
    return T0 + ((fake_t *)user)->now;
}

static int64_t fake_wall(void *user)
{
    fake_t *f = user;
    return T0 + f->now + f->wall_step;
}

static uint32_t fake_random(void *user)
{
    return (uint32_t)(((fake_t *)user)->rounds * 2654435761u);
}

static bool fake_start(void *user, size_t item, const watch_target_t *target)
{
    fake_t *f = user;
    assert_true(f->running < RUNNING_MAX);
    f->round[f->running++] =
        (fake_round_t){.item = item, .done = f->now + f->took, .target = target};
    f->rounds++;
    if (f->running > f->running_most)
        f->running_most = f->running;
    return true;
}

static bool fake_tell(void *user, int64_t change, const char *message)
{
    fake_t *f = user;
    assert_true(f->told_count < 256);
    assert_string_equal(message, "{}");
    f->told[f->told_count++] = change;
    return true;
}

static void end_of_round(fake_t *f, size_t i, watch_event_t *e)
{
    fake_round_t r = f->round[i];
    f->round[i] = f->round[--f->running];
    e->kind = WATCH_EVENT_ROUND;
    e->item = r.item;
    e->good = true;
    e->round.at = T0 + r.done - f->took + f->wall_step;
    e->round.took = f->took;
    e->round.outcome = f->outcome(r.target, r.done);
}

static void fake_wait(void *user, int64_t until, watch_event_t *e)
{
    fake_t *f = user;
    memset(e, 0, sizeof *e);
    until -= T0;
    if (f->tell_next < f->told_count) {
        e->kind = WATCH_EVENT_TOLD;
        e->change = f->told[f->tell_next++];
        e->good = !f->tell_fails;
        snprintf(e->text, sizeof e->text, "the command failed");
        return;
    }
    size_t first = f->running;
    for (size_t i = 0; i < f->running; i++)
        if (first == f->running || f->round[i].done < f->round[first].done)
            first = i;
    bool ends = first < f->running && f->round[first].done <= until;
    int64_t at = ends ? f->round[first].done : until;
    if (f->reload_at > 0 && at >= f->reload_at) {
        f->now = f->reload_at > f->now ? f->reload_at : f->now;
        f->reload_at = 0;
        e->kind = WATCH_EVENT_RELOAD;
    } else if (at >= f->end && !f->stopped) {
        f->now = f->end > f->now ? f->end : f->now;
        e->kind = WATCH_EVENT_STOP;
    } else {
        f->now = at > f->now ? at : f->now;
        if (ends)
            end_of_round(f, first, e);
    }
}

static void fake_stop(void *user)
{
    fake_t *f = user;
    f->stopped = true;
    /* rounds that had ended by then are still given, the others are dropped */
    for (size_t i = 0; i < f->running;)
        if (f->round[i].done > f->now)
            f->round[i] = f->round[--f->running];
        else
            i++;
}

static bool fake_reload(void *user, watch_targets_t *targets)
{
    fake_t *f = user;
    if (f->reload.count == 0)
        return false;
    *targets = f->reload;
    watch_targets_init(&f->reload);
    return true;
}

static char *fake_message(void *user, const watch_report_t *r)
{
    (void)user;
    assert_int_not_equal(r->transition, TRANSITION_NONE);
    return strdup("{}");
}

static void fake_report(void *user, const watch_report_t *r)
{
    fake_t *f = user;
    size_t n = strlen(f->log);
    if (r->transition == TRANSITION_NONE)
        return;
    snprintf(f->log + n, sizeof f->log - n, "%lld:%.1s:%s ", (long long)((r->at - T0) / H),
             r->domain->target->name, transition_name(r->transition));
}

static void fake_complain(void *user, const char *text)
{
    fake_t *f = user;
    f->complaints++;
    snprintf(f->complaint, sizeof f->complaint, "%s", text);
}

static void fake_alive(void *user)
{
    (void)user;
}

static const watch_ops_t ops = {fake_now,     fake_wall,   fake_random,   fake_start,
                                fake_tell,    fake_wait,   fake_stop,     fake_reload,
                                fake_message, fake_report, fake_complain, fake_alive};

static round_outcome_t always_good(const watch_target_t *t, int64_t now)
{
    (void)t;
    (void)now;
    return ROUND_VERIFIED;
}

static int set_up(void **state)
{
    fake_t *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    snprintf(f->dir, sizeof f->dir, "/tmp/nsprobe-watch-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->db, sizeof f->db, "%s/watch.db", f->dir);
    f->took = 800;
    f->end = INT64_MAX;
    f->outcome = always_good;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fake_t *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    watch_targets_free(&f->reload);
    free(f);
    *state = NULL;
    return system(command);
}

/* A target that expects one A record; which says of which value. */
static void add_target(watch_targets_t *t, const char *name, uint8_t which)
{
    nsp_name_t domain;
    expectations_t e;
    watch_settings_t s = watch_settings_default();
    assert_int_equal(nsp_name_from_text(name, strlen(name), NULL, &domain, NULL), NSP_OK);
    memset(&e, 0, sizeof e);
    e.item = calloc(1, sizeof *e.item);
    assert_non_null(e.item);
    e.count = e.cap = 1;
    e.item[0].owner = domain;
    e.item[0].type = 1;
    e.item[0].rdlen = 4;
    e.item[0].rdata = malloc(4);
    assert_non_null(e.item[0].rdata);
    memset(e.item[0].rdata, which, 4);
    assert_true(watch_targets_add(t, &domain, &s, &e));
}

static void add_many(watch_targets_t *t, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char name[40];
        snprintf(name, sizeof name, "%c%u.example.", 'a' + (int)(i % 26), i);
        add_target(t, name, 1);
    }
}

static watch_options_t options_of(void)
{
    watch_options_t o = {.parallel = 4, .tell = true};
    return o;
}

static void run(fake_t *f, store_t *s, const watch_options_t *o, watch_targets_t *t)
{
    watch_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    f->stopped = false;
    assert_true(watch_init(w, o, &ops, f, s, t));
    watch_run(w);
    watch_free(w);
    free(w);
}

static void test_once(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    o.once = true;
    o.parallel = 7;
    for (int k = 1; k <= 3; k++) {
        watch_targets_init(&t);
        add_many(&t, 100);
        run(f, s, &o, &t);
        assert_int_equal(f->rounds, 100 * k);
        assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), 100 * k);
        assert_int_equal(storecase_number(s, "SELECT min(rounds) FROM domain"), k);
        assert_int_equal(storecase_number(s, "SELECT max(rounds) FROM domain"), k);
        f->told_count = f->tell_next = 0;
        f->now += H;
        o.tell = false;
    }
    assert_int_equal(f->running_most, 7);
    assert_int_equal(f->complaints, 0);
    store_close(s);
}

/* A domain's eight days: each change of status, and what must not be one. */
static round_outcome_t in_eight_days(const watch_target_t *t, int64_t now)
{
    (void)t;
    if (now < 10 * H)
        return ROUND_TEMPORARY; /* one of three servers does not answer */
    if (now >= 50 * H && now < 50 * H + 40 * MINUTE)
        return ROUND_TEMPORARY; /* a glitch */
    if (now >= 60 * H && now < 70 * H)
        return ROUND_UNTESTED; /* our own network is down */
    if (now >= 100 * H && now < 190 * H)
        return ROUND_NEGATIVE; /* the records are gone */
    return ROUND_VERIFIED;
}

static void test_days(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    f->outcome = in_eight_days;
    f->end = 200 * H;
    run(f, s, &o, &t);
    assert_string_equal(f->log,
                        "0:e:started 10:e:verified 100:e:troubled 172:e:revoked 190:e:recovered ");
    /* a round every 15 minutes, jitter or not, for 200 hours */
    assert_in_range(f->rounds, 799, 801);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), f->rounds);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM change"), 5);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM change WHERE told = 0"), 0);
    assert_int_equal(f->told_count, 5);
    store_close(s);
}

static round_outcome_t never(const watch_target_t *t, int64_t now)
{
    (void)t;
    (void)now;
    return ROUND_NEGATIVE;
}

static void test_expires(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    f->outcome = never;
    f->end = 40 * H;
    run(f, s, &o, &t);
    assert_string_equal(f->log, "0:e:started ");
    /* killed and started again: the 72 hours go on */
    watch_targets_init(&t);
    add_target(&t, "Example.COM.", 1);
    f->end = 80 * H;
    run(f, s, &o, &t);
    assert_string_equal(f->log, "0:e:started 72:e:expired ");
    store_close(s);
}

static void test_other_records(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    f->end = H;
    run(f, s, &o, &t);
    watch_targets_init(&t);
    add_target(&t, "example.com.", 2);
    f->outcome = never;
    f->end = 2 * H;
    run(f, s, &o, &t);
    assert_string_equal(f->log, "0:e:verified 1:e:restarted 1:e:started ");
    assert_int_equal(f->told_count, 3);
    store_close(s);
}

static void test_reload(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_target(&t, "a.example.", 1);
    add_target(&t, "b.example.", 1);
    watch_targets_init(&f->reload);
    add_target(&f->reload, "c.example.", 1);
    add_target(&f->reload, "b.example.", 1);
    f->reload_at = 4 * H;
    f->end = 8 * H;
    run(f, s, &o, &t);
    assert_string_equal(f->log, "0:a:verified 0:b:verified 4:c:verified ");
    /* b went on without a gap and without a round too many */
    assert_in_range(storecase_number(s, "SELECT rounds FROM domain WHERE name = 'a.example.'"), 16,
                    18);
    assert_in_range(storecase_number(s, "SELECT rounds FROM domain WHERE name = 'b.example.'"), 31,
                    34);
    assert_in_range(storecase_number(s, "SELECT rounds FROM domain WHERE name = 'c.example.'"), 15,
                    17);
    /* a bad configuration changes nothing */
    watch_targets_init(&t);
    add_target(&t, "a.example.", 1);
    f->reload_at = 9 * H;
    f->end = 10 * H;
    run(f, s, &o, &t);
    assert_in_range(storecase_number(s, "SELECT rounds FROM domain WHERE name = 'a.example.'"), 24,
                    27);
    store_close(s);
}

/* The machine sleeps for five hours: one round each afterwards, and no status suffers. */
static void test_sleep(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_many(&t, 20);
    f->end = H;
    run(f, s, &o, &t);
    unsigned before = f->rounds;
    watch_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    watch_targets_init(&t);
    add_many(&t, 20);
    f->stopped = false;
    f->now = 6 * H;
    f->end = 6 * H + 10 * MINUTE;
    assert_true(watch_init(w, &o, &ops, f, s, &t));
    f->now = 100 * H; /* between the plan and the first look at the clock */
    f->end = f->now + 7 * MINUTE;
    watch_run(w);
    watch_free(w);
    free(w);
    assert_in_range(f->rounds - before, 20, 40);
    store_close(s);
}

static void test_store_refuses(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    f->end = H;
    assert_true(watch_init(w, &o, &ops, f, s, &t));
    sqlite3_exec(store_handle(s), "PRAGMA query_only = 1", NULL, NULL, NULL);
    watch_run(w);
    assert_true(f->complaints >= 4);
    assert_non_null(strstr(f->complaint, "cannot store a round"));
    assert_true(w->store_errors == f->complaints && !w->store_good);
    assert_string_equal(f->log, "");
    assert_int_equal(f->told_count, 0);
    watch_free(w);
    sqlite3_exec(store_handle(s), "PRAGMA query_only = 0", NULL, NULL, NULL);
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    f->end = 2 * H;
    run(f, s, &o, &t);
    assert_string_equal(f->log, "1:e:verified ");
    store_close(s);
    free(w);
}

/* A command that fails is complained about and not told again; one that was not reached is. */
static void test_telling(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    f->tell_fails = true;
    f->end = H;
    run(f, s, &o, &t);
    assert_int_equal(f->told_count, 1);
    assert_int_equal(f->complaints, 1);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM change WHERE told = 0"), 0);
    /* killed between the round and the command */
    sqlite3_exec(store_handle(s), "UPDATE change SET told = 0, message = '{}'", NULL, NULL, NULL);
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    f->tell_fails = false;
    f->end = 2 * H;
    run(f, s, &o, &t);
    assert_int_equal(f->told_count, 2);
    assert_int_equal(f->told[1], f->told[0]);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM change WHERE told = 0"), 0);
    store_close(s);
}

/* SIGTERM while rounds run: those that had ended count, the others do not. */
static void test_stop(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_many(&t, 10);
    f->end = 2000; /* four end at 800, four at 1600, two would at 2400 */
    run(f, s, &o, &t);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), 8);
    assert_int_equal(storecase_number(s, "SELECT sum(rounds) FROM domain"), 8);
    assert_int_equal(f->complaints, 0);
    store_close(s);
}

static round_outcome_t good_after_an_hour(const watch_target_t *t, int64_t now)
{
    return now > H || t->name[0] == 'a' ? ROUND_VERIFIED : ROUND_NEGATIVE;
}

static void test_until_verified(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_target(&t, "a.example.", 1);
    add_target(&t, "b.example.", 1);
    o.until_verified = true;
    f->outcome = good_after_an_hour;
    f->end = 100 * H;
    run(f, s, &o, &t);
    assert_string_equal(f->log, "0:a:verified 0:b:started 1:b:verified ");
    assert_true(f->now < 2 * H);
    store_close(s);
}

static void test_prune(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    watch_targets_init(&t);
    add_target(&t, "example.com.", 1);
    o.keep = 10 * H;
    f->end = 100 * H;
    run(f, s, &o, &t);
    assert_in_range(storecase_number(s, "SELECT count(*) FROM round"), 39, 46);
    assert_in_range(storecase_number(s, "SELECT max(number) FROM round"), 399, 402);
    store_close(s);
}

/* The wall clock is set back by a day, and forward again: the schedule does not care. */
static void test_wall_clock(void **state)
{
    fake_t *f = *state;
    store_t *s = storecase_open(f->db);
    watch_targets_t t;
    watch_options_t o = options_of();
    f->outcome = never;
    for (int i = 0; i < 4; i++) {
        watch_targets_init(&t);
        add_target(&t, "example.com.", 1);
        f->wall_step = i == 1 ? -24 * H : 0;
        f->end = (i + 1) * 20 * H;
        run(f, s, &o, &t);
    }
    /* the step back moved the beginning along with the clock; the step ahead is 24 hours that the
     * verifier had, too */
    assert_string_equal(f->log, "0:e:started 48:e:expired ");
    assert_in_range(f->rounds, 318, 326);
    store_close(s);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_once),           CASE(test_days),    CASE(test_expires),
        CASE(test_other_records),  CASE(test_reload),  CASE(test_sleep),
        CASE(test_store_refuses),  CASE(test_telling), CASE(test_stop),
        CASE(test_until_verified), CASE(test_prune),   CASE(test_wall_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
