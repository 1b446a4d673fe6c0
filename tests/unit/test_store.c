/* The database of watch: rounds, changes, locking, migration, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "storecase.h"
#include "watch/schema.h"

#define T0 INT64_C(1764000000000)

typedef struct place {
    char dir[64];
    char db[128];
} place_t;

static int set_up(void **state)
{
    place_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return -1;
    snprintf(p->dir, sizeof p->dir, "/tmp/nsprobe-store-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    snprintf(p->db, sizeof p->db, "%s/a/b/watch.db", p->dir);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place_t *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    int rc = system(command);
    free(p);
    return rc;
}

static void sample_of(watch_sample_t *out, const char *addr, int64_t rtt)
{
    memset(out, 0, sizeof *out);
    assert_true(addr_from_text(addr, strlen(addr), 53, &out->addr));
    nsp_name_from_text("ns1.example.", 12, NULL, &out->server, NULL);
    out->asked = 6;
    out->answered = rtt >= 0 ? 6 : 0;
    out->rtt = rtt;
    out->has_serial = rtt >= 0;
    out->serial = 4294967295u;
}

static void test_rounds(void **state)
{
    place_t *p = *state;
    store_t *s = storecase_open(p->db);
    store_domain_t d;
    struct stat st;
    assert_int_equal(stat(p->db, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    assert_int_equal(d.rounds, 0);
    assert_int_equal(d.state.status, VERIFIER_NOT_STARTED);
    watch_policy_t policy = watch_policy_default();
    watch_sample_t samples[2];
    sample_of(&samples[0], "192.0.2.1", 1500000);
    sample_of(&samples[1], "2001:db8::1", -1);
    for (int i = 0; i < 10; i++) {
        watch_round_t r = {.at = T0 + i * 1000,
                           .took = 5,
                           .outcome = i < 5 ? ROUND_NEGATIVE : ROUND_VERIFIED,
                           .chance = 0.5,
                           .sample_count = 2,
                           .sample = samples};
        watch_state_t next = d.state;
        store_change_t c = {.before = d.state.status, .message = "{}"};
        c.transition = watch_state_step(&next, &policy, r.outcome, r.at);
        assert_int_equal(store_round(s, &d, &r, &next, &c), STORE_OK);
        assert_int_equal(d.rounds, i + 1);
        assert_true((c.id != 0) == (c.transition != TRANSITION_NONE));
    }
    store_close(s);
    s = storecase_open(p->db);
    store_domain_t again;
    assert_int_equal(store_domain(s, "example.com.", &again), STORE_OK);
    assert_memory_equal(&again.state, &d.state, sizeof d.state);
    assert_int_equal(again.rounds, 10);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), 10);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM address"), 2);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM sample"), 20);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM sample WHERE rtt = 1500"), 10);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM sample WHERE rtt IS NULL"), 10);
    assert_int_equal(storecase_number(s, "SELECT max(serial) FROM sample"), 4294967295);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM change"), 2);
    store_close(s);
}

/* Whoever holds a stale copy of a domain cannot store the same round a second time. */
static void test_twice(void **state)
{
    place_t *p = *state;
    store_t *s = storecase_open(p->db);
    store_domain_t d;
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    store_domain_t stale = d;
    watch_round_t r = {.at = T0};
    store_change_t c = {0};
    assert_int_equal(store_round(s, &d, &r, &d.state, &c), STORE_OK);
    assert_int_not_equal(store_round(s, &stale, &r, &stale.state, &c), STORE_OK);
    assert_int_equal(stale.rounds, 0);
    assert_true(strlen(store_error(s)) > 0);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), 1);
    assert_int_equal(store_round(s, &d, &r, &d.state, &c), STORE_OK);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), 2);
    store_close(s);
}

static void gather(void *user, int64_t id, const char *message)
{
    char *out = user;
    snprintf(out + strlen(out), 100, "%lld=%s ", (long long)id, message);
}

static void test_changes(void **state)
{
    place_t *p = *state;
    store_t *s = storecase_open(p->db);
    store_domain_t d;
    char got[400] = "";
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    watch_round_t r = {.at = T0};
    for (int i = 0; i < 3; i++) {
        store_change_t c = {
            .transition = TRANSITION_STARTED, .message = i == 0 ? "one" : "more", .told = i == 1};
        assert_int_equal(store_round(s, &d, &r, &d.state, &c), STORE_OK);
    }
    assert_int_equal(store_untold(s, gather, got), STORE_OK);
    assert_string_equal(got, "1=one 3=more ");
    assert_int_equal(store_told(s, 1), STORE_OK);
    got[0] = '\0';
    store_close(s);
    s = storecase_open(p->db);
    assert_int_equal(store_untold(s, gather, got), STORE_OK);
    assert_string_equal(got, "3=more ");
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM change"), 3);
    store_close(s);
}

static void test_restart(void **state)
{
    place_t *p = *state;
    store_t *s = storecase_open(p->db);
    store_domain_t d;
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    watch_state_t next = {.status = VERIFIER_SUCCESS, .verified = true, .since = 5, .began = 4};
    watch_round_t r = {.at = T0};
    store_change_t c = {.transition = TRANSITION_VERIFIED, .message = ""};
    assert_int_equal(store_round(s, &d, &r, &next, &c), STORE_OK);
    c = (store_change_t){.transition = TRANSITION_RESTARTED,
                         .before = VERIFIER_SUCCESS,
                         .message = "",
                         .told = true};
    assert_int_equal(store_restart(s, &d, "abc", T0 + 1, &c), STORE_OK);
    assert_int_equal(d.state.status, VERIFIER_NOT_STARTED);
    assert_int_equal(d.rounds, 1);
    store_domain_t again;
    assert_int_equal(store_domain(s, "example.com.", &again), STORE_OK);
    assert_string_equal(again.expected, "abc");
    assert_int_equal(again.state.status, VERIFIER_NOT_STARTED);
    assert_int_equal(again.rounds, 1);
    store_close(s);
}

static void test_prune(void **state)
{
    place_t *p = *state;
    store_t *s = storecase_open(p->db);
    store_domain_t d;
    bool more = false;
    watch_sample_t sample;
    sample_of(&sample, "192.0.2.1", 1);
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    for (int i = 0; i < 2500; i++) {
        watch_round_t r = {.at = T0 + i, .sample_count = 1, .sample = &sample};
        store_change_t c = {0};
        assert_int_equal(store_round(s, &d, &r, &d.state, &c), STORE_OK);
    }
    assert_int_equal(store_prune(s, T0 + 2400, &more), STORE_OK);
    assert_true(more);
    assert_int_equal(store_prune(s, T0 + 2400, &more), STORE_OK);
    assert_false(more);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), 100);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM sample"), 100);
    assert_int_equal(storecase_number(s, "SELECT min(number) FROM round"), 2401);
    store_close(s);
}

/* A process of its own tries to open; returns the error and what it said. */
static store_err_t open_elsewhere(const char *path, char err[STORE_ERROR_MAX])
{
    int fd[2];
    int status = 0;
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    if (child == 0) {
        store_t *s = NULL;
        store_err_t e = store_open(path, &s, err);
        ssize_t n = write(fd[1], err, STORE_ERROR_MAX);
        _exit(n == STORE_ERROR_MAX ? (int)e : 99);
    }
    assert_int_equal(read(fd[0], err, STORE_ERROR_MAX), STORE_ERROR_MAX);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(fd[0]);
    close(fd[1]);
    return (store_err_t)WEXITSTATUS(status);
}

static void test_locked(void **state)
{
    place_t *p = *state;
    char err[STORE_ERROR_MAX] = "";
    char other[160];
    char pid[40];
    store_t *s = storecase_open(p->db);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_int_equal(open_elsewhere(p->db, err), STORE_E_BUSY);
    assert_non_null(strstr(err, pid));
    assert_non_null(strstr(err, p->db));
    /* by another name it is the same database */
    snprintf(other, sizeof other, "%s/link.db", p->dir);
    assert_int_equal(symlink(p->db, other), 0);
    assert_int_equal(open_elsewhere(other, err), STORE_E_BUSY);
    store_t *reader = NULL;
    assert_int_equal(store_open_readonly(p->db, &reader, err), STORE_OK);
    store_close(reader);
    store_close(s);
    assert_int_equal(open_elsewhere(p->db, err), STORE_OK);
}

/* The lock goes with its process, however that ends. */
static void test_lock_dies(void **state)
{
    place_t *p = *state;
    char err[STORE_ERROR_MAX];
    char c = 0;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    if (child == 0) {
        store_t *s = NULL;
        if (store_open(p->db, &s, err) == STORE_OK && write(fd[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(fd[0], &c, 1), 1);
    store_t *s = NULL;
    assert_int_equal(store_open(p->db, &s, err), STORE_E_BUSY);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(store_open(p->db, &s, err), STORE_OK);
    store_close(s);
    close(fd[0]);
    close(fd[1]);
}

static void make_db(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, &why);
    if (why != NULL)
        print_message("  %s\n", why);
    assert_int_equal(rc, SQLITE_OK);
    sqlite3_close(db);
}

static void test_migration(void **state)
{
    place_t *p = *state;
    char path[160];
    char err[STORE_ERROR_MAX] = "";
    char *old = NULL;
    snprintf(path, sizeof path, "%s/old.db", p->dir);
    assert_true(
        asprintf(
            &old,
            "%s PRAGMA user_version = 1; PRAGMA application_id = %d;"
            "INSERT INTO domain VALUES (7, 'example.com.', 'SUCCESS', 1, 11, 12, 13, 2, 14, 3);"
            "INSERT INTO round VALUES (1, 7, 3, 14, 5, 'verified', 'SUCCESS', 1.0, 0, 0);"
            "INSERT INTO change VALUES (1, 7, 3, 14, 'PENDING', 'SUCCESS', 'verified');",
            schema_step[0], SCHEMA_APPLICATION_ID) > 0);
    make_db(path, old);
    free(old);
    store_t *s = NULL;
    assert_int_equal(store_open_readonly(path, &s, err), STORE_E_OLDER);
    assert_non_null(strstr(err, "nsprobe watch"));
    s = storecase_open(path);
    assert_int_equal(storecase_number(s, "PRAGMA user_version"), SCHEMA_VERSION);
    store_domain_t d;
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    assert_int_equal(d.rounds, 3);
    assert_int_equal(d.state.status, VERIFIER_SUCCESS);
    assert_int_equal(d.state.bad_rounds, 2);
    assert_string_equal(d.expected, "");
    char got[100] = "";
    assert_int_equal(store_untold(s, gather, got), STORE_OK);
    assert_string_equal(got, "");
    watch_round_t r = {.at = T0};
    store_change_t c = {0};
    assert_int_equal(store_round(s, &d, &r, &d.state, &c), STORE_OK);
    assert_int_equal(storecase_number(s, "SELECT max(number) FROM round"), 4);
    store_close(s);
    assert_int_equal(store_open_readonly(path, &s, err), STORE_OK);
    store_close(s);
}

static void test_refused(void **state)
{
    place_t *p = *state;
    char path[160];
    char err[STORE_ERROR_MAX] = "";
    char sql[200];
    store_t *s = NULL;
    snprintf(path, sizeof path, "%s/newer.db", p->dir);
    snprintf(sql, sizeof sql,
             "CREATE TABLE t (a); PRAGMA application_id = %d; PRAGMA user_version = %d",
             SCHEMA_APPLICATION_ID, SCHEMA_VERSION + 1);
    make_db(path, sql);
    assert_int_equal(store_open(path, &s, err), STORE_E_NEWER);
    assert_non_null(strstr(err, "later nsprobe"));
    assert_int_equal(store_open_readonly(path, &s, err), STORE_E_NEWER);
    snprintf(path, sizeof path, "%s/foreign.db", p->dir);
    make_db(path, "CREATE TABLE bookmarks (a); PRAGMA user_version = 1");
    assert_int_equal(store_open(path, &s, err), STORE_E_FOREIGN);
    snprintf(path, sizeof path, "%s/text.db", p->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", f);
    fclose(f);
    assert_int_equal(store_open(path, &s, err), STORE_E_CORRUPT);
    assert_non_null(strstr(err, path));
    assert_int_equal(store_open(p->dir, &s, err), STORE_E_OPEN);
    assert_int_equal(store_open("/proc/nowhere/watch.db", &s, err), STORE_E_OPEN);
    assert_int_equal(store_open("", &s, err), STORE_E_OPEN);
    assert_int_equal(store_open_readonly("", &s, err), STORE_E_OPEN);
    snprintf(path, sizeof path, "%s/fifo", p->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(store_open(path, &s, err), STORE_E_OPEN);
    assert_non_null(strstr(err, "not a plain file"));
    assert_int_equal(store_open_readonly("/dev/null", &s, err), STORE_E_OPEN);
    assert_non_null(strstr(err, "not a plain file"));
    snprintf(path, sizeof path, "%s/empty.db", p->dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(store_open_readonly(path, &s, err), STORE_E_OLDER);
    assert_non_null(strstr(err, "nothing"));
    assert_int_equal(store_open_readonly("/nonexistent/watch.db", &s, err), STORE_E_OPEN);
}

static void test_damaged(void **state)
{
    place_t *p = *state;
    char err[STORE_ERROR_MAX] = "";
    store_t *s = storecase_open(p->db);
    store_domain_t d;
    for (int i = 0; i < 500; i++) {
        char name[40];
        snprintf(name, sizeof name, "d%d.example.", i);
        assert_int_equal(store_domain(s, name, &d), STORE_OK);
    }
    store_close(s);
    FILE *f = fopen(p->db, "r+");
    assert_non_null(f);
    fseek(f, 4096, SEEK_SET);
    for (int i = 0; i < 40000; i++)
        fputc(0xa5, f);
    fclose(f);
    assert_int_equal(store_open(p->db, &s, err), STORE_E_CORRUPT);
    assert_non_null(strstr(err, "damaged"));
}

static void test_full(void **state)
{
    place_t *p = *state;
    store_t *s = storecase_open(p->db);
    store_domain_t d;
    store_err_t e = STORE_OK;
    watch_sample_t sample;
    sample_of(&sample, "192.0.2.1", 1);
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    (void)storecase_number(s, "PRAGMA max_page_count = 24");
    for (int i = 0; i < 100000 && e == STORE_OK; i++) {
        watch_round_t r = {.at = T0 + i, .sample_count = 1, .sample = &sample};
        store_change_t c = {0};
        e = store_round(s, &d, &r, &d.state, &c);
    }
    assert_int_equal(e, STORE_E_FULL);
    assert_non_null(strstr(store_error(s), "full"));
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), d.rounds);
    assert_int_equal(storecase_number(s, "SELECT rounds FROM domain"), d.rounds);
    /* there is room again: it goes on where it was */
    (void)storecase_number(s, "PRAGMA max_page_count = 1000");
    watch_round_t r = {.at = T0, .sample_count = 1, .sample = &sample};
    store_change_t c = {0};
    assert_int_equal(store_round(s, &d, &r, &d.state, &c), STORE_OK);
    assert_int_equal(storecase_number(s, "SELECT count(*) FROM round"), d.rounds);
    store_close(s);
}

static void test_default_path(void **state)
{
    (void)state;
    char path[200];
    unsetenv("STATE_DIRECTORY");
    setenv("XDG_STATE_HOME", "/x/state", 1);
    setenv("HOME", "/home/me", 1);
    assert_true(store_default_path(path, sizeof path));
    assert_string_equal(path, "/x/state/nsprobe/watch.db");
    setenv("XDG_STATE_HOME", "relative", 1);
    assert_true(store_default_path(path, sizeof path));
    assert_string_equal(path, "/home/me/.local/state/nsprobe/watch.db");
    setenv("STATE_DIRECTORY", "/var/lib/nsprobe:/var/lib/other", 1);
    assert_true(store_default_path(path, sizeof path));
    assert_string_equal(path, "/var/lib/nsprobe/watch.db");
    assert_false(store_default_path(path, 10));
    unsetenv("STATE_DIRECTORY");
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    assert_false(store_default_path(path, sizeof path));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_rounds),    CASE(test_twice),     CASE(test_changes),
        CASE(test_restart),   CASE(test_prune),     CASE(test_locked),
        CASE(test_lock_dies), CASE(test_migration), CASE(test_refused),
        CASE(test_damaged),   CASE(test_full),      cmocka_unit_test(test_default_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
