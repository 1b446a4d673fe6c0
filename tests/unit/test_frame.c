/* TCP framing (RFC 7766 8). */
#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void peek_table(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        nsp_frame_state_t state;
        uint16_t claimed;
    } cases[] = {
        {"", 0, NSP_FRAME_MORE, 0},
        {"\0", 1, NSP_FRAME_MORE, 0},
        {"\0\0", 2, NSP_FRAME_READY, 0},
        {"\0\1", 2, NSP_FRAME_MORE, 1},
        {"\0\1x", 3, NSP_FRAME_READY, 1},
        {"\0\2x", 3, NSP_FRAME_MORE, 2},
        {"\0\2xy\0\7", 6, NSP_FRAME_READY, 2},
        {"\xff\xff", 2, NSP_FRAME_MORE, 65535},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t n = 99;
        assert_int_equal(nsp_frame_peek((const uint8_t *)cases[i].bytes, cases[i].size, &n),
                         cases[i].state);
        assert_int_equal(n, cases[i].claimed);
    }
}

/* The longest message: one octet less, exactly, one octet more. */
static void peek_longest(void **state)
{
    (void)state;
    for (size_t size = 65535 + 1; size <= 65535 + 3; size++) {
        uint8_t *bytes = calloc(1, size);
        uint16_t n = 0;
        assert_non_null(bytes);
        bytes[0] = 0xff;
        bytes[1] = 0xff;
        assert_int_equal(nsp_frame_peek(bytes, size, &n),
                         size < 65537 ? NSP_FRAME_MORE : NSP_FRAME_READY);
        assert_int_equal(n, 65535);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peek_table),
        cmocka_unit_test(peek_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
