#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probe/hints.h"

static void test_builtin(void **state)
{
    (void)state;
    given_ns_t out[HINTS_BUILTIN_COUNT];
    char text[ADDR_TEXT_MAX];
    assert_int_equal(hints_builtin(5353, out), HINTS_BUILTIN_COUNT);
    for (size_t i = 0; i < HINTS_BUILTIN_COUNT; i++) {
        char name[NSP_NAME_TEXT_MAX];
        nsp_name_to_text(&out[i].name, name, sizeof name);
        assert_int_equal(name[0], 'a' + (int)(i / 2));
        assert_string_equal(name + 1, ".root-servers.net.");
        assert_true(out[i].has_addr);
        assert_int_equal(out[i].addr.family, i % 2 == 0 ? 4 : 6);
        assert_int_equal(out[i].addr.port, 5353);
        assert_null(addr_special(&out[i].addr));
        for (size_t k = 0; k < i; k++)
            assert_false(addr_equal(&out[i].addr, &out[k].addr));
    }
    assert_string_equal(addr_text(&out[2].addr, text), "170.247.170.2");
    assert_string_equal(addr_text(&out[3].addr, text), "2801:1b8:10::b");
}

typedef struct hints_case {
    const char *name;
    const char *text;
    size_t count;
    const char *err; /* how it begins */
} hints_case_t;

static const hints_case_t cases[] = {
    {"as named.root",
     "; comment\n.  3600000  NS  A.ROOT.\nA.ROOT. 3600000 A 198.41.0.4\n"
     "A.ROOT. 3600000 AAAA 2001:db8::1\n",
     2, ""},
    {"address before the name", "a.root. 1 IN A 192.0.2.1\n. 1 IN NS a.root.\n", 1, ""},
    {"case does not matter", ". 1 NS a.root.\nA.Root. 1 A 192.0.2.1\n", 1, ""},
    {"address of nobody is left out",
     ". 1 NS a.root.\na.root. 1 A 192.0.2.1\nb.root. 1 A 192.0.2.2\n", 1, ""},
    {"empty", "", 0, "line 1, column 1: no address of a root server"},
    {"no address", ". 1 NS a.root.\n", 0, "line 2, column 1: no address of a root server"},
    {"bad address", ". 1 NS a.root.\na.root. 1 A 192.0.2\n", 0, "line 2, column "},
    {"bad type", ". 1 NS a.root.\n\n ; x\na.root. 1 TXT x\n", 0, "line 4, column 1: only NS"},
    {"not the root", "com. 1 NS a.root.\n", 0, "line 1, column 1: NS record whose owner"},
    {"another class", ". 1 CH NS a.root.\n", 0, "line 1, column 1: record of another class"},
    {"not a zone", "<html>\n", 0, "line 1, column "},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const hints_case_t *c = &cases[i];
        given_ns_t out[HINTS_MAX];
        char err[HINTS_ERROR_MAX];
        print_message("  %s\n", c->name);
        size_t n = hints_parse(c->text, strlen(c->text), 53, out, err);
        if (n != c->count || strncmp(err, c->err, strlen(c->err)) != 0)
            print_message("    %zu: %s\n", n, err);
        assert_int_equal(n, c->count);
        assert_memory_equal(err, c->err, strlen(c->err));
        assert_int_equal(strchr(err, '\n') == NULL, 1);
        if (c->count > 0)
            assert_string_equal(err, "");
    }
}

static void test_most(void **state)
{
    (void)state;
    static char text[65536];
    given_ns_t out[HINTS_MAX];
    char err[HINTS_ERROR_MAX];
    for (size_t addresses = HINTS_MAX - 1; addresses <= HINTS_MAX + 1; addresses++) {
        size_t n = (size_t)snprintf(text, sizeof text, ". 1 NS a.\n");
        for (size_t i = 0; i < addresses; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "a. 1 A 192.0.2.%zu\n", i);
        assert_int_equal(hints_parse(text, n, 53, out, err),
                         addresses <= HINTS_MAX ? addresses : 0);
    }
    assert_string_equal(err, "line 130, column 1: more than 128 addresses; remove some");
}

/* Every prefix of a good file is read without harm. */
static void test_prefixes(void **state)
{
    (void)state;
    const char *text = cases[0].text;
    for (size_t n = 0; n <= strlen(text); n++) {
        given_ns_t out[HINTS_MAX];
        char err[HINTS_ERROR_MAX];
        char *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        size_t count = hints_parse(copy, n, 53, out, err);
        assert_int_equal(count == 0, err[0] != '\0');
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtin),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
