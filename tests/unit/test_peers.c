#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "diagnose/peers.h"

static bool is_finding(const char *id, size_t len)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const char *k = finding_desc((finding_id_t)i)->id;
        if (strlen(k) == len && memcmp(k, id, len) == 0)
            return true;
    }
    return false;
}

/* Every ID in the table is one of ours, and what is not covered says why. */
static void test_table(void **state)
{
    (void)state;
    size_t count = 0;
    const peer_case_t *c = peer_cases(&count);
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++) {
        print_message("  %s\n", c[i].id);
        assert_in_range(strlen(c[i].title), 3, 60);
        assert_true(c[i].findings[0] != '\0' || c[i].remark[0] != '\0');
        assert_true(i == 0 || c[i].suite >= c[i - 1].suite);
        for (const char *at = c[i].findings; *at != '\0';) {
            size_t len = strcspn(at, " ");
            assert_true(is_finding(at, len));
            at += len + (at[len] == ' ');
        }
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(c[k].id, c[i].id);
    }
}

/* The numbered cases of Zonemaster, none left out. */
static void test_zonemaster_is_complete(void **state)
{
    (void)state;
    static const struct {
        const char *module;
        unsigned last;
        unsigned without; /* a number that was never given, or was withdrawn */
    } modules[] = {{"BASIC", 3, 0},       {"ADDRESS", 3, 0},    {"CONNECTIVITY", 4, 0},
                   {"CONSISTENCY", 6, 0}, {"DELEGATION", 7, 0}, {"NAMESERVER", 15, 14},
                   {"SYNTAX", 8, 0},      {"ZONE", 11, 0},      {"DNSSEC", 18, 0}};
    for (size_t m = 0; m < sizeof modules / sizeof modules[0]; m++)
        for (unsigned n = 1; n <= modules[m].last; n++) {
            char id[32];
            snprintf(id, sizeof id, "%s%02u", modules[m].module, n);
            assert_int_equal(peer_case_find(id) != NULL, n != modules[m].without);
        }
}

static void test_find(void **state)
{
    (void)state;
    const peer_case_t *c = peer_case_find("delegation05");
    assert_non_null(c);
    assert_string_equal(c->id, "DELEGATION05");
    assert_string_equal(peer_suite_name(c->suite), "Zonemaster");
    assert_true(peer_case_has(c, "ns-is-cname"));
    assert_false(peer_case_has(c, "ns-is"));
    assert_false(peer_case_has(c, ""));
    c = peer_case_find("DELEGATION04");
    assert_true(peer_case_has(c, "tcp-wrong-answer"));
    assert_true(peer_case_has(c, "lame-not-authoritative"));
    assert_null(peer_case_find("DELEGATION99"));
    assert_string_equal(peer_suite_name(peer_case_find("edns@512")->suite), "EDNS compliance");
    assert_string_equal(peer_suite_name(peer_case_find("FORMERR")->suite), "DNSViz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_zonemaster_is_complete),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
