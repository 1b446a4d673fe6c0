/* RDATA made at random has no fault, whatever the type; the same seed gives the same octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/generate.h"
#include "proto/nsproto.h"

/* One record of the root with that RDATA as a message. */
static size_t message_of(uint16_t type, const uint8_t *rdata, size_t n, uint8_t *buf, size_t cap)
{
    nsp_writer_t w = nsp_writer(buf, cap);
    bool additional = type == NSP_TYPE_OPT || type == NSP_TYPE_TSIG;
    nsp_write_u16(&w, 1);
    nsp_write_u16(&w, NSP_FLAG_QR);
    nsp_write_u16(&w, 1);
    nsp_write_u16(&w, additional ? 0 : 1);
    nsp_write_u16(&w, 0);
    nsp_write_u16(&w, additional ? 1 : 0);
    nsp_write_u8(&w, 0);
    nsp_write_u16(&w, type);
    nsp_write_u16(&w, NSP_CLASS_IN);
    nsp_write_u8(&w, 0);
    nsp_write_u16(&w, type);
    nsp_write_u16(&w, type == NSP_TYPE_TSIG ? NSP_CLASS_ANY : NSP_CLASS_IN);
    nsp_write_u32(&w, 0);
    nsp_write_u16(&w, (uint16_t)n);
    nsp_write_bytes(&w, rdata, (uint32_t)n);
    assert_int_equal(w.err, NSP_OK);
    return w.pos;
}

static void sound(uint16_t type, uint64_t seed)
{
    static uint8_t rdata[2048];
    static uint8_t buf[4096];
    nsp_rr_t arena[4];
    nsp_msg_t m;
    nsp_random_t r = {seed};
    size_t n = nsp_rdata_generate(type, &r, rdata, sizeof rdata);
    size_t size = message_of(type, rdata, n, buf, sizeof buf);
    nsp_err_t err = nsp_msg_index(&m, buf, size, arena, 4);
    if (err == NSP_OK)
        err = nsp_msg_validate(&m);
    if (err != NSP_OK)
        fail_msg("type %u, seed %llu: %s at %u of %zu", type, (unsigned long long)seed,
                 nsp_err_text(err), m.fault[0].offset, size);
}

static void test_all_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsp_rrtype_count(); i++)
        for (uint64_t seed = 0; seed < 400; seed++)
            sound(nsp_rrtype_at(i)->number, seed * 7919 + i);
    for (uint64_t seed = 0; seed < 100; seed++)
        sound(65280, seed);
}

static void test_same_seed(void **state)
{
    uint8_t a[2048];
    uint8_t b[2048];
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        nsp_random_t ra = {seed};
        nsp_random_t rb = {seed};
        size_t na = nsp_rdata_generate(NSP_TYPE_SVCB, &ra, a, sizeof a);
        size_t nb = nsp_rdata_generate(NSP_TYPE_SVCB, &rb, b, sizeof b);
        assert_int_equal(na, nb);
        assert_memory_equal(a, b, na);
    }
}

static void test_small_room(void **state)
{
    uint8_t buf[64];
    (void)state;
    for (size_t cap = 0; cap < sizeof buf; cap++) {
        nsp_random_t r = {cap};
        memset(buf, 0xee, sizeof buf);
        assert_in_range(nsp_rdata_generate(NSP_TYPE_HIP, &r, buf, cap), 0, cap);
        for (size_t i = cap; i < sizeof buf; i++)
            assert_int_equal(buf[i], 0xee);
    }
}

static void test_names(void **state)
{
    bool longest = false;
    nsp_random_t r = {3};
    (void)state;
    for (int i = 0; i < 2000; i++) {
        nsp_name_t name;
        nsp_name_t again;
        nsp_name_generate(&r, &name);
        nsp_reader_t rd = nsp_reader(name.octets, name.len);
        assert_int_equal(nsp_name_read(&rd, NSP_NAME_UNCOMPRESSED, &again), NSP_OK);
        assert_int_equal(again.len, name.len);
        longest = longest || name.len == NSP_NAME_MAX;
    }
    assert_true(longest);
    assert_int_equal(nsp_random_below(&r, 0), 0);
    assert_int_equal(nsp_random_below(&r, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_types),
        cmocka_unit_test(test_same_seed),
        cmocka_unit_test(test_small_room),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("generate", tests, NULL, NULL);
}
