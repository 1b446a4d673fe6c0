#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diagnose/finding.h"
#include "xbuild.h"

static void test_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const finding_desc_t *d = finding_desc((finding_id_t)i);
        for (const char *c = d->id; *c != '\0'; c++)
            assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-');
        assert_in_range(strlen(d->title), 5, 50);
        assert_true(strlen(d->meaning) > 20 && strlen(d->cause) > 10 && strlen(d->fix) > 10);
        assert_int_equal(d->meaning[strlen(d->meaning) - 1], '.');
        assert_non_null(strstr(d->source, "RFC "));
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(d->id, finding_desc((finding_id_t)k)->id);
    }
}

static void test_severity_names(void **state)
{
    (void)state;
    assert_string_equal(severity_name(SEVERITY_ERROR), "error");
    assert_string_equal(severity_name(SEVERITY_WARNING), "warning");
    assert_string_equal(severity_name(SEVERITY_NOTICE), "notice");
    assert_string_equal(severity_name(SEVERITY_INFO), "info");
}

static void add_with_addr(finding_list_t *list, finding_id_t id, const char *server,
                          const char *addr)
{
    finding_t *f = finding_add(list, id, "%s %s", server, addr);
    nsp_name_t name = xname(server);
    assert_non_null(f);
    finding_set_server(f, &name);
    f->has_addr = true;
    f->addr = xaddr(addr);
}

static void test_sort(void **state)
{
    (void)state;
    static const char *const expected[] = {"zone",           "a. 192.0.2.2", "a. 192.0.2.10",
                                           "a. 2001:db8::1", "b. 192.0.2.1", "slow"};
    finding_list_t list;
    finding_list_init(&list);
    assert_int_equal(finding_list_worst(&list), -1);
    finding_add(&list, FINDING_SLOW, "slow");
    add_with_addr(&list, FINDING_UNRESPONSIVE, "b.", "192.0.2.1");
    add_with_addr(&list, FINDING_UNRESPONSIVE, "a.", "2001:db8::1");
    add_with_addr(&list, FINDING_UNRESPONSIVE, "a.", "192.0.2.10");
    add_with_addr(&list, FINDING_UNRESPONSIVE, "a.", "192.0.2.2");
    finding_add(&list, FINDING_ZONE_DOWN, "%s", "zone");
    finding_list_sort(&list);
    assert_int_equal(list.count, 6);
    for (size_t i = 0; i < list.count; i++)
        assert_string_equal(list.item[i].text, expected[i]);
    assert_int_equal(finding_list_worst(&list), SEVERITY_ERROR);
    finding_list_free(&list);
}

static void test_evidence(void **state)
{
    (void)state;
    finding_list_t list;
    finding_list_init(&list);
    finding_t *f = finding_add(&list, FINDING_SLOW, "slow");
    exchange_t x = {.id = 7};
    finding_add_evidence(f, &x);
    finding_add_evidence(f, &x);
    finding_add_evidence(f, NULL);
    assert_int_equal(f->evidence_count, 1);
    assert_int_equal(f->evidence[0], 7);
    for (x.id = 8; x.id < 8 + FINDING_EVIDENCE_MAX; x.id++) {
        finding_add_evidence(f, &x);
        assert_in_range(f->evidence_count, 2, FINDING_EVIDENCE_MAX);
    }
    assert_int_equal(f->evidence_count, FINDING_EVIDENCE_MAX);
    assert_int_equal(f->evidence[FINDING_EVIDENCE_MAX - 1], 6 + FINDING_EVIDENCE_MAX);
    finding_list_free(&list);
}

static void test_fix(void **state)
{
    (void)state;
    finding_list_t list;
    finding_list_init(&list);
    finding_t *f = finding_add(&list, FINDING_SLOW, "slow");
    assert_null(f->fix);
    finding_set_fix(f, "ask %s", "a");
    finding_set_fix(f, "ask %s", "b");
    assert_string_equal(f->fix, "ask b");
    finding_set_fix(NULL, "nothing");
    finding_set_server(NULL, NULL);
    finding_list_free(&list);
}

static void test_set_addr(void **state)
{
    (void)state;
    xlab_t x;
    finding_list_t list;
    addr_t known = xaddr("8.0.2.1");
    addr_t unknown = xaddr("8.9.9.9");
    xlab_healthy(&x);
    finding_list_init(&list);
    finding_t *f = finding_add(&list, FINDING_SLOW, "slow");
    finding_set_addr(f, x.m, &unknown);
    assert_true(f->has_addr);
    assert_false(f->has_server);
    finding_set_addr(f, x.m, &known);
    assert_true(f->has_server);
    assert_true(nsp_name_equal(&f->server, &x.m->server[1].name));
    finding_list_free(&list);
    xlab_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_severity_names),
        cmocka_unit_test(test_sort),  cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_fix),   cmocka_unit_test(test_set_addr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
