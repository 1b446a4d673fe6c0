#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "report/json_parts.h"
#include "xbuild.h"

static void check_text(json_t *j, const char *wanted)
{
    assert_true(json_is_string(j));
    assert_string_equal(json_string_value(j), wanted);
    json_decref(j);
}

static void test_text(void **state)
{
    (void)state;
    check_text(json_text(""), "");
    check_text(json_text("a\033\"\\"), "a\033\"\\");
    check_text(json_text("b\xc3\xbc"), "b\xc3\xbc");
    check_text(json_text("b\xfc."), "b?.");
    check_text(json_text("\xc3\xbc\xc3"), "???");
}

static void test_small(void **state)
{
    (void)state;
    static const uint8_t octets[] = {0, 0x7f, 0xff};
    nsp_name_t name = xname("a\\.b.example");
    addr_t addr = xaddr("2001:db8::1#5300");
    check_text(json_name(&name), "a\\.b.example.");
    check_text(json_addr(&addr), "2001:db8::1");
    check_text(json_hex(octets, 3), "007fff");
    check_text(json_hex(octets, 0), "");
    json_t *j = json_seconds(1500000000);
    assert_true(json_is_real(j) && json_real_value(j) > 1.49 && json_real_value(j) < 1.51);
    json_decref(j);
    j = json_seconds(-1);
    assert_true(json_is_null(j));
    json_decref(j);
}

static void test_verdict(void **state)
{
    (void)state;
    finding_list_t list;
    finding_list_init(&list);
    check_text(json_verdict(&list, false), "healthy");
    check_text(json_verdict(&list, true), "untested");
    finding_t *f = finding_add(&list, FINDING_SLOW, "it is slow \xff");
    assert_non_null(f);
    check_text(json_verdict(&list, false), severity_name(f->severity));
    json_t *j = json_findings(&list);
    assert_int_equal(json_array_size(j), 1);
    json_t *one = json_array_get(j, 0);
    assert_string_equal(json_string_value(json_object_get(one, "text")), "it is slow ?");
    assert_true(json_is_null(json_object_get(one, "address")));
    json_decref(j);
    finding_list_free(&list);
}

/* Whatever stands in a list or a file: ASCII comes out, and nothing is lost. */
static void test_ascii(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(json_print(out, json_pack("{s:s}", "a", "\xc2\x9b\xe2\x80\xae")));
    fclose(out);
    assert_int_equal(size, strlen("{\"a\":\"\\u009b\\u202e\"}\n"));
    for (size_t i = 0; i < size; i++)
        assert_true((unsigned char)text[i] < 0x7f);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_small),
                                       cmocka_unit_test(test_verdict),
                                       cmocka_unit_test(test_ascii)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
