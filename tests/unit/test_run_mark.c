/* Marks of runs: written and read, and what anybody may put in their place. */
#include "diagnose/run_mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static bool read_label(const char *label, run_mark_t *out)
{
    nsp_name_t name;
    char text[128];
    int n = snprintf(text, sizeof text, "%s.zone.test.", label);
    assert_int_equal(nsp_name_from_text(text, (size_t)n, NULL, &name, NULL), NSP_OK);
    return run_mark_read(&name, out);
}

static void round_trip(void **state)
{
    static const struct {
        run_mark_t mark;
        const char *text;
    } cases[] = {
        {{3, {1000 * MS, 2000 * MS, 4000 * MS}, false}, "-1000-2000-4000"},
        {{2, {300 * MS, 500 * MS}, true}, "-300-500-u"},
        {{1, {3600000 * MS}, false}, "-3600000"},
        {{10,
          {1 * MS, 2 * MS, 3 * MS, 4 * MS, 5 * MS, 6 * MS, 7 * MS, 8 * MS, 9 * MS, 10 * MS},
          true},
         "-1-2-3-4-5-6-7-8-9-10-u"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[RUN_MARK_TEXT_MAX];
        char label[64];
        run_mark_t got;
        assert_string_equal(run_mark_text(&cases[i].mark, text), cases[i].text);
        snprintf(label, sizeof label, "nsprobe-0123456789ab%s", text);
        assert_true(read_label(label, &got));
        assert_memory_equal(&got, &cases[i].mark, sizeof got);
    }
}

/* Nothing rather than a part. */
static void no_room(void **state)
{
    char text[RUN_MARK_TEXT_MAX];
    run_mark_t m = {.waits = 10, .undelegated = true};
    (void)state;
    for (size_t i = 0; i < 10; i++)
        m.wait[i] = 1000 * MS;
    assert_string_equal(run_mark_text(&m, text), "");
    m.waits = 8; /* 40 octets, and two more */
    assert_int_equal(strlen(run_mark_text(&m, text)), 42);
    m.wait[0] = 10000 * MS; /* 43: a label of 63 */
    assert_int_equal(strlen(run_mark_text(&m, text)), RUN_MARK_TEXT_MAX - 1);
    m.wait[1] = 10000 * MS;
    assert_string_equal(run_mark_text(&m, text), "");
}

static void hostile(void **state)
{
    static const char *const labels[] = {
        "nsprobe-0123456789ab",
        "nsprobe-0123456789ab-",
        "nsprobe-0123456789ab-u",
        "nsprobe-0123456789ab-0",
        "nsprobe-0123456789ab-3600001",
        "nsprobe-0123456789ab-99999999999999999999",
        "nsprobe-0123456789ab-300-",
        "nsprobe-0123456789ab-300u",
        "nsprobe-0123456789ab-300-uu",
        "nsprobe-0123456789ab-300-u-300",
        "nsprobe-0123456789ab-1-1-1-1-1-1-1-1-1-1-1",
        "nsprobe-0123456789ab--300",
        "nsprobe-01234-300",
        "other00-0123456789ab-300",
        "x",
    };
    run_mark_t got;
    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (read_label(labels[i], &got))
            fail_msg("%s", labels[i]);
    nsp_name_t root;
    nsp_name_root(&root);
    assert_false(run_mark_read(&root, &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(no_room),
                                       cmocka_unit_test(hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
