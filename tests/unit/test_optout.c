/* Whom not to ask: what lines mean, and what is wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bulk/optout.h"

static const char list[] = "# operators who said no\n"
                           "192.0.2.1\n"
                           "  198.51.100.0/24  ; a comment\r\n"
                           "203.0.113.77/25\n"
                           "2001:db8:5::/48\n"
                           "2001:db8::9\n"
                           "\n"
                           "Example.COM\n"
                           "*.example.net\n"
                           ".org.example"; /* no newline at the end */

static optout_t *read_list(const char *text)
{
    char err[OPTOUT_ERROR_MAX] = "";
    optout_t *o = optout_new(text, strlen(text), err);
    assert_string_equal(err, "");
    assert_non_null(o);
    return o;
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool listed;
    } cases[] = {
        {"192.0.2.1", true},     {"192.0.2.1#5353", true},    {"192.0.2.2", false},
        {"198.51.100.0", true},  {"198.51.100.255", true},    {"198.51.101.0", false},
        {"203.0.113.127", true}, {"203.0.113.0", true},       {"203.0.113.128", false},
        {"2001:db8:5::1", true}, {"2001:db8:5:ffff::", true}, {"2001:db8:6::1", false},
        {"2001:db8::9", true},   {"2001:db8::a", false},      {"::ffff:192.0.2.1", false},
    };
    optout_t *o = read_list(list);
    assert_int_equal(optout_count(o), 8);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t a;
        assert_true(addr_from_text(cases[i].text, strlen(cases[i].text), 53, &a));
        if (optout_has_address(o, &a) != cases[i].listed)
            fail_msg("%s", cases[i].text);
    }
    optout_free(o);
}

static bool has_name(optout_t *o, const char *text)
{
    nsp_name_t name;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
    return optout_has_name(o, &name);
}

static void test_names(void **state)
{
    (void)state;
    optout_t *o = read_list(list);
    assert_true(has_name(o, "example.com"));
    assert_true(has_name(o, "a.b.EXAMPLE.com."));
    assert_true(has_name(o, "example.net"));
    assert_true(has_name(o, "www.example.net"));
    assert_true(has_name(o, "x.org.example"));
    assert_false(has_name(o, "notexample.com"));
    assert_false(has_name(o, "com"));
    assert_false(has_name(o, "."));
    assert_false(has_name(o, "org"));
    optout_free(o);
    o = read_list(".\n");
    assert_true(has_name(o, "any.name"));
    optout_free(o);
    o = read_list("0.0.0.0/0");
    addr_t a;
    addr_from_text("192.0.2.1", 9, 53, &a);
    assert_true(optout_has_address(o, &a));
    addr_from_text("::1", 3, 53, &a);
    assert_false(optout_has_address(o, &a));
    optout_free(o);
    o = read_list("");
    assert_int_equal(optout_count(o), 0);
    assert_false(has_name(o, "example.com"));
    optout_free(o);
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *err;
    } cases[] = {
        {"192.0.2.1\n192.0.2.0/33\n", "line 2: '192.0.2.0/33': no such prefix length"},
        {"192.0.2.0/", "line 1: '192.0.2.0/': no such prefix length"},
        {"192.0.2.0/8x", "line 1: '192.0.2.0/8x': no such prefix length"},
        {"2001:db8::/129", "line 1: '2001:db8::/129': no such prefix length"},
        {"# x\n\nexample.com/8", "line 3: 'example.com/8': expected an address in front of '/'"},
        {"a..b", "line 1: 'a..b': expected an address, a prefix or a domain"},
        {"two words", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char err[OPTOUT_ERROR_MAX] = "";
        assert_null(optout_new(cases[i].text, strlen(cases[i].text), err));
        if (cases[i].err != NULL)
            assert_string_equal(err, cases[i].err);
        assert_true(strlen(err) > 0);
    }
}

static void test_replace(void **state)
{
    (void)state;
    char err[OPTOUT_ERROR_MAX] = "";
    optout_t *o = read_list(list);
    assert_false(optout_replace(o, "192.0.2.0/99", 12, err));
    assert_true(has_name(o, "example.com")); /* as it was */
    assert_true(optout_replace(o, "other.test\n", 11, err));
    assert_false(has_name(o, "example.com"));
    assert_true(has_name(o, "www.other.test"));
    optout_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_replace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
