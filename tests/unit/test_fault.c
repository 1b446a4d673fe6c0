/* The catalogue of faults: each puts on the wire what it says, the same each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "serve/fault.h"

typedef struct sent {
    fault_script_t script;
    uint8_t query[64];
    size_t query_size;
    uint8_t honest[512];
    size_t honest_size;
} sent_t;

static void make(sent_t *s, fault_id_t id, transport_t transport, uint16_t type)
{
    static const uint8_t address[] = {192, 0, 2, 1};
    nsp_name_t name;
    nsp_builder_t b;
    nsp_edns_t edns = {.udp_size = 1232};
    nsp_name_from_text("www.fuzz.test.", 14, NULL, &name, NULL);
    assert_int_equal(nsp_build_query(s->query, sizeof s->query, 0x1234, 0, &name, type,
                                     NSP_CLASS_IN, NULL, &s->query_size),
                     NSP_OK);
    nsp_build_begin(&b, s->honest, sizeof s->honest, 0x1234, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, &name, type, NSP_CLASS_IN);
    nsp_build_rr(&b, NSP_ANSWER, &name, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    nsp_build_opt(&b, &edns);
    nsp_build_end(&b, &s->honest_size);
    fault_input_t in = {transport, s->query, s->query_size, s->honest, s->honest_size, 7};
    if (id == FAULT_COUNT)
        fault_mutation(&in, &s->script);
    else
        fault_script(id, &in, &s->script);
}

/* The first fault that our own parser sees in the first message sent over UDP. */
static nsp_err_t seen(fault_id_t id)
{
    static sent_t s;
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_msg_t m;
    make(&s, id, TRANSPORT_UDP, NSP_TYPE_A);
    assert_true(s.script.count > 0);
    nsp_err_t err = nsp_msg_index(&m, s.script.octets + s.script.piece[0].at,
                                  s.script.piece[0].size, arena, NSP_RR_MAX);
    return err != NSP_OK ? err : nsp_msg_validate(&m);
}

static void test_wire(void **state)
{
    static const struct {
        fault_id_t id;
        nsp_err_t err;
    } cases[] = {
        {FAULT_SHORT_HEADER, NSP_E_SHORT_HEADER},
        {FAULT_HEADER_ONLY, NSP_E_SHORT},
        {FAULT_EMPTY, NSP_E_SHORT_HEADER},
        {FAULT_ONE_OCTET, NSP_E_SHORT_HEADER},
        {FAULT_ZEROES, NSP_E_QDCOUNT},
        {FAULT_ONES, NSP_E_QDCOUNT},
        {FAULT_QDCOUNT_ZERO, NSP_E_QDCOUNT},
        {FAULT_QDCOUNT_HUGE, NSP_E_QDCOUNT},
        {FAULT_ANCOUNT_HIGH, NSP_E_OPT_SECTION},
        {FAULT_ANCOUNT_LOW, NSP_E_TRAILING},
        {FAULT_NSCOUNT_HIGH, NSP_E_OPT_SECTION},
        {FAULT_ARCOUNT_HIGH, NSP_E_SHORT},
        {FAULT_COUNT_HUGE, NSP_E_OPT_SECTION},
        {FAULT_TRAILING, NSP_E_TRAILING},
        {FAULT_CUT, NSP_E_SHORT},
        {FAULT_NO_QUESTION, NSP_E_QDCOUNT},
        {FAULT_TWO_QUESTIONS, NSP_E_QDCOUNT},
        {FAULT_POINTER_SELF, NSP_E_POINTER_FORWARD},
        {FAULT_POINTER_TWO, NSP_E_POINTER_FORWARD},
        {FAULT_POINTER_LABEL_LOOP, NSP_E_POINTER_FORWARD},
        {FAULT_POINTER_CHAIN, NSP_E_POINTER_CHAIN},
        {FAULT_POINTER_FORWARD, NSP_E_POINTER_FORWARD},
        {FAULT_POINTER_PAST, NSP_E_POINTER_FORWARD},
        {FAULT_POINTER_HEADER, NSP_E_POINTER_HEADER},
        {FAULT_POINTER_CUT, NSP_E_SHORT},
        {FAULT_LABEL_RESERVED, NSP_E_LABEL_TYPE},
        {FAULT_LABEL_EXTENDED, NSP_E_LABEL_TYPE},
        {FAULT_LABEL_PAST, NSP_E_SHORT},
        {FAULT_NAME_LONG, NSP_E_NAME_LONG},
        {FAULT_NAME_LONG_POINTER, NSP_E_NAME_LONG},
        {FAULT_NAME_NUL, NSP_OK},
        {FAULT_RDLENGTH_LONG, NSP_E_SHORT},
        {FAULT_RDATA_EMPTY, NSP_E_RDATA_SHORT},
        {FAULT_A_THREE, NSP_E_RDATA_SHORT},
        {FAULT_A_FIVE, NSP_E_RDATA_TRAILING},
        {FAULT_AAAA_FOUR, NSP_E_RDATA_SHORT},
        {FAULT_TXT_PAST, NSP_E_RDATA_SHORT},
        {FAULT_TXT_EMPTY, NSP_E_RDATA_SHORT},
        {FAULT_SOA_CUT, NSP_E_RDATA_SHORT},
        {FAULT_CNAME_PAST, NSP_E_RDATA_SHORT},
        {FAULT_SVCB_LOOP, NSP_E_RDATA_VALUE},
        {FAULT_NSEC_BITMAP, NSP_E_RDATA_VALUE},
        {FAULT_OPT_TWICE, NSP_E_OPT_TWICE},
        {FAULT_OPT_ANSWER, NSP_E_OPT_SECTION},
        {FAULT_OPT_OWNER, NSP_E_OPT_OWNER},
        {FAULT_OPTION_LONG, NSP_E_OPT_OPTION},
        {FAULT_OUT_OF_BAILIWICK, NSP_OK},
        {FAULT_CNAME_CHAIN, NSP_OK},
        {FAULT_RRSIG_MANY, NSP_OK},
        {FAULT_BIG_UDP, NSP_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nsp_err_t err = seen(cases[i].id);
        if (err != cases[i].err)
            fail_msg("%s: %s instead of %s", fault_desc(cases[i].id)->name, nsp_err_name(err),
                     nsp_err_name(cases[i].err));
    }
}

static bool has(const sent_t *s, const void *what, size_t n)
{
    return memmem(s->script.octets, s->script.used, what, n) != NULL;
}

/* A fault that lies says the lie, over each transport and for each type of lie; no other does. */
static void test_lies(void **state)
{
    static sent_t s;
    static const uint8_t lie4[] = {203, 0, 113, 66};
    (void)state;
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        fault_id_t id = (fault_id_t)i;
        for (int t = 0; t < 2; t++) {
            transport_t transport = t == 0 ? TRANSPORT_UDP : TRANSPORT_TCP;
            make(&s, id, transport, NSP_TYPE_A);
            bool lies = fault_desc(id)->lie && fault_fits(id, transport);
            bool glue = id == FAULT_OUT_OF_BAILIWICK || id == FAULT_REFERRAL_SELF ||
                        id == FAULT_REFERRAL_UP;
            bool said = has(&s, lie4, 4) || has(&s, FAULT_LIE_TEXT, strlen(FAULT_LIE_TEXT));
            if (!glue && said != lies)
                fail_msg("%s over %s", fault_desc(id)->name, t == 0 ? "UDP" : "TCP");
        }
        make(&s, id, TRANSPORT_UDP, NSP_TYPE_TXT);
        if (fault_desc(id)->lie && fault_fits(id, TRANSPORT_UDP) && id != FAULT_OTHER_TYPE &&
            id != FAULT_UNRELATED_ANSWER)
            assert_true(has(&s, FAULT_LIE_TEXT, strlen(FAULT_LIE_TEXT)));
    }
}

/* The same seed gives the same octets; every name is found by itself and said once. */
static void test_table(void **state)
{
    static sent_t a;
    static sent_t b;
    (void)state;
    assert_true(FAULT_COUNT >= 60);
    for (unsigned i = 0; i <= FAULT_COUNT; i++) {
        make(&a, (fault_id_t)i, TRANSPORT_TCP, NSP_TYPE_AAAA);
        make(&b, (fault_id_t)i, TRANSPORT_TCP, NSP_TYPE_AAAA);
        assert_int_equal(a.script.used, b.script.used);
        assert_memory_equal(a.script.octets, b.script.octets, a.script.used);
    }
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        fault_id_t id;
        assert_true(fault_from_name(fault_desc((fault_id_t)i)->name, &id));
        assert_int_equal(id, i);
        assert_true(strlen(fault_desc(id)->what) > 5 && strlen(fault_desc(id)->source) > 5);
    }
}

/* Frames over TCP, and the delivery of the faults that are about it. */
static void test_delivery(void **state)
{
    static sent_t s;
    (void)state;
    make(&s, FAULT_TRAILING, TRANSPORT_TCP, NSP_TYPE_A);
    assert_int_equal(s.script.octets[0] << 8 | s.script.octets[1], s.script.used - 2);
    make(&s, FAULT_LENGTH_LONG, TRANSPORT_TCP, NSP_TYPE_A);
    assert_int_equal(s.script.octets[0] << 8 | s.script.octets[1], 65535);
    make(&s, FAULT_LENGTH_ZERO, TRANSPORT_TCP, NSP_TYPE_A);
    assert_int_equal(s.script.piece[0].size, 2);
    make(&s, FAULT_PIECES_RESET, TRANSPORT_TCP, NSP_TYPE_A);
    assert_int_equal(s.script.end, END_RESET);
    assert_int_equal(s.script.piece[0].size, (s.honest_size + 2) / 2);
    make(&s, FAULT_SILENCE, TRANSPORT_UDP, NSP_TYPE_A);
    assert_int_equal(s.script.count, 0);
    make(&s, FAULT_FORGED_FIRST, TRANSPORT_UDP, NSP_TYPE_A);
    assert_int_equal(s.script.count, 21);
    assert_memory_equal(s.script.octets + s.script.piece[20].at, s.honest, s.honest_size);
    make(&s, FAULT_WRONG_SOURCE, TRANSPORT_UDP, NSP_TYPE_A);
    assert_int_equal(s.script.piece[0].from, FROM_OTHER_ADDRESS);
    make(&s, FAULT_MANY_RECORDS, TRANSPORT_TCP, NSP_TYPE_A);
    assert_in_range(s.script.used, 65500, 65537);
    /* not for this transport: the honest reply */
    make(&s, FAULT_DRIBBLE, TRANSPORT_UDP, NSP_TYPE_A);
    assert_int_equal(s.script.used, s.honest_size);
    assert_memory_equal(s.script.octets, s.honest, s.honest_size);
}

/* Queries that are none, of every length, end in silence or in something; never beyond the room. */
static void test_bad_queries(void **state)
{
    static fault_script_t script;
    static const uint8_t honest[] = {0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t query[40];
    (void)state;
    memset(query, 0xc0, sizeof query);
    for (size_t n = 0; n <= sizeof query; n++) {
        for (unsigned i = 0; i < FAULT_COUNT; i++) {
            fault_input_t in = {TRANSPORT_UDP, query, n, honest, n % 13, 1};
            fault_script((fault_id_t)i, &in, &script);
            assert_int_equal(script.count, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_table),       cmocka_unit_test(test_delivery),
        cmocka_unit_test(test_bad_queries),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
