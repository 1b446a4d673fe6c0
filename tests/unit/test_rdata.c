/* RDATA, decoded field by field: what is refused and at which octet, names behind pointers, and
 * the canonical form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "placed.h"
#include "proto/nsproto.h"

#define RDATA(s) s, sizeof(s) - 1

static void faults(void **state)
{
    static const struct {
        uint16_t type;
        const char *rdata;
        size_t size;
        nsp_err_t err;
        uint32_t at; /* in the RDATA */
    } cases[] = {
        {NSP_TYPE_A, RDATA("\1\2\3\4"), NSP_OK, 0},
        {NSP_TYPE_A, RDATA("\1\2\3"), NSP_E_RDATA_SHORT, 0},
        {NSP_TYPE_A, RDATA("\1\2\3\4\5"), NSP_E_RDATA_TRAILING, 4},
        {NSP_TYPE_TXT, RDATA(""), NSP_E_RDATA_SHORT, 0},
        {NSP_TYPE_TXT, RDATA("\2ab\0"), NSP_OK, 0},
        {NSP_TYPE_TXT, RDATA("\3ab"), NSP_E_RDATA_SHORT, 1},
        {NSP_TYPE_MX, RDATA("\0\1\xc0\x0c"), NSP_OK, 0},
        {NSP_TYPE_NSEC, RDATA("\0\0\1\x40"), NSP_OK, 0},
        {NSP_TYPE_NSEC, RDATA("\0\0\0"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_NSEC, RDATA("\0\0\2\x40\0"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_NSEC, RDATA("\0\1\1\x40\1\1\x40"), NSP_E_RDATA_VALUE, 4},
        {NSP_TYPE_NSEC, RDATA("\0\1\1\x40\0\1\x40"), NSP_E_RDATA_VALUE, 4},
        {NSP_TYPE_NSEC,
         RDATA("\0\0\41"
               "aaaaaaaaaaabbbbbbbbbbbccccccccccc"),
         NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_NXT, RDATA("\0\x40"), NSP_OK, 0},
        {NSP_TYPE_NXT, RDATA("\0\xc0"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_NXT, RDATA("\0\x40\0"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_NSEC3, RDATA("\1\0\0\0\0\0"), NSP_E_RDATA_VALUE, 5},
        {NSP_TYPE_NSEC3, RDATA("\1\0\0\0\2a"), NSP_E_RDATA_SHORT, 5},
        {NSP_TYPE_CAA, RDATA("\0\5issue"), NSP_OK, 0},
        {NSP_TYPE_CAA, RDATA("\0\0"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_CAA, RDATA("\0\2a-"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_APL, RDATA("\0\1\40\4\1\2\3\4"), NSP_OK, 0},
        {NSP_TYPE_APL, RDATA("\0\1\41\4\1\2\3\4"), NSP_E_RDATA_VALUE, 0},
        {NSP_TYPE_APL, RDATA("\0\1\40\2\1\0"), NSP_E_RDATA_VALUE, 0},
        {NSP_TYPE_APL, RDATA("\0\2\200\0\0\2\201\0"), NSP_E_RDATA_VALUE, 4},
        {NSP_TYPE_LOC, RDATA("\1\0\0\0\x80\0\0\0\x80\0\0\0\0\0\0\0"), NSP_E_RDATA_VALUE, 0},
        {NSP_TYPE_LOC, RDATA("\0\x99\0\0\x80\0\0\0\x80\0\0\0\0\0\0\0"), NSP_OK, 0},
        {NSP_TYPE_LOC, RDATA("\0\x9a\0\0\x80\0\0\0\x80\0\0\0\0\0\0\0"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_LOC, RDATA("\0\0\xa0\0\x80\0\0\0\x80\0\0\0\0\0\0\0"), NSP_E_RDATA_VALUE, 2},
        {NSP_TYPE_LOC, RDATA("\0\0\0\1\x80\0\0\0\x80\0\0\0\0\0\0\0"), NSP_E_RDATA_VALUE, 3},
        /* 90 and 180 degrees are 0x134fd900 and 0x269fb200 thousandths of a second */
        {NSP_TYPE_LOC, RDATA("\0\0\0\0\x93\x4f\xd9\0\xa6\x9f\xb2\0\0\0\0\0"), NSP_OK, 0},
        {NSP_TYPE_LOC, RDATA("\0\0\0\0\x6c\xb0\x27\0\x59\x60\x4e\0\0\0\0\0"), NSP_OK, 0},
        {NSP_TYPE_LOC, RDATA("\0\0\0\0\x93\x4f\xd9\1\x80\0\0\0\0\0\0\0"), NSP_E_RDATA_VALUE, 4},
        {NSP_TYPE_LOC, RDATA("\0\0\0\0\x6c\xb0\x26\xff\x80\0\0\0\0\0\0\0"), NSP_E_RDATA_VALUE, 4},
        {NSP_TYPE_LOC, RDATA("\0\0\0\0\x80\0\0\0\xa6\x9f\xb2\1\0\0\0\0"), NSP_E_RDATA_VALUE, 8},
        {NSP_TYPE_LOC, RDATA("\0\0\0\0\x80\0\0\0\x59\x60\x4d\xff\0\0\0\0"), NSP_E_RDATA_VALUE, 8},
        {NSP_TYPE_IPSECKEY, RDATA("\1\4\0"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_IPSECKEY, RDATA("\1\3\0\xc0\x0c"), NSP_E_POINTER_FORBIDDEN, 3},
        {NSP_TYPE_AMTRELAY, RDATA("\1\4"), NSP_E_RDATA_VALUE, 1},
        {NSP_TYPE_AMTRELAY, RDATA("\1\x81\1\2\3\4"), NSP_OK, 0},
        {NSP_TYPE_A6, RDATA("\201"), NSP_E_RDATA_VALUE, 0},
        {NSP_TYPE_A6, RDATA("\200\1a\0"), NSP_OK, 0},
        {NSP_TYPE_A6, RDATA("\200\xc0\x0c"), NSP_E_POINTER_FORBIDDEN, 1},
        {NSP_TYPE_SVCB, RDATA("\0\1\0\0\3\0\2\0\1"), NSP_OK, 0},
        {NSP_TYPE_SVCB, RDATA("\0\1\0\0\3\0\1\0"), NSP_E_RDATA_VALUE, 7},
        {NSP_TYPE_SVCB, RDATA("\0\1\0\0\5\0\0"), NSP_E_RDATA_VALUE, 7},
        {NSP_TYPE_SVCB, RDATA("\0\1\0\0\3\0\2\0\1\0\3\0\2\0\1"), NSP_E_RDATA_VALUE, 9},
        {NSP_TYPE_SVCB, RDATA("\0\1\0\0\3\0\2\0\1\0\1\0\2\1a"), NSP_E_RDATA_VALUE, 9},
        {NSP_TYPE_SVCB, RDATA("\0\1\0\0\1\0\1\0"), NSP_E_RDATA_VALUE, 7},
        {NSP_TYPE_SVCB, RDATA("\0\1\0\0\0\0\4\0\3\0\3\0\3\0\2\0\1"), NSP_E_RDATA_VALUE, 7},
        {NSP_TYPE_HIP, RDATA("\0\2\0\1a"), NSP_E_RDATA_VALUE, 0},
        {NSP_TYPE_HIP, RDATA("\1\2\0\0a"), NSP_E_RDATA_VALUE, 0},
        {NSP_TYPE_SRV, RDATA("\0\1\0\1\0\1\xc0\x0c"), NSP_OK, 0}, /* tolerated: RFC 3597 4 */
        {NSP_TYPE_NS, RDATA("\xc0\x13"), NSP_E_POINTER_FORWARD, 0},
    };
    static placed_t o;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nsp_rdata_t it;
        nsp_field_t f;
        placed_make(&o, cases[i].type, cases[i].rdata, cases[i].size);
        nsp_rdata_begin(&it, &o.m, &o.rr);
        while (nsp_rdata_next(&it, &f)) {
        }
        if (it.r.err != cases[i].err ||
            (it.r.err != NSP_OK && it.r.err_at != PLACED_BEFORE + cases[i].at))
            fail_msg("case %zu, type %u: %s at %d", i, cases[i].type, nsp_err_name(it.r.err),
                     (int)it.r.err_at - (int)PLACED_BEFORE);
    }
}

/* A WKS has a bit for each port and no more (RFC 1035 3.4.2). */
static void wks_limit(void **state)
{
    static uint8_t rdata[5 + 8193];
    static placed_t o;
    static const struct {
        size_t bits;
        nsp_err_t err;
    } cases[] = {{8191, NSP_OK}, {8192, NSP_OK}, {8193, NSP_E_RDATA_VALUE}};
    (void)state;
    memset(rdata, 0xff, sizeof rdata);
    for (size_t i = 0; i < 3; i++) {
        nsp_rdata_t it;
        nsp_field_t f;
        placed_make(&o, NSP_TYPE_WKS, rdata, 5 + cases[i].bits);
        nsp_rdata_begin(&it, &o.m, &o.rr);
        while (nsp_rdata_next(&it, &f)) {
        }
        assert_int_equal(it.r.err, cases[i].err);
    }
}

static void fields_say_where_they_are(void **state)
{
    static placed_t o;
    nsp_rdata_t it;
    nsp_field_t f;
    (void)state;
    placed_make(&o, NSP_TYPE_SRV, RDATA("\0\1\0\2\0\3\xc0\x0c"));
    nsp_rdata_begin(&it, &o.m, &o.rr);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(nsp_rdata_next(&it, &f));
        assert_int_equal(f.number, i + 1);
        assert_int_equal(f.offset, PLACED_BEFORE + 2 * i);
        assert_int_equal(f.size, 2);
    }
    assert_true(nsp_rdata_next(&it, &f));
    assert_string_equal(f.desc->name, "target");
    assert_int_equal(f.size, 2);
    assert_int_equal(f.name.len, 7);
    assert_memory_equal(f.name.octets, "\2Ab\2cD", 7);
    assert_false(nsp_rdata_next(&it, &f));
    assert_int_equal(it.r.err, NSP_OK);
}

static void by_number(void **state)
{
    static placed_t o;
    nsp_name_t name;
    uint64_t n = 0;
    (void)state;
    placed_make(&o, NSP_TYPE_MX, RDATA("\0\12\xc0\x0c"));
    assert_true(nsp_rdata_number(&o.m, &o.rr, 0, &n));
    assert_int_equal(n, 10);
    assert_true(nsp_rdata_name(&o.m, &o.rr, 1, &name));
    assert_int_equal(name.len, 7);
    assert_false(nsp_rdata_name(&o.m, &o.rr, 0, &name));
    assert_false(nsp_rdata_number(&o.m, &o.rr, 1, &n));
    assert_false(nsp_rdata_number(&o.m, &o.rr, 2, &n));
    placed_make(&o, NSP_TYPE_DSYNC, RDATA("\0\73\1\0\65\0"));
    assert_true(nsp_rdata_number(&o.m, &o.rr, 1, &n));
    assert_int_equal(n, 1);
}

/* RFC 4034 6.2, without NSEC (RFC 6840 5.1). */
static void canonical(void **state)
{
    static const struct {
        uint16_t type;
        const char *rdata;
        size_t size;
        const char *expect;
        size_t expect_size;
    } cases[] = {
        {NSP_TYPE_NS, RDATA("\xc0\x0c"), RDATA("\2ab\2cd\0")},
        {NSP_TYPE_MX, RDATA("\0\101\xc0\x0c"), RDATA("\0\101\2ab\2cd\0")},
        {NSP_TYPE_SRV, RDATA("\0\1\0\2\0\3\xc0\x0c"), RDATA("\0\1\0\2\0\3\2ab\2cd\0")},
        {NSP_TYPE_DNAME, RDATA("\1A\0"), RDATA("\1a\0")},
        {NSP_TYPE_NSEC, RDATA("\1A\0\0\1\x40"), RDATA("\1A\0\0\1\x40")},
        {NSP_TYPE_SVCB, RDATA("\0\1\1A\0"), RDATA("\0\1\1A\0")},
        {NSP_TYPE_LP, RDATA("\0\1\1A\0"), RDATA("\0\1\1A\0")},
        {NSP_TYPE_HINFO, RDATA("\1A\1B"), RDATA("\1A\1B")},
        {NSP_TYPE_TXT, RDATA("\1A"), RDATA("\1A")},
        {NSP_TYPE_A6, RDATA("\170\101\1A\0"), RDATA("\170\101\1a\0")},
        {NSP_TYPE_A6, RDATA("\200\1A\1B\0"), RDATA("\200\1a\1b\0")},
        {NSP_TYPE_A6, RDATA("\0ABCDEFGHIJKLMNOP"), RDATA("\0ABCDEFGHIJKLMNOP")},
        {65280, RDATA("AbC"), RDATA("AbC")},
        {65280, RDATA(""), RDATA("")},
    };
    static placed_t o;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t buf[64];
        nsp_err_t err = NSP_E_SHORT;
        placed_make(&o, cases[i].type, cases[i].rdata, cases[i].size);
        size_t n = nsp_rdata_canonical(&o.m, &o.rr, buf, sizeof buf, &err);
        if (err != NSP_OK || n != cases[i].expect_size || memcmp(buf, cases[i].expect, n) != 0)
            fail_msg("case %zu, type %u: %s, %zu octets", i, cases[i].type, nsp_err_name(err), n);
    }
}

static void canonical_space(void **state)
{
    static placed_t o;
    uint8_t buf[8];
    nsp_err_t err;
    (void)state;
    placed_make(&o, NSP_TYPE_NS, RDATA("\xc0\x0c"));
    assert_int_equal(nsp_rdata_canonical(&o.m, &o.rr, buf, 6, &err), 0);
    assert_int_equal(err, NSP_E_SPACE);
    assert_int_equal(nsp_rdata_canonical(&o.m, &o.rr, buf, 7, &err), 7);
    assert_int_equal(err, NSP_OK);
    placed_make(&o, NSP_TYPE_A, RDATA("\1\2"));
    assert_int_equal(nsp_rdata_canonical(&o.m, &o.rr, buf, 8, &err), 0);
    assert_int_equal(err, NSP_E_RDATA_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults),    cmocka_unit_test(wks_limit),
        cmocka_unit_test(by_number), cmocka_unit_test(fields_say_where_they_are),
        cmocka_unit_test(canonical), cmocka_unit_test(canonical_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
