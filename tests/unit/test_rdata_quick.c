/* The quick way over RDATA says yes to nothing that does not decode, and to what is common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "placed.h"
#include "proto/nsproto.h"
#include "proto/rdata_quick.h"

#define ROUNDS 20000

static bool decodes(const placed_t *o)
{
    nsp_rdata_t it;
    nsp_field_t field;
    nsp_rdata_begin(&it, &o->m, &o->rr);
    while (nsp_rdata_next(&it, &field)) {
    }
    return it.r.err == NSP_OK;
}

static bool is_quick(const placed_t *o)
{
    return nsp_rdata_quick(o->wire, o->rr.type, PLACED_BEFORE,
                           PLACED_BEFORE + (uint32_t)o->rr.rdlength);
}

static const struct {
    uint16_t type;
    const char *rdata;
    size_t size;
} common[] = {
#define ROW(t, s)                                                                                  \
    {                                                                                              \
        NSP_TYPE_##t, s, sizeof(s) - 1                                                             \
    }
    ROW(A, "\1\2\3\4"),
    ROW(AAAA, "0123456789abcdef"),
    ROW(TXT, "\3abc"),
    ROW(TXT, "\3abc\0\1x"),
    ROW(OPT, ""),
    ROW(OPT, "\0\3\0\2ab\0\12\0\0"),
    ROW(DS, "\0\1\10\2digest"),
    ROW(CDS, "\0\1\10\2digest"),
    ROW(DNSKEY, "\1\0\3\10key"),
    ROW(CDNSKEY, "\1\0\3\10key"),
    ROW(RRSIG, "\0\1\10\2\0\0\0\1\0\0\0\1\0\0\0\1\0\1\2ab\0sig"),
    ROW(NSEC, "\2ab\0\0\1\x40"),
    ROW(NSEC3, "\1\0\0\1\2ab\2cd\0\1\x40"),
    ROW(NSEC3, "\1\0\0\1\0\2cd"),
};

#define COMMON (sizeof common / sizeof common[0])

static void takes_what_is_common(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMON; i++) {
        placed_t o;
        placed_make(&o, common[i].type, common[i].rdata, common[i].size);
        assert_true(decodes(&o));
        assert_true(is_quick(&o));
    }
}

static void leaves_other_types_alone(void **state)
{
    (void)state;
    placed_t o;
    placed_make(&o, NSP_TYPE_CAA, "\0\5issuea", 8);
    assert_true(decodes(&o));
    assert_false(is_quick(&o));
    /* its name may be compressed */
    placed_make(&o, NSP_TYPE_NS, "\xc0\x0c", 2);
    assert_true(decodes(&o));
    assert_false(is_quick(&o));
}

/* Every prefix, one octet more, and every octet changed in many ways. */
static void never_says_yes_to_what_does_not_decode(void **state)
{
    (void)state;
    uint32_t seed = 1;
    size_t yes = 0;
    for (size_t i = 0; i < COMMON; i++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            uint8_t rdata[64] = {0};
            placed_t o;
            memcpy(rdata, common[i].rdata, common[i].size);
            size_t n = round % (common[i].size + 2);
            for (unsigned k = 0; k < 1 + round % 3 && round > common[i].size + 2; k++) {
                seed = seed * 1664525u + 1013904223u;
                rdata[seed % (common[i].size + 1)] =
                    (uint8_t)((seed >> 16) % (round % 2 ? 256 : 8));
            }
            placed_make(&o, common[i].type, rdata, n);
            bool quick = is_quick(&o);
            yes += quick;
            assert_true(!quick || decodes(&o));
        }
    }
    assert_true(yes > COMMON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_common),
        cmocka_unit_test(leaves_other_types_alone),
        cmocka_unit_test(never_says_yes_to_what_does_not_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
