/* EDNS: the OPT record, its options, and the registries' names. */
#include "proto/edns.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/encode.h"

static nsp_rr_t arena[16];

#define W(s) (const uint8_t *)(s), sizeof(s) - 1
#define HEAD "\0\7\200\0\0\1\0\0\0\0\0\1\0\0\1\0\1" /* question for the root, 17 octets */
#define OPT  "\0\0\51\4\320\1\2\201\3"              /* up to RDLENGTH */

static void fixed_part(void **state)
{
    (void)state;
    const char wire[] = HEAD OPT "\0\0";
    nsp_msg_t m;
    nsp_edns_t e;
    nsp_err_t err = NSP_E_SHORT;
    assert_int_equal(nsp_msg_index(&m, W(wire), arena, 16), NSP_OK);
    assert_true(nsp_edns_read(&m, &e, &err));
    assert_int_equal(err, NSP_OK);
    assert_int_equal(e.udp_size, 1232);
    assert_int_equal(e.ext_rcode, 1);
    assert_int_equal(e.version, 2);
    assert_int_equal(e.flags, 0x8103);
    assert_true((e.flags & NSP_EDNS_DO) != 0);
    assert_int_equal(e.option_count, 0);
    assert_int_equal(nsp_msg_rcode(&m), NSP_RCODE_BADVERS);
}

static void no_opt(void **state)
{
    (void)state;
    const char wire[] = "\0\7\200\0\0\1\0\0\0\0\0\0\0\0\1\0\1";
    nsp_msg_t m;
    nsp_edns_t e;
    nsp_err_t err = NSP_E_SHORT;
    assert_int_equal(nsp_msg_index(&m, W(wire), arena, 16), NSP_OK);
    assert_false(nsp_edns_read(&m, &e, &err));
    assert_int_equal(err, NSP_OK);
    assert_false(nsp_edns_read(&m, &e, NULL));
}

typedef struct option_case {
    const char *name;
    const uint8_t *wire;
    size_t size;
    nsp_err_t err;
    uint16_t count;
} option_case_t;

static const option_case_t option_cases[] = {
    {"empty option", W(HEAD OPT "\0\4\0\3\0\0"), NSP_OK, 1},
    {"two options", W(HEAD OPT "\0\13\0\3\0\1x\0\12\0\2yz"), NSP_OK, 2},
    {"one octet", W(HEAD OPT "\0\1\0"), NSP_E_OPT_OPTION, 0},
    {"code without length", W(HEAD OPT "\0\3\0\3\0"), NSP_E_OPT_OPTION, 0},
    {"one octet short", W(HEAD OPT "\0\5\0\3\0\2x"), NSP_E_OPT_OPTION, 0},
    {"second is broken", W(HEAD OPT "\0\12\0\3\0\1x\0\12\0\2y"), NSP_E_OPT_OPTION, 1},
    {"longest length", W(HEAD OPT "\0\4\0\3\377\377"), NSP_E_OPT_OPTION, 0},
};

static void option_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof option_cases / sizeof option_cases[0]; i++) {
        const option_case_t *c = &option_cases[i];
        nsp_msg_t m;
        nsp_edns_t e;
        nsp_err_t err = NSP_E_SHORT;
        assert_int_equal(nsp_msg_index(&m, c->wire, c->size, arena, 16), NSP_OK);
        assert_true(nsp_edns_read(&m, &e, &err));
        if (err != c->err || e.option_count != c->count)
            fail_msg("%s: %s, %u options", c->name, nsp_err_name(err), e.option_count);
        assert_int_equal(nsp_msg_validate(&m), c->err);
        if (c->count > 0) {
            const nsp_edns_option_t *o = nsp_edns_find(&e, NSP_OPTION_NSID);
            assert_ptr_equal(o, &e.option[0]);
            assert_in_range(o->data - c->wire, 30, c->size);
        }
        assert_null(nsp_edns_find(&e, NSP_OPTION_PADDING));
    }
}

/* 31, 32 and 33 options: the last is counted, but not kept. */
static void most_options(void **state)
{
    (void)state;
    for (uint16_t n = NSP_OPTIONS_MAX - 1; n <= NSP_OPTIONS_MAX + 1; n++) {
        uint8_t wire[300] = HEAD OPT;
        nsp_msg_t m;
        nsp_edns_t e;
        size_t at = sizeof(HEAD OPT) - 1;
        wire[at + 1] = (uint8_t)(4 * n);
        for (uint16_t i = 0; i < n; i++)
            wire[at + 2 + 4 * (size_t)i + 1] = (uint8_t)(100 + i);
        assert_int_equal(nsp_msg_index(&m, wire, at + 2 + 4 * (size_t)n, arena, 16), NSP_OK);
        assert_true(nsp_edns_read(&m, &e, NULL));
        assert_int_equal(e.option_count, n < NSP_OPTIONS_MAX ? n : NSP_OPTIONS_MAX);
        assert_int_equal(e.option_lost, n > NSP_OPTIONS_MAX ? n - NSP_OPTIONS_MAX : 0);
        assert_int_equal(e.option[n < 32 ? n - 1 : 31].code, n < 32 ? 100 + n - 1 : 131);
    }
}

/* What is built is what is read. */
static void built_and_read(void **state)
{
    (void)state;
    uint8_t buf[128];
    nsp_name_t root;
    nsp_msg_t m;
    nsp_edns_t out;
    size_t size = 0;
    nsp_edns_t in = {.udp_size = 4096, .ext_rcode = 3, .version = 1, .flags = 0x8001};
    nsp_name_root(&root);
    in.option_count = 2;
    in.option[0] = (nsp_edns_option_t){NSP_OPTION_COOKIE, 8, (const uint8_t *)"12345678"};
    in.option[1] = (nsp_edns_option_t){NSP_OPTION_PADDING, 0, NULL};
    assert_int_equal(nsp_build_query(buf, sizeof buf, 1, 0, &root, 1, 1, &in, &size), NSP_OK);
    assert_int_equal(nsp_msg_index(&m, buf, size, arena, 16), NSP_OK);
    assert_true(nsp_edns_read(&m, &out, NULL));
    assert_int_equal(out.udp_size, in.udp_size);
    assert_int_equal(out.ext_rcode, in.ext_rcode);
    assert_int_equal(out.version, in.version);
    assert_int_equal(out.flags, in.flags);
    assert_int_equal(out.option_count, 2);
    assert_int_equal(out.option[0].size, 8);
    assert_memory_equal(out.option[0].data, "12345678", 8);
    assert_int_equal(out.option[1].code, NSP_OPTION_PADDING);
}

static void subnet_table(void **state)
{
    (void)state;
    static const struct {
        unsigned family;
        unsigned prefix;
        size_t size;
        const char *data;
    } cases[] = {
        {4, 0, 4, "\0\1\0\0"},
        {4, 1, 5, "\0\1\1\0\200"},
        {4, 23, 7, "\0\1\27\0\377\376\374"},
        {4, 24, 7, "\0\1\30\0\377\376\375"},
        {4, 25, 8, "\0\1\31\0\377\376\375\200"},
        {4, 32, 8, "\0\1\40\0\377\376\375\374"},
        {4, 33, 0, ""},
        {6, 56, 11, "\0\2\70\0\377\376\375\374\373\372\371"},
        {6, 127, 20, "\0\2\177\0\377\376\375\374\373\372\371\370\367\366\365\364\363\362\361\360"},
        {6, 128, 20, "\0\2\200\0\377\376\375\374\373\372\371\370\367\366\365\364\363\362\361\361"},
        {6, 129, 0, ""},
        {0, 8, 0, ""},
        {5, 8, 0, ""},
    };
    const uint8_t address[16] = {0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8,
                                 0xf7, 0xf6, 0xf5, 0xf4, 0xf3, 0xf2, 0xf1, 0xf1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[20];
        assert_int_equal(nsp_ecs_data(cases[i].family, address, cases[i].prefix, out),
                         cases[i].size);
        assert_memory_equal(out, cases[i].data, cases[i].size);
    }
}

static void registry_names(void **state)
{
    (void)state;
    char buf[16];
    assert_string_equal(nsp_option_text(NSP_OPTION_NSID, buf), "NSID");
    assert_string_equal(nsp_option_text(NSP_OPTION_ECS, buf), "CLIENT-SUBNET");
    assert_string_equal(nsp_option_text(NSP_OPTION_ZONEVERSION, buf), "ZONEVERSION");
    assert_string_equal(nsp_option_text(4, buf), "OPT4");
    assert_string_equal(nsp_option_text(65535, buf), "OPT65535");
    assert_string_equal(nsp_ede_text(0), "Other");
    assert_string_equal(nsp_ede_text(3), "Stale Answer");
    assert_string_equal(nsp_ede_text(18), "Prohibited");
    assert_string_equal(nsp_ede_text(22), "No Reachable Authority");
    assert_string_equal(nsp_ede_text(24), "Invalid Data");
    assert_string_equal(nsp_ede_text(29), "Synthesized");
    assert_string_equal(nsp_ede_text(30), "Invalid Query Type");
    assert_string_equal(nsp_ede_text(65535), "");
}

static void error_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NSP_ERR_COUNT; i++) {
        assert_true(nsp_err_text((nsp_err_t)i)[0] != '\0');
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(nsp_err_name((nsp_err_t)i), nsp_err_name((nsp_err_t)k));
    }
    assert_string_equal(nsp_err_name(NSP_ERR_COUNT), "unknown");
    assert_string_equal(nsp_err_text(NSP_ERR_COUNT), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_part),     cmocka_unit_test(no_opt),
        cmocka_unit_test(option_table),   cmocka_unit_test(most_options),
        cmocka_unit_test(built_and_read), cmocka_unit_test(subnet_table),
        cmocka_unit_test(registry_names), cmocka_unit_test(error_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
