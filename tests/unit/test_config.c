/* The configuration of watch: what it means, and where it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch/config.h"

#define H WATCH_HOUR_MS

static bool a_name(const char *text, nsp_name_t *out, char err[200])
{
    size_t at = 0;
    nsp_err_t e = nsp_name_from_text(text, strlen(text), NULL, out, &at);
    snprintf(err, 200, "%s", nsp_err_text(e));
    return e == NSP_OK;
}

static bool a_time(const char *text, int64_t *out)
{
    *out = strcmp(text, "2099-01-01T00:00:00Z") == 0   ? INT64_C(4070908800)
           : strcmp(text, "1970-01-01T00:00:00Z") == 0 ? 0
                                                       : INT64_C(1764000000);
    return *out != 1764000000 || strcmp(text, "2025-11-24T16:00:00Z") == 0;
}

static bool read_it(const char *text, watch_targets_t *t, config_error_t *err)
{
    providers_t *p = providers_new();
    assert_non_null(p);
    config_context_t c = {.path = "/tmp/nsprobe-config/watch.conf",
                          .settings = watch_settings_default(),
                          .provider = "ses",
                          .providers = p,
                          .name = a_name,
                          .time = a_time,
                          .now = INT64_C(1790000000000)};
    watch_targets_init(t);
    bool good = config_read(&c, text, strlen(text), t, err);
    providers_free(p);
    return good;
}

static void read_good(const char *text, watch_targets_t *t)
{
    config_error_t err;
    if (!read_it(text, t, &err))
        fail_msg("%u:%u: %s", err.line, err.column, err.text);
}

static void test_whole(void **state)
{
    (void)state;
    watch_targets_t t;
    read_good("\xef\xbb\xbf# all of it\r\n"
              "interval 10m   # for what follows\n"
              "jitter 5%\n"
              "tolerate-rounds 2\n"
              "tolerate-hours 24\n"
              "pending-hours 48\n"
              "domain One.Example aaa bbb ccc\n"
              "\n"
              "  interval 1h\n"
              "domain two.example {\n"
              "    token aaa\n"
              "    token \"bbb\" ccc\n"
              "    record _dmarc.two.example TXT \"v=DMARC1; p=none\" \"# no comment\"\n"
              "    interval 90s\n"
              "    tolerate-rounds 0\n"
              "    began 2025-11-24T16:00:00Z\n"
              "}\n"
              "domain three.example {\n"
              "  record three.example. MX 10 mail.three.example.\n"
              "}",
              &t);
    assert_int_equal(t.count, 3);
    assert_string_equal(t.item[0].name, "one.example.");
    assert_int_equal(t.item[0].expect.count, 3);
    assert_int_equal(t.item[0].settings.interval, 600000);
    assert_int_equal(t.item[0].settings.jitter, 50);
    assert_int_equal(t.item[0].settings.policy.tolerate_rounds, 2);
    assert_int_equal(t.item[0].settings.policy.tolerate_ms, 24 * H);
    assert_int_equal(t.item[0].settings.policy.pending_ms, 48 * H);
    assert_int_equal(t.item[0].settings.began, 0);
    assert_int_equal(t.item[1].expect.count, 4);
    assert_int_equal(t.item[1].settings.interval, 90000);
    assert_int_equal(t.item[1].settings.policy.tolerate_rounds, 0);
    assert_int_equal(t.item[1].settings.began, INT64_C(1764000000000));
    assert_int_equal(t.item[1].line, 10);
    assert_int_equal(t.item[2].expect.count, 1);
    assert_int_equal(t.item[2].settings.interval, H);
    assert_int_equal(t.item[2].settings.policy.tolerate_rounds, 2);
    watch_targets_free(&t);
}

/* A provider that wants no token, for all domains. */
static void test_default_provider(void **state)
{
    (void)state;
    watch_targets_t t;
    read_good("provider fastmail\ndomain one.example\ndomain two.example {\n}\n"
              "domain three.example {\n record three.example. MX 10 m.three.example.\n}\n"
              "domain four.example {\n provider ses\n token x\n}\n",
              &t);
    assert_int_equal(t.count, 4);
    assert_int_equal(t.item[0].expect.count, 3);
    assert_int_equal(t.item[1].expect.count, 3);
    assert_int_equal(t.item[2].expect.count, 4);
    assert_int_equal(t.item[3].expect.count, 1);
    watch_targets_free(&t);
}

static void test_file(void **state)
{
    (void)state;
    watch_targets_t t;
    config_error_t err;
    char dir[] = "/tmp/nsprobe-config";
    char path[64];
    assert_int_equal(system("mkdir -p /tmp/nsprobe-config"), 0);
    snprintf(path, sizeof path, "%s/records.csv", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("Type,Name,Value\r\nCNAME,a._domainkey.example.com,a.dkim.amazonses.com\r\n", f);
    fclose(f);
    read_good("domain example.com {\n expect records.csv\n}\n", &t);
    assert_int_equal(t.item[0].expect.count, 1);
    watch_targets_free(&t);
    read_good("domain example.com {\n expect \"/tmp/nsprobe-config/records.csv\"\n}\n", &t);
    watch_targets_free(&t);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("Type,Name,Value\r\nCNAME,a..example.com,a.dkim.amazonses.com\r\n", f);
    fclose(f);
    assert_false(read_it("domain example.com {\n expect records.csv\n}\n", &t, &err));
    assert_non_null(strstr(err.text, "/tmp/nsprobe-config/records.csv:2:"));
    watch_targets_free(&t);
    unlink(path);
    rmdir(dir);
}

/* The same records in another order, or in another case, are the same verification. */
static void test_digest(void **state)
{
    (void)state;
    watch_targets_t t;
    read_good("domain a.example x y\ndomain b.example {\n"
              "record x._domainkey.a.example CNAME x.dkim.amazonses.com.\n"
              "record Y._DOMAINKEY.a.example CNAME y.dkim.amazonses.com.\n}\n"
              "domain c.example y x\ndomain d.example x z\n",
              &t);
    assert_string_equal(t.item[0].digest, t.item[1].digest + 0);
    assert_int_equal(strlen(t.item[0].digest), 64);
    assert_string_not_equal(t.item[0].digest, t.item[2].digest);
    assert_string_not_equal(t.item[2].digest, t.item[3].digest);
    watch_targets_free(&t);
    watch_targets_t u;
    read_good("domain a.example y x\n", &t);
    read_good("domain a.example x y\n", &u);
    assert_string_equal(t.item[0].digest, u.item[0].digest);
    watch_targets_free(&t);
    watch_targets_free(&u);
}

static const struct {
    const char *text;
    unsigned line;
    unsigned column;
    const char *says;
} faults[] = {
    {"nonsense\n", 1, 1, "domain, provider"},
    {"\n  nonsense here", 2, 3, "'nonsense'"},
    {"domain\n", 1, 1, "which domain"},
    {"domain a..b token\n", 1, 8, "a..b"},
    {"domain a.example\n", 1, 8, "nothing is expected"},
    {"domain a.example {\n}\n", 1, 8, "nothing is expected"},
    {"domain a.example {\n token x\n", 1, 8, "not closed"},
    {"domain a.example {\n nonsense\n}\n", 2, 2, "inside of a domain"},
    {"domain a.example {\n domain b.example x\n}\n", 2, 2, "inside of a domain"},
    {"domain a.example {\n token\n}\n", 2, 2, "needs a value"},
    {"domain a.example {\n expect /nonexistent/file\n}\n", 2, 9, "No such file"},
    {"domain a.example {\n expect a b\n}\n", 2, 11, "one value"},
    {"domain a.example {\n record x.a.example NOTYPE 1\n}\n", 2, 9, "NOTYPE"},
    {"domain a.example {\n record x.a.example A 1.2.3\n}\n", 2, 9, ""},
    {"domain a.example {\n record\n}\n", 2, 2, "record"},
    {"domain a.example {\n interval soon\n}\n", 2, 11, "15m"},
    {"interval\n", 1, 1, "needs a value"},
    {"interval 5m 6m\n", 1, 13, "one value"},
    {"interval 0s\n", 1, 10, "span"},
    {"interval 5y\n", 1, 10, "span"},
    {"interval 99999999999999999999d\n", 1, 10, "span"},
    {"interval -5m\n", 1, 10, "span"},
    {"jitter 51%\n", 1, 8, "50%"},
    {"jitter 10%%\n", 1, 8, "50%"},
    {"tolerate-rounds -1\n", 1, 17, "number"},
    {"tolerate-rounds 1.5\n", 1, 17, "number"},
    {"tolerate-hours 3h\n", 1, 16, "hours"},
    {"pending-hours x\n", 1, 15, "hours"},
    {"began yesterday\n", 1, 7, "time"},
    {"provider nobody\n", 1, 10, "no such provider"},
    {"began 2099-01-01T00:00:00Z\n", 1, 7, "in the future"},
    {"began 1970-01-01T00:00:00Z\n", 1, 7, "not a time"},
    {"domain a.example {\n token x\n provider nobody:x\n}\n", 3, 11, "no such provider"},
    {"domain a.example \"x\n", 1, 18, "closing"},
    {"domain a.example \"x\"y\n", 1, 18, "closing"},
    {"domain a.example x\ndomain b.example x\ndomain A.EXAMPLE y\n", 3, 1, "line 1"},
    {"domain a.example a..b\n", 1, 18, ""},
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        watch_targets_t t;
        config_error_t err;
        bool good = read_it(faults[i].text, &t, &err);
        if (good || err.line != faults[i].line || err.column != faults[i].column ||
            strstr(err.text, faults[i].says) == NULL)
            print_message("  %s  -> %u:%u: %s\n", faults[i].text, err.line, err.column, err.text);
        assert_false(good);
        assert_int_equal(err.line, faults[i].line);
        assert_int_equal(err.column, faults[i].column);
        assert_non_null(strstr(err.text, faults[i].says));
        assert_null(strchr(err.text, '\n'));
        watch_targets_free(&t);
    }
}

/* Every beginning of a good file, and every file with one octet changed, is read or refused, and
 * nothing else happens. */
static void test_any(void **state)
{
    (void)state;
    static const char good[] = "interval 10m\nprovider ses\ndomain a.example {\n token x \"y\"\n"
                               " record x.a.example TXT \"t\"\n began 2025-11-24T16:00:00Z\n}\n";
    for (size_t n = 0; n < sizeof good; n++) {
        for (unsigned c = 0; c < 256; c += 5) {
            char text[sizeof good];
            watch_targets_t t;
            config_error_t err;
            memcpy(text, good, sizeof good);
            text[n] = (char)c;
            if (n + 1 < sizeof good && c % 2 == 0)
                text[n + 1] = '\0';
            text[sizeof good - 1] = '\0';
            (void)read_it(text, &t, &err);
            watch_targets_free(&t);
        }
    }
}

static void test_spans(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_true(watch_span("90", &ms) && ms == 90000);
    assert_true(watch_span("0.05", &ms) && ms == 50);
    assert_true(watch_span("250ms", &ms) && ms == 250);
    assert_true(watch_span("1.5h", &ms) && ms == 5400000);
    assert_true(watch_span("7d", &ms) && ms == 7 * 24 * H);
    assert_true(watch_span("3650d", &ms));
    assert_false(watch_span("3651d", &ms));
    assert_false(watch_span("0", &ms));
    assert_false(watch_span("0.4ms", &ms));
    assert_false(watch_span("", &ms));
    assert_false(watch_span("1.", &ms));
    assert_false(watch_span(".5", &ms));
    assert_false(watch_span("5 m", &ms));
    unsigned permille = 0;
    assert_true(watch_jitter("10%", &permille) && permille == 100);
    assert_true(watch_jitter("2.5", &permille) && permille == 25);
    assert_true(watch_jitter("0", &permille) && permille == 0);
    assert_false(watch_jitter("50.1%", &permille));
    assert_false(watch_jitter("%", &permille));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_default_provider),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
