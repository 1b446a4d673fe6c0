/* Metrics as text: both formats, escaping, what is left out when it is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/metrics.h"

#define T0 INT64_C(1764000000500)

typedef struct world {
    watch_t w;
    watch_target_t target[2];
    watch_domain_t domain[2];
    watch_sample_t sample[2];
} world_t;

/* One domain with a round at two addresses, of which one is silent; one without any. */
static world_t *new_world(void)
{
    world_t *x = calloc(1, sizeof *x);
    assert_non_null(x);
    pthread_mutex_init(&x->w.mutex, NULL);
    for (int i = 0; i < 2; i++) {
        x->target[i].settings = watch_settings_default();
        x->domain[i].target = &x->target[i];
    }
    x->target[0].name = strdup("one.example.");
    x->target[1].name = strdup("q\\\"uo\nte.example.");
    x->domain[0].stored.rounds = 12;
    x->domain[0].stored.state = (watch_state_t){.status = VERIFIER_TEMPORARY_FAILURE,
                                                .verified = true,
                                                .since = T0,
                                                .began = 1,
                                                .bad_since = T0 - 1000,
                                                .bad_rounds = 5,
                                                .last = T0 + 60000};
    x->domain[0].has_last = true;
    x->domain[0].last = (watch_round_t){.took = 1234,
                                        .outcome = ROUND_TEMPORARY,
                                        .chance = 0.25,
                                        .severity = {1, 2, 3, 4},
                                        .sample_count = 2,
                                        .sample = x->sample};
    for (int i = 0; i < 2; i++) {
        const char *addr = i == 0 ? "192.0.2.1" : "2001:db8::1";
        assert_true(addr_from_text(addr, strlen(addr), 53, &x->sample[i].addr));
        nsp_name_from_text("ns1.example.", 12, NULL, &x->sample[i].server, NULL);
        x->sample[i].asked = 6;
        x->sample[i].answered = i == 0 ? 6 : 0;
        x->sample[i].rtt = i == 0 ? 1500250 : -1;
        x->sample[i].has_serial = i == 0;
        x->sample[i].serial = 4294967295u;
    }
    x->w.count = 2;
    x->w.domain = x->domain;
    x->w.tell_failures = 3;
    return x;
}

static void free_world(world_t *x)
{
    free(x->target[0].name);
    free(x->target[1].name);
    pthread_mutex_destroy(&x->w.mutex);
    free(x);
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
        n++;
    return n;
}

static void has(const char *text, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("missing: %s", line);
}

static void test_values(void **state)
{
    (void)state;
    world_t *x = new_world();
    size_t size = 0;
    char *text = metrics_text(&x->w, METRICS_OPENMETRICS, &size);
    assert_non_null(text);
    assert_int_equal(strlen(text), size);
    has(text, "\nnsprobe_watch_status{domain=\"one.example.\",nsprobe_watch_status="
              "\"TEMPORARY_FAILURE\"} 1\n");
    has(text,
        "\nnsprobe_watch_status{domain=\"one.example.\",nsprobe_watch_status=\"SUCCESS\"} 0\n");
    has(text, "\nnsprobe_watch_status_changed_timestamp_seconds{domain=\"one.example.\"} "
              "1764000000.500\n");
    has(text, "\nnsprobe_watch_fails_timestamp_seconds{domain=\"one.example.\"} 1764259199.500\n");
    has(text, "\nnsprobe_watch_rounds_total{domain=\"one.example.\"} 12\n");
    has(text, "\nnsprobe_watch_bad_rounds{domain=\"one.example.\"} 5\n");
    has(text, "\nnsprobe_watch_round_duration_seconds{domain=\"one.example.\"} 1.234\n");
    has(text, "\nnsprobe_watch_chance_ratio{domain=\"one.example.\"} 0.250000\n");
    has(text, "\nnsprobe_watch_findings{domain=\"one.example.\",severity=\"error\"} 4\n");
    has(text, "\nnsprobe_watch_address_rtt_seconds{domain=\"one.example.\",address=\"192.0.2.1\","
              "server=\"ns1.example.\"} 0.001500\n");
    has(text, "address=\"192.0.2.1\",server=\"ns1.example.\"} 4294967295\n");
    has(text, "\nnsprobe_watch_command_failures_total 3\n");
    has(text, "\nnsprobe_watch_domains 2\n");
    free(text);
    free_world(x);
}

/* What is not known is left out, rather than given as some number. */
static void test_unknown(void **state)
{
    (void)state;
    world_t *x = new_world();
    size_t size = 0;
    char *text = metrics_text(&x->w, METRICS_OPENMETRICS, &size);
    assert_non_null(text);
    assert_int_equal(count_of(text, "\nnsprobe_watch_address_asked{"), 2);
    assert_int_equal(count_of(text, "\nnsprobe_watch_address_rtt_seconds{"), 1);
    assert_int_equal(count_of(text, "\nnsprobe_watch_address_serial{"), 1);
    assert_int_equal(count_of(text, "\nnsprobe_watch_round_duration_seconds{"), 1);
    assert_int_equal(count_of(text, "\nnsprobe_watch_fails_timestamp_seconds{"), 1);
    assert_int_equal(count_of(text, "\nnsprobe_watch_chance_ratio{"), 1);
    assert_int_equal(count_of(text, "\nnsprobe_watch_status{"), 10);
    free(text);
    x->domain[0].last.outcome = ROUND_UNTESTED;
    text = metrics_text(&x->w, METRICS_OPENMETRICS, &size);
    assert_non_null(text);
    assert_int_equal(count_of(text, "\nnsprobe_watch_chance_ratio{"), 0);
    free(text);
    free_world(x);
}

static void test_formats(void **state)
{
    (void)state;
    world_t *x = new_world();
    size_t size = 0;
    char *open = metrics_text(&x->w, METRICS_OPENMETRICS, &size);
    char *old = metrics_text(&x->w, METRICS_PROMETHEUS, &size);
    assert_non_null(open);
    assert_non_null(old);
    assert_string_equal(open + strlen(open) - 6, "# EOF\n");
    assert_int_equal(count_of(open, "# EOF"), 1);
    assert_null(strstr(old, "# EOF"));
    assert_null(strstr(old, "# UNIT"));
    assert_null(strstr(old, " stateset\n"));
    assert_null(strstr(old, " info\n"));
    has(open, "# TYPE nsprobe_watch_rounds counter\n");
    has(old, "# TYPE nsprobe_watch_rounds_total counter\n");
    has(open, "# TYPE nsprobe_build info\n");
    has(old, "# TYPE nsprobe_build_info gauge\n");
    has(open, "# UNIT nsprobe_watch_round_duration_seconds seconds\n");
    free(open);
    free(old);
    free_world(x);
}

static void test_escaping(void **state)
{
    (void)state;
    world_t *x = new_world();
    size_t size = 0;
    char *text = metrics_text(&x->w, METRICS_OPENMETRICS, &size);
    assert_non_null(text);
    has(text, "\nnsprobe_watch_rounds_total{domain=\"q\\\\\\\"uo\\nte.example.\"} 0\n");
    assert_null(strstr(text, "uo\nte"));
    free(text);
    free_world(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_escaping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
