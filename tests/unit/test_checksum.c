/* The Internet checksum against its definition, at every size and alignment. */
#include "exchange/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 1071 1: 16 bits at a time, carries added back. */
static uint16_t by_definition(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void test_sizes(void **state)
{
    static uint8_t octets[400];
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        uint32_t seed = 1;
        for (size_t i = 0; i < sizeof octets; i++) {
            seed = seed * 1664525 + 1013904223;
            octets[i] = kind == 0 ? (uint8_t)(seed >> 24) : kind == 1 ? 0xff : 0;
        }
        for (size_t at = 0; at < 9; at++) {
            for (size_t n = 0; n < 200; n++) {
                uint8_t *exact = malloc(n > 0 ? n : 1);
                assert_non_null(exact);
                memcpy(exact, octets + at, n);
                assert_int_equal(checksum_fold(checksum_sum(exact, n)), by_definition(exact, n));
                free(exact);
            }
        }
    }
}

/* A sum of parts is the sum of the whole; a number is as if it stood there. */
static void test_parts(void **state)
{
    uint8_t octets[64];
    (void)state;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 37 + 11);
    for (size_t n = 0; n <= sizeof octets; n += 2) {
        uint64_t sum =
            checksum_join(checksum_sum(octets, n), checksum_sum(octets + n, sizeof octets - n));
        assert_int_equal(checksum_fold(sum), by_definition(octets, sizeof octets));
    }
    octets[0] = 0x12;
    octets[1] = 0x34;
    assert_int_equal(checksum_fold(checksum_number(checksum_sum(octets + 2, 62), 0x1234)),
                     by_definition(octets, sizeof octets));
    assert_int_equal(checksum_fold(checksum_join(UINT64_MAX, UINT64_MAX)), 0xffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
