/* The cursor: limits, the sticky error, sub-readers. */
#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

static void read_integers(void **state)
{
    (void)state;
    const uint8_t in[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                          0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa};
    nsp_reader_t r = nsp_reader(in, sizeof in);
    assert_int_equal(nsp_read_u8(&r), 0x01);
    assert_int_equal(nsp_read_u16(&r), 0x0203);
    assert_int_equal(nsp_read_u32(&r), 0x04050607);
    assert_true(nsp_read_u48(&r) == 0xfffefdfcfbfau);
    assert_int_equal(r.err, NSP_OK);
    assert_int_equal(nsp_left(&r), 0);
}

/* Reading n octets from n-1, n and n+1. */
static void read_limits(void **state)
{
    (void)state;
    const uint8_t in[8] = {0};
    for (uint32_t n = 1; n < 8; n++) {
        for (uint32_t have = n - 1; have <= n + 1; have++) {
            nsp_reader_t r = nsp_reader(in, have);
            assert_int_equal(nsp_read_bytes(&r, n) != NULL, have >= n);
            assert_int_equal(r.err, have >= n ? NSP_OK : NSP_E_SHORT);
            assert_int_equal(r.pos, have >= n ? n : 0);
        }
    }
}

static void read_error_sticks(void **state)
{
    (void)state;
    const uint8_t in[] = {1, 2, 3};
    nsp_reader_t r = nsp_reader(in, sizeof in);
    assert_int_equal(nsp_read_u16(&r), 0x0102);
    assert_int_equal(nsp_read_u16(&r), 0);
    assert_int_equal(r.err, NSP_E_SHORT);
    assert_int_equal(r.err_at, 2);
    /* one octet is left, but nothing is read any more and the first error stays */
    assert_int_equal(nsp_read_u8(&r), 0);
    nsp_read_fail(&r, NSP_E_RDATA_VALUE);
    assert_int_equal(r.err, NSP_E_SHORT);
    assert_int_equal(r.err_at, 2);
}

static void sub_reader(void **state)
{
    (void)state;
    const uint8_t in[] = {0, 1, 2, 3, 4, 5};
    nsp_reader_t r = nsp_reader(in, sizeof in);
    nsp_read_u8(&r);
    nsp_reader_t sub = nsp_read_sub(&r, 3);
    assert_int_equal(r.pos, 4);
    assert_int_equal(nsp_left(&sub), 3);
    assert_int_equal(sub.size, sizeof in);
    assert_int_equal(nsp_read_u16(&sub), 0x0102);
    assert_int_equal(nsp_read_u16(&sub), 0);
    assert_int_equal(sub.err_at, 3); /* counted from the message, not from the sub-reader */
    assert_int_equal(r.err, NSP_OK);
    sub = nsp_read_sub(&r, 3);
    assert_int_equal(sub.err, NSP_E_SHORT);
    assert_int_equal(nsp_left(&sub), 0);
    assert_int_equal(r.err, NSP_E_SHORT);
    sub = nsp_read_sub(&r, 0);
    assert_int_equal(sub.err, NSP_E_SHORT);
}

static void sub_reader_of_nothing(void **state)
{
    (void)state;
    const uint8_t in[] = {7};
    nsp_reader_t r = nsp_reader(in, sizeof in);
    nsp_read_u8(&r);
    nsp_reader_t sub = nsp_read_sub(&r, 0);
    assert_int_equal(sub.err, NSP_OK);
    assert_int_equal(nsp_left(&sub), 0);
    assert_int_equal(r.err, NSP_OK);
}

static void write_integers(void **state)
{
    (void)state;
    uint8_t out[15];
    const uint8_t want[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                            0x09, 0x0a, 0x0b, 0x0c, 0x0d, 'a',  'b'};
    nsp_writer_t w = nsp_writer(out, sizeof out);
    nsp_write_u8(&w, 0x01);
    nsp_write_u16(&w, 0x0203);
    nsp_write_u32(&w, 0x04050607);
    nsp_write_u48(&w, 0x08090a0b0c0du);
    nsp_write_bytes(&w, "ab", 2);
    assert_int_equal(w.err, NSP_OK);
    assert_int_equal(w.pos, sizeof want);
    assert_memory_equal(out, want, sizeof want);
    nsp_write_u8(&w, 1);
    assert_int_equal(w.err, NSP_E_SPACE);
    assert_int_equal(w.err_at, sizeof want);
}

static void write_error_sticks(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    nsp_writer_t w = nsp_writer(out, 3);
    nsp_write_u16(&w, 0x0101);
    nsp_write_u16(&w, 0x0202);
    nsp_write_u8(&w, 3); /* would fit */
    nsp_patch_u16(&w, 0, 0x0505);
    assert_int_equal(w.err, NSP_E_SPACE);
    assert_int_equal(w.pos, 2);
    assert_memory_equal(out, "\1\1\x9\x9", 4);
}

static void patch_limits(void **state)
{
    (void)state;
    static const struct {
        uint32_t at;
        nsp_err_t err;
    } cases[] = {{0, NSP_OK},
                 {1, NSP_OK},
                 {2, NSP_OK},
                 {3, NSP_E_SPACE},
                 {4, NSP_E_SPACE},
                 {5, NSP_E_SPACE},
                 {UINT32_MAX, NSP_E_SPACE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[8] = {0};
        nsp_writer_t w = nsp_writer(out, sizeof out);
        nsp_write_u32(&w, 0);
        nsp_patch_u16(&w, cases[i].at, 0x1234);
        assert_int_equal(w.err, cases[i].err);
        assert_int_equal(w.pos, 4);
        if (cases[i].err == NSP_OK)
            assert_memory_equal(out + cases[i].at, "\x12\x34", 2);
    }
}

static void empty_write(void **state)
{
    (void)state;
    nsp_writer_t w = nsp_writer(NULL, 0);
    nsp_write_bytes(&w, NULL, 0);
    assert_int_equal(w.err, NSP_OK);
    nsp_write_u8(&w, 0);
    assert_int_equal(w.err, NSP_E_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_integers),         cmocka_unit_test(read_limits),
        cmocka_unit_test(read_error_sticks),     cmocka_unit_test(sub_reader),
        cmocka_unit_test(sub_reader_of_nothing), cmocka_unit_test(write_integers),
        cmocka_unit_test(write_error_sticks),    cmocka_unit_test(patch_limits),
        cmocka_unit_test(empty_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
