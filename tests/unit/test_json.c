/* Records and messages as JSON: always valid, whatever the octets, and with the decoded values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "proto/nsproto.h"

static nsp_rr_t arena[NSP_RR_MAX];

static json_t *load(const nsp_text_t *t, const char *what)
{
    json_error_t e;
    /* a value may hold \u0000: a TXT may */
    json_t *j = json_loadb(t->buf, t->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
    if (j == NULL)
        fail_msg("%s: %s in %s", what, e.text, t->buf);
    return j;
}

static json_t *rr_json(uint16_t type, const void *rdata, size_t n)
{
    static char buf[8192];
    nsp_text_t t;
    uint8_t wire[512] = {0};
    memcpy(wire + 13, rdata, n);
    nsp_msg_t m = {.wire = wire, .size = (uint32_t)(13 + n), .opt = NSP_NO_RR};
    nsp_rr_t rr = {.owner = 12,
                   .type = type,
                   .rclass = NSP_CLASS_IN,
                   .ttl = 300,
                   .rdata = 13,
                   .rdlength = (uint16_t)n};
    nsp_text_begin(&t, buf, sizeof buf);
    nsp_json_rr(&t, &m, &rr);
    assert_int_equal(t.lost, 0);
    return load(&t, "record");
}

static const char *string_at(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    assert_non_null(s);
    return s;
}

#define RDATA(s) s, sizeof(s) - 1

static void record(void **state)
{
    (void)state;
    json_t *j = rr_json(NSP_TYPE_MX, RDATA("\0\12\1a\0"));
    assert_string_equal(string_at(j, "name"), ".");
    assert_string_equal(string_at(j, "class"), "IN");
    assert_string_equal(string_at(j, "type"), "MX");
    assert_string_equal(string_at(j, "text"), "10 a.");
    assert_int_equal(json_integer_value(json_object_get(j, "ttl")), 300);
    json_t *rdata = json_object_get(j, "rdata");
    assert_int_equal(json_integer_value(json_object_get(rdata, "preference")), 10);
    assert_string_equal(string_at(rdata, "exchange"), "a.");
    json_decref(j);
}

static void strings(void **state)
{
    (void)state;
    json_t *j = rr_json(NSP_TYPE_TXT, RDATA("\3a\"\\\2\xc3\xa4\2\xff\1\0"));
    json_t *list = json_object_get(json_object_get(j, "rdata"), "txt-data");
    assert_int_equal(json_array_size(list), 4);
    assert_string_equal(json_string_value(json_array_get(list, 0)), "a\"\\");
    assert_string_equal(json_string_value(json_array_get(list, 1)), "\xc3\xa4");
    assert_string_equal(json_string_value(json_array_get(list, 2)), "\xc3\xbf\x01");
    assert_int_equal(json_string_length(json_array_get(list, 3)), 0);
    assert_string_equal(string_at(j, "text"), "\"a\\\"\\\\\" \"\\195\\164\" \"\\255\\001\" \"\"");
    json_decref(j);
}

static void broken_rdata(void **state)
{
    (void)state;
    json_t *j = rr_json(NSP_TYPE_MX, RDATA("\0\12"));
    json_t *rdata = json_object_get(j, "rdata");
    assert_int_equal(json_integer_value(json_object_get(rdata, "preference")), 10);
    assert_string_equal(string_at(rdata, "fault"), "rdata-short");
    assert_int_equal(json_integer_value(json_object_get(rdata, "fault-offset")), 15);
    assert_string_equal(string_at(j, "text"), "\\# 2 000A");
    json_decref(j);
}

/* Every octet in every place of a string: JSON that any reader takes. */
static void any_octet(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t txt[5] = {4, 'a', (uint8_t)c, 'b', (uint8_t)c};
        json_decref(rr_json(NSP_TYPE_TXT, txt, sizeof txt));
        json_decref(rr_json(NSP_TYPE_CAA, "\0\1a\"\\", 5));
        json_decref(rr_json(65280, txt, sizeof txt));
    }
}

static void message(void **state)
{
    static const uint8_t wire[] = "\x12\x34\x84\x00\0\1\0\1\0\0\0\1"
                                  "\1a\0\0\1\0\1"
                                  "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"
                                  "\0\0\x29\x04\xd0\0\0\x80\0\0\6\0\3\0\2\"a";
    static char buf[8192];
    nsp_msg_t m;
    nsp_text_t t;
    (void)state;
    assert_int_equal(nsp_msg_index(&m, wire, sizeof wire - 1, arena, NSP_RR_MAX), NSP_OK);
    nsp_text_begin(&t, buf, sizeof buf);
    nsp_json_msg(&t, &m);
    json_t *j = load(&t, "message");
    assert_int_equal(json_integer_value(json_object_get(j, "id")), 0x1234);
    assert_true(json_is_true(json_object_get(json_object_get(j, "flags"), "aa")));
    assert_true(json_is_false(json_object_get(json_object_get(j, "flags"), "tc")));
    assert_string_equal(string_at(json_array_get(json_object_get(j, "question"), 0), "name"), "a.");
    assert_int_equal(json_array_size(json_object_get(j, "answer")), 1);
    assert_int_equal(json_array_size(json_object_get(j, "additional")), 0);
    json_t *edns = json_object_get(j, "edns");
    assert_int_equal(json_integer_value(json_object_get(edns, "udp")), 1232);
    assert_true(json_is_true(json_object_get(edns, "do")));
    json_t *option = json_array_get(json_object_get(edns, "options"), 0);
    assert_string_equal(string_at(option, "hex"), "2261");
    assert_int_equal(json_array_size(json_object_get(j, "faults")), 0);
    json_decref(j);
}

/* Every prefix of every message, and each octet spoiled in turn: valid JSON with its faults. */
static void broken_messages(void **state)
{
    static char buf[1 << 18];
    (void)state;
    for (size_t i = 0; i < good_message_count; i++) {
        size_t size = good_messages[i].size < 400 ? good_messages[i].size : 400;
        for (size_t n = 0; n <= size; n++) {
            uint8_t *copy = malloc(size > 0 ? size : 1);
            assert_non_null(copy);
            memcpy(copy, good_messages[i].wire, size);
            for (int spoil = 0; spoil < 2; spoil++) {
                nsp_msg_t m;
                nsp_text_t t;
                if (spoil && n < size)
                    copy[n] ^= 0xff;
                nsp_msg_index(&m, copy, spoil ? size : n, arena, NSP_RR_MAX);
                nsp_msg_validate(&m);
                nsp_text_begin(&t, buf, sizeof buf);
                nsp_json_msg(&t, &m);
                assert_int_equal(t.lost, 0);
                json_decref(load(&t, good_messages[i].name));
            }
            free(copy);
        }
    }
}

/* A buffer that is too small: never written beyond, and what is lost is counted. */
static void small_buffers(void **state)
{
    static char all[1 << 16];
    (void)state;
    nsp_msg_t m;
    nsp_text_t t;
    nsp_msg_index(&m, good_messages[0].wire, good_messages[0].size, arena, NSP_RR_MAX);
    nsp_text_begin(&t, all, sizeof all);
    nsp_json_msg(&t, &m);
    size_t full = t.len;
    for (size_t cap = 0; cap <= full + 1; cap++) {
        char *exact = malloc(cap > 0 ? cap : 1);
        assert_non_null(exact);
        nsp_text_begin(&t, exact, cap);
        nsp_json_msg(&t, &m);
        assert_true((t.lost > 0) == (cap < full + 1));
        if (cap > 0)
            assert_int_equal(strlen(exact), t.len);
        free(exact);
    }
}

/* What a terminal obeys in place of showing it: none of it is printed, and JSON loses nothing. */
static void hidden_code_points(void **state)
{
    (void)state;
    static const struct {
        const char *utf8;
        const char *json;
        const char *option; /* behind the reason of an extended error */
    } cases[] = {
        {"\x7f", "\"\\u007f\"", "\\127"},
        {"\xc2\x9b", "\"\\u009b\"", "\\194\\155"},
        {"\xe2\x80\xae", "\"\\u202e\"", "\\226\\128\\174"},
        {"\xe2\x81\xa6", "\"\\u2066\"", "\\226\\129\\166"},
        {"\xe2\x80\xa8", "\"\\u2028\"", "\\226\\128\\168"},
        {"\xef\xbb\xbf", "\"\\ufeff\"", "\\239\\187\\191"},
        {"\xf3\xa0\x81\x81", "\"\\udb40\\udc41\"", "\\243\\160\\129\\129"},
        {"\xff", "\"\\u00ff\"", "\\255"},
        {"\xc3\xa4", "\"\xc3\xa4\"", "\xc3\xa4"},
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80"},
    };
    char buf[100];
    nsp_text_t t;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[16] = {0, 15};
        size_t n = strlen(cases[i].utf8);
        nsp_text_begin(&t, buf, sizeof buf);
        nsp_text_json_string(&t, cases[i].utf8, n);
        assert_string_equal(buf, cases[i].json);
        memcpy(data + 2, cases[i].utf8, n);
        nsp_edns_option_t o = {.code = NSP_OPTION_EDE, .size = (uint16_t)(n + 2), .data = data};
        nsp_text_begin(&t, buf, sizeof buf);
        nsp_text_option(&t, &o);
        assert_memory_equal(buf, "15 (Blocked): ", 14);
        assert_string_equal(buf + 14, cases[i].option);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record),        cmocka_unit_test(strings),
        cmocka_unit_test(broken_rdata),  cmocka_unit_test(any_octet),
        cmocka_unit_test(message),       cmocka_unit_test(broken_messages),
        cmocka_unit_test(small_buffers), cmocka_unit_test(hidden_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
