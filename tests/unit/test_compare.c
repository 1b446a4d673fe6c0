/* Two replies compared: as sets, with and without TTL, headers, signatures, hostile messages. */
#include "diagnose/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "messages.h"
#include "proto/nsproto.h"

typedef struct made {
    uint8_t wire[4096];
    size_t size;
    nsp_msg_t m;
    nsp_rr_t arena[64];
} made_t;

/* A reply to www.example. A made of records in zone text; section switches at "--" lines. */
static void make(made_t *r, uint16_t flags, const char *text)
{
    static uint8_t rdata[4096];
    nsp_builder_t b;
    nsp_name_t name;
    unsigned section = NSP_ANSWER;
    assert_int_equal(nsp_name_from_text("www.example.", 12, NULL, &name, NULL), NSP_OK);
    nsp_build_begin(&b, r->wire, sizeof r->wire, 7, flags);
    nsp_build_question(&b, &name, NSP_TYPE_A, NSP_CLASS_IN);
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        if (strncmp(text, "--", 2) == 0) {
            section++;
        } else if (strncmp(text, "OPT", 3) == 0) {
            nsp_edns_t e = {.udp_size = 1232};
            assert_true(nsp_build_opt(&b, &e));
        } else {
            nsp_zone_reader_t z;
            static nsp_zone_rr_t rr;
            nsp_zone_begin(&z, text, n, NULL);
            assert_true(nsp_zone_next(&z, &rr));
            memcpy(rdata, rr.rdata, rr.rdlength);
            assert_true(nsp_build_rr(&b, (nsp_section_t)section, &rr.owner, rr.type, rr.rclass,
                                     rr.ttl, rdata, rr.rdlength));
        }
        text += n + (text[n] == '\n');
    }
    assert_int_equal(nsp_build_end(&b, &r->size), NSP_OK);
    nsp_msg_index(&r->m, r->wire, r->size, r->arena, 64);
}

#define QR  NSP_FLAG_QR
#define AA  NSP_FLAG_AA
#define TC  NSP_FLAG_TC
#define A1  "www.example. 60 IN A 192.0.2.1\n"
#define A2  "www.example. 60 IN A 192.0.2.2\n"
#define SIG "www.example. 60 IN RRSIG A 13 2 60 20260101000000 20250101000000 1 example. "

static const struct {
    const char *name;
    uint16_t flags[2];
    const char *text[2];
    unsigned what;
    unsigned differs;
    uint32_t only[2];
} cases[] = {
    {"the same", {QR, QR}, {A1 A2, A1 A2}, COMPARE_ALL, 0, {0, 0}},
    {"another order", {QR, QR}, {A1 A2, A2 A1}, COMPARE_ALL, 0, {0, 0}},
    {"twice", {QR, QR}, {A1 A1 A2, A2 A1}, COMPARE_ALL, 0, {0, 0}},
    {"case of names",
     {QR, QR},
     {"WWW.example. 60 IN CNAME Other.Example.\n", "www.example. 60 IN CNAME other.example.\n"},
     COMPARE_ALL,
     0,
     {0, 0}},
    {"case of data",
     {QR, QR},
     {"www.example. 60 IN TXT \"Abc\"\n", "www.example. 60 IN TXT \"abc\"\n"},
     COMPARE_ALL,
     COMPARE_ANSWER,
     {1, 1}},
    {"one more", {QR, QR}, {A1, A1 A2}, COMPARE_ALL, COMPARE_ANSWER, {0, 1}},
    {"one less", {QR, QR}, {A1 A2, A2}, COMPARE_ALL, COMPARE_ANSWER, {1, 0}},
    {"others", {QR, QR}, {A1, A2}, COMPARE_ALL, COMPARE_ANSWER, {1, 1}},
    {"others, not looked at", {QR, QR}, {A1, A2}, COMPARE_ALL & ~COMPARE_ANSWER, 0, {0, 0}},
    {"another type",
     {QR, QR},
     {"www.example. 60 IN TXT \"x\"\n", "www.example. 60 IN SPF \"x\"\n"},
     COMPARE_ALL,
     COMPARE_ANSWER,
     {1, 1}},
    {"another section",
     {QR, QR},
     {A1, "--\n" A1},
     COMPARE_ALL,
     COMPARE_ANSWER | COMPARE_AUTHORITY,
     {1, 1}},
    {"authority",
     {QR, QR},
     {A1 "--\nexample. 60 IN NS a.\n", A1 "--\nexample. 60 IN NS b.\n"},
     COMPARE_ALL,
     COMPARE_AUTHORITY,
     {1, 1}},
    {"additional",
     {QR, QR},
     {A1, A1 "--\n--\na. 60 IN A 192.0.2.9\n"},
     COMPARE_ALL,
     COMPARE_ADDITIONAL,
     {0, 1}},
    {"TTL", {QR, QR}, {A1, "www.example. 61 IN A 192.0.2.1\n"}, COMPARE_ALL, COMPARE_TTL, {0, 0}},
    {"TTL, not looked at",
     {QR, QR},
     {A1, "www.example. 61 IN A 192.0.2.1\n"},
     COMPARE_ALL & ~COMPARE_TTL,
     0,
     {0, 0}},
    {"rcode", {QR, QR | 3}, {"", ""}, COMPARE_ALL, COMPARE_RCODE, {0, 0}},
    {"AA", {QR | AA, QR}, {A1, A1}, COMPARE_ALL, COMPARE_AA, {0, 0}},
    {"all of the header",
     {QR | AA, QR | 2},
     {A1, "--\n--\nOPT\n"},
     COMPARE_ALL,
     COMPARE_AA | COMPARE_RCODE | COMPARE_EDNS | COMPARE_ANSWER,
     {1, 0}},
    {"RD and RA do not count",
     {QR | NSP_FLAG_RD, QR | NSP_FLAG_RA},
     {A1, A1},
     COMPARE_ALL,
     0,
     {0, 0}},
    {"TC: the rest is not compared", {QR, QR | TC}, {A1 A2, A1}, COMPARE_ALL, COMPARE_TC, {0, 0}},
    {"EDNS", {QR, QR}, {A1 "--\n--\nOPT\n", A1}, COMPARE_ALL, COMPARE_EDNS, {0, 0}},
    {"EDNS, not looked at",
     {QR, QR},
     {A1 "--\n--\nOPT\n", A1},
     COMPARE_ALL & ~COMPARE_EDNS,
     0,
     {0, 0}},
    {"signatures",
     {QR, QR},
     {A1 SIG "aaaa\n", A1 SIG "bbbb\n"},
     COMPARE_ALL,
     COMPARE_RRSIG,
     {1, 1}},
    {"signatures, not looked at",
     {QR, QR},
     {A1 SIG "aaaa\n", A1},
     COMPARE_ALL & ~COMPARE_RRSIG,
     0,
     {0, 0}},
    {"compressed or not is the same",
     {QR, QR},
     {"www.example. 60 IN MX 5 www.example.\n", "www.example. 60 IN MX 5 WWW.EXAMPLE.\n"},
     COMPARE_ALL,
     0,
     {0, 0}},
};

static void pairs(void **state)
{
    static made_t a;
    static made_t b;
    compare_t c;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(&a, cases[i].flags[0], cases[i].text[0]);
        make(&b, cases[i].flags[1], cases[i].text[1]);
        assert_true(compare_replies(&a.m, &b.m, cases[i].what, &c));
        if (c.differs != cases[i].differs || c.only_count[0] != cases[i].only[0] ||
            c.only_count[1] != cases[i].only[1])
            fail_msg("%s: differs %u, only %u and %u", cases[i].name, c.differs, c.only_count[0],
                     c.only_count[1]);
        /* the other way round: the same bits, sides exchanged */
        assert_true(compare_replies(&b.m, &a.m, cases[i].what, &c));
        assert_int_equal(c.differs, cases[i].differs);
        assert_int_equal(c.only_count[0], cases[i].only[1]);
        assert_int_equal(c.only_count[1], cases[i].only[0]);
    }
}

static void absent(void **state)
{
    static made_t a;
    compare_t c;
    (void)state;
    make(&a, QR, A1);
    assert_true(compare_replies(&a.m, NULL, COMPARE_ALL, &c));
    assert_int_equal(c.differs, COMPARE_MISSING);
    assert_true(compare_replies(NULL, &a.m, COMPARE_ALL, &c));
    assert_int_equal(c.differs, COMPARE_NEW);
    assert_true(compare_replies(NULL, NULL, COMPARE_ALL, &c));
    assert_int_equal(c.differs, 0);
}

/* The records named are those that differ; no more are named than there is room for. */
static void named(void **state)
{
    static made_t a;
    static made_t b;
    compare_t c;
    char text[2000] = A1;
    (void)state;
    make(&a, QR, A1 A2 "--\nexample. 60 IN NS a.\n");
    make(&b, QR, A1 "--\nexample. 60 IN NS b.\n");
    assert_true(compare_replies(&a.m, &b.m, COMPARE_ALL, &c));
    assert_int_equal(c.only_count[0], 2);
    assert_int_equal(c.only_count[1], 1);
    assert_int_equal(c.only[0][0].section, NSP_ANSWER);
    assert_int_equal(c.only[0][0].index, 1);
    assert_int_equal(c.only[0][1].section, NSP_AUTHORITY);
    assert_int_equal(c.only[1][0].section, NSP_AUTHORITY);
    assert_int_equal(c.only[1][0].index, 0);
    for (unsigned i = 0; i < COMPARE_SHOWN + 5; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "www.example. 60 IN A 198.51.100.%u\n", i);
    make(&b, QR, text);
    assert_true(compare_replies(&a.m, &b.m, COMPARE_ALL, &c));
    assert_int_equal(c.only_count[1], COMPARE_SHOWN + 5);
}

/* Each good message against each of its prefixes: never the same without a word, never a crash. */
static void prefixes(void **state)
{
    nsp_rr_t *arena = calloc(2 * NSP_RR_MAX, sizeof *arena);
    compare_t c;
    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < good_message_count; i++) {
        nsp_msg_t whole;
        nsp_msg_t part;
        nsp_msg_index(&whole, good_messages[i].wire, good_messages[i].size, arena, NSP_RR_MAX);
        assert_true(compare_replies(&whole, &whole, COMPARE_ALL, &c));
        assert_int_equal(c.differs, 0);
        for (size_t n = NSP_HEADER_SIZE; n < good_messages[i].size; n++) {
            uint8_t *copy = malloc(n);
            assert_non_null(copy);
            memcpy(copy, good_messages[i].wire, n);
            nsp_msg_index(&part, copy, n, arena + NSP_RR_MAX, NSP_RR_MAX);
            assert_true(compare_replies(&whole, &part, COMPARE_ALL, &c));
            assert_true(part.complete || (c.differs & COMPARE_MALFORMED) != 0);
            free(copy);
        }
    }
    free(arena);
}

static void bits_and_words(void **state)
{
    (void)state;
    unsigned all = 0;
    for (unsigned i = 0; i < COMPARE_BITS; i++) {
        unsigned bit = compare_bit(compare_word(i), strlen(compare_word(i)));
        assert_int_equal(bit, 1u << i);
        all |= bit;
    }
    assert_int_equal(all, COMPARE_ALL);
    assert_string_equal(compare_word(COMPARE_BITS), "");
    assert_int_equal(compare_bit("answers", 7), 0);
    assert_int_equal(compare_bit("answers", 6), COMPARE_ANSWER);
    assert_int_equal(compare_bit("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),    cmocka_unit_test(absent),         cmocka_unit_test(named),
        cmocka_unit_test(prefixes), cmocka_unit_test(bits_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
