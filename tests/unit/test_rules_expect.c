/* What was odd in the list of records is told, once for each oddity; ordinary
 * lists are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dkimcase.h"

static void run(dkimcase_t *c, unsigned odd_a, unsigned odd_b)
{
    dkimcase_init(c, DC_RIGHT, "example.com.");
    dkimcase_expect(c, DC_A);
    dkimcase_expect(c, DC_B);
    c->e.item[0].odd = odd_a;
    c->e.item[1].odd = odd_b;
    c->e.item[0].origin = strdup("records.csv:2");
    c->e.item[1].origin = strdup("records.csv:3");
    dkimcase_run(c);
    free(c->e.item[0].origin);
    free(c->e.item[1].origin);
    assert_int_equal(c->err, NET_OK);
    assert_int_equal(dkimcase_count(c, SEVERITY_NOTICE), 0);
}

static void oddities(void **state)
{
    (void)state;
    dkimcase_t c;
    run(&c, EXPECT_ODD_INVISIBLE, EXPECT_ODD_INVISIBLE);
    dkimcase_want(&c, "expected-odd", "invisible characters", NULL);
    dkimcase_want(&c, "expected-odd", "records.csv:2, records.csv:3.", NULL);
    dkimcase_free(&c);
    run(&c, EXPECT_ODD_RELATIVE, EXPECT_ODD_QUOTES);
    dkimcase_want(&c, "expected-odd", "quotation marks or typographic dashes", NULL);
    dkimcase_want(&c, "expected-odd", ": records.csv:3.", NULL);
    dkimcase_free(&c);
    run(&c, EXPECT_ODD_RELATIVE, 0);
    assert_null(dkimcase_finding(&c, "expected-odd"));
    dkimcase_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(oddities)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
