/* The past of a domain: what is counted, in which stretch of time, and how it is drawn. */
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

#include "report/history_report.h"
#include "watch/history.h"

#define T0 INT64_C(1764000000000)

static char dir[64];
static char db[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/nsprobe-history-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(db, sizeof db, "%s/watch.db", dir);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void add_sample(watch_round_t *r, const char *addr, int64_t rtt)
{
    watch_sample_t *s = &r->sample[r->sample_count++];
    memset(s, 0, sizeof *s);
    assert_true(addr_from_text(addr, strlen(addr), 53, &s->addr));
    assert_int_equal(nsp_name_from_text("ns.example.", 11, NULL, &s->server, NULL), NSP_OK);
    s->asked = 4;
    s->answered = rtt >= 0 ? 4 : 0;
    s->rtt = rtt;
}

/* 300 rounds, a second apart: the first address always answers, slower and slower; the second does
 * not in the last third. */
static store_t *filled(void)
{
    char err[STORE_ERROR_MAX] = "";
    store_t *s = NULL;
    store_domain_t d;
    watch_policy_t p = watch_policy_default();
    assert_int_equal(store_open(db, &s, err), STORE_OK);
    assert_int_equal(store_domain(s, "other.example.", &d), STORE_OK);
    assert_int_equal(store_domain(s, "example.com.", &d), STORE_OK);
    for (int i = 0; i < 300; i++) {
        watch_sample_t samples[2];
        watch_round_t r = {.at = T0 + i * 1000,
                           .outcome = i < 10    ? ROUND_UNTESTED
                                      : i < 200 ? ROUND_VERIFIED
                                                : ROUND_TEMPORARY,
                           .coverage = {.addresses = 4, .asked = i < 50 ? 2 : 4},
                           .sample = samples};
        store_change_t c = {.before = d.state.status, .message = "", .told = true};
        watch_state_t next = d.state;
        c.transition = watch_state_step(&next, &p, r.outcome, r.at);
        add_sample(&r, "192.0.2.1", 1000000 + i * 10000);
        add_sample(&r, "192.0.2.2", i < 200 ? 2000000 : -1);
        assert_int_equal(store_round(s, &d, &r, &next, &c), STORE_OK);
    }
    return s;
}

static void test_counts(void **state)
{
    (void)state;
    store_t *s = filled();
    history_t h;
    bool found = false;
    assert_int_equal(history_read(s, "example.com.", INT64_MIN, &found, &h), STORE_OK);
    assert_true(found);
    assert_int_equal(h.rounds, 300);
    assert_int_equal(h.first, T0);
    assert_int_equal(h.last, T0 + 299000);
    assert_int_equal(h.outcome[ROUND_UNTESTED], 10);
    assert_int_equal(h.outcome[ROUND_VERIFIED], 190);
    assert_int_equal(h.outcome[ROUND_TEMPORARY], 100);
    assert_int_equal(h.partial[ROUND_UNTESTED], 10);
    assert_int_equal(h.partial[ROUND_VERIFIED], 40);
    assert_int_equal(h.partial[ROUND_TEMPORARY], 0);
    assert_int_equal(h.change_count, 2);
    assert_int_equal(h.change[0].transition, TRANSITION_VERIFIED);
    assert_int_equal(h.change[1].transition, TRANSITION_TROUBLED);
    assert_int_equal(h.change[1].number, 204);
    assert_int_equal(h.address_count, 2);
    const history_address_t *a = &h.address[0];
    const history_address_t *b = &h.address[1];
    assert_string_equal(a->address, "192.0.2.1");
    assert_int_equal(a->total.rounds, 300);
    assert_int_equal(a->total.asked, 1200);
    assert_int_equal(a->total.answered, 1200);
    assert_int_equal(a->rtt_least, 1000);
    assert_int_equal(a->rtt_most, 3990);
    assert_in_range(a->total.rtt, 2494, 2496);
    assert_int_equal(b->total.answered, 800);
    for (int i = 0; i < HISTORY_BUCKETS; i++) {
        assert_int_equal(a->bucket[i].rounds, 10);
        assert_true(i == 0 || a->bucket[i].rtt > a->bucket[i - 1].rtt);
        assert_true((b->bucket[i].rtt < 0) == (i >= 20));
    }
    history_free(&h);
    store_close(s);
}

static void test_since(void **state)
{
    (void)state;
    store_t *s = filled();
    history_t h;
    bool found = true;
    assert_int_equal(history_read(s, "example.com.", T0 + 290000, &found, &h), STORE_OK);
    assert_int_equal(h.rounds, 10);
    assert_int_equal(h.change_count, 0);
    assert_int_equal(h.address[0].total.rounds, 10);
    assert_int_equal(h.domain.rounds, 300);
    history_free(&h);
    assert_int_equal(history_read(s, "example.com.", T0 + 999000, &found, &h), STORE_OK);
    assert_true(found && h.rounds == 0 && h.address_count == 0);
    history_free(&h);
    assert_int_equal(history_read(s, "unknown.example.", INT64_MIN, &found, &h), STORE_OK);
    assert_false(found);
    history_free(&h);
    store_close(s);
}

static bool gather(void *user, const char *name)
{
    strcat(strcat(user, name), " ");
    return true;
}

static void test_names(void **state)
{
    (void)state;
    store_t *s = filled();
    char got[100] = "";
    assert_int_equal(history_names(s, gather, got), STORE_OK);
    assert_string_equal(got, "example.com. other.example. ");
    store_close(s);
}

static void test_spark(void **state)
{
    (void)state;
    history_address_t a;
    char line[HISTORY_SPARK_MAX];
    memset(&a, 0, sizeof a);
    for (int i = 0; i < HISTORY_BUCKETS; i++)
        a.bucket[i].rtt = -1;
    for (int i = 0; i < 8; i++)
        a.bucket[i] = (history_bucket_t){.rounds = 1, .rtt = (i + 1) * 100 - 1};
    a.bucket[9].rounds = 1;
    assert_string_equal(history_spark(&a, false, line), "_.,-=+*# x                    ");
    assert_string_equal(history_spark(&a, true, line), "▁▂▃▄▅▆▇█ x                    ");
    a.bucket[10] = (history_bucket_t){.rounds = 1, .rtt = INT64_MAX / 16};
    assert_string_equal(history_spark(&a, false, line), "________ x#                   ");
}

/* The text keeps to 80 columns (in bytes, since the signs are ASCII here). */
static void test_text(void **state)
{
    (void)state;
    store_t *s = filled();
    history_t h;
    bool found = false;
    char *text = NULL;
    size_t size = 0;
    history_style_t style = {.utf8 = false};
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(history_read(s, "example.com.", INT64_MIN, &found, &h), STORE_OK);
    assert_true(history_report_text(out, &style, &h));
    fclose(out);
    assert_non_null(strstr(text, "example.com.  TEMPORARY_FAILURE since 2025-11-24T16:03:23Z"));
    assert_non_null(strstr(text,
                           "190 verified, 0 negative, 100 temporary, 10 untested\n"
                           "  50 of them did not ask every address: 10 untested, 40 verified"));
    assert_non_null(strstr(text, " 66.7 %"));
    for (const char *p = text; *p != '\0'; p += strcspn(p, "\n") + 1)
        assert_true(strcspn(p, "\n") <= 80);
    free(text);
    history_free(&h);
    store_close(s);
}

/* Values that cannot be are named with their table, and nothing is shown of them. */
static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *table; /* NULL: nothing is wrong */
    } cases[] = {
        {"UPDATE domain SET rounds = 300", NULL},
        {"UPDATE domain SET status = 'LOST'", "'domain'"},
        {"UPDATE domain SET since = 9223372036854775807", "'domain'"},
        {"UPDATE domain SET bad_rounds = -1", "'domain'"},
        {"UPDATE round SET outcome = x'00'", "'round'"},
        {"UPDATE round SET at = 4611686018427387904 WHERE number = 7", "'round'"},
        {"UPDATE address SET address = '192.0.2.256' WHERE id = 1", "'sample'"},
        {"UPDATE address SET server = 'ns' || char(27) || '[2J.'", "'sample'"},
        {"UPDATE sample SET asked = 1 << 50", "'sample'"},
        {"UPDATE sample SET answered = asked + 1", "'sample'"},
        {"UPDATE sample SET rtt = -1", "'sample'"},
        {"UPDATE change SET transition = 'none of these'", "'change'"},
        {"UPDATE change SET before = NULL || 'x'", NULL}, /* a constraint keeps it out */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store_t *s = filled();
        history_t h;
        bool found = false;
        sqlite3_exec(store_handle(s), cases[i].sql, NULL, NULL, NULL);
        store_err_t e = history_read(s, "example.com.", INT64_MIN, &found, &h);
        if (cases[i].table == NULL) {
            assert_int_equal(e, STORE_OK);
        } else if (e != STORE_E_CORRUPT || strstr(store_error(s), cases[i].table) == NULL) {
            fail_msg("%s: %d, %s", cases[i].sql, (int)e, store_error(s));
        }
        history_free(&h);
        store_close(s);
        assert_int_equal(unlink(db), 0);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_counts), CASE(test_since),   CASE(test_names),
        CASE(test_text),   CASE(test_damaged), cmocka_unit_test(test_spark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
