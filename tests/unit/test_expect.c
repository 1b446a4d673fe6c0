/* Expectations: what each way of writing them down gives, what was odd about it, and where errors
 * are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/expect.h"
#include "dkim/expect_text.h"

#define BOM "\xef\xbb\xbf"

/* q quotes, i invisible, b blanks, r relative, e entire, s escapes */
static void add_odd(nsp_text_t *t, unsigned odd)
{
    static const char letters[] = "qibres";
    if (odd != 0)
        nsp_text_str(t, " !");
    for (unsigned i = 0; letters[i] != '\0'; i++)
        if ((odd & 1u << i) != 0)
            nsp_text_add(t, &letters[i], 1);
}

/* "owner TYPE rdata !odd <origin>" for each, "|" between. */
static void render(const expectations_t *e, char *out, size_t cap)
{
    nsp_text_t t;
    char type[16];
    nsp_text_begin(&t, out, cap);
    for (size_t i = 0; i < e->count; i++) {
        const expectation_t *x = &e->item[i];
        if (i > 0)
            nsp_text_str(&t, "|");
        nsp_text_name(&t, &x->owner);
        nsp_text_printf(&t, " %s ", nsp_type_text(x->type, type));
        assert_true(expectation_rdata_text(x, &t));
        add_odd(&t, x->odd);
        nsp_text_printf(&t, " <%s>", x->origin);
    }
}

static const nsp_name_t *base_name(const char *text, nsp_name_t *out)
{
    if (text == NULL)
        return NULL;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, out, NULL), NSP_OK);
    return out;
}

typedef bool add_fn_t(expectations_t *e, const char *text, size_t len, const nsp_name_t *base,
                      const char *where, char *err);

/* Reads a text that ends exactly at the end of its memory, and compares. */
static void read_one(add_fn_t *add, const char *where, const char *text, size_t len,
                     const char *base, const char *expected)
{
    expectations_t e;
    char got[4096] = "";
    char err[EXPECT_ERROR_MAX] = "";
    nsp_name_t name;
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    expectations_init(&e);
    if (add(&e, exact, len, base_name(base, &name), where, err)) {
        assert_true(e.count > 0);
        render(&e, got, sizeof got);
    } else {
        assert_int_equal(e.count, 0);
        snprintf(got, sizeof got, "ERROR %s", err);
    }
    free(exact);
    expectations_free(&e);
    if (strncmp(expected, "ERROR", 5) == 0 ? strncmp(got, expected, strlen(expected)) != 0
                                           : strcmp(got, expected) != 0)
        fail_msg("%.*s\ngives    %s\nexpected %s", (int)len, text, got, expected);
}

typedef struct text_case {
    const char *text;
    const char *base;
    const char *expected; /* "ERROR ..." is compared as far as it goes */
} text_case_t;

static void run(add_fn_t *add, const char *where, const text_case_t *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        read_one(add, where, cases[i].text, strlen(cases[i].text), cases[i].base,
                 cases[i].expected);
}

#define RUN(add, where, cases) run(add, where, cases, sizeof(cases) / sizeof(cases)[0])

#define SES "a._domainkey.example.com. CNAME a.dkim.amazonses.com."

static void lines(void **state)
{
    (void)state;
    static const text_case_t cases[] = {
        {"a._domainkey.example.com. CNAME a.dkim.amazonses.com.", "example.com", SES " <line>"},
        {"a._domainkey.example.com CNAME a.dkim.amazonses.com", "example.com", SES " !r <line>"},
        {"a._domainkey CNAME a.dkim.amazonses.com.", "example.com", SES " <line>"},
        {"A._DomainKey cname A.DKIM.amazonses.com.", "example.com",
         "A._DomainKey.example.com. CNAME a.dkim.amazonses.com. <line>"},
        {"  a._domainkey\t600 IN  CNAME  a.dkim.amazonses.com. ", "example.com", SES " <line>"},
        {"a._domainkey IN 1h CNAME a.dkim.amazonses.com.", "example.com", SES " <line>"},
        {"a._domainkey.example.com CNAME a.dkim.amazonses.com", NULL, SES " <line>"},
        /* the top-level label tells a whole name */
        {"a._domainkey.example.com CNAME b.c", "mail.example.com",
         "a._domainkey.example.com. CNAME b.c. !r <line>"},
        {"a._domainkey.example.org CNAME b.c.", "example.com",
         "a._domainkey.example.org.example.com. CNAME b.c. <line>"},
        {"@ MX 10 mail", "example.com", "example.com. MX 10 mail.example.com. <line>"},
        {"@ MX 10 mail.example.net", "example.com",
         "example.com. MX 10 mail.example.net. !r <line>"},
        {"@ MX 10 @", "example.com", "example.com. MX 10 example.com. <line>"},
        {"a CNAME s1._domainkey", "example.com",
         "a.example.com. CNAME s1._domainkey.example.com. <line>"},
        {"@ A 192.0.2.1", "example.com", "example.com. A 192.0.2.1 <line>"},
        {"x CAA 0 issue \"ca.example\"", "example.com",
         "x.example.com. CAA 0 issue \"ca.example\" <line>"},
        {"x TYPE65280 \\# 2 abcd", "example.com", "x.example.com. TYPE65280 \\# 2 ABCD <line>"},
        {"x IPSECKEY 10 3 2 gw AQNR", "example.com",
         "x.example.com. IPSECKEY 10 3 2 gw.example.com. AQNR <line>"},
        {"x HTTPS 1 svc.example.net alpn=h2", "example.com",
         "x.example.com. HTTPS 1 svc.example.net. alpn=\"h2\" !r <line>"},
        {"x CNAME \"a.dkim.amazonses.com\"", "example.com",
         "x.example.com. CNAME a.dkim.amazonses.com. !qr <line>"},
        {"", "example.com", "ERROR line: character 1: the name is missing"},
        {"x", "example.com", "ERROR line: character 2: the type is missing"},
        {"x CNAME", "example.com", "ERROR line: character 8: the value is missing"},
        {"x y z", "example.com", "ERROR line: character 3: y is not an RR type"},
        {"x CH TXT y", "example.com", "ERROR line: character 3: only class IN"},
        {"x MX ten mail", "example.com", "ERROR line: character 6: the value: not a number"},
        {"x A 192.0.2.300", "example.com", "ERROR line: character 5: the value: not an IP"},
        {"x ANY y", "example.com", "ERROR line: character 3: no zone has records of type ANY"},
        {"x CNAME a b", "example.com", "ERROR line: character 11: the value: unexpected text"},
        {"http://x.example.com CNAME a", "example.com", "ERROR line: character 5: no domain name"},
        {"b\xc3\xbc"
         "cher CNAME a",
         "example.com", "ERROR line: character 2: not ASCII"},
        {"x..y CNAME a", "example.com", "ERROR line: character 3: the name: empty label"},
        {"@ CNAME a", NULL, "ERROR line: character 1: the name is relative"},
    };
    RUN(expect_add_line, "line", cases);
}

static void texts_of_txt(void **state)
{
    (void)state;
    static const text_case_t cases[] = {
        {"x TXT v=DKIM1; k=rsa; p=AB", "e.com", "x.e.com. TXT \"v=DKIM1; k=rsa; p=AB\" <line>"},
        {"x TXT \"v=DKIM1; \" \"p=AB\"", "e.com", "x.e.com. TXT \"v=DKIM1; \" \"p=AB\" <line>"},
        {"x TXT ( \"a\"\n \"b\" )", "e.com", "x.e.com. TXT \"a\" \"b\" <line>"},
        {"x TXT v=DKIM1\\; k=rsa\\; p=AB", "e.com",
         "x.e.com. TXT \"v=DKIM1; k=rsa; p=AB\" !s <line>"},
        {"x TXT 'v=DKIM1; p=AB'", "e.com", "x.e.com. TXT \"v=DKIM1; p=AB\" !q <line>"},
        {"x TXT \xe2\x80\x9cv=DKIM1; p=AB\xe2\x80\x9d", "e.com",
         "x.e.com. TXT \"v=DKIM1; p=AB\" !q <line>"},
        {"x TXT v=DKIM1;\xc2\xa0p=A\xe2\x80\x8b"
         "B",
         "e.com", "x.e.com. TXT \"v=DKIM1; p=AB\" !i <line>"},
        {"x TXT \x93v=DKIM1; p=AB\x94", "e.com", "x.e.com. TXT \"v=DKIM1; p=AB\" !q <line>"},
        {"x TXT v=DKIM1;\r\np=AB", "e.com", "x.e.com. TXT \"v=DKIM1;p=AB\" !b <line>"},
        {"x TXT \"v=DKIM1; p=AB", "e.com", "ERROR line: character 7: the text: quoted text"},
        {"x TXT \"\"", "e.com", "x.e.com. TXT \"\" <line>"},
        {"x TXT a\"b", "e.com", "x.e.com. TXT \"a\\\"b\" <line>"},
        {"x TXT \xc3\xbc", "e.com", "x.e.com. TXT \"\\195\\188\" <line>"},
    };
    RUN(expect_add_line, "line", cases);
}

static void csv(void **state)
{
    (void)state;
    static const text_case_t cases[] = {
        {"Name,Type,Value\na._domainkey.example.com,CNAME,a.dkim.amazonses.com\n", "example.com",
         SES " !r <f:2>"},
        {BOM "Name,Type,Value\r\na._domainkey.example.com,CNAME,a.dkim.amazonses.com\r\n",
         "example.com", SES " !r <f:2>"},
        {"\"Name\",\"Type\",\"Value\"\n\"a._domainkey\",\"CNAME\",\"a.dkim.amazonses.com.\"",
         "example.com", SES " <f:2>"},
        {"Record Type;TTL;Points to;Host/Name;Note\nCNAME;300;a.dkim.amazonses.com.;a._domainkey;x",
         "example.com", SES " <f:2>"},
        {"TYPE\tHOST NAME\tDATA\nCNAME\ta._domainkey\ta.dkim.amazonses.com.", "example.com",
         SES " <f:2>"},
        {"sep=;\r\nname;type;value\r\na._domainkey;CNAME;a.dkim.amazonses.com.\r\n", "example.com",
         SES " <f:3>"},
        {"Name,Type,Value\r\ra._domainkey,CNAME,a.dkim.amazonses.com.\r", "example.com",
         SES " <f:1>"},
        {"\n\n Name , Type , Value \n\n a._domainkey , CNAME , a.dkim.amazonses.com. \n,,\n\n",
         "example.com", SES " <f:5>"},
        {"Name,Type,Value\nx,TXT,\"v=DKIM1; k=rsa; p=AB\"\n", "e.com",
         "x.e.com. TXT \"v=DKIM1; k=rsa; p=AB\" <f:2>"},
        {"Name,Type,Value\nx,TXT,\"\"\"v=DKIM1; \"\" \"\"p=AB\"\"\"\n", "e.com",
         "x.e.com. TXT \"v=DKIM1; \" \"p=AB\" <f:2>"},
        {"Name,Type,Value\nx,TXT,\"v=DKIM1;\r\n p=A,B\"\ny,A,192.0.2.1\n", "e.com",
         "x.e.com. TXT \"v=DKIM1; p=A,B\" !b <f:2>|y.e.com. A 192.0.2.1 <f:4>"},
        {"Name,Type,Priority,Value\n@,MX,10,mail.e.com.\n@,TXT,,v=spf1 -all\n", "e.com",
         "e.com. MX 10 mail.e.com. <f:2>|e.com. TXT \"v=spf1 -all\" <f:3>"},
        {"Name,Type,Value\n@,MX,10 mail.e.com.\n", "e.com", "e.com. MX 10 mail.e.com. <f:2>"},
        {"Name,Type,Value\nx,A,192.0.2.1\nX,a,192.0.2.1\n", "e.com", "x.e.com. A 192.0.2.1 <f:2>"},
        {"Name,Type,Value\n\xe2\x80\x9cx\xe2\x80\x9d,A,192.0.2.1\ny,A,\xe2\x80\x8b"
         "192.0.2.2\n",
         "e.com", "x.e.com. A 192.0.2.1 !q <f:2>|y.e.com. A 192.0.2.2 !i <f:3>"},
        {"Type,Name,Value,Value\nA,x,192.0.2.1,other\n", "e.com", "x.e.com. A 192.0.2.1 <f:2>"},
        {"Domain,Name,Type,Value\ne.com,x,A,192.0.2.1\n", "e.com", "x.e.com. A 192.0.2.1 <f:2>"},
        {"Domain,Type,Target\nx.e.com,A,192.0.2.1\n", "e.com", "x.e.com. A 192.0.2.1 !r <f:2>"},
        {"Name,Type,Value\n", "e.com", "ERROR f: no record in it"},
        {"Name,Value\nx,y\n", "e.com", "ERROR f:1:1: no column is named Type"},
        {"Host,Type,TTL\nx,y\n", "e.com", "ERROR f:1:1: no column is named Value"},
        {"x,A,192.0.2.1\n", "e.com", "ERROR f:1:1: the first line must name the columns"},
        {"Name,Type,Value\nx,A,\"192.0.2.1\n", "e.com", "ERROR f:2:5: quoted text does not end"},
        {"Name,Type,Value\nx,A,\"192.0.2.1\"z\n", "e.com", "ERROR f:2:16: text between"},
        {"Name,Type,Value\nx,A,192.0.2.1,y\n", "e.com", "ERROR f:2:15: more fields than columns"},
        {"Name,Type,Value\nx,A\n", "e.com", "ERROR f:2:1: the value is missing"},
        {"Name,Type,Value\nx,B,1\n", "e.com", "ERROR f:2:3: B is not an RR type"},
        {"Name,Type,Value\nx,A,192.0.2.1\ny,A,\xe2\x80\x8b"
         "1.2\n",
         "e.com", "ERROR f:3:6: the value: not an IP"},
    };
    RUN(expect_add_text, "f", cases);
}

static void zone(void **state)
{
    (void)state;
    static const text_case_t cases[] = {
        {"a._domainkey.example.com. 300 IN CNAME a.dkim.amazonses.com. ; the first\n",
         "example.com", SES " <f:1>"},
        {"; three records\r\na._domainkey.example.com CNAME a.dkim.amazonses.com\r\n",
         "example.com", SES " !r <f:2>"},
        {"$TTL 60\na._domainkey CNAME a.dkim.amazonses.com.\nb._domainkey CNAME b.dkim.amazonses."
         "com.\n",
         "example.com", SES " <f:2>|b._domainkey.example.com. CNAME b.dkim.amazonses.com. <f:3>"},
        /* an $ORIGIN makes it zone text by the letter */
        {"$ORIGIN example.com.\na._domainkey CNAME b.c\n", "e.com",
         "a._domainkey.example.com. CNAME b.c.example.com. <f:2>"},
        {"x TXT ( \"v=DKIM1; \"\n  \"p=AB\" )\n  A 192.0.2.1\n", "e.com",
         "x.e.com. TXT \"v=DKIM1; \" \"p=AB\" <f:1>|x.e.com. A 192.0.2.1 <f:3>"},
        {"x TXT \xe2\x80\x9cv=DKIM1; p=AB\xe2\x80\x9d\n", "e.com",
         "x.e.com. TXT \"v=DKIM1; p=AB\" !q <f:1>"},
        {"x SRV 0 0 443 host ; c\n", "e.com", "x.e.com. SRV 0 0 443 host.e.com. <f:1>"},
        {"x IPSECKEY 10 3 2 gw AQNR\ny A 192.0.2.1", "e.com",
         "x.e.com. IPSECKEY 10 3 2 gw.e.com. AQNR <f:1>|y.e.com. A 192.0.2.1 <f:2>"},
        {"x TXT v=DKIM1; p=AB\n", "e.com", "ERROR f:1:14: in zone text a semicolon begins"},
        {"x TXT hello ; p=AB\n", "e.com", "x.e.com. TXT \"hello\" <f:1>"},
        {"x A 192.0.2.1\ny A 192.0.2\n", "e.com", "ERROR f:2:5: not an IP address"},
        {"x A 192.0.2.1\n\xe2\x80\x8by A \xe2\x80\x8b"
         "192.0.2\n",
         "e.com", "ERROR f:2:7: not an IP address"},
        {"x HS A 192.0.2.1\n", "e.com", "ERROR f:1:1: only class IN"},
        {"{\"Name\":\"x\"}", "e.com", "ERROR f:1:1: this looks like JSON"},
        {"<html>", "e.com", "ERROR f:1:1: this looks like HTML"},
        {"", "e.com", "ERROR f: no record in it"},
        {"; nothing\n", "e.com", "ERROR f: no record in it"},
        {"$INCLUDE x\n", "e.com", "ERROR f:1:1: unknown or unsupported $"},
    };
    RUN(expect_add_text, "f", cases);
}

static void utf16(void **state)
{
    (void)state;
    static const char text[] = "Name,Type,Value\r\nx,A,192.0.2.1\r\n";
    for (unsigned big = 0; big < 2; big++) {
        char wide[2 * sizeof text + 2] = {0};
        wide[0] = (char)(big ? 0xfe : 0xff);
        wide[1] = (char)(big ? 0xff : 0xfe);
        for (size_t i = 0; i < sizeof text - 1; i++)
            wide[2 + 2 * i + big] = text[i];
        read_one(expect_add_text, "f", wide, 2 * sizeof text, "e.com",
                 "x.e.com. A 192.0.2.1 <f:2>");
        read_one(expect_add_text, "f", wide, 2 * sizeof text - 1, "e.com",
                 "ERROR f: UTF-16 text that is cut off");
        read_one(expect_add_text, "f", wide + 2, 2 * sizeof text - 2, "e.com",
                 "ERROR f: a NUL octet");
    }
    static const char lone[] = "\xff\xfe\x00\xdc"
                               "a";
    read_one(expect_add_text, "f", lone, 5, "e.com", "ERROR f: UTF-16");
    /* a quotation mark and a pair of surrogates in a comment */
    static const char marks[] = "\xff\xfex\0 \0A\0 \0\x0b\x20"
                                "1\0.\0"
                                "1\0.\0"
                                "1\0.\0"
                                "1\0;\0\x3d\xd8\x00\xde";
    read_one(expect_add_text, "f", marks, sizeof marks - 1, "e.com", "x.e.com. A 1.1.1.1 !i <f:1>");
}

/* Every prefix of good input is read or refused: the sanitizers see the rest. */
static void prefixes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        BOM "Name,Type,Value\r\n\"a\",TXT,\"\"\"v=DKIM1; \"\" \"\"p=\"\"\"\r\nb,MX,10 c\r\n",
        "$ORIGIN e.com.\nx 5 IN TXT ( \"a\" ; c\n \"b\\059\" )\n\tMX 10 @\n",
        "x 300 IN TXT \xe2\x80\x9cv=DKIM1; p=A\xe2\x80\x9d",
        "\xff\xfex\0 \0A\0 \0\x3d\xd8\x00\xde\061\0", /* UTF-16; the last one is "1" */
    };
    nsp_name_t name;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len = i == 3 ? 14 : strlen(texts[i]);
        for (size_t n = 0; n <= len; n++) {
            char err[EXPECT_ERROR_MAX] = "";
            expectations_t e;
            char *exact = malloc(n > 0 ? n : 1);
            assert_non_null(exact);
            memcpy(exact, texts[i], n);
            expectations_init(&e);
            bool text = expect_add_text(&e, exact, n, base_name("e.com", &name), "f", err);
            assert_true(text || err[0] != '\0');
            err[0] = '\0';
            bool line = expect_add_line(&e, exact, n, NULL, "l", err);
            assert_true(line || err[0] != '\0');
            expectations_free(&e);
            free(exact);
        }
    }
}

static void limits(void **state)
{
    (void)state;
    char err[EXPECT_ERROR_MAX];
    char line[64];
    nsp_name_t name;
    expectations_t e;
    expectations_init(&e);
    for (int i = 0; i < EXPECT_MAX; i++) {
        snprintf(line, sizeof line, "x%d A 192.0.2.1", i);
        assert_true(expect_add_line(&e, line, strlen(line), base_name("e.com", &name), "l", err));
    }
    assert_int_equal(e.count, EXPECT_MAX);
    assert_true(expect_add_line(&e, "x7 A 192.0.2.1", 14, &name, "l", err));
    assert_false(expect_add_line(&e, "y A 192.0.2.1", 13, &name, "l", err));
    assert_non_null(strstr(err, "more than 4096 records"));
    /* all or nothing */
    assert_false(expect_add_text(&e, "x1 A 192.0.2.1\nz A 192.0.2.1\n", 29, &name, "f", err));
    assert_int_equal(e.count, EXPECT_MAX);
    expectations_free(&e);

    size_t long_len = 70000;
    char *text = malloc(long_len);
    assert_non_null(text);
    memset(text, 'a', long_len);
    memcpy(text, "x TXT ", 6);
    read_one(expect_add_line, "l", text, long_len, "e.com", "ERROR l: character 7: the text is");
    memcpy(text, "x TXT ", 6);
    expectations_init(&e);
    assert_true(expect_add_line(&e, text, 60006, &name, "l", err));
    assert_int_equal(e.item[0].rdlen, 60000 + 236);
    expectations_free(&e);
    free(text);
}

/* Whether the record of a reply, as zone text with its names compressed, is what is expected. */
static bool met(const char *wanted, const char *found, bool any_key)
{
    static uint8_t wire[65535];
    static nsp_zone_rr_t rr;
    nsp_builder_t b;
    nsp_rr_t arena[4];
    nsp_msg_t m;
    nsp_zone_reader_t z;
    expectations_t e;
    nsp_name_t root;
    size_t size = 0;
    char err[EXPECT_ERROR_MAX] = "";
    expectations_init(&e);
    if (!expect_add_text(&e, wanted, strlen(wanted), NULL, "w", err))
        fail_msg("%s", err);
    nsp_name_root(&root);
    nsp_zone_begin(&z, found, strlen(found), &root);
    assert_true(nsp_zone_next(&z, &rr));
    nsp_build_begin(&b, wire, sizeof wire, 1, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, &rr.owner, rr.type, NSP_CLASS_IN);
    assert_true(
        nsp_build_rr(&b, NSP_ANSWER, &rr.owner, rr.type, rr.rclass, 60, rr.rdata, rr.rdlength));
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    assert_int_equal(nsp_msg_index(&m, wire, size, arena, 4), NSP_OK);
    e.item[0].any_key = any_key;
    bool is = expectation_met(&e.item[0], &m, nsp_msg_rr(&m, NSP_ANSWER, 0));
    expectations_free(&e);
    return is;
}

static void what_meets(void **state)
{
    (void)state;
    assert_true(met("a.e.com. CNAME b.e.com.", "a.e.com. CNAME b.e.com.", false));
    assert_true(met("a.e.com. CNAME b.e.com.", "A.E.com. CNAME B.e.COM.", false));
    assert_true(met("A.e.com. CNAME B.E.com.", "a.e.com. CNAME b.e.com.", false));
    assert_false(met("a.e.com. CNAME b.e.com.", "b.e.com. CNAME b.e.com.", false));
    assert_false(met("a.e.com. CNAME b.e.com.", "a.e.com. CNAME c.e.com.", false));
    assert_false(met("a.e.com. CNAME b.e.com.", "a.e.com. NS b.e.com.", false));
    assert_false(met("a.e.com. CNAME b.e.com.", "a.e.com. CH CNAME b.e.com.", false));
    assert_true(met("a.e.com. MX 5 B.e.com.", "a.e.com. MX 5 b.E.com.", false));
    assert_false(met("a.e.com. MX 5 b.e.com.", "a.e.com. MX 6 b.e.com.", false));
    /* canonical form keeps the case of this name */
    assert_true(
        met("a.e.com. HTTPS 1 B.e.com. alpn=h2", "a.e.com. HTTPS 1 b.e.com. alpn=h2", false));
    assert_false(
        met("a.e.com. HTTPS 1 B.e.com. alpn=h2", "a.e.com. HTTPS 1 b.e.com. alpn=H2", false));
    /* TXT: the strings joined, octet for octet */
    assert_true(met("a. TXT \"ab\" \"c\"", "a. TXT \"a\" \"bc\"", false));
    assert_true(met("a. TXT \"abc\"", "a. TXT \"\" \"abc\" \"\"", false));
    assert_true(met("a. TXT \"\"", "a. TXT \"\" \"\"", false));
    assert_false(met("a. TXT \"abc\"", "a. TXT \"abC\"", false));
    assert_false(met("a. TXT \"abc\"", "a. TXT \"ab\"", false));
    assert_false(met("a. TXT \"abc\"", "a. TXT \"ab \" \"c\"", false));
    assert_true(met("a. TXT \"abc\"", "a. TXT \"v=DKIM1; p=\"", true));
    assert_false(met("a. TXT \"abc\"", "a. TXT \"v=spf1 -all\"", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),  cmocka_unit_test(texts_of_txt), cmocka_unit_test(csv),
        cmocka_unit_test(zone),   cmocka_unit_test(utf16),        cmocka_unit_test(prefixes),
        cmocka_unit_test(limits), cmocka_unit_test(what_meets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
