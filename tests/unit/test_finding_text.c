#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "report/finding_text.h"
#include "xbuild.h"

static char *printed(const text_style_t *style, const finding_t *f)
{
    char *buf = NULL;
    size_t size = 0;
    exchange_set_t set;
    reply_t *scratch = calloc(1, sizeof *scratch);
    FILE *out = open_memstream(&buf, &size);
    assert_true(out != NULL && scratch != NULL);
    exchange_set_init(&set, 0);
    finding_print(out, style, &set, f, scratch);
    fclose(out);
    free(scratch);
    exchange_set_free(&set);
    return buf;
}

static void test_print(void **state)
{
    (void)state;
    finding_list_t list;
    finding_list_init(&list);
    finding_t *f = finding_add(&list, FINDING_SLOW, "seen");
    nsp_name_t name = xname("ns1.example.");
    finding_set_server(f, &name);
    f->has_addr = true;
    f->addr = xaddr("192.0.2.1#54");
    f->severity = SEVERITY_NOTICE;
    text_style_t style = {false, false};
    char *got = printed(&style, f);
    assert_string_equal(got, "\nnotice   slow  ns1.example. (192.0.2.1#54)\n  seen\n");
    free(got);
    style.colour = true;
    style.verbose = true;
    finding_set_fix(f, "do this");
    got = printed(&style, f);
    assert_non_null(strstr(got, "\n\033[34mnotice \033[0m  slow  ns1.example."));
    assert_non_null(strstr(got, "\n  cause  "));
    assert_non_null(strstr(got, "\n  fix    do this\n"));
    free(got);
    finding_add(&list, FINDING_SLOW, "again");
    const finding_counts_t n = finding_count(&list);
    assert_int_equal(n.of[SEVERITY_NOTICE], 1);
    assert_int_equal(n.of[finding_desc(FINDING_SLOW)->severity], 1);
    assert_int_equal(n.of[SEVERITY_INFO], 0);
    finding_list_free(&list);
}

/* One is one, and nothing else is. */
static void test_numbers(void **state)
{
    char buf[COUNTS_TEXT_MAX];
    finding_counts_t n = {{0}};
    (void)state;
    assert_string_equal(finding_counts_text(&n, 0, buf),
                        "0 errors, 0 warnings, 0 notices; 0 exchanges");
    n.of[SEVERITY_ERROR] = n.of[SEVERITY_WARNING] = n.of[SEVERITY_NOTICE] = 1;
    assert_string_equal(finding_counts_text(&n, 1, buf),
                        "1 error, 1 warning, 1 notice; 1 exchange");
    n.of[SEVERITY_ERROR] = n.of[SEVERITY_WARNING] = n.of[SEVERITY_NOTICE] = 2;
    assert_string_equal(finding_counts_text(&n, 2, buf),
                        "2 errors, 2 warnings, 2 notices; 2 exchanges");
    const text_style_t style = {false, false};
    for (unsigned more = 1; more < 4; more++) {
        char wanted[60];
        finding_list_t list;
        finding_list_init(&list);
        finding_t *f = finding_add(&list, FINDING_SLOW, "seen");
        for (uint32_t i = 0; i < 3 + more; i++)
            finding_add_evidence(f, &(exchange_t){.id = i + 1});
        char *got = printed(&style, f);
        snprintf(wanted, sizeof wanted, "    and %u more exchange%s; -v shows all\n", more,
                 more == 1 ? "" : "s");
        assert_non_null(strstr(got, wanted));
        free(got);
        finding_list_free(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_print),
                                       cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
