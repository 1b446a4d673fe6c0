/* Addresses by tests: what each cell says, and the text within 80 columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/matrix.h"
#include "xbuild.h"

static matrix_cell_t cell_of(xlab_t *x, unsigned addr, probe_kind_t probe)
{
    reply_t *scratch = malloc(sizeof *scratch);
    uint8_t *columns = matrix_columns(&x->set, &x->m->zone);
    assert_true(scratch != NULL && columns != NULL);
    matrix_cell_t c =
        matrix_cell(&x->set, columns, &x->m->address[addr].addr, (unsigned)probe, scratch);
    free(columns);
    free(scratch);
    return c;
}

static void nothing(xlab_t *x)
{
    (void)x;
}

static void silent(xlab_t *x)
{
    xlab_act(x, 0, XA_SILENT);
}

static void refused(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[0][q].rcode = NSP_RCODE_REFUSED;
}

static void reset(xlab_t *x)
{
    xlab_act_tcp(x, 0, XA_RESET);
}

static void cut(xlab_t *x)
{
    xlab_act(x, 0, XA_CUT);
}

static void lossy(xlab_t *x)
{
    x->probe[0][XQ_SOA].lost = 1;
}

static const struct {
    void (*edit)(xlab_t *x);
    probe_kind_t probe;
    cell_grade_t grade;
    const char *word;
} cells[] = {
    {nothing, PROBE_SOA, CELL_GOOD, "ok"},
    {nothing, PROBE_NXDOMAIN, CELL_GOOD, "NXDOMAIN"},
    {nothing, PROBE_SOA_TCP, CELL_GOOD, "ok"},
    {silent, PROBE_SOA, CELL_ERROR, "none"},
    {silent, PROBE_NS_TCP, CELL_ERROR, "none"},
    {refused, PROBE_SOA, CELL_ERROR, "REFUSED"},
    {refused, PROBE_NXDOMAIN, CELL_ERROR, "REFUSED"},
    {reset, PROBE_SOA_TCP, CELL_ERROR, "reset"},
    {reset, PROBE_SOA, CELL_GOOD, "ok"},
    {cut, PROBE_CASE, CELL_ERROR, "bad"},
    {lossy, PROBE_SOA, CELL_WARNING, "ok"},
};

static void test_cells(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        xlab_t x;
        xlab_healthy(&x);
        cells[i].edit(&x);
        xlab_build(&x);
        matrix_cell_t c = cell_of(&x, 0, cells[i].probe);
        if (strcmp(c.word, cells[i].word) != 0 || c.grade != cells[i].grade)
            print_error("case %zu: %s\n", i, c.word);
        assert_string_equal(c.word, cells[i].word);
        assert_int_equal(c.grade, cells[i].grade);
        assert_true(c.shown != NULL && addr_equal(&c.shown->server, &x.m->address[0].addr));
        xlab_free(&x);
    }
}

static void test_not_asked(void **state)
{
    (void)state;
    xlab_t x;
    xlab_healthy(&x);
    xlab_build(&x);
    assert_string_equal(matrix_probe_name(0), "-");
    assert_string_equal(matrix_probe_name(MATRIX_PROBES), "-");
    addr_t other = xaddr("8.9.9.9");
    x.m->address[0].addr = other;
    matrix_cell_t c = cell_of(&x, 0, PROBE_SOA);
    assert_string_equal(c.word, "-");
    assert_int_equal(c.grade, CELL_UNTESTED);
    assert_null(c.shown);
    xlab_free(&x);
}

static char *printed(xlab_t *x, bool colour)
{
    char *text = NULL;
    size_t size = 0;
    finding_list_t list;
    finding_list_init(&list);
    check_report_t r = {.model = x->m, .set = &x->set, .findings = &list, .colour = colour};
    reply_t *scratch = malloc(sizeof *scratch);
    FILE *out = open_memstream(&text, &size);
    assert_true(out != NULL && scratch != NULL);
    assert_true(matrix_print(out, &r, scratch));
    fclose(out);
    free(scratch);
    return text;
}

/* Every address has a line, words stand below their heading, and no line is longer than 80. */
static void test_text(void **state)
{
    (void)state;
    xlab_t x;
    xlab_healthy(&x);
    refused(&x);
    xlab_act(&x, 3, XA_SILENT);
    xlab_readdress(&x, 3, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
    xlab_build(&x);
    char *text = printed(&x, false);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 80);
    for (unsigned i = 0; i < x.count; i++) {
        char addr[ADDR_TEXT_MAX];
        assert_non_null(strstr(text, addr_text(&x.m->address[i].addr, addr)));
    }
    const char *head = strstr(text, "ADDRESSES BY TESTS");
    const char *row = strstr(text, "REFU");
    if (head == NULL || row == NULL) {
        fail();
        return;
    }
    while (row > text && row[-1] != '\n')
        row--;
    const char *heading = strstr(head, " SOA");
    const char *word = strstr(row, " REFU");
    assert_true(heading != NULL && word != NULL);
    assert_int_equal(heading - head, word - row);
    char *coloured = printed(&x, true);
    assert_non_null(strstr(coloured, "\033[31mREFU\033[0m"));
    free(coloured);
    free(text);
    xlab_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_not_asked),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
