/* What an address of a scenario sends back, where behaviours touch EDNS. The rest is tested over
 * the network, by tests/cli. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/nsproto.h"
#include "serve/scenario.h"

/* The TXT RRset needs more than 512 octets. */
#define TEN "0123456789"
#define LONG_TXT                                                                                   \
    "big TXT " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN     \
    " " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN            \
    " " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\n"

typedef struct reply {
    uint8_t bytes[4096];
    nsp_rr_t arena[16];
    nsp_msg_t msg;
    nsp_edns_t edns;
    bool has_edns;
} reply_t;

/* The reply of a server that behaves so to a question with EDNS of this version (-1: without) and
 * 1232 octets. */
static void ask(const char *behaviour, const char *name, uint16_t type, int version, reply_t *r)
{
    char text[2048];
    uint8_t query[300];
    scenario_error_t error;
    nsp_builder_t b;
    nsp_name_t qname;
    delivery_t d;
    size_t size = 0;
    int n = snprintf(text, sizeof text,
                     "root 127.0.0.1\nzone example {\n@ SOA a b 1 2 3 4 5\n@ NS a\n"
                     "a A 192.0.2.1\n%s}\naddress 127.0.0.1#5399 {\nserves example\n%s}\n",
                     LONG_TXT, behaviour);
    scenario_t *s = scenario_parse(text, (size_t)n, 0, &error);
    assert_non_null(s);
    assert_int_equal(nsp_name_from_text(name, strlen(name), NULL, &qname, NULL), NSP_OK);
    nsp_build_begin(&b, query, sizeof query, 0x1234, 0);
    nsp_build_question(&b, &qname, type, NSP_CLASS_IN);
    nsp_edns_t edns = {.udp_size = 1232, .version = (uint8_t)version};
    if (version >= 0)
        nsp_build_opt(&b, &edns);
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    respond(&s->addr[0].responder, TRANSPORT_UDP, query, size, r->bytes, sizeof r->bytes, &size,
            &d);
    scenario_free(s);
    assert_false(d.drop);
    assert_int_equal(nsp_msg_index(&r->msg, r->bytes, size, r->arena, 16), NSP_OK);
    r->has_edns = nsp_edns_read(&r->msg, &r->edns, NULL);
}

static unsigned rcode_of(const reply_t *r)
{
    return (r->msg.flags & 15u) | (r->has_edns ? (unsigned)r->edns.ext_rcode << 4 : 0);
}

static void test_knows_edns(void **state)
{
    (void)state;
    reply_t r;
    ask("", "example.", NSP_TYPE_SOA, 0, &r);
    assert_true(r.has_edns && nsp_msg_has(&r.msg, NSP_FLAG_AA));
    assert_int_equal(r.msg.count[NSP_ANSWER], 1);
    ask("", "example.", NSP_TYPE_SOA, 1, &r); /* RFC 6891 6.1.3 */
    assert_int_equal(rcode_of(&r), NSP_RCODE_BADVERS);
    ask("", "big.example.", NSP_TYPE_TXT, 0, &r);
    assert_int_equal(r.msg.count[NSP_ANSWER], 1);
    ask("", "big.example.", NSP_TYPE_TXT, -1, &r);
    assert_true(nsp_msg_has(&r.msg, NSP_FLAG_TC) && !r.has_edns);
}

/* A server from before EDNS: no version is too new for it, and no reply larger than 512 octets. */
static void test_ignores_edns(void **state)
{
    (void)state;
    reply_t r;
    for (int version = 0; version < 2; version++) {
        ask("behave ignore-edns\n", "example.", NSP_TYPE_SOA, version, &r);
        assert_true(!r.has_edns && nsp_msg_has(&r.msg, NSP_FLAG_AA));
        assert_int_equal(rcode_of(&r), NSP_RCODE_NOERROR);
        assert_int_equal(r.msg.count[NSP_ANSWER], 1);
    }
    ask("behave ignore-edns\n", "big.example.", NSP_TYPE_TXT, 0, &r);
    assert_true(nsp_msg_has(&r.msg, NSP_FLAG_TC));
    assert_int_equal(r.msg.count[NSP_ANSWER], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_knows_edns),
        cmocka_unit_test(test_ignores_edns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
