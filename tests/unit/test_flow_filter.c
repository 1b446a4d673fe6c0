/* Filters of flows: prefixes as text, each kind of filter alone and together. */
#include "diagnose/flow_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void prefixes(void **state)
{
    static const struct {
        const char *text;
        const char *inside;  /* an address with that prefix */
        const char *outside; /* the nearest that has not; NULL: text is no prefix */
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.0"},
        {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
        {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
        {"192.0.2.1/32", "192.0.2.1", "192.0.2.2"},
        {"0.0.0.0/0", "255.255.255.255", "::"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
        {"::1/128", "::1", "::2"},
        {"::/0", "2001:db8::1", "0.0.0.0"},
        {"192.0.2.0/33", NULL, NULL},
        {"192.0.2.0/", NULL, NULL},
        {"192.0.2.0/-1", NULL, NULL},
        {"192.0.2.0/ 8", NULL, NULL},
        {"192.0.2.0/0000", NULL, NULL},
        {"192.0.2/24", NULL, NULL},
        {"192.0.2.1#53", NULL, NULL},
        {"::/129", NULL, NULL},
        {"example/8", NULL, NULL},
        {"", NULL, NULL},
        {"/8", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        prefix_t p;
        addr_t a;
        if (prefix_from_text(cases[i].text, &p) != (cases[i].inside != NULL))
            fail_msg("%s", cases[i].text);
        if (cases[i].inside == NULL)
            continue;
        assert_true(addr_from_text(cases[i].inside, strlen(cases[i].inside), 53, &a));
        assert_true(addr_same_prefix(&p.addr, &a, p.bits));
        assert_true(addr_from_text(cases[i].outside, strlen(cases[i].outside), 53, &a));
        assert_false(addr_same_prefix(&p.addr, &a, p.bits));
    }
}

/* www.example. A, and its reply with BADVERS (16) in an OPT. */
static const uint8_t query[] = {0,   7, 1,   0,   0,   1,   0,   0,   0,   0, 0, 0, 3, 'w', 'W',
                                'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};
static const uint8_t reply[] = {0,   7,   0x81, 0,   0,   1,    0,   0,   0,   0,   0, 1, 3, 'w',
                                'w', 'w', 7,    'e', 'x', 'a',  'm', 'p', 'l', 'e', 0, 0, 1, 0,
                                1,   0,   0,    41,  4,   0xd0, 1,   0,   0,   0,   0, 0};

static flow_t flow_of(bool with_query, bool with_reply)
{
    flow_t f = {.number = 1, .transport = TRANSPORT_UDP};
    addr_from_text("192.0.2.1", 9, 40000, &f.client);
    addr_from_text("2001:db8::53", 12, 53, &f.server);
    if (with_query)
        f.query = (flow_message_t){.bytes = query, .size = sizeof query, .original = sizeof query};
    if (with_reply)
        f.reply = (flow_message_t){.bytes = reply, .size = sizeof reply, .original = sizeof reply};
    return f;
}

static nsp_name_t name_of(const char *text)
{
    nsp_name_t n;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &n, NULL), NSP_OK);
    return n;
}

static bool matches(const flow_filter_t *filter, bool with_query, bool with_reply)
{
    static reply_t scratch;
    flow_t f = flow_of(with_query, with_reply);
    return flow_filter_match(filter, &f, &scratch);
}

static void each_kind(void **state)
{
    flow_filter_t f;
    (void)state;
    memset(&f, 0, sizeof f);
    assert_true(matches(&f, true, true));
    assert_true(matches(&f, false, false));

    f.name[f.name_count++] = name_of("example.");
    assert_true(matches(&f, true, true));
    assert_true(matches(&f, false, true)); /* the reply has the question too */
    assert_false(matches(&f, false, false));
    f.name[0] = name_of("other.");
    assert_false(matches(&f, true, true));
    f.name[f.name_count++] = name_of("WWW.EXAMPLE.");
    assert_true(matches(&f, true, true));
    f.name[1] = name_of("a.www.example.");
    assert_false(matches(&f, true, true));

    memset(&f, 0, sizeof f);
    f.type[f.type_count++] = NSP_TYPE_AAAA;
    assert_false(matches(&f, true, true));
    f.type[f.type_count++] = NSP_TYPE_A;
    assert_true(matches(&f, true, false));

    memset(&f, 0, sizeof f);
    f.rcode[f.rcode_count++] = NSP_RCODE_NOERROR;
    assert_false(matches(&f, true, true));
    f.rcode[0] = NSP_RCODE_BADVERS;
    assert_true(matches(&f, true, true));
    assert_false(matches(&f, true, false)); /* no reply has no rcode */

    memset(&f, 0, sizeof f);
    assert_true(prefix_from_text("192.0.2.0/30", &f.client[f.client_count++]));
    assert_true(matches(&f, true, true));
    assert_true(prefix_from_text("192.0.2.1", &f.server[f.server_count++]));
    assert_false(matches(&f, true, true)); /* it is the client, not the server */
    assert_true(prefix_from_text("2001:db8::/64", &f.server[f.server_count++]));
    assert_true(matches(&f, true, true));
    f.type[f.type_count++] = NSP_TYPE_NS; /* all kinds must match */
    assert_false(matches(&f, true, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(prefixes), cmocka_unit_test(each_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
