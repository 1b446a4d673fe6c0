/* Tag lists: what is split how, which faults are found at which octet, and the linear worst cases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/taglist.h"

static void parse(taglist_t *list, const char *text)
{
    taglist_parse(list, (const uint8_t *)text, strlen(text));
}

/* "name=value|name=value", to be compared at a glance. */
static void render(const taglist_t *list, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < list->tag_count && n < cap; i++) {
        const taglist_tag_t *t = &list->tag[i];
        n += (size_t)snprintf(out + n, cap - n, "%s%.*s=%.*s", i > 0 ? "|" : "", (int)t->name.len,
                              (const char *)list->text + t->name.at, (int)t->value.len,
                              (const char *)list->text + t->value.at);
    }
}

static void splits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *tags;
    } cases[] = {
        {"v=DKIM1", "v=DKIM1"},
        {"v=DKIM1;", "v=DKIM1"},
        {"v=DKIM1; ", "v=DKIM1"},
        {"v=DKIM1; p=ab=", "v=DKIM1|p=ab="},
        {"v=DKIM1; p=ab==;", "v=DKIM1|p=ab=="},
        {" v = DKIM1 ;\tp = a b ", "v=DKIM1|p=a b"},
        {"v=DKIM1;\r\n p=a\r\n\tb", "v=DKIM1|p=a\r\n\tb"},
        {"p=", "p="},
        {"p= ;k=rsa", "p=|k=rsa"},
        {"aB_9=x", "aB_9=x"},
        {"a=~!:\"", "a=~!:\""},
        {"a=1;A=2", "a=1|A=2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        taglist_t list;
        char got[256];
        parse(&list, cases[i].text);
        render(&list, got, sizeof got);
        assert_string_equal(got, cases[i].tags);
        assert_int_equal(list.fault_count, 0);
    }
}

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        taglist_fault_kind_t kind;
        uint32_t at;
        const char *tags; /* read all the same */
    } cases[] = {
        {"", TAGLIST_EMPTY, 0, ""},
        {" \t", TAGLIST_EMPTY, 0, ""},
        {";", TAGLIST_EMPTY_TAG, 0, ""},
        {"a=1;;b=2", TAGLIST_EMPTY_TAG, 4, "a=1|b=2"},
        {"a=1; ;b=2", TAGLIST_EMPTY_TAG, 4, "a=1|b=2"},
        {"hello", TAGLIST_NO_EQUALS, 0, ""},
        {"a=1; hello; b=2", TAGLIST_NO_EQUALS, 5, "a=1|b=2"},
        {"=1", TAGLIST_NAME, 0, ""},
        {"a=1; =2", TAGLIST_NAME, 5, "a=1"},
        {"1a=2", TAGLIST_NAME, 0, ""},
        {"_a=2", TAGLIST_NAME, 0, ""},
        {"a-b=2", TAGLIST_NAME, 1, ""},
        {"a b=2", TAGLIST_NAME, 1, ""},
        {"\"v=DKIM1\"", TAGLIST_NAME, 0, ""},
        {"a=1; b=2; a=3", TAGLIST_DUPLICATE, 10, "a=1|b=2"},
        {"a=\x01", TAGLIST_OCTET, 2, "a=\x01"},
        {"a=x\x7f", TAGLIST_OCTET, 3, "a=x\x7f"},
        {"a=\xc2\xa0", TAGLIST_OCTET, 2, "a=\xc2\xa0"},
        {"a=1\n", TAGLIST_FOLD, 3, "a=1"},
        {"a=1\r\n", TAGLIST_FOLD, 3, "a=1"},
        {"a=1\r\n;b=2", TAGLIST_FOLD, 3, "a=1|b=2"},
        {"a=1\n b", TAGLIST_FOLD, 3, "a=1\n b"},
        {"a=1\r b", TAGLIST_FOLD, 3, "a=1\r b"},
        {"a=1\r\nb", TAGLIST_FOLD, 3, "a=1\r\nb"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        taglist_t list;
        char got[256];
        parse(&list, cases[i].text);
        render(&list, got, sizeof got);
        assert_string_equal(got, cases[i].tags);
        assert_true(list.fault_count > 0);
        assert_int_equal(list.fault[0].kind, cases[i].kind);
        assert_int_equal(list.fault[0].at, cases[i].at);
    }
}

/* Octets may be anything, NUL included. */
static void nul_octet(void **state)
{
    (void)state;
    taglist_t list;
    assert_false(taglist_parse(&list, (const uint8_t *)"a=1\0b", 5));
    assert_int_equal(list.fault[0].kind, TAGLIST_OCTET);
    assert_int_equal(list.fault[0].at, 3);
}

static void finds_and_compares(void **state)
{
    (void)state;
    taglist_t list;
    parse(&list, "v=DKIM1; pp=1; p=2");
    assert_null(taglist_find(&list, "V"));
    assert_null(taglist_find(&list, ""));
    assert_true(taglist_span_is(&list, taglist_find(&list, "p")->value, "2"));
    assert_true(taglist_span_is(&list, taglist_find(&list, "pp")->value, "1"));
    assert_false(taglist_span_is(&list, taglist_find(&list, "v")->value, "DKIM"));
}

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *items;
    } cases[] = {
        {"h=sha1:sha256", "sha1|sha256|"},
        {"h= sha1 : \r\n sha256 ", "sha1|sha256|"},
        {"h=", "|"},
        {"h=:", "||"},
        {"h=a::b", "a||b|"},
        {"h=a:", "a||"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        taglist_t list;
        taglist_span_t item;
        char got[64] = "";
        uint32_t pos = 0;
        parse(&list, cases[i].text);
        while (taglist_next(&list, list.tag[0].value, &pos, &item)) {
            strncat(got, (const char *)list.text + item.at, item.len);
            strcat(got, "|");
        }
        assert_string_equal(got, cases[i].items);
    }
}

static void qp_sections(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *octets; /* NULL: refused */
        uint32_t at;
    } cases[] = {
        {"n=plain text", "plain text", 0},
        {"n=a=3Bb", "a;b", 0},
        {"n=", "", 0},
        {"n==3D", "=", 0},
        {"n=a=3b", NULL, 3},
        {"n=ab=3", NULL, 4},
        {"n=ab=", NULL, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        taglist_t list;
        uint8_t out[32] = {0};
        size_t n = 0;
        uint32_t at = 0;
        parse(&list, cases[i].text);
        bool good = taglist_qp_decode(&list, list.tag[0].value, out, sizeof out - 1, &n, &at);
        assert_int_equal(good, cases[i].octets != NULL);
        assert_int_equal(at, cases[i].at);
        if (good)
            assert_string_equal((const char *)out, cases[i].octets);
    }
    taglist_t list;
    uint8_t out[2] = {0};
    size_t n = 0;
    uint32_t at = 0;
    parse(&list, "n=abc");
    assert_true(taglist_qp_decode(&list, list.tag[0].value, out, 2, &n, &at));
    assert_int_equal(n, 2);
}

/* a..z, A..F: 31, 32 and 33 different tags. */
static void many_tags(void **state)
{
    (void)state;
    for (unsigned count = TAGLIST_TAGS_MAX - 1; count <= TAGLIST_TAGS_MAX + 1; count++) {
        char text[256] = "";
        for (unsigned i = 0; i < count; i++) {
            char tag[16];
            snprintf(tag, sizeof tag, "t%u=;", i);
            strcat(text, tag);
        }
        taglist_t list;
        parse(&list, text);
        assert_int_equal(list.fault_count, count > TAGLIST_TAGS_MAX ? 1 : 0);
        assert_int_equal(list.tag_count, count > TAGLIST_TAGS_MAX ? TAGLIST_TAGS_MAX : count);
    }
}

/* Texts of the greatest size, and one octet more. */
static void greatest_size(void **state)
{
    (void)state;
    static const char *const patterns[] = {";", "a=;", "a", "=", "\r", "a=\x01;", "\xff", "a=a:"};
    uint8_t *text = malloc(TAGLIST_TEXT_MAX + 1);
    assert_non_null(text);
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        size_t n = strlen(patterns[p]);
        for (size_t i = 0; i <= TAGLIST_TEXT_MAX; i++)
            text[i] = (uint8_t)patterns[p][i % n];
        taglist_t list;
        taglist_parse(&list, text, TAGLIST_TEXT_MAX);
        assert_int_equal(list.size, TAGLIST_TEXT_MAX);
        unsigned before = list.fault_count;
        taglist_parse(&list, text, TAGLIST_TEXT_MAX + 1);
        assert_int_equal(list.size, TAGLIST_TEXT_MAX);
        assert_true(list.fault_count > before || list.fault_count >= TAGLIST_FAULTS_KEPT);
    }
    memset(text, 'a', TAGLIST_TEXT_MAX + 1);
    text[1] = '=';
    taglist_t list;
    assert_true(taglist_parse(&list, text, TAGLIST_TEXT_MAX));
    assert_false(taglist_parse(&list, text, TAGLIST_TEXT_MAX + 1));
    assert_int_equal(list.fault[0].kind, TAGLIST_LONG);
    free(text);
}

static void every_fault_has_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TAGLIST_FAULT_COUNT; i++) {
        assert_true(strlen(taglist_fault_name((taglist_fault_kind_t)i)) > 0);
        assert_true(strlen(taglist_fault_text((taglist_fault_kind_t)i)) > 5);
    }
    assert_string_equal(taglist_fault_name(TAGLIST_DUPLICATE), "duplicate-tag");
    assert_string_equal(taglist_fault_name(TAGLIST_FAULT_COUNT), "unknown");
    assert_string_equal(taglist_fault_text(TAGLIST_FAULT_COUNT), "unknown fault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(faults),
        cmocka_unit_test(nul_octet),
        cmocka_unit_test(finds_and_compares),
        cmocka_unit_test(lists),
        cmocka_unit_test(qp_sections),
        cmocka_unit_test(many_tags),
        cmocka_unit_test(greatest_size),
        cmocka_unit_test(every_fault_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
