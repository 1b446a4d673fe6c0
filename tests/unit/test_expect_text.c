#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dkim/expect_text.h"
#include "xbuild.h"

static bool text_of(uint16_t type, const char *rdata, uint32_t len, char *buf, size_t cap)
{
    nsp_text_t t;
    uint8_t octets[64];
    expectation_t e;
    memset(&e, 0, sizeof e);
    assert_true(len <= sizeof octets);
    memcpy(octets, rdata, len);
    e.type = type;
    e.rdata = octets;
    e.rdlen = len;
    nsp_text_begin(&t, buf, cap);
    return expectation_rdata_text(&e, &t);
}

static void test_rdata(void **state)
{
    (void)state;
    char buf[200];
    assert_true(text_of(NSP_TYPE_CNAME, "\001a\002bc", 6, buf, sizeof buf));
    assert_string_equal(buf, "a.bc.");
    assert_true(text_of(NSP_TYPE_TXT, "\002hi\003\"\\x", 7, buf, sizeof buf));
    assert_string_equal(buf, "\"hi\" \"\\\"\\\\x\"");
    assert_true(text_of(NSP_TYPE_MX, "\000\012\001m", 5, buf, sizeof buf));
    assert_string_equal(buf, "10 m.");
    assert_true(text_of(65280, "ab", 2, buf, sizeof buf));
    assert_string_equal(buf, "\\# 2 6162");
    assert_false(text_of(NSP_TYPE_MX, "\000", 1, buf, sizeof buf));
    assert_string_equal(buf, "\\# 1 00");
    /* cut to the buffer */
    assert_true(text_of(NSP_TYPE_CNAME, "\001a\002bc", 6, buf, 4));
    assert_string_equal(buf, "a.b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rdata)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
