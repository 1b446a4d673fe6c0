/* Zone text: what stands where in a record, directives, TTLs, and errors with line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/nsproto.h"

static nsp_zone_rr_t rr;

/* One record as "owner ttl class type rdlength", or the error as "code@line:column". */
static void read_one(nsp_zone_reader_t *z, char *out, size_t cap)
{
    char owner[NSP_NAME_TEXT_MAX];
    char type[16];
    char rclass[16];
    if (nsp_zone_next(z, &rr)) {
        nsp_name_to_text(&rr.owner, owner, sizeof owner);
        snprintf(out, cap, "%s %u%s %s %s %u", owner, rr.ttl, rr.ttl_given ? "" : "?",
                 nsp_class_text(rr.rclass, rclass), nsp_type_text(rr.type, type), rr.rdlength);
    } else if (z->err != NSP_OK) {
        snprintf(out, cap, "%s@%u:%u", nsp_err_name(z->err), z->err_at.line, z->err_at.column);
    } else {
        snprintf(out, cap, "end");
    }
}

/* A text without NUL at its end, and all that is read from it, "|" between. */
static void expect(const char *text, const char *origin, const char *expected)
{
    char all[2048] = "";
    char one[1200];
    nsp_zone_reader_t z;
    nsp_name_t name;
    size_t len = strlen(text);
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    if (origin != NULL)
        assert_int_equal(nsp_name_from_text(origin, strlen(origin), NULL, &name, NULL), NSP_OK);
    nsp_zone_begin(&z, exact, len, origin != NULL ? &name : NULL);
    for (int i = 0; i < 20; i++) {
        read_one(&z, one, sizeof one);
        if (strcmp(one, "end") == 0)
            break;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 0 ? "|" : "", one);
    }
    free(exact);
    if (strcmp(all, expected) != 0)
        fail_msg("%s\ngives    %s\nexpected %s", text, all, expected);
}

typedef struct zone_case {
    const char *text;
    const char *origin;
    const char *expected;
} zone_case_t;

static void expect_all(const zone_case_t *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect(c[i].text, c[i].origin, c[i].expected);
}

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void records(void **state)
{
    static const zone_case_t cases[] = {
        {"", NULL, ""},
        {"\n ; nothing\n\t\n", NULL, ""},
        {"a. A 192.0.2.1", NULL, "a. 0? IN A 4"},
        {"a. 5 A 192.0.2.1\n", NULL, "a. 5 IN A 4"},
        {"a. 5 IN A 192.0.2.1\n", NULL, "a. 5 IN A 4"},
        {"a. IN 5 A 192.0.2.1\n", NULL, "a. 5 IN A 4"},
        {"a. CH 5 TXT x", NULL, "a. 5 CH TXT 2"},
        {"a. class7 type65280 \\# 2 0102", NULL, "a. 0? CLASS7 TYPE65280 2"},
        {"a. A \\# 4 c0000201", NULL, "a. 0? IN A 4"},
        {"a. TYPE1 192.0.2.1", NULL, "a. 0? IN A 4"},
        {"a. 5 A 192.0.2.1\n A 192.0.2.2\nb. A 192.0.2.3", NULL,
         "a. 5 IN A 4|a. 5 IN A 4|b. 5 IN A 4"},
        {"@ A 192.0.2.1\nb A 192.0.2.1\nc.b A 192.0.2.1", "example.",
         "example. 0? IN A 4|b.example. 0? IN A 4|c.b.example. 0? IN A 4"},
        {"a. MX ( 10 ; first\r\n\tb. ) ; last\r\n", NULL, "a. 0? IN MX 5"},
        {"a. TXT \"x;y\" z", NULL, "a. 0? IN TXT 6"},
        {"a. TXT \"( not a parenthesis\"", NULL, "a. 0? IN TXT 20"},
        {"a\\.b. A 192.0.2.1", NULL, "a\\.b. 0? IN A 4"},
    };
    (void)state;
    expect_all(cases, COUNT(cases));
}

static void directives(void **state)
{
    static const zone_case_t cases[] = {
        {"$TTL 1h\na. A 192.0.2.1\nb. 7 A 192.0.2.1\nc. A 192.0.2.1", NULL,
         "a. 3600 IN A 4|b. 7 IN A 4|c. 3600 IN A 4"},
        {"$ORIGIN example.\na A 192.0.2.1\n$ORIGIN sub\na A 192.0.2.1\n$origin .\na A 192.0.2.1",
         NULL, "a.example. 0? IN A 4|a.sub.example. 0? IN A 4|a. 0? IN A 4"},
        {"$ORIGIN sub\n", NULL, "text-origin@1:9"},
        {"$TTL\n", NULL, "text-missing@1:5"},
        {"$TTL 1x\n", NULL, "text-ttl@1:6"},
        {"$TTL 1 2\n", NULL, "text-extra@1:8"},
        {"$INCLUDE /etc/passwd\na. A 192.0.2.1", NULL, "text-directive@1:1|a. 0? IN A 4"},
        {"$GENERATE 1-9 a$ A 192.0.2.$\na. A 192.0.2.1", NULL, "text-directive@1:1|a. 0? IN A 4"},
    };
    (void)state;
    expect_all(cases, COUNT(cases));
}

static void errors_and_the_next_record(void **state)
{
    static const zone_case_t cases[] = {
        {"a. A 1.2.3\nb. A 192.0.2.1", NULL, "text-address@1:6|b. 0? IN A 4"},
        {"a. A\nb. A 192.0.2.1", NULL, "text-missing@1:5|b. 0? IN A 4"},
        {"a. A 192.0.2.1 x\nb. A 192.0.2.1", NULL, "text-extra@1:16|b. 0? IN A 4"},
        {"\n\n  A 192.0.2.1\nb. A 192.0.2.1", NULL, "text-owner@3:3|b. 0? IN A 4"},
        {"a..b. A 192.0.2.1\nb. A 192.0.2.1", NULL, "label-empty@1:3|b. 0? IN A 4"},
        {"a A 192.0.2.1\nb. A 192.0.2.1", NULL, "text-origin@1:1|b. 0? IN A 4"},
        {"a. MX ( 10\n  65 b. )\nb. A 192.0.2.1", NULL, "text-origin@2:3|b. 0? IN A 4"},
        {"a. SOA a. b. (\n 1 2\n  x 4 5 )\nb. A 192.0.2.1", NULL, "text-ttl@3:3|b. 0? IN A 4"},
        {"a. A \\# 3 c00002\nb. A 192.0.2.1", NULL, "rdata-short@1:6|b. 0? IN A 4"},
        {"a. 4294967296 A 192.0.2.1\nb. A 192.0.2.1", NULL, "text-range@1:4|b. 0? IN A 4"},
        {"a. TXT \"x\nb. A 192.0.2.1", NULL, "text-quote@1:8|b. 0? IN A 4"},
        {"a. IN CH A 192.0.2.1\nb. A 192.0.2.1", NULL, "text-type@1:7|b. 0? IN A 4"},
    };
    (void)state;
    expect_all(cases, COUNT(cases));
}

static void ttls(void **state)
{
    static const struct {
        const char *text;
        nsp_err_t err;
        uint32_t ttl;
    } cases[] = {
        {"0", NSP_OK, 0},
        {"1w2d3h4m5s", NSP_OK, 788645},
        {"1W", NSP_OK, 604800},
        {"1h30", NSP_OK, 3630},
        {"4294967295", NSP_OK, UINT32_MAX},
        {"4294967296", NSP_E_TEXT_RANGE, 0},
        {"7101w", NSP_OK, 4294684800},
        {"7102w", NSP_E_TEXT_RANGE, 0},
        {"99999999999999999999", NSP_E_TEXT_RANGE, 0},
        {"", NSP_E_TEXT_TTL, 0},
        {"h", NSP_E_TEXT_TTL, 0},
        {"1hh", NSP_E_TEXT_TTL, 0},
        {"1y", NSP_E_TEXT_TTL, 0},
        {"-1", NSP_E_TEXT_TTL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t ttl = 0;
        nsp_err_t err = nsp_ttl_from_text(cases[i].text, strlen(cases[i].text), &ttl);
        if (err != cases[i].err || (err == NSP_OK && ttl != cases[i].ttl))
            fail_msg("%s: %s, %u", cases[i].text, nsp_err_name(err), ttl);
    }
}

/* What is written is never more than there is room for. */
static void room_for_rdata(void **state)
{
    uint8_t buf[8];
    (void)state;
    for (size_t cap = 0; cap <= 5; cap++) {
        size_t n = 0;
        nsp_err_t err = nsp_rdata_from_text(NSP_TYPE_MX, "10 b.", 5, NULL, buf, cap, &n, NULL);
        assert_int_equal(err, cap < 5 ? NSP_E_SPACE : NSP_OK);
    }
}

/* As many parameters of SVCB as RDATA holds, in the order of the text, come in order of their key;
 * one more does not fit, and one twice is refused where it stands (RFC 9460 2.2). */
static void parameters_in_any_number(void **state)
{
    enum { HELD = (UINT16_MAX - 3) / 4 };
    static char text[16 * (HELD + 2)];
    static uint8_t wire[UINT16_MAX];
    (void)state;
    for (int down = 0; down <= 1; down++) {
        int len = sprintf(text, "1 .");
        for (int i = 0; i < HELD; i++)
            len += sprintf(text + len, " key%d", 1000 + (down ? HELD - 1 - i : (i * 7919) % HELD));
        size_t n = 0;
        size_t at = 0;
        assert_int_equal(
            nsp_rdata_from_text(NSP_TYPE_SVCB, text, (size_t)len, NULL, wire, sizeof wire, &n, &at),
            NSP_OK);
        assert_int_equal(n, 3 + 4 * HELD);
        for (int i = 0; i < HELD; i++) {
            const uint8_t *param = wire + 3 + 4 * i;
            assert_int_equal(param[0] << 8 | param[1], 1000 + i);
            assert_int_equal(param[2] << 8 | param[3], 0);
        }
        int more = sprintf(text + len, " key999");
        assert_int_equal(nsp_rdata_from_text(NSP_TYPE_SVCB, text, (size_t)(len + more), NULL, wire,
                                             sizeof wire, &n, &at),
                         NSP_E_SPACE);
        more = sprintf(text + len, " key1000");
        assert_int_equal(nsp_rdata_from_text(NSP_TYPE_SVCB, text, (size_t)(len + more), NULL, wire,
                                             sizeof wire, &n, &at),
                         NSP_E_TEXT_VALUE);
        assert_int_equal(at, len + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),
        cmocka_unit_test(directives),
        cmocka_unit_test(errors_and_the_next_record),
        cmocka_unit_test(ttls),
        cmocka_unit_test(room_for_rdata),
        cmocka_unit_test(parameters_in_any_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
