/* The table of RR types, and the registries' mnemonics both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "proto/nsproto.h"

static void table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsp_rrtype_count(); i++) {
        const nsp_rrtype_t *t = nsp_rrtype_at(i);
        char buf[16];
        uint16_t back = 0;
        if (i > 0)
            assert_true(nsp_rrtype_at(i - 1)->number < t->number);
        assert_ptr_equal(nsp_rrtype_get(t->number), t);
        assert_string_equal(nsp_type_text(t->number, buf), t->mnemonic);
        assert_int_equal(nsp_type_from_text(t->mnemonic, strlen(t->mnemonic), &back), NSP_OK);
        assert_int_equal(back, t->number);
        assert_true(t->fields[0].kind != NSP_F_END);
        assert_int_equal(t->fields[NSP_FIELDS_MAX - 1].kind, NSP_F_END);
        for (int k = 0; t->fields[k].kind != NSP_F_END; k++)
            for (int j = 0; j < k; j++) /* names are keys of a JSON object */
                assert_string_not_equal(t->fields[k].name, t->fields[j].name);
    }
}

/* RFC 3597 4: only the types of RFC 1035 may be written with compressed names. */
static void compression_is_for_rfc_1035(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsp_rrtype_count(); i++) {
        const nsp_rrtype_t *t = nsp_rrtype_at(i);
        for (int k = 0; t->fields[k].kind != NSP_F_END; k++)
            if (t->fields[k].kind == NSP_F_NAME)
                assert_true(t->number <= NSP_TYPE_TXT);
    }
}

typedef nsp_err_t (*from_text_t)(const char *text, size_t len, uint16_t *out);

static nsp_err_t opcode(const char *text, size_t len, uint16_t *out)
{
    uint8_t v = 0;
    nsp_err_t err = nsp_opcode_from_text(text, len, &v);
    *out = v;
    return err;
}

static nsp_err_t algorithm(const char *text, size_t len, uint16_t *out)
{
    uint8_t v = 0;
    nsp_err_t err = nsp_algorithm_from_text(text, len, &v);
    *out = v;
    return err;
}

static void read_mnemonics(void **state)
{
    static const struct {
        from_text_t read;
        const char *text;
        nsp_err_t err;
        uint16_t number;
    } cases[] = {
        {nsp_type_from_text, "aaaa", NSP_OK, 28},
        {nsp_type_from_text, "Nsap-Ptr", NSP_OK, 23},
        {nsp_type_from_text, "TYPE1", NSP_OK, 1},
        {nsp_type_from_text, "type65535", NSP_OK, 65535},
        {nsp_type_from_text, "TYPE65536", NSP_E_TEXT_TYPE, 0},
        {nsp_type_from_text, "TYPE000001", NSP_E_TEXT_TYPE, 0},
        {nsp_type_from_text, "TYPE", NSP_E_TEXT_TYPE, 0},
        {nsp_type_from_text, "TYPE-1", NSP_E_TEXT_TYPE, 0},
        {nsp_type_from_text, "AAAAA", NSP_E_TEXT_TYPE, 0},
        {nsp_type_from_text, "", NSP_E_TEXT_TYPE, 0},
        {nsp_class_from_text, "in", NSP_OK, 1},
        {nsp_class_from_text, "CH", NSP_OK, 3},
        {nsp_class_from_text, "CLASS32", NSP_OK, 32},
        {nsp_class_from_text, "CLASS65536", NSP_E_TEXT_CLASS, 0},
        {nsp_class_from_text, "I", NSP_E_TEXT_CLASS, 0},
        {nsp_rcode_from_text, "NxDomain", NSP_OK, 3},
        {nsp_rcode_from_text, "BADCOOKIE", NSP_OK, 23},
        {nsp_rcode_from_text, "RCODE4095", NSP_OK, 4095},
        {nsp_rcode_from_text, "OOPS", NSP_E_TEXT_VALUE, 0},
        {opcode, "notify", NSP_OK, 4},
        {opcode, "OPCODE15", NSP_OK, 15},
        {opcode, "OPCODE16", NSP_E_TEXT_VALUE, 0},
        {algorithm, "ecdsap256sha256", NSP_OK, 13},
        {algorithm, "RSASHA1-NSEC3-SHA1", NSP_OK, 7},
        {algorithm, "ROT13", NSP_E_TEXT_VALUE, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t n = 0;
        nsp_err_t err = cases[i].read(cases[i].text, strlen(cases[i].text), &n);
        if (err != cases[i].err || (err == NSP_OK && n != cases[i].number))
            fail_msg("%s: %s, %u", cases[i].text, nsp_err_name(err), n);
    }
}

static void numbers_without_mnemonic(void **state)
{
    char buf[16];
    (void)state;
    assert_string_equal(nsp_type_text(65280, buf), "TYPE65280");
    assert_string_equal(nsp_type_text(0, buf), "TYPE0");
    assert_string_equal(nsp_class_text(65535, buf), "CLASS65535");
    assert_string_equal(nsp_rcode_text(42, buf), "RCODE42");
    assert_string_equal(nsp_opcode_text(7, buf), "OPCODE7");
    assert_null(nsp_algorithm_text(200));
    assert_int_equal(nsp_rrtype_get(65280)->fields[0].kind, NSP_F_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(compression_is_for_rfc_1035),
        cmocka_unit_test(read_mnemonics),
        cmocka_unit_test(numbers_without_mnemonic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
