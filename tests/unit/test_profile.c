#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/profile.h"

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } cases[] = {{"slow error\nslwo error\n", 2, "'slwo'"},
                 {"slow\n", 1, "severity ''"},
                 {"\n\nslow worse", 3, "'worse'"},
                 {"slow error now\n", 1, "'now'"},
                 {"slow\xff error\n", 1, "'slow?'"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        profile_t p;
        profile_error_t err;
        profile_init(&p);
        assert_false(profile_read(&p, cases[i].text, strlen(cases[i].text), &err));
        assert_int_equal(err.line, cases[i].line);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void test_read(void **state)
{
    (void)state;
    static const char text[] = "# ours\n  slow\terror # now\r\nflapping ignore\nmalformed error\n"
                               "late-reply info\nlate-reply warning";
    profile_t p;
    profile_error_t err;
    profile_init(&p);
    assert_true(profile_read(&p, text, sizeof text - 1, &err));
    assert_int_equal(p.severity[FINDING_SLOW], SEVERITY_ERROR);
    assert_int_equal(p.severity[FINDING_FLAPPING], PROFILE_IGNORE);
    assert_int_equal(p.severity[FINDING_MALFORMED], PROFILE_UNCHANGED);  /* its usual one */
    assert_int_equal(p.severity[FINDING_LATE_REPLY], PROFILE_UNCHANGED); /* the last line holds */
    assert_int_equal(p.severity[FINDING_WILDCARD], PROFILE_UNCHANGED);
}

/* Severities change, what is ignored goes, and what followed from it stands on its own. */
static void test_apply(void **state)
{
    (void)state;
    profile_t p;
    finding_list_t list;
    finding_list_init(&list);
    finding_add(&list, FINDING_FLAPPING, "cause");
    finding_add(&list, FINDING_SLOW, "symptom");
    finding_add(&list, FINDING_WILDCARD, "other");
    finding_add(&list, FINDING_GLUE_MISMATCH, "lowered");
    list.item[0].number = 1;
    list.item[1].number = 2;
    list.item[2].number = 3;
    list.item[3].number = 4;
    list.item[1].because_of = 1;
    list.item[1].because = "why";
    list.item[2].because_of = 2;
    list.item[3].severity = SEVERITY_NOTICE;
    profile_init(&p);
    p.severity[FINDING_FLAPPING] = PROFILE_IGNORE;
    p.severity[FINDING_WILDCARD] = SEVERITY_ERROR;
    profile_apply(&p, &list);
    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < list.count; i++) {
        const finding_t *f = &list.item[i];
        if (f->id == FINDING_SLOW) {
            assert_int_equal(f->because_of, 0);
            assert_null(f->because);
            assert_int_equal(f->raised, SEVERITY_ERROR);
            assert_int_equal(f->severity, SEVERITY_ERROR); /* that of what follows */
            assert_int_equal(f->own, SEVERITY_WARNING);
        } else if (f->id == FINDING_WILDCARD) {
            assert_int_equal(f->severity, SEVERITY_ERROR);
            assert_int_equal(f->because_of, 2);
        } else {
            assert_int_equal(f->id, FINDING_GLUE_MISMATCH);
            assert_int_equal(f->severity, SEVERITY_NOTICE); /* lowered by its case, and left so */
        }
    }
    assert_int_equal(finding_list_worst(&list), SEVERITY_ERROR);
    finding_list_free(&list);
}

/* A cause is as grave as what follows from it once the profile has had its say of that; what it
 * says of the cause itself holds. */
static void test_lifted(void **state)
{
    static const struct {
        int symptom;
        int cause;
        severity_t severity;
    } rows[] = {{PROFILE_UNCHANGED, PROFILE_UNCHANGED, SEVERITY_ERROR},
                {SEVERITY_NOTICE, PROFILE_UNCHANGED, SEVERITY_WARNING},
                {PROFILE_IGNORE, PROFILE_UNCHANGED, SEVERITY_WARNING},
                {PROFILE_UNCHANGED, SEVERITY_NOTICE, SEVERITY_NOTICE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        finding_list_t list;
        profile_t p;
        finding_list_init(&list);
        finding_add(&list, FINDING_SERIAL_DIFFERS, "cause");
        finding_add(&list, FINDING_DNSSEC_EXPIRED, "symptom");
        list.item[1].because_of = 1;
        list.item[0].raised = SEVERITY_ERROR;
        finding_lift(&list.item[0]);
        assert_int_equal(list.item[0].severity, SEVERITY_ERROR);
        profile_init(&p);
        p.severity[FINDING_DNSSEC_EXPIRED] = rows[i].symptom;
        p.severity[FINDING_SERIAL_DIFFERS] = rows[i].cause;
        profile_apply(&p, &list);
        for (size_t k = 0; k < list.count; k++)
            if (list.item[k].id == FINDING_SERIAL_DIFFERS)
                assert_int_equal(list.item[k].severity, rows[i].severity);
        finding_list_free(&list);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        finding_id_t id = FINDING_COUNT;
        assert_true(finding_by_id(finding_desc((finding_id_t)i)->id, &id));
        assert_int_equal(id, i);
    }
    severity_t s;
    finding_id_t id;
    assert_false(finding_by_id("", &id));
    assert_false(severity_by_name("errors", &s));
    assert_true(severity_by_name("notice", &s));
    assert_int_equal(s, SEVERITY_NOTICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_read),  cmocka_unit_test(test_apply),
        cmocka_unit_test(test_lifted),   cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
