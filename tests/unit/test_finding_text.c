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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_print)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
