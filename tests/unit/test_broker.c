/* Names and subjects that are taken; what needs a broker is tested in the lab. */
#include "queue/broker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
    (void)state;
    char longest[BROKER_NAME_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_false(broker_is_name(longest));
    longest[BROKER_NAME_MAX] = '\0';
    assert_true(broker_is_name(longest));
    const char *good[] = {"S", "survey-2026_1"};
    const char *bad[] = {"", "a.b", "a b", "*", ">", "a/b", "caf\xc3\xa9", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(broker_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(broker_is_name(bad[i]));
}

static void subjects(void **state)
{
    (void)state;
    char longest[BROKER_SUBJECT_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_false(broker_is_subject(longest));
    longest[BROKER_SUBJECT_MAX] = '\0';
    assert_true(broker_is_subject(longest));
    const char *good[] = {"a", "a.b", "S.results", "$x.y-1"};
    const char *bad[] = {"", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b", "a\t", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(broker_is_subject(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(broker_is_subject(bad[i]));
}

static void schemes(void **state)
{
    (void)state;
    static const struct {
        const char *urls;
        broker_scheme_t wanted;
    } cases[] = {{"nats://a", BROKER_PLAIN},
                 {"NATS://a:4222", BROKER_PLAIN},
                 {"a", BROKER_PLAIN},
                 {"a:4222", BROKER_PLAIN},
                 {"user:password@a:4222", BROKER_PLAIN},
                 {"nats://tls:tls@a", BROKER_PLAIN},
                 {"nats://tls", BROKER_PLAIN},
                 {"tls://a", BROKER_TLS},
                 {"TLS://a", BROKER_TLS},
                 {"nats://a,tls://b", BROKER_TLS},
                 {"tls://a,nats://b,c", BROKER_TLS},
                 {"nats://a, tls://b", BROKER_TLS},
                 {"tsl://a", BROKER_UNKNOWN},
                 {"tls://a,wss://b", BROKER_UNKNOWN},
                 {"https://a", BROKER_UNKNOWN},
                 {"", BROKER_PLAIN}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(broker_scheme(cases[i].urls), cases[i].wanted);
}

static void ids(void **state)
{
    (void)state;
    char a[BROKER_ID_MAX];
    char b[BROKER_ID_MAX];
    broker_t one = {.stream = "S", .created = 1};
    broker_t other = {.stream = "S", .created = 2};
    broker_id_prefix(&one, a);
    broker_id_prefix(&other, b);
    assert_string_not_equal(a, b);
    memset(one.stream, 'a', BROKER_NAME_MAX);
    one.created = -1;
    broker_id_prefix(&one, a);
    assert_int_equal(strlen(a), BROKER_NAME_MAX + 1 + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(subjects),
        cmocka_unit_test(schemes),
        cmocka_unit_test(ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
