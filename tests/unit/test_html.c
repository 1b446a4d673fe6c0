/* The page and the letter of check: everything is told, and nothing foreign becomes markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/check_html.h"
#include "report/html.h"
#include "report/mail_text.h"
#include "xbuild.h"

typedef struct made {
    xlab_t x;
    finding_list_t list;
    check_report_t report;
} made_t;

static void make(made_t *m, void (*edit)(xlab_t *x))
{
    xlab_healthy(&m->x);
    if (edit != NULL)
        edit(&m->x);
    xlab_build(&m->x);
    finding_list_init(&m->list);
    assert_true(diagnose(m->x.m, &m->x.set, NULL, &m->list));
    m->report = (check_report_t){.model = m->x.m, .set = &m->x.set, .findings = &m->list};
}

static void done(made_t *m)
{
    finding_list_free(&m->list);
    xlab_free(&m->x);
}

static char *page_of(const check_report_t *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(check_report_html(out, r));
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *mail_of(const check_report_t *r, const char *addr, unsigned *told)
{
    char *text = NULL;
    size_t size = 0;
    addr_t a = xaddr(addr);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(mail_report_text(out, r, &a, told));
    assert_int_equal(fclose(out), 0);
    return text;
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        n++;
    return n;
}

static void mixed(xlab_t *x)
{
    xlab_act(x, 0, XA_SILENT);
    xlab_act_tcp(x, 2, XA_REFUSED);
    xlab_act(x, 3, XA_CUT);
    x->probe[1][XQ_SOA].rcode = NSP_RCODE_REFUSED;
}

static void test_escaping(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    html_t h = {.out = out};
    html_text(&h, "<a href=\"x\" b='y'>&amp;\x1b[31m\x7f\xc3\xa9\n\tz");
    html_raw(&h, "|");
    html_textf(&h, "%s%d", "<", 7);
    html_raw(&h, "|");
    html_short(&h, "<<<<<<<<<<", 5);
    html_raw(&h, "|");
    html_short(&h, "<<<", 3);
    fclose(out);
    assert_string_equal(text, "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;?[31m???\n\tz|"
                              "&lt;7|&lt;&lt;...|&lt;&lt;&lt;");
    free(text);
}

/* Each finding is on the page once, and each exchange that proves a warning or error is drawn. */
static void test_page_tells_all(void **state)
{
    (void)state;
    made_t m;
    make(&m, mixed);
    char *page = page_of(&m.report);
    assert_true(m.list.count >= 3);
    for (size_t i = 0; i < m.list.count; i++) {
        char id[64];
        const finding_t *f = &m.list.item[i];
        snprintf(id, sizeof id, "id=\"f%u\"", f->number);
        assert_int_equal(count_of(page, id), 1);
        assert_non_null(strstr(page, finding_desc(f->id)->id));
        for (uint16_t k = 0; f->severity >= SEVERITY_WARNING && k < f->evidence_count; k++) {
            snprintf(id, sizeof id, "id=\"x%u\"", f->evidence[k]);
            assert_int_equal(count_of(page, id), 1);
        }
    }
    assert_int_equal(count_of(page, "<article class=\"finding"), m.list.count);
    assert_int_equal(count_of(page, "<h1>"), 1);
    assert_int_equal(count_of(page, "<script"), 0);
    assert_non_null(strstr(page, "default-src 'none'"));
    char *again = page_of(&m.report);
    assert_string_equal(page, again);
    free(again);
    free(page);
    done(&m);
}

/* Names from packets are text wherever they stand. */
static void test_hostile_names(void **state)
{
    (void)state;
    made_t m;
    make(&m, mixed);
    m.x.m->server[0].name = xname("<script>alert(1)</script>.\"onload=x.'y.&z.");
    m.x.m->server[1].name = xname("--!>]]><svg/onload=q>.evil.");
    m.x.m->zone = m.x.m->server[0].name;
    for (uint32_t i = 0; i < m.x.set.count; i++)
        m.x.set.item[i]->qname = m.x.m->server[0].name;
    for (size_t i = 0; i < m.list.count; i++)
        m.list.item[i].server = m.x.m->server[0].name;
    char *page = page_of(&m.report);
    assert_int_equal(count_of(page, "<script"), 0);
    assert_int_equal(count_of(page, "<svg/"), 0);
    assert_int_equal(count_of(page, "\"onload"), 0);
    assert_int_equal(count_of(page, "--!>"), 0);
    assert_true(count_of(page, "&lt;script&gt;") > 3);
    free(page);
    done(&m);
}

static void test_healthy_and_empty(void **state)
{
    (void)state;
    made_t m;
    make(&m, NULL);
    char *page = page_of(&m.report);
    assert_non_null(strstr(page, "is healthy"));
    assert_int_equal(count_of(page, "<article class=\"finding"), m.list.count);
    free(page);
    m.x.m->server_count = m.x.m->address_count = 0;
    m.report.untested = m.report.interrupted = true;
    page = page_of(&m.report);
    assert_non_null(strstr(page, "No address was tested"));
    assert_non_null(strstr(page, "was not tested"));
    free(page);
    done(&m);
}

static void check_lines(const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        assert_in_range(n, 0, MAIL_WIDTH);
        for (size_t i = 0; i < n; i++)
            assert_in_range(text[i], ' ', '~');
        assert_true(n == 0 || text[n - 1] != ' ');
        text += n + (text[n] == '\n');
    }
}

static void test_mail(void **state)
{
    (void)state;
    made_t m;
    unsigned letters = 0;
    make(&m, mixed);
    for (uint16_t i = 0; i < m.x.m->address_count; i++) {
        unsigned told = 0;
        unsigned wanted = 0;
        char addr[ADDR_TEXT_MAX];
        char *text = mail_of(&m.report, addr_text(&m.x.m->address[i].addr, addr), &told);
        for (size_t k = 0; k < m.list.count; k++)
            wanted += m.list.item[k].has_addr && m.list.item[k].severity >= SEVERITY_WARNING &&
                      addr_equal(&m.list.item[k].addr, &m.x.m->address[i].addr);
        assert_true(told >= wanted);
        check_lines(text);
        if (told > 0) {
            letters++;
            assert_int_equal(strncmp(text, "Subject: ", 9), 0);
            assert_non_null(strstr(text, addr));
            assert_non_null(strstr(text, "What to do:"));
            assert_non_null(strstr(text, "octet by octet"));
            assert_non_null(strstr(text, "QDCOUNT 1"));
        } else {
            assert_string_equal(text, "");
        }
        free(text);
    }
    assert_true(letters >= 3);
    done(&m);
}

/* Names as long as they get, and an address that is none of the zone's. */
static void test_mail_limits(void **state)
{
    (void)state;
    made_t m;
    unsigned told = 7;
    char addr[ADDR_TEXT_MAX];
    make(&m, mixed);
    char *text = mail_of(&m.report, "8.9.9.9", &told);
    assert_int_equal(told, 0);
    assert_string_equal(text, "");
    free(text);
    nsp_name_t longest = xname("a.");
    longest.len = 0;
    for (unsigned i = 0; i < 3; i++) {
        longest.octets[longest.len++] = 63;
        for (unsigned k = 0; k < 63; k++)
            longest.octets[longest.len++] = (uint8_t)(k % 3 == 0 ? 7 : 'x');
    }
    longest.octets[longest.len++] = 0;
    for (uint16_t i = 0; i < m.x.m->server_count; i++)
        m.x.m->server[i].name = longest;
    m.x.m->zone = longest;
    for (uint32_t i = 0; i < m.x.set.count; i++)
        m.x.set.item[i]->qname = longest;
    text = mail_of(&m.report, addr_text(&m.x.m->address[0].addr, addr), &told);
    assert_true(told > 0);
    check_lines(text);
    free(text);
    done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escaping),      cmocka_unit_test(test_page_tells_all),
        cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_healthy_and_empty),
        cmocka_unit_test(test_mail),          cmocka_unit_test(test_mail_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
