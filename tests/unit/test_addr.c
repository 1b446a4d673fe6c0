/* Addresses: text both ways, prefixes, and what the special-purpose registries say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "exchange/addr.h"

static void text(void **state)
{
    static const struct {
        const char *in;
        const char *out; /* NULL: refused */
    } cases[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1#5300", "192.0.2.1#5300"},
        {"192.0.2.1#53", "192.0.2.1"},
        {"192.0.2.1#65535", "192.0.2.1#65535"},
        {"2001:DB8::1", "2001:db8::1"},
        {"[2001:db8::1]#54", "2001:db8::1#54"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"192.0.2.1#65536", NULL},
        {"192.0.2.1#0", NULL},
        {"192.0.2.1#", NULL},
        {"192.0.2.256", NULL},
        {"192.0.2", NULL},
        {"2001:db8::1::", NULL},
        {"localhost", NULL},
        {"fe80::1%nosuchinterface", NULL},
        {"", NULL},
        {"#53", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t a;
        char buf[ADDR_TEXT_MAX];
        bool good = addr_from_text(cases[i].in, strlen(cases[i].in), 53, &a);
        if (good != (cases[i].out != NULL))
            fail_msg("'%s' is %s", cases[i].in, good ? "taken" : "refused");
        if (good)
            assert_string_equal(addr_port_text(&a, buf), cases[i].out);
    }
    addr_t none;
    assert_false(addr_from_text("192.0.2.1\0x", 11, 53, &none)); /* text goes on behind a NUL */
    assert_false(addr_from_text("::1\0#53", 7, 53, &none));
}

/* First, last and the neighbours of ranges. */
static void special(void **state)
{
    static const struct {
        const char *addr;
        const char *word; /* NULL: nothing special */
    } cases[] = {
        {"0.255.255.255", "this network"},
        {"1.0.0.0", NULL},
        {"9.255.255.255", NULL},
        {"10.0.0.0", "private"},
        {"10.255.255.255", "private"},
        {"11.0.0.0", NULL},
        {"100.63.255.255", NULL},
        {"100.64.0.0", "shared"},
        {"100.127.255.255", "shared"},
        {"100.128.0.0", NULL},
        {"127.0.0.1", "loopback"},
        {"169.254.1.1", "link-local"},
        {"172.15.255.255", NULL},
        {"172.16.0.0", "private"},
        {"172.31.255.255", "private"},
        {"172.32.0.0", NULL},
        {"192.0.0.8", "protocol"},
        {"192.0.0.9", NULL},
        {"192.0.2.255", "documentation"},
        {"192.168.0.1", "private"},
        {"198.17.255.255", NULL},
        {"198.18.0.0", "benchmarking"},
        {"198.41.0.4", NULL},
        {"198.51.100.1", "documentation"},
        {"203.0.113.1", "documentation"},
        {"223.255.255.255", NULL},
        {"224.0.0.1", "multicast"},
        {"255.255.255.255", "reserved"},
        {"::", "unspecified"},
        {"::1", "loopback"},
        {"::2", NULL},
        {"::ffff:10.0.0.1", "mapped"},
        {"2001:503:ba3e::2:30", NULL},
        {"2001:db8::1", "documentation"},
        {"2001:db9::", NULL},
        {"3fff::1", "documentation"},
        {"3fff:1000::", NULL},
        {"fbff::1", NULL},
        {"fc00::1", "unique local"},
        {"fdff::1", "unique local"},
        {"fe80::1", "link-local"},
        {"febf::1", "link-local"},
        {"ff02::1", "multicast"},
        {"64:ff9b::1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t a;
        assert_true(addr_from_text(cases[i].addr, strlen(cases[i].addr), 53, &a));
        const char *what = addr_special(&a);
        bool same = cases[i].word == NULL ? what == NULL
                                          : what != NULL && strstr(what, cases[i].word) != NULL;
        if (!same)
            fail_msg("%s is %s", cases[i].addr, what != NULL ? what : "nothing special");
    }
}

static void prefixes(void **state)
{
    addr_t a;
    addr_t b;
    addr_t six;
    (void)state;
    addr_from_text("192.0.2.127", 11, 53, &a);
    addr_from_text("192.0.2.128", 11, 54, &b);
    addr_from_text("2001:db8::1", 11, 53, &six);
    assert_true(addr_same_prefix(&a, &b, 24));
    assert_false(addr_same_prefix(&a, &b, 25));
    assert_true(addr_same_prefix(&a, &a, 32));
    assert_true(addr_same_prefix(&a, &b, 0));
    assert_false(addr_same_prefix(&a, &six, 0));
    assert_false(addr_same_host(&a, &b));
    b = a;
    b.port = 54;
    assert_true(addr_same_host(&a, &b));
    assert_false(addr_equal(&a, &b));
    assert_true(addr_compare(&a, &b) < 0);
    assert_true(addr_compare(&a, &six) < 0);
}

static void sockaddrs(void **state)
{
    static const char *const texts[] = {"192.0.2.1#5300", "2001:db8::1#5300"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        addr_t a;
        addr_t b;
        struct sockaddr_storage sa;
        assert_true(addr_from_text(texts[i], strlen(texts[i]), 53, &a));
        socklen_t n = addr_to_sockaddr(&a, &sa);
        assert_true(addr_from_sockaddr((struct sockaddr *)&sa, n, &b));
        assert_true(addr_equal(&a, &b));
        assert_false(addr_from_sockaddr((struct sockaddr *)&sa, 4, &b));
    }
}

static void reverse(void **state)
{
    static const char *const cases[][2] = {
        {"192.0.2.10#5300", "10.2.0.192.in-addr.arpa."},
        {"255.254.253.252", "252.253.254.255.in-addr.arpa."},
        {"2001:db8::ab",
         "b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."},
    };
    char buf[ADDR_REVERSE_MAX];
    addr_t a;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(addr_from_text(cases[i][0], strlen(cases[i][0]), 53, &a));
        assert_string_equal(addr_reverse(&a, buf), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(text), cmocka_unit_test(special),
                                       cmocka_unit_test(prefixes), cmocka_unit_test(sockaddrs),
                                       cmocka_unit_test(reverse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
