/* Names on the wire and in text: limits, pointers, order. */
#include "proto/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define W(s) (const uint8_t *)(s), sizeof(s) - 1
#define PAD  "............" /* a header's place: 12 octets */

typedef struct wire_case {
    const char *name;
    const uint8_t *wire;
    size_t size;
    uint32_t at; /* where the name begins */
    nsp_err_t err;
    uint32_t where;   /* end of the name, or offset of the error */
    const char *text; /* when NSP_OK */
} wire_case_t;

static const wire_case_t wire_cases[] = {
    {"root", W(PAD "\0"), 12, NSP_OK, 13, "."},
    {"plain", W(PAD "\3www\7example\0rest"), 12, NSP_OK, 25, "www.example."},
    {"case kept", W(PAD "\3wWw\0"), 12, NSP_OK, 17, "wWw."},
    {"pointer to root", W(PAD "\0\xc0\x0c"), 13, NSP_OK, 15, "."},
    {"pointer", W(PAD "\2ab\0\1x\xc0\x0c"), 16, NSP_OK, 20, "x.ab."},
    {"pointer into a name", W(PAD "\2ab\2cd\0\xc0\x0f"), 19, NSP_OK, 21, "cd."},
    {"pointer to a pointer", W(PAD "\2ab\0\xc0\x0c\xc0\x10"), 18, NSP_OK, 20, "ab."},
    {"nothing", W(PAD), 12, NSP_E_SHORT, 12, NULL},
    {"no root", W(PAD "\2ab"), 12, NSP_E_SHORT, 15, NULL},
    {"cut label", W(PAD "\3ab"), 12, NSP_E_SHORT, 12, NULL},
    {"cut pointer", W(PAD "\1a\xc0"), 12, NSP_E_SHORT, 14, NULL},
    {"label type 01", W(PAD "\100aaa\0"), 12, NSP_E_LABEL_TYPE, 12, NULL},
    {"label type 10", W(PAD "\1a\200\0"), 12, NSP_E_LABEL_TYPE, 14, NULL},
    {"pointer to itself", W(PAD "\xc0\x0c"), 12, NSP_E_POINTER_FORWARD, 12, NULL},
    {"pointer to own name", W(PAD "\1a\xc0\x0c"), 12, NSP_E_POINTER_FORWARD, 14, NULL},
    {"pointer to own label", W(PAD "\3abc\xc0\x0e"), 12, NSP_E_POINTER_FORWARD, 16, NULL},
    {"pointer forward", W(PAD "\xc0\x0e\0"), 12, NSP_E_POINTER_FORWARD, 12, NULL},
    {"pointer past the end", W(PAD "\xff\xff"), 12, NSP_E_POINTER_FORWARD, 12, NULL},
    {"pointer at 0", W(PAD "\xc0\x00"), 12, NSP_E_POINTER_HEADER, 12, NULL},
    {"pointer at 11", W(PAD "\0\xc0\x0b"), 13, NSP_E_POINTER_HEADER, 13, NULL},
    {"pointer at 12", W(PAD "\0\xc0\x0c"), 13, NSP_OK, 15, "."},
    {"two that swing", W(PAD "\xc0\x0e\xc0\x0c"), 14, NSP_E_POINTER_FORWARD, 12, NULL},
};

static void read_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wire_cases / sizeof wire_cases[0]; i++) {
        const wire_case_t *c = &wire_cases[i];
        nsp_name_t name;
        nsp_name_cache_t cache = {0};
        nsp_reader_t r[3];
        for (int k = 0; k < 3; k++) {
            r[k] = nsp_reader(c->wire, c->size);
            r[k].pos = c->at;
        }
        assert_int_equal(nsp_name_read(&r[0], NSP_NAME_COMPRESSED, &name), c->err);
        assert_int_equal(nsp_name_skip(&r[1], NSP_NAME_COMPRESSED), c->err);
        assert_int_equal(nsp_name_skip_cached(&r[2], &cache), c->err);
        for (int k = 0; k < 3; k++)
            assert_int_equal(c->err == NSP_OK ? r[k].pos : r[k].err_at, c->where);
        if (c->err == NSP_OK) {
            char text[NSP_NAME_TEXT_MAX];
            nsp_name_to_text(&name, text, sizeof text);
            assert_string_equal(text, c->text);
            r[2].pos = c->at; /* once more, now out of the memory */
            assert_int_equal(nsp_name_skip_cached(&r[2], &cache), NSP_OK);
            assert_int_equal(r[2].pos, c->where);
        }
    }
}

static void read_forbidden(void **state)
{
    (void)state;
    const uint8_t wire[] = PAD "\0\1a\xc0\x0c";
    nsp_reader_t r = nsp_reader(wire, sizeof wire - 1);
    nsp_name_t name;
    r.pos = 13;
    assert_int_equal(nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &name), NSP_E_POINTER_FORBIDDEN);
    assert_int_equal(r.err_at, 15);
    /* the error sticks */
    assert_int_equal(nsp_name_skip(&r, NSP_NAME_COMPRESSED), NSP_E_POINTER_FORBIDDEN);
}

/* Writes labels of the given size until total octets (root included) are reached. */
static size_t make_name(uint8_t *out, size_t total, size_t label)
{
    size_t n = 0;
    while (total - n > 1) {
        size_t want = total - n - 2;
        size_t k = want < label ? want : label;
        if (k < want && want - k < 1)
            k--; /* a last label needs at least its length octet and one more */
        out[n++] = (uint8_t)k;
        memset(out + n, 'a', k);
        n += k;
    }
    out[n++] = 0;
    return n;
}

static void read_length_limits(void **state)
{
    (void)state;
    for (size_t total = 254; total <= 256; total++) {
        uint8_t wire[300];
        nsp_name_t name;
        nsp_name_cache_t cache = {0};
        size_t n = make_name(wire, total, 50);
        assert_int_equal(n, total);
        nsp_reader_t r = nsp_reader(wire, n);
        nsp_reader_t c = r;
        nsp_err_t err = total <= 255 ? NSP_OK : NSP_E_NAME_LONG;
        assert_int_equal(nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &name), err);
        assert_int_equal(nsp_name_skip_cached(&c, &cache), err);
        if (err == NSP_OK)
            assert_int_equal(name.len, total);
    }
}

static void read_label_limits(void **state)
{
    (void)state;
    for (unsigned n = 62; n <= 64; n++) {
        uint8_t wire[70] = {0};
        nsp_reader_t r = nsp_reader(wire, sizeof wire);
        nsp_name_t name;
        memset(wire, 'a', n + 1);
        wire[0] = (uint8_t)n;
        /* 64 is not a length but the label type 01 */
        assert_int_equal(nsp_name_read(&r, NSP_NAME_COMPRESSED, &name),
                         n <= 63 ? NSP_OK : NSP_E_LABEL_TYPE);
    }
}

static void read_most_labels(void **state)
{
    (void)state;
    for (unsigned labels = 126; labels <= 128; labels++) {
        uint8_t wire[300] = {0};
        nsp_name_t name;
        for (unsigned i = 0; i < labels; i++)
            memcpy(wire + (size_t)2 * i, "\1x", 2);
        nsp_reader_t r = nsp_reader(wire, sizeof wire);
        assert_int_equal(nsp_name_read(&r, NSP_NAME_COMPRESSED, &name),
                         labels <= 127 ? NSP_OK : NSP_E_NAME_LONG);
        if (labels <= 127)
            assert_int_equal(nsp_name_labels(&name), labels);
    }
}

/* A pointer's expansion counts: 255 octets over two segments, then one more. */
static void read_length_over_pointer(void **state)
{
    (void)state;
    for (size_t own = 53; own <= 55; own++) {
        uint8_t wire[400] = PAD;
        nsp_name_t name;
        nsp_name_cache_t cache = {0};
        size_t at = 12 + make_name(wire + 12, 200, 60);
        size_t start = at;
        wire[at++] = (uint8_t)own;
        memset(wire + at, 'b', own);
        at += own;
        wire[at++] = 0xc0;
        wire[at++] = 12;
        nsp_err_t err = own + 1 + 200 <= 255 ? NSP_OK : NSP_E_NAME_LONG;
        for (int seen = 0; seen < 2; seen++) {
            nsp_reader_t r = nsp_reader(wire, at);
            r.pos = 12;
            if (seen) /* with the target in the memory */
                assert_int_equal(nsp_name_skip_cached(&r, &cache), NSP_OK);
            r.pos = (uint32_t)start;
            nsp_reader_t c = r;
            assert_int_equal(nsp_name_read(&r, NSP_NAME_COMPRESSED, &name), err);
            assert_int_equal(nsp_name_skip_cached(&c, &cache), err);
            assert_int_equal(c.err_at, r.err_at);
        }
    }
}

/* Chains of 127, 128 and 129 pointers, walked in either direction of the memory. */
static void read_pointer_chain(void **state)
{
    (void)state;
    uint8_t wire[12 + 1 + 2 * 200] = PAD;
    nsp_name_cache_t cache = {0};
    for (unsigned i = 0; i < 200; i++) {
        unsigned target = i == 0 ? 12 : 13 + 2 * (i - 1);
        wire[13 + 2 * i] = (uint8_t)(0xc0 | target >> 8);
        wire[14 + 2 * i] = (uint8_t)target;
    }
    for (unsigned hops = 1; hops <= 200; hops++) {
        nsp_reader_t r = nsp_reader(wire, sizeof wire);
        nsp_name_t name;
        r.pos = 13 + 2 * (hops - 1);
        nsp_reader_t c = r;
        nsp_err_t err = hops <= NSP_HOPS_MAX ? NSP_OK : NSP_E_POINTER_CHAIN;
        assert_int_equal(nsp_name_read(&r, NSP_NAME_COMPRESSED, &name), err);
        assert_int_equal(nsp_name_skip_cached(&c, &cache), err);
    }
}

/* What is pointed at may lie outside a sub-reader; the name's own octets may not. */
static void read_in_sub_reader(void **state)
{
    (void)state;
    const uint8_t wire[] = PAD "\2ab\0\1x\xc0\x0c";
    for (uint32_t n = 3; n <= 4; n++) {
        nsp_reader_t r = nsp_reader(wire, sizeof wire - 1);
        nsp_name_t name;
        nsp_read_bytes(&r, 16);
        nsp_reader_t sub = nsp_read_sub(&r, n);
        assert_int_equal(nsp_name_read(&sub, NSP_NAME_COMPRESSED, &name),
                         n == 4 ? NSP_OK : NSP_E_SHORT);
    }
}

typedef struct text_case {
    const char *text;
    const char *origin;
    nsp_err_t err;
    size_t at;
    const char *out;
} text_case_t;

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const text_case_t text_cases[] = {
    {".", NULL, NSP_OK, 0, "."},
    {"www.example.", NULL, NSP_OK, 0, "www.example."},
    {"www.example", NULL, NSP_OK, 0, "www.example."},
    {"www", "example.", NSP_OK, 0, "www.example."},
    {"www.", "example.", NSP_OK, 0, "www."},
    {"@", "example.", NSP_OK, 0, "example."},
    {"\\@", NULL, NSP_OK, 0, "\\@."},
    {"a\\.b.c.", NULL, NSP_OK, 0, "a\\.b.c."},
    {"a\\046b.", NULL, NSP_OK, 0, "a\\.b."},
    {"\\097.", NULL, NSP_OK, 0, "a."},
    {"\\000\\255\\127.", NULL, NSP_OK, 0, "\\000\\255\\127."},
    {"a\\ b.", NULL, NSP_OK, 0, "a\\032b."},
    {"\\(\\)\\;\\\"\\$\\\\.", NULL, NSP_OK, 0, "\\(\\)\\;\\\"\\$\\\\."},
    {"*.example.", NULL, NSP_OK, 0, "*.example."},
    {"_a-b/c!.", NULL, NSP_OK, 0, "_a-b/c!."},
    {L63 ".", NULL, NSP_OK, 0, L63 "."},
    {"", NULL, NSP_E_TEXT_EMPTY, 0, NULL},
    {"@", NULL, NSP_E_TEXT_ORIGIN, 0, NULL},
    {"..", NULL, NSP_E_LABEL_EMPTY, 0, NULL},
    {".a", NULL, NSP_E_LABEL_EMPTY, 0, NULL},
    {"a..", NULL, NSP_E_LABEL_EMPTY, 2, NULL},
    {"a..b", NULL, NSP_E_LABEL_EMPTY, 2, NULL},
    {L63 "x.", NULL, NSP_E_LABEL_LONG, 63, NULL},
    {"a\\", NULL, NSP_E_TEXT_ESCAPE, 1, NULL},
    {"a\\1", NULL, NSP_E_TEXT_ESCAPE, 1, NULL},
    {"a\\12", NULL, NSP_E_TEXT_ESCAPE, 1, NULL},
    {"a\\12x", NULL, NSP_E_TEXT_ESCAPE, 1, NULL},
    {"a\\256", NULL, NSP_E_TEXT_ESCAPE, 1, NULL},
};

static void from_text_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text_cases / sizeof text_cases[0]; i++) {
        const text_case_t *c = &text_cases[i];
        nsp_name_t origin;
        nsp_name_t name;
        char text[NSP_NAME_TEXT_MAX];
        size_t at = 99;
        if (c->origin != NULL)
            assert_int_equal(nsp_name_from_text(c->origin, strlen(c->origin), NULL, &origin, NULL),
                             NSP_OK);
        assert_int_equal(nsp_name_from_text(c->text, strlen(c->text),
                                            c->origin != NULL ? &origin : NULL, &name, &at),
                         c->err);
        assert_int_equal(at, c->at);
        if (c->err != NSP_OK)
            continue;
        assert_int_equal(nsp_name_to_text(&name, text, sizeof text), strlen(c->out));
        assert_string_equal(text, c->out);
    }
}

/* Three labels of 63 and one of 60, 61, 62: 254, 255 and 256 octets. */
static void from_text_length_limits(void **state)
{
    (void)state;
    for (int last = 60; last <= 62; last++) {
        char text[300];
        nsp_name_t name;
        nsp_name_t origin;
        nsp_err_t err = last <= 61 ? NSP_OK : NSP_E_NAME_LONG;
        int n = snprintf(text, sizeof text, "%s.%s.%s.%.*s.", L63, L63, L63, last, L63);
        assert_int_equal(nsp_name_from_text(text, (size_t)n, NULL, &name, NULL), err);
        if (err == NSP_OK)
            assert_int_equal(name.len, 194 + last);
        /* without the final dot, and split between name and origin */
        assert_int_equal(nsp_name_from_text(text, (size_t)n - 1, NULL, &name, NULL), err);
        assert_int_equal(nsp_name_from_text(text + 64, (size_t)n - 64, NULL, &origin, NULL),
                         NSP_OK);
        assert_int_equal(nsp_name_from_text(text, 63, &origin, &name, NULL), err);
    }
}

static nsp_name_t name_of(const char *text)
{
    nsp_name_t name;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
    return name;
}

static void to_text_longest(void **state)
{
    (void)state;
    nsp_name_t name;
    char text[NSP_NAME_TEXT_MAX];
    /* 254 octets that all take four characters, but for the four lengths */
    name.len = (uint8_t)make_name(name.octets, 255, 63);
    for (uint32_t i = 0; i < name.len; i++)
        if (name.octets[i] == 'a')
            name.octets[i] = 0;
    size_t n = nsp_name_to_text(&name, text, sizeof text);
    assert_int_equal(n, 4 * 250 + 4);
    assert_int_equal(strlen(text), n);
    /* room for the text and NUL, exactly and one less */
    assert_int_equal(nsp_name_to_text(&name, text, n + 1), n);
    assert_int_equal(nsp_name_to_text(&name, text, n), 0);
    assert_string_equal(text, "");
    assert_int_equal(nsp_name_to_text(&name, text, 0), 0);
}

static void compare_canonically(void **state)
{
    (void)state;
    /* the example of RFC 4034 6.1 */
    static const char *const order[] = {
        "example.",         "a.example.",      "yljkjljk.a.example.",
        "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
        "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
    size_t n = sizeof order / sizeof order[0];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            nsp_name_t a = name_of(order[i]);
            nsp_name_t b = name_of(order[k]);
            int got = nsp_name_compare(&a, &b);
            assert_int_equal((got > 0) - (got < 0), (i > k) - (i < k));
        }
    }
}

static void equal_and_hash(void **state)
{
    (void)state;
    nsp_name_t a = name_of("WWW.Example.");
    nsp_name_t b = name_of("www.eXAMPLE.");
    nsp_name_t c = name_of("ww.wexample.");
    nsp_name_t at = name_of("\\064.");
    nsp_name_t tick = name_of("\\096.");
    assert_true(nsp_name_equal(&a, &b));
    assert_false(nsp_name_equal_case(&a, &b));
    assert_false(nsp_name_equal(&a, &c));
    assert_false(nsp_name_equal(&at, &tick)); /* differ by 0x20, but are no letters */
    assert_true(nsp_name_hash(&a, 1) == nsp_name_hash(&b, 1));
    assert_true(nsp_name_hash(&a, 1) != nsp_name_hash(&a, 2));
    assert_true(nsp_name_hash(&a, 1) != nsp_name_hash(&c, 1));
    nsp_name_lower(&a);
    nsp_name_lower(&b);
    assert_true(nsp_name_equal_case(&a, &b));
}

static void subdomain_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *ancestor;
        bool is;
    } cases[] = {
        {"a.b.", "b.", true},    {"a.b.", "B.", true},     {"b.", "b.", true},
        {"b.", "a.b.", false},   {"ab.", "b.", false},     {"a.b.", ".", true},
        {".", ".", true},        {".", "a.", false},       {"x.a.b.", "a.b.", true},
        {"a\\.b.", "b.", false}, {"\\001b.", "b.", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nsp_name_t name = name_of(cases[i].name);
        nsp_name_t ancestor = name_of(cases[i].ancestor);
        assert_int_equal(nsp_name_is_subdomain(&name, &ancestor), cases[i].is);
    }
}

static void strip_and_join(void **state)
{
    (void)state;
    static const char *const stripped[] = {"a.b.c.", "b.c.", "c.", ".", "."};
    for (unsigned i = 0; i < 5; i++) {
        nsp_name_t name = name_of("a.b.c.");
        nsp_name_t want = name_of(stripped[i]);
        nsp_name_strip(&name, i, &name);
        assert_true(nsp_name_equal_case(&name, &want));
    }
    nsp_name_t a = name_of("a.b.");
    nsp_name_t root = name_of(".");
    nsp_name_t out;
    nsp_name_t want = name_of("a.b.a.b.");
    assert_int_equal(nsp_name_join(&a, &a, &out), NSP_OK);
    assert_true(nsp_name_equal_case(&out, &want));
    assert_int_equal(nsp_name_join(&root, &a, &out), NSP_OK);
    assert_true(nsp_name_equal_case(&out, &a));
    for (size_t total = 250; total <= 252; total++) { /* 4 octets go in front */
        nsp_name_t longest;
        longest.len = (uint8_t)make_name(longest.octets, total, 50);
        assert_int_equal(nsp_name_join(&a, &longest, &out),
                         total + 4 <= 255 ? NSP_OK : NSP_E_NAME_LONG);
    }
}

static void wildcard_and_labels(void **state)
{
    (void)state;
    nsp_name_t star = name_of("*.example.");
    nsp_name_t deep = name_of("a.*.example.");
    nsp_name_t two = name_of("**.example.");
    nsp_name_t root = name_of(".");
    assert_true(nsp_name_is_wildcard(&star));
    assert_false(nsp_name_is_wildcard(&deep));
    assert_false(nsp_name_is_wildcard(&two));
    assert_false(nsp_name_is_wildcard(&root));
    assert_int_equal(nsp_name_labels(&root), 0);
    assert_int_equal(nsp_name_labels(&deep), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_table),         cmocka_unit_test(read_forbidden),
        cmocka_unit_test(read_length_limits), cmocka_unit_test(read_label_limits),
        cmocka_unit_test(read_most_labels),   cmocka_unit_test(read_length_over_pointer),
        cmocka_unit_test(read_pointer_chain), cmocka_unit_test(read_in_sub_reader),
        cmocka_unit_test(from_text_table),    cmocka_unit_test(from_text_length_limits),
        cmocka_unit_test(to_text_longest),    cmocka_unit_test(compare_canonically),
        cmocka_unit_test(equal_and_hash),     cmocka_unit_test(subdomain_table),
        cmocka_unit_test(strip_and_join),     cmocka_unit_test(wildcard_and_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
