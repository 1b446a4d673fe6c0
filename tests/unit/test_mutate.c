/* Structured mutation: stays in its room, is reproducible, does each kind of change, and leaves a
 * good share of messages that still can be indexed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/mutate.h"
#include "proto/nsproto.h"

/* A reply with a question, an address, name servers and an OPT. */
static size_t reply(uint8_t *buf, size_t cap)
{
    static const uint8_t a[4] = {192, 0, 2, 1};
    nsp_builder_t b;
    nsp_name_t name;
    size_t size = 0;
    nsp_edns_t edns = {.udp_size = 1232};
    nsp_name_from_text("www.example.net.", 16, NULL, &name, NULL);
    nsp_build_begin(&b, buf, cap, 0x1234, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, &name, NSP_TYPE_A, NSP_CLASS_IN);
    assert_true(nsp_build_rr(&b, NSP_ANSWER, &name, NSP_TYPE_A, NSP_CLASS_IN, 60, a, sizeof a));
    assert_true(nsp_build_rr(&b, NSP_AUTHORITY, &name, NSP_TYPE_NS, NSP_CLASS_IN, 60, name.octets,
                             name.len));
    assert_true(nsp_build_opt(&b, &edns));
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    return size;
}

static void test_kinds(void **state)
{
    static uint8_t buf[8192];
    static nsp_rr_t arena[NSP_RR_MAX];
    unsigned seen[NSP_MUTATION_COUNT] = {0};
    unsigned sound = 0;
    unsigned same = 0;
    uint8_t before[512];
    size_t n = reply(before, sizeof before);
    (void)state;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        nsp_msg_t m;
        nsp_random_t r = {seed};
        size_t size = n;
        memcpy(buf, before, n);
        seen[nsp_mutate(buf, &size, sizeof buf, &r)]++;
        assert_in_range(size, 0, sizeof buf);
        sound += nsp_msg_index(&m, buf, size, arena, NSP_RR_MAX) == NSP_OK;
        same += size == n && memcmp(buf, before, n) == 0;
    }
    for (unsigned i = 0; i < NSP_MUTATION_COUNT; i++)
        assert_true(seen[i] > 0);
    assert_in_range(sound, 1000, 3600);
    assert_in_range(same, 0, 200);
}

static void test_room(void **state)
{
    uint8_t buf[300];
    (void)state;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        nsp_random_t r = {seed};
        size_t size = reply(buf, sizeof buf);
        size_t cap = size + seed % 40;
        memset(buf + cap, 0xee, sizeof buf - cap);
        for (int i = 0; i < 8; i++) {
            nsp_mutate(buf, &size, cap, &r);
            assert_in_range(size, 0, cap);
        }
        for (size_t i = cap; i < sizeof buf; i++)
            assert_int_equal(buf[i], 0xee);
    }
}

static void test_reproducible(void **state)
{
    static uint8_t a[4096];
    static uint8_t b[4096];
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        nsp_random_t ra = {seed};
        nsp_random_t rb = {seed};
        size_t na = reply(a, sizeof a);
        size_t nb = reply(b, sizeof b);
        for (int i = 0; i < 20; i++)
            assert_int_equal(nsp_mutate(a, &na, sizeof a, &ra), nsp_mutate(b, &nb, sizeof b, &rb));
        assert_int_equal(na, nb);
        assert_memory_equal(a, b, na);
    }
}

/* Less than a header, and rooms that hold nothing. */
static void test_short(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 16; cap++) {
        for (size_t n = 0; n <= cap; n++) {
            uint8_t buf[16] = {0};
            nsp_random_t r = {cap * 31 + n};
            size_t size = n;
            nsp_mutate(buf, &size, cap, &r);
            assert_in_range(size, 0, cap);
        }
    }
    assert_string_equal(nsp_mutation_name(NSP_MUTATION_COUNT), "");
    assert_string_equal(nsp_mutation_name(NSP_MUTATION_RETYPE), "retype");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_short),
    };
    return cmocka_run_group_tests_name("mutate", tests, NULL, NULL);
}
