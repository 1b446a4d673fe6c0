/* The index of a message: what is found, and what is wrong where. */
#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "messages.h"

static nsp_rr_t arena[NSP_RR_MAX];

static void good_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_message_count; i++) {
        const message_t *g = &good_messages[i];
        nsp_msg_t m;
        assert_int_equal(nsp_msg_index(&m, g->wire, g->size, arena, NSP_RR_MAX), NSP_OK);
        assert_true(m.complete);
        assert_int_equal(m.stopped, g->size);
        assert_int_equal(m.fault_count, 0);
        assert_memory_equal(m.count, m.found, sizeof m.count);
        assert_int_equal(m.rr_count, m.found[1] + m.found[2] + m.found[3]);
        assert_int_equal(nsp_msg_validate(&m), NSP_OK);
    }
}

/* Each prefix, in an allocation of its own so that a read past it is seen. */
static void every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_message_count; i++) {
        const message_t *g = &good_messages[i];
        for (size_t n = 0; n < g->size; n++) {
            uint8_t *wire = malloc(n > 0 ? n : 1);
            nsp_msg_t m;
            nsp_name_t name;
            assert_non_null(wire);
            memcpy(wire, g->wire, n);
            nsp_err_t err = nsp_msg_index(&m, wire, n, arena, NSP_RR_MAX);
            assert_int_equal(err, n < 12 ? NSP_E_SHORT_HEADER : NSP_E_SHORT);
            assert_false(m.complete);
            assert_true(m.stopped <= n);
            nsp_msg_validate(&m);
            nsp_msg_qname(&m, &name);
            for (uint16_t k = 0; k < m.rr_count; k++)
                nsp_rr_owner(&m, &arena[k], &name);
            free(wire);
        }
    }
}

#define W(s)             (const uint8_t *)(s), sizeof(s) - 1
#define HEAD(q, a, u, x) "\0\7\x84\0\0" q "\0" a "\0" u "\0" x /* counts below 256 */
#define Q                "\1q\0\0\1\0\1" /* at 12, 7 octets; the first record is at 19 */
#define FIXED            "\0\1\0\0\0\74" /* class IN, TTL 60 */
#define A4               "\0\4\300\0\2\1"
#define A                "\300\14\0\1" FIXED A4      /* 16 octets */
#define OPT              "\0\0\51\4\320\0\0\0\0\0\0" /* 11 octets */
#define TSIG             "\0\0\372\0\377\0\0\0\0\0\21\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0"

typedef struct fault_case {
    const char *name;
    const uint8_t *wire;
    size_t size;
    nsp_err_t err;
    uint32_t offset;
    uint16_t rr;
    uint8_t section;
    bool complete;
} fault_case_t;

#define NO NSP_NO_RR

static const fault_case_t faults[] = {
    {"nothing", W(""), NSP_E_SHORT_HEADER, 0, NO, 0, false},
    {"11 octets", W("\0\1\0\0\0\0\0\0\0\0\0"), NSP_E_SHORT_HEADER, 11, NO, 0, false},
    {"12 octets", W(HEAD("\0", "\0", "\0", "\0")), NSP_E_QDCOUNT, 4, NO, 0, true},
    {"13 octets", W(HEAD("\0", "\0", "\0", "\0") "x"), NSP_E_QDCOUNT, 4, NO, 0, true},
    {"two questions", W(HEAD("\2", "\0", "\0", "\0") Q Q), NSP_E_QDCOUNT, 4, NO, 0, true},
    {"trailing", W(HEAD("\1", "\1", "\0", "\0") Q A "x"), NSP_E_TRAILING, 35, NO, 3, true},
    {"question cut", W(HEAD("\1", "\0", "\0", "\0") "\1q\0\0\1\0"), NSP_E_SHORT, 17, NO, 0, false},
    {"question's name", W(HEAD("\1", "\0", "\0", "\0") "\1q\100"), NSP_E_LABEL_TYPE, 14, NO, 0,
     false},
    {"question's pointer", W(HEAD("\1", "\0", "\0", "\0") "\300\14\0\1\0\1"), NSP_E_POINTER_FORWARD,
     12, NO, 0, false},
    {"no record", W(HEAD("\1", "\1", "\0", "\0") Q), NSP_E_SHORT, 19, 0, 1, false},
    {"owner alone", W(HEAD("\1", "\1", "\0", "\0") Q "\0"), NSP_E_SHORT, 20, 0, 1, false},
    {"9 of 10 fixed octets", W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\1" FIXED "\0"), NSP_E_SHORT, 20,
     0, 1, false},
    {"RDLENGTH one over", W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\1" FIXED "\0\5\1\2\3\4"),
     NSP_E_SHORT, 28, 0, 1, false},
    {"second owner", W(HEAD("\1", "\1", "\1", "\0") Q A "\377\377"), NSP_E_POINTER_FORWARD, 35, 1,
     2, false},
    {"pointer into header", W(HEAD("\1", "\1", "\0", "\0") Q "\300\13\0\1" FIXED A4),
     NSP_E_POINTER_HEADER, 19, 0, 1, false},
    {"OPT twice", W(HEAD("\1", "\0", "\0", "\2") Q OPT OPT), NSP_E_OPT_TWICE, 30, 1, 3, true},
    {"OPT in the answer", W(HEAD("\1", "\1", "\0", "\0") Q OPT), NSP_E_OPT_SECTION, 19, 0, 1, true},
    {"OPT with an owner", W(HEAD("\1", "\0", "\0", "\1") Q "\300\14\0\51\4\320\0\0\0\0\0\0"),
     NSP_E_OPT_OWNER, 19, 0, 3, true},
    {"TSIG before OPT", W(HEAD("\1", "\0", "\0", "\2") Q TSIG OPT), NSP_E_TSIG_PLACE, 19, 0, 3,
     true},
    {"TSIG in authority", W(HEAD("\1", "\0", "\1", "\0") Q TSIG), NSP_E_TSIG_PLACE, 19, 0, 2, true},
    {"bad name in NS", W(HEAD("\1", "\2", "\0", "\0") Q "\0\0\2" FIXED "\0\2\100\0" A),
     NSP_E_LABEL_TYPE, 30, 0, 1, true},
    {"pointer loop in NS", W(HEAD("\1", "\2", "\0", "\0") Q "\0\0\2" FIXED "\0\2\300\36" A),
     NSP_E_POINTER_FORWARD, 30, 0, 1, true},
    {"name past RDATA", W(HEAD("\1", "\2", "\0", "\0") Q "\0\0\2" FIXED "\0\2\3a" A),
     NSP_E_RDATA_SHORT, 30, 0, 1, true},
    {"octets after NS", W(HEAD("\1", "\2", "\0", "\0") Q "\0\0\2" FIXED "\0\2\0x" A),
     NSP_E_RDATA_TRAILING, 31, 0, 1, true},
    {"empty NS", W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\2" FIXED "\0\0"), NSP_E_RDATA_SHORT, 30, 0,
     1, true},
    {"MX of one octet", W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\17" FIXED "\0\1\0"),
     NSP_E_RDATA_SHORT, 30, 0, 1, true},
    {"MX without a name", W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\17" FIXED "\0\2\0\1"),
     NSP_E_RDATA_SHORT, 32, 0, 1, true},
    {"SOA one short",
     W(HEAD("\1", "\0", "\1", "\0") Q "\0\0\6" FIXED "\0\25\0\0"
                                      "1111222233334444555"),
     NSP_E_RDATA_SHORT, 48, 0, 2, true},
    {"SOA one over",
     W(HEAD("\1", "\0", "\1", "\0") Q "\0\0\6" FIXED "\0\27\0\0"
                                      "111122223333444455556"),
     NSP_E_RDATA_TRAILING, 52, 0, 2, true},
    {"second name of MINFO", W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\16" FIXED "\0\2\0\200"),
     NSP_E_LABEL_TYPE, 31, 0, 1, true},
};

static void fault_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const fault_case_t *c = &faults[i];
        nsp_msg_t m;
        nsp_err_t err = nsp_msg_index(&m, c->wire, c->size, arena, NSP_RR_MAX);
        const nsp_fault_t *f = &m.fault[0];
        if (err != c->err || f->err != c->err || f->offset != c->offset || f->rr != c->rr ||
            f->section != c->section || m.complete != c->complete)
            fail_msg("%s: %s at %u, rr %u, section %u, complete %d", c->name, nsp_err_name(f->err),
                     f->offset, f->rr, f->section, m.complete);
    }
}

/* A bad RDATA does not stop: the record after it is there. */
static void goes_on_after_bad_rdata(void **state)
{
    (void)state;
    const char wire[] = HEAD("\1", "\2", "\0", "\0") Q "\0\0\2" FIXED "\0\2\100\0" A;
    nsp_msg_t m;
    nsp_msg_index(&m, (const uint8_t *)wire, sizeof wire - 1, arena, NSP_RR_MAX);
    assert_int_equal(m.rr_count, 2);
    assert_int_equal(m.rr[1].type, NSP_TYPE_A);
    assert_int_equal(m.rr[1].ttl, 60);
    /* validating does not tell the same fault twice */
    assert_int_equal(nsp_msg_validate(&m), NSP_E_LABEL_TYPE);
    assert_int_equal(m.fault_count, 1);
}

static void validate_table(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *wire;
        size_t size;
        nsp_err_t err;
        uint32_t offset;
    } cases[] = {
        {W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\1" FIXED "\0\3\1\2\3"), NSP_E_RDATA_SHORT, 30},
        {W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\1" FIXED "\0\4\1\2\3\4"), NSP_OK, 0},
        {W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\1" FIXED "\0\5\1\2\3\4\5"), NSP_E_RDATA_TRAILING,
         34},
        {W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\20" FIXED "\0\3\2ab"), NSP_OK, 0},
        {W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\20" FIXED "\0\3\3ab"), NSP_E_RDATA_SHORT, 31},
        {W(HEAD("\1", "\1", "\0", "\0") Q "\0\0\20" FIXED "\0\0"), NSP_E_RDATA_SHORT, 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nsp_msg_t m;
        assert_int_equal(nsp_msg_index(&m, cases[i].wire, cases[i].size, arena, NSP_RR_MAX),
                         NSP_OK);
        assert_int_equal(nsp_msg_validate(&m), cases[i].err);
        if (cases[i].err != NSP_OK)
            assert_int_equal(m.fault[0].offset, cases[i].offset);
    }
}

/* Only in an UPDATE may a record be without RDATA (RFC 2136 2.5.2). */
static void empty_rdata_by_opcode(void **state)
{
    (void)state;
    uint8_t wire[] = HEAD("\1", "\0", "\1", "\0") Q "\0\0\2\0\377\0\0\0\0\0\0";
    for (unsigned opcode = 4; opcode <= 6; opcode++) {
        nsp_msg_t m;
        wire[2] = (uint8_t)(opcode << 3);
        nsp_msg_index(&m, wire, sizeof wire - 1, arena, NSP_RR_MAX);
        assert_int_equal(nsp_msg_validate(&m), opcode == 5 ? NSP_OK : NSP_E_RDATA_SHORT);
    }
}

static void header_fields(void **state)
{
    (void)state;
    const uint8_t wire[] = "\x12\x34\xad\xb3\0\1\0\0\0\0\0\1" Q "\0\0\51\4\320\1\0\0\0\0\0";
    nsp_msg_t m;
    nsp_name_t name;
    nsp_name_t want;
    assert_int_equal(nsp_msg_index(&m, wire, sizeof wire - 1, arena, NSP_RR_MAX), NSP_OK);
    assert_int_equal(m.id, 0x1234);
    assert_int_equal(nsp_msg_opcode(&m), 5);
    assert_int_equal(nsp_msg_rcode(&m), NSP_RCODE_NXDOMAIN + 16);
    assert_true(nsp_msg_has(&m, NSP_FLAG_QR) && nsp_msg_has(&m, NSP_FLAG_AA));
    assert_true(nsp_msg_has(&m, NSP_FLAG_RD) && nsp_msg_has(&m, NSP_FLAG_RA));
    assert_true(nsp_msg_has(&m, NSP_FLAG_AD) && nsp_msg_has(&m, NSP_FLAG_CD));
    assert_false(nsp_msg_has(&m, NSP_FLAG_TC) || nsp_msg_has(&m, NSP_FLAG_Z));
    assert_int_equal(m.qtype, 1);
    assert_int_equal(m.qclass, 1);
    assert_int_equal(m.opt, 0);
    assert_true(nsp_msg_qname(&m, &name));
    nsp_name_from_text("q.", 2, NULL, &want, NULL);
    assert_true(nsp_name_equal(&name, &want));
    assert_false(nsp_rr_owner_is(&m, &m.rr[0], &want));
    nsp_name_root(&want);
    assert_true(nsp_rr_owner_is(&m, &m.rr[0], &want));
}

static void arena_limits(void **state)
{
    (void)state;
    const char wire[] = HEAD("\1", "\1", "\1", "\1") Q A A A;
    for (uint16_t cap = 2; cap <= 4; cap++) {
        nsp_rr_t few[4];
        nsp_msg_t m;
        nsp_err_t err = nsp_msg_index(&m, (const uint8_t *)wire, sizeof wire - 1, few, cap);
        assert_int_equal(err, cap < 3 ? NSP_E_ARENA : NSP_OK);
        assert_int_equal(m.rr_count, cap < 3 ? cap : 3);
        assert_int_equal(m.first[3], 2);
        assert_int_equal(m.complete, cap >= 3);
        assert_int_equal(m.stopped, cap < 3 ? 19 + 32 : sizeof wire - 1);
    }
}

/* 65534, 65535 and 65536 octets. */
static void size_limits(void **state)
{
    (void)state;
    for (size_t size = 65534; size <= 65536; size++) {
        uint8_t *wire = calloc(1, size);
        nsp_msg_t m;
        const char head[] = HEAD("\1", "\1", "\0", "\0") Q "\0\0\12" FIXED;
        assert_non_null(wire);
        memcpy(wire, head, sizeof head - 1);
        size_t rdlength = size - 30;
        wire[28] = (uint8_t)(rdlength >> 8);
        wire[29] = (uint8_t)rdlength;
        assert_int_equal(nsp_msg_index(&m, wire, size, arena, NSP_RR_MAX),
                         size <= 65535 ? NSP_OK : NSP_E_MSG_LONG);
        assert_int_equal(m.complete, size <= 65535);
        if (m.complete)
            assert_int_equal(m.rr[0].rdlength, rdlength);
        free(wire);
    }
}

/* As many records as 65535 octets hold fit the arena that the header advises. */
static void most_records(void **state)
{
    (void)state;
    uint8_t *wire = calloc(1, 65535);
    nsp_msg_t m;
    unsigned n = (65535 - 12) / 11;
    assert_non_null(wire);
    wire[6] = (uint8_t)(n >> 8);
    wire[7] = (uint8_t)n;
    for (unsigned i = 0; i < n; i++)
        wire[12 + 11 * i + 2] = NSP_TYPE_NULL;
    assert_int_equal(nsp_msg_index(&m, wire, 65535, arena, NSP_RR_MAX), NSP_E_QDCOUNT);
    assert_true(m.complete);
    assert_int_equal(m.rr_count, n);
    free(wire);
}

static void more_faults_than_kept(void **state)
{
    (void)state;
    uint8_t wire[19 + 12 * 13] = HEAD("\1", "\14", "\0", "\0") Q;
    nsp_msg_t m;
    for (size_t i = 0; i < 12; i++) /* NS, whose name is a reserved label */
        memcpy(wire + 19 + 13 * i, "\0\0\2" FIXED "\0\2\100\0", 13);
    assert_int_equal(nsp_msg_index(&m, wire, sizeof wire, arena, NSP_RR_MAX), NSP_E_LABEL_TYPE);
    assert_int_equal(m.fault_count, 12);
    assert_int_equal(m.fault[NSP_FAULTS_KEPT - 1].rr, NSP_FAULTS_KEPT - 1);
    assert_true(m.complete);
}

/* Owners that each point at the one before: what was indexed can be read, up to the longest chain
 * that is allowed, where indexing stops. */
static void chain_of_owners(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    uint8_t wire[19 + 16 * COUNT] = "\0\7\x84\0\0\1\0\xc8\0\0\0\0" Q;
    nsp_msg_t m;
    nsp_name_t name;
    for (size_t i = 0; i < COUNT; i++) {
        size_t target = i == 0 ? 12 : 19 + 16 * (i - 1);
        uint8_t *p = wire + 19 + 16 * i;
        memcpy(p, A, 16);
        p[0] = (uint8_t)(0xc0 | target >> 8);
        p[1] = (uint8_t)target;
    }
    assert_int_equal(nsp_msg_index(&m, wire, sizeof wire, arena, NSP_RR_MAX), NSP_E_POINTER_CHAIN);
    assert_int_equal(m.rr_count, NSP_HOPS_MAX);
    assert_int_equal(m.fault[0].rr, NSP_HOPS_MAX);
    for (uint16_t i = 0; i < m.rr_count; i++) {
        nsp_rr_owner(&m, &arena[i], &name);
        assert_int_equal(name.len, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(fault_table),
        cmocka_unit_test(goes_on_after_bad_rdata),
        cmocka_unit_test(validate_table),
        cmocka_unit_test(empty_rdata_by_opcode),
        cmocka_unit_test(header_fields),
        cmocka_unit_test(arena_limits),
        cmocka_unit_test(size_limits),
        cmocka_unit_test(most_records),
        cmocka_unit_test(more_faults_than_kept),
        cmocka_unit_test(chain_of_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
