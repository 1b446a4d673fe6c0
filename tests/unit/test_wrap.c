#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "report/wrap.h"

/* What text_wrap prints; the caller frees it. */
static char *wrapped(const char *label, const char *text)
{
    char *buf = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&buf, &size);
    assert_non_null(f);
    text_wrap(f, label, text);
    fclose(f);
    return buf;
}

static void test_wrap(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *text;
        const char *out;
    } cases[] = {
        {"  ", "short", "  short\n"},
        {"  fix  ", "one\ntwo", "  fix  one\n       two\n"},
        {"", "", ""},
        {"", "a\n\nb", "a\n\nb\n"},
        /* 80 columns exactly, and one more */
        {"", "123456789 123456789 123456789 123456789 123456789 123456789 123456789 1234567890",
         "123456789 123456789 123456789 123456789 123456789 123456789 123456789 1234567890\n"},
        {"", "123456789 123456789 123456789 123456789 123456789 123456789 123456789 12345678901",
         "123456789 123456789 123456789 123456789 123456789 123456789 123456789\n12345678901\n"},
        /* a word longer than a line */
        {"    ",
         "x 12345678901234567890123456789012345678901234567890123456789012345678901234567890 y",
         "    x\n    "
         "12345678901234567890123456789012345678901234567890123456789012345678901234567890\n"
         "    y\n"},
        /* a name that is: behind a dot, and where a label has no room, not within an escape */
        {"  ",
         "x "
         "1234567890.1234567890.1234567890.1234567890.1234567890.1234567890.1234567890.1234567890 "
         "y",
         "  x\n  1234567890.1234567890.1234567890.1234567890.1234567890.1234567890.1234567890.\n"
         "  1234567890 y\n"},
        {"1234567890123456789012345678901234567890123456789012",
         "12345678901234567890123456789012345678901234567890.example",
         "1234567890123456789012345678901234567890123456789012"
         "1234567890123456789012345678\n"
         "                                                    "
         "9012345678901234567890.\n"
         "                                                    example\n"},
        {"",
         "a\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001"
         "\\001\\.\\002\\003",
         "a\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001"
         "\\001\\.\\002\n\\003\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *got = wrapped(cases[i].label, cases[i].text);
        assert_string_equal(got, cases[i].out);
        free(got);
    }
}

/* A label that leaves no room: words stand below each other all the same. */
static void test_long_label(void **state)
{
    (void)state;
    char label[101];
    memset(label, 'l', 100);
    label[100] = '\0';
    char *got = wrapped(label, "12345678901234567890 2");
    assert_int_equal(strlen(got), 100 + 20 + 1 + 100 + 2);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wrap),
                                       cmocka_unit_test(test_long_label)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
