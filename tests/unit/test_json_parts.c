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

static void check_real(double value, const char *wanted)
{
    char buf[JSON_REAL_MAX];
    assert_string_equal(json_real_text(value, buf), wanted);
}

static void test_real(void **state)
{
    (void)state;
    check_real(0.123, "0.123");
    check_real(0, "0.0");
    check_real(-0.25, "-0.25");
    check_real(3, "3.0");
    check_real((double)22758 / 1e9, "0.000022758");
    check_real((double)INT64_C(1795716211119533000) / 1e9, "1795716211.119533");
    check_real(1.0 / 3, "0.3333333333333333");
    check_real(1e300, "1e+300");
    check_real(123456789012345678.0, "1.2345678901234568e+17");
}

/* Nothing is lost, and no digit is the double's alone: nanoseconds of three months, microseconds of
 * any time that packets were captured at. */
static void test_times(void **state)
{
    (void)state;
    nsp_random_t r = {7};
    for (int i = 0; i < 20000; i++) {
        char buf[JSON_REAL_MAX];
        char wanted[64];
        bool wall = i % 2 != 0;
        uint64_t n = nsp_random_next(&r) %
                     (wall ? UINT64_C(4000000000000000) : UINT64_C(8000000000000000) >> i % 40);
        uint64_t one = wall ? 1000000 : 1000000000;
        json_t *j = json_time((int64_t)(wall ? n * 1000 : n));
        double value = json_real_value(j);
        json_decref(j);
        int len = snprintf(wanted, sizeof wanted, "%llu.%0*llu", (unsigned long long)(n / one),
                           wall ? 6 : 9, (unsigned long long)(n % one));
        while (wanted[len - 1] == '0' && wanted[len - 2] != '.')
            wanted[--len] = '\0';
        assert_string_equal(json_real_text(value, buf), wanted);
        value = (double)(n * 1000 + (unsigned)i % 1000) / 1e9;
        assert_true(strtod(json_real_text(value, buf), NULL) == value);
    }
}

static void test_write(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(json_print(out, json_pack("{s:[i,b,b,n,s,f],s:{},s:[],s:{s:s}}", "a", -7, 1, 0,
                                          "x\"\\\n\x7f", 0.1, "b", "c", "d", "e", "")));
    fclose(out);
    assert_string_equal(text, "{\"a\":[-7,true,false,null,\"x\\\"\\\\\\n\x7f\",0.1],\"b\":{},"
                              "\"c\":[],\"d\":{\"e\":\"\"}}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text),    cmocka_unit_test(test_small),
                                       cmocka_unit_test(test_verdict), cmocka_unit_test(test_ascii),
                                       cmocka_unit_test(test_real),    cmocka_unit_test(test_times),
                                       cmocka_unit_test(test_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
