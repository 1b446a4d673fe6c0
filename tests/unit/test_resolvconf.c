#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe/resolvconf.h"

static const struct {
    const char *name;
    const char *text;
    const char *expected;
} cases[] = {
    {"empty", "", ""},
    {"one", "nameserver 192.0.2.1\n", "192.0.2.1 "},
    {"no newline", "nameserver 192.0.2.1", "192.0.2.1 "},
    {"both families, other lines",
     "# comment\nsearch example.com\nnameserver\t192.0.2.1\noptions edns0\n"
     "nameserver 2001:db8::1\n",
     "192.0.2.1 2001:db8::1 "},
    {"twice the same", "nameserver 192.0.2.1\nnameserver 192.0.2.1\n", "192.0.2.1 "},
    {"text after it", "nameserver 192.0.2.1 # here\r\n", "192.0.2.1 "},
    {"a port", "nameserver 192.0.2.1#54\nnameserver ::1#54\n", ""},
    {"keyword not at the beginning", " nameserver 192.0.2.1\n", ""},
    {"another keyword", "nameservers 192.0.2.1\n", ""},
    {"no address", "nameserver\nnameserver \nnameserver x\n", ""},
    {"not the last", "nameserver x\nnameserver 192.0.2.2\n", "192.0.2.2 "},
    {"eight at most",
     "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n"
     "nameserver 192.0.2.5\nnameserver 192.0.2.6\nnameserver 192.0.2.7\nnameserver 192.0.2.8\n"
     "nameserver 192.0.2.9\n",
     "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 "},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t out[RESOLVCONF_MAX];
        char got[512] = "";
        char text[ADDR_TEXT_MAX];
        print_message("  %s\n", cases[i].name);
        size_t n = resolvconf_parse(cases[i].text, strlen(cases[i].text), out);
        for (size_t k = 0; k < n; k++) {
            strcat(strcat(got, addr_text(&out[k], text)), " ");
            assert_int_equal(out[k].port, 53);
        }
        assert_string_equal(got, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
