/* Sentences about expected records: nothing is cut that has room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dkim/say.h"

/* The longest text that a name has: each octet of its labels as \DDD. */
static nsp_name_t longest(void)
{
    nsp_name_t name;
    size_t at = 0;
    memset(&name, 0, sizeof name);
    for (int label = 0; label < 4; label++) {
        uint8_t n = label < 3 ? 63 : 61;
        name.octets[at++] = n;
        memset(name.octets + at, 200, n);
        at += n;
    }
    name.octets[at++] = 0;
    name.len = (uint8_t)at;
    return name;
}

static void long_names(void **state)
{
    (void)state;
    nsp_name_t name = longest();
    char text[NSP_NAME_TEXT_MAX];
    say_t s;
    assert_int_equal(name.len, 255);
    (void)facts_name(&name, text);
    assert_int_equal(strlen(text), 4 * 250 + 3);
    say_begin(&s);
    say(&s, "%s is at %s.", text, text);
    assert_int_equal(s.t.len, 2 * (4 * 250 + 3) + 8);
    assert_memory_equal(s.buf, text, strlen(text));
    assert_string_equal(s.buf + s.t.len - 5, "\\200.");
}

static void beginnings(void **state)
{
    (void)state;
    nsp_name_t name;
    say_t s;
    say_t fix;
    assert_int_equal(nsp_name_from_text("a.example.", 10, NULL, &name, NULL), NSP_OK);
    expectation_t e = {.owner = name, .type = NSP_TYPE_TXT};
    say_begin_record(&s, &fix, &e);
    say(&s, " is %d", 1);
    assert_string_equal(s.buf, "a.example TXT is 1");
    assert_string_equal(fix.buf, "");
    say_begin_name(&s, &fix, &name);
    assert_string_equal(s.buf, "a.example");
    say_begin(&s);
    assert_string_equal(s.buf, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(long_names), cmocka_unit_test(beginnings)};
    return cmocka_run_group_tests_name("say", tests, NULL, NULL);
}
