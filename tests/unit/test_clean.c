/* Text that is put right: what becomes of each oddity, and where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dkim/clean.h"
#include "dkim/expect.h"

#define Q EXPECT_ODD_QUOTES
#define I EXPECT_ODD_INVISIBLE

static void characters(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *after;
        unsigned odd;
    } cases[] = {
        {"", "", 0},
        {"plain \"text\"", "plain \"text\"", 0},
        {"\xe2\x80\x9c"
         "a\xe2\x80\x9d",
         "\"a\"", Q},
        {"\xe2\x80\x9e"
         "a\xe2\x80\x9f",
         "\"a\"", Q},
        {"\xc2\xab"
         "a\xc2\xbb",
         "\"a\"", Q},
        {"\xef\xbc\x82", "\"", Q},
        {"\xe2\x80\x98"
         "a\xe2\x80\x99",
         "'a'", Q},
        {"a\xe2\x80\x93"
         "b\xe2\x88\x92"
         "c",
         "a-b-c", Q},
        {"a\xc2\xa0"
         "b",
         "a b", I},
        {"a\xe2\x80\x89"
         "b\xe3\x80\x80"
         "c\xe2\x80\xaf"
         "d",
         "a b c d", I},
        {"a\xe2\x80\x8b"
         "b\xe2\x80\x8d"
         "c\xc2\xad"
         "d\xe2\x81\xa0"
         "e\xef\xbb\xbf"
         "f\xe2\x80\xae",
         "abcdef", I},
        {"\xef\xbb\xbf"
         "a",
         "a", 0},
        {"\xc3\xbc\xe4\xb8\xad\xf0\x9f\x98\x80", "\xc3\xbc\xe4\xb8\xad\xf0\x9f\x98\x80", 0},
        /* windows-1252 where it cannot be UTF-8 */
        {"\x93"
         "a\x94 \x91"
         "b\x92 c\x96"
         "d",
         "\"a\" 'b' c-d", Q},
        {"a\xa0"
         "b",
         "a b", I},
        {"\xfc\xe9", "\xfc\xe9", 0},
        /* overlong, a surrogate, beyond Unicode, cut off: not UTF-8 */
        {"\xc0\x80", "\xc0\x80", 0},
        {"\xe0\x80\xa0", "\xe0\x80 ", I},
        {"\xed\xa0\x80", "\xed \x80", I},
        {"\xf4\x90\x80\x80", "\xf4\x90\x80\x80", 0},
        {"a\xe2\x80", "a\xe2\x80", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clean_text_t c;
        assert_int_equal(clean_text(&c, cases[i].before, strlen(cases[i].before)), CLEAN_OK);
        assert_string_equal(c.text, cases[i].after);
        assert_int_equal(c.len, strlen(cases[i].after));
        assert_int_equal(clean_odd(&c, 0, c.len + 1), cases[i].odd);
        clean_free(&c);
    }
}

/* Places are those of the text as it was given, and oddities those of a range. */
static void places(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf\xe2\x80\x8b"
                               "ab\n\xc3\xbc\xe2\x80\x9c"
                               "c\r\n\xf0\x9f\x98\x80"
                               "d\xe2\x80\x8b";
    static const struct {
        size_t at;
        uint32_t line;
        uint32_t column;
    } cases[] = {
        {0, 1, 2}, {1, 1, 3}, {2, 1, 4},  {3, 2, 1},  {5, 2, 2}, {6, 2, 3},
        {7, 2, 4}, {9, 3, 1}, {13, 3, 2}, {14, 3, 4}, {0, 1, 2}, {99, 3, 4},
    };
    clean_text_t c;
    assert_int_equal(clean_text(&c, text, sizeof text - 1), CLEAN_OK);
    assert_string_equal(c.text, "ab\n\xc3\xbc\"c\r\n\xf0\x9f\x98\x80"
                                "d");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t line;
        uint32_t column;
        clean_place(&c, cases[i].at, &line, &column);
        assert_int_equal(line, cases[i].line);
        assert_int_equal(column, cases[i].column);
    }
    assert_int_equal(clean_odd(&c, 0, 3), I);
    assert_int_equal(clean_odd(&c, 1, 5), 0);
    assert_int_equal(clean_odd(&c, 3, 9), Q);
    assert_int_equal(clean_odd(&c, 9, c.len), 0);
    assert_int_equal(clean_odd(&c, c.len, c.len + 1), I);
    assert_int_equal(clean_odd(&c, c.len, 1000), I);
    clean_free(&c);
}

static void refused(void **state)
{
    (void)state;
    clean_text_t c;
    assert_int_equal(clean_text(&c, "a\0b", 3), CLEAN_E_BINARY);
    clean_free(&c);
    assert_int_equal(clean_text(&c,
                                "\xff\xfe"
                                "a",
                                3),
                     CLEAN_E_UTF16);
    clean_free(&c);
    assert_int_equal(clean_text(&c, "\xfe\xff\xd8\x3d", 4), CLEAN_E_UTF16);
    clean_free(&c);
    assert_int_equal(clean_text(&c, "\xfe\xff\0\0", 4), CLEAN_E_BINARY);
    clean_free(&c);
    char *big = malloc(CLEAN_TEXT_MAX + 1u);
    assert_non_null(big);
    memset(big, 'a', CLEAN_TEXT_MAX + 1u);
    assert_int_equal(clean_text(&c, big, CLEAN_TEXT_MAX + 1u), CLEAN_E_LONG);
    clean_free(&c);
    assert_int_equal(clean_text(&c, big, CLEAN_TEXT_MAX), CLEAN_OK);
    clean_free(&c);
    free(big);
    for (clean_err_t e = CLEAN_OK; e <= CLEAN_E_BINARY; e++)
        assert_true(strlen(clean_err_text(e)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters),
        cmocka_unit_test(places),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
